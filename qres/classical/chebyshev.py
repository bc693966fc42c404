r"""How many Hessian-vector products replace $T$ gradient steps on a quadratic.

On the degree-1 model $u_T = -\eta\,p(H)\,g$, $p(\lambda) = \sum_{k<T}(1-\eta\lambda)^k
= \frac{1 - (1-\eta\lambda)^T}{\eta\lambda}$: a polynomial of degree $T - 1$. One of degree $d$ takes
$d$ products, by the three-term recurrence of Chebyshev polynomials, and
$$ \lVert q(H) g - p(H) g\rVert \le \lVert g\rVert\,\max_{[\lambda_{\min}, \lambda_{\max}]} |q - p|. $$
Two counts, both proven:

- *Series.* $p$ cut after the Chebyshev term $d$ is off by at most $\sum_{j>d}|c_j|$. The $c_j$ are
  exact up to rounding (a transform at $T$ points), and $2^{-52}$ times $T$ times the largest value
  of $p$ is added for the rounding.
- *Bernstein.* With $1 - \eta\lambda = m + h x$, $g = |m| + h$, $v = h/g$, and $x^j = E[T_{|D_j|}(x)]$
  for the sum $D_j$ of $j$ random signs (Sachdeva and Vishnoi, Faster Algorithms via Approximation
  Theory, 2014, Theorem 3.1), the $k$-th power is $g^k$ times a mean of Chebyshev polynomials at the
  place of a lazy walk of variance $v$ a step. Bernstein's inequality for a walk beyond $t$ gives
  $$ \mathrm{error} \le 2 G \exp\Bigl(-\frac{t^2}{2((T-1)v + t/3)}\Bigr),\quad
  G = \sum_{k<T} g^k, \quad t = d + 1, $$
  so that $d + 1 = \lceil \ell/3 + \sqrt{\ell^2/9 + 2(T-1)v\,\ell}\,\rceil$ with
  $\ell = \ln(2G/\delta)$ (derived).

With a rate $\eta_t$ for every step $p(\lambda) = \sum_t\frac{\eta_t}{\eta}\prod_{s>t}(1-\eta_s\lambda)
= \frac{1 - \prod_t(1-\eta_t\lambda)}{\eta\lambda}$ has the same degree, and the series is the only count,
up to `LONGEST_SCHEDULE` steps.

The series is used for scalar steps, rate and spectrum up to `LONGEST_SERIES` steps, Bernstein's
count for arrays of them and for more steps. Neither exceeds $T - 1$, where nothing is cut.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from qres.notation.named import geometric

LONGEST_SERIES = 2**16
"""Steps up to which all coefficients are computed."""


LONGEST_SCHEDULE = 2**12
"""The same where every step has a rate: each coefficient takes as many factors as there are steps."""


def count_products(
    n_steps: Any,
    learning_rate: Any,
    lambda_min: Any,
    lambda_max: Any,
    *,
    tolerance: Any,
    rates: tuple[float, ...] = (),
) -> Any:
    """Return how many Hessian-vector products reach a tolerance; scalars or arrays.

    Args:
        n_steps: gradient steps $T$, at least 1.
        learning_rate: of the steps.
        lambda_min: lower end of the spectrum.
        lambda_max: upper end of the spectrum.
        tolerance: largest error of the polynomial $p$ (of value $T$ at eigenvalue 0), at any point
            of the spectrum; 0 asks for $p$ itself.
        rates: of all steps, where they differ; everything but the tolerance is then a scalar.
    """
    if np.isnan(tolerance).any():
        raise ValueError("a tolerance cannot be NaN")
    if rates:
        tails = _tails_of_schedule(rates, learning_rate, float(lambda_min), float(lambda_max))
        found = _first_within(tails, np.asarray(tolerance))
        return found if np.ndim(found) else float(found)
    ends = (-np.asarray(learning_rate) * lambda_max, -np.asarray(learning_rate) * lambda_min)
    is_scalar = not any(np.ndim(item) for item in (n_steps, *ends))
    if is_scalar and float(n_steps) <= LONGEST_SERIES:
        found = _count_terms(int(n_steps), float(ends[0]), float(ends[1]), np.asarray(tolerance))
    else:
        found = bound_products(n_steps, *ends, tolerance=tolerance)
    return found if np.ndim(found) else float(found)


def bound_products(n_steps: Any, low: Any, high: Any, *, tolerance: Any) -> np.ndarray:
    r"""Return Bernstein's count; `low` and `high` are the ends of $-\eta\lambda$."""
    steps = np.asarray(n_steps, dtype=float)
    growth = np.maximum(np.abs(1.0 + low), np.abs(1.0 + high))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spread = np.where(growth > 0, (high - low) / (2 * growth), 0.0)
        ratio = np.asarray(2 * geometric.array(growth, steps - 1) / tolerance)
        log = np.maximum(0.0, np.log(ratio))
        root = log / 3 + np.sqrt(log**2 / 9 + 2 * (steps - 1) * spread * log)
    degree = np.where(np.isfinite(log), np.maximum(np.ceil(root) - 1, 0.0), np.inf)
    return np.minimum(steps - 1, degree)


