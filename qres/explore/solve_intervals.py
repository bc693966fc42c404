"""Intervals of many linear systems priced by one job: every system at all corners, in one call.

The corners are those of `intervals`; two to four inputs of a system have an interval (both ends of its
spectrum, the overlap, an estimated norm), so all are visited.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from qres.algorithms.record import Job
from qres.config.record import Objective
from qres.explore.intervals import Interval, ends_of, totals_at
from qres.notation.quantity import Quantity
from qres.physical.record import Machine

Values = Mapping[str, Quantity]


def find_spreads(
    job: Job,
    budget: Mapping[str, Any],
    systems: Sequence[Values],
    machines: Sequence[Machine],
    objective: Objective,
) -> list[dict[str, Interval]]:
    """Return (low, high) of each total of each system; what is sharp or infeasible is left out.

    Args:
        job: of one of the systems; the values of the others replace its own.
        budget: shares and failure probabilities of each system.
        systems: values by symbol, their points where the job is priced.
        machines: quantum machines.
        objective: what the physical layer makes small.
    """
    known = [{name: values[name] for name in job.values if name in values} for values in systems]
    wide = [name for name in known[0] if any(ends_of(values[name]) for values in known)]
    if not wide:
        return [{} for _ in systems]
    points = [point for values in known for point in _corners(values, wide)]
    series = totals_at(job, budget, points, machines, objective)
    rows = {name: np.reshape(totals, (len(systems), -1)) for name, totals in series.items()}
    return [
        {
            name: (float(row.min()), float(row.max()))
            for name, row in ((name, found[index].astype(float)) for name, found in rows.items())
            if np.isfinite(row).all() and row.min() < row.max()
        }
        for index in range(len(systems))
    ]


def _corners(values: Values, wide: Sequence[str]) -> Iterator[dict[str, float]]:
    """Yield the point of one system and its corners, as many for each system."""
    point = {name: float(item) for name, item in values.items()}
    yield point
    pairs = [ends_of(values[name]) or (point[name], point[name]) for name in wide]
    for corner in product(*pairs):
        yield {**point, **dict(zip(wide, corner, strict=True))}
