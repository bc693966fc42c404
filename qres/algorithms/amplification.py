r"""Amplitude amplification and estimation: rounds, invocations, repetitions.

A *round* is two reflections; $k$ rounds use the amplified circuit or its inverse $2k + 1$ times,
so a success probability of 1 costs one invocation and 1/4 costs three.
"""

from __future__ import annotations

import sympy

from qres.notation.formula import Condition, Formula
from qres.notation.named import majority
from qres.notation.source import BRASSARD_2002, Source, derived
from qres.notation.symbols import symbols

_PROB, _EPS, _FAIL = symbols("success_prob epsilon fail_prob")
_IS_PROBABILITY = Condition(sympy.And(_PROB > 0, _PROB <= 1), "0 < success_prob <= 1")
_ANGLE = sympy.asin(sympy.sqrt(_PROB))
_ROUNDS = sympy.ceiling(sympy.pi / (4 * _ANGLE) - sympy.Rational(1, 2))
LEAST_FAIL = 1e-40
"""Smallest failure probability of a median that is tabulated."""

ROUNDS = Formula(
    name="amplify.exact.rounds",
    meaning="rounds that bring a known success probability to one",
    expression=_ROUNDS,
    inputs=("success_prob",),
    source=Source("Theorem 4, last round rotated to land exactly", BRASSARD_2002),
    kind="proven",
    unit="rounds",
    letter="k",
    conditions=(_IS_PROBABILITY,),
)

INVOCATIONS = Formula(
    name="amplify.exact.invocations",
    meaning="uses of the amplified circuit or its inverse, 2k + 1",
    expression=2 * _ROUNDS + 1,
    inputs=("success_prob",),
    source=Source("Theorem 4", BRASSARD_2002),
    kind="proven",
    unit="invocations",
    letter="2k + 1",
    conditions=(_IS_PROBABILITY,),
)

ESTIMATE_ROUNDS = Formula(
    name="amplify.estimate.rounds",
    meaning="Grover iterations that estimate a probability to absolute error epsilon, once in 8/pi^2",
    expression=sympy.ceiling(
        sympy.pi / (sympy.sqrt(_EPS + _PROB * (1 - _PROB)) - sympy.sqrt(_PROB * (1 - _PROB)))
    ),
    inputs=("success_prob", "epsilon"),
    source=Source("Theorem 12 with k = 1, solved for M", BRASSARD_2002),
    kind="proven",
    unit="rounds",
    letter="M",
    conditions=(_IS_PROBABILITY, Condition(_EPS > 0, "epsilon > 0")),
)

ESTIMATE_REPEATS = Formula(
    name="amplify.estimate.repeats",
    meaning="odd number of estimates whose median fails with at most fail_prob",
    expression=majority(_FAIL),
    inputs=("fail_prob",),
    source=derived("exact binomial tail of the median of independent estimates"),
    kind="proven",
    unit="estimates",
    letter="R",
    conditions=(Condition(sympy.And(_FAIL >= LEAST_FAIL, _FAIL < 1), "1e-40 <= fail_prob < 1"),),
)

FORMULAS = (ROUNDS, INVOCATIONS, ESTIMATE_ROUNDS, ESTIMATE_REPEATS)
