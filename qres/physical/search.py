r"""Find the best factory, number of factories and distance for many jobs at once.

A job of $M$ magic states on $N$ tiles takes, with $m$ factories of one size at distance $d$,

$$ n = \max(\lceil C/m\rceil, F_d), \qquad
   F_d = \max(\lceil D t_{\mathrm{react}}/t_{\mathrm{cyc}}\rceil, d s M, \lceil C/m_{\max}\rceil) $$

cycles ($D$: layers of states, $C$: cycles of one factory alone, $s$: steps to consume a state) and fails with
$e S + n (N p_L(d) + r)$ ($e$: error of each of its $S$ states, $r$: correlated events per cycle),
which must not exceed the budget. What the states leave of the budget belongs to the data block, so at
each $d$ there is a largest $n$, hence a smallest $m$; and the largest useful $m$ is
$\lceil C/F_d\rceil$. A cap on the time lowers the largest $n$, a cap on the qubits the largest $m$.

A job may come with several counts, of which one is chosen, and with several layouts. Each pair of them is
a column (`columns`). Columns are tried from the smallest distance that is feasible on, one distance after
the other. At each, what is found already limits what a better factory may be: $m q + Q$ qubits hold
$m \ge 1$ and $m n \ge C$, so its qubits $q$ and its product $q C$ are bounded ($Q$: qubits of the data), and
its states leave at least $F_d (N p_L(d) + r)$ of the budget. Only the sizes within all three are priced.
A column ends where no size at this distance or beyond can be better, by the least $q$ and $q C$ of the
sizes that are accurate enough for the job and are not settled at a smaller distance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from qres.config.record import Objective
from qres.physical.choice import Choice, Option, first_least
from qres.physical.columns import Columns, Rung, View
from qres.physical.jobs import Jobs, Made
from qres.physical.tables import MachineTables

MARGIN = 1.0 + 1e-9
"""A bound must lie above the best by more than rounding before a size is dropped."""

LARGEST = np.finfo(float).max
"""Room for whatever fits."""


class Sizes:
    """What the sizes of a block of jobs take at least, arrays of (jobs x sizes).

    Args:
        tables: the machine.
        jobs: each at its fewest counts and its largest budget.
        rows: sizes that are worth trying, one at least.
    """

    def __init__(self, tables: MachineTables, jobs: Jobs, rows: np.ndarray) -> None:
        made = jobs.over(tables.kind, tables.table, rows)
        self.fails, self.cycles, self.qubits = made.fails, made.cycles, made.qubits.min(axis=0)
        self.has_magic = jobs.magic > 0.0
        is_over = self.fails >= jobs.fail_prob[:, None]
        least = np.where(is_over, np.inf, self.qubits).min(axis=1)
        self.least_qubits = np.where(self.has_magic, least, 0.0)
        spacetime = made.cycles * made.qubits
        np.putmask(spacetime, is_over, np.inf)
        self.least_spacetime = spacetime.min(axis=1)

    def least_cycles(self, budget: np.ndarray) -> np.ndarray:
        """Return the fewest cycles of a factory of each job that leaves some of its budget."""
        return np.where(self.fails < budget[:, None], self.cycles, np.inf).min(axis=1)


class Search:
    """One search over a block of jobs.

    Args:
        views: the jobs on each layout, a few counts of each job in a row, from the fewest on.
        objective: what is made small; ties go to fewer qubits (runtime) or less time (others).
        rows: sizes that are worth trying, one at least.
        n_counts: how many counts of each job.
    """

    def __init__(
        self, views: Sequence[View], objective: Objective, rows: np.ndarray, n_counts: int = 1
    ) -> None:
        self.tables, self.jobs = views[0].tables, views[0].jobs
        self.objective, self.rows = objective, rows
        budget = self.jobs.fail_prob.reshape(-1, n_counts).max(axis=1)
        loosest = replace(self.jobs.take(slice(None, None, n_counts)), fail_prob=budget)
        self.sizes = Sizes(self.tables, loosest, rows)
        self.columns = Columns.of(views, rows, n_counts)
        if not self.columns.is_reached:
            self.columns = self.columns.slowed(self.sizes.least_cycles(budget) / MARGIN)
        self.has_max_qubits = bool(np.isfinite(self.jobs.max_qubits).any())
        self.has_max_cycles = bool(np.isfinite(self.jobs.max_cycles).any())
        self.later = np.zeros(len(self.columns.parent))
        # nothing is settled where caps, or too few factories, bind in other ways
        is_bare = self.columns.is_reached and not self.has_max_qubits
        self.is_settling = objective != "qubits" and is_bare

    def run(self, choice: Choice) -> None:
        """Improve a choice; every arithmetic step is monotone in the counts and in the budget."""
        rung = self.columns.lowest()
        bound, total = self._keys(rung.fastest, rung.data + self._least(rung))
        likeliest = rung.take(first_least(rung.owner, bound, total))
        self._try(likeliest, choice)
        is_tried = np.zeros(len(self.columns.parent), dtype=bool)
        is_tried[likeliest.column] = True
        rung = self._hopeful(rung, choice)
        self._try(rung.take(np.flatnonzero(~is_tried[rung.column])), choice)
        while len(rung.column):
            rung = self._hopeful(self.columns.above(self._hopeful(rung, choice)), choice)
            if self.is_settling:
                self._settle(self.columns.at(rung.column, rung.level - 1), choice)
            self._try(rung, choice)

    def _room(self, at: Rung, choice: Choice) -> np.ndarray:
        """Return the most qubits that factories may have where they beat what is known."""
        key, tie = choice.key[at.owner], choice.tie[at.owner]
        if self.objective == "volume":
            return key * MARGIN / at.fastest - at.data
        if self.objective == "qubits":
            return key * MARGIN - at.data
        room = np.where(at.fastest < key, np.inf, tie * MARGIN - at.data)
        return np.where(at.fastest > key * MARGIN, -np.inf, room)

    def _least(self, at: Rung) -> np.ndarray:
        """Return the fewest qubits that factories have at this distance."""
        cycles = at.fastest
        if self.objective == "qubits":
            cycles = np.minimum(at.left / at.risk, self.columns.block.max_cycles[at.column])
        spacetime = self.sizes.least_spacetime[at.owner] * at.growth
        several = np.maximum(spacetime, self.later[at.column]) / cycles
        return np.maximum(self.sizes.least_qubits[at.owner], several)

    def _hopeful(self, at: Rung, choice: Choice) -> Rung:
        """Return the columns that may beat what is known, at their distance or beyond."""
        # a larger distance leaves more time, in which fewer factories may do
        is_alone = self.objective == "qubits"
        least = self.sizes.least_qubits[at.owner] if is_alone else self._least(at)
        is_over = (least > self._room(at, choice)) | (at.fastest > self.columns.lasting[at.column])
        if self.has_max_qubits:
            cap = self.columns.block.max_qubits[at.column]
            is_over |= at.data + self.sizes.least_qubits[at.owner] > cap * MARGIN
        return at.take(np.flatnonzero(~is_over)) if is_over.any() else at

    def _try(self, at: Rung, choice: Choice) -> None:
        """Price in each column every size that may beat what is known, the likeliest first."""
        at = at.take(np.flatnonzero(~(self._least(at) > self._room(at, choice))))
        if not len(at.column):
            return
        needed = self._needed(at, self._is_over(at))
        every, likeliest = np.arange(len(needed)), needed.argmin(axis=1)
        least = needed[every, likeliest]
        column = np.flatnonzero(least <= np.minimum(self._room(at, choice), LARGEST))
        self._price(at.take(column), likeliest[column], choice)
        needed[every, likeliest] = np.inf
        room = np.minimum(self._room(at, choice), LARGEST)
        column, row = np.divmod(np.flatnonzero(needed <= room[:, None]), needed.shape[1])
        self._price(at.take(column), row, choice)

    def _needed(self, at: Rung, is_out: np.ndarray) -> np.ndarray:
        """Return the fewest qubits that factories of each size have where it fits, and is not out."""
        sizes, growth = self.sizes, at.growth
        cycles = rows_of(sizes.cycles, at.owner)
        if self.objective == "qubits":
            fails = rows_of(sizes.fails, at.owner)
            longest = (at.budget * MARGIN / growth)[:, None] - fails
            longest *= (MARGIN / at.risk)[:, None]
            if self.has_max_cycles:
                cap = self.columns.block.max_cycles[at.column] * MARGIN / growth
                np.minimum(longest, cap[:, None], out=longest)
            needed = np.divide(cycles, longest, out=longest)
            if not self.columns.is_reached:
                np.putmask(needed, needed > self.tables.machine.max_factories, np.inf)
        else:
            needed = cycles * (growth / at.fastest / MARGIN)[:, None]
        if self.objective == "volume":
            np.maximum(needed, 1.0, out=needed)
        else:
            np.ceil(needed, out=needed)
        needed *= sizes.qubits
        np.putmask(needed, is_out, np.inf)
        # without magic states any size takes no room: one is enough, and none is too large
        is_bare = ~sizes.has_magic[at.owner]
        needed[is_bare], needed[is_bare, :1] = np.inf, 0.0
        return needed

    def _is_over(self, at: Rung) -> np.ndarray:
        """Return which sizes do not fit at this distance."""
        most = (at.budget * MARGIN - at.fastest * at.risk) / at.growth
        is_over = rows_of(self.sizes.fails, at.owner) > most[:, None]
        if self.has_max_qubits:
            cap = self.columns.block.max_qubits[at.column] * MARGIN
            is_over |= self.sizes.qubits > (cap - at.data)[:, None]
        return is_over

    def _settle(self, at: Rung, choice: Choice) -> None:
        r"""Note the least $q C$ of the sizes that may be better at a larger distance than at this one.

        A larger distance only gives more time, in which fewer factories do. So a size is settled that
        fits here for $F$ cycles (runtime), or for $2F + 1$ (volume): $m = \lfloor C/F\rfloor$ factories take
        no longer. With $M < m$ the volume $(M q + Q)\lceil C/M\rceil \ge q C + Q C/M$ is larger where
        $Q C \ge m^2 (m q + Q)$, hence where $Q F \ge (C/F)(q C/F + Q)$; $q C/F$ is within the room, or the
        size is out, and $q$ at least the least.
        """
        time = at.fastest
        if self.objective == "volume":
            most = self._room(at, choice) + at.data
            is_large = at.data * at.fastest > most * (most / self.sizes.least_qubits[at.owner])
            time = np.where(is_large, 2.0 * at.fastest + 1.0, np.inf)
        spare = (at.budget / MARGIN - time * at.risk) / at.most_growth
        spare[time > self.columns.block.max_cycles[at.column]] = -np.inf
        fails = rows_of(self.sizes.fails, at.owner)
        is_out = (fails <= spare[:, None]) | (fails > (at.budget * MARGIN / at.growth)[:, None])
        self.later[at.column] = self._needed(at, is_out).min(axis=1) * at.fastest

    def _price(self, at: Rung, row: np.ndarray, choice: Choice) -> None:
        """Price pairs of a column and a size at the distance of the column."""
        if not len(row):
            return
        row, tables, parent = self.rows[row], self.tables, self.columns.parent[at.column]
        made = self.jobs.at(tables.kind[row], tables.table, row, parent)
        fewest = np.ceil(made.cycles / tables.machine.max_factories)
        fastest = np.maximum(fewest, at.fastest)
        left = self.jobs.fail_prob[parent] - made.fails
        longest = np.minimum(np.floor(left / at.risk), self.jobs.max_cycles[parent])
        enough = np.ceil(made.cycles / fastest)
        # work divided by more cycles than floating point holds is none; it takes a factory all the same
        few = np.maximum(np.ceil(made.cycles / longest), np.minimum(made.cycles, 1.0))
        many = enough
        if self.has_max_qubits:
            room = self.jobs.max_qubits[parent] - at.data
            many = most_factories(room, made, enough)
        fits = (fastest <= longest) & (few <= many)
        number, key, tie = few, np.full(len(row), np.inf), np.full(len(row), np.inf)
        for count in self._counts(made, few, many, fits, at.data):
            cycles = np.where(count >= enough, fastest, np.ceil(made.cycles / count))
            value, second = self._keys(cycles, count * made.qubits + at.data)
            is_better = fits & ((value < key) | ((value == key) & (second < tie)))
            number, key = np.where(is_better, count, number), np.where(is_better, value, key)
            tie = np.where(is_better, second, tie)
        layout = at.column - at.owner * self.columns.width
        choice.improve(at.owner, Option(row, at.level, number, layout), (key, tie))

    def _keys(self, cycles: np.ndarray, qubits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.objective == "runtime":
            return cycles, qubits
        return (qubits, cycles) if self.objective == "qubits" else (qubits * cycles, cycles)

    def _counts(
        self, made: Made, few: np.ndarray, many: np.ndarray, fits: np.ndarray, data: np.ndarray
    ) -> Iterator[np.ndarray]:
        r"""Yield the numbers of factories of which one is best at this distance.

        The volume $(m q + Q)\lceil C/m\rceil$ falls with m but for the ceiling, so none below
        an m is better once $Q C \ge m (m - 1) (m q + Q)$. Of those that take equally long the fewest are.
        """
        if self.objective != "volume":
            yield many if self.objective == "runtime" else few
            return
        yield many
        count = np.maximum(many - 1.0, few)
        yield count
        while (fits & (count > few) & _is_small(count, made, data)).any():
            count = np.maximum(count - 1.0, few)
            cycles = np.ceil(made.cycles / count)
            fewest = np.maximum(np.ceil(made.cycles / cycles), few)
            count = np.where(cycles < count, fewest, count)
            yield count


def _is_small(count: np.ndarray, made: Made, data: np.ndarray) -> np.ndarray:
    """Return where rounding up the cycles may cost more than fewer factories than `count` do."""
    rounding = count * np.maximum(count - 1.0, 0.0) * (made.qubits * count + data)
    return data * made.cycles < rounding


def rows_of(values: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Return the rows of some owners, rising; without a copy where it is all of them."""
    is_all = len(owner) == len(values) and (owner == np.arange(len(values))).all()
    return values if is_all else values.take(owner, axis=0)


def most_factories(room: np.ndarray, made: Made, enough: np.ndarray) -> np.ndarray:
    """Return the largest useful number of factories within so many qubits."""
    most = np.floor(room / made.qubits)
    capped = np.ceil(made.cycles / np.ceil(made.cycles / np.maximum(most, 1.0)))
    return np.where(most >= enough, enough, np.minimum(most, capped))
