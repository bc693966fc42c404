"""Every registered formula: two evaluations that agree, refusals that help, print that parses."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from qres.errors import InputError
from qres.notation.compiled import compile_exact
from qres.notation.quantity import KINDS
from qres.notation.source import Source
from qres.notation.symbols import describe, symbol
from qres.staircase import formula as find
from qres.staircase import formulas

NAMES = """
solver.shortcut.matrix_queries solver.shortcut.state_queries
amplify.exact.rounds amplify.exact.invocations
access.qrom.toffoli access.qroam.toffoli access.qroam.ancillas access.qroam-adjoint.toffoli
access.qroam-berry.toffoli
readout.tomography-l2-sampling.copies readout.tomography-kp.copies
solver.adiabatic-proven.walk_steps solver.adiabatic-empirical.walk_steps
solver.qsvt-cks.degree solver.qsvt-minimax.degree
solver.jennings.matrix_queries solver.jennings-v1.matrix_queries
amplify.fixed-point.invocations readout.observable.rounds
carleman.truncation_bound carleman.segment_steps history.linv_bound
carleman.alpha history.success_prob tabulate.dense.gradients rotation.mixed-fallback.t
code.surface.logical_error code.surface.distance
factory.ccz2t.output_error factory.ccz2t.qubits layout.fast.tiles
linear-system.toffoli linear-system.t linear-system.rotations linear-system.logical_qubits
carleman-gd.toffoli carleman-gd.t carleman-gd.rotations carleman-gd.logical_qubits
encoding.sparse.alpha encoding.frobenius.alpha encoding.frobenius.toffoli solver.kappa_eff
"""
"""Names of the design that exist so far: called from outside, so they stay."""


def is_scalar(formula: Any) -> bool:
    """Say whether no symbol of the formula is a sequence."""
    return not any(describe(name).is_sequence for name in formula.inputs)


def values_of(name: str, ranges: Any) -> st.SearchStrategy[Any]:
    """Return values of a symbol, sequences short, evenly over the decades of their range."""
    info = describe(name)
    if info.is_sequence:
        return st.lists(st.floats(1e-3, 10), min_size=2, max_size=5)
    if name in ranges.small:
        return st.integers(1, ranges.small[name])
    low, high = (1, 1e6) if info.is_integer else ranges.real.get(name, (1e-6, 0.99))
    spread = st.floats(math.log10(low), math.log10(high)).map(lambda x: 10.0**x)
    return spread.map(round) if info.is_integer else spread


def holds(expression: Any) -> Callable[[dict[str, Any]], bool]:
    """Return whether values meet a condition: compiled once, by sympy itself."""
    free = sorted(map(str, expression.free_symbols))
    compiled = sympy.lambdify(free, expression, "math")
    return lambda values: compiled(*(values[name] for name in free))


def allowed(formula: Any, name: str) -> Callable[[Any], bool]:
    """Return whether a value meets the conditions on that symbol alone."""
    one = {symbol(name)}
    own = [holds(c.expression) for c in formula.conditions if c.expression.free_symbols == one]
    return lambda value: np.ndim(value) > 0 or all(meets({name: value}) for meets in own)


def points_of(formula: Any, ranges: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Return values inside the conditions of a formula; optional choices are left out."""
    optional = {name for name, value in formula.defaults.items() if value is None}
    needed = [name for name in formula.inputs if name not in optional]
    every = [holds(condition.expression) for condition in formula.conditions]

    def checked(found: dict[str, Any]) -> dict[str, Any]:
        assert all(meets(found) for meets in every)
        return found

    values = {name: values_of(name, ranges).filter(allowed(formula, name)) for name in needed}
    return st.fixed_dictionaries(values).map(checked)


@pytest.fixture(scope="module")
def points(ranges):
    """Such points by the name of a formula: conditions are compiled once for all examples."""
    return cache(lambda name: points_of(find(name), ranges))


def middle(name: str, ranges: Any) -> Any:
    """Return a value of a symbol from the middle of its range."""
    info = describe(name)
    if info.is_sequence:
        return [0.5, 0.7, 0.9]
    if name in ranges.small:
        return min(4, ranges.small[name])
    low, high = (4, 64) if info.is_integer else ranges.real.get(name, (1e-2, 0.5))
    return round(math.sqrt(low * high)) if info.is_integer else math.sqrt(low * high)


