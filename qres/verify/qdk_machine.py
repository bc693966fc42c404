"""A machine as the QDK's classic estimator sees it, for our search: its factory, its way to charge errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qres.physical.base import Catalysis, Code, FactoryTable
from qres.physical.record import Machine
from qres.physical.tables import SMALLEST_DISTANCE


@dataclass(frozen=True)
class PerStep:
    """A code that fails with the logical error of `code` once in `distance` cycles."""

    code: Code

    @property
    def name(self) -> str:
        """Name of the code, and how it is charged."""
        return f"{self.code.name}, per step"

    def logical_error(self, machine: Machine, distance: np.ndarray) -> np.ndarray:
        """Return the error per tile and cycle."""
        return self.code.logical_error(machine, distance) / distance

    def distance(self, machine: Machine, budget: np.ndarray) -> np.ndarray:
        """Return the smallest distance for a budget per tile and cycle, or one below it.

        A distance $d$ serves if the code has at most $d$ budgets. One that has three serves, so the
        smallest is none above it, and one that has as many budgets as that is long is none above the
        smallest.
        """
        enough = self.code.distance(machine, SMALLEST_DISTANCE * budget)
        return self.code.distance(machine, enough * budget)

    def tile_qubits(self, distance: np.ndarray) -> np.ndarray:
        """Return the physical qubits of one tile."""
        return self.code.tile_qubits(distance)


@dataclass(frozen=True)
class AnsweredFactory:
    """The factory of an answer: how many runs it takes, what one costs."""

    runs: int
    qubits: int
    run_cycles: float
    name: str = "qdk"
    unit: str = "T of the qdk"
    rests_on: tuple[str, ...] = ()
    charges_discards: bool = True

    def states(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return the runs: what they make has no error here."""
        return np.full(np.shape(t), float(self.runs))

    def work(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return the runs."""
        return self.states(toffoli, t)

    def grid(self, machine: Machine, code: Code) -> np.ndarray:
        """Return the one size there is."""
        return np.zeros((1, 1), dtype=int)

    def tabulate(self, machine: Machine, code: Code, sizes: np.ndarray) -> FactoryTable:
        """Return what the answer says of it."""
        size, cycles = np.array([float(self.qubits)]), np.array([self.run_cycles])
        nothing = np.zeros(1)
        return FactoryTable((self.name,), nothing, size, cycles, nothing, Catalysis.none(1))
