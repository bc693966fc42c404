r"""The error inequality on systems small enough to be written down whole.

A descent on a random polynomial loss is measured exactly, the pipeline allots its precisions, and
every error is then made as large as it was allotted, alone and all at once, in random directions and
in the worst ones there are:

$$\sum_s \Lambda_s\bigl[d_{\mathrm{model},s} + \gamma_s e_{1,s} + d_{\mathrm{threshold},s}
  + (\lVert u_s\rVert + \gamma_s e_{1,s})(\epsilon_{\mathrm{tomo}} + \epsilon_{\mathrm{norm}}
  + \epsilon_{\mathrm{tomo}}\epsilon_{\mathrm{norm}} + \Sigma_s)\bigr]
  \le \mathrm{error.total}\,\lVert\theta_T - \theta_0\rVert .$$

From `qres` come the allotments alone; lift, history matrix, perturbations and read-out are dense
algebra, written from the training sheet (sections 3, 6, 9, 10 and 11).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import qres
from qres.algorithms import carleman_gd
from qres.explore.choose import choose
from qres.measurement.record import Measurement, Segment, SparsityRow
from qres.notation.quantity import Quantity

TOTAL = 0.1
ROUNDING = 1 + 1e-9


# ------------------------------------------------------------------ the descent


@dataclass(frozen=True)
class Loss:
    """Derivatives at 0: gradient, Hessian, third and fourth, symmetric; eta and T of the descent."""

    slope: np.ndarray
    hessian: np.ndarray
    third: np.ndarray
    fourth: np.ndarray
    rate: float
    n_steps: int

    def at(self, c: np.ndarray) -> Loss:
        """The same polynomial about another point."""
        third = self.third + self.fourth @ c
        hessian = self.hessian + self.third @ c + self.fourth @ c @ c / 2
        slope = self.slope + self.hessian @ c + self.third @ c @ c / 2 + self.fourth @ c @ c @ c / 6
        return replace(self, slope=slope, hessian=hessian, third=third)

    def descend(self, n_steps: int, degree: int = 3) -> np.ndarray:
        """u_0 .. u_T with the gradient's Taylor polynomial; degree 3 is the loss itself."""
        path = [np.zeros_like(self.slope)]
        for _ in range(n_steps):
            u = path[-1]
            gradient = self.slope + self.hessian @ u
            if degree > 1:
                gradient = gradient + self.third @ u @ u / 2
            if degree > 2:
                gradient = gradient + self.fourth @ u @ u @ u / 6
            path.append(u - self.rate * gradient)
        return np.array(path)


def symmetric(rng: np.random.Generator, shape: tuple[int, ...], norm: float) -> np.ndarray:
    """A random symmetric tensor of that Frobenius norm."""
    raw = rng.normal(size=shape)
    found = np.zeros(shape)
    for order in itertools.permutations(range(len(shape))):
        found += raw.transpose(order)
    return norm * found / np.linalg.norm(found)