def value_floor(n_steps: Any, learning_rate: Any, lambda_max: Any) -> Any:
    r"""Return a lower bound of $|p|$ below the largest eigenvalue: what $u_T$ keeps at least.

    With $y = 1 - \eta\lambda_{\max}$ it is $\sum_{k<T} y^k$ for $y \ge 0$ ($p$ increases there) and
    $(1 - |y|^T)/2$ for $-1 < y < 0$; there is none further down.
    """
    y = 1.0 - np.asarray(learning_rate, dtype=float) * lambda_max
    steps = np.asarray(n_steps, dtype=float)
    falling = np.maximum(0.0, (1.0 - np.minimum(1.0, np.abs(y)) ** steps) / 2)
    return np.where(y >= 0, geometric.array(np.maximum(y, 0.0), steps - 1), falling)


def power_sum(shift: np.ndarray, n_steps: int) -> np.ndarray:
    r"""Return $\sum_{k<T}(1+s)^k$ without cancellation at $s = 0$."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        powers = np.where(
            shift > -0.5,
            np.expm1(n_steps * np.log1p(np.maximum(shift, -0.5))),
            (1.0 + shift) ** n_steps - 1.0,
        )
        return np.where(shift == 0, float(n_steps), powers / shift)


def _count_terms(n_steps: int, low: float, high: float, tolerance: np.ndarray) -> np.ndarray:
    return _first_within(_tails(n_steps, low, high), tolerance)


def _first_within(tails: np.ndarray, tolerance: np.ndarray) -> np.ndarray:
    """Return the first degree whose tail is within the tolerance."""
    return len(tails) - np.searchsorted(tails[::-1], tolerance, side="right")


@lru_cache(maxsize=32)
def _tails(n_steps: int, low: float, high: float) -> np.ndarray:
    """Return what is lost by a cut after each degree, 0..T-1: it falls, and ends at 0."""
    return _tails_of(power_sum(_nodes(n_steps, low, high), n_steps))


@lru_cache(maxsize=32)
def _tails_of_schedule(
    rates: tuple[float, ...], unit: float, lambda_min: float, lambda_max: float
) -> np.ndarray:
    """Return the same where every step has a rate; `unit` is that of the tolerance."""
    nodes = _nodes(len(rates), lambda_min, lambda_max)
    return _tails_of(rate_sum(nodes, rates) / unit)


def rate_sum(eigenvalues: np.ndarray, rates: tuple[float, ...]) -> np.ndarray:
    r"""Return $(1 - \prod_t(1-\eta_t\lambda))/\lambda$ without cancellation at $\lambda = 0$."""
    logs, is_even = np.zeros(len(eigenvalues)), np.ones(len(eigenvalues), dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for rate in rates:
            step = -rate * eigenvalues
            is_turned = step < -1
            logs += np.where(is_turned, np.log(np.abs(1 + step)), np.log1p(np.maximum(step, -1)))
            is_even ^= is_turned
        lost = np.where(is_even, -np.expm1(logs), 1 + np.exp(logs))
        return np.where(eigenvalues == 0, sum(rates), lost / eigenvalues)


def _nodes(count: int, low: float, high: float) -> np.ndarray:
    angles = (np.arange(count) + 0.5) * np.pi / count
    return (low + high) / 2 + (high - low) / 2 * np.cos(angles)


def _tails_of(values: np.ndarray) -> np.ndarray:
    """Return what a cut loses of the polynomial with these values at as many nodes."""
    n_steps = len(values)
    rounding = np.finfo(float).eps * n_steps * np.max(np.abs(values))
    if not np.isfinite(rounding):
        return np.append(np.full(n_steps - 1, np.inf), 0.0)
    mirrored = np.fft.fft(np.concatenate((values, values[::-1])))[:n_steps]
    turn = np.exp(-0.5j * np.pi * np.arange(n_steps) / n_steps)
    sizes = np.abs((mirrored * turn).real) / n_steps
    tails = np.cumsum(sizes[::-1])[::-1]
    return np.append(tails[1:] + rounding, 0.0)
