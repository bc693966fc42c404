"""The read-out tolerance: its rule by hand, its noise by geometry, its way into the estimate."""

import math

import numpy as np
import pytest
import torch

from qres.measurement.curvature import Curvature
from qres.measurement.measure import measure_scenario
from qres.measurement.point import Probe
from qres.measurement.tolerance import (
    LEVELS,
    find_level,
    find_upper,
    measure_tolerance,
)


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        # mean and half interval, in parts of accuracy; the limit is 0.005
        ([(0.000, 0.001), (0.002, 0.002), (0.004, 0.002), (0.02, 0.004)], (0.03, 0.02, 0.05)),
        ([(0.000, 0.006), (0.002, 0.001), (0.006, 0.002), (0.02, 0.004)], (0.02, None, 0.05)),
        ([(0.008, 0.001)], (None, None, 0.01)),
        # what comes after the first failure does not count
        ([(0.001, 0.001), (0.006, 0.002), (0.001, 0.001), (0.5, 0.1)], (0.01, 0.01, 0.05)),
        ([(0.0, 0.0)] * len(LEVELS), (1.0, 1.0, None)),
    ],
)
def test_the_rule(costs, expected):
    assert find_level([(mean, slack, mean + slack) for mean, slack in costs]) == expected


def test_the_low_end_asks_for_the_upper_end_and_the_high_end_for_the_lower():
    assert find_level([(0.001, 0.001, 0.006), (0.006, 0.002, 0.008)]) == (0.01, None, None)


def _student(lost):
    """Student's t, 19 degrees of freedom, 97.5 %: 2.093024."""
    return np.mean(lost) + 2.093024 * np.std(lost, ddof=1) / math.sqrt(20)


def _flip(count, n_samples):
    return [1 / n_samples] * count + [0.0] * (20 - count)


@pytest.mark.parametrize(
    ("count", "share"),
    # (1 - p)^20 = 0.025 for none; Clopper and Pearson's table at 95 % for 1, 2 and 3 of 20
    [(0, 1 - math.exp(math.log(0.025) / 20)), (1, 0.2487), (2, 0.3170), (3, 0.3789), (20, 1.0)],
)
def test_the_upper_end_of_draws_that_flip_one_sample_or_none(count, share):
    assert find_upper(_flip(count, 12), 12) >= share / 12 - 1e-5
    if count < 3:  # later Student's is the higher
        assert find_upper(_flip(count, 12), 12) == pytest.approx(
            max(share / 12, _student(_flip(count, 12)), count / 240 + 0.168434 / 12), abs=1e-5
        )


@pytest.mark.parametrize("n_samples", [*range(1, 70), 100, 113, 150, 199])
def test_noise_that_costs_the_limit_is_called_tolerated_in_at_most_one_tail(n_samples):
    """Each draw flips one sample with chance p, p/n = LIMIT: the sum over all outcomes, exactly."""
    chance = 0.005 * n_samples
    weights = [math.comb(20, k) * chance**k * (1 - chance) ** (20 - k) for k in range(21)]
    claims = [find_upper(_flip(k, n_samples), n_samples) < 0.005 for k in range(21)]
    rate = sum(weight for weight, claimed in zip(weights, claims, strict=True) if claimed)
    assert rate <= 0.025
    assert any(claims) == (n_samples >= 34)  # 0.168434/34 < 0.005 < 0.168434/33
    if n_samples == 12:  # what Student's interval alone would do: 0.94^20
        assert sum(w for k, w in enumerate(weights) if _student(_flip(k, 12)) < 0.005) > 0.25


@pytest.mark.parametrize("n_samples", [64, 113, 359, 360])
def test_with_samples_enough_students_end_decides_as_before(n_samples):
    rng = np.random.default_rng(0)
    draws = [np.array(_flip(k, 1)) for k in range(21)]
    for scale in (0.1, 0.3, 1, 2, 5):
        draws += list(rng.poisson(scale, (60, 20)))
        draws += list(rng.poisson(scale, (60, 20)) - rng.poisson(scale / 2, (60, 20)))
    decided = [
        (
            find_upper(list(flips / n_samples), n_samples) < 0.005,
            _student(flips / n_samples) < 0.005,
        )
        for flips in draws
    ]
    assert all(new == old for new, old in decided)
    assert {new for new, _ in decided} == {True, False}


def _line(bias):
    """One weight and a bias; the sign of w x + b is the class, so accuracy is geometry."""
    module = torch.nn.Linear(1, 1).double()
    with torch.no_grad():
        module.weight[:] = 1.0
        module.bias[:] = bias
    return module


