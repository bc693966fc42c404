r"""How much of the spectrum decays, idles and grows, from a density that was sampled.

The functionals are those of `functionals`, of which `dissipation` computes the exact values where all
eigenvalues are at hand; each is a mean over the starts, with a bootstrap interval. An average over
the spectrum is a description, not a bound: what holds in the worst case are the ends.

Source: derived; Liu et al., arXiv:2303.03428.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qres.measurement.contributions import describe_contributions, find_crossing
from qres.measurement.density import Array, Band, Density
from qres.measurement.functionals import spectral_shares
from qres.measurement.probes import CONFIDENCE
from qres.measurement.spectrum import Spectrum
from qres.notation.quantity import Quantity

SOURCE = "this network; functionals of Liu et al., arXiv:2303.03428"
NAMES = ("dissipative_share", "neutral_share", "divergent_share")


def describe_density(
    spectrum: Spectrum,
    *,
    learning_rate: float,
    n_steps: int,
    rates: Sequence[float] = (),
    seed: int,
) -> tuple[dict[str, Quantity], dict[str, Any]]:
    """Return the shares of spectral mass, and as plain facts the density and the curve of the proxy.

    Args:
        spectrum: with a local density at the gradient.
        learning_rate: of the descent.
        n_steps: $T$; the proxy is given at t = 0..T.
        rates: one for each step; all are `learning_rate` if left out.
        seed: of the bootstrap.
    """
    steps = tuple(rates) or (learning_rate,) * n_steps
    density = spectrum.density

    def shares(nodes: Array, weights: Array) -> Array:
        return np.array(spectral_shares(_effective(nodes, steps), weights, 1.0, n_steps))

    def curve(nodes: Array, weights: Array) -> Array:
        factors = np.abs(1 - np.outer(steps, nodes)).cumprod(axis=0)
        return np.concatenate([[1.0], factors @ weights])

    band = density.summarise(shares, seed=seed)
    values = {
        name: _quantity(band, number, len(density.nodes)) for number, name in enumerate(NAMES)
    }
    facts = _describe_curve(density.summarise(curve, seed=seed))
    facts |= describe_contributions(density, steps, seed=seed)
    if rates:  # as if one rate, 1, had done it
        density = replace(density, nodes=tuple(_effective(part, steps) for part in density.nodes))
        facts |= find_crossing(density, 1.0, seed=seed)
    else:
        facts |= find_crossing(density, learning_rate, seed=seed)
    facts["density"] = {
        "nodes": [list(part) for part in spectrum.density.nodes],
        "weights": [list(part) for part in spectrum.density.weights],
    }
    return values | _describe_local(spectrum.local, steps, facts), facts


def _effective(nodes: Array, steps: Sequence[float]) -> Array:
    """Return the eigenvalues that one rate of 1 would bring as far as all steps do."""
    factors = np.abs(1 - np.outer(steps, nodes)).prod(axis=0)
    return 1 - factors ** (1 / len(steps))


def _quantity(band: Band, number: int, n_starts: int) -> Quantity:
    """Return one share with its interval."""
    low, high = float(band.low[number]), float(band.high[number])
    method = f"spectral density of {n_starts} random starts, "
    method += f"bootstrap {CONFIDENCE:.0%} interval" if n_starts > 1 else "no interval from one"
    return Quantity(
        value=float(band.value[number]),
        low=low if math.isfinite(low) else 0.0,
        high=high if math.isfinite(high) else 1.0,
        kind="measured",
        source=SOURCE,
        method=method,
    )


def _describe_curve(band: Band) -> dict[str, Any]:
    """Return the proxy over the steps with its band."""
    return {
        "proxy": list(map(_finite, band.value)),
        "proxy_low": list(map(_finite, band.low)),
        "proxy_high": list(map(_finite, band.high)),
    }


def _describe_local(
    local: Density | None, steps: Sequence[float], facts: dict[str, Any]
) -> dict[str, Quantity]:
    """Return the dissipative share at the gradient, and add all three to the facts."""
    if local is None:
        return {}
    nodes, weights = local.merge()
    near = spectral_shares(_effective(nodes, steps), weights, 1.0, len(steps))
    facts["gradient_shares"] = list(near)
    method = "dissipative share of the local density at the gradient, one Lanczos run from there"
    return {
        "trajectory_decay": Quantity(value=near[0], kind="measured", source=SOURCE, method=method)
    }


def _finite(value: float) -> float | None:
    """JSON has neither infinity nor NaN."""
    return float(value) if math.isfinite(value) else None
