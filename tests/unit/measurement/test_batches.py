"""Mini-batches: how samples are shared out, both runs, and what is recorded of all batches."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from qres.errors import InputError  # noqa: E402
from qres.measurement.batches import follow_batches  # noqa: E402
from qres.measurement.curvature import Curvature  # noqa: E402
from qres.measurement.measure import check_fits, measure_module, measure_scenario  # noqa: E402
from qres.measurement.record import Measurement  # noqa: E402

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


def test_both_runs_are_the_recurrences_written_out():
    """Mean output x.(theta^3/6 + theta^2/2): slope x (theta^2/2 + theta), Hessian x (1 + theta)."""
    parts = cubes().split(4, seed=0)
    means = [part.batches[0][0].mean(0).numpy() for part in parts]
    c = np.array([0.5, -0.3, 0.8])
    u, w, norms, gaps = np.zeros(3), np.zeros(3), [0.0], []
    for step in range(10):
        x = means[step % 4]
        model = x * (c**2 / 2 + c) + DECAY * c + (x * (1 + c) + DECAY) * u
        true = x * ((c + w) ** 2 / 2 + c + w) + DECAY * (c + w)
        u, w = u - RATE * model, w - RATE * true
        norms.append(np.linalg.norm(u))
        gaps.append(np.linalg.norm(u - w))
    found = follow_batches(parts, n_steps=10, learning_rate=RATE)
    assert found.norms == pytest.approx(norms, rel=1e-12)
    assert found.gaps == pytest.approx(gaps, rel=1e-9, abs=1e-16)
    assert found.distances[-1] == pytest.approx(np.linalg.norm(w), rel=1e-12)
    assert found.eps_model_curve[-1] == pytest.approx(gaps[-1] / np.linalg.norm(w), rel=1e-9)
    assert found.eps_model_curve[-1] > 1e-4


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
    assert len(found.segmentations) == 1
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
    with pytest.raises(InputError, match="mini-batch training diverges at step"):
        follow_batches(cubes().split(4, seed=0), n_steps=4000, learning_rate=9.0)


def test_the_store_tells_batches_apart(make, store):
    """Breaking it means: plain descent is answered with what was measured in batches."""
    network = make.network()
    plain = measure_scenario(make.scenario(network), store=store)
    parts = measure_scenario(make.scenario(network, make.algorithm(n_batches=3)), store=store)
    assert parts.update_norms != plain.update_norms
    assert parts.values["eps_model"].kind == "measured"
    assert measure_scenario(make.scenario(network), store=store) == plain
