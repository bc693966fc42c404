"""Laws of the lift's bounds: monotone in what they are fed, exact where an exact twin exists."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qres.algorithms.carleman import history, majorant
from qres.algorithms.carleman.certificate import LinearPart, bound_step, certify, map_bounds
from qres.algorithms.carleman.describe import describe_lift, split_error
from qres.algorithms.carleman.momentum import propagator_norms
from qres.algorithms.carleman.recurrence import power_coefficients, scan_affine
from qres.algorithms.lift import history_definitions
from qres.errors import HypothesisError, InputError

FIXED = settings(derandomize=True, deadline=None, database=None, max_examples=25)
SLACK = 1 + 1e-9

coefficients = st.lists(st.floats(0, 0.5), min_size=3, max_size=4)
growths = st.floats(0.5, 1.2)
paths = st.lists(st.floats(0, 1), min_size=3, max_size=12)


def plain_bound(phi, x, order, n_steps):
    """The recursion of the majorant as it is printed, one step and one term at a time."""
    table = [[1.0]]
    for _ in range(order):
        row = [0.0] * (len(table[-1]) + len(phi) - 1)
        for i, a in enumerate(table[-1]):
            for k, g in enumerate(phi):
                row[i + k] += a * g
        table.append(row)
    d = [0.0] * (order + 1)
    for _ in range(n_steps):
        after = [0.0] * (order + 1)
        for j in range(1, order + 1):
            for k, c in enumerate(table[j]):
                after[j] += c * (d[k] if k <= order else x**k)
        d, x = after, sum(g * x**k for k, g in enumerate(phi))
    return d[1]


# ------------------------------------------------------------------ the majorant


@FIXED
@given(coefficients, growths, st.floats(0, 0.5), st.integers(1, 6), st.integers(0, 12))
def test_the_bound_is_the_printed_recursion(nonlinear, growth, x0, order, n_steps):
    phi = [nonlinear[0] / 10, growth, *(g / 5 for g in nonlinear[1:])]
    expected = plain_bound(phi, x0, order, n_steps)
    found = majorant.truncation_bound(phi, x0, order, n_steps)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("phi", [(1e-5, 1.0, 0.002), (2e-6, 0.9999, 1e-3), (0, 1.0005, 0, 1e-9)])
def test_ten_thousand_steps_are_still_the_recursion(phi):
    x0, n_steps = (0.0 if phi[0] else 1e-3), 10_000
    expected = plain_bound(phi, x0, 6, n_steps)
    assert 0 < expected < math.inf
    assert majorant.truncation_bound(phi, x0, 6, n_steps) == pytest.approx(expected, rel=1e-9)


@FIXED
@given(coefficients, growths, st.floats(0, 0.5), st.integers(1, 5), st.integers(1, 12), st.data())
def test_the_bound_rises_with_every_coefficient_and_falls_with_the_order(
    nonlinear, growth, x0, order, n_steps, data
):
    phi = [nonlinear[0] / 10, growth, *(g / 5 for g in nonlinear[1:])]
    found = majorant.truncation_bound(phi, x0, order, n_steps)
    assert majorant.truncation_bound(phi, x0, order + 1, n_steps) <= found * SLACK
    assert majorant.truncation_bound(phi, x0 + 0.1, order, n_steps) >= found / SLACK
    k = data.draw(st.integers(0, len(phi) - 1))
    larger = [g + 0.05 * (i == k) for i, g in enumerate(phi)]
    assert majorant.truncation_bound(larger, x0, order, n_steps) >= found / SLACK


@FIXED
@given(st.lists(st.floats(0, 0.3), min_size=1, max_size=2), st.floats(0.5, 1.1), st.integers(1, 6))
def test_the_closed_form_is_above_the_recursion(nonlinear, growth, order):
    phi = [0.0, growth, *nonlinear]
    for n_steps in (1, 3, 10):
        if majorant.finite_horizon_ratio(phi, 0.5, n_steps) < 1:
            closed = majorant.closed_bound(phi, 0.5, order, n_steps)
            exact = majorant.truncation_bound(phi, 0.5, order, n_steps)
            assert exact <= closed * SLACK + 1e-300


@pytest.mark.parametrize(
    ("phi", "n_steps", "order", "factor"),
    [
        ((1e-5, 1.0, 0.002), 15_000, 6, 1.2),
        ((2e-6, 0.9999, 1e-3), 30_000, 4, 1.2),
        ((1e-7, 1.0002, 1e-4), 30_000, 3, 1.3),
        ((1e-4, 1.01, 1e-6), 900, 2, 1.3),
        # a step climbs further than a window may: all of it is done step by step
        ((0.01, 1.3, 0.001), 20, 3, 1 + 1e-9),
    ],
)
def test_windows_are_above_the_recursion_and_close(monkeypatch, phi, n_steps, order, factor):
    exact = majorant.truncation_curve(phi, 0.0, order, n_steps)[-1]
    monkeypatch.setattr(majorant, "EXACT_STEPS", 0)
    found = majorant.truncation_bound(phi, 0.0, order, n_steps)
    assert exact / SLACK <= found <= exact * factor


def test_the_majorant_stays_below_the_ceiling_of_its_window():
    """n max(phi(x) - x, phi(X) - X) <= X - x; with the first alone, x_20 is above X here."""
    lift = majorant.ScalarLift.build((0.0, 1.0, 0.1), 2)
    ceiling, length = majorant._window(lift, 1e-3, 10**6)
    assert 15 < length < 21
    assert lift.follow(1e-3, length)[-1] <= ceiling
    assert lift.follow(1e-3, 20)[-1] > ceiling
    for x in np.geomspace(1e-4, 10, 50):
        ceiling, length = majorant._window(lift, float(x), 10**4)
        assert lift.follow(float(x), length)[-1] <= ceiling * (1 + 1e-14)


def test_a_fixed_point_is_one_window():
    """phi(x) = 1/100 + .98 x + x^2/1000 settles, and so do the errors: d = (I - A)^-1 s."""
    phi = (0.01, 0.98, 0.001)
    x = min(np.roots([phi[2], phi[1] - 1, phi[0]]).real)
    table = power_coefficients(np.array(phi), 3)
    sources = [sum(table[j, k] * x**k for k in range(4, 7)) for j in (1, 2, 3)]
    limit = np.linalg.solve(np.eye(3) - table[1:, 1:4], sources)[0]
    found = majorant.truncation_bound(phi, 0.0, 3, 1_000_000)
    assert found == pytest.approx(limit, rel=1e-9)


def test_what_overflows_is_infinite():
    assert majorant.truncation_bound((1e-6, 1.001, 1e-3), 0.0, 6, 1_000_000) == math.inf
    assert majorant.truncation_bound((0.1, 1e200, 1e200), 0.0, 2, 3) == math.inf
    curve = majorant.truncation_curve((0.1, 1.5, 1), 0.0, 3, 50)
    first = int(np.argmax(np.isinf(curve)))
    assert 0 < first < 20
    assert np.isfinite(curve[:first]).all()
    assert np.isinf(curve[first:]).all()


@FIXED
@given(coefficients, growths, st.floats(0, 0.5), st.integers(1, 4), st.floats(1e-8, 1))
def test_segments_are_the_longest(nonlinear, growth, x0, order, tolerance):
    phi = [nonlinear[0] / 10, growth, *(g / 5 for g in nonlinear[1:])]
    curve = majorant.truncation_curve(phi, x0, order, 40)
    longest = max(t for t in range(41) if curve[t] <= tolerance)
    assert majorant.segment_steps(phi, x0, order, tolerance, 40) == longest


def test_a_dissipative_segment_may_pass_again_after_failing():
    """g_1 < 1 without forcing: E_2 rises to its top and falls, so the scan must not stop."""
    phi = (0, 0.9, 0.03)
    curve = majorant.truncation_curve(phi, 1.0, 2, 400)
    tolerance = curve.max() / 2
    assert curve[1] < tolerance
    assert majorant.segment_steps(phi, 1.0, 2, tolerance, 400) == 400
    early = int(np.flatnonzero(curve > tolerance)[0]) + 1
    assert majorant.segment_steps(phi, 1.0, 2, tolerance, early) == early - 2


@pytest.mark.parametrize(
    ("phi", "x0", "order", "n_steps", "message"),
    [
        ((0.1, -0.1), 0, 1, 1, "phi is a list of numbers >= 0"),
        ((0.1, math.nan), 0, 1, 1, "phi is a list of numbers >= 0"),
        ((0.1, 1), -1, 1, 1, "x0 must be >= 0"),
        ((0.1, 1), math.nan, 1, 1, "x0 must be >= 0"),
        ((0.1, 1), 0, 0, 1, "truncation_order must be >= 1"),
        ((0.1, 1), 0, 1, -1, "steps must be whole and >= 0"),
    ],
)
def test_a_bad_majorant_is_refused(phi, x0, order, n_steps, message):
    with pytest.raises(InputError, match=message):
        majorant.truncation_bound(phi, x0, order, n_steps)


# ------------------------------------------------------------------ the certificate


@FIXED
@given(coefficients, paths, st.integers(1, 5), st.data())
def test_the_certificate_rises_with_every_norm(norms, path, order, data):
    m = data.draw(st.integers(1, order))
    found = certify(map_bounds(0.1, -0.4, 5.0, norms, order, m), path)
    k = data.draw(st.sampled_from([k for k in range(len(norms)) if k != 1]))
    larger = [f + 0.2 * (i == k) for i, f in enumerate(norms)]
    assert (certify(map_bounds(0.1, -0.4, 5.0, larger, order, m), path) >= found / SLACK).all()
    longer = [x + 0.1 for x in path]
    assert (certify(map_bounds(0.1, -0.4, 5.0, norms, order, m), longer) >= found / SLACK).all()
    wider = certify(map_bounds(0.1, -0.6, 7.0, norms, order, order), path)
    assert (wider >= certify(map_bounds(0.1, -0.4, 5.0, norms, order, order), path) / SLACK).all()


@FIXED
@given(coefficients, st.floats(-1, 15), st.floats(0, 0.5), st.integers(1, 6), st.integers(1, 12))
def test_the_certificate_of_the_exact_map_is_below_the_majorant(
    norms, eigenvalue, x0, order, n_steps
):
    """One parameter: along the true path, or any path below the majorant's."""
    growth = abs(1 - 0.1 * eigenvalue)
    phi = [0.1 * norms[0], growth, *(0.1 * f for f in norms[2:])]
    path = [x0]
    for _ in range(n_steps):
        path.append(sum(g * path[-1] ** k for k, g in enumerate(phi)))
    step = map_bounds(0.1, eigenvalue, eigenvalue, norms, order, order)
    along_majorant = certify(step, path)[-1, 0]
    bound = majorant.truncation_bound(phi, x0, order, n_steps)
    assert along_majorant == pytest.approx(bound, rel=1e-9, abs=1e-300)
    lower = certify(step, [0.8 * x for x in path])[-1, 0]
    assert lower <= bound * SLACK


