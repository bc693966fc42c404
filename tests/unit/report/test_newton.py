"""The report of a Newton run: its first screen, tables, JSON, files and figures."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest

from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.notation.quantity import Quantity
from qres.report.formats import content
from qres.staircase import estimate

SCENARIO = {
    "model": {"measurement": "live"},
    "algorithm": {"name": "newton", "n_steps": 2, "damping": {"kind": "absolute", "value": 0.3}},
    "error": {"total": 0.1, "fail_prob": 0.05},
    "hardware": ["superconducting-1e-4"],
    "classical": {"device": "h200"},
}


@pytest.fixture(scope="module")
def report(hand_made):
    blocks = [
        hand_made.random_block("first", 12, seed=1),
        hand_made.random_block("last", 5, seed=2),
    ]
    run = hand_made.run_of(*blocks, n_steps=2)
    values = {"n_params": Quantity(value=17, kind="exact")}
    return estimate(SCENARIO, measurement=Measurement(subject="network", values=values, newton=run))


@pytest.fixture(scope="module")
def data(report):
    return json.loads(content(report, ".json"))


def test_json_is_valid_and_sums(report, data):
    """Nothing infinite, integers whole, totals the sums of their parts."""
    rows = data["schedule"]["decisions"]
    assert [(row["step"], row["block"]) for row in rows] == [
        (0, "first"),
        (0, "last"),
        (1, "first"),
        (1, "last"),
    ]
    for name in ("toffoli", "t", "rotations"):
        whole = sum(row["quantum"][name] for row in rows)
        assert data["logical"][name]["value"] == pytest.approx(whole, rel=1e-12)
        assert sum(stage[name] for stage in data["stages"]) == pytest.approx(whole, rel=1e-9)
    widest = max(row["quantum"]["logical_qubits"] for row in rows)
    assert data["logical"]["logical_qubits"]["value"] == widest
    assert isinstance(widest, int)
    assert sum(stage["share"] for stage in data["stages"]) == pytest.approx(1)
    seconds = sum(row["quantum"]["runtime_s"]["superconducting-1e-4"] for row in rows)
    assert data["physical"][0]["runtime_s"]["value"] == pytest.approx(seconds, rel=1e-12)


def test_times_add_up(data):
    found = data["schedule"]
    picked = [
        next(route for route in row["routes"] if route["name"] == row["route"])
        for row in found["decisions"]
    ]
    whole = sum(route["total_s"] for route in picked) + sum(found["gradient_s"])
    assert found["scheduled_s"] == pytest.approx(whole, rel=1e-12)
    assert data["classical"]["runtime_s"]["value"] == found["classical_s"]
    ratio = found["quantum_s"] / found["classical_s"]
    assert data["verdict"]["ratio"]["value"] == pytest.approx(ratio, rel=1e-12)
    assert math.prod(rung["factor"] for rung in found["ladder"]) == pytest.approx(
        found["ladder"][-1]["seconds"] / found["ladder"][0]["seconds"]
    )


@pytest.mark.parametrize("width", [80, 100])
def test_the_table_fits(report, width):
    text = report.table(width)
    assert max(map(len, text.splitlines())) <= width
    assert text.splitlines()[1].startswith("  The GPU wins by")
    for title in ("Schedule", "Totals", "From the paper to the honest price", "Machines"):
        assert f"\n{title}" in text
    assert text.count("\n first") == 2
    assert ("sparsity" in text.split("Totals")[0]) == (width == 100)


def test_many_systems_are_shown_block_by_block(report):
    """13 steps of two blocks: two rows, the condition number of both ends of each."""
    from dataclasses import replace

    from qres.report.newton_screen import newton_sheets

    first = report.schedule.decisions[:2]
    many = tuple(
        replace(item, step=step, kappa=item.kappa * (1 + step))
        for step in range(13)
        for item in first
    )
    longer = replace(report, schedule=replace(report.schedule, decisions=many))
    sheet = next(newton_sheets(longer, 100))[0]
    assert [row[:2] for row in sheet.rows] == [("first", "0..12"), ("last", "0..12")]
    kappa = first[0].kappa
    assert sheet.rows[0][4] == f"{kappa:.3g}..{13 * kappa:.3g}"


def test_csv_has_a_row_a_system(report):
    rows = list(csv.DictReader(io.StringIO(str(content(report, ".csv")))))
    assert [row["block"] for row in rows] == ["first", "last"] * 2
    assert {row["route"] for row in rows} <= set(report.schedule.route_names)


def test_sources_name_the_paper(report):
    assert "2405.00252" in report.sources_text()
    assert "2405.00252" in str(content(report, ".bib"))
    assert r"\bibitem" in str(content(report, ".tex"))


def test_explanations(report):
    assert "Cholesky" in report.explain("first.1")
    assert "prepar" in report.explain("verdict.ratio")
    assert "gradients of 2 steps" in report.explain("schedule.quantum_s")
    with pytest.raises(InputError, match=r"no number called 'first\.2'"):
        report.explain("first.2")


def test_one_count_for_a_quantum_computer_is_refused(report):
    with pytest.raises(InputError, match="a Newton run is many jobs"):
        content(report, ".qdk.json")


def test_figures(report):
    """A cell a system, a point a step, both panels and every method."""
    strip = report.draw_schedule().axes[0]
    assert len(strip.patches) == 4
    upper, lower = report.draw_conditions().axes
    assert [len(line.get_xdata()) for line in upper.get_lines()] == [2, 2]
    assert [list(line.get_ydata()) for line in lower.get_lines()] == [[12, 12], [5, 5]]
    lines = {line.get_label(): line for line in report.draw_time_to_loss().axes[0].get_lines()}
    assert {"Newton, scheduled", "Newton, quantum alone", "sgd"} <= set(lines)
    last = lines["Newton, scheduled"].get_xdata()[-1]
    assert last == pytest.approx(report.schedule.scheduled_s, rel=1e-12)
    assert list(lines["sgd"].get_ydata()) == [0.9, 0.6, 0.4]


def test_figures_need_a_run(report):
    from dataclasses import replace

    with pytest.raises(InputError, match="no Newton run was priced"):
        replace(report, schedule=None).draw_schedule()
