r"""Momentum above degree 1 as a recurrence of plain descent's kind, in the norm in which it shrinks.

In the horizon norm of `kernels` one step of momentum is bounded by $\varphi(x) = \rho x +
c\sum_{k\ne1}\lVert F_k\rVert x^k$, whatever $\rho > 0$: the certificate along the path and the majorant
hold with the path in that norm. The rate is chosen for the smallest certificate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from qres.algorithms.carleman.certificate import LinearPart
from qres.algorithms.carleman.choose import Dynamics, error_curves
from qres.algorithms.carleman.kernels import Kernels, kernels

TRIED_ORDERS = (3, 2)
"""Truncation orders at whose certificate the rate is chosen; a later one where those are infinite."""


@lru_cache(maxsize=512)
def momentum_dynamics(
    lambda_min: float,
    lambda_max: float,
    learning_rate: float,
    momentum: float,
    velocity_scale: float,
    norms: tuple[float, ...],
    updates: tuple[float, ...],
    velocities: tuple[float, ...],
) -> Dynamics:
    r"""Return the recurrence whose certificates bound the truncated lift of momentum.

    Args:
        lambda_min: lower end of the spectrum, weight decay included.
        lambda_max: upper end.
        learning_rate: $\eta$.
        momentum: $\beta$.
        velocity_scale: $\sigma$; 0 bounds the error of u, another that of $(u, \sigma v)$.
        norms: $\lVert F_k\rVert$, k = 0 first; entry 1 is not used.
        updates: $\lVert u_t\rVert$, t = 0..T.
        velocities: $\lVert v_t\rVert$, or upper bounds.

    Returns:
        That of the smallest certificate; its path is infinite where the linear steps grow beyond any
        number, and so is then its certificate.
    """
    found = kernels(
        lambda_min, lambda_max, learning_rate, len(updates) - 1, momentum, velocity_scale
    )
    options = [
        _at_rate(found, rate, learning_rate, (lambda_min, lambda_max), norms, updates, velocities)
        for rate in found.rates()
    ]
    return _least(options)


def _at_rate(
    found: Kernels,
    rate: float,
    learning_rate: float,
    ends: tuple[float, float],
    norms: tuple[float, ...],
    updates: Sequence[float],
    velocities: Sequence[float],
) -> Dynamics:
    """Return the recurrence at one rate."""
    push, update, velocity = found.relative(rate)
    path = np.full(len(updates), math.inf)
    if math.isfinite(max(push, update, velocity)):
        path = update * np.array(updates) + velocity * np.array(velocities)
    linear = LinearPart(
        learning_rate=learning_rate,
        lambda_min=ends[0],
        lambda_max=ends[1],
        block_norm=rate,
        step_scale=push,
    )
    return Dynamics(
        linear=linear, norms_unfolding=norms, norms_injective=norms, path=tuple(path.tolist())
    )


def _least(options: Iterable[Dynamics]) -> Dynamics:
    """Return the recurrence of the smallest certificate."""
    *others, last = options
    # of equals the one of the largest rate
    return min((last, *reversed(others)), key=_rank)


def _rank(item: Dynamics) -> tuple[float, ...]:
    errors = (
        min(float(curve[-1]) for curve in error_curves(item, order, order))
        for order in TRIED_ORDERS
    )
    return (math.inf in item.path, *errors)
