"""Everything about a machine that no job changes: tabulated once, looked up ever after."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qres.physical.base import Code, Factory, FactoryTable, Layout
from qres.physical.record import MAX_DISTANCE, Machine
from qres.physical.registry import find_code, find_factory, find_layout

SMALLEST_DISTANCE = 3


@dataclass(frozen=True)
class MachineTables:
    """A machine's code by distance and its factories by size.

    Args:
        machine: whose.
        code: its code.
        layout: its layout.
        factories: its kinds of factories.
        table: all sizes of all kinds that no other size of the same kind dominates.
        kind: for each row of `table`, the index of its kind.
        distances: odd distances from 3 on.
        logical_error: per tile and cycle, at each distance.
        tile_qubits: physical qubits of a tile, at each distance.
    """

    machine: Machine
    code: Code
    layout: Layout
    factories: tuple[Factory, ...]
    table: FactoryTable
    kind: np.ndarray
    distances: np.ndarray
    logical_error: np.ndarray
    tile_qubits: np.ndarray

    @property
    def best(self) -> tuple[str, float]:
        """Label and error of the most accurate factory."""
        row = int(np.argmin(self.table.error))
        return self.table.labels[row], float(self.table.error[row])

    @property
    def ticks_per_reaction(self) -> float:
        """Code cycles per reaction time, the rounding noise of the division taken off."""
        return float(f"{self.machine.reaction_time_s / self.machine.cycle_time_s:.12g}")


@lru_cache(maxsize=64)
def machine_tables(machine: Machine) -> MachineTables:
    """Tabulate a machine (some tens of milliseconds, once)."""
    code = find_code(machine.code)
    factories = tuple(find_factory(name) for name in machine.factories)
    parts = [_useful_sizes(machine, code, factory) for factory in factories]
    distances = np.arange(SMALLEST_DISTANCE, MAX_DISTANCE + 1, 2)
    return MachineTables(
        machine=machine,
        code=code,
        layout=find_layout(machine.layout),
        factories=factories,
        table=_joined(parts),
        kind=np.repeat(np.arange(len(parts)), [len(part.labels) for part in parts]),
        distances=distances,
        logical_error=code.logical_error(machine, distances),
        tile_qubits=code.tile_qubits(distances.astype(float)),
    )


def full_table(machine: Machine, code: Code, factory: Factory) -> FactoryTable:
    """Return every size of the grid that makes states at all (error below 1), or the best."""
    table = factory.tabulate(machine, code, factory.grid(machine, code))
    return table.take(
        np.flatnonzero(table.error < max(1.0, np.nextafter(table.error.min(), np.inf)))
    )


def _useful_sizes(machine: Machine, code: Code, factory: Factory) -> FactoryTable:
    """Drop the sizes that another one matches or beats in error, qubits and cycles."""
    table = full_table(machine, code, factory)
    kept: list[int] = []
    for row in np.lexsort((table.cycles, table.qubits, table.error)):
        is_beaten = (table.qubits[kept] <= table.qubits[row]) & (
            table.cycles[kept] <= table.cycles[row]
        )
        if not is_beaten.any():
            kept.append(int(row))
    return table.take(np.array(kept, dtype=int))


def _joined(parts: list[FactoryTable]) -> FactoryTable:
    return FactoryTable(
        labels=tuple(label for part in parts for label in part.labels),
        error=np.concatenate([part.error for part in parts]),
        qubits=np.concatenate([part.qubits for part in parts]),
        cycles=np.concatenate([part.cycles for part in parts]),
    )
