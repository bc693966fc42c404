"""Warnings of a priced Newton run: what a reader of its times must know. The codes are stable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qres.explore.breakeven import CLOCK_FLOOR_S
from qres.explore.quantum_solves import QUERY_STAGES
from qres.measurement.newton.record import NewtonBlock, NewtonRun
from qres.physical.record import Machine
from qres.pricing.schedule import Decision, QuantumSolve, Schedule
from qres.pricing.schedule_sums import solves_of, sum_machines, sum_stages

Warnings = tuple[tuple[str, str], ...]

SIDE = "lose by the classical stages of the quantum route alone"
"""Said of blocks that no gate time helps."""

MUCH = 3.0
"""A condition number that the encoding multiplies by more is said."""

LOW_RANK = 0.5
"""A stable rank of at most this part of the dimension is said."""


def find_schedule_cautions(
    schedule: Schedule, run: NewtonRun, machines: Sequence[Machine]
) -> Warnings:
    """Return the warnings of a schedule.

    Args:
        schedule: priced.
        run: that was priced.
        machines: the quantum machines.
    """
    pairs = [(d, d.quantum) for d in schedule.decisions if d.quantum is not None]
    blocks = [block for step in run.steps for block in step.blocks]
    found = (
        *_clock(schedule),
        *_policy(schedule),
        *_loading(schedule),
        *_reading(schedule),
        *_condition(pairs),
        *_low_rank(schedule, blocks),
        *_idle(schedule, machines),
        *_refused(schedule, [machine.name for machine in machines]),
        *_grid(schedule),
    )
    return tuple(found)


def _clock(schedule: Schedule) -> Iterator[tuple[str, str]]:
    """Yield gate times, asked or needed, that no decoder follows."""
    if schedule.policy == "paper" and schedule.gate_time_s < CLOCK_FLOOR_S:
        text = (
            f"algorithm.gate_time {schedule.gate_time_s:.3g} s is shorter than any decoder reacts"
            " (100 ns): a logical gate cannot take less"
        )
        yield "W-CLOCK", text
    solves = solves_of(schedule)
    known = [d.break_even_s for d in schedule.decisions if d.quantum is not None]
    longest = max((seconds for seconds in known if seconds is not None), default=0.0)
    if not solves or longest >= CLOCK_FLOOR_S:
        return
    never = sum(seconds is None for seconds in known)
    if never == len(known):
        yield "W-CLOCK", f"no block ties at any gate time: all {SIDE}"
        return
    text = f"the kindest block ties at a logical gate of {longest:.2g} s"
    tail = f"; {never} of {len(known)} {SIDE}" if never else ""
    yield "W-CLOCK", f"{text}, shorter than any decoder reacts (100 ns){tail}"


def _policy(schedule: Schedule) -> Iterator[tuple[str, str]]:
    if schedule.policy == "paper":
        text = "the quantum times are the paper's formula with its hidden constant set to 1"
        yield "W-ASYMP", f"{text}: read them as orders of magnitude"
    elif any(solve.kind == "asymptotic" for solve in solves_of(schedule)):
        text = "a hidden constant was set to 1: read the quantum times as orders of magnitude"
        yield "W-ASYMP", text


def _loading(schedule: Schedule) -> Iterator[tuple[str, str]]:
    """Yield the part of the gates that only load the matrix and the gradient."""
    stages = sum_stages(schedule)
    whole = sum(stage.toffoli + stage.t / 2 for stage in stages)
    asked = sum(s.toffoli + s.t / 2 for s in stages if s.name in QUERY_STAGES)
    if whole > 0:
        text = f"{asked / whole:.0%} of the magic states load the matrix and the gradient"
        yield "W-IO-LOAD", f"{text}: both are classical numbers that change with every step"


def _reading(schedule: Schedule) -> Iterator[tuple[str, str]]:
    """Yield by how much the read-out of every entry multiplies one run of the solver."""
    solves = [solve for solve in solves_of(schedule) if solve.query_gates > 0]
    if solves:
        runs = sum(solve.gates for solve in solves) / sum(solve.query_gates for solve in solves)
        text = "a step is all entries of a vector: amplification and read-out multiply one solve by"
        yield "W-IO-READ", f"{text} {runs:.3g}"


def _condition(pairs: Sequence[tuple[Decision, QuantumSolve]]) -> Iterator[tuple[str, str]]:
    seen = [(d, q) for d, q in pairs if q.kappa_eff > MUCH * d.kappa]
    if seen:
        decision, solve = max(seen, key=lambda pair: pair[1].kappa_eff / pair[0].kappa)
        text = (
            f"{len(seen)} of {len(pairs)} solves see more than {MUCH:g} times their kappa; at most"
            f" {solve.kappa_eff:.4g} for {decision.kappa:.4g} ({decision.block}, step"
            f" {decision.step}): the encoding's normalisation is paid for"
        )
        yield "W-KAPPA", text


def _low_rank(schedule: Schedule, blocks: Sequence[NewtonBlock]) -> Iterator[tuple[str, str]]:
    """Yield solves whose data structure dequantised algorithms share."""
    seen = [
        block
        for decision, block in zip(schedule.decisions, blocks, strict=True)
        if decision.quantum is not None
        and decision.quantum.is_norm_access
        and _stable_rank(block) <= LOW_RANK * block.dim
    ]
    if seen:
        text = (
            f"{len(seen)} of {len(blocks)} solves load by Frobenius norm a matrix of stable rank"
            f" at most {max(map(_stable_rank, seen)):.3g}: dequantised algorithms live here"
        )
        yield "W-DEQ", text


def _idle(schedule: Schedule, machines: Sequence[Machine]) -> Iterator[tuple[str, str]]:
    """Yield machines side by side that no solve has shots for."""
    several = max((machine.n_machines for machine in machines), default=1)
    solves = solves_of(schedule)
    if several > 1 and solves and all(solve.busiest_part >= 1 for solve in solves):
        text = "each solve is one coherent run, so all but one machine would stand idle"
        yield "W-MACHINES", f"limits.machines {several:,}: {text}"


def _stable_rank(block: NewtonBlock) -> float:
    return (float(block.values["frobenius_norm"]) / float(block.values["norm"])) ** 2


def _refused(schedule: Schedule, machines: Sequence[str]) -> Iterator[tuple[str, str]]:
    count = len(schedule.decisions)
    for item in sum_machines(schedule, machines):
        if not item.is_feasible:
            head = f"{item.hardware}: {item.n_refused} of {count} solves"
            yield "W-INFEASIBLE", f"{head}: {item.reason}"


def _grid(schedule: Schedule) -> Iterator[tuple[str, str]]:
    """Yield methods that were not tuned: beyond the end of the grid another rate may be better."""
    ends = [rival for rival in schedule.rivals if rival.is_at_end]
    if ends:
        names = ", ".join(f"{rival.name} {rival.learning_rate:g}" for rival in ends)
        text = "the best learning rate is an end of the grid, another may be faster"
        yield "W-GRID", f"{names}: {text}"
