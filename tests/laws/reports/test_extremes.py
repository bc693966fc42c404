"""Whatever numbers are typed: a result or one line, never a crash; and twice the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qres.errors import InputError
from qres.staircase import estimate

EXTREMES = [5e-324, 1e-308, 1e-300, 1e-160, 1e-30, 1e-9, 0.5, 1.0, 1e9, 1e30, 1e160, 1e300, 1e308]
WILD = st.sampled_from(EXTREMES)
SIZES = st.sampled_from([1, 2, 3, 64, 10**6, 10**12])
READOUTS = st.sampled_from(
    [
        {"kind": "state"},
        {"kind": "tomography", "access": "sampling"},
        {"kind": "tomography", "access": "coherent"},
    ]
)


def ask(question: dict[str, Any]) -> Any:
    """Return the report, or the words of the refusal."""
    try:
        return estimate(question)
    except InputError as refused:
        return str(refused)


def check(given: dict[str, Any], algorithm: dict[str, Any], **top: Any) -> None:
    """Fail unless the question is answered, or refused in one line."""
    report = ask({"model": {"given": given}, "algorithm": algorithm, **top})
    if isinstance(report, str):
        assert "\n" not in report
        assert len(report) > 10
        return
    data = report.to_dict()
    json.dumps(data, allow_nan=False)
    toffoli = data["logical"]["toffoli"]
    assert (toffoli is None) == (report.failure is not None)
    assert toffoli is None or toffoli["value"] >= 0
    assert report.table(80)


@st.composite
def systems(draw: st.DrawFn) -> dict[str, Any]:
    """Return numbers for a linear system, mostly consistent, sometimes absurd."""
    return {
        "dim": draw(SIZES),
        "frobenius_norm": draw(WILD),
        "smallest_singular_value": draw(st.one_of(st.just(0), WILD)),
        "solution_overlap": min(1.0, draw(WILD)),
    }


@settings(max_examples=6)
@given(given=systems(), readout=READOUTS)
def test_any_linear_system_is_answered(given, readout):
    check(given, {"name": "linear-system", "readout": readout})


@st.composite
def trainings(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return numbers for a training run and its steps."""
    steps = draw(st.sampled_from([1, 2, 50]))
    size = draw(SIZES)
    norms = st.lists(st.one_of(st.just(0.0), WILD), min_size=steps + 1, max_size=steps + 1)
    given = {
        "n_params": size,
        "n_active": size,
        "n_samples": draw(SIZES),
        "max_entry": draw(WILD),
        "lambda_max": draw(WILD),
        "lambda_min": -draw(WILD),
        "grad_norm": draw(WILD),
    }
    if draw(st.booleans()):
        given["update_norms"] = draw(norms)
    rate = draw(st.sampled_from([1e-300, 1e-9, 0.01, 1.0, 1e9, 1e300]))
    return given, {"n_steps": steps, "learning_rate": rate, "padding": "none"}


@settings(max_examples=10)
@given(numbers=trainings(), readout=READOUTS)
def test_any_training_run_is_answered(numbers, readout):
    given, keys = numbers
    check(given, {"name": "carleman-gd", "readout": readout, **keys})


@settings(max_examples=5)
@given(error=st.floats(1e-300, 0.99), fail=st.floats(1e-300, 0.99), readout=READOUTS)
def test_any_error_target_is_answered(error, fail, readout):
    given = {"dim": 30, "frobenius_norm": 9.0, "smallest_singular_value": 0.2}
    algorithm = {"name": "linear-system", "readout": readout}
    check(given, algorithm, error={"total": error, "fail_prob": fail})


LINEAR = {"name": "linear-system"}
SYSTEM = {"dim": 4, "frobenius_norm": 1.0, "smallest_singular_value": 0.1}
TRAINING = {
    "n_params": 100,
    "n_active": 100,
    "n_samples": 10,
    "frobenius_norm": 3.0,
    "lambda_max": 1.0,
    "lambda_min": -0.1,
    "grad_norm": 1.0,
}
DESCENT = {"name": "carleman-gd", "n_steps": 2, "learning_rate": 0.01}


@pytest.mark.parametrize(
    "changes",
    [
        {"smallest_singular_value": 1e-308},
        {"smallest_singular_value": 1e-300, "frobenius_norm": 1e300},
        {"smallest_singular_value": 1000.0},
        {"dim": 10**30},
        {"solution_overlap": 1e-300},
    ],
    ids=lambda changes: "-".join(f"{key}={value:g}" for key, value in changes.items()),
)
def test_a_strange_system_is_answered(changes):
    check(SYSTEM | changes, {"name": "linear-system"})
    check(SYSTEM | changes, {"name": "linear-system", "readout": {"kind": "state"}})


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"lambda_min": -1e6}, {"n_steps": 76}),
        ({"lambda_min": -1e6}, {"n_steps": 75}),
        ({"update_norms": [0, 1e200, 1e-200]}, {}),
        ({"update_norms": [0, 1, 1e-200]}, {}),
        ({"grad_norm": 1e300}, {}),
        ({"grad_norm": 1e-320}, {}),
        ({"frobenius_norm": 1e300}, {}),
        ({}, {"learning_rate": 1e-300}),
        ({}, {"learning_rate": 1e300}),
    ],
    ids=str,
)
def test_a_strange_training_run_is_answered(changes, keys):
    check(TRAINING | changes, DESCENT | keys | {"readout": {"kind": "state"}})


@pytest.mark.parametrize("fail", [1e-40, 1e-300])
def test_a_tiny_failure_probability_is_answered(fail):
    check(SYSTEM, {"name": "linear-system"}, error={"total": 0.1, "fail_prob": fail})


@pytest.mark.parametrize("name", ["descent", "system-state", "rotations", "singular"])
def test_the_same_question_gets_the_same_answer(name, of, again):
    assert again(name).to_dict() == of(name).to_dict()
    assert again(name).table(100) == of(name).table(100)


PRINT = """
import json, sys, qres
report = qres.estimate("liu-2024-7m")
print(json.dumps(report.to_dict()), report.table(80), report.sources_text())
assert "torch" not in sys.modules
"""


@pytest.mark.slow
def test_another_process_says_the_same_without_torch(of):
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    command = [sys.executable, "-c", PRINT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    here = of("liu-2024-7m")
    expected = f"{json.dumps(here.to_dict())} {here.table(80)} {here.sources_text()}\n"
    assert done.stdout == expected


def test_a_contradiction_is_called_by_its_name():
    # no matrix of Frobenius norm 1 has a singular value of 1000
    found = ask(
        {"model": {"given": SYSTEM | {"smallest_singular_value": 1e3}}, "algorithm": LINEAR}
    )
    words = found if isinstance(found, str) else " ".join(found.failure)
    assert "smallest_singular_value" in words or "kappa" in words
