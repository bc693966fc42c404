r"""How far the polynomial models stray from training, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qres.errors import InputError
from qres.report.figures.style import COLORS, COLUMN, in_style, new_figure
from qres.report.record import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure


LOST = 10.0
"""Above this a model has nothing to do with training."""


@in_style
def draw_model_error(report: Result, *, width: float = COLUMN) -> Figure:
    """Return `eps_model` after t steps for each degree that was measured, in one segment.

    It is the distance between the model's weights and those of training, relative to how far
    training has moved. Above half of `error.total` (dotted) the result holds for the model only.

    Args:
        report: of a measured network.
        width: in inches.

    Raises:
        InputError: no model was followed.
    """
    curves = report.measurement.eps_model_curves
    if not curves:
        raise InputError("model error: no model was followed beside training; it needs a network")
    figure, axes = new_figure(width=width, height=2.5)
    for place, (degree, curve) in enumerate(sorted(curves.items())):
        errors = np.array(curve)
        shown = np.where(np.isfinite(errors) & (errors > 0), errors, np.nan)
        steps = np.arange(1, len(errors) + 1)
        axes.semilogy(steps, shown, color=COLORS[place], label=f"degree {degree}")
    limit = report.scenario.error.total / 2
    axes.axhline(limit, color="0.4", linestyle=":", label="half of error.total")
    if axes.get_ylim()[1] > LOST:  # a model that diverges leaves at the top
        axes.set_ylim(top=LOST)
    axes.set(xlabel="training step t", ylabel="model error / distance moved")
    axes.legend()
    return figure
