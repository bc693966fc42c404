r"""Sparse encoding on a symmetric pattern: normalisation $s' \max|A_{ij}|$.

Slots are padded to $s' = 2^{\lceil\log_2 s\rceil}$ with zeros, so the diffusions are Hadamards. The
entry's angle is looked up, a flag rotated, the angle unlooked; then the involution
(row $i$, slot $l$) to (row $j$, slot of $i$ in row $j$): the target from the table, the source by
measurement-based uncomputation of the same table. For a full pattern the involution only swaps
names and is free ($n$ controlled swaps under a control), and unless $r = 2^n$ a comparison of $n$ gates
flags a row beyond the matrix; a memory that is assumed free makes the tables the cheaper way there too.
A pattern that is not symmetric may also be encoded by its rows and columns apart: `sparse_rectangular`.

**$F_k$** has $s'_k$ slots a row and $s'$ a column (a column of the derivative of a symmetric tensor
couples at most $s$ rows): normalisation $\sqrt{s'_k s'} \max|F_k|$. One code of $n + \beta$ qubits,
$\beta = \max((k-1) n + \log_2 s', \log_2 s'_k)$, names both (column, slot) and (row, slot), so the
involution becomes a permutation of codes: load the change of the code, add it (CNOTs; switched off
it is zero), erase it by the table of the inverse permutation. Both tables are addressed by the
code, as columns that hold nothing have an address too: $r 2^\beta$ entries each, not $r s'_k$. At
$k = 1$ these are the tables of the matrix. Row and column slots share their qubits, the diffusion of
those that only one of them has is controlled. Unless $r = 2^n$ the permutation is on only within the
matrix: $n - 1$ gates to compare, before and after, and one to join the control.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from qres.algorithms.access.width import angle_width
from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings.base import Encoding
from qres.algorithms.encodings.card import (
    alpha_definition,
    alpha_formula,
    ancillas_formula,
    toffoli_formula,
    width_formula,
)
from qres.algorithms.encodings.factors import TENSORS, Factor, Tensor, emptiness, flag_qubits
from qres.notation.formula import Formula, define
from qres.notation.named import ceil_log2, look, unlook, widest
from qres.notation.source import derived
from qres.notation.symbols import describe, symbol, symbols

_DIM, _LEVELS, _SPARSITY, _SLOTS, _SLOT_BITS = symbols("dim index_bits sparsity slots slot_bits")
_BITS, _CONTROLS, _LIMIT = symbols("matrix_bits controls block_limit")
_SOURCE = derived(
    "circuits of qres.bloqs: value look-up and involution from the table of non-zeros"
)
_TABLE = _DIM * _SLOTS
_TARGET = _LEVELS + _SLOT_BITS
_IS_CHARGED = sympy.Min(1, look(2, 1, 1, _LIMIT))  # 0 for a memory that is free, else 1
_IS_PARTIAL = sympy.Lt(_SPARSITY * _IS_CHARGED, _DIM)
_HAS_RANGE = sympy.Min(1, 2**_LEVELS - _DIM)  # 1 where a row may lie beyond the matrix


def _where_partial(expression: Any) -> Any:
    return sympy.Piecewise((expression, _IS_PARTIAL), (0, True))


def _toffoli(controls: Any) -> Any:
    value = look(_TABLE, _BITS, controls, _LIMIT) + unlook(_TABLE, controls, _LIMIT) + _BITS - 1
    involution = look(_TABLE, _TARGET, controls, _LIMIT) + unlook(_TABLE, controls, _LIMIT)
    exchange = (controls + _HAS_RANGE) * _LEVELS
    return value + sympy.Piecewise((involution, _IS_PARTIAL), (exchange, True))


def _width(controls: Any) -> Any:
    involution = _where_partial(widest(_TABLE, _TARGET, controls, _LIMIT))
    return sympy.Max(angle_width(_TABLE, _BITS, controls, _LIMIT), involution)


def _slot_bits(
    name: str, bits: str = "slot_bits", entries: Any = _SPARSITY, most: Any = _DIM
) -> tuple[str, Formula]:
    return define(
        f"{name}.{bits}",
        describe(bits).meaning,
        ceil_log2(sympy.Min(entries, most)),
        derived("slots padded to a power of two"),
    )


def _slots(name: str) -> tuple[str, Formula]:
    return define(
        f"{name}.slots",
        "entries per row, padded to a power of two",
        2**_SLOT_BITS,
        derived("definition"),
    )


ALPHA = alpha_formula(
    "sparse",
    _SLOTS * symbol("max_entry"),
    "sparse access with padded slots",
    (_slot_bits("encoding.sparse"), _slots("encoding.sparse")),
)


def _definitions(name: str) -> tuple[tuple[str, Formula], ...]:
    return (
        *_slot_definitions(name),
        define(
            f"{name}.is_full",
            "1 where every row is full and the involution an exchange of names, not a look-up",
            sympy.Piecewise((0, _IS_PARTIAL), (1, True)),
            derived("definition"),
        ),
    )


def _slot_definitions(name: str) -> tuple[tuple[str, Formula], ...]:
    return (_slot_bits(name), _slots(name), alpha_definition(name, ALPHA))


def _bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
    from qres.bloqs.sparse_encoding import SparseEncoding

    entries = values["dim"] * 2 ** values["slot_bits"]
    target = values["index_bits"] + values["slot_bits"]
    uncompute = blocks.uncompute("unload", entries)
    return SparseEncoding(
        rows=values["dim"],
        system_bitsize=values["index_bits"],
        slot_bitsize=values["slot_bits"],
        bits=values["matrix_bits"],
        is_full=bool(values["is_full"]),
        angle_blocks=(blocks.lookup("angle", entries, values["matrix_bits"]), uncompute),
        target_blocks=(blocks.lookup("target", entries, target), uncompute),
        alpha=values["alpha_matrix"],
        epsilon=values["eps_matrix"],
    )


def slots_factor(tensor: Tensor, rows: Any = _DIM) -> Factor:
    """Return the encoding of $F_k$ from tables of as many rows."""
    order = tensor.order
    slots, column = symbols(f"{tensor.slot_bits} {tensor.column_slot_bits}")
    code = sympy.Max((order - 1) * _LEVELS + column, slots)
    fewest = sympy.Min(slots, column) if order == 1 else slots
    values_table, move_table = rows * 2**fewest, rows * 2**code
    lone = sympy.Max(slots, column) - sympy.Min(slots, column)
    has_code = sympy.Min(1, _LEVELS + code)  # a single entry has a code of no qubits

    def toffoli(controls: Any) -> Any:
        value = look(values_table, _BITS, controls, _LIMIT) + unlook(values_table, controls, _LIMIT)
        inside = sympy.Max(controls, _HAS_RANGE)
        move = look(move_table, _LEVELS + code, inside, _LIMIT)
        move += unlook(move_table, inside, _LIMIT)
        value += _BITS - 1 + _HAS_RANGE * (2 * (_LEVELS - 1) + controls)
        return value + has_code * move + controls * lone + emptiness(order, controls)

    def width(controls: Any) -> Any:
        inside = sympy.Max(controls, _HAS_RANGE)
        move = has_code * widest(move_table, _LEVELS + code, inside, _LIMIT)
        move += _HAS_RANGE
        return sympy.Max(angle_width(values_table, _BITS, controls, _LIMIT), move)

    def definitions(name: str) -> tuple[tuple[str, Formula], ...]:
        is_even = tensor.slot_bits == tensor.column_slot_bits
        return _slot_definitions(name) if is_even else _tensor_definitions(name, tensor)

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.factor_tables import FactorSlots

        return FactorSlots(**slots_fields(tensor, values, blocks, values["dim"]))

    return Factor(
        tensor=tensor,
        needs=tuple(dict.fromkeys((tensor.column_sparsity, tensor.sparsity, tensor.max_entry))),
        definitions=definitions,
        angle_error=2 * sympy.pi,
        toffoli=toffoli,
        width=width,
        ancillas=code - (order - 1) * _LEVELS + 1 + flag_qubits(order),
        bloq=bloq,
    )


def slots_fields(
    tensor: Tensor, values: Mapping[str, Any], blocks: Blocks, rows: Any
) -> dict[str, Any]:
    """Return the fields of the circuit of $F_k$ whose tables have as many rows."""
    from qres.bloqs.integers import largest

    order, bits, levels = tensor.order, values["matrix_bits"], values["index_bits"]
    slot, row_slot = values[tensor.column_slot_bits], values[tensor.slot_bits]
    rest = largest([(order - 1) * levels + slot, row_slot])
    fewest = slot + row_slot - rest if order == 1 else row_slot
    entries, codes = rows * 2**fewest, rows * 2**rest
    return {
        "order": order,
        "rows": values["dim"],
        "index_bitsize": levels,
        "row_slot_bitsize": row_slot,
        "column_slot_bitsize": slot,
        "bits": bits,
        "angle_blocks": (
            blocks.lookup(f"angle{order}", entries, bits),
            blocks.uncompute(f"unload{order}", entries),
        ),
        "move_blocks": (
            blocks.lookup(f"move{order}", codes, levels + rest),
            blocks.uncompute(f"unmove{order}", codes),
        ),
        "alpha": values[tensor.alpha],
        "epsilon": values["eps_matrix"],
    }


def _tensor_definitions(name: str, tensor: Tensor) -> tuple[tuple[str, Formula], ...]:
    row, column = symbols(f"{tensor.slot_bits} {tensor.column_slot_bits}")
    entry = symbol(tensor.max_entry) / tensor.divisor
    return (
        _slot_bits(name, tensor.column_slot_bits, symbol(tensor.column_sparsity)),
        _slot_bits(name, tensor.slot_bits, symbol(tensor.sparsity), _DIM**tensor.order),
        define(
            f"{name}.{tensor.alpha}",
            describe(tensor.alpha).meaning,
            sympy.sqrt(2) ** (row + column) * entry,
            derived("sparse access with padded slots in rows and columns"),
        ),
    )


TOFFOLI = toffoli_formula("sparse", "the sparse encoding", _toffoli(_CONTROLS), _SOURCE)
WIDTH = width_formula("sparse", _width(_CONTROLS))
ANCILLAS = ancillas_formula(
    "sparse", _SLOT_BITS + 1 + sympy.Piecewise((0, _IS_PARTIAL), (_HAS_RANGE, True))
)

FORMULAS = (ALPHA, TOFFOLI, WIDTH, ANCILLAS)

ENCODING = Encoding(
    name="sparse",
    needs=("sparsity", "max_entry"),
    definitions=_definitions,
    angle_error=2 * sympy.pi,
    toffoli=_toffoli,
    width=_width,
    ancillas=ANCILLAS.expression,
    bloq=_bloq,
    is_norm_access=False,
    factor=lambda order: slots_factor(TENSORS[order]),
    variants=("sparse-rectangular",),
)
