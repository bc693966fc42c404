"""Everything about a machine that no job changes: tabulated once, looked up ever after."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
        layouts: the layouts that it may have.
        factories: its kinds of factories.
        table: all sizes that no other of the same unit dominates in error, qubits and cycles.
        kind: for each row of `table`, the index of its kind.
        distances: odd distances from 3 on.
        logical_error: per tile and cycle, at each distance.
        tile_qubits: physical qubits of a tile, at each distance.
    """

    machine: Machine
    code: Code
    layouts: tuple[Layout, ...]
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
    def event_risk(self) -> float:
        """Correlated events per code cycle."""
        return self.machine.correlated_event_rate_per_s * self.machine.cycle_time_s

    @property
    def ticks_per_reaction(self) -> float:
        """Code cycles per reaction time, the rounding noise of the division taken off."""
        return float(f"{self.machine.reaction_time_s / self.machine.cycle_time_s:.12g}")


@lru_cache(maxsize=64)
def machine_tables(machine: Machine) -> MachineTables:
    """Tabulate a machine (some tens of milliseconds, once)."""
    code = find_code(machine.code)
    factories = [find_factory(name) for name in machine.factories]
    tables = _with(machine, factories, [full_table(machine, code, item) for item in factories])
    kept = _useful(tables, np.zeros(len(factories)))
    return replace(tables, table=tables.table.take(kept), kind=tables.kind[kept])


@lru_cache(maxsize=1024)
def rows_above(machine: Machine, decades: tuple[int, ...]) -> np.ndarray:
    """Return the rows of a machine's table that can be best where small errors do not matter.

    Args:
        machine: whose.
        decades: for each kind of factory, the power of ten below which errors are taken as equal.
    """
    negligible = np.array([10.0**decade if decade > -300 else 0.0 for decade in decades])
    return _useful(machine_tables(machine), negligible)


def tables_at(machine: Machine, factory: Factory, sizes: np.ndarray) -> MachineTables:
    """Tabulate a machine with the given sizes of one factory, whether or not it is its own."""
    return _with(machine, [factory], [factory.tabulate(machine, find_code(machine.code), sizes)])


def _with(machine: Machine, factories: list[Factory], parts: list[FactoryTable]) -> MachineTables:
    code = find_code(machine.code)
    distances = np.arange(SMALLEST_DISTANCE, MAX_DISTANCE + 1, 2)
    return MachineTables(
        machine=machine,
        code=code,
        layouts=tuple(find_layout(name) for name in machine.layouts),
        factories=tuple(factories),
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


def _useful(tables: MachineTables, negligible: np.ndarray) -> np.ndarray:
    """Return the rows that no other of the same unit matches or beats, by kind, then by error.

    Args:
        tables: a machine, and its sizes of all factories.
        negligible: for each kind, the error below which sizes are taken as equally accurate.
    """
    table, kind = tables.table, tables.kind
    units = np.unique([item.unit for item in tables.factories], return_inverse=True)[1]
    order = np.lexsort((table.cycles, table.qubits, np.maximum(table.error, negligible[kind])))
    qubits, cycles, unit = table.qubits[order], table.cycles[order], units[kind[order]]
    is_kept = np.zeros(len(order), dtype=bool)
    for row in range(len(order)):
        better = (qubits[:row] <= qubits[row]) & (cycles[:row] <= cycles[row])
        is_kept[row] = not (better & (unit[:row] == unit[row])).any()
    kept = order[is_kept]
    return kept[np.argsort(kind[kept], kind="stable")]


def _joined(parts: list[FactoryTable]) -> FactoryTable:
    return FactoryTable(
        labels=tuple(label for part in parts for label in part.labels),
        error=np.concatenate([part.error for part in parts]),
        qubits=np.concatenate([part.qubits for part in parts]),
        cycles=np.concatenate([part.cycles for part in parts]),
    )
