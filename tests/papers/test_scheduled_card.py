"""A learning-rate schedule: card by hand, dense sums of unitaries, norms of the system, its law.

Section numbers: the derivation of the training pipeline, 12 and 14a.
"""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import pytest

import qres
from qres.algorithms.lifted import lifted_matrix
from qres.algorithms.rules.scheduled_history import scheduled_matrix, scheduled_vector
from qres.notation.compiled import compile_exact
from qres.notation.symbols import symbol

RATE, STEPS, PADDING = 0.2, 7, 3
SCHEDULES = {
    "step": {"kind": "step", "at": [3, 5], "factor": 0.3},
    "cosine": {"kind": "cosine", "final": 0.1},
    "rising": {"kind": "step", "at": [2], "factor": 1.5},
    "same": {"kind": "step", "at": [2], "factor": 1},
}


def put_in(expression, values):
    free = sorted(str(item) for item in expression.free_symbols)
    letters = tuple(symbol(name) for name in free)
    return compile_exact(letters, expression)(*(values[name] for name in free))


# ------------------------------------------------------------------ the card by hand

CARD = {"dim": 6, "index_bits": 3, "segment_steps": 5, "step_bits": 3, "time_bits": 4}
CARD |= {"block_limit": 63, "matrix_bits": 12, "rhs_bits": 12}
CARD |= {"truncation_order": 3, "map_order": 2}
"""r = 6 (n = 3), T = p = 5 (11 rows, tau = 4); above degree 1 N = 3, m = 2."""


def test_one_factor_by_hand():
    """5 entries of 12 bits under one control: 5-2+1; erased by pairs, 3+2-4+1; one addition."""
    rates = 4 + 2 + 11
    # F_1 under one control, rows of 6: 6-2+1, by pairs 3+2-4+1; 12: 12-2+1, by fours 3+4-4+1; 24:
    # 24-2+1, by fours 6+4-4+1. Norms 1: 0, 0. 2: 1, 0. 4: 3, by pairs 2+2-4+1. Three swaps.
    rows, norms = (5 + 2) + (11 + 4) + (23 + 7) + 3 * 11, (1 + 0) + (3 + 1) + 3 * 11
    part = scheduled_matrix("frobenius", 1)
    # who acts 1, where 4, shift 3
    assert put_in(part.toffoli(0), CARD) == rows + norms + 3 + rates + 8
    assert qres.formula("schedule.toffoli")(segment_steps=5, matrix_bits=12) == rates
    # an outer control: joined with the choice of the shift, twice; everything else is as it was
    assert put_in(part.toffoli(1), CARD) == rows + norms + 3 + rates + 8 + 2
    assert part.rotations(0) == part.rotations(1) == 4
    # 2 of the weights, 1 of rows, the register of the row, the flag
    assert put_in(part.ancillas, CARD) == 3 + 3 + 1


def test_several_factors_by_hand():
    """mu = 2: 5-2 and 3+2-4, no control; two additions of 11 gates for each of two factors."""
    rates = qres.formula("schedule.toffoli")
    keys = {"segment_steps": 5, "matrix_bits": 12}
    assert rates(**keys, truncation_order=3, map_order=2) == 3 + 1 + 2 * 2 * 11
    assert rates(**keys, truncation_order=3, map_order=1) == 4 + 2 + 11
    assert rates(**keys, truncation_order=2, map_order=3) == 3 + 1 + 2 * 2 * 11
    # beside the lift, whose card is `test_lift_card`; an outer control changes nothing of it
    part, lift = scheduled_matrix("frobenius", 2), lifted_matrix("frobenius", 2)
    for controls in (0, 1):
        more = put_in(part.toffoli(controls) - lift.toffoli(controls), CARD)
        assert more == 48


def test_right_hand_side_by_hand():
    """8 rows of times, 16 with the block index; F_0 of 6 entries on 3 levels."""
    vector = (0 + 0) + (0 + 0) + (2 + 0) + 3 * 11
    under_control = (0 + 0) + (1 + 0) + (3 + 1) + 3 * 11
    flat = scheduled_vector(1)
    assert put_in(flat.toffoli(0), CARD) == vector + vector
    assert put_in(flat.toffoli(1), CARD) == under_control + under_control
    # a level more: 8-2, by pairs 4+2-4
    lifted = scheduled_vector(2)
    assert put_in(lifted.toffoli(0), CARD) == vector + (6 + 2) + 11 + vector + under_control
    assert (flat.rotations(0), lifted.rotations(1)) == (0, 0)
    assert put_in(flat.angle_weight, CARD) == pytest.approx(2 * math.pi * (3 + 3))
    assert put_in(lifted.angle_weight, CARD) == pytest.approx(2 * math.pi * (3 * 2 + 3 + 1))


