r"""Degree, segments, truncation order and map of a descent: the cheapest promise that is kept.

`degree: auto` is the smallest degree whose polynomial model, in one segment, stays within its share
of the error (at most 1/7 of `error.total`); where none does, every degree is offered in the fewest
segments in which it does. Above degree 1 the truncation order is the smallest whose certificate
fits 1/7 as well, for the exact map, and every map order whose additional error fits another 1/7 is
offered. The certificate is the smaller of the a-priori majorant and the a-posteriori bound along
the path. What the user typed is priced, kept promise or not.

The norms of $F_2 = -T_3/2$ and $F_3 = -T_4/6$ are fed by their Frobenius norms, which bound both the
unfolding and the injective norm.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qres.algorithms.carleman.certificate import LinearPart
from qres.algorithms.carleman.choose import MAX_ORDER, Dynamics, error_curves, longest_segment
from qres.algorithms.carleman.horizon import momentum_dynamics
from qres.algorithms.descent.segmentation import (
    Segmentation,
    growth,
    repeat,
    segmentations,
    spectrum,
)
from qres.algorithms.descent.velocities import velocity_bounds
from qres.algorithms.readouts.base import find_readout
from qres.config.record import CarlemanGd, ErrorTarget
from qres.errors import InfeasibleError, InputError
from qres.measurement.record import Measurement, Norms, Segment
from qres.notation.quantity import Quantity

PART = 7
"""`auto` may spend at most one in seven parts of the error on each: model, truncation, map."""

TENSORS = {2: ("t3_frobenius", 2.0), 3: ("t4_frobenius", 6.0)}
"""By degree: the measured norm of the derivative, and its divisor in the Taylor series."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One promise: the model, its segments, its lift.

    Args:
        degree: of the polynomial gradient, q.
        cut: the segments.
        truncation_order: N, 1 at degree 1.
        eps_model: error of the model, relative to the whole change.
        eps_truncation: error of the truncated exact map, likewise.
        eps_map: by map order, its additional error, likewise.
        keeps: whether model and truncation stay within their parts, or were typed.
        is_certified: whether the truncation stays within its part.
    """

    degree: int
    cut: Segmentation
    truncation_order: int
    eps_model: float
    eps_truncation: float
    eps_map: Mapping[int, float]
    keeps: bool
    is_certified: bool = True

    @property
    def error(self) -> float:
        """What is spent before anything is computed, with the best map."""
        return self.eps_model + self.eps_lift

    @property
    def eps_lift(self) -> float:
        """What truncation and the best map spend; infinite where nothing is certified."""
        return self.eps_truncation + min(self.eps_map.values())


def part_of(error: ErrorTarget) -> float:
    """Return the most that model, truncation and map may each spend."""
    return error.total / PART


def plans(parameters: CarlemanGd, measurement: Measurement, error: ErrorTarget) -> tuple[Plan, ...]:
    """Return the plans worth pricing; where none keeps its promise, the one that misses by least.

    Raises:
        InputError: norms that the typed degree or order needs are missing.
        InfeasibleError: the model, or its series, grows beyond any number however it is cut.
    """
    cuts = segmentations(parameters, measurement)
    whole, *_ = cuts
    part = part_of(error)
    tried: list[Plan] = []
    for cut in cuts:
        for degree in _degrees(parameters, cut):
            plan = find_plan(parameters, cut, degree, part)
            tried.append(plan)
            if plan.keeps and len(cut.segments) == 1:
                return (plan,)
    if not tried:
        raise _refusal(parameters, whole)
    if not any(plan.keeps for plan in tried):
        tried += _shorter(parameters, whole, part, measurement.eps_model_curves)
    kept: dict[int, Plan] = {}
    for plan in tried:
        if plan.keeps:
            kept.setdefault(plan.degree, plan)
    return tuple(kept.values()) or (_nearest(parameters, tried),)


def _nearest(parameters: CarlemanGd, tried: Sequence[Plan]) -> Plan:
    """Return the plan that misses by least, a measured one if there is any."""

    def rank(plan: Plan) -> tuple[bool, bool, float]:
        if not math.isfinite(plan.eps_lift):
            return True, False, plan.cut.steps
        return False, plan.cut.is_repeated, plan.error

    best = min(tried, key=rank)
    if math.isfinite(best.eps_lift):
        return best
    steps = best.cut.steps
    within = "one step" if steps == 1 else f"segments of {steps} steps"
    raise InfeasibleError("truncation", f"the Carleman series does not converge within {within}")


def _shorter(
    parameters: CarlemanGd, whole: Segmentation, part: float, curves: Mapping[int, Norms]
) -> list[Plan]:
    """Return plans in segments that were not measured: by degree as long as they keep theirs."""
    first, *others = whole.segments
    if parameters.segment_steps != "auto" or others:
        return []
    found: list[Plan] = []
    for degree in _degrees(parameters, whole):
        if degree == 1:
            continue
        model = dynamics(first, whole, degree)
        lengths = np.array(first.path_norms[degree])
        reach = longest_segment(model, part * lengths, policy="exact")
        steps = min(parameters.n_steps - 1, 1 if reach is None else reach.n_steps)
        # errors of many segments add up and grow, so the reach of one may be too far
        while steps and not (found and found[-1].keeps and found[-1].degree == degree):
            cut = repeat(whole, steps, parameters.n_steps, curves)
            found.append(find_plan(parameters, cut, degree, part))
            steps //= 2
    return found


def _degrees(parameters: CarlemanGd, cut: Segmentation) -> list[int]:
    """Return the degrees that are asked for and whose norms are known."""
    asked = [1, *TENSORS] if parameters.degree == "auto" else [int(parameters.degree)]
    order = parameters.truncation_order
    if order != "auto":
        asked = [degree for degree in asked if (degree == 1) == (order == 1)]
    member = find_readout(parameters.readout)
    asked = [degree for degree in asked if degree > 1 or member.least_order(1) == 1]
    return [q for q in asked if q == 1 or (not _missing(cut, q) and _has_path(cut, q))]


def _refusal(parameters: CarlemanGd, whole: Segmentation) -> InputError | InfeasibleError:
    """Return why no degree that is asked for can be tried."""
    order = parameters.truncation_order
    degree = 2 if parameters.degree == "auto" else int(parameters.degree)
    if order == 1:
        return InputError(f"algorithm.truncation_order: at degree {degree} needs 2 or more")
    missing = _missing(whole, degree)
    if missing:
        asked = f"degree: {degree}" if order == "auto" else f"truncation_order: {order}"
        return InputError(f"algorithm.{asked} needs {', '.join(missing)}")
    text = f"the degree-{degree} model diverges: use fewer steps or shorter segments"
    return InfeasibleError("model", text)


def _missing(cut: Segmentation, degree: int) -> list[str]:
    names = [TENSORS[k][0] for k in range(2, degree + 1)]
    return [name for name in names if cut.worst(name) is None]


def _has_path(cut: Segmentation, degree: int) -> bool:
    paths = [segment.path_norms.get(degree, (math.inf,)) for segment in cut.segments]
    return all(math.isfinite(norm) for path in paths for norm in path)


def find_plan(parameters: CarlemanGd, cut: Segmentation, degree: int, part: float) -> Plan:
    """Return the plan of one degree in given segments."""
    model = cut.model_error(degree)
    if degree == 1:
        return Plan(
            degree=1,
            cut=cut,
            truncation_order=1,
            eps_model=model,
            eps_truncation=0.0,
            eps_map={1: 0.0},
            keeps=model <= part or _is_typed(parameters),
        )
    typed = parameters.truncation_order
    least = max(2, find_readout(parameters.readout).least_order(degree))
    orders = range(least, MAX_ORDER + 1) if typed == "auto" else [int(typed)]
    models = [dynamics(segment, cut, degree) for segment in cut.segments]
    order, spent = min(orders), math.inf
    for order in orders:
        spent = cut.relative([final_error(model, order, order) for model in models])
        if spent <= part:
            break
    maps = _maps(parameters, cut, models, order, spent, part)
    is_priced = math.isfinite(spent + min(maps.values())) and (spent <= part or typed != "auto")
    keeps = (model <= part or _is_typed(parameters)) and is_priced
    return Plan(
        degree=degree,
        cut=cut,
        truncation_order=order,
        eps_model=model,
        eps_truncation=spent,
        eps_map=maps,
        keeps=keeps,
        is_certified=spent <= part,
    )


def _is_typed(parameters: CarlemanGd) -> bool:
    """Say whether degree and segments were typed, so that the model's error is what it is."""
    return parameters.degree != "auto" and parameters.segment_steps != "auto"


