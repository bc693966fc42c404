"""Where a number or a formula comes from.

A `Paper` is a work, a `Source` a place in it, with the standing that our copy of the statement
has: `seen` (read in the named work or in public code that implements it), `recalled` (known from
the literature, not read again), `derived` (own algebra, checked numerically).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Standing = Literal["seen", "recalled", "derived"]


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One citable work.

    Args:
        key: citation key, author and year in lower case.
        authors: as printed.
        title: as printed.
        year: of the version cited.
        arxiv: identifier with version, empty if there is none.
        journal: journal reference or publisher, empty if there is none.
    """

    key: str
    authors: str
    title: str
    year: int
    arxiv: str = ""
    journal: str = ""

    def __str__(self) -> str:
        place = f"arXiv:{self.arxiv}" if self.arxiv else self.journal
        return f"{self.authors} ({self.year}), {place}"

    def bibtex(self) -> str:
        """Return the work as a BibTeX entry."""
        from qres.notation.bibtex import entry

        return entry(self)


@dataclass(frozen=True)
class Source:
    """A place in a paper, or a derivation of our own (`paper` is None)."""

    where: str
    paper: Paper | None = None
    standing: Standing = "seen"

    def __str__(self) -> str:
        if self.paper is None:
            return f"derived: {self.where}"
        note = " (recalled)" if self.standing == "recalled" else ""
        return f"{self.paper}, {self.where}{note}" if self.where else f"{self.paper}{note}"


def derived(where: str) -> Source:
    """Return the source of a statement that is our own algebra, checked numerically."""
    return Source(where, standing="derived")


