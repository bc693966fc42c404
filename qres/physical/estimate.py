r"""From logical counts to a machine: qubits, seconds, and how likely it is to fail.

`estimate_machine` chooses distance, factory and number of factories; `physical_at` prices a
choice that is handed in. Both take scalars or arrays and go through one path. Nothing is fixed
about how the failure probability is split: each size of factory leaves what its states do not use
to the data block, and the search takes the best.

Several machines share the independent shots of a job: each is what one machine would be for all of
them, so magic states, cycles of all machines together and with them the failure probability stay
what they are, and the time is that of the busiest machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from qres.config.record import Objective
from qres.errors import InputError
from qres.logical.record import LogicalCost
from qres.physical.base import Layout
from qres.physical.obstacle import Obstacle, View
from qres.physical.outcome import outcome, shaped, side_by_side
from qres.physical.record import Machine, MachineCost
from qres.physical.registry import find_factory
from qres.physical.search import Choice, Jobs, Search, least_key
from qres.physical.storage import stored_tables
from qres.physical.tables import MachineTables, machine_tables, rows_above, tables_at

OBJECTIVES: tuple[Objective, ...] = ("runtime", "qubits", "volume")

LARGEST_COUNT = 1e100
"""Counts above it are taken as infinite, so that no product of them overflows."""

ROUNDING = 1e-12
"""Part of a cycle count that counts as rounding noise of a cap in seconds."""

NEGLIGIBLE = 1e-13
"""Part of the budget that counts as rounding: factories that use less are equally accurate."""

BLOCK_ELEMENTS = 65_536
"""Elements of the (sizes x jobs) arrays of one block: a few of them fit the cache."""


def estimate_machine(
    cost: LogicalCost,
    machine: Machine,
    objective: Objective,
    *,
    max_qubits: Any = np.inf,
    max_runtime_s: Any = np.inf,
) -> MachineCost:
    """Price a job, or many, on a machine, at the best choice for `objective`.

    Equal to an exhaustive search over odd distances from 3 to `MAX_DISTANCE`, all layouts and all
    sizes of all factories of the machine, and 1 to `max_factories` of them.

    Args:
        cost: logical counts; scalars, or arrays that broadcast.
        machine: which machine.
        objective: `runtime` (ties: fewest qubits), `qubits` or `volume` = qubits x time (ties:
            shortest).
        max_qubits: most physical qubits, below the limit of the machine itself; a scalar, or an
            array that broadcasts with the counts.
        max_runtime_s: longest time in seconds, likewise.

    Raises:
        InputError: negative counts, less than one logical qubit, unknown objective, a cap that is
            no number above 0.
    """
    if objective not in OBJECTIVES:
        raise InputError(f"objective: expected one of {', '.join(OBJECTIVES)}, found {objective!r}")
    part = cost.busiest_part(machine.n_machines) if machine.n_machines > 1 else 1.0
    caps = {
        "max_qubits": np.minimum(max_qubits, machine.max_qubits),
        "max_runtime_s": np.minimum(max_runtime_s, machine.max_runtime_s),
        "busiest_part": part,
        "shots": cost.shots,
    }
    shape, *counts, part, shots = _checked(cost, caps)
    tables = machine_tables(machine)
    with np.errstate(all="ignore"):
        is_small = counts[0] + counts[1] + counts[2] <= LARGEST_COUNT
        has_counts = is_small & (counts[3] > 0.0)
        views = _views(tables, part, *counts)
        choice = _search_blocks(views, objective, has_counts)
        jobs = _chosen(views, choice)
        priced = outcome(tables, jobs, choice)
    kept = np.minimum(priced.fail_prob, jobs.fail_prob)
    priced = replace(priced, fail_prob=kept, has_counts=has_counts, is_feasible=choice.row >= 0)
    if machine.n_machines > 1:
        n_machines = np.minimum(machine.n_machines, np.maximum(shots, 1.0))
        priced = side_by_side(priced, n_machines, part, machine.cycle_time_s)
    if shape == () and not priced.is_feasible.all():
        nothing_left = "no failure probability is left to the machine; expected above 0"
        beyond = f"the logical counts are not finite (above {LARGEST_COUNT:g}, the most priced)"
        priced = replace(
            priced,
            obstacle=Obstacle(views, float(part[0]))
            if has_counts.all()
            else (nothing_left if is_small.all() else beyond),
        )
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
        machine: which machine, one of it, on the first of its layouts and without cold storage; its
            list of factories is not consulted.
        distance: code distance of the data block.
        factory: name of a factory.
        sizes: its distances, such as `(15, 31)` for `ccz2t`.
        n_factories: how many of them.

    Raises:
        InputError: negative counts, unknown factory, even or too large distance.
    """
    shape, *counts = _checked(cost, {})
    machine = replace(machine, factories=(factory,))
    tables = tables_at(machine, find_factory(factory), np.array([sizes]))
    level = int(np.searchsorted(tables.distances, distance))
    if level == len(tables.distances) or tables.distances[level] != distance:
        raise InputError(f"distance: expected an odd number from 3 on, found {distance}")
    with np.errstate(all="ignore"):
        jobs = _jobs(tables, tables.layouts[0], 1.0, *counts)
        size = len(jobs.magic)
        choice = replace(
            Choice.empty(size),
            row=np.zeros(size, dtype=int),
            level=np.full(size, level),
            n_factories=np.full(size, float(n_factories)),
        )
        return shaped(outcome(tables, jobs, choice), shape)


