r"""The lift of a plan in numbers: what the solver sees, the worst segment deciding.

Above degree 1, and in several segments, the norm of the inverse, the success probability and $\xi$
come from the block bounds of every segment's lift instead of a closed form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from qres.algorithms.carleman.describe import Lift, describe_lift
from qres.algorithms.carleman.segments import COHERENT_FACTOR, SAMPLING_FACTOR
from qres.algorithms.carleman.varying import describe_varying
from qres.algorithms.descent.plan import Plan, tensor_norms
from qres.algorithms.descent.segmentation import check_path, spectrum
from qres.errors import InfeasibleError
from qres.measurement.record import Segment
from qres.notation.quantity import Quantity

HALVES = range(-4, 5)
"""Exponents k of the rescalings $2^{k/2}$ times the largest update that are tried."""

LARGEST_STRETCH = 1e100
"""No read-out is precise enough for errors that grow by more."""

Position = tuple[int, float, int]
"""Map order, rescaling, padding."""


def segment_lifts(plan: Plan, position: Position) -> tuple[Lift, ...]:
    """Return the lift of every segment."""
    return tuple(_lift(segment, plan, position) for segment in plan.cut.segments)


def _lift(segment: Segment, plan: Plan, position: Position) -> Lift:
    low, high = spectrum(segment.values)
    norms = tensor_norms(segment.values, plan.degree)
    path = tuple(segment.path_norms[plan.degree])
    check_path(path, segment.n_steps)
    rate, order = plan.cut.learning_rate, plan.truncation_order
    rates = plan.cut.rates_of(segment)
    return _describe(rate, low, high, norms, path, order, *position, rates)


@lru_cache(maxsize=4096)
def _describe(
    learning_rate: float,
    lambda_min: float,
    lambda_max: float,
    norms: tuple[float, ...],
    path: tuple[float, ...],
    truncation_order: int,
    map_order: int,
    rescaling: float,
    padding: int,
    rates: tuple[float, ...],
) -> Lift:
    if rates:
        return describe_varying(
            rates=rates,
            lambda_min=lambda_min,
            lambda_max=lambda_max,
            norms=norms,
            path=path,
            truncation_order=truncation_order,
            map_order=map_order,
            rescaling=rescaling,
            padding=padding,
        )
    return describe_lift(
        learning_rate=learning_rate,
        lambda_min=lambda_min,
        lambda_max=lambda_max,
        norms_unfolding=norms,
        norms_injective=norms,
        path=path,
        truncation_order=truncation_order,
        map_order=map_order,
        rescaling=rescaling,
        padding=padding,
    )


def read_prob(plan: Plan, lift: Lift) -> float:
    """Return the certified probability, that of the exact lift where nothing is certified."""
    low = lift.success_prob_low
    return low if plan.is_certified and low > 0 else lift.success_prob


def lift_values(plan: Plan, position: Position) -> dict[str, Quantity]:
    """Return what the solver sees of the worst segment.

    Raises:
        InfeasibleError: the steps stretch so much that the inverse is not a number any more.
    """
    lifts = segment_lifts(plan, position)
    inverse = max(lift.linv for lift in lifts)
    if not math.isfinite(inverse):
        raise InfeasibleError("inverse_norm", "the lift grows beyond any number within a segment")
    count = len(lifts)
    where = f", the largest of {count} segments" if count > 1 else ""
    is_low = plan.is_certified and all(lift.success_prob_low > 0 for lift in lifts)
    known = "certified from below" if is_low else "of the exact lift, not certified"

    def bounded(value: float, what: str) -> Quantity:
        method = f"{what}, order {plan.truncation_order}, map {position[0]}{where}"
        return Quantity(
            value=value,
            kind="measured",
            bound="upper",
            source="derived: block bounds",
            method=method,
        )

    return {
        "inverse_norm": bounded(inverse, "history.linv_bound"),
        "xi": bounded(
            max(lift.xi for lift in lifts), "norm(L^-1) norm(b) / norm(x), x the exact lift"
        ),
        "success_prob": Quantity(
            value=min(read_prob(plan, lift) for lift in lifts),
            kind="measured" if is_low else "assumed",
            source="derived: history state of the lift",
            method=f"probability of block 1 at the end, {known}",
        ),
    }


def positions(plan: Plan, paddings: Iterable[int], rescaling: float | str) -> list[Position]:
    """Return the map orders, rescalings and paddings to compare."""
    scale = max(max(segment.path_norms[plan.degree]) for segment in plan.cut.segments)
    grid = [scale * 2 ** (k / 2) for k in HALVES] if rescaling == "auto" else [float(rescaling)]
    return [(m, gamma, p) for m in sorted(plan.eps_map) for gamma in grid for p in paddings]


def best_position(
    plan: Plan, options: Iterable[Position], alpha: Callable[[Position], float]
) -> Position:
    r"""Return where $m\,\alpha_L\lVert L^{-1}\rVert/\sqrt P$ is least, the cost but for logarithms.

    Raises:
        InfeasibleError: it is infinite everywhere.
    """

    def cost(position: Position) -> float:
        lifts = segment_lifts(plan, position)
        prob = min(read_prob(plan, lift) for lift in lifts)
        inverse = max(lift.linv for lift in lifts)
        if prob <= 0 or not math.isfinite(inverse):
            return math.inf
        return position[0] * alpha(position) * inverse / math.sqrt(prob)

    found = min(((cost(option), option) for option in options), default=(math.inf, (1, 1.0, 0)))
    if not math.isfinite(found[0]):
        raise InfeasibleError("inverse_norm", "the lift grows beyond any number at every rescaling")
    return found[1]


def stretches(plan: Plan, position: Position) -> dict[str, float]:
    r"""Return how many times smaller every segment's relative error must be than the result's.

    With $w_s = \Lambda_s(\lVert u_s\rVert + e_s)/\lVert\theta_T-\theta_0\rVert$ the sum of $w_s$, and
    for read-outs, whose errors are split over the segments by Lagrange multipliers,
    $(\sum\sqrt{w_s})^2/K$ where the cost goes as one over the error (coherent) and
    $((\sum w_s^{2/3})^3/K)^{1/2}$ where it goes as one over its square (sampling). Where the
    truncation is assumed to suffice, $e_s$ counts as $\lVert u_s\rVert$ at most.
    """
    lifts = segment_lifts_of(plan, position)
    return stretches_at(plan, [0.0 if plan.degree == 1 else lift.e_final for lift in lifts])


def stretches_at(plan: Plan, errors: Sequence[float]) -> dict[str, float]:
    """Return `stretches` from the certified error of every segment.

    Raises:
        InfeasibleError: an error grows by more than `LARGEST_STRETCH` until the end.
    """
    if not plan.is_certified:
        lengths = (segment.path_norms[plan.degree][-1] for segment in plan.cut.segments)
        errors = [min(pair) for pair in zip(errors, lengths, strict=True)]
    shares = plan.cut.shares(errors, plan.degree)
    count = len(shares)
    if not shares.sum() < LARGEST_STRETCH:
        raise InfeasibleError(
            "segments", f"an error of one grows more than {LARGEST_STRETCH:.0e}-fold until the end"
        )
    coherent = COHERENT_FACTOR(segment_weights=shares, epsilon=1.0)
    sampling = SAMPLING_FACTOR(segment_weights=shares, epsilon=1.0)
    return {
        "stretch": float(shares.sum()),
        "coherent": float(coherent) / count,
        "sampling": math.sqrt(float(sampling) / count),
    }


def segment_lifts_of(plan: Plan, position: Position) -> tuple[Lift, ...]:
    """Return the lifts; at degree 1 in variables that are not rescaled."""
    return segment_lifts(plan, position if plan.degree > 1 else (1, 1.0, position[2]))
