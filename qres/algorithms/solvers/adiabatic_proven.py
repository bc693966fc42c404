r"""The discrete adiabatic solver with the constant that is proven, $\alpha_w = 2305$.

Claim, source and departures: see `qres.algorithms.solvers.adiabatic`. The bound of the first paper,
$15307\,\kappa/T$ for a general matrix, is evaluated numerically in the second to 2305.
"""

from __future__ import annotations

import math

from qres.algorithms.solvers.adiabatic import adiabatic_formulas, adiabatic_solver
from qres.notation.source import COSTA_2025, Source

FORMULAS = adiabatic_formulas(
    "adiabatic-proven",
    2305,
    math.sqrt(2 / 3),
    Source("total cost with retries, proven constant 2305", COSTA_2025),
    "proven",
    "two-sided",  # the even order of the filter, at most two steps more, is not counted
)

SOLVER = adiabatic_solver("adiabatic-proven", FORMULAS)
