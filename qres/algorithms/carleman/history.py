r"""What the history matrix of a lift costs the solver: norms, success probability, right-hand side.

$L = I - \sum_{t\le T}|t\rangle\langle t-1|\otimes M - \sum_{t>T}|t\rangle\langle t-1|\otimes I$.
With $\hat m$ the bounds on the blocks of $M$ (unfolding norms, without the column of the forcing)
$$\lVert L\rVert \le 1 + \max(\lVert\hat m\rVert, [p>0]),\qquad
\lVert L^{-1}\rVert \le \sum_{d=0}^{T+p}\ \max_{\max(0,d-p)\le k\le\min(d,T)}\lVert\hat m^k\rVert,$$
since block (a, a-d) of $L^{-1}$ is $M^k$ with k the number of true steps between.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import sympy

from qres.algorithms.carleman import plain
from qres.algorithms.carleman.certificate import check_path
from qres.errors import InputError
from qres.notation.formula import Condition, Formula, at_least_one
from qres.notation.source import derived
from qres.notation.symbols import symbols

EXACT_POWERS = 2000
"""Largest power of the bounds whose norm is computed; larger ones are bounded by products."""

_LEAST_WEIGHT = 1e-30
"""Block weights of the product bound stay above this; any positive weight gives a bound."""


def linv_bound(m_hat: Any, n_steps: int, padding: int) -> float:
    r"""Return the bound on $\lVert L^{-1}\rVert$, infinite on overflow.

    Exact as a formula up to `EXACT_POWERS` steps; beyond them the norms of larger powers are
    replaced by upper bounds, see `power_norms`.

    Args:
        m_hat: bounds on the blocks of one step, column 0 left out, shape `(N, N)`; a list is the
            diagonal of a matrix.
        n_steps: T >= 0.
        padding: p >= 0.

    Raises:
        InputError: an entry or a number is negative.
    """
    return sum_of_windows(power_norms(m_hat, n_steps), padding)


def norm_bound(m_hat: Any, padding: int) -> float:
    r"""Return the bound on $\lVert L\rVert$; arguments as in `linv_bound`."""
    norm = spectral_norms(_square(m_hat)[None])[0]
    return float(1 + max(norm, 1.0 if padding else 0.0))


def power_norms(m_hat: Any, n_steps: int) -> np.ndarray:
    r"""Return $\lVert\hat m^k\rVert$ for k = 0..T, infinite where a power overflows.

    Above `EXACT_POWERS` an upper bound, by
    $\lVert\hat m^{aB+r}\rVert \le \lVert\hat m^{aB}D\rVert\,\lVert D^{-1}\hat m^r\rVert$ with
    $B \approx \sqrt T$ and a diagonal $D$ for which it is nearly sharp at large a.

    Raises:
        InputError: an entry or n_steps is negative.
    """
    matrix = _square(m_hat)
    if n_steps < 0:
        raise InputError(f"history: n_steps must be >= 0, found {n_steps}")
    if matrix.size == 1:
        with np.errstate(over="ignore"):
            return np.power(matrix[0, 0], np.arange(n_steps + 1.0))
    exact = spectral_norms(_powers(matrix, min(n_steps, EXACT_POWERS)))
    if n_steps <= EXACT_POWERS or not np.isfinite(exact).all():
        return np.append(exact, np.full(n_steps + 1 - len(exact), math.inf))
    return np.append(exact, _products(matrix, n_steps)[len(exact) :])


def sum_of_windows(norms: np.ndarray, padding: int) -> float:
    r"""Return $\sum_{d=0}^{T+p}\max_{\max(0,d-p)\le k\le\min(d,T)} n_k$.

    Args:
        norms: $n_k$, norms of the k-fold products of steps, k = 0..T (with momentum: the maximum
            over the spectrum of the norms of the powers of its 2 x 2 blocks).
        padding: p >= 0.

    Raises:
        InputError: p is negative.
    """
    return float(window_maxima(norms, padding).sum())


def window_maxima(norms: np.ndarray, padding: int) -> np.ndarray:
    """Return the terms of `sum_of_windows`, d = 0..T+p."""
    if padding < 0:
        raise InputError(f"history: padding must be >= 0, found {padding}")
    width, count = padding + 1, len(norms) + padding
    blocks = -(-(count + padding) // width)
    padded = np.full(blocks * width, -math.inf)
    padded[padding : padding + len(norms)] = norms
    grid = padded.reshape(blocks, width)
    ahead = np.maximum.accumulate(grid, axis=1).ravel()
    behind = np.maximum.accumulate(grid[:, ::-1], axis=1)[:, ::-1].ravel()
    return np.maximum(behind[:count], ahead[padding : padding + count])


def success_prob_low(
    x: Any, errors: np.ndarray, padding: int, *, read_norm: float | None = None
) -> float:
    r"""Return a lower bound on the probability of block 1, time >= T, in the truncated lift.

    $P_{\mathrm{low}} = (p+1)A/(B + (p+1)A)$, $A = \max(0, x_T - e_1(T))^2$,
    $B = \sum_{t<T}\sum_j (x_t^j + e_j(t))^2 + (p+1)\sum_{j\ge2}(x_T^j + e_j(T))^2$.

    Args:
        x: $\lVert u_t\rVert/\gamma$, t = 0..T.
        errors: $e_j(t)$ of the certificate, shape `(T + 1, N)`.
        padding: p.
        read_norm: norm of the part of block 1 that is read, $x_T$ if left out (with momentum
            $\lVert u_T\rVert/\gamma$; the rest of block 1 then joins B).
    """
    path = check_path(x)
    read = float(path[-1]) if read_norm is None else read_norm
    with np.errstate(over="ignore"):
        blocks = np.vander(path, errors.shape[1] + 1, increasing=True)[:, 1:] + errors
        weights = blocks**2
        rest = math.sqrt(max(0.0, float(path[-1]) ** 2 - read**2)) + float(errors[-1, 0])
        unread = float(np.square(rest))
    low = max(0.0, read - float(errors[-1, 0])) ** 2
    last = float(weights[-1, 1:].sum()) + (0.0 if read_norm is None else unread)
    other = float(weights[:-1].sum()) + (padding + 1) * last
    if low == 0:
        return 0.0
    return float(SUCCESS_PROB_LOW(read_energy=low, other_energy=other, padding=padding))


def solution_norm(z: np.ndarray, truncation_order: int, padding: int) -> float:
    r"""Return $\lVert x\rVert$ of the exact lift, $\lVert x\rVert^2 = \sum_{t<T}S(z_t)+(p+1)S(z_T)$.

    Args:
        z: $\lVert u_t\rVert^2/\gamma^2$, t = 0..T; $S(z) = \sum_{j\le N} z^j$.
        truncation_order: N.
        padding: p.
    """
    with np.errstate(over="ignore"):
        sums = np.vander(z, truncation_order + 1, increasing=True)[:, 1:].sum(axis=1)
    return math.sqrt(float(sums[:-1].sum() + (padding + 1) * sums[-1]))


def source_norm(
    forcing: float, x0: float, truncation_order: int, map_order: int, n_steps: int
) -> float:
    r"""Return $\lVert b\rVert$: the constant column in T rows, and the initial lift in row 0.

    $\lVert b\rVert^2 = T\sum_{j\le\min(m,N)}\beta^{2j} + \sum_{j\le N}x_0^{2j}$.

    Args:
        forcing: $\beta = \eta\lVert F_0\rVert/\gamma$.
        x0: $\lVert u_0\rVert/\gamma$.
        truncation_order: N.
        map_order: m.
        n_steps: T.
    """
    rows = _even_powers(forcing, min(map_order, truncation_order))
    return math.sqrt(n_steps * rows + _even_powers(x0, truncation_order))


def _even_powers(base: float, order: int) -> float:
    with np.errstate(over="ignore"):
        return float(np.sum(np.power(float(base), 2.0 * np.arange(1, order + 1))))


def _square(m_hat: Any) -> np.ndarray:
    matrix = np.asarray(m_hat, dtype=float)
    matrix = np.diag(matrix) if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or len(set(matrix.shape)) != 1 or not (matrix >= 0).all():
        raise InputError("history: m_hat is a square matrix of numbers >= 0")
    return matrix


def _powers(matrix: np.ndarray, most: int) -> np.ndarray:
    """Return the powers 0..most, each doubling by one product."""
    powers = np.eye(len(matrix))[None]
    with np.errstate(over="ignore", invalid="ignore"):
        while len(powers) <= most:
            powers = np.concatenate([powers, powers @ (powers[-1] @ matrix)])
    return powers[: most + 1]


def spectral_norms(stack: np.ndarray) -> np.ndarray:
    """Return the spectral norms of a stack of matrices, infinite where an entry has overflowed."""
    found = np.full(len(stack), math.inf)
    is_finite = np.isfinite(stack).all(axis=(1, 2))
    found[is_finite] = np.linalg.norm(stack[is_finite], 2, axis=(1, 2))
    return found


def _products(matrix: np.ndarray, n_steps: int) -> np.ndarray:
    """Return upper bounds on the norms of all powers, from those of about 2 sqrt(T) of them."""
    width = math.isqrt(n_steps) + 1
    fine = _powers(matrix, width)
    coarse = _powers(fine[-1], n_steps // width)
    table = np.full((len(coarse), width), math.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        for weight in (_balance(fine[-1]), _balance(coarse[len(coarse) // 2])):
            left, right = spectral_norms(coarse * weight), fine[:-1] / weight[:, None]
            table = np.fmin(table, np.outer(left, spectral_norms(right)))
    return table.ravel()[: n_steps + 1]


def _balance(power: np.ndarray) -> np.ndarray:
    """Return the diagonal that makes the product bound sharp for a power close to rank one."""
    if not (np.isfinite(power).all() and power.any()):
        return np.ones(len(power))
    rows, columns = (
        np.maximum(total / total.max(), _LEAST_WEIGHT)
        for total in (power.sum(axis=1), power.sum(axis=0))
    )
    return np.sqrt(rows / columns)


_T, _P, _A, _B = symbols("n_steps padding read_energy other_energy")


def _sum_over_distance() -> Any:
    d, k = sympy.symbols("d k", integer=True)
    norm: Any = sympy.Function("norm")
    largest: Any = sympy.Function("max")
    window = sympy.And(sympy.Ge(k, sympy.Max(0, d - _P)), sympy.Le(k, sympy.Min(d, _T)))
    return sympy.Sum(largest(norm(sympy.Symbol("m_hat") ** k), window), (d, 0, _T + _P))


LINV_BOUND = Formula(
    name="history.linv_bound",
    meaning="bound on the norm of the inverse of the history matrix of any lift",
    expression=_sum_over_distance(),
    inputs=("m_hat", "n_steps", "padding"),
    source=derived("block bounds of the history matrix of the lift"),
    kind="proven",
    bound="upper",
    letter=r"\lVert L^{-1}\rVert",
    conditions=at_least_one("n_steps"),
    evaluator=linv_bound,
    plain=plain.linv_bound,
)

SUCCESS_PROB_LOW = Formula(
    name="history.success_prob_low",
    meaning="least probability of finding block 1 at a time >= T in the truncated lift",
    expression=(_P + 1) * _A / (_B + (_P + 1) * _A),
    inputs=("read_energy", "other_energy", "padding"),
    source=derived("each block is off by at most its certificate"),
    kind="proven",
    bound="lower",
    letter=r"P_{\mathrm{low}}",
    conditions=(
        Condition(sympy.Ge(_A, 0), "read_energy >= 0"),
        Condition(sympy.Ge(_B, 0), "other_energy >= 0"),
    ),
)

FORMULAS = (LINV_BOUND, SUCCESS_PROB_LOW)
