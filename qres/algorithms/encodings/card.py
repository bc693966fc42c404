"""The named formulas that every encoding has: normalisation, Toffoli gates, qubits.

The member computes with the very expressions that are named here.
"""

from __future__ import annotations

from typing import Any

import sympy

from qres.notation.formula import Formula, at_least_one, define
from qres.notation.named import UNLIMITED
from qres.notation.source import Source, derived
from qres.notation.symbols import CATALOGUE, describe

Parts = tuple[tuple[str, Formula], ...]

_DEFAULTS = {"controls": 0, "block_limit": UNLIMITED}
_COUNTS = ("dim", "matrix_bits", "gram_rows", "n_diagonals", "n_samples", "sparsity")
_REGISTERS = derived("registers of the circuits in qres.bloqs")


def alpha_formula(name: str, expression: Any, where: str, parts: Parts = ()) -> Formula:
    """Return `encoding.<name>.alpha`.

    Args:
        name: of the encoding.
        expression: normalisation of the encoded matrix.
        where: how it was derived.
        parts: definitions behind its symbols.
    """
    info = describe("alpha_matrix")
    named = f"encoding.{name}.alpha"
    return _formula(named, info.meaning, expression, derived(where), "1", parts, info.latex)


def alpha_definition(algorithm: str, alpha: Formula) -> tuple[str, Formula]:
    """Return the normalisation as a symbol of an algorithm."""
    return define(f"{algorithm}.alpha_matrix", alpha.meaning, alpha.expression, alpha.source)


def toffoli_formula(name: str, what: str, expression: Any, source: Source) -> Formula:
    """Return `encoding.<name>.toffoli`, the gates of one use of `what`."""
    meaning = f"Toffoli gates of one use of {what}"
    letter = describe("query_toffoli").latex
    return _formula(f"encoding.{name}.toffoli", meaning, expression, source, "Toffoli", (), letter)


def width_formula(name: str, expression: Any) -> Formula:
    """Return `encoding.<name>.width`, the qubits of its largest look-up."""
    meaning = f"qubits of the largest look-up of the {name} encoding, free again after it"
    return _formula(f"encoding.{name}.width", meaning, expression, _REGISTERS, "qubits", (), "w")


def ancillas_formula(name: str, expression: Any) -> Formula:
    """Return `encoding.<name>.ancillas`, the qubits that it holds beside the index."""
    meaning = f"ancilla qubits of the {name} encoding, held through a run"
    return _formula(f"encoding.{name}.ancillas", meaning, expression, _REGISTERS, "qubits", (), "a")


def _formula(
    name: str,
    meaning: str,
    expression: Any,
    source: Source,
    unit: str,
    parts: Parts = (),
    letter: str = "",
) -> Formula:
    expression = sympy.sympify(expression)
    read = {str(item) for item in expression.free_symbols}
    inputs = read.union(*(part.inputs for _, part in parts)) - {name for name, _ in parts}
    return Formula(
        name=name,
        meaning=meaning,
        expression=expression,
        inputs=tuple(item for item in CATALOGUE if item in inputs),
        source=source,
        unit=unit,
        letter=letter,
        defaults={key: value for key, value in _DEFAULTS.items() if key in inputs},
        conditions=at_least_one(*(item for item in _COUNTS if item in inputs)),
        parts=parts,
    )
