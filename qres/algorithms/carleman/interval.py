r"""Largest propagators of momentum over an interval of eigenvalues, from finitely many of them.

The t-step propagator at an eigenvalue l is a 2 x 2 matrix whose entries are polynomials in l of
degree at most t. Between two ends it is bounded by its values at the n zeros of a Chebyshev
polynomial: for a polynomial p of degree k < n
$$ \max |p| \le \frac{\max_{\text{zeros}} |p|}{\cos(k\pi/2n)} , $$
and $\lVert M(l)^k\rVert$ is the largest of the polynomials $x^T M(l)^k y$ over unit x and y. Beyond
`WINDOW` steps norms of products are bounded by products of norms.

Source: Ehlich and Zeller, Schwankung von Polynomen zwischen Gitterpunkten, Math. Z. 86 (1964).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from qres.algorithms.carleman.momentum import propagator_norms

WINDOW = 500
"""Steps up to which propagators are bounded one by one."""

DENSITY = 8
"""Nodes for each step: the bound is at most 1/cos(pi/16), 2 % above the largest value there."""


@lru_cache(maxsize=256)
def propagator_bounds(
    lambda_min: float,
    lambda_max: float,
    learning_rate: float,
    n_steps: int,
    momentum: float,
    velocity_scale: float,
) -> np.ndarray:
    r"""Return upper bounds on $\max_l\lVert M(l)^t\rVert$, t = 0..T, over a whole interval of l.

    Args:
        lambda_min: lower end, weight decay included.
        lambda_max: upper end.
        learning_rate: $\eta$.
        n_steps: T.
        momentum: $\beta$.
        velocity_scale: $\sigma > 0$.

    Returns:
        Shape `(T + 1,)`, infinite from the first overflow on.
    """
    near = min(n_steps, WINDOW)
    nodes = chebyshev_nodes(lambda_min, lambda_max, DENSITY * max(near, 1))
    norms = propagator_norms(nodes, learning_rate, near, momentum, velocity_scale)
    norms = norms / np.cos(np.arange(near + 1) * math.pi / (2 * len(nodes)))
    norms[0] = 1.0
    if n_steps <= near:
        return norms
    whole, rest = np.divmod(np.arange(n_steps + 1), near)
    with np.errstate(over="ignore"):
        return np.power(norms[near], whole) * norms[rest]


def chebyshev_nodes(low: float, high: float, count: int) -> np.ndarray:
    """Return the zeros of the Chebyshev polynomial of degree `count` between two ends."""
    angles = (np.arange(count) + 0.5) * math.pi / count
    return (low + high) / 2 + (high - low) / 2 * np.cos(angles)
