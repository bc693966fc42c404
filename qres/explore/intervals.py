"""From intervals of inputs to intervals of the totals.

Up to `MOST_CORNERS` inputs with an interval go to all corners together; more than that go to the two
corners that raise and that lower the cost, by the direction of each input alone. Both hold every
value in between for gates, which are monotone in each input; widths and machine sizes can dip a
little inside, where a cheaper table happens to be narrower.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from qres.algorithms.record import Job
from qres.config.record import Objective
from qres.logical.formulas import count_stages, total
from qres.notation.quantity import Quantity
from qres.physical.record import Machine
from qres.pricing.price import price_machines
from qres.pricing.record import Splits

Interval = tuple[float, float]

MOST_CORNERS = 8
"""Inputs whose corners are all visited, 2^8 points in one array call."""


def intervals(
    job: Job,
    budget: Mapping[str, Any],
    machines: Sequence[Machine],
    objective: Objective,
    splits: Splits | None = None,
) -> dict[str, Interval]:
    """Return (low, high) of each total that an input's interval moves; empty without intervals.

    Keys: `toffoli`, `t`, `rotations`, `logical_qubits`, and `<machine>.physical_qubits`,
    `<machine>.runtime_s` for machines that stay feasible, each at its own split of the failures if
    there are `splits`.
    """
    ends = {name: pair for name, item in job.values.items() if (pair := ends_of(item)) is not None}
    if not ends:
        return {}
    point = {name: float(job.values[name]) for name in ends}
    if len(ends) <= MOST_CORNERS:
        corners = [dict(zip(ends, values, strict=True)) for values in product(*ends.values())]
    else:
        corners = _extreme_corners(job, budget, point, ends)
    series = totals_at(job, budget, [point, *corners], machines, objective, splits)
    found = {name: np.asarray(values, dtype=float) for name, values in series.items()}
    return {
        name: (float(values.min()), float(values.max()))
        for name, values in found.items()
        if np.isfinite(values).all()
    }


def ends_of(quantity: Quantity) -> Interval | None:
    """Return the ends of an interval, None where there is none, they are one, or one is infinite.

    Nothing can be priced at an infinite end; the table of inputs shows it.
    """
    if quantity.low is None or quantity.high is None or quantity.low == quantity.high:
        return None
    if {quantity.low, quantity.high} & {math.inf, -math.inf}:
        return None
    return float(quantity.low), float(quantity.high)


def _extreme_corners(
    job: Job, budget: Mapping[str, Any], point: dict[str, float], ends: Mapping[str, Any]
) -> list[dict[str, float]]:
    """Return the cheapest and the dearest corner, by the direction of each input alone."""
    moves = [{**point, name: high} for name, (_, high) in ends.items()]
    rows = totals_at(job, budget, [point, *moves], (), "runtime")
    gates = np.asarray(rows["toffoli"] + rows["t"], dtype=float)
    rises = dict(zip(ends, gates[1:] >= gates[0], strict=True))
    dear = {name: pair[1] if rises[name] else pair[0] for name, pair in ends.items()}
    cheap = {name: pair[0] if rises[name] else pair[1] for name, pair in ends.items()}
    return [cheap, dear]


def totals_at(
    job: Job,
    budget: Mapping[str, Any],
    points: Sequence[dict[str, float]],
    machines: Sequence[Machine],
    objective: Objective,
    splits: Splits | None = None,
) -> dict[str, Any]:
    """Return each total at all points, in one array call.

    Args:
        job: stages and values.
        budget: shares and failure probabilities.
        points: values of the same symbols at each.
        machines: quantum machines.
        objective: what the physical layer makes small.
        splits: failures of each machine, in place of those of the budget.
    """
    rows = {name: np.array([point[name] for point in points]) for name in points[0]}
    numbers = job.evaluate({**budget, **rows})
    cost = total(count_stages(job, numbers), numbers)
    names = ("toffoli", "t", "rotations", "logical_qubits")
    series: dict[str, Any] = {
        name: np.broadcast_to(getattr(cost, name), len(points)) for name in names
    }
    priced = price_machines(job, {**budget, **rows}, machines, objective, cost, splits)
    for machine, found in zip(machines, priced, strict=True):
        for name in ("physical_qubits", "runtime_s"):
            series[f"{machine.name}.{name}"] = np.broadcast_to(getattr(found, name), len(points))
    return series
