"""The flame graph of a job: what uses the magic states, and within that what.

The top row is the whole job, below it the stages, below each the parts of its price, to scale. A
box is named where its name fits; stages too narrow for that are named under the figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qres.errors import InfeasibleError
from qres.report.figures.parts import Part, split_cost
from qres.report.figures.style import COLORS, PAGE, in_style, lighten, new_figure
from qres.report.record import Result
from qres.report.units import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DEEPEST = 7
"""Rows at most, the whole job being the first."""

VISIBLE = 0.02
"""A row without a box of this share is left out."""

ROW_IN = 0.42
"""Height of a row in inches; a name and a line of detail fit in."""

PAD = 0.88
"""Part of a box that its name may fill."""


@dataclass(frozen=True)
class _Box:
    part: Part
    left: float
    width: float
    row: int
    color: Any


@in_style
def draw_flame(report: Result, *, width: float = PAGE) -> Figure:
    """Return the flame graph of a report's magic states (Toffoli + T/2).

    Args:
        report: with a price.
        width: in inches; 3.4 is one column of a journal, 7.0 are both.

    Raises:
        InfeasibleError: the report has no price.
    """
    stages = split_cost(report)
    if not stages:
        stage, reason = report.failure or ("magic states", "none are used")
        raise InfeasibleError(stage, reason)
    whole = sum(stage.size for stage in stages)
    root = Part(name=report.scenario.name, detail=f"{count(whole)} magic states", size=whole)
    boxes = [_Box(root, 0.0, 1.0, 0, "0.88"), *_boxes(stages, whole)]
    rows = 1 + max(box.row for box in boxes if box.width >= VISIBLE or box.row == 1)
    boxes = [box for box in boxes if box.row < rows]
    figure, axes = new_figure(width=width, height=rows * ROW_IN + 0.65)
    _paint(axes, boxes, rows)
    figure.draw_without_rendering()
    unnamed = [box.part for box in boxes if not _label(axes, box) and box.row == 1]
    if unnamed:
        _list(figure, unnamed, whole)
    return figure


def _boxes(stages: Iterable[Part], whole: float) -> Iterator[_Box]:
    left = 0.0
    for number, stage in enumerate(stages):
        yield from _nested(stage, left, whole, 1, COLORS[number % len(COLORS)])
        left += stage.size / whole


def _nested(part: Part, left: float, whole: float, row: int, color: str) -> Iterator[_Box]:
    """Yield the box of a part and those under it, each row lighter."""
    yield _Box(
        part, left, part.size / whole, row, lighten(color, min(0.9, 0.35 + 0.15 * (row - 1)))
    )
    for inner in part.parts if row + 1 < DEEPEST else ():
        yield from _nested(inner, left, whole, row + 1, color)
        left += inner.size / whole


def _paint(axes: Axes, boxes: list[_Box], rows: int) -> None:
    for box in boxes:
        axes.barh(
            box.row,
            100 * box.width,
            left=100 * box.left,
            height=1.0,
            color=box.color,
            edgecolor="white",
            linewidth=0.6,
        )
    axes.set(xlim=(0, 100), ylim=(rows - 0.5, -0.5), xlabel="share of the magic states (%)")
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)


def _label(axes: Axes, box: _Box) -> bool:
    """Write the longest of the names that fits into a box; say whether one did."""
    ends = axes.transData.transform([(0, 0), (100 * box.width, 0)])
    room = PAD * (ends[1][0] - ends[0][0])
    middle = 100 * (box.left + box.width / 2)
    for text in _texts(box.part):
        shown = text.replace(" x ", " × ")
        label = axes.text(
            middle, box.row, shown, ha="center", va="center", fontsize=7, parse_math=False
        )
        if label.get_window_extent().width <= room:
            return True
        label.remove()
    return False


def _texts(part: Part) -> Iterator[str]:
    """Yield names of a part, the longest first."""
    name, short = part.name, part.name.partition("(")[0]
    broken = name.replace(" ", "\n", 1)
    if part.detail:
        yield f"{name}\n{part.detail}"
    yield name
    if not part.detail and "(" in name and not name.endswith("(...)"):
        yield f"{short}({name.partition('(')[2].split(',')[0].rstrip(')')}, ...)"
        yield short
    if broken.count("\n") and "(" not in name:
        yield broken


def _list(figure: Figure, parts: list[Part], whole: float) -> None:
    """Name the parts that are too narrow for a name."""
    shares = (f"{part.name} {_percent(part.size / whole)}" for part in parts)
    text = "not named above: " + ", ".join(shares)
    figure.supxlabel(text, fontsize=6.5, color="0.3", x=0.01, ha="left", wrap=True)


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 5e-4 else "< 0.1%"
