r"""What a measured descent puts into the job: the worst of its segments, with pedigrees.

At degree 1 and in one segment the norm of the inverse and the success probability follow from the
spectrum and the path by closed forms; elsewhere they come from the block bounds of `lifts`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from qres.algorithms.access.qram import access_limit
from qres.algorithms.carleman.choose import error_curves
from qres.algorithms.carleman.majorant import finite_horizon_ratio
from qres.algorithms.descent.plan import TENSORS, Plan, dynamics, growth_of, tensor_norms
from qres.algorithms.descent.positions import Position, lift_values, stretches
from qres.algorithms.descent.segmentation import Segmentation, spectrum
from qres.algorithms.lift import linear_reference
from qres.config.record import CarlemanGd
from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.notation.quantity import Kind, Quantity, weakest

Values = dict[str, Quantity]


def training_values(
    parameters: CarlemanGd,
    measurement: Measurement,
    plan: Plan,
    position: Position,
    needs: Sequence[str],
) -> Values:
    """Return the values of the job.

    Args:
        parameters: of the algorithm.
        measurement: what is known of the descent.
        plan: degree, segments, orders.
        position: map order, rescaling, padding.
        needs: of the encoding.

    Raises:
        InputError: the measurement lacks a value.
    """
    forcing = ("grad_norm",) if is_closed(plan) or plan.degree > 1 else ()
    values = _measured(plan.cut, ("n_active", *forcing, *needs))
    map_order, rescaling, padding = position
    typed = {"learning_rate": plan.cut.learning_rate, "n_steps": parameters.n_steps}
    values |= {name: Quantity(value=value, kind="given") for name, value in typed.items()}
    chosen = {
        "padding": padding,
        "segment_steps": plan.cut.steps,
    }
    if plan.degree > 1:
        chosen |= {
            "truncation_order": plan.truncation_order,
            "map_order": map_order,
            "rescaling": rescaling,
        }
    note = "chosen for least cost"
    values |= {name: Quantity(value=value, source=note) for name, value in chosen.items()}
    values["block_limit"] = access_limit(parameters.data_access)
    path = _path(measurement, plan)
    if is_closed(plan):
        values["lambda_max"] = _outer(_largest(plan.cut, "lambda_max"), "high")
        values["lambda_min"] = _outer(plan.cut.least("lambda_min"), "low")
        return values | path
    if parameters.readout.kind == "observable":
        values["update_norm"] = path["update_norm"]
    found = lift_values(plan, position) | stretched(parameters, plan, stretches(plan, position))
    kinds = lift_kinds(plan, path["update_norm"].kind)
    return values | {
        name: replace(item, kind=weakest((item.kind, *kinds))) for name, item in found.items()
    }


def lift_kinds(plan: Plan, path: Kind) -> tuple[Kind, ...]:
    """Return how what the bounds of the lift are made of is known."""
    names = ["lambda_min", "lambda_max"]
    if plan.degree > 1:
        names += ["grad_norm", *(TENSORS[k][0] for k in range(2, plan.degree + 1))]
    return (path, *(segment.values[name].kind for segment in plan.cut.segments for name in names))


def is_closed(plan: Plan) -> bool:
    """Say whether closed forms of the spectrum hold: degree 1, one segment, one learning rate."""
    return plan.degree == 1 and len(plan.cut.segments) == 1 and not plan.cut.rates


def _measured(cut: Segmentation, names: Sequence[str]) -> Values:
    found = {name: cut.worst(name) for name in names}
    missing = [name for name, quantity in found.items() if quantity is None]
    if missing:
        raise InputError(f"the measurement lacks {', '.join(missing)}")
    return {name: quantity for name, quantity in found.items() if quantity is not None}


def _largest(cut: Segmentation, name: str) -> Quantity:
    return _measured(cut, (name,))[name]


def _outer(quantity: Quantity, end: str) -> Quantity:
    """Return the quantity at the outer end of its interval, the interval kept."""
    value = getattr(quantity, end)
    if value is None or value == quantity.value:
        return quantity
    return replace(quantity, value=value, method=f"outer end of: {quantity.method}")


def _path(measurement: Measurement, plan: Plan) -> Values:
    """Return the norm of the last update and the sum of the squares of those before it."""
    norms = plan.cut.segments[-1].path_norms[plan.degree]
    is_assumed = plan.cut.is_repeated or any(
        code == "W-LOWER" and "update_norms" in message for code, message in measurement.warnings
    )
    is_given = measurement.subject == "given"
    kind: Kind = "assumed" if is_assumed else "given" if is_given else "measured"
    method = f"norms of the updates of the degree-{plan.degree} model"
    energy = float(np.sum(np.square(norms[:-1])))
    return {
        "update_norm": Quantity(value=norms[-1], kind=kind, method=method),
        "path_energy": Quantity(value=energy, kind=kind, method=method),
    }


def stretched(parameters: CarlemanGd, plan: Plan, found: Mapping[str, float]) -> Values:
    """Return how much the errors of the segments add up to at the end, `found` by `stretches`."""
    is_sampled = parameters.readout.kind == "tomography" and parameters.readout.access == "sampling"
    read = found["sampling" if is_sampled else "coherent"]
    has_carry = plan.cut.momentum > 0 and len(plan.cut.segments) > 1
    kind: Kind = "assumed" if plan.cut.is_repeated or has_carry else "measured"
    method = "growth from the end of each segment to the end of the last, times the part it moves"
    if has_carry:
        method += "; the Hessian of a segment taken as constant"
    stretched = {"stretch": Quantity(value=found["stretch"], kind=kind, method=method)}
    if parameters.readout.kind == "tomography":
        text = f"{method}; split over the segments for least cost"
        stretched["readout_stretch"] = Quantity(value=read, kind=kind, method=text)
    return stretched


def training_references(plan: Plan, position: Position) -> Values:
    """Return side figures that no total rests on."""
    padding = position[2]
    found, kinds = [], list[Kind]()
    for segment in plan.cut.segments:
        low, high = spectrum(segment.values)
        kinds += [segment.values[name].kind for name in ("lambda_min", "lambda_max")]
        rates = plan.cut.rates_of(segment) or (plan.cut.learning_rate,)
        found.append(_reference(rates, low, high, segment.n_steps, padding))
    references = {
        "inverse_norm": Quantity(
            value=max(found),
            kind=weakest(kinds),
            bound="lower",
            source="one-eigenvalue history matrix at both ends of the spectrum",
        )
    }
    optimistic = _optimistic(plan, position[0])
    if optimistic is not None:
        references["eps_truncation"] = optimistic
    ratio = _nonlinearity(plan)
    if ratio is not None:
        references["finite_horizon_ratio"] = ratio
    return references


@lru_cache(maxsize=64)
def _reference(
    rates: tuple[float, ...], low: float, high: float, n_steps: int, padding: int
) -> float:
    """Return `linear_reference` of both ends of a spectrum; it is the same for most choices."""
    steps = np.array(rates)
    return linear_reference((1 - steps * high, 1 - steps * low), n_steps, padding)


def _nonlinearity(plan: Plan) -> Quantity | None:
    """Return the largest r_T over the segments.

    None without a tensor norm or a linear step, and where the rate changes.
    """
    if plan.cut.rates:
        return None
    degree = max(plan.degree, 2)
    names = [TENSORS[k][0] for k in range(2, degree + 1)]
    ratios, kinds = [], list[Kind](["measured"])
    for segment in plan.cut.segments:
        growth = growth_of(segment, plan)
        if growth == 0 or not segment.values.keys() >= set(names):
            return None
        kinds += [segment.values[name].kind for name in names]
        norms = [plan.cut.learning_rate * norm for norm in tensor_norms(segment.values, degree)]
        reach = max(segment.path_norms[plan.degree])
        ratios.append(finite_horizon_ratio([0.0, growth, *norms[2:]], reach, segment.n_steps))
    if not math.isfinite(max(ratios)):
        return None
    return Quantity(
        value=max(ratios),
        kind=weakest(kinds),
        bound="upper",
        source="nonlinearity over dissipation, Frobenius norms of the tensors and the largest update;"
        " with forcing an indicator, no bound on the truncation",
    )


def _optimistic(plan: Plan, map_order: int) -> Quantity | None:
    """Return the certificate with the lower ends of the tensor norms; None at degree 1."""
    first = plan.cut.segments[0].values
    names = ("t3_unfolding", "t3_injective")
    if plan.degree != 2 or any(name not in first or first[name].bound != "lower" for name in names):
        return None
    errors = []
    for segment in plan.cut.segments:
        values, model = segment.values, dynamics(segment, plan.cut, 2)
        lower = replace(
            model,
            norms_unfolding=(*model.norms_unfolding[:2], float(values["t3_unfolding"]) / 2),
            norms_injective=(*model.norms_injective[:2], float(values["t3_injective"]) / 2),
        )
        curves = error_curves(lower, plan.truncation_order, map_order)
        errors.append(min(float(curve[-1]) for curve in curves))
    value = plan.cut.relative(errors)
    return Quantity(
        value=value if math.isfinite(value) else None,
        kind="measured",
        bound="lower",
        source="certificate with the measured injective and unfolding norms, themselves lower bounds",
    )
