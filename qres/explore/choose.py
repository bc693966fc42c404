"""What the user left to `auto`: every open choice is priced, the best for the objective is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qres.algorithms.base import AlgorithmModule
from qres.algorithms.record import Job
from qres.config.record import ErrorTarget, Objective
from qres.errors import HypothesisError, InfeasibleError
from qres.explore.budget import even_split
from qres.logical.formulas import count_stages, total
from qres.logical.record import LogicalCost
from qres.measurement.record import Measurement
from qres.physical.estimate import estimate_machine
from qres.physical.record import Machine

Rank = tuple[bool, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The best job, its budget, and how many choices were compared."""

    job: Job
    budget: dict[str, float]
    compared: int


def choose(
    module: AlgorithmModule,
    parameters: Any,
    measurement: Measurement,
    error: ErrorTarget,
    machines: Sequence[Machine],
    objective: Objective,
) -> Chosen:
    """Return the best of all open choices, at the even split of the error.

    Best is what the machines say: least runtime, physical qubits or volume on the machine where
    that is least. Where no machine is feasible, and for ties, fewer gates and then fewer qubits.

    Raises:
        InfeasibleError, HypothesisError: no choice is possible; the reason of the last one.
    """
    best: tuple[Rank, Job, dict[str, float]] | None = None
    refused: Exception | None = None
    choices = module.candidates(parameters, measurement)
    for choice in choices:
        try:
            job = module.build(parameters, measurement, error, choice)
            budget = even_split(job, total=error.total, fail_prob=error.fail_prob)
            job = job.with_budget(budget)
            numbers = job.evaluate()
            rank = _rank(total(count_stages(job, numbers), numbers), machines, objective)
        except (InfeasibleError, HypothesisError) as reason:
            refused = reason
            continue
        if best is None or rank < best[0]:
            best = (rank, job, budget)
    if best is None:
        raise refused or InfeasibleError("choice", "nothing to choose from")
    return Chosen(job=best[1], budget=best[2], compared=len(choices))


def _rank(cost: LogicalCost, machines: Sequence[Machine], objective: Objective) -> Rank:
    values = {
        "runtime": lambda found: float(found.runtime_s),
        "qubits": lambda found: float(found.physical_qubits),
        "volume": lambda found: float(found.runtime_s) * float(found.physical_qubits),
    }
    priced = [estimate_machine(cost, machine, objective) for machine in machines]
    feasible = [values[objective](found) for found in priced if found.is_feasible]
    gates = float(cost.toffoli + cost.t)
    return (not feasible, min(feasible, default=0.0), gates, float(cost.logical_qubits))
