"""Momentum as one linear system: circuit, norms and price, against dense matrices and hand counts.

Section numbers: the derivation of the training pipeline, 12 and 14a.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
from qualtran.resource_counting import QubitCount, get_cost_value

import qres
from qres.algorithms.carleman import interval
from qres.algorithms.carleman.kernels import carry_bound
from qres.algorithms.carleman.momentum import propagator_norms
from qres.algorithms.rules.momentum_history import momentum_matrix
from qres.bloqs.momentum_step import MomentumMatrix

RATE, BETA = 0.3, 0.6


def make_hessian(seed, size=2):
    matrix = np.random.default_rng(seed).normal(size=(size, size))
    return (matrix + matrix.T) / 2


def step_of(hessian, sigma, rate=RATE, beta=BETA):
    """v' = beta v + H u, u' = u - eta v', as a matrix on (u, sigma v); the forcing left out."""
    one = np.eye(len(hessian))
    return np.block(
        [
            [one - rate * hessian, -rate * beta / sigma * one],
            [sigma * hessian, beta * one],
        ]
    )


def build_history(step, n_steps, padding):
    size, rows = len(step), n_steps + padding + 1
    matrix = np.eye(rows * size)
    for t in range(1, rows):
        block = step if t <= n_steps else np.eye(size)
        matrix[t * size : (t + 1) * size, (t - 1) * size : t * size] = -block
    return matrix


# ------------------------------------------------------------------ the circuit, gate by gate

AXES = ("h", "g", "q", "branch_flag", "late_flag", "enc", "time", "branch", "index")
FLIP = np.array([[0.0, 1.0], [1.0, 0.0]])


def turn(angle):
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


class Simulation:
    """Basis states of the system, all other registers 0, as columns; gates under conditions."""

    def __init__(self, time_size, size):
        self.shape = (2, 2, 2, 2, 2, 2, time_size, 2, size)
        columns = time_size * 2 * size
        self.state = np.zeros((*self.shape, columns))
        self.state[0, 0, 0, 0, 0, 0] = np.eye(columns).reshape(time_size, 2, size, columns)
        grids = np.ogrid[tuple(slice(n) for n in self.shape)]
        self.at = {name: grid[..., None] for name, grid in zip(AXES, grids, strict=True)}

    def gate(self, axis, unitary, condition=True):
        """Apply a unitary to one register where a condition on the others holds."""
        place = AXES.index(axis)
        asked = np.asarray(condition)
        assert asked.ndim == 0 or asked.shape[place] == 1, "a gate is controlled by its own target"
        moved = np.moveaxis(np.tensordot(unitary, self.state, (1, place)), 0, place)
        self.state = np.where(asked, moved, self.state)

    def encode(self, unitary, condition):
        """Apply the encoding of F to its ancilla and the index."""
        size = self.shape[-1]
        moved = np.einsum(
            "xiyj,hgqkmytbjc->hgqkmxtbic", unitary.reshape(2, size, 2, size), self.state
        )
        self.state = np.where(condition, moved, self.state)

    def shift(self):
        """Add h to the time, cyclically."""
        self.state[1] = np.roll(self.state[1], 1, axis=AXES.index("time") - 1)

    def block(self):
        """The amplitudes that end with every ancilla 0."""
        columns = self.state.shape[-1]
        return self.state[0, 0, 0, 0, 0, 0].reshape(columns, columns)


def rotations_of(matrix):
    """Both factors of a singular value decomposition as rotations, and the singular values."""
    left, values, right = np.linalg.svd(matrix)
    if np.linalg.det(left) < 0:  # then that of the other is negative too: the product is positive
        left, right = left @ np.diag([1, -1]), np.diag([1, -1]) @ right
    assert np.linalg.det(left) > 0 < np.linalg.det(right)
    return left, values, right


