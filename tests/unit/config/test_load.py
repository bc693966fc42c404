"""A good file becomes a frozen scenario whose id names its content."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from qres.config.given import GivenCounts
from qres.config.load import load_scenario, model_names, model_path
from qres.config.record import CarlemanGd, Counts, GivenModel, MatrixModel, NetworkModel
from qres.config.schema import model_schema
from qres.config.starter import starter_text
from qres.errors import InputError
from qres.files import parse_yaml

TRAINING: dict[str, Any] = {
    "model": {"given": {"n_params": 1e8, "n_active": 1e7, "sparsity": 100, "lambda_max": 5}},
    "algorithm": {"name": "carleman-gd", "n_steps": 50, "learning_rate": 0.01},
}


def write(folder: Path, text: str) -> Path:
    file = folder / "model.yaml"
    file.write_text(text)
    return file


def test_the_starter_loads_and_shows_its_own_name(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, starter_text()))
    assert isinstance(scenario.model, NetworkModel)
    assert scenario.model.architecture.hidden == (32, 32)
    assert scenario.name == "my-network"
    assert "qres estimate other.yaml" in starter_text("other.yaml")


@pytest.mark.parametrize("name", model_names())
def test_every_shipped_model_loads_by_its_name(name: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_scenario(name).name.partition(" (")[0] == name


def test_liu_gives_every_number_a_source_or_the_word_assumed() -> None:
    scenario = load_scenario("liu-2024-7m-assumed")
    assert isinstance(scenario.model, GivenModel)
    assert scenario.model.values["n_params"].value == 7_451_044
    assert scenario.model.values["n_active"].value == 745_104
    for quantity in scenario.model.values.values():
        assert quantity.source
        assert quantity.kind in ("given", "assumed")
    assert scenario.model.values["sparsity"].kind == "assumed"


def test_whole_numbers_are_whole_and_exact() -> None:
    counts = {"logical_qubits": 1e2, "toffoli": 1e25, "t": 10**30}
    scenario = load_scenario({"model": {"given": counts}, "algorithm": {"name": "counts"}})
    assert isinstance(scenario.model, GivenModel)
    values = {name: quantity.value for name, quantity in scenario.model.values.items()}
    assert values == {"logical_qubits": 100, "toffoli": 10**25, "t": 10**30}
    assert all(type(value) is int for value in values.values())
    assert scenario.algorithm == Counts(name="counts")


def test_pedigree_of_given_numbers() -> None:
    content = {
        "model": {
            "given": {
                "n_params": {"value": 10, "low": 9, "high": 12, "source": "a paper"},
                "n_active": {"value": 5, "kind": "assumed"},
                "lambda_max": {"value": 2, "source": "Assumed: edge of stability"},
                "update_norms": [0, 1, 2],
            }
        },
        "algorithm": {"name": "carleman-gd", "n_steps": 2, "learning_rate": 1},
    }
    model = load_scenario(content).model
    assert isinstance(model, GivenModel)
    n_params = model.values["n_params"]
    assert (n_params.low, n_params.high, n_params.kind) == (9, 12, "given")
    assert model.values["n_active"].kind == "assumed"
    assert model.values["lambda_max"].kind == "assumed"
    assert model.update_norms == (0.0, 1.0, 2.0)
    assert "update_norms" not in model.values


def test_what_is_left_out_is_listed_with_its_value() -> None:
    defaults = dict(load_scenario(TRAINING).defaults)
    assert defaults["algorithm.optimizer.weight_decay"] == 0.0
    assert defaults["error.total"] == 0.1
    assert defaults["classical.device"] == "h200"
    assert "algorithm.n_steps" not in defaults
    assert "name" not in defaults
    changed = load_scenario(TRAINING, overrides=["error.total=0.2"])
    assert "error.total" not in dict(changed.defaults)
    assert "error.fail_prob" in dict(changed.defaults)


def test_state_readout_keeps_no_norm() -> None:
    overrides = [("algorithm.readout", {"kind": "state"})]
    algorithm = load_scenario(TRAINING, overrides=overrides).algorithm
    assert isinstance(algorithm, CarlemanGd)
    assert algorithm.readout.kind == "state"
    assert load_scenario(TRAINING, overrides=overrides).raw["algorithm"]["readout"] == {
        "kind": "state"
    }


@pytest.mark.parametrize("readout", [None, {}, {"access": "coherent"}, {"norm": "l2"}])
def test_a_readout_without_a_kind_is_tomography(readout: Any) -> None:
    plain = load_scenario(TRAINING)
    scenario = load_scenario(TRAINING, overrides=[("algorithm.readout", readout)])
    assert scenario.algorithm == plain.algorithm
    assert scenario.scenario_id == plain.scenario_id
    assert ("algorithm.readout.kind", "tomography") in scenario.defaults
    changed = load_scenario(TRAINING, overrides=["algorithm.readout.access=sampling"]).algorithm
    assert isinstance(changed, CarlemanGd)
    assert (changed.readout.kind, changed.readout.access) == ("tomography", "sampling")


def test_documented_neutral_values_are_taken() -> None:
    neutral = {
        "truncation_order": 1,
        "segment_steps": 50,
        "degree": 1,
        "map": "first-order",
        "rescaling": "auto",
        "expansion": "initial",
        "padding": 3,
        "optimizer": {"kind": "gd", "momentum": 0.0, "n_batches": 1, "weight_decay": 1e-4},
    }
    neutral["optimizer"]["momentum_restart"] = False
    overrides = [(f"algorithm.{key}", value) for key, value in neutral.items()]
    algorithm = load_scenario(TRAINING, overrides=overrides).algorithm
    assert isinstance(algorithm, CarlemanGd)
    assert algorithm.padding == 3
    assert algorithm.weight_decay == 1e-4


# ---- content id ---------------------------------------------------------------------------------


def test_the_id_is_of_the_content_not_of_its_writing(tmp_path: Path) -> None:
    plain = load_scenario(TRAINING).scenario_id
    text = """
