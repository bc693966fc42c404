"""Litinski's intermediate block (arXiv:1808.02892, figure 13a): five steps per magic state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qres.notation.formula import Formula
from qres.notation.source import LITINSKI_GAME, Source
from qres.notation.symbols import symbol

TILES = Formula(
    name="layout.intermediate.tiles",
    meaning="tiles of the intermediate data block, routing included",
    expression=2 * symbol("logical_qubits"),
    inputs=("logical_qubits",),
    source=Source("figure 13a, as Qualtran IntermediateDataBlock rounds it", LITINSKI_GAME),
    kind="proven",
    letter=r"N_{\mathrm{tile}}",
)
FORMULAS = (TILES,)


@dataclass(frozen=True)
class IntermediateLayout:
    """Two tiles per logical qubit, one magic state per five steps of `distance` cycles."""

    name: str = "intermediate"
    steps_per_magic_state: float = 5.0

    def tiles(self, logical_qubits: np.ndarray) -> np.ndarray:
        """Evaluate the formula of this file, rounded up."""
        return np.ceil(TILES(logical_qubits=np.atleast_1d(logical_qubits)))


MEMBER = IntermediateLayout()
