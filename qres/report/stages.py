"""The tables of gates: stages, solvers side by side, error budget."""

from __future__ import annotations

import math

from qres.logical.record import StageCost
from qres.pricing.record import Rival
from qres.report.grid import Sheet, grid
from qres.report.record import Result
from qres.report.result import budget_row, stage_row
from qres.report.totals import job_bound, logical_totals, whole
from qres.report.units import count, duration, number, percent

ROOM_FOR_KINDS = 92
"""Columns from which the stages show their kind; JSON always does."""


def stages(report: Result, width: int) -> list[Sheet]:
    """Return the stages for text of `width` columns; layers only where they differ from gates."""
    if report.job is None or report.priced is None:
        return []
    names = ["stage", "calls", "Toffoli", "T", "qubits", "share"]
    names += ["layers"] if report.priced.logical.depth is not None else []
    names += ["kind"] if width >= ROOM_FOR_KINDS else []
    return [stage_sheet(report).only(names)]


def stage_sheet(report: Result) -> Sheet:
    """Return the stages and their total with all columns; for a job that was priced."""
    names = ("stage", "calls", "Toffoli", "T", "rotations", "layers", "qubits", "share", "kind")
    sheet = grid("Stages", *names)
    sheet.units = ("", "", "gates", "gates", "", "", "logical", "of magic states", "")
    for stage in report.priced.stages if report.priced else ():
        sheet.add_row(*_cells(report, stage))
    sheet.add_section()
    sheet.add_row(*_total_cells(report))
    methods = (item.method for item in logical_totals(report).values() if item is not None)
    sheet.notes = [next(methods, ""), *_side_lines(report)]
    return sheet


def _cells(report: Result, stage: StageCost) -> list[str]:
    row = stage_row(report, stage)
    if stage.is_classical:
        has_gradients = bool(row["gradients"])
        work = f"{count(row['gradients'])} gradients" if has_gradients else ""
        calls = work or f"{count(row['flops'])} FLOPs"
        return [stage.name, calls, "", "", "", "", "", "classical", row["kind"]]
    return [
        stage.name,
        count(row["calls"]),
        count(row["toffoli"]),
        count(row["t"]),
        count(row["rotations"]),
        count(row["layers"]),
        count(row["logical_qubits"]) if row["logical_qubits"] else "",
        percent(row["share"]),
        row["kind"],
    ]


def _total_cells(report: Result) -> list[str]:
    totals = logical_totals(report)
    found = [totals[name] for name in ("toffoli", "t", "rotations")]
    gates = ["" if item is None else count(item.value) for item in found]
    width, depth = totals["logical_qubits"], report.priced.logical.depth if report.priced else None
    layers = "" if depth is None else count(whole(depth))
    qubits = count(width.value) if width else ""
    words = {"lower": "optimistic", "upper": "upper bound"}
    return ["total", "", *gates, layers, qubits, "100%", words.get(job_bound(report), "")]


def _side_lines(report: Result) -> list[str]:
    """Return the seconds of the classical stages on the device."""
    found = report.priced.stage_s if report.priced else {}
    times = [f"{name} {duration(float(seconds))}" for name, seconds in found.items() if seconds > 0]
    if not times:
        return []
    return [f"classical stages on one {report.device.name}: {', '.join(times)}"]


def solvers(report: Result, width: int) -> list[Sheet]:
    """Return the solvers side by side, where several were asked for; all of it where there is room."""
    if not report.rivals:
        return []
    names = ("solver", "U_A", "U_b", "one run", "flag", "runs", "magic states", "kind")
    narrow = ("U_b", "kind")
    shown = [i for i, name in enumerate(names) if width >= ROOM_FOR_KINDS or name not in narrow]
    table = grid("Solvers", *(names[i] for i in shown), keep=True)
    for row in report.rivals:
        cells = _rival_cells(row)
        table.add_row(*(cells[i] for i in shown))
    known = [row.magic_states for row in report.rivals if row.magic_states is not None]
    table.notes = [
        "U_A, U_b: expected uses for one solution; one run: uses of U_A without restarts; the"
        f" constants of the solvers spread the job over a factor {number(max(known) / min(known))}"
    ]
    table.notes += [f"{row.solver}: {row.reason}" for row in report.rivals if row.queries is None]
    return [table]


def _rival_cells(row: Rival) -> list[str]:
    if row.queries is None:
        return [row.solver, *("-" * 5), "see below", row.kind]
    queries = [math.ceil(cell) for cell in (*row.queries, row.run_queries or 0)]
    return [
        row.solver,
        *(count(cell) for cell in queries),
        number(row.flag_prob),
        count(row.invocations),
        count(row.magic_states),
        row.kind,
    ]


def budget(report: Result) -> list[Sheet]:
    """Return the terms of the error budget: what each may fill, what that buys, and their sum."""
    if report.job is None or not report.job.shares:
        return []
    table = grid("Error budget", "term", "share", "precision", "buys", "kind", wide=3, keep=True)
    rows = [budget_row(report, share) for share in report.job.shares]
    for row in rows:
        table.add_row(
            row["name"],
            number(row["share"]),
            number(row["value"]),
            row["bought"] or "",
            row["kind"],
        )
    table.add_section()
    table.add_row("sum", number(float(sum(row["share"] or 0 for row in rows))), "", "", "")
    return [table]
