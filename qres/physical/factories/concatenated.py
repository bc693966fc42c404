r"""Concatenations of 15-to-1 of any depth, distances chosen at each level (derived).

Level 1 is Litinski's factory with the exact noise of `fifteen_to_one`, or another `Bottom`; the levels
above are `physical.distillation`. A size is three numbers of level 1, such as `(dX, dZ, dm)`, then
`(feeders, dX, dZ, dm)` of each level above. The sizes are those of `data/hardware/factories.csv`,
generated once (`physical.generation`): every machine has the same ones, so a worse machine never finds
one that a better machine lacks. One level alone is the member `fifteen-to-one`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qres.physical.base import Catalysis, Code, FactoryTable
from qres.physical.distillation import (
    FIFTEEN_TO_ONE,
    Feed,
    Protocol,
    distil_level,
)
from qres.physical.factories import fifteen_to_one
from qres.physical.listed import listed
from qres.physical.record import Machine


@dataclass(frozen=True)
class Bottom:
    """The lowest level of a concatenation.

    Args:
        name: of the factory whose states it makes.
        grid: sizes to generate from, three whole numbers each.
        make: what these sizes make.
        label: name of one size.
    """

    name: str
    grid: Callable[[Machine, Code], np.ndarray]
    make: Callable[[Machine, Code, np.ndarray], Feed]
    label: Callable[[np.ndarray], str]


def _first_level(machine: Machine, code: Code, sizes: np.ndarray) -> Feed:
    """Return what the one-level factory makes."""
    table = fifteen_to_one.MEMBER.tabulate(machine, code, sizes)
    length = sizes[:, 0] + 4.0 * sizes[:, 1]
    still = np.zeros(len(sizes))
    return Feed(
        table.error, table.qubits, table.cycles, length, still, table.failure, own=table.qubits
    )


DISTILLED = Bottom(
    fifteen_to_one.MEMBER.name,
    lambda machine, code: fifteen_to_one.all_sizes(),
    _first_level,
    lambda size: "({},{},{})".format(*size),
)


@dataclass(frozen=True)
class Concatenated:
    """The generated factories of two levels and more, all 15-to-1 but perhaps the lowest."""

    name: str = "concatenated"
    unit: str = "T"
    bottom: Bottom = DISTILLED
    charges_discards: bool = True

    @property
    def rests_on(self) -> tuple[str, ...]:
        """Names of the factories whose formulas it uses."""
        return (self.bottom.name, "concatenated")

    def states(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return T states: four per Toffoli."""
        return t + fifteen_to_one.T_PER_TOFFOLI * toffoli

    def work(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return T states; the cycles of a table are the expected ones per T state."""
        return self.states(toffoli, t)

    def grid(self, machine: Machine, code: Code) -> np.ndarray:
        """Return the listed sizes, the same for every machine."""
        return listed(self.name)

    def tabulate(self, machine: Machine, code: Code, sizes: np.ndarray) -> FactoryTable:
        """Evaluate each size level by level."""
        feed = tabulate_levels(machine, code, np.asarray(sizes), self.bottom)
        labels = level_labels(self.name, np.asarray(sizes), self.bottom)
        nothing = Catalysis.none(len(labels))
        return FactoryTable(labels, feed.error, feed.qubits, feed.cycles, feed.failure, nothing)


def tabulate_levels(
    machine: Machine,
    code: Code,
    sizes: np.ndarray,
    bottom: Bottom,
    last: Protocol = FIFTEEN_TO_ONE,
) -> Feed:
    """Evaluate sizes whose levels above the bottom are 15-to-1 but for the last, which is `last`."""
    depth = 1 + (sizes[:, 3::4] > 0).sum(axis=1)
    feed = lowest_level(machine, code, sizes[:, :3], bottom)
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
                feed.put(rows[chosen], made)
    return feed


def level_labels(name: str, sizes: np.ndarray, bottom: Bottom) -> tuple[str, ...]:
    """Return the names of generated factories with the distances of their levels."""
    return tuple(f"{name} {bottom.label(row[:3])}{_levels(row)}" for row in sizes)


def lowest_level(machine: Machine, code: Code, sizes: np.ndarray, bottom: Bottom) -> Feed:
    """Return what the lowest level makes, each size evaluated once."""
    unique, index = np.unique(sizes, axis=0, return_inverse=True)
    return bottom.make(machine, code, unique).take(index.ravel())


def _levels(row: np.ndarray) -> str:
    """Return `x6 (25,11,11)` of the levels above the lowest."""
    levels = [level for level in row[3:].reshape(-1, 4) if level[0]]
    return "".join("x{} ({},{},{})".format(*level) for level in levels)


MEMBER = Concatenated()
