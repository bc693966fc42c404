r"""How curvature changes while a network is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.report.curves import curve_of
from qres.report.figures.style import COLORS, COLUMN, in_style, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWN = {
    "lambda_max": (1, "largest eigenvalue"),
    "lambda_min": (-1, "most negative eigenvalue, absolute"),
    "t3_injective": (1, "third derivative, lower bound"),
    "grad_norm": (1, "gradient"),
}
"""Sign and label of each curve; only what is positive under its sign is drawn."""


@in_style
def draw_training(measurement: Measurement, *, width: float = COLUMN) -> Figure:
    """Return eigenvalues, gradient and third derivative over the updates of the training.

    Args:
        measurement: of a network, with snapshots (`measure.at_steps`).
        width: in inches.

    Raises:
        InputError: there are no snapshots.
    """
    if not measurement.snapshots:
        raise InputError("training: no snapshots were measured; set measure.at_steps")
    figure, axes = new_figure(width=width, height=2.5)
    for color, (name, (sign, label)) in zip(COLORS, DRAWN.items(), strict=False):
        points = [(step, sign * value) for step, value in curve_of(measurement, name)]
        points = [(step, value) for step, value in points if value > 0]
        if points:
            steps, values = zip(*points, strict=True)
            axes.semilogy(steps, values, marker="o", markersize=3, color=color, label=label)
    axes.set(xlabel="updates of the training", ylabel="norm or eigenvalue")
    axes.legend()
    return figure
