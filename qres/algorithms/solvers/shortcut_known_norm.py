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
from qres.notation.formula import Condition, Formula
from qres.notation.source import DALZELL_2024, Source
from qres.notation.symbols import symbols

_KAPPA, _EPSILON = symbols("kappa_eff epsilon")
_SOURCE = Source("abstract, known norm: kappa ln(2 sqrt(2)/epsilon)", DALZELL_2024)
_RANGE = (
    Condition(sympy.Ge(_KAPPA, 1), "kappa_eff >= 1"),
    Condition(sympy.And(_EPSILON > 0, _EPSILON < 1), "0 < epsilon < 1"),
)
_QUERIES = _KAPPA * sympy.log(2 * sympy.sqrt(2) / _EPSILON)

MATRIX_QUERIES = Formula(
    name="solver.shortcut-known-norm.matrix_queries",
    meaning="uses of the encoded matrix for one solution whose norm is known",
    expression=_QUERIES,
    inputs=("kappa_eff", "epsilon"),
    source=_SOURCE,
    kind="asymptotic",
    bound="lower",
    unit="queries",
    letter="Q_A",
    conditions=_RANGE,
)

STATE_QUERIES = Formula(
    name="solver.shortcut-known-norm.state_queries",
    meaning="uses of the encoded right-hand side for one solution whose norm is known",
    expression=2 * _QUERIES,
    inputs=("kappa_eff", "epsilon"),
    source=_SOURCE,
    kind="asymptotic",
    bound="lower",
    unit="queries",
    letter="Q_b",
    conditions=_RANGE,
)

FORMULAS = (MATRIX_QUERIES, STATE_QUERIES)

SOLVER = Solver(
    name="shortcut-known-norm",
    matrix_queries=MATRIX_QUERIES,
    state_queries=STATE_QUERIES,
    run_queries=_QUERIES,
    flag_prob=sympy.Integer(1),
    flag_kind="assumed",
    state_ratio=2,
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
