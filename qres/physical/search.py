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
be best: beyond it, time and qubits only grow. For each job the size of the least bound ($q + Q$ qubits or
volume $q C + Q F_d$; $q$: qubits of a factory, $Q$ of the data) is priced first, then only the sizes whose
bound does not lie above what is found already. Bounds are arrays of (sizes x jobs); what is left are
pairs of a job and a size, arrays of one axis. One search is for one layout, and begins
at what is known of the others. Idle qubits in cold storage fail with `COLD_ERROR` at least.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from qres.config.record import Objective
from qres.physical.choice import Choice
from qres.physical.jobs import Block, Jobs
from qres.physical.tables import MachineTables

MARGIN = 1.0 + 1e-9
"""A bound must lie above the best by more than rounding before a size is dropped."""


@dataclass(frozen=True)
class Pairs:
    """A job and a size that may be its best, sorted by job: arrays of one length.

    Args:
        job: which, rising.
        row: of the table of the machine.
        block: of the job.
        left: of its budget, when the states of this size are paid.
        alone: cycles of one factory.
        qubits: of one factory.
        floor: fewest cycles for reasons other than the layout.
        longest: most cycles that caps and correlated events leave.
        level: the distance that comes next.
    """

    job: np.ndarray
    row: np.ndarray
    block: Block
    left: np.ndarray
    alone: np.ndarray
    qubits: np.ndarray
    floor: np.ndarray
    longest: np.ndarray
    level: np.ndarray

    def take(self, index: np.ndarray) -> Pairs:
        """Return some of the pairs."""
        return Pairs(*(getattr(self, name).take(index) for name in PAIRS))


PAIRS = tuple(item.name for item in fields(Pairs))


