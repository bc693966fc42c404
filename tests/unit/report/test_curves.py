"""Quantities over the training: as a table that holds every number, and as a figure."""

from dataclasses import replace

import pytest

from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.notation.quantity import Quantity
from qres.report.curves import curve_of, curve_text
from qres.report.figures.training import draw_training


def _measured(lambda_min, lambda_max, loss, **more):
    values = {"lambda_min": lambda_min, "lambda_max": lambda_max, "t3_injective": None, **more}
    return Measurement(
        subject="network",
        values={name: Quantity(value=value) for name, value in values.items()},
        details={"loss": loss, "held_out_accuracy": 0.5},
    )


@pytest.fixture
def measurement():
    curve = {0: _measured(-2.0, 3.0, 2.3), 40: _measured(0.5, 7.0, 0.2, kink_share=0.25)}
    return replace(_measured(0.25, 9.0, 0.1), snapshots=curve)


def test_every_quantity_is_a_row_and_every_snapshot_a_column(measurement):
    rows = {line.split()[0]: line.split()[1:] for line in curve_text(measurement).splitlines()}
    assert rows["after"] == ["updates", "0", "40", "end"]
    assert rows["lambda_max"] == ["3", "7", "9"]
    assert rows["lambda_min"] == ["-2", "0.5", "0.25"]
    assert rows["loss"] == ["2.3", "0.2", "0.1"]
    assert rows["kink_share"] == ["-", "0.25", "-"]
    assert rows["t3_injective"] == ["-", "-", "-"]
    assert rows["held_out_accuracy"] == ["0.5", "0.5", "0.5"]


def test_more_than_fit_continue_below(measurement):
    many = replace(measurement, snapshots=dict.fromkeys(range(20), measurement.snapshots[0]))
    text = curve_text(many, width=80)
    assert max(map(len, text.splitlines())) <= 80
    heads = [line.split()[2:] for line in text.splitlines() if line.startswith("after")]
    assert [step for head in heads for step in head] == [*map(str, range(20)), "end"]


def test_without_snapshots_there_is_no_curve(measurement):
    plain = replace(measurement, snapshots={})
    assert curve_text(plain) == ""
    with pytest.raises(InputError, match=r"set measure\.at_steps"):
        draw_training(plain)


def test_the_figure_draws_what_was_measured(measurement):
    assert curve_of(measurement, "lambda_max") == [(0, 3.0), (40, 7.0)]
    assert curve_of(measurement, "t3_injective") == []
    figure = draw_training(measurement)
    (axes,) = figure.axes
    drawn = {line.get_label(): list(zip(*line.get_data(), strict=True)) for line in axes.lines}
    assert drawn == {
        "largest eigenvalue": [(0, 3.0), (40, 7.0)],
        "most negative eigenvalue, absolute": [(0, 2.0)],
    }
    assert axes.get_yscale() == "log"
    figure.draw_without_rendering()
