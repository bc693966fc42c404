"""The spectral density of a measured network in a terminal."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qres.measurement.density import Array, Density
from qres.measurement.record import Measurement
from qres.report.units import number

BINS = 16
"""Equal parts of the range."""

LEAST = 1e-6
"""Mass that has no bar; the length of the others is logarithmic from here to 1."""

MARGIN = 46
"""Columns of text beside the bars."""


def density_of(measurement: Measurement) -> Density | None:
    """Return the density that was sampled, None where none was."""
    facts = measurement.details.get("density")
    if not facts:
        return None
    dim = measurement.values.get("n_active")
    return Density(
        nodes=tuple(np.array(part, dtype=float) for part in facts["nodes"]),
        weights=tuple(np.array(part, dtype=float) for part in facts["weights"]),
        dim=dim if dim is None else int(float(dim)),
    )


def density_text(measurement: Measurement, *, width: int = 100) -> str:
    """Return the mass of equal parts of the spectrum as bars, with bands; empty without a density.

    Args:
        measurement: of a network.
        width: columns of text.
    """
    density = density_of(measurement)
    if density is None:
        return ""
    nodes, _ = density.merge()
    edges = np.linspace(nodes[0], nodes[-1], BINS + 1)

    def fill(places: Array) -> NDArray[np.bool_]:
        found = np.clip(np.searchsorted(edges, places, side="right") - 1, 0, BINS - 1)
        return found == np.arange(BINS)[:, None]

    band = density.summarise(fill, within=(0.0, 1.0))
    room = max(8, width - MARGIN)
    lines = [f"{'eigenvalue':>12}  part of the spectrum (logarithmic) and its 95 % interval"]
    for place in range(BINS):
        middle = (edges[place] + edges[place + 1]) / 2
        found = [float(side[place]) for side in (band.value, band.low, band.high)]
        lines.append(f"{middle:>12.4g}  {_bar(found[0], room)} {_say(*found)}".rstrip())
    return "\n".join(lines) + "\n"


def _bar(mass: float, room: int) -> str:
    """Return a bar as long as the mass has decades above the least."""
    if mass <= LEAST:
        return " " * room
    length = max(1, round(room * (1 - math.log(mass) / math.log(LEAST))))
    return ("#" * length).ljust(room)


def _say(value: float, low: float, high: float) -> str:
    """Return a mass with its interval, where there is one."""
    if value == 0:
        return ""
    text = number(value)
    return text if math.isnan(low) else f"{text} [{number(low)}, {number(high)}]"
