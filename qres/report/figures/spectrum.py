r"""The spectral density of a measured network, and what training makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.report.figures.style import COLORS, COLUMN, in_style, place
from qres.report.spectrum import density_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS, BROADENING = 512, 1 / 100
"""Of the grid, and width of the Gaussians as a part of the range."""


NAMES = ("dissipative", "divergent")
"""Curves of facts, in the order in which they are drawn."""

LEAST = 1e-6
"""Contributions below this part of the largest are left out."""


@in_style
def draw_density(
    measurement: Measurement, *, width: float = COLUMN, axes: Axes | None = None
) -> Figure:
    """Return the density of the Hessian's eigenvalues, with its band.

    Args:
        measurement: of a network whose density was sampled.
        width: in inches.
        axes: to draw on; new ones if left out.

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
    band = density.smooth(grid, BROADENING * spread)
    figure, axes = place(axes, width=width, height=2.5)
    axes.semilogy(grid, np.maximum(band.value, 1e-300), color=COLORS[0], label="mean of the starts")
    if np.all(np.isfinite(band.low)):
        low = np.maximum(band.low, 1e-300)
        axes.fill_between(grid, low, band.high, color=COLORS[0], alpha=0.3, label="95 %")
    axes.set(xlabel="eigenvalue of the Hessian", ylabel="density")
    axes.set_ylim(bottom=1e-6 * float(np.max(band.value)))
    axes.legend()
    return figure


@in_style
def draw_proxy(
    measurement: Measurement, *, width: float = COLUMN, axes: Axes | None = None
) -> Figure:
    r"""Return the mean of $\\prod_s|1 - \\eta_s\\lambda|$ over the spectrum, step by step.

    An average, not a bound: 1 at the start, it falls while most directions decay and rises with
    those that grow.

    Args:
        measurement: of a network.
        width: in inches.
        axes: to draw on; new ones if left out.

    Raises:
        InputError: no spectrum was measured.
    """
    facts = measurement.details
    if "proxy" not in facts:
        raise InputError("proxy: no spectrum was measured; it needs a network")
    figure, axes = place(axes, width=width, height=2.5)
    curve = np.array(facts["proxy"], dtype=float)
    steps = np.arange(len(curve))
    axes.plot(steps, curve, color=COLORS[0], label="mean over the spectrum")
    if "proxy_low" in facts:
        low, high = (np.array(facts[key], dtype=float) for key in ("proxy_low", "proxy_high"))
        axes.fill_between(steps, low, high, color=COLORS[0], alpha=0.3, label="95 %")
    axes.set(xlabel="training step t", ylabel="mean factor")
    axes.legend()
    return figure


@in_style
def draw_contributions(
    measurement: Measurement, *, width: float = COLUMN, axes: Axes | None = None
) -> Figure:
    """Return what the decaying and the growing part of the spectrum contribute, step by step.

    They add up to the proxy, but for eigenvalues that do neither. Where the growing part overtakes the
    other, if it does within the steps, is marked.

    Args:
        measurement: of a network.
        width: in inches.
        axes: to draw on; new ones if left out.

    Raises:
        InputError: no spectrum was measured.
    """
    facts = measurement.details
    if "dissipative" not in facts:
        raise InputError("contributions: no spectrum was measured; it needs a network")
    figure, axes = place(axes, width=width, height=2.5)
    steps = np.arange(len(facts[NAMES[0]]))
    for color, name in zip(COLORS, NAMES, strict=False):
        curve = np.array(facts[name], dtype=float)
        axes.semilogy(steps, np.where(curve > 0, curve, np.nan), color=color, label=name)
        if f"{name}_low" in facts:
            low, high = (np.array(facts[f"{name}_{end}"], dtype=float) for end in ("low", "high"))
            axes.fill_between(steps, np.maximum(low, 1e-300), high, color=color, alpha=0.3)
    crossing = facts.get("crossing_time")
    if crossing is not None and crossing <= steps[-1]:
        axes.axvline(crossing, color="0.4", linestyle=":", label=f"crossing, t = {crossing:.3g}")
    both = np.array([facts[name] for name in NAMES], dtype=float)
    largest, smallest = float(np.nanmax(both)), float(np.nanmin(both[both > 0]))
    bottom = max(LEAST * largest, smallest / 2)
    axes.set(xlabel="training step t", ylabel="contribution", ylim=(bottom, 2 * largest))
    axes.legend()
    return figure
