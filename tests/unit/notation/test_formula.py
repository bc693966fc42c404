"""Formulas of two symbols: exact scalars, arrays, building others, print."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy

from qres.errors import InputError, QresError, nearest
from qres.notation.formula import Condition, Formula, define, exact_power
from qres.notation.latex import to_latex, where_lines
from qres.notation.named import ceil_log2, look, tree
from qres.notation.source import DALZELL_2024, Source, derived
from qres.notation.symbols import CATALOGUE, describe, symbol, symbols

DIM, EPS = symbols("dim epsilon")


def toy(expression, **changes):
    fields = {
        "name": "toy.formula.value",
        "meaning": "a toy",
        "expression": expression,
        "inputs": tuple(sorted(str(item) for item in expression.free_symbols)),
        "source": derived("by hand"),
    }
    return Formula(**fields | changes)


def test_scalars_stay_exact():
    assert toy(DIM**2 / 3)(dim=10**30) == Fraction(10**60, 3)
    assert toy(DIM**2 / 2)(dim=2 * 10**30) == 2 * 10**60
    assert isinstance(toy(DIM**2 / 2)(dim=2), int)
    assert toy(sympy.ceiling(DIM / 3))(dim=10**40 + 1) == (10**40 + 1) // 3 + 1
    assert toy(sympy.Max(DIM, 7) - sympy.Min(DIM, 2))(dim=10**20) == 10**20 - 2
    assert toy(ceil_log2(DIM))(dim=2**100 + 1) == 101


def test_arrays_are_float64():
    found = toy(DIM**2 / 3)(dim=np.array([3, 6]))
    assert found.dtype == float
    assert found.tolist() == [3, 12]
    assert toy(DIM**3)(dim=np.array([3_000_000]))[0] == 2.7e19


def test_arrays_broadcast():
    found = toy(DIM * EPS)(dim=np.array([[1], [2]]), epsilon=np.array([0.5, 1.0]))
    assert found.tolist() == [[0.5, 1.0], [1.0, 2.0]]


@pytest.mark.parametrize(
    ("base", "exponent", "value"),
    [(2, -2, Fraction(1, 4)), (3, 4, 81), (9, Fraction(1, 2), 3.0), (2.0, Fraction(4, 2), 4.0)],
)
def test_powers(base, exponent, value):
    assert exact_power(base, exponent) == value


def test_whole_floats_pass_for_integers():
    assert toy(DIM + 1)(dim=1e3) == 1001
    assert toy(DIM + 1)(dim=np.float64(4)) == 5
    assert isinstance(toy(DIM + 1)(dim=np.int64(4)), int)


def test_a_condition_says_what_was_found():
    holds = (Condition(sympy.And(EPS > 0, EPS < 1), "0 < epsilon < 1"),)
    formula = toy(DIM / EPS, conditions=holds)
    with pytest.raises(InputError, match=r"holds for 0 < epsilon < 1, found epsilon=2$"):
        formula(dim=1, epsilon=2)
    assert formula(dim=1, epsilon=Fraction(1, 2)) == 2


def test_defaults_may_be_left_out():
    formula = toy(DIM / EPS, defaults={"epsilon": 0.5})
    assert formula(dim=3) == 6
    assert formula(dim=3, epsilon=0.25) == 12
    assert formula.at(dim=EPS) == 2.0 * EPS


def test_a_symbol_is_replaced_everywhere_at_once():
    assert toy(DIM * EPS).at(dim=EPS, epsilon=DIM) == DIM * EPS
    assert toy(DIM - EPS).at(dim=EPS, epsilon=DIM) == EPS - DIM


def test_a_derived_symbol_reads_its_inputs_off():
    name, formula = define("toy.kappa_eff", "a toy", DIM / EPS, derived("by hand"), kind="proven")
    assert name == "kappa_eff"
    assert formula.inputs == ("dim", "epsilon")
    assert (formula.letter, formula.kind) == (r"\kappa_{\mathrm{eff}}", "proven")
    constant, one = define("toy.copies", "a toy", 1, derived("by hand"))
    assert (constant, one.inputs, one()) == ("copies", (), 1)


def test_print():
    formula = toy(sympy.ceiling(DIM / EPS), letter="c")
    assert formula.latex() == r"c = \left\lceil{\frac{d}{\epsilon}}\right\rceil"
    assert formula.text() == "ceiling(dim/epsilon)"
    assert formula._repr_latex_() == f"$\\displaystyle {formula.latex()}$"
    assert to_latex(ceil_log2(DIM)) == r"\left\lceil\log_2 d\right\rceil"
    assert to_latex(look(DIM, 3, 0, 63)) == r"\mathrm{look}\left(d, 3, 0\right)"
    assert r"\right)^{2}" in to_latex(look(DIM, 3, 0, 63) ** 2)


def test_named_functions_are_defined_below():
    lines = where_lines(look(DIM, 3, 0, 63) + tree(DIM, 2, 3, 0, 63) + ceil_log2(DIM))
    assert len(lines) == 2
    assert lines[0].startswith(r"\mathrm{look}(M, b, c) = ")
    assert lines[1].startswith(r"\mathrm{tree}(w, n, b, c) = ")


def test_symbols_are_one_each_and_explained():
    assert symbol("kappa_eff") is symbol("kappa_eff")
    assert len(CATALOGUE) == len({info.name for info in CATALOGUE.values()})
    for info in CATALOGUE.values():
        assert info.meaning
        assert info.latex.count("{") == info.latex.count("}")
        assert symbol(info.name).name == info.name
    assert symbol("dim").is_integer
    assert not symbol("epsilon").is_integer
    with pytest.raises(QresError, match="'lambd' is not in the catalogue"):
        describe("lambd")


def test_sources_say_where_and_how_sure():
    assert str(derived("gate card")) == "derived: gate card"
    assert str(Source("Eq. (48)", DALZELL_2024)) == "Dalzell (2024), arXiv:2406.12086v2, Eq. (48)"
    assert str(Source("Eq. (48)", DALZELL_2024, "recalled")).endswith("Eq. (48) (recalled)")


def test_the_nearest_spelling():
    assert nearest("shortcat", ["shortcut", "qsvt"]) == "; did you mean 'shortcut'?"
    assert nearest("zzz", ["b", "a"]) == "; choose from a, b"
