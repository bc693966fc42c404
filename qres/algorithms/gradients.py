r"""Writing the tables down: gradients that a classical computer must evaluate first.

$F_0$ is one gradient, $F_1$ one Hessian-vector product for each of the $r$ rows. Dense $F_2$ takes
$r(r+2)/4$ third derivatives along pairs: with the coordinates split in two halves, any triple has
two indices in one half, so the pairs inside the halves and the pairs $(i, i)$ reach every entry.
"""

from __future__ import annotations

import sympy

from qres.notation.formula import Condition, Formula
from qres.notation.source import derived
from qres.notation.symbols import symbols

_R, _DEGREE, _HVP, _TVP = symbols("n_active degree hvp_gradients tvp_gradients")

HVP_GRADIENTS = 3
"""Gradients that one Hessian-vector product costs when its graph is rebuilt (measured: 2.6-3.5)."""

TVP_GRADIENTS = 6
"""Gradients that one third derivative along two directions costs."""

DENSE_GRADIENTS = Formula(
    name="tabulate.dense.gradients",
    meaning="gradient evaluations that write down dense F_0 .. F_degree",
    expression=1
    + _HVP * _R
    + sympy.Piecewise((_TVP * _R * (_R + 2) / 4, sympy.Ge(_DEGREE, 2)), (0, True)),
    inputs=("n_active", "degree", "hvp_gradients", "tvp_gradients"),
    source=derived("pairs inside two halves of the coordinates cover all triples"),
    kind="proven",
    unit="gradients",
    defaults={
        "degree": 2,
        "hvp_gradients": HVP_GRADIENTS,
        "tvp_gradients": TVP_GRADIENTS,
    },
    conditions=(
        Condition(sympy.And(_DEGREE >= 1, _DEGREE <= 2), "degree 1 or 2"),
        Condition(sympy.Ge(_R, 1), "n_active >= 1"),
    ),
)

FORMULAS = (DENSE_GRADIENTS,)
