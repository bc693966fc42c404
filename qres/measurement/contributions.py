r"""What decays and what grows, over the steps: both parts of the proxy, and where they cross.

Of a spectral measure $w$ the proxy is $\sum_i w_i \prod_{s\le t}|1-\eta_s\lambda_i|$; eigenvalues whose
factor over all steps is below one make up the *dissipative* contribution, those above one the
*divergent* one. With one rate the first falls with $t$ and the second rises, so that they cross at most
once; so do means over random starts, and quantiles of such means, which is how the crossing has an
interval. Averages over the spectrum, not bounds.

Source: derived; Liu et al., arXiv:2303.03428.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from qres.measurement.density import Array, Density

HALVINGS = 60
"""Of the search for a crossing."""

FARTHEST = 2.0**40
"""Crossings later than this many steps are none."""


def split_proxy(nodes: Array, weights: Array, rates: Sequence[float]) -> Array:
    """Return the dissipative and the divergent contribution at t = 0..T, shape (2, T + 1).

    Args:
        nodes: eigenvalues.
        weights: their weights, of sum one.
        rates: of the steps.
    """
    factors = np.abs(1 - np.outer(rates, nodes))
    logs = np.log(factors, out=np.full_like(factors, -np.inf), where=factors > 0).sum(axis=0)
    with np.errstate(over="ignore"):
        products = np.vstack([np.ones_like(nodes), factors.cumprod(axis=0)])
        sides = [(weights > 0) & side for side in (logs < 0, logs > 0)]
        return np.stack([products[:, side] @ weights[side] for side in sides])


def describe_contributions(
    density: Density, rates: Sequence[float], *, seed: int
) -> dict[str, list[float | None]]:
    """Return both curves, t = 0..T, and with several starts their bands, as plain facts.

    Args:
        density: all eigenvalues as one start, or what random starts say.
        rates: of the steps.
        seed: of the bootstrap.
    """
    band = density.summarise(lambda nodes, weights: split_proxy(nodes, weights, rates), seed=seed)
    found = {}
    for number, name in enumerate(("dissipative", "divergent")):
        found[name] = _plain(band.value[number])
        if len(density.nodes) > 1:
            found[f"{name}_low"] = _plain(band.low[number])
            found[f"{name}_high"] = _plain(band.high[number])
    return found


def find_crossing(density: Density, rate: float, *, seed: int) -> dict[str, float | None]:
    """Return where the divergent contribution overtakes the other, None where it never does.

    With several starts the ends of the interval are where the band of their difference crosses zero.

    Args:
        density: all eigenvalues as one start, or what random starts say.
        rate: of every step.
        seed: of the bootstrap.
    """

    def gap(time: float) -> tuple[float, float, float]:
        def difference(nodes: Array, weights: Array) -> Array:
            factors = np.abs(1 - rate * nodes[weights > 0])
            weights = weights[weights > 0]
            with np.errstate(over="ignore"):
                terms = weights * factors**time
            return np.array([terms[factors > 1].sum() - terms[factors < 1].sum()])

        band = density.summarise(difference, seed=seed)
        return float(band.low[0]), float(band.value[0]), float(band.high[0])

    found = {"crossing_time": _find_root(lambda time: gap(time)[1])}
    if len(density.nodes) > 1:
        found["crossing_low"] = _find_root(lambda time: gap(time)[2])
        found["crossing_high"] = _find_root(lambda time: gap(time)[0])
    return found


def _find_root(rising: Callable[[float], float]) -> float | None:
    """Return where a rising function of t >= 0 becomes positive; None where it never does.

    Not where it is zero: what decays underflows.
    """
    if rising(0.0) > 0:
        return 0.0
    high = 1.0
    while rising(high) <= 0:
        high *= 2
        if high > FARTHEST:
            return None
    low = high / 2 if high > 1 else 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) <= 0 else (low, middle)
    return high


def _plain(curve: Any) -> list[float | None]:
    """JSON has neither infinity nor NaN."""
    return [float(value) if math.isfinite(value) else None for value in curve]
