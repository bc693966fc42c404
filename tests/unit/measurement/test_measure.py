"""The doors of the storey, end to end on models that take milliseconds."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from qres.config.record import Architecture, MatrixModel, MeasurementModel, Pruning, Training
from qres.errors import InputError
from qres.measurement.measure import check_values, measure_module, measure_scenario
from qres.measurement.record import Measurement
from qres.measurement.store import Store
from qres.notation.quantity import Quantity

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
    "final_grad_norm",
    "gradient_noise",
    "hessian_norm",
    "growth",
    *("t3_injective", "t3_unfolding", "t3_frobenius", "t3_max_entry", "t3_sparsity"),
    *("t4_injective", "t4_frobenius"),
    "trace",
    *("n_outputs", "jacobian_frobenius", "output_hessian_norm", "gram_dropped_norm"),
    *("dissipative_share", "neutral_share", "divergent_share", "trajectory_decay"),
}


def test_the_storey_is_light():
    code = (
        "import sys, qres.measurement.record, qres.measurement.measure, qres.measurement.given\n"
        "assert not {'torch', 'sklearn', 'scipy', 'qualtran', 'sympy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_network(make, store):
    told = []
    scenario = make.scenario(make.network())
    found = measure_scenario(scenario, store=store, progress=lambda *step: told.append(step))
    assert set(found.values) == NETWORK_NAMES
    assert found.values["n_active"].value == 15
    assert found.details["dense_twin"]["difference_over_norm"] < 1e-6
    assert found.details["held_out_accuracy"] > 0.9
    assert (len(found.update_norms), len(found.eps_model_curve)) == (11, 10)
    assert set(found.path_norms) == set(found.eps_model_curves) == {1, 2, 3}
    assert found.path_norms[1] == found.update_norms
    assert found.values["eps_model"].value == found.eps_model_curves[1][-1]
    assert found.segmentations[0][0].path_norms == found.path_norms
    assert found.sparsity_rows[0].threshold == found.sparsity_rows[0].dropped_norm == 0
    assert len(found.sparsity_rows) == 9
    assert {task for task, *_ in told} >= {"train", "retrain", "Lanczos", "trajectory"}
    json.dumps(found.to_dict(), allow_nan=False)
    assert Measurement.from_dict(found.to_dict()) == found


def test_a_typed_length_of_segments_is_measured_too(make, store):
    scenario = make.scenario(make.network(), make.algorithm(segment_steps=4))
    found = measure_scenario(scenario, store=store)
    assert [segment.n_steps for segment in found.segmentations[-1]] == [4, 4, 2]
    assert found.details["segment_steps"] == 4


def test_second_time_it_is_found_and_no_network_is_trained(make, store, monkeypatch):
    scenario = make.scenario(make.network())
    first = measure_scenario(scenario, store=store)
    monkeypatch.setattr("qres.measurement.measure._import_pipeline", None)
    assert measure_scenario(scenario, store=store) == first


def test_two_stores_same_bytes(make, tmp_path):
    stores = [Store(tmp_path / name) for name in "ab"]
    for store in stores:
        measure_scenario(make.scenario(make.network()), store=store)
    first, second = ({f.name: f.read_bytes() for f in s.folder.iterdir()} for s in stores)
    assert first == second
    assert len(first) == 2


def test_interrupted_after_training_it_resumes(make, store, monkeypatch):
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


@pytest.mark.slow
def test_checkpoint_takes_the_place_of_training(make, store, tmp_path):
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
    first = measure_scenario(make.scenario(make.network()), store=store)
    for file in store.folder.iterdir():
        if b'"subject"' in file.read_bytes():
            store.put(file.name, b'{"subject": "network"}')
    found = measure_scenario(make.scenario(make.network()), store=store)
    assert found.values == first.values


def test_damaged_entries_are_measured_again(make, store):
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
    assert not list(store.folder.iterdir())


USERS_CODE = """
import torch
from torch.nn import Linear, Sequential, Tanh

def two_logits():
    return Sequential(Linear(30, 4), Tanh(), Linear(4, 2))

def three_logits():
    return Linear(30, 3)

def wide():
    return Linear(64, 2)

class Broken(torch.nn.Module):
    def __init__(self, limit):
        super().__init__()
        self.inner, self.limit, self.calls = Linear(30, 1), limit, 0
    def forward(self, x):
        self.calls += 1
        if self.calls > self.limit:
            raise KeyError("no such\\nlayer")
        return self.inner(x)

def broken():
    return Broken(0)

def breaks_later():
    return Broken(3)

def frozen():
    return Linear(30, 1).requires_grad_(False)

def triple(x=torch.ones(4, 3), y=torch.ones(4), loss=lambda out, y: (out[:, 0] - y).square().mean()):
    return Linear(3, 1), loss, [(x, y)]

def vector_loss():
    return triple(loss=lambda out, y: out[:, 0] - y)

def wrong_batch():
    return triple(x=torch.ones(4, 7))

def no_pairs():
    return Linear(3, 1), lambda out, y: out.mean(), [3]

