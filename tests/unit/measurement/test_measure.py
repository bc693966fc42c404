"""The doors of the storey, end to end on models that take milliseconds."""

import json
import subprocess
import sys

import numpy as np
import pytest

from qres.config.record import Architecture, MatrixModel, MeasurementModel, Pruning, Training
from qres.errors import InputError
from qres.measurement.measure import measure_module, measure_scenario
from qres.measurement.record import Measurement
from qres.measurement.store import Store

NETWORK_NAMES = {
    "n_params",
    "n_active",
    "n_samples",
    "grad_norm",
    "lambda_max",
    "lambda_min",
    "max_entry",
    "frobenius_norm",
    "sparsity",
    "contraction_margin",
    "growth_sum",
    "eps_model",
    "final_distance",
    "hessian_norm",
}


def test_the_storey_is_light():
    code = (
        "import sys, qres.measurement.record, qres.measurement.measure, qres.measurement.given\n"
        "assert not {'torch', 'sklearn', 'scipy', 'qualtran', 'sympy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_network(make, store):
    pytest.importorskip("torch")
    told = []
    scenario = make.scenario(make.network())
    found = measure_scenario(scenario, store=store, progress=lambda *step: told.append(step))
    assert set(found.values) == NETWORK_NAMES
    assert found.values["n_active"].value == 15
    assert found.details["dense_twin"]["difference_over_norm"] < 1e-6
    assert found.details["held_out_accuracy"] > 0.9
    assert (len(found.update_norms), len(found.eps_model_curve)) == (11, 10)
    assert found.sparsity_rows[0].threshold == found.sparsity_rows[0].dropped_norm == 0
    assert len(found.sparsity_rows) == 9
    assert {task for task, *_ in told} >= {"train", "retrain", "Lanczos", "trajectory"}
    json.dumps(found.to_dict(), allow_nan=False)
    assert Measurement.from_dict(found.to_dict()) == found


def test_second_time_it_is_found_and_no_network_is_trained(make, store, monkeypatch):
    pytest.importorskip("torch")
    scenario = make.scenario(make.network())
    first = measure_scenario(scenario, store=store)
    monkeypatch.setattr("qres.measurement.measure._import_pipeline", None)
    assert measure_scenario(scenario, store=store) == first


def test_two_stores_same_bytes(make, tmp_path):
    pytest.importorskip("torch")
    stores = [Store(tmp_path / name) for name in "ab"]
    for store in stores:
        measure_scenario(make.scenario(make.network()), store=store)
    first, second = ({f.name: f.read_bytes() for f in s.folder.iterdir()} for s in stores)
    assert first == second
    assert len(first) == 2


def test_interrupted_after_training_it_resumes(make, store, monkeypatch):
    pytest.importorskip("torch")
    from qres.measurement import pipeline

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "measure_live", interrupt)
        with pytest.raises(KeyboardInterrupt):
            measure_scenario(make.scenario(make.network()), store=store)
    assert len(list(store.folder.iterdir())) == 1
    told = []
    measure_scenario(
        make.scenario(make.network()), store=store, progress=lambda *step: told.append(step[0])
    )
    assert "trajectory" in told
    assert "train" not in told
    longer = make.scenario(make.network(), make.algorithm(n_steps=12))
    told.clear()
    measure_scenario(longer, store=store, progress=lambda *step: told.append(step[0]))
    assert "train" not in told


def test_checkpoint_takes_the_place_of_training(make, store, tmp_path):
    torch = pytest.importorskip("torch")
    path, told = tmp_path / "weights.pt", []
    weights = {"output.weight": torch.full((1, 30), 0.01), "output.bias": torch.ones(1)}
    torch.save(weights, path)
    model = make.network(checkpoint=path, prune=Pruning(fraction=0.0, retrain_epochs=3))
    found = measure_scenario(
        make.scenario(model), store=store, progress=lambda *step: told.append(step[0])
    )
    assert not {"train", "retrain"} & set(told)
    assert found.values["n_active"].value == 31
    torch.save(weights | {"output.bias": torch.zeros(1)}, path)
    changed = measure_scenario(make.scenario(model), store=store)
    assert changed.values["grad_norm"].value != found.values["grad_norm"].value


def test_entry_of_another_shape_is_measured_again(make, store):
    pytest.importorskip("torch")
    first = measure_scenario(make.scenario(make.network()), store=store)
    for file in store.folder.iterdir():
        if b'"subject"' in file.read_bytes():
            store.put(file.name, b'{"subject": "network"}')
    found = measure_scenario(make.scenario(make.network()), store=store)
    assert found.values == first.values


def test_damaged_entries_are_measured_again(make, store):
    pytest.importorskip("torch")
    scenario = make.scenario(make.network())
    first = measure_scenario(scenario, store=store)
    for file in store.folder.iterdir():
        file.write_bytes(file.read_bytes()[:-5])
    second = measure_scenario(scenario, store=store)
    assert [code for code, _ in second.warnings] == ["W-CACHE"]
    assert second.values == first.values
    assert measure_scenario(scenario, store=store) == first


