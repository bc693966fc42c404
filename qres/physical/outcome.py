"""What a choice of factory, number and distance costs, and the record that is handed up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qres.physical.choice import Choice
from qres.physical.jobs import Jobs
from qres.physical.record import MachineCost
from qres.physical.tables import MachineTables

ROUNDING = 1e-12
"""Part of a cycle count that counts as rounding noise before it is rounded up."""

UNBOUNDED = ("physical_qubits", "data_qubits", "factory_qubits", "n_cycles", "runtime_s")
"""Infinite in arrays where a job does not fit."""
ABSENT = {
    "distance": 0.0,
    "cold_qubits": 0.0,
    "n_machines": 1,
    "n_factories": 0.0,
    "fail_prob": 1.0,
    "fail_prob_data": 1.0,
    "fail_prob_magic": 1.0,
    "fail_prob_events": 1.0,
    "factory_failure": 1.0,
    "logical_error_per_cycle": 0.0,
    "limit_index": 0,
    "factory_index": -1,
    "layout_index": -1,
}
"""Values in arrays where a job does not fit."""
ALWAYS = ("is_feasible", "has_counts", "runtime_floor_s")
"""Known whether or not a job fits."""
WHOLE = (
    "distance",
    "cold_qubits",
    "n_machines",
    "n_factories",
    "physical_qubits",
    "data_qubits",
    "factory_qubits",
    "n_cycles",
    "limit_index",
    "factory_index",
    "layout_index",
)
"""Whole numbers, Python integers in scalars."""


def outcome(tables: MachineTables, jobs: Jobs, choice: Choice) -> MachineCost:
    """Price each job at its choice, in first order: errors add up."""
    table, machine, row = tables.table, tables.machine, choice.row
    each = jobs.at(tables.kind[row], table, row, np.arange(len(row)))
    has_magic = jobs.magic > 0.0
    n_factories = np.where(has_magic, choice.n_factories, 0.0)
    made = np.where(has_magic, np.ceil(each.cycles / n_factories), 0.0)
    reacted = np.ceil(jobs.layers * tables.ticks_per_reaction)
    consumed = tables.distances[choice.level] * jobs.steps
    cycles = np.maximum(np.maximum(made, reacted), consumed)
    data_qubits = jobs.data_qubits(tables.tile_qubits[choice.level])
    factory_qubits = n_factories * each.qubits
    magic_fails = each.fails
    data_fails = jobs.risk(tables.logical_error[choice.level]) * cycles
    event_fails = tables.event_risk * cycles
    return MachineCost(
        hardware=machine.name,
        is_feasible=np.ones(len(row), dtype=bool),
        distance=tables.distances[choice.level].astype(float),
        n_factories=n_factories,
        physical_qubits=data_qubits + factory_qubits,
        data_qubits=data_qubits,
        factory_qubits=factory_qubits,
        n_cycles=cycles,
        runtime_s=cycles * machine.cycle_time_s,
        runtime_floor_s=jobs.layers * machine.reaction_time_s,
        fail_prob=data_fails + magic_fails + event_fails,
        fail_prob_data=data_fails,
        fail_prob_magic=magic_fails,
        fail_prob_events=event_fails,
        logical_error_per_cycle=(jobs.fail_prob - magic_fails - event_fails)
        / (jobs.tiles * cycles),
        limit_index=np.stack([reacted, consumed, made]).argmax(axis=0),
        ticks_per_reaction=tables.ticks_per_reaction,
        factory_index=np.where(has_magic, row, -1),
        factory_labels=table.labels,
        layout_index=choice.layout % len(tables.layouts),
        factory_failure=np.where(has_magic, table.failure[row], 0.0),
        cold_qubits=jobs.cold,
        n_machines=np.ones(len(row)),
        layout_labels=machine.layouts,
        has_counts=np.ones(len(row), dtype=bool),
    )


def side_by_side(
    priced: MachineCost, n_machines: Any, part: Any, cycle_time_s: float
) -> MachineCost:
    """Return the cost of several machines that share the shots of a job priced on one.

    Args:
        priced: the whole job on one machine, flat arrays.
        n_machines: machines, no more than there are shots.
        part: of the job that the busiest of them does.
        cycle_time_s: of the machine.
    """
    shared = np.ceil(priced.n_cycles * part * (1.0 - ROUNDING))
    cycles = np.where(np.less(part, 1.0), shared, priced.n_cycles)
    return replace(
        priced,
        n_machines=n_machines,
        physical_qubits=n_machines * priced.physical_qubits,
        n_cycles=cycles,
        runtime_s=cycles * cycle_time_s,
        runtime_floor_s=part * priced.runtime_floor_s,
    )


def shaped(priced: MachineCost, shape: tuple[int, ...]) -> MachineCost:
    """Blank what an infeasible job does not have, and return scalars for scalars."""
    fits = priced.is_feasible
    blanks = {**dict.fromkeys(UNBOUNDED, np.inf), **ABSENT}
    if shape == ():
        names = (*blanks, *ALWAYS)
        return replace(priced, **{name: _scalar(priced, name) for name in names})
    values = {
        name: np.where(fits, getattr(priced, name), blank).reshape(shape)
        for name, blank in blanks.items()
    }
    values |= {name: getattr(priced, name).reshape(shape) for name in ALWAYS}
    return replace(priced, **values)


def _scalar(priced: MachineCost, name: str) -> Any:
    """Return one number as Python has it; None where an infeasible job does not have it."""
    value = getattr(priced, name).item()
    if name not in ALWAYS and not priced.is_feasible.item():
        return None
    return int(value) if name in WHOLE else value