def no_batches():
    return Linear(3, 1), lambda out, y: out.mean(), []
"""


@pytest.fixture
def measure_code(make, store, tmp_path):
    (tmp_path / "code.py").write_text(USERS_CODE)

    def measure(name, told=()):
        model = make.network(architecture=Architecture(kind="python", build=f"code:{name}"))
        scenario = make.scenario(model, folder=tmp_path)
        note = lambda task, *_: told.append(task)  # noqa: E731
        return measure_scenario(scenario, store=store, trust=True, progress=note)

    return measure


def test_two_logits_for_two_classes(measure_code):
    found = measure_code("two_logits", [])
    assert found.values["n_params"].value == 30 * 4 + 4 + 4 * 2 + 2
    assert found.details["held_out_accuracy"] > 0.8
    assert found.details["n_features"] == 30


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("three_logits", r"expected .* \(1, 1\) or \(1, 2\), found output of shape \(1, 3\)"),
        ("wide", r"fails on one sample: RuntimeError: .*expected input of shape \(1, 30\)"),
        ("broken", "fails on one sample: KeyError: "),
        ("frozen", "no parameter that requires a gradient"),
        ("vector_loss", r"loss must return one number, a mean over the batch; found \(4,\)"),
        ("wrong_batch", r"first batch \(x of shape \(4, 7\), y of shape \(4,\)\): RuntimeError"),
        ("no_pairs", r"pairs \(x, y\) of tensors: TypeError"),
        ("no_batches", "at least one pair"),
    ],
)
def test_users_code_that_does_not_serve(measure_code, name, message):
    told = []
    with pytest.raises(InputError, match=message) as caught:
        measure_code(name, told)
    assert str(caught.value).startswith(f"architecture.build: code:{name}")
    assert "\n" not in str(caught.value)
    assert told == []


def test_users_code_that_fails_in_training(measure_code):
    with pytest.raises(InputError, match="code:breaks_later fails in training: KeyError"):
        measure_code("breaks_later", [])


def test_matrix(make, store, tmp_path):
    np.save(tmp_path / "a.npy", np.diag([1.0, 4.0]))
    scenario = make.scenario(MatrixModel(file=tmp_path / "a.npy"), make.system())
    assert measure_scenario(scenario, store=store).values["kappa"].value == 4
    np.save(tmp_path / "a.npy", np.diag([1.0, 5.0]))
    assert measure_scenario(scenario, store=store).values["kappa"].value == 5
    with pytest.raises(InputError, match="cannot take a matrix"):
        measure_scenario(make.scenario(MatrixModel(file=tmp_path / "a.npy")), store=store)


def test_measurement_from_a_file(make, store, tmp_path):
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


def _strip(data, path, value):
    for key in path[:-1]:
        data = data[key]
    if value is ...:
        del data[path[-1]]
    else:
        data[path[-1]] = value


@pytest.fixture(scope="module")
def measured(make, tmp_path_factory):
    """A measurement as JSON."""
    store = Store(tmp_path_factory.mktemp("store"))
    return json.dumps(measure_scenario(make.scenario(make.network()), store=store).to_dict())


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("values.n_active.value", 0, r"values\.n_active: must be positive, found 0"),
        ("values.n_active.value", 1e9, "n_active: must not exceed n_params"),
        ("values.n_active.value", 2.5, "n_active: must be a whole number, found 2.5"),
        (
            "values.frobenius_norm.value",
            None,
            "frobenius_norm: must be a finite number, found None",
        ),
        ("values.grad_norm.value", -1.0, "grad_norm: must not be negative"),
        ("values.grad_norm.value", float("inf"), "grad_norm: must be a finite number"),
        ("values.grad_norm", ..., "values: carleman-gd also needs grad_norm"),
        ("values.lambda_min.low", 1e9, "lambda_min: needs low <= value <= high"),
        ("values.max_entry.low", -1.0, "max_entry: needs 0 <= low <= value <= high"),
        ("values.grad_norm.kind", "seen", r"grad_norm\.kind: unknown"),
        ("update_norms", [0.0, 1.0], "update_norms: has 2 values, algorithm.n_steps 10 needs 11"),
        ("update_norms", [-1.0] * 11, "update_norms: every value must be finite"),
        ("details.n_features", 0, "details.n_features: must be positive"),
        ("path_norms.2", [0.0, 1.0], r"path_norms\.2: has 2 values, needs 11"),
        ("path_norms.3", [-1.0] * 11, r"path_norms\.3: every value must be at least 0"),
        ("values.t3_injective", {"value": 1e9}, "t3_injective: must not exceed t3_unfolding"),
        ("values.neutral_share.value", 1.5, r"neutral_share: must lie in \[0, 1\], found 1\.5"),
        ("values.n_outputs.value", 1.5, "n_outputs: must be a whole number"),
        ("segmentations", [[]], r"segmentations\[0\]: covers 0 steps, needs 10"),
        ("details", [], "not a measurement"),
        ("values.grad_norm.value", "much", "not a measurement"),
    ],
)
def test_measurement_file_out_of_range(make, measured, tmp_path, path, value, message):
    data = json.loads(measured)
    _strip(data, path.split("."), value)
    file = tmp_path / "m.json"
    file.write_text(json.dumps(data))
    with pytest.raises(InputError, match=message) as caught:
        measure_scenario(make.scenario(MeasurementModel(file=file)))
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)


def test_handed_over_measurements_obey_the_same_rules(make, store, tmp_path):
    np.save(tmp_path / "a.npy", np.diag([1.0, 0.0]))
    matrix = MatrixModel(file=tmp_path / "a.npy")
    singular = measure_scenario(make.scenario(matrix, make.system()), store=store)
    infinite = {"kappa": Quantity(value=float("inf"))}
    for kappa in (infinite, {"kappa": Quantity(value=None)}):  # a result, not a wrong input
        values = {**singular.values, **kappa}
        check_values(Measurement(subject="matrix", values=values), make.system(), "measurement")
    with pytest.raises(InputError, match=r"^measurement: values: carleman-gd also needs n_params"):
        check_values(singular, make.algorithm(), "measurement")


def test_rounding_is_no_contradiction(make):
    """For the identity Lanczos may find a norm one unit in the last place below the entries."""
    values = {"dim": 3, "max_entry": 1.0, "norm": 1 - 2**-52, "smallest_singular_value": 1.0}
    quantities = {name: Quantity(value=value) for name, value in values.items()}
    check_values(Measurement(subject="matrix", values=quantities), make.system(), "m.json")
    apart = quantities | {"norm": Quantity(value=0.5, low=0.4, high=0.9)}
    with pytest.raises(InputError, match=r"must not exceed norm, found 1 > 0\.9"):
        check_values(Measurement(subject="matrix", values=apart), make.system(), "m.json")


def test_live_module_comes_back_unchanged():
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
    assert found[0].details["n_features"] == 4
    assert module.training
    assert all(parameter.grad is None for parameter in module.parameters())
    for name, item in module.state_dict().items():
        assert torch.equal(item, before[name])
    torch.rand(5, 4)
    assert not torch.equal(state, torch.get_rng_state())


def test_live_module_bad_input():
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

    class Raising(torch.nn.Linear):
        def forward(self, x):
            raise LookupError("nothing\nhere")

    with pytest.raises(InputError, match=r"do not fit: LookupError: nothing$"):
        measure_module(Raising(2, 1), loss=loss, batches=batch)
    kinked = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    found = measure_module(kinked, loss=loss, batches=batch, n_steps=3)
    assert [code for code, _ in found.warnings] == ["W-KINK"]
    assert found.values["eps_model"].kind == found.values["t3_injective"].kind == "assumed"
    with pytest.raises(InputError, match="segment_steps: must be 1 to 3, found 4"):
        measure_module(kinked, loss=loss, batches=batch, n_steps=3, segment_steps=4)


@pytest.mark.parametrize("n_batches", [1, 2])
def test_a_layer_that_pruning_has_lost_is_named(n_batches):
    chain = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    torch.nn.init.zeros_(chain[2].weight)
    mask = {
        f"2.{name}": torch.zeros_like(p, dtype=torch.bool)
        for name, p in chain[2].named_parameters()
    }
    batch = [(torch.ones(4, 2), torch.zeros(4))]
    loss = lambda output, y: ((output.squeeze(-1) - y) ** 2).mean()  # noqa: E731
    with pytest.raises(
        InputError, match=r"goes nowhere; nothing is left of 2\.weight, .*prune\.spare"
    ):
        measure_module(chain, loss=loss, batches=batch, mask=mask, n_batches=n_batches, n_steps=2)


def test_without_a_third_derivative_degree_one_is_measured():
    class Stop(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            return x.clone()

        @staticmethod
        def backward(context, slope):
            raise RuntimeError("the derivative for 'stop' is not implemented.")

    class Twice(torch.autograd.Function):
        """x^2 / 2, which may be differentiated twice."""

        @staticmethod
        def forward(context, x):
            context.save_for_backward(x)
            return x * x / 2

        @staticmethod
        def backward(context, slope):
            return Once.apply(*context.saved_tensors, slope)

    class Once(torch.autograd.Function):
        @staticmethod
        def forward(context, x, slope):
            context.save_for_backward(x, slope)
            return x * slope

        @staticmethod
        def backward(context, above):
            x, slope = context.saved_tensors
            return above * Stop.apply(slope), above * Stop.apply(x)

    class Squared(torch.nn.Linear):
        def forward(self, x):
            return Twice.apply(super().forward(x))

    batch = [(torch.ones(4, 2), torch.ones(4))]
    loss = lambda output, y: ((output.squeeze(-1) - y) ** 2).mean()  # noqa: E731
    found = measure_module(Squared(2, 1), loss=loss, batches=batch, n_steps=3)
    assert set(found.path_norms) == {1}
    assert "t3_injective" not in found.values
    assert [text.partition(":")[0] for _, text in found.warnings] == [
        "models of degree 3 were not measured",
        "models of degree 2 were not measured",
    ]
