r"""The shortcut solver when the norm of the solution is known: one kernel reflection.

Claim: given $\lVert x\rVert$, $(1 + O(\epsilon))\,\kappa\ln(2\sqrt2/\epsilon)$ queries to $U_A$ prepare
$A^{-1}|b\rangle$ to error $\epsilon$, with two uses of $U_b$ each, and without restarts.

Source: Dalzell, arXiv:2406.12086v2, abstract.

Departures: the factor $1 + O(\epsilon)$ is taken as 1, so the count is no bound from above and is
labelled `asymptotic`. A norm that is wrong by a factor $\rho$ lowers
the flag probability to $(2\rho/(1+\rho^2))^2$; here it is taken from the classically computed
trajectory, which is what the quantum computer was to find.
"""

from __future__ import annotations

import sympy

from qres.algorithms.record import Assumption
from qres.algorithms.solvers.base import Solver
from qres.algorithms.solvers.frame import EPSILON, KAPPA, query_pair
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

SOLVER = Solver(
    name="shortcut-known-norm",
    matrix_queries=MATRIX_QUERIES,
    state_queries=STATE_QUERIES,
    run_queries=_QUERIES,
    expected_queries=_QUERIES,
    flag_prob=sympy.Integer(1),
    flag_kind="assumed",
    states_per_query=2,
    qubits=4,
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
