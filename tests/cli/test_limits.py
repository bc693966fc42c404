"""`limits` from the file to the table, the JSON, the frontier and the reason of a refusal."""

from __future__ import annotations

import json
import re

import pytest

from qres.cli.door import run

MODEL = """
schema: qres-model/1
name: counts
model: {given: {logical_qubits: 100, toffoli: 1e8}}
algorithm: {name: counts}
error: {total: 0.1, fail_prob: 0.01}
hardware: [superconducting-1e-3]
"""


@pytest.fixture
def estimate(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "100")
    path = tmp_path / "model.yaml"
    path.write_text(MODEL)

    def invoke(*arguments):
        assert run(["estimate", str(path), *arguments]) == 0
        return " ".join(capsys.readouterr().out.split())

    return invoke


def machine(text):
    found = json.loads(text)
    return found["limits"], found["physical"][0]


def test_a_limit_is_kept_and_named(estimate):
    _, free = machine(estimate("--json"))
    within = int(free["physical_qubits"]["value"]) - 1
    limits, found = machine(estimate("--set", f"limits.max_qubits={within}", "--json"))
    assert limits == {"max_qubits": within, "max_runtime_s": None}
    assert found["physical_qubits"]["value"] <= within
    assert found["runtime_s"]["value"] > free["runtime_s"]["value"]
    text = estimate("--set", f"limits.max_qubits={within}", "--set", "limits.max_runtime=1 year")
    assert "each within" in text
    assert "qubits and 1 years" in text
    assert "each within" not in estimate()


@pytest.mark.parametrize(
    ("key", "value", "pattern"),
    [
        ("max_qubits", "100", r"within max_qubits 100: needs a max_qubits of at least (\S+)"),
        ("max_runtime", "1 ms", r"max_runtime 0.001 s: needs a max_runtime of at least (\S+) s"),
    ],
)
def test_the_nearest_value_that_is_named_fits(estimate, key, value, pattern):
    words = estimate("--set", f"limits.{key}={value}")
    nearest = re.search(pattern, words)
    assert nearest, words
    _, found = machine(estimate("--set", f"limits.{key}={nearest[1]}", "--json"))
    assert found["status"] == "ok"
    less = float(nearest[1]) * 0.9999
    _, found = machine(estimate("--set", f"limits.{key}={less}", "--json"))
    assert found["status"] == "infeasible"


def test_the_frontier_stays_within(estimate):
    _, free = machine(estimate("--json"))
    seconds = free["runtime_s"]["value"] * 2
    every = estimate("--show", "frontier").split("Frontier on")[1]
    assert " h " in every
    limited = ("--set", f"limits.max_runtime={seconds}", "--show", "frontier")
    rows = estimate(*limited).split("Frontier on")[1]
    minutes = [float(value) for value in re.findall(r"(\S+) min ", rows)]
    assert " h " not in rows
    assert len(minutes) > 1
    assert max(minutes) <= seconds / 60 * 1.005
