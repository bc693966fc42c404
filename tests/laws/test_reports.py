"""Every report, feasible or not: plain data, quantities where they belong, nothing too wide."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qres.cli.door import run
from qres.config.load import model_names
from qres.config.record import NetworkModel
from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.notation.quantity import Quantity
from qres.report.report import Report
from qres.staircase import estimate, load

TRAINING = {
    "n_params": 1000,
    "n_active": 100,
    "sparsity": 10,
    "max_entry": {"value": 2.0, "low": 1.5, "high": 2.5, "source": "a guess"},
    "lambda_max": 10,
    "lambda_min": -0.5,
    "grad_norm": 1.5,
    "n_samples": 50,
    "eps_model": 0.01,
}
MATRIX = {"dim": 30, "frobenius_norm": 9.0, "smallest_singular_value": 0.2}
DESCENT = {"name": "carleman-gd", "n_steps": 20, "learning_rate": 0.05}
SYSTEM = {"name": "linear-system"}
STATE = {"readout": {"kind": "state"}}
SAMPLING = {"readout": {"kind": "tomography", "access": "sampling"}}
COUNTS = {"logical_qubits": 50, "toffoli": 10**6, "t": 10**5}

FEASIBLE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "descent": (TRAINING, DESCENT),
    "descent-sampling": (TRAINING, DESCENT | SAMPLING),
    "descent-state": (TRAINING, DESCENT | STATE),
    "descent-model": (TRAINING | {"eps_model": 0.09}, DESCENT | STATE),
    "system": (MATRIX, SYSTEM),
    "system-sampling": (MATRIX, SYSTEM | SAMPLING),
    "system-state": (MATRIX, SYSTEM | STATE),
    "counts": (COUNTS, {"name": "counts"}),
    "rotations": (COUNTS | {"rotations": 10**4}, {"name": "counts"}),
    "one-weight": (TRAINING | {"n_active": 1, "sparsity": 1}, DESCENT | {"n_steps": 1}),
    "one-row": (MATRIX | {"dim": 1}, SYSTEM),
    "no-machine": (COUNTS | {"toffoli": 10**30}, {"name": "counts"}),
}
INFEASIBLE = {
    "growing": (TRAINING | {"lambda_min": -1e6}, DESCENT | {"n_steps": 200}),
    "singular": (MATRIX | {"smallest_singular_value": 0}, SYSTEM),
    "nearly-singular": (MATRIX | {"smallest_singular_value": 1e-308}, SYSTEM),
}
SHIPPED = [n for n in model_names() if not isinstance(load(n).model, NetworkModel)]
STANDING = "standing-still"
NAMES = [*SHIPPED, *FEASIBLE, *INFEASIBLE, STANDING]


def ask(name: str) -> Report:
    """Return the estimate of a case or of a shipped model."""
    if name in SHIPPED:
        return estimate(name)
    if name == STANDING:
        values = {key: Quantity(value=TRAINING[key]) for key in ("n_active", "lambda_max")}
        values |= {"lambda_min": Quantity(value=0.0), "grad_norm": Quantity(value=0.0)}
        values["frobenius_norm"] = Quantity(value=1.0)
        still = Measurement(subject="network", values=values, update_norms=(0.0,) * 21)
        model = {"model": {"given": TRAINING}, "algorithm": DESCENT}
        return estimate(model | {"name": name}, measurement=still)
    given, algorithm = (FEASIBLE | INFEASIBLE)[name]
    return estimate({"name": name, "model": {"given": given}, "algorithm": algorithm})


answer = cache(ask)


@pytest.fixture(params=NAMES)
def report(request: pytest.FixtureRequest) -> Report:
    """One report after the other."""
    return answer(request.param)


def nodes(data: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every value with its path; the items of lists share one."""
    yield path, data
    if isinstance(data, dict):
        for key, value in data.items():
            yield from nodes(value, (*path, key))
    if isinstance(data, list):
        for value in data:
            yield from nodes(value, (*path, "[]"))


def test_a_report_is_plain_json(report):
    data = report.to_dict()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    for path, value in nodes(data):
        assert value is None or type(value) in (bool, int, float, str, list, dict), path
        assert not isinstance(value, np.generic), path
    assert data["schema"] == "qres-result/1"


QUANTITY = {"value", "low", "high", "unit", "kind", "bound", "source", "method"}
PLACES = {
    *(("logical", name) for name in ("toffoli", "t", "rotations", "logical_qubits")),
    *(("physical", "[]", name) for name in ("physical_qubits", "runtime_s")),
    *(("classical", name) for name in ("runtime_s", "energy_j")),
    ("verdict", "ratio"),
}


def test_quantities_stand_where_the_design_says(report):
    data = report.to_dict()
    found = {path for path, value in nodes(data) if isinstance(value, dict) and "bound" in value}
    measured = {("measurement", name) for name in data["measurement"]}
    derived = {("values", name) for name in data["values"]}
    assert measured <= found <= measured | derived | PLACES
    for path, value in nodes(data):
        if path in found:
            assert value.keys() == QUANTITY
        if path in PLACES - found:
            assert value is None, path
    assert {path[:1] for path in PLACES} <= {(key,) for key in data}


