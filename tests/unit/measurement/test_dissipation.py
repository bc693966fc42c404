"""Contraction margin and growth sum against the derivation of the training pipeline, section 17."""

import math

import numpy as np
import pytest

from qres.measurement.dissipation import (
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
