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
    """The cautions by code of the same estimate with another measurement, job or price."""
    names = ("measurement", "job", "priced")
    parts = {name: changes.get(name, getattr(report, name)) for name in names}
    return dict(cautions(report.scenario, **parts))


def with_value(report, name, value):
    """The measurement of an estimate with another number in it."""
    item = dataclasses.replace(report.measurement.values[name], value=value)
    values = {**report.measurement.values, name: item}
    return dataclasses.replace(report.measurement, values=values)


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


def test_tables_that_cost_more_than_training():
    """Gradient and 60 products of 3 gradients each: 1 + 3 * 60 = 181, and 4 steps."""
    report = ask()
    (message,) = messages(report, "W-TABULATE")
    assert message == "writing the tables down takes 181 gradients, training 4"
    for steps, is_told in ((180, True), (182, False)):
        numbers = {**report.priced.numbers, "n_steps": steps}
        priced = dataclasses.replace(report.priced, numbers=numbers)
        assert ("W-TABULATE" in again(report, priced=priced)) is is_told


def test_tables_that_take_longer_than_the_rival():
    report, lost = ask(), "the job is lost before the quantum computer is switched on"
    runtime = report.priced.classical.runtime_s
    slow, fast = (
        dataclasses.replace(report.priced, stage_s={"tabulate": factor * float(runtime)})
        for factor in (1.01, 0.99)
    )
    assert again(report, priced=slow)["W-TABULATE"].endswith(f", training 4: {lost}")
    assert lost not in again(report, priced=fast)["W-TABULATE"]
    idle = dataclasses.replace(report.job, has_task=False)
    assert lost not in again(report, priced=slow, job=idle)["W-TABULATE"]


def test_a_normalisation_below_the_norm():
    """4 slots of entries up to 1 reach a norm of 4, so no such matrix has norm 5."""
    matrix = {"dim": 64, "sparsity": 4, "max_entry": 1, "norm": 5, "smallest_singular_value": 0.1}
    system = {"name": "linear-system", "encoding": "sparse"}
    report = qres.estimate({**TRAINING, "model": {"given": matrix}, "algorithm": system})
    (message,) = messages(report, "W-CONTRADICTION")
    assert message.startswith(
        "the encoding's normalisation 4 lies below the norm 5 of the matrix: "
    )
    for norm, is_told in ((4, False), (4.00000001, True)):
        found = again(report, measurement=with_value(report, "norm", norm))
        assert ("W-CONTRADICTION" in found) is is_told


def test_an_eigenvalue_beyond_the_normalisation():
    """64 slots of entries up to 1: nothing beyond 64 at either end."""
    report = ask()
    assert messages(report, "W-CONTRADICTION") == []
    for name, value, is_told in (
        ("lambda_max", 64, False),
        ("lambda_max", 64.1, True),
        ("lambda_min", -64, False),
        ("lambda_min", -64.1, True),
    ):
        found = again(report, measurement=with_value(report, name, value))
        assert ("W-CONTRADICTION" in found) is is_told


def test_updates_larger_than_the_steps_can_make():
    r"""$\lVert L^{-1}\rVert\lVert b\rVert / \lVert x\rVert$: (1.01^5 - 1)/0.01 = 5.1010, 0.1 * 0.5 * 2
    = 0.1 and the root of 0.09 + 0.16 + 0.25 + 0.36 = 0.86, 0.92736; 0.51010/0.92736 = 0.55006.
    """
    far = {"model__given__update_norms": [0, 0.3, 0.4, 0.5, 0.6], "algorithm__padding": "none"}
    report = ask(**far)
    (message,) = messages(report, "W-CONTRADICTION")
    assert message.startswith("update_norms are larger than these steps can make (xi = 0.5501 < 1)")
    for xi, is_told in ((1, False), (0.999, True)):
        numbers = {**report.priced.numbers, "xi": xi}
        priced = dataclasses.replace(report.priced, numbers=numbers)
        assert ("W-CONTRADICTION" in again(report, priced=priced)) is is_told


def test_counts_that_do_not_enter_the_time():
    counts = {"logical_qubits": 100, "toffoli": 1e6, "rotation_depth": 10, "measurements": 7}
    question = {**TRAINING, "model": {"given": counts}, "algorithm": {"name": "counts"}}
    report = qres.estimate(question)
    (message,) = messages(report, "W-SERIAL")
    assert message.startswith("rotation_depth and measurements: no part of the time")
    values = dict(report.measurement.values)
    del values["rotation_depth"]
    fewer = dataclasses.replace(report.measurement, values=dict(values))
    assert again(report, measurement=fewer)["W-SERIAL"].startswith("measurements: no part")
    del values["measurements"]
    fewest = dataclasses.replace(report.measurement, values=values)
    assert "W-SERIAL" not in again(report, measurement=fewest)
