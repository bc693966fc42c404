r"""Dissipation functionals of a spectral density, as Liu et al. plot them.

With the density as eigenvalues and weights of total mass one,
`proxy(t)` $= \sum_i w_i|1 - \eta\lambda_i|^t$ is exactly 1 at t = 0. It is an average over the
spectrum, not a worst case, and weighs no initial state: a description, never a bound. The same sum
over $|1-\eta\lambda| < 1$ is the dissipative contribution, over $> 1$ the divergent one.

Source: derived; Liu et al., arXiv:2303.03428.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qres.errors import InputError


def proxy(eigenvalues: Any, weights: Any, learning_rate: float, t: float) -> float:
    r"""Return $\sum_i w_i|1-\eta\lambda_i|^t$, the weights brought to mass one.

    Args:
        eigenvalues: $\lambda_i$.
        weights: $w_i \ge 0$, None for equal ones.
        learning_rate: $\eta$.
        t: steps.

    Raises:
        InputError: lists of different length, no mass, or a number out of range.
    """
    factors, mass = _density(eigenvalues, weights, learning_rate)
    with np.errstate(over="ignore"):
        return float(mass @ np.power(factors, float(t)))


def contributions(
    eigenvalues: Any, weights: Any, learning_rate: float, t: float
) -> tuple[float, float]:
    r"""Return the dissipative and the divergent part of `proxy`; $|1-\eta\lambda| = 1$ is in neither."""
    factors, mass = _density(eigenvalues, weights, learning_rate)
    with np.errstate(over="ignore"):
        terms = mass * np.power(factors, float(t))
    return float(terms[factors < 1].sum()), float(terms[factors > 1].sum())


def crossing_time(eigenvalues: Any, weights: Any, learning_rate: float) -> float:
    """Return the real t >= 0 where the divergent contribution overtakes the dissipative one.

    0 if it is at least as large at once, infinite if there is none that grows. The dissipative
    contribution falls and the divergent one rises, so they cross once.
    """

    def gap(t: float) -> float:
        shrinking, growing = contributions(eigenvalues, weights, learning_rate, t)
        return growing - shrinking

    if gap(0.0) >= 0:
        return 0.0 if contributions(eigenvalues, weights, learning_rate, 0.0)[1] > 0 else math.inf
    if contributions(eigenvalues, weights, learning_rate, 0.0)[1] == 0:
        return math.inf
    high = 1.0
    while gap(high) < 0:
        high *= 2
    low = high / 2 if high > 1 else 0.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if gap(middle) < 0 else (low, middle)
    return high


def spectral_shares(
    eigenvalues: Any, weights: Any, learning_rate: float, n_steps: int
) -> tuple[float, float, float]:
    r"""Return `dissipative_share`, `neutral_share`, `divergent_share`; they add up to 1.

    Mass with $|1-\eta\lambda| < 1 - 1/T$, within $1/T$ of 1, and above. With the local density at
    the gradient as weights they are the shares of `trajectory_decay`.
    """
    factors, mass = _density(eigenvalues, weights, learning_rate)
    decays, idles, grows = (float(mass[side].sum()) for side in sort_factors(factors, n_steps))
    return decays, idles, grows


def sort_factors(factors: Any, n_steps: int) -> NDArray[np.bool_]:
    r"""Return which $|1-\eta\lambda|$ decay, idle and grow within so many steps, shape (3, m).

    Raises:
        InputError: no step.
    """
    if n_steps < 1:
        raise InputError(f"dissipation: n_steps must be >= 1, found {n_steps}")
    is_low, is_high = factors < 1 - 1 / n_steps, factors > 1 + 1 / n_steps
    return np.stack([is_low, ~is_low & ~is_high, is_high])


def _density(eigenvalues: Any, weights: Any, learning_rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Return |1 - learning_rate lambda| and weights of mass one."""
    values = np.asarray(eigenvalues, dtype=float)
    mass = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    if values.ndim != 1 or values.shape != mass.shape or not values.size:
        raise InputError("dissipation: eigenvalues and weights are lists of the same length")
    if not (np.isfinite(values).all() and (mass >= 0).all() and 0 < mass.sum() < math.inf):
        raise InputError("dissipation: weights must be >= 0 with a mass, eigenvalues finite")
    return np.abs(1 - learning_rate * values), mass / mass.sum()
