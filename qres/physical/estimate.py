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
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from qres.config.record import Objective
from qres.errors import InputError
from qres.logical.record import LogicalCost
from qres.physical.base import Factory, Layout
from qres.physical.checks import PRICED, check_choice, checked
from qres.physical.choice import Choice
from qres.physical.columns import View
from qres.physical.jobs import Jobs
from qres.physical.obstacle import Obstacle
from qres.physical.outcome import outcome, shaped, side_by_side
from qres.physical.record import Machine, MachineCost
from qres.physical.registry import find_factory
from qres.physical.storage import is_known_at
from qres.physical.sweep import chosen_jobs, is_kept, search_all
from qres.physical.tables import MachineTables, machine_tables, tables_at

OBJECTIVES: tuple[Objective, ...] = ("runtime", "qubits", "volume")

LARGEST_COUNT = 1e100
"""Counts above it are taken as infinite, so that no product of them overflows."""

ROUNDING = 1e-12
"""Part of a cycle count that counts as rounding noise of a cap in seconds."""


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
        InputError: negative counts, a scalar that is NaN or fractional, less than one logical qubit,
            unknown objective, a cap that is no number above 0.
    """
    asked = Asked.of(cost, machine, max_qubits=max_qubits, max_runtime_s=max_runtime_s)
    return asked.price(asked.search(objective))


@dataclass(frozen=True)
class Asked:
    """Jobs and caps as the search takes them, flat arrays.

    Args:
        cost: what was asked about.
        caps: likewise.
        tables: of the machine.
        shape: of the answer.
        views: the jobs by layout.
        has_counts: which jobs have counts that can be priced.
        part: of the time of a job that the busiest machine takes.
        shots: of each job.
    """

    cost: LogicalCost
    caps: Mapping[str, Any]
    tables: MachineTables
    shape: tuple[int, ...]
    views: Sequence[View]
    has_counts: np.ndarray
    part: np.ndarray
    shots: np.ndarray

    @classmethod
    def of(
        cls,
        cost: LogicalCost,
        machine: Machine,
        *,
        max_qubits: Any = np.inf,
        max_runtime_s: Any = np.inf,
    ) -> Asked:
        """Check counts and caps; all but the objective of `estimate_machine`, which says more.

        Raises:
            InputError: what it refuses.
        """
        part = cost.busiest_part(machine.n_machines) if machine.n_machines > 1 else 1.0
        caps = {
            "max_qubits": np.minimum(max_qubits, machine.max_qubits),
            "max_runtime_s": np.minimum(max_runtime_s, machine.max_runtime_s),
            "busiest_part": part,
            "shots": cost.shots,
        }
        shape, *counts, part, shots = checked(cost, caps)
        tables = machine_tables(machine)
        with np.errstate(all="ignore"):
            has_counts = _are_known(counts) & (counts[3] > 0.0) & np.isfinite(counts[3])
            views = _views(tables, part, *counts)
        return cls(cost, caps, tables, shape, views, has_counts, part, shots)

    def search(self, objective: Objective, n_counts: int = 1) -> Choice:
        """Return the best choice of each job, where several counts of one follow each other.

        Raises:
            InputError: unknown objective.
        """
        if objective not in OBJECTIVES:
            known = ", ".join(OBJECTIVES)
            raise InputError(f"objective: expected one of {known}, found {objective!r}")
        with np.errstate(all="ignore"):
            return search_all(self.views, objective, self.has_counts, n_counts)

    def holds(self, choice: Choice) -> np.ndarray:
        """Return whether each job fits at its choice; a job without one does."""
        with np.errstate(all="ignore"):
            return is_kept(self.views, choice)

    def price(self, choice: Choice) -> MachineCost:
        """Price the jobs at a choice."""
        machine = self.tables.machine
        with np.errstate(all="ignore"):
            jobs = chosen_jobs(self.views, choice)
            priced = outcome(self.tables, jobs, choice)
        is_feasible = choice.row >= 0
        priced = replace(priced, has_counts=self.has_counts, is_feasible=is_feasible)
        # layers that are no number, or endless ones that react in no time, have no floor of their own
        floor = np.where(np.isfinite(jobs.layers), priced.runtime_floor_s, np.inf)
        priced = replace(priced, runtime_floor_s=floor)
        if machine.n_machines > 1:
            n_machines = np.minimum(machine.n_machines, np.maximum(self.shots, 1.0))
            priced = side_by_side(priced, n_machines, self.part, machine.cycle_time_s)
        if not is_feasible.all():
            priced = replace(priced, obstacle=Reasons(self.cost, self.caps, self.tables))
        return shaped(priced, self.shape)


@dataclass(frozen=True)
class Reasons:
    """Why points do not fit: the counts that were asked about, looked at when a reason is read."""

    cost: LogicalCost
    caps: Mapping[str, Any]
    tables: MachineTables

    @cached_property
    def _counts(self) -> tuple[np.ndarray, ...]:
        return checked(self.cost, self.caps)[1:]

    def at(self, index: int) -> str:
        """Return what binds at one point, and the nearest that fits (1 to 100 ms)."""
        *counts, part, _ = (values[index : index + 1] for values in self._counts)
        with np.errstate(all="ignore"):
            if not _are_known(counts):
                return (
                    f"the logical counts are not finite (above {LARGEST_COUNT:g}, the most priced)"
                )
            if not np.isfinite(counts[3]):
                return "the failure probability left to the machine is not finite"
            if not counts[3] > 0.0:
                return "no failure probability is left to the machine; expected above 0"
            return str(Obstacle(_views(self.tables, part, *counts), float(part[0])))


def physical_at(
    cost: LogicalCost,
    machine: Machine,
    *,
    distance: int,
    factory: str | Factory,
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
        factory: name of a factory, or a factory itself.
        sizes: its distances, such as `(15, 31)` for `ccz2t`.
        n_factories: how many of them.

    Raises:
        InputError: counts as in `estimate_machine`, unknown factory, sizes that are not those of the
            factory, even or too large distance, less than one factory.
    """
    machine = replace(machine, factories=(factory,))
    check_choice(machine, distance=distance, sizes=sizes, n_factories=n_factories)
    shape, *counts = checked(cost, {}, is_judged=False)
    tables = tables_at(machine, find_factory(factory), np.array([sizes]))
    level = int(np.searchsorted(tables.distances, distance))
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


