r"""How far gradient descent contracts, from the two ends of the spectrum alone.

With $g = \max_\lambda |1 - \eta\lambda|$ over $[\lambda_{\min}, \lambda_{\max}]$, the
contraction margin is $1 - g$ (negative whenever $\lambda_{\min} < 0$) and the growth sum is
$S_T = \sum_{t=0}^{T} g^t$. The function is convex in $\lambda$, so the ends decide, and because
$I - \eta H$ is symmetric the norm of its $t$-th power is $g^t$.

Both ends have intervals, and any pair $\lambda_{\min} \le \lambda_{\max}$ from them is allowed. Let b be
the highest $\lambda_{\min}$ and t the lowest $\lambda_{\max}$. A convex $f = \max(D, I)$ of $\lambda$, with D
falling, I rising and both $v$ where f is least, is at its largest over the spectrum at least
$\max(D(b), I(t), v)$, and one pair attains that. Where $b \le t$ the pair is b and t themselves, which
every spectrum encloses. Otherwise the intervals cross, and it is a single point between t and b, the one
nearest to where f is least. Of $|\lambda|$ and $|1 - \eta\lambda|$ v is 0, of
$\max_t|1 - \eta_t\lambda|$ it is $(\max\eta - \min\eta)/(\max\eta + \min\eta)$.

With all eigenvalues at hand, shares say where they lie: `dissipative_share` of them contract by
more than $1/T$ a step, `divergent_share` grow by more, `neutral_share` do neither;
`trajectory_decay` is the first one weighted with the square of the gradient's component along each
eigenvector. $\mathrm{proxy}(t)$ is the mean of $|1 - \eta\lambda|^t$.

Where the rate changes from step to step, $g_t$ is that of step t: the margin is $1 - \max_t g_t$, and
$S_T = \sum_t\prod_{s\le t} g_s$, which bounds the sum of the norms of the products and equals it while
$\eta_t(\lambda_{\min} + \lambda_{\max}) \le 2$, one end of the spectrum being the worst at every step.
The proxy takes $\prod_{s\le t}|1 - \eta_s\lambda|$ in place of the power, the shares its T-th root at
T in place of $|1 - \eta\lambda|$.

Source: derived.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qres.measurement.contributions import (
    bound_products,
    describe_contributions,
    find_crossing,
)
from qres.measurement.density import Band, Density
from qres.measurement.functionals import crossing_time, proxy
from qres.measurement.lanczos import EPSILON
from qres.measurement.shares import (
    NAMES,
    describe_band,
    find_local_share,
    find_proxy,
    find_shares,
)
from qres.notation.quantity import Quantity, weakest

METHOD = "from the outer ends of the intervals of lambda_min and lambda_max"


def find_growth(lambda_min: float, lambda_max: float, learning_rate: float) -> float:
    r"""Return $\max |1 - \eta\lambda|$ over the interval of eigenvalues."""
    return max(abs(1 - learning_rate * lambda_min), abs(1 - learning_rate * lambda_max))


def find_growths(lambda_min: Quantity, lambda_max: Quantity, rates: Sequence[float]) -> list[float]:
    r"""Return $\max |1 - \eta_t\lambda|$ for every rate, over the outer ends of both intervals."""
    ends = _find_outer(lambda_min, lambda_max)
    return [find_growth(*ends, rate) for rate in rates]


def find_worst_growth(lambda_min: Quantity, lambda_max: Quantity, learning_rate: float) -> float:
    r"""Return $\max |1 - \eta\lambda|$ over the outer ends of both intervals."""
    return find_growth(*_find_outer(lambda_min, lambda_max), learning_rate)


def bound_growth(
    lambda_min: Quantity, lambda_max: Quantity, rates: Sequence[float]
) -> tuple[float, float]:
    r"""Return the least and the most that $\max_t\max_\lambda |1 - \eta_t\lambda|$ can be.

    Args:
        lambda_min: with its interval.
        lambda_max: with its interval.
        rates: at least one, none negative; the extreme ones decide, $|1 - \eta\lambda|$ is convex in them.
    """
    slow, fast = min(rates), max(rates)
    below, above = _find_inner(lambda_min, lambda_max)
    floor = (fast - slow) / (fast + slow) if fast > slow else 0.0
    least = max(1 - slow * below, 1 - fast * below, fast * above - 1, floor)
    most = max(find_growths(lambda_min, lambda_max, (slow, fast)))
    return min(least, most), most


def sum_growth(growth: float, n_steps: int) -> float:
    r"""Return $\sum_{t=0}^{T} g^t$, infinity where it overflows."""
    excess = growth - 1
    if excess == 0:
        return float(n_steps + 1)
    if growth == 0:
        return 1.0
    try:
        return math.expm1((n_steps + 1) * math.log1p(excess)) / excess
    except OverflowError:
        return math.inf


def sum_products(growths: Sequence[float]) -> float:
    r"""Return $\sum_{t=0}^{T}\prod_{s\le t} g_s$, infinity where it overflows."""
    products = itertools.accumulate(growths, operator.mul, initial=1.0)
    try:
        return math.fsum(products)
    except OverflowError:
        return math.inf


def describe_dissipation(
    lambda_min: Quantity,
    lambda_max: Quantity,
    *,
    learning_rate: float,
    n_steps: int,
    rates: Sequence[float] = (),
) -> dict[str, Quantity]:
    """Return `contraction_margin`, `growth_sum` and `hessian_norm` of a spectrum.

    Each value is the pessimistic one, at the outer ends; the interval is all that the ends allow.
    With `rates`, one for each step, the margin is that of the worst step, and the low end of the sum is
    made of the least that every step can be, which is not attained where the intervals cross.
    """
    ends = (lambda_min, lambda_max)
    least, most = bound_growth(*ends, rates or (learning_rate,))
    kind = weakest((lambda_min.kind, lambda_max.kind))
    source = f"{lambda_min.source}; functional derived here"

    def quantity(value: float, low: float, high: float) -> Quantity:
        return Quantity(value=value, low=low, high=high, kind=kind, source=source, method=METHOD)

    worst, best = sum_growth(most, n_steps), sum_growth(least, n_steps)
    if rates:
        worst = sum_products(find_growths(*ends, rates))
        best = sum_products([bound_growth(*ends, (rate,))[0] for rate in rates])
    below, above = _find_inner(*ends)
    norm = max(map(abs, _find_outer(*ends)))
    return {
        "contraction_margin": quantity(1 - most, 1 - most, 1 - least),
        "growth_sum": quantity(worst, best, worst),
        "hessian_norm": quantity(norm, max(-below, above, 0.0), norm),
    }


def describe_shares(
    dense: NDArray[np.float64],
    gradient: NDArray[np.float64],
    *,
    learning_rate: float,
    n_steps: int,
    rates: Sequence[float] = (),
    error: float = 0.0,
    slope: float = 0.0,
) -> tuple[dict[str, Quantity], dict[str, Any]]:
    r"""Return the shares of spectral mass, and as plain facts the eigenvalues and the curve of the proxy.

    A Hessian that is off by $E$ has eigenvalues that are off by at most $\lVert E\rVert$ (Weyl).

    Args:
        dense: the Hessian, shape (r, r).
        gradient: not zero, shape (r,).
        learning_rate: of the descent.
        n_steps: $T$; the proxy is given at t = 0..T. None stands for infinity, also where the
            divergent contribution never overtakes the dissipative one.
        rates: one for each step; all are `learning_rate` if left out.
        error: norm by which the Hessian may be off by rounding beyond that of double precision.
        slope: by which part of its length the gradient may be off.
    """
    eigenvalues, vectors = np.linalg.eigh(dense)
    near = (vectors.T @ (gradient / np.linalg.norm(gradient))) ** 2
    count, steps = len(eigenvalues), tuple(rates) or (learning_rate,) * n_steps
    norm = float(np.max(np.abs(eigenvalues)))
    noise = error + 8 * EPSILON * math.sqrt(count) * norm
    whole = Density(nodes=(eigenvalues,), weights=(np.full(count, 1 / count),), drift=noise)
    local = Density(nodes=(eigenvalues,), weights=(near / near.sum(),))
    near_band = find_local_share(local, steps, noise=error, norm=norm, slope=slope)
    values = _quote(find_shares(whole, steps), near_band)
    products, _ = bound_products(np.stack([eigenvalues, eigenvalues]), steps)
    found, rate = eigenvalues, learning_rate
    if rates:  # as if one rate, 1, had done it
        eigenvalues, rate = 1 - products[-1] ** (1 / n_steps), 1.0
    curve = [proxy(eigenvalues, None, rate, t) for t in range(1, n_steps + 1)]
    if rates:
        curve = products[1:].mean(axis=1).tolist()
    facts = {
        "gradient_shares": near_band.value.tolist(),
        "eigenvalues": found.tolist(),
        "proxy": [1.0, *map(_finite, curve)],
        "crossing_time": _finite(crossing_time(eigenvalues, None, rate)),
        **describe_contributions(whole, steps),
    }
    if error:
        band, crossing = find_proxy(whole, steps), find_crossing(whole, steps)
        facts |= describe_band(band)
        facts |= {end: crossing[end] for end in ("crossing_low", "crossing_high")}
    return values, facts


def _quote(whole: Band, local: Band) -> dict[str, Quantity]:
    """Return the shares, exact where rounding decides none of them."""

    def quantity(band: Band, number: int, method: str) -> Quantity:
        value, low, high = (float(side[number]) for side in (band.value, band.low, band.high))
        source = "this network; functionals of Liu et al., arXiv:2303.03428"
        if low == value == high:
            return Quantity(value=value, kind="exact", source=source, method=method)
        return Quantity(
            value=value,
            low=min(low, value),
            high=max(high, value),
            kind="measured",
            source=source,
            method=f"{method}; the interval is what rounding leaves open",
        )

    method = "all eigenvalues of the dense Hessian"
    values = {name: quantity(whole, number, method) for number, name in enumerate(NAMES)}
    weighted = "dissipative share, eigenvalues weighted with the gradient"
    return values | {"trajectory_decay": quantity(local, 0, weighted)}


def _finite(value: float) -> float | None:
    """JSON has no infinity."""
    return value if math.isfinite(value) else None


def _find_outer(lambda_min: Quantity, lambda_max: Quantity) -> tuple[float, float]:
    """Return the outer ends of the spectrum."""
    low, high = lambda_min.low, lambda_max.high
    return (
        float(lambda_min) if low is None else float(low),
        float(lambda_max) if high is None else float(high),
    )


def _find_inner(lambda_min: Quantity, lambda_max: Quantity) -> tuple[float, float]:
    """Return the highest lower end and the lowest upper end; where the intervals cross, in this order."""
    first, last = _find_outer(lambda_min, lambda_max)
    below, above = lambda_min.high, lambda_max.low
    return (
        min(last, float(lambda_min) if below is None else float(below)),
        max(first, float(lambda_max) if above is None else float(above)),
    )
