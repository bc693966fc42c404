"""Who wins a Newton run, what dominates its quantum side, and what one gate would have to take."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qres.algorithms.newton.work import BREAK_EVEN
from qres.algorithms.record import Assumption
from qres.explore.breakeven import CLOCK_FLOOR_S
from qres.explore.verdict import name_winner, undone
from qres.notation.quantity import Kind, Quantity, weakest
from qres.pricing.record import Knob, Tie, Verdict
from qres.pricing.schedule import Schedule
from qres.pricing.schedule_sums import has_all_solves, solves_of, sum_machines, sum_stages


def judge_schedule(schedule: Schedule, machines: Sequence[str]) -> Verdict:
    """Compare the run with every system on the quantum route and Newton's method without a scheduler.

    Args:
        schedule: priced.
        machines: names of the quantum machines.
    """
    dominated = _dominant(schedule)
    if not has_all_solves(schedule):
        refused = next(d for d in schedule.decisions if d.quantum is None)
        reason = f"{refused.block} of step {refused.step}: {refused.refused}"
        return Verdict(winner="classical", ratio=None, dominated_by=dominated, reason=reason)
    seconds, is_floor = quantum_seconds(schedule, machines)
    low, high = (None, None) if is_floor else _ends(schedule)
    ratio = Quantity(
        value=seconds / schedule.classical_s,
        low=low,
        high=high,
        kind="asymptotic" if schedule.policy == "paper" else _kind(schedule),
        bound="lower" if is_floor else "two-sided",
        source="the run by the quantum route alone over the run on the device alone",
        method="gradients on both sides, and what each must prepare: the device without a scheduler"
        + (
            "; no machine can do all: one reaction time a gate, magic states free"
            if is_floor
            else ""
        ),
    )
    winner, reason = undone(ratio) or name_winner(float(ratio), _assumed(schedule))
    tie = None if float(ratio) <= 1 else _clock(schedule, seconds)
    return Verdict(
        winner=winner,
        ratio=ratio,
        dominated_by=dominated,
        change=tie,
        ties=() if tie is None else (tie,),
        is_floor=is_floor,
        reason=reason,
    )


def _ends(schedule: Schedule) -> tuple[float, float] | tuple[None, None]:
    """Return the ratio at the ends of what was measured; none where it is sharp."""
    low, high = (end / schedule.classical_s for end in schedule.quantum_ends_s)
    return (low, high) if low < high else (None, None)


def _kind(schedule: Schedule) -> Kind:
    return weakest(("assumed", *(solve.kind for solve in solves_of(schedule))))


def quantum_seconds(schedule: Schedule, machines: Sequence[str]) -> tuple[float, bool]:
    """Return the time of the run by the quantum route alone, and whether it is only a floor.

    Args:
        schedule: with a quantum job for every system.
        machines: names of the quantum machines.
    """
    if math.isfinite(schedule.quantum_s):
        return schedule.quantum_s, False
    gates = min(item.runtime_floor_s for item in sum_machines(schedule, machines))
    return gates + _around(schedule), True


def _around(schedule: Schedule) -> float:
    """Return what the quantum route spends on the classical device."""
    prepared = sum(decision.routes[0].prepare_s for decision in schedule.decisions)
    return sum(schedule.gradient_s) + prepared + sum(q.side_s for q in solves_of(schedule))


def _dominant(schedule: Schedule) -> tuple[str, float] | None:
    stages = sum_stages(schedule)
    whole = sum(stage.toffoli + stage.t / 2 for stage in stages)
    if whole <= 0:
        return None
    top = max(stages, key=lambda stage: stage.toffoli + stage.t / 2)
    return top.name, (top.toffoli + top.t / 2) / whole


def _assumed(schedule: Schedule) -> list[Assumption]:
    """Return what could undo a lead: the hidden constant, the serial clock, the device's pace."""
    pace = max(decision.unscheduled.factor for decision in schedule.decisions)
    device = "the device sustains what is assumed of its rate and latency"
    found = [Assumption(text=device, factor=pace, favours="classical")]
    if schedule.policy == "paper":
        text = "the hidden constant is 1, and loading and read-out are free"
        return [*found, Assumption(text=text, factor=None, favours="quantum")]
    width = max(solve.logical_qubits for solve in solves_of(schedule))
    text = "each Toffoli or T gate waits one reaction time for the one before it"
    return [*found, Assumption(text=text, factor=max(1.0, width / 3), favours="classical")]


def _clock(schedule: Schedule, seconds: float) -> Tie | None:
    """Return the time of a gate at which the run ties, or what the fastest decoder leaves."""
    gates = sum(solve.serial_gates for solve in solves_of(schedule))
    around = _around(schedule)
    now = (seconds - around) / gates
    if schedule.policy == "paper" or now <= CLOCK_FLOOR_S:
        return None
    knob = Knob(
        symbol="clock",
        text="seconds per Toffoli or T gate",
        now=now,
        end=CLOCK_FLOOR_S,
        range_text=f"100 ns to {now * 1e6:.3g} us",
    )
    left = schedule.classical_s - around
    if left > 0:
        needed = float(BREAK_EVEN(classical_s=left, serial_toffoli=max(1, round(gates))))
        if needed >= CLOCK_FLOOR_S:
            return Tie(knob=knob, needed=needed, ratio_left=1.0)
    at_end = (around + gates * CLOCK_FLOOR_S) / schedule.classical_s
    return Tie(knob=knob, needed=None, ratio_left=at_end)
