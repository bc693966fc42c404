"""The trade of qubits against time: for one job on one machine, the points that nothing beats.

Each point is the smallest machine within some time. The times run from the shortest possible to that
of the smallest machine, evenly in their logarithm, and hold that of the smallest qubits x time. So no
point is dominated by any choice there is, and the optimum of every objective is among them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qres.logical.record import LogicalCost
from qres.physical.estimate import OBJECTIVES, estimate_machine
from qres.physical.record import Machine, MachineCost

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
    """

    runtime_s: float
    physical_qubits: int
    distance: int
    factory: str
    n_factories: int
    layout: str
    best_for: tuple[str, ...]


def find_frontier(
    cost: LogicalCost, machine: Machine, n_points: int = POINTS
) -> tuple[FrontierPoint, ...]:
    """Return the frontier from the fastest to the smallest machine; empty where nothing fits.

    Args:
        cost: logical counts, scalars.
        machine: which machine.
        n_points: times to ask about, the optima apart.
    """
    best = {name: estimate_machine(cost, machine, name) for name in OBJECTIVES}
    if not best["runtime"].is_feasible:
        return ()
    optima = {name: float(item.runtime_s) for name, item in best.items()}
    inner = np.geomspace(optima["runtime"], optima["qubits"], n_points)[1:-1]
    caps = np.unique(np.concatenate([list(optima.values()), inner]))
    found = estimate_machine(cost, machine, "qubits", max_runtime_s=caps)
    points = [_point(found, index, best) for index in range(len(caps))]
    return tuple(dict.fromkeys(points))


def _point(found: MachineCost, index: int, best: dict[str, MachineCost]) -> FrontierPoint:
    size = (float(found.n_cycles[index]), float(found.physical_qubits[index]))
    return FrontierPoint(
        runtime_s=float(found.runtime_s[index]),
        physical_qubits=int(size[1]),
        distance=int(found.distance[index]),
        factory=str(found.factory[index]),
        n_factories=int(found.n_factories[index]),
        layout=str(found.layout[index]),
        best_for=tuple(
            name
            for name, item in best.items()
            if size == (float(item.n_cycles), float(item.physical_qubits))
        ),
    )
