"""Sums over all solves of a schedule, as if each went to the quantum route."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from qres.notation.quantity import weakest
from qres.pricing.schedule import Interval, QuantumSolve, Schedule, StageShare


@dataclass(frozen=True, kw_only=True)
class MachineSum:
    """What all solves take on one machine, one after the other.

    Args:
        hardware: name of the machine.
        runtime_s: sum; infinite where one solve does not fit.
        runtime_floor_s: sum, if magic states were free.
        physical_qubits: largest; infinite where one solve does not fit.
        distance: largest of the code.
        n_refused: solves that do not fit, or have no quantum job.
        reason: of the first of them, empty where all fit.
        runtime_ends_s: the sum at the ends of what was measured.
        physical_qubits_ends: likewise the largest.
    """

    hardware: str
    runtime_s: float
    runtime_floor_s: float
    physical_qubits: float
    distance: float
    n_refused: int
    reason: str
    runtime_ends_s: Interval
    physical_qubits_ends: Interval

    @property
    def is_feasible(self) -> bool:
        """Whether every solve fits."""
        return self.n_refused == 0


def solves_of(schedule: Schedule) -> tuple[QuantumSolve, ...]:
    """Return the quantum jobs, in order; systems that have none are left out."""
    return tuple(d.quantum for d in schedule.decisions if d.quantum is not None)


def has_all_solves(schedule: Schedule) -> bool:
    """Say whether every system has a quantum job."""
    return all(decision.quantum is not None for decision in schedule.decisions)


def sum_stages(schedule: Schedule) -> tuple[StageShare, ...]:
    """Return each quantum stage summed over all solves, in order; qubits are the largest."""
    found: dict[str, StageShare] = {}
    for stage in (stage for solve in solves_of(schedule) for stage in solve.stages):
        known = found.get(stage.name)
        found[stage.name] = stage if known is None else _add(known, stage)
    return tuple(found.values())


def _add(one: StageShare, other: StageShare) -> StageShare:
    return replace(
        one,
        calls=one.calls + other.calls,
        toffoli=one.toffoli + other.toffoli,
        t=one.t + other.t,
        rotations=one.rotations + other.rotations,
        logical_qubits=max(one.logical_qubits, other.logical_qubits),
        kind=weakest((one.kind, other.kind)),
    )


def sum_machines(schedule: Schedule, names: Sequence[str]) -> tuple[MachineSum, ...]:
    """Return what all solves take on each machine."""
    return tuple(_sum_machine(schedule, name) for name in names)


def merge_ends(
    solves: Sequence[QuantumSolve],
    name: str,
    merge: Callable[[Iterable[float]], float],
    point: Callable[[QuantumSolve], float],
) -> Interval:
    """Return a total of all solves at the ends of what was measured.

    Args:
        solves: quantum jobs.
        name: key of `QuantumSolve.spread`.
        merge: `sum` or `max`.
        point: the number of a solve that is sharp.
    """
    pairs = [solve.spread.get(name, (point(solve), point(solve))) for solve in solves]
    return merge(low for low, _ in pairs), merge(high for _, high in pairs)


def _sum_machine(schedule: Schedule, name: str) -> MachineSum:
    solves = solves_of(schedule)
    never = [d.refused for d in schedule.decisions if d.quantum is None]
    refused = [text for solve in solves if (text := solve.reasons[name])]
    return MachineSum(
        hardware=name,
        runtime_s=float("inf") if never else sum(solve.runtime_s[name] for solve in solves),
        runtime_floor_s=sum(solve.runtime_floor_s[name] for solve in solves),
        physical_qubits=max((solve.physical_qubits[name] for solve in solves), default=0.0),
        distance=max((solve.distances[name] for solve in solves), default=0.0),
        n_refused=len(never) + len(refused),
        reason=next(iter([*never, *refused]), ""),
        runtime_ends_s=merge_ends(
            solves, f"{name}.runtime_s", sum, lambda solve: solve.runtime_s[name]
        ),
        physical_qubits_ends=merge_ends(
            solves, f"{name}.physical_qubits", _largest, lambda solve: solve.physical_qubits[name]
        ),
    )


def _largest(values: Iterable[float]) -> float:
    return max(values, default=0.0)
