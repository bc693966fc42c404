"""Mini-batches: how samples are shared out, both runs, and what is recorded of all batches."""

import numpy as np
import pytest
import torch

from qres.errors import InputError
from qres.measurement.curvature import Curvature
from qres.measurement.measure import check_fits, measure_module, measure_scenario
from qres.measurement.record import Measurement
from qres.measurement.trajectory import follow_descent

RATE, DECAY = 0.1, 0.3


class Cubes(torch.nn.Module):
    """Output sum of theta^3 x / 6: a loss with a third derivative that differs by sample."""

    def __init__(self):
        super().__init__()
        self.theta = torch.nn.Parameter(torch.tensor([0.5, -0.3, 0.8], dtype=torch.float64))

    def forward(self, x):
        return x @ (self.theta**3 / 6 + self.theta**2 / 2)


def samples(count=11):
    generator = torch.Generator().manual_seed(3)
    inputs = torch.randn(count, 3, dtype=torch.float64, generator=generator)
    return inputs, torch.arange(count, dtype=torch.float64)


def cubes(weight_decay=DECAY, pieces=1):
    inputs, targets = samples()
    batches = list(zip(inputs.chunk(pieces), targets.chunk(pieces), strict=True))
    return Curvature(
        Cubes(), loss=lambda y, _: y.mean(), batches=batches, weight_decay=weight_decay
    )


@pytest.mark.parametrize("pieces", [1, 3])
def test_samples_are_shared_out_once(pieces):
    parts = cubes(pieces=pieces).split(4, seed=0)
    assert sorted(part.n_samples for part in parts) == [2, 3, 3, 3]
    rows = torch.cat([part.batches[0][1] for part in parts])
    assert sorted(rows.tolist()) == list(range(11))
    again = torch.cat([part.batches[0][1] for part in cubes().split(4, seed=0)])
    other = torch.cat([part.batches[0][1] for part in cubes().split(4, seed=1)])
    assert torch.equal(rows, again)
    assert not torch.equal(rows, other)
    # weighted by their sizes the batches add up to the whole, weight decay in each
    whole, start = cubes(), cubes().start
    mean = sum(part.n_samples * part.gradient(start) for part in parts) / 11
    assert mean == pytest.approx(whole.gradient(start), rel=1e-12)
    with pytest.raises(InputError, match="n_batches: 12 batches of 11 samples"):
        whole.split(12, seed=0)


def write_out(means, start, n_steps, turn=0):
    """Mean output x.(theta^3/6 + theta^2/2): slope x (theta^2/2 + theta), its derivatives by hand.

    Returns the norms of both models, degree 1 and 2, their gaps to training, and its end.
    """
    c = np.array(start)
    u, v, w = np.zeros(3), np.zeros(3), np.zeros(3)
    rows = []
    for step in range(n_steps):
        x = means[(turn + step) % len(means)]
        forcing, hessian = x * (c**2 / 2 + c) + DECAY * c, x * (1 + c) + DECAY
        true = x * ((c + w) ** 2 / 2 + c + w) + DECAY * (c + w)
        u, v = u - RATE * (forcing + hessian * u), v - RATE * (forcing + hessian * v + x * v**2 / 2)
        w = w - RATE * true
        rows.append([np.linalg.norm(item) for item in (u, v, u - w, v - w, w)])
    return np.array(rows).T, c + w


def means_of(parts):
    return [part.batches[0][0].mean(0).numpy() for part in parts]


def test_all_runs_are_the_recurrences_written_out():
    parts = cubes().split(4, seed=0)
    rows, end = write_out(means_of(parts), [0.5, -0.3, 0.8], 10)
    found = follow_descent(cubes(), batches=parts, n_steps=10, learning_rate=RATE)
    for degree in (1, 2):
        assert found.path_norms[degree][1:] == pytest.approx(rows[degree - 1], rel=1e-12)
        assert found.gaps[degree] == pytest.approx(rows[degree + 1], rel=1e-9, abs=1e-15)
    assert found.distances == pytest.approx(rows[4], rel=1e-12)
    assert found.end == pytest.approx(end, rel=1e-12)
    assert found.eps_model_curve[-1] == pytest.approx(rows[2][-1] / rows[4][-1], rel=1e-9)
    assert found.eps_model_curve[-1] > 1e-4
    # the loss is of third order in theta: its slope is quadratic
    assert max(found.gaps[2]) < 1e-14


