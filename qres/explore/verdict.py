"""Who wins, by how much, what dominates, and the one change that would matter most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qres.algorithms.gradients import HVP_GRADIENTS
from qres.algorithms.record import Assumption, Job
from qres.classical.record import Descent, Device
from qres.config.record import CarlemanGd, Scenario
from qres.explore.breakeven import best_change, find_tie, knobs
from qres.explore.budget import even_split
from qres.logical.record import StageCost
from qres.measurement.record import Measurement
from qres.notation.quantity import Quantity, weakest
from qres.physical.record import Machine
from qres.pricing.price import price
from qres.pricing.record import ClassicalTask, Knob, Priced, Tie, Verdict, Winner


def judge(
    scenario: Scenario,
    job: Job,
    priced: Priced,
    machines: Sequence[Machine],
    device: Device,
    task: ClassicalTask | None,
    spread: Mapping[str, tuple[float, float]],
) -> Verdict:
    """Compare quantum and classical time, and look for the change that would tie them.

    Args:
        scenario: the question.
        job: what was priced.
        priced: what it costs.
        machines: in the order of the prices.
        device: the classical device.
        task: the same job for the device, None if there is none.
        spread: intervals of the totals, by name.
    """
    dominated = dominant(priced.stages)
    if task is None or priced.classical is None:
        is_state = job.name != "counts"
        reason = (
            "a state is no classical task" if is_state else "bare counts name no classical task"
        )
        return Verdict(winner="undecided", ratio=None, dominated_by=dominated, reason=reason)
    index, is_floor = _machine(priced)
    seconds = float(priced.quantum_s(index, is_floor=is_floor))
    ends = spread.get(f"{machines[index].name}.runtime_s")
    classical_s = float(priced.classical.runtime_s)
    ratio = _ratio(job, seconds / classical_s, is_floor)
    if ends is not None and not is_floor:
        low, high = ((end + float(priced.side_s)) / classical_s for end in ends)
        ratio = replace(ratio, low=low, high=high)
    assumed = (*job.assumptions, serial(priced), device_pace(priced))
    winner, reason = undone(ratio) or name_winner(float(ratio), assumed)
    is_behind = float(ratio) > 1
    at = (index, is_floor)
    ties = _ties(scenario, job, priced, machines, device, task, at) if is_behind else []
    return Verdict(
        winner=winner,
        ratio=ratio,
        dominated_by=dominated,
        change=best_change(ties),
        ties=tuple(ties),
        machine=index,
        is_floor=is_floor,
        reason=reason,
    )


def serial(priced: Priced) -> Assumption:
    """Return the assumption of the clock, with the most that parallel gates could undo."""
    return Assumption(
        text="each Toffoli or T gate waits one reaction time for the one before it",
        factor=max(1.0, float(priced.logical.logical_qubits) / 3),
        favours="classical",
    )


def device_pace(priced: Priced) -> Assumption:
    """Return the assumption of the classical time, with how much slower the device may be."""
    factor = 1.0 if priced.classical is None else float(priced.classical.factor)
    text = "the device sustains what is assumed of its rate and latency"
    return Assumption(text=text, factor=factor, favours="classical")


def dominant(stages: Sequence[StageCost]) -> tuple[str, float] | None:
    """Return the stage with most magic states, rotations' T gates with the stage that asks."""
    quantum = [stage for stage in stages if not stage.is_classical]
    whole = sum(float(stage.magic_states) for stage in quantum)
    if whole <= 0:
        return None
    top = max(quantum, key=lambda stage: float(stage.magic_states))
    return top.name, float(top.magic_states) / whole


def _machine(priced: Priced) -> tuple[int, bool]:
    """Return the fastest machine that can do it, else the one with the lowest floor."""
    feasible = [i for i, cost in enumerate(priced.machines) if cost.is_feasible]
    if feasible:
        return min(feasible, key=lambda i: float(priced.machines[i].runtime_s)), False
    every = range(len(priced.machines))
    return min(every, key=lambda i: float(priced.machines[i].runtime_floor_s)), True


def _ratio(job: Job, value: float, is_floor: bool) -> Quantity:
    method = "machine time and classical stages over the classical device"
    if is_floor:
        method = (
            "no machine is feasible: one reaction time per Toffoli or T gate, magic states free"
        )
    return Quantity(
        value=value,
        kind=weakest((job.kind, "assumed")),
        bound="lower" if is_floor else job.bound,
        source="quantum seconds over classical seconds",
        method=method,
    )


