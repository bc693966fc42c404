"""The tables of gates: stages, solvers side by side, error budget."""

from __future__ import annotations

import math

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qres.logical.record import StageCost
from qres.pricing.record import Rival
from qres.report.grid import grid
from qres.report.record import Result
from qres.report.result import budget_row, stage_row
from qres.report.totals import job_bound, logical_totals, whole
from qres.report.units import count, duration, number

ROOM_FOR_KINDS = 92
"""Columns from which the stages show their kind; JSON always does."""

LEAST_SHARE = 5e-4
"""Shares below are printed as less than 0.1 %."""


def stages(report: Result, width: int) -> list[Table | Text | Padding]:
    """Return the stages and their total; layers only where they differ from the gates."""
    if report.job is None or report.priced is None:
        return []
    has_layers = report.priced.logical.depth is not None
    has_kinds = width >= ROOM_FOR_KINDS
    names = ["stage", "calls", "Toffoli", "T", "layers", "qubits", "share", "kind"]
    shown = [
        index
        for index, name in enumerate(names)
        if (name != "layers" or has_layers) and (name != "kind" or has_kinds)
    ]
    table = grid("Stages", *(names[index] for index in shown))

    def add(cells: list[str]) -> None:
        table.add_row(*(cells[index] for index in shown))

    for stage in report.priced.stages:
        add(_cells(report, stage))
    table.add_section()
    add(_total_cells(report))
    method = next((item.method for item in logical_totals(report).values() if item is not None), "")
    return [table, *(_below(line) for line in (method, *_side_lines(report))), Text("")]


def _cells(report: Result, stage: StageCost) -> list[str]:
    row = stage_row(report, stage)
    if stage.is_classical:
        has_gradients = bool(row["gradients"])
        work = f"{count(row['gradients'])} gradients" if has_gradients else ""
        calls = work or f"{count(row['flops'])} FLOPs"
        return [stage.name, calls, "", "", "", "", "classical", row["kind"]]
    return [
        stage.name,
        count(row["calls"]),
        count(row["toffoli"]),
        count(row["t"]),
        count(row["layers"]),
        count(row["logical_qubits"]) if row["logical_qubits"] else "",
        f"{row['share']:.1%}" if row["share"] >= LEAST_SHARE else "< 0.1%",
        row["kind"],
    ]


def _total_cells(report: Result) -> list[str]:
    totals = logical_totals(report)
    gates = ["" if item is None else count(item.value) for item in (totals["toffoli"], totals["t"])]
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


def solvers(report: Result, width: int) -> list[Table | Text | Padding]:
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
    lines = [
        "U_A, U_b: expected uses for one solution; one run: uses of U_A without restarts; the"
        f" constants of the solvers spread the job over a factor {number(max(known) / min(known))}"
    ]
    lines += [f"{row.solver}: {row.reason}" for row in report.rivals if row.queries is None]
    return [table, *map(_below, lines), Text("")]


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


def _below(text: str) -> Padding:
    """Return a line under a table."""
    return Padding(Text(text), (0, 0, 0, 2))


def budget(report: Result) -> list[Table]:
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
