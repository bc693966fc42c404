"""One job, one budget, some machines, one GPU: what everything above evaluates.

Pure, for scalars and for arrays alike; the circuit is not counted here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qres.algorithms.record import Job
from qres.classical.descent import estimate_descent
from qres.classical.estimate import estimate_flops, estimate_gradients
from qres.classical.record import ClassicalCost, Device
from qres.classical.solve import estimate_solve
from qres.config.record import Objective
from qres.logical.formulas import count_stages, total
from qres.logical.record import LogicalCost, StageCost
from qres.physical.estimate import estimate_machine
from qres.physical.record import Machine, MachineCost
from qres.pricing.record import ClassicalTask, Priced, Splits


def price(
    job: Job,
    budget: Mapping[str, Any],
    machines: Sequence[Machine],
    device: Device,
    *,
    task: ClassicalTask | None = None,
    objective: Objective = "runtime",
    overrides: Mapping[str, Any] | None = None,
    splits: Splits | None = None,
) -> Priced:
    """Price a job.

    Args:
        job: stages and values.
        budget: shares and failure probabilities, scalars or arrays.
        machines: quantum machines.
        device: the classical device.
        task: the same job for the device, None if there is none.
        objective: what the physical layer makes small.
        overrides: values of symbols, scalars or arrays; a defined symbol loses its definition.
        splits: failures of each machine, in place of those of the budget.
    """
    numbers = job.evaluate({**budget, **(overrides or {})})
    stages = count_stages(job, numbers)
    cost = total(stages, numbers)
    side = {} if task is None else _side_seconds(stages, task, device)
    return Priced(
        numbers=numbers,
        stages=stages,
        logical=cost,
        machines=price_machines(
            job, {**budget, **(overrides or {})}, machines, objective, cost, splits
        ),
        classical=None if task is None else _classical(task, device),
        side_s=sum(side.values(), start=0.0),
        stage_s=side,
        splits=splits,
    )


def price_machines(
    job: Job,
    values: Mapping[str, Any],
    machines: Sequence[Machine],
    objective: Objective,
    cost: LogicalCost,
    splits: Splits | None,
) -> tuple[MachineCost, ...]:
    """Price a job on each machine, at its own split of the failure probability where it has one.

    Args:
        job: stages and values.
        values: budget and overrides.
        machines: quantum machines.
        objective: what the physical layer makes small.
        cost: the counts at `values`.
        splits: failures of each machine.
    """
    if splits is None:
        return tuple(estimate_machine(cost, machine, objective) for machine in machines)
    found = []
    for machine, own in zip(machines, splits.own, strict=True):
        numbers = job.evaluate({**values, **own})
        part = total(count_stages(job, numbers), numbers)
        found.append(estimate_machine(part, machine, objective))
    return tuple(found)


def _classical(task: ClassicalTask, device: Device) -> ClassicalCost:
    if task.descent is not None:
        return estimate_descent(task.measurement, device, task.descent)
    return estimate_solve(task.measurement, device, epsilon=task.epsilon, fail_prob=task.fail_prob)


def _side_seconds(
    stages: tuple[StageCost, ...], task: ClassicalTask, device: Device
) -> dict[str, Any]:
    """Return the seconds of each classical stage on the same device, in the same precision.

    The gradients of one call do not depend on each other; each call (segment) waits for the one
    before.
    """
    found: dict[str, Any] = {}
    for stage in stages:
        if not stage.is_classical:
            continue
        found[stage.name] = estimate_flops(stage.flops, device).runtime_s
        if task.descent is not None:
            tables = estimate_gradients(
                stage.gradients, task.measurement, device, n_dependent=stage.calls
            )
            found[stage.name] = found[stage.name] + tables.runtime_s
    return found