LIU_2024 = Paper(
    key="liu2024",
    authors="Liu, Liu, Liu, Ye, Wang, Alexeev, Eisert and Jiang",
    title="Towards provably efficient quantum algorithms for large-scale machine-learning models",
    year=2024,
    arxiv="2303.03428",
    journal="Nature Communications 15, 434",
)
DALZELL_2024 = Paper(
    key="dalzell2024",
    authors="Dalzell",
    title="A shortcut to an optimal quantum linear system solver",
    year=2024,
    arxiv="2406.12086v2",
)
COSTA_2025 = Paper(
    key="costa2025",
    authors="Costa, An, Babbush and Berry",
    title="The discrete adiabatic quantum linear system solver has lower constant factors than the "
    "randomized adiabatic solver",
    year=2025,
    arxiv="2312.07690",
    journal="Quantum 9, 1887",
)
JENNINGS_2023 = Paper(
    key="jennings2023",
    authors="Jennings, Lostaglio, Pallister, Sornborger and Subaşı",
    title="Efficient quantum linear solver algorithm with detailed running costs",
    year=2023,
    arxiv="2305.11352v1",
)
JENNINGS_2025 = Paper(
    key="jennings2025",
    authors="Jennings, Lostaglio, Pallister, Sornborger and Subaşı",
    title="Randomized adiabatic quantum linear solver algorithm with optimal complexity scaling and "
    "detailed running costs",
    year=2025,
    arxiv="2305.11352v3",
)
CHILDS_2017 = Paper(
    key="childs2017",
    authors="Childs, Kothari and Somma",
    title="Quantum algorithm for systems of linear equations with exponentially improved dependence "
    "on precision",
    year=2017,
    arxiv="1511.02306",
    journal="SIAM Journal on Computing 46, 1920",
)
SUENDERHAUF_2025 = Paper(
    key="suenderhauf2025",
    authors="Sünderhauf, Németh, Walayat, Patterson and Berntson",
    title="Matrix inversion polynomials for the quantum singular value transformation",
    year=2025,
    arxiv="2507.15537",
)
DALZELL_2022 = Paper(
    key="dalzell2022",
    authors="Dalzell et al.",
    title="End-to-end resource analysis for quantum interior point methods and portfolio "
    "optimization",
    year=2022,
    arxiv="2211.12489",
)
VAN_APELDOORN_2022 = Paper(
    key="vanapeldoorn2022",
    authors="van Apeldoorn, Cornelissen, Gilyén and Nannicini",
    title="Quantum tomography using state-preparation unitaries",
    year=2022,
    arxiv="2207.08800",
)
BRASSARD_2002 = Paper(
    key="brassard2002",
    authors="Brassard, Høyer, Mosca and Tapp",
    title="Quantum amplitude amplification and estimation",
    year=2002,
    arxiv="quant-ph/0005055",
)
BERRY_2019 = Paper(
    key="berry2019",
    authors="Berry, Gidney, Motta, McClean and Babbush",
    title="Qubitization of arbitrary basis quantum chemistry leveraging sparsity and low rank "
    "factorization",
    year=2019,
    arxiv="1902.02134",
)
QUALTRAN = Paper(
    key="qualtran",
    authors="Harrigan et al.",
    title="Expressing and analyzing quantum algorithms with Qualtran",
    year=2024,
    arxiv="2409.04643",
    journal="software version 0.7.0",
)
ROSS_SELINGER = Paper(
    key="ross2016",
    authors="Ross and Selinger",
    title="Optimal ancilla-free Clifford+T approximation of z-rotations",
    year=2016,
    arxiv="1403.2975",
)
GLM_2008 = Paper(
    key="giovannetti2008",
    authors="Giovannetti, Lloyd and Maccone",
    title="Quantum random access memory",
    year=2008,
    arxiv="0708.1879",
)
HANN_2021 = Paper(
    key="hann2021",
    authors="Hann, Lee, Girvin and Jiang",
    title="Resilience of quantum random access memory to generic noise",
    year=2021,
    arxiv="2012.05340",
)
GIDNEY_FOWLER = Paper(
    key="gidney2019",
    authors="Gidney and Fowler",
    title="Efficient magic state factories with a catalyzed |CCZ> to 2|T> transformation",
    year=2019,
    arxiv="1812.01238",
)
BEVERLAND_2022 = Paper(
    key="beverland2022",
    authors="Beverland et al.",
    title="Assessing requirements to scale to practical quantum advantage",
    year=2022,
    arxiv="2211.07629",
)
LITINSKI_GAME = Paper(
    key="litinski2019game",
    authors="Litinski",
    title="A game of surface codes: large-scale quantum computing with lattice surgery",
    year=2019,
    arxiv="1808.02892",
)
LITINSKI_2019 = Paper(
    key="litinski2019",
    authors="Litinski",
    title="Magic state distillation: not as costly as you think",
    year=2019,
    arxiv="1905.06903",
)
CULTIVATION_2024 = Paper(
    key="gidney2024",
    authors="Gidney, Shutty and Jones",
    title="Magic state cultivation: growing T states as cheap as CNOT gates",
    year=2024,
    arxiv="2409.17595",
)
GIDNEY_2025 = Paper(
    key="gidney2025",
    authors="Gidney",
    title="How to factor 2048 bit RSA integers with less than a million noisy qubits",
    year=2025,
    arxiv="2505.15917",
)
QDK = Paper(
    key="qdk",
    authors="Microsoft",
    title="Quantum Development Kit: resource estimator",
    year=2025,
    journal="software version 1.33.1",
)
NVIDIA = Paper(
    key="nvidia",
    authors="NVIDIA",
    title="H100 and H200 tensor core GPU data sheets",
    year=2024,
    journal="vendor table, dense rates",
)
Q_NEWTON = Paper(
    key="li2024",
    authors="Li, Liu, Wang and Chen",
    title="Hybrid quantum-classical scheduling for accelerating neural network training with "
    "Newton's gradient descent",
    year=2024,
    arxiv="2405.00252",
)
MERIKOSKI_1997 = Paper(
    key="merikoski1997",
    authors="Merikoski, Urpala, Virtanen, Tam and Uhlig",
    title="A best upper bound for the 2-norm condition number of a matrix",
    year=1997,
    journal="Linear Algebra and its Applications 254, 355",
)
