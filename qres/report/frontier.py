"""The frontier of qubits against time on each machine, as text."""

from __future__ import annotations

import io

from rich.console import Console

from qres.physical.frontier import FrontierPoint, find_frontier
from qres.physical.record import Machine
from qres.report.grid import Sheet, grid
from qres.report.record import Result
from qres.report.units import count, duration


def frontiers(report: Result) -> list[tuple[Machine, tuple[FrontierPoint, ...]]]:
    """Return the points of every machine, fastest first; none where the job does not fit."""
    if report.priced is None:
        return []
    splits = report.priced.splits
    cost = splits.before if splits else report.priced.logical
    return [
        (machine, find_frontier(cost, machine, is_split=splits is not None))
        for machine in report.machines
    ]


def frontier_text(report: Result, width: int = 80) -> str:
    """Return one table a machine; the objective of the scenario is marked as chosen."""
    if report.priced is None:
        return "Frontier: the job has no price"
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, color_system=None, force_terminal=False, highlight=False
    )
    for (machine, points), cost in zip(frontiers(report), report.priced.machines, strict=True):
        if points:
            console.print(_sheet(machine, points, report.scenario.objective))
        else:
            console.print(f"Frontier on {machine.name}: {cost.reason}", soft_wrap=False)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()).rstrip()


def _split(point: FrontierPoint) -> str:
    """Return the split of a point in words; empty where none is found."""
    return f"{point.t_per_rotation} T a rotation" if point.t_per_rotation else ""


def _sheet(machine: Machine, points: tuple[FrontierPoint, ...], objective: str) -> Sheet:
    names = ("best for", "time", "qubits", "distance", "factories", "factory, layout")
    sheet = grid(f"Frontier on {machine.name}", *names, wide=5)
    for point in points:
        best = [f"{name} (chosen)" if name == objective else name for name in point.best_for]
        sheet.add_row(
            ", ".join(best),
            duration(point.runtime_s),
            count(point.physical_qubits),
            str(point.distance),
            f"{point.n_factories:,}",
            ", ".join(filter(None, (point.factory, point.layout, _split(point)))),
        )
    return sheet
