r"""What a measured descent with momentum puts into the job: the worst segment, the best sigma.

**Scale.** $\sigma$ is the best of $\eta\,2^k$ for $\alpha_L\lVert L^{-1}\rVert/\sqrt P$, the cost but for
logarithms; above degree 1 together with rescaling and padding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qres.algorithms.access.qram import access_limit
from qres.algorithms.carleman.momentum import momentum_blocks
from qres.algorithms.descent.openings import needs_of
from qres.algorithms.descent.plan import Plan, dynamics, final_error
from qres.algorithms.descent.positions import Position, stretches_at
from qres.algorithms.descent.values import is_closed, lift_kinds, stretched
from qres.algorithms.rules.momentum_history import STEP_ALPHA, momentum_factor
from qres.algorithms.rules.momentum_lift import momentum_lift_definitions
from qres.algorithms.rules.momentum_ride import Ride
from qres.config.record import CarlemanGd
from qres.errors import InfeasibleError, InputError
from qres.notation.named import ceil_log2
from qres.notation.quantity import Quantity, weakest

EXPONENTS = range(-3, 10)
"""Exponents k of the velocity scales that are tried."""

REFERENCE_ROWS = 400
"""Rows up to which the exact one-eigenvalue history is computed for reference."""

Warnings = tuple[tuple[str, str], ...]
Rides = Sequence[Ride]
Values = dict[str, Quantity]


def momentum_needs(encoding_name: str, degree: int) -> tuple[str, ...]:
    """Return the values that an encoding of all $F_k$ as terms of a sum needs."""
    return momentum_factor(encoding_name).needs if degree == 1 else needs_of(encoding_name, degree)


def best_scale(
    rides: Rides, positions: Iterable[Position], alpha: Callable[[float, float], float]
) -> tuple[float, Position]:
    r"""Return velocity scale and position of least $\alpha_L\lVert L^{-1}\rVert/\sqrt P$.

    Args:
        rides: the segments; the worst decides.
        positions: to choose from.
        alpha: of scale and rescaling, the normalisation of the history matrix.

    Raises:
        InfeasibleError: it is infinite for every scale.
    """

    def cost(scale: float, position: Position) -> float:
        _, rescaling, padding = position
        inverse = max(ride.inverse(scale, padding, rescaling) for ride in rides)
        if not math.isfinite(inverse):
            return math.inf
        prob = min(ride.prob(scale, padding, rescaling) for ride in rides)
        return math.inf if prob <= 0 else alpha(scale, rescaling) * inverse / math.sqrt(prob)

    scales = [rides[0].learning_rate * 2.0**k for k in EXPONENTS]
    options = [(scale, position) for position in positions for scale in scales]
    least, _, best = min((cost(*option), place, option) for place, option in enumerate(options))
    if not math.isfinite(least):
        raise InfeasibleError(
            "inverse_norm", "the steps with momentum grow beyond any number within the training"
        )
    return best


def alpha_of(
    parameters: CarlemanGd, plan: Plan, encoding_name: str
) -> Callable[[float, float], float]:
    """Return the normalisation of the history matrix by scale of the velocity and rescaling.

    Raises:
        InputError: the measurement lacks a value.
    """
    measured = _measured(plan, encoding_name)
    numbers: dict[str, Any] = {name: quantity.value for name, quantity in measured.items()}
    numbers |= {"dim": numbers["n_active"], "index_bits": ceil_log2.scalar(numbers["n_active"])}
    numbers |= {"learning_rate": parameters.learning_rate, "momentum": parameters.momentum}
    if plan.degree == 1:
        found = _evaluate(momentum_factor(encoding_name).definitions("momentum"), numbers)
        keys = {name: found[name] for name in STEP_ALPHA.inputs if name in found}
        return lambda scale, rescaling: 1 + float(STEP_ALPHA(**keys, velocity_scale=scale))
    numbers |= {"truncation_order": plan.truncation_order, "time_bits": 1}
    *definitions, _ = momentum_lift_definitions("momentum", encoding_name, plan.degree)

    def alpha(scale: float, rescaling: float) -> float:
        own = numbers | {"velocity_scale": scale, "rescaling": rescaling}
        return float(_evaluate(definitions, own)["alpha"])

    return alpha


def _evaluate(definitions: Iterable[tuple[str, Any]], numbers: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(numbers)
    for target, formula in definitions:
        found[target] = formula(**{name: found[name] for name in formula.inputs})
    return found


def _measured(plan: Plan, encoding_name: str) -> Values:
    values = {}
    for name in ("n_active", "grad_norm", *momentum_needs(encoding_name, plan.degree)):
        found = plan.cut.worst(name)
        if found is None:
            raise InputError(f"the measurement lacks {name}")
        values[name] = found
    return values


def momentum_values(
    parameters: CarlemanGd, plan: Plan, rides: Rides, encoding_name: str, position: Position
) -> Values:
    """Return the values of the job, the best scale of the velocity among them.

    Args:
        parameters: of the algorithm.
        plan: degree, segments, order.
        rides: its segments.
        encoding_name: of the matrices.
        position: map order, rescaling, padding.

    Raises:
        InputError: the measurement lacks a value.
        InfeasibleError: the inverse is beyond any number.
    """
    values = _measured(plan, encoding_name)
    scale, _ = best_scale(rides, [position], alpha_of(parameters, plan, encoding_name))
    typed = {name: getattr(parameters, name) for name in ("learning_rate", "n_steps", "momentum")}
    values |= {name: Quantity(value=value, kind="given") for name, value in typed.items()}
    map_order, rescaling, padding = position
    chosen = {"padding": padding, "segment_steps": plan.cut.steps, "velocity_scale": scale}
    if plan.degree > 1:
        chosen |= {"truncation_order": plan.truncation_order, "map_order": map_order}
        chosen |= {"rescaling": rescaling}
    note = "chosen for least cost"
    values |= {name: Quantity(value=value, source=note) for name, value in chosen.items()}
    values["block_limit"] = access_limit(parameters.data_access)
    values |= _solution(plan, rides, scale, position)
    if parameters.readout.kind == "observable":
        last = rides[-1]
        values["update_norm"] = Quantity(value=last.path[-1], kind=last.kind, method="norm of u_T")
    if not is_closed(plan):
        errors = [0.0] * len(rides)
        if plan.degree == 1:
            del values["grad_norm"]  # in xi already
        else:
            order, degree = plan.truncation_order, plan.degree
            models = (dynamics(segment, plan.cut, degree) for segment in plan.cut.segments)
            errors = [final_error(model, order, order) for model in models]
        values |= stretched(parameters, plan, stretches_at(plan, errors))
    return values


def _solution(plan: Plan, rides: Rides, scale: float, position: Position) -> Values:
    """Return what the solver sees of the worst segment."""
    _, rescaling, padding = position
    at, kind, last = (scale, padding, rescaling), rides[0].kind, rides[-1]
    where = f"; the worst of {len(rides)} segments" if len(rides) > 1 else ""
    method = f"norms of u_t and v_t of the degree-{plan.degree} model"
    if not last.is_measured:
        method = "norms of u_t; v_t bounded by two of them over learning_rate"
    inverse = "powers of the 2 x 2 blocks at Chebyshev nodes between the ends"
    known = method
    if plan.degree > 1:
        inverse = f"bounds on the powers of the lift from {inverse}"
        is_low = plan.is_certified and all(ride.prob_low(*at) > 0 for ride in rides)
        known = f"{method}; {'certified from below' if is_low else 'not certified'}"
        kind = kind if is_low else "assumed"
    values = {
        "inverse_norm": Quantity(
            value=max(ride.inverse(*at) for ride in rides),
            kind="assumed" if plan.cut.is_repeated else "measured",
            bound="upper",
            source=f"derived: {inverse}{where}",
        ),
        "success_prob": Quantity(
            value=min(ride.prob(*at) for ride in rides), kind=kind, method=f"{known}{where}"
        ),
    }
    if is_closed(plan):
        norm = last.norm(scale, padding)
        return values | {"history_norm": Quantity(value=norm, kind=last.kind, method=method)}
    xi = max(ride.xi(*at) for ride in rides)
    text = f"norm(L^-1) norm(b) / norm(x), x the exact lift{where}"
    values["xi"] = Quantity(value=xi, kind=last.kind, bound="upper", method=text)
    kinds = lift_kinds(plan, last.kind)
    return {name: replace(item, kind=weakest((item.kind, *kinds))) for name, item in values.items()}


def momentum_references(rides: Rides, values: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """Return the exact inverse of the one-eigenvalue history, largest at both ends and at zero.

    Args:
        rides: the segments; the largest counts.
        values: of the job.
    """
    scale, padding = float(values["velocity_scale"]), int(values["padding"].value or 0)
    if max(ride.n_steps for ride in rides) + padding + 1 > REFERENCE_ROWS:
        return {}
    return {
        "inverse_norm": Quantity(
            value=max(_one_eigenvalue(ride, scale, padding) for ride in rides),
            kind="measured",
            bound="lower",
            source="exact one-eigenvalue history matrix at both ends of the spectrum and at zero",
        )
    }


def _one_eigenvalue(ride: Ride, scale: float, padding: int) -> float:
    """Return the largest exact inverse at both ends and at zero."""
    ends = (ride.lambda_min, ride.lambda_max)
    tried = {*ends, min(max(0.0, ends[0]), ends[1])}
    blocks = momentum_blocks(sorted(tried), ride.learning_rate, ride.momentum, scale)
    return max(_dense_inverse(block, ride.n_steps, padding) for block in blocks)


def _dense_inverse(block: np.ndarray, n_steps: int, padding: int) -> float:
    """Return the norm of the inverse of the history matrix of one 2 x 2 block."""
    rows = n_steps + padding + 1
    matrix = np.eye(2 * rows)
    for t in range(1, rows):
        step = block if t <= n_steps else np.eye(2)
        matrix[2 * t : 2 * t + 2, 2 * t - 2 : 2 * t] = -step
    return float(1 / np.linalg.svd(matrix, compute_uv=False)[-1])


def momentum_warnings(rides: Rides, *, restarts: bool) -> Warnings:
    """Return what a reader must know of momentum.

    Args:
        rides: the segments.
        restarts: whether training may start a segment with velocity 0.
    """
    found = []
    if len(rides) > 1:
        text = (
            f"the target is the training that restarts: velocity 0 at the start of each of"
            f" {len(rides)} segments of {rides[0].n_steps} steps, for the classical run as well"
        )
        found.append(("W-MOMENTUM", text))
    elif not restarts:
        text = (
            "the velocity is not read out: the training is one segment, and to go on from its end"
            " takes the velocity as well, 2 n_active amplitudes, or training that restarts with"
            " every segment (optimizer.momentum_restart: true)"
        )
        found.append(("W-MOMENTUM", text))
    steepest = max(rides, key=lambda ride: ride.lambda_max)
    top, most = steepest.learning_rate * steepest.lambda_max, 2 * (1 + steepest.momentum)
    if top >= most:
        text = f"learning_rate lambda_max = {top:.3g} >= 2 (1 + momentum) = {most:.3g}: steps grow"
        found.append(("W-MOMENTUM", text))
    return tuple(found)
