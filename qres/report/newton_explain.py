"""Where the numbers of a Newton run come from, as trees: its totals, its verdict, each system."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from qres.pricing.schedule import Decision, Schedule
from qres.report.newton import left_out, run_of, schedule_of
from qres.report.outline import line
from qres.report.record import Result
from qres.report.units import duration, number

Lines = Iterator[tuple[int, int, str]]

CHARGED = "before the choice: forming, damping, pruning, extremes"

PREPARED = {
    "scheduled_s": CHARGED,
    "classical_s": "what the routes themselves prepare, nothing for choosing",
    "quantum_s": CHARGED,
}
"""What stands before the solves of each total."""


def newton_answers(report: Result) -> dict[str, Callable[[], Lines]]:
    """Return every number of a Newton run that can be explained, with what explains it.

    Totals are `schedule.scheduled_s`, `schedule.quantum_s`, which both pay for choosing,
    `schedule.classical_s`, which does not, and `verdict.ratio`;
    a system is `BLOCK.STEP`.
    """
    schedule = schedule_of(report)
    found: dict[str, Callable[[], Lines]] = {
        f"schedule.{name}": lambda name=name: _total(schedule, name)
        for name in ("scheduled_s", "classical_s", "quantum_s")
    }
    if report.verdict is not None and report.verdict.ratio is not None:
        found["verdict.ratio"] = lambda: _ratio(report)
    for decision in schedule.decisions:
        name = f"{decision.block}.{decision.step}"
        found[name] = lambda decision=decision: _system(report, decision)
    return found


def newton_sources(report: Result) -> Lines:
    """Yield what was measured, and each work that the prices rest on."""
    run = run_of(report)
    yield line("Newton run")
    yield line(f"measured on this network: {len(run.steps)} steps, {run.curvature}", 1)
    yield line(f"read-out error {run.delta:g} of each step, seed {run.seed}", 1)
    yield line("formulas and theorems")
    for text in dict.fromkeys(str(source) for source in schedule_of(report).sources):
        yield line(text, 1, hang=2)


def _total(schedule: Schedule, name: str) -> Lines:
    seconds = getattr(schedule, name)
    yield line(f"schedule.{name} = {number(seconds)} s ({duration(seconds)})  [assumed]")
    gradients = sum(schedule.gradient_s)
    yield line(f"gradients of {len(schedule.gradient_s)} steps: {duration(gradients)}", 1)
    picked = {
        "scheduled_s": [decision.route for decision in schedule.decisions],
        "classical_s": [decision.unscheduled for decision in schedule.decisions],
        "quantum_s": [decision.routes[0] for decision in schedule.decisions],
    }[name]
    prepared = sum(route.prepare_s for route in picked)
    solved = sum(route.solve_s for route in picked)
    yield line(f"{PREPARED[name]}: {duration(prepared)}", 1)
    yield line(f"solves: {duration(solved)}", 1)
    for route in dict.fromkeys(route.name for route in picked):
        parts = [item.total_s for item in picked if item.name == route]
        yield line(f"{route}, {len(parts)} systems: {duration(sum(parts))}", 2)
    if name == "classical_s":
        yield from (line(f"left out: {what}: {why}", 1) for what, why in left_out(schedule))


def _ratio(report: Result) -> Lines:
    schedule, ratio = schedule_of(report), report.verdict.ratio if report.verdict else None
    if ratio is None:
        return
    bound = "" if ratio.bound == "two-sided" else f", {ratio.bound} bound"
    yield line(f"verdict.ratio = {number(ratio.value)}  [{ratio.kind}{bound}]")
    yield line(f"= {ratio.source}", 1)
    yield line(ratio.method, 1)
    yield line(f"quantum alone: {duration(float(ratio) * schedule.classical_s)}", 2)
    yield line(f"device alone: {duration(schedule.classical_s)}", 2)


def _system(report: Result, decision: Decision) -> Lines:
    block = next(
        block
        for step in run_of(report).steps
        for block in step.blocks
        if (step.index, block.name) == (decision.step, decision.block)
    )
    yield line(f"{decision.block} of step {decision.step}: {decision.reason}")
    for name, value in block.values.items():
        yield line(f"{name} = {number(value.value)}  [{value.kind}]  {value.method}", 1)
    before = duration(decision.route.prepare_s)
    yield line(f"before the choice, on every route: {before}", 1)
    yield line("routes of the scheduler: solve", 1)
    for route in decision.routes:
        why = f": {route.reason}" if route.reason else ""
        how = f"{duration(route.solve_s)}  [{route.kind}]{why}"
        yield line(f"{route.name} on {route.place}: {how}", 2)
    yield line("routes without a scheduler: what they prepare, and solve", 1)
    for route in decision.alone:
        times = f"{duration(route.prepare_s)} and {duration(route.solve_s)}"
        yield line(f"{route.name} on {route.place}: {times}  [{route.kind}]", 2)
    if decision.published_s is not None and math.isfinite(decision.published_s):
        gate = f"{schedule_of(report).gate_time_s:.3g} s a gate"
        text = f"the paper's charge at {gate}: {duration(decision.published_s)}"
        yield line(f"{text}  (formula newton.published.runtime_s)", 1)
    if decision.break_even_s is not None:
        text = f"gate to tie: {decision.break_even_s:.3g} s"
        yield line(f"{text}  (formula newton.break-even.gate_time_s)", 1)
    solve = decision.quantum
    if solve is not None:
        how = f"encoding {solve.encoding}, solver {solve.solver}, kappa_eff {solve.kappa_eff:.4g}"
        yield line(f"quantum job: {how}", 1)
        for stage in solve.stages:
            yield line(f"{stage.name}: {number(stage.toffoli)} Toffoli, {number(stage.t)} T", 2)