def test_what_is_unknown_has_a_reason(report):
    data = report.to_dict()
    codes = {item["code"] for item in data["warnings"]}
    for machine in data["physical"]:
        is_open = machine["runtime_s"]["value"] is None
        assert (machine["status"] == "infeasible") == is_open == bool(machine["reason"])
        assert not is_open or "W-INFEASIBLE" in codes
    if data["verdict"]["ratio"] is None:
        assert data["verdict"]["winner"] == "undecided"
        assert codes & {"W-NOTASK", "W-INFEASIBLE"} or report.scenario.algorithm.name == "counts"
    if data["logical"]["toffoli"] is None:
        assert "W-INFEASIBLE" in codes


@pytest.mark.parametrize("name", [*INFEASIBLE, STANDING])
def test_an_infeasible_job_says_why(name):
    report = answer(name)
    data, (stage, reason) = report.to_dict(), report.failure
    assert len(reason) > 10
    assert all(item["status"] == "infeasible" for item in data["physical"])
    assert all(reason in item["reason"] for item in data["physical"])
    assert data["verdict"]["winner"] == "undecided"
    assert data["logical"]["toffoli"] is None
    assert f"Infeasible: {stage}: " in report.table(100)


@pytest.mark.parametrize("name", ["growing", "singular", "nearly-singular", "no-machine"])
def test_infeasible_is_a_result(name, tmp_path, capsys):
    given, algorithm = (FEASIBLE | INFEASIBLE)[name]
    file = tmp_path / "model.yaml"
    content = {"schema": "qres-model/1", "name": name}
    content |= {"model": {"given": given}, "algorithm": algorithm}
    file.write_text(json.dumps(content), encoding="utf-8")
    assert run(["estimate", str(file), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert {item["status"] for item in data["physical"]} == {"infeasible"}


@pytest.mark.parametrize("name", ["descent-state", "descent-model", "system-state"])
def test_a_state_has_no_winner(name):
    data = answer(name).to_dict()
    assert data["verdict"]["winner"] == "undecided"
    assert data["verdict"]["ratio"] is None
    assert data["classical"]["runtime_s"] is None
    assert "W-NOTASK" in {item["code"] for item in data["warnings"]}
    assert "eps_readout" not in {item["name"] for item in data["budget"]}


def test_stages_add_up(report):
    data = report.to_dict()
    stages, logical = data["stages"], data["logical"]
    if not stages:
        assert report.failure is not None
        return
    for name in ("toffoli", "t", "rotations"):
        # `rotation synthesis` makes what the other stages ask for
        assert sum(stage[name] for stage in stages) == logical[name]["value"]
    assert max(stage["logical_qubits"] for stage in stages) == logical["logical_qubits"]["value"]
    assert math.isclose(sum(stage["share"] for stage in stages), 1, rel_tol=1e-12)
    assert all(stage["share"] == 0 for stage in stages if stage["gradients"] + stage["flops"])
    assert data["verdict"]["dominated_by"] == max(stages, key=lambda item: item["share"])["name"]


def test_the_budget_is_spent(report):
    data, error = report.to_dict(), report.scenario.error
    if not data["budget"]:
        assert report.failure is not None or report.scenario.algorithm.name == "counts"
        return
    shares = {item["name"]: item["share"] for item in data["budget"]}
    model = shares.pop("eps_model", 0)
    left = error.total / 2 if model > error.total / 2 else error.total - model
    assert math.isclose(sum(shares.values()), left, rel_tol=1e-12)


def test_an_estimate_beyond_the_model_is_assumed():
    data = answer("descent-model").to_dict()
    assert "W-MODEL" in {item["code"] for item in data["warnings"]}
    kinds = {data["logical"][name]["kind"] for name in ("toffoli", "t", "rotations")}
    assert kinds == {"assumed"}


def test_every_number_can_be_explained(report):
    data = report.to_dict()
    names = [*data["values"], *(stage["name"] for stage in data["stages"])]
    names += [
        f"logical.{name}" for name in data["logical"] if data["stages"] and name != "agreement"
    ]
    for name in names:
        text = report.explain(name)
        assert text.startswith(name)
        assert len(text.splitlines()) > 1, name
    assert all(f"  {name} = " in report.sources_text() for name in data["values"])
    with pytest.raises(InputError, match="no number called 'nothing'"):
        report.explain("nothing")


def test_saving(report, tmp_path):
    report.save(tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == report.to_dict()
    report.save(tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [row["name"] for row in report.to_dict()["stages"]]
    with pytest.raises(InputError, match=r"the suffix must be \.json or \.csv"):
        report.save(Path(tmp_path) / "a.docx")