def simulate(hessian, sigma, n_steps, padding, alpha_f, time_bits):
    """The circuit of `qres.bloqs.momentum_step` in its order; (block, sum of the weights)."""
    free = np.array([[1, -RATE * BETA / sigma], [0, BETA]])
    left, values, right = rotations_of(free)
    scale = math.hypot(RATE, sigma)
    alpha_m = values[0] + scale * alpha_f
    scaled = hessian / alpha_f
    rest = np.real(scipy_sqrt(np.eye(len(hessian)) - scaled @ scaled))
    encoding = np.block([[scaled, rest], [rest, -scaled]])
    run = Simulation(2**time_bits, len(hessian))
    at, last = run.at, n_steps + padding
    weights = turn(math.atan2(math.sqrt(alpha_m), 1))
    inner = turn(math.atan2(math.sqrt(scale * alpha_f), math.sqrt(values[0])))
    run.gate("h", weights)
    run.gate("g", inner)
    has_f = (at["h"] == 1) & (at["g"] == 1)
    run.shift()
    limit = np.where(has_f, n_steps, last)
    run.gate("late_flag", FLIP, (at["h"] == 1) & (at["time"] >= limit))
    has_idle = (at["h"] == 1) & ~has_f & (at["time"] >= n_steps)
    has_free = (at["h"] == 1) & ~has_f & ~has_idle
    run.gate("branch", right, has_free)
    run.gate("q", turn(math.acos(values[1] / values[0])), has_free & (at["branch"] == 1))
    run.gate("q", turn(math.acos(1 / values[0])), has_idle)
    run.gate("branch_flag", FLIP, has_f & (at["branch"] == 1))
    run.gate("branch", left, has_free)
    run.gate("branch", turn(math.atan2(sigma, -RATE)), has_f)
    run.gate("h", np.diag([1.0, -1.0]))
    run.encode(encoding, has_f)
    run.gate("g", inner.T)
    run.gate("h", weights.T)
    return run.block(), 1 + alpha_m


def scipy_sqrt(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return vectors @ np.diag(np.sqrt(np.clip(values, 0, None))) @ vectors.T


@pytest.mark.parametrize(
    ("seed", "size", "sigma", "n_steps", "padding", "time_bits"),
    [(0, 2, 0.3, 3, 2, 3), (1, 2, 2.0, 3, 4, 3), (2, 3, 0.7, 2, 0, 2), (3, 2, 0.05, 1, 2, 2)],
)
def test_the_circuit_encodes_the_history(seed, size, sigma, n_steps, padding, time_bits):
    """12, 14a. Breaking it means: the gates that are counted encode another matrix.

    Row t is held as t - 1, so the matrix by rows begins at the last value of the time.
    """
    hessian = make_hessian(seed, size)
    alpha_f = 1.1 * np.linalg.norm(hessian, 2)
    block, weight = simulate(hessian, sigma, n_steps, padding, alpha_f, time_bits)
    expected = np.eye(len(block))
    rows = (n_steps + padding + 1) * 2 * size
    expected[:rows, :rows] = build_history(step_of(hessian, sigma), n_steps, padding)
    expected = np.roll(expected, (-2 * size, -2 * size), axis=(0, 1))
    assert weight * block == pytest.approx(expected, abs=1e-12)
    alpha = qres.formula("momentum.alpha")(
        learning_rate=RATE, momentum=BETA, velocity_scale=sigma, alpha_matrix=alpha_f
    )
    assert 1 + alpha == pytest.approx(weight, rel=1e-13)


def test_gates_by_hand():
    """Breaking it means: the list in `qres.bloqs.momentum_step` is not what is counted.

    Who acts: 1. Too late a row, and idle rows without F: the carries of two additions, 4 each. x and b:
    1. Flag of the branch: 1 Toffoli. Shift: 3. A control is joined with h twice.
    """
    assert qres.formula("momentum.toffoli")(time_bits=4) == 1 + 2 * 4 + 1 + 1 + 3 == 14
    assert qres.formula("momentum.toffoli")(time_bits=4, controls=1) == 14 + 2
    # weights 2 + 2; R_2 under x 2; two turns of a flag and two of the branch, 3 each
    for controls in (0, 1):
        assert momentum_matrix("frobenius").rotations(controls) == 4 + 2 + 3 + 3


@pytest.mark.parametrize("angles", [(0.7, -1.9), (2.2, 0.4)])
def test_either_of_two_turns(angles):
    """R(s/2) Z R(-a/2) Z Z' R(-b/2) Z', s = a + b: a where Z is there, b where Z' is, else nothing."""
    sign = np.diag([1.0, -1.0])
    for first, second in ((0, 0), (1, 0), (0, 1)):
        found = turn(sum(angles) / 2)
        for present, angle in zip((first, second), angles, strict=True):
            switched = np.linalg.matrix_power(sign, present)
            found = switched @ turn(-angle / 2) @ switched @ found
        assert found == pytest.approx(turn(first * angles[0] + second * angles[1]), abs=1e-15)


# ------------------------------------------------------------------ norms of the system


@functools.cache
def train(seed, encoding="frobenius", momentum=BETA, **keys):
    """A random training of 4 weights: hessian, gradient, path of (u, v), and its report."""
    rng = np.random.default_rng(seed)
    size, n_steps = 4, 6
    hessian = make_hessian(seed, size) + rng.uniform(0, 2) * np.eye(size)
    gradient, u, v = rng.normal(size=size), np.zeros(size), np.zeros(size)
    path = [(u, v)]
    for _ in range(n_steps):
        v = momentum * v + gradient + hessian @ u
        u = u - RATE * v
        path.append((u, v))
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
        "update_norms": [float(np.linalg.norm(u)) for u, _ in path],
        "eps_model": 0,
        "n_samples": 1,
    }
    algorithm = {"name": "carleman-gd", "n_steps": n_steps, "learning_rate": RATE, "padding": 2}
    algorithm |= {"encoding": encoding, "optimizer": {"momentum": momentum}, **dict(keys)}
    scenario = {"schema": "qres-model/1", "name": "dense", "model": {"given": given}}
    scenario |= {"algorithm": algorithm, "error": {"total": 0.1, "fail_prob": 0.05}}
    return hessian, gradient, path, qres.load(scenario)


