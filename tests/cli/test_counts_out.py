"""`estimate -o NAME.qdk.json`: the logical counts alone, and back in as a model."""

from __future__ import annotations

import json

import pytest

from qres.cli.door import run

MODEL = """
schema: qres-model/1
name: counts
model: {given: {logical_qubits: 100, toffoli: 12345678, t: 90, rotations: 7}}
algorithm: {name: counts}
error: {total: 0.1, fail_prob: 0.01}
hardware: [superconducting-1e-3]
"""


@pytest.fixture
def call(capsys):
    def invoke(*arguments):
        code = run([str(item) for item in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return invoke


def test_counts_go_out_and_come_back(call, tmp_path):
    model, counts, whole = (tmp_path / name for name in ("m.yaml", "c.qdk.json", "c.json"))
    model.write_text(MODEL)
    code, _, err = call("estimate", model, "-o", counts, "-o", whole)
    assert (code, err.count("wrote")) == (0, 2)
    found, result = json.loads(counts.read_text()), json.loads(whole.read_text())
    assert result["schema"] == "qres-result/1"
    assert (found["numQubits"], found["cczCount"]) == (100, 12345678)
    # the rotations are synthesised: they stand among the T gates
    assert found["tCount"] == result["logical"]["t"]["value"] > 90
    assert found["rotationCount"] == 0
    again = tmp_path / "again.yaml"
    again.write_text(MODEL.replace(MODEL.splitlines()[3], "model: {given: c.qdk.json}"))
    code, out, _ = call("estimate", again, "--json")
    logical = json.loads(out)["logical"]
    assert code == 0
    for name in ("toffoli", "t", "logical_qubits"):
        assert logical[name]["value"] == result["logical"][name]["value"]


def test_the_help_names_it(call):
    code, out, _ = call("estimate", "--help")
    assert code == 0
    assert "NAME.qdk.json" in " ".join(out.split())


def test_other_ends_are_what_they_were(call, tmp_path):
    model = tmp_path / "m.yaml"
    model.write_text(MODEL)
    code, _, err = call("estimate", model, "-o", tmp_path / "c.qdk")
    assert code == 2
    assert "the suffix must be" in err
    assert call("estimate", model, "-o", tmp_path / "qdk.json")[0] == 0
    assert json.loads((tmp_path / "qdk.json").read_text())["schema"] == "qres-result/1"


def test_the_frontier_is_drawn_by_name(call, tmp_path):
    """Two pictures of one report: the stages, and qubits against time on its machines."""
    model = tmp_path / "m.yaml"
    model.write_text(MODEL)
    stages, frontier = tmp_path / "m.svg", tmp_path / "m.frontier.svg"
    assert call("estimate", model, "-o", stages, "-o", frontier)[0] == 0
    assert "physical qubits" in frontier.read_text()
    assert "physical qubits" not in stages.read_text()
    assert "share of the magic states" in stages.read_text()
    png = tmp_path / "m.frontier.png"
    assert call("estimate", model, "-o", png)[0] == 0
    assert png.read_bytes()[:4] == b"\x89PNG"
    model.write_text(MODEL.replace("12345678", "1e40"))
    frontier.unlink()
    code, _, err = call("estimate", model, "-o", frontier)
    assert code == 2
    assert "nothing to draw" in err
    assert not frontier.exists()
