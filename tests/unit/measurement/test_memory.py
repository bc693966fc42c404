"""A batch that does not fit is refused before it is tried, with the largest that does."""

import re

import numpy as np
import pytest
import torch
from torch.multiprocessing.reductions import StorageWeakRef

from qres.errors import InputError
from qres.measurement import arithmetic, memory
from qres.measurement.arithmetic import Arithmetic, count_graph, make_plan
from qres.measurement.curvature import Curvature

BATCH = (torch.zeros(8, 100).double(), torch.zeros(8, dtype=torch.int64))


def _chain():
    return torch.nn.Sequential(
        torch.nn.Linear(100, 50, bias=False), torch.nn.Tanh(), torch.nn.Linear(50, 3, bias=False)
    ).double()


def _count(part):
    return count_graph(lambda: _chain()(part[0]))


def test_the_largest_that_fits_by_hand():
    """Saved for n samples: inputs 100 n and tanh 50 n numbers, the second weight 150: 8 bytes each.

    Twice 8 (150 n + 150) bytes: room for 1,000,000 holds n = 415, which take 998,400.
    """
    memory.check_size(_count, BATCH, 415, key="train.batch_size", room=1_000_000)
    with pytest.raises(InputError) as caught:
        memory.check_size(_count, BATCH, 416, key="train.batch_size", room=1_000_000)
    assert str(caught.value) == (
        "train.batch_size: 416 samples need about 0.954 MiB, 0.954 MiB are free;"
        " the largest that fits is 415"
    )
    with pytest.raises(InputError, match="not even one sample fits"):
        memory.check_size(_count, BATCH, 1, key="train.batch_size", room=2_000)


def test_large_training_batches_are_asked_about(monkeypatch):
    wide = torch.nn.Sequential(torch.nn.Linear(100, 20_000), torch.nn.Tanh()).double()
    monkeypatch.setattr(memory, "find_room", lambda _: 2**27)

    def loss(output, y):
        return output.square().mean()

    with pytest.raises(
        InputError, match=r"train.batch_size: 1000 samples .* 128 MiB are free"
    ) as e:
        memory.check_training(wide, loss, BATCH, 1000)
    most = int(re.search(r"fits is (\d+)", str(e.value)).group(1))
    memory.check_training(wide, loss, BATCH, most)
    with pytest.raises(InputError):
        memory.check_training(wide, loss, BATCH, most + 1)
    monkeypatch.setattr(memory, "find_room", lambda _: None)
    memory.check_training(wide, loss, BATCH, 10**9)


def test_products_are_asked_about(monkeypatch):
    wide = torch.nn.Linear(100, 11_000).double()
    loss = torch.nn.functional.cross_entropy

    def curvature(module, **settings):
        arithmetic = Arithmetic(**settings)
        return Curvature(module, loss=loss, batches=[BATCH], arithmetic=arithmetic)

    monkeypatch.setattr(memory, "find_room", lambda _: 2**20)
    with pytest.raises(InputError, match=r"^measure\.micro_batch: 8 samples need .*are free"):
        memory.check_product(curvature(wide, micro_batch=8))
    with pytest.raises(InputError, match=r"^measure\.micro_batch: 8 samples need .*are free"):
        memory.check_product(curvature(wide))
    coupled = torch.nn.Sequential(torch.nn.BatchNorm1d(100), wide).double()
    with pytest.raises(InputError, match=r"^batches: 8 samples need .*are free"):
        memory.check_product(curvature(coupled))
    monkeypatch.setattr(memory, "find_room", lambda _: 2 * memory.GRAPH_BYTES)
    memory.check_product(curvature(coupled.eval()))


def test_a_loss_that_takes_whole_batches_only_is_not_counted(monkeypatch):
    wide = torch.nn.Linear(100, 11_000).double()
    weights = torch.linspace(0.5, 1.5, 8, dtype=torch.float64)

    def loss(output, y):
        return (weights * output.square().mean(1)).mean()

    monkeypatch.setattr(memory, "find_room", lambda _: 2**20)
    memory.check_product(Curvature(wide, loss=loss, batches=[BATCH]))


