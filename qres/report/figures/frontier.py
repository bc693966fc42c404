"""Physical qubits against time: the machines that nothing beats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qres.errors import InfeasibleError
from qres.report.figures.style import COLORS, COLUMN, in_style, new_figure
from qres.report.frontier import frontiers
from qres.report.record import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@in_style
def draw_frontier(report: Result, *, width: float = COLUMN) -> Figure:
    """Return the frontier of every machine that can do the job, the chosen point filled.

    Args:
        report: with a price.
        width: in inches.

    Raises:
        InfeasibleError: no machine can do it.
    """
    curves = [(machine, points) for machine, points in frontiers(report) if points]
    if not curves:
        raise InfeasibleError("machines", "the job fits on none, so there is no frontier")
    figure, axes = new_figure(width=width, height=2.5)
    for place, (machine, points) in enumerate(curves):
        color = COLORS[place % len(COLORS)]
        times = [point.runtime_s for point in points]
        qubits = [point.physical_qubits for point in points]
        chosen = [report.scenario.objective in point.best_for for point in points]
        axes.loglog(times, qubits, "o-", color=color, markerfacecolor="white", label=machine.name)
        marked = [
            pair
            for pair, is_best in zip(zip(times, qubits, strict=True), chosen, strict=True)
            if is_best
        ]
        axes.loglog(*zip(*marked, strict=True), "o", color=color)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("physical qubits")
    axes.legend()
    return figure
