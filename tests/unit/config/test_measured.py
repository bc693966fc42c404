"""A measurement on disk as a question, by path and by name."""

import json
from typing import Any

import pytest

from qres.config.load import load_scenario
from qres.config.measured import describe_question, measurement_names
from qres.config.record import MeasurementModel
from qres.errors import InputError
from qres.files import data_path


def write(folder, details: Any) -> Any:
    file = folder / "mine.json"
    file.write_text(json.dumps({"details": details} if isinstance(details, dict) else details))
    return file


def test_the_steps_are_those_that_were_measured(tmp_path) -> None:
    details = {"n_steps": 7, "learning_rate": 0.25, "weight_decay": 0.5, "seed": 3}
    scenario = load_scenario(write(tmp_path, details))
    assert scenario.name == "mine"
    assert scenario.model == MeasurementModel(file=tmp_path / "mine.json")
    assert (scenario.algorithm.n_steps, scenario.algorithm.learning_rate) == (7, 0.25)
    assert scenario.algorithm.weight_decay == 0.5
    assert load_scenario(tmp_path / "mine.json", overrides=["error.total=0.2"]).error.total == 0.2


def test_momentum_and_batches_too(tmp_path) -> None:
    base = {"n_steps": 7, "learning_rate": 0.25, "weight_decay": 0.0}
    heavy = load_scenario(write(tmp_path, base | {"momentum": 0.9, "momentum_restart": True}))
    assert (heavy.algorithm.momentum, heavy.algorithm.momentum_restart) == (0.9, True)
    assert load_scenario(write(tmp_path, base | {"n_batches": 3})).algorithm.n_batches == 3


def test_a_shipped_one_by_its_name_from_anywhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("logistic-digits-pruned.json", "mlp-32-32-tanh-pruned.json"):
        assert name in measurement_names()
        scenario = load_scenario(name)
        assert scenario.model == MeasurementModel(file=data_path("measurements") / name)
        assert scenario.raw["model"]["measurement"] == name


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"seed": 1}, "no training steps were measured"),
        ({"n_steps": 5, "learning_rate": 1, "schedule": "x"}, "measured with a schedule"),
        ([1], "not a measurement written by 'qres measure'"),
    ],
)
def test_what_is_no_question_is_one_line(content, words, tmp_path) -> None:
    with pytest.raises(InputError, match=words) as caught:
        describe_question(write(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_an_unknown_name_has_the_nearest_beside_it() -> None:
    with pytest.raises(InputError, match=r"did you mean 'logistic-digits-pruned\.json'"):
        load_scenario("logistic-digit-pruned.json")


def test_no_json_is_one_line(tmp_path) -> None:
    file = tmp_path / "a.json"
    file.write_text("{")
    with pytest.raises(InputError, match=r"a.json:1: not JSON"):
        load_scenario(file)
