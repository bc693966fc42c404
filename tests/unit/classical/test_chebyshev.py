"""The count of Hessian-vector products against polynomials and matrices built densely."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from qres.classical.chebyshev import (
    LONGEST_SERIES,
    bound_products,
    count_products,
    power_sum,
    value_floor,
)

CASES = [
    # steps, rate, lambda_min, lambda_max
    (50, 0.1, -0.0065, 0.5243),
    (100, 0.1, 1e-5, 0.07),
    (200, 0.5, -0.0065, 0.5243),
    (50, 0.01, -1.11, 20.0),
    (300, 0.1, 0.0, 19.9),
    (40, 0.1, -0.5, 18.0),
    (7, 0.3, 0.2, 3.0),
]


def by_hand(point, n_steps):
    """Return the sum of powers term by term, by Horner's rule in exact rationals."""
    y, total = Fraction(1) + Fraction(point), Fraction(0)
    for _ in range(n_steps):
        total = 1 + y * total
    return float(total)


@pytest.mark.parametrize("shift", [-1.9, -1.0, -0.5, -1e-3, -1e-17, 0.0, 1e-300, 1e-9, 0.02])
@pytest.mark.parametrize("n_steps", [1, 2, 7, 60])
def test_the_sum_of_powers_term_by_term(shift, n_steps):
    found = float(power_sum(np.asarray(shift), n_steps))
    assert found == pytest.approx(by_hand(shift, n_steps), rel=1e-12, abs=1e-12)


def least_squares_fit(case, degree, size=4000):
    """Return the error, over a fine grid, of a fit of `degree` by least squares at many nodes."""
    steps, rate, low, high = case
    x = np.cos((np.arange(size) + 0.5) * np.pi / size)
    points = (low + high) / 2 + (high - low) / 2 * x
    values = sum((1 - rate * points) ** k for k in range(steps))
    fitted = np.polynomial.chebyshev.Chebyshev.fit(x, values, degree, domain=[-1, 1])
    return np.max(np.abs(fitted(x) - values))


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("part", [0.3, 1e-2, 1e-5])
def test_the_terms_reach_the_tolerance_and_hardly_one_is_spare(case, part):
    """A fit through another door: least squares at 4000 nodes instead of a transform at T.

    With the degree that is counted the fit is within the tolerance, with one less it is off by
    more than a third of it: the sum of the sizes of all cut terms is not far above their maximum.
    """
    steps, rate, low, high = case
    tolerance = part * max(by_hand(-rate * low, steps), 1.0)
    degree = int(count_products(steps, rate, low, high, tolerance=tolerance))
    error = least_squares_fit(case, degree)
    assert error <= tolerance * (1 + 1e-9)
    if degree >= 1:
        worse = least_squares_fit(case, degree - 1)
        assert worse > tolerance / 3


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_series_on_a_random_spectrum(case):
    """Gradient descent run for T steps, against the three-term recurrence of counted products."""
    steps, rate, low, high = case
    rng = np.random.default_rng(3)
    values = np.concatenate(([low, high], rng.uniform(low, high, 58)))
    basis = np.linalg.qr(rng.normal(size=(60, 60)))[0]
    hessian = basis * values @ basis.T
    gradient = rng.normal(size=60)
    update = np.zeros(60)
    for _ in range(steps):
        update = update - rate * (gradient + hessian @ update)
    epsilon = 0.05
    tolerance = epsilon * np.linalg.norm(update) / (rate * np.linalg.norm(gradient))
    degree = int(count_products(steps, rate, low, high, tolerance=tolerance))
    found = -rate * apply_series(hessian, gradient, case, degree)
    assert np.linalg.norm(found - update) <= epsilon * np.linalg.norm(update)


def apply_series(hessian, gradient, case, degree):
    """Return the series of p(H) g up to `degree`, by one product with H for each further term."""
    steps, rate, low, high = case
    nodes = np.cos((np.arange(steps) + 0.5) * np.pi / steps)
    values = [by_hand(-rate * (low + high) / 2 - rate * (high - low) / 2 * x, steps) for x in nodes]
    series = np.polynomial.chebyshev.chebfit(nodes, values, steps - 1)[: degree + 1]
    scale = lambda v: (2 * (hessian @ v) - (low + high) * v) / (high - low)  # noqa: E731
    before, now = gradient, scale(gradient)
    total = series[0] * before
    for number in series[1:]:
        total = total + number * now
        before, now = now, 2 * scale(now) - before
    return total


