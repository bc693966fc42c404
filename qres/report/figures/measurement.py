"""Everything that a measurement shows, one panel below the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.report.figures.projection import draw_projection
from qres.report.figures.spectrum import draw_contributions, draw_density, draw_proxy
from qres.report.figures.style import COLUMN, in_style, new_panels
from qres.report.figures.training import draw_lengths, draw_training
from qres.report.spectrum import density_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@in_style
def draw_measurement(measurement: Measurement, *, width: float = COLUMN) -> Figure:
    """Return the figure of a measurement: each panel for which there are numbers.

    Args:
        measurement: of a network.
        width: in inches.

    Raises:
        InputError: there is nothing to draw.
    """
    facts = measurement.details
    panels = [
        (draw_training, bool(measurement.snapshots)),
        (draw_lengths, bool(measurement.snapshots)),
        (draw_density, density_of(measurement) is not None),
        (draw_proxy, "proxy" in facts),
        (draw_contributions, "dissipative" in facts),
        (draw_projection, "projection" in facts),
    ]
    chosen = [draw for draw, is_known in panels if is_known]
    if not chosen:
        raise InputError("figure: no spectrum was measured; it needs a network")
    figure, places = new_panels(len(chosen), width=width, height=2.5)
    for draw, axes in zip(chosen, places, strict=True):
        draw(measurement, axes=axes)
    return figure
