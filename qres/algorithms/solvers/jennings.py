r"""The randomised adiabatic solver, later version: expected queries with a closed constant.

Claim: $835.4\,\kappa + \lceil\kappa\ln\frac{2}{\sqrt{1+\epsilon/4}-1} + 2\rceil$ expected queries to
$U_A$ prepare $A^{-1}|b\rangle$ to error $\epsilon$, for Hermitian $A$ with
$\kappa = \alpha\lVert A^{-1}\rVert$.

Source: Jennings, Lostaglio, Pallister, Sornborger and Subaşı, arXiv:2305.11352v3, Eq. (175).

Departures: a general matrix is dilated to a Hermitian one, which leaves $\kappa$ as it is and takes
one more qubit; a use of the dilated matrix is counted as one use of $U_A$. Two uses of $U_b$ with
each use of $U_A$ are stated for the first version only and taken over. The count is an expectation,
so a run is cut off at twice of it, as for the shortcut. The argument of the logarithm is written
$8(1 + \sqrt{1+\epsilon/4})/\epsilon$, the same number without cancellation.
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from qres.algorithms.record import Assumption
from qres.algorithms.solvers.base import Solver, assumed_gates, run_by_markov
from qres.algorithms.solvers.frame import EPSILON, KAPPA, query_pair
from qres.notation.source import JENNINGS_2025, Source

_FILTER = KAPPA * sympy.log(8 * (1 + sympy.sqrt(1 + EPSILON / 4)) / EPSILON) + 2
_QUERIES = sympy.Float("835.4") * KAPPA + sympy.ceiling(_FILTER)

MATRIX_QUERIES, _STATES = query_pair(
    "jennings",
    _QUERIES,
    Source("Eq. (175)", JENNINGS_2025),
    "for one solution, expected, restarts included",
    kind="proven",
    bound="upper",
)
STATE_QUERIES = replace(
    _STATES,
    kind="assumed",
    source=Source("Eq. (175), two uses of U_b per use of U_A as in version 1", JENNINGS_2025),
)

FORMULAS = (MATRIX_QUERIES, STATE_QUERIES)

_RUN = run_by_markov(MATRIX_QUERIES)
_DILATED = Assumption(
    text="the solver is stated for Hermitian matrices: each use of the dilated matrix is counted as"
    " one use of the encoding, with two uses of the right-hand side as in its first version",
    factor=2.0,
    favours="quantum",
)

SOLVER = Solver(
    name="jennings",
    matrix_queries=MATRIX_QUERIES,
    state_queries=STATE_QUERIES,
    **{**_RUN, "assumptions": (*_RUN["assumptions"], _DILATED)},
    states_per_query=2,
    qubits=7,  # six as in version 1, and the one that dilates
    kind="proven",
    gates=assumed_gates(7),
)
