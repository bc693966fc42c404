"""The section `limits` of `model.yaml`: what it takes, what it refuses, what it leaves alone."""

from __future__ import annotations

import math
from typing import Any

import pytest

from qres.config.load import load_scenario
from qres.config.record import Limits
from qres.errors import InputError

COUNTS = {
    "schema": "qres-model/1",
    "name": "counts",
    "model": {"given": {"logical_qubits": 100, "toffoli": 1e8}},
    "algorithm": {"name": "counts"},
}


def limits(section: Any) -> Limits:
    return load_scenario({**COUNTS, "limits": section}).limits


def test_newton_takes_no_limit_of_one_job():
    """Its solves come one after the other: a time for one says nothing of the run."""
    newton = {**COUNTS, "model": {"measurement": "live"}, "algorithm": {"name": "newton"}}
    within = {"max_qubits": 1e6, "machines": 4}
    assert load_scenario({**newton, "limits": within}).limits.n_machines == 4
    with pytest.raises(InputError, match=r"limits.max_runtime: newton has no use for it") as caught:
        load_scenario({**newton, "limits": {**within, "max_runtime": "30 days"}})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (3600, 3600.0),
        ("10 us", 1e-5),
        ("10us", 1e-5),
        ("30 days", 30 * 24 * 3600.0),
        ("1 day", 86400.0),
        ("1.5 h", 5400.0),
        ("2e3 years", 2e3 * 365.25 * 86400),
        ("90 min", 5400.0),
    ],
)
def test_times(text, seconds):
    found = limits({"max_runtime": text})
    assert found.max_runtime_s == pytest.approx(seconds, rel=1e-15)
    assert found.max_qubits == math.inf


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"max_runtime": "30 fortnights"}, "limits.max_runtime: expected a time above 0"),
        ({"max_runtime": "soon"}, "found 'soon'"),
        ({"max_runtime": "1.2.3 s"}, "expected a time above 0"),
        ({"max_runtime": "-1 s"}, "expected a time above 0"),
        ({"max_runtime": "1e999 s"}, "expected a time above 0"),
        ({"max_runtime": 0}, "found 0"),
        ({"max_runtime": True}, "found true"),
        ({"max_runtime": math.nan}, "expected a time above 0"),
        ({"max_qubits": 0}, "limits.max_qubits: expected a number >= 1, found 0"),
        ({"max_qubits": "many"}, "limits.max_qubits: expected a number >= 1"),
        ({"max_qubit": 5}, "did you mean 'max_qubits'"),
        ({}, "limits: expected max_qubits, max_runtime or machines"),
        ({"machines": 0}, "limits.machines: expected a whole number from 1 to 1000000000, found 0"),
        ({"machines": 1.5}, "limits.machines: expected a whole number"),
        ({"machines": "all"}, "limits.machines: expected a whole number"),
    ],
)
def test_what_is_refused(section, message):
    with pytest.raises(InputError) as caught:
        limits(section)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_without_limits_keeps_its_identity():
    plain = load_scenario(COUNTS)
    assert plain.limits == Limits()
    assert "limits" not in plain.raw
    assert not any(path.startswith("limits") for path, _ in plain.defaults)
    limited = load_scenario({**COUNTS, "limits": {"max_qubits": 1e6}})
    assert limited.scenario_id != plain.scenario_id
    assert load_scenario(limited.raw).limits == limited.limits


def test_an_override_makes_the_section():
    found = load_scenario(COUNTS, overrides=["limits.max_runtime=30 days"])
    assert found.limits == Limits(max_runtime_s=2_592_000.0)
