"""A Newton run drawn: its condition numbers, where each system is solved, and the loss over time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from qres.errors import InputError
from qres.measurement.newton.record import NewtonRun
from qres.pricing.schedule import Decision, Route, Schedule
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

GAP = 3
"""Decades without a point after which the axis of time is cut."""

GOAL = "goal: Newton's last loss"
"""Of the level line under the curves of the loss."""

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
        _number_decades(axes, is_whole=axes is panels[1])
    if len(names) <= MOST_NAMED:
        panels[0].legend()
    return figure


def _number_decades(axes: Axes, *, is_whole: bool = False) -> None:
    """Write plain numbers beside a logarithmic axis, in few decades more than one of each."""
    from matplotlib.ticker import FormatStrFormatter, LogLocator, MaxNLocator, NullLocator

    low, high = axes.get_ylim()
    within = MaxNLocator(nbins=6, integer=is_whole)  # of 1, 2 and 5 there may be one
    decades = LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,))
    axes.yaxis.set_major_locator(within if high < 10 * low else decades)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))


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
    """Return loss (upper panel) and held-out accuracy (lower) over seconds, of Newton and its rivals.

    Newton is drawn as scheduled, without a scheduler on the device alone, and by quantum solves alone.
    The goal is the loss that it ends with. The axis of time is cut where nothing happens for `GAP`
    decades. Without held-out samples there is one panel.
    """
    schedule = _schedule(report)
    curves = list(_curves(schedule, run_of(report)))
    has_accuracy = all(curve.accuracies for curve in curves)
    groups = _groups(curves)
    figure, panels = _cut_panels(1 + has_accuracy, len(groups), width)
    for number, row in enumerate(panels):
        for axes, group in zip(row, groups, strict=True):
            for curve in group:
                values = curve.accuracies if number else curve.losses
                axes.plot(curve.times, values, curve.line, color=curve.color, label=curve.label)
            axes.set(xscale="log", yscale="linear" if number else "log")
            if not number:
                label = GOAL if axes is row[0] else None  # once in the legend
                axes.axhline(schedule.target_loss, color="0.6", linewidth=0.7, label=label)
    _label(figure, panels, [*(curve.label for curve in curves), GOAL])
    return figure


def _groups(curves: Sequence[_Curve]) -> list[list[_Curve]]:
    """Return the curves by time: those that are over long before the next one begins stand apart."""
    rows = sorted(curves, key=lambda curve: curve.times[0])
    found = [[rows[0]]]
    for curve in rows[1:]:
        over = max(other.times[-1] for other in found[-1])
        if curve.times[0] > over * 10**GAP:
            found.append([])
        found[-1].append(curve)
    return found


def _cut_panels(rows: int, columns: int, width: float) -> tuple[Figure, list[list[Axes]]]:
    """Return panels by row and column, the first column the widest; values shared along a row."""
    figure, plain = new_panels(rows, width=width, height=1.9)
    for axes in plain:
        axes.remove()
    grid = figure.add_gridspec(rows, columns, width_ratios=(4, *(1 for _ in range(1, columns))))
    panels: list[list[Axes]] = []
    for row in range(rows):
        panels.append([])
        for column in range(columns):
            beside = panels[row][0] if column else None
            above = panels[0][column] if row else None
            panels[row].append(figure.add_subplot(grid[row, column], sharex=above, sharey=beside))
    return figure, panels


def _label(figure: Figure, panels: Sequence[Sequence[Axes]], names: Sequence[str]) -> None:
    """Name the axes, and the curves above them, in the order of their names."""
    from matplotlib.ticker import LogLocator

    for name, row in zip(("training loss", "held-out accuracy"), panels, strict=False):
        row[0].set_ylabel(name)
        for other in row[1:]:
            other.tick_params(left=False, labelleft=False, which="both")
            other.spines["left"].set_visible(False)
            other.xaxis.set_major_locator(LogLocator(numticks=3))
            other.xaxis.set_minor_locator(LogLocator(numticks=1))
            other.margins(x=0.15)
    panels[-1][0].set_xlabel("time (s)")
    shown = [line for axes in panels[0] for line in axes.get_lines()]
    lines = {str(line.get_label()): line for line in shown}
    figure.legend([lines[name] for name in names], names, loc="outside upper left", ncols=2)
    _number_decades(panels[0][0])


@dataclass(frozen=True)
class _Curve:
    """One method: what it has reached at which time, and how it is drawn."""

    label: str
    color: str
    line: str
    times: Sequence[float]
    losses: Sequence[float]
    accuracies: Sequence[float]


def _curves(schedule: Schedule, run: NewtonRun) -> Iterator[_Curve]:
    known = [*(step.held_out_accuracy for step in run.steps[1:]), run.final_accuracy]
    accuracies = [accuracy for accuracy in known if accuracy is not None]
    for label, color, line, pick in (
        ("Newton, scheduled", COLORS[0], "o-", lambda decision: decision.route),
        ("Newton, classical alone", COLORS[0], "s:", lambda decision: decision.unscheduled),
        ("Newton, quantum alone", COLORS[1], "o-", lambda decision: decision.routes[0]),
    ):
        times = _times(schedule, pick)
        if all(map(math.isfinite, times)):
            yield _Curve(label, color, line, times, run.losses[1:], accuracies)
    for color, rival, priced in zip(COLORS[2:], run.rivals, schedule.rivals, strict=False):
        count = priced.iterations or len(rival.losses)
        times = [priced.seconds / count * (index + 1) for index in range(count)]
        yield _Curve(rival.name, color, "--", times, rival.losses[:count], rival.accuracies[:count])


def _times(schedule: Schedule, pick: Callable[[Decision], Route]) -> list[float]:
    """Return the seconds after each step, each system by the route that is picked."""
    steps = sorted({decision.step for decision in schedule.decisions})
    spent = [
        gradient
        + sum(pick(decision).total_s for decision in schedule.decisions if decision.step == step)
        for step, gradient in zip(steps, schedule.gradient_s, strict=True)
    ]
    return list(accumulate(spent))
