r"""Third and fourth derivatives of the loss: what the nonlinear part of the lift must know.

Up to `THIRD_DIM` (`FOURTH_DIM`) active parameters the whole tensor is computed and everything but
the injective norm is exact. Beyond, the injective norm comes from power iteration, the unfolding
norm from power iteration and fresh random signs, the Frobenius norm from
$\|T\|_F^2 = \mathbb{E}\,\|T(z, z', \cdot)\|^2$ over independent random signs (unbiased), the largest
entry from the slices where the injective norm is reached. Certificates take the upper end of the
Frobenius norm, which holds for a tensor of rank one too (`probes.bound_square`); where one lives on so few
coordinates that all signs may miss it, the injective norm, which then is nearly as large, is the floor.
The Frobenius norm bounds both other norms from above.

Below double precision a few products of each order are repeated in the next precision up (`rounding`).
What changes has the same mean square as its tensor, and all intervals are widened by twice its root.

Source: derived.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qres.measurement.ascent import Peak, find_peak, measure_slice, widen
from qres.measurement.curvature import Curvature, Vector
from qres.measurement.probes import CONFIDENCE, bound_square, draw_signs
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.rounding import MARGIN, add_rounding, find_change, is_rounded
from qres.notation.quantity import Bound, Kind, Quantity

THIRD_DIM, FOURTH_DIM = 60, 16
"""Up to this many active parameters the whole tensor is computed."""

DENSE_STARTS, DENSE_STEPS = 48, 400
"""Of the power iteration on a tensor that is at hand."""

NEGLIGIBLE = 1e-12
"""Entries below this part of the largest are rounding, not pattern."""

TUPLES = 3
"""Of sign vectors, on which rounding is measured."""

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How hard to look.

    Args:
        n_probes: sets the number of starts, signs and slices.
        is_kinked: whether an activation has kinks, which every derivative misses.
        rng: everything random here.
    """

    n_probes: int
    is_kinked: bool
    rng: np.random.Generator

    def quantity(
        self, value: float | int, kind: Kind, method: str, bound: Bound = "two-sided"
    ) -> Quantity:
        """Return a number about the tensor, `assumed` where the kinks are missed."""
        if self.is_kinked:
            kind, method = "assumed", f"{method}; the kinks of the activations are missed"
        return Quantity(value=value, kind=kind, bound=bound, source="this network", method=method)


def measure_tensors(
    curvature: Curvature, effort: Effort, *, order: int = 4, progress: Progress = keep_silent
) -> dict[str, Quantity]:
    """Return the `t3_*` and `t4_*` quantities at the start of `curvature`, up to this order."""
    if order < 3:
        return {}
    values, peak = _measure_third(curvature, effort, progress)
    values = _widen(curvature, values, peak, 3)
    if order < 4:
        return values
    fourth, peak = _measure_fourth(curvature, effort, peak, progress)
    return values | _widen(curvature, fourth, peak, 4)


def _widen(
    curvature: Curvature, values: dict[str, Quantity], peak: Peak, order: int
) -> dict[str, Quantity]:
    """Return norms of a derivative with what rounding changes; in low precision all is measured."""
    if not is_rounded(curvature):
        return values
    rng = np.random.default_rng([curvature.n_active, order])
    tuples = [
        [draw_signs(rng, curvature.n_active) for _ in range(order - 1)] for _ in range(TUPLES)
    ]
    change, length = find_change(
        curvature,
        f"change of order {order}",
        lambda loss: np.concatenate([loss.mix(*signs) for signs in tuples]),
    )
    # no norm of a tensor, and no entry, changes by more than the Frobenius norm of the change
    part = MARGIN * change / length if length > 0 else 0.0
    off = part * float(values[f"t{order}_frobenius"])
    # what was climbed to may owe more to rounding than a random direction does
    change, length = find_change(
        curvature,
        f"change at the peak of order {order}",
        lambda loss: loss.derive(peak.vector, order - 1)[-1],
    )
    off = max(off, MARGIN * change * (max(1.0, peak.value / length) if length > 0 else 1.0))
    found = {
        name: add_rounding(quantity, off, curvature)
        for name, quantity in values.items()
        if name != "t3_sparsity"
    }
    if "t3_sparsity" in values:  # what rounding made of zeros is counted, too
        count = values["t3_sparsity"]
        kind = "measured" if count.kind == "exact" else count.kind
        found["t3_sparsity"] = replace(count, low=0, high=curvature.n_active**2, kind=kind)
    return found


def build_third(curvature: Curvature) -> Array:
    """Return the whole third derivative, shape (r, r, r)."""
    units = np.eye(curvature.n_active)
    tensor = np.empty((len(units),) * 3)
    for i, unit in enumerate(units):
        for number, row in curvature.contract((unit,), units[i:]):
            tensor[i, i + number] = tensor[i + number, i] = row
    return _symmetrise(tensor)


