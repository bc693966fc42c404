"""The first screen: the question, who wins, what dominates, and how sure all of it is."""

from __future__ import annotations

from qres.pricing.record import Verdict
from qres.report.record import Result
from qres.report.result import change_text
from qres.report.units import decades, duration
from qres.report.weakest import weakest_link


def question(report: Result) -> str:
    """Return the question in one line."""
    scenario = report.scenario
    error = scenario.error
    of = " of the loss" if error.target == "loss" else ""
    asked = f"error {error.total:g}{of} with probability {1 - error.fail_prob:g}"
    if scenario.algorithm.name == "counts":
        asked = f"failure probability {error.fail_prob:g}"
    return f"{scenario.name}: {scenario.algorithm.name}, {asked}"


def first_screen(report: Result) -> list[str]:
    """Return who wins, what dominates, the one change, and the weakest link, a line each."""
    if report.schedule is not None:
        from qres.report.newton_screen import newton_screen

        return newton_screen(report)
    lines = [_who(report)]
    lines += [f"Only for the model: {text}." for code, text in report.warnings if code == "W-MODEL"]
    verdict = report.verdict
    if verdict is not None and verdict.dominated_by is not None:
        stage, share = verdict.dominated_by
        lines.append(f"Dominated by {stage}: {share:.0%} of the magic states.")
    if verdict is not None and verdict.change is not None:
        lines.append(f"One change: {change_text(verdict.change)}.")
    return [*lines, f"Weakest link: {weakest_link(report)}"]


def _who(report: Result) -> str:
    if report.failure is not None:
        return f"Infeasible: {report.failure[0]}: {report.failure[1]}"
    verdict = report.verdict
    if verdict is None or report.priced is None:
        return "Nothing was priced."
    classical = report.priced.classical
    if verdict.ratio is None or verdict.machine is None or classical is None:
        return f"No winner: {verdict.reason}.{_alone(report)}"
    machine = _machine(report, verdict.machine)
    seconds = float(report.priced.quantum_s(verdict.machine, is_floor=verdict.is_floor))
    device = duration(float(classical.runtime_s))
    against = f"{duration(seconds)} on {machine} against {device} on one {report.device.name}"
    if verdict.is_floor:
        against = f"no machine here can; with free magic states, one gate after the other, still {against}"
    return f"{_winner(verdict)}: {against}.{_why(verdict)}"


def _machine(report: Result, index: int) -> str:
    """Return the name of a machine, with how many of it share the shots of the job."""
    machine, shots = report.machines[index], report.priced.logical.shots if report.priced else 1
    n_machines = min(machine.n_machines, shots)
    return f"{n_machines:,} machines {machine.name}" if n_machines > 1 else machine.name


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
