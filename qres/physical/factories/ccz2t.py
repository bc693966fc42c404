r"""The catalysed CCZ -> 2T factory of Gidney and Fowler (arXiv:1812.01238).

Six level-1 T factories of distance $d_1$ feed an 8T-to-CCZ factory of distance $d_2$; a catalyst
turns one CCZ into two T. With $p_0 = p + 100\,p_L(\lfloor d_1/2\rfloor)$ and
$p_1 = 1100\,p_L(d_1) + 35\,p_0^3$, a CCZ (or a pair of T) fails with
$1000\,p_L(d_2) + 28\,p_1^2$. It takes 5.5 rounds of $\max(2 d_1 + 1, d_2)$ cycles, one round more
where a pair of T is made. The constants are the paper's, as implemented in Qualtran's
`CCZ2TFactory`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy

from qres.notation.formula import Condition, Formula
from qres.notation.source import GIDNEY_FOWLER, Source
from qres.notation.symbols import symbols
from qres.physical.base import Code, FactoryTable
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
GAIN = 0.01
"""The grid of distances ends where a larger one lowers the error by less than this part."""
SMALLEST, LARGEST = 5, 121
"""Range of both distances; that of level 2 is at least two more than that of level 1."""

_P, _THRESHOLD, _PREFACTOR, _D1, _D2 = symbols(
    "physical_error threshold prefactor distance_1 distance_2"
)


def _logical(distance: sympy.Expr) -> sympy.Expr:
    return _PREFACTOR * (_P / _THRESHOLD) ** ((distance + 1) / 2)


_LEVEL_0 = _P + INJECTION_CELLS * _logical(sympy.floor(_D1 / 2))
_LEVEL_1 = LEVEL_1_CELLS * _logical(_D1) + LEVEL_1_TRIPLES * _LEVEL_0**3

OUTPUT_ERROR = Formula(
    name="factory.ccz2t.output_error",
    meaning="error of one CCZ state, or of a pair of T states",
    expression=LEVEL_2_CELLS * _logical(_D2) + LEVEL_2_PAIRS * _LEVEL_1**2,
    inputs=("physical_error", "threshold", "prefactor", "distance_1", "distance_2"),
    source=Source("section 3 and the spreadsheet", GIDNEY_FOWLER),
    kind="fitted",
    letter="p_2",
    conditions=(Condition(_P < _THRESHOLD, "physical_error below threshold"),),
)
QUBITS = Formula(
    name="factory.ccz2t.qubits",
    meaning="physical qubits of one factory",
    expression=6 * 64 * _D1**2 + 64 * _D2**2,
    inputs=("distance_1", "distance_2"),
    source=Source("section 3 and the spreadsheet", GIDNEY_FOWLER),
    letter="q_f",
)
FORMULAS = (OUTPUT_ERROR, QUBITS)


@dataclass(frozen=True)
class Ccz2T:
    """The catalysed factory; a size is `(distance_1, distance_2)`."""

    name: str = "ccz2t"
    unit: str = "CCZ, catalysed as in ccz2t"
    rests_on: tuple[str, ...] = ("ccz2t",)

    def states(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return CCZ states: one per Toffoli, one per pair of T."""
        return toffoli + np.ceil(t / 2)

    def work(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return rounds: 5.5 per CCZ, one more per pair of T."""
        return ROUNDS_PER_CCZ * self.states(toffoli, t) + np.ceil(t / 2)

    def grid(self, machine: Machine, code: Code) -> np.ndarray:
        r"""Return all pairs $d_1 + 2 \le d_2$ up to where distances stop mattering."""
        p = machine.physical_error
        odd = np.arange(SMALLEST, LARGEST + 1, 2)
        error, half = code.logical_error(machine, odd), code.logical_error(machine, odd // 2)
        floor_1 = LEVEL_1_TRIPLES * p**3
        stop_1 = (LEVEL_1_CELLS * error < GAIN * floor_1) & (INJECTION_CELLS * half < 2 * GAIN * p)
        stop_2 = LEVEL_2_CELLS * error < GAIN * LEVEL_2_PAIRS * floor_1**2
        first, second = np.meshgrid(odd[: _end(stop_1)], odd[: _end(stop_2)], indexing="ij")
        pairs = np.stack([first.ravel(), second.ravel()], axis=1)
        return pairs[pairs[:, 1] >= pairs[:, 0] + 2]

    def tabulate(self, machine: Machine, code: Code, sizes: np.ndarray) -> FactoryTable:
        """Evaluate the formulas of this file at pairs of distances."""
        first, second = np.asarray(sizes).T
        error = OUTPUT_ERROR(
            physical_error=machine.physical_error,
            threshold=machine.threshold,
            prefactor=machine.prefactor,
            distance_1=first,
            distance_2=second,
        )
        qubits = 32.0 * (6.0 * code.tile_qubits(first * 1.0) + code.tile_qubits(second * 1.0))
        cycles = np.maximum(2.0 * first + 1.0, second)
        labels = tuple(f"{self.name} d1={a} d2={b}" for a, b in zip(first, second, strict=True))
        return FactoryTable(labels, error, qubits, cycles)


def _end(is_enough: np.ndarray) -> int:
    """Return how many distances to keep: up to the first that is enough, or all."""
    return int(np.argmax(is_enough)) + 1 if is_enough.any() else len(is_enough)


MEMBER = Ccz2T()
