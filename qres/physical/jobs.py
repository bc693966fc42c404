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

    def at(self, kind: np.ndarray, table: FactoryTable, row: np.ndarray, job: np.ndarray) -> Made:
        """Return what each of some jobs takes of one size, the row and the kind of its own."""
        pairs, added = self.pairs[job], table.catalysis
        fails = self.states[kind, job] * table.error[row] + pairs * added.error[row]
        cycles = self.work[kind, job] * table.cycles[row] + pairs * added.cycles[row]
        qubits = table.qubits[row] + added.qubits[row] * (pairs > 0.0)
        return Made(fails, np.ceil(cycles, out=cycles), qubits)

    def over(self, kind: np.ndarray, table: FactoryTable, rows: np.ndarray) -> Made:
        """Return what every job takes of some sizes, arrays of (jobs x sizes), or of one row.

        Cycles are not rounded up: they grow with the counts, by which bounds are scaled.
        """
        added = table.catalysis.take(rows)
        fails = products(self.states, table.error[rows], kind[rows], self.pairs, added.error)
        cycles = products(self.work, table.cycles[rows], kind[rows], self.pairs, added.cycles)
        qubits = table.qubits[rows][None]
        if added.qubits.any() and self.pairs.any():
            qubits = qubits + added.qubits * (self.pairs[:, None] > 0.0)
        return Made(fails, cycles, qubits)


@dataclass(frozen=True)
class Made:
    """All magic states of a job from one factory: their error, its cycles and its qubits."""

    fails: np.ndarray
    cycles: np.ndarray
    qubits: np.ndarray


def products(
    counts: np.ndarray, each: np.ndarray, kind: np.ndarray, pairs: np.ndarray, added: np.ndarray
) -> np.ndarray:
    """Return (jobs x sizes): counts of the kind of a size, and pairs, times what it takes for each."""
    result = np.empty((counts.shape[1], len(each)))
    starts = np.flatnonzero(np.r_[True, kind[1:] != kind[:-1]])
    for start, stop in zip(starts, [*starts[1:], len(each)], strict=True):
        part = result[:, start:stop]
        np.multiply(counts[kind[start], :, None], each[start:stop], out=part)
        if added[start:stop].any():
            part += pairs[:, None] * added[start:stop]
    return result


BLOCK, JOBS = (tuple(item.name for item in fields(kind)) for kind in (Block, Jobs))


def _part(values: np.ndarray, index: np.ndarray | slice) -> np.ndarray:
    """Return some of the last axis; `take` is the fast way to copy."""
    return values[..., index] if isinstance(index, slice) else values.take(index, axis=-1)
