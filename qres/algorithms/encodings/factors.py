r"""What an encoding of the coefficient $F_k$, a matrix of $r \times r^k$, offers to the lift.

$F_1 = -H$, $F_2 = -T_3/2$, $F_3 = -T_4/6$: a measured tensor enters divided by $k!$. With $n$ qubits
an index, the circuit takes $k$ registers and leaves the row in the first; the others end empty, and
what does not is flagged. In the lift a factor stands beside others, so it is always used
*controlled*, and switched off it must do nothing at all: the exchange of names that is free in a
matrix standing alone then costs a controlled swap, and diffusions that do not cancel are controlled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from qres.algorithms.blocks import Blocks
from qres.notation.formula import Formula
from qres.notation.symbols import symbol


@dataclass(frozen=True, kw_only=True)
class Tensor:
    r"""The symbols of one coefficient $F_k$.

    Args:
        order: $k$.
        divisor: $k!$, by which the measured values are divided.
        alpha: its normalisation.
        max_entry: largest entry of the measured tensor.
        frobenius: its Frobenius norm.
        sparsity: its non-zeros in a row.
        slot_bits: qubits of a slot in a row.
        column_sparsity: its non-zeros in a column; for a derivative those in a row of the Hessian.
        column_slot_bits: qubits of a slot in a column.
    """

    order: int
    divisor: int
    alpha: str
    max_entry: str
    frobenius: str
    sparsity: str
    slot_bits: str
    column_sparsity: str = "sparsity"
    column_slot_bits: str = "slot_bits"


def _derivative(order: int, divisor: int, alpha: str) -> Tensor:
    letter = f"t{order + 1}"
    return Tensor(
        order=order,
        divisor=divisor,
        alpha=alpha,
        max_entry=f"{letter}_max_entry",
        frobenius=f"{letter}_frobenius",
        sparsity=f"{letter}_sparsity",
        slot_bits=f"{letter}_slot_bits",
    )


TENSORS = {
    1: Tensor(
        order=1,
        divisor=1,
        alpha="alpha_matrix",
        max_entry="max_entry",
        frobenius="frobenius_norm",
        sparsity="sparsity",
        slot_bits="slot_bits",
    ),
    2: _derivative(2, 2, "alpha_quadratic"),
    3: _derivative(3, 6, "alpha_cubic"),
}


@dataclass(frozen=True, kw_only=True)
class Factor:
    r"""An encoding of $F_k$ as the lift sees it; `controls` is 0 or 1.

    Args:
        tensor: the symbols of $F_k$.
        needs: values that must be known besides `dim`.
        definitions: (algorithm name) to derived symbols, `tensor.alpha` among them.
        angle_error: factor $f_k$: angles of $b$ bits are an error of $f_k 2^{-b} \alpha_{F_k}$.
        toffoli: (controls) to the Toffoli gates of one use.
        width: (controls) to the qubits of its largest look-up.
        ancillas: ancilla qubits; they must begin and end in zero.
        bloq: (values, blocks) to its circuit.
    """

    tensor: Tensor
    needs: tuple[str, ...]
    definitions: Callable[[str], tuple[tuple[str, Formula], ...]]
    angle_error: Any
    toffoli: Callable[[Any], Any]
    width: Callable[[Any], Any]
    ancillas: Any
    bloq: Callable[[Mapping[str, Any], Blocks], Any]


def emptiness(order: int, controls: Any) -> Any:
    r"""Return the Toffoli gates that flag a register beyond the first that is not empty.

    A ladder over the $(k-1) n$ qubits and the control.
    """
    if order == 1:
        return 0
    return sympy.Max(0, (order - 1) * symbol("index_bits") - 1 + controls)


def flag_qubits(order: int) -> int:
    """Return the qubits of that flag."""
    return 1 if order > 1 else 0


def tree_bloq(blocks: Blocks, name: str, rows: Any, levels: int, bits: Any) -> Any:
    """Return the bloq of a tree of loaded rotations with any number of levels."""
    from qres.bloqs.rotation_tree import LoadedRotationTree

    sizes = [rows * 2**level for level in range(levels)]
    return LoadedRotationTree(
        rows=rows,
        levels=levels,
        bits=bits,
        lookup_blocks=[blocks.lookup(f"{name}_{i}", m, bits) for i, m in enumerate(sizes)],
        uncompute_blocks=[blocks.uncompute(f"{name}_un_{i}", m) for i, m in enumerate(sizes)],
    )