# ------------------------------------------------------------------ what the circuit encodes


@functools.cache
def train(seed, schedule, size=4):
    """A random descent of four weights: hessian, gradient, rates, path, and its scenario."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(size, size))
    hessian = (matrix + matrix.T) / 2 + rng.uniform(0, 2) * np.eye(size)
    gradient = rng.normal(size=size)
    algorithm = {"name": "carleman-gd", "n_steps": STEPS, "learning_rate": RATE}
    algorithm |= {"padding": PADDING, "encoding": "frobenius"}
    if schedule:
        algorithm["optimizer"] = {"schedule": SCHEDULES[schedule]}
    values = np.linalg.eigvalsh(hessian)
    given = {
        "n_params": size,
        "n_active": size,
        "sparsity": size,
        "max_entry": float(np.abs(hessian).max()),
        "frobenius_norm": float(np.linalg.norm(hessian)),
        "lambda_max": float(values[-1]),
        "lambda_min": float(values[0]),
        "grad_norm": float(np.linalg.norm(gradient)),
        "t3_frobenius": 0.05,
        "t3_max_entry": 0.02,
        "eps_model": 0,
        "n_samples": 60,
    }
    scenario = {"schema": "qres-model/1", "name": "dense", "model": {"given": given}}
    rates = qres.load(scenario | {"algorithm": algorithm}).algorithm.rates or (RATE,) * STEPS
    path = [np.zeros(size)]
    for rate in rates:
        path.append(path[-1] - rate * (gradient + hessian @ path[-1]))
    given["update_norms"] = [float(np.linalg.norm(u)) for u in path]
    return hessian, gradient, rates, path, qres.load(scenario | {"algorithm": algorithm})


def build_history(hessian, rates, rows):
    """L with I - eta_t H at step t, and the identity in idle rows."""
    size = len(hessian)
    matrix = np.eye(rows * size)
    for t in range(1, rows):
        step = np.eye(size) - (rates[t - 1] * hessian if t <= len(rates) else 0)
        matrix[t * size : (t + 1) * size, (t - 1) * size : t * size] = -step
    return matrix


def angle_of(rate, largest, bits=None):
    """The loaded angle of a rate, cut to b bits."""
    angle = math.acos(rate / largest)
    return angle if bits is None else math.floor(angle / math.tau * 2**bits) * math.tau / 2**bits


def turn(angle):
    """The rotation of a flag."""
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("seed", range(3))
def test_the_sum_encodes_the_history(schedule, seed):
    """14a: identity, shift, shift with F_1 damped by a flag. Breaking it means: not L is encoded."""
    hessian, _, rates, _, scenario = train(seed, schedule)
    numbers = qres.estimate(scenario).priced.numbers
    rows, largest = STEPS + PADDING + 1, max(rates)
    weights = np.array([1, 1, largest * numbers["alpha_matrix"]])
    shift, damped = np.eye(rows, k=-1), np.zeros((4 * rows, 4 * rows))
    for t, rate in enumerate(rates):
        flag = turn(angle_of(rate, largest))[0, 0]
        block = flag * hessian / numbers["alpha_matrix"]
        damped[4 * t + 4 : 4 * t + 8, 4 * t : 4 * t + 4] = block
    terms = (np.eye(4 * rows), -np.kron(shift, np.eye(4)), damped)
    mean = sum(w * term for w, term in zip(weights / weights.sum(), terms, strict=True))
    assert numbers["alpha"] == pytest.approx(weights.sum(), rel=1e-12)
    wanted = build_history(hessian, rates, rows)
    assert numbers["alpha"] * mean == pytest.approx(wanted, abs=1e-12)
    # cut angles stay within the allotted error, and a bit less would not always
    cut = [angle_of(rate, largest, numbers["matrix_bits"]) for rate in rates]
    errors = [abs(largest * math.cos(a) - rate) for a, rate in zip(cut, rates, strict=True)]
    assert max(errors) * np.linalg.norm(hessian, 2) <= numbers["eps_matrix"]
    share = 2 * math.pi / (2 * math.pi + 4 * math.pi * 2)
    most = largest * numbers["alpha_matrix"] * math.tau * 2.0 ** -numbers["matrix_bits"]
    assert share * numbers["eps_matrix"] / 2 < most <= share * numbers["eps_matrix"]


@pytest.mark.parametrize("present", [0, 1])
def test_a_switched_turn_is_a_whole_turn_or_nothing(present):
    """R(a/2) Z R(-a/2) Z, each Z a CZ from every bit that may say where the factor sits."""
    angle, sign = 0.7, np.diag([1.0, -1.0])
    for bits in itertools.product((0, 1), repeat=3):
        if sum(bits) != present:
            continue
        switched = np.linalg.matrix_power(sign, sum(bits))
        found = turn(angle / 2) @ switched @ turn(-angle / 2) @ switched
        assert found == pytest.approx(turn(angle * present), abs=1e-15)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_damped_factors_encode_the_lifted_step(order):
    """One weight, N = 3: products of at most m factors, each with a flag of its own.

    alpha_M of the largest rate times the damped sum is the step of the smaller rate.
    """
    largest, rate, f = 0.3, 0.11, (0.7, -1.2, 0.4)
    flag = turn(angle_of(rate, largest))[0, 0]
    alpha = sum(math.comb(3, i) * (largest * sum(map(abs, f))) ** i for i in range(order + 1))
    damped, wanted = np.zeros((3, 7)), np.zeros((3, 7))
    for j in range(1, 4):
        for kinds in itertools.product(range(-1, 3), repeat=j):
            count = sum(k >= 0 for k in kinds)
            place = sum(1 if k < 0 else k for k in kinds)
            if count > order:
                continue
            weight = math.prod(largest * abs(f[k]) for k in kinds if k >= 0) / alpha
            signs = math.prod(math.copysign(1, f[k]) for k in kinds if k >= 0)
            damped[j - 1, place] += weight * signs * flag**count
            wanted[j - 1, place] += math.prod(rate * f[k] for k in kinds if k >= 0)
    assert alpha * damped == pytest.approx(wanted, abs=1e-14)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("seed", range(3))
def test_norms_of_the_system(schedule, seed):
    """6, 8, 12. Breaking it means: a norm that the cost rests on is not that of L, x or b."""
    hessian, gradient, rates, path, scenario = train(seed, schedule)
    report = qres.estimate(scenario)
    numbers, rows = report.priced.numbers, STEPS + PADDING + 1
    matrix, rhs = build_history(hessian, rates, rows), np.zeros((rows, 4))
    for t, rate in enumerate(rates, start=1):
        rhs[t] = -rate * gradient
    solution = np.linalg.solve(matrix, rhs.ravel()).reshape(rows, 4)
    assert solution[: STEPS + 1] == pytest.approx(np.array(path), abs=1e-12)
    wanted = np.sum(solution[STEPS:] ** 2) / np.sum(solution**2)
    assert numbers["success_prob"] == pytest.approx(wanted, rel=1e-12)
    values = np.linalg.svd(matrix, compute_uv=False)
    assert 1 / values[-1] <= numbers["inverse_norm"] * (1 + 1e-12)
    assert report.job.references["inverse_norm"].value <= 1 / values[-1] * (1 + 1e-9)
    assert values[0] <= numbers["alpha"] * (1 + 1e-12)
    ratio = np.linalg.norm(rhs) / np.linalg.norm(solution)
    assert numbers["xi"] == pytest.approx(numbers["inverse_norm"] * ratio, rel=1e-12)
    assert report.agreement.status == "exact"


# ------------------------------------------------------------------ laws of whole jobs


@pytest.mark.parametrize("keys", [{}, {"degree": 2}, {"segment_steps": 3}])
def test_one_rate_throughout_is_no_schedule(keys):
    """Breaking it means: a schedule that changes nothing changes what the solver sees.

    Gates and angle bits differ by the table of rates and by the weights of the times.
    """
    keys = {f"algorithm__{name}": value for name, value in keys.items()}
    plain, same = (qres.estimate(train(1, name)[-1], **keys) for name in ("", "same"))
    assert same.job.choices == plain.job.choices
    names = "alpha kappa_eff inverse_norm success_prob xi eps_matrix eps_rhs matrix_queries"
    for name in names.split():
        found, wanted = same.priced.numbers[name], plain.priced.numbers[name]
        assert found == pytest.approx(wanted, rel=1e-10), name
    shares = [{s.name: s.decided for s in r.job.shares} for r in (plain, same)]
    assert shares[1] == pytest.approx(shares[0], rel=1e-9, abs=1e-15)
    more = same.priced.numbers["query_toffoli"] - plain.priced.numbers["query_toffoli"]
    assert 0 < more < 400


@pytest.mark.parametrize("schedule", ["step", "cosine", "rising"])
@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("steps", ["auto", 3])
def test_segments_and_degrees_are_counted_from_their_circuit(schedule, degree, steps):
    keys = {"algorithm__degree": degree, "algorithm__segment_steps": steps}
    report = qres.estimate(train(2, schedule)[-1], **keys)
    assert report.agreement.status == "exact"
    assert report.job.choices["degree"] == degree
    assert report.job.choices["segments"] == (1 if steps == "auto" else 3)
    assert report.job.values["learning_rate"].value == max(train(2, schedule)[2])
    assert "largest of the schedule" in report.job.values["learning_rate"].method


READOUTS = {
    "state": {"kind": "state"},
    "sampling": {"kind": "tomography", "access": "sampling"},
    "linear": {"kind": "observable", "of": "linear", "weight_norm": 1.0},
}


@pytest.mark.parametrize(("readout", "degree"), [("state", 2), ("sampling", 1), ("linear", 2)])
def test_every_readout_is_counted_from_its_circuit(readout, degree):
    keys = {"algorithm__degree": degree, "algorithm__readout": READOUTS[readout]}
    report = qres.estimate(train(2, "cosine")[-1], **keys)
    assert report.failure is None
    assert report.agreement.status == "exact"


def test_later_segments_weigh_what_their_rates_make_of_an_error():
    """Lambda_s = prod over later steps of max|1 - eta_t lambda|, by hand."""
    from qres.algorithms.descent.segmentation import segmentations
    from qres.measurement.given import take_given

    _, _, rates, path, scenario = train(2, "step")
    scenario = qres.load(
        {**scenario.raw, "algorithm": {**scenario.raw["algorithm"], "segment_steps": 3}}
    )
    measurement = take_given(scenario.model, scenario.algorithm)
    (cut,) = segmentations(scenario.algorithm, measurement)
    ends = [float(measurement.values[name].value) for name in ("lambda_min", "lambda_max")]
    growth = [max(abs(1 - rate * end) for end in ends) for rate in rates]
    wanted = [math.prod(growth[3:]), math.prod(growth[6:]), 1.0]
    assert cut.weights == pytest.approx(wanted, rel=1e-12)
    assert [cut.rates_of(segment) for segment in cut.segments] == [rates[:3], rates[3:6], rates[6:]]
    # a segment that was not measured goes as far as the first did in the same sum of rates
    norms = [float(np.linalg.norm(u)) for u in path]
    times = np.cumsum([0.0, *rates])
    second = cut.segments[1].path_norms[1]
    assert second == pytest.approx(np.interp(times[3:7] - times[3], times, norms), rel=1e-12)
    assert cut.segments[0].path_norms[1] == pytest.approx(norms[:4], rel=1e-12)


def test_updates_that_were_not_given_grow_by_their_own_rates():
    _, gradient, rates, _, scenario = train(2, "step")
    raw = {**scenario.raw, "model": {"given": {**scenario.raw["model"]["given"]}}}
    raw["model"]["given"].pop("update_norms")
    scenario = qres.load(raw)
    found = qres.measure(scenario)
    assert "the rate of each step times grad_norm" in dict(found.warnings)["W-LOWER"]
    norms = [0.0]
    for rate in rates:
        growth = max(
            abs(1 - rate * float(found.values[end])) for end in ("lambda_min", "lambda_max")
        )
        norms.append(rate * np.linalg.norm(gradient) + min(1, growth) * norms[-1])
    assert found.update_norms == pytest.approx(norms, rel=1e-12)
    products = np.cumprod(
        [
            max(abs(1 - rate * float(found.values[end])) for end in ("lambda_min", "lambda_max"))
            for rate in rates
        ]
    )
    assert found.values["growth_sum"].value == pytest.approx(1 + products.sum(), rel=1e-12)


def test_the_plan_shows_the_schedule():
    assert "rate times 0.3 after steps 3, 5" in qres.estimate(train(0, "step")[-1]).table()


def test_what_a_schedule_cannot_do_is_said_in_one_line():
    scenario = train(0, "cosine")[-1]
    with pytest.raises(
        qres.InputError, match="priced for one learning rate, not for a schedule: use"
    ):
        qres.estimate(
            scenario,
            algorithm__encoding="gram",
            model__given__jacobian_frobenius=2.0,
            model__given__output_hessian_norm=1.0,
            model__given__gram_dropped_norm=0.1,
            model__given__n_outputs=2,
        )
    raw = {**scenario.raw, "model": {"given": {**scenario.raw["model"]["given"]}}}
    raw["model"]["given"].pop("update_norms")
    raw["algorithm"] = {**raw["algorithm"], "n_steps": 5001, "degree": 2}
    report = qres.estimate(raw)
    assert "priced for at most 5,000 steps" in report.failure[1]
    assert (
        qres.estimate({**raw, "algorithm": {**raw["algorithm"], "degree": "auto"}}).failure is None
    )
