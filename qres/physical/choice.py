"""The best choice found so far for each of many jobs."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

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

    def beyond(self, columns: np.ndarray) -> Choice:
        """Return the choice of nothing for some jobs, which only what beats this one replaces."""
        nothing = Choice.empty(len(columns))
        return replace(nothing, key=self.key[columns], tie=self.tie[columns])

    def put(self, columns: np.ndarray, other: Choice) -> None:
        """Take over what was chosen for some jobs."""
        for item in fields(Choice):
            getattr(self, item.name)[columns] = getattr(other, item.name)

    def merge(self, other: Choice, columns: np.ndarray) -> np.ndarray:
        """Take over what was found beyond this choice for some jobs; return for which."""
        found = np.flatnonzero(other.row >= 0)
        for item in fields(Choice):
            getattr(self, item.name)[columns[found]] = getattr(other, item.name)[found]
        return columns[found]

    def improve(
        self,
        job: np.ndarray,
        row: np.ndarray,
        level: np.ndarray,
        count: np.ndarray,
        rank: tuple[np.ndarray, np.ndarray],
    ) -> None:
        """Take over the best candidate per job where it beats what was chosen; of equals the first row.

        Args:
            job: of each candidate, rising; for each job the rows rise.
            row: its size.
            level: its distance.
            count: its number of factories.
            rank: what is made small, and what decides ties; infinite where it does not fit.
        """
        starts = np.flatnonzero(np.r_[True, job[1:] != job[:-1]])
        group = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(job)]))
        best = np.minimum.reduceat(rank[0], starts)
        ties = np.where(rank[0] == best[group], rank[1], np.inf)
        least = np.minimum.reduceat(ties, starts)
        hits = np.flatnonzero(ties == least[group])[::-1]
        pick = np.zeros(len(starts), dtype=int)
        pick[group[hits]] = hits
        owner, key, tie = job[starts], self.key[job[starts]], self.tie[job[starts]]
        is_first = (least < tie) | ((least == tie) & (row[pick] < self.row[owner]))
        is_better = ((best < key) | ((best == key) & is_first)) & (best < np.inf)
        pick, owner = pick[is_better], owner[is_better]
        self.row[owner], self.level[owner] = row[pick], level[pick]
        self.n_factories[owner] = count[pick]
        self.key[owner], self.tie[owner] = best[is_better], least[is_better]
