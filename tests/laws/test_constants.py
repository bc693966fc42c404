"""No number of the physical storey is without an origin, and `--show sources` prints each that entered."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from dataclasses import fields
from pathlib import Path

import pytest
import sympy

import qres
import qres.physical
from qres.files import data_path, read_text
from qres.notation.formula import Condition, Formula
from qres.physical.constants import CONSTANTS, constants_of, rows_of
from qres.physical.machines import load_machine, machine_names
from qres.physical.record import Machine

MODULES = sorted(
    item.name.removeprefix("qres.physical.")
    for item in pkgutil.walk_packages(qres.physical.__path__, "qres.physical.")
    if not item.ispkg
)
SETTINGS = {
    # bounds, steps and rounding of a search, none of which is a number of a machine
    "beverland": {"QDK_INTERCEPT", "STEPS_PER_TOFFOLI", "T_PER_TOFFOLI", "SHARES"},
    "checks": {"LEAST", "LEVEL", "LEVEL_1"},
    "columns": {"ROUNDS"},
    "codes.rotated_surface": {"ROUNDING"},
    "estimate": {"LARGEST_COUNT", "ROUNDING"},
    "factories.ccz2t": {"LARGEST", "SMALLEST"},
    "factories.fifteen_to_one": {"CASES", "LARGEST", "SMALLEST"},
    "frontier": {"POINTS"},
    "machines": {"PER_SECOND"},
    "obstacle": {"ALIKE", "POINTS", "ROUNDS"},
    "outcome": {"ABSENT", "ROUNDING"},
    "record": {"MAX_FACTORIES"},
    "search": {"MARGIN"},
    "sweep": {"BLOCK_ELEMENTS", "COARSE", "NEGLIGIBLE"},
    "split": {"ROUNDING", "COUNTS", "GROUP"},
    "storage": {"ROUNDING"},
    "tables": {"LEVEL"},
}
"""Numbers that are no constants, by module; those of `beverland` serve comparisons only, the number of
factories is a field of each machine."""

WRITER = "generation"
"""The module that wrote `factories.csv`; a price reads the file, whose rows are named."""

DRAWN = ("codes", "factories", "layouts", "storage", "distillation")
PLAIN = {0, 1, 2, 0.5, 3, 4, 5}
"""Numbers of code that count axes and patches, halves and squares."""

FORMULAS_THEMSELVES = {
    "distillation._area",
    "factories.ccz2t._output",
    "layouts.fast._tiles",
    "layouts.fast.plain_tiles",
    "factories.cultivation.tabulate",
}
"""Functions that write or evaluate a formula with a source; the last one rounds."""


def assigned(module: str) -> dict[str, ast.expr]:
    """Return the module-level names in capitals, with what they are set to."""
    path = Path(str(importlib.import_module(f"qres.physical.{module}").__file__))
    found: dict[str, ast.expr] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        elif isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        else:
            continue
        for target in targets:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            found |= {name.id: value for name in names if isinstance(name, ast.Name)}
    return {name: value for name, value in found.items() if name.strip("_").isupper()}


def holds_number(value: ast.expr) -> bool:
    """Whether an expression has a number of its own, formulas and records of formulas apart."""
    if isinstance(value, ast.Call) and "Formula" in ast.dump(value.func):
        return False
    return any(
        isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
        for node in ast.walk(value)
    )


PLACES = {constant.place.split(".inputs")[0].split(".checks")[0] for constant in CONSTANTS}


@pytest.mark.parametrize("module", [name for name in MODULES if name != WRITER])
def test_every_number_of_a_module_is_a_constant_with_an_origin(module):
    found = {name for name, value in assigned(module).items() if holds_number(value)}
    found = {name for name in found if not is_formula(module, name)}
    named = {place.split(":")[1] for place in PLACES if place.startswith(f"{module}:")}
    assert found - named == SETTINGS.get(module, set()) & found
    assert SETTINGS.get(module, set()) & named == set()


def is_formula(module: str, name: str) -> bool:
    """Whether a name is a formula, a part of one, or several: their numbers have their source."""
    value = getattr(importlib.import_module(f"qres.physical.{module}"), name)
    items = value if isinstance(value, tuple) and value else (value,)
    return all(
        isinstance(item, Formula | Condition | sympy.Basic) and not is_number(item)
        for item in items
    )


def is_number(value: object) -> bool:
    return isinstance(value, sympy.Basic) and value.is_number is True


@pytest.mark.parametrize("constant", CONSTANTS, ids=lambda item: f"{item.owner}:{item.name}")
def test_constants_are_what_is_used_and_say_where_they_come_from(constant):
    assert constant.value is not None
    assert len(constant.meaning) > 10
    assert str(constant.source)


@pytest.mark.parametrize("module", [name for name in MODULES if name.split(".")[0] in DRAWN])
def test_functions_of_codes_factories_and_layouts_hold_no_number(module):
    path = Path(str(importlib.import_module(f"qres.physical.{module}").__file__))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef) or f"{module}.{node.name}" in FORMULAS_THEMSELVES:
            continue
        for part in (inner for line in node.body for inner in ast.walk(line)):
            if isinstance(part, ast.Constant) and type(part.value) in (int, float):
                assert part.value in PLAIN, f"{module}.{node.name}: {part.value}"


@pytest.fixture(scope="module")
def priced():
    """Return reports of small jobs, by machine."""
    known: dict[str, qres.Report] = {}

    def price(name: str, objective: str = "qubits"):
        if name not in known:
            known[name] = qres.estimate(
                {
                    "schema": "qres-model/1",
                    "name": "counts",
                    "model": {"given": {"logical_qubits": 100, "toffoli": 1e9, "rotations": 100}},
                    "algorithm": {"name": "counts"},
                    "error": {"total": 0.1, "fail_prob": 0.01},
                    "hardware": [name],
                    "objective": objective,
                }
            )
        return known[name]

    return price


def as_numbers(line: str) -> list[float]:
    """Return the cells of a row of numbers; empty for a row that begins with a name."""
    cells = line.split(",")
    return [] if cells[0][:1].isalpha() else [float(cell) for cell in cells]


SLOW = [name for name in machine_names() if len(load_machine(name).factories) > 2]
NAMES = [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in machine_names()]


@pytest.mark.parametrize("name", NAMES)
def test_sources_name_every_field_constant_formula_and_row(priced, name):
    report = priced(name)
    (machine,), (cost,) = report.machines, report.priced.machines
    text = " ".join(report.sources_text().split())
    part = text[text.index(f"Machine {name}") :]
    for item in fields(Machine):
        if item.name not in ("name", "sources"):
            assert f" {item.name} = " in part, item.name
    for source in machine.sources.values():
        assert " ".join(source.text.split()) in part
    assert cost.is_feasible
    constants = list(constants_of(machine, cost, is_split=True))
    assert {"SLOPE", "INTERCEPT", "MAX_DISTANCE"} <= {item.name for item in constants}
    for constant in constants:
        shown = f"{constant.owner}: {constant.name} = "
        assert part.count(shown) == 1, constant.name
        assert f"{constant.meaning} {constant.source}" in part
    rows = list(rows_of(machine, cost))
    kinds = [word for word in ("concatenated", "eight-to-ccz", "cultiv") if word in cost.factory]
    assert bool(rows) == bool(kinds)
    for row in rows:
        assert f"{row.file}: {row.text}" in part
        lines = read_text(data_path("hardware") / row.file).splitlines()
        assert any(
            line == row.text if row.text[0].isalpha() else as_numbers(line) == as_numbers(row.text)
            for line in lines[1:]
        )


def test_the_rounds_of_the_catalysed_factory_are_named(priced):
    text = priced("superconducting-1e-3").sources_text()
    assert "factory ccz2t: ROUNDS_PER_CCZ = 5.5" in text
    assert "factory ccz2t: CATALYSIS_ROUNDS = 1" in text
    assert "layout.simple.tiles = ceiling(3*logical_qubits/2)" in text
