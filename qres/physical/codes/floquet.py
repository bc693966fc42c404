"""The Floquet code of measurement-based qubits, with the constants of the QDK's estimator.

Its logical error has the form of the surface code's, with its own prefactor (0.07) and threshold
(0.01) in the machine. A code cycle is three joint measurements.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qres.notation.formula import Formula
from qres.notation.source import QDK, Source
from qres.notation.symbols import symbol
from qres.physical.codes.rotated_surface import RotatedSurfaceCode

_D = symbol("distance")

TILE_QUBITS = Formula(
    name="code.floquet.tile_qubits",
    meaning="physical qubits of one tile of the Floquet code",
    expression=4 * _D**2 + 8 * (_D - 1),
    inputs=("distance",),
    source=Source("scheme floquet_code", QDK),
    letter="q_d",
)
FORMULAS = (TILE_QUBITS,)


@dataclass(frozen=True)
class FloquetCode(RotatedSurfaceCode):
    """A surface code in its logical error, larger in its tiles."""

    name: str = "floquet"

    def tile_qubits(self, distance: np.ndarray) -> np.ndarray:
        """Evaluate the formula of this file."""
        return TILE_QUBITS(distance=np.asarray(distance, dtype=float))


MEMBER = FloquetCode()
