r"""Sparse encoding on a symmetric pattern: normalisation $s' \max|A_{ij}|$.

Slots are padded to $s' = 2^{\lceil\log_2 s\rceil}$ with zeros, so the diffusions are Hadamards. The
entry's angle is looked up, a flag rotated, the angle unlooked; then the involution
(row $i$, slot $l$) to (row $j$, slot of $i$ in row $j$): the target from the table, the source by
measurement-based uncomputation of the same table. For a full pattern the involution only swaps
names and is free.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings.base import Encoding
from qres.notation.formula import Formula, define
from qres.notation.named import ceil_log2, look, unlook, widest
from qres.notation.source import derived
from qres.notation.symbols import symbols

_DIM, _LEVELS, _SPARSITY, _SLOTS, _SLOT_BITS = symbols("dim index_bits sparsity slots slot_bits")
_BITS, _CONTROLS, _LIMIT = symbols("matrix_bits controls block_limit")
_SOURCE = derived(
    "circuits of qres.bloqs: value look-up and involution from the table of non-zeros"
)
_TABLE = _DIM * _SLOTS
_TARGET = _LEVELS + _SLOT_BITS
_IS_PARTIAL = sympy.Lt(_SPARSITY, _DIM)


def _where_partial(expression: Any) -> Any:
    return sympy.Piecewise((expression, _IS_PARTIAL), (0, True))


def _toffoli(controls: Any) -> Any:
    value = look(_TABLE, _BITS, controls, _LIMIT) + unlook(_TABLE, controls, _LIMIT) + _BITS - 1
    involution = look(_TABLE, _TARGET, controls, _LIMIT) + unlook(_TABLE, controls, _LIMIT)
    return value + _where_partial(involution)


def _width(controls: Any) -> Any:
    involution = _where_partial(widest(_TABLE, _TARGET, controls, _LIMIT))
    return sympy.Max(widest(_TABLE, _BITS, controls, _LIMIT), involution)


def _definitions(name: str) -> tuple[tuple[str, Formula], ...]:
    (entry,) = symbols("max_entry")
    return (
        define(
            f"{name}.slot_bits",
            "qubits of the slot",
            ceil_log2(sympy.Min(_SPARSITY, _DIM)),
            derived("slots padded to a power of two"),
        ),
        define(
            f"{name}.is_full",
            "1 where every row is full, so that the involution is free",
            sympy.Piecewise((0, _IS_PARTIAL), (1, True)),
            derived("definition"),
        ),
        define(
            f"{name}.slots",
            "entries per row, padded to a power of two",
            2**_SLOT_BITS,
            derived("definition"),
        ),
        define(
            f"{name}.alpha_matrix",
            "normalisation of the encoded matrix",
            _SLOTS * entry,
            derived("sparse access with padded slots"),
        ),
    )


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


TOFFOLI = Formula(
    name="encoding.sparse.toffoli",
    meaning="Toffoli gates of one use of the sparse encoding",
    expression=_toffoli(_CONTROLS),
    inputs=(
        "dim",
        "sparsity",
        "slots",
        "slot_bits",
        "index_bits",
        "matrix_bits",
        "controls",
        "block_limit",
    ),
    source=_SOURCE,
    unit="Toffoli",
    defaults={"controls": 0, "block_limit": 63},
)

FORMULAS = (TOFFOLI,)

ENCODING = Encoding(
    name="sparse",
    needs=("sparsity", "max_entry"),
    definitions=_definitions,
    angle_error=2 * sympy.pi,
    toffoli=_toffoli,
    width=_width,
    ancillas=_SLOT_BITS + 1,
    bloq=_bloq,
    is_norm_access=False,
)
