"""Contraction margin and growth sum against science/training-pipeline.md, section 17."""

import math

import pytest

from qres.measurement.dissipation import describe_dissipation, find_growth, sum_growth
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
