"""Every report as text and as files: nothing cut, nothing too wide, every number explained."""

from __future__ import annotations

import csv
import json

import pytest

from qres.errors import InputError
from qres.report.units import count


@pytest.mark.parametrize("width", [80, 100])
def test_a_table_fits_and_cuts_nothing(report, width):
    text = report.table(width)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []
    assert lines[0].startswith(report.scenario.name)
    if report.priced is None:
        assert "Stages" not in text
        return
    stages = text.split("\nStages\n", 1)[1].split("\nMachines\n", 1)[0]
    total = next(line for line in stages.splitlines() if line.strip().startswith("total"))
    cost = report.priced.logical
    assert {count(cost.toffoli), count(cost.t), count(cost.logical_qubits)} <= {*total.split()}
    words = {word for stage in report.priced.stages for word in stage.name.split()}
    assert words <= {*stages.split()}


@pytest.mark.parametrize("name", ["descent", "counts", "singular"])
def test_eighty_columns_are_the_least(name, of):
    assert of(name).table(60) == of(name).table(80)


@pytest.mark.slow
def test_every_number_can_be_explained(report, data):
    names = [*data["values"], *(stage["name"] for stage in data["stages"])]
    names += [
        f"logical.{name}" for name in data["logical"] if data["stages"] and name != "agreement"
    ]
    for name in names:
        text = report.explain(name)
        assert text.startswith(name)
        assert len(text.splitlines()) > 1, name
    sources = report.sources_text()
    assert all(sources.count(f"\n  {name} = ") == 1 for name in data["values"])
    with pytest.raises(InputError, match="no number called 'nothing'"):
        report.explain("nothing")


def test_saving(report, data, tmp_path):
    plain = json.loads(json.dumps(data, allow_nan=False))
    report.save(tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == plain
    report.save(tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [row["name"] for row in plain["stages"]]


def test_another_suffix_is_refused(of, tmp_path):
    with pytest.raises(InputError, match=r"the suffix must be \.json, .* or \.png"):
        of("counts").save(tmp_path / "a.docx")
    assert list(tmp_path.iterdir()) == []