def measured(seed, momentum=BETA, **overrides):
    """The numbers of that training with the velocity measured."""
    from dataclasses import replace

    from qres.measurement.given import take_given

    hessian, gradient, path, scenario = train(seed, momentum=momentum)
    known = replace(
        take_given(scenario.model, scenario.algorithm),
        velocity_norms={1: tuple(float(np.linalg.norm(v)) for _, v in path)},
    )
    report = qres.estimate(scenario, measurement=known, **overrides)
    return hessian, gradient, path, report


@pytest.mark.parametrize("seed", range(8))
def test_norms_of_the_system(seed):
    """6, 8, 12. Breaking it means: a norm that the cost rests on is not that of L, x or b."""
    hessian, gradient, path, report = measured(seed)
    numbers, size = report.priced.numbers, len(hessian)
    sigma, n_steps, padding = numbers["velocity_scale"], 6, 2
    matrix = build_history(step_of(hessian, sigma), n_steps, padding)
    rhs = np.zeros((n_steps + padding + 1, 2 * size))
    rhs[1 : n_steps + 1] = np.concatenate([-RATE * gradient, sigma * gradient])
    solution = np.linalg.solve(matrix, rhs.ravel()).reshape(-1, 2, size)
    for t, (u, v) in enumerate(path):
        assert solution[t] == pytest.approx(np.array([u, sigma * v]), abs=1e-12)
    wanted = np.sum(solution[n_steps:, 0] ** 2) / np.sum(solution**2)
    assert numbers["success_prob"] == pytest.approx(wanted, rel=1e-12)
    assert numbers["history_norm"] == pytest.approx(np.linalg.norm(solution), rel=1e-12)
    assert numbers["source_norm"] == pytest.approx(np.linalg.norm(rhs), rel=1e-12)
    values = np.linalg.svd(matrix, compute_uv=False)
    assert 1 / values[-1] <= numbers["inverse_norm"] * (1 + 1e-12)
    assert values[0] <= numbers["alpha"] * (1 + 1e-12)
    assert report.job.references["inverse_norm"].value <= 1 / values[-1] * (1 + 1e-9) or (
        np.linalg.eigvalsh(hessian)[0] < 0 < np.linalg.eigvalsh(hessian)[-1]
    ), "the reference is the inverse of one eigenvalue; zero need not be one"
    assert numbers["xi"] >= 1
    assert report.agreement.status == "exact"


