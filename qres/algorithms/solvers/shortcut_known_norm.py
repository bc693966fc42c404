r"""The shortcut solver when the norm of the solution is known: one kernel reflection.

Claim: given $\lVert x\rVert$, $(1 + O(\epsilon))\,\kappa\ln(2\sqrt2/\epsilon)$ queries to $U_A$ prepare
$A^{-1}|b\rangle$ to error $\epsilon$, with two uses of $U_b$ each, and without restarts.

Source: Dalzell, arXiv:2406.12086v2, abstract.

Departures: the factor $1 + O(\epsilon)$ of the named formula is taken as 1, so the count is no bound
from above and is labelled `asymptotic`. The run is the circuit (`qres.algorithms.solvers.kernel`,
one guess): $2L \ge \kappa\ln(2 + 2\sqrt2/\epsilon)$, $L$ odd, at most four uses and
$\kappa\epsilon$ more. Its flag is up with probability $(1-\epsilon)^2/(1+\epsilon/\sqrt2)^2$ at
least, 0.41 at $\epsilon = 1/4$, so the run is made at $\epsilon' = \min(\epsilon, 0.01)$, of which
0.966 holds at every precision, and amplified by a fixed-point sequence. A norm that is wrong by a factor
$\rho$ lowers the flag probability to $(2\rho/(1+\rho^2))^2$; here it is taken from the classically
computed trajectory, which is what the quantum computer was to find.
"""

from __future__ import annotations

import sympy

from qres.algorithms.record import Assumption
from qres.algorithms.solvers.base import Solver
from qres.algorithms.solvers.frame import EPSILON, KAPPA, query_pair
from qres.algorithms.solvers.kernel import COARSEST, kernel_gates
from qres.notation.source import DALZELL_2024, Source, derived

_QUERIES = KAPPA * sympy.log(2 * sympy.sqrt(2) / EPSILON)

MATRIX_QUERIES, STATE_QUERIES = query_pair(
    "shortcut-known-norm",
    _QUERIES,
    Source("abstract, known norm: kappa ln(2 sqrt(2)/epsilon)", DALZELL_2024),
    "for one solution whose norm is known",
    kind="asymptotic",
    bound="lower",
)

FORMULAS = (MATRIX_QUERIES, STATE_QUERIES)

GATES = kernel_gates(sympy.Min(EPSILON, COARSEST) / sympy.sqrt(2), sympy.Integer(0))

# ((1 - eps)/(1 + eps/sqrt 2))^2 at the coarsest precision
_FLAG = sympy.Rational(966, 1000)

SOLVER = Solver(
    name="shortcut-known-norm",
    matrix_queries=MATRIX_QUERIES,
    state_queries=STATE_QUERIES,
    run_queries=2 * GATES.arguments[0][2],
    expected_queries=2 * GATES.arguments[0][2] / _FLAG,
    flag_prob=_FLAG,
    flag_kind="assumed",
    states_per_query=2,
    states_per_run=1,
    qubits=2,
    gates=GATES,
    kind="asymptotic",
    flag_source=derived("what the filter leaves of the solution, at the coarsest precision"),
    assumptions=(
        Assumption(
            text="the norm of the solution is known exactly beforehand",
            factor=None,
            favours="quantum",
        ),
    ),
    warnings=(
        ("W-CIRCULAR", "the solver's norm comes from the solution that it is meant to compute"),
    ),
)
