"""What the user left to `auto`: every open choice is priced, the best for the objective is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qres.algorithms.base import AlgorithmModule, Choice
from qres.algorithms.record import Job
from qres.algorithms.solvers.base import solver
from qres.config.record import ErrorTarget, Objective
from qres.errors import HypothesisError, InfeasibleError
from qres.explore.budget import FOUND, even_split, found_splits, objective_value
from qres.logical.formulas import count_stages, total
from qres.logical.record import LogicalCost
from qres.measurement.record import Measurement
from qres.physical.record import Machine, MachineCost
from qres.pricing.price import price_machines
from qres.pricing.record import Splits

Rank = tuple[bool, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One choice with its price.

    Args:
        choice: what was left open.
        job: of the choice, at its budget.
        budget: shares and failure probabilities.
        cost: logical count.
        rank: smaller is better.
        splits: of the failure probability, one a machine; None where nothing is found.
    """

    choice: Choice
    job: Job
    budget: dict[str, float]
    cost: LogicalCost
    rank: Rank
    splits: Splits | None = None


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The best offer, how many choices were compared, and the best of each solver.

    Args:
        best: of all.
        compared: number of choices.
        rivals: by solver, the best offer or the reason why there is none.
    """

    best: Offer
    compared: int
    rivals: Mapping[str, Offer | str]

    @property
    def job(self) -> Job:
        """The job of the best offer."""
        return self.best.job

    @property
    def budget(self) -> dict[str, float]:
        """The budget of the best offer."""
        return self.best.budget

    @property
    def splits(self) -> Splits | None:
        """The splits of the best offer, one a machine."""
        return self.best.splits


def choose(
    module: AlgorithmModule,
    parameters: Any,
    measurement: Measurement,
    error: ErrorTarget,
    machines: Sequence[Machine],
    objective: Objective,
) -> Chosen:
    """Return the best of all open choices, at the even split of the error.

    Only the failure of rotations that are synthesised as channels is split as is best, for each machine.

    Best is what the machines say: least runtime, physical qubits or volume on the machine where
    that is least. Where no machine is feasible, and for ties, fewer gates and then fewer qubits.

    Raises:
        InfeasibleError, HypothesisError: no choice is possible; the reason of the last one.
    """
    refused: Exception | None = None
    rivals: dict[str, Offer | str] = {}
    choices = module.candidates(parameters, measurement, error)
    for choice in choices:
        try:
            offer = _offer(module, parameters, measurement, error, machines, objective, choice)
        except (InfeasibleError, HypothesisError) as reason:
            refused = reason
            rivals.setdefault(choice.solver, str(reason))
            continue
        rival = rivals.get(choice.solver)
        if not isinstance(rival, Offer) or offer.rank < rival.rank:
            rivals[choice.solver] = offer
    offers = [item for item in rivals.values() if isinstance(item, Offer)]
    if not offers:
        raise refused or InfeasibleError("choice", "nothing to choose from")
    best = min(offers, key=lambda item: item.rank)
    return Chosen(best=best, compared=len(choices), rivals=rivals)


def _offer(
    module: AlgorithmModule,
    parameters: Any,
    measurement: Measurement,
    error: ErrorTarget,
    machines: Sequence[Machine],
    objective: Objective,
    choice: Choice,
) -> Offer:
    job = module.build(parameters, measurement, error, choice)
    budget = even_split(job, total=error.total, fail_prob=error.fail_prob)
    found, splits = found_splits(job, budget, machines, objective)
    budget |= found
    job = job.with_budget(budget, dict.fromkeys(found, FOUND))
    numbers = job.evaluate()
    if choice.solver:
        solver(choice.solver).check(float(numbers["kappa_encoded"]), float(numbers["eps_solver"]))
    cost = total(count_stages(job, numbers), numbers)
    priced = price_machines(job, budget, machines, objective, cost, splits)
    rank = _rank(cost, priced, objective)
    return Offer(choice=choice, job=job, budget=budget, cost=cost, rank=rank, splits=splits)


def _rank(cost: LogicalCost, priced: Sequence[MachineCost], objective: Objective) -> Rank:
    feasible = [objective_value(found, objective) for found in priced if found.is_feasible]
    gates = float(cost.toffoli + cost.t)
    return (not feasible, min(feasible, default=0.0), gates, float(cost.logical_qubits))
