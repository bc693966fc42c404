r"""Every entry stored, zeros too: normalisation $2^n \max|A_{ij}|$, no involution.

The sparse encoding with slot $l$ standing for column $l$: the involution only swaps names and is
free ($n$ controlled swaps under a control), so a nearly full pattern is cheaper stored whole than
with the positions of its non-zeros. Unless $r = 2^n$ a comparison of $n$ gates flags a row beyond
the matrix, which the diffusion of the columns reaches on the way back.

$F_k$ has $2^n$ slots a column and $2^{kn}$ a row: normalisation $2^{(k+1)n/2} \max|F_k|$, a table of
$r 2^{kn}$ entries. Switched by a control, the exchange of names is $n$ controlled swaps, and the
diffusion of the other $(k-1) n$ qubits is controlled (one Toffoli gate each). A row beyond the matrix
is flagged as above.
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
from qres.algorithms.encodings.factors import TENSORS, Factor, emptiness, flag_qubits
from qres.notation.formula import Formula, define
from qres.notation.named import look, unlook
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

_DIM, _LEVELS, _BITS = symbols("dim index_bits matrix_bits")
_CONTROLS, _LIMIT, _ENTRY = symbols("controls block_limit max_entry")
_TABLE = _DIM * 2**_LEVELS


_HAS_RANGE = sympy.Min(1, 2**_LEVELS - _DIM)  # 1 where a row may lie beyond the matrix


def _toffoli(controls: Any) -> Any:
    found = look(_TABLE, _BITS, controls, _LIMIT) + unlook(_TABLE, controls, _LIMIT)
    return found + _BITS - 1 + (controls + _HAS_RANGE) * _LEVELS


def _width(controls: Any) -> Any:
    return angle_width(_TABLE, _BITS, controls, _LIMIT)


ALPHA = alpha_formula("dense", 2**_LEVELS * _ENTRY, "sparse access with one slot for each column")


def _definitions(name: str) -> tuple[tuple[str, Formula], ...]:
    return (alpha_definition(name, ALPHA),)


def _bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
    from qres.bloqs.sparse_encoding import SparseEncoding

    bits, levels = values["matrix_bits"], values["index_bits"]
    entries = values["dim"] * 2**levels
    return SparseEncoding(
        rows=values["dim"],
        system_bitsize=levels,
        slot_bitsize=levels,
        bits=bits,
        is_full=True,
        angle_blocks=(blocks.lookup("angle", entries, bits), blocks.uncompute("unload", entries)),
        alpha=values["alpha_matrix"],
        epsilon=values["eps_matrix"],
    )


def _factor(order: int) -> Factor:
    tensor = TENSORS[order]
    table = _DIM * 2 ** (order * _LEVELS)

    def toffoli(controls: Any) -> Any:
        value = look(table, _BITS, controls, _LIMIT) + unlook(table, controls, _LIMIT) + _BITS - 1
        moves = (controls * order + _HAS_RANGE) * _LEVELS
        return value + moves + emptiness(order, controls)

    def definitions(name: str) -> tuple[tuple[str, Formula], ...]:
        alpha = define(
            f"{name}.{tensor.alpha}",
            f"normalisation of the encoded F_{order}",
            sympy.sqrt(2) ** ((order + 1) * _LEVELS) * symbol(tensor.max_entry) / tensor.divisor,
            derived("sparse access with one slot for each column"),
        )
        return _definitions(name) if order == 1 else (alpha,)

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.factor_tables import FactorTable

        bits, entries = values["matrix_bits"], values["dim"] * 2 ** (order * values["index_bits"])
        return FactorTable(
            order=order,
            rows=values["dim"],
            index_bitsize=values["index_bits"],
            bits=bits,
            angle_blocks=(
                blocks.lookup(f"angle{order}", entries, bits),
                blocks.uncompute(f"unload{order}", entries),
            ),
            alpha=values[tensor.alpha],
            epsilon=values["eps_matrix"],
        )

    return Factor(
        tensor=tensor,
        needs=(tensor.max_entry,),
        definitions=definitions,
        angle_error=2 * sympy.pi,
        toffoli=toffoli,
        width=lambda controls: angle_width(table, _BITS, controls, _LIMIT),
        ancillas=_LEVELS + 1 + _HAS_RANGE + flag_qubits(order),
        bloq=bloq,
    )


TOFFOLI = toffoli_formula(
    "dense",
    "the dense encoding",
    _toffoli(_CONTROLS),
    derived("circuits of qres.bloqs: value look-up, slots named after columns"),
)
WIDTH = width_formula("dense", _width(_CONTROLS))
ANCILLAS = ancillas_formula("dense", _LEVELS + 1 + _HAS_RANGE)

FORMULAS = (ALPHA, TOFFOLI, WIDTH, ANCILLAS)

ENCODING = Encoding(
    name="dense",
    needs=("max_entry",),
    definitions=_definitions,
    angle_error=2 * sympy.pi,
    toffoli=_toffoli,
    width=_width,
    ancillas=ANCILLAS.expression,
    bloq=_bloq,
    is_norm_access=False,
    factor=_factor,
)