def test_injective_norms_enter_only_what_is_left_out():
    linear = LinearPart(learning_rate=0.1, lambda_min=0.5, lambda_max=4.0)
    outer, inner = (0.3, 0, 0.8), (0.3, 0, 0.5)
    mixed = bound_step(linear, outer, 3, 2, norms_injective=inner)
    assert (mixed.m_hat == bound_step(linear, outer, 3, 2).m_hat).all()
    assert (mixed.residual == bound_step(linear, inner, 3, 2).residual).all()
    path = np.full(9, 0.7)
    assert (certify(mixed, path) <= certify(bound_step(linear, outer, 3, 2), path)).all()


def test_a_certificate_stays_infinite_once_it_overflows():
    path = np.r_[np.ones(5), 1e160, np.ones(5)]
    errors = certify(map_bounds(0.1, 1, 1, (0.3, 0, 0.4), 3, 3), path)
    assert np.isfinite(errors[:6]).all()
    assert np.isinf(errors[6:]).all()


@pytest.mark.parametrize("path", [[], [-0.1, 0.2], [0.1, math.nan], [math.inf], [[0.1]]])
def test_a_bad_path_is_refused(path):
    with pytest.raises(InputError, match="finite norms >= 0"):
        certify(map_bounds(0.1, 1, 1, (0.3, 0, 0.4), 3, 3), path)