@pytest.mark.parametrize("seed", range(8))
def test_a_velocity_that_is_not_known_is_bounded(seed):
    """Breaking it means: bounds on v_t are no bounds, P is too large or xi too small."""
    known_flag = {"algorithm__solver": "qsvt-minimax"}
    _, _, path, report = measured(seed, **known_flag)
    numbers = report.priced.numbers
    loose = qres.estimate(train(seed)[3], **known_flag).priced.numbers
    energy = [np.sum(u**2) + loose["velocity_scale"] ** 2 * np.sum(v**2) for u, v in path]
    norm = math.sqrt(sum(energy[:-1]) + 3 * energy[-1])
    assert loose["success_prob"] <= 3 * np.sum(path[-1][0] ** 2) / norm**2 * (1 + 1e-12)
    assert loose["history_norm"] <= norm * (1 + 1e-12)
    assert "fail_amplification" in loose, "a bound on P is amplified by a fixed-point sequence"
    assert "fail_amplification" not in numbers


@pytest.mark.parametrize("sigma", [0.01, 0.3, 4.0])
def test_the_lift_is_the_two_line_recurrence(sigma):
    """17, law 6. Breaking it means: M is not momentum, with weight decay on gradient and Hessian."""
    rng, decay = np.random.default_rng(5), 0.2
    hessian, gradient = make_hessian(5, 4), rng.normal(size=4)
    start = rng.normal(size=4)
    u, v, x = np.zeros(4), np.zeros(4), np.zeros(8)
    step = step_of(hessian + decay * np.eye(4), sigma)
    forcing = gradient + decay * start
    for _ in range(12):
        v = BETA * v + (gradient + hessian @ u) + decay * (start + u)
        u = u - RATE * v
        x = step @ x + np.concatenate([-RATE * forcing, sigma * forcing])
        scale = np.linalg.norm(x)
        assert x == pytest.approx(np.concatenate([u, sigma * v]), abs=1e-13 * scale)


def test_without_momentum_and_scale_it_is_plain_descent():
    """17, law 6: beta = 0, sigma -> 0. Breaking it means: a norm has another limit."""
    low, high, sigma = -0.4, 2.5, 1e-9
    found = interval.propagator_bounds(low, high, RATE, 20, 0.0, sigma)
    growth = max(abs(1 - RATE * low), abs(1 - RATE * high))
    assert found == pytest.approx(growth ** np.arange(21), rel=0.03)
    assert (found >= growth ** np.arange(21) * (1 - 1e-7)).all()
    alpha = qres.formula("momentum.alpha")
    keys = {"learning_rate": RATE, "momentum": 0.0, "velocity_scale": sigma, "alpha_matrix": 7.0}
    assert alpha(**keys) == pytest.approx(1 + RATE * 7.0, rel=1e-12)
    source = qres.formula("momentum.source_norm")
    found = source(n_steps=9, learning_rate=RATE, velocity_scale=sigma, grad_norm=2.0)
    assert found == pytest.approx(3 * RATE * 2.0, rel=1e-12)


# ------------------------------------------------------------------ the whole interval

ENDS = [(-0.1, 10.0, 0.1, 0.9, 1.0), (-0.5, 30.0, 0.1, 0.9, 0.4), (0.0, 3.0, 0.2, 0.5, 0.2)]


@pytest.mark.parametrize(("low", "high", "rate", "beta", "sigma"), ENDS)
@pytest.mark.parametrize("n_steps", [1, 7, 50])
def test_propagators_are_bounded_over_the_interval(low, high, rate, beta, sigma, n_steps):
    """Breaking it means: an eigenvalue between the nodes has a larger propagator than is charged."""
    bounds = interval.propagator_bounds(low, high, rate, n_steps, beta, sigma)
    fine = propagator_norms(np.linspace(low, high, 20_001), rate, n_steps, beta, sigma)
    assert (bounds >= fine * (1 - 1e-12)).all()
    assert (bounds <= fine * 1.03).all()


def test_the_nodes_alone_would_not_do(monkeypatch):
    """Breaking it means: the factor 1/cos is idle and the test above shows nothing of it."""
    monkeypatch.setattr(interval, "DENSITY", 2)
    low, high, rate, beta, sigma = ENDS[1]
    few = interval.chebyshev_nodes(low, high, 14)
    alone = propagator_norms(few, rate, 7, beta, sigma)
    fine = propagator_norms(np.linspace(low, high, 20_001), rate, 7, beta, sigma)
    assert (alone < fine * (1 - 1e-4)).any()
    bounds = interval.propagator_bounds.__wrapped__(low, high, rate, 7, beta, sigma)
    assert (bounds >= fine * (1 - 1e-12)).all()


