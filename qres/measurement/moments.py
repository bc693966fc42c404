r"""What the runs of Lanczos alone say about the entries of the Hessian: no product more.

A random start $q$ of a run is $z / \lVert z\rVert$ with normal $z$, so that
$n\,\mathbb{E}\,q^T H q = \operatorname{tr} H$ and
$n\,\mathbb{E}\,\lVert Hq\rVert^2 = \lVert H\rVert_F^2$: the first two moments of the density, on which
the quadrature of every run is exact. No entry exceeds the spectral norm.

Source: derived.
"""

from __future__ import annotations

import math

import numpy as np

from qres.measurement.density import Density
from qres.measurement.hessian import Entries
from qres.measurement.probes import CONFIDENCE, find_mean
from qres.measurement.record import SparsityRow
from qres.measurement.rounding import bound_matrix
from qres.measurement.spectrum import Spectrum
from qres.notation.quantity import Quantity

SOURCE = "this network"


def bound_entries(spectrum: Spectrum, dim: int) -> Entries:
    """Return bounds on the entries, and trace and Frobenius norm from the moments of the density.

    Args:
        spectrum: of the Hessian.
        dim: its dimension.
    """
    extremes = spectrum.extremes
    method = "no entry exceeds the spectral norm; entries were not looked at"
    values = {
        "sparsity": Quantity(
            value=dim, kind="proven", bound="upper", source=SOURCE, method="at most the dimension"
        ),
        "max_entry": Quantity(
            value=extremes.norm, kind="measured", bound="upper", source=SOURCE, method=method
        ),
        **_describe_moments(spectrum, dim),
    }
    row = SparsityRow(threshold=0.0, sparsity=dim, max_entry=extremes.norm, dropped_norm=0.0)
    return Entries(values=values, sparsity_rows=(row,), dense=None)


def find_moments(density: Density, dim: int) -> tuple[list[float], list[float]]:
    """Return the samples of trace and squared Frobenius norm, one for each start."""
    pairs = list(zip(density.nodes, density.weights, strict=True))
    first = [dim * float(weights @ nodes) for nodes, weights in pairs]
    return first, [dim * float(weights @ nodes**2) for nodes, weights in pairs]


def _describe_moments(spectrum: Spectrum, dim: int) -> dict[str, Quantity]:
    r"""Return trace and Frobenius norm; what the ends of the spectrum allow bounds both.

    A matrix that is off by $E$ has a trace that is off by at most $\sqrt{n}\lVert E\rVert_F$.
    """
    extremes = spectrum.extremes
    first, second = find_moments(spectrum.density, dim)
    (trace, slack), (square, square_slack) = _find_mean(first), _find_mean(second)
    off = bound_matrix(spectrum.error, dim)
    slack += math.sqrt(dim) * off
    reach, largest = dim * extremes.norm, math.sqrt(dim) * extremes.norm
    floor = max(abs(extremes.largest.low), abs(extremes.smallest.high))
    norm = math.sqrt(square)
    low = max(math.sqrt(max(square - square_slack, 0.0)) - off, min(floor, norm))
    high = max(norm, min(math.sqrt(square + square_slack) + off, largest))
    count = len(first)
    said = f"Student's {CONFIDENCE:.0%} interval" if count > 1 else "interval: what the ends allow"
    method = (
        f"moments of the density of {count} random {'start' if count == 1 else 'starts'}, {said}"
        f"{'; widened by rounding' if off else ''}"
    )

    def quantity(value: float, low: float, high: float) -> Quantity:
        return Quantity(
            value=value, low=low, high=high, kind="measured", source=SOURCE, method=method
        )

    return {
        "trace": quantity(trace, max(trace - slack, -reach), min(trace + slack, reach)),
        "frobenius_norm": quantity(norm, low, high),
    }


def _find_mean(samples: list[float]) -> tuple[float, float]:
    """Return the mean and half of its interval, infinite for a single sample."""
    return find_mean(samples) if len(samples) > 1 else (float(np.mean(samples)), math.inf)
