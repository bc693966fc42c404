r"""Sums and recurrences over lists in plain Python: what an exported formula carries.

Slow twins of the evaluators of this package, step by step and without numpy: exact as formulas, so they
refuse the lengths from which on an evaluator hands out upper bounds.
"""

from __future__ import annotations

import math

EXACT_STEPS = 20_000
EXACT_POWERS = 2000


def lift_alpha(
    truncation_order: int, map_order: int, learning_rate: float, alphas: list[float]
) -> float:
    """Return the normalisation of the lifted map."""
    usable = alphas[1:] if truncation_order == 1 else alphas
    a = learning_rate * math.fsum(usable)
    terms = range(min(map_order, truncation_order) + 1)
    return math.fsum(math.comb(truncation_order, i) * a**i for i in terms)


def success_prob(
    z: list[float], truncation_order: int, padding: int, z_read: float | None = None
) -> float:
    """Return the probability of block 1 at a time >= T in the normalised solution."""
    read = z[-1] if z_read is None else z_read
    if min(z) < 0 or not 0 < read <= z[-1]:
        raise ValueError("z: numbers >= 0, the last one > 0 and not below z_read")
    rows = [math.fsum(x**j for j in range(1, truncation_order + 1)) for x in z]
    return (padding + 1) * read / (math.fsum(rows[:-1]) + (padding + 1) * rows[-1])


def truncation_bound(phi: list[float], x0: float, truncation_order: int, n_steps: int) -> float:
    """Return the truncation error of block 1 after T steps of the scalar majorant."""
    if n_steps > EXACT_STEPS:
        raise ValueError(f"n_steps: at most {EXACT_STEPS} steps here, found {n_steps}")
    table = _power_table(phi, truncation_order)
    errors, x = [0.0] * truncation_order, x0
    for _ in range(n_steps):
        errors, x = _error_step(table, errors, x), _polynomial(phi, x)
    return errors[0]


def segment_steps(
    phi: list[float], x0: float, truncation_order: int, tolerance: float, max_steps: int
) -> int:
    """Return the longest T whose truncation error stays within the tolerance, 0 for none."""
    table = _power_table(phi, truncation_order)
    errors, x, longest = [0.0] * truncation_order, x0, 0
    for step in range(1, max_steps + 1):
        errors, x = _error_step(table, errors, x), _polynomial(phi, x)
        if errors[0] <= tolerance:
            longest = step
        elif len(phi) > 1 and phi[1] >= 1:
            return longest
    return longest


def finite_horizon_ratio(phi: list[float], x0: float, n_steps: int) -> float:
    """Return nonlinearity over dissipation within T steps."""
    if len(phi) < 2 or phi[1] <= 0:
        raise ValueError("phi: needs a linear part above 0")
    roots = [(g / phi[1]) ** (1 / (k - 1)) for k, g in enumerate(phi) if k >= 2]
    return max(roots, default=0.0) * x0 * math.fsum(phi[1] ** t for t in range(n_steps))


def _power_table(phi: list[float], order: int) -> list[list[float]]:
    """Return the coefficients of the powers 1..order of a polynomial."""
    if min(phi) < 0:
        raise ValueError("phi: numbers >= 0, k = 0 first")
    rows = [[1.0]]
    for _ in range(order):
        last = rows[-1]
        new = [0.0] * (len(last) + len(phi) - 1)
        for i, a in enumerate(last):
            for k, b in enumerate(phi):
                new[i + k] += a * b
        rows.append(new)
    return rows[1:]


def _error_step(table: list[list[float]], errors: list[float], x: float) -> list[float]:
    """Return the errors of the blocks one step later: carried on, and dropped."""
    order = len(errors)
    return [
        math.fsum(c * errors[k - 1] for k, c in enumerate(row) if c and 1 <= k <= order)
        + math.fsum(c * _power(x, k) for k, c in enumerate(row) if c and k > order)
        for row in table
    ]


def _polynomial(phi: list[float], x: float) -> float:
    return math.fsum(g * _power(x, k) for k, g in enumerate(phi) if g)


def _power(x: float, k: int) -> float:
    """Return a power, infinite on overflow."""
    try:
        return x**k
    except OverflowError:
        return math.inf


