r"""What the runs of Lanczos alone say about the entries of the Hessian: no product more.

A random start $q$ of a run is $z / \lVert z\rVert$ with normal $z$, so that
$n\,\mathbb{E}\,q^T H q = \operatorname{tr} H$ and
$n\,\mathbb{E}\,\lVert Hq\rVert^2 = \lVert H\rVert_F^2$: the first two moments of the density, on which
the quadrature of every run is exact. No entry exceeds the spectral norm.

*Squares.* $\mathbb{E}[z^T A z \mid q] = n\,q^T A q$, so that $n\,q^T A q$ is below $z^T A z$ in convex
order, and what bounds the form of normal numbers bounds this one: `probes.bound_square` for $A = H^2$.

*Forms of either sign.* Let $\lambda^+$ be the largest eigenvalue, or 0, and
$X = n\,q^T H q - \operatorname{tr} H$. To $\log\mathbb{E}\,e^{sX}$ each eigenvalue adds at most
$-s\lambda_i - \frac12\log(1 - 2s\lambda_i) \le s^2\lambda_i^2/(1 - 2s\lambda^+)$, for
$0 \le 2s\lambda^+ < 1$. So the mean of k starts exceeds the trace by
$2\lVert H\rVert_F\sqrt{x/k} + 2\lambda^+x/k$ or more with probability at most $e^{-x}$ (Laurent and
Massart), and falls below it by as much with the $\lambda^+$ of $-H$. This holds for every spectrum;
Student's interval of 4 starts misses 18 % at rank one. In place of $\lVert H\rVert_F$ is the upper end of its
own interval, which takes half of what may fail; each side of the trace takes a quarter.

One start alone makes no interval: what the ends of the spectrum allow stands in for it.

Standing: the bound of the trace is proved, given that end, which stands as `probes` says.

Source: derived; Laurent and Massart (2000), Ann. Statist. 28, 1302, lemma 1 (recalled; shown above).
"""

from __future__ import annotations

import math

from qres.measurement.density import Density
from qres.measurement.hessian import Entries
from qres.measurement.probes import CONFIDENCE, bound_square
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
    extremes, off = spectrum.extremes, bound_matrix(spectrum.error, dim)
    first, second = find_moments(spectrum.density, dim)
    count, trace = len(first), math.fsum(first) / len(first)
    norm = math.sqrt(math.fsum(second) / count)
    reach, largest = dim * extremes.norm, math.sqrt(dim) * extremes.norm
    least, most = _bound_norm(norm, count)
    above, below = (
        _find_slack(min(most, largest), end, count) + math.sqrt(dim) * off
        for end in (extremes.largest.high, -extremes.smallest.low)
    )
    start = f"moments of the density of {count} random {'start' if count == 1 else 'starts'}"

    def quantity(value: float, low: float, high: float, law: str) -> Quantity:
        known = (
            f"{CONFIDENCE:.0%} interval, {law}" if count > 1 else "interval: what the ends allow"
        )
        method = f"{start}, {known}{'; widened by rounding' if off else ''}"
        return Quantity(
            value=value, low=low, high=high, kind="measured", source=SOURCE, method=method
        )

    return {
        "trace": quantity(
            trace,
            max(trace - above, -reach),
            min(trace + below, reach),
            "that of any spectrum of this Frobenius norm and these ends",
        ),
        "frobenius_norm": quantity(
            norm,
            max(least - off, min(extremes.least_norm, norm)),
            max(norm, min(most + off, largest)),
            "that of a matrix of rank one, which spreads most",
        ),
    }


def _bound_norm(norm: float, count: int) -> tuple[float, float]:
    """Return the interval of a Frobenius norm from the root of the mean of so many squares."""
    if count == 1:
        return 0.0, math.inf
    low, high = bound_square(norm**2, count, 1)
    return math.sqrt(low), math.sqrt(high)


def _find_slack(frobenius: float, end: float, count: int) -> float:
    """Return by how much the mean exceeds the trace, but for a quarter of what may fail.

    Args:
        frobenius: upper end of the Frobenius norm.
        end: upper end of the largest eigenvalue.
        count: starts in the mean.
    """
    if count == 1:
        return math.inf
    share = math.log(4 / (1 - CONFIDENCE)) / count
    return 2 * frobenius * math.sqrt(share) + 2 * max(end, 0.0) * share
