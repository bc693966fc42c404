r"""The shortcut solver for unknown norm: expected queries linear in $\kappa_{\mathrm{eff}}$.

Claim: from block-encodings of $A$ and of $|b\rangle$ it prepares $A^{-1}|b\rangle$ to error
$\epsilon$ in state norm with
$56\kappa + 1.05\,\kappa\ln(\sqrt{1-\epsilon^2}/\epsilon) + 2.78\ln^3\kappa + 3.17$ expected queries to
$U_A$, and two uses of $U_b$ with each, where $\kappa = \alpha\lVert A^{-1}\rVert$.

Source: Dalzell, arXiv:2406.12086v2, Eq. (48).

Departures: an expected count contains measurements and restarts, so it cannot stand inside
amplitude amplification. One run cut off at twice the expected count succeeds with probability at
least 1/2 (Markov's inequality), provided that the record of its branches is uncomputed; it is
amplified by a fixed-point sequence, which cannot overshoot. Whether a prefactor
$1/(1-\epsilon^2)$ belongs in front of Eq. (48) is unknown (1e-4 at $\epsilon = 0.01$).
"""

from __future__ import annotations

import sympy

from qres.algorithms.solvers.base import Solver, run_by_markov
from qres.algorithms.solvers.frame import EPSILON, KAPPA, query_pair
from qres.notation.source import DALZELL_2024, Source

_DECIMALS = [sympy.Float(text) for text in ("1.05", "2.78", "3.17")]

_QUERIES = (
    56 * KAPPA
    + _DECIMALS[0] * KAPPA * sympy.log(sympy.sqrt(1 - EPSILON**2) / EPSILON)
    + _DECIMALS[1] * sympy.log(KAPPA) ** 3
    + _DECIMALS[2]
)

MATRIX_QUERIES, STATE_QUERIES = query_pair(
    "shortcut",
    _QUERIES,
    Source("Eq. (48)", DALZELL_2024),
    "for one solution, expected, restarts included",
    kind="proven",
    bound="upper",
)

FORMULAS = (MATRIX_QUERIES, STATE_QUERIES)

SOLVER = Solver(
    name="shortcut",
    matrix_queries=MATRIX_QUERIES,
    state_queries=STATE_QUERIES,
    **run_by_markov(MATRIX_QUERIES),
    states_per_query=2,
    qubits=4,
    kind="proven",
)
