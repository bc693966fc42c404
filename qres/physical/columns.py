"""Columns of a search: a job with one of its counts on one of its layouts, at one distance after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from qres.physical.jobs import Block, Jobs
from qres.physical.tables import MachineTables

ROUNDS = 3
"""Rounds in which the first distance to try is found; if too few, it is too small, which costs time only."""

OWN = ("tiles", "steps", "cold")
"""What views of the same jobs differ in."""


@dataclass(frozen=True)
class View:
    """The jobs as one layout sees them, idle qubits on patches or in cold storage."""

    tables: MachineTables
    jobs: Jobs

    def take(self, index: np.ndarray | slice) -> View:
        """Return some of the jobs."""
        return View(self.tables, self.jobs.take(index))


@dataclass(frozen=True)
class Rung:
    """Columns at one distance each, arrays of one length, rising in `column`.

    Args:
        column: which.
        owner: the job that it belongs to.
        level: of the distance.
        budget: failure probability of all together.
        left: of the budget, by the most accurate states.
        fastest: fewest cycles.
        data: qubits of the data block.
        risk: failure probability of a cycle.
        growth: of states and work at least, from the fewest counts of the job to these.
        most_growth: of the same at most.
    """

    column: np.ndarray
    owner: np.ndarray
    level: np.ndarray
    budget: np.ndarray
    left: np.ndarray
    fastest: np.ndarray
    data: np.ndarray
    risk: np.ndarray
    growth: np.ndarray
    most_growth: np.ndarray

    def take(self, index: np.ndarray) -> Rung:
        """Return some of the columns."""
        return Rung(*(getattr(self, name).take(index) for name in RUNG))


RUNG = tuple(item.name for item in fields(Rung))


@dataclass(frozen=True)
class Columns:
    """All columns of a block of jobs, in a row for each job: by counts, then by layout.

    Args:
        tables: the machine.
        block: of each.
        parent: the job with its counts.
        floor: fewest cycles for reasons other than the layout.
        budget: failure probability of all together.
        left: of the budget, by the most accurate states.
        lasting: most cycles that caps leave, and what fails at any distance.
        growth: of states and work at least, from the fewest counts of the job to these.
        most_growth: of the same at most.
        width: columns of a job.
        is_reached: whether no size is slowed by the number of factories there may be.
    """

    tables: MachineTables
    block: Block
    parent: np.ndarray
    floor: np.ndarray
    budget: np.ndarray
    left: np.ndarray
    lasting: np.ndarray
    growth: np.ndarray
    most_growth: np.ndarray
    width: int
    is_reached: bool

    @classmethod
    def of(cls, views: Sequence[View], rows: np.ndarray, n_counts: int) -> Columns:
        """Spread jobs over columns.

        Args:
            views: the jobs on each layout, a few counts of each job in a row.
            rows: sizes that are worth trying.
            n_counts: how many counts of each job.
        """
        jobs, tables, n_views = views[0].jobs, views[0].tables, len(views)
        fails, cycles, slowest, *growth = limits_of(tables, jobs, rows, n_counts)
        own = {name: np.stack([getattr(v.jobs, name) for v in views], axis=1) for name in OWN}
        caps = {name: getattr(jobs, name).repeat(n_views) for name in ("max_qubits", "max_cycles")}
        block = Block(**{name: values.ravel() for name, values in own.items()}, **caps)
        reacted = np.ceil(jobs.layers * tables.ticks_per_reaction)
        floor = np.maximum(reacted, np.ceil(cycles / tables.machine.max_factories))
        left = (jobs.fail_prob - fails).repeat(n_views)
        return cls(
            tables=tables,
            block=block,
            parent=np.arange(len(jobs.magic)).repeat(n_views),
            floor=floor.repeat(n_views),
            budget=jobs.fail_prob.repeat(n_views),
            left=left,
            lasting=np.minimum(left / (tables.event_risk + block.risk(0.0)), block.max_cycles),
            growth=growth[0].repeat(n_views),
            most_growth=growth[1].repeat(n_views),
            width=n_counts * n_views,
            is_reached=bool((slowest / tables.machine.max_factories <= floor).all()),
        )

    def slowed(self, cycles: np.ndarray) -> Columns:
        """Return the columns of jobs of which one factory alone takes at least so many cycles."""
        fewest = cycles.repeat(self.width) * self.growth / self.tables.machine.max_factories
        return replace(self, floor=np.maximum(self.floor, np.ceil(fewest)))

    def lowest(self) -> Rung:
        """Return the columns that may fit at all, each at a distance below which it does not."""
        tables = self.tables
        column = np.flatnonzero(self.left > 0.0)
        part = self._part(column)
        block, left, floor = self.block.take(part), self.left[part], self.floor[part]
        level = np.zeros(len(column), dtype=int)
        # the fewest cycles that a distance takes ask for a larger one, and so on
        for _ in range(ROUNDS):
            cycles = np.maximum(floor, tables.distances[level] * block.steps)
            closed = tables.code.distance(tables.machine, left / (block.tiles * cycles))
            level = 0.5 * (closed - tables.distances[0])
            level = np.minimum(level, len(tables.distances) - 1).astype(int)
        rung = self.at(column, level)
        fits = rung.fastest <= self.lasting[part]
        return rung if fits.all() else rung.take(np.flatnonzero(fits))

    def at(self, column: np.ndarray, level: np.ndarray) -> Rung:
        """Return some columns at their level."""
        tables, part = self.tables, self._part(column)
        block = self.block.take(part)
        return Rung(
            column=column,
            owner=column // self.width,
            level=level,
            budget=self.budget[part],
            left=self.left[part],
            fastest=np.maximum(self.floor[part], tables.distances[level] * block.steps),
            data=block.data_qubits(tables.tile_qubits[level]),
            risk=block.risk(tables.logical_error[level]) + tables.event_risk,
            growth=self.growth[part],
            most_growth=self.most_growth[part],
        )

    def _part(self, column: np.ndarray) -> np.ndarray | slice:
        """Return an index of some columns, rising, that copies nothing where it is all of them."""
        return slice(None) if len(column) == len(self.parent) else column

    def above(self, rung: Rung) -> Rung:
        """Return the columns at the next distance, where there is one."""
        on = np.flatnonzero(rung.level + 1 < len(self.tables.distances))
        return self.at(rung.column[on], rung.level[on] + 1)


def limits_of(
    tables: MachineTables, jobs: Jobs, rows: np.ndarray, n_counts: int
) -> tuple[np.ndarray, ...]:
    """Return what the states of each job fail with at least, and least and most cycles of a factory.

    Last come by how much states and work grow from the first counts of the job, at least and at most.
    """
    starts = np.flatnonzero(np.r_[True, np.diff(tables.kind[rows]) > 0])
    kind, table, added = tables.kind[rows[starts]], tables.table, tables.table.catalysis
    states, work, pairs = jobs.states[kind], jobs.work[kind], jobs.pairs

    def total(limit: np.ufunc, counts: np.ndarray, own: np.ndarray, more: np.ndarray) -> np.ndarray:
        own, more = (limit.reduceat(each[rows], starts)[:, None] for each in (own, more))
        return limit.reduce(counts * own + pairs * more)

    counts = np.concatenate([states, work, pairs[None]])
    counts = counts.reshape(-1, len(pairs) // n_counts, n_counts)
    first = np.broadcast_to(counts[:, :, :1], counts.shape)
    growth = np.where(counts > first, np.inf, 1.0)
    np.divide(counts, first, out=growth, where=first > 0.0)
    return (
        total(np.minimum, states, table.error, added.error),
        total(np.minimum, work, table.cycles, added.cycles),
        total(np.maximum, work, table.cycles, added.cycles),
        growth.min(axis=0).ravel(),
        growth.max(axis=0).ravel(),
    )
