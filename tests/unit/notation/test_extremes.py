"""Maxima that are compared by sign or not at all: no value changes, and nothing vanishes in print."""

from contextlib import nullcontext

import pytest
import sympy
from sympy.functions.elementary.miscellaneous import MinMaxBase

from qres import staircase
from qres.algorithms import linear_blueprint, whole
from qres.algorithms.descent import blueprint as descent_blueprint
from qres.algorithms.record import Unit
from qres.algorithms.rules.base import UpdateRule
from qres.notation.breaking import Breaker
from qres.notation.compiled import compile_exact
from qres.notation.extremes import at_rest, compared_by_sign
from qres.notation.latex import to_latex
from qres.notation.pieces import sort_text
from qres.notation.symbols import symbols

N, M, X = symbols("n_steps dim kappa")


def test_a_difference_is_decided_by_its_sign_alone():
    """Only sympy's own comparison sees that M (N + 1) - M N is M, which is a count."""
    with compared_by_sign():
        assert sympy.Max(0, N) == N
        assert sympy.Min(N, N + 1, N + 2) == N
        assert sympy.Max(N, N, N + 1) == N + 1
        kept = sympy.Max(M * N, M * (N + 1))
    assert set(kept.args) == {M * N, M * (N + 1)}
    assert kept.subs({M: 3, N: 4}) == 15
    assert sympy.Max(M * N, M * (N + 1)) == M * (N + 1)


def test_sympy_is_as_before_even_after_an_error():
    before = sympy.Max._is_connected

    def fail():
        with compared_by_sign():
            assert sympy.Max._is_connected != before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert sympy.Max._is_connected == before


def test_a_maximum_at_rest_prints_alike_and_keeps_its_arguments():
    """An abbreviation counts as positive, which what it stands for need not be: `max(0, -3)` is 0."""
    expression = 2 * sympy.Max(0, X - 1, evaluate=False) + sympy.Min(N, X)
    still = at_rest(expression)
    assert to_latex(still) == to_latex(expression) == r"2 \max(0, \kappa - 1) + \min(\kappa, T)"
    assert sort_text(still) == sympy.sstr(expression)
    short = sympy.Symbol("X_1", positive=True)
    named = still.xreplace({X - 1: short})
    assert any(set(node.args) == {0, short} for node in named.atoms(sympy.Max))
    assert expression.xreplace({X - 1: short}).atoms(sympy.Max) == set()


def test_a_wide_argument_is_named_and_the_zero_beside_it_stays():
    """What is left of a peak may be below zero before the maximum: it must be seen on paper."""
    wide = sum(sympy.sqrt(item) * (X + k) for k, item in enumerate(symbols("n_steps dim rows")))
    breaker = Breaker()
    lines = breaker.lines("Q =", sympy.Max(0, wide - sympy.Max(X**3 - wide, N)))
    assert breaker.definitions
    assert lines[0].startswith(r"Q = \max(0, ")


@pytest.mark.parametrize("name", ["linear-system.idle_qubits", "carleman-gd.idle_qubits"])
def test_idle_qubits_are_printed_with_their_zero(name):
    first = staircase.formula(name).block().splitlines()[1]
    assert first.strip().startswith(r"n_{\mathrm{idle}} = \max(0, ")


def test_pieces_are_sorted_by_the_text_of_sympy():
    half = sympy.Float("0.53")
    for item in (half * N + X, half, sympy.Max(half, X, N), half * N + X, N**half - half, -half):
        assert sort_text(item) == sympy.sstr(item)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({**whole.WHOLE, **whole.IDLES}))
def test_comparing_by_sign_finds_as_much_as_sympy(monkeypatch, name):
    """The expressions of whole algorithms are the same either way, so it matters not who builds."""
    raw = descent_blueprint.blueprint.__wrapped__.__wrapped__
    plain = {linear_blueprint: linear_blueprint.blueprint.__wrapped__, descent_blueprint: raw}
    found = []
    for comparing, blueprints in ((compared_by_sign, {}), (nullcontext, plain)):
        monkeypatch.setattr(whole, "compared_by_sign", comparing)
        for module, blueprint in blueprints.items():
            monkeypatch.setattr(module, "blueprint", blueprint)
        for item in (descent_blueprint.blueprint, whole._carleman_gd, whole._linear_system):
            if hasattr(item, "cache_clear"):
                item.cache_clear()
        formula = whole._build(*name.split("."))
        found.append((formula.expression, [part.expression for _, part in formula.parts]))
    assert found[0] == found[1]


@pytest.mark.parametrize("degree", [1, 2])
def test_a_job_is_formed_and_compiled_without_a_simplification(monkeypatch, degree):
    """Breaking it means: a degree-2 estimate takes twice as long, all of it in sympy's maxima."""
    build = descent_blueprint.blueprint.__wrapped__
    named = ("frobenius", "shortcut", whole.READOUT, "whole run", "coherent", degree, UpdateRule())
    build(*named, is_plain=True, is_known=True)  # what is imported with it may take its time

    def refuse(cls, left, right):
        raise AssertionError(f"compared {left} with {right}")

    monkeypatch.setattr(MinMaxBase, "_is_connected", classmethod(refuse))
    with pytest.raises(AssertionError, match="compared"):
        sympy.Max(M * N, M * (N + 2))
    _, stages, _ = build(*named, is_plain=True, is_known=True)
    width = max((stage.unit.qubits for stage in stages if isinstance(stage.unit, Unit)), key=len_of)
    compile_exact.__wrapped__(tuple(sorted(width.free_symbols, key=str)), width)


def len_of(expression):
    """Return how long an expression is in print."""
    return len(str(expression))
