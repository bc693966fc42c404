r"""Named functions in plain Python, without numpy: slow twins of those that are searched by arrays.

A formula exported to Python carries the twin of each named function it uses; one whose `scalar`
evaluation is plain Python already needs none here. Each has the name and arguments of its original.
"""

from __future__ import annotations

import math
from collections.abc import Callable

BHMT_MISS = 1 - 8 / math.pi**2
"""Chance that one amplitude estimate misses its bound (Brassard et al., Theorem 12, k = 1)."""


def geometric(growth: float, n_steps: int) -> float:
    r"""Return $\sum_{t=0}^{T} g^t$."""
    if growth == 1:
        return float(n_steps + 1)
    if growth == 0:
        return 1.0
    log_growth = math.log(growth)
    return math.expm1((n_steps + 1) * log_growth) / math.expm1(log_growth)


def majority(fail_prob: float) -> int:
    """Return the smallest odd number of estimates whose median misses with at most this chance."""
    repeats = 1
    while _majority_miss(repeats) > fail_prob:
        repeats += 2
    return repeats


def _majority_miss(repeats: int) -> float:
    least = (repeats + 1) // 2
    terms = (
        math.comb(repeats, j) * BHMT_MISS**j * (1 - BHMT_MISS) ** (repeats - j)
        for j in range(least, repeats + 1)
    )
    return math.fsum(terms)


def smallest(cost: Callable[[float], float], low: float, high: float) -> float:
    """Return the minimum of a smooth function between low and high, both above 0."""
    points = 96
    step = math.log(high / low) / (points - 1)
    grid = [low * math.exp(step * i) for i in range(points - 1)] + [high]
    values = [cost(x) for x in grid]
    index = values.index(min(values))
    left = math.log(grid[max(index - 1, 0)])
    right = math.log(grid[min(index + 1, points - 1)])
    golden = (math.sqrt(5) - 1) / 2
    for _ in range(36):
        width = golden * (right - left)
        if cost(math.exp(right - width)) < cost(math.exp(left + width)):
            right = left + width
        else:
            left = right - width
    return min(values[index], cost(math.exp((left + right) / 2)))


def adiabatic_cost(filter_cost: float, constant: float, power: float, epsilon: float) -> float:
    r"""Return $\min_\Delta (\ell + \alpha/\Delta)\,P^{-k}$ over $0 < \Delta \le \sqrt2$."""

    def cost(error: float) -> float:
        success = (1 - error**2 / 2) ** 2 + epsilon**2 * (error**2 - error**4 / 4)
        return (filter_cost + constant / error) * success**-power

    return smallest(cost, 1e-8, math.sqrt(2))


def minimax_terms(kappa: float, epsilon: float) -> int:
    r"""Return the fewest terms of an odd polynomial within epsilon of $1/x$."""
    return max(1, math.ceil(_real_terms(kappa, epsilon)))


def _real_terms(kappa: float, epsilon: float) -> float:
    return math.log((kappa + 1) / epsilon) / (2 * math.atanh(1 / kappa)) if kappa > 1 else 0.0


def minimax_scale(kappa: float, epsilon: float) -> float:
    r"""Return what divides the minimax polynomial, over $\kappa$."""
    if kappa <= 1:
        return 1.0
    n = 1 + _real_terms(kappa, epsilon)
    u = 2 * math.atanh(1 / kappa)
    height = -math.expm1(-2 * u) * kappa / math.cosh(u / 2)

    def negative(part: float) -> float:
        w = part * u
        gap = 2 * u - w
        rest = math.expm1(-w) * math.exp(-gap) * math.expm1((1 - n) * gap)
        above = math.expm1(-gap) * math.expm1(-n * w) + rest
        return -above / (height * math.sqrt(math.sinh(gap / 2) * math.sinh(w / 2)))

    return max(1.0, -smallest(negative, 1e-3, 1.0))


def cks_scale(kappa: float, epsilon: float) -> float:
    r"""Return what divides the polynomial of Childs, Kothari and Somma, over $\kappa$."""
    return max(_cks_bound(1.0, epsilon), _cks_bound(max(kappa, 1.0), epsilon))


def _cks_bound(kappa: float, epsilon: float) -> float:
    b = 1 + kappa**2 * math.log(kappa / epsilon)
    peak = -smallest(lambda t: math.expm1(-t) / math.sqrt(-math.expm1(-t / b)), 1.0, 700.0)
    return (peak + epsilon / 4) / kappa
