"""A report as plain data, schema `qres-result/1`. Unknown is null with a reason in `warnings`."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from qres.algorithms.record import Share
from qres.logical.record import StageCost
from qres.notation.quantity import Quantity
from qres.physical.record import MachineCost
from qres.pricing.record import Claim, Rival, Tie
from qres.report.assumptions import assumptions
from qres.report.record import Result
from qres.report.totals import (
    classical_totals,
    logical_totals,
    machine_totals,
    stage_kind,
    whole,
)

SCHEMA = "qres-result/1"


def to_dict(report: Result) -> dict[str, Any]:
    """Return all of a report as JSON data."""
    found = {
        "schema": SCHEMA,
        "name": report.scenario.name,
        "scenario_id": report.scenario.scenario_id,
        "versions": dict(report.versions),
        "seed": report.scenario.measure.seed,
        "defaults": [
            {"path": path, "value": list(value) if isinstance(value, tuple) else value}
            for path, value in report.scenario.defaults
        ],
        "measurement": {
            name: quantity.to_dict() for name, quantity in report.measurement.values.items()
        },
        "choices": dict(report.job.choices) if report.job else {},
        "target": _target(report),
        "values": {name: plain(quantity) for name, quantity in report.pedigrees().items()},
        "stages": [stage_row(report, stage) for stage in _stages(report)],
        "logical": _logical(report),
        "budget": [
            budget_row(report, share) for share in (report.job.shares if report.job else ())
        ],
        "limits": _limits(report),
        "physical": _physical(report),
        "classical": _classical(report),
        "verdict": _verdict(report),
        "references": _references(report),
        "solvers": [_rival(row) for row in report.rivals],
        "claims": [_claim(row) for row in report.claims],
        "assumptions": assumptions(report),
        "warnings": [{"code": code, "message": message} for code, message in report.warnings],
    }
    if report.schedule is None:
        return found
    from qres.report.newton import newton_fields

    return found | newton_fields(report)


def _target(report: Result) -> dict[str, Any]:
    """Return what was asked for, and what an error of the loss allows of the weights."""
    error = report.scenario.error
    return {
        "total": error.total,
        "fail_prob": error.fail_prob,
        "of": error.target,
        "weights_error": plain(report.weights_error),
    }


def _limits(report: Result) -> dict[str, float | None]:
    """Return what the machines must stay within; null where nothing is set."""
    limits = asdict(report.scenario.limits)
    if limits["n_machines"] == 1:
        del limits["n_machines"]
    return {name: value if math.isfinite(value) else None for name, value in limits.items()}


def _classical(report: Result) -> dict[str, Any]:
    """Return the device's time for the same job, every method that was priced, and the rest."""
    cost = report.priced.classical if report.priced else None
    totals = {name: plain(quantity) for name, quantity in classical_totals(report).items()}
    names = ("method", "kind", "is_compared", "note")
    return {
        "device": report.device.name,
        "method": None if cost is None else cost.method,
        **totals,
        "alternatives": [
            {name: getattr(row, name) for name in names}
            | {"runtime_s": float(row.runtime_s), "energy_j": float(row.energy_j)}
            for row in (cost.alternatives if cost else ())
        ],
        "left_out": [
            {"method": method, "reason": reason}
            for method, reason in (cost.left_out if cost else ())
        ],
    }


def _rival(row: Rival) -> dict[str, Any]:
    """Return one solver beside the others; what it lacks is null, with the reason."""
    found = vars(row) | {"magic_states": whole(row.magic_states)}
    return found | {"queries": None if row.queries is None else list(row.queries)}


def _claim(row: Claim) -> dict[str, Any]:
    """Return a published exponent beside ours; one that could not be had is null."""
    return vars(row) | {"factors": [{"name": name, "exponent": x} for name, x in row.factors]}


def _references(report: Result) -> dict[str, Any]:
    """Return side figures that no total rests on, such as the linear part of `inverse_norm`."""
    return {
        name: plain(item) for name, item in (report.job.references if report.job else {}).items()
    }


def plain(quantity: Quantity | None) -> dict[str, Any] | None:
    """Return the JSON object of a quantity, fractions as numbers."""
    if quantity is None:
        return None
    found = quantity.to_dict()
    found["value"] = whole(found["value"])
    return found


def _stages(report: Result) -> tuple[StageCost, ...]:
    return () if report.priced is None else report.priced.stages


def stage_row(report: Result, stage: StageCost) -> dict[str, Any]:
    """Return one stage; `share` is its part of all magic states, toffoli + t/2."""
    whole_job = float(report.priced.logical.magic_states) if report.priced else 0.0
    share = float(stage.magic_states) / whole_job if whole_job and not stage.is_classical else 0.0
    return {
        "name": stage.name,
        "calls": whole(stage.calls),
        "toffoli": whole(stage.toffoli),
        "t": whole(stage.t),
        "rotations": whole(stage.rotations),
        "logical_qubits": whole(stage.logical_qubits),
        "share": share,
        "kind": stage_kind(report, stage.name),
        "gradients": whole(stage.gradients),
        "flops": _flops(report, stage),
        "layers": None if stage.is_classical else whole(stage.layers),
        "device_s": _seconds(report, stage),
    }


