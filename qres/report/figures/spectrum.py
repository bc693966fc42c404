r"""The spectral density of a measured network, and what training makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.report.figures.style import COLORS, COLUMN, in_style, new_figure
from qres.report.spectrum import density_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS, BROADENING = 512, 1 / 100
"""Of the grid, and width of the Gaussians as a part of the range."""


@in_style
def draw_density(measurement: Measurement, *, width: float = COLUMN) -> Figure:
    """Return the density of the Hessian's eigenvalues, with its bootstrap band.

    Args:
        measurement: of a network whose density was sampled.
        width: in inches.

    Raises:
        InputError: no density was sampled.
    """
    density = density_of(measurement)
    if density is None:
        raise InputError(
            "density: none was sampled; it is where too many parameters are active for the whole"
            " Hessian, or with any setting of the arithmetic such as measure.precision"
        )
    nodes, _ = density.merge()
    spread = float(nodes[-1] - nodes[0]) or 1.0
    grid = np.linspace(nodes[0] - 0.05 * spread, nodes[-1] + 0.05 * spread, POINTS)
    seed = int(measurement.details.get("seed", 0))
    band = density.smooth(grid, BROADENING * spread, seed=seed)
    figure, axes = new_figure(width=width, height=2.5)
    axes.semilogy(grid, np.maximum(band.value, 1e-300), color=COLORS[0], label="mean of the starts")
    if np.all(np.isfinite(band.low)):
        low = np.maximum(band.low, 1e-300)
        axes.fill_between(grid, low, band.high, color=COLORS[0], alpha=0.3, label="bootstrap, 95 %")
    axes.set(xlabel="eigenvalue of the Hessian", ylabel="density")
    axes.set_ylim(bottom=1e-6 * float(np.max(band.value)))
    axes.legend()
    return figure


@in_style
def draw_proxy(measurement: Measurement, *, width: float = COLUMN) -> Figure:
    r"""Return the mean of $\\prod_s|1 - \\eta_s\\lambda|$ over the spectrum, step by step.

    An average, not a bound: 1 at the start, it falls while most directions decay and rises with
    those that grow.

    Args:
        measurement: of a network.
        width: in inches.

    Raises:
        InputError: no spectrum was measured.
    """
    facts = measurement.details
    if "proxy" not in facts:
        raise InputError("proxy: no spectrum was measured; it needs a network")
    figure, axes = new_figure(width=width, height=2.5)
    curve = np.array(facts["proxy"], dtype=float)
    steps = np.arange(len(curve))
    axes.plot(steps, curve, color=COLORS[0], label="mean over the spectrum")
    if "proxy_low" in facts:
        low, high = (np.array(facts[key], dtype=float) for key in ("proxy_low", "proxy_high"))
        axes.fill_between(steps, low, high, color=COLORS[0], alpha=0.3, label="bootstrap, 95 %")
    axes.set(xlabel="training step t", ylabel="mean factor")
    axes.legend()
    return figure


def draw_measurement(measurement: Measurement) -> Figure:
    """Return the figure that says most of a measurement: the density, or else the proxy."""
    has_density = density_of(measurement) is not None
    return draw_density(measurement) if has_density else draw_proxy(measurement)
