"""What is open once a plan stands: encodings, paddings, rescalings, thresholds."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from qres.algorithms.descent.plan import Plan
from qres.algorithms.descent.positions import Position, best_position, positions
from qres.algorithms.descent.pruned import affords
from qres.algorithms.encodings.base import encoding, usable_encodings
from qres.algorithms.lifted import lifted_definitions
from qres.config.record import CarlemanGd
from qres.errors import InputError
from qres.notation.named import ceil_log2

NAME = "carleman-gd"


def open_encodings(
    parameters: CarlemanGd,
    plan: Plan,
    most: float,
    holds: Callable[[str], bool],
    needs: Callable[[str, int], tuple[str, ...]],
) -> list[str]:
    """Return the encodings that can hold every F_k of the plan.

    Args:
        parameters: of the algorithm.
        plan: degree and segments.
        most: error that leaving something out may make, relative to the whole change.
        holds: whether an encoding can hold the matrices of the update rule.
        needs: (encoding, degree) to the values that it needs.

    Raises:
        InputError: there is none; what is missing is named.
    """
    known = set.intersection(*(set(segment.values) for segment in plan.cut.segments))
    usable = [name for name in usable_encodings(parameters.encoding, known) if holds(name)]
    if parameters.encoding == "auto":
        usable = [name for name in usable if affords(plan, name, most)]
    lacking = {name: set(needs(name, plan.degree)) - known for name in usable}
    able = [name for name in usable if not lacking[name]]
    if able:
        return able
    needed = sorted(set().union(*lacking.values()))
    raise InputError(
        f"algorithm.encoding: {parameters.encoding} at degree {plan.degree} needs {', '.join(needed)}"
    )


@cache
def needs_of(name: str, degree: int) -> tuple[str, ...]:
    """Return the values that an encoding needs for F_1 .. F_degree; a tensor it cannot hold, too.

    Args:
        name: of the encoding.
        degree: of the polynomial gradient.
    """
    member = encoding(name)
    if degree == 1:
        return member.needs
    if member.factor is None:
        return (f"an encoding of F_2 ({name} has none)",)
    found = (need for order in range(1, degree + 1) for need in member.factor(order).needs)
    return tuple(dict.fromkeys(found))


def open_paddings(parameters: CarlemanGd, steps: int) -> list[int]:
    """Return the numbers of idle rows worth pricing for segments of that many steps."""
    named = {"none": 0, "sqrt": round(math.sqrt(steps)), "full": steps}
    if parameters.padding == "auto":
        return sorted(set(named.values()))
    if isinstance(parameters.padding, int):
        return [parameters.padding]
    return [named[parameters.padding]]


def open_positions(parameters: CarlemanGd, plan: Plan, name: str) -> list[Position]:
    """Return the paddings at degree 1; above, the one position of least cost but for logarithms."""
    paddings = open_paddings(parameters, plan.cut.steps)
    if plan.degree == 1:
        return [(1, 1.0, padding) for padding in paddings]
    alpha = _alpha_of(plan, name)
    return [best_position(plan, positions(plan, paddings, parameters.rescaling), alpha)]


def _alpha_of(plan: Plan, name: str) -> Callable[[Position], float]:
    """Return the normalisation of the history matrix by position."""
    needs = ("n_active", "grad_norm", *needs_of(name, plan.degree))
    fixed: dict[str, Any] = {need: plan.cut.worst(need).value for need in needs}  # pyright: ignore
    largest = plan.cut.worst("largest_grad_norm")
    fixed |= {} if largest is None else {"grad_norm": largest.value}
    fixed |= {"dim": fixed["n_active"], "learning_rate": plan.cut.learning_rate, "time_bits": 1}
    fixed |= {"index_bits": ceil_log2.scalar(fixed["dim"])}
    fixed |= {"truncation_order": plan.truncation_order}

    definitions = lifted_definitions(NAME, name, plan.degree)

    def alpha(position: Position) -> float:
        numbers = fixed | {"map_order": position[0], "rescaling": position[1]}
        for target, formula in definitions:
            numbers[target] = formula(**{key: numbers[key] for key in formula.inputs})
        return float(numbers["alpha"])

    return alpha
