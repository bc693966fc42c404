r"""What momentum does to a lift above degree 1: kernels of the linear part, and bounds made of them.

One step is $X' = M X + w \otimes \sum_{k\ne1} F_k u^{\otimes k}$ on $X = (u, v)$ with $w = (\eta, -1)$,
and the nonlinear part reads u alone. With $S = \mathrm{diag}(1, \sigma)$ the norms that count, over the
whole interval of eigenvalues, are
$$ k_t = \max_l\lVert S M^t w\rVert,\quad a_t = \max_l\lVert S M^t e_u\rVert,\quad
   b_t = \max_l\lVert S M^t e_v\rVert,\quad n_t = \max_l\lVert S M^t S^{-1}\rVert ; $$
$\sigma = 0$ sees u alone.

**Error of truncation.** For any $\rho > 0$ the horizon norm
$|X|_s = \max_{a \le T-s}\lVert S M^a X\rVert/\rho^a$ has $|M X|_{s+1} \le \rho|X|_s$,
$|w \otimes f| \le c\lVert f\rVert$ with $c = \max_t k_t/\rho^t$, $\lVert u\rVert \le |X|$ and
$|X| \le \max_t(a_t/\rho^t)\lVert u\rVert + \max_t(b_t/\rho^t)\lVert v\rVert$. What the truncated lift
leaves out is a sum of products of states, and the steps that follow send products to products: each
term is a tree whose edges are powers of M between two readings of u. Edge by edge it is bounded by the
scalar tree of $\varphi(x) = \rho x + c\sum_{k\ne1}\lVert F_k\rVert x^k$, so both certificates of plain
descent hold with $g = \rho$, $\eta$ replaced by $c$, and the horizon norm in place of
$\lVert u_t\rVert$. Without momentum $\rho = g$, $c = \eta$ are plain descent's own.

**Powers of the lift.** With D the part of the lift in which all factors are M and O the rest,
$A^k = D^k + \sum_{t<k} D^t O A^{k-1-t}$. The blocks of $D^t$ have norm $n_t^j$, those of $D^t O$
$$ \hat O_t[j, c] = \sum_{s\ge1}\binom js n_{t+1}^{j-s}k_t^s\,[x^c]\,x^{j-s}Q(x)^s ,\qquad
   Q = \sum_{k\ne1}\lVert F_k\rVert x^k , $$
as norms of Kronecker products multiply, and so the blocks of $A^k$ are bounded by
$\hat A_k = \mathrm{diag}(n_k^j) + \sum_{t<k}\hat O_t\hat A_{k-1-t}$. The rescaling multiplies block
(j, c) by $\gamma^{c-j}$.

**Re-upload.** A segment begins with velocity 0, so an error of the weights reaches its end through
$e_u^T M^T e_u$, a scalar at each eigenvalue.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qres.algorithms.carleman.interval import (
    DENSITY,
    WINDOW,
    chebyshev_nodes,
    propagator_bounds,
)
from qres.algorithms.carleman.momentum import momentum_blocks
from qres.algorithms.carleman.recurrence import power_coefficients

RATES = 12
"""Growth rates that are tried for the horizon norm."""

_HELD = 200_000
"""Eigenvalues whose powers are taken at a time."""


@dataclass(frozen=True)
class Kernels:
    r"""Upper bounds on the kernels, t = 0..T.

    Args:
        push: $k_t$, of a nonlinear term.
        update: $a_t$, of u.
        velocity: $b_t$, of v.
        state: $n_t$, of the whole state; None where $\sigma = 0$, which is no norm of it.
    """

    push: np.ndarray
    update: np.ndarray
    velocity: np.ndarray
    state: np.ndarray | None

    def rates(self) -> list[float]:
        r"""Return the rates $\rho$ worth trying: from that of the last step to that of the worst."""
        steps = np.arange(1, len(self.push))
        with np.errstate(divide="ignore"):
            rates = np.power(self.push[1:] / self.push[0], 1 / steps)
        low, high = float(rates[-1]), float(rates.max())
        if not (low > 0 and math.isfinite(high)):
            return [high] if math.isfinite(high) and high > 0 else [1.0]
        return sorted(set(np.geomspace(low, high, RATES).tolist()))

    def relative(self, rate: float) -> tuple[float, float, float]:
        r"""Return the largest $k_t/\rho^t$, $a_t/\rho^t$ and $b_t/\rho^t$."""
        logs = np.arange(len(self.push)) * math.log(rate)
        # in logarithms, as a power of the rate may overflow where a kernel vanishes
        with np.errstate(divide="ignore", over="ignore"):
            push, update, velocity = (
                float(np.exp(np.log(kernel) - logs).max())
                for kernel in (self.push, self.update, self.velocity)
            )
        return push, update, velocity


@lru_cache(maxsize=512)
def kernels(
    lambda_min: float,
    lambda_max: float,
    learning_rate: float,
    n_steps: int,
    momentum: float,
    velocity_scale: float,
) -> Kernels:
    r"""Return the kernels of momentum over an interval of eigenvalues.

    Polynomials of degree up to t + 1 in the eigenvalue, bounded between the nodes as in `interval`.
    Beyond `WINDOW` steps a kernel is the product of powers of the whole state with an earlier one.

    Args:
        lambda_min: lower end, weight decay included.
        lambda_max: upper end.
        learning_rate: $\eta$.
        n_steps: T.
        momentum: $\beta$.
        velocity_scale: $\sigma \ge 0$.
    """
    ends = (lambda_min, lambda_max)
    near = min(n_steps, WINDOW)
    found = _near(ends, learning_rate, near, momentum, velocity_scale)
    state = None
    if velocity_scale > 0:
        state = propagator_bounds(*ends, learning_rate, n_steps, momentum, velocity_scale)
    if n_steps > near:
        scale = max(velocity_scale, learning_rate)
        carried = _near(ends, learning_rate, near, momentum, scale)
        powers = propagator_bounds(*ends, learning_rate, n_steps, momentum, scale)
        whole, rest = np.divmod(np.arange(near + 1, n_steps + 1), near)
        found = [
            np.append(short, powers[whole * near] * long[rest])
            for short, long in zip(found, carried, strict=True)
        ]
    return Kernels(found[0], found[1], found[2], state)


def _near(
    ends: tuple[float, float], rate: float, n_steps: int, momentum: float, scale: float
) -> list[np.ndarray]:
    """Return the kernels of the first steps: pushes, updates, velocities."""
    nodes = chebyshev_nodes(*ends, DENSITY * (n_steps + 1))
    states = np.zeros((3, 2, len(nodes)))
    states[0, 0], states[0, 1], states[1, 0], states[2, 1] = rate, -1.0, 1.0, 1.0
    norms = np.full((3, n_steps + 1), math.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(n_steps + 1):
            top = np.hypot(states[:, 0], scale * states[:, 1]).max(axis=1)
            norms[:, t] = top
            if not np.isfinite(top).all():
                norms[:, t:] = math.inf
                break
            velocity = momentum * states[:, 1] + nodes * states[:, 0]
            states = np.stack([states[:, 0] - rate * velocity, velocity], axis=1)
    norms[:, 1:] /= np.cos(np.arange(1, n_steps + 1) * math.pi / (2 * len(nodes)))
    return list(norms)


@lru_cache(maxsize=512)
def carry_bound(
    lambda_min: float, lambda_max: float, learning_rate: float, n_steps: int, momentum: float
) -> float:
    r"""Return a bound on $\max_l|e_u^T M(l)^T e_u|$, what T steps from rest make of an error.

    Args:
        lambda_min: lower end, weight decay included.
        lambda_max: upper end.
        learning_rate: $\eta$.
        n_steps: T.
        momentum: $\beta$.
    """
    nodes = chebyshev_nodes(lambda_min, lambda_max, DENSITY * max(n_steps, 1))
    largest = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(nodes), _HELD):
            blocks = momentum_blocks(nodes[start : start + _HELD], learning_rate, momentum, 1.0)
            corner = np.abs(np.linalg.matrix_power(blocks, n_steps)[:, 0, 0])
            largest = max(largest, float(np.where(np.isfinite(corner), corner, math.inf).max()))
    return largest / math.cos(n_steps * math.pi / (2 * len(nodes)))


def lift_powers(found: Kernels, norms: Sequence[float], truncation_order: int) -> np.ndarray:
    r"""Return $\hat A_k$, bounds on the blocks of the powers of the lift, k = 0..T.

    Beyond `WINDOW` steps products of earlier ones. Not rescaled; infinite where a number overflows.

    Args:
        found: the kernels, of a $\sigma > 0$.
        norms: $\lVert F_k\rVert$ in the unfolding norm, k = 0 first; entry 1 is not used.
        truncation_order: N.

    Returns:
        Shape `(T + 1, N, N)`.
    """
    assert found.state is not None, "sigma = 0 is no norm of the state"
    n_steps, order = len(found.push) - 1, truncation_order
    near = min(n_steps, WINDOW)
    state, push = found.state[: near + 1], found.push[:near]
    powers = np.zeros((near + 1, order, order))
    with np.errstate(over="ignore", invalid="ignore"):
        for j in range(order):
            powers[:, j, j] = state ** (j + 1)
        others = _others(state[1:], push, norms, order)
        flat = others.transpose(1, 0, 2)
        for k in range(1, near + 1):
            past = powers[k - 1 :: -1]
            powers[k] += flat[:, :k].reshape(order, -1) @ past[:k].reshape(-1, order)
        if n_steps > near:
            powers = _continued(powers, n_steps)
    powers[np.isnan(powers)] = math.inf
    return powers


def _others(state: np.ndarray, push: np.ndarray, norms: Sequence[float], order: int) -> np.ndarray:
    r"""Return $\hat O_t$, t = 0..T-1."""
    coefficients = np.pad(np.array(norms, dtype=float), (0, max(0, 2 - len(norms))))
    coefficients[1] = 0.0
    table = power_coefficients(coefficients, order)
    found = np.zeros((len(push), order, order))
    for j in range(1, order + 1):
        for s in range(1, j + 1):
            weights = math.comb(j, s) * state ** (j - s) * push**s
            row = table[s][: order + 1 - (j - s)]
            shifted = np.zeros(order + 1)
            shifted[j - s : j - s + len(row)] = row
            found[:, j - 1] += weights[:, None] * shifted[1:]
    return found


def _continued(powers: np.ndarray, n_steps: int) -> np.ndarray:
    """Return bounds on all powers from those of the first steps."""
    near = len(powers) - 1
    found, last = [powers], powers[near]
    while sum(len(part) for part in found) <= n_steps:
        found.append(powers[1:] @ last)
        last = found[-1][-1]
    return np.concatenate(found)[: n_steps + 1]
