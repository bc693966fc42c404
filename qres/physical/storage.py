r"""Cold storage: idle logical qubits in a yoked surface code, the others on tiles of their own.

Gidney's machine for RSA-2048 (arXiv:2505.15917) keeps $n$ idle qubits at 430 physical qubits each, in a
two-dimensional yoked surface code, and gives every other patch $2(d+1)^2$ with $d = 25$. The 430 hold
for a physical error of 1e-3 and a run of half a day: they are a published figure, not a model in the
distance. A rule for other runs needs the error of a yoked block per check, which the sources at hand
state in units that contradict each other.

So a machine with `storage: yoked` uses the figure up to a physical error of 1e-3: below it the same block
only fails less, so that 430 qubits are an upper bound there; above it the figure is refused. An idle qubit
is charged the error of a tile, and never less than 1e-15 per cycle, the error that lets 1,409 qubits
through 12.07 hours of 1 us cycles with 6 % (derived; the paper's own stands in no source at hand): a job
that needs less of them has plain patches. So it has where a patch is smaller, and the report says so.
"""

from __future__ import annotations

from qres.notation.formula import Condition, Formula
from qres.notation.source import GIDNEY_2025, Source
from qres.notation.symbols import symbols
from qres.physical.record import Machine

COLD_QUBITS = 430
"""Physical qubits of one idle logical qubit."""

COLD_PHYSICAL_ERROR = 1e-3
"""Physical error that the figure was published for; it is not used above."""

COLD_CODE = "rotated-surface"
"""Code of the patches that are yoked."""

COLD_ERROR = 1e-15
"""Least error per cycle that an idle qubit is charged: nobody has said what less costs."""

STORAGES = ("yoked",)
"""Kinds of cold storage that a machine may name."""

ROUNDING = 1e-9
"""Part of the bound that counts as rounding noise."""

_IDLE, _ACTIVE, _DISTANCE = symbols("idle_qubits active_tiles distance")

COLD = Formula(
    name="storage.yoked.cold_qubits",
    meaning="physical qubits of idle ones in yoked cold storage, at 1e-3 or less",
    expression=COLD_QUBITS * _IDLE,
    inputs=("idle_qubits",),
    source=Source("footprint of the machine for RSA-2048", GIDNEY_2025),
    kind="fitted",
    bound="upper",
    letter=r"n_{\mathrm{cold}}",
)
QUBITS = Formula(
    name="storage.yoked.qubits",
    meaning="physical qubits with idle ones in yoked cold storage, at 1e-3 or less",
    expression=COLD.expression + 2 * (_DISTANCE + 1) ** 2 * _ACTIVE,
    inputs=("idle_qubits", "active_tiles", "distance"),
    source=Source("footprint of the machine for RSA-2048", GIDNEY_2025),
    kind="fitted",
    bound="upper",
    letter=r"n_{\mathrm{phys}}",
    conditions=(Condition(_DISTANCE >= 1, "distance >= 1"),),
)
FORMULAS = (COLD, QUBITS)


def is_known_at(machine: Machine) -> bool:
    """Whether a machine has cold storage that the published figure bounds: its code, its error."""
    ratio = machine.physical_error / COLD_PHYSICAL_ERROR
    return bool(machine.storage) and machine.code == COLD_CODE and ratio <= 1.0 + ROUNDING


def why_plain(machine: Machine) -> str:
    """Return why the idle qubits of a job lie on plain patches on a machine with storage."""
    if not is_known_at(machine):
        return (
            f"the {COLD_QUBITS} qubits of cold storage are published for the {COLD_CODE} code at a"
            f" physical error of {COLD_PHYSICAL_ERROR:g}; they hold up to there only"
        )
    return (
        f"the {COLD_QUBITS} qubits of cold storage are published for {COLD_ERROR:g} per qubit and"
        " cycle, and this job needs less or a patch is smaller"
    )
