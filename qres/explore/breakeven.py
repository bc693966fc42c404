"""What each knob alone would have to be for the quantum side to tie.

A knob runs from where it is to the end of a stated physical range; everything else stays, choices
included. The tie is found by refining a grid of the priced ratio, the grid being one array call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from qres.pricing.record import Knob, Tie

GRID = 33
ROUNDS = 3
"""Points of a grid and refinements of it: the tie is located to 1e-4 of its decades or better."""

CLOCK_FLOOR_S = 1e-7
"""Fastest clock considered: below 100 ns no decoder reacts."""


def find_tie(knob: Knob, ratio: Callable[[np.ndarray], np.ndarray]) -> Tie:
    """Return where `ratio` crosses 1 along a knob, refined on a logarithmic grid."""
    low, high = knob.now, knob.end
    last = float("nan")
    for _ in range(ROUNDS):
        grid = np.geomspace(low, high, GRID)
        values = ratio(grid)
        last = float(values[-1])
        below = np.flatnonzero(values <= 1)
        if not below.size:
            return Tie(knob=knob, needed=None, ratio_left=last)
        first = int(below[0])
        if first == 0:
            return Tie(knob=knob, needed=float(grid[0]), ratio_left=1.0)
        low, high = float(grid[first - 1]), float(grid[first])
    return Tie(knob=knob, needed=high, ratio_left=1.0)


def best_change(ties: list[Tie]) -> Tie | None:
    """Return the tie with the smallest change; if none ties, the smallest remaining gap."""
    reached = [tie for tie in ties if tie.needed is not None]
    if reached:
        return min(reached, key=lambda tie: tie.factor)
    finite = [tie for tie in ties if math.isfinite(tie.ratio_left)]
    return min(finite, key=lambda tie: tie.ratio_left, default=None)


def knobs(numbers: Mapping[str, Any], *, error_total: float, clock_s: float) -> list[Knob]:
    """Return the knobs that exist for a job, each with its range.

    Args:
        numbers: value of every symbol.
        error_total: of the scenario.
        clock_s: seconds per magic-state gate at the point estimate.
    """
    named = (
        ("n_active", "weights that are read out", 1.0, "1 to {now}"),
        ("kappa_eff", "condition number seen by the solver", 1.0, "1 to {now}"),
        ("copies", "states prepared", 1.0, "1 to {now}"),
        ("query_toffoli", "Toffoli gates per query", 1.0, "1 to {now}"),
    )
    found = [
        Knob(
            symbol=symbol,
            text=text,
            now=float(numbers[symbol]),
            end=end,
            range_text=span.format(now=f"{float(numbers[symbol]):.3g}"),
        )
        for symbol, text, end, span in named
        if symbol in numbers and float(numbers[symbol]) > end
    ]
    found.append(
        Knob(
            symbol="error.total",
            text="relative error of the result",
            now=error_total,
            end=0.99,
            range_text=f"{error_total:g} to 0.99",
        )
    )
    if clock_s > CLOCK_FLOOR_S:
        found.append(
            Knob(
                symbol="clock",
                text="seconds per Toffoli or T gate",
                now=clock_s,
                end=CLOCK_FLOOR_S,
                range_text=f"100 ns to {clock_s * 1e6:.3g} us",
            )
        )
    return found
