r"""The randomised adiabatic solver, first version: a run of $Q^*$ queries and its chance.

Claim: for $\epsilon \le 0.24$ and $\kappa = \alpha\lVert A^{-1}\rVert \ge \sqrt{12}$ a run of
$Q^* = \frac{1741 e}{500}\sqrt{\kappa^2+1}\,\bigl[(\frac{133}{125} + \frac{4}{25\kappa^{1/3}})\,\pi\ell
+ 1\bigr] + \frac{351}{50}\ell^2\,\bigl[\ln\frac{451\ell^2}{\epsilon} + 1\bigr]
+ \kappa\ln\frac{32}{\epsilon}$, $\ell = \ln(2\kappa+3)$, queries to $U_A$, with two uses of $U_b$
each, prepares $A^{-1}|b\rangle$ to error $\epsilon$ with probability at least
$0.39 - 0.204\,\epsilon$; the expected total is $Q^*/(0.39 - 0.204\,\epsilon)$.

Source: Jennings, Lostaglio, Pallister, Sornborger and Subaşı, arXiv:2305.11352v1, Theorem 1.

Departures: of two public codes that implement the theorem one has 0.204 and a fork of the other
0.201 (1e-4 of the total at $\epsilon = 0.01$); 0.204, the dearer, is used. The encoding's
normalisation is inside $\kappa$ throughout. The chance falls with $\epsilon$ faster than $Q^*$ does
above 0.01 or so, where more precision is cheaper: a run is made at
$\epsilon' = \min(\epsilon, 0.01)$, with the chance at 0.01, which is a lower bound for every smaller
$\epsilon$ and at most 0.6 % below the theorem's.
"""

from __future__ import annotations

import sympy

from qres.algorithms.solvers.base import Solver, assumed_gates
from qres.algorithms.solvers.frame import EPSILON, KAPPA, query_pair
from qres.notation.formula import Condition
from qres.notation.source import JENNINGS_2023, Source

_LOG = sympy.log(2 * KAPPA + 3)
_BRACKET = sympy.Rational(133, 125) + sympy.Rational(4, 25) / sympy.cbrt(KAPPA)
_QUERIES = (
    sympy.Rational(1741, 500)
    * sympy.E
    * sympy.sqrt(KAPPA**2 + 1)
    * (_BRACKET * sympy.pi * _LOG + 1)
    + sympy.Rational(351, 50) * _LOG**2 * (sympy.log(451 * _LOG**2 / EPSILON) + 1)
    + KAPPA * sympy.log(32 / EPSILON)
)
_PROB = sympy.Float("0.39") - sympy.Float("0.204") * EPSILON

COARSEST = sympy.Rational(1, 100)
"""Precision of a run of which less was asked; its chance is used for every finer one."""
_RUN = _QUERIES.subs(EPSILON, sympy.Min(EPSILON, COARSEST))
_FLAG = _PROB.subs(EPSILON, COARSEST)

CONDITIONS = (
    Condition(sympy.Ge(KAPPA**2, 12), "kappa_eff >= sqrt(12)"),
    Condition(
        sympy.And(EPSILON > 0, sympy.Le(EPSILON, sympy.Rational("0.24"))), "0 < epsilon <= 0.24"
    ),
)

MATRIX_QUERIES, STATE_QUERIES = query_pair(
    "jennings-v1",
    _QUERIES / _PROB,
    Source("Theorem 1", JENNINGS_2023),
    "for one solution, expected, restarts included",
    kind="proven",
    bound="upper",
    conditions=CONDITIONS,
)

FORMULAS = (MATRIX_QUERIES, STATE_QUERIES)

SOLVER = Solver(
    name="jennings-v1",
    matrix_queries=MATRIX_QUERIES,
    state_queries=STATE_QUERIES,
    run_queries=_RUN,
    expected_queries=_RUN / _FLAG,
    flag_prob=_FLAG,
    flag_kind="assumed",
    states_per_query=2,
    qubits=6,
    kind="proven",
    gates=assumed_gates(6),
    conditions=CONDITIONS,
)
