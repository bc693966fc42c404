"""Times of ages of the universe leave room for the other numbers of a machine."""

from __future__ import annotations

import pytest

import qres
from qres.report.units import count

COUNTS = {
    "schema": "qres-model/1",
    "name": "counts",
    "algorithm": {"name": "counts"},
    "error": {"total": 0.1, "fail_prob": 0.01},
    "objective": "runtime",
    "hardware": ["superconducting-1e-3-open", "neutral-atom-1e-3"],
}


@pytest.mark.parametrize("t", [1e30, 1e40])
def test_no_number_is_cut_on_a_narrow_screen(t):
    report = qres.estimate({**COUNTS, "model": {"given": {"logical_qubits": 100, "t": t}}})
    assert report.priced is not None
    text = report.table(80)
    assert max(map(len, text.splitlines())) <= 80
    for cost in report.priced.machines:
        row = next(line for line in text.splitlines() if line.startswith(f" {cost.hardware} "))
        shown = [count(cost.physical_qubits), "ages", str(cost.distance), str(cost.n_factories)]
        assert [word for word in row.split() if word in shown] == shown
    assert " distance  factories\n" in text  # notes stand below