def test_no_count_makes_a_formula_crash(formula, ranges):
    """Breaking it means: a range is missing, and a reader gets a bug report in place of it."""
    optional = {name for name, value in formula.defaults.items() if value is None}
    point = {name: middle(name, ranges) for name in formula.inputs if name not in optional}
    for name in (name for name in point if describe(name).is_integer):
        with contextlib.suppress(InputError):
            assert not isinstance(formula(**{**point, name: 0}), complex)
        if name != "block_limit":
            with pytest.raises(InputError, match=f"{name}: expected a count, found -1"):
                formula(**{**point, name: -1})


@settings(max_examples=12)
@given(data=st.data())
def test_scalars_and_arrays_agree(formula, data, points):
    if not is_scalar(formula):
        point = data.draw(points(formula.name))
        arrays = {name: np.asarray(value) for name, value in point.items() if np.ndim(value)}
        assert formula(**point) == formula(**{**point, **arrays})
        return
    if not formula.inputs:
        assert isinstance(formula(), int)
        return
    drawn = [data.draw(points(formula.name)) for _ in range(4)]
    rows = {name: np.array([point[name] for point in drawn], dtype=float) for name in drawn[0]}
    together = formula(**rows)
    assert together.shape == (4,)
    assert together.dtype == float
    for point, found in zip(drawn, together, strict=True):
        assert math.isclose(float(formula(**point)), found, rel_tol=1e-9), point


@settings(max_examples=4)
@given(data=st.data())
def test_one_array_among_scalars_is_broadcast(formula, data, points):
    if not is_scalar(formula):
        return
    point = data.draw(points(formula.name))
    for name in point:
        found = formula(**{**point, name: np.array([point[name]] * 2, dtype=float)})
        assert np.shape(found) == (2,), name


def printed_value(formula: Any, values: dict[str, Any]) -> Any:
    """Return what the printed definition is, without rounding where all inputs are whole.

    Two rounded roots whose product is 4 may multiply to a little more, whose ceiling is 5.
    """
    expression = formula.full().expression
    has_root = any(power.exp.is_integer is False for power in expression.atoms(sympy.Pow))
    if has_root and all(isinstance(value, int) for value in values.values()):
        exact = expression.subs({symbol(name): value for name, value in values.items()})
        if exact.is_Integer:
            return exact
    return compile_exact(formula.symbols, expression)(*(values[name] for name in formula.inputs))


@settings(max_examples=6)
@given(data=st.data())
def test_the_printed_definition_gives_the_number(formula, data, points):
    if not is_scalar(formula):
        return
    point = data.draw(points(formula.name))
    if "block" in formula.inputs:
        largest = max(1, point["entries"]).bit_length() - 1
        point["block"] = 2 ** data.draw(st.integers(0, largest))
    complete = {**formula.defaults, **point}
    expected = printed_value(formula, complete)
    assert math.isclose(float(formula(**point)), float(expected), rel_tol=1e-12)


def test_beyond_any_number_is_infinite_or_refused():
    formula = find("history.inverse_norm")
    assert formula(growth=np.array([17.0]), n_steps=265, padding=1)[0] == math.inf
    try:
        found = formula(growth=17.0, n_steps=265, padding=1)
    except InputError:
        return
    assert found == math.inf


def example_of(formula: Any) -> dict[str, Any]:
    """Return one point inside the conditions."""
    plain = {"is_integer": 2, "is_sequence": [0.5, 0.25]}
    found: dict[str, Any] = {}
    for name in formula.inputs:
        info = describe(name)
        found[name] = next((value for key, value in plain.items() if getattr(info, key)), 0.5)
    small = {
        "kappa": 10.0,
        "kappa_eff": 10.0,
        "physical_error": 1e-3,
        "threshold": 1e-2,
        "z_read": 0.25,
        "epsilon": 0.1,
    }
    return found | {name: value for name, value in small.items() if name in found}


def test_the_example_is_a_number(formula):
    assert math.isfinite(formula(**example_of(formula)))


def test_an_unknown_symbol_is_refused_with_the_nearest(formula):
    if not formula.inputs:
        with pytest.raises(InputError, match="unknown symbol 'dim'"):
            formula(dim=1)
        return
    first = formula.inputs[0]
    with pytest.raises(InputError, match=rf"unknown symbol '{first}x'.*'{first}'"):
        formula(**example_of(formula), **{f"{first}x": 1})