def test_free_memory_is_what_the_machine_and_its_container_leave(monkeypatch, tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal: 100 kB\nMemAvailable:   64 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(arithmetic, "CGROUP", tmp_path)
    assert memory.find_room(torch.device("cpu")) == 65_536
    (tmp_path / "memory.max").write_text("50000\n")
    (tmp_path / "memory.current").write_text("20000\n")
    assert memory.find_room(torch.device("cpu")) == 30_000
    assert arithmetic.find_memory("cpu") == 50_000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.find_room(torch.device("cpu")) == 65_536
    assert arithmetic.find_memory("cpu") > 2**27


def _plan(monkeypatch, room):
    """Eight samples whose graph takes 1000 bytes of weights and 10 for each of them."""
    monkeypatch.setattr(arithmetic, "SMALL", 0)
    monkeypatch.setattr(arithmetic, "find_memory", lambda _: room)
    return make_plan(
        [BATCH],
        micro_batch=None,
        keeps=True,
        n_params=100,
        is_coupled=False,
        count=lambda part: 1000 + 10 * len(part[0]),
    )


@pytest.mark.parametrize(
    ("room", "sizes", "is_kept"),
    [
        (2**40, [8], True),  # the constant has room for all
        (3 * 1080, [8], True),  # a third has: 1000 + 8 x 10
        (3 * 1080 - 1, [7, 1], False),
        (3 * 1040, [4, 4], False),  # 1000 + 4 x 10
        (1010, [1] * 8, False),  # one sample takes more than a third, and all there is
    ],
)
def test_a_small_machine_takes_small_micro_batches(monkeypatch, room, sizes, is_kept):
    plan = _plan(monkeypatch, room)
    assert [len(inputs) for inputs, _ in plan.batches] == sizes
    assert plan.is_kept is is_kept


def test_one_sample_that_does_not_fit_is_one_clear_line(monkeypatch):
    with pytest.raises(InputError) as caught:
        _plan(monkeypatch, 1009)
    assert str(caught.value) == (
        "measure.micro_batch: the graph of one sample needs 0.0 GiB of 0.0; not even one fits"
    )


def test_ample_memory_leaves_the_plan_as_it_was(monkeypatch):
    monkeypatch.setattr(arithmetic, "GRAPH_BYTES", 1050)
    for room in (3 * 1050, 2**50):
        plan = _plan(monkeypatch, room)
        assert [len(inputs) for inputs, _ in plan.batches] == [5, 3]


def test_a_counted_graph_leaves_nothing_behind():
    """Tanh saves its own output: what keeps that tensor for the count keeps the graph with it."""
    seen = []

    def build():
        weight = torch.ones(100, dtype=torch.float64, requires_grad=True)
        output = torch.tanh(weight)
        (gradient,) = torch.autograd.grad(output.sum(), weight, create_graph=True)
        seen.extend(StorageWeakRef(item.untyped_storage()) for item in (output, gradient))
        return weight, gradient

    # the output, its slope of ones, and 1 - tanh^2 for the second derivative
    assert count_graph(build) >= 800
    assert [item.expired() for item in seen] == [True, True]


def test_a_count_that_fails_leaves_nothing_behind():
    seen = []

    def build():
        output = torch.tanh(torch.ones(100, requires_grad=True))
        seen.append(StorageWeakRef(output.untyped_storage()))
        del output
        raise ValueError("cannot be built")

    with pytest.raises(ValueError, match="cannot be built"):
        count_graph(build)
    assert seen[0].expired()


@pytest.mark.parametrize(("room", "is_kept"), [(2080, True), (2079, False)])
def test_every_kept_graph_holds_the_weights(monkeypatch, room, is_kept):
    """Two parts of four samples: 1000 bytes of weights each, 10 bytes a sample, 2 x 1000 + 8 x 10."""
    monkeypatch.setattr(arithmetic, "SMALL", 0)
    monkeypatch.setattr(arithmetic, "GRAPH_BYTES", room)
    plan = make_plan(
        [BATCH],
        micro_batch=4,
        keeps=True,
        n_params=100,
        is_coupled=False,
        count=lambda part: 1000 + 10 * len(part[0]),
    )
    assert [len(inputs) for inputs, _ in plan.batches] == [4, 4]
    assert plan.is_kept is is_kept


def test_few_samples_are_refined_without_another_count(monkeypatch):
    """The cut of the coarse products is kept; the products are those of double precision."""
    module = _chain().float()
    batch = (torch.linspace(-1, 1, 200).reshape(2, 100), torch.tensor([0, 2]))
    made = {"loss": torch.nn.functional.cross_entropy, "batches": [batch]}
    coarse = Curvature(module, **made, arithmetic=Arithmetic(precision="float32", micro_batch=1))
    assert len(coarse._plan.batches) == 2
    vector = np.ones(coarse.n_active)
    exact = Curvature(module, **made).multiply(vector)
    monkeypatch.setattr(arithmetic, "SMALL", 0)
    monkeypatch.setattr("qres.measurement.objective.count_graph", lambda _: pytest.fail("counted"))
    finer = coarse.refined()
    assert [len(inputs) for inputs, _ in finer._plan.batches] == [1, 1]
    assert not finer._plan.is_kept
    np.testing.assert_allclose(finer.multiply(vector), exact, rtol=1e-12, atol=1e-14)
    rounded = np.abs(coarse.multiply(vector) - exact).max()
    assert 1e-10 < rounded < 1e-5
