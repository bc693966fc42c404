"""What the user left to `auto`: every open choice is counted, the cheapest is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qres.algorithms.base import AlgorithmModule, Choice
from qres.algorithms.record import Job
from qres.config.record import ErrorTarget, Objective
from qres.errors import HypothesisError, InfeasibleError
from qres.explore.budget import even_split
from qres.logical.formulas import count_stages, total
from qres.logical.record import LogicalCost
from qres.measurement.record import Measurement


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The cheapest job, its budget, and how many choices were compared."""

    job: Job
    budget: dict[str, float]
    compared: int


def choose(
    module: AlgorithmModule,
    parameters: Any,
    measurement: Measurement,
    error: ErrorTarget,
    objective: Objective,
) -> Chosen:
    """Return the cheapest of all open choices, at the even split of the error.

    For `runtime` the magic states decide (each waits for its predecessor), for `qubits` the width,
    for `volume` their product.

    Raises:
        InfeasibleError, HypothesisError: no choice is possible; the reason of the last one.
    """
    best: tuple[float, Job, dict[str, float]] | None = None
    refused: Exception | None = None
    choices = module.candidates(parameters, measurement)
    for choice in choices:
        try:
            job, budget, cost = _counted(module, parameters, measurement, error, choice)
        except (InfeasibleError, HypothesisError) as reason:
            refused = reason
            continue
        price = _price(cost, objective)
        if best is None or price < best[0]:
            best = (price, job, budget)
    if best is None:
        raise refused or InfeasibleError("choice", "nothing to choose from")
    return Chosen(job=best[1], budget=best[2], compared=len(choices))


def _counted(
    module: AlgorithmModule,
    parameters: Any,
    measurement: Measurement,
    error: ErrorTarget,
    choice: Choice,
) -> tuple[Job, dict[str, float], LogicalCost]:
    job = module.build(parameters, measurement, error, choice)
    budget = even_split(job, total=error.total, fail_prob=error.fail_prob)
    job = job.with_budget(budget)
    numbers = job.evaluate()
    return job, budget, total(count_stages(job, numbers), numbers)


def _price(cost: LogicalCost, objective: Objective) -> float:
    time = float(cost.toffoli + cost.t)
    if objective == "runtime":
        return time
    return float(cost.logical_qubits) * (time if objective == "volume" else 1.0)
