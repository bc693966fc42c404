"""One tile per logical qubit and half a tile of routing (Gidney and Fowler, arXiv:1812.01238).

Magic states are consumed as fast as they come; production and reaction set the time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy

from qres.notation.formula import Formula
from qres.notation.source import GIDNEY_FOWLER, Source
from qres.notation.symbols import symbol

TILES = Formula(
    name="layout.simple.tiles",
    meaning="tiles of the data block, 50 % of routing included",
    expression=sympy.ceiling(sympy.Rational(3, 2) * symbol("logical_qubits")),
    inputs=("logical_qubits",),
    source=Source("spreadsheet, routing overhead of 50 %", GIDNEY_FOWLER),
    kind="assumed",
    letter=r"N_{\mathrm{tile}}",
)
FORMULAS = (TILES,)


@dataclass(frozen=True)
class SimpleLayout:
    """1.5 tiles per logical qubit, unlimited consumption."""

    name: str = "simple"
    steps_per_magic_state: float = 0.0

    def tiles(self, logical_qubits: np.ndarray) -> np.ndarray:
        """Evaluate the formula of this file."""
        return TILES(logical_qubits=np.atleast_1d(logical_qubits))


MEMBER = SimpleLayout()
