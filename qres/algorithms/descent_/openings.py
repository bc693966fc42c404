"""What is open once a plan stands: encodings, paddings, rescalings, thresholds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from qres.algorithms.encodings.base import encoding, usable_encodings
from qres.algorithms.lifted import lifted_definitions
from qres.algorithms.lifts import Position, best_position, positions
from qres.algorithms.momentum_history import momentum_factor
from qres.algorithms.plan import Plan, part_of
from qres.algorithms.pruned import affords, open_rows
from qres.algorithms.update_rules import check_encoding
from qres.config.record import CarlemanGd, ErrorTarget
from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.notation.named import ceil_log2

NAME = "carleman-gd"


def kept_rows(
    parameters: CarlemanGd, plan: Plan, measurement: Measurement, name: str, error: ErrorTarget
) -> list[int]:
    """Return the open thresholds; beyond plain descent the error of dropping is not bounded here."""
    is_plain = not parameters.momentum and parameters.n_batches == 1
    return open_rows(plan, measurement, name, part_of(error)) if is_plain else [0]


def open_encodings(parameters: CarlemanGd, plan: Plan, most: float) -> list[str]:
    """Return the encodings that can hold every F_k of the plan.

    Raises:
        InputError: there is none; what is missing is named.
    """
    known = set.intersection(*(set(segment.values) for segment in plan.cut.segments))
    usable = usable_encodings(parameters.encoding, known)
    if parameters.encoding == "auto":
        usable = [name for name in usable if affords(plan, name, most)]
    usable = [name for name in usable if check_encoding(parameters, name)]
    is_term = parameters.momentum > 0
    lacking = {name: set(needs_of(name, plan.degree, is_term)) - known for name in usable}
    able = [name for name in usable if not lacking[name]]
    if able:
        return able
    needed = sorted(set().union(*lacking.values()))
    raise InputError(
        f"algorithm.encoding: {parameters.encoding} at degree {plan.degree} needs {', '.join(needed)}"
    )


def needs_of(name: str, degree: int, is_term: bool = False) -> tuple[str, ...]:
    """Return the values that an encoding needs for F_1 .. F_degree; a tensor it cannot hold, too.

    Args:
        name: of the encoding.
        degree: of the polynomial gradient.
        is_term: whether F_1 is one term of a step, as with momentum.
    """
    member = encoding(name)
    if is_term:
        return momentum_factor(name).needs
    if degree == 1:
        return member.needs
    if member.factor is None:
        return (f"an encoding of F_2 ({name} has none)",)
    found = (need for order in range(1, degree + 1) for need in member.factor(order).needs)
    return tuple(dict.fromkeys(found))


def _paddings(parameters: CarlemanGd, steps: int) -> list[int]:
    named = {"none": 0, "sqrt": round(math.sqrt(steps)), "full": steps}
    if parameters.padding == "auto":
        return sorted(set(named.values()))
    if isinstance(parameters.padding, int):
        return [parameters.padding]
    return [named[parameters.padding]]


def open_positions(parameters: CarlemanGd, plan: Plan, name: str) -> list[Position]:
    """Return the paddings at degree 1; above, the one position of least cost but for logarithms."""
    paddings = _paddings(parameters, plan.cut.steps)
    if plan.degree == 1:
        return [(1, 1.0, padding) for padding in paddings]
    alpha = _alpha_of(plan, name)
    return [best_position(plan, positions(plan, paddings, parameters.rescaling), alpha)]


def _alpha_of(plan: Plan, name: str) -> Callable[[Position], float]:
    """Return the normalisation of the history matrix by position."""
    needs = ("n_active", "grad_norm", *needs_of(name, plan.degree))
    fixed: dict[str, Any] = {need: plan.cut.worst(need).value for need in needs}  # pyright: ignore
    fixed |= {"dim": fixed["n_active"], "learning_rate": plan.cut.learning_rate, "time_bits": 1}
    fixed |= {"index_bits": ceil_log2.scalar(fixed["dim"])}
    fixed |= {"truncation_order": plan.truncation_order}

    def alpha(position: Position) -> float:
        numbers = fixed | {"map_order": position[0], "rescaling": position[1]}
        for target, formula in lifted_definitions(NAME, name, plan.degree):
            numbers[target] = formula(**{key: numbers[key] for key in formula.inputs})
        return float(numbers["alpha"])

    return alpha
