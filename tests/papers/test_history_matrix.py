"""The history matrix of plain descent, built densely, against what `qres` charges for it.

At degree 1 and truncation order 1 everything that the cost rests on can be checked with a matrix:
the norms, the success probability, and that no error of the size that the budget grants moves the
result by more than its share. Section numbers: the derivation of the training pipeline.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import pytest

import qres


def build_history(step, n_steps, padding):
    """L = I - sum_{t<=T} |t><t-1| (x) M - sum_{t>T} |t><t-1| (x) I, section 6."""
    size, rows = len(step), n_steps + padding + 1
    matrix = np.eye(rows * size)
    for t in range(1, rows):
        block = step if t <= n_steps else np.eye(size)
        matrix[t * size : (t + 1) * size, (t - 1) * size : t * size] = -block
    return matrix


# ------------------------------------------------------------------ rows of the other sheet, 1.4


@pytest.mark.parametrize(
    ("slowest", "padding", "norm", "inverse", "kappa"),
    [
        (1e-3, 0, "1.998", "32.1", "64.2"),
        (1e-3, 50, "1.999", "63.3", "126.6"),
        (0.1, 0, "1.899", "8.97", "17.0"),
        (0.1, 10, "1.984", "10.87", "21.6"),
        (0.1, 50, "1.999", "35.5", "71.1"),
    ],
)
def test_contracting_rows(slowest, padding, norm, inverse, kappa):
    """1.4, test vectors. Breaking it means: the bound on the inverse is below the inverse."""
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    step = rotation @ np.diag(1 - slowest * np.array([1.0, 1.3, 2.0, 4.0])) @ rotation.T
    values = np.linalg.svd(build_history(step, 50, padding), compute_uv=False)
    found = (values[0], 1 / values[-1], values[0] / values[-1])
    for number, printed in zip(found, (norm, inverse, kappa), strict=True):
        assert f"{number:.{len(printed.split('.')[1])}f}" == printed
    bound = qres.formula("history.inverse_norm")(growth=1 - slowest, n_steps=50, padding=padding)
    assert found[1] <= bound * (1 + 1e-12)


def test_growing_row():
    """1.4, growing modes. Breaking it means: the bound of a growing mode is not the 1-norm."""
    matrix = build_history(np.array([[1.05]]), 50, 0)
    values = np.linalg.svd(matrix, compute_uv=False)
    assert (f"{1 / values[-1]:.1f}", f"{values[0] / values[-1]:.1f}") == ("119.9", "245.7")
    bound = qres.formula("history.inverse_norm")(growth=1.05, n_steps=50, padding=0)
    assert f"{bound:.1f}" == "220.8"
    assert bound == pytest.approx(np.abs(np.linalg.inv(matrix)).sum(axis=0).max(), rel=1e-12)


# ------------------------------------------------------------------ random small trainings


@dataclass(frozen=True)
class Training:
    """A quadratic loss, trained; `matrix` and `rhs` of its history system, and its report."""

    matrix: np.ndarray
    rhs: np.ndarray
    size: int
    n_steps: int
    padding: int
    path: np.ndarray
    numbers: dict

    @property
    def state(self):
        solution = np.linalg.solve(self.matrix, self.rhs)
        return solution / np.linalg.norm(solution)

    def read(self, state):
        """The direction that is read: block 1 at times >= T, normalised; idle rows are one block."""
        rows = state.reshape(self.n_steps + self.padding + 1, self.size)[self.n_steps :]
        return (rows / np.linalg.norm(rows)).ravel()

    def error(self, state):
        return np.linalg.norm(self.read(state) - self.read(self.state))


@functools.cache
def train(seed, readout="state"):
    """A random training of 3 to 5 weights, stable or not, and what `qres` makes of it."""
    rng = np.random.default_rng(seed)
    size, n_steps = int(rng.integers(3, 6)), int(rng.integers(2, 9))
    padding = int(rng.integers(0, n_steps + 1))
    rate = float(rng.uniform(0.05, 0.4))
    hessian = rng.normal(size=(size, size)) + rng.uniform(0, 3) * np.eye(size)
    hessian = (hessian + hessian.T) / 2
    gradient = rng.normal(size=size)
    step = np.eye(size) - rate * hessian
    path = [np.zeros(size)]
    for _ in range(n_steps):
        path.append(step @ path[-1] - rate * gradient)
    rhs = np.zeros((n_steps + padding + 1, size))
    rhs[1 : n_steps + 1] = -rate * gradient
    eigenvalues = np.linalg.eigvalsh(hessian)
    given = {
        "n_params": size,
        "n_active": size,
        "sparsity": size,
        "max_entry": float(np.abs(hessian).max()),
        "frobenius_norm": float(np.linalg.norm(hessian)),
        "lambda_max": float(eigenvalues[-1]),
        "lambda_min": float(eigenvalues[0]),
        "grad_norm": float(np.linalg.norm(gradient)),
        "update_norms": [float(np.linalg.norm(u)) for u in path],
        "eps_model": 0,
        "n_samples": 1,
    }
    algorithm = {
        "name": "carleman-gd",
        "n_steps": n_steps,
        "learning_rate": rate,
        "padding": padding,
        "encoding": ("frobenius", "sparse")[seed % 2],
        "readout": {"kind": readout},
    }
    scenario = {"schema": "qres-model/1", "name": "dense", "model": {"given": given}}
    scenario |= {"algorithm": algorithm, "error": {"total": 0.1, "fail_prob": 0.05}}
    scenario |= {"hardware": ["superconducting-1e-3"], "classical": {"device": "h200"}}
    return Training(
        matrix=build_history(step, n_steps, padding),
        rhs=rhs.ravel(),
        size=size,
        n_steps=n_steps,
        padding=padding,
        path=np.array(path),
        numbers=dict(qres.estimate(qres.load(scenario)).priced.numbers),
    )


TRAININGS = range(16)


@pytest.fixture
def training(request):
    return train(request.param)


@pytest.mark.parametrize("training", TRAININGS, indirect=True)
def test_norms_of_the_history_system(training):
    """Sections 3, 5, 6, 8. Breaking it means: a norm that the cost rests on is not that of L."""
    numbers, matrix = training.numbers, training.matrix
    values = np.linalg.svd(matrix, compute_uv=False)
    inverse = 1 / values[-1]
    solution = np.linalg.solve(matrix, training.rhs)
    blocks = solution.reshape(-1, training.size)
    wanted = np.sum(blocks[training.n_steps :] ** 2) / np.sum(blocks**2)
    assert blocks[: training.n_steps + 1] == pytest.approx(training.path, abs=1e-12)
    assert numbers["source_norm"] == pytest.approx(np.linalg.norm(training.rhs), rel=1e-12)
    assert numbers["history_norm"] == pytest.approx(np.linalg.norm(solution), rel=1e-12)
    assert numbers["success_prob"] == pytest.approx(wanted, rel=1e-12)
    assert inverse <= numbers["inverse_norm"] * (1 + 1e-12), "the bound on the inverse is violated"
    assert values[0] <= numbers["alpha"] * (1 + 1e-12), "alpha is below the norm: no such encoding"
    assert values[0] / values[-1] <= numbers["kappa_eff"] * (1 + 1e-12)
    largest = inverse * np.linalg.norm(training.rhs) / np.linalg.norm(solution)
    assert 1 <= largest <= numbers["xi"] * (1 + 1e-12), (
        "xi is no bound on norm(A^-1)norm(b)/norm(x)"
    )


# ------------------------------------------------------------------ section 11, term by term


def directions(training, rng, size):
    """Random unit vectors, and the one that turns the block that is read the most."""
    found = [rng.normal(size=size) for _ in range(20)]
    sideways = np.zeros((training.n_steps + training.padding + 1, training.size))
    rows = training.read(training.state).reshape(training.padding + 1, training.size)
    turned = rng.normal(size=rows.shape)
    sideways[training.n_steps :] = turned - np.sum(turned * rows) * rows
    found.append(sideways.ravel())
    return [vector / np.linalg.norm(vector) for vector in found]


@pytest.mark.parametrize("training", TRAININGS, indirect=True)
def test_solver_and_rotation_terms(training):
    """2/sqrt(P). Breaking it means: an allotted error of the state moves the block past its share.

    The solver's error is a shift of the normalised state; the synthesis error of one run a unitary
    within eps_rotation of the identity.
    """
    rng, state = np.random.default_rng(1), training.state
    for name, share in (("eps_solver", "share_solver"), ("eps_rotation", "share_rotation")):
        for shift in directions(training, rng, len(state)):
            moved = state + training.numbers[name] * shift
            assert training.error(moved) <= training.numbers[share]
    angle = 2 * math.asin(training.numbers["eps_rotation"] / 2)  # norm(U - I) = eps_rotation
    for shift in directions(training, rng, len(state)):
        across = shift - (shift @ state) * state
        turned = math.cos(angle) * state + math.sin(angle) * across / np.linalg.norm(across)
        assert np.linalg.norm(turned - state) <= training.numbers["eps_rotation"] * (1 + 1e-9)
        assert training.error(turned) <= training.numbers["share_rotation"]


@pytest.mark.parametrize("training", TRAININGS, indirect=True)
def test_matrix_term(training):
    """4 norm(L^-1) eps_L. Breaking it means: a matrix within eps_matrix moves the block too far."""
    rng, numbers = np.random.default_rng(2), training.numbers
    half, size = numbers["share_encoding"] / 2, len(training.rhs)
    assert numbers["inverse_norm"] * numbers["eps_matrix"] <= 0.5
    errors = [rng.normal(size=(size, size)) for _ in range(20)]
    weakest = np.linalg.svd(training.matrix)[0][:, -1]  # what the inverse amplifies most
    errors += [np.outer(weakest, training.state), -np.outer(weakest, training.state)]
    # For L d = -E x the block turns by d: aim at it.
    aims = directions(training, rng, size)
    errors += [np.outer(training.matrix @ aim, training.state) for aim in aims]
    for error in errors:
        error = error * (numbers["eps_matrix"] / np.linalg.norm(error, 2))
        moved = np.linalg.solve(training.matrix + error, training.rhs)
        assert training.error(moved) <= half


@pytest.mark.parametrize("training", TRAININGS, indirect=True)
def test_rhs_term(training):
    """2 xi eps_b. Breaking it means: a right-hand side within eps_rhs moves the block too far."""
    rng, numbers = np.random.default_rng(3), training.numbers
    norm, size = np.linalg.norm(training.rhs), len(training.rhs)
    weakest = np.linalg.svd(training.matrix)[0][:, -1]
    aims = directions(training, rng, size)
    shifts = [*aims, weakest, -weakest, *(training.matrix @ aim for aim in aims)]
    for shift in shifts:
        moved = training.rhs + numbers["eps_rhs"] * norm * shift / np.linalg.norm(shift)
        error = training.error(np.linalg.solve(training.matrix, moved))
        assert error <= numbers["share_encoding"] / 2


@pytest.mark.parametrize("training", TRAININGS, indirect=True)
def test_all_terms_together(training):
    """Law 5. Breaking it means: the terms of Sigma do not add up inside the total.

    All are aimed the same way, so that they add; tomography (eps_tomography on the direction,
    eps_norm on each probability of the length) follows in section 11 as a product and is exercised below.
    """
    rng, numbers = np.random.default_rng(4), training.numbers
    for aim in directions(training, rng, len(training.rhs)):
        push = training.matrix @ aim
        error = np.outer(push, training.state)
        error *= -numbers["eps_matrix"] / np.linalg.norm(error, 2)
        shift = numbers["eps_rhs"] * np.linalg.norm(training.rhs) * push / np.linalg.norm(push)
        moved = np.linalg.solve(training.matrix + error, training.rhs + shift)
        moved = moved / np.linalg.norm(moved)
        moved = moved + (numbers["eps_solver"] + numbers["eps_rotation"]) * aim
        shares = ("share_encoding", "share_solver", "share_rotation")
        assert training.error(moved) <= sum(numbers[name] for name in shares)


def test_direction_and_length_fill_the_readout_share():
    """Section 11. Breaking it means: direction and length together exceed eps_readout.

    The length is the root of a ratio of two probabilities, each off by eps_norm, at worst opposite
    ways; together with eps_tomo the share is filled where both errors point the same way. The sheet
    gives eps_tomo to each probability too, which exceeds the share at second order.
    """
    numbers = train(0, readout="tomography").numbers
    share, eps = numbers["share_readout"], numbers["eps_tomography"]
    eps_norm = numbers["eps_norm"]
    longest = math.sqrt((1 + eps_norm) / (1 - eps_norm))
    assert (1 + eps) * longest - 1 == pytest.approx(share, rel=1e-12)
    rng = np.random.default_rng(5)
    for size in (1, 2, 7):
        true = rng.normal(size=size)
        norm = np.linalg.norm(true)
        for aim in (true / norm, -true / norm, *rng.normal(size=(50, size))):
            direction = true / norm + eps * aim / np.linalg.norm(aim)
            for length in (norm * longest, norm / longest):
                moved = length * direction
                assert np.linalg.norm(moved - true) <= share * norm * (1 + 1e-12)
