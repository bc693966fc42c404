r"""The rotated surface code: logical error $a\,(p/p^*)^{(d+1)/2}$ per tile and cycle.

Two sets of constants are published for it, $a = 0.1$ (Gidney and Fowler) and $a = 0.03$ (Beverland
et al.), both with $p^* = 0.01$; a machine states its own. A tile holds $2 d^2$ physical qubits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from qres.notation.formula import Condition, Formula
from qres.notation.source import BEVERLAND_2022, GIDNEY_FOWLER, Source
from qres.notation.symbols import symbols
from qres.physical.record import Machine

QUBITS_PER_SITE = 2.0
"""Physical qubits of each of the $d^2$ sites of a tile: one of data, one that measures."""

ROUNDING = 1e-9
"""Part of a half step of distance that counts as rounding noise of the logarithms."""

_P, _THRESHOLD, _PREFACTOR, _DISTANCE, _BUDGET = symbols(
    "physical_error threshold prefactor distance budget"
)
_BELOW = Condition(_P < _THRESHOLD, "physical_error below threshold")

LOGICAL_ERROR = Formula(
    name="code.surface.logical_error",
    meaning="logical error per tile and code cycle",
    expression=_PREFACTOR * (_P / _THRESHOLD) ** ((_DISTANCE + 1) / 2),
    inputs=("physical_error", "threshold", "prefactor", "distance"),
    source=Source("section 3; constants also in Beverland et al., appendix E", GIDNEY_FOWLER),
    kind="fitted",
    letter="p_L",
    conditions=(_BELOW,),
)


def _distance(physical_error: Any, threshold: Any, prefactor: Any, budget: Any) -> Any:
    """Evaluate `DISTANCE` with rounding noise taken off before the ceiling.

    Without it a budget of 1e-15 asks for distance 29, though distance 27 gives 1e-15.
    """
    ratio = np.log(np.divide(budget, prefactor)) / np.log(np.divide(physical_error, threshold))
    distance = np.maximum(3.0, 2.0 * np.ceil(ratio - ROUNDING) - 1.0)
    return int(distance) if np.ndim(distance) == 0 else distance


def plain_distance(physical_error: float, threshold: float, prefactor: float, budget: float) -> int:
    """Return the distance of scalars."""
    ratio = math.log(budget / prefactor) / math.log(physical_error / threshold)
    return max(3, 2 * math.ceil(ratio - ROUNDING) - 1)


DISTANCE = Formula(
    name="code.surface.distance",
    meaning="smallest odd code distance that meets a logical error per tile and cycle",
    expression=sympy.Max(
        3, 2 * sympy.ceiling(sympy.log(_BUDGET / _PREFACTOR) / sympy.log(_P / _THRESHOLD)) - 1
    ),
    inputs=("physical_error", "threshold", "prefactor", "budget"),
    source=Source("logical error rate solved for the distance", BEVERLAND_2022),
    kind="fitted",
    letter="d",
    conditions=(_BELOW, Condition(_BUDGET > 0, "budget above 0")),
    evaluator=_distance,
    plain=plain_distance,
)
FORMULAS = (LOGICAL_ERROR, DISTANCE)


@dataclass(frozen=True)
class RotatedSurfaceCode:
    """The rotated surface code with the constants of the machine."""

    name: str = "rotated-surface"

    def logical_error(self, machine: Machine, distance: np.ndarray) -> np.ndarray:
        """Return the error per tile and cycle."""
        return LOGICAL_ERROR(
            physical_error=machine.physical_error,
            threshold=machine.threshold,
            prefactor=machine.prefactor,
            distance=np.atleast_1d(distance),
        )

    def distance(self, machine: Machine, budget: np.ndarray) -> np.ndarray:
        """Return the smallest odd distance that meets the budget."""
        return _distance(machine.physical_error, machine.threshold, machine.prefactor, budget)

    def tile_qubits(self, distance: np.ndarray) -> np.ndarray:
        """Return $2 d^2$."""
        return QUBITS_PER_SITE * distance * distance


MEMBER = RotatedSurfaceCode()