def linv_bound(m_hat: list, n_steps: int, padding: int) -> float:
    """Return the bound on the norm of the inverse; m_hat a square matrix, or its diagonal."""
    if n_steps > EXACT_POWERS:
        raise ValueError(f"n_steps: at most {EXACT_POWERS} steps here, found {n_steps}")
    rows = range(len(m_hat))
    is_matrix = isinstance(m_hat[0], list)
    step = m_hat if is_matrix else [[m_hat[i] * (i == j) for j in rows] for i in rows]
    power: list[list[float]] = [[float(i == j) for j in rows] for i in rows]
    norms = [1.0]
    for _ in range(n_steps):
        power = [[math.fsum(power[i][k] * step[k][j] for k in rows) for j in rows] for i in rows]
        norms.append(_spectral_norm(power))
    windows = (norms[max(0, d - padding) : d + 1] for d in range(n_steps + padding + 1))
    return math.fsum(max(window) for window in windows)


def _spectral_norm(matrix: list[list[float]]) -> float:
    """Return the largest singular value: Jacobi rotations of the matrix times its transpose."""
    rows = range(len(matrix))
    top = max(abs(entry) for row in matrix for entry in row)
    if top == 0:
        return 0.0
    s = [[sum(a[k] / top * (b[k] / top) for k in rows) for b in matrix] for a in matrix]
    for _ in range(30):
        for p in rows:
            for q in range(p):
                if s[p][q] != 0:
                    _rotate(s, p, q)
    return top * math.sqrt(max(s[i][i] for i in rows))


def _rotate(s: list[list[float]], p: int, q: int) -> None:
    """Make one entry beside the diagonal of a symmetric matrix zero, in place."""
    angle = 0.5 * math.atan2(2 * s[p][q], s[q][q] - s[p][p])
    cosine, sine = math.cos(angle), math.sin(angle)
    for k in range(len(s)):
        a, b = s[k][p], s[k][q]
        s[k][p], s[k][q] = cosine * a - sine * b, sine * a + cosine * b
    for k in range(len(s)):
        a, b = s[p][k], s[q][k]
        s[p][k], s[q][k] = cosine * a - sine * b, sine * a + cosine * b


def growth_sum(
    eigenvalues: list[float],
    learning_rate: float,
    n_steps: int,
    momentum: float = 0.0,
    velocity_scale: float = 0.0,
) -> float:
    """Return the sum over t = 0..T of the largest norm of the t-th power of the 2 x 2 blocks."""
    if momentum == 0 and velocity_scale == 0:
        growth = max(abs(1 - learning_rate * x) for x in eigenvalues)
        return math.fsum(growth**t for t in range(n_steps + 1))
    largest = [1.0] + [0.0] * n_steps
    for x in eigenvalues:
        corner = -learning_rate * momentum / velocity_scale if momentum else 0.0
        block = (1 - learning_rate * x, corner, velocity_scale * x, momentum)
        power = (1.0, 0.0, 0.0, 1.0)
        for t in range(1, n_steps + 1):
            power = _product(power, block)
            largest[t] = max(largest[t], _norm(*power))
    return math.fsum(largest)


def _product(left: tuple, right: tuple) -> tuple:
    a, b, c, d = left
    e, f, g, h = right
    return a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h


def _norm(a: float, b: float, c: float, d: float) -> float:
    """Return the spectral norm of a 2 x 2 matrix."""
    return (math.hypot(a + d, b - c) + math.hypot(a - d, b + c)) / 2


def sampling_factor(segment_weights: list[float], epsilon: float) -> float:
    """Return the sum over segments of 1/eps_s^2 at the best split of a read-out error."""
    return math.fsum(w ** (2 / 3) for w in segment_weights) ** 3 / epsilon**2


def coherent_factor(segment_weights: list[float], epsilon: float) -> float:
    """Return the sum over segments of 1/eps_s at the best split of a read-out error."""
    return math.fsum(math.sqrt(w) for w in segment_weights) ** 2 / epsilon


def descent_error(
    learning_rate: float, growth: float, dropped_norm: float, update_norms: list[float]
) -> float:
    """Return the change of the last update by a dropped part of the Hessian, relative to it."""
    if min(update_norms) < 0 or update_norms[-1] <= 0:
        raise ValueError("update_norms: numbers >= 0, the last one > 0")
    kick, error = learning_rate * dropped_norm, 0.0
    for norm in update_norms[:-1]:
        error = (growth + kick) * error + kick * norm
    return error / update_norms[-1]
