r"""Amplitude amplification and estimation: rounds, invocations, repetitions.

A *round* is two reflections; $k$ rounds use the amplified circuit or its inverse $2k + 1$ times,
so a success probability of 1 costs one invocation and 1/4 costs three. That is exact where the
probability is known. Where only a lower bound is known exact rounds may overshoot, and a fixed-point
sequence takes their place: $L = 2k + 1$ invocations and $2k$ reflections with phases, which succeed
but for `fail_prob` at every probability from the bound up.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import sympy

from qres.notation.formula import Condition, Formula
from qres.notation.named import NamedFunction, majority
from qres.notation.source import BRASSARD_2002, Paper, Source, derived
from qres.notation.symbols import symbols

_PROB, _EPS, _FAIL = symbols("success_prob epsilon fail_prob")
_IS_PROBABILITY = Condition(sympy.And(_PROB > 0, _PROB <= 1), "0 < success_prob <= 1")
_ANGLE = sympy.asin(sympy.sqrt(_PROB))
_ROUNDS = sympy.ceiling(sympy.pi / (4 * _ANGLE) - sympy.Rational(1, 2), evaluate=False)
LEAST_FAIL = 1e-40
"""Smallest failure probability of a median that is tabulated."""

YODER_2014 = Paper(
    key="yoder2014",
    authors="Yoder, Low and Chuang",
    title="Fixed-point quantum search with an optimal number of queries",
    year=2014,
    arxiv="1409.3305",
)


class fixed_point(NamedFunction):
    """Odd length of a fixed-point sequence: `fixed_point(success_prob, fail_prob)`."""

    letter = r"\operatorname{fix}"
    definition = (
        r"\operatorname{fix}(P, \delta) = \min\{L \text{ odd}:"
        r" \\ &\quad L \operatorname{artanh}\sqrt{P} \ge \operatorname{arcosh}(1/\sqrt{\delta})\}"
    )

    @staticmethod
    def scalar(success_prob: Any, fail_prob: Any) -> int:
        """Compute it; 1 where success is certain."""
        if success_prob >= 1:
            return 1
        length = math.acosh(1 / math.sqrt(fail_prob)) / math.atanh(math.sqrt(success_prob))
        return 2 * math.ceil((length - 1) / 2) + 1

    @staticmethod
    def array(success_prob: Any, fail_prob: Any) -> np.ndarray:
        """Compute it at each point."""
        with np.errstate(divide="ignore"):
            slope = np.arctanh(np.sqrt(np.minimum(np.asarray(success_prob, float), 1.0)))
        length = np.arccosh(1 / np.sqrt(np.asarray(fail_prob, float))) / slope
        return 2 * np.ceil((length - 1) / 2) + 1.0


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

FIXED_POINT = Formula(
    name="amplify.fixed-point.invocations",
    meaning="runs of a sequence that fails with at most fail_prob from success_prob upwards, odd",
    expression=fixed_point(_PROB, _FAIL),
    inputs=("success_prob", "fail_prob"),
    source=Source("width 1 - T_{1/L}(1/delta)^-2, solved for L", YODER_2014, "recalled"),
    kind="proven",
    unit="invocations",
    letter="L",
    conditions=(
        _IS_PROBABILITY,
        Condition(sympy.And(_FAIL > 0, _FAIL < 1), "0 < fail_prob < 1"),
    ),
)

ESTIMATE_ROUNDS = Formula(
    name="amplify.estimate.rounds",
    meaning="Grover iterations that estimate a probability to absolute error epsilon, once in 8/pi^2",
    expression=sympy.ceiling(
        # pi over a difference of the two roots, without its cancellation
        sympy.pi
        * (sympy.sqrt(_EPS + _PROB * (1 - _PROB)) + sympy.sqrt(_PROB * (1 - _PROB)))
        / _EPS,
        evaluate=False,
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

FORMULAS = (ROUNDS, INVOCATIONS, FIXED_POINT, ESTIMATE_ROUNDS, ESTIMATE_REPEATS)
