"""Descent along a schedule: runs step by step, what is recorded, what a measurement fits."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from qres.config.record import Schedule
from qres.errors import InputError
from qres.measurement.curvature import Curvature
from qres.measurement.dissipation import describe_dissipation, describe_shares, sum_products
from qres.measurement.measure import check_fits, measure_scenario
from qres.measurement.pipeline import Probe, measure_live
from qres.measurement.progress import keep_silent
from qres.measurement.trajectory import follow_descent
from qres.notation.quantity import Quantity

RATE = 0.1
STEP = Schedule(kind="step", n_steps=8, at=(3, 6), factor=0.2)


class Weights(torch.nn.Module):
    """Two weights whose loss is a quartic."""

    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.tensor([0.7, -0.4], dtype=torch.float64))

    def forward(self, x):
        return self.w


def loss(output, target):
    a, b = output
    return 0.5 * a**2 + 0.4 * b**2 + 0.2 * a * b + 0.3 * a**3 + 0.1 * b**4


def batches():
    return [(torch.zeros(1, 1, dtype=torch.float64), torch.zeros(1))]


def slope(w):
    """The gradient of the loss, by hand."""
    a, b = w
    return np.array([a + 0.2 * b + 0.9 * a**2, 0.8 * b + 0.2 * a + 0.4 * b**3])


def bend(w):
    """Its Hessian, by hand."""
    a, b = w
    return np.array([[1 + 1.8 * a, 0.2], [0.2, 0.8 + 1.2 * b**2]])


def curvature():
    return Curvature(Weights(), loss=loss, batches=batches(), mask=None, weight_decay=0.0)


def test_both_runs_step_by_step():
    """Breaking it means: a step is taken with the rate of another."""
    rates = STEP.rates(RATE)
    found = follow_descent(curvature(), n_steps=8, learning_rate=RATE, rates=rates, degrees=(1,))
    start = np.array([0.7, -0.4])
    true, model = start, np.zeros(2)
    for t, rate in enumerate(rates):
        true = true - rate * slope(true)
        model = model - rate * (slope(start) + bend(start) @ model)
        assert found.path_norms[1][t + 1] == pytest.approx(np.linalg.norm(model), rel=1e-12)
        assert found.distances[t] == pytest.approx(np.linalg.norm(true - start), rel=1e-12)
    assert found.end == pytest.approx(true, rel=1e-12)


def test_one_rate_throughout_is_plain_descent_to_the_last_bit():
    plain = follow_descent(curvature(), n_steps=8, learning_rate=RATE)
    same = follow_descent(curvature(), n_steps=8, learning_rate=RATE, rates=(RATE,) * 8)
    assert (same.path_norms, same.gaps) == (plain.path_norms, plain.gaps)


def probe(**changes):
    keys = {"n_steps": 8, "learning_rate": RATE, "weight_decay": 0.0, "lanczos_steps": 4}
    return Probe(**keys | {"n_probes": 2, "seed": 0} | changes)


def measured(**changes):
    return measure_live(
        Weights(),
        loss=loss,
        batches=batches(),
        mask=None,
        probe=probe(**changes),
        progress=keep_silent,
    )


def test_segments_start_at_their_own_place():
    """Breaking it means: a later segment starts with the first rate again."""
    found = measured(schedule=STEP, segment_steps=3)
    assert found.details["schedule"] == "rate times 0.2 after steps 3, 6"
    (cut,) = [item for item in found.segmentations if item[0].n_steps == 3]
    rates, w = STEP.rates(RATE), np.array([0.7, -0.4])
    for segment in cut:
        own = rates[segment.start_step : segment.start_step + segment.n_steps]
        start, model = w, np.zeros(2)
        for rate in own:
            w = w - rate * slope(w)
            model = model - rate * (slope(start) + bend(start) @ model)
        assert segment.path_norms[1][-1] == pytest.approx(np.linalg.norm(model), rel=1e-10)
        gap = np.linalg.norm(w - start - model)
        assert segment.model_distances[1] == pytest.approx(gap, rel=1e-8, abs=1e-14)
    assert "schedule" not in measured().details


def test_dissipation_of_a_schedule_by_hand():
    """S_T = 1 + g_1 + g_1 g_2 + ...; the margin is that of the worst step."""
    low, high = (Quantity(value=value, kind="measured") for value in (-0.1, 4.0))
    found = describe_dissipation(low, high, learning_rate=0.6, n_steps=3, rates=(0.6, 0.4, 0.1))
    growths = [1.4, 1.04, 1.01]  # |1 - 2.4|, 1 + .04, 1 + .01
    assert found["contraction_margin"].value == pytest.approx(-0.4)
    assert found["growth_sum"].value == pytest.approx(1 + 1.4 + 1.4 * 1.04 + 1.4 * 1.04 * 1.01)
    assert sum_products(growths) == pytest.approx(found["growth_sum"].value)
    assert sum_products([1e200, 1e200]) == math.inf
    keys = {"learning_rate": 0.3, "n_steps": 5}
    plain, same = (describe_dissipation(low, high, **keys, rates=r) for r in ((), (0.3,) * 5))
    for name, quantity in plain.items():
        assert float(same[name]) == pytest.approx(float(quantity), rel=1e-13)


def test_shares_and_proxy_of_a_schedule_by_hand():
    """eta = .5, .1 over eigenvalues 0, 1, 3: products 1; .5, .45; .5, .35."""
    dense = np.diag([0.0, 1.0, 3.0])
    keys = {"learning_rate": 0.5, "n_steps": 2}
    values, facts = describe_shares(dense, np.array([0, 0, 1.0]), **keys, rates=(0.5, 0.1))
    assert facts["proxy"] == pytest.approx([1, 2 / 3, (1 + 0.45 + 0.35) / 3])
    # T-th roots of the products at T: 1, .671, .592; 1 - 1/T = .5
    assert values["dissipative_share"].value == 0
    assert values["neutral_share"].value == pytest.approx(1)
    plain, same = (describe_shares(dense, np.ones(3), **keys, rates=r) for r in ((), (0.5, 0.5)))
    assert same[1]["proxy"] == pytest.approx(plain[1]["proxy"], rel=1e-13)
    assert {n: q.value for n, q in same[0].items()} == {n: q.value for n, q in plain[0].items()}


def test_a_measurement_of_another_schedule_is_refused(make):
    asked = make.algorithm(n_steps=8, learning_rate=RATE)
    other = replace(asked, schedule=STEP)
    plain, stepped = measured(), measured(schedule=STEP)
    check_fits(plain, asked, "here")
    check_fits(stepped, other, "here")
    with pytest.raises(InputError, match=r"with schedule none, algorithm\.schedule is rate times"):
        check_fits(plain, other, "here")
    with pytest.raises(InputError, match=r"algorithm\.schedule is none; measure again"):
        check_fits(stepped, asked, "here")


def test_the_store_tells_schedules_apart(make, store):
    """Breaking it means: one schedule is answered with what was measured along another."""
    network = make.network()
    keys = {"n_steps": 8, "learning_rate": RATE}
    options = [None, STEP, replace(STEP, factor=0.2000001)]
    found = [
        measure_scenario(
            make.scenario(network, replace(make.algorithm(**keys), schedule=option)), store=store
        )
        for option in options
    ]
    assert len({item.update_norms for item in found}) == 3
    again = measure_scenario(
        make.scenario(network, replace(make.algorithm(**keys), schedule=STEP)), store=store
    )
    assert again.to_dict() == found[1].to_dict()
