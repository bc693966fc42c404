"""What is printed is what the machine computes."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from qres.physical.codes.rotated_surface import DISTANCE, FORMULAS, LOGICAL_ERROR
from qres.physical.factories.ccz2t import OUTPUT_ERROR, QUBITS
from qres.physical.layouts.fast import TILES as FAST
from qres.physical.layouts.simple import TILES as SIMPLE
from qres.physical.machines import load_machine, machine_names
from qres.physical.tables import full_table, machine_tables

MODULES = ("codes.rotated_surface", "factories.ccz2t", "layouts.simple", "layouts.fast")


def test_names():
    names = {
        formula.name
        for module in MODULES
        for formula in importlib.import_module(f"qres.physical.{module}").FORMULAS
    }
    assert names == {
        "code.surface.logical_error",
        "code.surface.distance",
        "factory.ccz2t.output_error",
        "factory.ccz2t.injected_error",
        "factory.ccz2t.failure",
        "factory.ccz2t.round_cycles",
        "factory.ccz2t.qubits",
        "layout.simple.tiles",
        "layout.fast.tiles",
    }
    assert all(formula.latex() and formula.text() for formula in FORMULAS)


@pytest.mark.parametrize("name", machine_names())
def test_tables_hold_the_formulas(name):
    tables = machine_tables(load_machine(name))
    machine = tables.machine
    given = {key: getattr(machine, key) for key in ("physical_error", "threshold", "prefactor")}
    for distance in (3, 15, 41):
        level = (distance - 3) // 2
        expected = LOGICAL_ERROR(**given, distance=distance)
        assert tables.logical_error[level] == pytest.approx(expected, rel=1e-12, abs=0)
    for row, label in enumerate(tables.table.labels):
        if label.startswith("ccz2t"):
            first, second = (int(part.split("=")[1]) for part in label.split()[1:])
            expected = OUTPUT_ERROR(**given, distance_1=first, distance_2=second)
            assert tables.table.error[row] == pytest.approx(expected, rel=1e-12, abs=0)
            assert tables.table.qubits[row] == QUBITS(distance_1=first, distance_2=second)


@pytest.mark.parametrize("name", machine_names())
def test_only_sizes_that_another_matches_in_everything_are_dropped(name):
    tables = machine_tables(load_machine(name))
    sizes = [full_table(tables.machine, tables.code, item) for item in tables.factories]
    assert len(tables.table.labels) < sum(len(item.labels) for item in sizes)
    for factory, full in zip(tables.factories, sizes, strict=True):
        same = [kind for kind, item in enumerate(tables.factories) if item.unit == factory.unit]
        kept = tables.table.take(np.flatnonzero(np.isin(tables.kind, same)))
        for error, qubits, cycles in zip(full.error, full.qubits, full.cycles, strict=True):
            is_matched = (kept.error <= error) & (kept.qubits <= qubits) & (kept.cycles <= cycles)
            assert is_matched.any()


def test_scalars_and_arrays_agree():
    qubits = np.array([1, 2, 7, 8, 18, 50, 12581, 10**9])
    for tiles in (FAST, SIMPLE):
        exact = [tiles(logical_qubits=int(n)) for n in qubits]
        assert all(type(n) is int for n in exact)
        assert tiles(logical_qubits=qubits).tolist() == exact
    assert FAST(logical_qubits=2) == 9
    budgets = 10.0 ** -np.arange(2, 40)
    given = {"physical_error": 1e-3, "threshold": 0.01, "prefactor": 0.1}
    exact = [DISTANCE(**given, budget=float(budget)) for budget in budgets]
    assert DISTANCE(**given, budget=budgets).tolist() == exact
    assert exact == [max(3, 2 * n - 3) for n in range(2, 40)]
