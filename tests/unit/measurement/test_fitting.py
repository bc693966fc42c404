"""Training, pruning in rounds, retraining, and the weights on the way."""

from pathlib import Path

import pytest
import torch

from qres.config.record import (
    Architecture,
    DataSource,
    Gpt,
    MeasureSettings,
    NetworkModel,
    Pruning,
    ResNet,
    Training,
)
from qres.errors import InputError
from qres.measurement import pipeline
from qres.measurement.checkpoints import unpack_weights
from qres.measurement.curvature import Curvature
from qres.measurement.dependencies import describe_dependencies
from qres.measurement.fitting import count_updates, fit_network
from qres.measurement.measure import measure_scenario
from qres.measurement.point import Probe
from qres.measurement.record import Measurement
from qres.measurement.soundness import check_products
from qres.measurement.tasks import prepare_task
from qres.measurement.tolerance import measure_tolerance
from qres.measurement.training import list_fractions, prune_network

TRAIN = Training(epochs=2, learning_rate=0.1, batch_size=4, weight_decay=0.0, seed=0)
NOISE = DataSource(kind="random", shape=(5,), n_classes=3, n_samples=20)


def _model(**changes):
    fields = {
        "architecture": Architecture(kind="mlp", hidden=(6,)),
        "dataset": NOISE,
        "train": TRAIN,
        "prune": Pruning(fraction=0.75, retrain_epochs=1, rounds=2),
    }
    return NetworkModel(**(fields | changes))


def _fit(model, at_steps=()):
    generator = torch.Generator().manual_seed(model.train.seed)
    task = prepare_task(model, generator, folder=Path(), trust=False)
    return task, fit_network(model, task, generator, at_steps=at_steps, progress=lambda *_: None)


def test_each_round_leaves_the_same_part():
    """0.75 in two rounds: half is left, then half of that."""
    assert list_fractions(0.75, 2) == [0.5, 0.75]
    assert list_fractions(0.9, 1) == [0.9]
    assert list_fractions(0.999, 3) == pytest.approx([0.9, 0.99, 0.999])
    assert list_fractions(0.9, 7)[-1] == 0.9


def test_what_is_pruned_stays_pruned_even_if_it_was_zero_before():
    module = torch.nn.Linear(4, 1, bias=False)
    with torch.no_grad():
        module.weight[:] = torch.tensor([[0.0, 3.0, 0.0, 4.0]])
    first = {"weight": torch.tensor([[False, True, True, True]])}
    # of 4 one goes: the one that is gone already, not the other zero
    assert prune_network(module, 0.25, first)["weight"].tolist() == [[False, True, True, True]]
    assert prune_network(module, 0.5, first)["weight"].tolist() == [[False, True, False, True]]


def test_updates_are_counted_and_weights_kept_on_the_way():
    """16 samples in batches of 4: 4 updates a pass, 2 passes, then 2 rounds of 1 pass: 16."""
    model = _model()
    task, fitted = _fit(model, at_steps=(0, 3, 8, 10, 16))
    assert count_updates(model, task) == 16
    assert list(fitted.snapshots) == [0, 3, 8, 10, 16]
    assert fitted.snapshots[16] == fitted.end
    other, _ = _fit(model)
    left = {
        step: sum(int(keep.sum()) for keep in unpack_weights(other.module, packed).values())
        for step, packed in fitted.snapshots.items()
    }
    # 5*6 + 6 + 6*3 + 3 = 57 parameters: half and a quarter are left after the rounds
    assert left == {0: 57, 3: 57, 8: 57, 10: 57 - 28, 16: 57 - 43}


def test_a_snapshot_is_what_a_shorter_training_ends_with():
    long = _model(prune=Pruning(fraction=0.0, retrain_epochs=0))
    short = _model(
        train=Training(epochs=1, learning_rate=0.1, batch_size=4, weight_decay=0.0, seed=0),
        prune=Pruning(fraction=0.0, retrain_epochs=0),
    )
    assert _fit(long, at_steps=(4,))[1].snapshots[4] == _fit(short)[1].end
    assert _fit(long, at_steps=(4,))[1].end == _fit(long)[1].end


def test_retraining_may_have_its_own_rate():
    pruned = {"fraction": 0.5, "retrain_epochs": 1}
    same = _fit(_model(prune=Pruning(**pruned, retrain_learning_rate=0.1)))[1].end
    assert same == _fit(_model(prune=Pruning(**pruned)))[1].end
    assert same != _fit(_model(prune=Pruning(**pruned, retrain_learning_rate=0.01)))[1].end


