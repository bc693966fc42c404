"""Training that is killed goes on from its last position, equal to the bit."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from qres.config.record import (
    Architecture,
    DataSource,
    NetworkModel,
    Pruning,
    ResNet,
    Training,
)
from qres.measurement import course as module_of_course
from qres.measurement.fitting import count_updates, fit_network
from qres.measurement.progress import keep_silent
from qres.measurement.tasks import prepare_task
from qres.measurement.waypoint import opened_waypoint, train_resumable


class Killed(BaseException):
    """As `kill -9`, but for the test."""


MLP = NetworkModel(
    architecture=Architecture(kind="mlp", hidden=(4,), activation="tanh"),
    dataset=DataSource(kind="breast-cancer"),
    train=Training(epochs=2, learning_rate=0.1, batch_size=128, weight_decay=0.01, seed=3),
    prune=Pruning(fraction=0.75, retrain_epochs=1, rounds=2),
    checkpoint=None,
)
NORMS = NetworkModel(
    architecture=ResNet(kind="resnet", depth=8, width=1, block="basic", activation="relu"),
    dataset=DataSource(kind="random", shape=(1, 4, 4), n_classes=3, n_samples=30, seed=0),
    train=Training(epochs=3, learning_rate=0.1, batch_size=12, weight_decay=0.0, seed=3),
    prune=Pruning(fraction=0.5, retrain_epochs=1),
    checkpoint=None,
)
OWN = replace(MLP, architecture=Architecture(kind="python", build="own_layers:build"))
"""Tied weights, and dropout beside batch norms."""


def _fit(model, at_steps=(), dies_after=None):
    generator = torch.Generator().manual_seed(model.train.seed)
    task = prepare_task(model, generator, folder=Path(__file__).parent, trust=True)
    count = 0
    loss = task.loss

    def counted(output, target):
        nonlocal count
        count += 1
        if dies_after is not None and count > dies_after:
            raise Killed
        return loss(output, target)

    object.__setattr__(task, "loss", counted)
    found = fit_network(model, task, generator, at_steps=at_steps, progress=keep_silent)
    return found, count, count_updates(model, task)


@pytest.mark.parametrize("model", [MLP, NORMS, OWN])
def test_training_that_dies_anywhere_goes_on_from_its_last_update(model, tmp_path, monkeypatch):
    monkeypatch.setattr(module_of_course, "SAVE_S", 0.0)
    path = tmp_path / "weights.training"
    whole, _, total = _fit(model, at_steps=(0, 1, 3))
    left = total
    for done in (1, 2, 3):  # passes end after 2, 3 or 4 updates: in one, at its end, after pruning
        with pytest.raises(Killed), opened_waypoint(path):
            _fit(model, at_steps=(0, 1, 3), dies_after=done)
        assert path.is_file()
        left -= done
    found, count, _ = train_resumable(path, lambda: _fit(model, at_steps=(0, 1, 3)))
    assert count == left > 0
    assert found.end == whole.end
    assert found.snapshots == whole.snapshots
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("model", [MLP, NORMS, OWN])
def test_what_follows_the_last_update_is_not_trained_for_again(model, tmp_path, monkeypatch):
    """The statistics of batch norms are taken after all updates: a kill there loses no update."""
    whole, _, _ = _fit(model, at_steps=(0, 1, 3))
    path = tmp_path / "weights.training"
    with monkeypatch.context() as patch:
        patch.setattr(module_of_course, "SAVE_S", 0.0)
        with pytest.raises(Killed), opened_waypoint(path):
            _fit(model, at_steps=(0, 1, 3), dies_after=1)

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("qres.measurement.fitting._pack", die)
        with pytest.raises(Killed), opened_waypoint(path):
            _fit(model, at_steps=(0, 1, 3))
    found, count, _ = train_resumable(path, lambda: _fit(model, at_steps=(0, 1, 3)))
    assert count == 0
    assert found.end == whole.end
    assert found.snapshots == whole.snapshots


def test_short_training_never_touches_the_disk(tmp_path):
    path = tmp_path / "weights.training"
    with pytest.raises(Killed), opened_waypoint(path):
        _fit(MLP, dies_after=3)
    assert not path.exists()


def test_a_torn_position_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(module_of_course, "SAVE_S", 0.0)
    path = tmp_path / "weights.training"
    with pytest.raises(Killed), opened_waypoint(path):
        _fit(MLP, dies_after=3)
    path.write_bytes(path.read_bytes()[:-100])
    found, count, total = train_resumable(path, lambda: _fit(MLP))
    assert count == total
    assert found.end == _fit(MLP)[0].end


def test_a_second_process_keeps_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(module_of_course, "SAVE_S", 0.0)
    path = tmp_path / "weights.training"
    with opened_waypoint(path):
        with pytest.raises(Killed), opened_waypoint(path):
            _fit(MLP, dies_after=3)
        assert not path.exists()


def test_what_layers_draw_is_of_the_seed_alone():
    """Whatever was drawn before, weights kept on the way or not; the caller's generator is left alone."""
    ends = []
    for before, at_steps in ((1, ()), (2, ()), (2, (0, 1, 3))):
        torch.manual_seed(before)
        state = torch.get_rng_state()
        ends.append(_fit(OWN, at_steps=at_steps)[0].end)
        assert torch.equal(torch.get_rng_state(), state)
    assert ends[0] == ends[1] == ends[2]


def test_layers_do_draw(monkeypatch):
    whole = _fit(OWN)[0].end
    monkeypatch.setattr(torch.nn.Dropout, "forward", lambda _, x: x)
    assert _fit(OWN)[0].end != whole


def test_a_position_of_another_device_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(module_of_course, "SAVE_S", 0.0)
    path = tmp_path / "weights.training"
    with pytest.raises(Killed), opened_waypoint(path):
        _fit(OWN, dies_after=3)
    both = [torch.default_generator, torch.Generator()]
    monkeypatch.setattr(module_of_course, "list_generators", lambda _: both)
    found, count, total = train_resumable(path, lambda: _fit(OWN))
    assert count == total
    assert found.end == _fit(OWN)[0].end
