"""Descent with momentum: true and modelled runs, what is recorded, what a measurement fits."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from qres.errors import InputError
from qres.measurement.curvature import Curvature
from qres.measurement.measure import check_fits, measure_module, measure_scenario
from qres.measurement.record import Measurement
from qres.measurement.trajectory import follow_descent

RATE, BETA = 0.2, 0.7


class Weights(torch.nn.Module):
    """A loss with third and fourth derivatives on its own weights."""

    def __init__(self):
        super().__init__()
        self.theta = torch.nn.Parameter(torch.tensor([0.5, -0.3], dtype=torch.float64))

    def forward(self, _):
        return (self.theta**2 / 2 + self.theta**3 / 6 + self.theta**4 / 24).sum()


def quartic(weight_decay=0.0):
    batch = (torch.ones(1, 1), torch.ones(1))
    return Curvature(
        Weights(), loss=lambda output, _: output, batches=[batch], weight_decay=weight_decay
    )


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_both_runs_are_the_two_line_recurrence(weight_decay):
    """v' = beta v + grad, u' = u - eta v', gradients of theta^2/2 + theta^3/6 + theta^4/24 by hand.

    At c the derivatives are c + c^2/2 + c^3/6, 1 + c + c^2/2, 1 + c, 1.
    """
    c, wd = np.array([0.5, -0.3]), weight_decay
    slopes = {
        1: lambda u: c + c**2 / 2 + c**3 / 6 + wd * c + (1 + c + c**2 / 2 + wd) * u,
        2: lambda u: slopes[1](u) + (1 + c) * u**2 / 2,
        3: lambda u: slopes[2](u) + u**3 / 6,
        "true": lambda u: (c + u) + (c + u) ** 2 / 2 + (c + u) ** 3 / 6 + wd * (c + u),
    }
    found = follow_descent(quartic(wd), n_steps=15, learning_rate=RATE, momentum=BETA)
    ends = {}
    for name, slope in slopes.items():
        u, v, norms, speeds = np.zeros(2), np.zeros(2), [0.0], [0.0]
        for _ in range(15):
            v = BETA * v + slope(u)
            u = u - RATE * v
            norms.append(np.linalg.norm(u))
            speeds.append(np.linalg.norm(v))
        ends[name] = u
        if name == "true":
            assert found.distances == pytest.approx(norms[1:], rel=1e-12)
            assert found.end == pytest.approx(c + u, rel=1e-12)
        else:
            assert found.path_norms[name] == pytest.approx(norms, rel=1e-12)
            assert found.velocity_norms[name] == pytest.approx(speeds, rel=1e-12)
    # a quartic is its own model of degree 3
    assert ends[3] == pytest.approx(ends["true"], rel=1e-12)
    gap = np.linalg.norm(ends["true"] - ends[1]) / np.linalg.norm(ends["true"])
    assert found.eps_model_curve[-1] == pytest.approx(gap, rel=1e-10)
    assert gap > 1e-2


def test_no_momentum_is_plain_descent_to_the_last_bit():
    plain = follow_descent(quartic(), n_steps=9, learning_rate=RATE)
    zero = follow_descent(quartic(), n_steps=9, learning_rate=RATE, momentum=0.0)
    assert (plain.path_norms, plain.gaps, plain.distances) == (
        zero.path_norms,
        zero.gaps,
        zero.distances,
    )
    assert plain.velocity_norms == {}


def squares():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(30, 4, dtype=torch.float64, generator=generator)
    module = torch.nn.Linear(4, 1, dtype=torch.float64)
    targets = torch.randn(30, dtype=torch.float64, generator=generator)
    keys = {"loss": lambda y, x: ((y.squeeze(-1) - x) ** 2).mean(), "batches": [(inputs, targets)]}
    return module, {**keys, "learning_rate": 0.05, "n_steps": 8}


def test_what_is_recorded():
    module, keys = squares()
    found = measure_module(module, **keys, momentum=BETA)
    assert {len(norms) for norms in found.velocity_norms.values()} == {9}
    first = found.velocity_norms[1][1]
    assert first == pytest.approx(found.values["grad_norm"].value, rel=1e-12)
    assert found.details["momentum"] == BETA
    assert Measurement.from_dict(found.to_dict()) == found
    plain = measure_module(module, **keys)
    assert "momentum" not in plain.details
    assert "velocity_norms" not in plain.to_dict()
    with pytest.raises(InputError, match="momentum: must be >= 0 and < 1, found 1"):
        measure_module(module, **keys, momentum=1.0)


def test_there_is_one_segment():
    """A later one would start with a velocity. Breaking it means: it is cut like plain descent."""
    keys = {"loss": lambda y, _: y, "batches": [(torch.ones(1, 1), torch.ones(1))]}
    keys |= {"learning_rate": 0.3, "n_steps": 8}
    assert len(measure_module(Weights(), **keys).segmentations) > 1
    assert len(measure_module(Weights(), **keys, momentum=0.3).segmentations) == 1


def test_every_segment_starts_at_rest():
    """Restarted training by hand: steps of the true gradient, v = 0 at steps 0, 3 and 6.

    Breaking it means: a velocity is carried over, a segment starts at weights of another training,
    or its model is compared with one.
    """
    keys = {"loss": lambda y, _: y, "batches": [(torch.ones(1, 1), torch.ones(1))]}
    keys |= {"learning_rate": RATE, "n_steps": 8, "segment_steps": 3, "momentum": BETA}
    found = measure_module(Weights(), **keys, momentum_restart=True)
    (segments,) = [cut for cut in found.segmentations if cut[0].n_steps == 3]
    assert [segment.start_step for segment in segments] == [0, 3, 6]
    c = np.array([0.5, -0.3])
    for segment in segments:
        u, v = np.zeros(2), np.zeros(2)
        model, speed, path, speeds = np.zeros(2), np.zeros(2), [0.0], [0.0]
        for _ in range(segment.n_steps):
            t = c + u
            v = BETA * v + t + t**2 / 2 + t**3 / 6
            u = u - RATE * v
            speed = BETA * speed + c + c**2 / 2 + c**3 / 6 + (1 + c + c**2 / 2) * model
            model = model - RATE * speed
            path.append(np.linalg.norm(model))
            speeds.append(np.linalg.norm(speed))
        assert segment.path_norms[1] == pytest.approx(path, rel=1e-12)
        assert segment.velocity_norms[1] == pytest.approx(speeds, rel=1e-12)
        assert segment.model_distances[1] == pytest.approx(np.linalg.norm(u - model), rel=1e-9)
        assert segment.values["grad_norm"].value == pytest.approx(speeds[1], rel=1e-12)
        c = c + u
    moved = segments[-1].values["final_distance"].value
    assert moved == pytest.approx(np.linalg.norm(c - [0.5, -0.3]), rel=1e-12)
    assert abs(moved / found.values["final_distance"].value - 1) > 1e-2, "another training"
    assert Measurement.from_dict(found.to_dict()) == found


def test_each_length_of_segments_is_a_training_of_its_own():
    """Breaking it means: what was measured at step 4 of one training is taken for another's."""
    keys = {"loss": lambda y, _: y, "batches": [(torch.ones(1, 1), torch.ones(1))]}
    keys |= {"learning_rate": RATE, "n_steps": 8, "segment_steps": 2, "momentum": BETA}
    found = measure_module(Weights(), **keys, momentum_restart=True).segmentations
    at = {
        cut[0].n_steps: segment.values["grad_norm"].value
        for cut in found
        for segment in cut
        if segment.start_step == 4
    }
    assert {2, 4} <= at.keys()
    assert at[2] != at[4]