def test_single_precision_is_near_double_and_comes_back_as_double():
    single = Training(
        epochs=2, learning_rate=0.1, batch_size=4, weight_decay=0.0, seed=0, precision="float32"
    )
    models = [
        _model(train=train, prune=Pruning(fraction=0.0, retrain_epochs=0))
        for train in (TRAIN, single)
    ]
    found = []
    for model in models:
        task, fitted = _fit(model)
        unpack_weights(task.module, fitted.end)
        assert next(task.module.parameters()).dtype is torch.float64
        found.append(torch.cat([p.detach().flatten() for p in task.module.parameters()]))
    apart = float((found[0] - found[1]).abs().max())
    assert 1e-12 < apart < 1e-5


def test_a_step_that_is_never_reached():
    with pytest.raises(InputError, match=r"at_steps: 17 is beyond the last of 16 updates \(4 a"):
        _fit(_model(), at_steps=(0, 17))


@pytest.mark.parametrize(
    ("architecture", "source"),
    [
        (
            ResNet(depth=8, width=1, block="basic", activation="gelu"),
            DataSource(kind="random", shape=(3, 8, 8), n_classes=3, n_samples=10),
        ),
        (
            Gpt(layers=2, heads=2, width=16, context=6, activation="gelu", tied=True),
            DataSource(kind="random", n_classes=5, n_samples=10),
        ),
    ],
)
def test_large_kinds_train_and_prune(architecture, source):
    model = _model(
        architecture=architecture,
        dataset=source,
        prune=Pruning(fraction=0.5, retrain_epochs=1),
    )
    (task, fitted), (_, again) = _fit(model, at_steps=(0,)), _fit(model)
    assert fitted.end == again.end
    module = task.module
    losses = []
    for packed in (fitted.snapshots[0], fitted.end):
        mask = unpack_weights(module, packed)
        module.eval()
        with torch.no_grad():
            losses.append(float(task.loss(module(task.batches[0][0]), task.batches[0][1])))
    assert losses[1] < losses[0]
    n_params = sum(p.numel() for p in module.parameters())
    assert sum(int(keep.sum()) for keep in mask.values()) == n_params - round(n_params / 2)


def test_batch_norms_refuse_a_batch_of_one():
    source = DataSource(kind="random", shape=(3, 8, 8), n_classes=3, n_samples=11)
    shape = ResNet(depth=8, width=1, block="basic", activation="gelu")
    with pytest.raises(InputError, match="4 cuts 9 samples into batches one of which has a single"):
        _fit(_model(architecture=shape, dataset=source))


def test_entries_of_the_store_keep_their_names():
    """What the first entries depended on is spelt as it was; later settings only where they count."""
    model = _model(
        architecture=Architecture(kind="logistic"),
        dataset=DataSource(kind="digits"),
        prune=Pruning(fraction=0.5, retrain_epochs=3),
    )
    assert describe_dependencies(model) == {
        "architecture": {"kind": "logistic", "hidden": (), "activation": "tanh", "build": ""},
        "dataset": "digits",
        "train": {
            "epochs": 2,
            "learning_rate": 0.1,
            "batch_size": 4,
            "weight_decay": 0.0,
            "seed": 0,
        },
        "prune": {"fraction": 0.5, "retrain_epochs": 3},
        "checkpoint": None,
        "checkpoint_name": None,
    }


def test_files_count_by_their_content(tmp_path):
    path = tmp_path / "t.csv"
    found = []
    for content in ("a", "b", "a"):
        path.write_text(content)
        source = DataSource(kind="csv", path=path, target="y")
        found.append(describe_dependencies(_model(dataset=source)))
    assert found[0] == found[2] != found[1]
    (tmp_path / "data_batch_1").write_text("x")
    folder = describe_dependencies(_model(dataset=DataSource(kind="cifar10", path=tmp_path)))
    (tmp_path / "data_batch_1").write_text("y")
    other = describe_dependencies(_model(dataset=DataSource(kind="cifar10", path=tmp_path)))
    assert folder != other


