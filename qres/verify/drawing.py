"""Circuits as Qualtran draws them, several in one figure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS, LINES = 36, 16
"""What is drawn of a circuit: of a larger one the first of each."""

_UNIT, _WIDTH, _TITLE = 0.27, 42, 1.6
_FONT, _TITLE_FONT, _LETTER, _SHORT = 6, 8, 0.32, 24


def draw_circuits(circuits: Mapping[str, Any]) -> Figure:
    """Return a figure of circuits, one step down each: a line is a register, time runs to the right.

    Args:
        circuits: title to a bloq that decomposes.
    """
    import matplotlib.pyplot as plt
    from qualtran.drawing import get_musical_score_data

    scores = {
        title: get_musical_score_data(bloq.decompose_bloq()) for title, bloq in circuits.items()
    }
    sizes = [
        (_spread(score) * (min(score.max_x, COLUMNS) + 4), min(score.max_y, LINES) + 2.5 + _TITLE)
        for score in scores.values()
    ]
    titles = [f"{title}{_share(score)}" for title, score in scores.items()]
    boxes = [(max(w, len(t) * _LETTER), h) for t, (w, h) in zip(titles, sizes, strict=True)]
    places, height = _packed(boxes)
    figure = plt.figure(figsize=(_UNIT * _WIDTH, _UNIT * height))
    for title, score, (left, top), (wide, high) in zip(
        titles, scores.values(), places, sizes, strict=True
    ):
        place = (left / _WIDTH, 1 - (top + high) / height, wide / _WIDTH, (high - _TITLE) / height)
        axes = figure.add_axes(place)
        axes.set_title(title, fontsize=_TITLE_FONT, loc="left", pad=1)
        _draw(axes, score)
    return figure


def _spread(score: Any) -> float:
    """Short circuits have room for wider columns."""
    return 1.5 if score.max_x <= _SHORT else 1.0


def _share(score: Any) -> str:
    """What is drawn of a circuit that is too large."""
    if score.max_x <= COLUMNS and score.max_y <= LINES:
        return ""
    return f" (its beginning: {score.max_x + 1} columns, {score.max_y + 1} lines in all)"


def _packed(sizes: Sequence[tuple[float, float]]) -> tuple[list[tuple[float, float]], float]:
    """Return the left upper corners of boxes set in rows, and the height of all rows."""
    places, left, top, high = [], 0.0, 0.0, 0.0
    for wide, tall in sizes:
        if left and left + wide > _WIDTH:
            left, top, high = 0.0, top + high, 0.0
        places.append((left, top))
        left, high = left + wide, max(high, tall)
    return places, top + high


def _draw(axes: Axes, score: Any) -> None:
    for line in score.hlines:
        end = min(line.seq_x_end, COLUMNS + 0.8)
        if line.seq_x_start < end and line.y <= LINES:
            is_bit = line.flavor.name == "CLASSICAL"
            color = "#0072B2" if is_bit else "0.4"
            axes.hlines(-line.y, line.seq_x_start, end, color=color, lw=0.7, zorder=-1)
    for line in score.vlines:
        if line.x <= COLUMNS and line.bottom_y <= LINES:
            low = min(line.top_y, LINES + 0.8)
            axes.vlines(line.x, -line.bottom_y, -low, color="0.4", lw=0.7, zorder=-1)
            if line.label.text:
                line.label.draw(axes, line.x, line.bottom_y - 0.5)
    for item in score.soqs:
        if item.rpos.seq_x <= COLUMNS and item.rpos.y <= LINES:
            item.symb.draw(axes, item.rpos.seq_x, item.rpos.y)
    for text in axes.texts:
        text.set_fontsize(_FONT)
        name = text.get_text().split("/")[0].replace("phase_gradient", "gradient")
        text.set_text(re.sub(r"\(-?\d.*", "", name))
    axes.set_xlim(-2.4, min(score.max_x, COLUMNS) + 1.6)
    axes.set_ylim(-min(score.max_y, LINES) - 1, 1.5)
    axes.axis("off")
