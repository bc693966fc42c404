"""Which facts of a job become which code, and which do not."""

from __future__ import annotations

import dataclasses

import pytest

import qres
from qres.explore.caution import cautions
from qres.measurement.record import SparsityRow

GIVEN = {
    "n_params": 1000,
    "n_active": 60,
    "n_samples": 100,
    "sparsity": 60,
    "max_entry": 1,
    "frobenius_norm": 3,
    "lambda_max": 2,
    "lambda_min": -0.1,
    "grad_norm": 0.5,
    "eps_model": 0.001,
    "update_norms": [0, 0.05, 0.1, 0.15, 0.2],
}
TRAINING = {
    "schema": "qres-model/1",
    "name": "cautions",
    "model": {"given": GIVEN},
    "algorithm": {"name": "carleman-gd", "n_steps": 4, "learning_rate": 0.1, "encoding": "sparse"},
}


def ask(**changes):
    return qres.estimate(TRAINING, **changes)


def messages(report, code):
    return [message for name, message in report.warnings if name == code]


def again(report, **changes):
    """The cautions of the same estimate with another measurement or job."""
    parts = {"measurement": report.measurement, "job": report.job} | changes
    found = cautions(report.scenario, parts["measurement"], parts["job"], report.priced)
    return [name for name, _ in found]


def test_typed_sparsity_below_full():
    (message,) = messages(ask(model__given__sparsity=5), "W-SPARSE")
    assert message.startswith("5 non-zeros a row were typed, not measured")
    assert "60 surviving weights" in message


@pytest.mark.parametrize(
    "changes",
    [{}, {"algorithm__encoding": "frobenius", "model__given__sparsity": 5}],
    ids=["full", "an encoding that does not use it"],
)
def test_no_word_about_sparsity_that_does_not_matter(changes):
    assert messages(ask(**changes), "W-SPARSE") == []


def test_a_linear_system_may_be_sparse():
    matrix = {"dim": 64, "sparsity": 5, "max_entry": 4, "smallest_singular_value": 0.1}
    system = {"name": "linear-system", "encoding": "sparse"}
    report = qres.estimate({**TRAINING, "model": {"given": matrix}, "algorithm": system})
    assert messages(report, "W-SPARSE") == []


def test_sparsity_below_the_measured_one():
    report = ask(model__given__sparsity=60)

    def measured(sparsity):
        row = SparsityRow(threshold=0.0, sparsity=sparsity, max_entry=1.0, dropped_norm=0.0)
        return dataclasses.replace(report.measurement, subject="network", sparsity_rows=(row,))

    assert "W-SPARSE" in again(report, measurement=measured(61))
    assert "W-SPARSE" not in again(report, measurement=measured(60))


def test_inputs_known_from_below():
    report = ask()
    assert messages(report, "W-LOWER") == []

    def lowered(name):
        low = dataclasses.replace(report.job.values[name], bound="lower")
        return dataclasses.replace(report.job, values={**report.job.values, name: low})

    assert "W-LOWER" in again(report, job=lowered("max_entry"))
    assert "max_entry" in report.job.used
    unused = {
        **report.job.values,
        "frobenius_norm": dataclasses.replace(
            report.measurement.values["frobenius_norm"], bound="lower"
        ),
    }
    assert "W-LOWER" not in again(report, job=dataclasses.replace(report.job, values=unused))
