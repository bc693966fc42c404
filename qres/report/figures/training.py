r"""How curvature changes while a network is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.report.curves import FOUND, curve_of
from qres.report.figures.style import COLORS, COLUMN, NESTED, in_style, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRAWN = {
    "lambda_max": (1, "largest eigenvalue"),
    "lambda_min": (-1, "most negative eigenvalue, absolute"),
    "t3_injective": (1, "third derivative, lower bound"),
    "grad_norm": (1, "gradient"),
}
"""Sign and label of each curve; only what is positive under its sign is drawn."""

LENGTHS = {
    "steps within 5 %, deg. 1": "within 5 %, degree 1",
    "steps within 5 %, deg. 2": "within 5 %, degree 2",
    "steps within 5 %, deg. 3": "within 5 %, degree 3",
    "crossing_time": "growth overtakes decay",
}
"""Rows of the table over the training that are numbers of steps."""


@in_style
def draw_training(
    measurement: Measurement, *, width: float = COLUMN, axes: Axes | None = None
) -> Figure:
    """Return eigenvalues, gradient and third derivative over the updates of the training.

    Args:
        measurement: of a network, with snapshots (`measure.at_steps`).
        width: in inches.
        axes: to draw on; new ones if left out.

    Raises:
        InputError: there are no snapshots.
    """
    if not measurement.snapshots:
        raise InputError("training: no snapshots were measured; set measure.at_steps")
    figure, axes = place(axes, width=width, height=2.5)
    for color, (name, (sign, label)) in zip(COLORS, DRAWN.items(), strict=False):
        points = [(step, sign * value) for step, value in curve_of(measurement, name)]
        points = [(step, value) for step, value in points if value > 0]
        if points:
            steps, values = zip(*points, strict=True)
            axes.semilogy(steps, values, marker="o", markersize=3, color=color, label=label)
    axes.set(xlabel="updates of the training", ylabel="norm or eigenvalue")
    axes.legend()
    return figure


@in_style
def draw_lengths(
    measurement: Measurement, *, width: float = COLUMN, axes: Axes | None = None
) -> Figure:
    """Return how long each model follows training, and when growth takes over, over the updates.

    Args:
        measurement: of a network, with snapshots (`measure.at_steps`).
        width: in inches.
        axes: to draw on; new ones if left out.

    Raises:
        InputError: there are no snapshots.
    """
    if not measurement.snapshots:
        raise InputError("training: no snapshots were measured; set measure.at_steps")
    figure, axes = place(axes, width=width, height=2.5)
    for color, size, (name, label) in zip(COLORS, NESTED, LENGTHS.items(), strict=False):
        found = [(step, FOUND[name](item)) for step, item in sorted(measurement.snapshots.items())]
        points = [(step, value) for step, value in found if value]
        if points:
            steps, values = zip(*points, strict=True)
            look = {"color": color, "linewidth": size, "markersize": 2 + size}
            axes.semilogy(steps, values, marker="o", label=label, **look)
    axes.set(xlabel="updates of the training", ylabel="steps")
    axes.legend()
    return figure
