"""The frontier, the constants of machines and the QDK's counts, as a report shows them."""

from __future__ import annotations

import json

import pytest

import qres
from qres.errors import InfeasibleError
from qres.report.frontier import frontiers

GIVEN = {
    "schema": "qres-model/1",
    "name": "counts",
    "model": {"given": {"logical_qubits": 100, "toffoli": 1e8, "t": 1000, "measurements": 7}},
    "algorithm": {"name": "counts"},
    "error": {"total": 0.1, "fail_prob": 0.01},
    "hardware": ["superconducting-1e-3", "superconducting-1e-4"],
    "objective": "volume",
}


@pytest.fixture(scope="module")
def report():
    return qres.estimate(GIVEN)


def test_the_table_fits_80_columns_and_marks_the_chosen_point(report):
    text = report.frontier_text()
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("Frontier on superconducting-1e-") == 2
    assert text.count("(chosen)") == 2
    for cost, (_, points) in zip(report.priced.machines, frontiers(report), strict=True):
        chosen = [point for point in points if "volume" in point.best_for]
        found = [(point.physical_qubits, point.distance, point.factory) for point in chosen]
        assert found == [(cost.physical_qubits, cost.distance, cost.factory)]


def test_a_machine_that_cannot_says_why():
    hard = {**GIVEN, "model": {"given": {"logical_qubits": 100, "toffoli": 1e25}}}
    report = qres.estimate(hard)
    text = " ".join(report.frontier_text().split())
    assert "Frontier on superconducting-1e-3: needs magic states of error 1.0e-27" in text
    with pytest.raises(InfeasibleError, match="fits on none"):
        report.draw_frontier()


def test_the_figure_has_one_curve_a_machine(report):
    figure = report.draw_frontier()
    axes = figure.axes[0]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == GIVEN["hardware"]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    filled = [line for line in axes.get_lines() if line.get_linestyle() == "None"]
    assert [len(line.get_xdata()) for line in filled] == [1, 1]


def test_sources_name_the_origin_of_each_constant(report):
    text = report.sources_text()
    for machine in report.machines:
        for name in machine.sources:
            assert f"{name} = " in text
    assert "code.surface.logical_error" in text
    assert "arXiv:1812.01238" in text


def test_logical_counts_come_back(report, tmp_path):
    counts = report.to_logical_counts()
    assert (counts["numQubits"], counts["cczCount"], counts["tCount"]) == (100, 10**8, 1000)
    path = tmp_path / "counts.json"
    path.write_text(json.dumps(counts))
    again = qres.estimate({**GIVEN, "model": {"given": str(path)}})
    assert again.to_logical_counts() == counts
