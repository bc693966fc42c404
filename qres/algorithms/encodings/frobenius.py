r"""Row-state encoding: normalisation $\lVert A\rVert_F$, two trees of loaded rotations.

$\langle i|U_1^\dagger U_2|j\rangle = (A_{ij}/\lVert A_i\rVert)(\lVert A_i\rVert/\lVert A\rVert_F)$: one tree
prepares the normalised row, the other the vector of row norms. Each rotation is off by at most
$2\pi 2^{-b}$, a tree of $n$ levels by $n$ times that, two trees by twice that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings.base import Encoding
from qres.notation.formula import Formula, define
from qres.notation.named import tree, widest
from qres.notation.source import derived
from qres.notation.symbols import symbols

_DIM, _LEVELS, _BITS, _CONTROLS, _LIMIT = symbols("dim index_bits matrix_bits controls block_limit")
_SOURCE = derived("circuits of qres.bloqs: row states and row norms by trees of loaded rotations")


def _toffoli(controls: Any) -> Any:
    rows = tree(_DIM, _LEVELS, _BITS, controls, _LIMIT)
    return rows + tree(1, _LEVELS, _BITS, controls, _LIMIT)


def _width(controls: Any) -> Any:
    entries = _DIM * 2 ** sympy.Max(_LEVELS - 1, 0)
    return sympy.Min(1, _LEVELS) * widest(entries, _BITS, controls, _LIMIT)


def _definitions(name: str) -> tuple[tuple[str, Formula], ...]:
    (norm,) = symbols("frobenius_norm")
    return (
        define(
            f"{name}.alpha_matrix",
            "normalisation of the encoded matrix",
            norm,
            derived("row-state encoding"),
        ),
    )


def _bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
    from qres.bloqs.frobenius_encoding import FrobeniusEncoding

    bits = values["matrix_bits"]
    return FrobeniusEncoding(
        row_tree=blocks.tree("row", values["dim"], values, bits),
        norm_tree=blocks.tree("norm", 1, values, bits),
        alpha=values["alpha_matrix"],
        epsilon=values["eps_matrix"],
    )


TOFFOLI = Formula(
    name="encoding.frobenius.toffoli",
    meaning="Toffoli gates of one use of the row-state encoding",
    expression=_toffoli(_CONTROLS),
    inputs=("dim", "index_bits", "matrix_bits", "controls", "block_limit"),
    source=_SOURCE,
    unit="Toffoli",
    defaults={"controls": 0, "block_limit": 63},
)

FORMULAS = (TOFFOLI,)

ENCODING = Encoding(
    name="frobenius",
    needs=("frobenius_norm",),
    definitions=_definitions,
    angle_error=4 * sympy.pi * sympy.Max(_LEVELS, 1),
    toffoli=_toffoli,
    width=_width,
    ancillas=_LEVELS,
    bloq=_bloq,
    is_norm_access=True,
)
