"""GPU costs against arithmetic written out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qres.classical.devices import device_names, load_device
from qres.classical.estimate import (
    estimate_flops,
    estimate_gradients,
    estimate_solve,
    estimate_training,
)
from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.notation.quantity import Quantity

H200 = load_device("h200")
SPD = {"symmetric": True, "positive_definite": True}


def test_devices():
    assert device_names() == ("h100", "h200")
    assert (H200.bf16_flops, H200.fp64_flops, H200.bandwidth) == (989e12, 67e12, 4.8e12)
    assert load_device("h100").bandwidth == 3.35e12
    assert (H200.power, H200.sustained_fraction) == (700, 0.4)
    assert all(H200.sources.values())
    with pytest.raises(InputError, match="did you mean 'h200'"):
        load_device("h20")


def test_training_by_hand():
    cost = estimate_training({"n_params": 1e6, "n_samples": 1000}, H200, n_steps=50)
    assert cost.flops == 50 * 6 * 1e6 * 1000
    assert cost.bytes == 50 * 2 * 2 * 1e6
    assert cost.runtime_s == pytest.approx(3e11 / (0.4 * 989e12))
    assert cost.energy_j == pytest.approx(700 * cost.runtime_s)
    assert any("40%" in line for line in cost.assumptions)
    assert any("latency" in line for line in cost.assumptions)


def test_one_sample_is_bound_by_memory():
    cost = estimate_gradients(1, {"n_params": 1e9, "n_samples": 1}, H200)
    assert cost.runtime_s == pytest.approx(4e9 / 4.8e12)


def test_measurements_and_arrays():
    values = {"n_params": Quantity(value=10**6), "n_samples": Quantity(value=1000)}
    measured = Measurement(subject="given", values=values)
    steps = np.array([1, 50])
    many = estimate_training(measured, H200, n_steps=steps)
    assert many.runtime_s[1] == estimate_training(measured, H200, n_steps=50).runtime_s


def test_conjugate_gradients_by_hand():
    matrix = {"dim": 10**6, "nnz": 5 * 10**6, "kappa": 1e4}
    cost = estimate_solve(matrix, H200, epsilon=0.01, details=SPD)
    steps = math.ceil(0.5 * 100 * math.log(200))
    assert steps == 265
    assert cost.method == "CG"
    assert cost.flops == steps * (2 * 5e6 + 10 * 1e6)
    assert cost.bytes == steps * (12 * 5e6 + 8 * 14 * 1e6)
    assert cost.runtime_s == pytest.approx(cost.bytes / 4.8e12)


def test_direct_wins_where_the_condition_is_bad():
    matrix = {"dim": 1000, "sparsity": 5, "kappa": 1e12}
    cholesky = estimate_solve(matrix, H200, epsilon=0.01, details=SPD)
    assert (cholesky.method, cholesky.flops) == ("Cholesky", pytest.approx(1e9 / 3))
    general = estimate_solve(matrix, H200, epsilon=0.01)
    assert (general.method, general.flops) == ("LU", pytest.approx(2e9 / 3))
    singular = estimate_solve({**matrix, "kappa": math.inf}, H200, epsilon=0.01)
    assert singular.method == "LU"


def test_normal_equations_where_nothing_is_known():
    matrix = {"dim": 10**7, "sparsity": 3, "norm": 2.0, "smallest_singular_value": 0.5}
    cost = estimate_solve(matrix, H200, epsilon=0.1)
    steps = math.ceil(0.5 * 4 * math.log(20))
    assert cost.method == "CGNR"
    assert cost.flops == steps * (2 * 2 * 3e7 + 10 * 1e7)


def test_the_best_method_may_differ_by_point():
    matrix = {"dim": 10**4, "sparsity": 5, "kappa": np.array([10.0, 1e12])}
    cost = estimate_solve(matrix, H200, epsilon=0.01)
    assert cost.method.tolist() == ["CGNR", "LU"]
    each = [estimate_solve({**matrix, "kappa": k}, H200, epsilon=0.01) for k in (10.0, 1e12)]
    assert cost.runtime_s.tolist() == [one.runtime_s for one in each]


def test_missing_sizes_are_named():
    with pytest.raises(InputError, match="needs n_samples"):
        estimate_gradients(1, {"n_params": 1}, H200)
    with pytest.raises(InputError, match="kappa"):
        estimate_solve({"dim": 5, "smallest_singular_value": 1}, H200, epsilon=0.1)


def test_plain_arithmetic():
    assert estimate_flops(67e12, H200).runtime_s == pytest.approx(1 / 0.4)
    assert estimate_flops(10**400, H200).runtime_s == math.inf
