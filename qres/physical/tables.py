"""Everything about a machine that no job changes: tabulated once, looked up ever after."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from operator import attrgetter

import numpy as np

from qres.physical.base import Catalysis, Code, Factory, FactoryTable, Layout
from qres.physical.record import MAX_DISTANCE, Machine
from qres.physical.registry import find_code, find_factory, find_layout

SMALLEST_DISTANCE = 3

LEVEL = 1e-3
"""Part of an error by which sizes may differ that are first taken as equally accurate."""


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
    kept = _useful(tables, 0.0)
    return replace(tables, table=tables.table.take(kept), kind=tables.kind[kept])


@lru_cache(maxsize=1024)
def rows_above(machine: Machine, decade: int) -> np.ndarray:
    """Return the rows of a machine's table that can be best where small errors do not matter.

    Args:
        machine: whose.
        decade: the power of ten below which errors are taken as equal.
    """
    return _useful(machine_tables(machine), _power(decade))


@lru_cache(maxsize=1024)
def coarse_above(machine: Machine, decade: int) -> tuple[MachineTables, np.ndarray]:
    """Return tables in which no error is larger and many are equal, and the rows that can be best.

    Errors below a power of ten are 0 there, and those that hardly differ are the least of them.
    """
    tables, least = machine_tables(machine), _power(decade)
    table, added = tables.table, tables.table.catalysis
    error = _levelled(np.where(table.error > least, table.error, 0.0))
    rest = _levelled(np.where(table.error + added.error > least, added.error, 0.0))
    coarse = replace(table, error=error, catalysis=replace(added, error=rest))
    tables = replace(tables, table=coarse)
    return tables, _useful(tables, 0.0)


def _levelled(errors: np.ndarray) -> np.ndarray:
    """Return errors of which each is the least of those that differ from it by less than `LEVEL`."""
    values, place = np.unique(errors, return_inverse=True)
    for index in range(1, len(values)):
        if values[index] <= values[index - 1] * (1.0 + LEVEL):
            values[index] = values[index - 1]
    return values[place]


def _power(decade: int) -> float:
    """Return a power of ten, 0 for those that floating point hardly holds."""
    return 10.0**decade if decade > -300 else 0.0


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


def _useful(tables: MachineTables, negligible: float) -> np.ndarray:
    """Return the rows that no other of the same unit matches or beats, by kind, then by error.

    Args:
        tables: a machine, and its sizes of all factories.
        negligible: the error below which sizes are taken as equally accurate.
    """
    table, kind, added = tables.table, tables.kind, tables.table.catalysis
    units = np.unique([item.unit for item in tables.factories], return_inverse=True)[1][kind]
    error = np.maximum(table.error, negligible)
    # of a state, and of a pair of T from one: what is no worse in both is no worse in any mixture
    ranks = np.stack(
        [
            *(table.qubits, table.cycles, table.qubits + added.qubits),
            *(table.cycles + added.cycles, np.maximum(table.error + added.error, negligible)),
        ]
    )
    order = np.lexsort((*ranks[::-1], error))
    kept: list[int] = []
    for unit in range(units.max() + 1):
        kept += unmatched(order[units[order] == unit], ranks)
    found = np.array(kept, dtype=int)
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order))
    return found[np.lexsort((place[found], kind[found]))]


def unmatched(order: np.ndarray, ranks: np.ndarray) -> list[int]:
    """Return, of rows that are ever less accurate, those that none before matches in all ranks."""
    kept: list[int] = []
    best = np.empty((len(order), len(ranks)))
    for row in order:
        if not (best[: len(kept)] <= ranks[:, row]).all(axis=1).any():
            best[len(kept)] = ranks[:, row]
            kept.append(int(row))
    return kept


def _joined(parts: list[FactoryTable]) -> FactoryTable:
    def one(name: str) -> np.ndarray:
        return np.concatenate([attrgetter(name)(part) for part in parts])

    return FactoryTable(
        labels=tuple(label for part in parts for label in part.labels),
        error=one("error"),
        qubits=one("qubits"),
        cycles=one("cycles"),
        failure=one("failure"),
        catalysis=Catalysis(*(one(f"catalysis.{item.name}") for item in fields(Catalysis))),
    )
