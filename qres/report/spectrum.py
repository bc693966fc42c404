"""The spectral density of a measured network: read back, and drawn in a terminal.

Where the whole Hessian was computed the density is that of all eigenvalues. Where it was sampled, how
far the mass of a node may lie from it follows from what else is in the file: the outer ends of
`lambda_min` and `lambda_max`, and rounding (`noise`). A file without them has intervals over the starts
alone, and says so.
"""

from __future__ import annotations

import math

import numpy as np

from qres.measurement.density import Density
from qres.measurement.record import Measurement
from qres.report.units import number

BINS = 16
"""Equal parts of the range."""

LEAST = 1e-6
"""Mass that has no bar; the length of the others is logarithmic from here to 1."""

MARGIN = 47
"""Columns of text beside the bars."""


def density_of(measurement: Measurement) -> Density | None:
    """Return the density of all eigenvalues or the one that was sampled, None where there is none."""
    facts = measurement.details
    drift = float(facts.get("noise", 0.0))
    if "eigenvalues" in facts:
        found = np.array(facts["eigenvalues"], dtype=float)
        return Density((found,), (np.full(len(found), 1 / len(found)),), drift=drift)
    if not facts.get("density"):
        return None
    dim = measurement.values.get("n_active")
    nodes, weights = (
        tuple(np.array(part, dtype=float) for part in facts["density"][key])
        for key in ("nodes", "weights")
    )
    ends = _find_ends(measurement)
    return Density(nodes, weights, None if dim is None else int(float(dim)), ends, drift)


def say_band(density: Density) -> str:
    """Say what the band of a density holds; empty where it has none."""
    if density.dim is None:
        return "interval of rounding" if density.has_reach else ""
    return "95 % interval" if density.ends else "95 % over starts alone"


def density_text(measurement: Measurement, *, width: int = 100) -> str:
    """Return the mass of equal parts of the spectrum as bars, with bands; empty without a density.

    The parts are those between the outermost nodes; the first and the last hold what lies beyond, too.

    Args:
        measurement: of a network.
        width: columns of text.
    """
    density = density_of(measurement)
    if density is None:
        return ""
    nodes, _ = density.merge()
    edges = np.histogram_bin_edges(nodes, BINS)
    band = density.divide(edges[1:-1])
    room, said = max(8, width - MARGIN), say_band(density)
    title = "part of the spectrum (logarithmic)" + (f" and its {said}" if said else "")
    lines = [f"{'eigenvalue':>12}  {title}"]
    for place in range(BINS):
        middle = (edges[place] + edges[place + 1]) / 2
        found = [float(side[place]) for side in (band.value, band.low, band.high)]
        lines.append(f"{middle:>12.4g}  {_bar(found[0], room)} {_say(*found)}".rstrip())
    return "\n".join(lines) + "\n"


def _find_ends(measurement: Measurement) -> tuple[float, float] | None:
    """Return the outer ends of the spectrum, None where the file lacks one."""
    low, high = (measurement.values.get(name) for name in ("lambda_min", "lambda_max"))
    if low is None or high is None or low.low is None or high.high is None:
        return None
    return float(low.low), float(high.high)


def _bar(mass: float, room: int) -> str:
    """Return a bar as long as the mass has decades above the least."""
    if mass <= LEAST:
        return " " * room
    length = max(1, round(room * (1 - math.log(mass) / math.log(LEAST))))
    return ("#" * length).ljust(room)


def _say(value: float, low: float, high: float) -> str:
    """Return a mass with its interval, where there is one; nothing where there is certainly none."""
    if value == 0 and not high > 0:
        return ""
    text = number(value)
    return text if math.isnan(low) or low == high else f"{text} [{number(low)}, {number(high)}]"
