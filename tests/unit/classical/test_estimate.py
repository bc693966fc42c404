"""GPU costs against arithmetic written out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qres.classical.devices import device_names, load_device
from qres.classical.estimate import (
    estimate_flops,
    estimate_gradients,
    estimate_training,
)
from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.notation.quantity import Quantity

H200 = load_device("h200")


def test_devices():
    assert device_names() == ("h100", "h200")
    assert (H200.bf16_flops, H200.fp64_flops, H200.bandwidth) == (989e12, 67e12, 4.8e12)
    assert load_device("h100").bandwidth == 3.35e12
    assert (H200.power, H200.sustained_fraction, H200.latency_s) == (700, 0.4, 5e-6)
    assert all(H200.sources.values())
    with pytest.raises(InputError, match="did you mean 'h200'"):
        load_device("h20")


def test_training_by_hand():
    cost = estimate_training({"n_params": 1e6, "n_samples": 1000}, H200, n_steps=50)
    assert cost.flops == 50 * 6 * 1e6 * 1000
    assert cost.bytes == 50 * 2 * 2 * 1e6
    assert cost.runtime_s == pytest.approx(50 * 5e-6 + 3e11 / (0.4 * 989e12))  # 250 us + 758 us
    assert cost.energy_j == pytest.approx(700 * cost.runtime_s)
    for word in ("40%", "5 us", "samples are not counted", "one device"):
        assert any(word in line for line in cost.assumptions)


def test_the_data_cross_the_bus_at_every_step():
    """digits-mlp: 3,466 parameters, 1,438 samples of 64 features, 50 steps."""
    values = {"n_params": Quantity(value=3466), "n_samples": Quantity(value=1438)}
    measured = Measurement(subject="network", values=values, details={"n_features": 64})
    cost = estimate_training(measured, H200, n_steps=50)
    assert cost.bytes == 50 * (2 * 2 * 3466 + 2 * 1438 * 64) == 9_896_400
    arithmetic = 50 * 6 * 3466 * 1438 / (0.4 * 989e12)
    assert arithmetic == pytest.approx(3.7797e-6, rel=1e-4)  # traffic takes 2.06e-6 s
    assert cost.runtime_s == pytest.approx(2.5e-4 + arithmetic)
    typed = {"n_params": 3466, "n_samples": 1438, "n_features": 64}
    assert estimate_training(typed, H200, n_steps=50) == cost


def test_gradients_of_a_table_wait_for_nothing():
    sizes = {"n_params": 1e6, "n_samples": 1000}
    arithmetic = 300 * 6 * 1e9 / (0.4 * 989e12)
    assert estimate_gradients(300, sizes, H200).runtime_s == pytest.approx(5e-6 + arithmetic)
    in_turn = estimate_gradients(300, sizes, H200, n_dependent=300)
    assert in_turn.runtime_s == pytest.approx(300 * 5e-6 + arithmetic)
    assert in_turn == estimate_training(sizes, H200, n_steps=300)
    nothing = estimate_gradients(0, sizes, H200)
    assert (nothing.runtime_s, nothing.factor) == (0, 1)
    assert estimate_gradients(np.array([0, 1]), sizes, H200).runtime_s[0] == 0


def test_one_sample_is_bound_by_memory():
    cost = estimate_gradients(1, {"n_params": 1e9, "n_samples": 1}, H200)
    assert cost.runtime_s == pytest.approx(5e-6 + 4e9 / 4.8e12)


def test_factor_of_what_is_assumed():
    tiny = estimate_training({"n_params": 10, "n_samples": 10}, H200, n_steps=100)
    assert tiny.factor == pytest.approx(4, rel=1e-3)  # only launches: 5 us could be 20 us
    huge = estimate_training({"n_params": 1e9, "n_samples": 1e6}, H200, n_steps=1)
    assert huge.factor == pytest.approx(4, rel=1e-3)  # only arithmetic: 40 % could be 10 %
    flops = 5e-6 * 0.4 * 67e12  # launch and arithmetic take 5 us each
    half = estimate_flops(flops, H200)
    assert half.runtime_s == pytest.approx(1e-5)
    assert half.factor == pytest.approx((5 + 20) / 10 * (20 + 5) / 10)
    bound = estimate_gradients(1, {"n_params": 1e9, "n_samples": 1}, H200)
    assert bound.factor == pytest.approx((20 + 833.3333) / (5 + 833.3333))  # bytes are not assumed
    both = estimate_flops(np.array([0.0, flops, math.inf]), H200)
    assert both.factor.tolist() == pytest.approx([1, half.factor, 1])


def test_measurements_and_arrays():
    values = {"n_params": Quantity(value=10**6), "n_samples": Quantity(value=1000)}
    measured = Measurement(subject="given", values=values)
    steps = np.array([1, 50])
    many = estimate_training(measured, H200, n_steps=steps)
    assert many.runtime_s[1] == estimate_training(measured, H200, n_steps=50).runtime_s


def test_missing_sizes_are_named():
    with pytest.raises(InputError, match="needs n_samples"):
        estimate_gradients(1, {"n_params": 1}, H200)


def test_plain_arithmetic():
    assert estimate_flops(67e12, H200).runtime_s == pytest.approx(5e-6 + 1 / 0.4, rel=1e-12)
    assert estimate_flops(0, H200).runtime_s == 0
    assert estimate_flops(10**400, H200).runtime_s == math.inf
