r"""What decays and what grows, over the steps: both parts of the proxy, and where they cross.

Of a spectral measure $w$ the proxy is $\sum_i w_i \prod_{s\le t}|1-\eta_s\lambda_i|$; eigenvalues whose
factor over all steps is below one make up the *dissipative* contribution, those above one the
*divergent* one. With one rate the first falls with $t$ and the second rises, so that they cross at most
once. Averages over the spectrum, not bounds.

Most eigenvalues of a network lie near zero, on one side or the other, and a node there stands for all of
them: to which contribution they belong is decided by less than a few Lanczos steps resolve, or than
rounding leaves. So the interval of a contribution counts every node whose mass may lie on either side
(`Density.reach`) as out of it at the low end and as in it, where it is largest, at the high end; how much
that is is told as `undecided`, what lies within rounding of zero as `within_noise`. The crossing has an
interval by the same rule.

Source: derived; Liu et al., arXiv:2303.03428.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qres.measurement.density import Array, Band, Density

HALVINGS = 60
"""Of the search for a crossing."""

FARTHEST = 2.0**40
"""Crossings later than this many steps are none."""


@dataclass(frozen=True)
class Factors:
    r"""What the steps make of the mass of every node of one start.

    Args:
        least: of $\prod_{s\le t}|1-\eta_s\lambda|$ within rounding of the node, t = 0..T, shape (T + 1, m).
        most: the same, shape (T + 1, m).
        smallest: the least wherever the mass may lie, shape (T + 1, m).
        largest: the most there, shape (T + 1, m).
        is_sure: whether all of the mass shrinks, and whether it grows, shape (2, m).
    """

    least: Array
    most: Array
    smallest: Array
    largest: Array
    is_sure: NDArray[np.bool_]

    @property
    def is_open(self) -> NDArray[np.bool_]:
        """Whether the mass may lie on either side, shape (m,)."""
        return np.logical_not(np.logical_or(*self.is_sure))

    @classmethod
    def find(cls, density: Density, nodes: Array, rates: Sequence[float]) -> Factors:
        """Return the factors of the nodes of one start, ascending.

        Args:
            density: knows how far their mass reaches.
            nodes: of one of its starts.
            rates: of the steps.
        """
        wide = density.reach(nodes)
        near = np.stack([nodes - density.drift, nodes + density.drift])
        smallest, largest = bound_products(wide, rates)
        least, most = bound_products(near, rates)
        is_sure = np.stack([largest[-1] < 1, smallest[-1] > 1])
        return cls(least, most, smallest, largest, is_sure)


def bound_products(places: Array, rates: Sequence[float]) -> tuple[Array, Array]:
    r"""Return what $\prod_{s\le t}|1-\eta_s\lambda|$ is at least and at most, t = 0..T, (T + 1, m) each.

    Exact for one rate; else the product of the bounds of the single factors.

    Args:
        places: between which the eigenvalues lie, shape (2, m).
        rates: of the steps.
    """
    one, other = (1 - np.outer(rates, side) for side in places)
    first, last = np.abs(one), np.abs(other)
    least = np.where(one * other <= 0, 0.0, np.minimum(first, last))
    with np.errstate(over="ignore"):
        found = [side.cumprod(axis=0) for side in (least, np.maximum(first, last))]
    start = np.ones((1, places.shape[1]))
    return np.concatenate([start, found[0]]), np.concatenate([start, found[1]])


def split_proxy(nodes: Array, rates: Sequence[float]) -> Array:
    """Return what unit mass at each node gives to both contributions, t = 0..T, shape (2, T + 1, m).

    Args:
        nodes: eigenvalues.
        rates: of the steps.
    """
    products, _ = bound_products(np.stack([nodes, nodes]), rates)
    factors = np.abs(1 - np.outer(rates, nodes))
    logs = np.log(factors, out=np.full_like(factors, -np.inf), where=factors > 0).sum(axis=0)
    return np.stack([np.where(side, products, 0.0) for side in (logs < 0, logs > 0)])


def describe_contributions(density: Density, rates: Sequence[float]) -> dict[str, Any]:
    """Return both curves, t = 0..T, their intervals, and what decides little, as plain facts.

    Args:
        density: all eigenvalues as one start, or what random starts say.
        rates: of the steps.
    """
    cap = 1.0 if min(rates) == max(rates) else math.inf  # of what shrinks, on its way

    def low(nodes: Array) -> Array:
        factors = Factors.find(density, nodes, rates)
        return np.stack([np.where(side, factors.least, 0.0) for side in factors.is_sure])

    def high(nodes: Array) -> Array:
        factors = Factors.find(density, nodes, rates)
        rest = np.stack([np.minimum(factors.largest, cap), factors.largest])
        sides = [np.where(side, factors.most, 0.0) for side in factors.is_sure]
        return np.stack(sides) + np.where(factors.is_open, rest, 0.0)

    band = density.summarise(
        lambda nodes: split_proxy(nodes, rates), ends=(low, high), within=(0, np.inf)
    )
    found: dict[str, Any] = {} if min(rates) == max(rates) else {"rates": list(rates)}
    for number, name in enumerate(("dissipative", "divergent")):
        for end, curves in (("", band.value), ("_low", band.low), ("_high", band.high)):
            found[name + end] = _plain(curves[number])
    is_open = lambda nodes: Factors.find(density, nodes, rates).is_open  # noqa: E731
    return found | {
        "undecided": density.find_mass(is_open),
        "noise": density.drift,
        "within_noise": density.find_mass(lambda nodes: np.abs(nodes) <= density.drift),
    }


def find_certain(density: Density, rates: Sequence[float]) -> Band:
    """Return what certainly shrinks, what certainly grows, and the undecided, shape (3, T + 1).

    What the first two would be without the limits of this measurement is larger by some of the third.
    The interval of the undecided lets its mass lie wherever it reaches.

    Args:
        density: all eigenvalues as one start, or what random starts say.
        rates: of the steps.
    """

    def split(nodes: Array, side: str) -> Array:
        factors = Factors.find(density, nodes, rates)
        is_in = np.stack([*factors.is_sure, factors.is_open])
        found = {
            "value": [bound_products(np.stack([nodes, nodes]), rates)[0]] * 3,
            "low": [factors.least, factors.least, factors.smallest],
            "high": [factors.most, factors.most, factors.largest],
        }[side]
        return np.where(is_in[:, None], np.stack(found), 0.0)

    value, low, high = (partial(split, side=side) for side in ("value", "low", "high"))
    return density.summarise(value, ends=(low, high), within=(0.0, np.inf))


def find_crossing(density: Density, rates: Sequence[float]) -> dict[str, float | None]:
    """Return where the divergent contribution overtakes the other, None where it never does.

    With several rates the factor of a step is taken as the mean one, in logarithms. The ends are where
    the interval of the difference of both contributions crosses zero.

    Args:
        density: all eigenvalues as one start, or what random starts say.
        rates: of the steps.
    """
    steps = rates[:1] if min(rates) == max(rates) else rates

    def gap(time: float) -> Band:
        """Return the divergent less the dissipative contribution after so many steps."""
        power = time / len(steps)

        def value(nodes: Array) -> Array:
            shrinks, grows = split_proxy(nodes, steps)[:, -1]
            return _raise(grows, power) - _raise(shrinks, power)

        def low(nodes: Array) -> Array:
            factors = Factors.find(density, nodes, steps)
            least, most = (_raise(part[-1], power) for part in (factors.least, factors.most))
            shrinks, grows = factors.is_sure
            return np.where(grows, least, 0.0) - np.where(shrinks, most, 0.0) - factors.is_open

        def high(nodes: Array) -> Array:
            factors = Factors.find(density, nodes, steps)
            parts = (factors.least, factors.most, factors.largest)
            least, most, largest = (_raise(part[-1], power) for part in parts)
            shrinks, grows = factors.is_sure
            sure = np.where(grows, most, 0.0) - np.where(shrinks, least, 0.0)
            return sure + np.where(factors.is_open, largest, 0.0)

        return density.summarise(value, ends=(low, high))

    return {
        "crossing_time": _find_root(lambda time: float(gap(time).value)),
        "crossing_low": _find_root(lambda time: float(gap(time).high)),
        "crossing_high": _find_root(lambda time: float(gap(time).low)),
    }


def _raise(factors: Array, power: float) -> Array:
    """Return a power; where the factor is zero there is none of it at any time."""
    with np.errstate(over="ignore"):
        return np.where(factors > 0, np.power(factors, power), 0.0)


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