def _measure(held_out, learning_rate):
    """All inputs are 0, so the loss is b^2/2: one step takes b from 1 to 1 - learning_rate."""
    batches = [(torch.zeros(4, 1).double(), torch.zeros(4))]
    curvature = Curvature(_line(1.0), loss=lambda o, _: o.square().mean() / 2, batches=batches)
    probe = Probe(
        n_steps=1,
        learning_rate=learning_rate,
        weight_decay=0.0,
        lanczos_steps=2,
        n_probes=1,
        seed=0,
    )
    return measure_tolerance(curvature, held_out, probe)


def test_noise_flips_the_samples_that_lie_within_its_reach():
    """All inputs are 0, so only the bias b counts: one step of size 0.5 takes it from 1 to 0.5.

    norm(u_T) = 0.5. The noise has norm 0.5 eps, in two dimensions at a random angle; its share
    along b is 0.5 eps cos(angle) >= -0.5 eps > -0.5. The output 0.5 + noise stays positive for
    every eps < 1, so nothing is ever lost up to 70 %, and nothing up to 100 % but by a tie.
    """
    zeros = torch.zeros(200, 1).double()
    found = _measure((zeros, torch.ones(200, dtype=torch.int64)), 0.5)
    assert found.facts["accuracy_after_descent"] == 1.0
    assert found.quantity.value == found.quantity.low == 1.0
    assert (found.quantity.bound, found.quantity.high) == ("lower", None)
    assert found.warnings[0][0] == "W-TOLERANCE"


def test_few_samples_leave_the_low_end_open_and_are_named():
    zeros = torch.zeros(12, 1).double()
    found = _measure((zeros, torch.ones(12, dtype=torch.int64)), 0.5)
    assert [row[1:] for row in found.facts["readout_noise"]] == [[0.0, 0.0]] * len(LEVELS)
    assert (found.quantity.value, found.quantity.low) == (1.0, None)
    assert found.warnings[1] == (
        "W-TOLERANCE",
        "readout_tolerance is that of 12 held-out samples, each of which is 8.33% of accuracy,"
        " more than the limit of 0.5%",
    )


def test_noise_that_reaches_the_samples_costs_what_geometry_says():
    """Samples x on a grid of 1,000 points in (-5, 5), class 1 where x > -c, c = b/w at the end.

    After one step w = 1 and b = 0.5. Noise (p, q) on (w, b) moves the threshold from -0.5 to
    -(0.5 + q)/(1 + p): the share of the points between is the cost. It is recomputed here from
    the directions themselves.
    """
    points = torch.linspace(-5, 5, 1000).double()[:, None]
    labels = (points[:, 0] + 0.5 > 0).long()
    found = _measure((points, labels), 0.5)
    rows = found.facts["readout_noise"]
    for level, mean, slack in rows:
        lost = []
        for number in range(20):
            direction = np.random.default_rng([0, number]).standard_normal(2)
            p, q = direction / np.linalg.norm(direction) * 0.5 * level
            right = (points[:, 0].numpy() * (1 + p) + 0.5 + q > 0) == (labels.numpy() == 1)
            lost.append(1 - right.mean())
        assert mean == pytest.approx(np.mean(lost), abs=1e-12)
        # Student's t, 19 degrees of freedom, 97.5 %: 2.093024
        half = 2.093024 * np.std(lost, ddof=1) / math.sqrt(20)
        assert slack == pytest.approx(half, rel=1e-6)
    assert found.quantity.value is not None
    assert found.quantity.low <= found.quantity.value < found.quantity.high < 1
    # the scan ends where the cost is certain
    assert rows[-1][1] - rows[-1][2] >= 0.005
    assert len(rows) < len(LEVELS)


def test_it_is_measured_where_the_file_names_no_error(make, store):
    typed, told = make.scenario(make.network()), []
    assert "readout_tolerance" not in measure_scenario(typed, store=store).values
    left = make.scenario(make.network())
    object.__setattr__(left, "defaults", (("error.total", 0.1),))
    found = measure_scenario(left, store=store, progress=lambda *step: told.append(step[0]))
    # the rest comes from the store
    assert set(told) <= {"trajectory", "read-out tolerance"}
    quantity = found.values["readout_tolerance"]
    assert quantity.kind == "measured"
    assert "20 draws" in quantity.method
    assert 0 <= found.details["accuracy_after_descent"] <= 1