def _maps(
    parameters: CarlemanGd,
    cut: Segmentation,
    models: Sequence[Dynamics],
    order: int,
    spent: float,
    part: float,
) -> dict[int, float]:
    """Return the additional error of each map order that is open; the exact map has none."""
    asked = parameters.map_order
    if asked == "exact" or cut.momentum:
        return {order: 0.0}
    found = {}
    for kept in range(1, order):
        error = cut.relative([final_error(m, order, kept) for m in models])
        found[kept] = max(0.0, error - spent) if math.isfinite(spent) else math.inf
    found[order] = 0.0
    if asked != "auto":
        return {min(int(asked), order): found[min(int(asked), order)]}
    return {kept: value for kept, value in found.items() if value <= part}


def tensor_norms(values: Mapping[str, Quantity], degree: int) -> tuple[float, ...]:
    """Return the norms of F_0 .. F_degree, entry 1 unused; upper ends of their intervals.

    Of mini-batches `grad_norm` is a mean, which is all that counts at degree 1.
    """
    mean = values["grad_norm"]
    found = [_high(mean if degree == 1 else values.get("largest_grad_norm", mean)), 0.0]
    for k in range(2, degree + 1):
        name, divisor = TENSORS[k]
        found.append(_high(values[name]) / divisor)
    return tuple(found)


