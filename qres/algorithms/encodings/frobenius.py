r"""Row-state encoding: normalisation $\lVert A\rVert_F$, two trees of loaded rotations.

$\langle i|U_1^\dagger U_2|j\rangle = (A_{ij}/\lVert A_i\rVert)(\lVert A_i\rVert/\lVert A\rVert_F)$: one tree
prepares the normalised row, the other the vector of row norms. Each rotation is off by at most
$2\pi 2^{-b}$, a tree of $n$ levels by $n$ times that, two trees by twice that.

A row of $F_k$ has $kn$ levels, so its two trees are off by $(kn + n) 2\pi 2^{-b}$. Switched by a
control, the exchange of row and column register is $n$ controlled swaps.
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
from qres.algorithms.encodings.factors import TENSORS, Factor, emptiness, flag_qubits, tree_bloq
from qres.notation.formula import Formula, define
from qres.notation.named import tree
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

_DIM, _LEVELS, _BITS, _CONTROLS, _LIMIT = symbols("dim index_bits matrix_bits controls block_limit")
_SOURCE = derived("circuits of qres.bloqs: row states and row norms by trees of loaded rotations")


def _toffoli(controls: Any) -> Any:
    rows = tree(_DIM, _LEVELS, _BITS, controls, _LIMIT)
    return rows + tree(1, _LEVELS, _BITS, controls, _LIMIT) + controls * _LEVELS


def _width(controls: Any) -> Any:
    entries = _DIM * 2 ** sympy.Max(_LEVELS - 1, 0)
    return sympy.Min(1, _LEVELS) * angle_width(entries, _BITS, controls, _LIMIT)


ALPHA = alpha_formula("frobenius", symbol("frobenius_norm"), "row-state encoding")


def _definitions(name: str) -> tuple[tuple[str, Formula], ...]:
    return (alpha_definition(name, ALPHA),)


def _bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
    from qres.bloqs.frobenius_encoding import FrobeniusEncoding

    bits = values["matrix_bits"]
    return FrobeniusEncoding(
        row_tree=blocks.tree("row", values["dim"], values, bits),
        norm_tree=blocks.tree("norm", 1, values, bits),
        alpha=values["alpha_matrix"],
        epsilon=values["eps_matrix"],
    )


def _factor(order: int) -> Factor:
    tensor, levels = TENSORS[order], order * _LEVELS

    def toffoli(controls: Any) -> Any:
        rows = tree(_DIM, levels, _BITS, controls, _LIMIT)
        norms = tree(1, _LEVELS, _BITS, controls, _LIMIT)
        return rows + norms + controls * _LEVELS + emptiness(order, controls)

    def width(controls: Any) -> Any:
        entries = _DIM * 2 ** sympy.Max(levels - 1, 0)
        return sympy.Min(1, _LEVELS) * angle_width(entries, _BITS, controls, _LIMIT)

    def definitions(name: str) -> tuple[tuple[str, Formula], ...]:
        alpha = define(
            f"{name}.{tensor.alpha}",
            f"normalisation of the encoded F_{order}",
            symbol(tensor.frobenius) / tensor.divisor,
            derived("row-state encoding"),
        )
        return (alpha,)

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.factor_encoding import FactorTrees

        bits, qubits = values["matrix_bits"], values["index_bits"]
        return FactorTrees(
            order=order,
            row_tree=tree_bloq(blocks, f"row{order}", values["dim"], order * qubits, bits),
            norm_tree=tree_bloq(blocks, f"norm{order}", 1, qubits, bits),
            alpha=values[tensor.alpha],
            epsilon=values["eps_matrix"],
        )

    return Factor(
        tensor=tensor,
        needs=(tensor.frobenius,),
        definitions=definitions,
        angle_error=2 * sympy.pi * sympy.Max((order + 1) * _LEVELS, 1),
        toffoli=toffoli,
        width=width,
        ancillas=_LEVELS + flag_qubits(order),
        bloq=bloq,
    )


TOFFOLI = toffoli_formula("frobenius", "the row-state encoding", _toffoli(_CONTROLS), _SOURCE)
WIDTH = width_formula("frobenius", _width(_CONTROLS))
ANCILLAS = ancillas_formula("frobenius", _LEVELS)

FORMULAS = (ALPHA, TOFFOLI, WIDTH, ANCILLAS)

ENCODING = Encoding(
    name="frobenius",
    needs=("frobenius_norm",),
    definitions=_definitions,
    angle_error=4 * sympy.pi * sympy.Max(_LEVELS, 1),
    toffoli=_toffoli,
    width=_width,
    ancillas=ANCILLAS.expression,
    bloq=_bloq,
    is_norm_access=True,
    factor=_factor,
)
