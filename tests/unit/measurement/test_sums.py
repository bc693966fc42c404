"""Sums over micro-batches go on from their last part, in any precision, and of no other team."""

import numpy as np
import pytest
import torch

from qres.measurement.arithmetic import Arithmetic, Plan
from qres.measurement.curvature import Curvature
from qres.measurement.journal import opened_journal
from qres.measurement.sums import Sums
from qres.measurement.team import Team


def _make(precision="float64"):
    """Five micro-batches, each with a graph of its own."""
    generator = torch.Generator().manual_seed(0)
    layers = (torch.nn.Linear(4, 3), torch.nn.Tanh(), torch.nn.Linear(3, 2))
    module = torch.nn.Sequential(*layers).double()
    with torch.no_grad():
        for item in module.parameters():
            item.copy_(torch.randn(item.shape, generator=generator, dtype=torch.float64))
    inputs = torch.randn(20, 4, generator=generator, dtype=torch.float64)
    curvature = Curvature(
        module,
        loss=torch.nn.functional.cross_entropy,
        batches=[(inputs, torch.randint(0, 2, (20,), generator=generator))],
        arithmetic=Arithmetic(micro_batch=4, precision=precision),
        weight_decay=0.1,
    )
    curvature._planned = Plan(curvature._plan.batches, is_kept=False)
    return curvature


def _ask(curvature):
    vector = np.linspace(-1, 1, curvature.n_active)
    block = torch.tensor(np.stack([vector, vector**2])).to(curvature.arithmetic.vector_dtype)
    return [
        curvature.gradient(curvature.start),
        *curvature.derive(vector, 3),
        curvature.mix(vector, vector**2),
        curvature.apply_block(block).numpy(),
    ]


def _stop(curvature, monkeypatch, count):
    """Interrupt the part of a sum that comes after so many."""
    part, seen = curvature._part, []

    def counted(*given):
        seen.append(1)
        if len(seen) > count:
            raise KeyboardInterrupt
        return part(*given)

    monkeypatch.setattr(curvature, "_part", counted)


def _begin(folder, curvature):
    """Ask with a journal until the interrupt comes."""

    def run():
        with opened_journal(folder) as journal:
            curvature.journal = journal
            _ask(curvature)

    with pytest.raises(KeyboardInterrupt):
        run()


@pytest.mark.parametrize("precision", ["float64", "float32", "bfloat16"])
@pytest.mark.parametrize("count", [0, 3, 7, 13, 18])
def test_what_was_added_is_not_added_again(tmp_path, monkeypatch, precision, count):
    expected, folder = _ask(_make(precision)), tmp_path / "journal"
    curvature = _make(precision)
    _stop(curvature, monkeypatch, count)
    _begin(folder, curvature)
    with opened_journal(folder):
        curvature = _make(precision)
        _stop(curvature, monkeypatch, 20 - count)  # four sums of five parts in all
        found = _ask(curvature)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def test_a_sum_of_another_team_is_not_gone_on_with(tmp_path, monkeypatch):
    """The first of two processes added parts 0, 2 and 4; alone all five are wanted."""
    expected, folder = _make().gradient(_make().start), tmp_path / "journal"
    curvature = _make()
    curvature.team = Team(0, 2)
    _stop(curvature, monkeypatch, 2)
    _begin(folder, curvature)
    assert list(folder.glob("*.sum"))
    with opened_journal(folder):
        np.testing.assert_array_equal(_make().gradient(_make().start), expected)


def test_a_part_and_its_number_are_one():
    sums = Sums("cpu")
    first = torch.ones(3)
    for count in range(1, 4):
        sums.add([first, 2 * first])
        assert sums.done == count
        assert [float(total[0]) for total in sums.totals] == [count, 2 * count]
    assert float(first[0]) == 1  # what was given is not written to
    again = Sums("cpu")
    again.unpack(sums.pack(is_last=False))
    again.done = 3
    again.add([first, first])
    assert (again.done, [float(total[0]) for total in again.totals]) == (4, [4, 7])