def test_a_restart_needs_momentum():
    module, keys = squares()
    with pytest.raises(InputError, match="momentum_restart: without momentum"):
        measure_module(module, **keys, momentum_restart=True)


def test_a_measurement_of_other_momentum_is_refused(make):
    module, keys = squares()
    plain = measure_module(module, **keys)
    asked = make.algorithm(n_steps=8, learning_rate=0.05)
    check_fits(plain, asked, "here")
    with pytest.raises(InputError, match=r"with momentum 0, algorithm\.momentum is 0\.7"):
        check_fits(plain, replace(asked, momentum=BETA), "here")
    moved = measure_module(module, **keys, momentum=BETA)
    check_fits(moved, replace(asked, momentum=BETA), "here")
    with pytest.raises(InputError, match=r"with momentum 0\.7, algorithm\.momentum is 0;"):
        check_fits(moved, asked, "here")
    with pytest.raises(InputError, match=r"momentum_restart 0, algorithm\.momentum_restart is 1"):
        check_fits(moved, replace(asked, momentum=BETA, momentum_restart=True), "here")


def test_the_store_tells_momentum_apart(make, store):
    """Breaking it means: plain descent is answered with what was measured with momentum."""
    network = make.network()
    plain = measure_scenario(make.scenario(network), store=store)
    moved = measure_scenario(make.scenario(network, make.algorithm(momentum=0.5)), store=store)
    assert plain.velocity_norms == {}
    assert moved.velocity_norms
    assert moved.update_norms[2] > plain.update_norms[2]
    assert measure_scenario(make.scenario(network), store=store) == plain
