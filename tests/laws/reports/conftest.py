"""One report of every kind: each algorithm and read-out, shipped models, and what is infeasible."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from qres.config.load import model_names
from qres.config.record import NetworkModel
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
INFEASIBLE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "growing": (TRAINING | {"lambda_min": -1e6}, DESCENT | {"n_steps": 200}),
    "singular": (MATRIX | {"smallest_singular_value": 0}, SYSTEM),
}
"""Infeasible before any machine is asked."""

SHIPPED = [n for n in model_names() if not isinstance(load(n).model, NetworkModel)]
STANDING = "standing-still"
KNOWN = ("n_params", "n_active", "n_samples", "lambda_max")
NAMES = [*SHIPPED, *FEASIBLE, *INFEASIBLE, STANDING]


def ask(name: str) -> Report:
    """Return the estimate of a case or of a shipped model."""
    if name in SHIPPED:
        return estimate(name)
    if name == STANDING:
        values = {key: Quantity(value=TRAINING[key]) for key in KNOWN}
        values |= {"lambda_min": Quantity(value=0.0), "grad_norm": Quantity(value=0.0)}
        values["frobenius_norm"] = Quantity(value=1.0)
        still = Measurement(subject="network", values=values, update_norms=(0.0,) * 21)
        model = {"model": {"given": TRAINING}, "algorithm": DESCENT}
        return estimate(model | {"name": name}, measurement=still)
    given, algorithm = (FEASIBLE | INFEASIBLE)[name]
    return estimate({"name": name, "model": {"given": given}, "algorithm": algorithm})


@pytest.fixture
def again():
    """Return a function that estimates a case anew."""
    return ask


answer = cache(ask)


@pytest.fixture
def of():
    """Return a function that gives the report of a case by its name, estimated once."""
    return answer


@pytest.fixture
def write_model(tmp_path: Path):
    """Return a function that writes the model file of a case and gives its path."""

    def write(name: str) -> Path:
        given, algorithm = (FEASIBLE | INFEASIBLE)[name]
        content = {"schema": "qres-model/1", "name": name}
        content |= {"model": {"given": given}, "algorithm": algorithm}
        path = tmp_path / "model.yaml"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a law over all reports, or over the names of the infeasible ones."""
    if "report" in metafunc.fixturenames:
        metafunc.parametrize("report", NAMES, indirect=True)
    if "refused" in metafunc.fixturenames:
        metafunc.parametrize("refused", [*INFEASIBLE, STANDING], indirect=True)


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """One report after the other."""
    return answer(request.param)


@cache
def plain(name: str) -> dict[str, Any]:
    """Return a report as data."""
    return answer(name).to_dict()


@pytest.fixture
def data(report: Report) -> dict[str, Any]:
    """The same report as data."""
    return plain(report.scenario.name.partition(" (")[0])


@pytest.fixture
def refused(request: pytest.FixtureRequest) -> Report:
    """One infeasible report after the other."""
    return answer(request.param)
