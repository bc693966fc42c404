"""Every report as data: plain JSON, quantities where they belong, sums that add up."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from qres.cli.door import run


def nodes(data: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every value with its path; the items of lists share one."""
    yield path, data
    if isinstance(data, dict):
        for key, value in data.items():
            yield from nodes(value, (*path, key))
    if isinstance(data, list):
        for value in data:
            yield from nodes(value, (*path, "[]"))


def test_a_report_is_plain_json(data):
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    for path, value in nodes(data):
        assert value is None or type(value) in (bool, int, float, str, list, dict), path
    assert data["schema"] == "qres-result/1"


QUANTITY = {"value", "low", "high", "unit", "kind", "bound", "source", "method"}
PLACES = {
    *(("logical", name) for name in ("toffoli", "t", "rotations", "logical_qubits")),
    *(("physical", "[]", name) for name in ("physical_qubits", "runtime_s")),
    *(("classical", name) for name in ("runtime_s", "energy_j")),
    ("verdict", "ratio"),
}


def test_quantities_stand_where_the_design_says(data):
    found = {path for path, value in nodes(data) if isinstance(value, dict) and "bound" in value}
    measured = {("measurement", name) for name in data["measurement"]}
    derived = {(key, name) for key in ("values", "references") for name in data[key]}
    assert measured <= found <= measured | derived | PLACES
    for path, value in nodes(data):
        if path in found:
            assert value.keys() == QUANTITY
        if path in PLACES - found:
            assert value is None, path
    assert {path[:1] for path in PLACES} <= {(key,) for key in data}


def test_what_is_unknown_has_a_reason(report, data):
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


def test_an_infeasible_job_says_why(refused):
    data, (stage, reason) = refused.to_dict(), refused.failure
    assert len(reason) > 10
    assert all(item["status"] == "infeasible" for item in data["physical"])
    assert all(reason in item["reason"] for item in data["physical"])
    assert data["verdict"]["winner"] == "undecided"
    assert data["logical"]["toffoli"] is None
    assert f"Infeasible: {stage}: " in refused.table(100)


@pytest.mark.parametrize("name", ["growing", "singular", "no-machine"])
def test_infeasible_is_a_result(name, write_model, capsys):
    assert run(["estimate", str(write_model(name)), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert {item["status"] for item in data["physical"]} == {"infeasible"}


@pytest.mark.parametrize("name", ["descent-state", "descent-model", "system-state"])
def test_a_state_has_no_winner(name, of):
    data = of(name).to_dict()
    assert data["verdict"]["winner"] == "undecided"
    assert data["verdict"]["ratio"] is None
    assert data["classical"]["runtime_s"] is None
    assert "W-NOTASK" in {item["code"] for item in data["warnings"]}
    assert "eps_readout" not in {item["name"] for item in data["budget"]}


def test_stages_add_up(report, data):
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


def test_the_budget_is_spent(report, data):
    error = report.scenario.error
    if not data["budget"]:
        assert report.failure is not None or report.scenario.algorithm.name == "counts"
        return
    shares = {item["name"]: item["share"] for item in data["budget"]}
    model = shares.pop("eps_model", 0)
    left = error.total / 2 if model > error.total / 2 else error.total - model
    assert math.isclose(sum(shares.values()), left, rel_tol=1e-12)


def test_an_estimate_beyond_the_model_is_assumed(of):
    data = of("descent-model").to_dict()
    assert "W-MODEL" in {item["code"] for item in data["warnings"]}
    kinds = {data["logical"][name]["kind"] for name in ("toffoli", "t", "rotations")}
    assert kinds == {"assumed"}
