"""The totals of a report as quantities: value, interval, kind, bound, method."""

from __future__ import annotations

from itertools import chain
from typing import Any

from qres.notation.quantity import Kind, Quantity, weakest
from qres.physical.record import MachineCost
from qres.report.record import Result

LOGICAL = {"toffoli": "Toffoli", "t": "T", "rotations": "rotations", "logical_qubits": "qubits"}
"""Totals and their units."""


def logical_totals(report: Result) -> dict[str, Quantity | None]:
    """Return Toffoli, T, rotations and qubits; None where the job is infeasible."""
    if report.priced is None:
        return dict.fromkeys(LOGICAL)
    counted = report.agreement is not None and report.agreement.status != "formula-only"
    method = "counted from circuit, formula agrees" if counted else "formula only"
    kind, bound = job_kind(report), job_bound(report)
    return {
        name: Quantity(
            value=whole(getattr(report.priced.logical, name)),
            **_ends(report, name),
            unit=unit,
            kind=kind,
            bound=bound,
            source=f"stages of {report.scenario.algorithm.name}",
            method=method,
        )
        for name, unit in LOGICAL.items()
    }


def job_kind(report: Result) -> Kind:
    """Return the weakest kind of everything that the totals rest on."""
    if report.job is None:
        return "exact"
    converted = () if report.weights_error is None else (report.weights_error.kind,)
    return weakest((report.job.kind, *converted))


def stage_kind(report: Result, name: str) -> Kind:
    """Return the kind of a stage: its own, weakened by the symbols that it is made of."""
    known = report.pedigrees()
    stage = next(item for item in (report.job.stages if report.job else ()) if item.name == name)
    return weakest(chain((stage.kind,), (known[name].kind for name in stage.free)))


def job_bound(report: Result) -> Any:
    """Return the bound of the totals; one lower-bound input makes them optimistic."""
    return "two-sided" if report.job is None else report.job.bound


def machine_totals(report: Result, cost: MachineCost) -> dict[str, Quantity]:
    """Return physical qubits and runtime of one machine; unknown where infeasible."""
    reason = str(cost.reason)
    kind = weakest((job_kind(report), "fitted"))
    pairs: tuple[tuple[str, str, Kind], ...] = (
        ("physical_qubits", "qubits", kind),
        ("runtime_s", "s", weakest((kind, "assumed"))),
    )
    return {
        name: Quantity(
            value=whole(getattr(cost, name)),
            **_ends(report, f"{cost.hardware}.{name}"),
            unit=unit,
            kind=found,
            bound=job_bound(report),
            source=f"machine {cost.hardware}",
            method=reason
            or f"search over distance, factory and number of factories, {cost.factory}",
        )
        for name, unit, found in pairs
    }


def classical_totals(report: Result) -> dict[str, Quantity | None]:
    """Return runtime and energy of the device; None where there is no common task."""
    cost = None if report.priced is None else report.priced.classical
    if cost is None:
        return {"runtime_s": None, "energy_j": None}
    return {
        name: Quantity(
            value=float(value),
            unit=unit,
            kind=weakest((cost.kind, "assumed")),
            source=report.device.name,
            method=f"{cost.method}; " + "; ".join(cost.assumptions),
        )
        for name, value, unit in (
            ("runtime_s", cost.runtime_s, "s"),
            ("energy_j", cost.energy_j, "J"),
        )
    }


def whole(value: Any) -> Any:
    """Return an integer where the value is one, a plain number otherwise."""
    if value is None or isinstance(value, int):
        return value
    if hasattr(value, "item"):
        value = value.item()
    if hasattr(value, "denominator") and value.denominator == 1:
        return int(value)
    return float(value)


def _ends(report: Result, name: str) -> dict[str, float]:
    ends = report.intervals.get(name)
    return {} if ends is None else {"low": ends[0], "high": ends[1]}
