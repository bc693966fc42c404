r"""The history of a lift of mini-batches, truncation order $N \ge 2$, as parts of a linear system.

$L = I - \sum_t |t\rangle\langle t-1| \otimes M_t$ with $M_t$ the lift of the $F_k$ of batch $b(t)$. The
circuit is that of `qres.algorithms.lifted` with tables of all batches, addressed by a register that
is loaded from the time once a use and erased. Gates that differ, with $r$ weights, $n$ qubits of an
index, $R = (n_b - 1) 2^n + r$ rows of the tables, $\mu = \min(m, N)$:

| part | Toffoli |
|---|---|
| `frobenius`, $F_k$ | $\mathrm{tree}(R, kn, b_A, 1) + \mathrm{tree}(n_b, n, b_A, 1)$ + scale |
| `sparse`, $F_k$ | look-ups with $R$ in place of $r$ rows |
| $F_0$ | $\mathrm{tree}(n_b, n, b_A, 1)$ + scale |
| scale | $\mathrm{look}(n_b, b_A, 1) + \mathrm{unlook}(n_b, 1) + b_A - 1$ |
| batch, once a use | $[n_b]\,(\mathrm{look}(T, \lceil\log_2 n_b\rceil) + \mathrm{unlook}(T))$ |
| right-hand side, times | $\mathrm{tree}(1, \lceil\log_2 T\rceil, b_b)$ |
| right-hand side, powers | $\mathrm{tree}(n_b, \lceil\log_2\mu\rceil, b_b)$ |
| right-hand side, vectors | $\mu\,\mathrm{tree}(n_b, n, b_b) + \mu - 1 - \lceil\log_2\mu\rceil$ + batch |

Swaps and flags of emptiness are as before, all but the first vector is controlled. The flag of the
scale of $F_0$ is an ancilla of the factor of the same position: every factor has one.

**Bounds.** Every step's $\hat m$ and $\rho$ (section "a-posteriori certificate" of
`carleman.certificate`), and every coefficient of the majorant, grow with the norms of the $F_k$ and
with the ends of the spectrum. So those of the largest batch, entry by entry, are bounds for every
step, and $\lVert M_{t+k}\cdots M_{t+1}\rVert \le \lVert\hat m_{t+k}\cdots\hat m_{t+1}\rVert \le
\lVert\hat m^k\rVert$ with that outer $\hat m$: norms of products of non-negative matrices grow with
their entries. $\lVert b\rVert$ is that of the largest gradient in every row, an upper bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy

from qres.algorithms.access.width import angle_width
from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings.base import Encoding, encoding
from qres.algorithms.encodings.factors import TENSORS, Factor, emptiness, tree_bloq
from qres.algorithms.encodings.sparse import slots_factor, slots_fields
from qres.algorithms.lifted import Forcing, lifted_matrix
from qres.algorithms.rules.batched_history import (
    BATCH_TOFFOLI,
    batch_bloq,
    batch_held,
    batch_width,
)
from qres.algorithms.system import Part
from qres.notation.named import ceil_log2, look, tree, unlook
from qres.notation.symbols import symbols

_DIM, _LEVELS, _BITS, _RHS, _LIMIT = symbols("dim index_bits matrix_bits rhs_bits block_limit")
_BATCHES, _STEP_BITS = symbols("n_batches step_bits")
_N, _M = symbols("truncation_order map_order")
_MOST = sympy.Min(_M, _N)
_PRODUCTS = _MOST - 1 - ceil_log2(_MOST)
_ROWS = (_BATCHES - 1) * 2**_LEVELS + _DIM


def _scale_toffoli(controls: Any) -> Any:
    tables = look(_BATCHES, _BITS, controls, _LIMIT) + unlook(_BATCHES, controls, _LIMIT)
    return tables + _BITS - 1


def _scale_blocks(name: str, values: Mapping[str, Any], blocks: Blocks) -> tuple[Any, Any]:
    batches, bits = values["n_batches"], values["matrix_bits"]
    look_block = blocks.lookup(f"{name}_scale", batches, bits)
    return look_block, blocks.uncompute(f"{name}_scale_un", batches)


def _tree_width(rows: Any, levels: Any, bits: Any, controls: Any) -> Any:
    """Return the qubits of the largest look-up of a tree."""
    table = angle_width(rows * 2 ** sympy.Max(levels - 1, 0), bits, controls, _LIMIT)
    return sympy.Min(1, levels) * table


def _forcing() -> Forcing:
    def width(controls: Any) -> Any:
        scale = angle_width(_BATCHES, _BITS, controls, _LIMIT)
        return sympy.Max(_tree_width(_BATCHES, _LEVELS, _BITS, controls), scale)

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.batched_lift import BatchedForcing

        return BatchedForcing(
            tree=blocks.tree("forcing", values["n_batches"], values, values["matrix_bits"]),
            scale_blocks=_scale_blocks("forcing", values, blocks),
        )

    return Forcing(
        toffoli=lambda c: tree(_BATCHES, _LEVELS, _BITS, c, _LIMIT) + _scale_toffoli(c),
        width=width,
        angle_error=2 * sympy.pi * (sympy.Max(_LEVELS, 1) + 1),
        bloq=bloq,
    )


def _trees(order: int) -> Factor:
    tensor, levels = TENSORS[order], order * _LEVELS
    one = _factor_of("frobenius", order)

    def toffoli(controls: Any) -> Any:
        rows = tree(_ROWS, levels, _BITS, controls, _LIMIT)
        norms = tree(_BATCHES, _LEVELS, _BITS, controls, _LIMIT)
        moves = controls * _LEVELS + emptiness(order, controls)
        return rows + norms + _scale_toffoli(controls) + moves

    def width(controls: Any) -> Any:
        scale = angle_width(_BATCHES, _BITS, controls, _LIMIT)
        return sympy.Max(_tree_width(_ROWS, levels, _BITS, controls), scale)

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.batched_encoding import batched_rows
        from qres.bloqs.batched_lift import BatchedFactorTrees

        bits, qubits, batches = values["matrix_bits"], values["index_bits"], values["n_batches"]
        rows = batched_rows(batches, qubits, values["dim"])
        return BatchedFactorTrees(
            order=order,
            row_tree=tree_bloq(blocks, f"row{order}", rows, order * qubits, bits),
            norm_tree=tree_bloq(blocks, f"norm{order}", batches, qubits, bits),
            scale_blocks=_scale_blocks(f"factor{order}", values, blocks),
            alpha=values[tensor.alpha],
            epsilon=values["eps_matrix"],
        )

    return replace(
        one,
        angle_error=one.angle_error + 2 * sympy.pi,
        toffoli=toffoli,
        width=width,
        ancillas=one.ancillas + 1,
        bloq=bloq,
    )


def _slots(order: int) -> Factor:
    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.batched_encoding import batched_rows
        from qres.bloqs.batched_lift import BatchedFactorSlots

        batches = values["n_batches"]
        rows = batched_rows(batches, values["index_bits"], values["dim"])
        fields = slots_fields(TENSORS[order], values, blocks, rows)
        return BatchedFactorSlots(n_batches=batches, **fields)

    return replace(slots_factor(TENSORS[order], _ROWS), bloq=bloq)


_FACTORS = {"frobenius": _trees, "sparse": _slots}


def _factor_of(name: str, order: int) -> Factor:
    factor = encoding(name).factor
    assert factor is not None, name
    return factor(order)


def batched_encodings(name: str, degree: int) -> dict[int, Encoding]:
    """Return the encoding of every $F_k$ of all batches; the names are those of `_FACTORS`."""
    one = replace(encoding(name), factor=_FACTORS[name])
    return dict.fromkeys(range(1, degree + 1), one)


def batched_lift_matrix(name: str, degree: int) -> Part:
    """Return U_A of the history of a lift of mini-batches.

    Args:
        name: of the encoding, one of those that can hold several matrices.
        degree: of the polynomial gradient, 2 or 3.
    """
    lifted = lifted_matrix(batched_encodings(name, degree), degree, _forcing())

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from attrs import evolve

        return evolve(lifted.bloq(values, blocks), batch=batch_bloq(values, blocks))

    def width(controls: Any) -> Any:
        tables = lifted.width(0) + batch_held()
        return sympy.Max(tables, batch_width()) + controls

    return replace(
        lifted,
        toffoli=lambda controls: lifted.toffoli(controls) + BATCH_TOFFOLI.expression,
        width=width,
        bloq=bloq,
    )


def batched_lift_vector() -> Part:
    """Return U_b: the powers of the gradient of the batch at each of T steps."""
    levels = ceil_log2(_MOST)

    def toffoli(controls: Any) -> Any:
        weights = tree(1, _STEP_BITS, _RHS, controls, _LIMIT)
        weights += tree(_BATCHES, levels, _RHS, controls, _LIMIT)
        vectors = (tree(_BATCHES, _LEVELS, _RHS, c, _LIMIT) for c in (controls, 1))
        first, other = vectors
        gates = _PRODUCTS + BATCH_TOFFOLI.expression
        return weights + first + (_MOST - 1) * other + gates

    def width(controls: Any) -> Any:
        held = batch_held()
        times = _tree_width(1, _STEP_BITS, _RHS, controls)
        weights = _tree_width(_BATCHES, levels, _RHS, controls) + held
        vectors = _tree_width(_BATCHES, _LEVELS, _RHS, controls) + held + _MOST - 1 + _PRODUCTS
        return sympy.Max(times, weights, vectors, batch_width())

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.batched_source import BatchedLiftedVector

        bits, batches = values["rhs_bits"], values["n_batches"]
        powers = min(values["map_order"], values["truncation_order"])
        return BatchedLiftedVector(
            times=tree_bloq(blocks, "times", 1, values["step_bits"], bits),
            weights=tree_bloq(blocks, "powers", batches, (powers - 1).bit_length(), bits),
            vector=blocks.tree("rhs", batches, values, bits),
            batch=batch_bloq(values, blocks),
            powers=powers,
            truncation_order=values["truncation_order"],
        )

    return Part(
        toffoli=toffoli,
        rotations=lambda controls: 0,
        width=width,
        bloq=bloq,
        angle_weight=2 * sympy.pi * (sympy.Max(_LEVELS, 1) * _MOST + _STEP_BITS + levels),
    )
