r"""Named functions that are a minimum over one positive number.

`smallest` finds the minimum of a smooth function over $[\text{low}, \text{high}]$ for a whole array
of parameters at once: logarithmic grid, then golden section around the best point. At a smooth
minimum the value is exact to rounding, since an error of the argument enters squared.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from qres.notation.named import NamedFunction

GOLDEN = (math.sqrt(5) - 1) / 2
POINTS = 96
"""Points of the grid: 0.2 apart over eight decades, where the functions here vary over one."""
STEPS = 36
"""Golden sections: they shrink two cells of the grid by a factor of 3e7."""


def smallest(cost: Callable[[Any], np.ndarray], low: float, high: float) -> np.ndarray:
    r"""Return $\min_{\text{low} \le x \le \text{high}} \text{cost}(x)$, elementwise.

    Args:
        cost: from an array of positive numbers to an array of the shape of the parameters.
        low: smallest argument, above 0.
        high: largest argument.
    """
    grid = np.geomspace(low, high, POINTS)
    best, index = cost(grid[0]), 0
    for position in range(1, POINTS):
        found = cost(grid[position])
        index = np.where(found < best, position, index)
        best = np.minimum(found, best)
    left, right = (np.clip(index + side, 0, POINTS - 1) for side in (-1, 1))
    return np.minimum(best, _golden(cost, np.log(grid[left]), np.log(grid[right])))


def _golden(cost: Callable[[Any], np.ndarray], left: Any, right: Any) -> np.ndarray:
    """Return the cost at the end of a golden-section search over the logarithm."""
    for _ in range(STEPS):
        width = GOLDEN * (right - left)
        is_left = cost(np.exp(right - width)) < cost(np.exp(left + width))
        left, right = np.where(is_left, left, right - width), np.where(is_left, left + width, right)
    return cost(np.exp((left + right) / 2))


def adiabatic_success(error: Any, epsilon: Any) -> Any:
    r"""Return $P = 1 - \delta(1 - \epsilon^2)$ with $\delta = \Delta^2 - \Delta^4/4$.

    Written as $(1 - \Delta^2/2)^2 + \epsilon^2\delta$, which loses no digits near
    $\Delta = \sqrt2$.

    Args:
        error: $\Delta$, error of the adiabatic evolution in norm, in $(0, \sqrt2]$.
        epsilon: what the filter leaves of the unwanted part.
    """
    return (1 - error**2 / 2) ** 2 + epsilon**2 * (error**2 - error**4 / 4)


class adiabatic_cost(NamedFunction):
    r"""Cheapest adiabatic evolution and filter: `adiabatic_cost(filter, constant, power, epsilon)`.

    $\min_\Delta (\ell + \alpha/\Delta)\,P^{-k}$ over $0 < \Delta \le \sqrt2$, in units of the condition
    number: the filter costs $\ell$, the evolution $\alpha/\Delta$, a failure both.
    """

    letter = r"W"
    definition = (
        r"W(\ell, \alpha, k, \epsilon) = \min_{0 < \Delta \le \sqrt2}"
        r" \Bigl(\ell + \frac{\alpha}{\Delta}\Bigr) P^{-k}, \\ &\quad"
        r" P = 1 - \Bigl(\Delta^2 - \frac{\Delta^4}{4}\Bigr)(1 - \epsilon^2)"
    )

    @staticmethod
    def scalar(filter_cost: Any, constant: Any, power: Any, epsilon: Any) -> float:
        """Search as for arrays."""
        values = (np.float64(value) for value in (filter_cost, constant, power, epsilon))
        return float(adiabatic_cost.array(*values))

    @staticmethod
    def array(filter_cost: Any, constant: Any, power: Any, epsilon: Any) -> np.ndarray:
        """Search over eight decades of the error; below them lie constants under 1e-20."""
        arrays = (np.asarray(v, float) for v in (filter_cost, constant, power, epsilon))
        offset, constant, power, epsilon = np.broadcast_arrays(*arrays)

        def cost(error: Any) -> np.ndarray:
            return (offset + constant / error) * adiabatic_success(error, epsilon) ** -power

        with np.errstate(over="ignore"):
            return smallest(cost, 1e-8, math.sqrt(2))
