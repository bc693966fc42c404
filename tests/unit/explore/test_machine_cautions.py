"""What a machine must be warned of: the clock of its decoder, and errors nobody has reached."""

from __future__ import annotations

from dataclasses import replace

import pytest

import qres
from qres.explore.caution import cautions
from qres.files import data_path

COUNTS = {
    "schema": "qres-model/1",
    "name": "cautions",
    "model": {"given": {"logical_qubits": 100, "toffoli": 1e6}},
    "algorithm": {"name": "counts"},
    "error": {"total": 0.1, "fail_prob": 0.1},
}


@pytest.fixture(scope="module")
def report():
    return qres.estimate(COUNTS, hardware=["superconducting-1e-3"])


def messages(report, **changes):
    """Return the cautions of the estimate with another cost on its machine, by code."""
    (cost,) = report.priced.machines
    priced = replace(report.priced, machines=(replace(cost, **changes),))
    return dict(cautions(report.scenario, report.measurement, report.job, priced))


def test_an_error_that_no_experiment_has_seen(report):
    """100 qubits on 150 tiles for 1e7 cycles of 1 us: a tenth of a failure is 6.7e-11 each."""
    found = dict(report.warnings)["W-FLOOR"]
    needed = float(found.split("per cycle of ")[1].split(",")[0])
    left = 0.1 - report.priced.machines[0].fail_prob_magic
    assert needed == pytest.approx(left / (150 * 1e7), rel=0.01)
    assert 5e-11 < needed < 6.7e-11
    assert found.endswith("no experiment has gone below 1e-10")
    assert "W-FLOOR" in messages(report, logical_error_per_cycle=0.999e-10)
    assert "W-FLOOR" not in messages(report, logical_error_per_cycle=1.001e-10)


def test_a_short_job_needs_no_such_error():
    easy = qres.estimate(COUNTS, hardware=["superconducting-1e-3"], model__given__toffoli=1e4)
    assert "W-FLOOR" not in dict(easy.warnings)


def test_a_clock_faster_than_the_reaction(report):
    assert "a reaction lasts 10 code cycles" in dict(report.warnings)["W-DECODER"]
    assert "W-DECODER" in messages(report, ticks_per_reaction=1.01)
    assert "W-DECODER" not in messages(report, ticks_per_reaction=1.0)


def test_a_clock_as_slow_as_the_reaction_is_fine():
    slow = qres.estimate(COUNTS, hardware=["ion-1e-4"])
    assert "W-DECODER" not in dict(slow.warnings)


@pytest.mark.parametrize(("rate", "fits"), [(9e-4, True), (2e-2, False)])
def test_events_times_runtime_against_the_budget(tmp_path, rate, fits):
    """1e6 gates of 10 us are 10 s: 0.009 events leave 0.09 of the tenth, 0.2 leave nothing."""
    text = (data_path("hardware") / "superconducting-1e-3.yaml").read_text()
    text += f'correlated_event_rate: {{value: {rate}, unit: "1/s", source: "mine"}}\n'
    (tmp_path / "mine.yaml").write_text(text)
    found = qres.estimate(COUNTS, hardware=[f"{tmp_path}/mine.yaml"])
    cost = found.priced.machines[0]
    assert cost.is_feasible == fits
    if fits:
        assert cost.fail_prob_events == pytest.approx(rate * 10)
        assert cost.fail_prob <= 0.1
    else:
        line = dict(found.warnings)["W-INFEASIBLE"]
        assert "correlated events at 0.02 per second times the shortest runtime 10 s" in line
