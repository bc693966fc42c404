"""Machines, the classical device, and the totals: what the job takes there."""

from __future__ import annotations

import math
from collections.abc import Iterator

from qres.classical.record import ClassicalCost
from qres.notation.quantity import Quantity
from qres.physical.record import MachineCost
from qres.report.grid import Sheet, grid
from qres.report.inputs import interval
from qres.report.record import Result
from qres.report.totals import classical_totals, logical_totals, machine_totals
from qres.report.units import count, duration, number


def totals(report: Result) -> Iterator[tuple[str, Quantity]]:
    """Yield the totals that are known by the names of `explain`: counts, machines, device, ratio."""
    for name, item in logical_totals(report).items():
        if item is not None:
            yield f"logical.{name}", item
    for cost in report.priced.machines if report.priced else ():
        for name, item in machine_totals(report, cost).items():
            yield f"{cost.hardware}.{name}", item
    for name, item in classical_totals(report).items():
        if item is not None:
            yield f"classical.{name}", item
    if report.verdict is not None and report.verdict.ratio is not None:
        yield "verdict.ratio", report.verdict.ratio


def total_sheet(report: Result) -> Sheet:
    """Return the totals with intervals, units and bounds."""
    sheet = grid("Totals", "quantity", "value", "interval", "unit", "bound", "kind")
    for name, item in totals(report):
        if item.value is not None:
            unit = "" if item.unit == "1" else item.unit
            sheet.add_row(
                in_words(name),
                number(item.value),
                interval(item),
                unit,
                BOUNDS[item.bound],
                item.kind,
            )
    return sheet


def in_words(name: str) -> str:
    """Return the name of a total in words; a machine keeps its own."""
    owner, _, key = name.rpartition(".")
    words = WORDS.get(key, key)
    return words if owner in ("logical", "verdict") else f"{words}, {owner}"


WORDS = {
    "toffoli": "Toffoli gates",
    "t": "T gates",
    "rotations": "rotations",
    "logical_qubits": "logical qubits",
    "physical_qubits": "physical qubits",
    "runtime_s": "time",
    "energy_j": "energy",
    "ratio": "quantum over classical time",
}
"""Totals as a table calls them."""

BOUNDS = {"two-sided": "", "upper": "upper bound", "lower": "optimistic"}
"""Bounds in words."""


def machine_sheet(report: Result) -> Sheet:
    """Return the machines; for a job that was priced."""
    names = ("machine", "qubits", "time", "distance", "factories", "note")
    sheet = grid(f"Machines{_within(report)}", *names, wide=5, keep=True)
    sheet.is_below = True
    sheet.units = ("", "physical", "", "of the code", "of magic states", "")
    splits = split_notes(report)
    for index, cost in enumerate(report.priced.machines if report.priced else ()):
        if not cost.is_feasible:
            note = "; ".join(("see the warnings", *splits[index : index + 1]))
            sheet.add_row(cost.hardware, "-", "infeasible", "-", "-", note)
            continue
        found = machine_totals(report, cost)
        sheet.add_row(
            cost.hardware,
            count(found["physical_qubits"].value),
            duration(float(cost.runtime_s)).replace(" of the ", "\nof the\n"),  # narrow screens cut
            str(cost.distance),
            f"{cost.n_factories:,}",
            "; ".join(
                (
                    f"{cost.factory}, limited by {cost.limited_by}",
                    *_extras(cost),
                    *splits[index : index + 1],
                )
            ),
        )
    return sheet


def split_notes(report: Result) -> list[str]:
    """Return of each machine in words the split that it has for itself; empty without any."""
    splits = report.priced.splits if report.priced else None
    if splits is None:
        return []
    return [
        f"{number(own['fail_synthesis'])} of error.fail_prob for synthesis,"
        f" {'found' if is_found else 'even'}"
        for own, is_found in zip(splits.own, splits.is_found, strict=True)
    ]


def _extras(cost: MachineCost) -> list[str]:
    """Return in words what lies in cold storage, and how many machines share the work."""
    found = []
    if cost.cold_qubits:
        found.append(f"{count(cost.cold_qubits)} idle qubits in cold storage")
    if cost.n_machines > 1:
        each = count(cost.physical_qubits // cost.n_machines)
        found.append(f"{count(cost.n_machines)} machines of {each} qubits")
    return found


def _within(report: Result) -> str:
    """Return the limits that are set, as a title goes on; empty without any."""
    limits = report.scenario.limits
    texts = [f"{count(limits.max_qubits)} qubits"] if math.isfinite(limits.max_qubits) else []
    if math.isfinite(limits.max_runtime_s):
        texts.append(duration(limits.max_runtime_s))
    within = f", each within {' and '.join(texts)}" if texts else ""
    several = f", up to {count(limits.n_machines)} of each" if limits.n_machines > 1 else ""
    return several + within


def classical_lines(report: Result) -> list[str]:
    """Return the device's time, other methods, and what is left out; empty without a task."""
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
    return [head, *lines]


def _note(row: ClassicalCost) -> str:
    """Return what a reader must know about a method that was not chosen."""
    same = "" if row.is_compared else "not the same output"
    words = "; ".join(filter(None, (row.note, same)))
    return f" ({words})" if words else ""
