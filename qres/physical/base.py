"""What a code, a factory and a layout answer; a member is one file with a `MEMBER`.

Everything is asked over arrays. A factory comes in many sizes: `grid` lists its distances on a
machine, `tabulate` turns a list of distances into what the search reads off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from qres.physical.record import Machine


@dataclass(frozen=True)
class Catalysis:
    """What a factory of CCZ states adds for two T from one CCZ, one entry per row of its table.

    Args:
        error: of each pair of T, above that of the CCZ.
        qubits: of each factory of a job with T gates at all.
        cycles: of each pair.
    """

    error: np.ndarray
    qubits: np.ndarray
    cycles: np.ndarray

    @classmethod
    def none(cls, size: int) -> Catalysis:
        """Return nothing added: factories of T states, or whose formulas hold it already."""
        return cls(np.zeros(size), np.zeros(size), np.zeros(size))

    def take(self, rows: np.ndarray) -> Catalysis:
        """Return the chosen rows, in that order."""
        return Catalysis(self.error[rows], self.qubits[rows], self.cycles[rows])


@dataclass(frozen=True)
class FactoryTable:
    """A factory at several sizes, one per row.

    Args:
        labels: name and distances.
        error: of one magic state.
        qubits: physical qubits of one factory.
        cycles: expected code cycles per unit of work (see `Factory.work`).
        failure: probability that a run is thrown away, of the last level where there are several;
            `Factory.charges_discards` says whether the cycles hold it. NaN where no source states it.
        catalysis: what a pair of T adds.
    """

    labels: tuple[str, ...]
    error: np.ndarray
    qubits: np.ndarray
    cycles: np.ndarray
    failure: np.ndarray
    catalysis: Catalysis

    def take(self, rows: np.ndarray) -> FactoryTable:
        """Return the chosen rows, in that order."""
        labels = tuple(self.labels[row] for row in rows)
        return FactoryTable(
            labels,
            self.error[rows],
            self.qubits[rows],
            self.cycles[rows],
            self.failure[rows],
            self.catalysis.take(rows),
        )


class Code(Protocol):
    """An error-correcting code in which logical error falls with an odd distance."""

    @property
    def name(self) -> str:
        """Name in profiles."""
        ...

    def logical_error(self, machine: Machine, distance: np.ndarray) -> np.ndarray:
        """Return the error probability per tile and cycle."""
        ...

    def distance(self, machine: Machine, budget: np.ndarray) -> np.ndarray:
        """Return the smallest distance for a budget per tile and cycle, or one below it."""
        ...

    def tile_qubits(self, distance: np.ndarray) -> np.ndarray:
        """Return the physical qubits of one tile."""
        ...


class Factory(Protocol):
    """A magic-state factory; it serves Toffoli and T gates alike."""

    @property
    def name(self) -> str:
        """Name in profiles."""
        ...

    @property
    def unit(self) -> str:
        """What it makes; factories of one unit count states and work alike."""
        ...

    @property
    def rests_on(self) -> tuple[str, ...]:
        """Names of the factories whose formulas it uses, itself among them if it has any."""
        ...

    @property
    def charges_discards(self) -> bool:
        """Whether its cycles are expected ones: those of runs that are thrown away among them."""
        ...

    def states(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return how many of its magic states these gates take."""
        ...

    def work(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return the units of work; a table's `cycles` are per unit."""
        ...

    def grid(self, machine: Machine, code: Code) -> np.ndarray:
        """Return the sizes worth a search on this machine, one row of distances each."""
        ...

    def tabulate(self, machine: Machine, code: Code, sizes: np.ndarray) -> FactoryTable:
        """Return error, qubits, cycles and failure at the given sizes."""
        ...


class Layout(Protocol):
    """How logical qubits lie on tiles and how fast they consume magic states."""

    @property
    def name(self) -> str:
        """Name in profiles."""
        ...

    @property
    def steps_per_magic_state(self) -> float:
        """Logical time steps (of `distance` cycles) to consume one; 0 is no limit."""
        ...

    def tiles(self, logical_qubits: np.ndarray) -> np.ndarray:
        """Return the tiles of the data block, routing included."""
        ...