def test_many_steps_are_bounded_by_windows(monkeypatch):
    """Breaking it means: norms beyond the window lie below those that are computed one by one."""
    low, high, rate, beta, sigma = ENDS[0]
    exact = propagator_norms(np.linspace(low, high, 2001), rate, 60, beta, sigma)
    monkeypatch.setattr(interval, "WINDOW", 20)
    found = interval.propagator_bounds.__wrapped__(low, high, rate, 60, beta, sigma)
    assert (found >= exact * (1 - 1e-12)).all()
    assert found[:21] == pytest.approx(exact[:21], rel=0.03)


# ------------------------------------------------------------------ whole jobs


@pytest.mark.parametrize("encoding", ["frobenius", "sparse"])
@pytest.mark.parametrize("readout", ["state", "tomography", "linear"])
def test_formula_and_circuit_agree(encoding, readout):
    """Breaking it means: the printed formula prices another circuit."""
    settings = {"kind": readout}
    if readout == "linear":
        settings = {"kind": "observable", "of": "linear", "weight_norm": 1.0}
    _, _, _, scenario = train(3, encoding)
    report = qres.estimate(scenario, algorithm__readout=settings)
    assert report.agreement.status == "exact"
    assert report.agreement.toffoli_counted == report.priced.logical.toffoli
    assert report.agreement.rotations_counted == report.priced.logical.rotations
    assert get_cost_value(report.job.bloq(), QubitCount()) == report.priced.logical.logical_qubits


def test_one_run_by_hand():
    """A run of 4 weights, every piece written out.

    n = 2, tau = ceil(log2(6 + 2 + 1)) = 4: width 2 + 1 + 4 = 7. Frobenius factor under a control,
    from tables of 4 2^l and 2^l entries of b bits.
    """
    numbers = measured(3)[3].priced.numbers
    bits = numbers["matrix_bits"]

    def look(entries):
        if entries <= 1:
            return 0
        sizes = [k for k in range(10) if 2**k < entries]
        return min(max(0, math.ceil(entries / 2**k) - 1) + (2**k - 1) * bits for k in sizes)

    def unlook(entries):
        if entries <= 1:
            return 0
        sizes = [k for k in range(10) if 2**k <= entries]
        return min(max(0, math.ceil(entries / 2**k) + 2**k - 3) for k in sizes)

    rows = sum(look(4 * 2**level) + unlook(4 * 2**level) for level in range(2)) + 2 * (bits - 1)
    norms = sum(look(2**level) + unlook(2**level) for level in range(2)) + 2 * (bits - 1)
    swaps = 2
    assert numbers["query_toffoli"] == rows + norms + swaps + (3 * 4 + 4)
    assert numbers["index_width"] == 2 + 1 + 4


def test_angles_are_fine_enough():
    """Two trees of n = 2 levels, each rotation off by at most 2 pi 2^-b, times the weight of F_1.

    Breaking it means: the forcing's factor sqrt(eta^2 + sigma^2) is left out of the bits.
    """
    scales = set()
    for seed in range(8):
        numbers = measured(seed, momentum=0.95)[3].priced.numbers
        scales.add(numbers["velocity_scale"])
        weight = math.hypot(RATE, numbers["velocity_scale"]) * numbers["alpha_matrix"]
        error = weight * 2 * 2 * 2 * math.pi * 2.0 ** -numbers["matrix_bits"]
        assert error <= numbers["eps_matrix"] < 2 * error
    assert max(scales) > RATE


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"segment_steps": 3}, "a later segment would start with a velocity"),
    ],
)
def test_what_momentum_cannot_do_is_infeasible(changes, words):
    _, _, _, scenario = train(0)
    report = qres.estimate(scenario, **{f"algorithm__{key}": item for key, item in changes.items()})
    assert report.failure is not None
    assert words in report.failure[1]


RESTART = {"momentum": BETA, "momentum_restart": True}


