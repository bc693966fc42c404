r"""Every entry stored, zeros too: normalisation $2^n \max|A_{ij}|$, no involution.

The sparse encoding with slot $l$ standing for column $l$: the involution only swaps names and is
free, so a nearly full pattern is cheaper stored whole than with the positions of its non-zeros.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings.base import Encoding
from qres.notation.formula import Formula, define
from qres.notation.named import look, unlook, widest
from qres.notation.source import derived
from qres.notation.symbols import symbols

_DIM, _LEVELS, _BITS = symbols("dim index_bits matrix_bits")
_CONTROLS, _LIMIT, _ENTRY = symbols("controls block_limit max_entry")
_TABLE = _DIM * 2**_LEVELS


def _toffoli(controls: Any) -> Any:
    found = look(_TABLE, _BITS, controls, _LIMIT) + unlook(_TABLE, controls, _LIMIT)
    return found + _BITS - 1


def _definitions(name: str) -> tuple[tuple[str, Formula], ...]:
    alpha = define(
        f"{name}.alpha_matrix",
        "normalisation of the encoded matrix",
        2**_LEVELS * _ENTRY,
        derived("sparse access with one slot for each column"),
    )
    return (alpha,)


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


TOFFOLI = Formula(
    name="encoding.dense.toffoli",
    meaning="Toffoli gates of one use of the dense encoding",
    expression=_toffoli(_CONTROLS),
    inputs=("dim", "index_bits", "matrix_bits", "controls", "block_limit"),
    source=derived("circuits of qres.bloqs: value look-up, slots named after columns"),
    unit="Toffoli",
    defaults={"controls": 0, "block_limit": 63},
)

FORMULAS = (TOFFOLI,)

ENCODING = Encoding(
    name="dense",
    needs=("max_entry",),
    definitions=_definitions,
    angle_error=2 * sympy.pi,
    toffoli=_toffoli,
    width=lambda controls: widest(_TABLE, _BITS, controls, _LIMIT),
    ancillas=_LEVELS + 1,
    bloq=_bloq,
    is_norm_access=False,
)