def undone(ratio: Quantity) -> tuple[Winner, str] | None:
    """Return why the side that leads cannot be named; None where it can be.

    An upper bound of the quantum time is what is guaranteed, and is compared as it stands.
    """
    if float(ratio) > 1:
        if ratio.low is not None and ratio.low <= 1:
            return "undecided", f"the interval of the ratio reaches {ratio.low:.3g}"
        return None
    if ratio.bound == "lower":
        return "undecided", "the quantum time is a lower bound"
    if ratio.high is not None and ratio.high >= 1:
        return "undecided", f"the interval of the ratio reaches {ratio.high:.3g}"
    return None


def name_winner(ratio: float, assumptions: Sequence[Assumption]) -> tuple[Winner, str]:
    """Return the winner; undecided where assumptions on its side could undo the ratio.

    The side with less time leads, by the larger of `ratio` and its inverse. Only assumptions that
    favour the leader count, whichever side that is: those that help the one behind would lengthen
    the lead. The lead is undone where one of them is of unknown size, or where the product of their
    factors reaches it; it stands if the product stays below. Two times beyond any number, or none
    at all, have no leader.

    Args:
        ratio: quantum over classical time, not negative.
        assumptions: of both sides.
    """
    if np.isnan(ratio):
        return "undecided", "both times are beyond any number, or nothing at all"
    leader: Winner = "quantum" if ratio < 1 else "classical"
    lead = max(ratio, 1 / ratio if ratio > 0 else np.inf)
    helpful = [item for item in assumptions if item.favours == leader]
    unknown = [item.text for item in helpful if item.factor is None]
    if unknown:
        return "undecided", f"rests on an assumption of unknown size: {unknown[0]}"
    known = float(np.prod([item.factor for item in helpful if item.factor is not None]))
    if known >= lead:
        return (
            "undecided",
            f"assumptions worth a factor {known:.3g} could undo a lead of {lead:.3g}",
        )
    return leader, ""


def _ties(
    scenario: Scenario,
    job: Job,
    priced: Priced,
    machines: Sequence[Machine],
    device: Device,
    task: ClassicalTask,
    at: tuple[int, bool],
) -> list[Tie]:
    index, is_floor = at
    classical_s = float(priced.classical.runtime_s) if priced.classical else np.nan
    machine_s = float(priced.quantum_s(index, is_floor=is_floor)) - float(priced.side_s)
    part = float(priced.logical.busiest_part(machines[index].n_machines))
    gates = part * float(priced.logical.toffoli + priced.logical.t)
    total = scenario.error.total

    def along(knob: Knob, grid: np.ndarray) -> np.ndarray:
        if knob.symbol == "clock":
            return (machine_s * grid / knob.now + float(priced.side_s)) / classical_s
        error = grid if knob.symbol == "error.total" else total
        budget = even_split(job, total=error, fail_prob=scenario.error.fail_prob)
        moved = {} if knob.symbol == "error.total" else {knob.symbol: grid}
        found = price(
            job,
            budget,
            [machines[index]],
            device,
            task=task.at(grid) if knob.symbol == "error.total" else task,
            objective=scenario.objective,
            overrides=moved,
        )
        seconds: Any = found.quantum_s(0, is_floor=is_floor)
        device_s: Any = found.classical.runtime_s if found.classical else np.nan
        return np.broadcast_to(seconds / device_s, grid.shape)

    found = knobs(priced.numbers, error_total=total, clock_s=machine_s / gates)
    return [find_tie(knob, lambda grid, knob=knob: along(knob, grid)) for knob in found]


def classical_task(scenario: Scenario, measurement: Measurement, job: Job) -> ClassicalTask | None:
    """Return the same job for the classical device, None where there is none."""
    if not job.has_task:
        return None
    error, algorithm = scenario.error, scenario.algorithm
    descent = None
    if isinstance(algorithm, CarlemanGd):
        descent = Descent(
            n_steps=algorithm.n_steps,
            epsilon=error.total,
            fail_prob=error.fail_prob,
            learning_rate=algorithm.learning_rate,
            degree=job.choices["degree"],
            segments=job.choices["segments"],
            target=error.target,
            product_gradients=HVP_GRADIENTS,
            momentum=algorithm.momentum,
            n_batches=algorithm.n_batches,
            rates=algorithm.rates,
        )
    return ClassicalTask(
        measurement=measurement,
        epsilon=error.total,
        fail_prob=error.fail_prob,
        descent=descent,
    )