def test_bad_orders_and_norms_are_refused():
    with pytest.raises(InputError, match="1 <= map_order <= truncation_order"):
        map_bounds(0.1, 1, 1, (0.3, 0, 0.4), 2, 3)
    with pytest.raises(InputError, match="finite and >= 0"):
        map_bounds(0.1, 1, 1, (0.3, 0, math.nan), 2, 2)
    block = LinearPart(learning_rate=0.1, lambda_min=1, lambda_max=1, block_norm=1.1)
    with pytest.raises(HypothesisError, match="not symmetric"):
        bound_step(block, (0.3, 0, 0.4), 3, 2)


def test_affine_steps_in_blocks_are_the_loop():
    rng = np.random.default_rng(3)
    matrix, sources = rng.random((4, 4)) / 2, rng.random((1000, 4))
    d = start = rng.random(4)
    found = scan_affine(matrix * 0.9, sources, start)
    for t in range(1000):
        d = matrix * 0.9 @ d + sources[t]
        assert found[t + 1] == pytest.approx(d, rel=1e-12)


def test_a_power_may_overflow_where_the_recurrence_does_not():
    """d_2 doubles from nothing: it stays 0 although 2^t is beyond any number."""
    matrix, sources = np.diag([0.5, 4.0]), np.tile([1.0, 0.0], (1500, 1))
    found = scan_affine(matrix, sources)
    assert found[-1] == pytest.approx([2.0, 0.0], rel=1e-14)


