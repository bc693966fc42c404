"""Linear solves on a device: counts by hand, guarantees against dense matrices."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qres.classical.devices import load_device
from qres.classical.solve import estimate_solve
from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.notation.quantity import Quantity

H200 = load_device("h200")
SPD = {"symmetric": True, "positive_definite": True}


def test_conjugate_gradients_by_hand():
    matrix = {"dim": 10**6, "nnz": 5 * 10**6, "kappa": 1e4}
    cost = estimate_solve(matrix, H200, epsilon=0.01, details=SPD)
    steps = math.ceil(0.5 * 100 * math.log(2 * 100 / 0.01))  # 50 * 9.9035 = 495.2
    assert steps == 496
    assert cost.method == "CG"
    assert cost.flops == steps * (2 * 5e6 + 10 * 1e6)
    assert cost.bytes == steps * (12 * 5e6 + 8 * 14 * 1e6)
    assert cost.runtime_s == pytest.approx(steps * 5e-6 + cost.bytes / 4.8e12)


def test_direct_solve_takes_one_launch():
    cost = estimate_solve({"dim": 1000, "kappa": 1e12}, H200, epsilon=0.01)
    assert cost.method == "LU"
    assert cost.runtime_s == pytest.approx(5e-6 + 2e9 / 3 / (0.4 * 67e12))


def test_kappa_takes_the_lower_end_of_the_smallest_singular_value():
    values = {
        "dim": Quantity(value=10**7),
        "sparsity": Quantity(value=3),
        "norm": Quantity(value=2.0, low=1.9, high=2.1),
        "smallest_singular_value": Quantity(value=0.5, low=0.25, high=0.75),
        "kappa": Quantity(value=4.0, low=2.5, high=8.4),
    }
    cost = estimate_solve(Measurement(subject="matrix", values=values), H200, epsilon=0.1)
    steps = math.ceil(0.5 * (2.0 / 0.25) * math.log(2 * 8 / 0.1))  # 4 * 5.0752 = 20.3
    assert steps == 21
    assert cost.flops == steps * (2 * 2 * 3e7 + 10 * 1e7)
    alone = {name: values[name] for name in ("dim", "sparsity", "kappa")}
    cost = estimate_solve(Measurement(subject="matrix", values=alone), H200, epsilon=0.1)
    # 0.5 * 8.4 * ln(2 * 8.4 / 0.1) = 4.2 * 5.1240 = 21.52
    assert cost.flops == 22 * (2 * 2 * 3e7 + 10 * 1e7)


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
    steps = math.ceil(0.5 * 4 * math.log(2 * 4 / 0.1))  # 2 * 4.3820 = 8.8
    assert steps == 9
    assert cost.method == "CGNR"
    assert cost.flops == steps * (2 * 2 * 3e7 + 10 * 1e7)


def test_the_best_method_may_differ_by_point():
    matrix = {"dim": 10**4, "sparsity": 5, "kappa": np.array([10.0, 1e12])}
    cost = estimate_solve(matrix, H200, epsilon=0.01)
    assert cost.method.tolist() == ["CGNR", "LU"]
    each = [estimate_solve({**matrix, "kappa": k}, H200, epsilon=0.01) for k in (10.0, 1e12)]
    assert cost.runtime_s.tolist() == [one.runtime_s for one in each]


def named(cost, method):
    """Return the row of a method."""
    return next(row for row in cost.alternatives if row.method == method)


def spectrum(kappa, size, rng):
    """Return a symmetric matrix with eigenvalues from 1/kappa to 1."""
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
    values = np.geomspace(1 / kappa, 1, size)
    return basis * values @ basis.T


@pytest.mark.parametrize("details", [SPD, {}], ids=["CG", "CGNR"])
def test_the_iterations_of_krylov_reach_the_error_of_the_solution(details):
    """The count bounds the error of x itself; a quarter of it does not here."""
    rng, size, kappa, epsilon = np.random.default_rng(1), 300, 100.0, 1e-3
    matrix = spectrum(kappa, size, rng)
    wanted = rng.normal(size=size)
    numbers = {"dim": size, "kappa": kappa}
    cost = estimate_solve(numbers, H200, epsilon=epsilon, details=details)
    row = named(cost, "CG" if details else "CGNR")
    each = (2 if details else 4) * size**2 + 10 * size
    steps = round(row.flops / each)
    assert steps * each == row.flops
    square = matrix if details else matrix.T @ matrix
    found = [descend(square, square @ wanted, count) for count in (steps, steps // 4)]
    errors = [np.linalg.norm(x - wanted) / np.linalg.norm(wanted) for x in found]
    assert errors[0] <= epsilon < errors[1]


def descend(matrix, rhs, steps):
    """Run plain conjugate gradients."""
    x, rest = np.zeros_like(rhs), rhs.copy()
    way, power = rest.copy(), rest @ rest
    for _ in range(steps):
        image = matrix @ way
        length = power / (way @ image)
        x, rest = x + length * way, rest - length * image
        power, before = rest @ rest, power
        way = rest + power / before * way
    return x


def mean_square_error(matrix, wanted, steps):
    """Return E ||x_k - x||^2 / ||x||^2 of Kaczmarz exactly, by carrying E[e e^T] along."""
    squares = np.sum(matrix**2, axis=1)
    rows, weights = matrix / np.sqrt(squares)[:, None], squares / squares.sum()
    second = np.outer(wanted, wanted)
    for _ in range(steps):
        mixed = np.einsum("i,ij,ik->jk", weights, rows, rows) @ second
        along = np.einsum("ij,jk,ik->i", rows, second, rows)
        second = second - mixed - mixed.T + (rows.T * (weights * along)) @ rows
    return np.trace(second) / (wanted @ wanted)


def kaczmarz_steps(matrix, epsilon, fail_prob):
    size = len(matrix)
    numbers = {
        "dim": size,
        "frobenius_norm": np.linalg.norm(matrix),
        "norm": np.linalg.norm(matrix, 2),
        "smallest_singular_value": np.linalg.norm(matrix, -2),
    }
    cost = estimate_solve(numbers, H200, epsilon=epsilon, fail_prob=fail_prob)
    return named(cost, "Kaczmarz").flops / (4 * size)


def test_kaczmarz_keeps_its_promise_and_little_more():
    """Exact second moments: within the error for any matrix, and tight for the identity."""
    rng = np.random.default_rng(2)
    for size in (3, 8):
        matrix = rng.normal(size=(size, size)) + 2 * np.eye(size)
        steps = kaczmarz_steps(matrix, 0.2, 0.1)
        assert mean_square_error(matrix, rng.normal(size=size), int(steps)) <= 0.2**2 * 0.1
    identity, wanted = np.eye(50), rng.normal(size=50)
    steps = kaczmarz_steps(identity, 0.2, 0.1)
    assert steps == math.ceil(50 * math.log(250))  # 277: 50 * 5.5215 = 276.07
    assert mean_square_error(identity, wanted, int(steps)) <= 0.2**2 * 0.1
    assert mean_square_error(identity, wanted, int(0.98 * steps)) > 0.2**2 * 0.1


def test_sampling_by_hand():
    """kappa_F = 6 / 0.5 = 12, kappa = 3 / 0.5 = 6; 144 ln(1 / (0.01 * 0.05)) = 1094.6 steps."""
    matrix = {
        "dim": 10**9,
        "sparsity": 4,
        "norm": 3.0,
        "frobenius_norm": 6.0,
        "smallest_singular_value": 0.5,
    }
    cost = estimate_solve(matrix, H200, epsilon=0.1, fail_prob=0.05)
    row = named(cost, "Kaczmarz")
    assert row.flops == 1095 * 4 * 4
    assert row.bytes == 1095 * 4 * (12 + 24)
    assert row.runtime_s == pytest.approx(1095 * 5e-6 + 1095 * 144 / 4.8e12)
    shown = named(cost, "dequantised")
    assert shown.flops == pytest.approx(12**6 * 6**2 / 0.01)  # 1.075e10
    assert (shown.kind, shown.is_compared) == ("asymptotic", False)
    assert [item.method for item in cost.alternatives] == ["LU", "CGNR", "Kaczmarz", "dequantised"]
    assert cost.method == "Kaczmarz"  # a billion unknowns: CGNR streams 1e12 bytes


def test_rows_and_columns_of_different_sparsity():
    """Norm at most sqrt(2 * 8) * 3 = 12, kappa = 24, 2e6 entries at most; a row has 2."""
    known = {"dim": 10**6, "sparsity": 9, "smallest_singular_value": 0.5}
    apart = known | {"row_sparsity": 2, "column_sparsity": 8, "max_entry": 3.0}
    cost = estimate_solve(apart, H200, epsilon=0.1, fail_prob=0.05)
    told = known | {"norm": 12.0, "nnz": 2 * 10**6}
    assert named(cost, "CGNR") == named(estimate_solve(told, H200, epsilon=0.1), "CGNR")
    steps = math.ceil(10**6 * 24**2 * math.log(2000))
    assert named(cost, "Kaczmarz").flops == pytest.approx(steps * 4 * 2, rel=1e-12)


def test_the_dequantised_row_is_never_chosen():
    """With every constant 1 it would take one launch here."""
    matrix = {"dim": 10**6, "norm": 1.0, "frobenius_norm": 2.0, "smallest_singular_value": 0.5}
    cost = estimate_solve(matrix, H200, epsilon=0.5, fail_prob=0.05)
    assert named(cost, "dequantised").runtime_s < cost.runtime_s
    assert cost.method != "dequantised"


def test_without_the_frobenius_norm_its_bound_is_taken():
    cost = estimate_solve({"dim": 100, "kappa": 3.0}, H200, epsilon=0.1, fail_prob=0.05)
    steps = math.ceil(100 * 9 * math.log(2000))  # kappa_F^2 <= dim kappa^2
    assert named(cost, "Kaczmarz").flops == steps * 4 * 100


def test_sampling_needs_a_failure_probability():
    cost = estimate_solve({"dim": 100, "kappa": 3.0}, H200, epsilon=0.1)
    assert cost.left_out == (("Kaczmarz", "no failure probability is given"),)
    assert len(cost.alternatives) == 2


def test_arrays_of_all_rows():
    errors = np.array([0.3, 1e-3])
    matrix = {
        "dim": 10**9,
        "sparsity": 4,
        "norm": 3.0,
        "frobenius_norm": np.array([6.0, 4e4]),
        "smallest_singular_value": 0.5,
    }
    cost = estimate_solve(matrix, H200, epsilon=errors, fail_prob=0.05)
    assert cost.method.tolist() == ["Kaczmarz", "CGNR"]
    for index, norm in enumerate((6.0, 4e4)):
        one = {**matrix, "frobenius_norm": norm}
        alone = estimate_solve(one, H200, epsilon=float(errors[index]), fail_prob=0.05)
        assert (alone.method, alone.runtime_s) == (cost.method[index], cost.runtime_s[index])
        assert (alone.flops, alone.factor) == (cost.flops[index], cost.factor[index])


def test_what_a_solve_needs_is_named():
    with pytest.raises(InputError, match="kappa"):
        estimate_solve({"dim": 5, "smallest_singular_value": 1}, H200, epsilon=0.1)
