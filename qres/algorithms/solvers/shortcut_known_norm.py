r"""The shortcut solver when the norm of the solution is known: one kernel reflection.

Claim: given $\lVert x\rVert$, $(1 + O(\epsilon))\,\kappa\ln(2\sqrt2/\epsilon)$ queries to $U_A$ prepare
$A^{-1}|b\rangle$ to error $\epsilon$, with two uses of $U_b$ each, and without restarts.

Source: Dalzell, arXiv:2406.12086v2, abstract.

Departures: the factor $1 + O(\epsilon)$ of the named formula is taken as 1, so the count is no bound
from above and is labelled `asymptotic`. The run is the circuit (`qres.algorithms.solvers.kernel`,
one guess): $2L \ge \kappa\ln(2 + 2\sqrt2/\epsilon)$, $L$ odd, at most four uses and
$\kappa\epsilon$ more; its flag is up but for $(1-\epsilon)^2/(1+\epsilon/\sqrt2)^2$, which is taken
as 1. A norm that is wrong by a factor $\rho$ lowers
the flag probability to $(2\rho/(1+\rho^2))^2$; here it is taken from the classically computed
trajectory, which is what the quantum computer was to find.
"""

from __future__ import annotations

import sympy

from qres.algorithms.record import Assumption
from qres.algorithms.solvers.base import Solver
from qres.algorithms.solvers.frame import EPSILON, KAPPA, query_pair
from qres.algorithms.solvers.kernel import kernel_gates
from qres.notation.source import DALZELL_2024, Source

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

GATES = kernel_gates(EPSILON / sympy.sqrt(2), sympy.Integer(0))

SOLVER = Solver(
    name="shortcut-known-norm",
    matrix_queries=MATRIX_QUERIES,
    state_queries=STATE_QUERIES,
    run_queries=2 * GATES.arguments[0][2],
    expected_queries=_QUERIES,
    flag_prob=sympy.Integer(1),
    flag_kind="assumed",
    states_per_query=2,
    states_per_run=1,
    qubits=2,
    gates=GATES,
    kind="asymptotic",
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