# ------------------------------------------------------------------ the history matrix


@FIXED
@given(st.floats(0, 1.3), st.integers(0, 40), st.integers(0, 30))
def test_one_block_is_the_closed_form(growth, n_steps, padding):
    closed = next(item for item in history_definitions("x") if item[0] == "inverse_norm")[1]
    expected = closed(growth=growth, segment_steps=n_steps, padding=padding)
    found = history.linv_bound([[growth]], n_steps, padding)
    assert found == pytest.approx(expected, rel=1e-12)


@FIXED
@given(st.integers(0, 9), st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_the_windows_of_the_inverse_are_those_of_the_definition(n_steps, padding, seed):
    m_hat = np.random.default_rng(seed).random((3, 3)) / 2
    norms = [np.linalg.norm(np.linalg.matrix_power(m_hat, k), 2) for k in range(n_steps + 1)]
    expected = sum(
        max(norms[max(0, d - padding) : min(d, n_steps) + 1]) for d in range(n_steps + padding + 1)
    )
    assert history.linv_bound(m_hat, n_steps, padding) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "step",
    [
        map_bounds(0.1, 0.5, 1.0, (0.05, 0, 0.1, 0.1), 4, 4),
        map_bounds(0.1, 0.01, 1.0, (0, 0, 0.02, 0.01), 6, 6),
        map_bounds(0.1, 1.0, 7.0, (0.01, 0, 0.02), 3, 2),
    ],
)
@pytest.mark.parametrize("padding", [0, 700])
def test_long_histories_are_bounded_from_above_and_closely(step, padding):
    matrix, power, norms = step.map_bounds, np.eye(len(step.map_bounds)), []
    for _ in range(6001):
        norms.append(np.linalg.norm(power, 2))
        power = power @ matrix
    exact = history.sum_of_windows(np.array(norms), padding)
    found = history.linv_bound(matrix, 6000, padding)
    assert exact / SLACK <= found <= 1.05 * exact
    # every norm on its own, too
    assert (history.power_norms(matrix, 6000) >= np.array(norms) / SLACK).all()


def test_a_growing_history_is_infinite_not_wrong():
    assert history.linv_bound([[1.5, 0.1], [0.2, 1.5]], 5000, 3) == math.inf
    assert history.linv_bound([[1.5]], 5000, 3) == math.inf


def test_a_list_of_block_bounds_is_a_diagonal():
    found = history.LINV_BOUND(m_hat=[0.5, 1.1], n_steps=4, padding=2)
    assert found == history.LINV_BOUND(m_hat=[[0.5, 0], [0, 1.1]], n_steps=4, padding=2)
    with pytest.raises(InputError, match="a list of numbers or a square matrix"):
        history.LINV_BOUND(m_hat=[[0.5, 0, 1]], n_steps=4, padding=2)


