"""Every constant behind the prices of a report, each with its origin: machines, formulas, tables, device."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from qres.physical.constants import constants_of, rows_of
from qres.physical.record import Machine, MachineCost
from qres.report.bibliography import machine_formulas
from qres.report.outline import line
from qres.report.record import Result
from qres.report.units import number

Lines = Iterator[tuple[int, int, str]]

NOT_IN_PROFILE = {
    "max_factories": ("assumed", "not in the profile; the reaction time binds long before"),
    "t_error": ("assumed", "not in the profile: physical_error"),
    "correlated_event_rate_per_s": (
        "assumed",
        "not in the profile: left out, no figure is known for a machine of this size",
    ),
    "storage": ("given", "not in the profile: idle qubits lie on plain patches"),
}
"""Kind and origin of the fields that a profile may leave out."""

LIMITS = {
    "max_qubits": "limits.max_qubits",
    "max_runtime_s": "limits.max_runtime",
    "n_machines": "limits.machines",
}
"""Fields that the model file sets, and the key there."""


def constants(report: Result) -> Lines:
    """Yield fields of machines, constants and formulas of the physical layer, table rows, device."""
    costs = dict(_costs(report))
    for machine in report.machines:
        yield line(f"Machine {machine.name}")
        yield from _profile(machine)
        for row in rows_of(machine, costs[machine.name]) if machine.name in costs else ():
            yield line(f"{row.file}: {row.text}  [fitted]", 1)
            yield line(str(row.source), 3, hang=2)
    yield from _constants(report, costs)
    formulas = machine_formulas(report)
    if formulas:
        yield line("Formulas of the machines")
    for formula in formulas:
        yield line(f"{formula.name} = {formula.text()}  [{formula.kind}]", 1)
        yield line(str(formula.source), 3, hang=2)
    if report.priced is not None and report.priced.classical is not None:
        yield line(f"Classical device {report.device.name}")
        for name, text in report.device.sources.items():
            yield line(f"{name} = {number(getattr(report.device, name))}", 1)
            yield line(text, 3, hang=2)


def _costs(report: Result) -> Iterator[tuple[str, MachineCost]]:
    for cost in report.priced.machines if report.priced else ():
        yield cost.hardware, cost


def _profile(machine: Machine) -> Lines:
    """Yield every field of a machine: of its profile, by default, or a limit of the model file."""
    for name, source in machine.sources.items():
        yield line(f"{name} = {_shown(getattr(machine, name))}  [{source.kind}]", 1)
        yield line(source.text, 3, hang=2)
    for name, (kind, text) in NOT_IN_PROFILE.items():
        if name not in machine.sources:
            value = machine.injection_error if name == "t_error" else getattr(machine, name)
            yield line(f"{name} = {_shown(value)}  [{kind}]", 1)
            yield line(text, 3, hang=2)
    for name, key in LIMITS.items():
        value = getattr(machine, name)
        is_set = value != 1 if name == "n_machines" else math.isfinite(value)
        yield line(f"{name} = {_shown(value)}  [given]", 1)
        yield line(key if is_set else f"{key} is not set", 3, hang=2)


def _constants(report: Result, costs: dict[str, MachineCost]) -> Lines:
    """Yield the constants that stand in no profile and no formula, each once."""
    is_split = "fail_synthesis" in report.budget
    found = {
        constant.place: constant
        for machine in report.machines
        if machine.name in costs
        for constant in constants_of(machine, costs[machine.name], is_split=is_split)
    }
    if found:
        yield line("Constants of the machines")
    for constant in found.values():
        shown = f"{constant.owner}: {constant.name} = {_shown(constant.value)}"
        yield line(f"{shown}  [{constant.kind}] {constant.meaning}", 1)
        yield line(str(constant.source), 3, hang=2)


def _shown(value: Any) -> str:
    """Return a value as one line has it; of a table how many entries it has."""
    if isinstance(value, str):
        return value or "none"
    if isinstance(value, tuple) and isinstance(value[0], str):
        return ", ".join(value)
    if isinstance(value, tuple | dict | np.ndarray):
        return f"{len(value)} entries"
    return number(float(value)) if math.isfinite(value) else "none"
