r"""A block encoding that is known as a matrix: the exact unitary completion, for simulations."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import EncodingCircuit
from qres.errors import InputError

_KNOWN: dict[int, tuple[Any, tuple[tuple[int, ...], float]]] = {}
"""The rows seen last, with shape and norm: a circuit copies its block for each of thousands of uses."""


def _shape_and_norm(rows: Any) -> tuple[tuple[int, ...], float]:
    seen, found = _KNOWN.get(id(rows), (None, ((), 0.0)))
    if seen is rows:
        return found
    found = (np.shape(rows), float(np.linalg.norm(rows, 2)))
    _KNOWN.clear()
    _KNOWN[id(rows)] = (rows, found)
    return found


@attrs.frozen
class DenseBlock(EncodingCircuit):
    r"""$\begin{pmatrix} B & \sqrt{1 - BB^T} \\ \sqrt{1 - B^TB} & -B^T \end{pmatrix}$, $B = A/\alpha$.

    It stands for an encoding whose circuit is proven elsewhere, where a simulation of its gates would
    be too large. It has no gates to count.

    Args:
        rows: $A$ as rows of numbers, $2^n$ of them.
        alpha: at least the spectral norm of $A$.
        epsilon: 0.

    Registers:
        ctrl: the control, if there is one.
        system: $n$ qubits.
        ancilla: 1 qubit, the upper one.
    """

    # a circuit of thousands of uses is hashed again and again, and a tuple does not keep its hash
    rows: tuple[tuple[float, ...], ...] = attrs.field(repr=False, hash=False)

    def __attrs_post_init__(self) -> None:
        size, (shape, norm) = len(self.rows), _shape_and_norm(self.rows)
        if shape != (size, size) or size & (size - 1):
            raise InputError(f"DenseBlock: expected 2^n rows and columns, found {shape}")
        if norm > self.alpha * (1 + 1e-12):
            raise InputError(
                f"DenseBlock.alpha is {self.alpha}; it must be at least the norm {norm}"
            )

    @property
    def system_bitsize(self) -> SymbolicInt:
        """Qubits of an index."""
        return (len(self.rows) - 1).bit_length()

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """One."""
        return 1

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """No phase gradient."""
        return 0

    @property
    def workspace(self) -> SymbolicInt:
        """None."""
        return 0

    def unitary(self) -> np.ndarray:
        r"""The completion, $2^{n+1}$ rows, in the direction of this circuit."""
        left, values, right = np.linalg.svd(np.asarray(self.rows) / self.alpha)
        values = np.minimum(values, 1.0)
        sines = np.sqrt(1 - values**2)
        upper = np.hstack([left * values @ right, left * sines @ left.T])
        lower = np.hstack([right.T * sines @ right, -(right.T * values @ left.T)])
        found: Any = np.vstack([upper, lower])
        return found.T if self.is_adjoint else found

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Nothing that is counted."""
        return {}
