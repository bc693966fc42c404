"""Lines of a tree, wrapped under themselves."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

STEP = 2
"""Columns of one level."""


def line(text: str, level: int = 0, *, hang: int = 4) -> tuple[int, int, str]:
    """Return one line of an outline: level, extra columns of its continuation, text."""
    return level, hang, " ".join(text.split())


def laid_out(lines: Iterable[tuple[int, int, str]], width: int) -> str:
    """Return an outline as text; words longer than a line stay whole."""
    found = []
    for level, hang, text in lines:
        start = " " * (STEP * level)
        found += textwrap.wrap(
            text,
            width,
            initial_indent=start,
            subsequent_indent=start + " " * hang,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(found)
