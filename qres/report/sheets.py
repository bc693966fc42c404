"""All tables of a report with their captions, as a document or a page shows them."""

from __future__ import annotations

from collections.abc import Iterator

from qres.report.exponents import exponents
from qres.report.grid import Sheet
from qres.report.inputs import dissipation, inputs
from qres.report.opening import question
from qres.report.plan import plan
from qres.report.platforms import machine_sheet, total_sheet
from qres.report.record import Result
from qres.report.stages import budget, solvers, stage_sheet

WIDTH = 100
"""Columns for which the tables are asked: all of them."""

MAGIC = "shares are of the magic states, Toffoli gates and half the T gates"
"""What the shares of the stages are shares of."""


def sheets(report: Result) -> Iterator[tuple[Sheet, str]]:
    """Yield the tables with their captions in the order of reading."""
    name = report.scenario.name
    if report.schedule is not None:
        from qres.report.newton_screen import newton_sheets

        yield from newton_sheets(report, WIDTH)
    if report.priced is not None:
        if report.job is not None:
            yield _stages(report), f"Stages of {question(report)}; {MAGIC}."
        yield (
            total_sheet(report),
            f"Totals of {name}; intervals as measured inputs leave them, sharp where four digits agree.",
        )
    for sheet in plan(report):
        yield sheet, f"What was chosen for {name}."
    for sheet in inputs(report):
        if sheet.rows:
            yield sheet, f"What went in: {name}."
    for sheet in dissipation(report):
        yield sheet, "How far training steps damp errors, and how far the gradient is from linear."
    for sheet in solvers(report, WIDTH):
        yield sheet, "Linear solvers side by side."
    for sheet in budget(report):
        yield sheet, "Error budget: what each term may fill, and what that buys."
    if report.priced is not None:
        yield machine_sheet(report), f"Machines for {name}: physical qubits, code distance."
    for sheet in exponents(report):
        yield sheet, "Published exponents beside those of this estimate."


def _stages(report: Result) -> Sheet:
    """Return the stages with every column that says something."""
    sheet = stage_sheet(report)
    has_layers = report.priced is not None and report.priced.logical.depth is not None
    return sheet.only([name for name in sheet.columns if has_layers or name != "layers"])


def identity(report: Result) -> str:
    """Return the scenario's id and the versions behind the numbers, in one line."""
    found = report.versions.items()
    versions = ", ".join(f"{name} {text}" for name, text in found if text != "not installed")
    return f"Scenario {report.scenario.scenario_id}; {versions}."
