r"""How far a truncated lift of any map order is off along a path whose norms are known.

Given $x_t \ge \lVert u_t\rVert/\gamma$, symmetric $H$ and $Q(x) = \sum_{k\ne1}\eta f_k x^k$ with
$f_k \ge \gamma^{k-1}\lVert F_k\rVert$,
$$\hat m_{jc} = \sum_s \binom js h(j-s, m-s)\,[x^c]\,x^{j-s}Q(x)^s,\qquad
\rho_j(x) = \sum_s \binom js\Bigl(d(j-s, m-s)\,x^{j-s}Q(x)^s
  + h(j-s, m-s)\,\bigl(x^{j-s}Q(x)^s\bigr)_{>N}\Bigr),$$
$$e(0) = 0,\qquad e(t+1) = \hat m_{:,1:}\, e(t) + \rho(x_t),\qquad
\lVert y_j(t) - (u_t/\gamma)^{\otimes j}\rVert \le e_j(t).$$
The deviation is a general vector, so $\hat m$ needs the *unfolding* norms; what the map leaves out
acts on product vectors, so *injective* norms may enter $\rho$. $h$ and $d$ are the kept and the
dropped part of j factors $I - \eta H$ at order i; both are affine in each eigenvalue, so the ends
of the spectrum decide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from qres.algorithms.carleman.recurrence import power_coefficients, scan_affine, weigh_powers
from qres.errors import HypothesisError, InputError


@dataclass(frozen=True)
class StepBounds:
    r"""What one step of the lift can do to a deviation, and what it leaves out.

    Args:
        m_hat: bounds on the blocks; rows j = 1..N, columns c = 0..N (column 0 is forcing).
        residual: coefficients of $\rho_j(x)$, rows j = 1..N, powers k = 0 first.
    """

    m_hat: np.ndarray
    residual: np.ndarray

    @property
    def map_bounds(self) -> np.ndarray:
        r"""$\hat m$ without its column 0, shape `(N, N)`."""
        return self.m_hat[:, 1:]

    def rho(self, x: np.ndarray) -> np.ndarray:
        r"""Return $\rho_j(x_t)$, shape `(T, N)`, infinite where a power overflows."""
        return weigh_powers(self.residual, x)


@dataclass(frozen=True, kw_only=True)
class LinearPart:
    r"""The linear part of one step: $I - \eta H$, or a block of which only the norm is known.

    Args:
        learning_rate: $\eta$.
        lambda_min: smallest eigenvalue of $H$, outer end.
        lambda_max: largest eigenvalue of $H$, outer end.
        block_norm: norm of a linear block that is not symmetric (momentum); the exact map only.
        step_scale: factor of every $F_k$, $k \ne 1$: $\eta$ if left out, with momentum
            $\sqrt{\eta^2+\sigma^2}$.
    """

    learning_rate: float
    lambda_min: float
    lambda_max: float
    block_norm: float | None = None
    step_scale: float | None = None

    @property
    def growth(self) -> float:
        r"""$g = \max|1 - \eta\lambda|$, or the norm of the block."""
        if self.block_norm is not None:
            return self.block_norm
        ends = (self.lambda_min, self.lambda_max)
        return max(abs(1 - self.learning_rate * end) for end in ends)

    @property
    def scale(self) -> float:
        r"""Factor of every $F_k$, $k \ne 1$."""
        return self.learning_rate if self.step_scale is None else self.step_scale

    def split(self, j: int, i: int) -> tuple[float, float]:
        """Return (h, d) of j factors at order i.

        Raises:
            HypothesisError: the block is not symmetric and the map is not exact.
        """
        if self.block_norm is None:
            return linear_block(j, i, self.learning_rate, self.lambda_min, self.lambda_max)
        if i < j:
            raise HypothesisError("map_order = N where H is not symmetric", i, j, "map: exact")
        return self.block_norm**j, 0.0


def linear_block(
    j: int, i: int, learning_rate: float, lambda_min: float, lambda_max: float
) -> tuple[float, float]:
    r"""Return (h, d): norms of the kept and the dropped part of $(I - \eta H)^{\otimes j}$.

    The kept part has at most i factors $-\eta H$:
    $h = \max_a|\sum_{l\le i} e_l|$, $d = \max_a|\prod(1-\eta\lambda) - \sum_{l\le i} e_l|$ with the
    elementary symmetric polynomials $e_l$ of a times $-\eta\lambda_{\min}$ and j - a times
    $-\eta\lambda_{\max}$.

    Args:
        j: number of factors, >= 0.
        i: order; negative keeps nothing, i >= j keeps all.
        learning_rate: $\eta$.
        lambda_min: smallest eigenvalue.
        lambda_max: largest eigenvalue.
    """
    kept, dropped = _corner_sums(j, float(learning_rate), float(lambda_min), float(lambda_max))
    if i < 0:
        return 0.0, kept[-1]
    return kept[min(i, j)], dropped[min(i, j)]


@lru_cache(maxsize=4096)
def _corner_sums(
    j: int, learning_rate: float, lambda_min: float, lambda_max: float
) -> tuple[list[float], list[float]]:
    """Return h(j, i) and d(j, i) for i = 0..j."""
    low, high = np.array([1.0, -learning_rate * lambda_min]), [1.0, -learning_rate * lambda_max]
    corners = np.empty((j + 1, j + 1))
    for a in range(j + 1):
        row = np.ones(1)
        for factor in [low] * a + [np.array(high)] * (j - a):
            row = np.convolve(row, factor)
        corners[a] = row
    kept = np.abs(np.cumsum(corners, axis=1)).max(axis=0)
    tails = np.cumsum(corners[:, ::-1], axis=1)[:, ::-1]
    dropped = np.append(np.abs(tails[:, 1:]).max(axis=0), 0.0)
    return kept.tolist(), dropped.tolist()


def bound_step(
    linear: LinearPart,
    norms: Sequence[float],
    truncation_order: int,
    map_order: int,
    *,
    norms_injective: Sequence[float] | None = None,
) -> StepBounds:
    r"""Return $\hat m$ and $\rho$ of one step of the lift.

    Args:
        linear: the linear part.
        norms: $f_k \ge \gamma^{k-1}\lVert F_k\rVert$ in the unfolding norm, k = 0 first; entry 1
            is not used.
        truncation_order: N >= 1.
        map_order: m, 1..N.
        norms_injective: the same in the injective norm, for $\rho$ only; `norms` if left out.

    Raises:
        InputError: a norm is negative or no number, or an order is out of range.
        HypothesisError: the linear part is not symmetric and m < N.
    """
    if not 1 <= map_order <= truncation_order:
        raise InputError(
            f"carleman: needs 1 <= map_order <= truncation_order, found {map_order} "
            f"and {truncation_order}"
        )
    inner = norms if norms_injective is None else norms_injective
    unfolding, injective = _nonlinear(linear, norms), _nonlinear(linear, inner)
    order, width = truncation_order, max(1, len(unfolding) - 1, len(injective) - 1)
    m_hat = np.zeros((order, order * width + 1))
    residual = np.zeros_like(m_hat)
    wide, narrow = (power_coefficients(q, order) for q in (unfolding, injective))
    for j in range(1, order + 1):
        for s in range(j + 1):
            kept, dropped = linear.split(j - s, map_order - s)
            count = math.comb(j, s)
            _add_shifted(m_hat[j - 1], wide[s], j - s, count * kept)
            _add_shifted(residual[j - 1], narrow[s], j - s, count * dropped)
            _add_shifted(residual[j - 1], narrow[s], j - s, count * kept, above=order)
    return StepBounds(m_hat[:, : order + 1], residual)


def map_bounds(
    learning_rate: float,
    lambda_min: float,
    lambda_max: float,
    f: Sequence[float],
    truncation_order: int,
    map_order: int,
) -> StepBounds:
    """Return `bound_step` of plain descent with one set of norms."""
    linear = LinearPart(learning_rate=learning_rate, lambda_min=lambda_min, lambda_max=lambda_max)
    return bound_step(linear, f, truncation_order, map_order)


def certify(bounds: StepBounds, x: Any) -> np.ndarray:
    r"""Return $e_j(t)$ along a path, infinite from the first overflow on.

    Args:
        bounds: of one step.
        x: $x_t \ge \lVert u_t\rVert/\gamma$, t = 0..T; the initial lift is exact.

    Returns:
        Shape `(T + 1, N)`, in units of $\gamma^j$.

    Raises:
        InputError: x is empty, negative or no number.
    """
    path = check_path(x)
    return scan_affine(bounds.map_bounds, bounds.rho(path[:-1]))


def check_path(x: Any) -> np.ndarray:
    """Return a path of norms as an array.

    Raises:
        InputError: it is empty, not one-dimensional, negative or no number.
    """
    path = np.asarray(x, dtype=float)
    if path.ndim != 1 or not path.size or not ((path >= 0) & np.isfinite(path)).all():
        raise InputError("carleman: the path is a list of finite norms >= 0, t = 0 first")
    return path


def _nonlinear(linear: LinearPart, norms: Sequence[float]) -> np.ndarray:
    """Return the coefficients of Q; its linear one is zero."""
    found = np.array(norms, dtype=float)
    if found.ndim != 1 or not found.size:
        raise InputError("carleman: the norms of F_k are a list, k = 0 first")
    found[1:2] = 0.0
    if not ((found >= 0) & np.isfinite(found)).all():
        raise InputError(f"carleman: the norms of F_k must be finite and >= 0, found {list(norms)}")
    return linear.scale * np.pad(found, (0, max(0, 2 - len(found))))


def _add_shifted(
    row: np.ndarray, coefficients: np.ndarray, shift: int, factor: float, above: int = -1
) -> None:
    """Add factor x^shift times a polynomial to a row of coefficients, powers <= above left out."""
    used = np.flatnonzero(coefficients)
    used = used[used + shift > above]
    if factor:
        row[used + shift] += factor * coefficients[used]
