"""From intervals of measured inputs to intervals of the totals.

Each input with an interval goes to its ends alone, all in one array call; the changes of the totals
are added up on each side. Inputs are not assumed independent, so nothing cancels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qres.algorithms.record import Job
from qres.config.record import Objective
from qres.logical.formulas import count_stages, total
from qres.physical.estimate import estimate_machine
from qres.physical.record import Machine

Interval = tuple[float, float]


def intervals(
    job: Job, budget: Mapping[str, Any], machines: Sequence[Machine], objective: Objective
) -> dict[str, Interval]:
    """Return (low, high) of each total that an input's interval moves; empty without intervals.

    Keys: `toffoli`, `t`, `rotations`, `logical_qubits`, and `<machine>.physical_qubits`,
    `<machine>.runtime_s` for machines that stay feasible.
    """
    moved = [
        (name, value)
        for name, quantity in job.values.items()
        for value in (quantity.low, quantity.high)
        if value is not None and value != quantity.value
    ]
    if not moved:
        return {}
    rows = _rows(job, moved)
    numbers = job.evaluate({**budget, **rows})
    cost = total(count_stages(job, numbers), numbers)
    series: dict[str, Any] = {
        name: getattr(cost, name) for name in ("toffoli", "t", "rotations", "logical_qubits")
    }
    for machine in machines:
        found = estimate_machine(cost, machine, objective)
        series[f"{machine.name}.physical_qubits"] = found.physical_qubits
        series[f"{machine.name}.runtime_s"] = found.runtime_s
    spread = {
        name: _spread(np.broadcast_to(values, len(moved) + 1)) for name, values in series.items()
    }
    return {name: found for name, found in spread.items() if found is not None}


def _rows(job: Job, moved: Sequence[tuple[str, Any]]) -> dict[str, np.ndarray]:
    """Return one array per moved input: the point first, then each end alone."""
    names = {name for name, _ in moved}
    rows = {name: np.full(len(moved) + 1, float(job.values[name])) for name in names}
    for position, (name, value) in enumerate(moved, start=1):
        rows[name][position] = float(value)
    return rows


def _spread(values: np.ndarray) -> Interval | None:
    point, moved = float(values[0]), np.asarray(values[1:], dtype=float)
    if not np.isfinite(point) or not np.isfinite(moved).all():
        return None
    low = point - float(np.maximum(0.0, point - moved).sum())
    high = point + float(np.maximum(0.0, moved - point).sum())
    return (max(0.0, low), high)
