r"""Records as small HTML tables, in one style, without a script and without heavy imports.

What a notebook shows of a quantity, a measurement, a scenario or a report is made of these. Text is
escaped; `2.48e15` becomes 2.48 &times; 10<sup>15</sup>, `1.7..1.8` an interval.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

NUMBER = re.compile(
    r"(?<![\w.-])(?P<sign>-?)(?P<digits>\d[\d,]*(?:\.\d+)?)(?:e(?P<power>[+-]?\d+))?(?P<us> us\b)?(?!\w)"
)
"""A number as `report.units` writes it; names such as `superconducting-1e-4` are none."""
INTERVAL = re.compile(r"^(-?[\d.,]+(?:e[+-]?\d+)?)\.\.(-?[\d.,]+(?:e[+-]?\d+)?)$")
"""An interval as the tables of a report write it."""

TABLE = "border-collapse:collapse;font-size:90%;margin:0.4em 0 1em"
CELL = "padding:0.15em 0.7em;text-align:{align};vertical-align:top"
RULE = "border-top:1px solid #999;"


def html_text(text: str) -> str:
    """Return plain text as HTML that prints it, numbers with powers of ten."""
    ends = INTERVAL.match(text)
    if ends:
        return f"[{html_text(ends[1])}, {html_text(ends[2])}]"
    parts, last = [], 0
    for found in NUMBER.finditer(text):
        parts += [html.escape(text[last : found.start()]), _number(found)]
        last = found.end()
    return "".join([*parts, html.escape(text[last:])])


def html_table(
    rows: Sequence[Sequence[str]],
    *,
    head: Sequence[str] = (),
    caption: str = "",
    words: Sequence[int] = (0,),
    rules: Sequence[int] = (),
) -> str:
    """Return a table of plain text as HTML.

    Args:
        rows: cells, not escaped yet.
        head: names of the columns, empty for none.
        caption: above the table.
        words: columns that hold words; the others are numbers, and flush right.
        rules: how many rows stand above each inner rule.
    """

    def cell(tag: str, column: int, text: str, rule: str = "") -> str:
        style = rule + CELL.format(align="left" if column in words else "right")
        return f'<{tag} style="{style}">{html_text(text)}</{tag}>'

    lines = [f'<table style="{TABLE}">']
    if caption:
        style = "text-align:left;font-weight:bold;padding:0.3em 0.7em"
        lines.append(f'<caption style="{style}">{html_text(caption)}</caption>')
    if any(head):
        cells = "".join(cell("th", column, name) for column, name in enumerate(head))
        lines.append(f"<thead><tr>{cells}</tr></thead>")
    lines.append("<tbody>")
    for index, row in enumerate(rows):
        rule = RULE if index in rules or (index == 0 and any(head)) else ""
        cells = "".join(cell("td", column, text, rule) for column, text in enumerate(row))
        lines.append(f"<tr>{cells}</tr>")
    return "\n".join([*lines, "</tbody></table>"])


def spell(value: Any) -> str:
    """Return a value of a record as text: numbers with six digits, integers whole."""
    if value is None:
        return "unknown"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) and abs(value) < 10**12 else f"{value:.6g}"


def _number(found: re.Match[str]) -> str:
    sign = "&minus;" if found["sign"] else ""
    power = ""
    if found["power"]:
        digits = str(int(found["power"])).replace("-", "&minus;")
        power = f"&nbsp;&times;&nbsp;10<sup>{digits}</sup>"
    unit = "&nbsp;&micro;s" if found["us"] else ""
    return f"{sign}{found['digits']}{power}{unit}"
