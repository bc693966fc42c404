r"""How much of the spectrum decays, idles and grows, from a density that was sampled.

The functionals are those of `functionals`, of which `dissipation` computes the exact values where all
eigenvalues are at hand; each is a mean over the starts. Its interval (`Density.summarise`) is that of a
random direction, of one start too, and counts the mass that Lanczos places on neither side of a
threshold as out of the share at the low end and as in it at the high end. An average over the
spectrum is a description, not a bound: what holds in the worst case are the ends.

The local density at the gradient comes from one run that starts there: nothing is random, and its
interval is the part of the mass that is certain, and that is possible.

Source: derived; Liu et al., arXiv:2303.03428.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qres.measurement.contributions import (
    bound_products,
    describe_contributions,
    find_crossing,
)
from qres.measurement.density import Array, Band, Density
from qres.measurement.functionals import sort_factors
from qres.measurement.probes import CONFIDENCE
from qres.notation.quantity import Quantity

if TYPE_CHECKING:
    from qres.measurement.spectrum import Spectrum

SOURCE = "this network; functionals of Liu et al., arXiv:2303.03428"
Sides = NDArray[np.bool_]
NAMES = ("dissipative_share", "neutral_share", "divergent_share")


def describe_density(
    spectrum: Spectrum,
    *,
    learning_rate: float,
    n_steps: int,
    rates: Sequence[float] = (),
    slope: float = 0.0,
) -> tuple[dict[str, Quantity], dict[str, Any]]:
    """Return the shares of spectral mass, and as plain facts the density and the curve of the proxy.

    Args:
        spectrum: with a local density at the gradient.
        learning_rate: of the descent.
        n_steps: $T$; the proxy is given at t = 0..T.
        rates: one for each step; all are `learning_rate` if left out.
        slope: by which part of its length the gradient may be off by rounding.
    """
    steps = tuple(rates) or (learning_rate,) * n_steps
    density = spectrum.density
    band = find_shares(density, steps)
    values = {
        name: _quantity(band, number, len(density.nodes)) for number, name in enumerate(NAMES)
    }
    proxy = find_proxy(density, steps)
    facts = {"proxy": list(map(_finite, proxy.value)), **describe_band(proxy)}
    facts |= describe_contributions(density, steps) | find_crossing(density, steps)
    facts["density"] = {
        "nodes": [list(part) for part in density.nodes],
        "weights": [list(part) for part in density.weights],
    }
    return values | _describe_local(spectrum, steps, slope, facts), facts


def find_shares(density: Density, steps: Sequence[float]) -> Band:
    """Return the dissipative, neutral and divergent share with their intervals, shape (3,).

    Args:
        density: of random starts, or local.
        steps: rate of every step.
    """
    n_steps = len(steps)

    def value(nodes: Array) -> Sides:
        return sort_factors(1 - _effective(nodes, steps), n_steps)

    def reach(nodes: Array) -> tuple[Sides, Sides]:
        """Return where the least and the largest factor would be sorted, shape (3, m) each."""
        least, most = bound_products(density.reach(nodes), steps)
        both = (side[-1] ** (1 / n_steps) for side in (least, most))
        first, last = (sort_factors(side, n_steps) for side in both)
        return first, last

    def low(nodes: Array) -> Sides:
        first, last = reach(nodes)
        return first & last

    def high(nodes: Array) -> Sides:
        first, last = reach(nodes)
        # all sides between those of both ends
        return np.cumsum(first, axis=0) - np.cumsum(last, axis=0) + last > 0

    return density.summarise(value, ends=(low, high), within=(0.0, 1.0))


def find_local_share(
    local: Density, steps: Sequence[float], *, noise: float, norm: float, slope: float
) -> Band:
    r"""Return the shares of a density that is not random, with what rounding leaves open.

    Of a Hessian that is off by $E$ the part of a unit vector in the eigenspaces further than $z$ from a
    threshold is off by at most $2\lVert E\rVert/z$ (Davis and Kahan); $z$ is
    $\sqrt{\lVert E\rVert\lVert H\rVert}$ here, so that this part is as small as the other.

    Args:
        local: at the gradient.
        steps: rate of every step.
        noise: $\lVert E\rVert$, 0 in double precision.
        norm: $\lVert H\rVert$.
        slope: by which part of its length the gradient may be off.
    """
    if not noise:
        return find_shares(local, steps)
    band = find_shares(replace(local, drift=math.sqrt(noise * norm)), steps)
    slack = 2 * (math.sqrt(noise / norm) + slope)
    return Band(band.value, np.maximum(band.low - slack, 0.0), np.minimum(band.high + slack, 1.0))


def find_proxy(density: Density, steps: Sequence[float]) -> Band:
    """Return the proxy at t = 0..T with its interval; 1 at the start, whatever the spectrum.

    Args:
        density: of random starts.
        steps: rate of every step.
    """

    def near(side: int, drift: float, nodes: Array) -> Array:
        return bound_products(np.stack([nodes - drift, nodes + drift]), steps)[side]

    ends = (partial(near, 0, density.drift), partial(near, 1, density.drift))
    band = density.summarise(partial(near, 0, 0.0), ends=ends, within=(0.0, np.inf))
    for curve in (band.value, band.low, band.high):
        curve[0] = 1.0  # weights add up to one but for rounding
    return band


def _effective(nodes: Array, steps: Sequence[float]) -> Array:
    """Return the eigenvalues that one rate of 1 would bring as far as all steps do."""
    factors = np.abs(1 - np.outer(steps, nodes)).prod(axis=0)
    return 1 - factors ** (1 / len(steps))


def _quantity(band: Band, number: int, n_starts: int) -> Quantity:
    """Return one share with its interval."""
    starts = "start" if n_starts == 1 else "starts"
    return Quantity(
        value=float(band.value[number]),
        low=float(band.low[number]),
        high=float(band.high[number]),
        kind="measured",
        source=SOURCE,
        method=f"spectral density of {n_starts} random {starts}; {CONFIDENCE:.0%} interval from the "
        "law of a random direction, and what Lanczos places on neither side of a threshold",
    )


def describe_band(band: Band) -> dict[str, Any]:
    """Return both ends of the proxy over the steps."""
    return {
        "proxy_low": list(map(_finite, band.low)),
        "proxy_high": list(map(_finite, band.high)),
    }


def _describe_local(
    spectrum: Spectrum, steps: Sequence[float], slope: float, facts: dict[str, Any]
) -> dict[str, Quantity]:
    """Return the dissipative share at the gradient, and add all three to the facts."""
    if spectrum.local is None:
        return {}
    band = find_local_share(
        spectrum.local,
        steps,
        noise=spectrum.local.drift if spectrum.error else 0.0,
        norm=spectrum.extremes.norm,
        slope=slope,
    )
    facts["gradient_shares"] = band.value.tolist()
    method = (
        "dissipative share of the local density at the gradient, one Lanczos run from there; the "
        "interval is what that run leaves open"
    )
    decay = Quantity(
        value=float(band.value[0]),
        low=float(band.low[0]),
        high=float(band.high[0]),
        kind="measured",
        source=SOURCE,
        method=method,
    )
    return {"trajectory_decay": decay}


def _finite(value: float) -> float | None:
    """JSON has neither infinity nor NaN."""
    return float(value) if math.isfinite(value) else None
