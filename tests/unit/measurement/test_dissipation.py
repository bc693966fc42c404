"""Contraction margin and growth sum against the derivation of the training pipeline, section 17."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qres.measurement.dissipation import (
    bound_growth,
    describe_dissipation,
    describe_shares,
    find_growth,
    sum_growth,
)
from qres.notation.quantity import Quantity


@pytest.mark.parametrize(
    ("eigenvalue", "expected"), [(-0.1, 66.107814), (0, 51), (1, 9.953616), (30, 2.2518e15)]
)
def test_plain_descent_rows_of_the_sheet(eigenvalue, expected):
    growth = find_growth(eigenvalue, eigenvalue, 0.1)
    assert sum_growth(growth, 50) == pytest.approx(expected, rel=1e-4 if eigenvalue == 30 else 1e-7)


def test_growth_sum_equals_the_sum_term_by_term():
    for growth in (0.0, 0.3, 0.999999, 1.0, 1.000001, 2.5):
        by_hand = math.fsum(growth**step for step in range(31))
        assert sum_growth(growth, 30) == pytest.approx(by_hand, rel=1e-13)


def test_overflow_is_infinity():
    assert sum_growth(3.0, 10_000) == math.inf


def test_outer_ends_decide():
    low = Quantity(value=-0.1, low=-0.2, high=-0.1, kind="measured")
    high = Quantity(value=1.0, low=1.0, high=1.1, kind="given")
    found = describe_dissipation(low, high, learning_rate=0.1, n_steps=50)
    assert float(found["contraction_margin"]) == pytest.approx(-0.02)
    assert found["contraction_margin"].high == pytest.approx(-0.01)
    assert float(found["growth_sum"]) == pytest.approx((1.02**51 - 1) / 0.02)
    assert float(found["hessian_norm"]) == pytest.approx(1.1)
    assert found["growth_sum"].kind == "given"


def test_intervals_that_cross():
    """lambda_min in [-5, 3], lambda_max in [-2, 6]: the zero matrix is allowed, and the unit one, which one
    step of rate 1 brings to zero; at rate 0.25 it is 3 that is best of all that either end may be: 0.25.
    Rates 0.25 and 1 make most of 1.6, by 0.6: 1 - 0.4 and 1.6 - 1."""
    low = Quantity(value=-1.0, low=-5.0, high=3.0, kind="measured")
    high = Quantity(value=2.0, low=-2.0, high=6.0, kind="measured")
    found = describe_dissipation(low, high, learning_rate=1.0, n_steps=3)
    ends = {name: (item.low, item.high) for name, item in found.items()}
    assert ends["hessian_norm"] == (0, 6)
    assert ends["contraction_margin"] == (-5, 1)
    assert ends["growth_sum"] == (1, pytest.approx(1 + 6 + 36 + 216))
    assert bound_growth(low, high, (0.25,)) == (0.25, 2.25)
    assert bound_growth(low, high, (0.25, 1.0)) == (pytest.approx(0.6), 6)


INTERVAL = st.tuples(st.integers(-6, 6), st.integers(-6, 6)).map(sorted)
RATES = (0.0, 0.2, 0.25, 0.4, 0.5, 1.0)
"""Of those above 0 a step of 1/4 meets every inverse."""


def _try_all(lows, highs, rates):
    """Return growth, growth sum and norm of every spectrum whose ends the intervals allow, tried at all
    places in between."""
    below, above = (np.arange(4 * ends[0], 4 * ends[1] + 1) / 4 for ends in (lows, highs))
    places = np.arange(-24, 25) / 4
    pairs = [(one, two) for one in below for two in above if one <= two]
    first, last = (np.array(ends)[:, None] for ends in zip(*pairs, strict=True))
    is_in = (first <= places) & (places <= last)
    factors = [np.where(is_in, np.abs(1 - rate * places), 0).max(axis=1) for rate in rates]
    products = np.cumprod([np.ones(len(pairs)), *factors], axis=0)
    norms = np.where(is_in, np.abs(places), 0).max(axis=1)
    return np.max(factors, axis=0), products.sum(axis=0), norms


@given(INTERVAL, INTERVAL, st.lists(st.sampled_from(RATES), min_size=1, max_size=3))
def test_intervals_are_those_of_all_pairs_that_are_allowed(lows, highs, rates):
    """The high end is that of the worst pair, the low one of the best, but for the place of the best where
    rates differ, which may lie between two that were tried."""
    if lows[0] > highs[1]:
        highs, lows = lows, highs
    low, high = (
        Quantity(value=ends[0], low=ends[0], high=ends[1], kind="measured")
        for ends in (lows, highs)
    )
    is_one = len(set(rates)) == 1
    found = describe_dissipation(
        low, high, learning_rate=rates[0], n_steps=len(rates), rates=() if is_one else rates
    )
    growths, sums, norms = _try_all(lows, highs, rates)
    names = ("contraction_margin", "growth_sum", "hessian_norm")
    ends = np.array([(found[name].low, found[name].high) for name in names], dtype=float)
    (worst, best), (least, most), norm = ends
    assert norm.tolist() == [norms.min(), norms.max()]
    assert worst == pytest.approx(1 - growths.max())
    assert most == pytest.approx(sums.max())
    between = 0 if is_one else max(rates) / 8
    assert -1e-12 <= best - (1 - growths.min()) <= between + 1e-12
    assert least <= sums.min() + 1e-12
    if is_one or lows[1] <= highs[0]:
        assert least == pytest.approx(sums.min())


def _rotated(eigenvalues):
    basis, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((len(eigenvalues),) * 2))
    return basis @ np.diag(eigenvalues) @ basis.T, basis


def test_proxy_of_the_sheet():
    """Section 17: eigenvalues -.2, 0, .5, 1, 15, eta = .1; t = 0, 1, 5, 50."""
    dense, basis = _rotated([-0.2, 0, 0.5, 1, 15])
    _, facts = describe_shares(dense, basis[:, 0], learning_rate=0.1, n_steps=50)
    assert len(facts["proxy"]) == 51
    found = [facts["proxy"][step] for step in (0, 1, 5, 50)]
    assert found == pytest.approx([1, 0.874, 0.69992035, 0.75473736], rel=1e-7)


def test_the_proxy_starts_at_one():
    """To the bit, though r times 1/r need not add up to one; all eigenvalues are kept."""
    for count in (1, 27, 31, 49):
        eigenvalues = np.linspace(-1, 2, count)
        for rates in ((), (0.1, 0.05)):
            setting = {"learning_rate": 0.1, "n_steps": 2, "rates": rates}
            _, facts = describe_shares(np.diag(eigenvalues), np.ones(count), **setting)
            assert facts["proxy"][0] == 1
            assert facts["eigenvalues"] == pytest.approx(eigenvalues.tolist())
    assert facts["rates"] == [0.1, 0.05]


def test_shares_by_hand():
    """eta = .1, T = 50, margin .02: factors 1.03, 1.01, 1, .99, .9, .5 (from lambda = 15)."""
    dense, basis = _rotated([-0.3, -0.1, 0, 0.1, 1, 15])
    gradient = basis @ np.array([3.0, 0, 2.0, 0, 1.0, 1.0])  # squares 9, 4, 1, 1 of 15
    values, facts = describe_shares(dense, gradient, learning_rate=0.1, n_steps=50)
    found = {name: float(quantity) for name, quantity in values.items()}
    assert found == pytest.approx(
        {
            "dissipative_share": 2 / 6,
            "neutral_share": 3 / 6,
            "divergent_share": 1 / 6,
            "trajectory_decay": 2 / 15,
        }
    )
    assert facts["gradient_shares"] == pytest.approx([2 / 15, 4 / 15, 9 / 15])


def test_a_proxy_that_overflows_is_unknown():
    _, facts = describe_shares(np.array([[-1e9]]), np.ones(1), learning_rate=1.0, n_steps=40)
    assert facts["proxy"][34] == pytest.approx(1e306, rel=1e-6)
    assert facts["proxy"][35:] == [None] * 6
