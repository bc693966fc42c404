"""The tables of a report: text columns wrap between words, numbers stay whole."""

from __future__ import annotations

from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

LONGEST_WORD = 14
"""Of a name in a first column, so that names break between words only."""


def grid(title: str, *columns: str, wide: int = 0, keep: bool = False) -> Table:
    """Return an empty table.

    Args:
        title: above it.
        columns: their names; an empty one has no heading.
        wide: column that takes the text, besides the first; the others are numbers.
        keep: whether names in the first column stay on one line.
    """
    table = Table(
        title=title,
        title_justify="left",
        title_style="",
        box=box.SIMPLE_HEAD,
        show_header=any(columns),
        padding=(0, 1),
        collapse_padding=True,
        pad_edge=False,
    )
    for index, name in enumerate(columns):
        is_text = index in (0, wide)
        table.add_column(
            name,
            justify="left" if is_text else "right",
            overflow="fold",
            no_wrap=not is_text or (index == 0 and keep),
            min_width=LONGEST_WORD if index == 0 and not keep else None,
        )
    return table


def bullet(text: str) -> Padding:
    """Return one line of a list, wrapped under itself."""
    line = Table.grid(padding=0)
    line.add_column(width=2)
    line.add_column(overflow="fold")
    line.add_row("-", Text(text))
    return Padding(line, (0, 0, 0, 2))