def build_fourth(curvature: Curvature) -> Array:
    """Return the whole fourth derivative, shape (r, r, r, r)."""
    units = np.eye(curvature.n_active)
    tensor = np.empty((len(units),) * 4)
    for i, j in itertools.combinations_with_replacement(range(len(units)), 2):
        for number, row in curvature.contract((units[i], units[j]), units[j:]):
            for first in itertools.permutations((i, j, j + number)):
                tensor[first] = row
    return _symmetrise(tensor)


def _symmetrise(tensor: Array) -> Array:
    """Return the mean over all orders of the indices: they differ by rounding."""
    orders = list(itertools.permutations(range(tensor.ndim)))
    return sum((tensor.transpose(order) for order in orders), np.zeros_like(tensor)) / len(orders)


def _measure_third(
    curvature: Curvature, effort: Effort, progress: Progress
) -> tuple[dict[str, Quantity], Peak]:
    """Return the quantities of the third derivative, and where it is largest."""
    if curvature.n_active > THIRD_DIM:
        return _sample_third(curvature, effort, progress)
    tensor = build_third(curvature)
    progress("third derivative", 1, 1)
    peak = _climb_dense(tensor, effort.rng)
    method = "the whole third derivative"
    largest = float(np.max(np.abs(tensor)))
    flat = tensor.reshape(len(tensor), -1)
    nonzero = np.abs(flat) > NEGLIGIBLE * largest
    unfolding = float(np.linalg.norm(flat, 2))
    values = {
        "t3_injective": _describe_peak(effort, peak, DENSE_STARTS, unfolding, "unfolding"),
        "t3_unfolding": effort.quantity(unfolding, "exact", method),
        "t3_frobenius": effort.quantity(float(np.linalg.norm(flat)), "exact", method),
        "t3_max_entry": effort.quantity(largest, "exact", method),
        "t3_sparsity": effort.quantity(int(np.max(nonzero.sum(axis=1))), "exact", method),
    }
    return values, peak


def _climb_dense(tensor: Array, rng: np.random.Generator) -> Peak:
    """Return the highest point of a tensor that is at hand."""

    def product(vector: Vector) -> Vector:
        image = tensor
        while image.ndim > 1:
            image = image @ vector
        return image

    starts = rng.standard_normal((DENSE_STARTS, len(tensor)))
    return find_peak(product, starts, steps=DENSE_STEPS, polish=DENSE_STEPS)


def _describe_peak(
    effort: Effort, peak: Peak, n_starts: int, ceiling: float, name: str = "Frobenius"
) -> Quantity:
    """Return an injective norm: the best point found bounds it from below, another norm from above."""
    method = (
        f"shifted symmetric power iteration, best of {n_starts} starts; "
        f"the {name} norm bounds it from above"
    )
    quantity = effort.quantity(peak.value, "measured", method, "lower")
    return replace(quantity, low=peak.value, high=max(ceiling, peak.value))


def _sample_third(
    curvature: Curvature, effort: Effort, progress: Progress
) -> tuple[dict[str, Quantity], Peak]:
    """Return what products with the third derivative say about it."""
    starts = _draw_starts(curvature, effort.n_probes, effort.rng)
    peak = find_peak(
        lambda vector: curvature.derive(vector, 2)[1], starts, steps=6, polish=3 * effort.n_probes
    )
    progress("third derivative", 1, 4)
    unfolding = _recall(
        curvature, effort, "unfolding", lambda: _sample_unfolding(curvature, effort, peak)
    )
    progress("third derivative", 2, 4)
    frobenius = _recall(
        curvature,
        effort,
        "third Frobenius",
        lambda: _sample_frobenius(curvature, effort, 8 * effort.n_probes, order=3),
    )
    frobenius = _reconcile(frobenius, peak, float(unfolding.low or 0))
    progress("third derivative", 3, 4)
    ceiling = float(frobenius.high or 0)
    values = {
        "t3_injective": _describe_peak(effort, peak, len(starts), ceiling),
        "t3_unfolding": replace(unfolding, high=max(float(unfolding.high or 0), ceiling)),
        "t3_frobenius": frobenius,
        **_sample_entries(curvature, effort, peak, frobenius),
    }
    progress("third derivative", 4, 4)
    return values, peak


def _recall(
    curvature: Curvature, effort: Effort, name: str, make: Callable[[], Quantity]
) -> Quantity:
    """Return a sampled quantity as a phase of the journal, of which only the result is kept."""
    journal = curvature.journal
    if not journal.is_open:
        return make()
    return Quantity.from_dict(journal.phase(name, lambda: make().to_dict(), rng=effort.rng))


def _draw_starts(curvature: Curvature, n_probes: int, rng: np.random.Generator) -> list[Vector]:
    """Return the gradient and `n_probes` random vectors."""
    gradient = curvature.gradient(curvature.start)
    first = [gradient] if np.any(gradient) else []
    return [*first, *rng.standard_normal((n_probes, curvature.n_active))]


