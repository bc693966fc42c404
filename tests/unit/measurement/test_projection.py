"""Truncated Carleman on a subspace beside lifts by hand, by Kronecker products, and exact descent."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from qres.config.load import load_scenario
from qres.errors import InputError
from qres.measurement.carleman import follow_carleman, list_monomials
from qres.measurement.curvature import Curvature
from qres.measurement.measure import measure_scenario
from qres.measurement.projection import (
    describe_projection,
    find_leading,
    project,
    project_tensors,
)
from qres.report.figures.projection import draw_projection

RATE, STEPS = 0.2, 12


def _curvature(seed=0, weight_decay=0.01):
    torch.manual_seed(seed)
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    data = torch.randn(20, 2, dtype=torch.float64), torch.randn(20, 1, dtype=torch.float64)
    return Curvature(
        module.double(),
        loss=torch.nn.functional.mse_loss,
        batches=[data],
        weight_decay=weight_decay,
    )


def _loss(curvature):
    """The same loss as one function of all weights, written without the code under test."""
    (inputs, targets), start = curvature.batches[0], curvature.start_tensor

    def loss(step):
        w = start + step
        hidden = torch.tanh(inputs @ w[:6].view(3, 2).T + w[6:9])
        output = hidden @ w[9:12].view(1, 3).T + w[12]
        decay = curvature.weight_decay / 2 * ((w**2).sum())
        return ((output - targets) ** 2).mean() + decay

    return loss


def test_one_parameter_by_hand():
    """grad = a + b y + c y^2 / 2, so y' = p0 + p1 y + p2 y^2 and, dropping degrees 3 and 4,
    (y^2)' = p0^2 + 2 p0 p1 y + (p1^2 + 2 p0 p2) y^2.

    With rate 0.1, a = 1, b = 2, c = -4: p = (-0.1, 0.8, 0.2). From 0: y = -0.1, y^2 = 0.01; then
    y = -0.1 - 0.08 + 0.002 = -0.178, y^2 = 0.01 + 0.016 + 0.6 * 0.01 = 0.032; then
    y = -0.1 - 0.1424 + 0.0064 = -0.236. Order 1 drops p2: -0.1, -0.18, -0.244.
    """
    tensors = [np.array([1.0]), np.array([[2.0]]), np.array([[[-4.0]]])]
    second = follow_carleman(tensors, 2, [0.1] * 3)[:, 0]
    assert second == pytest.approx([0, -0.1, -0.178, -0.236], abs=1e-15)
    first = follow_carleman(tensors, 1, [0.1] * 3)[:, 0]
    assert first == pytest.approx([0, -0.1, -0.18, -0.244], abs=1e-15)


def test_monomials_are_all_once_in_order():
    assert list_monomials(2, 2) == [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]
    assert len(list_monomials(6, 4)) == 210  # C(10, 4)


def _symmetric(rng, dim, order):
    tensor = rng.standard_normal((dim,) * order)
    orders = list(itertools.permutations(range(order)))
    return sum(tensor.transpose(one) for one in orders) / len(orders)


def test_equals_the_lift_of_kronecker_powers():
    """(P(y))^{(x)2} with P = f0 + f1 y + f2 y(x)y: the blocks of the lift, cut at order 2."""
    rng, dim, rate = np.random.default_rng(0), 2, 0.1
    tensors = [_symmetric(rng, dim, order) for order in (1, 2, 3)]
    f0, f1 = -rate * tensors[0], np.eye(dim) - rate * tensors[1]
    f2 = -rate * tensors[2].reshape(dim, dim**2) / 2
    y, z = np.zeros(dim), np.zeros(dim**2)
    column = f0[:, None]
    path = [y]
    for _ in range(6):
        cross = np.kron(column, f1) + np.kron(f1, column)
        square = np.kron(f1, f1) + np.kron(column, f2) + np.kron(f2, column)
        y, z = f0 + f1 @ y + f2 @ z, np.kron(f0, f0) + cross @ y + square @ z
        path.append(y)
    found = follow_carleman(tensors, 2, [rate] * 6)
    np.testing.assert_allclose(found, path, atol=1e-14)


def test_exact_where_nothing_is_dropped_and_converges():
    """From 0 the first step is constant, the second a cubic of it: order 3 is exact for two steps."""
    rng = np.random.default_rng(1)
    tensors = [_symmetric(rng, 3, order) for order in (1, 2, 3, 4)]
    y, path = np.zeros(3), [np.zeros(3)]
    for _ in range(3):
        slope = tensors[0] + tensors[1] @ y + tensors[2] @ y @ y / 2 + tensors[3] @ y @ y @ y / 6
        y = y - 0.05 * slope
        path.append(y)
    errors = [
        np.linalg.norm(follow_carleman(tensors, order, [0.05] * 3) - path, axis=1)
        for order in (1, 2, 3, 6)
    ]
    assert errors[2][2] < 1e-15 < errors[1][2] < errors[0][2]
    assert errors[3][3] < 1e-14 < errors[2][3] < errors[1][3] < errors[0][3]


def test_tensors_are_those_of_the_dense_derivatives():
    curvature = _curvature()
    values, basis = find_leading(curvature, 3, seed=0)
    loss, origin = _loss(curvature), torch.zeros(13, dtype=torch.float64)
    hessian = torch.func.hessian(loss)(origin).numpy()
    exact = np.linalg.eigvalsh(hessian)
    np.testing.assert_allclose(values, exact[np.argsort(-np.abs(exact))][:3], rtol=1e-10)
    np.testing.assert_allclose(hessian @ basis, basis * values, atol=1e-9)

    def within(y):
        return loss(torch.from_numpy(basis) @ y)

    place, derive = torch.zeros(3, dtype=torch.float64), within
    for found in project_tensors(curvature, basis, 3):
        derive = torch.func.jacrev(derive)
        np.testing.assert_allclose(found, derive(place).detach().numpy(), atol=1e-10)


def test_runs_are_descent_on_the_subspace_and_on_all():
    curvature = _curvature()
    _, basis = find_leading(curvature, 2, seed=0)
    found = project(curvature, 2, rates=[RATE] * STEPS)
    loss, wide = _loss(curvature), torch.from_numpy(basis)
    slope = torch.func.grad(loss)
    y, step = torch.zeros(2, dtype=torch.float64), torch.zeros(13, dtype=torch.float64)
    for number in range(1, STEPS + 1):
        y = y - RATE * wide.T @ slope(wide @ y)
        step = step - RATE * slope(step)
        np.testing.assert_allclose(found.true[number], y.numpy(), atol=1e-12)
        np.testing.assert_allclose(found.full[number], (wide.T @ step).numpy(), atol=1e-12)
    assert found.moved[-1] == pytest.approx(float(step.norm()))
    assert found.share == pytest.approx(float((wide.T @ step).norm() / step.norm()))
    assert found.gaps(3, found.true)[-1] == pytest.approx(
        np.linalg.norm(found.models[3][-1] - y.numpy()) / float(y.norm())
    )
    # the polynomial follows true descent better the higher its order
    ends = [found.gaps(order, found.true)[-1] for order in (1, 2, 3)]
    assert ends[2] < ends[1] < ends[0]


def test_a_large_network_finds_the_same_directions_without_the_dense_hessian(monkeypatch):
    curvature = _curvature()
    dense, _ = find_leading(curvature, 3, seed=0)
    monkeypatch.setattr("qres.measurement.projection.DENSE_DIM", 0)
    values, basis = find_leading(curvature, 3, seed=0)
    np.testing.assert_allclose(values, dense, rtol=1e-9)
    np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-12)


@pytest.mark.slow
def test_it_is_part_of_a_measurement_and_a_figure(make, store):
    scenario = make.scenario(make.network())
    settings = replace(scenario.measure, project=3, parts=("spectrum",))
    found = measure_scenario(replace(scenario, measure=settings), store=store)
    curves = found.details["projection"]
    assert len(curves["eigenvalues"]) == 3
    for order in range(1, 5):
        value = float(found.values[f"projected_error_{order}"])
        assert value == curves["beside_true"][str(order)][-1]
        assert len(curves["beside_full"][str(order)]) == scenario.algorithm.n_steps
    assert 0 < float(found.values["projected_share"]) <= 1
    assert not any(name.startswith("t3") for name in found.values)
    labels = [line.get_label() for line in draw_projection(found).axes[0].lines]
    assert labels[:4] == [f"order {order}" for order in range(1, 5)]
    with pytest.raises(InputError, match=r"set measure\.project"):
        draw_projection(replace(found, details={}))


def test_momentum_has_no_such_runs(make, store):
    algorithm = make.algorithm(momentum=0.5)
    scenario = make.scenario(make.network(), algorithm)
    settings = replace(scenario.measure, project=2)
    with pytest.raises(InputError, match="plain full-batch descent only"):
        measure_scenario(replace(scenario, measure=settings), store=store)
    with pytest.raises(InputError, match=r"measure\.project"):
        load_scenario("digits-mlp", overrides=[("measure.project", 7)])


def test_a_phase_of_the_journal_gives_the_same(tmp_path):
    from qres.measurement.journal import opened_journal

    curvature = _curvature()
    settings = {"rates": [RATE] * 3, "degree": 3, "seed": 0}
    plain = describe_projection(curvature, 2, **settings)
    with opened_journal(tmp_path / "journal"):
        kept = describe_projection(_curvature(), 2, **settings)
    assert kept == plain