def test_each_quantity_is_a_curve_over_training(make, store):
    """Snapshots are measured under their own masks; all weights come from one run of training."""
    # 5*3 + 3 = 18 parameters; 0.5 leaves 9
    model = _model(
        architecture=Architecture(kind="logistic"), prune=Pruning(fraction=0.5, retrain_epochs=1)
    )
    settings = MeasureSettings(lanczos_steps=8, probes=2, seed=0, at_steps=(0, 8))
    scenario = make.scenario(model, make.algorithm(n_steps=2))
    object.__setattr__(scenario, "measure", settings)
    told = []
    found = measure_scenario(scenario, store=store, progress=lambda *step: told.append(step))
    assert [step for step in told if step[0] == "train"] == [("train", 1, 2), ("train", 2, 2)] * 2
    assert list(found.snapshots) == [0, 8]
    actives = {step: item.values["n_active"].value for step, item in found.snapshots.items()}
    assert actives == {0: 18, 8: 18}
    assert found.values["n_active"].value == 9
    first, last = found.snapshots[0], found.snapshots[8]
    assert first.details["loss"] > last.details["loss"]
    assert Measurement.from_dict(found.to_dict()) == found
    told.clear()
    assert measure_scenario(scenario, store=store, progress=lambda *s: told.append(s)) == found
    assert told == []
    # the same question without snapshots has the same answer, from the same entry
    plain = make.scenario(model, make.algorithm(n_steps=2))
    object.__setattr__(plain, "measure", MeasureSettings(lanczos_steps=8, probes=2, seed=0))
    whole = measure_scenario(plain, store=store, progress=lambda *s: told.append(s))
    assert told == []
    assert "snapshots" not in whole.to_dict()
    assert whole.values == found.values


def test_the_readout_tolerance_is_a_curve_too(make, store):
    """At each snapshot it is that of the weights there, under the mask there."""
    prune = Pruning(fraction=0.5, retrain_epochs=1)
    model = _model(architecture=Architecture(kind="logistic"), prune=prune)
    settings = MeasureSettings(lanczos_steps=4, probes=1, seed=0, at_steps=(0, 10))
    scenario = make.scenario(model, make.algorithm(n_steps=2))
    object.__setattr__(scenario, "measure", settings)
    object.__setattr__(scenario, "defaults", (("error.total", 0.1),))
    found = measure_scenario(scenario, store=store)
    task, fitted = _fit(model, at_steps=(0, 10))
    data = task.dataset
    held_out = (data.held_out_inputs, data.held_out_targets)
    probe = Probe(
        n_steps=2, learning_rate=0.1, weight_decay=0.0, lanczos_steps=4, n_probes=1, seed=0
    )
    for step, packed in fitted.snapshots.items():
        mask = unpack_weights(task.module, packed)
        curvature = Curvature(task.module, loss=task.loss, batches=task.batches, mask=mask)
        alone, there = measure_tolerance(curvature, held_out, probe), found.snapshots[step]
        assert there.values["readout_tolerance"] == alone.quantity
        assert there.details["readout_noise"] == alone.facts["readout_noise"]
        assert there.values["n_active"].value == curvature.n_active
    assert len({str(item.details["readout_noise"]) for item in found.snapshots.values()}) == 2


@pytest.mark.slow
def test_a_transformer_from_file_to_measurement(make, store, tmp_path):
    """Text to characters, single-precision training, pruning in rounds, all derivatives."""
    path = tmp_path / "t.txt"
    path.write_text("the lazy dog. " * 4)
    model = _model(
        architecture=Gpt(layers=1, heads=2, width=8, context=4, activation="gelu", tied=True),
        dataset=DataSource(kind="text", path=path),
        prune=Pruning(fraction=0.93, retrain_epochs=2, rounds=2),
    )
    scenario = make.scenario(model, make.algorithm(n_steps=2))
    object.__setattr__(scenario, "defaults", (("error.total", 0.1),))
    found = measure_scenario(scenario, store=store)
    assert found.values["n_samples"].value == 9  # 56 characters, 11 pieces, 2 of them held out
    assert set(found.path_norms) == {1, 2, 3}
    assert found.values["readout_tolerance"].kind == "measured"
    assert not [code for code, _ in found.warnings if code in ("W-MODEL", "W-BATCH", "W-NORM")]


def test_batch_norms_are_measured_with_fixed_statistics_and_said_to_be():
    shape = ResNet(depth=8, width=1, block="basic", activation="silu")
    source = DataSource(kind="random", shape=(3, 8, 8), n_classes=3, n_samples=10)
    model = _model(architecture=shape, dataset=source)
    task, _ = pipeline.restore_network(
        model, folder=Path(), trust=False, weights=lambda make: make(), progress=lambda *_: None
    )
    assert not task.module.training
    assert [code for code, _ in pipeline.list_notes(task)] == ["W-RANDOM", "W-NORM"]
    chosen = {
        name: torch.full(p.shape, name == "output.weight")
        for name, p in task.module.named_parameters()
    }
    curvature = Curvature(task.module, loss=task.loss, batches=task.batches, mask=chosen)
    assert check_products(curvature, seed=0) == ()
