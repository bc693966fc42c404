"""`estimate --show frontier`, `verify --against`, profiles by path: what they print and refuse."""

from __future__ import annotations

import json

import pytest

from qres.cli.door import run
from qres.files import data_path
from qres.physical.left_out import LEFT_OUT
from qres.physical.machines import machine_names

MODEL = """
schema: qres-model/1
name: counts
model: {given: {logical_qubits: 100, toffoli: 1e8}}
algorithm: {name: counts}
error: {total: 0.1, fail_prob: 0.01}
hardware: [HARDWARE]
"""


@pytest.fixture
def call(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    def invoke(*arguments):
        code = run(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return invoke


def written(folder, hardware):
    path = folder / "model.yaml"
    path.write_text(MODEL.replace("HARDWARE", hardware))
    return str(path)


def test_show_frontier(call, tmp_path):
    code, out, err = call(
        "estimate", written(tmp_path, "superconducting-1e-3"), "--show", "frontier"
    )
    assert (code, err) == (0, "")
    assert "Frontier on superconducting-1e-3" in out
    assert "runtime (chosen)" in out
    assert "W-DECODER" in out
    assert max(map(len, out.splitlines())) <= 80


def test_a_profile_by_path_with_correlated_events(call, tmp_path):
    text = (data_path("hardware") / "superconducting-1e-3.yaml").read_text()
    text += 'correlated_event_rate: {value: 1e-3, unit: "1/s", source: "mine"}\n'
    (tmp_path / "mine.yaml").write_text(text.replace("name: superconducting-1e-3", "name: mine"))
    code, out, _ = call("estimate", written(tmp_path, f"{tmp_path}/mine.yaml"))
    assert code == 0
    words = " ".join(out.split())
    assert "W-INFEASIBLE: mine: correlated events at 0.001 per second" in words
    # 1e8 layers of 10 us at 1e-5 per second are all of 0.01
    nearest = float(words.split("a rate of at most ")[1].split()[0])
    assert 0.9e-5 < nearest < 1e-5


def test_verify_prints_claimed_and_found(call):
    code, out, _ = call("verify", "--against", "qdk", "--inputs", "3")
    assert code == 0
    assert "claimed" in out.splitlines()[1]
    assert "code distance" in out
    code, out, _ = call("verify", "--against", "qdk", "--inputs", "2", "--json")
    rows = json.loads(out)
    assert code == 0
    assert all(row["is_equal"] and row["n_inputs"] == 2 for row in rows)


def test_a_difference_fails(call, monkeypatch):
    monkeypatch.setattr("qres.physical.beverland.STEPS_PER_TOFFOLI", 4)
    code, out, err = call("verify", "--against", "qdk", "--inputs", "5")
    assert code == 1
    assert "DIFFERS" in out
    assert "qres and qdk differ in" in err


def test_what_is_compared_is_the_search(call, monkeypatch):
    """A tile that fails in every cycle, not once a step, takes the search to larger distances."""
    path = "qres.verify.qdk_machine.PerStep.logical_error"
    monkeypatch.setattr(path, lambda self, machine, d: self.code.logical_error(machine, d))
    code, _, err = call("verify", "--against", "qdk", "--inputs", "5", "--seed", "77")
    assert code == 1
    assert all(name in err for name in ("code distance", "runtime (ns)", "physical qubits"))
    assert "T states" not in err


@pytest.mark.parametrize("columns", ["80", "100"])
def test_the_list_of_machines_says_which_are_left_out(call, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    code, out, _ = call("list", "hardware")
    assert code == 0
    assert max(map(len, out.splitlines())) <= int(columns)
    words = " ".join(out.split())
    method = (data_path("hardware") / "METHOD.md").read_text()
    for name, reason in LEFT_OUT:
        assert f"left out: {name}: {reason}" in words
        assert name.split(" (")[0] in method
    assert words.startswith("ion-1e-3 error 0.001, 600 us, rotated-surface, 3 factories")
    assert set(json.loads(call("list", "hardware", "--json")[1])["hardware"]) == {*machine_names()}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("verify", "--against", "azure"), "'azure' is not known"),
        (("verify", "--inputs", "3"), "--against"),
        (("verify", "--against", "qdk", "--inputs", "0"), "expected 1 or more"),
    ],
)
def test_what_cannot_be_verified_is_one_line(call, arguments, message):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
