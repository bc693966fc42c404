"""Every report as text and as files: nothing cut, nothing too wide, every number explained."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from qres.errors import InputError
from qres.report.units import count


@pytest.mark.parametrize("width", [80, 100, 140])
def test_no_line_is_too_wide(report, width):
    lines = report.table(width).splitlines()
    assert max(map(len, lines)) <= width
    assert lines[0].startswith(report.scenario.name)
    assert [line for line in lines if line != line.rstrip()] == []


def test_eighty_columns_are_the_least(report):
    assert report.table(60) == report.table(80)


def rows_of(text: str, title: str) -> list[str]:
    """Return the lines of one section of a table."""
    return text.split(f"\n{title}\n", 1)[1].split("\nMachines\n", 1)[0].splitlines()


@pytest.mark.parametrize("width", [80, 100])
def test_no_count_is_cut(report, width):
    if report.priced is None:
        assert "Stages" not in report.table(width)
        return
    lines = rows_of(report.table(width), "Stages")
    total = next(line for line in lines if line.strip().startswith("total"))
    cost = report.priced.logical
    words = re.split(r"\s+", total)
    assert {count(cost.toffoli), count(cost.t), count(cost.logical_qubits)} <= set(words)


@pytest.mark.parametrize("width", [80, 100])
def test_no_word_of_a_stage_is_broken(report, width):
    stages = report.priced.stages if report.priced else ()
    words = {word for stage in stages for word in stage.name.split()}
    shown = set(re.split(r"\s+", report.table(width)))
    assert words <= shown


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
    plain = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == plain
    report.save(tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [row["name"] for row in report.to_dict()["stages"]]
    with pytest.raises(InputError, match=r"the suffix must be \.json or \.csv"):
        report.save(Path(tmp_path) / "a.docx")