def test_segments_start_anew_and_go_on_in_the_order_of_the_batches():
    """Ten steps over four batches in segments of three: they begin with batches 0, 3, 2, 1."""
    inputs, targets = samples()
    keys = {"loss": lambda y, _: y.mean(), "batches": [(inputs, targets)], "n_steps": 10}
    keys |= {"learning_rate": RATE, "weight_decay": DECAY, "segment_steps": 3}
    found = measure_module(Cubes(), **keys, n_batches=4)
    (segments,) = (cut for cut in found.segmentations if cut[0].n_steps == 3)
    assert [(s.start_step, s.n_steps) for s in segments] == [(0, 3), (3, 3), (6, 3), (9, 1)]
    parts, start = cubes().split(4, seed=0), np.array([0.5, -0.3, 0.8])
    means = means_of(parts)
    for segment in segments:
        step, count = segment.start_step, segment.n_steps
        rows, end = write_out(means, start, count, turn=step)
        assert segment.path_norms[1][1:] == pytest.approx(rows[0], rel=1e-10)
        assert segment.model_distances[1] == pytest.approx(rows[2][-1], rel=1e-7)
        slopes = [x * (start**2 / 2 + start) + DECAY * start for x in means]
        squares = [np.sum(slopes[t % 4] ** 2) for t in range(step, step + count)]
        values = segment.values
        assert float(values["grad_norm"]) == pytest.approx(np.sqrt(np.mean(squares)), rel=1e-10)
        most = max(np.linalg.norm(slope) for slope in slopes)
        assert float(values["largest_grad_norm"]) == pytest.approx(most, rel=1e-10)
        bends = [x * (1 + start) + DECAY for x in means]  # the Hessian is diagonal
        assert float(values["lambda_max"]) == pytest.approx(np.max(bends), rel=1e-9)
        assert float(values["lambda_min"]) == pytest.approx(np.min(bends), rel=1e-9)
        # T3 is diagonal with entries x
        third = max(np.linalg.norm(x) for x in means)
        assert float(values["t3_frobenius"]) == pytest.approx(third, rel=1e-9)
        start = end
    mean = inputs.mean(0).numpy()
    slope = np.linalg.norm(mean * (start**2 / 2 + start) + DECAY * start)
    assert float(found.values["final_grad_norm"]) == pytest.approx(slope, rel=1e-10)
    # the last segment ends where all training ends
    assert np.linalg.norm(start - [0.5, -0.3, 0.8]) == pytest.approx(
        float(found.values["final_distance"]), rel=1e-10
    )


def test_what_holds_for_every_batch_is_recorded():
    inputs, targets = samples()
    keys = {"loss": lambda y, _: y.mean(), "batches": [(inputs, targets)], "n_steps": 10}
    keys |= {"learning_rate": RATE, "weight_decay": DECAY}
    found = measure_module(Cubes(), **keys, n_batches=4)
    parts = cubes().split(4, seed=0)
    dense = [part.dense() for part in parts]
    ends = [np.linalg.eigvalsh(matrix) for matrix in dense]
    assert found.values["lambda_max"].value == pytest.approx(max(e[-1] for e in ends), rel=1e-9)
    assert found.values["lambda_min"].value == pytest.approx(min(e[0] for e in ends), rel=1e-9)
    assert found.values["lambda_max"].high >= max(e[-1] for e in ends) * (1 - 1e-12)
    norms = [np.linalg.norm(matrix) for matrix in dense]
    assert found.values["frobenius_norm"].value == pytest.approx(max(norms), rel=1e-12)
    largest = max(np.abs(matrix).max() for matrix in dense)
    assert found.values["max_entry"].value == pytest.approx(largest, rel=1e-12)
    # ten steps over four batches: the first two batches come three times
    squares = [np.sum(part.gradient(part.start) ** 2) for part in parts]
    mean = (3 * (squares[0] + squares[1]) + 2 * (squares[2] + squares[3])) / 10
    assert found.values["grad_norm"].value == pytest.approx(np.sqrt(mean), rel=1e-12)
    lengths = [cut[0].n_steps for cut in found.segmentations]
    assert lengths[:2] == [10, 5]
    assert lengths == sorted(lengths, reverse=True)
    assert set(found.path_norms) == set(found.eps_model_curves) == {1, 2, 3}
    assert found.details["n_batches"] == 4
    assert Measurement.from_dict(found.to_dict()) == found


def test_a_measurement_of_other_batches_is_refused(make):
    inputs, targets = samples()
    keys = {"loss": lambda y, _: y.mean(), "batches": [(inputs, targets)], "n_steps": 10}
    plain = measure_module(Cubes(), **keys, learning_rate=RATE)
    asked = make.algorithm(n_steps=10, learning_rate=RATE, n_batches=4)
    with pytest.raises(InputError, match=r"with n_batches 1, algorithm\.n_batches is 4"):
        check_fits(plain, asked, "here")
    check_fits(measure_module(Cubes(), **keys, learning_rate=RATE, n_batches=4), asked, "here")
    with pytest.raises(InputError, match="n_batches: must be >= 1, and 1 with momentum"):
        measure_module(Cubes(), **keys, n_batches=4, momentum=0.5)


def test_a_run_that_diverges_is_one_clear_line():
    parts = cubes().split(4, seed=0)
    with pytest.raises(InputError, match="mini-batch training diverges at step"):
        follow_descent(cubes(), batches=parts, n_steps=4000, learning_rate=9.0)


def test_the_store_tells_batches_apart(make, store):
    """Breaking it means: plain descent is answered with what was measured in batches."""
    network = make.network()
    plain = measure_scenario(make.scenario(network), store=store)
    parts = measure_scenario(make.scenario(network, make.algorithm(n_batches=3)), store=store)
    assert parts.update_norms != plain.update_norms
    assert parts.values["eps_model"].kind == "measured"
    assert measure_scenario(make.scenario(network), store=store) == plain
