"""The tables of a report, filled once and rendered as text, LaTeX or HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

LONGEST_WORD = 14
"""Of a name in a first column, so that names break between words only."""

GAP = 2
"""Blanks that go with a column."""


@dataclass(kw_only=True)
class Sheet:
    """One table before it is rendered; as text its columns wrap between words, numbers stay whole.

    Args:
        title: above it.
        columns: their names; an empty one has no heading.
        units: under the names, empty where there are none; text leaves them out.
        wide: column that takes the text, besides the first; the others are numbers.
        keep: whether names in the first column stay on one line.
        is_below: whether text has the wide column below the table where one of its words would break.
        has_symbols: whether the first column holds names of symbols.
        rows: cells as text, numbers as `report.units` writes them.
        rules: how many rows stand above each inner rule.
        notes: lines below it.
    """

    title: str
    columns: tuple[str, ...]
    units: tuple[str, ...] = ()
    wide: int = 0
    keep: bool = False
    is_below: bool = False
    has_symbols: bool = False
    rows: list[tuple[str, ...]] = field(default_factory=list)
    rules: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add_row(self, *cells: str) -> None:
        """Add one row."""
        self.rows.append(cells)

    def add_section(self) -> None:
        """Draw a rule under the rows so far."""
        self.rules.append(len(self.rows))

    def only(self, names: Sequence[str]) -> Sheet:
        """Return the columns of these names, in their own order."""
        kept = [index for index, name in enumerate(self.columns) if name in names]

        def pick(cells: Sequence[str]) -> tuple[str, ...]:
            return tuple(cells[index] for index in kept)

        return replace(
            self,
            columns=pick(self.columns),
            units=pick(self.units) if self.units else (),
            rows=[pick(row) for row in self.rows],
            wide=kept.index(self.wide) if self.wide in kept else 0,
        )

    def is_text(self, index: int) -> bool:
        """Say whether a column holds words, not numbers."""
        return index in (0, self.wide)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.is_below and self._least_width() > options.max_width:
            yield self._with_text_below()
            return
        table = self._table()
        lines = Segment.split_lines(console.render(table, options))
        if max(map(Segment.get_line_length, lines)) > options.max_width:
            # rich shares the lack of room between all columns that wrap before it looks at the least
            # width of one: hold the first, so that the other takes it all
            longest = max(len(row[0]) for row in self.rows)
            table.columns[0].width = min(LONGEST_WORD, longest)
        yield table
        if self.notes:
            yield from map(_below, self.notes)
            yield ""

    def _least_width(self) -> int:
        """Return the width below which a word of the wide column breaks."""
        total = 0
        for index, cells in enumerate(zip(self.columns, *self.rows, strict=True)):
            is_wide = index == self.wide
            parts = [part for cell in cells for part in (cell.split() if is_wide else [cell])]
            total += GAP + max(len(line) for part in parts for line in (part.splitlines() or [""]))
        return total

    def _with_text_below(self) -> Sheet:
        """Return the table without its wide column, which follows in lines."""
        lines = [f"{row[0]}: {row[self.wide]}" for row in self.rows if row[self.wide]]
        names = [name for index, name in enumerate(self.columns) if index != self.wide]
        return replace(self.only(names), is_below=False, notes=[*lines, *self.notes])

    def _table(self) -> Table:
        table = Table(
            title=self.title,
            title_justify="left",
            title_style="",
            box=box.SIMPLE_HEAD,
            show_header=any(self.columns),
            padding=(0, 1),
            collapse_padding=True,
            pad_edge=False,
        )
        for index, name in enumerate(self.columns):
            table.add_column(
                name,
                justify="left" if self.is_text(index) else "right",
                overflow="fold",
                no_wrap=not self.is_text(index) or (index == 0 and self.keep),
                min_width=LONGEST_WORD if index == 0 and not self.keep else None,
            )
        for count, row in enumerate(self.rows, start=1):
            table.add_row(*row, end_section=count in self.rules)
        return table


def grid(
    title: str, *columns: str, wide: int = 0, keep: bool = False, has_symbols: bool = False
) -> Sheet:
    """Return an empty table, see `Sheet`."""
    return Sheet(title=title, columns=columns, wide=wide, keep=keep, has_symbols=has_symbols)


def bullet(text: str) -> Padding:
    """Return one line of a list, wrapped under itself."""
    line = Table.grid(padding=0)
    line.add_column(width=2)
    line.add_column(overflow="fold")
    line.add_row("-", Text(text))
    return Padding(line, (0, 0, 0, 2))


def _below(text: str) -> Padding:
    """Return a line under a table."""
    return Padding(Text(text), (0, 0, 0, 2))
