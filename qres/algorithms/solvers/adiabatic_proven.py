r"""The discrete adiabatic solver with the constant that is proven, $\alpha_w = 2305$.

Claim, source and departures: see `qres.algorithms.solvers.adiabatic`. The bound of the first paper,
$15307\,\kappa/T$ for a general matrix, is evaluated numerically in the second to 2305.
"""

from __future__ import annotations

import math

from qres.algorithms.solvers.adiabatic import (
    adiabatic_formulas,
    adiabatic_gates,
    adiabatic_solver,
)
from qres.notation.source import COSTA_2025, Source

_CONSTANT, _ERROR = 2305, math.sqrt(2 / 3)

FORMULAS = adiabatic_formulas(
    "adiabatic-proven",
    _CONSTANT,
    (_CONSTANT, _ERROR),
    Source("total cost with retries, proven constant 2305", COSTA_2025),
    "proven",
)

SOLVER = adiabatic_solver(
    "adiabatic-proven", FORMULAS, adiabatic_gates(_CONSTANT, _ERROR, is_published=True)
)