def random_loss(seed: int, size: int, *, bend: float, spread: tuple[float, float]) -> Loss:
    """Eigenvalues in `spread`, third derivative of norm `bend`, fourth half of it."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
    values = rng.uniform(*spread, size=size)
    quartic = np.zeros((size,) * 4) if size > 8 else symmetric(rng, (size,) * 4, bend / 2)
    return Loss(
        slope=rng.normal(size=size) / math.sqrt(size),
        hessian=(basis * values) @ basis.T,
        third=symmetric(rng, (size,) * 3, bend),
        fourth=quartic,
        rate=float(rng.uniform(0.05, 0.2)),
        n_steps=int(rng.integers(3, 7)),
    )


# ------------------------------------------------------------------ what is measured of it


def values_at(loss: Loss) -> dict[str, Quantity]:
    ends = np.linalg.eigvalsh(loss.hessian)
    numbers = {
        "n_params": len(loss.slope),
        "n_active": len(loss.slope),
        "n_samples": 10,
        "sparsity": len(loss.slope),
        "lambda_min": ends[0],
        "lambda_max": ends[-1],
        "grad_norm": np.linalg.norm(loss.slope),
        "frobenius_norm": np.linalg.norm(loss.hessian),
        "max_entry": np.abs(loss.hessian).max(),
        "t3_frobenius": np.linalg.norm(loss.third),
        "t4_frobenius": np.linalg.norm(loss.fourth),
    }
    return {
        name: Quantity(value=number if isinstance(number, int) else float(number), kind="measured")
        for name, number in numbers.items()
    }


def segment_of(loss: Loss, start: int, length: int) -> Segment:
    """Follow the models for `length` steps from the true weights after `start`."""
    here = loss.at(loss.descend(loss.n_steps)[start])
    true = here.descend(length)[-1]
    runs = {degree: here.descend(length, degree) for degree in (1, 2, 3)}
    return Segment(
        start_step=start,
        n_steps=length,
        values=values_at(here),
        path_norms={q: tuple(np.linalg.norm(run, axis=1).tolist()) for q, run in runs.items()},
        model_distances={q: float(np.linalg.norm(run[-1] - true)) for q, run in runs.items()},
    )


def measure(loss: Loss, length: int | None = None, rows: tuple[SparsityRow, ...] = ()):
    """Measure a descent whole and, if asked, in segments of a length."""
    whole = segment_of(loss, 0, loss.n_steps)
    moved = float(np.linalg.norm(loss.descend(loss.n_steps)[-1]))
    cuts: list[tuple[Segment, ...]] = [(whole,)]
    if length is not None:
        starts = range(0, loss.n_steps, length)
        cuts.append(tuple(segment_of(loss, s, min(length, loss.n_steps - s)) for s in starts))
    curves = {
        q: (*[0.0] * (loss.n_steps - 1), distance / moved)
        for q, distance in whole.model_distances.items()
    }
    values = {**whole.values, "final_distance": Quantity(value=moved, kind="measured")}
    values["eps_model"] = Quantity(value=curves[1][-1], kind="measured")
    return Measurement(
        subject="network",
        values=values,
        path_norms=whole.path_norms,
        eps_model_curves=curves,
        segmentations=tuple(cuts),
        sparsity_rows=rows,
    )


def job_of(loss: Loss, measurement: Measurement, **typed: Any):
    """Return the job, the numbers of its symbols, and its shares."""
    algorithm = {"name": "carleman-gd", "n_steps": loss.n_steps, "learning_rate": loss.rate}
    algorithm |= {"encoding": "frobenius", "padding": 0, "degree": 1} | typed
    scenario = qres.load(
        {
            "schema": "qres-model/1",
            "name": "dense",
            "model": {"measurement": "live"},
            "algorithm": algorithm,
            "error": {"total": TOTAL, "fail_prob": 0.05},
        }
    )
    module: Any = carleman_gd
    found = choose(module, scenario.algorithm, measurement, scenario.error, (), "runtime")
    shares = {
        item.name: item.decided if item.symbol is None else found.budget[item.symbol]
        for item in found.job.shares
    }
    assert sum(shares.values()) <= TOTAL * ROUNDING
    return found.job, found.job.evaluate(), shares


# ------------------------------------------------------------------ the lift, written down whole


def lift_step(loss: Loss, gamma: float, order: int, map_order: int, degree: int):
    """One step of the lift in u/gamma: its matrix on blocks 1..N, and the column of the forcing.

    Row j: Kronecker products of j factors out of I and eta F_k, at most m of them not I.
    """
    r = len(loss.slope)
    tensors = [-loss.slope / gamma, -loss.hessian, -gamma * loss.third / 2]
    factors = [loss.rate * f.reshape(r, r**k) for k, f in enumerate(tensors[: degree + 1])]
    ends = np.cumsum([0] + [r**j for j in range(1, order + 1)])
    matrix, forcing = np.zeros((ends[-1], ends[-1])), np.zeros(ends[-1])
    for j in range(1, order + 1):
        rows = slice(ends[j - 1], ends[j])
        for kinds in itertools.product([None, *range(degree + 1)], repeat=j):
            column = sum(1 if k is None else k for k in kinds)
            if sum(k is not None for k in kinds) > map_order or column > order:
                continue
            block = np.ones((1, 1))
            for k in kinds:
                block = np.kron(block, np.eye(r) if k is None else factors[k])
            if column == 0:
                forcing[rows] += block[:, 0]
            else:
                matrix[rows, ends[column - 1] : ends[column]] += block
    return matrix, forcing


@dataclass(frozen=True)
class System:
    """The history matrix beside one reference row, which is as long as what is read."""

    matrix: np.ndarray
    source: np.ndarray
    read: np.ndarray
    copies: int
    gamma: float

    @classmethod
    def of(cls, loss: Loss, numbers: dict[str, Any], steps: int, degree: int) -> System:
        order, kept = numbers.get("truncation_order", 1), numbers.get("map_order", 1)
        gamma, padding = numbers.get("rescaling", 1.0), numbers["padding"]
        step, forcing = lift_step(loss, gamma, order, kept, degree)
        size, rows = len(step), steps + padding + 1
        matrix, source = np.eye(rows * size + 1), np.zeros(rows * size + 1)
        for t in range(1, rows):
            here, before = (slice(s * size, (s + 1) * size) for s in (t, t - 1))
            matrix[here, before] = -(step if t <= steps else np.eye(size))
            source[here] = forcing if t <= steps else 0.0
        first = range(len(loss.slope))
        read = np.array([t * size + i for t in range(steps, rows) for i in first])
        source[-1] = np.linalg.norm(np.linalg.solve(matrix, source)[read])
        return cls(matrix, source, read, padding + 1, gamma)

    @property
    def solution(self) -> np.ndarray:
        return np.linalg.solve(self.matrix, self.source)

    @property
    def state(self) -> np.ndarray:
        found = self.solution
        return found / np.linalg.norm(found)

    @property
    def wanted(self) -> np.ndarray:
        """The update in all its equal rows, as one vector."""
        return self.solution[self.read]

    @property
    def response(self) -> np.ndarray:
        """What is read, as a linear map of the right-hand side."""
        return np.linalg.inv(self.matrix)[self.read]

    @property
    def success_prob(self) -> float:
        """Of the system without its reference row."""
        x = self.solution[:-1]
        return float(np.sum(x[self.read] ** 2) / np.sum(x**2))

    def vector(self, direction_state: np.ndarray, norm_state: np.ndarray) -> np.ndarray:
        """Direction from one state, norm from its ratio to the reference row in another."""
        found = direction_state[self.read]
        norm = abs(self.source[-1]) * np.linalg.norm(norm_state[self.read]) / abs(norm_state[-1])
        return norm * found / np.linalg.norm(found)

    def relative(self, vector: np.ndarray) -> float:
        return float(np.linalg.norm(vector - self.wanted) / np.linalg.norm(self.wanted))

    def update(self, vector: np.ndarray) -> np.ndarray:
        """What is uploaded: the mean of the equal rows, in the units of the weights."""
        return self.gamma * vector.reshape(self.copies, -1).mean(axis=0)


# ------------------------------------------------------------------ perturbations


def unit(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v)


def turned(state: np.ndarray, towards: np.ndarray, epsilon: float) -> np.ndarray:
    """The unit vector at distance epsilon from `state` in the plane of both."""
    away = unit(towards - (towards @ state) * state)
    angle = 2 * math.asin(epsilon / 2)
    return math.cos(angle) * state + math.sin(angle) * away


class Adversary:
    """Directions of errors for one system: the worst there are, or random ones."""

    def __init__(self, system: System, rng: np.random.Generator | None) -> None:
        self.system, self.rng = system, rng
        self.size = len(system.source)
        # the circuits of b and of its reference row are weighed by a rotation, not by a tree
        self.plain = np.ones(self.size)
        self.plain[-1] = 0.0
        along = unit(system.wanted)
        response = system.response
        across = response - np.outer(along, along @ response)
        self.sideways = np.linalg.svd(across)[2][0]
        self.lengthwise = unit(along @ response)

    def draw(self, worst: np.ndarray) -> np.ndarray:
        return worst if self.rng is None else unit(self.rng.normal(size=len(worst)))

    def solve(self, change: np.ndarray, shift: np.ndarray) -> np.ndarray:
        found = np.linalg.solve(self.system.matrix + change, self.system.source + shift)
        return unit(found)

    def matrix_states(self, epsilon: float) -> list[np.ndarray]:
        """States of the two circuits with an error of the matrix of that norm."""
        x, found = self.system.state, []
        for worst in (self.sideways, -self.lengthwise):
            change = np.outer(self.draw(worst), x)
            if self.rng is not None:
                change = self.rng.normal(size=change.shape)
            found.append(epsilon * change / np.linalg.norm(change, 2))
        return [self.solve(change, np.zeros(self.size)) for change in found]

    def source_states(self, epsilon: float) -> list[np.ndarray]:
        """The same with an error of the right-hand side, relative to its norm."""
        norm = np.linalg.norm(self.system.source[:-1])
        shifts = [self.draw(worst) * self.plain for worst in (self.sideways, self.lengthwise)]
        none = np.zeros((self.size, self.size))
        return [self.solve(none, epsilon * norm * unit(shift)) for shift in shifts]

    def across(self) -> np.ndarray:
        """A direction of the state that turns what is read as fast as any."""
        wanted, found = self.system.wanted, np.zeros(self.size)
        raw = (self.rng or np.random.default_rng(len(wanted))).normal(size=len(wanted))
        found[self.system.read] = raw - (raw @ unit(wanted)) * unit(wanted)
        return self.draw(unit(found))

    def along(self) -> np.ndarray:
        """A direction that lengthens what is read and shortens the reference row."""
        found = np.zeros(self.size)
        found[self.system.read] = unit(self.system.wanted)
        found[-1] = -1.0
        return self.draw(unit(found))


def read_noise(adversary: Adversary, eps_tomography: float, eps_norm: float):
    """Errors of the read-out: of the unit vector that is found, and of both probabilities."""

    def read(vector: np.ndarray) -> np.ndarray:
        side = adversary.across()[adversary.system.read]
        found = turned(unit(vector), side, eps_tomography)
        ratio = math.sqrt((1 + eps_norm) / (1 - eps_norm))
        return np.linalg.norm(vector) * ratio * found

    return read


# ------------------------------------------------------------------ instances


SEEDS = [pytest.param(seed, marks=[pytest.mark.slow] if seed >= 16 else []) for seed in range(50)]
"""Fifty instances, the first sixteen in every run."""

LINEAR = [(seed, (16, 24, 32, 48)[seed % 4], (0, 2, 6)[seed % 3]) for seed in range(54)]
LIFTS = [(seed, 1 + seed % 3, (1, 2, 5)[seed // 3 % 3]) for seed in range(54)]


def linear_case(seed: int, size: int, padding: int):
    """Degree 1, one segment."""
    loss = random_loss(seed, size, bend=5.0, spread=(-0.5, 3.0))
    job, numbers, shares = job_of(loss, measure(loss), padding=padding)
    return loss, System.of(loss, numbers, loss.n_steps, 1), job, numbers, shares


def lift_case(seed: int, size: int, padding: int):
    """Degree 2, one segment, order 2 or 3, every map."""
    loss = random_loss(500 + seed, size, bend=0.3, spread=(-0.5, 2.0))
    order = 2 + seed % 2
    found = measure(loss)
    scale = max(found.path_norms[2])
    typed = {"truncation_order": order, "map": 1 + seed // 2 % order, "rescaling": 1.5 * scale}
    job, numbers, shares = job_of(loss, found, degree=2, padding=padding, **typed)
    return loss, System.of(loss, numbers, loss.n_steps, 2), job, numbers, shares


def cases(count: int):
    yield from ((linear_case, case) for case in LINEAR[:count])
    yield from ((lift_case, case) for case in LIFTS[:count])


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(12, id="first"),
        pytest.param(54, id="all", marks=pytest.mark.slow),
    ],
)
def instances(request):
    """All sizes with all paddings, of both kinds; 108 in the slow run."""
    return [build(*case) for build, case in cases(request.param)]


def adversaries(system: System, seed: int):
    yield Adversary(system, None)
    yield Adversary(system, np.random.default_rng(seed))


def stretch(numbers: dict[str, Any]) -> float:
    """How many times the error of the vector that is read counts at the end."""
    return float(numbers.get("stretch", 1.0))


def test_the_instances_are_what_they_should_be(instances):
    """P on both sides of 1/2, growth on both sides of 1, and promises that are kept."""
    growths = [np.abs(np.linalg.eigvalsh(np.eye(len(loss.slope)) - loss.rate * loss.hessian)).max()
               for loss, *_ in instances]  # fmt: skip
    probs = [system.success_prob for _, system, *_ in instances]
    assert min(growths) < 1 < max(growths)
    assert min(probs) < 0.4
    assert max(probs) > 0.7
    assert len(instances) in (24, 108)
    for _, system, job, numbers, _ in instances:
        inverse = np.linalg.norm(np.linalg.inv(system.matrix), 2)
        assert inverse <= numbers["inverse_norm"] * ROUNDING
        assert numbers["success_prob"] <= system.success_prob * ROUNDING
        norms = [np.linalg.norm(vector[:-1]) for vector in (system.source, system.solution)]
        assert inverse * norms[0] / norms[1] <= numbers["xi"] * ROUNDING
        assert "W-MODEL" not in {code for code, _ in job.warnings}


def test_model_map_and_truncation(instances):
    """What is decided covers the distance of the lift from gradient descent, term by term."""
    for loss, system, job, _, shares in instances:
        degree = job.choices["degree"]
        true, model = loss.descend(loss.n_steps)[-1], loss.descend(loss.n_steps, degree)[-1]
        moved = np.linalg.norm(true)
        lift = system.update(system.wanted)
        off = np.linalg.norm(lift - model) / moved
        assert np.linalg.norm(model - true) / moved <= shares["eps_model"] * ROUNDING
        assert off <= shares["eps_map"] + shares["eps_truncation"] + 1e-13
        if job.choices["map_order"] == job.choices["truncation_order"]:
            assert off <= shares["eps_truncation"] + 1e-13


@pytest.mark.parametrize("term", ["eps_matrix", "eps_rhs"])
def test_encoding(instances, term):
    """Half of the share each; direction and norm come from two circuits, both wrong."""
    worst = 0.0
    for seed, (_, system, _, numbers, shares) in enumerate(instances):
        for adversary in adversaries(system, seed):
            states = {"eps_matrix": adversary.matrix_states, "eps_rhs": adversary.source_states}
            found = system.relative(system.vector(*states[term](numbers[term])))
            ratio = found * stretch(numbers) / (shares["eps_encoding"] / 2)
            worst = max(worst, ratio)
            assert ratio <= ROUNDING
    assert worst > 0.1, "the worst directions are not reached"


def off_state(numbers: dict[str, Any], term: str) -> float:
    """Error of the flagged state: that of a rotation acts on a whole run, the flag keeps sqrt(p)."""
    kept = math.sqrt(numbers["flag_prob"]) if term == "eps_rotation" else 1.0
    return numbers[term] / kept


@pytest.mark.slow
@pytest.mark.parametrize("term", ["eps_solver", "eps_rotation"])
def test_state_errors_of_the_direction(instances, term):
    """The direction alone is 1/sqrt(P), of sqrt(3 + 2P)/sqrt(P) that the share pays with the norm."""
    worst = 0.0
    for seed, (_, system, _, numbers, shares) in enumerate(instances):
        for adversary in adversaries(system, seed):
            x = unit(np.append(system.solution[:-1], 0.0))  # without its reference row
            state = turned(x, adversary.across() * adversary.plain, off_state(numbers, term))
            found = system.relative(system.vector(state, system.state))
            ratio = found * stretch(numbers) / shares[term]
            worst = max(worst, ratio)
            assert ratio <= ROUNDING
    assert 0.4 < worst < 0.6


@pytest.mark.parametrize("term", ["eps_solver", "eps_rotation"])
def test_state_errors_of_direction_and_norm(instances, term):
    r"""Both circuits wrong at once.

    The reference row halves the weight of what is read to $P' = P/(1+P)$, and an error of the state
    moves both: the norm is off by up to $\sqrt{2(1+P)}\,\delta/\sqrt P$, the direction by
    $\delta/\sqrt P$ at a right angle to it: $\sqrt{3+2P}\,\delta/\sqrt P$ in all, which the share pays.
    """
    worst = 0.0
    for seed, (_, system, _, numbers, shares) in enumerate(instances):
        for adversary in adversaries(system, seed):
            x = unit(np.append(system.solution[:-1], 0.0))
            first = turned(x, adversary.across() * adversary.plain, off_state(numbers, term))
            second = turned(system.state, adversary.along(), off_state(numbers, term))
            found = system.relative(system.vector(first, second)) * stretch(numbers)
            worst = max(worst, found / shares[term])
            assert found <= shares[term] * ROUNDING
    assert worst > 0.85


def test_readout(instances):
    for seed, (_, system, _, numbers, shares) in enumerate(instances):
        for adversary in adversaries(system, seed):
            noise = read_noise(adversary, numbers["eps_tomography"], numbers["eps_norm"])
            found = system.relative(noise(system.wanted)) * stretch(numbers)
            assert 0 < found <= shares["eps_readout"] * ROUNDING


def run_segment(system: System, adversary: Adversary, numbers: dict[str, Any], eps_read: float):
    """Every error at once, at its allotment; return the vector that is read."""
    states = []
    matrix, source = system.matrix, system.source
    x = system.state
    norm = np.linalg.norm(source[:-1])
    for side, away in (
        (adversary.sideways, adversary.across()),
        (adversary.lengthwise, adversary.along()),
    ):
        change = numbers["eps_matrix"] * np.outer(-adversary.draw(side), x)
        shift = numbers["eps_rhs"] * norm * unit(adversary.draw(side) * adversary.plain)
        state = unit(np.linalg.solve(matrix + change, source + shift))
        states.append(
            turned(state, away, numbers["eps_solver"] + off_state(numbers, "eps_rotation"))
        )
    return read_noise(adversary, eps_read, eps_read)(system.vector(*states))


def test_all_at_once(instances):
    """Model, map, truncation, matrix, right-hand side, solver, rotations and read-out together."""
    worst = 0.0
    for seed, (loss, system, _, numbers, _) in enumerate(instances):
        true = loss.descend(loss.n_steps)[-1]
        for adversary in adversaries(system, seed):
            vector = run_segment(system, adversary, numbers, numbers["eps_tomography"])
            found = np.linalg.norm(system.update(vector) - true) / np.linalg.norm(true)
            worst = max(worst, found)
            assert found <= TOTAL
    assert worst > TOTAL / 4


# ------------------------------------------------------------------ dropped entries


@pytest.mark.parametrize("seed", SEEDS)
def test_dropped_entries(seed):
    """Any symmetric part of that norm may be dropped, one that feeds on the path the worst."""
    loss = random_loss(900 + seed, 16, bend=0.01, spread=(-0.5, 3.0))
    path = loss.descend(loss.n_steps, 1)
    norm = 0.002 + 0.0005 * (seed % 8)
    most = np.abs(loss.hessian).max()
    rows = (SparsityRow(threshold=0.0, sparsity=16, max_entry=most, dropped_norm=0.0),
            SparsityRow(threshold=0.1, sparsity=4, max_entry=most, dropped_norm=norm))  # fmt: skip
    job, _, shares = job_of(loss, measure(loss, rows=rows), encoding="sparse")
    share = shares["eps_threshold"]
    assert job.values["sparsity"].value == 4
    rng = np.random.default_rng(seed)
    gone = [np.outer(unit(path[-1]), unit(path[-1])), np.eye(16), symmetric(rng, (16, 16), 1.0)]
    moved = np.linalg.norm(loss.descend(loss.n_steps)[-1])
    worst = 0.0
    for part in gone + [-part for part in gone]:
        dropped = norm * part / np.linalg.norm(part, 2)
        thinned = replace(loss, hessian=loss.hessian - dropped).descend(loss.n_steps, 1)
        worst = max(worst, np.linalg.norm(thinned[-1] - path[-1]) / moved / share)
    assert 0.3 < worst <= ROUNDING


# ------------------------------------------------------------------ segments


def segmented(seed: int, degree: int):
    """A descent cut in two or three, with a third derivative that the cut has to follow."""
    size = 16 if degree == 1 else 2
    loss = random_loss(1300 + seed, size, bend=10.0 if degree == 1 else 1.0, spread=(-1.0, 2.0))
    loss = replace(loss, n_steps=6)
    length = 2 + seed % 2
    found = measure(loss, length)
    typed: dict[str, Any] = {"segment_steps": length, "degree": degree, "padding": seed % 3}
    if degree == 2:
        typed |= {"truncation_order": 3, "map": 2 + seed % 2}
        typed["rescaling"] = 1.5 * max(s.path_norms[2][-1] for s in found.segmentations[-1])
    job, numbers, shares = job_of(loss, found, **typed)
    lengths = [segment.n_steps for segment in found.segmentations[-1]]
    return loss, found, lengths, job, numbers, shares


def split_by_hand(found: Measurement, rate: float, degree: int, share: float) -> list[float]:
    r"""Section 10, coherent: $\epsilon_s = E w_s^{-1/2}/\sum w^{1/2}$, then (1 + e)^2 - 1."""
    cut, moved = found.segmentations[-1], float(found.values["final_distance"])
    growths = [
        max(abs(1 - rate * float(s.values[end])) for end in ("lambda_min", "lambda_max"))
        for s in cut
    ]
    growths = [max(ends) for ends in zip(growths, [*growths[1:], growths[-1]], strict=True)]
    weights = [
        math.prod(g ** t.n_steps for g, t in zip(growths[i + 1 :], cut[i + 1 :], strict=True))
        * s.path_norms[degree][-1]
        / moved
        for i, s in enumerate(cut)
    ]  # fmt: skip
    whole = sum(map(math.sqrt, weights))
    return [math.sqrt(1 + share / math.sqrt(w) / whole) - 1 for w in weights]


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("seed", SEEDS)
def test_segments_all_at_once(seed, degree):
    """Each segment starts where the last one was read, tables and all; the end is within total."""
    loss, found, lengths, job, numbers, shares = segmented(seed, degree)
    assert job.choices["segments"] == len(lengths) > 1
    true = loss.descend(6)[-1]
    reads = split_by_hand(found, loss.rate, degree, shares["eps_readout"])
    # the price is that of equal errors, whose cost is the same
    assert sum(1 / ((1 + e) ** 2 - 1) for e in reads) == pytest.approx(
        len(reads) * numbers["readout_stretch"] / shares["eps_readout"], rel=2e-3
    )
    for is_random in (False, True):
        here = np.zeros_like(true)
        for index, (length, read) in enumerate(zip(lengths, reads, strict=True)):
            system = System.of(loss.at(here), numbers, length, degree)
            rng = np.random.default_rng([seed, index]) if is_random else None
            vector = run_segment(system, Adversary(system, rng), numbers, read)
            here = here + system.update(vector)
        assert np.linalg.norm(here - true) <= TOTAL * np.linalg.norm(true)


def lipschitz(loss: Loss, here: np.ndarray, start: int, length: int) -> float:
    """The largest growth of a distance over a segment, between the true path and one from `here`."""
    true, other = loss.descend(loss.n_steps), here + loss.at(here).descend(length)
    found = 1.0
    for step in range(length):
        between = (true[start + step] + s * (other[step] - true[start + step]) for s in PARTS)
        ends = (np.linalg.eigvalsh(loss.at(point).hessian) for point in between)
        found *= max(np.abs(1 - loss.rate * values).max() for values in ends)
    return float(found)


PARTS = np.linspace(0, 1, 9)


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("count", [16, pytest.param(50, marks=pytest.mark.slow)])
def test_segments_carry_the_errors_of_the_model(degree, count):
    """Every new start is a little off; the errors of the models add up as the weights say.

    The weights are a theorem with the largest growth between the two paths. The pipeline has the
    growth at the start of each segment in its place, and the distances from the true starts, both
    measured: what it makes of them misses the theorem by less than a tenth.
    """
    for seed in range(count):
        loss, found, _, _, _, shares = segmented(seed, degree)
        cut, true = found.segmentations[-1], loss.descend(6)
        starts, here, local = [], np.zeros_like(true[0]), []
        for segment in cut:
            starts.append(here)
            model = loss.at(here).descend(segment.n_steps, degree)[-1]
            local.append(np.linalg.norm(model - loss.at(here).descend(segment.n_steps)[-1]))
            here = here + model
        growths = [
            lipschitz(loss, start, segment.start_step, segment.n_steps)
            for start, segment in zip(starts, cut, strict=True)
        ]
        carried = [math.prod(growths[i + 1 :]) for i in range(len(cut))]
        proven = sum(w * d for w, d in zip(carried, local, strict=True))
        share = shares["eps_model"] * np.linalg.norm(true[-1])
        assert np.linalg.norm(here - true[-1]) <= proven * ROUNDING
        assert proven <= 1.1 * share


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("seed", SEEDS)
def test_segments_carry_the_errors_of_the_lift(seed, degree):
    """Without noise, the end is off by model, map and truncation alone, each grown to the end."""
    loss, found, lengths, _, numbers, shares = segmented(seed, degree)
    here, model = np.zeros_like(loss.slope), np.zeros_like(loss.slope)
    for length in lengths:
        model = model + loss.at(model).descend(length, degree)[-1]
        system = System.of(loss.at(here), numbers, length, degree)
        here = here + system.update(system.wanted)
    off = np.linalg.norm(here - model) / float(found.values["final_distance"])
    assert off <= (shares["eps_map"] + shares["eps_truncation"]) * ROUNDING + 1e-13