def _are_known(counts: Sequence[np.ndarray]) -> np.ndarray:
    """Return whether all counts are numbers, and small enough to be priced."""
    toffoli, t, logical_qubits, _, depth, idle_qubits = counts[: len(PRICED)]
    is_small = toffoli + t + logical_qubits <= LARGEST_COUNT
    return is_small & (depth <= LARGEST_COUNT) & (idle_qubits <= logical_qubits)


def _views(tables: MachineTables, part: np.ndarray, *counts: np.ndarray) -> list[View]:
    """Return a view for each layout, then one more for each where idle qubits may be stored."""
    logical_qubits, idle = counts[2], counts[5]
    first = _jobs(tables, tables.layouts[0], part, *counts)
    views = [View(tables, _laid(first, layout, logical_qubits)) for layout in tables.layouts]
    if not is_known_at(tables.machine) or not idle.any():
        return views
    at_work = np.maximum(logical_qubits - idle, 1.0)
    cold = logical_qubits - at_work
    for layout in tables.layouts:
        jobs = _laid(first, layout, at_work)
        views.append(View(tables, replace(jobs, tiles=jobs.tiles + cold, cold=cold)))
    return views


def _laid(jobs: Jobs, layout: Layout, logical_qubits: np.ndarray) -> Jobs:
    """Return the jobs on another layout, with so many qubits on patches."""
    steps = np.where(jobs.magic > 0.0, layout.steps_per_magic_state * jobs.magic, 1.0)
    return replace(jobs, tiles=layout.tiles(logical_qubits), steps=steps)


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
    """Return the jobs as one layout sees them, all on patches.

    `part` of the cycles are those of the busiest machine, which the time is that of.
    """
    magic = toffoli + t
    longest = max_runtime_s / tables.machine.cycle_time_s * (1.0 + ROUNDING)
    longest = np.where(np.less(part, 1.0), np.floor(longest) / part, longest)
    return Jobs(
        magic=magic,
        layers=depth,
        tiles=layout.tiles(logical_qubits),
        steps=np.where(magic > 0.0, layout.steps_per_magic_state * magic, 1.0),
        fail_prob=fail_prob,
        pairs=np.ceil(t / 2.0),
        max_qubits=np.broadcast_to(max_qubits, magic.shape),
        max_cycles=np.broadcast_to(longest, magic.shape),
        states=np.stack([factory.states(toffoli, t) for factory in tables.factories]),
        work=np.stack([factory.work(toffoli, t) for factory in tables.factories]),
        cold=np.zeros(magic.shape),
    )
