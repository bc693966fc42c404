r"""Writing the tables down: gradients that a classical computer must evaluate first.

$F_0$ is one gradient, $F_1$ one Hessian-vector product for each of the $r$ rows. Dense $F_2$ takes
$r(r+2)/4$ third derivatives along pairs: with the coordinates split in two halves, any triple has
two indices in one half, so the pairs inside the halves and the pairs $(i, i)$ reach every entry.
Where row $i$ of the Hessian has $s$ entries, its coupled pairs are enough. $F_3$ takes fourth derivatives
along triples; all $r(r+1)(r+2)/6$ of them reach every entry (fewer would). The Jacobian of the outputs
takes one gradient an output.
"""

from __future__ import annotations

import sympy

from qres.algorithms.record import ClassicalWork, Stage
from qres.notation.formula import Condition, Formula
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

_R, _S, _DEGREE, _OUTPUTS = symbols("n_active sparsity degree n_outputs")
_HVP, _TVP, _QVP = symbols("hvp_gradients tvp_gradients qvp_gradients")
_TRIPLES = _R * (_R + 1) * (_R + 2) / 6

HVP_GRADIENTS = 3
"""Gradients that one Hessian-vector product costs when its graph is rebuilt (measured: 2.6-3.5)."""

TVP_GRADIENTS = 6
"""Gradients that one third derivative along two directions costs."""

QVP_GRADIENTS = 12
"""Gradients that one fourth derivative along three directions costs: twice that of a third."""

DENSE_GRADIENTS = Formula(
    name="tabulate.dense.gradients",
    meaning="gradient evaluations that write down dense F_0 .. F_degree",
    expression=1
    + _HVP * _R
    + sympy.Piecewise((_TVP * _R * (_R + 2) / 4, sympy.Ge(_DEGREE, 2)), (0, True))
    + sympy.Piecewise((_QVP * _TRIPLES, sympy.Ge(_DEGREE, 3)), (0, True)),
    inputs=("n_active", "degree", "hvp_gradients", "tvp_gradients", "qvp_gradients"),
    source=derived("pairs inside two halves of the coordinates cover all triples"),
    kind="proven",
    unit="gradients",
    defaults={
        "degree": 2,
        "hvp_gradients": HVP_GRADIENTS,
        "tvp_gradients": TVP_GRADIENTS,
        "qvp_gradients": QVP_GRADIENTS,
    },
    conditions=(
        Condition(sympy.And(_DEGREE >= 1, _DEGREE <= 3), "degree 1, 2 or 3"),
        Condition(sympy.Ge(_R, 1), "n_active >= 1"),
    ),
)

_PAIRS = sympy.Min(_R * (_R + 2) / 4, _R * (_S + 1) / 2, evaluate=False)

SPARSE_GRADIENTS = Formula(
    name="tabulate.sparse.gradients",
    meaning="gradient evaluations that write down F_0, F_1 and F_2 where rows of F_1 are sparse",
    expression=1 + _HVP * _R + _TVP * _PAIRS,
    inputs=("n_active", "sparsity", "hvp_gradients", "tvp_gradients"),
    source=derived("coupled unordered pairs, or the pairs inside two halves if they are fewer"),
    kind="proven",
    unit="gradients",
    defaults={"hvp_gradients": HVP_GRADIENTS, "tvp_gradients": TVP_GRADIENTS},
    conditions=(
        Condition(sympy.Ge(_R, 1), "n_active >= 1"),
        Condition(sympy.Ge(_S, 1), "sparsity >= 1"),
    ),
)

GRAM_GRADIENTS = Formula(
    name="tabulate.gram.gradients",
    meaning="gradient evaluations that write down the gradient and the Jacobian of the outputs",
    expression=1 + _OUTPUTS,
    inputs=("n_outputs",),
    source=derived("one backward pass an output, over all samples"),
    unit="gradients",
)

FORMULAS = (DENSE_GRADIENTS, SPARSE_GRADIENTS, GRAM_GRADIENTS)


def tabulation(encoding: str, degree: int) -> Stage:
    """Return the stage that writes the tables of one encoding down, once a segment.

    Args:
        encoding: its name.
        degree: of the polynomial gradient.
    """
    formula, gradients = DENSE_GRADIENTS, DENSE_GRADIENTS.at(degree=degree)
    if encoding == "gram":
        formula, gradients = GRAM_GRADIENTS, GRAM_GRADIENTS.at()
    elif encoding == "sparse" and degree == 2:
        formula, gradients = SPARSE_GRADIENTS, SPARSE_GRADIENTS.at()
    return Stage(
        name="tabulate",
        calls=symbol("segments"),
        unit=ClassicalWork(gradients=gradients),
        kind=formula.kind if degree < 3 else "assumed",
        source=formula.source,
        meaning="the tables of F_0 .. F_q at the start of each segment, on the classical device",
    )
