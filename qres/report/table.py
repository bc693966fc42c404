"""The report as text: who wins first, then where the numbers come from."""

from __future__ import annotations

import io
import math

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qres.classical.record import ClassicalCost
from qres.logical.record import StageCost
from qres.notation.quantity import Quantity
from qres.pricing.record import Claim, Verdict
from qres.report.assumptions import assumptions
from qres.report.record import Result
from qres.report.result import budget_row, change_text, stage_row
from qres.report.totals import job_bound, logical_totals, machine_totals
from qres.report.units import count, decades, duration, number
from qres.report.weakest import weakest_link

INPUTS = (
    "n_params",
    "n_active",
    "n_samples",
    "dim",
    "sparsity",
    "max_entry",
    "frobenius_norm",
    "lambda_max",
    "lambda_min",
    "grad_norm",
    "contraction_margin",
    "growth_sum",
    "eps_model",
    "norm",
    "smallest_singular_value",
    "kappa",
    "solution_overlap",
    "logical_qubits",
    "toffoli",
    "t",
    "rotations",
)
"""Measured or given values, in the order of the table."""

LONGEST_WORD = 14
"""Of a name in a first column, so that names break between words only."""

MIN_WIDTH = 80
ROOM_FOR_KINDS = 92
"""Columns from which the stages show their kind; JSON always does."""

LEAST_SLOPE = 0.005
"""Exponents below are not printed."""

CLAIMED = (
    "claims: Liu et al., arXiv:2303.03428, O(T polylog) or O(T^2 polylog); a co-author's text\n"
    "  s^3 T^2/eps^2. Here: slopes of the magic states between half and twice the value."
)

SCOPE = "Results concern the algorithms named here, on this model; they bound no class of problems."