class Search:
    """One search over a block of jobs.

    Args:
        tables: the machine.
        jobs: the block; small enough that (sizes x jobs) arrays stay in cache.
        objective: what is made small; ties go to fewer qubits (runtime) or less time (others).
        rows: sizes that are worth trying, one at least.
    """

    def __init__(
        self,
        tables: MachineTables,
        jobs: Jobs,
        objective: Objective,
        rows: np.ndarray,
    ) -> None:
        self.tables, self.jobs, self.objective, self.rows = tables, jobs, objective, rows
        made = jobs.over(tables.kind[self.rows], tables.table.take(self.rows))
        self.left = np.subtract(jobs.fail_prob, made.fails, out=made.fails)
        self.alone, self.qubits = made.cycles, made.qubits
        # what binds no job of the block, or all its sizes alike, is left out or kept as one row
        self.has_max_qubits = bool(np.isfinite(jobs.max_qubits).any())
        self.longest = jobs.max_cycles[None]
        lasting = tables.event_risk + jobs.risk(0.0)
        if lasting.any():
            self.longest = np.minimum(np.floor(self.left / lasting), self.longest)
        self.floor = np.ceil(jobs.layers * tables.ticks_per_reaction)[None]
        fewest = self.alone.max(axis=0, initial=0.0) / tables.machine.max_factories
        if (fewest > self.floor[0]).any():
            self.floor = np.maximum(self.floor, np.ceil(self.alone / tables.machine.max_factories))

    def run(self, choice: Choice) -> None:
        """Improve a choice; every arithmetic step is monotone in the counts and in the budget."""
        bound = self._bound()
        # a size that takes most of the budget seldom serves; it comes later, with the others
        is_clean = self.left > 0.5 * self.jobs.fail_prob
        first = np.where(is_clean, bound.score, np.inf).argmin(axis=0)
        every = np.arange(len(first))
        self._settle(every, first, choice)
        is_open = (self.left > 0.0) & bound.may_beat(choice.key, choice.tie)
        is_open[first, every] = False
        job, row = np.nonzero(is_open.T)
        self._settle(job, row, choice)

    def _bound(self) -> Bound:
        """Return what no choice of a size is better than, without a logarithm for each size."""
        tables, jobs, last = self.tables, self.jobs, len(self.tables.distances) - 1
        floor = self.floor.min(axis=0)
        level = lowest_level(tables, jobs.fail_prob, jobs, floor)
        longest = np.floor(jobs.fail_prob / (jobs.tiles * tables.logical_error[level]))
        fewest = np.maximum(floor, tables.distances[level] * jobs.steps)
        level = np.minimum(level + (longest < fewest), last)
        longest = np.floor(jobs.fail_prob / (jobs.tiles * tables.logical_error[level]))
        cycles = np.maximum(self.floor, tables.distances[level] * jobs.steps)
        data = jobs.data_qubits(tables.tile_qubits[level])
        if self.objective == "runtime":
            return Bound(cycles, data, self.qubits, self.alone, self.qubits * self.alone + cycles)
        if self.objective == "volume":
            volume = self.qubits * self.alone
            volume += data * cycles
            return Bound(volume, score=volume)
        wider = jobs.data_qubits(tables.tile_qubits[np.minimum(level + 1, last)])
        several = self.alone / longest
        np.ceil(several, out=several)
        several *= self.qubits
        several += data
        qubits = np.minimum(self.alone, 1.0)
        qubits *= self.qubits
        qubits += wider
        np.minimum(several, qubits, out=qubits)
        return Bound(qubits, score=qubits)

    def _pairs(self, job: np.ndarray, row: np.ndarray) -> Pairs:
        """Return pairs at their smallest distance."""
        shape = self.left.shape

        def of(values: np.ndarray) -> np.ndarray:
            return np.broadcast_to(values, shape)[row, job]

        block, floor = Block.take(self.jobs, job), of(self.floor)
        left, longest = of(self.left), of(self.longest)
        level = lowest_level(self.tables, np.maximum(left, 0.0), block, floor)
        alone, qubits = of(self.alone), of(self.qubits)
        return Pairs(job, self.rows[row], block, left, alone, qubits, floor, longest, level)

    def _fastest(self, pairs: Pairs) -> np.ndarray:
        """Return the fewest cycles at a distance, however many factories there are."""
        return np.maximum(pairs.floor, self.tables.distances[pairs.level] * pairs.block.steps)

    def _settle(self, job: np.ndarray, row: np.ndarray, choice: Choice) -> None:
        """Price pairs at one distance after the other, as long as a larger one may be better."""
        if not len(job):
            return
        pairs = self._pairs(job, row)
        is_open = (pairs.left > 0.0) & (self._fastest(pairs) <= pairs.longest)
        while is_open.any():
            pairs = pairs.take(np.flatnonzero(is_open & self._is_hopeful(pairs, choice)))
            if not len(pairs.job):
                return
            is_open = self._try(pairs, choice) & (pairs.level + 1 < len(self.tables.distances))
            pairs, is_open = pairs.take(np.flatnonzero(is_open)), is_open[is_open]
            pairs.level[:] += 1

    def _is_hopeful(self, pairs: Pairs, choice: Choice) -> np.ndarray:
        """Return whether a pair may beat what is known, at its distance or a larger one."""
        key, tie = choice.key[pairs.job], choice.tie[pairs.job]
        fastest = self._fastest(pairs)
        data = pairs.block.data_qubits(self.tables.tile_qubits[pairs.level])
        if self.objective == "runtime":
            return Bound(fastest, data, pairs.qubits, pairs.alone).may_beat(key, tie)
        if self.objective == "qubits":
            return Bound(data + pairs.qubits * np.minimum(pairs.alone, 1.0)).may_beat(key, tie)
        return Bound(data * fastest + pairs.qubits * pairs.alone).may_beat(key, tie)

    def _try(self, pairs: Pairs, choice: Choice) -> np.ndarray:
        """Price every pair at its distance; return where larger distances may be better."""
        tables, block, level = self.tables, pairs.block, pairs.level
        fastest = self._fastest(pairs)
        risk = block.risk(tables.logical_error[level]) + tables.event_risk
        longest = np.minimum(np.floor(pairs.left / risk), block.max_cycles)
        data = block.data_qubits(tables.tile_qubits[level])
        few = np.ceil(pairs.alone / longest)
        enough = np.ceil(pairs.alone / fastest)
        many = self._most(pairs, data, enough) if self.has_max_qubits else enough
        fits = (fastest <= longest) & (few <= many)
        for count in self._counts(pairs, few, many, fits, data):
            cycles = np.where(count >= enough, fastest, np.ceil(pairs.alone / count))
            key, tie = self._keys(cycles, count * pairs.qubits + data)
            choice.improve(pairs.job, pairs.row, level, count, (np.where(fits, key, np.inf), tie))
        is_open = ~fits if self.objective == "runtime" else ~(fits & (few <= 1.0))
        if self.has_max_qubits:
            is_open &= data < block.max_qubits
        return is_open & (fastest <= pairs.longest)

    def _most(self, pairs: Pairs, data: np.ndarray, enough: np.ndarray) -> np.ndarray:
        """Return the largest useful number of factories under the cap on qubits."""
        most = np.floor((pairs.block.max_qubits - data) / pairs.qubits)
        capped = np.ceil(pairs.alone / np.ceil(pairs.alone / np.maximum(most, 1.0)))
        return np.where(most >= enough, enough, np.minimum(most, capped))

    def _keys(self, cycles: np.ndarray, qubits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.objective == "runtime":
            return cycles, qubits
        return (qubits, cycles) if self.objective == "qubits" else (qubits * cycles, cycles)

    def _counts(
        self,
        pairs: Pairs,
        few: np.ndarray,
        many: np.ndarray,
        fits: np.ndarray,
        data: np.ndarray,
    ) -> Iterator[np.ndarray]:
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
        rounding = count * np.maximum(count - 1.0, 0.0) * (pairs.qubits * count + data)
        is_small = fits & (data * pairs.alone < rounding)
        while (is_small & (count > few)).any():
            count = np.maximum(count - 1.0, few)
            yield count


@dataclass(frozen=True)
class Bound:
    """What no choice of a size is better than, arrays of (sizes x jobs) or of pairs.

    Args:
        key: of what is made small.
        data: qubits of the data block at the smallest distance, where ties go to fewer qubits.
        qubits: of one factory, likewise.
        alone: cycles of one factory, likewise.
        score: which size to price first.
    """

    key: np.ndarray
    data: np.ndarray | None = None
    qubits: np.ndarray | None = None
    alone: np.ndarray | None = None
    score: np.ndarray | float = 0.0

    def may_beat(self, key: np.ndarray, tie: np.ndarray) -> np.ndarray:
        """Return whether a size may be better than what has this key and tie; NaN may."""
        may = ~(self.key > key * MARGIN)
        if self.data is None or self.qubits is None or self.alone is None:
            return may
        # no faster than the key: it has to take that many cycles, with that many factories
        fewest = self.data + self.qubits * np.ceil(self.alone / key)
        return may & ~((self.key >= key) & (fewest > tie * MARGIN))


def lowest_level(
    tables: MachineTables, left: np.ndarray, block: Block, floor: np.ndarray
) -> np.ndarray:
    """Return the level of a distance below which nothing is feasible: closed form at fewest cycles."""
    cycles = np.maximum(floor, tables.distances[0] * block.steps)
    closed = tables.code.distance(tables.machine, left / (block.tiles * cycles))
    level = 0.5 * (closed - tables.distances[0])
    return np.minimum(level, len(tables.distances) - 1).astype(int)


def least_key(
    tables: MachineTables, jobs: Jobs, objective: Objective, rows: np.ndarray
) -> np.ndarray:
    """Return a bound below which no choice comes, for each job; NaN where it is unknown.

    It belongs to magic states without error, of which the reaction alone limits the number.
    """
    reacted = np.ceil(jobs.layers * tables.ticks_per_reaction)
    level = np.maximum(lowest_level(tables, jobs.fail_prob, jobs, reacted) - 1, 0)
    cycles = np.maximum(reacted, tables.distances[level] * jobs.steps)
    if objective == "runtime":
        return cycles
    smallest = np.where(jobs.magic > 0.0, tables.table.qubits[rows].min(), 0.0)
    qubits = jobs.data_qubits(tables.tile_qubits[level]) + smallest
    return qubits if objective == "qubits" else qubits * cycles
