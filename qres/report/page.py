"""A report as HTML: the part that a notebook shows, and a page of its own without a network."""

from __future__ import annotations

import html
import io
from importlib.util import find_spec
from typing import TYPE_CHECKING

from qres.notation.card import html_table, html_text
from qres.report.assumptions import assumptions
from qres.report.grid import Sheet
from qres.report.opening import first_screen, question
from qres.report.platforms import classical_lines
from qres.report.record import Result
from qres.report.sheets import identity, sheets
from qres.report.table import SCOPE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = (
    "body{font-family:system-ui,sans-serif;max-width:72em;margin:2em auto;padding:0 1em;"
    "line-height:1.4}svg{max-width:100%;height:auto}"
)


def fragment(report: Result) -> str:
    """Return the report as HTML without a frame, as a notebook shows it."""
    parts = [
        f"<h3>{html_text(question(report))}</h3>",
        *(f"<p>{html_text(line)}</p>" for line in first_screen(report)),
        *(_table(sheet, caption) for sheet, caption in sheets(report)),
        _list("Classical", classical_lines(report)),
        _list("Assumptions", assumptions(report)),
        _list("Warnings", [f"{code}: {message}" for code, message in report.warnings]),
        f"<p>{html_text(SCOPE)}</p>",
        f"<p><small>{html.escape(identity(report))}</small></p>",
    ]
    return "\n".join(filter(None, parts))


def page(report: Result) -> str:
    """Return the report as one HTML file that needs no other; the stages drawn where they can be."""
    title = html.escape(question(report))
    head = f'<meta charset="utf-8">\n<title>{title}</title>\n<style>{STYLE}</style>'
    body = f"{fragment(report)}\n{_drawing(report)}"
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'


def _drawing(report: Result) -> str:
    """Return the stages as inline SVG; empty without prices or without matplotlib."""
    if not has_figure(report) or find_spec("matplotlib") is None:
        return ""
    figures = [draw(report, "svg")]
    if report.schedule is not None:
        from qres.report.figures.newton import draw_conditions, draw_time_to_loss

        beside = (draw_conditions, draw_time_to_loss)
        figures += [write_figure(report, draw(report), "svg") for draw in beside]
    texts = (figure.decode("utf-8") for figure in figures)
    return "\n".join(text[text.index("<svg") :] for text in texts)


def has_figure(report: Result) -> bool:
    """Say whether there are magic states or a schedule to draw."""
    return report.schedule is not None or has_stages(report)


def has_stages(report: Result) -> bool:
    """Say whether there are magic states to draw."""
    return report.priced is not None and float(report.priced.logical.magic_states) > 0


def draw(report: Result, kind: str) -> bytes:
    """Return the stages as a picture, `svg` or `png`, the same bytes for the same report.

    Raises:
        InfeasibleError: there is no price.
    """
    from qres.report.figures.flame import draw_flame
    from qres.report.figures.newton import draw_schedule

    figure = draw_flame(report) if report.schedule is None else draw_schedule(report)
    return write_figure(report, figure, kind)


def write_figure(report: Result, figure: Figure, kind: str) -> bytes:
    """Return a figure of a report as `svg` or `png`, the same bytes for the same report."""
    import matplotlib as mpl

    stream = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    with mpl.rc_context({"svg.hashsalt": report.scenario.scenario_id}):
        figure.savefig(stream, format=kind, dpi=200, metadata=metadata)
    return stream.getvalue()


def _table(sheet: Sheet, caption: str) -> str:
    units = [f" [{unit}]" if unit else "" for unit in sheet.units or [""] * len(sheet.columns)]
    head = [name + unit for name, unit in zip(sheet.columns, units, strict=True)]
    words = [index for index in range(len(sheet.columns)) if sheet.is_text(index)]
    found = html_table(sheet.rows, head=head, caption=caption, words=words, rules=sheet.rules)
    return found + "".join(
        f"<p><small>{html_text(note)}</small></p>" for note in sheet.notes if note
    )


def _list(title: str, texts: list[str]) -> str:
    if not texts:
        return ""
    items = "".join(f"<li>{html_text(text)}</li>" for text in texts)
    return f"<h4>{html.escape(title)}</h4><ul>{items}</ul>"
