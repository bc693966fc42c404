"""Leading orders: each rule against the limit of what it replaces."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from qres.algorithms.solvers.kernel import guess_overlap
from qres.errors import QresError
from qres.notation.formula import Formula, define
from qres.notation.headline import SAFETY, Headline
from qres.notation.leading import Limit, log2
from qres.notation.named import ceil_log2, look, tree, uniform_toffoli, unlook, widest
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

DIM, BITS, KAPPA, SPARSITY, LEVELS = symbols("dim bitsize kappa_eff sparsity index_bits")
SHARE, EPS, PROB, LIMIT = symbols("share_solver epsilon success_prob block_limit")
LARGE = Limit({"dim": 1, "kappa_eff": 1, "share_solver": -1, "success_prob": -1}, {"index_bits": 1})
ROOT = sympy.sqrt


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (DIM**2 + 3 * DIM + 7, DIM**2),
        (sympy.ceiling(5 * KAPPA + sympy.log(KAPPA) ** 3 + 2), 5 * KAPPA),
        (KAPPA * sympy.log(DIM) + 2 * KAPPA, KAPPA * (sympy.log(DIM) + 2)),
        (DIM + KAPPA, DIM + KAPPA),
        (sympy.Max(1, ceil_log2(DIM)), log2(DIM)),
        (sympy.Min(sympy.Rational(1, 4), SHARE / 2), SHARE / 2),
        (sympy.Min(SPARSITY, DIM), SPARSITY),
        (sympy.Max(DIM * BITS, DIM * SPARSITY, 4), sympy.Max(DIM * BITS, DIM * SPARSITY)),
        (sympy.Piecewise((DIM, SPARSITY < DIM), (1, True)), DIM),
        (sympy.Piecewise((7, DIM < SPARSITY), (DIM, True)), DIM),
        (2**LEVELS + LEVELS**3, 2**LEVELS),
        (DIM + 2**LEVELS * KAPPA, 2**LEVELS * KAPPA),
        (ROOT(1 + SHARE) - 1, SHARE / 2),
        (1 / (ROOT(4 + SHARE) - 2), 4 / SHARE),
        (sympy.log(ROOT(1 - SHARE**2) / SHARE), sympy.log(1 / SHARE)),
        (sympy.atanh(ROOT(PROB)), ROOT(PROB)),
        (sympy.acosh(1 / SHARE), sympy.log(2 / SHARE)),
        (sympy.atanh(ROOT(2) / 2), sympy.log(1 + ROOT(2))),
        (guess_overlap(KAPPA), sympy.pi / (2 * sympy.log(KAPPA))),
        (guess_overlap(BITS), guess_overlap(BITS)),
        # a logarithm grows and its inverse vanishes, however slowly
        (sympy.Min(1, guess_overlap(KAPPA) ** 2), sympy.pi**2 / (4 * sympy.log(KAPPA) ** 2)),
        (sympy.Max(1, guess_overlap(KAPPA)), sympy.Integer(1)),
        (sympy.atanh(guess_overlap(KAPPA) / 2), sympy.pi / (4 * sympy.log(KAPPA))),
        (DIM + uniform_toffoli(DIM), DIM),
        (
            sympy.pi / (4 * sympy.asin(ROOT(PROB))) - sympy.Rational(1, 2),
            sympy.pi / (4 * ROOT(PROB)),
        ),
    ],
)
def test_rules(expression, expected):
    found = LARGE.leading(expression)
    free = {item: sympy.Symbol(item.name, positive=True) for item in found.free_symbols}
    assert sympy.simplify((found - expected).xreplace(free)) == 0


@pytest.mark.parametrize("bits", [8, 20, 45])
def test_a_look_up_is_within_a_rounded_block_of_its_closed_form(bits):
    """K is a power of two: sqrt(2) off at worst, where (sqrt(2) + 1/sqrt(2))/2 = 1.0607 is paid."""
    for entries in np.geomspace(1e8, 1e16, 23).round():
        closed = Limit({"dim": 1}, {}).leading(look(DIM, BITS, 0, LIMIT))
        ratio = look.scalar(entries, bits, 0) / float(closed.subs({DIM: entries, BITS: bits}))
        assert 0.995 < ratio < 1.0608
        closed = Limit({"dim": 1}, {}).leading(unlook(DIM, 0, LIMIT))
        assert 0.995 < unlook.scalar(entries, 0) / float(closed.subs({DIM: entries})) < 1.0608
        closed = Limit({"dim": 1}, {}).leading(widest(DIM, BITS, 0, LIMIT))
        ratio = widest.scalar(entries, bits, 0) / float(closed.subs({DIM: entries, BITS: bits}))
        assert 0.705 < ratio < 1.4155


@pytest.mark.parametrize("kappa", [1e3, 2.9e3, 1e5, 8.8e6, 9e6, 1e20, 1e100])
def test_the_mean_amplitude_of_guesses_is_within_three_percent_of_its_integral(kappa):
    """The midpoint rule of sech at steps h <= 2: at least 1 - 2 sech(pi^2/2) = 0.9713 of pi/2."""
    closed = float(LARGE.leading(guess_overlap(KAPPA)).subs({KAPPA: kappa}))
    assert 0.971 < guess_overlap.scalar(kappa) / closed < 1


def test_a_tree_is_a_geometric_series():
    closed = LARGE.leading(tree(SPARSITY, LEVELS, BITS, 0, LIMIT))
    for levels in (30, 31, 40, 41):
        exact = tree.scalar(5, levels, 16, 0)
        found = float(closed.subs({SPARSITY: 5, LEVELS: levels, BITS: 16}))
        assert exact / found == pytest.approx(1.03, abs=0.04)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (sympy.Piecewise((1, SPARSITY < BITS), (2, True)), "is open in the limit"),
        (sympy.gamma(DIM) + 1, "no rule for the growth"),
        (look(DIM, BITS, 0, 0), "no relaxation"),
    ],
)
def test_what_is_not_decided_is_refused(expression, reason):
    with pytest.raises(QresError, match=reason):
        LARGE.leading(expression)


def steep() -> Formula:
    """Return ceil(kappa_eff) + 10 with kappa_eff = dim."""
    part = define("example.kappa_eff", "example", DIM, derived("example"))
    return Formula(
        name="example.matrix_queries",
        meaning="an example",
        expression=sympy.ceiling(KAPPA) + 10,
        inputs=("dim",),
        source=derived("example"),
        letter="Q_A",
        parts=(part,),
    )


def test_the_error_is_the_largest_over_the_range():
    """kappa + 10 against kappa on dim = 100 .. 1e4: worst at 100, where 1 - 100/110 = 0.0909."""
    headline = Headline(
        formula=steep(),
        limit="kappa_eff to infinity",
        ranges={"dim": (100, 1e4)},
        powers={"kappa_eff": 1},
        kept=("kappa_eff",),
    )
    assert headline.expression == KAPPA
    assert [name for name, _ in headline.parts] == ["kappa_eff"]
    assert headline.error == 0.096  # 0.0909 * 1.05 = 0.0955, rounded up to two digits
    assert headline.error >= 10 / 110 * SAFETY
    assert headline(dim=50) == 50
    assert headline.deviation({"dim": np.array([100.0])})[0] == pytest.approx(10 / 110)
    assert headline.latex() == r"Q_A \approx \kappa_{\mathrm{eff}}"


def test_a_part_that_replaces_an_input():
    """The norm cancels: kappa_eff = s max/sigma, asked for (s max/sigma)^2 + s."""
    entry, sigma = symbols("max_entry smallest_singular_value")
    part = define("example.kappa_eff", "example", SPARSITY * entry / sigma, derived("example"))
    formula = Formula(
        name="example.matrix_queries",
        meaning="an example",
        expression=(SPARSITY * entry / sigma) ** 2 + symbol("kappa_eff") + SPARSITY,
        inputs=("sparsity", "max_entry", "smallest_singular_value"),
        source=derived("example"),
        parts=(part,),
    )
    headline = Headline(
        formula=formula,
        limit="kappa_eff to infinity",
        ranges={},
        powers={"kappa_eff": 1},
        kept=("kappa_eff",),
        replaced={"max_entry": "kappa_eff"},
    )
    assert headline.expression == KAPPA**2
