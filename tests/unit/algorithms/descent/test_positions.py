"""What the solver sees of several segments, and the position that costs least."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from qres.algorithms.base import Choice
from qres.algorithms.carleman_gd import build
from qres.algorithms.descent import positions as lifts
from qres.algorithms.descent.plan import Plan
from qres.algorithms.descent.positions import (
    best_position,
    lift_values,
    positions,
    segment_lifts,
    stretches,
)
from qres.algorithms.descent.segmentation import Segmentation
from qres.config.record import ErrorTarget
from qres.errors import InfeasibleError
from qres.explore.budget import even_split
from qres.logical.formulas import count_stages, total
from qres.measurement.given import take_given
from qres.measurement.record import Segment
from qres.notation.quantity import Quantity
from qres.staircase import load


def segment(steps, low, high, length, t3=1.0):
    numbers = {"lambda_min": low, "lambda_max": high, "grad_norm": 0.5, "t3_frobenius": t3}
    path = tuple(length * t / steps for t in range(steps + 1))
    return Segment(
        start_step=0,
        n_steps=steps,
        values={name: Quantity(value=value) for name, value in numbers.items()},
        path_norms={1: path, 2: path},
        model_distances={},
    )


CUT = Segmentation(
    segments=(segment(3, -1.0, 2.0, 0.4), segment(2, 0.0, 4.0, 0.2), segment(4, 1.0, 2.0, 0.1)),
    learning_rate=0.1,
    distance=0.5,
)


def plan_of(cut=CUT, degree=1, order=1, **changes):
    maps = dict.fromkeys(range(1, order + 1), 0.0)
    known = {"eps_model": 0.0, "eps_truncation": 0.0, "eps_map": maps, "keeps": True}
    return Plan(degree=degree, cut=cut, truncation_order=order, **known | changes)


def dense_inverse(growth, steps, padding):
    """Norm of the inverse of the history matrix of one eigenvalue."""
    size = steps + padding + 1
    below = [growth] * steps + [1.0] * padding
    return np.linalg.norm(np.linalg.inv(np.eye(size) - np.diag(below, -1)), 2)


def test_the_worst_segment_of_degree_one_by_hand():
    """g = 1.1 over 3 steps, 1.0 over 2, 0.9 over 4; two idle rows."""
    found = lift_values(plan_of(), (1, 1.0, 2))
    bounds = [
        1 + 1.1 + 1.21 + 1.331 + 2 * 1.331,
        3 + 2,
        1 + 0.9 + 0.81 + 0.729 + 0.6561 + 2 * 1,
    ]
    assert found["inverse_norm"].value == pytest.approx(max(bounds))
    for growth, steps, bound in zip((1.1, 1.0, 0.9), (3, 2, 4), bounds, strict=True):
        assert dense_inverse(growth, steps, 2) <= bound
    probs = []
    for item in CUT.segments:
        z = np.square(item.path_norms[1])
        probs.append(3 * z[-1] / (z[:-1].sum() + 3 * z[-1]))
    assert found["success_prob"].value == pytest.approx(min(probs))
    # xi = bound * eta grad sqrt(T) / norm(x); the forcing is 0.05 a step
    xi = []
    for item, bound in zip(CUT.segments, bounds, strict=True):
        z = np.square(item.path_norms[1])
        xi.append(bound * 0.05 * math.sqrt(item.n_steps) / math.sqrt(z[:-1].sum() + 3 * z[-1]))
    assert found["xi"].value == pytest.approx(max(xi))
    assert found["inverse_norm"].bound == "upper"
    assert "largest of 3 segments" in found["inverse_norm"].method


def test_a_probability_that_is_not_certified_is_the_exact_one_and_says_so():
    certified = lift_values(plan_of(degree=2, order=3), (3, 0.4, 0))["success_prob"]
    plain = lift_values(plan_of(degree=2, order=3, is_certified=False), (3, 0.4, 0))["success_prob"]
    assert certified.value < plain.value
    assert (certified.kind, plain.kind) == ("measured", "assumed")
    assert "not certified" in plain.method
    # so strong a nonlinearity leaves no lower bound, whatever the plan promises
    strong = replace(CUT, segments=(segment(6, -1.0, 2.0, 0.4, t3=200.0),))
    nothing = lift_values(plan_of(strong, degree=2, order=2), (2, 0.4, 0))["success_prob"]
    assert nothing.kind == "assumed"
    assert "not certified" in nothing.method


def test_steps_that_stretch_beyond_any_number_are_infeasible():
    steep = replace(CUT, segments=(segment(400, -100.0, 2.0, 1.0),))
    with pytest.raises(InfeasibleError, match="grows beyond any number within a segment"):
        lift_values(plan_of(steep), (1, 1.0, 0))
    with pytest.raises(InfeasibleError, match="at every rescaling"):
        best_position(plan_of(steep), [(1, 1.0, 0)], lambda position: 1.0)


def least_cost(weights, power):
    """Least sum of eps_s^-power under sum w_s eps_s = 1, on a fine simplex of error parts."""
    parts = np.linspace(0, 1, 401)[1:-1]
    first, second = np.meshgrid(parts, parts)
    third = 1 - first - second
    is_inside = third > 1e-9
    costs = sum(
        (part[is_inside] / w) ** -power
        for part, w in zip((first, second, third), weights, strict=True)
    )
    return float(costs.min())


def test_stretches_are_the_least_cost_of_all_splits():
    """K read-outs at error E / stretch each cost what the best split over the segments costs."""
    found = stretches(plan_of(), (1, 1.0, 0))
    weights = CUT.shares([0.0] * 3, 1)
    # Lambda = 1 * 0.9^4, 0.9^4, 1; parts 0.4, 0.2, 0.1 of 0.5
    assert weights == pytest.approx([0.6561 * 0.8, 0.6561 * 0.4, 0.2])
    assert found["stretch"] == pytest.approx(sum(weights))
    assert 3 * found["coherent"] == pytest.approx(least_cost(weights, 1), rel=1e-3)
    assert 3 * found["sampling"] ** 2 == pytest.approx(least_cost(weights, 2), rel=1e-3)
    # never above an even split, by the inequality of the means
    assert max(found["coherent"], found["sampling"]) <= found["stretch"]


def test_the_certificate_adds_to_what_a_segment_moves():
    lift = segment_lifts(plan_of(degree=2, order=3), (2, 0.4, 0))
    errors = [item.e_final for item in lift]
    found = stretches(plan_of(degree=2, order=3), (2, 0.4, 0))
    expected = sum(
        weight * (length + error) / 0.5
        for weight, length, error in zip(CUT.weights, (0.4, 0.2, 0.1), errors, strict=True)
    )
    assert found["stretch"] == pytest.approx(expected)
    assert found["stretch"] > stretches(plan_of(), (1, 1.0, 0))["stretch"]


def test_the_positions_are_maps_rescalings_and_paddings():
    plan = plan_of(degree=2, order=3, eps_map={2: 0.1, 3: 0.0})
    found = positions(plan, [0, 4], "auto")
    assert len(found) == len(set(found)) == 2 * 9 * 2
    gammas = sorted({gamma for _, gamma, _ in found})
    assert gammas == pytest.approx([0.4 * 2 ** (k / 2) for k in range(-4, 5)])
    assert positions(plan, [1], 0.3) == [(2, 0.3, 1), (3, 0.3, 1)]


GIVEN = {"n_params": 1000, "n_active": 100, "sparsity": 10, "max_entry": 0.2, "lambda_max": 1.0}
GIVEN |= {"frobenius_norm": 2.0, "lambda_min": -0.1, "grad_norm": 0.15, "eps_model": 0.001}
GIVEN |= {"update_norms": [0.007 * t for t in range(21)], "n_samples": 50, "t3_frobenius": 0.4}
KEYS = {"name": "carleman-gd", "n_steps": 20, "learning_rate": 0.05, "degree": 2}
ERROR = ErrorTarget(total=0.1, fail_prob=0.05, target="weights")


def test_the_position_taken_is_no_worse_than_any_other():
    # thirty steps, so that without idle rows the last of them is found too seldom
    long = replace(CUT, segments=(segment(30, 0.0, 2.0, 0.4),))
    plan = plan_of(long, degree=2, order=3)
    options = positions(plan, [0, 5, 30], "auto")

    def alpha(position):
        """The normalisation of the lift by its definition: alpha of F_0, F_1, F_2 are 0.5, 4, 0.5."""
        m, gamma, _ = position
        a = 0.1 * (0.5 / gamma + 4.0 + 0.5 * gamma)
        return 1 + sum(math.comb(3, i) * a**i for i in range(m + 1))

    def cost(position):
        found = lift_values(plan, position)
        kappa = alpha(position) * found["inverse_norm"].value
        return position[0] * kappa / math.sqrt(found["success_prob"].value)

    best = best_position(plan, options, alpha)
    assert best in options
    assert all(cost(best) <= cost(option) for option in options)
    assert cost(best) < cost(options[0])
    assert best[2] > 0
    typed = [option for option in options if option[0] == 1]
    assert best_position(plan, typed, alpha) in typed


def gates(position, keys, measurement, parameters):
    map_order, rescaling, padding = position
    choice = Choice(
        encoding="frobenius",
        solver="shortcut-known-norm",
        padding=padding,
        degree=2,
        segment_steps=20,
        truncation_order=keys["truncation_order"],
        map_order=map_order,
        rescaling=rescaling,
    )
    job = build(parameters, measurement, ERROR, choice)
    job = job.with_budget(even_split(job, total=0.1, fail_prob=0.05))
    numbers = job.evaluate()
    return float(total(count_stages(job, numbers), numbers).magic_states)


def test_the_position_is_near_the_cheapest_of_the_whole_count():
    """The search leaves logarithms out, so that a few per cent is what it may miss."""
    keys = KEYS | {"truncation_order": 3, "encoding": "frobenius", "solver": "shortcut-known-norm"}
    scenario = load({"model": {"given": GIVEN}, "algorithm": keys})
    measurement = take_given(scenario.model, scenario.algorithm)
    from qres.algorithms.carleman_gd import candidates

    (taken,) = {
        (item.map_order, item.rescaling, item.padding)
        for item in candidates(scenario.algorithm, measurement, ERROR)
    }
    grid = itertools.product((1, 2, 3), [0.14 * 2 ** (k / 2) for k in (-2, 0, 2)], (0, 4, 20))
    found = gates(taken, keys, measurement, scenario.algorithm)
    others = [gates(position, keys, measurement, scenario.algorithm) for position in grid]
    assert found <= 1.2 * min(others)
    assert found < max(others) / 2


def test_lifts_are_described_once(monkeypatch):
    lifts._describe.cache_clear()
    plan = plan_of(degree=2, order=2)
    segment_lifts(plan, (2, 0.4, 0))
    before = lifts._describe.cache_info().misses
    segment_lifts(plan, (2, 0.4, 0))
    assert lifts._describe.cache_info().misses == before == 3
