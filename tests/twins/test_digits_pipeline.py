r"""A real network through the pipeline: gradient descent by hand, every error at its allotment.

The digits network, just pruned and after sparse epochs, at two learning rates. The pipeline measures
it and chooses degree, segments, order and map; here the descent, its Taylor models and the truncated
lift of order 2 are followed by automatic differentiation written from the definitions, and noise of
the size that was allotted is put in at every term of
$$\sum_s \Lambda_s\bigl[d_{\mathrm{model},s} + e_{1,s} + (\lVert u_s\rVert + e_{1,s})
  (\epsilon_{\mathrm{tomo}} + \epsilon_{\mathrm{norm}} + \epsilon_{\mathrm{tomo}}\epsilon_{\mathrm{norm}}
  + \Sigma_s)\bigr].$$
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import qres
from qres.measurement import pipeline
from qres.measurement.checkpoints import unpack_weights
from qres.measurement.data import load_dataset
from qres.measurement.networks import build_network

pytestmark = pytest.mark.slow

N_STEPS = 24
RATES = (0.01, 0.1)
EPOCHS = (0, 10)
TOTAL = 0.1


# ------------------------------------------------------------------ the network, from definitions


class Network:
    """Loss of the active weights as a function of one vector, and its derivatives."""

    def __init__(self, module: Any, mask: Any, inputs: Any, targets: Any) -> None:
        weights = {name: weight.detach().double() for name, weight in module.named_parameters()}
        flat = torch.cat([weight.flatten() for weight in weights.values()])
        active = torch.cat([mask[name].flatten().bool() for name in weights])
        places = torch.nonzero(active).squeeze(1)
        idle = torch.where(active, torch.zeros_like(flat), flat)
        self.start = flat[places]

        def loss(vector: Any) -> Any:
            whole = idle + torch.scatter(torch.zeros_like(flat), 0, places, vector)
            parts = torch.split(whole, [weight.numel() for weight in weights.values()])
            full = {
                name: part.reshape(weights[name].shape)
                for name, part in zip(weights, parts, strict=True)
            }
            output = torch.func.functional_call(module, full, (inputs,))
            return torch.nn.functional.cross_entropy(output, targets)

        self.gradient = torch.func.grad(loss)

    def derivatives(self, at: Any, along: Any) -> tuple[Any, Any, Any]:
        """The gradient, its first and its second derivative along one direction."""

        def first(point: Any) -> Any:
            return torch.func.jvp(self.gradient, (point,), (along,))

        (slope, bend), (_, twist) = torch.func.jvp(first, (at,), (along,))
        return slope, bend, twist

    def descend(self, start: Any, n_steps: int, rate: float) -> Any:
        """Weights after each step of true gradient descent."""
        path = [start]
        for _ in range(n_steps):
            path.append(path[-1] - rate * self.gradient(path[-1]))
        return path

    def model(self, start: Any, n_steps: int, rate: float, degree: int) -> Any:
        """The update of the Taylor model of the gradient about `start`."""
        slope, u = self.gradient(start), torch.zeros_like(start)
        for _ in range(n_steps):
            _, bend, twist = self.derivatives(start, u)
            u = u - rate * (slope + bend + (twist / 2 if degree == 2 else 0.0))
        return u

    @cached_property
    def hessian(self) -> Any:
        """At the start, row by row."""
        columns = torch.eye(len(self.start), dtype=self.start.dtype)
        rows = [torch.func.jvp(self.gradient, (self.start,), (column,))[1] for column in columns]
        found = torch.stack(rows)
        return (found + found.T) / 2

    def lift(self, n_steps: int, rate: float) -> Any:
        r"""From the start, block 1 of the lift of degree 2, order 2, first-order map.

        $y_1' = y_1 + \eta(F_0 + F_1 y_1 + F_2 y_2)$ and, $F_2$ falling out of the second block,
        $y_2' = y_2 + \eta(F_0 \otimes y_1 + y_1 \otimes F_0 + (F_1 \otimes I + I \otimes F_1) y_2)$.
        """
        start, hessian = self.start, self.hessian
        slope = self.gradient(start)
        first, second = torch.zeros_like(start), torch.zeros_like(hessian)
        for _ in range(n_steps):
            bend = self.contract(start, second)
            cross = torch.outer(slope, first) + torch.outer(first, slope)
            following = first - rate * (slope + hessian @ first + bend / 2)
            second = second - rate * (cross + hessian @ second + second @ hessian)
            first = following
        return first

    def contract(self, at: Any, matrix: Any) -> Any:
        """The third derivative with a symmetric matrix: eigenvector by eigenvector."""
        values, vectors = torch.linalg.eigh(matrix)
        found = torch.zeros_like(at)
        for value, vector in zip(values, vectors.T, strict=True):
            if abs(value) > 1e-13 * abs(values).max():
                found = found + value * self.derivatives(at, vector)[2]
        return found


# ------------------------------------------------------------------ the cases


@dataclass(frozen=True)
class Case:
    network: Network
    scenario: Any
    measurement: Any
    true: Any

    @property
    def rate(self) -> float:
        return self.scenario.algorithm.learning_rate

    @property
    def moved(self) -> float:
        return float(torch.linalg.norm(self.true[-1] - self.true[0]))


def scenario_of(rate: float, epochs: int) -> Any:
    return qres.load(
        "digits-mlp",
        overrides=[
            f"algorithm.learning_rate={rate}",
            f"algorithm.n_steps={N_STEPS}",
            f"model.network.prune.retrain_epochs={epochs}",
            f"error.total={TOTAL}",
        ],
    )


def probe_of(scenario: Any) -> Any:
    return pipeline.Probe(
        n_steps=N_STEPS,
        learning_rate=scenario.algorithm.learning_rate,
        weight_decay=0.0,
        lanczos_steps=32,
        n_probes=4,
        seed=0,
    )


@pytest.fixture(scope="module")
def cases():
    """Each network is trained once, measured once for each rate."""
    found, packed = {}, {}
    for epochs in EPOCHS:
        for rate in RATES:
            scenario = scenario_of(rate, epochs)

            def keep(make: Any, epochs: int = epochs) -> bytes:
                if epochs not in packed:
                    packed[epochs] = make()
                return packed[epochs]

            measurement = pipeline.measure_network(
                scenario.model,
                probe_of(scenario),
                folder=Path(),
                trust=False,
                weights=keep,
                progress=lambda *_: None,
            )
            data = load_dataset(scenario.model.dataset)
            module = build_network(
                scenario.model.architecture,
                n_features=data.n_features,
                n_classes=data.n_classes,
                generator=torch.Generator().manual_seed(0),
            )
            mask = unpack_weights(module, packed[epochs])
            network = Network(module, mask, data.inputs, data.targets)
            true = network.descend(network.start, N_STEPS, rate)
            found[rate, epochs] = Case(network, scenario, measurement, true)
    return found


GRID = [(rate, epochs) for rate in RATES for epochs in EPOCHS]


def report_of(case: Case, degree: Any) -> Any:
    return qres.estimate(
        case.scenario,
        measurement=case.measurement,
        algorithm__degree=degree,
        algorithm__encoding="frobenius",
    )


def shares_of(report: Any) -> dict[str, float]:
    return {row["name"]: row["share"] for row in report.to_dict()["budget"]}


def cut_of(case: Case, report: Any) -> Any:
    """The measured segments of the length that was chosen."""
    steps = report.to_dict()["choices"]["segment_steps"]
    (found,) = [cut for cut in case.measurement.segmentations if cut[0].n_steps == steps]
    return found


def carried(case: Case, cut: Any) -> list[float]:
    """Section 10: products of g^T over later segments, g at the outer ends of the spectrum."""
    growths = []
    for segment in cut:
        ends = (segment.values["lambda_min"].low, segment.values["lambda_max"].high)
        ends = [
            float(segment.values[name]) if end is None else end
            for name, end in zip(("lambda_min", "lambda_max"), ends, strict=True)
        ]
        growths.append(max(abs(1 - case.rate * end) for end in ends) ** segment.n_steps)
    return [math.prod(growths[i + 1 :]) for i in range(len(cut))]


def norm(vector: Any) -> float:
    return float(torch.linalg.norm(vector))


# ------------------------------------------------------------------ what was measured


@pytest.mark.parametrize("where", GRID)
def test_the_descent_is_the_one_that_was_measured(cases, where):
    """Gradient, distance and errors of both models, from derivatives taken here."""
    case = cases[where]
    values, curves = case.measurement.values, case.measurement.eps_model_curves
    slope = case.network.gradient(case.network.start)
    assert float(values["grad_norm"]) == pytest.approx(norm(slope), rel=1e-9)
    assert float(values["final_distance"]) == pytest.approx(case.moved, rel=1e-9)
    for degree in (1, 2):
        u = case.network.model(case.network.start, N_STEPS, case.rate, degree)
        apart = norm(case.network.start + u - case.true[-1]) / case.moved
        assert curves[degree][-1] == pytest.approx(apart, rel=1e-5, abs=1e-12)


def test_the_grid_reaches_lifts_and_segments(cases):
    """What the pipeline chooses: degree 1 whole and cut, lifts of several orders, whole and cut."""
    found = {}
    for where, degree in [(where, degree) for where in GRID for degree in ("auto", 2)]:
        choices = report_of(cases[where], degree).to_dict()["choices"]
        names = ("degree", "truncation_order", "map_order", "segments")
        found[(*where, degree)] = tuple(choices[name] for name in names)
    assert found[0.01, 0, "auto"][0] == found[0.1, 10, "auto"][0] == 1
    assert found[0.1, 0, "auto"][3] > 1
    orders = {choice[1] for choice in found.values()}
    assert {1, 2} < orders
    assert any(choice[0] == 2 and choice[3] > 1 for choice in found.values())


@pytest.mark.parametrize("degree", ["auto", 2])
@pytest.mark.parametrize("where", GRID)
def test_the_shares_of_model_and_lift(cases, where, degree):
    """Segment by segment from where the last model ended, without noise."""
    case = cases[where]
    report = report_of(case, degree)
    shares, choices = shares_of(report), report.to_dict()["choices"]
    cut, here = cut_of(case, report), case.network.start
    local = []
    for segment in cut:
        start = case.true[segment.start_step]
        u = case.network.model(start, segment.n_steps, case.rate, choices["degree"])
        local.append(norm(start + u - case.true[segment.start_step + segment.n_steps]))
        here = here + case.network.model(here, segment.n_steps, case.rate, choices["degree"])
    expected = sum(w * d for w, d in zip(carried(case, cut), local, strict=True)) / case.moved
    assert shares["eps_model"] == pytest.approx(expected, rel=1e-5, abs=1e-12)
    assert norm(here - case.true[-1]) / case.moved <= shares["eps_model"] * (1 + 1e-5) + 1e-12
    assert shares["eps_model"] <= TOTAL / 7 or degree != "auto"


@pytest.mark.parametrize("epochs", EPOCHS)
def test_the_lift_of_order_two_on_the_network(cases, epochs):
    """The truncated lift itself, 347 weights and their 120,409 products, against its certificate."""
    case = cases[0.01, epochs]
    report = report_of(case, 2)
    choices, shares = report.to_dict()["choices"], shares_of(report)
    assert (choices["truncation_order"], choices["map_order"], choices["segments"]) == (2, 1, 1)
    lift = case.network.lift(N_STEPS, case.rate)
    model = case.network.model(case.network.start, N_STEPS, case.rate, 2)
    off = norm(lift - model) / case.moved
    assert 1e-9 < off <= shares["eps_map"] + shares["eps_truncation"]


# ------------------------------------------------------------------ with noise


def split_by_hand(weights: list[float], share: float) -> list[float]:
    r"""Coherent read-outs: $\epsilon_s = E w_s^{-1/2}/\sum w^{1/2}$, then (1 + e)^2 - 1."""
    whole = sum(map(math.sqrt, weights))
    return [math.sqrt(1 + share / math.sqrt(w) / whole) - 1 for w in weights]


def turned(vector: Any, towards: Any, epsilon: float) -> Any:
    """A vector of the same length whose direction is off by epsilon."""
    along = vector / norm(vector)
    away = towards - (towards @ along) * along
    angle = 2 * math.asin(epsilon / 2)
    return norm(vector) * (math.cos(angle) * along + math.sin(angle) * away / norm(away))


def state_error(numbers: Any) -> float:
    """Sigma_s of one segment, each precision at its allotment."""
    inner = numbers["eps_solver"] + numbers["eps_rotation"]
    inner += (
        4 * numbers["inverse_norm"] * numbers["eps_matrix"] + 2 * numbers["xi"] * numbers["eps_rhs"]
    )
    return 2 / math.sqrt(numbers["success_prob"]) * inner


def directions(case: Case) -> dict[str, Any]:
    """Noise that any step may add: what grows fastest, either way, and what nobody chose."""
    vectors = torch.linalg.eigh(case.network.hessian)[1]
    random = torch.from_numpy(np.random.default_rng(3).normal(size=len(case.network.start)))
    return {"downhill": vectors[:, 0], "uphill": -vectors[:, 0], "random": random}


@pytest.mark.parametrize("degree", ["auto", 2])
@pytest.mark.parametrize("where", GRID)
def test_descent_read_through_the_pipeline(cases, where, degree):
    """Re-uploaded after each segment, with the largest noise of every kind: within error.total."""
    case = cases[where]
    report = report_of(case, degree)
    shares, numbers = shares_of(report), report.priced.numbers
    q, cut = report.to_dict()["choices"]["degree"], cut_of(case, report)
    certified = (shares["eps_map"] + shares["eps_truncation"]) * case.moved
    factors = carried(case, cut)
    # the certificates of the segments add up, grown to the end, to what was decided
    lost = [certified / len(cut) / factor for factor in factors]
    lengths = [segment.path_norms[q][-1] + e for segment, e in zip(cut, lost, strict=True)]
    weights = [w * u / case.moved for w, u in zip(factors, lengths, strict=True)]
    reads = split_by_hand(weights, shares["eps_readout"])
    quantum = shares["eps_encoding"] + shares["eps_solver"] + shares["eps_rotation"]
    spent = sum(weights) * state_error(numbers)
    assert spent <= quantum * 1.001, "the precisions are more than the shares allow"
    assert spent >= 0.5 * quantum
    worst = 0.0
    for name, away in directions(case).items():
        for sign in (1, -1):  # of the norm's error
            here = case.network.start
            for segment, e, read in zip(cut, lost, reads, strict=True):
                u = case.network.model(here, segment.n_steps, case.rate, q)
                u = u + e * away / norm(away)
                u = turned(u, away, state_error(numbers) + read)
                here = here + math.sqrt((1 + sign * read) / (1 - sign * read)) * u
            found = norm(here - case.true[-1]) / case.moved
            worst = max(worst, found)
            assert found <= TOTAL, name
    assert worst > 0.3 * TOTAL
