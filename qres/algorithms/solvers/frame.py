"""The frame that the query formulas of all solvers share: symbols, ranges, units, letters."""

from __future__ import annotations

from typing import Any

import sympy

from qres.notation.formula import Condition, Formula, define
from qres.notation.source import Source, derived
from qres.notation.symbols import describe, symbol, symbols

KAPPA, EPSILON = symbols("kappa_eff epsilon")
_ENCODED, _XI = symbols("kappa_encoded xi")

ROUNDING = 1e-9
CONTRADICTION = "kappa_eff >= 1; the normalisation lies below the norm, the numbers contradict"

KAPPA_RANGE = Condition(sympy.Ge(KAPPA, 1), "kappa_eff >= 1")
EPSILON_RANGE = Condition(sympy.And(EPSILON > 0, EPSILON < 1), "0 < epsilon < 1")
RANGE = (KAPPA_RANGE, EPSILON_RANGE)
"""Where any solver is defined."""

KAPPA_EFF = Formula(
    name="solver.kappa_eff",
    meaning="condition number as the solver sees it",
    expression=symbol("alpha") * symbol("inverse_norm"),
    inputs=("alpha", "inverse_norm"),
    source=derived("alpha_L norm(L^-1); the solver sees the block-encoding, not the matrix"),
    letter=describe("kappa_eff").latex,
)

FORMULAS = (KAPPA_EFF,)


def condition_number(name: str) -> tuple[str, Formula]:
    """Return the condition number as a symbol of an algorithm."""
    return define(f"{name}.kappa_eff", KAPPA_EFF.meaning, KAPPA_EFF.expression, KAPPA_EFF.source)


def encoded_condition_number(name: str) -> tuple[str, Formula]:
    """Return the condition number that the solver of an algorithm is built for, see `as_encoded`."""
    return define(
        f"{name}.kappa_encoded",
        "condition number of the matrix as it is encoded, which the solver is built for",
        KAPPA / (1 - symbol("inverse_norm") * symbol("eps_matrix")),
        derived("norm((L + E)^-1) <= norm(L^-1)/(1 - norm(L^-1) norm(E))"),
        kind="proven",
        bound="upper",
        conditions=(Condition(sympy.Ge(KAPPA, 1 - ROUNDING), CONTRADICTION),),
    )


def as_encoded(expression: Any) -> Any:
    r"""Return an expression of a solver at the matrix that it sees and at its share of the error.

    An error $\epsilon_L$ of the encoded matrix moves its smallest singular value by as much, below
    what the solver would be built for: its condition number is
    $\kappa' = \kappa_{\mathrm{eff}}/(1 - \lVert L^{-1}\rVert\epsilon_L)$ at most, and with it
    $\xi' = \xi\,\kappa'/\kappa_{\mathrm{eff}}$. Left out, the error of the best polynomial at that
    singular value would grow by $\cosh(\sqrt{2d}\,\ln(\kappa/\epsilon))$,
    $d = \lVert L^{-1}\rVert\epsilon_L$.

    Args:
        expression: of `kappa_eff`, `epsilon` and `xi`.
    """
    given = {EPSILON: symbol("eps_solver"), KAPPA: _ENCODED, _XI: _XI * _ENCODED / KAPPA}
    return sympy.sympify(expression).xreplace(given)


def queries(
    name: str, letter: str, meaning: str, expression: Any, source: Source, **pedigree: Any
) -> Formula:
    """Return a count of queries in `kappa_eff` and `epsilon`.

    Args:
        name: `<model>.<quantity>`, what follows `solver.`.
        letter: LaTeX of the left-hand side.
        meaning: one line, what is counted.
        expression: sympy expression.
        source: where it comes from.
        pedigree: further fields of `Formula`; `inputs`, `unit` and `conditions` may be replaced.
    """
    plain = {"inputs": ("kappa_eff", "epsilon"), "unit": "queries", "conditions": RANGE}
    return Formula(
        name=f"solver.{name}",
        meaning=meaning,
        expression=expression,
        source=source,
        letter=letter,
        **{**plain, **pedigree},
    )


def query_pair(
    model: str, expression: Any, source: Source, what: str, **pedigree: Any
) -> tuple[Formula, Formula]:
    """Return `matrix_queries` and `state_queries` of a solver that uses U_b twice with each U_A.

    Args:
        model: name of the solver.
        expression: uses of U_A.
        source: where it comes from.
        what: end of both meanings, of what the uses are counted.
        pedigree: further fields of both, see `queries`.
    """
    return (
        queries(
            f"{model}.matrix_queries",
            "Q_A",
            f"uses of the encoded matrix {what}",
            expression,
            source,
            **pedigree,
        ),
        queries(
            f"{model}.state_queries",
            "Q_b",
            f"uses of the encoded right-hand side {what}",
            2 * expression,
            source,
            **pedigree,
        ),
    )


def odd_above(real: Any) -> Any:
    """Return the smallest odd integer that is no smaller, at least 1."""
    return 2 * sympy.Max(0, sympy.ceiling((real - 1) / 2)) + 1


def even_above(real: Any) -> Any:
    """Return the smallest even integer that is no smaller, for a positive number."""
    return 2 * sympy.ceiling(real / 2)
