"""Formulas of two symbols: exact scalars, arrays, building others, print."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy

from qres.errors import InputError, QresError, nearest
from qres.notation.compiled import exact_power
from qres.notation.formula import Condition, Formula, define
from qres.notation.latex import to_latex
from qres.notation.named import ceil_log2, look, tree
from qres.notation.source import DALZELL_2024, Source, derived
from qres.notation.symbols import CATALOGUE, describe, symbol, symbols
from qres.notation.where import where_lines

DIM, EPS = symbols("dim epsilon")
SOURCE = derived("by hand")


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
    assert formula.latex() == r"c = \left\lceil \frac{d}{\epsilon} \right\rceil"
    assert formula.text() == "ceiling(dim/epsilon)"
    assert formula._repr_latex_() == f"$\\displaystyle {formula.latex()}$"
    assert to_latex(ceil_log2(DIM)) == r"\lceil\log_2 d\rceil"
    assert to_latex(look(DIM, 3, 0, 63)) == r"\operatorname{look}(d, 3, 0)"
    assert to_latex(look(DIM, 3, 0, 63) ** 2) == r"\operatorname{look}(d, 3, 0)^{2}"


def test_named_functions_are_defined_below():
    lines = where_lines(look(DIM, 3, 0, 63) + tree(DIM, 2, 3, 0, 63) + ceil_log2(DIM))
    heads = [line.partition(" = ")[0] for line in lines]
    # the tree calls look and unlook
    names = [r"\operatorname{look}(M, b, c)", r"\operatorname{tree}(w, n, b, c)"]
    assert heads == [*names, r"\operatorname{unlook}(M, c)"]


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


def area() -> Formula:
    """Return dim^2 ceil(epsilon kappa) with kappa = 3 dim, which holds for kappa >= 6."""
    dim, kappa, epsilon = symbol("dim"), symbol("kappa"), symbol("epsilon")
    kappa_part = define(
        "example.kappa",
        "an example",
        3 * dim,
        SOURCE,
        conditions=(Condition(dim >= 2, "dim >= 2"),),
    )
    entries = define("example.entries", "an example", dim * kappa - 2 * dim**2, SOURCE)
    return Formula(
        name="example.area",
        meaning="an example with parts",
        expression=symbol("entries") * sympy.ceiling(epsilon * kappa),
        inputs=("dim", "epsilon"),
        source=SOURCE,
        parts=(kappa_part, entries),
    )


def test_parts_are_worked_out_first():
    """dim = 10^20: kappa = 3e20, entries = 3e40 - 2e40 = 1e40, ceil(kappa/2) = 15e19."""
    formula = area()
    assert formula(dim=10**20, epsilon=Fraction(1, 2)) == 10**40 * 15 * 10**19
    assert formula.full()(dim=10**20, epsilon=Fraction(1, 2)) == 10**40 * 15 * 10**19
    assert formula.numbers(dim=4, epsilon=0.25) == {
        "dim": 4,
        "epsilon": 0.25,
        "kappa": 12,
        "entries": 16,
    }


def test_parts_over_arrays():
    """(dim, epsilon) = (2, .5): 4 * 3; (4, .25): 16 * 3; (3, .25): 9 * ceil(2.25) = 27."""
    dims, precisions = np.array([2.0, 4.0, 3.0]), np.array([0.5, 0.25, 0.25])
    for formula in (area(), area().full()):
        assert formula(dim=dims, epsilon=precisions).tolist() == [12.0, 48.0, 27.0]
    assert area()(dim=dims, epsilon=1.0).tolist() == [4 * 6.0, 16 * 12.0, 9 * 9.0]


def test_a_full_formula_keeps_the_conditions_of_its_parts():
    formula = area()
    assert formula.inputs == formula.full().inputs == ("dim", "epsilon")
    assert formula.full().parts == ()
    assert {str(item) for item in formula.full().expression.free_symbols} == {"dim", "epsilon"}
    for depth in (formula, formula.full()):
        with pytest.raises(InputError, match="holds for dim >= 2, found dim=1"):
            depth(dim=1, epsilon=0.5)
    with pytest.raises(InputError, match=r"example.area: unknown symbol 'kappa'"):
        formula(dim=2, epsilon=0.5, kappa=6)


def test_a_condition_on_a_rounded_symbol_is_checked_at_full_depth():
    part = define("example.levels", "an example", ceil_log2(symbol("dim")), SOURCE)
    bits = define(
        "example.bits",
        "an example",
        symbol("levels") + 1,
        SOURCE,
        conditions=(Condition(symbol("levels") >= 3, "levels >= 3"),),
    )
    formula = Formula(
        name="example.bits_of",
        meaning="an example",
        expression=2 * symbol("bits"),
        inputs=("dim",),
        source=SOURCE,
        parts=(part, bits),
    )
    assert formula.full()(dim=5) == formula(dim=5) == 8
    for depth in (formula, formula.full()):
        with pytest.raises(InputError, match="holds for levels >= 3"):
            depth(dim=4)


def test_a_part_without_a_closed_form_cannot_be_substituted():
    searched = Formula(
        name="example.searched",
        meaning="an example",
        expression=symbol("dim"),
        inputs=("dim",),
        source=SOURCE,
        evaluator=lambda dim: dim + 1,
    )
    formula = Formula(
        name="example.doubled",
        meaning="an example",
        expression=2 * symbol("entries"),
        inputs=("dim",),
        source=SOURCE,
        parts=(("entries", searched),),
    )
    assert formula(dim=3) == 8
    with pytest.raises(QresError, match="entries has no closed form"):
        formula.full()


def test_at_puts_values_into_the_full_expression():
    dim, epsilon = symbol("dim"), symbol("epsilon")
    found = area().at(epsilon=2 * epsilon)
    assert found.subs(dim, 4).subs(epsilon, sympy.Rational(1, 8)) == 48
