r"""Lifts whose steps differ: a learning rate $\eta_t$ of its own for every step.

Everything is as for one step repeated, with $\hat m_t$, $\rho_t$ and $\varphi_t$ in place of one:
$$ e(t+1) = \hat m_{t,:,1:}\,e(t) + \rho_t(x_t),\qquad
   \lVert L^{-1}\rVert \le \sum_{d=0}^{T+p} \max_b \Bigl\lVert
   \prod_{t=b+1}^{\min(b+d,\,T)} \hat m_t \Bigr\rVert , $$
since block (b + d, b) of $L^{-1}$ is the product of the true steps between. A step depends on its
rate through $\eta^s$ and the kept part of $j - s$ linear factors alone, so all steps are one array.
The majorant $E_N$ is the same recurrence along its own path $x_{t+1} = \varphi_t(x_t)$, as the scalar
lift of $\varphi_t$ is $\hat m_t$ of the exact map with injective norms.

**Degree 1.** $\hat m_t = g_t$, and products of $g_t$ bound $\max_\lambda\prod|1-\eta_t\lambda|$, with
equality where one end of the spectrum is the worst for every rate:
$|1-\eta\lambda_{\min}| \ge |1-\eta\lambda_{\max}|$ exactly if $\eta(\lambda_{\min}+\lambda_{\max}) \le 2$.

**Windows.** Entries are non-negative, so a norm grows with every entry: where the steps fall entry by
entry, the first window of each length is the largest, where they rise the last one. Else all windows
are looked at, up to `ALL_WINDOWS` steps. For more, those that start within B steps are bounded
together: with the entrywise largest of $\hat m_t, \dots, \hat m_{t+B-1}$ in place of $\hat m_t$ the first
of them is nowhere smaller than any.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from qres.algorithms.carleman.certificate import check_path
from qres.algorithms.carleman.describe import Lift, assemble, rescale
from qres.algorithms.carleman.history import spectral_norms, window_maxima
from qres.algorithms.carleman.recurrence import power_coefficients

ALL_WINDOWS = {True: 4000, False: 150}
"""Steps up to which every window is looked at: of numbers, and of matrices."""

STARTS = 64
"""Groups of windows, by their start, for more steps."""


@dataclass(frozen=True, eq=False)
class Steps:
    r"""Bounds on every step of a lift.

    Args:
        m_hat: $\hat m_t$, shape `(T, N, N + 1)`, column 0 is forcing.
        residual: coefficients of $\rho_{t,j}(x)$, shape `(T, N, K + 1)`.
        growths: $g_t$.
    """

    m_hat: np.ndarray
    residual: np.ndarray
    growths: np.ndarray

    def certify(self, x: np.ndarray) -> np.ndarray:
        """Return $e_j(t)$ along a path, shape `(T + 1, N)`, infinite from the first overflow on."""
        steps, order = self.m_hat.shape[:2]
        found = np.zeros((steps + 1, order))
        if not self.residual.any():
            return found
        with np.errstate(over="ignore", invalid="ignore"):
            powers = np.vander(x[:-1], self.residual.shape[2], increasing=True)
            sources = np.einsum("tjk,tk->tj", self.residual, powers)
            for t in range(steps):
                found[t + 1] = self.m_hat[t, :, 1:] @ found[t] + sources[t]
                if not np.isfinite(found[t + 1]).all():
                    found[t + 1 :] = math.inf
                    break
        return found

    @cached_property
    def windows(self) -> tuple[np.ndarray, np.ndarray]:
        """By length, the largest norm of a product of consecutive steps, and that of the last."""
        return window_norms(self.m_hat[:, :, 1:])

    def inverse(self, padding: int) -> float:
        r"""Return the bound on $\lVert L^{-1}\rVert$, infinite on overflow."""
        anywhere, last = self.windows
        terms = window_maxima(last, padding)
        terms[: len(anywhere)] = np.maximum(terms[: len(anywhere)], anywhere)
        with np.errstate(over="ignore"):
            return float(terms.sum())


def window_norms(steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Return norms of products of k = 0..T consecutive steps: the largest, and those of the last k.

    Args:
        steps: non-negative, shape `(T, N, N)`. Beyond `ALL_WINDOWS` the first are upper bounds.
    """
    last = _norms_of(_from_the_end(steps))
    change = np.diff(steps, axis=0)
    if (change >= 0).all():
        return last, last
    if (change <= 0).all():
        return _norms_of(_from_the_start(steps)), last
    is_short = len(steps) <= ALL_WINDOWS[steps.shape[1] == 1]
    return _grouped_windows(steps, 1 if is_short else -(-len(steps) // STARTS)), last


def _from_the_start(steps: np.ndarray) -> np.ndarray:
    return _products(steps, after=True)


def _from_the_end(steps: np.ndarray) -> np.ndarray:
    return _products(steps[::-1], after=False)


def _products(steps: np.ndarray, *, after: bool) -> np.ndarray:
    """Return the products of the first k, the next factor on the left (`after`) or on the right."""
    one = np.eye(steps.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        if steps.shape[1] == 1:
            return np.concatenate([one[None], steps.cumprod(axis=0)])

        def join(product: np.ndarray, step: np.ndarray) -> np.ndarray:
            return step @ product if after else product @ step

        return np.array(list(itertools.accumulate(steps, join, initial=one)))


def _norms_of(products: np.ndarray) -> np.ndarray:
    if products.shape[1] == 1:
        flat = products[:, 0, 0]
        return np.where(np.isfinite(flat), flat, math.inf)
    return spectral_norms(products)


def _grouped_windows(steps: np.ndarray, stride: int) -> np.ndarray:
    """Return bounds on the windows of each length from those that start at multiples of the stride."""
    count, ahead = len(steps), _largest_ahead(steps, stride)
    starts, found = np.arange(0, count, stride), [1.0]
    if steps.shape[1] == 1:
        return _scalar_windows(ahead[:, 0, 0], starts)
    products = np.broadcast_to(np.eye(steps.shape[1]), (len(starts), *steps.shape[1:]))
    with np.errstate(over="ignore", invalid="ignore"):
        for width in range(1, count + 1):
            starts = starts[starts + width <= count]
            products = ahead[starts + width - 1] @ products[: len(starts)]
            found.append(float(_norms_of(products).max()))
    return np.array(found)


def _largest_ahead(steps: np.ndarray, stride: int) -> np.ndarray:
    """Return the entrywise largest of every step and the stride - 1 after it, by doubling."""
    ahead, width = steps.copy(), 1
    while width < min(stride, len(steps)):
        more = min(width, stride - width, len(steps) - width)
        ahead[:-more] = np.maximum(ahead[:-more], ahead[more:].copy())
        width += more
    return ahead


def _scalar_windows(ahead: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the same of numbers, all lengths from one start at a time."""
    found = np.zeros(len(ahead) + 1)
    found[0] = 1.0
    for start in starts:
        with np.errstate(over="ignore", invalid="ignore"):
            products = ahead[start:].cumprod()
        products[np.isnan(products)] = math.inf
        np.maximum(found[1 : len(products) + 1], products, out=found[1 : len(products) + 1])
    return found


@lru_cache(maxsize=64)
def bound_steps(
    rates: tuple[float, ...],
    lambda_min: float,
    lambda_max: float,
    norms: tuple[float, ...],
    truncation_order: int,
    map_order: int,
    norms_injective: tuple[float, ...],
) -> Steps:
    r"""Return the bounds on every step of plain descent, `certificate.bound_step` for all rates.

    Args:
        rates: $\eta_t$, t = 1..T.
        lambda_min: smallest eigenvalue, outer end.
        lambda_max: largest eigenvalue, outer end.
        norms: $f_k \ge \gamma^{k-1}\lVert F_k\rVert$ in the unfolding norm, k = 0 first; entry 1 not
            used.
        truncation_order: N.
        map_order: m.
        norms_injective: the same in the injective norm.
    """
    eta, order = np.array(rates), truncation_order
    wide, narrow = (power_coefficients(_without_linear(f), order) for f in (norms, norms_injective))
    m_hat = np.zeros((len(eta), order, max(order + 1, wide.shape[1])))
    residual = np.zeros((len(eta), order, max(order + 1, narrow.shape[1])))
    for j in range(1, order + 1):
        for s in range(j + 1):
            kept, dropped = _split(eta, lambda_min, lambda_max, j - s, map_order - s)
            weight = math.comb(j, s) * eta**s
            for k, (outer, inner) in enumerate(zip(wide[s], narrow[s], strict=True)):
                place = k + j - s
                if outer:
                    m_hat[:, j - 1, place] += weight * kept * outer
                if inner:
                    left = dropped + kept if place > order else dropped
                    residual[:, j - 1, place] += weight * left * inner
    growths = np.maximum(abs(1 - eta * lambda_min), abs(1 - eta * lambda_max))
    return Steps(m_hat[:, :, : order + 1], residual, growths)


def _without_linear(norms: Sequence[float]) -> np.ndarray:
    found = np.pad(np.array(norms, dtype=float), (0, max(0, 2 - len(norms))))
    found[1] = 0.0
    return found


def _split(
    eta: np.ndarray, lambda_min: float, lambda_max: float, j: int, i: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return `certificate.linear_block` for every rate."""
    kept, dropped = np.zeros(len(eta)), np.zeros(len(eta))
    for a in range(j + 1):
        row = np.ones(1)
        for end in [lambda_min] * a + [lambda_max] * (j - a):
            row = np.convolve(row, [1.0, -end])
        terms = row * eta[:, None] ** np.arange(j + 1)
        cut = max(0, min(i, j) + 1)
        kept = np.maximum(kept, abs(terms[:, :cut].sum(axis=1)))
        dropped = np.maximum(dropped, abs(terms[:, cut:].sum(axis=1)))
    return kept, dropped


def error_curves_of(
    rates: tuple[float, ...],
    ends: tuple[float, float],
    norms_unfolding: tuple[float, ...],
    norms_injective: tuple[float, ...],
    path: Sequence[float],
    truncation_order: int,
    map_order: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the certificate and the majorant at t = 0..T, as `choose.error_curves`."""
    norms = check_path(path)
    gamma = float(norms.max()) or 1.0
    inner = rescale(norms_injective, gamma)
    outer = rescale(norms_unfolding, gamma)
    steps = bound_steps(rates, *ends, outer, truncation_order, map_order, inner)
    certificate = gamma * steps.certify(norms / gamma)[:, 0]
    if map_order < truncation_order:
        return certificate, np.full(len(norms), math.inf)
    return certificate, majorant_curve(
        rates, ends, norms_injective, float(norms[0]), truncation_order
    )


@lru_cache(maxsize=64)
def majorant_curve(
    rates: tuple[float, ...],
    ends: tuple[float, float],
    norms: tuple[float, ...],
    x0: float,
    truncation_order: int,
) -> np.ndarray:
    r"""Return $E_N(t)$, t = 0..T, of the exact map.

    Args:
        rates: $\eta_t$.
        ends: of the spectrum.
        norms: $\lVert F_k\rVert$, injective, k = 0 first, in the units of u.
        x0: $\lVert u_0\rVert$.
        truncation_order: N.
    """
    steps = bound_steps(rates, *ends, norms, truncation_order, truncation_order, norms)
    if not steps.residual.any():
        return np.zeros(len(rates) + 1)
    coefficients = _without_linear(norms)[::-1].tolist()
    path = [x0]
    for rate, growth in zip(rates, steps.growths.tolist(), strict=True):
        slope = 0.0
        for coefficient in coefficients:
            slope = slope * path[-1] + coefficient
        path.append(growth * path[-1] + rate * slope)
    x = np.array(path)
    return steps.certify(np.where(np.isfinite(x), x, math.inf))[:, 0]


def describe_varying(
    *,
    rates: tuple[float, ...],
    lambda_min: float,
    lambda_max: float,
    norms: tuple[float, ...],
    path: Sequence[float],
    truncation_order: int,
    map_order: int,
    rescaling: float,
    padding: int,
) -> Lift:
    r"""Return all numbers of one lift; arguments as of `describe.describe_lift`.

    Args:
        rates: $\eta_t$, t = 1..T.
        lambda_min: smallest eigenvalue, outer end.
        lambda_max: largest eigenvalue, outer end.
        norms: $\lVert F_k\rVert$, both unfolding and injective, k = 0 first.
        path: $\lVert u_t\rVert$, t = 0..T.
        truncation_order: N.
        map_order: m.
        rescaling: $\gamma$.
        padding: p.
    """
    order, ends = truncation_order, (lambda_min, lambda_max)
    scaled, x = rescale(norms, rescaling), check_path(path) / rescaling
    steps = bound_steps(rates, *ends, scaled, order, map_order, scaled)
    errors = steps.certify(x)
    exact = errors
    if map_order < order:
        exact = bound_steps(rates, *ends, scaled, order, order, scaled).certify(x)
    betas = np.array(rates) * scaled[0]
    rows = np.power(betas[:, None], 2.0 * np.arange(1, min(map_order, order) + 1))
    return assemble(
        x=x,
        errors=errors,
        final=rescaling * float(errors[-1, 0]),
        exact=rescaling * float(exact[-1, 0]),
        orders=(order, map_order),
        padding=padding,
        linv=steps.inverse(padding),
        source=math.sqrt(float(rows.sum())),
        m_hat=steps.m_hat.max(axis=0),
        growth=float(steps.growths.max()),
        apriori=float(majorant_curve(rates, ends, norms, float(path[0]), order)[-1]),
    )
