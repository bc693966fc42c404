"""`error.total` left out is the measured read-out tolerance; typed it stays what it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

import qres
from qres.algorithms.descent.target import settle_error
from qres.errors import InputError
from qres.measurement.given import take_given
from qres.measurement.measure import check_values
from qres.notation.quantity import Quantity

GIVEN = {
    "n_params": 100,
    "n_active": 8,
    "n_samples": 10,
    "sparsity": 3,
    "max_entry": 1,
    "lambda_max": 2,
    "lambda_min": 0.1,
    "grad_norm": 0.5,
    "eps_model": 0.001,
}
STEPS = {"name": "carleman-gd", "n_steps": 4, "learning_rate": 0.1}
NOISE = [[0.5, 0.0, 0.0], [0.7, 0.0, 0.0], [1.0, 0.0, 0.0]]


def ask(error=None, **algorithm):
    content = {"model": {"given": GIVEN}, "algorithm": STEPS | algorithm}
    return qres.load(content | ({} if error is None else {"error": error}))


def measured(scenario, value, **details):
    """What the typed numbers give, with a tolerance as if it had been measured."""
    plain = take_given(scenario.model, scenario.algorithm)
    tolerance = Quantity(value=value, kind="measured")
    values = {**plain.values, "readout_tolerance": tolerance}
    return replace(plain, values=values, details={**plain.details, **details})


def settle(scenario, value, **details):
    settled = settle_error(scenario, measured(scenario, value, **details))
    assert dict(settled.defaults).get("error.total") in (None, settled.error.total)
    assert settled.raw["error"]["total"] == settled.error.total
    return settled.error.total


def test_left_out_it_is_what_was_measured():
    assert settle(ask(), 0.2) == 0.2
    assert settle(ask({"fail_prob": 0.01}), 0.2) == 0.2
    assert settle(ask(), 1.0, readout_noise=NOISE) == 0.7


@pytest.mark.parametrize(
    ("scenario", "value"),
    [
        (ask({"total": 0.1}), 0.2),
        (ask(readout={"kind": "state"}), 0.2),
        (ask(readout={"kind": "observable", "of": "loss"}), 0.2),
        (ask({"target": "loss"}), 0.2),
        (ask(), None),
        (ask(), 1.0),
    ],
    ids=["typed", "state", "observable", "loss", "unknown", "nothing below 100 %"],
)
def test_otherwise_the_file_decides(scenario, value):
    assert settle(scenario, value) == 0.1


def test_a_scenario_that_is_loaded_again_still_leaves_it_out():
    scenario = ask({"fail_prob": 0.01})
    assert scenario.is_error_open
    assert scenario.raw["error"] == {"total": 0.1, "fail_prob": 0.01, "target": "weights"}
    again = qres.load(scenario.source)
    assert again.is_error_open
    assert again.scenario_id == scenario.scenario_id
    assert not qres.load(ask({"total": 0.1}).source).is_error_open


def test_an_unknown_tolerance_is_no_wrong_measurement():
    scenario = ask()
    check_values(measured(scenario, None), scenario.algorithm, "measurement")
    with pytest.raises(InputError, match=r"readout_tolerance: must lie in \(0, 1\], found 1\.5"):
        check_values(measured(scenario, 1.5), scenario.algorithm, "measurement")


@pytest.mark.slow
def test_the_report_prices_it_and_says_where_it_comes_from():
    scenario = ask()
    report = qres.estimate(scenario, measurement=measured(scenario, 0.2))
    assert report.scenario.error.total == 0.2
    assert "error.total = 0.2" in report.defaults_text()
    text = " ".join(report.table().split())
    assert "it is the read-out tolerance that was measured" in text
    typed = qres.estimate(ask({"total": 0.2}), measurement=measured(scenario, 0.9))
    assert "read-out tolerance" not in typed.table()
    assert float(typed.priced.logical.toffoli) == float(report.priced.logical.toffoli)
