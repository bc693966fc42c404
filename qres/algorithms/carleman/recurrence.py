r"""Non-negative affine recurrences $d_{t+1} = A d_t + s_t$ over many steps, and their sources.

Everything is non-negative, so nothing cancels: blocks of matrix powers lose no digits against the
step-by-step loop. What overflows is infinite from there on.
"""

from __future__ import annotations

import math

import numpy as np


def power_coefficients(phi: np.ndarray, order: int) -> np.ndarray:
    r"""Return the coefficients of $\varphi(x)^j$, one row for each j = 0..order.

    Args:
        phi: coefficients of $\varphi$, k = 0 first.
        order: largest j.

    Returns:
        Shape `(order + 1, order * (len(phi) - 1) + 1)`; infinite where a coefficient overflows.
    """
    degree = len(phi) - 1
    table = np.zeros((order + 1, order * degree + 1))
    table[0, 0] = 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        for j in range(order):
            for k, coefficient in enumerate(phi):
                if coefficient:
                    reach = j * degree + 1
                    table[j + 1, k : k + reach] += coefficient * table[j, :reach]
    return table


def weigh_powers(table: np.ndarray, x: np.ndarray) -> np.ndarray:
    r"""Return $\sum_k$ `table[j, k]` $x_t^k$ for every t and j.

    Args:
        table: non-negative, shape `(n, K + 1)`.
        x: non-negative, shape `(T,)`.

    Returns:
        Shape `(T, n)`; a row is infinite as soon as any power that it needs overflows.
    """
    needed = np.flatnonzero(table.any(axis=0))
    if not needed.size:
        return np.zeros((len(x), len(table)))
    with np.errstate(over="ignore", invalid="ignore"):
        powers = np.vander(x, int(needed[-1]) + 1, increasing=True)[:, needed]
        found = powers @ table[:, needed].T
    found[~np.isfinite(powers).all(axis=1)] = math.inf
    return found


def scan_affine(
    matrix: np.ndarray, sources: np.ndarray, start: np.ndarray | None = None
) -> np.ndarray:
    r"""Return $d_0, \dots, d_T$ of $d_{t+1} = A d_t + s_t$, all entries non-negative.

    Args:
        matrix: $A$, shape `(n, n)`.
        sources: $s_t$, shape `(T, n)`.
        start: $d_0$, zero if left out.

    Returns:
        Shape `(T + 1, n)`; infinite in every entry from the first overflow on.
    """
    steps, size = sources.shape
    found = np.full((steps + 1, size), math.inf)
    found[0] = np.zeros(size) if start is None else start
    done = 0
    with np.errstate(over="ignore", invalid="ignore"):
        while done < steps:
            # one plain step first: a power of A may overflow where the recurrence does not
            found[done + 1] = matrix @ found[done] + sources[done]
            done += 1
            if not np.isfinite(found[done]).all():
                found[done:] = math.inf
                break
            ahead = _scan_blocks(matrix, sources[done:], found[done])
            bad = ~np.isfinite(ahead).all(axis=1)
            good = int(bad.argmax()) if bad.any() else len(ahead)
            found[done : done + good] = ahead[:good]
            done += good - 1
    return found


def _scan_blocks(matrix: np.ndarray, sources: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Run all blocks of about sqrt(T) steps side by side from zero, then carry between them."""
    steps, size = sources.shape
    width = max(1, math.isqrt(steps))
    count = -(-steps // width) if steps else 1
    padded = np.zeros((count * width, size))
    padded[:steps] = sources
    padded = padded.reshape(count, width, size)
    local = np.zeros((count, width + 1, size))
    powers = np.empty((width + 1, size, size))
    powers[0] = np.eye(size)
    for t in range(width):
        local[:, t + 1] = local[:, t] @ matrix.T + padded[:, t]
        powers[t + 1] = powers[t] @ matrix
    carry = np.empty((count, size))
    carry[0] = start
    for block in range(count - 1):
        carry[block + 1] = powers[width] @ carry[block] + local[block, width]
    found = local + np.tensordot(carry, powers, axes=(1, 2))
    return np.vstack([start, found[:, 1:].reshape(-1, size)[:steps]])


class Repetition:
    r"""The affine map $d \mapsto A d + s$ applied n times by repeated squaring.

    Args:
        matrix: $A$, non-negative, shape `(n, n)`.
        most: largest number of repetitions that will be asked for.
    """

    def __init__(self, matrix: np.ndarray, most: int) -> None:
        power, total = matrix, np.eye(len(matrix))
        self._levels = [(power, total)]
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(max(0, most.bit_length() - 1)):
                power, total = power @ power, total + power @ total
                self._levels.append((power, total))

    def apply(self, state: np.ndarray, source: np.ndarray, times: int) -> np.ndarray:
        """Return the state after that many repetitions; not finite where a step overflows."""
        with np.errstate(over="ignore", invalid="ignore"):
            for level, (power, total) in enumerate(self._levels):
                if times >> level & 1:
                    state = power @ state + total @ source
        return state
