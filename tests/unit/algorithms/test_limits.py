"""Training at the ends of the range of numbers: long, steep, damped to nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import qres
from qres.algorithms import lift
from qres.algorithms.base import algorithm
from qres.algorithms.carleman.choose import error_curves
from qres.algorithms.carleman.history import success_prob_low
from qres.algorithms.carleman.horizon import momentum_dynamics
from qres.algorithms.carleman.kernels import Kernels
from qres.algorithms.carleman.segments import COHERENT_FACTOR, SAMPLING_FACTOR
from qres.algorithms.carleman.varying import _grouped_windows, _largest_ahead
from qres.algorithms.descent import positions
from qres.algorithms.descent.plan import find_plan
from qres.algorithms.descent.segmentation import Segmentation
from qres.errors import InfeasibleError, InputError
from qres.explore.choose import choose
from qres.explore.rivals import rivals
from qres.measurement.given import take_given
from qres.measurement.record import Segment
from qres.notation.quantity import Quantity

NUMBERS = {"n_params": 100, "n_active": 4, "n_samples": 8, "lambda_max": 1.0, "lambda_min": -0.1}
NUMBERS |= {"grad_norm": 0.1, "max_entry": 1.0, "frobenius_norm": 2.0, "t3_frobenius": 0.1}


def asked(n_steps=6, rate=0.1, given=None, **keys):
    norms = [t * rate * 0.1 for t in range(n_steps + 1)]
    return {
        "name": "limits",
        "model": {"given": {**NUMBERS, "update_norms": norms, **(given or {})}},
        "algorithm": {"name": "carleman-gd", "n_steps": n_steps, "learning_rate": rate, **keys},
        "error": {"total": 0.5, "fail_prob": 0.05},
    }


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("stride", [1, 2, 3, 7, 40])
def test_grouped_windows_are_no_smaller_than_any_window(size, stride):
    """Every window multiplied out; with a stride of 1 the bound is one of them."""
    steps = np.random.default_rng(stride).uniform(0, 1.5, (17, size, size))
    ahead = [steps[i : i + stride].max(axis=0) for i in range(17)]
    assert np.array_equal(_largest_ahead(steps, stride), ahead)
    largest = [0.0] * 18
    for start in range(18):
        product = np.eye(size)
        for width in range(18 - start):
            largest[width] = max(largest[width], np.linalg.norm(product, 2))
            if start + width < 17:
                product = steps[start + width] @ product
    found = _grouped_windows(steps, stride)
    assert (found >= np.array(largest) * (1 - 1e-12)).all()
    if stride == 1:
        assert found == pytest.approx(largest)


@pytest.mark.parametrize("low", [-1.02, -0.97])
@pytest.mark.parametrize("padding", [0, 5, 200])
def test_the_reference_of_many_rows_is_a_close_lower_bound(padding, low, monkeypatch):
    """Power iteration beside the bidiagonal matrix itself, signs that change included."""
    ends = (np.linspace(0.9, 0.8, 200), np.linspace(low, -0.96, 200))
    exact = lift.linear_reference(ends, 200, padding)
    monkeypatch.setattr(lift, "EXACT_ROWS", 0)
    assert 0.99 * exact <= lift.linear_reference(ends, 200, padding) <= exact * (1 + 1e-9)


def test_kernels_that_vanish_have_finite_ratios():
    """1, 0, 0 over any rate: at 1e-200 the third power of the rate is beyond the range."""
    gone = np.array([1.0, 0.0, 0.0])
    slow = np.array([1.0, 1e-200, 0.0])
    found = Kernels(push=gone, update=slow, velocity=gone, state=None).relative(1e-200)
    assert found == pytest.approx((1.0, 1.0, 1.0))


def test_steps_with_momentum_that_grow_beyond_any_number_have_no_certificate():
    path = tuple(float(t) for t in range(401))
    norms = (0.1, 0.0, 0.1)
    model = momentum_dynamics(-1e3, 1.0, 1.0, 0.9, 0.0, norms, path, path)
    for order in (2, 3):
        assert all(np.isinf(curve).all() for curve in error_curves(model, order, order))


def test_what_is_not_read_errs_even_where_it_is_zero():
    """u = 1 and v = 0 off by 0.1 each: P is at least 0.9^2 / (0.9^2 + 0.1^2)."""
    errors = np.array([[0.0], [0.1]])
    found = success_prob_low([0.0, 1.0], errors, 0, read_norm=1.0)
    assert found == pytest.approx(0.81 / 0.82)


def test_an_error_that_dies_out_costs_nothing():
    """Weights 0 and 4: (sqrt 0 + sqrt 4)^2 and (0 + 4^(2/3))^3."""
    assert COHERENT_FACTOR(segment_weights=[0.0, 4.0], epsilon=1.0) == pytest.approx(4.0)
    assert SAMPLING_FACTOR(segment_weights=[0.0, 4.0], epsilon=1.0) == pytest.approx(16.0)
    with pytest.raises(InputError, match="some above 0"):
        COHERENT_FACTOR(segment_weights=[0.0, 0.0], epsilon=1.0)


def cut_of(growths):
    """Segments of one step, each with an eigenvalue that makes it grow so much."""
    values = [
        {name: Quantity(value=(1 - g) / 0.1) for name in ("lambda_min", "lambda_max")}
        for g in growths
    ]
    segments = tuple(
        Segment(
            start_step=t, n_steps=1, values=v, path_norms={1: (0.0, 1.0)}, model_distances={1: 0.0}
        )
        for t, v in enumerate(values)
    )
    return Segmentation(segments=segments, learning_rate=0.1, distance=1.0)


def plan_at(cut, **changes):
    scenario = qres.load(asked(degree=1))
    parameters = replace(scenario.algorithm, degree=1)
    return replace(find_plan(parameters, cut, 1, 0.1), **changes)


def test_errors_that_grow_without_end_are_infeasible_with_that_reason():
    assert positions.stretches_at(plan_at(cut_of([1e30] * 3)), [0.0] * 3)["stretch"] > 1e59
    with pytest.raises(InfeasibleError, match=r"segments: .* more than 1e\+100-fold"):
        positions.stretches_at(plan_at(cut_of([1e60] * 3)), [0.0] * 3)


def test_an_error_that_is_assumed_away_counts_as_the_update_at_most():
    """Updates of 1: certified errors of 3 make 4 of each, errors assumed away 2."""
    plan = plan_at(cut_of([1.0]))
    assert positions.stretches_at(plan, [3.0])["stretch"] == pytest.approx(4)
    missed = replace(plan, is_certified=False)
    assert positions.stretches_at(missed, [3.0])["stretch"] == pytest.approx(2)
    assert positions.stretches_at(missed, [0.5])["stretch"] == pytest.approx(1.5)


@pytest.mark.parametrize("epsilon", [1e-3, 1e-12, 1e-60])
def test_rounds_of_an_estimate_do_not_cancel(epsilon):
    """At P = 1/2 and small eps, sqrt(eps P + 1/4) - 1/2 is eps to first order: M = pi / eps."""
    rounds = qres.formula("amplify.estimate.rounds")(success_prob=0.5, epsilon=epsilon)
    assert float(rounds) == pytest.approx(math.pi / epsilon, rel=2 * epsilon + 1e-6)


def test_more_batches_than_samples_are_refused():
    raw = asked(optimizer={"kind": "sgd", "n_batches": 9})
    with pytest.raises(InputError, match=r"optimizer\.n_batches: 9 batches of 8 samples"):
        qres.estimate(raw)


@pytest.mark.parametrize("optimizer", [{}, {"kind": "sgd", "n_batches": 2}])
def test_xi_of_a_lift_is_an_upper_bound(optimizer):
    """Its factor norm(L^-1) is one; with batches norm(b) as well."""
    report = qres.estimate(asked(degree=2, optimizer=optimizer))
    assert report.job.values["xi"].bound == "upper"


def test_solvers_are_compared_where_nothing_is_amplified():
    scenario = qres.load(
        asked(
            degree=1, solver="all", readout={"kind": "observable", "of": "linear", "weight_norm": 1}
        )
    )
    measurement = take_given(scenario.model, scenario.algorithm)
    module = algorithm(scenario.algorithm.name)
    chosen = choose(module, scenario.algorithm, measurement, scenario.error, (), "runtime")
    rows = [row for row in rivals(chosen) if row.queries]
    assert {row.invocations for row in rows} == {None}


def test_a_segment_that_does_not_move_is_infeasible_with_that_reason():
    """Rates of 1e-301 in the second half: its updates have no square in floating point."""
    schedule = {"kind": "step", "at": [3], "factor": 1e-300}
    report = qres.estimate(asked(degree=1, segment_steps=3, optimizer={"schedule": schedule}))
    assert report.failure == ("training", "the weights do not move, there is nothing to read out")


def test_rates_of_a_million_steps_are_no_loop_of_windows():
    """Falls, then rises: no window of its lengths is known to be the largest one."""
    rates = np.cos(np.linspace(0, math.pi / 2, 200_000)) * 0.19
    growths = np.maximum(abs(1 - rates), abs(1 - 10 * rates))[:, None, None]
    assert (np.diff(growths[:, 0, 0]) < 0).any()
    assert (np.diff(growths[:, 0, 0]) > 0).any()
    found = _grouped_windows(growths, -(-200_000 // 64))
    assert found[1] == pytest.approx(growths.max())
    assert (found[1:] >= 0).all()
