"""Where qubits, seconds and the verdict come from, by machine and for the classical device."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from qres.notation.quantity import Quantity
from qres.physical.discards import are_discards_charged
from qres.physical.record import Machine, MachineCost
from qres.report.bibliography import machine_formulas
from qres.report.inputs import interval
from qres.report.outline import line
from qres.report.record import Result
from qres.report.totals import classical_totals, machine_totals, whole
from qres.report.units import duration, number

Lines = Iterator[tuple[int, int, str]]

CYCLES = {
    "reaction": "ceil(layers * reaction_time_s / cycle_time_s): gates wait for each other's results",
    "layout": "distance * steps of the layout * magic states: the layout takes them one by one",
    "factory": "ceil(cycles of one factory alone / n_factories): the factories make them",
}
"""What sets the number of code cycles, by `MachineCost.limited_by`."""


def answers(report: Result) -> dict[str, Callable[[], Lines]]:
    """Return what explains each number of machines, device and verdict, by its name."""
    found: dict[str, Callable[[], Lines]] = {}
    costs = report.priced.machines if report.priced else ()
    for machine, cost in zip(report.machines, costs, strict=bool(costs)):
        for key, total in machine_totals(report, cost).items():
            found[f"{cost.hardware}.{key}"] = _machine(report, machine, cost, key, total)
    for key in ("runtime_s", "physical_qubits") if costs else ():
        found[f"physical.{key}"] = found[f"{_asked(report)}.{key}"]
    for key, total in classical_totals(report).items():
        if total is not None:
            found[f"classical.{key}"] = _classical(report, key, total)
    if report.verdict is not None and report.verdict.ratio is not None:
        found["verdict.ratio"] = _verdict(report, report.verdict.ratio)
    return found


def _asked(report: Result) -> str:
    """Return the machine of the verdict, else the first that can do it, else the first."""
    costs = report.priced.machines if report.priced else ()
    index = report.verdict.machine if report.verdict else None
    able = [number for number, cost in enumerate(costs) if cost.is_feasible]
    return costs[index if index is not None else (able or [0])[0]].hardware


def _head(name: str, total: Quantity) -> tuple[int, int, str]:
    """Return the first line: number, unit, the time in words, how it is known."""
    ends = interval(total)
    bound = "" if total.bound == "two-sided" else f"{total.bound} bound"
    words = ", ".join(filter(None, (total.kind, bound, f"interval {ends}" if ends else "")))
    unit = "" if total.unit == "1" else f" {total.unit}"
    is_time = total.unit == "s" and total.value is not None
    spoken = f" ({duration(float(total.value or 0))})" if is_time else ""
    return line(f"{name} = {number(total.value)}{unit}{spoken}  [{words}]")


def _machine(
    report: Result, machine: Machine, cost: MachineCost, key: str, total: Quantity
) -> Callable[[], Lines]:
    def tree() -> Lines:
        yield _head(f"{cost.hardware}.{key}", total)
        if not cost.is_feasible:
            yield line(f"infeasible: {cost.reason}", 1)
            return
        yield from (_qubits if key == "physical_qubits" else _seconds)(report, machine, cost)
        yield line(f"distance = {cost.distance}  [chosen]  {machine.code}", 1)
        yield line(f"layout = {cost.layout}  [chosen]", 1)
        yield line(f"n_factories = {cost.n_factories}  [chosen]  {cost.factory}", 1)
        if cost.n_factories:
            yield line(_thrown_away(cost), 3, hang=2)
        yield line(f"chosen for the least {report.scenario.objective} by search", 3, hang=2)
        yield line("sources")
        for formula in machine_formulas(report, cost.hardware):
            yield line(f"{formula.name} = {formula.text()}", 1)
            yield line(str(formula.source), 3, hang=2)

    return tree


def _thrown_away(cost: MachineCost) -> str:
    """Return how often a run of the factory fails, in words."""
    if math.isnan(cost.factory_failure):
        return "runs that are thrown away are in its cycles; its source does not count them"
    share = number(cost.factory_failure)
    held = "its cycles hold that" if are_discards_charged(cost) else "its published cycles do not"
    return f"a run of its last level is thrown away with probability {share} (derived); {held}"


def _qubits(report: Result, machine: Machine, cost: MachineCost) -> Lines:
    width = whole(report.priced.logical.logical_qubits) if report.priced else None
    each = "data_qubits + factory_qubits"
    yield line(f"= n_machines * ({each})" if cost.n_machines > 1 else f"= {each}", 1)
    if cost.n_machines > 1:
        yield line(f"n_machines = {number(cost.n_machines)}  [given]  limits.machines", 1)
    yield line(f"data_qubits = {number(cost.data_qubits)}  tiles times qubits of a tile", 1)
    yield line(f"logical_qubits = {number(width)}: explain logical.logical_qubits", 2)
    if machine.storage and report.priced:
        idle = whole(report.priced.logical.idle_qubits)
        yield line(f"idle_qubits = {number(idle)}  held and not at work at the peak", 2)
        yield line(f"cold_qubits = {number(cost.cold_qubits)}  of them in cold storage", 2)
        source = machine.sources["storage"]
        yield line(f"storage = {machine.storage}  [{source.kind}]", 2)
        yield line(source.text, 4, hang=2)
    yield line(f"factory_qubits = {number(cost.factory_qubits)}  n_factories times one of them", 1)
    yield from _fields(machine, ("physical_error", "threshold", "prefactor"))


def _seconds(report: Result, machine: Machine, cost: MachineCost) -> Lines:
    layers = whole(report.priced.logical.layers) if report.priced else None
    yield line("= n_cycles * cycle_time_s", 1)
    if cost.n_machines > 1 and report.priced:
        part = float(report.priced.logical.busiest_part(machine.n_machines))
        yield line(
            f"n_cycles of the busiest of {number(cost.n_machines)} machines: {number(part)}", 1
        )
        yield line(
            f"of the whole job, {number(whole(report.priced.logical.shots))} shots shared", 2
        )
    yield line(f"n_cycles = {number(cost.n_cycles)}  limited by {cost.limited_by}", 1)
    yield line(f"= {CYCLES[cost.limited_by]}", 3, hang=2)
    yield line(f"layers = {number(layers)}: explain logical.layers", 2)
    yield from _fields(machine, ("cycle_time_s", "reaction_time_s", "physical_error"))


def _fields(machine: Machine, names: tuple[str, ...]) -> Lines:
    """Yield numbers of the machine with their sources."""
    for name in names:
        source = machine.sources.get(name)
        kind, text = (source.kind, source.text) if source else ("given", "profile of the machine")
        yield line(f"{name} = {number(getattr(machine, name))}  [{kind}]", 1)
        yield line(text, 3, hang=2)


def _classical(report: Result, key: str, total: Quantity) -> Callable[[], Lines]:
    def tree() -> Lines:
        cost: Any = report.priced.classical if report.priced else None
        device = report.device
        yield _head(f"classical.{key}", total)
        yield line(f"{cost.method} on one {device.name}", 1)
        if key == "energy_j":
            yield line("= power * runtime_s", 1)
            yield from _device(report, ("power",))
            yield line(
                f"runtime_s = {number(float(cost.runtime_s))}: explain classical.runtime_s", 1
            )
            return
        yield line("= launches that wait * latency_s + max(flops / rate, bytes / bandwidth)", 1)
        yield line(f"flops = {number(whole(cost.flops))}", 1)
        yield line(f"bytes = {number(whole(cost.bytes))}", 1)
        names = ("latency_s", "bf16_flops", "fp64_flops", "sustained_fraction", "bandwidth")
        yield from _device(report, names)
        yield line("assumptions")
        yield from (line(text, 1) for text in cost.assumptions)

    return tree


def _device(report: Result, names: tuple[str, ...]) -> Lines:
    for name in names:
        source = report.device.sources.get(name, "profile of the device")
        yield line(f"{name} = {number(getattr(report.device, name))}", 1)
        yield line(source, 3, hang=2)


def _verdict(report: Result, ratio: Quantity) -> Callable[[], Lines]:
    def tree() -> Lines:
        priced: Any = report.priced
        verdict: Any = report.verdict
        machine = priced.machines[verdict.machine].hardware
        yield _head("verdict.ratio", ratio)
        own = "runtime_floor_s" if verdict.is_floor else "runtime_s"
        floor = ", free magic states, one gate after the other" if verdict.is_floor else ""
        seconds = getattr(priced.machines[verdict.machine], own)
        yield line("= (machine + side) / device", 1)
        yield line(f"machine = {number(float(seconds))} s: {machine}.{own}{floor}", 1)
        yield line(
            f"side = {number(float(priced.side_s))} s: classical stages of the quantum side", 1
        )
        yield line(
            f"device = {number(float(priced.classical.runtime_s))} s: classical.runtime_s,"
            f" {priced.classical.method} on one {report.device.name}",
            1,
        )

    return tree
