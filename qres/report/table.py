"""The report as text: who wins first, then where the numbers come from."""

from __future__ import annotations

import io

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qres.classical.record import ClassicalCost
from qres.pricing.record import Claim, Verdict
from qres.report.assumptions import assumptions
from qres.report.grid import bullet, grid
from qres.report.inputs import dissipation, inputs
from qres.report.plan import plan
from qres.report.record import Result
from qres.report.result import change_text
from qres.report.stages import budget, solvers, stages
from qres.report.totals import machine_totals
from qres.report.units import count, decades, duration, number
from qres.report.weakest import weakest_link

MIN_WIDTH = 80

LEAST_SLOPE = 0.005
"""Exponents below are not printed."""

CLAIMED = (
    "claims: Liu et al., arXiv:2303.03428, O(T polylog) or O(T^2 polylog); a co-author's text"
    " s^3 T^2/eps^2. Here: slopes of the magic states between half and twice the value."
)

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
    console.print(Group(_title(report), *_first_screen(report), ""))
    for part in (
        *plan(report),
        *inputs(report),
        *dissipation(report),
        *stages(report, width),
        *solvers(report, width),
        *budget(report),
        *_machines(report),
        *_classical(report),
        *_claims(report),
        *_notes(report),
    ):
        console.print(part)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def _title(report: Result) -> Text:
    scenario = report.scenario
    error = scenario.error
    of = " of the loss" if error.target == "loss" else ""
    asked = f"error {error.total:g}{of} with probability {1 - error.fail_prob:g}"
    if scenario.algorithm.name == "counts":
        asked = f"failure probability {error.fail_prob:g}"
    return Text(f"{scenario.name}: {scenario.algorithm.name}, {asked}")


def _first_screen(report: Result) -> list[Padding]:
    """Who wins, what dominates, the one change, and how sure all of it is."""
    lines = [_who(report)]
    lines += [f"Only for the model: {text}." for code, text in report.warnings if code == "W-MODEL"]
    verdict = report.verdict
    if verdict is not None and verdict.dominated_by is not None:
        stage, share = verdict.dominated_by
        lines.append(f"Dominated by {stage}: {share:.0%} of the magic states.")
    if verdict is not None and verdict.change is not None:
        lines.append(f"One change: {change_text(verdict.change)}.")
    lines.append(f"Weakest link: {weakest_link(report)}")
    return [Padding(Text(line), (0, 0, 0, 2)) for line in lines]


def _who(report: Result) -> str:
    if report.failure is not None:
        return f"Infeasible: {report.failure[0]}: {report.failure[1]}"
    verdict = report.verdict
    if verdict is None or report.priced is None:
        return "Nothing was priced."
    classical = report.priced.classical
    if verdict.ratio is None or verdict.machine is None or classical is None:
        return f"No winner: {verdict.reason}.{_alone(report)}"
    machine = report.machines[verdict.machine].name
    seconds = float(report.priced.quantum_s(verdict.machine, is_floor=verdict.is_floor))
    device = duration(float(classical.runtime_s))
    against = f"{duration(seconds)} on {machine} against {device} on one {report.device.name}"
    if verdict.is_floor:
        against = f"no machine here can; with free magic states, one gate after the other, still {against}"
    return f"{_winner(verdict)}: {against}.{_why(verdict)}"


def _winner(verdict: Verdict) -> str:
    ratio = float(verdict.ratio) if verdict.ratio else 1.0
    if verdict.winner == "undecided":
        return "Undecided"
    name = "The GPU" if verdict.winner == "classical" else "The quantum computer"
    least = "at least " if verdict.is_floor else ""
    return f"{name} wins by {least}{decades(ratio)}"


def _why(verdict: Verdict) -> str:
    return f" {verdict.reason.capitalize()}." if verdict.reason else ""


def _alone(report: Result) -> str:
    if report.priced is None:
        return ""
    times = [
        f"{duration(float(cost.runtime_s))} on {cost.hardware}"
        for cost in report.priced.machines
        if cost.is_feasible
    ]
    return f" It takes {', '.join(times)}." if times else " No machine here can do it."


def _machines(report: Result) -> list[Table]:
    if report.priced is None:
        return []
    names = ("machine", "qubits", "time", "distance", "factories", "note")
    table = grid("Machines", *names, wide=5, keep=True)
    for cost in report.priced.machines:
        if not cost.is_feasible:
            table.add_row(cost.hardware, "-", "infeasible", "-", "-", "see the warnings")
            continue
        found = machine_totals(report, cost)
        table.add_row(
            cost.hardware,
            count(found["physical_qubits"].value),
            duration(float(cost.runtime_s)),
            str(cost.distance),
            f"{cost.n_factories:,}",
            f"{cost.factory}, limited by {cost.limited_by}",
        )
    return [table]


def _classical(report: Result) -> list[Text | Padding]:
    cost = report.priced.classical if report.priced else None
    if cost is None:
        return []
    head = (
        f"Classical: {report.device.name}, {cost.method}: {duration(float(cost.runtime_s))},"
        f" {number(float(cost.energy_j))} J"
    )
    others = [row for row in cost.alternatives if row.method != cost.method]
    lines = [f"{row.method}: {duration(float(row.runtime_s))}{_note(row)}" for row in others]
    lines += [f"left out: {method}: {reason}" for method, reason in cost.left_out]
    bullets: list[Text | Padding] = [bullet(line) for line in lines]
    return [Text(head), *bullets, Text("")]


def _note(row: ClassicalCost) -> str:
    """Return what a reader must know about a method that was not chosen."""
    same = "" if row.is_compared else "not the same output"
    words = "; ".join(filter(None, (row.note, same)))
    return f" ({words})" if words else ""


def _claims(report: Result) -> list[Table | Padding]:
    if not report.claims:
        return []
    table = grid("Published exponents", "cost against", "claimed", "here", "made of", wide=3)
    for row in report.claims:
        here = "-" if row.exponent is None else f"{row.exponent:.2f}"
        table.add_row(
            f"{row.letter} ({row.symbol})", row.claimed, here, row.reason or _made_of(row)
        )
    return [table, Padding(Text(CLAIMED), (0, 0, 1, 2))]


def _made_of(row: Claim) -> str:
    """Return the factors that make the exponent, those that count."""
    parts = [f"{name} {slope:.2f}" for name, slope in row.factors if abs(slope) >= LEAST_SLOPE]
    made = ", ".join(parts) or "nothing"
    return f"{made}; most of it in {row.stage}" if parts else made


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
