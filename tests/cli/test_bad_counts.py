"""Counts and machines that cannot be: one clear line each, exit code 2."""

from __future__ import annotations

import json

import pytest

from qres.cli.door import run
from qres.files import data_path

MODEL = """
schema: qres-model/1
name: counts
model: {given: GIVEN}
algorithm: {name: counts}
error: {total: 0.1, fail_prob: 0.01}
hardware: [HARDWARE]
"""
PROFILE = (data_path("hardware") / "superconducting-1e-3.yaml").read_text()

WHOLE = "expected a whole number >= "
GIVEN = [
    ("{logical_qubits: 100, toffoli: -1}", f"model.given.toffoli: {WHOLE}0, found -1"),
    ("{logical_qubits: 100, toffoli: 1.5}", f"model.given.toffoli: {WHOLE}0, found 1.5"),
    ("{logical_qubits: 100, toffoli: .nan}", ".nan: a number must be finite"),
    ("{logical_qubits: 100, t: .inf}", ".inf: a number must be finite"),
    ("{logical_qubits: 100, rotations: -3}", f"model.given.rotations: {WHOLE}0, found -3"),
    ("{logical_qubits: 100, rotations: 0.5}", f"model.given.rotations: {WHOLE}0, found 0.5"),
    ("{logical_qubits: 0, toffoli: 10}", f"model.given.logical_qubits: {WHOLE}1, found 0"),
    ("{logical_qubits: 2.5, t: 10}", f"model.given.logical_qubits: {WHOLE}1, found 2.5"),
    ("{toffoli: 10}", "model.given.logical_qubits: expected a whole number >= 1"),
    ("{logical_qubits: 100}", "expected toffoli, t or rotations above 0, found none"),
    ("{logical_qubits: 100, tofoli: 10}", "did you mean 'toffoli'"),
]
COUNTS = [
    ({"numQubits": 10, "tCount": -1}, f"model.given.t.value: {WHOLE}0, found -1"),
    ({"numQubits": 10, "tCount": 1.5}, f"model.given.t.value: {WHOLE}0, found 1.5"),
    ({"numQubits": 0, "tCount": 5}, f"model.given.logical_qubits.value: {WHOLE}1, found 0"),
    ({"numQubits": 10, "tCount": "many"}, "tCount: expected a number"),
    ({"numQubits": 10, "tcount": 5}, "did you mean 'tCount'"),
]
MACHINES = [
    ("physical_error: {value: 1e-3", "physical_error: {value: 0.02", "below the threshold 0.01"),
    ("unit: us", "unit: parsec", "cycle_time.unit: expected one of s, ms, us, ns"),
    ('source: "Gidney and Fowler, arXiv:1812.01238"', 'source: ""', "missing source"),
    ("layout:", "colour: {value: 1}\nlayout:", "unknown key 'colour'"),
]


def refused(capsys, path) -> str:
    """Return the one line that a model is refused with."""
    code = run(("estimate", str(path)))
    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert len(captured.err.splitlines()) == 1, captured.err
    return captured.err


@pytest.mark.parametrize(("given", "message"), GIVEN)
def test_counts_that_cannot_be(capsys, tmp_path, given, message):
    path = tmp_path / "model.yaml"
    path.write_text(MODEL.replace("GIVEN", given).replace("HARDWARE", "superconducting-1e-3"))
    assert message in refused(capsys, path)


@pytest.mark.parametrize(("counts", "message"), COUNTS)
def test_counts_of_the_qdk_that_cannot_be(capsys, tmp_path, counts, message):
    (tmp_path / "counts.json").write_text(json.dumps(counts))
    path = tmp_path / "model.yaml"
    path.write_text(
        MODEL.replace("GIVEN", "counts.json").replace("HARDWARE", "superconducting-1e-3")
    )
    assert message in refused(capsys, path)


@pytest.mark.parametrize(("old", "new", "message"), MACHINES)
def test_machines_that_cannot_be(capsys, tmp_path, old, new, message):
    assert old in PROFILE
    profile = tmp_path / "mine.yaml"
    profile.write_text(PROFILE.replace(old, new, 1))
    path = tmp_path / "model.yaml"
    given = "{logical_qubits: 100, toffoli: 10}"
    path.write_text(MODEL.replace("GIVEN", given).replace("HARDWARE", str(profile)))
    assert message in refused(capsys, path)
