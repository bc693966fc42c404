r"""Gauss-Newton encoding $J^T Q J / B$: normalisation $\lVert J\rVert_F^2 \max_b\lVert Q_b\rVert / B$.

$J$ is the Jacobian of $C$ outputs on $B$ samples, $Q$ holds one $C \times C$ Hessian of the loss in
the outputs for each sample. The eigenvectors of each $Q_b$ are folded into its rows of $J$, which
leaves $\lVert J\rVert_F$ as it is and $Q$ diagonal: a table of $B C r$ entries in two trees as of
`frobenius`, each used twice, around one look-up of $B C$ eigenvalues, whose normalisation is
$\max_b \lVert Q_b\rVert$ itself. (Encoding $Q$ as $C \times C$ blocks would cost more and pay
$\max_b\lVert Q_b\rVert_F$ or more.)

What $H$ has beyond its Gauss-Newton part, of norm `gram_dropped_norm`, is a model error, by
`encoding.threshold_error`.
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
from qres.notation.formula import Formula, define
from qres.notation.named import ceil_log2, look, tree, unlook
from qres.notation.source import derived
from qres.notation.symbols import symbols

_LEVELS, _BITS, _CONTROLS, _LIMIT = symbols("index_bits matrix_bits controls block_limit")
_ROWS, _ROW_LEVELS = symbols("gram_rows sample_bits")
_SOURCE = derived("circuits of qres.bloqs: rows and row norms of the Jacobian, twice, around Q")


def _toffoli(controls: Any) -> Any:
    rows = tree(_ROWS, _LEVELS, _BITS, controls, _LIMIT)
    norms = tree(1, _ROW_LEVELS, _BITS, controls, _LIMIT)
    factor = look(_ROWS, _BITS, controls, _LIMIT) + unlook(_ROWS, controls, _LIMIT) + _BITS - 1
    projection = sympy.Min(1, _LEVELS) * (_LEVELS - 1 + controls)
    return 2 * (rows + norms) + factor + projection


def _width(controls: Any) -> Any:
    rows = angle_width(_ROWS * 2 ** sympy.Max(_LEVELS - 1, 0), _BITS, controls, _LIMIT)
    factor = angle_width(_ROWS, _BITS, controls, _LIMIT)
    norms = angle_width(2 ** sympy.Max(_ROW_LEVELS - 1, 0), _BITS, controls, _LIMIT)
    return sympy.Max(sympy.Min(1, _LEVELS) * rows, sympy.Min(1, _ROW_LEVELS) * norms, factor)


_SAMPLES, _OUTPUTS, _NORM, _CURVATURE = symbols(
    "n_samples n_outputs jacobian_frobenius output_hessian_norm"
)

ALPHA = alpha_formula(
    "gram",
    _NORM**2 * _CURVATURE / _SAMPLES,
    "row-state encoding of J, twice, around a diagonal factor",
)


def _definitions(name: str) -> tuple[tuple[str, Formula], ...]:
    return (
        define(
            f"{name}.gram_rows",
            "rows of the Jacobian",
            _SAMPLES * _OUTPUTS,
            derived("definition"),
        ),
        define(
            f"{name}.sample_bits",
            "qubits of the index of samples and outputs",
            ceil_log2(_ROWS),
            derived("definition"),
        ),
        alpha_definition(name, ALPHA),
    )


def _bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
    from qres.bloqs.gram_encoding import GramEncoding

    bits, rows = values["matrix_bits"], values["gram_rows"]
    over_rows = {**values, "index_bits": values["sample_bits"]}
    return GramEncoding(
        row_tree=blocks.tree("jacobian", rows, values, bits),
        norm_tree=blocks.tree("sample", 1, over_rows, bits),
        factor_blocks=(
            blocks.lookup("curvature", rows, bits),
            blocks.uncompute("curvature_un", rows),
        ),
        alpha=values["alpha_matrix"],
        epsilon=values["eps_matrix"],
    )


TOFFOLI = toffoli_formula("gram", "the Gauss-Newton encoding", _toffoli(_CONTROLS), _SOURCE)
WIDTH = width_formula("gram", _width(_CONTROLS))
ANCILLAS = ancillas_formula("gram", _ROW_LEVELS + 2)

FORMULAS = (ALPHA, TOFFOLI, WIDTH, ANCILLAS)

ENCODING = Encoding(
    name="gram",
    needs=(
        "n_samples",
        "n_outputs",
        "jacobian_frobenius",
        "output_hessian_norm",
        "gram_dropped_norm",
    ),
    definitions=_definitions,
    angle_error=2 * sympy.pi * (2 * (_LEVELS + _ROW_LEVELS) + 1),
    toffoli=_toffoli,
    width=_width,
    ancillas=ANCILLAS.expression,
    bloq=_bloq,
    is_norm_access=True,
    hint="gram is for a network whose Jacobian in its outputs was measured",
)
