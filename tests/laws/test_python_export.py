"""Exported Python equals its formula, in an interpreter that has nothing but its standard library."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from fractions import Fraction
from typing import Any

import pytest
import sympy

from qres.errors import InputError, OutsideError, QresError
from qres.notation import plain
from qres.notation.formula import Formula
from qres.notation.named import NAMED
from qres.notation.python_code import function_name, python_module
from qres.notation.source import derived
from qres.notation.symbols import CATALOGUE, describe, symbol
from qres.staircase import formulas

POINTS = 200
TOO_LARGE = 1e100
"""Beyond this a search may give up, and a step on the way pass the range of floats."""

STEPS = ("n_steps", "padding", "max_steps", "segment_steps")
"""Counts of steps, which plain Python takes one by one."""

SCRIPT = """
import sys, json, math
namespace = {}
exec(open(sys.argv[1]).read(), namespace)
used = sorted(set(sys.modules) & {"qres", "numpy", "sympy", "scipy"})
found = []
for name, values in json.load(open(sys.argv[2])):
    try:
        value = namespace[name](**values)
        found.append(value if isinstance(value, (int, float)) else [value.numerator, value.denominator])
    except (ArithmeticError, ValueError) as error:
        found.append(str(error))
print(json.dumps([used, found]))
"""


def drawn(formula: Any, count: int, ranges: Any) -> list[dict[str, Any]]:
    """Return random points inside the conditions: evenly over the decades, steps few."""
    generator = random.Random(formula.name)
    needed = [name for name in formula.inputs if formula.defaults.get(name, 0) is not None]
    found: list[dict[str, Any]] = []
    while len(found) < count:
        point = {name: random_value(name, generator, ranges) for name in needed}
        try:
            formula(**point)
        except OutsideError:
            continue
        except InputError:
            pass
        found.append(point)
    return found


def random_value(name: str, generator: random.Random, ranges: Any) -> Any:
    """Return a value of a symbol, in the ranges that the other laws use."""
    info = describe(name)
    if info.is_sequence:
        return [10 ** generator.uniform(-3, 1) for _ in range(generator.randint(2, 5))]
    if name in ranges.small or name in STEPS:
        return generator.randint(1, ranges.small.get(name, 60))
    low, high = (1, 1e6) if info.is_integer else ranges.real.get(name, (1e-6, 0.99))
    value = 10 ** generator.uniform(math.log10(low), math.log10(high))
    return round(value) if info.is_integer else value


def run_bare(code: str, calls: list[Any], folder: Any) -> tuple[list[str], list[Any]]:
    """Return the modules of ours that were loaded, and the results."""
    (folder / "code.py").write_text(code)
    (folder / "calls.json").write_text(json.dumps(calls))
    command = [sys.executable, "-I", "-S", "-c", SCRIPT, str(folder / "code.py")]
    done = subprocess.run(
        [*command, str(folder / "calls.json")], capture_output=True, text=True, check=True
    )
    used, found = json.loads(done.stdout)
    return used, [Fraction(*item) if isinstance(item, list) else item for item in found]


def agree(expected: Any, found: Any) -> bool:
    """Say whether both are the same whole number, the same real but for rounding, or too large."""
    if expected == math.inf:
        return isinstance(found, str) or found > TOO_LARGE
    if isinstance(found, str):
        return not isinstance(expected, int | float | Fraction) or not math.isfinite(expected)
    if isinstance(expected, int) and isinstance(found, int):
        return expected == found or math.isclose(expected, found, rel_tol=1e-12)
    return math.isclose(float(expected), float(found), rel_tol=1e-9)


def value_of(formula: Any, point: dict[str, Any]) -> Any:
    """Return the number, or the refusal."""
    try:
        return formula(**point)
    except InputError as error:
        return str(error)


@pytest.mark.slow
def test_every_export_equals_its_formula(tmp_path, ranges):
    every = formulas()
    samples = {item.name: drawn(item, POINTS, ranges) for item in every}
    calls = [(function_name(item), point) for item in every for point in samples[item.name]]
    used, results = run_bare(python_module(every), calls, tmp_path)
    assert used == []
    position = 0
    for item in every:
        numbers = 0
        for point in samples[item.name]:
            found, expected = results[position], value_of(item, point)
            position += 1
            assert agree(expected, found), (item.name, point, expected, found)
            numbers += not isinstance(found, str)
        assert numbers > POINTS / 2, item.name
    assert position == len(results)


def test_outside_its_conditions_it_raises(tmp_path):
    solver = formulas("solver.shortcut.matrix_queries")
    name = function_name(solver[0])
    calls = [(name, {"kappa_eff": 0.5, "epsilon": 0.1}), (name, {"kappa_eff": 2, "epsilon": 1})]
    _, found = run_bare(python_module(solver), calls, tmp_path)
    assert found[0].endswith("holds for kappa_eff >= 1")
    assert found[1].endswith("holds for 0 < epsilon < 1")


def test_whole_numbers_of_any_size_stay_exact(tmp_path):
    tiles = formulas("layout.simple.tiles")
    number = 10**30 + 1
    _, found = run_bare(
        python_module(tiles), [(function_name(tiles[0]), {"logical_qubits": number})], tmp_path
    )
    # ceil(3 (10^30 + 1) / 2) = (3 10^30 + 4) / 2
    assert found == [(3 * 10**30 + 4) // 2]


def test_a_sum_keeps_what_its_terms_bind(tmp_path):
    n, s = symbol("dim"), symbol("sparsity")
    terms = [sympy.Piecewise((n**k, n > s), (0, True)) for k in range(1, 9)]
    toy = Formula(
        name="toy.sum.value",
        meaning="a long sum of terms under a condition",
        expression=sum(terms) - (n + s) * 7,
        inputs=("dim", "sparsity"),
        source=derived("by hand"),
    )
    _, found = run_bare(
        python_module([toy]),
        [("toy_sum_value", {"dim": 2, "sparsity": k}) for k in (1, 2)],
        tmp_path,
    )
    # 2 + 4 + ... + 256 = 510; less 7 times 3, and nothing but -7 times 4
    assert found == [510 - 21, -28]


def test_what_has_no_plain_form_is_refused():
    toy = Formula(
        name="toy.hidden.value",
        meaning="computed by an evaluator",
        expression=symbol("dim"),
        inputs=("dim",),
        source=derived("by hand"),
        evaluator=lambda dim: dim,
    )
    with pytest.raises(QresError, match=r"^toy.hidden.value: has no plain Python form$"):
        toy.python()


def test_no_named_function_has_the_name_of_a_symbol():
    assert NAMED.keys().isdisjoint(CATALOGUE)


def test_numpy_is_refused_before_it_is_exported(monkeypatch):
    monkeypatch.delattr(plain, "geometric")
    with pytest.raises(QresError, match=r"^geometric.array is not plain Python$"):
        python_module(formulas("carleman-gd.toffoli"))


def test_the_docstring_says_what_and_whence(formula):
    code = formula.python()
    assert "import qres" not in code
    assert "from qres" not in code
    for name in formula.inputs:
        assert f"    {name}: {describe(name).meaning}" in code.replace("\\\\", "\\")
    assert f"Kind: {formula.kind}, {formula.bound}." in code
    compile(code, formula.name, "exec")
