"""Litinski's fast block (arXiv:1808.02892, figure 13b): one magic state per logical time step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from qres.notation.formula import Formula
from qres.notation.source import LITINSKI_GAME, Source
from qres.notation.symbols import symbol

_N = symbol("logical_qubits")


def _tiles(logical_qubits: Any) -> Any:
    """Evaluate `TILES`; the root as one root, so that 8 N a square stays exact."""
    if isinstance(logical_qubits, np.ndarray):
        return np.ceil(2.0 * logical_qubits + np.sqrt(8.0 * logical_qubits) + 1.0)
    return plain_tiles(logical_qubits)


def plain_tiles(logical_qubits: int) -> int:
    """Return the tiles in whole numbers."""
    root = math.isqrt(8 * logical_qubits)
    return 2 * logical_qubits + root + (root * root < 8 * logical_qubits) + 1


TILES = Formula(
    name="layout.fast.tiles",
    meaning="tiles of the fast data block, routing included",
    expression=sympy.ceiling(2 * _N + sympy.sqrt(8 * _N) + 1),
    inputs=("logical_qubits",),
    source=Source("figure 13b", LITINSKI_GAME),
    kind="proven",
    letter=r"N_{\mathrm{tile}}",
    evaluator=_tiles,
    plain=plain_tiles,
)
FORMULAS = (TILES,)


@dataclass(frozen=True)
class FastLayout:
    """About two tiles per logical qubit, one magic state per step of `distance` cycles."""

    name: str = "fast"
    steps_per_magic_state: float = 1.0

    def tiles(self, logical_qubits: np.ndarray) -> np.ndarray:
        """Evaluate the formula of this file."""
        return TILES(logical_qubits=np.atleast_1d(logical_qubits))


MEMBER = FastLayout()
