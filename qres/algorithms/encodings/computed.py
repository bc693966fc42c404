r"""Entries that follow from their index: constant diagonals as a sum of shifts.

$A = \sum_d a_d S_d$ with $\alpha = \sum_d |a_d|$. The alternative, sparse access with computed
entries, has $s' \max|A_{ij}|$ with $s'$ the padded number of diagonals, never less: for the 5-point
Laplacian 32 against 8. No table of entries is read: a list of $D$ offsets (plain QROM, whatever the
data access), one addition for each length $2^k$ at which diagonals are cut, and two comparisons
where the dimension is no power of two.

For a network no such circuit exists: it would have to run the forward and backward pass coherently.
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
from qres.notation.symbols import symbol, symbols

_DIM, _LEVELS, _BITS, _CONTROLS = symbols("dim index_bits matrix_bits controls")
_DIAGONALS, _SLOT_BITS, _SHIFT, _CUTS = symbols("n_diagonals slot_bits shift_bits n_cuts")
_SOURCE = derived(
    "circuits of qres.bloqs: shifts by loaded offsets, weighted by prepared amplitudes"
)
_COMPARISONS = 2 * sympy.Max(0, sympy.Min(1, 2**_LEVELS - _DIM))
_PLAIN = 0
"""Lists this short are read by plain QROM under any data access."""
_HINT = (
    "computed is for a matrix file with constant diagonals (cut at powers of two); for a network"
    " nobody has shown a circuit that computes the entries"
)


def _toffoli(controls: Any) -> Any:
    weights = 2 * tree(1, _SLOT_BITS, _BITS, controls, _PLAIN)
    offsets = look(_DIAGONALS, _SHIFT + _CUTS, controls, _PLAIN)
    offsets += unlook(_DIAGONALS, controls, _PLAIN)
    return weights + offsets + _SHIFT + (_LEVELS - 1) * _COMPARISONS


def _width(controls: Any) -> Any:
    weights = angle_width(2 ** sympy.Max(_SLOT_BITS - 1, 0), _BITS, controls, _PLAIN)
    beside = sympy.Max(ceil_log2(_DIAGONALS), _LEVELS)
    return sympy.Max(sympy.Min(1, _SLOT_BITS) * weights, _SHIFT + _CUTS + beside)


ALPHA = alpha_formula("computed", symbol("diagonal_sum"), "linear combination of shifts")


def _definitions(name: str) -> tuple[tuple[str, Formula], ...]:
    return (
        define(
            f"{name}.slot_bits",
            "qubits that number the diagonals",
            ceil_log2(_DIAGONALS),
            derived("definition"),
        ),
        alpha_definition(name, ALPHA),
    )


def _bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
    from qres.bloqs.banded_encoding import BandedEncoding

    return BandedEncoding(
        dim=values["dim"],
        system_bitsize=values["index_bits"],
        n_diagonals=values["n_diagonals"],
        slot_bitsize=values["slot_bits"],
        shift_bits=values["shift_bits"],
        n_cuts=values["n_cuts"],
        bits=values["matrix_bits"],
        alpha=values["alpha_matrix"],
        epsilon=values["eps_matrix"],
    )


TOFFOLI = toffoli_formula(
    "computed", "a matrix of constant diagonals", _toffoli(_CONTROLS), _SOURCE
)
WIDTH = width_formula("computed", _width(_CONTROLS))
ANCILLAS = ancillas_formula("computed", _SLOT_BITS + 2)

FORMULAS = (ALPHA, TOFFOLI, WIDTH, ANCILLAS)

ENCODING = Encoding(
    name="computed",
    needs=("n_diagonals", "diagonal_sum", "shift_bits", "n_cuts"),
    definitions=_definitions,
    angle_error=4 * sympy.pi * sympy.Max(_SLOT_BITS, 1),
    toffoli=_toffoli,
    width=_width,
    ancillas=ANCILLAS.expression,
    bloq=_bloq,
    is_norm_access=False,
    hint=_HINT,
)
