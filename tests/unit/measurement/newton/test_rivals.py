"""Rivals take the steps that their papers say, on the same batches, and are tuned alike."""

import math

import numpy as np
import pytest
import torch

from qres.config.record import Damping
from qres.measurement.newton.kfac import count_factors, precondition
from qres.measurement.newton.record import RivalRun
from qres.measurement.newton.rivals import MORE, RATES, _make_step, run_rivals

ABSOLUTE = Damping(kind="absolute", value=0.25, decay=0.5)


def gradient(trainee, weights):
    curvature = trainee.curvature((trainee.inputs, trainee.targets), None)
    return curvature.gradient(weights)


def test_sgd_steps_along_the_gradient(trainee, make_setup):
    start, setup = trainee.weights, make_setup()
    step = _make_step(trainee, setup, "sgd", 0.5)
    step(trainee.draw(0, setup), 0)
    np.testing.assert_allclose(trainee.weights, start - 0.5 * gradient(trainee, start), atol=1e-15)


def test_adam_starts_with_the_sign_of_the_gradient(trainee, make_setup):
    start, setup = trainee.weights, make_setup()
    slope = gradient(trainee, start)
    _make_step(trainee, setup, "adam", 0.1)(trainee.draw(0, setup), 0)
    np.testing.assert_allclose(trainee.weights, start - 0.1 * slope / (np.abs(slope) + 1e-8))


def test_lbfgs_takes_one_gradient_an_iteration(trainee, make_setup):
    start, setup, calls = trainee.weights, make_setup(), []
    loss = trainee.loss
    trainee.loss = lambda output, target: calls.append(1) or loss(output, target)
    slope = gradient(trainee, start)
    calls.clear()
    step = _make_step(trainee, setup, "l-bfgs", 0.5)
    for index in range(3):
        step(trainee.draw(index, setup), index)
        assert len(calls) == index + 1
        if index == 0:  # torch shortens the first step to 1 in the sum of absolute values
            first = 0.5 * min(1, 1 / np.abs(slope).sum()) * slope
            np.testing.assert_allclose(trainee.weights, start - first)


def test_kfac_solves_with_the_kronecker_product(trainee):
    module, batch = trainee.module, (trainee.inputs, trainee.targets)
    steps = precondition(module, trainee.loss, batch, ABSOLUTE, 1)
    last = module[2]
    inputs = torch.tanh(module[0](batch[0])).detach().numpy()
    inputs = np.concatenate([inputs, np.ones((24, 1))], axis=1)
    slopes = torch.softmax(module(batch[0]), dim=1).detach().numpy()
    slopes -= np.eye(3)[batch[1].numpy()]
    before, after = inputs.T @ inputs / 24, slopes.T @ slopes / 24
    root = math.sqrt(0.25 * 0.5)
    ratio = math.sqrt((np.trace(before) / 4) / (np.trace(after) / 3))
    whole = np.kron(after + root / ratio * np.eye(3), before + ratio * root * np.eye(4))
    wanted = np.linalg.solve(whole, (slopes.T @ inputs / 24).ravel()).reshape(3, 4)
    np.testing.assert_allclose(steps[last.weight].numpy(), wanted[:, :3], rtol=1e-10)
    np.testing.assert_allclose(steps[last.bias].numpy(), wanted[:, 3], rtol=1e-10)
    # layers (4 + 1) x 3 and (3 + 1) x 3: factors, Cholesky, solves
    by_hand = 2 * 24 * (25 + 9) + (125 + 27) / 3 + 2 * 15 * 8
    by_hand += 2 * 24 * (16 + 9) + (64 + 27) / 3 + 2 * 12 * 7
    assert count_factors(module, 24) == pytest.approx(by_hand)


def test_kfac_leaves_other_layers_the_plain_gradient(trainee):
    module = torch.nn.Sequential(torch.nn.LayerNorm(4), *trainee.module).double()
    trainee.module = module
    steps = precondition(module, trainee.loss, (trainee.inputs, trainee.targets), ABSOLUTE, 0)
    slope = gradient(trainee, trainee.weights)
    np.testing.assert_allclose(steps[module[0].weight].numpy(), slope[:4], atol=1e-15)
    assert not np.allclose(steps[module[1].weight].numpy().ravel(), slope[8:20])


@pytest.mark.slow
def test_every_rival_is_tuned_on_one_grid_and_stops_at_the_goal(trainee, make_setup):
    start, setup = trainee.weights, make_setup(n_steps=2, damping=ABSOLUTE)
    goal = trainee.find_loss() - 0.05
    runs = run_rivals(trainee, setup, goal)
    np.testing.assert_array_equal(trainee.weights, start)
    assert [run.name for run in runs] == ["sgd", "adam", "l-bfgs", "k-fac"]
    for run in runs:
        assert tuple(run.tried) == RATES
        assert len(run.losses) <= MORE * 2
        assert run.tried[run.learning_rate] == run.losses[-1] <= goal
        assert all(loss > goal for loss in run.losses[:-1])
        assert RivalRun.from_dict(run.to_dict()) == run
    # 27 parameters; gradient 3 * 42 * 24 operations
    assert [run.flops_per_iteration for run in runs[:3]] == [
        3024 + beside * 27 for beside in (2, 12, 40)
    ]
    fast, slow = runs[0], run_rivals(trainee, setup, -1.0)[0]
    assert len(slow.losses) == MORE * 2
    assert slow.losses[-1] == min(slow.tried.values()) < fast.losses[-1]


def test_what_is_pruned_stays_pruned(trainee, make_setup):
    keep = torch.ones(3, 4, dtype=torch.bool)
    keep[0, 1] = False
    with torch.no_grad():
        trainee.module[0].weight[0, 1] = 0.0
    trainee.mask, setup = {"0.weight": keep}, make_setup(damping=ABSOLUTE)
    for name in ("sgd", "adam", "l-bfgs", "k-fac"):
        step = _make_step(trainee, setup, name, 0.1)
        for index in range(2):
            step(trainee.draw(index, setup), index)
        assert trainee.module[0].weight[0, 1] == 0


def test_kfac_of_a_layer_at_many_places_is_that_of_as_many_samples():
    """A linear layer on 3 x 4 places with a label each sees what it sees of 12 samples."""
    generator = torch.Generator().manual_seed(2)
    layer = torch.nn.Linear(3, 5).double()
    inputs = torch.randn(3, 4, 3, dtype=torch.float64, generator=generator)
    labels = torch.randint(5, (3, 4), generator=generator)

    def loss(output, target):
        return torch.nn.functional.cross_entropy(output.reshape(-1, 5), target.reshape(-1))

    spread = precondition(layer, loss, (inputs, labels), ABSOLUTE, 0)
    flat = precondition(layer, loss, (inputs.reshape(12, 3), labels.reshape(12)), ABSOLUTE, 0)
    for item in (layer.weight, layer.bias):
        torch.testing.assert_close(spread[item], flat[item], rtol=1e-12, atol=0)
