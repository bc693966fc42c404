"""What is chosen meets its bound, and nothing that is preferred to it does."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qres.algorithms.carleman.certificate import LinearPart
from qres.algorithms.carleman.choose import (
    Dynamics,
    best_rescaling,
    choose_order,
    error_curves,
    longest_segment,
)
from qres.errors import InputError, QresError


def dynamics_of(n_steps=20, norms=(0.3, 0.0, 0.4), **linear):
    """The printed one-parameter system."""
    u, path = 0.0, [0.0]
    for _ in range(n_steps):
        u += 0.1 * (-norms[0] - u - (norms[2] if len(norms) > 2 else 0) * u * u)
        path.append(abs(u))
    part = LinearPart(learning_rate=0.1, lambda_min=1.0, lambda_max=1.0, **linear)
    return Dynamics(part, norms, norms, tuple(path))


def test_the_smallest_order_then_the_smallest_map_order_is_chosen():
    """Errors at m = N: 1.8e-2, 9.7e-4, 4.9e-5, 2.4e-6; at N = 3: m = 2 gives 9.1e-5."""
    found = choose_order(dynamics_of(), 1e-3)
    assert (found.truncation_order, found.map_order) == (2, 2)
    found = choose_order(dynamics_of(), 1e-4)
    assert (found.truncation_order, found.map_order) == (3, 2)
    assert found.bound == pytest.approx(9.1045756e-5, rel=1e-7)
    found = choose_order(dynamics_of(), 1e-4, policy="exact")
    assert (found.truncation_order, found.map_order) == (3, 3)
    found = choose_order(dynamics_of(), 5e-3, policy=1)
    assert (found.truncation_order, found.map_order) == (3, 1)
    assert choose_order(dynamics_of(), 1e-4, policy="first-order") is None
    assert choose_order(dynamics_of(), 1e-4, max_order=2) is None


def test_what_is_chosen_meets_its_tolerance_and_nothing_smaller_does():
    system = dynamics_of()
    for tolerance in np.geomspace(1e-6, 1e-1, 11):
        found = choose_order(system, tolerance)
        if found is None:
            continue
        assert found.bound <= tolerance
        for order in range(1, found.truncation_order + 1):
            for m in range(1, order + 1):
                if (order, m) < (found.truncation_order, found.map_order):
                    assert min(curve[-1] for curve in error_curves(system, order, m)) > tolerance


def test_degree_one_needs_one_order():
    found = choose_order(dynamics_of(norms=(0.3,)), 0.0)
    assert (found.truncation_order, found.map_order, found.bound) == (1, 1, 0)


def test_momentum_is_only_offered_the_exact_map():
    found = choose_order(dynamics_of(block_norm=1.0, step_scale=0.1), 1e-2)
    assert found.map_order == found.truncation_order
    assert choose_order(dynamics_of(block_norm=1.0), 1e-9, policy="first-order") is None


def test_the_longest_segment_meets_its_tolerance_and_no_longer_one_does():
    system, tolerance = dynamics_of(), np.full(21, 1e-9)
    assert choose_order(system, 1e-9) is None
    found = longest_segment(system, tolerance)
    assert 1 < found.n_steps < 20
    assert found.bound <= 1e-9
    for order in range(1, 7):
        for m in range(1, order + 1):
            smaller = np.minimum(*error_curves(system, order, m))
            assert (smaller[found.n_steps + 1 :] > 1e-9).all()
    assert longest_segment(system, np.full(21, -1.0)) is None
    with pytest.raises(InputError, match="needs 21 tolerances"):
        longest_segment(system, [1.0])


def test_the_rescaling_found_is_the_minimum_and_never_worse_than_the_grid():
    def cost(gamma):
        return gamma + 0.09 / gamma

    assert best_rescaling(cost, 1.0) == pytest.approx(0.3, rel=1e-4)
    assert best_rescaling(lambda gamma: math.inf, 0.4) == 0.4

    def jagged(gamma):
        return 1 + math.sin(40 * math.log(gamma)) ** 2 + abs(math.log(gamma))

    found = jagged(best_rescaling(jagged, 0.7))
    assert all(found <= jagged(0.7 * 2.0**k) for k in range(-6, 7))


def test_a_cost_that_is_no_number_is_a_bug():
    with pytest.raises(QresError, match="NaN"):
        best_rescaling(lambda gamma: math.nan, 0.4)
    with pytest.raises(InputError, match="starts above 0"):
        best_rescaling(lambda gamma: 1.0, 0.0)
