r"""Find the best factory, number of factories and distance for many jobs at once.

A job of $M$ magic states on $N$ tiles takes, with $m$ factories of one size at distance $d$,

$$ n = \max(\lceil C/m\rceil, F_d), \qquad
   F_d = \max(\lceil D t_{\mathrm{react}}/t_{\mathrm{cyc}}\rceil, d s M, \lceil C/m_{\max}\rceil) $$

cycles ($D$: layers of states, $C$: cycles of one factory alone, $s$: steps to consume a state) and fails with
$e S + n (N p_L(d) + r)$ ($e$: error of each of its $S$ states, $r$: correlated events per cycle),
which must not exceed the budget. What the states leave of the budget belongs to the data block, so at
each $d$ there is a largest $n$, hence a smallest $m$; and the largest useful $m$ is
$\lceil C/F_d\rceil$. A cap on the time lowers the largest $n$, a cap on the qubits the largest $m$.
Only distances between the smallest that is feasible and the first at which one factory suffices can
be best: beyond it, time and qubits only grow. A size whose bound, $q + Q$ qubits or volume
$q C + Q F_d$ ($q$: qubits of a factory, $Q$ of the data), lies above what is found already is dropped.
Rows of the arrays are sizes of factories, columns are
jobs. One search is for one layout; `Choice.merge` keeps the best of several.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from qres.config.record import Objective
from qres.physical.storage import COLD_QUBITS
from qres.physical.tables import MachineTables

MARGIN = 1.0 + 1e-9
"""A bound must lie above the best by more than rounding before a size is dropped."""


@dataclass(frozen=True)
class Jobs:
    """Jobs on one machine, arrays of one length.

    Args:
        magic: Toffoli and T gates, each one step of consumption.
        layers: of these gates, each one reaction time.
        tiles: of the data block.
        steps: cycles per unit of distance that consumption takes; one where there is no magic.
        fail_prob: budget for data and distillation together.
        max_qubits: most physical qubits.
        max_cycles: most code cycles.
        states: magic states, one row per kind of factory.
        work: units of work, one row per kind of factory.
        cold: of the tiles, those that are idle qubits in cold storage.
    """

    magic: np.ndarray
    layers: np.ndarray
    tiles: np.ndarray
    steps: np.ndarray
    fail_prob: np.ndarray
    max_qubits: np.ndarray
    max_cycles: np.ndarray
    states: np.ndarray
    work: np.ndarray
    cold: np.ndarray

    def data_qubits(self, tile_qubits: Any) -> Any:
        """Return the physical qubits of all tiles, those in cold storage at its own price."""
        if not self.cold.any():
            return self.tiles * tile_qubits
        return (self.tiles - self.cold) * tile_qubits + COLD_QUBITS * self.cold

    def take(self, index: np.ndarray | slice) -> Jobs:
        """Return some of the jobs."""
        return Jobs(*(getattr(self, item.name)[..., index] for item in fields(Jobs)))


@dataclass
class Choice:
    """What was chosen per job; `row` is -1 where nothing fits. Mutated while searching."""

    row: np.ndarray
    level: np.ndarray
    n_factories: np.ndarray
    layout: np.ndarray
    key: np.ndarray
    tie: np.ndarray

    @classmethod
    def empty(cls, size: int) -> Choice:
        """Return the choice of nothing."""
        nothing = np.full(size, -1)
        worst = np.full(size, np.inf)
        layout = np.zeros(size, dtype=int)
        return cls(nothing, nothing.copy(), np.zeros(size), layout, worst, worst.copy())

    def merge(self, other: Choice, layout: int, columns: np.ndarray) -> None:
        """Take over what was chosen for some jobs on another layout where it beats the choice."""
        key, tie = self.key[columns], self.tie[columns]
        is_better = (other.key < key) | ((other.key == key) & (other.tie < tie))
        for item in fields(Choice):
            getattr(self, item.name)[columns[is_better]] = getattr(other, item.name)[is_better]
        self.layout[columns[is_better]] = layout

    def improve(
        self,
        rows: np.ndarray,
        level: np.ndarray,
        count: np.ndarray,
        key: np.ndarray,
        tie: np.ndarray,
    ) -> None:
        """Take over the best candidate per job where it beats what was chosen so far."""
        best = key.min(axis=0)
        tie = np.where(key == best, tie, np.inf)
        pick = tie.argmin(axis=0)
        jobs = np.arange(len(pick))
        tied = tie[pick, jobs]
        is_better = (best < self.key) | ((best == self.key) & (tied < self.tie))
        is_better &= best < np.inf
        found, columns = pick[is_better], jobs[is_better]
        self.row[columns] = rows[found]
        self.level[columns] = level[found, columns]
        self.n_factories[columns] = count[found, columns]
        self.key[columns] = best[columns]
        self.tie[columns] = tied[columns]


class Search:
    """One search over a block of jobs.

    Args:
        tables: the machine.
        jobs: the block; small enough that (sizes x jobs) arrays stay in cache.
        objective: what is made small; ties go to fewer qubits (runtime) or less time (others).
        rows: sizes that are worth trying.
        ceiling: what the result must not exceed to be of use, per job.
    """

    def __init__(
        self,
        tables: MachineTables,
        jobs: Jobs,
        objective: Objective,
        rows: np.ndarray,
        ceiling: np.ndarray | float = np.inf,
    ) -> None:
        table, self.ceiling = tables.table, ceiling
        left = jobs.fail_prob - table.error[rows, None] * jobs.states[tables.kind[rows]]
        is_accurate = (left > 0.0).any(axis=1)
        self.rows = rows[is_accurate]
        self.tables, self.jobs, self.objective = tables, jobs, objective
        self.left = left[is_accurate]
        self.qubits = table.qubits[self.rows, None]
        work = jobs.work[tables.kind[self.rows]]
        self.alone = np.ceil(work * table.cycles[self.rows, None])
        # what binds no job of the block, or all its sizes alike, is left out or kept as one row
        self.has_events = tables.event_risk > 0.0
        self.has_max_qubits = bool(np.isfinite(jobs.max_qubits).any())
        self.has_max_cycles = bool(np.isfinite(jobs.max_cycles).any())
        self.longest = jobs.max_cycles[None]
        if self.has_events:
            self.longest = np.minimum(self.left / tables.event_risk, self.longest)
        self.floor = np.ceil(jobs.layers * tables.ticks_per_reaction)[None]
        made = self.alone.max(axis=0, initial=0.0) / tables.machine.max_factories
        if (made > self.floor[0]).any():
            self.floor = np.maximum(self.floor, np.ceil(self.alone / tables.machine.max_factories))

    def run(self) -> Choice:
        """Search; every arithmetic step is monotone in the counts and in the budget."""
        choice = Choice.empty(len(self.jobs.magic))
        if len(self.rows) == 0:
            return choice
        level = self._lowest_level()
        is_open = (self.left > 0.0) & (level < len(self.tables.distances))
        is_open &= self._fastest(np.minimum(level, len(self.tables.distances) - 1)) <= self.longest
        while True:
            level, is_open = self._narrowed(level, is_open, choice)
            if len(self.rows) == 0:
                return choice
            is_open = self._try(np.minimum(level, len(self.tables.distances) - 1), is_open, choice)
            level = level + 1
            is_open &= level < len(self.tables.distances)

    def _narrowed(
        self, level: np.ndarray, is_open: np.ndarray, choice: Choice
    ) -> tuple[np.ndarray, np.ndarray]:
        """Drop the sizes that no job can use any more, at this distance or a larger one."""
        best = np.minimum(self.ceiling, choice.key) * MARGIN
        last = len(self.tables.distances) - 1
        is_open = is_open & (self._bound(np.minimum(level, last)) <= best)
        keep = is_open.any(axis=1)
        if keep.all():
            return level, is_open
        for name in ("rows", "left", "qubits", "alone", "longest", "floor"):
            values = getattr(self, name)
            setattr(self, name, values if len(values) == 1 < len(level) else values[keep])
        return level[keep], is_open[keep]

    def _bound(self, level: np.ndarray) -> np.ndarray:
        """Return what no choice at this distance or a larger one is better than."""
        if self.objective == "runtime":
            return self._fastest(level)
        data = self.jobs.data_qubits(self.tables.tile_qubits[level])
        if self.objective == "qubits":
            return data + self.qubits * np.minimum(self.alone, 1.0)
        return data * self._fastest(level) + self.qubits * self.alone

    def _fastest(self, level: np.ndarray) -> np.ndarray:
        """Return the fewest cycles at a distance, however many factories there are."""
        return np.maximum(self.floor, self.tables.distances[level] * self.jobs.steps)

    def _lowest_level(self) -> np.ndarray:
        """Return a distance below which nothing is feasible: the closed form at fewest cycles."""
        tables = self.tables
        cycles = np.maximum(self.floor, tables.distances[0] * self.jobs.steps)
        need = np.maximum(self.left, 0.0) / (self.jobs.tiles * cycles)
        closed = tables.code.distance(tables.machine, need)
        closed -= tables.distances[0]
        closed *= 0.5
        np.minimum(closed, len(tables.distances) - 1, out=closed)
        return closed.astype(int)

    def _try(self, level: np.ndarray, is_open: np.ndarray, choice: Choice) -> np.ndarray:
        """Price every size at one distance each; return where larger distances may be better."""
        fastest = self._fastest(level)
        risk = self.jobs.tiles * self.tables.logical_error[level]
        if self.has_events:
            risk += self.tables.event_risk
        longest = np.floor(self.left / risk)
        if self.has_max_cycles:
            longest = np.minimum(longest, self.jobs.max_cycles)
        data = self.jobs.data_qubits(self.tables.tile_qubits[level])
        few = np.ceil(self.alone / longest)
        enough = np.ceil(self.alone / fastest)
        many = self._most(data, enough) if self.has_max_qubits else enough
        fits = is_open & (fastest <= longest) & (few <= many)
        for count in self._counts(few, many, fits, data):
            cycles = np.where(count >= enough, fastest, np.ceil(self.alone / count))
            qubits = count * self.qubits + data
            key, tie = self._keys(cycles, qubits)
            choice.improve(self.rows, level, count, np.where(fits, key, np.inf), tie)
        if self.has_max_qubits:
            is_open &= data < self.jobs.max_qubits
        if self.has_events or self.has_max_cycles:
            is_open &= fastest <= self.longest
        if self.objective == "runtime":
            return is_open & ~fits
        return is_open & ~(fits & (few <= 1.0))

    def _most(self, data: np.ndarray, enough: np.ndarray) -> np.ndarray:
        """Return the largest useful number of factories under the cap on qubits."""
        most = np.floor((self.jobs.max_qubits - data) / self.qubits)
        capped = np.ceil(self.alone / np.ceil(self.alone / np.maximum(most, 1.0)))
        return np.where(most >= enough, enough, np.minimum(most, capped))

    def _keys(self, cycles: np.ndarray, qubits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.objective == "runtime":
            return cycles, qubits
        return (qubits, cycles) if self.objective == "qubits" else (qubits * cycles, cycles)

    def _counts(self, few: np.ndarray, many: np.ndarray, fits: np.ndarray, data: np.ndarray):
        r"""Yield the numbers of factories of which one is best at this distance.

        The volume $(m q + Q)\lceil C/m\rceil$ falls with m but for the ceiling, so the best is
        the largest or the one below it wherever $C$ is large; elsewhere all are tried.
        """
        if self.objective != "volume":
            yield many if self.objective == "runtime" else few
            return
        yield many
        count = np.maximum(many - 1.0, few)
        yield count
        rounding = count * np.maximum(count - 1.0, 0.0) * (self.qubits * count + data)
        is_small = fits & (data * self.alone < rounding)
        while (is_small & (count > few)).any():
            count = np.maximum(count - 1.0, few)
            yield count


def least_key(
    tables: MachineTables, jobs: Jobs, objective: Objective, rows: np.ndarray
) -> np.ndarray:
    """Return a bound below which no choice comes, for each job; NaN where it is unknown.

    It belongs to magic states without error, of which the reaction alone limits the number.
    """
    reacted = np.ceil(jobs.layers * tables.ticks_per_reaction)
    fastest = np.maximum(reacted, tables.distances[0] * jobs.steps)
    closed = tables.code.distance(tables.machine, jobs.fail_prob / (jobs.tiles * fastest))
    level = np.clip((closed - tables.distances[0]) / 2 - 1, 0, len(tables.distances) - 1).astype(
        int
    )
    cycles = np.maximum(reacted, tables.distances[level] * jobs.steps)
    if objective == "runtime":
        return cycles
    smallest = np.where(jobs.magic > 0.0, tables.table.qubits[rows].min(), 0.0)
    qubits = jobs.data_qubits(tables.tile_qubits[level]) + smallest
    return qubits if objective == "qubits" else qubits * cycles
