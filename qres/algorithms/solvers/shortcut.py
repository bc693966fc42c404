r"""The shortcut solver for unknown norm: expected queries linear in $\kappa_{\mathrm{eff}}$.

Claim: from block-encodings of $A$ and of $|b\rangle$ it prepares $A^{-1}|b\rangle$ to error
$\epsilon$ in state norm with
$56\kappa + 1.05\,\kappa\ln(\sqrt{1-\epsilon^2}/\epsilon) + 2.78\ln^3\kappa + 3.17$ expected queries to
$U_A$, and two uses of $U_b$ with each, where $\kappa = \alpha\lVert A^{-1}\rVert$.

Source: Dalzell, arXiv:2406.12086v2, Eq. (48).

Departures: an expected count contains measurements and restarts, so it cannot stand inside
amplitude amplification. A run without them is one kernel reflection with the guesses of the norm in
superposition (`qres.algorithms.solvers.kernel`): $\kappa\ln(2 + \frac{4}{\epsilon S})$ uses of U_A,
$S$ about $1.5/\ln\kappa$, flagged with probability $S^2$ but for $\epsilon$; it is amplified by a
fixed-point sequence, which cannot overshoot, or repeated until the flag is up. The run is made at
$\epsilon' = \min(\epsilon, 0.01)$, so that its chance is at least $0.97\,S^2$ at every precision.
Whether a prefactor $1/(1-\epsilon^2)$ belongs in front of Eq. (48) is unknown (1e-4 at
$\epsilon = 0.01$).
"""

from __future__ import annotations

import sympy

from qres.algorithms.solvers.base import Solver
from qres.algorithms.solvers.frame import EPSILON, KAPPA, query_pair
from qres.algorithms.solvers.kernel import COARSEST, guess_overlap, guess_qubits, kernel_gates
from qres.notation.source import DALZELL_2024, Source, derived
from qres.notation.symbols import symbol

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

_OVERLAP = guess_overlap(KAPPA)
_FLAG = sympy.Rational(97, 100) * _OVERLAP**2
GATES = kernel_gates(sympy.Min(EPSILON, COARSEST) * _OVERLAP / 2, guess_qubits(KAPPA))

SOLVER = Solver(
    name="shortcut",
    matrix_queries=MATRIX_QUERIES,
    state_queries=STATE_QUERIES,
    run_queries=2 * GATES.arguments[0][2],
    expected_queries=2 * GATES.arguments[0][2] / _FLAG,
    # ((1 - eps)/(1 + eps S/2))^2 at the coarsest precision, and S <= 1
    flag_prob=_FLAG,
    flag_kind="assumed",
    states_per_query=2,
    states_per_run=1,
    qubits=2 + symbol("guess_bits"),
    kind="proven",
    gates=GATES,
    run_source=derived("one kernel reflection, guesses of the norm in superposition"),
    flag_source=derived("mean amplitude of the guesses, its least over all norms"),
)
