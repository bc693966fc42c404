r"""The discrete adiabatic solver with the constant that was measured, $\alpha_w = 1.84$.

Claim, source and departures: see `qres.algorithms.solvers.adiabatic`. The constant is an average
over random matrices of 4 to 16 dimensions; versions of the paper print 1.84, 1.56 and 1.57. Measured
again (`qres.verify.walk`), runs of this length, for $\Delta = 1/2$, have 2.0 to 2.7 and less often a
flag than the formula says: 0.50 at least on 290 random systems of 2 to 16 rows with $\kappa$ of 1.2 to
20, an evolution off by 0.77. Steps are those of the published constant; the flag that is charged is
0.46, that of an evolution off by 0.8, and of kind `assumed`: it rests on simulations, not on a proof.
"""

from __future__ import annotations

from qres.algorithms.record import Assumption
from qres.algorithms.solvers.adiabatic import (
    adiabatic_formulas,
    adiabatic_gates,
    adiabatic_solver,
)
from qres.notation.source import COSTA_2025, Source

_CONSTANT, _ERROR, _FOUND = 1.84, 0.5, 0.8

FORMULAS = adiabatic_formulas(
    "adiabatic-empirical",
    _CONSTANT,
    _ERROR,
    Source("total cost with retries, measured constant 1.84", COSTA_2025),
    "fitted",
    "two-sided",
    _FOUND,
)

SOLVER = adiabatic_solver(
    "adiabatic-empirical",
    FORMULAS,
    adiabatic_gates(_CONSTANT, _ERROR, is_published=False),
    Assumption(
        text="the constant 1.84 of the adiabatic walk is an average over random matrices of at most"
        " 16 dimensions; the proven constant is 2305. At this length a flag of .50 and more was found"
        " by simulation, .46 is charged",
        factor=2305 / 1.84,
        favours="quantum",
    ),
)