DERIVED = ("kappa_eff", "alpha", "inverse_norm", "success_prob", "xi")
"""Derived symbols worth a line."""


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
    console.print(Group(_title(report), *_first_screen(report)))
    for part in (
        *_inputs(report),
        *_stages(report, has_room=width >= ROOM_FOR_KINDS),
        *_solvers(report),
        *_budget(report),
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
    asked = f"error {error.total:g} with probability {1 - error.fail_prob:g}"
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


def _grid(title: str, *columns: str, wide: int = 0) -> Table:
    """Return an empty table; column `wide` takes the text, the others are numbers."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        collapse_padding=True,
        pad_edge=False,
    )
    for index, name in enumerate(columns):
        is_text = index in (0, wide)
        table.add_column(
            name,
            justify="left" if is_text else "right",
            overflow="fold",
            no_wrap=not is_text,
            min_width=LONGEST_WORD if index == 0 else None,
        )
    return table


def _inputs(report: Result) -> list[Table]:
    table = _grid("Inputs", "quantity", "value", "interval", "kind", "how", wide=4)
    table.columns[0].no_wrap = True
    known = report.measurement.values
    rows = [(name, known[name]) for name in INPUTS if name in known]
    pedigrees = report.pedigrees()
    rows += [(name, pedigrees[name]) for name in DERIVED if name in pedigrees]
    for name, quantity in rows:
        how = _how(quantity, is_derived=name in DERIVED)
        table.add_row(name, number(quantity.value), _interval(quantity), quantity.kind, how)
    for name, quantity in report.job.references.items() if report.job else ():
        text = f"{quantity.bound} reference; {quantity.source}"
        table.add_row(f"{name} (*)", number(quantity.value), "", quantity.kind, text)
    return [table]


def _interval(quantity: Quantity) -> str:
    if quantity.low is None or quantity.high is None:
        return ""
    if f"{quantity.low:.4g}" == f"{quantity.high:.4g}":
        return "sharp"
    return f"{quantity.low:.4g}..{quantity.high:.4g}"


def _how(quantity: Quantity, *, is_derived: bool) -> str:
    has_source = is_derived or quantity.kind in ("given", "assumed")
    text = quantity.source if has_source else quantity.method
    text = (text or quantity.method or quantity.source).split(";")[0].split("\n")[0]
    bound = "" if quantity.bound == "two-sided" else f"{quantity.bound} bound; "
    return bound + (text if len(text) <= 60 else text[:57] + "...")


def _stages(report: Result, *, has_room: bool) -> list[Table | Text]:
    if report.job is None or report.priced is None:
        return []
    names = ("stage", "calls", "Toffoli", "T", "qubits", "share", "kind")
    shown = len(names) if has_room else len(names) - 1
    table = _grid("Stages", *names[:shown])
    for stage in report.priced.stages:
        table.add_row(*_stage_cells(report, stage)[:shown])
    totals = logical_totals(report)
    gates = (totals["toffoli"], totals["t"])
    cells = ["" if item is None else count(item.value) for item in gates]
    width = totals["logical_qubits"]
    table.add_section()
    cells = ["total", "", *cells, count(width.value) if width else "", "100%", _optimism(report)]
    table.add_row(*cells[:shown])
    method = next((item.method for item in totals.values() if item is not None), "")
    return [table, Text(f"  {method}\n")]


def _stage_cells(report: Result, stage: StageCost) -> list[str]:
    row = stage_row(report, stage)
    if stage.is_classical:
        has_gradients = bool(row["gradients"])
        work = f"{count(row['gradients'])} gradients" if has_gradients else ""
        return [
            stage.name,
            work or f"{count(row['flops'])} FLOPs",
            "",
            "",
            "",
            "classical",
            row["kind"],
        ]
    return [
        stage.name,
        count(row["calls"]),
        count(row["toffoli"]),
        count(row["t"]),
        count(row["logical_qubits"]) if row["logical_qubits"] else "",
        f"{row['share']:.1%}" if row["share"] >= 5e-4 else "< 0.1%",
        row["kind"],
    ]


def _optimism(report: Result) -> str:
    return {"lower": "optimistic", "upper": "upper bound"}.get(job_bound(report), "")


def _solvers(report: Result) -> list[Table | Text]:
    if not report.rivals:
        return []
    table = _grid(
        "Solvers", "solver", "U_A", "U_b", "one run", "flag", "runs", "magic states", "kind"
    )
    table.columns[0].no_wrap = True
    for row in report.rivals:
        if row.queries is None:
            table.add_row(row.solver, "-", "-", "-", "-", "-", "see below", row.kind)
            continue
        cells = (*row.queries, row.run_queries)
        table.add_row(
            row.solver,
            *(count(math.ceil(cell)) for cell in cells if cell is not None),
            number(row.flag_prob),
            count(row.invocations),
            count(row.magic_states),
            row.kind,
        )
    lines: list[Table | Text] = [table]
    known = [row.magic_states for row in report.rivals if row.magic_states is not None]
    lines.append(
        Text(
            "  U_A, U_b: expected uses for one solution; one run: uses of U_A without restarts;\n"
            f"  the constants of the solvers spread the job over a factor {max(known) / min(known):.3g}"
        )
    )
    lines += [Text(f"  {row.solver}: {row.reason}") for row in report.rivals if row.queries is None]
    return [*lines, Text("")]


def _budget(report: Result) -> list[Table]:
    if report.job is None or not report.job.shares:
        return []
    table = _grid("Error budget", "term", "share", "precision", "buys", "kind", wide=3)
    for share in report.job.shares:
        row = budget_row(report, share)
        table.add_row(
            row["name"],
            number(row["share"]),
            number(row["value"]),
            row["bought"] or "",
            row["kind"],
        )
    return [table]


def _machines(report: Result) -> list[Table]:
    if report.priced is None:
        return []
    table = _grid("Machines", "machine", "qubits", "time", "distance", "factories", "note", wide=5)
    table.columns[0].no_wrap = True
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
            f"{cost.factory}, {cost.limited_by}-limited",
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
    lines += [f"{method}: {reason}" for method, reason in cost.left_out]
    bullets: list[Text | Padding] = [_bullet(line) for line in lines]
    return [Text(head), *bullets, Text("")]


def _note(row: ClassicalCost) -> str:
    """Return what a reader must know about a method that was not chosen."""
    same = "" if row.is_compared else "not the same output"
    words = "; ".join(filter(None, (row.note, same)))
    return f" ({words})" if words else ""


def _claims(report: Result) -> list[Table | Text]:
    if not report.claims:
        return []
    table = _grid("Published exponents", "cost against", "claimed", "here", "made of", wide=3)
    for row in report.claims:
        here = "-" if row.exponent is None else f"{row.exponent:.2f}"
        table.add_row(
            f"{row.letter} ({row.symbol})", row.claimed, here, row.reason or _made_of(row)
        )
    return [table, Text(f"  {CLAIMED}\n")]


def _made_of(row: Claim) -> str:
    """Return the factors that make the exponent, those that count."""
    parts = [f"{name} {slope:.2f}" for name, slope in row.factors if abs(slope) >= LEAST_SLOPE]
    return ", ".join(parts) or "nothing"


def _notes(report: Result) -> list[Text | Padding]:
    lines: list[Text | Padding] = []
    texts = assumptions(report)
    if texts:
        lines.append(Text("Assumptions"))
        lines += [_bullet(text) for text in texts]
    if report.warnings:
        lines.append(Text("Warnings"))
        lines += [_bullet(f"{code}: {message}") for code, message in report.warnings]
    lines.append(Text(SCOPE))
    if report.scenario.defaults:
        lines.append(
            Text(f"{len(report.scenario.defaults)} values are defaults: --show defaults lists them")
        )
    return lines


def _bullet(text: str) -> Padding:
    return Padding(Text(f"- {text}"), (0, 0, 0, 2))