def _seconds(report: Result, stage: StageCost) -> float | None:
    """Return the seconds of a classical stage on the device, None where nothing is compared."""
    found = report.priced.stage_s.get(stage.name) if report.priced else None
    return None if found is None else float(found)


def _flops(report: Result, stage: StageCost) -> Any:
    """Return the operations of a stage, those of its gradients included (6 n n_s for each)."""
    values = report.measurement.values
    names = ("n_params", "n_samples")
    if not stage.gradients or any(name not in values for name in names):
        return whole(stage.flops)
    n_params, n_samples = (int(float(values[name])) for name in names)
    return whole(stage.flops + 6 * n_params * n_samples * stage.gradients)


def _logical(report: Result) -> dict[str, Any]:
    totals: dict[str, Any] = {name: plain(item) for name, item in logical_totals(report).items()}
    totals["layers"] = whole(report.priced.logical.layers) if report.priced else None
    if report.priced and any(machine.storage for machine in report.machines):
        totals["idle_qubits"] = whole(report.priced.logical.idle_qubits)
    found = report.agreement
    totals["agreement"] = {
        "status": found.status if found else "formula-only",
        "factor": found.factor if found else None,
        "toffoli_counted": found.toffoli_counted if found else None,
        "t_counted": found.t_counted if found else None,
        "rotations_counted": found.rotations_counted if found else None,
    }
    return totals


def budget_row(report: Result, share: Share) -> dict[str, Any]:
    """Return one term of the error budget: its share, its precision, what that buys."""
    numbers = report.priced.numbers if report.priced else {}
    bought = None
    if share.bought is not None and share.bought[0] in numbers:
        bought = f"{whole(numbers[share.bought[0]]):,} {share.bought[1]}"
    return {
        "name": share.name,
        "share": share.decided if share.symbol is None else report.budget.get(share.symbol),
        "value": share.decided if share.value is None else numbers.get(share.value),
        "bought": bought,
        "kind": share.kind if share.value is None else report.pedigrees()[share.value].kind,
    }


def _physical(report: Result) -> list[dict[str, Any]]:
    if report.priced is None:
        reason = "; ".join(report.failure or ())
        return [_no_machine(machine.name, reason) for machine in report.machines]
    return [_machine(report, cost) for cost in report.priced.machines]


def _no_machine(name: str, reason: str) -> dict[str, Any]:
    return {
        "hardware": name,
        "status": "infeasible",
        "reason": reason,
        "distance": None,
        "factory": None,
        "n_factories": None,
        "physical_qubits": plain(
            Quantity(value=None, unit="qubits", kind="assumed", method=reason)
        ),
        "runtime_s": plain(Quantity(value=None, unit="s", kind="assumed", method=reason)),
    }


def _machine(report: Result, cost: MachineCost) -> dict[str, Any]:
    if not cost.is_feasible:
        floor = {"runtime_floor_s": float(cost.runtime_floor_s)}
        return _no_machine(cost.hardware, str(cost.reason)) | floor
    return {
        "hardware": cost.hardware,
        "status": "ok",
        "reason": "",
        "distance": whole(cost.distance),
        "factory": str(cost.factory),
        "n_factories": whole(cost.n_factories),
        **{name: plain(item) for name, item in machine_totals(report, cost).items()},
        "limited_by": str(cost.limited_by),
        "runtime_floor_s": float(cost.runtime_floor_s),
        "logical_error_per_cycle": float(cost.logical_error_per_cycle),
        **_shared_and_stored(report, cost),
    }


def _shared_and_stored(report: Result, cost: MachineCost) -> dict[str, int]:
    """Return machines side by side and qubits in cold storage, where either was asked for."""
    machine = next(item for item in report.machines if item.name == cost.hardware)
    found = {"n_machines": whole(cost.n_machines)} if machine.n_machines > 1 else {}
    return found | ({"cold_qubits": whole(cost.cold_qubits)} if machine.storage else {})


def _verdict(report: Result) -> dict[str, Any]:
    verdict = report.verdict
    if verdict is None:
        return {"winner": "undecided", "ratio": None, "dominated_by": None, "one_change": None}
    return {
        "winner": verdict.winner,
        "ratio": plain(verdict.ratio),
        "dominated_by": verdict.dominated_by[0] if verdict.dominated_by else None,
        "one_change": None if verdict.change is None else change_text(verdict.change),
        "reason": verdict.reason,
        "changes": [_tie(tie) for tie in verdict.ties],
    }


def _tie(tie: Tie) -> dict[str, Any]:
    return {
        "symbol": tie.knob.symbol,
        "now": tie.knob.now,
        "needed": tie.needed,
        "range": tie.knob.range_text,
        "ratio_left": tie.ratio_left,
    }


def change_text(tie: Tie) -> str:
    """Return the one change in words."""
    from qres.report.units import decades, number

    knob = tie.knob
    if tie.needed is None:
        return (
            f"no single change ties; {knob.text} ({knob.symbol}) comes nearest: from"
            f" {number(knob.now)} to {number(knob.end)} leaves {decades(tie.ratio_left)}"
        )
    return (
        f"{knob.text} ({knob.symbol}) from {number(knob.now)} to {number(tie.needed)}"
        " would tie, all else as it is"
    )