@pytest.mark.slow
def test_one_term_fewer_fails_for_some_spectrum():
    """Eigenvalues at the extreme points of the first term that is cut, gradient spread evenly."""
    case = steps, rate, low, high = (200, 0.5, -0.0065, 0.5243)
    tolerance = 1.0
    degree = int(count_products(steps, rate, low, high, tolerance=tolerance))
    values = (low + high) / 2 + (high - low) / 2 * np.cos(np.linspace(0, np.pi, 2001))
    exact = np.array([by_hand(-rate * value, steps) for value in values])
    errors = [
        np.max(np.abs(apply_series(np.diag(values), np.ones(2001), case, cut) - exact))
        for cut in (degree, degree - 1)
    ]
    assert errors[0] <= tolerance < errors[1]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bernsteins_count_is_above_the_series(case):
    steps, rate, low, high = case
    for part in (0.5, 1e-3, 1e-9):
        ends = (-rate * high, -rate * low)
        terms = count_products(steps, rate, low, high, tolerance=part)
        bound = float(bound_products(steps, *ends, tolerance=part))
        assert terms <= bound <= steps - 1


def test_bernstein_by_hand():
    r"""T = 101, $\eta\lambda$ in 0..1: g = 1, h = 1/2, v = 1/2, G = 101, delta = 0.1.

    l = ln 2020 = 7.6109; l/3 = 2.5370; l^2/9 + 2 100 l/2 = 6.4362 + 761.09; root 27.7043; the sum
    30.24, rounded up 31, so d = 30.
    """
    assert float(bound_products(101, -1.0, 0.0, tolerance=0.1)) == 30
    found = bound_products(np.array([101, 20]), np.array([-1.0, -1.0]), 0.0, tolerance=0.1)
    # T = 20: l = ln 400 = 5.9915; 1.9972 + sqrt(3.9887 + 19 * 5.9915) = 12.85, rounded up 13
    assert found.tolist() == [30, 12]


def test_an_array_of_tolerances_is_the_scalars():
    case = {"n_steps": 200, "learning_rate": 0.5, "lambda_min": -0.0065, "lambda_max": 0.5243}
    tolerances = np.array([30.0, 1.0, 1e-3, 0.0])
    found = count_products(**case, tolerance=tolerances)
    assert found.tolist() == [count_products(**case, tolerance=item) for item in tolerances]
    assert found[-1] == 199
    assert np.all(np.diff(found) > 0)


def test_where_nothing_can_be_said_every_step_is_a_product():
    assert count_products(50, 0.1, 0.0, 1.0, tolerance=0.0) == 49
    assert count_products(2000, 1.0, -50.0, 1.0, tolerance=1.0) == 1999  # 51^2000 has no float
    assert count_products(1, 0.1, 0.0, 1.0, tolerance=0.0) == 0
    assert (
        count_products(50, 0.1, 0.0, 1.0, tolerance=1e-13) == 49
    )  # below rounding: 50 * 50 / 2^52
    assert count_products(50, 0.1, 0.0, 1.0, tolerance=1e-12) < 20
    assert float(bound_products(2000, -1.0, 50.0, tolerance=1.0)) == 1999
    assert float(bound_products(50, -0.1, -0.1, tolerance=0.0)) == 49
    with pytest.raises(ValueError, match="NaN"):
        count_products(50, 0.1, 0.0, 1.0, tolerance=math.nan)


def test_beyond_the_longest_series_bernstein_counts():
    steps = LONGEST_SERIES + 1
    found = count_products(steps, 0.1, 0.0, 1.0, tolerance=1.0)
    assert found == float(bound_products(steps, -0.1, 0.0, tolerance=1.0))
    assert found < 0.03 * steps


def test_the_floor_of_the_polynomial():
    """Below every value of p on the spectrum; sharp where all powers are positive."""
    for rate, high in ((0.1, 5.0), (0.1, 10.0), (0.1, 15.0), (0.1, 19.5)):
        for steps in (1, 2, 7, 50):
            floor = float(value_floor(steps, rate, high))
            least = min(abs(by_hand(-rate * x, steps)) for x in np.linspace(-1, high, 61))
            assert 0 <= floor <= least + 1e-12
            if rate * high <= 1:
                assert floor == pytest.approx(by_hand(-rate * high, steps))
    assert value_floor(50, 0.1, 25.0) == 0
