"""The works that a report rests on: those of its stages, its formulas, and its machines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import qres.physical
from qres.notation.catalogue import collect
from qres.notation.formula import Formula
from qres.notation.source import LIU_2024, Paper, Source
from qres.physical.record import Machine
from qres.physical.registry import find_code, find_factory, find_layout
from qres.physical.storage import COLD
from qres.report.record import Result


def papers(report: Result) -> list[Paper]:
    """Return the works that this report uses, each once, by key."""
    found = {source.paper.key: source.paper for source in sources(report) if source.paper}
    return [found[key] for key in sorted(found)]


def sources(report: Result) -> Iterator[Source]:
    """Yield every source of the report: stages, definitions that they use, machines, claims."""
    job = report.job
    if job is not None:
        yield from (stage.source for stage in job.stages)
        yield from (formula.source for name, formula in job.definitions if name in job.used)
    yield from (formula.source for formula in machine_formulas(report))
    if report.schedule is not None:
        yield from report.schedule.sources
        yield from (item.source for machine in report.machines for item in _code(machine))
    if report.claims:
        yield Source("", LIU_2024)


def machine_formulas(report: Result, hardware: str | None = None) -> list[Formula]:
    """Return the formulas of code, layout, factory and storage of the machines that can do it.

    Args:
        report: with prices, else there are none.
        hardware: name of one machine, None for all.
    """
    every = collect(qres.physical)
    machines = {machine.name: machine for machine in report.machines}
    found: dict[str, Formula] = {}
    for cost in report.priced.machines if report.priced else ():
        if cost.is_feasible and hardware in (None, cost.hardware):
            parts = [find_code(machines[cost.hardware].code), find_layout(cost.layout)]
            factory = str(cost.factory).split()[0]
            parts += [] if factory == "none" else [find_factory(factory)]
            own = [item for part in parts for item in _own(part)]
            names = () if factory == "none" else find_factory(factory).rests_on
            stems = tuple(f"factory.{name}." for name in names)
            named = [item for item in every if item.name.startswith(stems)]
            cold = [COLD] if cost.cold_qubits else []
            found |= {item.name: item for item in (*own, *named, *cold)}
    return list(found.values())


def _code(machine: Machine) -> list[Formula]:
    """Return the formulas of the code and the factories that a machine may use."""
    parts = [find_code(machine.code), *map(find_factory, machine.factories)]
    return [item for part in parts for item in _own(part)]


def _own(member: Any) -> list[Formula]:
    """Return the formulas of the modules that a member and what it builds on are defined in."""
    modules = (sys.modules[kind.__module__] for kind in type(member).__mro__)
    return [item for module in modules for item in getattr(module, "FORMULAS", ())]
