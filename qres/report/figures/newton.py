"""A Newton run drawn: its condition numbers, where each system is solved, and the loss over time."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING

from qres.errors import InputError
from qres.pricing.schedule import Schedule
from qres.report.figures.style import COLORS, COLUMN, PAGE, in_style, new_figure, new_panels
from qres.report.newton import run_of
from qres.report.record import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW = 0.32
"""Inches of one block in the strip."""

MOST_NAMED = 8
"""Blocks that are told apart by colour and legend; more are drawn in one colour."""

TWO_DARK = 0.55
"""Part of the scale from which white figures are read better."""


def _schedule(report: Result) -> Schedule:
    if report.schedule is None:
        raise InputError("figure: no Newton run was priced; use algorithm.name: newton")
    return report.schedule


def _blocks(schedule: Schedule) -> list[str]:
    return list(dict.fromkeys(decision.block for decision in schedule.decisions))


@in_style
def draw_conditions(report: Result, *, width: float = COLUMN) -> Figure:
    """Return condition number (upper panel) and sparsity (lower) of each block over the steps."""
    from matplotlib.ticker import MaxNLocator

    schedule = _schedule(report)
    figure, panels = new_panels(2, width=width, height=1.8)
    names = _blocks(schedule)
    for index, name in enumerate(names):
        rows = [decision for decision in schedule.decisions if decision.block == name]
        color = COLORS[index % len(COLORS)] if len(names) <= MOST_NAMED else COLORS[0]
        steps = [row.step for row in rows]
        for axes, values in zip(
            panels, ([row.kappa for row in rows], [row.sparsity for row in rows]), strict=True
        ):
            axes.semilogy(steps, values, marker="o", markersize=3, color=color, label=name)
    panels[0].set_ylabel("condition number")
    panels[1].set(xlabel="Newton step", ylabel="entries of fullest row")
    for axes in panels:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(names) <= MOST_NAMED:
        panels[0].legend()
    return figure


@in_style
def draw_schedule(report: Result, *, width: float = PAGE) -> Figure:
    """Return the schedule as a strip: a row a block, a cell a step, its route and its lead.

    A cell names the route that was taken; its shade is the decades of the quantum route's time over
    the best classical one, blue where classical leads and vermilion where quantum does.
    """
    schedule = _schedule(report)
    names, steps = _blocks(schedule), sorted({d.step for d in schedule.decisions})
    figure, axes = new_figure(width=width, height=0.9 + ROW * len(names))
    leads = [_lead(d.routes[0].total_s, d.classical.total_s) for d in schedule.decisions]
    largest = max((abs(lead) for lead in leads if math.isfinite(lead)), default=1.0) or 1.0
    for decision, lead in zip(schedule.decisions, leads, strict=True):
        part = min(1.0, abs(lead) / largest)
        place = (steps.index(decision.step), names.index(decision.block))
        _cell(
            axes, place, COLORS[0] if lead > 0 else COLORS[1], part, _letters(decision.route.name)
        )
    axes.set(xlim=(-0.5, len(steps) - 0.5), ylim=(len(names) - 0.5, -0.5), xlabel="Newton step")
    axes.set_xticks(range(len(steps)), [str(step) for step in steps])
    axes.set_yticks(range(len(names)), names)
    axes.grid(visible=False)
    used = dict.fromkeys(decision.route.name for decision in schedule.decisions)
    legend = ", ".join(f"{_letters(name)} {name}" for name in used)
    axes.set_title(f"{legend}; darkest: {largest:.0f} decades of lead", loc="left")
    return figure


def _lead(quantum_s: float, classical_s: float) -> float:
    """Return the decades by which the classical route leads; negative where quantum does."""
    return math.log10(quantum_s / classical_s) if quantum_s > 0 else -math.inf


def _letters(name: str) -> str:
    """Return the capitals of a route's name: CG by products is P."""
    return {"quantum": "Q", "CG by products": "P"}.get(name, name[:2].rstrip())


def _cell(axes: Axes, place: tuple[int, int], color: str, part: float, text: str) -> None:
    from matplotlib.patches import Rectangle

    x, y = place
    shade = 0.15 + 0.6 * part
    patch = Rectangle((x - 0.47, y - 0.44), 0.94, 0.88, color=color, alpha=shade, linewidth=0)
    axes.add_patch(patch)
    ink = "white" if shade > TWO_DARK else "black"
    axes.text(x, y, text, ha="center", va="center", fontsize=7, color=ink)


@in_style
def draw_time_to_loss(report: Result, *, width: float = COLUMN) -> Figure:
    """Return the loss over seconds: Newton scheduled and by quantum solves alone, and its rivals."""
    schedule, run = _schedule(report), run_of(report)
    figure, axes = new_figure(width=width, height=2.6)
    found = {
        "Newton, scheduled": _times(schedule, is_quantum=False),
        "Newton, quantum alone": _times(schedule, is_quantum=True),
    }
    for color, (label, times) in zip(COLORS, found.items(), strict=False):
        if all(map(math.isfinite, times)):
            axes.loglog(times, run.losses[1:], "o-", markersize=3, color=color, label=label)
    for color, rival, priced in zip(COLORS[2:], run.rivals, schedule.rivals, strict=False):
        count = priced.iterations or len(rival.losses)
        one = priced.seconds / count
        times = [one * (index + 1) for index in range(count)]
        axes.loglog(times, rival.losses[:count], "--", color=color, label=rival.name)
    axes.axhline(schedule.target_loss, color="0.6", linewidth=0.7)
    axes.set(xlabel="time (s)", ylabel="training loss")
    axes.legend()
    return figure


def _times(schedule: Schedule, *, is_quantum: bool) -> list[float]:
    """Return the seconds after each step."""
    steps = sorted({decision.step for decision in schedule.decisions})
    spent = [
        gradient
        + sum(
            (decision.routes[0] if is_quantum else decision.route).total_s
            for decision in schedule.decisions
            if decision.step == step
        )
        for step, gradient in zip(steps, schedule.gradient_s, strict=True)
    ]
    return list(accumulate(spent))