def _high(quantity: Quantity) -> float:
    return float(quantity) if quantity.high is None else float(quantity.high)


def growth_of(segment: Segment, plan: Plan) -> float:
    """Return the largest factor by which a step of the segment stretches an eigenvector."""
    return growth(segment.values, plan.cut.learning_rate)


def dynamics(segment: Segment, cut: Segmentation, degree: int) -> Dynamics:
    """Return the recurrence of a segment and its path."""
    low, high = spectrum(segment.values)
    norms = tensor_norms(segment.values, degree)
    if cut.momentum:
        rate, path = cut.learning_rate, tuple(segment.path_norms[degree])
        _, speeds = velocity_bounds(segment, degree, rate)
        return momentum_dynamics(low, high, rate, cut.momentum, 0.0, norms, path, speeds)
    return Dynamics(
        linear=LinearPart(learning_rate=cut.learning_rate, lambda_min=low, lambda_max=high),
        norms_unfolding=norms,
        norms_injective=norms,
        path=tuple(segment.path_norms[degree]),
        rates=cut.rates_of(segment),
    )


@lru_cache(maxsize=2048)
def final_error(model: Dynamics, order: int, map_order: int) -> float:
    """Return the certified error of map and truncation at the end, in units of the weights."""
    return min(float(curve[-1]) for curve in error_curves(model, order, map_order))


def is_majorant_infinite(plan: Plan) -> bool:
    """Say whether only the certificate along the path holds, in some segment."""
    order = plan.truncation_order
    models = (dynamics(segment, plan.cut, plan.degree) for segment in plan.cut.segments)
    return any(math.isinf(error_curves(model, order, order)[1][-1]) for model in models)
