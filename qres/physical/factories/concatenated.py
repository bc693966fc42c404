r"""Concatenations of 15-to-1 of any depth, distances chosen at each level (derived).

Level 1 is Litinski's factory with the exact noise of `fifteen_to_one`; the levels above are
`physical.distillation`. A size is `(dX, dZ, dm)` of level 1, then `(feeders, dX, dZ, dm)` of each level
above. Sizes are generated level by level: of all that a level can make, one per decade of error goes
on, that of the smallest qubits x cycles. One level alone is the member `fifteen-to-one`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qres.physical.base import Code, FactoryTable
from qres.physical.distillation import (
    FIFTEEN_TO_ONE,
    Feed,
    Protocol,
    distil_level,
    fitting_feeders,
)
from qres.physical.factories import fifteen_to_one
from qres.physical.record import Machine

LEVELS = 5
"""Most levels that are generated; four reach 1e-60 at a physical error of 1e-3."""
ENOUGH = 1e-52
"""Output error beyond which no further level is generated: 1e40 states within 1e-12."""
LARGEST = 151
"""Largest distance $d_X$ of a level."""
RATIOS = (0.34, 0.52)
r"""Range of $d_Z / d_X$, with $d_m = d_Z$; the published two-level rows have 0.36 to 0.45."""
USEFUL_ERROR = 0.05
"""A level whose output is worse does not feed another."""


@dataclass(frozen=True)
class Concatenated:
    """The generated factories of two levels and more."""

    name: str = "concatenated"
    unit: str = "T"

    def states(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return T states: four per Toffoli."""
        return t + fifteen_to_one.T_PER_TOFFOLI * toffoli

    def work(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return T states; the cycles of a table are the expected ones per T state."""
        return self.states(toffoli, t)

    def grid(self, machine: Machine, code: Code) -> np.ndarray:
        """Return the generated sizes, padded with zeros; of one level where two make none."""
        parts = [sizes for sizes, _ in generate(machine, code)]
        return padded(parts[1:] or parts)

    def tabulate(self, machine: Machine, code: Code, sizes: np.ndarray) -> FactoryTable:
        """Evaluate each size level by level."""
        return tabulate_levels(self.name, machine, code, np.asarray(sizes))


def tabulate_levels(
    name: str, machine: Machine, code: Code, sizes: np.ndarray, last: Protocol = FIFTEEN_TO_ONE
) -> FactoryTable:
    """Evaluate sizes whose levels are all 15-to-1 but for the last, which is `last`."""
    depth = 1 + (sizes[:, 3::4] > 0).sum(axis=1)
    feed = first_level(machine, code, sizes[:, :3])
    for level in range(1, int(depth.max())):
        rows = np.flatnonzero(depth > level)
        feeders, x, z, m = sizes[rows, 4 * level - 1 : 4 * level + 3].T
        for is_last in (False, True):
            chosen = (depth[rows] == level + 1) == is_last
            protocol = last if is_last else FIFTEEN_TO_ONE
            part = tuple(axis[chosen] for axis in (x, z, m))
            if chosen.any():
                below = feed.take(rows[chosen])
                made = distil_level(protocol, machine, code, below, feeders[chosen], part)
                for field in ("error", "qubits", "cycles", "length"):
                    getattr(feed, field)[rows[chosen]] = getattr(made, field)
    labels = tuple(f"{name} {_label(row)}" for row in sizes)
    return FactoryTable(labels, feed.error, feed.qubits, feed.cycles)


def first_level(machine: Machine, code: Code, sizes: np.ndarray) -> Feed:
    """Return what the one-level factory makes, each size evaluated once."""
    unique, index = np.unique(sizes, axis=0, return_inverse=True)
    table = fifteen_to_one.MEMBER.tabulate(machine, code, unique)
    length = unique[:, 0] + 4.0 * unique[:, 1]
    return Feed(table.error, table.qubits, table.cycles, length).take(index.ravel())


@lru_cache(maxsize=64)
def generate(machine: Machine, code: Code) -> tuple[tuple[np.ndarray, Feed], ...]:
    """Return (sizes, feed) of each depth from 1 on, thinned to one size per decade of error."""
    sizes = fifteen_to_one.MEMBER.grid(machine, code)
    feed = first_level(machine, code, sizes)
    thin = thinned(feed)
    found = [(sizes[thin], feed.take(thin))]
    while len(found) < LEVELS and found[-1][1].error.min() > ENOUGH:
        sizes, feed = grown(machine, code, FIFTEEN_TO_ONE, *found[-1])
        thin = thinned(feed)
        if feed.error[thin].min() >= found[-1][1].error.min():
            break
        found.append((sizes[thin], feed.take(thin)))
    return tuple(found)


def grown(
    machine: Machine, code: Code, protocol: Protocol, sizes: np.ndarray, feed: Feed
) -> tuple[np.ndarray, Feed]:
    """Return all sizes with one level more on top of the given ones, and what they make."""
    useful = np.flatnonzero(feed.error < USEFUL_ERROR)
    pairs = np.array(list(_distances()))
    rows, pick = (
        axis.ravel() for axis in np.meshgrid(useful, np.arange(len(pairs)), indexing="ij")
    )
    x, z = pairs[pick].T
    below = feed.take(rows)
    feeders = fitting_feeders(protocol, below, z)
    kept = np.isfinite(feeders)
    rows, x, z, feeders = rows[kept], x[kept], z[kept], feeders[kept]
    made = distil_level(protocol, machine, code, feed.take(rows), feeders, (x, z, z))
    larger = np.concatenate([sizes[rows], np.stack([feeders.astype(int), x, z, z], axis=1)], axis=1)
    return larger, made


def thinned(feed: Feed) -> np.ndarray:
    """Return the row of the smallest qubits x cycles in each decade of error below 1."""
    usable = np.flatnonzero((feed.error < 1.0) & np.isfinite(feed.cycles) & (feed.error > 0.0))
    if not len(usable):
        return np.array([int(np.argmin(feed.error))])
    volume = feed.qubits[usable] * feed.cycles[usable]
    decade = np.floor(-np.log10(feed.error[usable]))
    order = np.lexsort((volume, decade))
    first = np.r_[True, np.diff(decade[order]) != 0]
    return usable[order[first]]


def padded(parts: list[np.ndarray]) -> np.ndarray:
    """Return sizes of different depths in one array, short ones filled up with zeros."""
    width = max(part.shape[1] for part in parts)
    filled = [np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in parts]
    return np.concatenate(filled)


def _distances() -> Iterator[tuple[int, int]]:
    """Yield odd $(d_X, d_Z)$ in the range of ratios."""
    for x in range(5, LARGEST + 1, 2):
        for z in range(3, x, 2):
            if RATIOS[0] <= z / x <= RATIOS[1]:
                yield x, z


def _label(row: np.ndarray) -> str:
    """Return `(11,5,5)x6 (25,11,11)` of a size."""
    text = "({},{},{})".format(*row[:3])
    for feeders, x, z, m in row[3:].reshape(-1, 4):
        if feeders:
            text += f"x{feeders} ({x},{z},{m})"
    return text


MEMBER = Concatenated()