def _sample_unfolding(curvature: Curvature, effort: Effort, peak: Peak) -> Quantity:
    """Return the unfolding norm: what the best vector found reaches, on fresh signs."""

    def slices(vector: Vector, others: Iterable[Vector]) -> Iterator[tuple[int, Vector]]:
        return curvature.contract((vector,), others)

    n_probes = effort.n_probes
    signs = [draw_signs(effort.rng, curvature.n_active) for _ in range(n_probes)]
    vector = widen(slices, peak.vector, signs, steps=5)
    square, least, most = measure_slice(slices, vector, n_probes=n_probes, rng=effort.rng)
    low, high = math.sqrt(least), math.sqrt(most)
    # |T(v, v, v)| <= norm of T(v, ., .): the injective norm is a lower bound of this one
    value = max(math.sqrt(square), peak.value)
    method = (
        f"power iteration with {n_probes} random sign vectors, then its vector on fresh ones, "
        f"{CONFIDENCE:.0%} interval of what that vector reaches; t3_injective bounds it from below, "
        "the Frobenius norm from above"
    )
    quantity = effort.quantity(value, "measured", method, "lower")
    return replace(quantity, low=max(low, peak.value), high=max(high, value))


def _sample_frobenius(curvature: Curvature, effort: Effort, count: int, *, order: int) -> Quantity:
    """Return the root of the mean square of T at independent random signs."""
    squares = []
    for _ in range(count):
        signs = [draw_signs(effort.rng, curvature.n_active) for _ in range(order - 1)]
        squares.append(float(np.sum(curvature.mix(*signs) ** 2)))
    mean = float(np.mean(squares))
    low, high = bound_square(mean, count, order - 1)
    method = (
        f"{count} tuples of independent random sign vectors; {CONFIDENCE:.0%} interval, "
        "that of a tensor of rank one, which spreads most"
    )
    quantity = effort.quantity(math.sqrt(mean), "measured", method)
    return replace(quantity, low=math.sqrt(low), high=math.sqrt(high))


def _reconcile(frobenius: Quantity, peak: Peak, also: float = 0.0) -> Quantity:
    """Return a Frobenius norm that is not below the norms that it bounds."""
    floor = max(peak.value, also)
    value = max(float(frobenius), floor)
    return replace(
        frobenius,
        value=value,
        low=max(float(frobenius.low or 0), peak.value),
        high=max(float(frobenius.high or 0), value),
    )


def _sample_entries(
    curvature: Curvature, effort: Effort, peak: Peak, frobenius: Quantity
) -> dict[str, Quantity]:
    """Return the largest entry of the slices at the largest coordinates of the peak."""
    dim, units = curvature.n_active, np.zeros((effort.n_probes, curvature.n_active))
    leading = np.argsort(-np.abs(peak.vector), kind="stable")[: effort.n_probes]
    units[np.arange(len(leading)), leading] = 1

    def look(find: Callable[[Vector], float]) -> list[list[float]]:
        """Go through the rows of every slice: they would not fit in memory together."""
        return [[find(row) for _, row in curvature.contract((unit,), units)] for unit in units]

    largest = max(map(max, look(lambda row: float(np.max(np.abs(row))))))
    filled = look(lambda row: float(np.count_nonzero(np.abs(row) > NEGLIGIBLE * largest)))
    share = max(map(sum, filled)) / (len(units) * dim)
    method = f"largest entry of {len(units) ** 2} rows T(e_i, e_j, .)"
    entry = effort.quantity(largest, "measured", method, "lower")
    pattern = f"at most r^2; the fullest sampled slice has {share:.4g} of its entries, the low"
    sparsity = effort.quantity(dim**2, "proven", pattern, "upper")
    ceiling = max(float(frobenius.high or 0), largest)
    return {
        "t3_max_entry": replace(entry, low=largest, high=ceiling),
        "t3_sparsity": replace(sparsity, low=round(share * dim**2), high=dim**2),
    }


def _measure_fourth(
    curvature: Curvature, effort: Effort, third: Peak, progress: Progress
) -> tuple[dict[str, Quantity], Peak]:
    """Return the norms of the fourth derivative, and where it is largest."""
    if curvature.n_active <= FOURTH_DIM:
        tensor = build_fourth(curvature)
        progress("fourth derivative", 1, 1)
        norm = float(np.linalg.norm(tensor))
        peak = _climb_dense(tensor, effort.rng)
        return {
            "t4_injective": _describe_peak(effort, peak, DENSE_STARTS, norm),
            "t4_frobenius": effort.quantity(norm, "exact", "the whole fourth derivative"),
        }, peak
    n_starts = max(1, effort.n_probes // 2)
    starts = [third.vector, *_draw_starts(curvature, n_starts, effort.rng)]
    peak = find_peak(
        lambda vector: curvature.derive(vector, 3)[2], starts, steps=4, polish=2 * effort.n_probes
    )
    progress("fourth derivative", 1, 2)
    frobenius = _recall(
        curvature,
        effort,
        "fourth Frobenius",
        lambda: _sample_frobenius(curvature, effort, 4 * effort.n_probes, order=4),
    )
    progress("fourth derivative", 2, 2)
    frobenius = _reconcile(frobenius, peak)
    ceiling = float(frobenius.high or 0)
    return {
        "t4_injective": _describe_peak(effort, peak, len(starts), ceiling),
        "t4_frobenius": frobenius,
    }, peak