def test_store_is_checked_before_any_work(make, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    told = []
    with pytest.raises(InputError, match="QRES_CACHE"):
        measure_scenario(
            make.scenario(make.network()),
            store=Store(blocked / "below"),
            progress=lambda *step: told.append(step),
        )
    assert told == []


def test_what_goes_wrong_with_a_network(make, store):
    pytest.importorskip("torch")
    train = Training(epochs=3, learning_rate=1e200, batch_size=64, weight_decay=0.0, seed=0)
    for model, message in (
        (make.network(prune=Pruning(fraction=1.0, retrain_epochs=0)), "leaves none"),
        (make.network(train=train, architecture=Architecture(kind="mlp", hidden=(4,))), "diverges"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            measure_scenario(make.scenario(model), store=store)
        assert "\n" not in str(caught.value)
    assert not store.folder.exists() or not list(store.folder.iterdir())
    with pytest.raises(InputError, match="cannot take a network"):
        measure_scenario(make.scenario(make.network(), make.system()), store=store)


def test_without_torch_the_extra_is_named(make, store, monkeypatch):
    from importlib import metadata

    def find(name):
        if name == "torch":
            raise metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr("qres.measurement.store.metadata.version", find)
    with pytest.raises(InputError, match=r"needs torch.*pip install 'qres-estimator\[measure\]'"):
        measure_scenario(make.scenario(make.network()), store=store)


def test_users_code_needs_trust(make, store, tmp_path):
    torch = pytest.importorskip("torch")
    (tmp_path / "mine.py").write_text(
        "import torch\n"
        "def net():\n"
        "    return torch.nn.Linear(30, 1)\n"
        "def triple():\n"
        "    x = torch.randn(20, 3)\n"
        "    loss = lambda out, y: ((out.squeeze(-1) - y) ** 2).mean()\n"
        "    return torch.nn.Linear(3, 1), loss, [(x[:12], x[:12, 0]), (x[12:], x[12:, 1])]\n"
    )
    sizes = {"mine:net": (31, 456), "mine:triple": (4, 20)}
    for build, (n_params, n_samples) in sizes.items():
        model = make.network(architecture=Architecture(kind="python", build=build))
        scenario = make.scenario(model, folder=tmp_path)
        with pytest.raises(InputError, match="--trust"):
            measure_scenario(scenario, store=store)
        found = measure_scenario(scenario, store=store, trust=True)
        assert found.values["n_params"].value == n_params
        assert found.values["n_samples"].value == n_samples
    assert torch.get_default_dtype() is torch.float32
    assert not store.folder.exists()


def test_matrix(make, store, tmp_path):
    np.save(tmp_path / "a.npy", np.diag([1.0, 4.0]))
    scenario = make.scenario(MatrixModel(file=tmp_path / "a.npy"), make.system())
    assert measure_scenario(scenario, store=store).values["kappa"].value == 4
    np.save(tmp_path / "a.npy", np.diag([1.0, 5.0]))
    assert measure_scenario(scenario, store=store).values["kappa"].value == 5
    with pytest.raises(InputError, match="cannot take a matrix"):
        measure_scenario(make.scenario(MatrixModel(file=tmp_path / "a.npy")), store=store)


def test_measurement_from_a_file(make, store, tmp_path):
    pytest.importorskip("torch")
    scenario = make.scenario(make.network())
    found = measure_scenario(scenario, store=store)
    path = tmp_path / "m.json"
    path.write_text(json.dumps(found.to_dict()))
    model = MeasurementModel(file=path)
    assert measure_scenario(make.scenario(model)) == found
    with pytest.raises(InputError, match=r"n_steps 10, algorithm\.n_steps is 11"):
        measure_scenario(make.scenario(model, make.algorithm(n_steps=11)))
    for text, message in (("{", "m.json:1: not JSON"), ("[]", "not a measurement"), ("{}", "not")):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            measure_scenario(make.scenario(model))


def test_live_module_comes_back_unchanged():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Linear(4, 5), torch.nn.BatchNorm1d(5), torch.nn.Tanh(), torch.nn.Linear(5, 3)
    )
    batches = [(torch.randn(16, 4), torch.randint(0, 3, (16,))) for _ in range(2)]
    before = {name: item.clone() for name, item in module.state_dict().items()}
    state = torch.get_rng_state()
    mask = {"0.weight": torch.rand(5, 4) > 0.5}
    found = [
        measure_module(
            module, loss=torch.nn.functional.cross_entropy, batches=batches, mask=mask, n_steps=5
        )
        for _ in range(2)
    ]
    assert found[0] == found[1]
    assert found[0].subject == "network"
    assert found[0].values["n_active"].value == int(mask["0.weight"].sum()) + 5 + 10 + 18
    assert found[0].values["n_samples"].value == 32
    assert module.training
    assert all(parameter.grad is None for parameter in module.parameters())
    for name, item in module.state_dict().items():
        assert torch.equal(item, before[name])
    torch.rand(5, 4)
    assert not torch.equal(state, torch.get_rng_state())


def test_live_module_bad_input():
    torch = pytest.importorskip("torch")
    batch = [(torch.ones(4, 2), torch.zeros(4))]
    loss = lambda output, y: ((output.squeeze(-1) - y) ** 2).mean()  # noqa: E731
    with pytest.raises(InputError, match=r"torch.nn.Module, found int"):
        measure_module(3, loss=loss, batches=batch)
    with pytest.raises(InputError, match="learning_rate"):
        measure_module(torch.nn.Linear(2, 1), loss=loss, batches=batch, learning_rate=0.0)
    module = torch.nn.Linear(2, 1)
    torch.nn.init.zeros_(module.weight)
    torch.nn.init.zeros_(module.bias)
    with pytest.raises(InputError, match="gradient on the active parameters is zero"):
        measure_module(module, loss=loss, batches=batch)
    kinked = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    found = measure_module(kinked, loss=loss, batches=batch)
    assert [code for code, _ in found.warnings] == ["W-KINK"]
