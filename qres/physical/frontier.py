"""The trade of qubits against time: for one job on one machine, the points that nothing beats.

Each point is the smallest machine within some time. The times run from the shortest possible to that
of the smallest machine, evenly in their logarithm, and hold that of the smallest qubits x time. So no
point is dominated by any choice there is, and the optimum of every objective is among them; where a
split of the failure budget is found, it is found for each point, so that both hold over all splits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qres.config.record import Objective
from qres.errors import InputError
from qres.logical.record import LogicalCost
from qres.physical.checks import PRICED
from qres.physical.estimate import OBJECTIVES, estimate_machine
from qres.physical.record import Machine, MachineCost
from qres.physical.split import find_split

POINTS = 16
"""Times that are asked about; fewer points where several give the same machine."""


@dataclass(frozen=True)
class FrontierPoint:
    """One machine on the frontier.

    Args:
        runtime_s: time in seconds.
        physical_qubits: all of them.
        distance: code distance of the data block.
        factory: name and distances; `none` without magic states.
        n_factories: how many.
        layout: name of the layout.
        best_for: objectives that this point is best for.
        t_per_rotation: T gates of one rotation at the split of this point; 0 where none is found.
    """

    runtime_s: float
    physical_qubits: int
    distance: int
    factory: str
    n_factories: int
    layout: str
    best_for: tuple[str, ...]
    t_per_rotation: int = 0


def find_frontier(
    cost: LogicalCost, machine: Machine, n_points: int = POINTS, *, is_split: bool = False
) -> tuple[FrontierPoint, ...]:
    """Return the frontier from the fastest to the smallest machine; empty where nothing fits.

    Args:
        cost: logical counts, scalars.
        machine: which machine.
        n_points: times to ask about, the optima apart.
        is_split: whether rotations are still to be synthesised, with a part of `cost.fail_prob` that
            is found anew for each point (`physical.split`).

    Raises:
        InputError: counts that are arrays; what `estimate_machine` refuses.
    """
    if any(np.ndim(getattr(cost, name)) for name in PRICED):
        raise InputError("frontier: expected counts of a single job, found arrays")

    def price(objective: Objective, caps: Any) -> tuple[MachineCost, Any]:
        if not is_split:
            return estimate_machine(cost, machine, objective, max_runtime_s=caps), 0
        split = find_split(cost, machine, objective, max_runtime_s=caps)
        return split.machine, split.t_per_rotation

    best: dict[Objective, MachineCost] = {name: price(name, np.inf)[0] for name in OBJECTIVES}
    if not best["runtime"].is_feasible:
        return ()
    optima = {name: float(item.runtime_s) for name, item in best.items()}
    inner = np.geomspace(optima["runtime"], optima["qubits"], n_points)[1:-1]
    caps = np.unique(np.concatenate([list(optima.values()), inner]))
    found, counts = price("qubits", caps)
    counts = np.broadcast_to(counts, len(caps))
    points = [_point(found, index, int(counts[index]), best) for index in range(len(caps))]
    return tuple(dict.fromkeys(points))


def _point(
    found: MachineCost, index: int, t_per_rotation: int, best: dict[Objective, MachineCost]
) -> FrontierPoint:
    size = (float(found.n_cycles[index]), float(found.physical_qubits[index]))
    return FrontierPoint(
        runtime_s=float(found.runtime_s[index]),
        physical_qubits=int(size[1]),
        distance=int(found.distance[index]),
        factory=str(found.factory[index]),
        n_factories=int(found.n_factories[index]),
        layout=str(found.layout[index]),
        t_per_rotation=t_per_rotation,
        best_for=tuple(
            name
            for name, item in best.items()
            if size == (float(item.n_cycles), float(item.physical_qubits))
        ),
    )