# a comment
algorithm: {n_steps: 5e1, learning_rate: 1e-2, name: "carleman-gd"}
schema: qres-model/1
name: other
model:
  given: {lambda_max: 5.0, sparsity: 1e2, n_active: 10_000_000, n_params: 100000000}
error: {total: 0.1}     # the default, written out
"""
    assert load_scenario(write(tmp_path, text)).scenario_id == plain
    assert len(plain) == 16
    assert int(plain, 16) >= 0


@pytest.mark.parametrize(
    "override",
    [
        "algorithm.n_steps=51",
        "error.total=0.2",
        "hardware=[superconducting-1e-4]",
        "model.given.sparsity={value: 100, kind: assumed}",
        "algorithm.readout={kind: state}",
        "measure.seed=1",
        "classical.device=h100",
    ],
)
def test_every_part_of_the_content_is_in_the_id(override: str) -> None:
    changed = load_scenario(TRAINING, overrides=[override])
    assert changed.scenario_id != load_scenario(TRAINING).scenario_id


def test_the_id_follows_the_bytes_of_files_and_not_their_place(tmp_path: Path) -> None:
    content = {"model": {"matrix": {"file": "A.npy"}}, "algorithm": {"name": "linear-system"}}
    ids = []
    for place, data in (("one", b"same"), ("two", b"same"), ("three", b"other")):
        folder = tmp_path / place
        folder.mkdir()
        (folder / "A.npy").write_bytes(data)
        file = write(folder, json.dumps({"schema": "qres-model/1"} | content))
        scenario = load_scenario(file)
        assert scenario.model == MatrixModel(file=folder / "A.npy")
        ids.append(scenario.scenario_id)
    assert ids[0] == ids[1] != ids[2]


def test_the_checked_content_loads_to_the_same_scenario() -> None:
    for source in ("liu-2024-7m", TRAINING):
        first = load_scenario(source)
        again = load_scenario(dict(first.raw))
        assert again.scenario_id == first.scenario_id
        assert again.model == first.model
        assert json.loads(json.dumps(first.raw)) == first.raw


def test_scenarios_are_frozen_and_inputs_stay_as_they_were() -> None:
    content = json.loads(json.dumps(TRAINING))
    scenario = load_scenario(content, overrides=["model.given.sparsity=7"])
    assert content == TRAINING
    with pytest.raises(dataclasses.FrozenInstanceError):
        scenario.name = "x"  # type: ignore[misc]


# ---- overrides ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("algorithm.n_steps=ten", "--set algorithm.n_steps=ten: algorithm.n_steps: expected"),
        ("algorithm.n_step=1", "--set algorithm.n_step=1: algorithm.n_step: unknown key"),
        ("algorithm.n_steps", "--set algorithm.n_steps: expected name=value"),
        ("algorithm.readout.acces=x", "x: algorithm.readout.acces: unknown key; did you mean"),
        ("algorithm.readout.access=x", "x: algorithm.readout.access: expected coherent or"),
        ("algorithm.readout.kind=5", "kind=5: algorithm.readout.kind: expected state, tomo"),
        ("algorithm.readout={kind: }", "algorithm.readout.kind: expected state, tomography or"),
        ("algorithm.readout={kind: [1]}", "algorithm.readout.kind: expected state, tomography"),
        ("algorithm.readout=[1]", "algorithm.readout: expected a mapping, found a list"),
        ("algorithm.readout={kind: state, access: sampling}", "access: belongs to tomography"),
        ("=5", "--set =5: expected name=value"),
        ("a..b=5", "--set a..b=5: an empty key"),
        ("error.total=.inf", "--set error.total:1: .inf: a number must be finite"),
        ("algorithm.n_steps=[1", "--set algorithm.n_steps:1: not valid YAML"),
        ("algorithm.name.x=1", "--set algorithm.name.x=1: algorithm.name.x: the model has"),
        ("hardware.3=x", "--set hardware.3=x: hardware.3: the model has"),
        ("model.matrix.file=A.mtx", "--set model.matrix.file=A.mtx: model: expected exactly"),
    ],
)  # fmt: skip
def test_a_wrong_override_is_named(override: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_scenario(TRAINING, overrides=[override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("model.given.n_active=5",), "--set model.given.n_active=5: model.given.sparsity: "),
        (
            ("algorithm.name=linear-system",),
            "--set algorithm.name=linear-system: algorithm.n_steps",
        ),
        (("algorithm={name: counts}",), "--set algorithm={name: counts}: model.given.n_params: "),
        (
            ("error.total=0.2", "model.matrix.file=A.npy", "model.matrix.rhs=b.npy"),
            "--set model.matrix.file=A.npy: model: expected exactly one of",
        ),
        (
            ("algorithm.n_steps=3", "measure.seed=1"),
            "--set algorithm.n_steps=3: model.given.update_norms: expected n_steps + 1 = 4 norms",
        ),
    ],
)
def test_an_override_that_breaks_another_place_is_named(tmp_path, overrides, message) -> None:
    content = json.loads(json.dumps({"schema": "qres-model/1"} | TRAINING))
    content["model"]["given"]["update_norms"] = [0] * 51
    for source in (content, write(tmp_path, json.dumps(content))):
        with pytest.raises(InputError) as caught:
            load_scenario(source, overrides=overrides)
        assert str(caught.value).startswith(message)


def test_an_override_is_not_blamed_for_a_fault_of_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, starter_text() + "eror: {total: 1}\n")
    for overrides in (["algorithm.n_steps=7"], [("algorithm.readout.access", "sampling")]):
        with pytest.raises(InputError) as caught:
            load_scenario(file, overrides=overrides)
        assert str(caught.value).startswith(f"{file}:")
    (tmp_path / "counts.json").write_text('{"tCounts": 1}')
    text = "schema: qres-model/1\nmodel: {given: counts.json}\nalgorithm: {name: counts}\n"
    with pytest.raises(InputError, match=r"counts\.json: tCounts: unknown key"):
        load_scenario(write(tmp_path, text), overrides=["measure.seed=1"])
    with pytest.raises(InputError, match=r"^--set algorithm\.x=1: algorithm\.x: unknown key"):
        load_scenario(write(tmp_path, text), overrides=["algorithm.x=1"])
    with pytest.raises(InputError, match=r"model\.yaml:3: algorithm\.n_steps: missing"):
        load_scenario(write(tmp_path, text), overrides=["algorithm.name=carleman-gd"])


def test_overrides_apply_in_order_and_make_sections() -> None:
    overrides = ["error.total=0.3", ("error.total", 0.4), "objective=qubits", "hardware=[x]"]
    scenario = load_scenario(TRAINING, overrides=[*overrides, "hardware.0=y"])
    assert scenario.error.total == 0.4
    assert scenario.objective == "qubits"
    assert scenario.hardware == ("y",)


# ---- names, files, schema -----------------------------------------------------------------------


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'liu-2024-7m'"):
        model_path("liu-2024-7")
    with pytest.raises(InputError, match=r"model\.yml: no such file"):
        load_scenario("model.yml")


def test_counts_come_from_a_qdk_file(tmp_path: Path) -> None:
    file = tmp_path / "counts.json"
    good = {"numQubits": 10, "tCount": 5, "rotationCount": 3, "rotationDepth": 2}
    file.write_text(json.dumps(good | {"cczCount": 7, "ccixCount": 1, "measurementCount": 4}))
    text = "schema: qres-model/1\nmodel: {given: counts.json}\nalgorithm: {name: counts}\n"
    model = load_scenario(write(tmp_path, text)).model
    assert isinstance(model, GivenModel)
    assert {name: quantity.value for name, quantity in model.values.items()} == {
        "logical_qubits": 10,
        "t": 5,
        "rotations": 3,
        "rotation_depth": 2,
        "toffoli": 8,
        "measurements": 4,
    }
    for wrong, message in (
        ('{"numQubit": 1}', "did you mean 'numQubits'"),
        ('{"numQubits": "x"}', "expected a number"),
        ('{"numQubits": NaN}', "expected a number"),
        ('{"numQubits": 1.5}', "expected a whole number"),
        ("[1]", "expected a mapping"),
        ("{", "not valid JSON"),
    ):
        file.write_text(wrong)
        with pytest.raises(InputError, match=message):
            load_scenario(write(tmp_path, text))


def test_counts_come_from_the_installed_qdk(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("QDK_PYTHON_TELEMETRY", "none")
    from qdk.estimator import LogicalCounts

    file = tmp_path / "counts.json"
    text = "schema: qres-model/1\nmodel: {given: counts.json}\nalgorithm: {name: counts}\n"
    every = {"numQubits": 10, "tCount": 5, "cczCount": 7, "ccixCount": 1, "numComputeQubits": 6}
    memory = {"readFromMemoryCount": 0, "writeToMemoryCount": 0}
    for counts in (every, every | memory, every | {"numComputeQubits": None}):
        file.write_text(LogicalCounts(counts).json)
        model = load_scenario(write(tmp_path, text)).model
        assert isinstance(model, GivenModel)
        values = {name: quantity.value for name, quantity in model.values.items()}
        assert (values["logical_qubits"], values["t"], values["toffoli"]) == (10, 5, 8)
        # 6 of 10 compute; without that split nothing is known to be idle
        split = counts["numComputeQubits"]
        assert values.get("idle_qubits") == (None if split is None else 4)
        assert set(values) | {"idle_qubits"} == set(GivenCounts.model_fields)
    for key in memory:
        file.write_text(LogicalCounts(every | memory | {key: 3}).json)
        with pytest.raises(InputError) as caught:
            load_scenario(write(tmp_path, text))
        assert str(caught.value) == (
            f"{file}: {key}: memory reads and writes are not priced yet; expected 0, found 3"
        )


def test_the_json_schema_takes_what_the_loader_takes() -> None:
    validator = Draft202012Validator(model_schema())
    validator.check_schema(model_schema())
    for text in [starter_text(), *(model_path(name).read_text() for name in model_names())]:
        validator.validate(parse_yaml(text, name="f")[0])
    short = {"name": "linear-system", "readout": {"access": "sampling"}}
    validator.validate(parse_yaml(starter_text(), name="f")[0] | {"algorithm": short})
    wrong = parse_yaml(starter_text(), name="f")[0] | {"modl": 1}
    assert not validator.is_valid(wrong)


# ---- fuzz ---------------------------------------------------------------------------------------

KEYS = st.sampled_from(
    [
        "schema",
        "model",
        "given",
        "network",
        "algorithm",
        "name",
        "n_steps",
        "error",
        "total",
        "kind",
        "value",
        "hardware",
        "readout",
        "architecture",
        "padding",
        "0",
        "x",
    ]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["carleman-gd", "counts", "linear-system", "qres-model/1", "mlp", "auto"]),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
QUIET = settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def load_or_refuse(source: Any, *overrides: tuple[str, Any]) -> None:
    message = ""
    try:
        load_scenario(source, overrides=overrides)
    except InputError as error:
        message = str(error)
    assert "\n" not in message


@QUIET
@given(text=st.text(max_size=60) | st.text(alphabet="ab:-[]{}&*!|>'\"#%?,\n \t~.1e", max_size=60))
def test_any_text_loads_or_is_refused_on_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "model.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    load_or_refuse(file)


@QUIET
@given(tree=st.dictionaries(KEYS, TREES, max_size=5))
def test_any_dict_loads_or_is_refused_on_one_line(tree: dict[str, Any]) -> None:
    load_or_refuse(tree)


@QUIET
@given(
    path=st.sampled_from(
        [
            "model",
            "model.given",
            "model.given.sparsity",
            "algorithm",
            "algorithm.readout",
            "algorithm.name",
            "algorithm.padding",
            "error",
            "hardware",
            "measure.seed",
            "objective",
            "name",
        ]
    ),
    value=TREES,
)
def test_any_value_in_any_place_loads_or_is_refused(path: str, value: Any) -> None:
    load_or_refuse(TRAINING, (path, value))


@QUIET
@given(
    numbers=st.dictionaries(
        st.text("abcxyz", min_size=1, max_size=5),
        st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
        | st.text("abc #", max_size=8) | st.booleans() | st.none(),
        max_size=6,
    )
)  # fmt: skip
def test_what_ruamel_writes_is_read_back(tmp_path: Path, numbers: dict[str, Any]) -> None:
    file = tmp_path / "written.yaml"
    writer = YAML(typ="safe", pure=True)
    writer.width = 10_000  # where it folds a long line it drops one of two blanks
    with file.open("w") as stream:
        writer.dump({"content": numbers}, stream)
    assert parse_yaml(file.read_text(), name="f")[0] == {"content": numbers}