def test_a_missing_symbol_is_named(formula):
    example = example_of(formula)
    for name in set(formula.inputs) - set(formula.defaults):
        left = {key: value for key, value in example.items() if key != name}
        with pytest.raises(InputError, match=rf"{re.escape(formula.name)}: missing {name}"):
            formula(**left)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, "ten", True, 1j, [math.nan], "1e3"])
def test_what_is_no_number_is_refused(formula, bad):
    example = example_of(formula)
    for name in formula.inputs:
        if isinstance(bad, list) and not describe(name).is_sequence:
            continue
        with pytest.raises(InputError, match=name):
            formula(**{**example, name: bad})


def test_whole_numbers_are_asked_for(formula):
    example = example_of(formula)
    for name in formula.inputs:
        if describe(name).is_integer:
            with pytest.raises(InputError, match=f"{name}: expected a whole number, found 2.5"):
                formula(**{**example, name: 2.5})


def test_every_condition_is_checked(formula):
    for condition in formula.conditions:
        free = {str(item) for item in condition.expression.free_symbols}
        outside = dict.fromkeys(free, -1 if len(free) == 1 else 0.5)
        outside |= {name: 0 for name in free if describe(name).is_integer}
        assert not condition.expression.subs({symbol(k): v for k, v in outside.items()})
        with pytest.raises(InputError, match="holds for"):
            formula(**{**example_of(formula), **outside})


@pytest.mark.parametrize("bad", [0.999, 0.5, 0, -2])
def test_a_condition_number_below_1_is_refused(bad):
    """Whoever sees it: the ratio of a largest and a smallest value is at least 1."""
    asked = [(item, name) for item in formulas() for name in ("kappa", "kappa_eff")]
    asked = [(item, name) for item, name in asked if name in item.inputs]
    assert len(asked) > 20
    for item, name in asked:
        with pytest.raises(InputError, match=rf"{name} .*found.* {name}="):
            item(**{**example_of(item), name: bad})


COUNTS_FROM_1 = (
    "truncation_order",
    "map_order",
    "n_steps",
    "segment_steps",
    "n_batches",
    "sparsity",
)


def test_no_step_order_batch_or_entry_is_refused():
    """Whoever sees it: a training without steps, a lift without blocks has no cost, not a small one."""
    asked = [(item, name) for item in formulas() for name in COUNTS_FROM_1 if name in item.inputs]
    assert len(asked) > 40
    for item, name in asked:
        with pytest.raises(InputError, match=rf"{item.name}: holds for .*found.* {name}=0"):
            item(**{**example_of(item), name: 0})


def test_pedigree(formula):
    assert isinstance(formula.source, Source)
    assert len(str(formula.source)) > 5
    assert formula.kind in KINDS
    assert formula.bound in ("two-sided", "upper", "lower")
    assert formula.unit
    assert len(formula.meaning) > 10
    assert re.fullmatch(r"[a-z-]+(\.[a-z0-9-]+)?\.[a-z_]+", formula.name)
    assert set(formula.defaults) <= set(formula.inputs)
    assert all(describe(name).meaning for name in formula.inputs)


def test_only_its_symbols_stand_in_the_expression(formula):
    if is_scalar(formula):
        assert set(formula.full().expression.free_symbols) <= set(formula.symbols)


def test_latex_is_balanced(formula):
    printed = formula.latex()
    bare = printed.replace(r"\{", "").replace(r"\}", "")
    assert len(printed) > 3
    assert bare.count("{") == bare.count("}")
    assert printed.count(r"\left") == printed.count(r"\right")
    assert printed.startswith(f"{formula.letter} = ") or not formula.letter
    assert "**" not in printed
    assert sympy.sstr(formula.expression)[:10] in formula.text()[:20]


def test_names_are_unique_sorted_and_found_again():
    names = [item.name for item in formulas()]
    assert names == sorted(set(names))
    assert all(find(name).name == name for name in names)
    assert [item.name for item in formulas("access.")] == [n for n in names if n[:7] == "access."]


@pytest.mark.parametrize("name", NAMES.split())
def test_the_names_of_the_design_stay(name):
    assert find(name).name == name


def test_an_unknown_formula_names_the_nearest():
    with pytest.raises(InputError, match=r"'solver.shortcut.matrix_queries'"):
        find("solver.shortcut.matrix_query")
