"""The files that a report can be written to; the suffix decides. Light: nothing heavy is loaded."""

from __future__ import annotations

import csv
import io
import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qres.errors import InfeasibleError, InputError

if TYPE_CHECKING:
    from qres.report.report import Report

SUFFIXES = (".json", ".csv", ".tex", ".bib", ".html", ".pdf", ".svg", ".png")

COUNTS = ".qdk.json"
"""End of the name of a file that takes the logical counts alone, as the QDK reads them."""

PICTURES = {
    f".{name}.{kind}": method
    for name, method in {
        "frontier": "draw_frontier",
        "conditions": "draw_conditions",
        "loss": "draw_time_to_loss",
    }.items()
    for kind in ("svg", "png")
}
"""Ends of the names of files that take another picture than the stages or the schedule."""


def format_of(path: Path) -> str:
    """Return what decides about a file's content: one of the longer ends, or its suffix."""
    return next((end for end in (COUNTS, *PICTURES) if path.name.endswith(end)), path.suffix)


def check_format(path: Path) -> None:
    """Refuse a file that could not be made here, whatever the report holds.

    Raises:
        InputError: an unknown suffix, no TeX for `.pdf`, no matplotlib for `.svg` and `.png`.
    """
    if path.suffix not in SUFFIXES:
        raise InputError(f"{path}: the suffix must be {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}")
    if path.suffix == ".pdf":
        from qres.report.pdf import check_tex

        check_tex(str(path))
    if path.suffix in (".svg", ".png") and find_spec("matplotlib") is None:
        raise InputError(f"{path}: needs matplotlib; install it with: pip install matplotlib")


def content(report: Report, suffix: str) -> str | bytes:
    """Return the content of the file of one suffix of `SUFFIXES`, of `COUNTS` or of `PICTURES`.

    Raises:
        InputError: a picture of a report that has no magic states or fits no machine, or counts of
            one without a price.
        ToolError: pdflatex failed.
    """
    if suffix == ".json":
        return json.dumps(report.to_dict(), indent=2, allow_nan=False) + "\n"
    if suffix == COUNTS:
        return _counts(report)
    if suffix == ".csv":
        return _csv(report)
    if suffix == ".html":
        from qres.report.page import page

        return page(report)
    if suffix in (".svg", ".png", *PICTURES):
        return _picture(report, suffix)
    if suffix == ".bib":
        from qres.notation.bibtex import bibliography
        from qres.report.bibliography import sources

        return bibliography(sources(report))
    from qres.report.latex_report import document

    if suffix == ".tex":
        return document(report)
    from qres.report.pdf import make_pdf

    return make_pdf(document(report))


def _counts(report: Report) -> str:
    if report.schedule is not None:
        raise InputError(f"{COUNTS}: a Newton run is many jobs; it has no single count")
    if report.priced is None:
        raise InputError(f"{COUNTS}: there are no counts: {': '.join(report.failure or ())}")
    return json.dumps(report.to_logical_counts(), indent=2) + "\n"


def _picture(report: Report, suffix: str) -> bytes:
    from qres.report.page import draw, has_figure, write_figure

    if suffix in PICTURES:
        try:
            figure = getattr(report, PICTURES[suffix])()
        except InfeasibleError as error:
            raise InputError(f"{suffix}: there is nothing to draw: {error}") from error
        return write_figure(report, figure, suffix.rpartition(".")[2])
    if not has_figure(report):
        stage, reason = report.failure or ("stages", "no magic states are used")
        raise InputError(f"{suffix}: there is nothing to draw: {stage}: {reason}")
    return draw(report, suffix.removeprefix("."))


def _rows(report: Report) -> list[dict[str, Any]]:
    """Return the stages, or the linear systems of a Newton run."""
    if report.schedule is None:
        return report.to_dict()["stages"]
    from qres.report.newton import decision_rows

    return decision_rows(report)


def _csv(report: Report) -> str:
    rows = _rows(report)
    stream = io.StringIO()
    names = list(rows[0]) if rows else ["name"]
    writer = csv.DictWriter(stream, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
