r"""A preparation that is known as a vector, for simulations."""

from __future__ import annotations

import attrs
import numpy as np
from qualtran import Signature
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import Circuit, registers
from qres.errors import InputError


@attrs.frozen
class DenseVector(Circuit):
    r"""$|0\rangle \to \sum_i b_i |i\rangle / \lVert b\rVert$ by a unitary matrix that is known.

    It stands for a preparation whose circuit is proven elsewhere. It has no gates to count.

    Args:
        entries: $2^n$ real numbers, not all zero.

    Registers:
        ctrl: the control, if there is one.
        target: $n$ qubits.
    """

    entries: tuple[float, ...] = attrs.field(repr=False, hash=False)  # as in `DenseBlock`

    def __attrs_post_init__(self) -> None:
        size = len(self.entries)
        if size & (size - 1) or not np.isfinite(self.entries).all() or not np.any(self.entries):
            raise InputError(
                f"DenseVector.entries: expected 2^n numbers, not all zero, found {size}"
            )

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(ctrl=self.num_controls, target=(len(self.entries) - 1).bit_length())

    @property
    def workspace(self) -> SymbolicInt:
        """None."""
        return 0

    def unitary(self) -> np.ndarray:
        """A reflection (or the identity) whose first column is the vector, its own inverse."""
        vector = np.asarray(self.entries) / np.linalg.norm(self.entries)
        normal = np.eye(len(vector))[0] - vector
        square = normal @ normal
        return np.eye(len(vector)) - (2 / square * np.outer(normal, normal) if square else 0.0)

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Nothing that is counted."""
        return {}
