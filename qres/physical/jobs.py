"""Jobs on one machine as one layout sees them, and what they take of each size of a factory."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from qres.physical.base import FactoryTable
from qres.physical.storage import COLD_ERROR, COLD_QUBITS


@dataclass(frozen=True, kw_only=True)
class Block:
    """The data block of each job, and what caps it, arrays of one length.

    Args:
        tiles: of the data block.
        cold: of the tiles, those that are idle qubits in cold storage.
        steps: cycles per unit of distance that consumption takes; one where there is no magic.
        max_qubits: most physical qubits.
        max_cycles: most code cycles.
    """

    tiles: np.ndarray
    cold: np.ndarray
    steps: np.ndarray
    max_qubits: np.ndarray
    max_cycles: np.ndarray

    def data_qubits(self, tile_qubits: Any) -> Any:
        """Return the physical qubits of all tiles, those in cold storage at its own price."""
        if not self.cold.any():
            return self.tiles * tile_qubits
        return (self.tiles - self.cold) * tile_qubits + COLD_QUBITS * self.cold

    def risk(self, logical_error: Any) -> Any:
        """Return the error of all tiles per cycle, those in cold storage with that of the storage."""
        if not self.cold.any():
            return self.tiles * logical_error
        return self.tiles * logical_error + self.cold * np.maximum(COLD_ERROR - logical_error, 0.0)

    def take(self, index: np.ndarray | slice) -> Block:
        """Return some of the jobs."""
        return Block(**{name: _part(getattr(self, name), index) for name in BLOCK})


@dataclass(frozen=True, kw_only=True)
class Jobs(Block):
    """Jobs on one machine, arrays of one length.

    Args:
        magic: Toffoli and T gates, each one step of consumption.
        layers: of these gates, each one reaction time.
        fail_prob: budget for data and distillation together.
        pairs: of T gates, each made from one CCZ where a factory makes CCZ states.
        states: magic states, one row per kind of factory.
        work: units of work, one row per kind of factory.
    """

    magic: np.ndarray
    layers: np.ndarray
    fail_prob: np.ndarray
    pairs: np.ndarray
    states: np.ndarray
    work: np.ndarray

    def take(self, index: np.ndarray | slice) -> Jobs:
        """Return some of the jobs."""
        return Jobs(**{name: _part(getattr(self, name), index) for name in JOBS})

    def at(self, kind: np.ndarray, table: FactoryTable, row: np.ndarray) -> Made:
        """Return what each job takes of one size, the row and the kind of its own."""
        every, added = np.arange(len(self.magic)), table.catalysis
        fails = self.states[kind, every] * table.error[row] + self.pairs * added.error[row]
        cycles = self.work[kind, every] * table.cycles[row] + self.pairs * added.cycles[row]
        qubits = table.qubits[row] + added.qubits[row] * (self.pairs > 0.0)
        return Made(fails, np.ceil(cycles, out=cycles), qubits)

    def over(self, kind: np.ndarray, table: FactoryTable) -> Made:
        """Return what every job takes of every size, arrays of (sizes x jobs), or of one column."""
        fails, cycles = self.states[kind], self.work[kind]
        fails *= table.error[:, None]
        cycles *= table.cycles[:, None]
        qubits, added = table.qubits[:, None], table.catalysis
        if added.cycles.any() and self.pairs.any():
            paired = np.flatnonzero(added.cycles)
            fails[paired] += self.pairs * added.error[paired, None]
            cycles[paired] += self.pairs * added.cycles[paired, None]
            qubits = qubits + added.qubits[:, None] * (self.pairs > 0.0)
        return Made(fails, np.ceil(cycles, out=cycles), qubits)


@dataclass(frozen=True)
class Made:
    """All magic states of a job from one factory: their error, its cycles and its qubits."""

    fails: np.ndarray
    cycles: np.ndarray
    qubits: np.ndarray


BLOCK, JOBS = (tuple(item.name for item in fields(kind)) for kind in (Block, Jobs))


def _part(values: np.ndarray, index: np.ndarray | slice) -> np.ndarray:
    """Return some of the last axis; `take` is the fast way to copy."""
    return values[..., index] if isinstance(index, slice) else values.take(index, axis=-1)
