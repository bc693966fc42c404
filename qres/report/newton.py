"""A Newton run on the first screen and as plain data: field `schedule` of `qres-result/1`.

`stages`, `logical` and `physical` are then sums over all solves, as if each went to the quantum route
at its honest price, whatever the policy; `classical` is the run on the device alone, which spends
nothing on choosing.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from qres.measurement.newton.record import NewtonBlock, NewtonRun
from qres.notation.quantity import Kind, Quantity, weakest
from qres.pricing.schedule import (
    Decision,
    Interval,
    QuantumSolve,
    Route,
    Schedule,
    StageShare,
)
from qres.pricing.schedule_sums import (
    MachineSum,
    has_all_solves,
    merge_ends,
    solves_of,
    sum_machines,
    sum_stages,
)
from qres.report.record import Result
from qres.report.totals import LOGICAL

SUMMED = "sum over all solves, each by the quantum route"
LARGEST = "largest over all solves"
ALONE = "every system by its fastest classical route, nothing spent on choosing"

CONDITION = (
    "lambda_max",
    "lambda_min",
    "lambda_reg",
    "kappa_bound",
    "merikoski_log10",
    "prune_error",
    "prune_step_error",
    "pruned_share",
)
"""Values of a block that stand beside its decision."""


def schedule_of(report: Result) -> Schedule:
    """Return the schedule of a report that has one."""
    if report.schedule is None:
        raise TypeError("report: no Newton run was priced")
    return report.schedule


def run_of(report: Result) -> NewtonRun:
    """Return the run of a report that has one."""
    if report.measurement.newton is None:
        raise TypeError("report: no Newton run was measured")
    return report.measurement.newton


def kind_of(schedule: Schedule) -> Kind:
    """Return the weakest kind of what the quantum solves rest on."""
    return weakest(solve.kind for solve in solves_of(schedule))


def newton_fields(report: Result) -> dict[str, Any]:
    """Return the fields of `qres-result/1` that a Newton run fills in its own way."""
    schedule = schedule_of(report)
    names = [machine.name for machine in report.machines]
    return {
        "stages": [_stage(stage, sum_stages(schedule)) for stage in sum_stages(schedule)],
        "logical": _logical(report, schedule),
        "physical": [_machine(item, schedule) for item in sum_machines(schedule, names)],
        "classical": _classical(report, schedule),
        "schedule": _schedule(report, schedule),
    }


def left_out(schedule: Schedule) -> list[tuple[str, str]]:
    """Return (method, reason) of every classical solve that some system has no price for."""
    return list(dict.fromkeys(pair for d in schedule.decisions for pair in d.left_out))


def decision_rows(report: Result) -> list[dict[str, Any]]:
    """Return one flat row for each system of each step."""
    return [
        {
            "step": decision.step,
            "block": decision.block,
            "dim": decision.dim,
            "sparsity": whole_or_real(decision.sparsity),
            "kappa": finite(decision.kappa),
            "newton_fidelity": finite(decision.newton_fidelity),
            "route": decision.route.name,
            "route_s": finite(decision.route.total_s),
            "quantum_s": finite(decision.routes[0].total_s),
            "quantum_low_s": finite(decision.routes[0].ends_s[0]),
            "quantum_high_s": finite(decision.routes[0].ends_s[1]),
            "classical_s": finite(decision.classical.total_s),
            "alone_s": finite(decision.unscheduled.total_s),
            "break_even_s": decision.break_even_s,
            "reason": decision.reason,
        }
        for decision in schedule_of(report).decisions
    ]


def whole_or_real(value: float) -> float | int:
    """Return an integer where a finite number is one."""
    return int(value) if math.isfinite(value) and float(value).is_integer() else value


def finite(value: float | None) -> float | None:
    """Return a number, None where it is infinite or none."""
    return None if value is None or not math.isfinite(value) else float(value)


def _stage(stage: StageShare, stages: tuple[StageShare, ...]) -> dict[str, Any]:
    everything = sum(item.toffoli + item.t / 2 for item in stages)
    counts = ("calls", "toffoli", "t", "rotations", "logical_qubits")
    return {
        "name": stage.name,
        **{name: whole_or_real(getattr(stage, name)) for name in counts},
        "share": (stage.toffoli + stage.t / 2) / everything if everything else 0.0,
        "kind": stage.kind,
    }


def how_counted(schedule: Schedule) -> str:
    """Return in words what the counts rest on."""
    total = len(solves_of(schedule))
    if schedule.n_counted == 0:
        return "formula only"
    if schedule.n_counted == total:
        return "counted from circuit, formula agrees"
    return (
        f"by formula, which agrees with the circuits of the {schedule.n_counted} largest of {total}"
    )


def _logical(report: Result, schedule: Schedule) -> dict[str, Any]:
    solves = solves_of(schedule)
    found: dict[str, Any] = dict.fromkeys(LOGICAL)
    if has_all_solves(schedule):
        for name, unit in LOGICAL.items():
            merge = max if name == "logical_qubits" else sum
            value = merge(getattr(solve, name) for solve in solves)
            ends = merge_ends(solves, name, merge, lambda solve, name=name: getattr(solve, name))
            method = f"{LARGEST if merge is max else SUMMED}; {how_counted(schedule)}"
            found[name] = _quantity(value, unit, kind_of(schedule), method, ends=ends)
    return {**found, "agreement": _agreement(report, schedule)}


def _agreement(report: Result, schedule: Schedule) -> dict[str, Any]:
    """Return the counts from the circuits where each was counted."""
    names = ("factor", "toffoli_counted", "t_counted", "rotations_counted")
    is_whole = schedule.n_counted == len(schedule.decisions)
    found = report.agreement if is_whole else None
    return {
        "status": found.status if found else "formula-only",
        **{name: getattr(found, name, None) for name in names},
        "solves_counted": schedule.n_counted,
    }


def _quantity(
    value: float,
    unit: str,
    kind: Kind,
    method: str,
    source: str = "stages of linear-system",
    ends: Interval | None = None,
) -> dict[str, Any]:
    item = Quantity(value=value, unit=unit, kind=kind, source=source, method=method)
    if ends is not None and ends[0] < ends[1]:
        item = replace(item, low=ends[0], high=ends[1])
    return {**item.to_dict(), "value": whole_or_real(value)}


def _machine(item: MachineSum, schedule: Schedule) -> dict[str, Any]:
    kind = weakest((kind_of(schedule), "assumed"))
    numbers = {"physical_qubits": "qubits", "runtime_s": "s"}
    ends = {"physical_qubits": item.physical_qubits_ends, "runtime_s": item.runtime_ends_s}
    if item.is_feasible:
        found = {
            name: _quantity(
                getattr(item, name),
                unit,
                kind,
                SUMMED if unit == "s" else LARGEST,
                f"machine {item.hardware}",
                ends=ends[name],
            )
            for name, unit in numbers.items()
        }
    else:
        found = {
            name: Quantity(value=None, unit=unit, kind="assumed", method=item.reason).to_dict()
            for name, unit in numbers.items()
        }
    return {
        "hardware": item.hardware,
        "status": "ok" if item.is_feasible else "infeasible",
        "reason": item.reason,
        "distance": whole_or_real(item.distance) if item.is_feasible else None,
        "factory": None,
        "n_factories": None,
        **found,
        "runtime_floor_s": finite(item.runtime_floor_s),
        "refused": item.n_refused,
    }


def _classical(report: Result, schedule: Schedule) -> dict[str, Any]:
    seconds = schedule.classical_s
    times = {name: schedule.alone_route_s(name) for name in schedule.alone_names}
    device = report.device
    return {
        "device": device.name,
        "method": ALONE,
        "runtime_s": _quantity(seconds, "s", "assumed", ALONE, device.name),
        "energy_j": _quantity(
            seconds * device.power, "J", "assumed", "power times time", device.name
        ),
        "alternatives": [
            {"method": name, "runtime_s": finite(time), "is_compared": math.isfinite(time)}
            for name, time in times.items()
        ],
        "left_out": [{"method": method, "reason": reason} for method, reason in left_out(schedule)],
    }


def _schedule(report: Result, schedule: Schedule) -> dict[str, Any]:
    run = run_of(report)
    blocks = [block for step in run.steps for block in step.blocks]
    return {
        "policy": schedule.policy,
        "gate_time_s": schedule.gate_time_s,
        "device": schedule.device,
        "scheduled_s": finite(schedule.scheduled_s),
        "choosing_s": finite(schedule.choosing_s),
        "classical_s": finite(schedule.classical_s),
        "quantum_s": finite(schedule.quantum_s),
        "single_route_s": {
            name: finite(schedule.single_route_s(name)) for name in schedule.route_names
        },
        "alone_route_s": {
            name: finite(schedule.alone_route_s(name)) for name in schedule.alone_names
        },
        "gradient_s": list(schedule.gradient_s),
        "target_loss": schedule.target_loss,
        "losses": list(run.losses),
        "exact_losses": list(run.exact_losses),
        "accuracies": [*(step.held_out_accuracy for step in run.steps), run.final_accuracy],
        "decisions": [
            _decision(decision, block)
            for decision, block in zip(schedule.decisions, blocks, strict=True)
        ],
        "rivals": [
            {**vars(rival), "losses": list(known.losses), "accuracies": list(known.accuracies)}
            for rival, known in zip(schedule.rivals, run.rivals, strict=True)
        ],
        "noise": [row.to_dict() for row in run.noise],
        "ladder": [vars(rung) for rung in schedule.ladder],
    }


def _decision(decision: Decision, block: NewtonBlock) -> dict[str, Any]:
    known = {name: block.values[name] for name in CONDITION if name in block.values}
    return {
        "step": decision.step,
        "block": decision.block,
        "dim": decision.dim,
        "sparsity": whole_or_real(decision.sparsity),
        "kappa": finite(decision.kappa),
        "newton_fidelity": finite(decision.newton_fidelity),
        **{name: finite(item.value) for name, item in known.items()},
        "route": decision.route.name,
        "is_sure": decision.is_sure,
        "reason": decision.reason,
        "routes": [_route(route) for route in decision.routes],
        "alone": [_route(route) for route in decision.alone],
        "quantum": None if decision.quantum is None else _solve(decision.quantum),
        "published_s": finite(decision.published_s),
        "break_even_s": decision.break_even_s,
    }


def _route(route: Route) -> dict[str, Any]:
    return {
        "name": route.name,
        "place": route.place,
        "prepare_s": finite(route.prepare_s),
        "solve_s": finite(route.solve_s),
        "total_s": finite(route.total_s),
        "low_s": finite(route.ends_s[0]),
        "high_s": finite(route.ends_s[1]),
        "kind": route.kind,
        "reason": route.reason,
    }


def _solve(solve: QuantumSolve) -> dict[str, Any]:
    counts = ("toffoli", "t", "rotations", "logical_qubits")
    return {
        "encoding": solve.encoding,
        "solver": solve.solver,
        "state_preparation": solve.mode,
        **{name: whole_or_real(getattr(solve, name)) for name in counts},
        "kappa_eff": solve.kappa_eff,
        "matrix_queries": whole_or_real(solve.matrix_queries),
        "runtime_s": {name: finite(value) for name, value in solve.runtime_s.items()},
        "physical_qubits": {name: finite(value) for name, value in solve.physical_qubits.items()},
    }
