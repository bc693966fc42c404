r"""Truncated Carleman on the leading eigenvectors, beside training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.report.figures.style import COLORS, COLUMN, NESTED, in_style, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOST = 10.0
"""Above this a model has nothing to do with training."""

ROUNDING = 1e-13
"""What is not above is rounding: the first step of every order is exact."""

BESIDE = {"beside_true": "-", "beside_full": ":"}
"""Line of the error against descent on the subspace, and against the projection of descent on all."""


@in_style
def draw_projection(
    measurement: Measurement, *, width: float = COLUMN, axes: Axes | None = None
) -> Figure:
    """Return the error of each truncation order, relative to the distance moved, step by step.

    Solid: beside true descent on the subspace. Dotted: beside the projection of true descent on all
    coordinates, which no model of the subspace alone can follow.

    Args:
        measurement: of a network, with `measure.project`.
        width: in inches.
        axes: to draw on; new ones if left out.

    Raises:
        InputError: the dynamics were not projected.
    """
    facts = measurement.details.get("projection")
    if not facts:
        raise InputError("projection: the dynamics were not projected; set measure.project")
    figure, axes = place(axes, width=width, height=2.5)
    for name, line in BESIDE.items():
        for color, size, (order, gaps) in zip(COLORS, NESTED, facts[name].items(), strict=False):
            errors = np.array(gaps, dtype=float)
            shown = np.where(np.isfinite(errors) & (errors > ROUNDING), errors, np.nan)
            label = f"order {order}" if name == "beside_true" else None
            steps = np.arange(1, len(errors) + 1)
            axes.semilogy(steps, shown, line, color=color, linewidth=size, label=label)
    axes.plot([], [], BESIDE["beside_full"], color="0.4", label="beside the whole descent")
    if axes.get_ylim()[1] > LOST:  # a model that diverges leaves at the top
        axes.set_ylim(top=LOST)
    dim = len(facts["eigenvalues"])
    axes.set(xlabel="training step t", ylabel=f"error on {dim} eigenvectors / distance moved")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)  # curves may be anywhere
    return figure