@pytest.mark.parametrize("m_hat", [[[0.5, -0.1], [0, 1]], [[math.nan]], np.ones((2, 3))])
def test_bad_block_bounds_are_refused(m_hat):
    with pytest.raises(InputError, match="square matrix of numbers >= 0"):
        history.linv_bound(m_hat, 3, 1)


def linear_lift(padding):
    path = 0.05 * np.arange(21.0)
    point = {
        "learning_rate": 0.05,
        "lambda_max": 10.0,
        "lambda_min": -0.5,
        "segment_steps": 20,
        "padding": padding,
        "grad_norm": 1.5,
        "alpha_matrix": 20.0,
        "update_norm": path[-1],
        "path_energy": float((path[:-1] ** 2).sum()),
    }
    found = describe_lift(
        learning_rate=0.05,
        lambda_min=-0.5,
        lambda_max=10.0,
        norms_unfolding=(1.5,),
        norms_injective=(1.5,),
        path=path,
        truncation_order=1,
        map_order=1,
        rescaling=1.0,
        padding=padding,
    )
    return found, point


@pytest.mark.parametrize("padding", [0, 4, 20])
def test_degree_one_is_the_closed_forms(padding):
    found, point = linear_lift(padding)
    for symbol, formula in history_definitions("x"):
        point[symbol] = formula(**{name: point[name] for name in formula.inputs})
    pairs = {"linv": "inverse_norm", "history_norm": "history_norm", "xi": "xi"}
    pairs |= {"growth": "growth", "success_prob": "success_prob", "source_norm": "source_norm"}
    for ours, closed in pairs.items():
        assert getattr(found, ours) == pytest.approx(point[closed], rel=1e-13), ours
    errors = (found.e_final, found.truncation_apriori, found.eps_truncation, found.eps_map)
    assert errors == (0, 0, 0, 0)
    assert found.success_prob_low == pytest.approx(found.success_prob, rel=1e-14)


def test_a_start_that_is_not_zero_joins_the_right_hand_side():
    """N = 2, m = 1, T = 3, beta = .2, x_0 = .5: 3 (.04) + .25 + .0625 = .4325."""
    found = history.source_norm(0.2, 0.5, 2, 1, 3)
    assert found == pytest.approx(math.sqrt(0.4325), rel=1e-14)


def test_the_parts_of_an_error_add_up():
    assert split_error(5.0, 3.0) == (3.0, 2.0)
    assert split_error(2.0, 3.0) == (2.0, 0.0)
    assert split_error(math.inf, 3.0) == (3.0, math.inf)
    assert split_error(math.inf, math.inf) == (math.inf, math.inf)


@pytest.mark.parametrize("rescaling", [0.0, -1.0, math.nan, math.inf])
def test_a_bad_rescaling_is_refused(rescaling):
    with pytest.raises(InputError, match="rescaling must be > 0"):
        describe_lift(
            learning_rate=0.1,
            lambda_min=1.0,
            lambda_max=1.0,
            norms_unfolding=(0.3, 0, 0.4),
            norms_injective=(0.3, 0, 0.4),
            path=[0.0, 0.1],
            truncation_order=2,
            map_order=2,
            rescaling=rescaling,
            padding=0,
        )


def test_momentum_without_velocity_is_plain_descent():
    eigenvalues = [-0.3, 0.5, 25.0]
    plain = propagator_norms(eigenvalues, 0.1, 60)
    assert plain == pytest.approx(1.5 ** np.arange(61.0), rel=1e-12)
    assert propagator_norms(eigenvalues, 0.1, 60, 0.0, 1e-9) == pytest.approx(plain, rel=1e-9)
    with pytest.raises(InputError, match="velocity_scale must be > 0"):
        propagator_norms(eigenvalues, 0.1, 60, 0.5, 0.0)
    overflown = propagator_norms([-60.0], 0.1, 2000, 0.5, 0.1)
    first = int(np.argmax(np.isinf(overflown)))
    assert 100 < first < 1000
    assert np.isinf(overflown[first:]).all()
