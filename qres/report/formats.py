"""The files that a report can be written to; the suffix decides. Light: nothing heavy is loaded."""

from __future__ import annotations

import csv
import io
import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from qres.errors import InputError

if TYPE_CHECKING:
    from qres.report.report import Report

SUFFIXES = (".json", ".csv", ".tex", ".bib", ".html", ".pdf", ".svg", ".png")


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
    """Return the content of the file of one suffix of `SUFFIXES`.

    Raises:
        InputError: a picture of a report that has no magic states.
        ToolError: pdflatex failed.
    """
    if suffix == ".json":
        return json.dumps(report.to_dict(), indent=2, allow_nan=False) + "\n"
    if suffix == ".csv":
        return _csv(report)
    if suffix == ".html":
        from qres.report.page import page

        return page(report)
    if suffix in (".svg", ".png"):
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


def _picture(report: Report, suffix: str) -> bytes:
    from qres.report.page import draw, has_figure

    if not has_figure(report):
        stage, reason = report.failure or ("stages", "no magic states are used")
        raise InputError(f"{suffix}: there is nothing to draw: {stage}: {reason}")
    return draw(report, suffix.removeprefix("."))


def _csv(report: Report) -> str:
    rows = report.to_dict()["stages"]
    stream = io.StringIO()
    names = list(rows[0]) if rows else ["name"]
    writer = csv.DictWriter(stream, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
