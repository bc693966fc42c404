"""Litinski's compact block (arXiv:1808.02892, figure 9): few tiles, nine steps per magic state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy

from qres.notation.formula import Formula
from qres.notation.source import LITINSKI_GAME, Source
from qres.notation.symbols import symbol

TILES = Formula(
    name="layout.compact.tiles",
    meaning="tiles of the compact data block, routing included",
    expression=sympy.ceiling(sympy.Rational(3, 2) * symbol("logical_qubits")),
    inputs=("logical_qubits",),
    source=Source("figure 9, as Qualtran CompactDataBlock rounds it", LITINSKI_GAME),
    kind="proven",
    letter=r"N_{\mathrm{tile}}",
)
FORMULAS = (TILES,)


@dataclass(frozen=True)
class CompactLayout:
    """About 1.5 tiles per logical qubit, one magic state per nine steps of `distance` cycles."""

    name: str = "compact"
    steps_per_magic_state: float = 9.0

    def tiles(self, logical_qubits: np.ndarray) -> np.ndarray:
        """Evaluate the formula of this file."""
        return TILES(logical_qubits=np.atleast_1d(logical_qubits))


MEMBER = CompactLayout()
