"""Rivals take the steps that their papers say, on the same batches, and are tuned alike."""

import numpy as np
import pytest
import torch

from qres.config.record import Damping
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
