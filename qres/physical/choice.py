"""The best choice found so far for each of many jobs."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np


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

    def take(self, index: np.ndarray) -> Choice:
        """Return what was chosen for some jobs."""
        return Choice(*(getattr(self, item.name)[index] for item in fields(Choice)))

    def put(self, columns: np.ndarray, other: Choice) -> None:
        """Take over what was chosen for some jobs."""
        for item in fields(Choice):
            getattr(self, item.name)[columns] = getattr(other, item.name)

    def improve(self, job: np.ndarray, option: Option, rank: tuple[np.ndarray, np.ndarray]) -> None:
        """Take over the best candidate per job where it beats what was chosen; of equals the first.

        Args:
            job: of each candidate, rising; for each job the layouts rise, and for each of them the rows.
            option: what may be chosen.
            rank: what is made small, and what decides ties; infinite where it does not fit.
        """
        pick = first_least(job, *rank)
        owner, row, layout = job[pick], option.row[pick], option.layout[pick]
        (best, least), key, tie = (item[pick] for item in rank), self.key[owner], self.tie[owner]
        known = self.layout[owner]
        is_before = (layout < known) | ((layout == known) & (row < self.row[owner]))
        is_first = (least < tie) | ((least == tie) & is_before & (self.row[owner] >= 0))
        is_better = ((best < key) | ((best == key) & is_first)) & (best < np.inf)
        pick, owner = pick[is_better], owner[is_better]
        self.row[owner], self.level[owner] = row[is_better], option.level[pick]
        self.n_factories[owner], self.layout[owner] = option.n_factories[pick], layout[is_better]
        self.key[owner], self.tie[owner] = best[is_better], least[is_better]


@dataclass(frozen=True)
class Option:
    """What may be chosen, arrays of one length: a size, a distance, a number, a layout."""

    row: np.ndarray
    level: np.ndarray
    n_factories: np.ndarray
    layout: np.ndarray


def first_least(job: np.ndarray, key: np.ndarray, tie: np.ndarray) -> np.ndarray:
    """Return for each job the index of its first least key, of equals of the least tie.

    Args:
        job: rising.
        key: no NaN.
        tie: likewise.
    """
    if not len(job):
        return np.zeros(0, dtype=int)
    is_start = np.r_[True, job[1:] != job[:-1]]
    starts, group = np.flatnonzero(is_start), np.cumsum(is_start) - 1
    best = np.minimum.reduceat(key, starts)
    ties = np.where(key == best[group], tie, np.inf)
    least = np.minimum.reduceat(ties, starts)
    hits = np.flatnonzero(ties == least[group])[::-1]
    pick = np.zeros(len(starts), dtype=int)
    pick[group[hits]] = hits
    return pick
