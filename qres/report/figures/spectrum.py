r"""The spectral density of a measured network, and what training makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qres.errors import InputError
from qres.measurement.contributions import find_certain
from qres.measurement.density import Array
from qres.measurement.record import Measurement
from qres.report.curves import find_crossing_time
from qres.report.figures.style import COLORS, COLUMN, in_style, place
from qres.report.spectrum import density_of, say_band

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS, BROADENING = 512, 1 / 100
"""Of the grid, and width of the Gaussians as a part of the range."""


NAMES = ("dissipative", "divergent")
"""Curves of facts."""

SHOWN = (*NAMES, "undecided")
"""Of which there are curves, each of its own colour."""

LEAST = 1e-6
"""Densities and contributions below this part of the largest are left out."""

WIDEST = 2.0
"""Where the interval of a contribution is wider than this factor, there is no line."""

Curves = dict[str, tuple[Array, Array, Array]]
"""Name in the legend to value, low and high, one for each step each."""


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
            "density: none was sampled, nor does the file have all eigenvalues; 'qres measure' finds"
            " one or the other, mini-batches apart"
        )
    nodes, _ = density.merge()
    spread = float(nodes[-1] - nodes[0]) or 1.0
    grid = np.linspace(nodes[0] - 0.05 * spread, nodes[-1] + 0.05 * spread, POINTS)
    band = density.smooth(grid, BROADENING * spread)
    figure, axes = place(axes, width=width, height=2.5)
    largest = float(np.max(band.value))
    line = "all eigenvalues" if "eigenvalues" in measurement.details else "mean of the starts"
    line = "density" if density.dim is None and not density.has_reach else line
    axes.semilogy(grid, _positive(band.value), color=COLORS[0], label=line)
    if said := say_band(density):
        low = np.maximum(band.low, LEAST * largest)
        axes.fill_between(grid, low, band.high, color=COLORS[0], alpha=0.3, linewidth=0, label=said)
    axes.set(xlabel="eigenvalue of the Hessian", ylabel="density")
    axes.set_ylim(LEAST * largest, 2 * max(largest, float(np.nanmax(band.high, initial=largest))))
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
        said = "interval of rounding" if "eigenvalues" in facts else "95 %"
        axes.fill_between(steps, low, high, color=COLORS[0], alpha=0.3, label=said)
    axes.set(xlabel="training step t", ylabel="mean factor")
    axes.legend()
    return figure


@in_style
def draw_contributions(
    measurement: Measurement, *, width: float = COLUMN, axes: Axes | None = None
) -> Figure:
    r"""Return what the decaying and the growing part of the spectrum contribute, step by step.

    With a density at hand there are three curves that add up to the proxy: what certainly decays, what
    certainly grows, and what is undecided, because a node stands for mass on both sides of zero
    (`contributions`). Files without one have the two curves of their own, in which what is undecided
    counts on the side of its node; where the interval is wider than a factor `WIDEST` there is no line.
    Where the growing part overtakes the other, if that is known and within the steps, is marked.

    Args:
        measurement: of a network.
        width: in inches.
        axes: to draw on; new ones if left out.

    Raises:
        InputError: no spectrum was measured.
    """
    if "dissipative" not in measurement.details:
        raise InputError("contributions: no spectrum was measured; it needs a network")
    curves = _certain_curves(measurement) or _stored_curves(measurement)
    values = np.concatenate([value for value, _, _ in curves.values()])
    largest, smallest = float(np.nanmax(values)), float(np.nanmin(values[values > 0]))
    bottom = max(LEAST * largest, smallest / 2)
    figure, axes = place(axes, width=width, height=2.5)
    for name, (value, low, high) in curves.items():
        color = COLORS[SHOWN.index(name.partition(",")[0])]
        steps = np.arange(len(value))
        is_open = (high > WIDEST * low) & (name in NAMES)
        line = np.where(is_open, np.nan, _positive(value))
        axes.semilogy(steps, line, color=color, label=name)
        axes.fill_between(steps, np.maximum(low, bottom), high, color=color, alpha=0.3, linewidth=0)
    _mark_crossing(axes, measurement)
    axes.set(xlabel="training step t", ylabel="contribution", ylim=(bottom, 2 * largest))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)  # curves may be anywhere
    return figure


def _certain_curves(measurement: Measurement) -> Curves:
    """Return what is certain and what is undecided; empty where the file does not say."""
    density, facts = density_of(measurement), measurement.details
    if density is None or not density.has_reach or "n_steps" not in facts:
        return {}
    if "schedule" in facts and "rates" not in facts:
        return {}
    rates = facts.get("rates") or [facts["learning_rate"]] * facts["n_steps"]
    band = find_certain(density, rates)
    sides = zip(band.value, band.low, band.high, strict=True)
    found = dict(zip((*(f"{name}, certain" for name in NAMES), "undecided"), sides, strict=True))
    return {name: side for name, side in found.items() if np.any(side[2] > 0)}


def _stored_curves(measurement: Measurement) -> Curves:
    """Return both contributions as the file has them."""
    facts = measurement.details

    def read(name: str, end: str) -> Array:
        return np.array(facts.get(f"{name}{end}", facts[name]), dtype=float)

    return {name: (read(name, ""), read(name, "_low"), read(name, "_high")) for name in NAMES}


def _mark_crossing(axes: Axes, measurement: Measurement) -> None:
    """Mark the crossing, if it is known and within the steps."""
    time = find_crossing_time(measurement)
    if time is None or time > len(measurement.details[NAMES[0]]) - 1:
        return
    axes.axvline(time, color="0.4", linestyle=":", label=f"crossing, t = {time:.3g}")


def _positive(curve: Array) -> Array:
    """Return a curve with gaps where a logarithmic axis has no place for it."""
    return np.where(curve > 0, curve, np.nan)
