"""The first screen and the tables of a Newton run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from qres.pricing.schedule import Decision, Route, Schedule
from qres.pricing.schedule_sums import sum_machines, sum_stages
from qres.report.grid import Sheet, grid
from qres.report.newton import how_counted, kind_of, run_of, schedule_of
from qres.report.newton_plan import newton_plan
from qres.report.record import Result
from qres.report.result import change_text
from qres.report.units import count, decades, duration, number, percent
from qres.report.weakest import WORDS

ENDS = "both ends that the intervals of what was measured leave, where they differ in print"

HONEST = "honest prices, whatever the policy"

BEFORE = "takes, quantum: solves, and what every route pays before the choice"

MOST_ROWS = 24
"""Systems that are shown one by one; more are shown block by block."""


ROOM = {"size": 96, "sparsity": 110}
"""Columns of the terminal from which these are shown too."""


def newton_screen(report: Result) -> list[str]:
    """Return who wins, what the scheduler does, what dominates, and how sure it is, a line each."""
    schedule, verdict = schedule_of(report), report.verdict
    lines = [_who(report), _routes(schedule), _training(report)]
    if verdict is not None and verdict.dominated_by is not None:
        stage, share = verdict.dominated_by
        whose = ", at honest prices" if schedule.policy == "paper" else ""
        lines.append(f"Quantum side dominated by {stage}: {share:.0%} of the magic states{whose}.")
    if verdict is not None and verdict.change is not None:
        lines.append(f"One change: {change_text(verdict.change)}.")
    if schedule.policy == "paper":
        return [*lines, f"Weakest link: asymptotic ({WORDS['asymptotic']}: the paper's formula)"]
    kind = kind_of(schedule)
    return [*lines, f"Weakest link: {kind} ({WORDS[kind]})"]


def _who(report: Result) -> str:
    schedule, verdict = schedule_of(report), report.verdict
    device = f"{duration(schedule.classical_s)} on one {schedule.device}"
    steps = len(schedule.gradient_s)
    head = f"{len(schedule.decisions)} systems of {steps} Newton steps"
    if verdict is None or verdict.ratio is None:
        reason = verdict.reason if verdict else ""
        return f"{head}: {device}; the quantum computer cannot: {reason}."
    ratio = float(verdict.ratio)
    quantum = f"{duration(ratio * schedule.classical_s)} by quantum solves"
    if schedule.policy == "paper":
        quantum += f" as the paper charges them, at {schedule.gate_time_s:.3g} s a gate"
    leader = "The GPU wins" if verdict.winner == "classical" else "The quantum computer wins"
    by = f" by {'at least ' if verdict.is_floor else ''}{decades(ratio)}"
    opening = "Undecided" if verdict.winner == "undecided" else leader + by
    why = f" {verdict.reason.capitalize()}." if verdict.reason else ""
    take = "fit no machine here, and with free magic states take" if verdict.is_floor else "take"
    return f"{opening}: {head} {take} {quantum} against {device}.{why}"


def _routes(schedule: Schedule) -> str:
    words = _tally([decision.route for decision in schedule.decisions])
    ratio = schedule.scheduled_s / schedule.classical_s
    times = f"{ratio:.3g} times as long as" if ratio >= 1 else f"{1 / ratio:.3g} times faster than"
    gain = "as long as" if f"{ratio:.3g}" == "1" else times
    text = (
        f"Scheduled: {words}; {duration(schedule.scheduled_s)}, of which"
        f" {duration(schedule.choosing_s)} for choosing; {gain} classical Newton alone, which need not"
        " choose."
    )
    open_ones = sum(not decision.is_sure for decision in schedule.decisions)
    if open_ones:
        text += f" The measured intervals leave {open_ones} of these choices open."
    return text


def _tally(routes: Sequence[Route]) -> str:
    """Return each route with how many systems take it."""
    taken = Counter(route.name for route in routes)
    return ", ".join(f"{name} {number_of}" for name, number_of in taken.most_common())


def _training(report: Result) -> str:
    run, schedule = run_of(report), schedule_of(report)
    found = [rival for rival in schedule.rivals if rival.iterations is not None]
    text = f"Loss {number(run.losses[0])} to {number(run.final_loss)}"
    if run.final_accuracy is not None:
        text += f", held-out accuracy {run.final_accuracy:.1%}"
    if not found:
        return f"{text}."
    best = min(found, key=lambda rival: rival.seconds)
    factor = best.seconds / schedule.scheduled_s
    times = f"{factor:.3g} times as long" if factor >= 1 else f"{1 / factor:.3g} times faster"
    return f"{text}; {best.name} gets there in {duration(best.seconds)}, {times}."


def newton_sheets(report: Result, width: int) -> Iterator[tuple[Sheet, str]]:
    """Yield the tables of a run with their captions; all columns where there is room."""
    name = report.scenario.name
    yield (
        _decisions(schedule_of(report), width),
        f"Every linear system of {name}, and where it is solved.",
    )
    yield from ((sheet, f"How {name} would be solved.") for sheet in newton_plan(report))
    yield _totals(report), f"The whole of {name} by one kind of route, and other methods."
    yield from ((sheet, f"The training of {name} under other errors.") for sheet in _noise(report))
    for sheet in _ladder(schedule_of(report)):
        yield sheet, "From the charge of the paper to the honest price, one term after the other."
    yield _stages(schedule_of(report)), f"Quantum stages of {name}, all solves together."
    yield _machines(report), f"Machines for all solves of {name}, one after the other."


def _decisions(schedule: Schedule, width: int) -> Sheet:
    """Return one row a system, or one a block where there are many."""
    names = (
        "block",
        "step",
        "size",
        "sparsity",
        "kappa",
        "route",
        "takes",
        "quantum",
        "gate to tie",
    )
    shown = [name for name in names if width >= ROOM.get(name, 0)]
    sheet = grid("Schedule", *names, wide=5)
    sheet.units = ("", "", "", "a row", "", "", "", "", "")
    rows = list(schedule.decisions)
    if len(rows) > MOST_ROWS:
        shown = [name for name in shown if name != "step" or width >= ROOM["size"]]
        rows.sort(key=lambda decision: (decision.block, decision.step))
        for _, group in groupby(rows, key=lambda decision: decision.block):
            sheet.add_row(*_cells(list(group)))
        sheet.notes = [
            "each row: all steps of a block; times are sums; the longest gate that ties",
            BEFORE,
            f"quantum: {ENDS}",
        ]
        return sheet.only(shown)
    for decision in rows:
        sheet.add_row(*_cells([decision]))
    sheet.notes = [
        "gate to tie: time of one logical gate at which quantum, honestly counted, ties; never: at none",
        BEFORE,
        f"quantum: {ENDS}",
    ]
    return sheet.only(shown)


def _cells(rows: Sequence[Decision]) -> list[str]:
    ties = [row.break_even_s for row in rows if row.break_even_s is not None]
    taken = Counter(row.route.name for row in rows)
    names = [name if len(taken) == 1 else f"{name} {times}" for name, times in taken.most_common()]
    return [
        rows[0].block,
        _span([float(row.step) for row in rows]),
        count(rows[0].dim),
        _span([row.sparsity for row in rows]),
        _span([row.kappa for row in rows]),
        ", ".join(names),
        duration(sum(row.route.total_s for row in rows)),
        _times_span(rows),
        f"{max(ties):.1e} s" if ties else "never",
    ]


def _times_span(rows: Sequence[Decision]) -> str:
    """Return the time by the quantum route, both ends of it where they differ in print."""
    ends = zip(*(row.routes[0].ends_s for row in rows), strict=True)
    return _between(*map(sum, ends))


def _between(low_s: float, high_s: float) -> str:
    """Return one time, or both where they differ in print."""
    low, high = duration(low_s), duration(high_s)
    value, _, unit = low.partition(" ")
    if unit == high.partition(" ")[2]:
        return low if low == high else f"{value}..{high}"
    return f"{low} to {high}"


def _span(values: Sequence[float]) -> str:
    """Return one value, or the ends of several."""
    low, high = (_short(end) for end in (min(values), max(values)))
    return low if low == high else f"{low}..{high}"


def _short(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) and value < 1e4 else count(value)


def _totals(report: Result) -> Sheet:
    """Return the run by each route alone, then the other methods to the same loss."""
    schedule = schedule_of(report)
    sheet = grid(
        "Totals", "what", "iterations", "time", "over scheduled", "note", wide=4, keep=True
    )
    steps = str(len(schedule.gradient_s))

    def add(name: str, iterations: str, seconds: float, note: str) -> None:
        ratio = seconds / schedule.scheduled_s
        sheet.add_row(name, iterations, duration(seconds), _times(ratio), note)

    before = f"{duration(schedule.choosing_s)} choosing"
    add("Newton, scheduled", steps, schedule.scheduled_s, before)
    for name in schedule.route_names:
        seconds = schedule.single_route_s(name)
        if math.isfinite(seconds):
            add(f"Newton, {name}", steps, seconds, before)
    sheet.add_section()
    alone = _tally([decision.unscheduled for decision in schedule.decisions])
    add("Newton, classical alone", steps, schedule.classical_s, f"no choosing; {alone}")
    sheet.add_section()
    for rival in schedule.rivals:
        is_there = rival.iterations is not None
        rate = f"rate {rival.learning_rate:g}{' (end of the grid)' if rival.is_at_end else ''}"
        note = f"{rate}, {duration(rival.eager_s)} op by op"
        if not is_there:
            note += f", stops at loss {number(rival.final_loss)}"
        iterations = str(rival.iterations) if is_there else "not reached"
        add(rival.name, iterations, rival.seconds, note)
    sheet.notes = [
        "choosing: forming, damping, pruning, extremes of the spectrum, which the scheduler needs"
        " whatever it takes; a named route: its solves throughout, after the same",
        "classical alone: each system by the route that is fastest without a scheduler, with what that"
        " route itself prepares",
        f"other methods: to loss {number(schedule.target_loss)}, each at the best of one grid of"
        " learning rates, from the same weights; one launch an iteration, as a gradient of Newton's"
        " is charged; op by op: a launch for every operation",
    ]
    return sheet


def _times(ratio: float) -> str:
    return f"{ratio:.3g}" if ratio < 1e4 else decades(ratio)


def _noise(report: Result) -> list[Sheet]:
    """Return what read-out errors make of the loss that training ends with, if it was asked for."""
    rows = run_of(report).noise
    if not rows:
        return []
    sheet = grid(
        "Training under read-out errors", "error", "lower quartile", "median", "upper quartile"
    )
    sheet.units = ("of a step", "last loss", "last loss", "last loss")
    for row in rows:
        losses = (row.lower, row.median, row.upper)
        sheet.add_row(f"{row.delta:g}", *map(_loss, losses))
    sheet.notes = [
        f"training loss after the last step, over {rows[0].n_seeds} seeds, which draw batches and"
        " errors; error: of each step, in its norm; the same weights at the start"
    ]
    return [sheet]


def _loss(value: float) -> str:
    return number(value) if math.isfinite(value) else "diverges"


def _ladder(schedule: Schedule) -> list[Sheet]:
    if not schedule.ladder:
        return []
    title = f"From the paper to the honest price, at {schedule.gate_time_s:.3g} s a gate"
    sheet = grid(title, "with", "all solves take", "factor")
    for rung in schedule.ladder:
        sheet.add_row(rung.text, duration(rung.seconds), f"{rung.factor:.3g}")
    return [sheet]


def _stages(schedule: Schedule) -> Sheet:
    sheet = grid("Quantum stages, all solves", "stage", "calls", "Toffoli", "T", "qubits", "share")
    sheet.units = ("", "", "gates", "gates", "logical", "of magic states")
    stages = sum_stages(schedule)
    everything = sum(stage.toffoli + stage.t / 2 for stage in stages)
    for stage in stages:
        share = (stage.toffoli + stage.t / 2) / everything if everything else 0.0
        cells = (stage.calls, stage.toffoli, stage.t)
        qubits = count(stage.logical_qubits) if stage.logical_qubits else ""
        sheet.add_row(stage.name, *map(count, cells), qubits, percent(share))
    sheet.notes = [f"{how_counted(schedule)}; {HONEST}"]
    return sheet


def _machines(report: Result) -> Sheet:
    sheet = grid("Machines, all solves", "machine", "qubits", "time", "distance", "note", wide=4)
    sheet.units = ("", "physical", "", "of the code", "")
    sheet.keep = True
    sheet.notes = [f"times: {ENDS}", HONEST]
    names = [machine.name for machine in report.machines]
    for item in sum_machines(schedule_of(report), names):
        if item.is_feasible:
            seconds = _between(*item.runtime_ends_s)
            cells = (count(item.physical_qubits), seconds, count(item.distance))
            sheet.add_row(item.hardware, *cells, "the largest of all solves; times are a sum")
        else:
            note = f"{item.n_refused} solves do not fit; see the warnings"
            sheet.add_row(item.hardware, "-", "infeasible", "-", note)
    return sheet