def _checked(cost: LogicalCost, caps: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the shape and flat float64 arrays of Toffoli, T, qubits, budget, depth, idle, caps."""
    names = ["toffoli", "t", "logical_qubits", "fail_prob", "depth", "idle_qubits"]
    given = {**{name: getattr(cost, name) for name in names}, **caps}
    if cost.depth is None:
        given["depth"] = np.nan
    arrays = np.broadcast_arrays(*(_as_float(value) for value in given.values()))
    for name, array in zip(given, arrays, strict=True):
        if name in caps and not (array > 0.0).all():
            raise InputError(f"{name}: expected a number above 0, found {array.min():g}")
        if (array < (1.0 if name == "logical_qubits" else 0.0)).any():
            least = "at least 1" if name == "logical_qubits" else "0 or more"
            raise InputError(f"{name}: expected {least}, found {array.min():g}")
    if (arrays[5] > arrays[2]).any():
        raise InputError(f"idle_qubits: {arrays[5].max():g} are more than all logical qubits")
    return arrays[0].shape, *(array.ravel() for array in arrays)


def _as_float(value: Any) -> np.ndarray:
    """Convert to float64; integers beyond its range become infinite."""
    try:
        return np.asarray(value, dtype=float)
    except OverflowError:
        return np.asarray(np.inf)


def _views(tables: MachineTables, part: np.ndarray, *counts: np.ndarray) -> list[View]:
    """Return a view for each layout, then one more for each where idle qubits may be stored."""
    idle = counts[5]
    views = [View(tables, _jobs(tables, layout, part, *counts)) for layout in tables.layouts]
    stored = stored_tables(tables)
    if stored is None or not idle.any():
        return views
    for layout in tables.layouts:
        jobs = _jobs(tables, layout, part, *counts)
        at_work = np.maximum(counts[2] - idle, 1.0)
        cold = counts[2] - at_work
        views.append(View(stored, replace(jobs, tiles=layout.tiles(at_work) + cold, cold=cold)))
    return views


def _jobs(
    tables: MachineTables,
    layout: Layout,
    part: np.ndarray | float,
    toffoli: np.ndarray,
    t: np.ndarray,
    logical_qubits: np.ndarray,
    fail_prob: np.ndarray,
    depth: np.ndarray,
    idle_qubits: np.ndarray,
    max_qubits: np.ndarray | float = np.inf,
    max_runtime_s: np.ndarray | float = np.inf,
) -> Jobs:
    """Return the jobs as one layout sees them, all on patches; a depth of NaN is one gate a layer.

    `part` of the cycles are those of the busiest machine, which the time is that of.
    """
    magic = toffoli + t
    longest = max_runtime_s / tables.machine.cycle_time_s * (1.0 + ROUNDING)
    longest = np.where(np.less(part, 1.0), np.floor(longest) / part, longest)
    return Jobs(
        magic=magic,
        layers=np.where(np.isnan(depth), magic, depth),
        tiles=layout.tiles(logical_qubits),
        steps=np.where(magic > 0.0, layout.steps_per_magic_state * magic, 1.0),
        fail_prob=fail_prob,
        max_qubits=np.broadcast_to(max_qubits, magic.shape),
        max_cycles=np.broadcast_to(longest, magic.shape),
        states=np.stack([factory.states(toffoli, t) for factory in tables.factories]),
        work=np.stack([factory.work(toffoli, t) for factory in tables.factories]),
        cold=np.zeros(magic.shape),
    )


def _chosen(views: Sequence[View], choice: Choice) -> Jobs:
    """Return the jobs with tiles, steps and storage of the view that was chosen for each."""
    columns = np.arange(len(choice.layout))
    parts = {
        name: np.stack([getattr(view.jobs, name) for view in views])[choice.layout, columns]
        for name in ("tiles", "steps", "cold")
    }
    return replace(views[0].jobs, **parts)


def _negligible(jobs: Jobs) -> tuple[int, ...]:
    """Return, for each kind of factory, the decade of error that moves no job's budget."""
    error = NEGLIGIBLE * (jobs.fail_prob / np.maximum(jobs.states, 1.0)).min(axis=1)
    return tuple(int(decade) for decade in np.floor(np.log10(np.maximum(error, 1e-300))))


def _search_blocks(views: Sequence[View], objective: Objective, has_counts: np.ndarray) -> Choice:
    """Search block by block, jobs of like demand together (they share the useful factories)."""
    tables, jobs = views[0].tables, views[0].jobs
    result = Choice.empty(len(has_counts))
    demand = jobs.magic / jobs.fail_prob
    order = np.argsort(np.where(has_counts, demand, np.inf), kind="stable")
    order = order[: int(has_counts.sum())]
    views = [view.take(order) for view in views]
    n_rows, start = len(tables.kind), 0
    while start < len(order):
        block = slice(start, start + max(1, BLOCK_ELEMENTS // n_rows))
        start = block.stop
        part = [view.take(block) for view in views]
        rows = rows_above(tables.machine, _negligible(part[0].jobs))
        n_rows = len(rows)
        found = _best_view(part, objective, rows)
        for item in fields(Choice):
            getattr(result, item.name)[order[block]] = getattr(found, item.name)
    return result


def _best_view(views: Sequence[View], objective: Objective, rows: np.ndarray) -> Choice:
    """Search the views, the most promising first, each for the jobs that it may improve."""
    found = Choice.empty(len(views[0].jobs.magic))
    if len(views) == 1:
        return Search(views[0].tables, views[0].jobs, objective, rows).run()
    bounds = [least_key(view.tables, view.jobs, objective, rows) for view in views]
    for index in np.argsort([np.median(bound) for bound in bounds], kind="stable"):
        hopeful = np.flatnonzero(~(bounds[index] > found.key))
        view = views[index].take(hopeful)
        part = Search(view.tables, view.jobs, objective, rows, found.key[hopeful]).run()
        found.merge(part, int(index), hopeful)
    return found
