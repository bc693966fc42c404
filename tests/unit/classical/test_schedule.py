"""The classical side of a schedule: its polynomial, its noise, its rows."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from qres.classical.chebyshev import count_products, rate_sum
from qres.classical.descent import CHEBYSHEV, FULL_BATCH, MINI_BATCH, count_batch, estimate_descent
from qres.classical.devices import load_device
from qres.classical.record import Descent
from qres.measurement.record import Measurement
from qres.notation.quantity import Quantity

RATES = tuple(0.2 * 0.5 ** (t // 8) for t in range(40))


def by_hand(eigenvalue, rates):
    """Return -u/g of u' = u - eta_t (g + lambda u), in exact rationals."""
    value = Fraction(0)
    for rate in rates:
        value += Fraction(rate) * (1 - Fraction(eigenvalue) * value)
    return float(value)


@pytest.mark.parametrize("eigenvalue", [-3.0, -1e-9, 0.0, 1e-300, 1e-5, 0.3, 4.9, 5.0, 5.1, 14.0])
@pytest.mark.parametrize("rates", [(0.2,), (0.2, 0.1, 0.7), RATES])
def test_the_sum_of_rates_step_by_step(eigenvalue, rates):
    found = float(rate_sum(np.array([eigenvalue]), rates)[0])
    assert found == pytest.approx(by_hand(eigenvalue, rates), rel=1e-12)


@pytest.mark.parametrize("ends", [(-0.3, 4.0), (0.1, 9.9), (0.0, 2.0)])
@pytest.mark.parametrize("tolerance", [1e-1, 1e-4])
def test_the_terms_reach_the_tolerance_and_hardly_one_is_spare(ends, tolerance):
    """A fit by least squares at 4000 nodes. Breaking it means: the polynomial is another one."""
    degree = int(count_products(40, 0.2, *ends, tolerance=tolerance, rates=RATES))
    x = np.cos((np.arange(4000) + 0.5) * np.pi / 4000)
    points = sum(ends) / 2 + (ends[1] - ends[0]) / 2 * x
    values = np.zeros(4000)
    for rate in RATES:
        values = values + rate / 0.2 * (1 - 0.2 * points * values)

    def miss(order):
        fitted = np.polynomial.chebyshev.Chebyshev.fit(x, values, order, domain=[-1, 1])
        return np.max(np.abs(fitted(x) - values))

    assert miss(degree) <= tolerance
    assert degree < 3 or miss(degree - 3) > tolerance


@pytest.mark.parametrize("ends", [(-0.3, 4.0), (0.1, 9.9)])
def test_one_rate_throughout_is_plain_descent(ends):
    keys = {"tolerance": 1e-3}
    assert count_products(40, 0.2, *ends, **keys, rates=(0.2,) * 40) == pytest.approx(
        count_products(40, 0.2, *ends, **keys)
    )


def subject(**extra):
    values = {"n_params": 1e6, "n_samples": 1e5, "lambda_min": -0.1, "lambda_max": 4.0}
    values |= {"grad_norm": 1.0, "gradient_noise": 3.0, "eps_model": 0.01}
    quantities = {name: Quantity(value=value, kind="measured") for name, value in values.items()}
    norms = tuple(np.linspace(0, 2, 41).tolist())
    return Measurement(subject="network", values=quantities, update_norms=norms, **extra)


def asked(**changes):
    keys = {"n_steps": 40, "epsilon": 0.1, "fail_prob": 0.05, "learning_rate": 0.2}
    return Descent(**keys | {"rates": RATES} | changes)


def test_the_noise_of_every_step_by_hand():
    """sum_t eta_t^2 prod_{s>t} g_s^2. Breaking it means: the batch is that of another schedule."""
    growth = [max(abs(1 + 0.1 * rate), abs(1 - 4 * rate)) for rate in RATES]
    energy = sum(rate**2 * math.prod(g**2 for g in growth[t + 1 :]) for t, rate in enumerate(RATES))
    drawn = math.ceil(9 * energy / (0.01 * 0.05 * 4))
    assert count_batch(subject(), asked()) == math.ceil(1e5 * drawn / (1e5 - 1 + drawn))
    same = count_batch(subject(), asked(rates=(0.2,) * 40))
    assert same == count_batch(subject(), asked(rates=()))


def test_every_method_is_priced_and_what_needs_the_update_says_so():
    device = load_device("h200")
    found = estimate_descent(subject(), device, asked())
    assert {row.method for row in found.alternatives} == {FULL_BATCH, MINI_BATCH, CHEBYSHEV}
    guessed = subject(warnings=(("W-LOWER", "update_norms were not given"),))
    reasons = dict(estimate_descent(guessed, device, asked()).left_out)
    assert "the norms of the updates are not measured" in reasons[CHEBYSHEV]
    assert "the norms of the updates are not measured" in reasons[MINI_BATCH]
    many = estimate_descent(subject(), device, asked(rates=(0.2,) * 5000, n_steps=5000))
    assert "at most 4,096 steps" in dict(many.left_out)[CHEBYSHEV]
