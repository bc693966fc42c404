r"""The catalysed CCZ -> 2T factory of Gidney and Fowler (arXiv:1812.01238).

Six level-1 T factories of distance $d_1$ feed an 8T-to-CCZ factory of distance $d_2$; a catalyst
turns one CCZ into two T. With $p_0 = p_T + 100\,p_L(\lfloor d_1/2\rfloor)$ ($p_T$: error of an injected
T state, $p$ unless the machine says otherwise) and
$p_1 = 1100\,p_L(d_1) + 35\,p_0^3$, a CCZ (or a pair of T) fails with
$1000\,p_L(d_2) + 28\,p_1^2$. It takes 5.5 rounds of $\max(2 d_1 + 1, d_2)$ cycles, one round more
where a pair of T is made. The constants are the paper's, as implemented in Qualtran's
`CCZ2TFactory`. A run of the last level is thrown away with $8 p_1$ in first order (derived). The paper's
5.5 rounds leave that out; they are kept as published, so the time is low by this part, which a report
says where this factory sets the time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy

from qres.notation.formula import Condition, Formula
from qres.notation.source import GIDNEY_FOWLER, Source, derived
from qres.notation.symbols import symbols
from qres.physical.base import Catalysis, Code, FactoryTable
from qres.physical.record import Machine

INJECTION_CELLS = 100
"""Unit cells to inject, move and use a level-0 T state, at half the distance of level 1."""
LEVEL_1_CELLS = 1000 + 100
"""Unit cells of a level-1 T factory, and to move and use its output."""
LEVEL_1_TRIPLES = 35
"""Undetected triples of faulty T states in 15-to-1."""
LEVEL_2_CELLS = 1000
"""Unit cells of the CCZ factory or of the catalysis."""
LEVEL_2_PAIRS = 28
"""Undetected pairs of faulty T states in 8T-to-CCZ."""
ROUNDS_PER_CCZ = 5.5
"""Depth of one CCZ after overlap with its neighbours (8.5 without)."""
LEVEL_1_FACTORIES, FLOOR_TILES = 6, 32.0
"""Factories of level 1, and tiles of the floor plan of each and of level 2."""
CATALYSIS_ROUNDS = 1.0
"""Rounds more of a pair of T, made from a CCZ."""
LEVEL_2_INPUTS = 8
"""T states of one run of 8T-to-CCZ, any single faulty one of which is detected."""
SMALLEST, LARGEST = 5, 121
"""Range of both distances; that of level 2 is at least two more than that of level 1."""

_P, _THRESHOLD, _PREFACTOR, _D1, _D2, _T = symbols(
    "physical_error threshold prefactor distance_1 distance_2 t_error"
)


def _logical(distance: sympy.Expr) -> sympy.Expr:
    return _PREFACTOR * (_P / _THRESHOLD) ** ((distance + 1) / 2)


def _level_1(injected: sympy.Expr) -> sympy.Expr:
    """Return the error of a level-1 T state made from states of an error."""
    level_0 = injected + INJECTION_CELLS * _logical(sympy.floor(_D1 / 2))
    return LEVEL_1_CELLS * _logical(_D1) + LEVEL_1_TRIPLES * level_0**3


def _output(injected: sympy.Expr, name: str, meaning: str, *inputs: str) -> Formula:
    """Return the error that a factory leaves, with or without a T error of its own."""
    return Formula(
        name=f"factory.ccz2t.{name}",
        meaning=f"error of one CCZ state, or of a pair of T states{meaning}",
        expression=LEVEL_2_CELLS * _logical(_D2) + LEVEL_2_PAIRS * _level_1(injected) ** 2,
        inputs=("physical_error", "threshold", "prefactor", "distance_1", "distance_2", *inputs),
        source=Source("section 3 and the spreadsheet", GIDNEY_FOWLER),
        kind="fitted",
        letter="p_2",
        conditions=(_BELOW,),
    )


_BELOW = Condition(_P < _THRESHOLD, "physical_error below threshold")
OUTPUT_ERROR = _output(_P, "output_error", "")
INJECTED_ERROR = _output(
    _T, "injected_error", ", where injected T states have an error of their own", "t_error"
)
FAILURE = Formula(
    name="factory.ccz2t.failure",
    meaning="probability that a run of 8T-to-CCZ is thrown away, first order",
    expression=LEVEL_2_INPUTS * _level_1(_T),
    inputs=("physical_error", "threshold", "prefactor", "distance_1", "t_error"),
    source=derived(
        "any single one of eight faulty T states is detected; the published rounds leave it out"
    ),
    kind="fitted",
    bound="upper",
    letter="q_2",
    conditions=(_BELOW,),
)
QUBITS = Formula(
    name="factory.ccz2t.qubits",
    meaning="physical qubits of one factory",
    expression=6 * 64 * _D1**2 + 64 * _D2**2,
    inputs=("distance_1", "distance_2"),
    source=Source("section 3 and the spreadsheet", GIDNEY_FOWLER),
    letter="q_f",
)
ROUND_CYCLES = Formula(
    name="factory.ccz2t.round_cycles",
    meaning="code cycles of one round, of the slower of the two levels",
    expression=sympy.Max(2 * _D1 + 1, _D2),
    inputs=("distance_1", "distance_2"),
    source=Source("section 3 and the spreadsheet", GIDNEY_FOWLER),
    letter=r"n_{\mathrm{round}}",
    unit="cycles",
)
FORMULAS = (OUTPUT_ERROR, INJECTED_ERROR, FAILURE, QUBITS, ROUND_CYCLES)


@dataclass(frozen=True)
class Ccz2T:
    """The catalysed factory; a size is `(distance_1, distance_2)`."""

    name: str = "ccz2t"
    unit: str = "CCZ, catalysed as in ccz2t"
    rests_on: tuple[str, ...] = ("ccz2t",)
    charges_discards: bool = False

    def states(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return CCZ states: one per Toffoli, one per pair of T."""
        return toffoli + np.ceil(t / 2)

    def work(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return rounds: 5.5 per CCZ, one more per pair of T."""
        return ROUNDS_PER_CCZ * self.states(toffoli, t) + CATALYSIS_ROUNDS * np.ceil(t / 2)

    def grid(self, machine: Machine, code: Code) -> np.ndarray:
        r"""Return all pairs $d_1 + 2 \le d_2$, the same for every machine."""
        odd = np.arange(SMALLEST, LARGEST + 1, 2)
        first, second = np.meshgrid(odd, odd, indexing="ij")
        pairs = np.stack([first.ravel(), second.ravel()], axis=1)
        return pairs[pairs[:, 1] >= pairs[:, 0] + 2]

    def tabulate(self, machine: Machine, code: Code, sizes: np.ndarray) -> FactoryTable:
        """Evaluate the formulas of this file at pairs of distances."""
        first, second = np.asarray(sizes).T
        given = {name: getattr(machine, name) for name in ("physical_error", "threshold")}
        given |= {"prefactor": machine.prefactor, "t_error": machine.injection_error}
        level_1 = LEVEL_1_FACTORIES * code.tile_qubits(first * 1.0)
        qubits = FLOOR_TILES * (level_1 + code.tile_qubits(second * 1.0))
        return FactoryTable(
            labels=tuple(f"{self.name} d1={a} d2={b}" for a, b in zip(first, second, strict=True)),
            error=INJECTED_ERROR(**given, distance_1=first, distance_2=second),
            qubits=qubits,
            cycles=ROUND_CYCLES(distance_1=first, distance_2=second),
            failure=np.minimum(FAILURE(**given, distance_1=first), 1.0),
            catalysis=Catalysis.none(len(first)),
        )


MEMBER = Ccz2T()
