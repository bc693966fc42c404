r"""Binomial sums of the lift: the weight of all products of factors, and its derivative."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from qres.notation.named import NamedFunction


class lift_weight(NamedFunction):
    r"""Weight of all ways to put at most $m$ factors of weight $a$ on $N$ positions.

    `lift_weight(truncation_order, map_order, a)`, the normalisation of the lifted map.
    """

    letter = r"\mathcal{A}"
    definition = r"\mathcal{A}(N, m, a) = \sum_{i=0}^{\min(m, N)} \binom{N}{i} a^i"

    @staticmethod
    def scalar(truncation_order: Any, map_order: Any, a: Any) -> Any:
        """Add the terms up."""
        most = min(map_order, truncation_order)
        return sum(math.comb(truncation_order, i) * a**i for i in range(most + 1))

    @staticmethod
    def array(truncation_order: Any, map_order: Any, a: Any) -> np.ndarray:
        """Add the terms up, each point as many as it has."""
        order, most, a = _lift_arguments(truncation_order, map_order, a)
        term = np.ones(a.shape)
        total = term
        for i in range(1, int(most.max(initial=0)) + 1):
            term = term * a * (order - i + 1) / i
            total = total + np.where(i <= most, term, 0.0)
        return total


class lift_slope(NamedFunction):
    r"""Derivative of `lift_weight` in $a$: what an error of one factor becomes in the lifted map."""

    letter = r"\mathcal{A}'"
    definition = r"\mathcal{A}'(N, m, a) = \sum_{i=1}^{\min(m, N)} i \binom{N}{i} a^{i-1}"

    @staticmethod
    def scalar(truncation_order: Any, map_order: Any, a: Any) -> Any:
        """Add the terms up."""
        most = min(map_order, truncation_order)
        return sum(i * math.comb(truncation_order, i) * a ** (i - 1) for i in range(1, most + 1))

    @staticmethod
    def array(truncation_order: Any, map_order: Any, a: Any) -> np.ndarray:
        """Add the terms up, each point as many as it has."""
        order, most, a = _lift_arguments(truncation_order, map_order, a)
        term, total = np.where(most >= 1, order, 0.0), np.where(most >= 1, order, 0.0)
        for i in range(2, int(most.max(initial=0)) + 1):
            term = term * a * (order - i + 1) / (i - 1)
            total = total + np.where(i <= most, term, 0.0)
        return total


def _lift_arguments(truncation_order: Any, map_order: Any, a: Any) -> tuple[np.ndarray, ...]:
    """Return order, most factors and weight as float arrays of one shape."""
    most = np.minimum(map_order, truncation_order)
    order, most, a = np.broadcast_arrays(truncation_order, most, a)
    return order.astype(float), most.astype(float), a.astype(float)
