"""The quantum route of many linear systems at once: one job, its symbols arrays over the systems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from qres.algorithms.base import Choice, algorithm
from qres.algorithms.encodings.base import encoding
from qres.algorithms.record import Job
from qres.algorithms.solvers.base import solver
from qres.config.record import ErrorTarget, LinearSystem, Objective
from qres.errors import UNBOUNDED_KAPPA, HypothesisError, InfeasibleError
from qres.explore.budget import even_split
from qres.explore.intervals import Interval
from qres.explore.solve_intervals import find_spreads
from qres.logical.formulas import count_stages, total
from qres.logical.record import LogicalCost, StageCost
from qres.measurement.record import Measurement
from qres.notation.quantity import Kind, Quantity
from qres.notation.source import Source
from qres.physical.estimate import estimate_machine
from qres.physical.record import Machine, MachineCost
from qres.pricing.schedule import QuantumSolve, StageShare

Values = Mapping[str, Quantity]
Found = QuantumSolve | str

QUERY_STAGES = ("matrix queries", "rhs queries")
"""Stages whose gates load the matrix and the right-hand side."""


@dataclass(frozen=True, kw_only=True)
class _Group:
    """One choice, priced for several systems."""

    choice: Choice
    job: Job
    budget: Mapping[str, float]
    numbers: Mapping[str, Any]
    stages: tuple[StageCost, ...]
    cost: LogicalCost
    machines: tuple[MachineCost, ...]
    side_s: Any
    busiest_part: Any
    sources: tuple[Source, ...]

    @cached_property
    def kind(self) -> Kind:
        """The weakest kind of everything that the counts rest on; that of its first system."""
        return self.job.kind


def price_systems(
    systems: Sequence[Values],
    parameters: LinearSystem,
    error: ErrorTarget,
    machines: Sequence[Machine],
    objective: Objective,
    seconds_of: Any,
) -> list[Found]:
    """Return the best quantum job of every system, or the reason why there is none.

    Args:
        systems: measured values of each matrix; the smallest singular value is taken at its lower end.
        parameters: encoding, access, solver and read-out.
        error: of each solution.
        machines: quantum machines.
        objective: what the physical layer makes small.
        seconds_of: from operations to seconds on the classical device.
    """
    found: list[Found] = ["" for _ in systems]
    alike: dict[frozenset[str], list[int]] = {}
    for index, values in enumerate(systems):
        if _lowest(values) > 0:
            alike.setdefault(frozenset(values), []).append(index)
        else:
            found[index] = UNBOUNDED_KAPPA
    for indices in alike.values():
        chosen = [_at_worst(systems[index]) for index in indices]
        for index, item in zip(
            indices,
            _price_alike(chosen, parameters, error, machines, objective, seconds_of),
            strict=True,
        ):
            found[index] = item
    return found


def _price_alike(
    systems: Sequence[Values],
    parameters: LinearSystem,
    error: ErrorTarget,
    machines: Sequence[Machine],
    objective: Objective,
    seconds_of: Any,
) -> list[Found]:
    """Price systems of which the same is known: all choices, then the best of each system."""
    module = algorithm("linear-system")
    first = Measurement(subject="matrix", values=systems[0])
    reasons = ["no choice is open"] * len(systems)
    best: list[_Group | None] = [None] * len(systems)
    ranks = [(True, float("inf"), float("inf"))] * len(systems)
    for choice in module.candidates(parameters, first, error):
        try:
            job = module.build(parameters, first, error, choice)
            group = _price_group(job, choice, systems, error, machines, objective, seconds_of)
        except (InfeasibleError, HypothesisError) as refused:
            reasons = [str(refused)] * len(systems)
            continue
        for index in range(len(systems)):
            reason = _refused(group, index)
            if reason:
                reasons[index] = reason
                continue
            rank = _rank(group, index, objective)
            if rank < ranks[index]:
                ranks[index], best[index] = rank, group
    spreads = _spread(best, systems, machines, objective)
    explained: set[str] = set()
    return [
        reasons[index]
        if group is None
        else _single(group, index, systems[index], spreads[index], explained)
        for index, group in enumerate(best)
    ]


def _spread(
    best: Sequence[_Group | None],
    systems: Sequence[Values],
    machines: Sequence[Machine],
    objective: Objective,
) -> dict[int, dict[str, Interval]]:
    """Return the intervals of the totals of each system by the choice that is best for it."""
    found: dict[int, dict[str, Interval]] = {}
    for group in {id(item): item for item in best if item is not None}.values():
        indices = [index for index, item in enumerate(best) if item is group]
        chosen = [systems[index] for index in indices]
        spreads = find_spreads(group.job, group.budget, chosen, machines, objective)
        found |= dict(zip(indices, spreads, strict=True))
    return found


def _price_group(
    job: Job,
    choice: Choice,
    systems: Sequence[Values],
    error: ErrorTarget,
    machines: Sequence[Machine],
    objective: Objective,
    seconds_of: Any,
) -> _Group:
    measured = {
        name: np.array([float(values[name]) for values in systems])
        for name in job.values
        if name in systems[0]
    }
    budget = even_split(job, total=error.total, fail_prob=error.fail_prob)
    numbers = job.evaluate({**budget, **measured})
    stages = count_stages(job, numbers)
    cost = total(stages, numbers)
    flops = sum((stage.flops for stage in stages if stage.is_classical), start=0.0)
    return _Group(
        choice=choice,
        job=job.with_budget(budget),
        budget=budget,
        numbers=numbers,
        stages=stages,
        cost=cost,
        machines=tuple(estimate_machine(cost, machine, objective) for machine in machines),
        side_s=seconds_of(flops),
        busiest_part=cost.busiest_part(machines[0].n_machines),
        sources=tuple(dict.fromkeys(_sources(job))),
    )


def _sources(job: Job) -> Iterator[Source]:
    yield from (stage.source for stage in job.stages)
    yield from (formula.source for name, formula in job.definitions if name in job.used)


def _at_worst(values: Values) -> Values:
    """Return the values with the smallest singular value at its lower end."""
    smallest = values["smallest_singular_value"]
    return {**values, "smallest_singular_value": replace(smallest, value=_lowest(values))}


def _lowest(values: Values) -> float:
    """Return the lower end of the smallest singular value: the worst case."""
    found = values["smallest_singular_value"]
    return float(found) if found.low is None else float(found.low)


def _refused(group: _Group, index: int) -> str:
    """Return why the theorem of the solver says nothing about a system."""
    numbers = group.numbers
    try:
        solver(group.choice.solver).check(
            _at(numbers["kappa_encoded"], index), _at(numbers["eps_solver"], index)
        )
    except HypothesisError as refused:
        return str(refused)
    return ""


def _rank(group: _Group, index: int, objective: Objective) -> tuple[bool, float, float]:
    fitting = [
        _objective(cost, index, objective)
        for cost in group.machines
        if bool(_at(cost.is_feasible, index))
    ]
    gates = _at(group.cost.toffoli, index) + _at(group.cost.t, index)
    return (not fitting, min(fitting, default=0.0), gates)


def _objective(cost: MachineCost, index: int, objective: Objective) -> float:
    seconds, qubits = _at(cost.runtime_s, index), _at(cost.physical_qubits, index)
    return {"runtime": seconds, "qubits": qubits, "volume": seconds * qubits}[objective]


def _single(
    group: _Group,
    index: int,
    values: Values,
    spread: Mapping[str, Interval],
    explained: set[str],
) -> QuantumSolve:
    """Return one system's job out of the arrays.

    Args:
        group: all that were priced together.
        index: of the system.
        values: of the system.
        spread: intervals of its totals.
        explained: machines of which it was said what binds; more are added.
    """
    numbers, cost = group.numbers, group.cost
    queries = _at(numbers["matrix_queries"], index)
    stages = tuple(_stage(stage, index) for stage in group.stages if not stage.is_classical)
    asked = [stage for stage in stages if stage.name in QUERY_STAGES]
    runs = next(stage.calls for stage in asked if stage.name == QUERY_STAGES[0]) / queries
    return QuantumSolve(
        encoding=group.choice.encoding,
        solver=group.choice.solver,
        mode=group.choice.mode,
        toffoli=_at(cost.toffoli, index),
        t=_at(cost.t, index),
        rotations=_at(cost.rotations, index),
        logical_qubits=_at(cost.logical_qubits, index),
        kappa_eff=_at(numbers["kappa_eff"], index),
        matrix_queries=queries,
        query_gates=sum(stage.toffoli for stage in asked) / runs,
        stages=stages,
        side_s=_at(group.side_s, index),
        runtime_s={m.hardware: _at(m.runtime_s, index) for m in group.machines},
        runtime_floor_s={m.hardware: _at(m.runtime_floor_s, index) for m in group.machines},
        physical_qubits={m.hardware: _at(m.physical_qubits, index) for m in group.machines},
        distances={m.hardware: _at(m.distance, index) for m in group.machines},
        reasons={m.hardware: _reason(m, index, explained) for m in group.machines},
        kind=group.kind,
        is_norm_access=encoding(group.choice.encoding).is_norm_access,
        sources=group.sources,
        assumptions=tuple(item.text for item in group.job.assumptions),
        spread=spread,
        busiest_part=_at(group.busiest_part, index),
        job=_of_system(group.job, values),
    )


def _of_system(job: Job, values: Values) -> Job:
    """Return the job with the values of one system."""
    own = {name: values[name] for name in job.values if name in values}
    return replace(job, values={**job.values, **own})


def _stage(stage: StageCost, index: int) -> StageShare:
    return StageShare(
        name=stage.name,
        calls=_at(stage.calls, index),
        toffoli=_at(stage.toffoli, index),
        t=_at(stage.t, index),
        rotations=_at(stage.rotations, index),
        logical_qubits=_at(stage.logical_qubits, index),
        kind=stage.kind,
    )


def _reason(cost: MachineCost, index: int, explained: set[str]) -> str:
    """Return why a system does not fit: in full for the first of a machine, which takes a search."""
    if bool(_at(cost.is_feasible, index)):
        return ""
    if cost.obstacle is None or cost.hardware in explained:
        return "does not fit, like an earlier solve"
    explained.add(cost.hardware)
    return str(cost.obstacle.at(index))


def _at(value: Any, index: int) -> float:
    """Return the number of one system; what is the same for all is a scalar."""
    array = np.asarray(value, dtype=float)
    return float(array) if array.ndim == 0 else float(array[index])