@pytest.mark.parametrize("seed", range(3))
def test_segments_of_training_that_restarts(seed):
    """10, 12. Two segments of three steps, the second taken like the first: one is solved densely.

    Breaking it means: a segment is priced with another's path, or from a velocity.
    """
    hessian, gradient, path, report = measured(
        seed, algorithm__optimizer=RESTART, algorithm__segment_steps=3
    )
    numbers, n_steps, padding = report.priced.numbers, 3, 2
    sigma, size = numbers["velocity_scale"], len(hessian)
    matrix = build_history(step_of(hessian, sigma), n_steps, padding)
    rhs = np.zeros((n_steps + padding + 1, 2 * size))
    rhs[1 : n_steps + 1] = np.concatenate([-RATE * gradient, sigma * gradient])
    solution = np.linalg.solve(matrix, rhs.ravel()).reshape(-1, 2, size)
    assert solution[n_steps, 0] == pytest.approx(path[n_steps][0], abs=1e-12)
    wanted = np.sum(solution[n_steps:, 0] ** 2) / np.sum(solution**2)
    assert numbers["success_prob"] == pytest.approx(wanted, rel=1e-12)
    assert 1 / np.linalg.svd(matrix, compute_uv=False)[-1] <= numbers["inverse_norm"] * (1 + 1e-12)
    xi = numbers["inverse_norm"] * np.linalg.norm(rhs) / np.linalg.norm(solution)
    assert numbers["xi"] == pytest.approx(xi, rel=1e-12)
    # both segments move as far; the second makes of an error what three steps from rest make
    low, high = np.linalg.eigvalsh(hessian)[[0, -1]]
    carried = carry_bound(float(low), float(high), RATE, n_steps, BETA)
    one = np.linalg.norm(path[3][0])
    whole = min(np.linalg.norm(path[6][0]), 2 * one)
    assert numbers["stretch"] == pytest.approx((carried + 1) * one / whole, rel=1e-9)
    assert report.job.choices["segments"] == 2
    assert report.agreement.status == "exact"
    text = dict(report.warnings)["W-MOMENTUM"]
    assert text.startswith("the target is the training that restarts: velocity 0 at the start")
    assert "2 segments of 3 steps" in text


def test_every_value_of_restarted_training_is_read():
    """Breaking it means: a value stands in the job that no formula takes."""
    report = measured(0, algorithm__optimizer=RESTART, algorithm__segment_steps=3)[3]
    assert "grad_norm" not in report.job.values
    assert {"xi", "stretch", "readout_stretch"} <= report.job.values.keys()


def test_restarted_training_in_one_segment_is_ordinary_momentum():
    plain, moved = measured(0)[3], measured(0, algorithm__optimizer=RESTART)[3]
    assert moved.priced.logical == plain.priced.logical
    assert "W-MOMENTUM" in dict(plain.warnings)
    assert "W-MOMENTUM" not in dict(moved.warnings)


def test_the_loss_of_restarted_training_is_refused():
    _, _, _, scenario = train(0)
    with pytest.raises(qres.InputError, match="loss is not priced with momentum_restart"):
        qres.estimate(scenario, error__target="loss", algorithm__optimizer=RESTART)


def test_an_encoding_that_stands_alone_is_refused():
    _, _, _, scenario = train(0)
    with pytest.raises(qres.InputError, match="momentum needs it switched on and off"):
        qres.estimate(
            scenario,
            algorithm__encoding="gram",
            model__given__jacobian_frobenius=2.0,
            model__given__output_hessian_norm=1.0,
            model__given__gram_dropped_norm=0.1,
            model__given__n_outputs=2,
        )


def test_norms_of_the_updates_are_needed():
    _, _, _, scenario = train(0)
    raw = {**scenario.raw, "model": {"given": {**scenario.raw["model"]["given"]}}}
    raw["model"]["given"].pop("update_norms")
    with pytest.raises(qres.InputError, match="update_norms: with momentum they cannot be guessed"):
        qres.estimate(raw)


def test_steps_beyond_stability_are_said_to_grow():
    """12: stable iff eta l < 2 (1 + beta) = 3.2. Breaking it means: nobody is told."""
    _, _, _, scenario = train(0)
    text = dict(qres.estimate(scenario).warnings)["W-MOMENTUM"]
    assert "2 n_active amplitudes" in text
    grown = qres.estimate(scenario, model__given__lambda_max=11.0)
    found = [message for code, message in grown.warnings if code == "W-MOMENTUM"]
    assert any("= 3.3 >= 2 (1 + momentum) = 3.2" in message for message in found)


def test_the_matrix_takes_f1_only():
    class Other:
        order, num_controls = 2, 0

    with pytest.raises(qres.InputError, match="expected F_1"):
        MomentumMatrix(Other(), 3, 5, 2, alpha=1.0, epsilon=0.1)
