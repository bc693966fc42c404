r"""Norms of a symmetric tensor that is known only by its products.

The *injective norm* $\max_{|v|=1} |T(v, \ldots, v)|$ by shifted symmetric power iteration from many
starts: every unit vector gives a lower bound, the best one found is reported. The shift is zero
until a step would descend, and then doubles; with a large enough shift every step ascends.

The *unfolding norm* of a third-order $T$ is the spectral norm of the $r \times r^2$ matrix; its
square is the largest eigenvalue of $A v = \sum_k T(\cdot, e_k, T(v, e_k, \cdot))$, and
$v^T A v = \|T(v, \cdot, \cdot)\|_F^2$ for any unit $v$ is a lower bound.

Source: Kolda and Mayo (2011), SIAM J. Matrix Anal. Appl. 32, 1095 (recalled; that it climbs is
enforced here step by step).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qres.measurement.probes import bound_square, draw_signs

Vector = NDArray[np.float64]
Product = Callable[[Vector], Vector]
"""$v \\mapsto T(v, \\ldots, v, \\cdot)$, shape (r,) to (r,)."""

Slices = Callable[[Vector, Iterable[Vector]], Iterator[tuple[int, Vector]]]
"""$(v, w_1, w_2, \\ldots) \\mapsto T(v, w_i, \\cdot)$, numbered."""

TOLERANCE = 1e-9
"""An ascent ends where a step gains less than this part."""


@dataclass(frozen=True)
class Peak:
    r"""A unit vector $v$, and $|T(v, \ldots, v)|$ there."""

    value: float
    vector: Vector


def climb(product: Product, start: Vector, *, steps: int) -> Peak:
    """Return where at most `steps` products lead from `start`; the value never falls."""
    vector = start / np.linalg.norm(start)
    image = product(vector)
    value, shift = float(image @ vector), 0.0
    for _ in range(steps):
        ahead = math.copysign(1.0, value) * image + shift * vector
        length = float(np.linalg.norm(ahead))
        if length == 0:
            break
        ahead = ahead / length
        next_image = product(ahead)
        next_value = float(next_image @ ahead)
        if abs(next_value) < abs(value):
            shift = max(2 * shift, abs(value), abs(next_value))
            continue
        gain = abs(next_value) - abs(value)
        vector, image, value = ahead, next_image, next_value
        if gain <= TOLERANCE * abs(value):
            break
    return Peak(abs(value), vector)


def find_peak(product: Product, starts: Iterable[Vector], *, steps: int, polish: int) -> Peak:
    """Return the highest of short climbs from all starts, climbed on for `polish` more products."""
    peaks = [climb(product, start, steps=steps) for start in starts]
    best = max(peaks, key=lambda peak: peak.value)
    return climb(product, best.vector, steps=polish)


def widen(slices: Slices, start: Vector, signs: list[Vector], *, steps: int) -> Vector:
    """Return a unit vector after power iteration on $A$, its sum sampled with fixed signs.

    With unit vectors for `signs` the sum is exact. The top eigenvalue of a sample is biased
    upward, so only the vector is used: `measure_slice` says what it is worth.
    """
    vector = start
    for _ in range(steps):
        image = np.zeros_like(vector)
        for sign in signs:
            ((_, inner),) = slices(sign, [vector])
            ((_, outer),) = slices(sign, [inner])
            image += outer
        length = float(np.linalg.norm(image))
        if length == 0:
            break
        vector = image / length
    return vector


def measure_slice(
    slices: Slices, vector: Vector, *, n_probes: int, rng: np.random.Generator
) -> tuple[float, float, float]:
    r"""Return $\|T(v, \cdot, \cdot)\|_F^2$ and both ends of its interval, from fresh signs.

    The image of one set of signs spans a basis, on which the sum is exact; what is orthogonal to it
    is estimated from another set. The estimate is unbiased, because the basis does not depend on
    the second set.
    """
    dim = len(vector)
    first = [draw_signs(rng, dim) for _ in range(min(n_probes, dim))]
    image = np.stack([row for _, row in slices(vector, first)], axis=1)
    basis, _ = np.linalg.qr(image)
    exact = sum(float(row @ row) for _, row in slices(vector, list(basis.T)))
    if basis.shape[1] == dim:
        return exact, exact, exact
    rest = [draw_signs(rng, dim) for _ in range(2 * n_probes)]
    rest = [signs - basis @ (basis.T @ signs) for signs in rest]
    mean = float(np.mean([float(row @ row) for _, row in slices(vector, rest)]))
    low, high = bound_square(mean, len(rest), 1)
    return exact + mean, exact + low, exact + high
