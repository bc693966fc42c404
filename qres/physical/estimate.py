r"""From logical counts to a machine: qubits, seconds, and how likely it is to fail.

`estimate_machine` chooses distance, factory and number of factories; `physical_at` prices a
choice that is handed in. Both take scalars or arrays and go through one path. Nothing is fixed
about how the failure probability is split: each size of factory leaves what its states do not use
to the data block, and the search takes the best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from qres.config.record import Objective
from qres.errors import InputError
from qres.logical.record import LogicalCost
from qres.physical.outcome import outcome, shaped
from qres.physical.record import Machine, MachineCost
from qres.physical.registry import find_factory
from qres.physical.search import Choice, Jobs, Search
from qres.physical.tables import MachineTables, machine_tables

OBJECTIVES: tuple[Objective, ...] = ("runtime", "qubits", "volume")

LARGEST_COUNT = 1e100
"""Counts above it are taken as infinite, so that no product of them overflows."""

BLOCK_ELEMENTS = 32_768
"""Elements of the (sizes x jobs) arrays of one block: a few of them fit the cache."""


def estimate_machine(cost: LogicalCost, machine: Machine, objective: Objective) -> MachineCost:
    """Price a job, or many, on a machine, at the best choice for `objective`.

    Equal to an exhaustive search over odd distances from 3 to `MAX_DISTANCE`, all sizes of all
    factories of the machine, and 1 to `max_factories` of them.

    Args:
        cost: logical counts; scalars, or arrays that broadcast.
        machine: which machine.
        objective: `runtime` (ties: fewest qubits), `qubits` or `volume` = qubits x time (ties:
            shortest).

    Raises:
        InputError: negative counts, less than one logical qubit, unknown objective.
    """
    if objective not in OBJECTIVES:
        raise InputError(f"objective: expected one of {', '.join(OBJECTIVES)}, found {objective!r}")
    shape, *counts = _checked(cost)
    tables = machine_tables(machine)
    with np.errstate(all="ignore"):
        is_small = counts[0] + counts[1] + counts[2] <= LARGEST_COUNT
        has_counts = is_small & (counts[3] > 0.0)
        jobs = _jobs(tables, *counts)
        choice = _search_blocks(tables, jobs, objective, has_counts)
        priced = outcome(tables, jobs, choice)
    kept = np.minimum(priced.fail_prob, jobs.fail_prob)
    priced = replace(priced, fail_prob=kept, has_counts=has_counts, is_feasible=choice.row >= 0)
    return shaped(priced, shape)


def physical_at(
    cost: LogicalCost,
    machine: Machine,
    *,
    distance: int,
    factory: str,
    sizes: Sequence[int],
    n_factories: int = 1,
) -> MachineCost:
    """Price a job, or many, at a choice that is given; nothing is searched or judged.

    The failure probability is a first-order sum: it may exceed the budget, and 1.

    Args:
        cost: logical counts; scalars, or arrays that broadcast.
        machine: which machine; its own list of factories is not consulted.
        distance: code distance of the data block.
        factory: name of a factory.
        sizes: its distances, such as `(15, 31)` for `ccz2t`.
        n_factories: how many of them.

    Raises:
        InputError: negative counts, unknown factory, even or too large distance.
    """
    shape, *counts = _checked(cost)
    tables = machine_tables(replace(machine, factories=(factory,)))
    level = int(np.searchsorted(tables.distances, distance))
    if level == len(tables.distances) or tables.distances[level] != distance:
        raise InputError(f"distance: expected an odd number from 3 on, found {distance}")
    table = find_factory(factory).tabulate(machine, tables.code, np.array([sizes]))
    tables = replace(tables, table=table, kind=np.zeros(1, dtype=int))
    with np.errstate(all="ignore"):
        jobs = _jobs(tables, *counts)
        size = len(jobs.magic)
        choice = replace(
            Choice.empty(size),
            row=np.zeros(size, dtype=int),
            level=np.full(size, level),
            n_factories=np.full(size, float(n_factories)),
        )
        return shaped(outcome(tables, jobs, choice), shape)


def _checked(cost: LogicalCost) -> tuple[Any, ...]:
    """Return the shape and flat float64 arrays of Toffoli, T, qubits, budget, perhaps depth."""
    names = ["toffoli", "t", "logical_qubits", "fail_prob"]
    names += [] if cost.depth is None else ["depth"]
    arrays = np.broadcast_arrays(*(_as_float(getattr(cost, name)) for name in names))
    for name, array in zip(names, arrays, strict=True):
        if (array < (1.0 if name == "logical_qubits" else 0.0)).any():
            least = "at least 1" if name == "logical_qubits" else "0 or more"
            raise InputError(f"{name}: expected {least}, found {array.min():g}")
    return arrays[0].shape, *(array.ravel() for array in arrays)


def _as_float(value: Any) -> np.ndarray:
    """Convert to float64; integers beyond its range become infinite."""
    try:
        return np.asarray(value, dtype=float)
    except OverflowError:
        return np.asarray(np.inf)


def _jobs(
    tables: MachineTables,
    toffoli: np.ndarray,
    t: np.ndarray,
    logical_qubits: np.ndarray,
    fail_prob: np.ndarray,
    depth: np.ndarray | None = None,
) -> Jobs:
    magic = toffoli + t
    return Jobs(
        magic=magic,
        layers=magic if depth is None else depth,
        tiles=tables.layout.tiles(logical_qubits),
        fail_prob=fail_prob,
        states=np.stack([factory.states(toffoli, t) for factory in tables.factories]),
        work=np.stack([factory.work(toffoli, t) for factory in tables.factories]),
    )


def _search_blocks(
    tables: MachineTables, jobs: Jobs, objective: Objective, has_counts: np.ndarray
) -> Choice:
    """Search block by block, jobs of like demand together (they share the useful factories)."""
    result = Choice.empty(len(jobs.magic))
    demand = jobs.magic / jobs.fail_prob
    order = np.argsort(np.where(has_counts, demand, np.inf), kind="stable")
    order = order[: int(has_counts.sum())]
    size = max(1, BLOCK_ELEMENTS // len(tables.kind))
    for start in range(0, len(order), size):
        block = order[start : start + size]
        found = Search(tables, jobs.take(block), objective).run()
        for item in fields(Choice):
            getattr(result, item.name)[block] = getattr(found, item.name)
    return result
