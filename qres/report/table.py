"""The report as text: who wins first, then where the numbers come from."""

from __future__ import annotations

import io

from rich.console import Console, Group
from rich.padding import Padding
from rich.text import Text

from qres.report.assumptions import assumptions
from qres.report.exponents import exponents
from qres.report.grid import Sheet, bullet
from qres.report.inputs import dissipation, inputs
from qres.report.opening import first_screen, question
from qres.report.plan import plan
from qres.report.platforms import classical_lines, machine_sheet
from qres.report.record import Result
from qres.report.stages import budget, solvers, stages

MIN_WIDTH = 80

SCOPE = "Results concern the algorithms named here, on this model; they bound no class of problems."


def render(report: Result, width: int) -> str:
    """Return the report as text of at most `width` columns."""
    width = max(width, MIN_WIDTH)
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,
        highlight=False,
    )
    opening = (Padding(Text(line), (0, 0, 0, 2)) for line in first_screen(report))
    console.print(Group(Text(question(report)), *opening, ""))
    for part in (
        *_newton(report, width),
        *plan(report),
        *inputs(report),
        *dissipation(report),
        *stages(report, width),
        *solvers(report, width),
        *budget(report),
        *_machines(report),
        *_classical(report),
        *exponents(report),
        *_notes(report),
    ):
        console.print(part)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def _newton(report: Result, width: int) -> list[Sheet]:
    if report.schedule is None:
        return []
    from qres.report.newton_screen import newton_sheets

    return [sheet for sheet, _ in newton_sheets(report, width)]


def _machines(report: Result) -> list[Sheet]:
    return [] if report.priced is None else [machine_sheet(report)]


def _classical(report: Result) -> list[Text | Padding]:
    lines = classical_lines(report)
    return [Text(lines[0]), *map(bullet, lines[1:]), Text("")] if lines else []


def _notes(report: Result) -> list[Text | Padding]:
    lines: list[Text | Padding] = []
    texts = assumptions(report)
    if texts:
        lines.append(Text("Assumptions"))
        lines += [bullet(text) for text in texts]
    if report.warnings:
        lines.append(Text("Warnings"))
        lines += [bullet(f"{code}: {message}") for code, message in report.warnings]
    lines.append(Text(SCOPE))
    if report.scenario.defaults:
        lines.append(
            Text(f"{len(report.scenario.defaults)} values are defaults: --show defaults lists them")
        )
    return lines
