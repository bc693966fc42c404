r"""The shortcut solver for unknown norm: expected queries linear in $\kappa_{\mathrm{eff}}$.

Claim: from block-encodings of $A$ and of $|b\rangle$ it prepares $A^{-1}|b\rangle$ to error
$\epsilon$ in state norm with
$56\kappa + 1.05\,\kappa\ln(\sqrt{1-\epsilon^2}/\epsilon) + 2.78\ln^3\kappa + 3.17$ expected queries to
$U_A$, and two uses of $U_b$ with each, where $\kappa = \alpha\lVert A^{-1}\rVert$.

Source: Dalzell, arXiv:2406.12086v2, Eq. (48).

Departures: an expected count contains measurements and restarts, so it cannot stand inside
amplitude amplification. One run cut off at twice the expected count succeeds with probability at
least 1/2 (Markov's inequality), provided that the record of its branches is uncomputed; the
amplification takes that 1/2 for exact. Whether a prefactor $1/(1-\epsilon^2)$ belongs in front of
Eq. (48) is unknown (1e-4 at $\epsilon = 0.01$).
"""

from __future__ import annotations

import sympy

from qres.algorithms.solvers.base import Solver, run_by_markov
from qres.notation.formula import Condition, Formula
from qres.notation.source import DALZELL_2024, Source
from qres.notation.symbols import symbols

_KAPPA, _EPSILON = symbols("kappa_eff epsilon")
_DECIMALS = [sympy.Float(text) for text in ("1.05", "2.78", "3.17")]
_SOURCE = Source("Eq. (48)", DALZELL_2024)
_RANGE = (
    Condition(sympy.Ge(_KAPPA, 1), "kappa_eff >= 1"),
    Condition(sympy.And(_EPSILON > 0, _EPSILON < 1), "0 < epsilon < 1"),
)

_QUERIES = (
    56 * _KAPPA
    + _DECIMALS[0] * _KAPPA * sympy.log(sympy.sqrt(1 - _EPSILON**2) / _EPSILON)
    + _DECIMALS[1] * sympy.log(_KAPPA) ** 3
    + _DECIMALS[2]
)

MATRIX_QUERIES = Formula(
    name="solver.shortcut.matrix_queries",
    meaning="expected uses of the encoded matrix for one solution, restarts included",
    expression=_QUERIES,
    inputs=("kappa_eff", "epsilon"),
    source=_SOURCE,
    kind="proven",
    bound="upper",
    unit="queries",
    letter="Q_A",
    conditions=_RANGE,
)

STATE_QUERIES = Formula(
    name="solver.shortcut.state_queries",
    meaning="expected uses of the encoded right-hand side for one solution",
    expression=2 * _QUERIES,
    inputs=("kappa_eff", "epsilon"),
    source=_SOURCE,
    kind="proven",
    bound="upper",
    unit="queries",
    letter="Q_b",
    conditions=_RANGE,
)

FORMULAS = (MATRIX_QUERIES, STATE_QUERIES)

SOLVER = Solver(
    name="shortcut",
    matrix_queries=MATRIX_QUERIES,
    state_queries=STATE_QUERIES,
    **run_by_markov(MATRIX_QUERIES),
    state_ratio=2,
    qubits=4,
    kind="proven",
)
