"""Tables of claimed and found that fit a terminal of 80 columns.

A name stands on a line of its own above its rows, and what differs on a line below the row.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 80
"""Columns that every line fits."""


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Args:
        cells: its columns as text.
        is_equal: whether claimed and found agree.
        name: what it belongs to; empty if the cells say so.
        detail: what is said where they differ.
    """

    cells: str
    is_equal: bool
    name: str = ""
    detail: str = ""


def table(head: str, rows: Iterable[Row]) -> list[str]:
    """Return the lines of a table: the head, and below each name its rows.

    Args:
        head: titles of the columns.
        rows: in any order; names in that of their first row.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.name, []).append(row)
    lines = [head]
    for name, group in groups.items():
        lines += [name] if name else []
        for row in group:
            lines.append(row.cells.rstrip())
            if not row.is_equal:
                lines += _below("DIFFERS" + (f": {row.detail}" if row.detail else ""))
    return lines


def _below(words: str) -> list[str]:
    return textwrap.wrap(words, WIDTH, initial_indent=" " * 4, subsequent_indent=" " * 6)


def text(words: str) -> list[str]:
    """Return the lines of a text above or below a table."""
    return textwrap.wrap(words, WIDTH)


def counts(*found: tuple[str, Iterable[int]]) -> str:
    """Return those (name, counts) that are not one number, in words."""
    lists = ((name, [f"{number:,}" for number in numbers]) for name, numbers in found)
    return "; ".join(f"{name} {' / '.join(each)}" for name, each in lists if len(set(each)) > 1)
