"""Why one job does not fit on a machine, and the nearest value that would.

Asked in this order: caps, magic states, correlated events, code distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qres.config.record import Objective
from qres.physical.record import MAX_DISTANCE
from qres.physical.search import Choice, Jobs, Search
from qres.physical.tables import MachineTables


def find_obstacle(tables: MachineTables, every: Sequence[Jobs]) -> str:
    """Return the binding constraint of a single job, with the nearest feasible value.

    Args:
        tables: the machine.
        every: the job as each layout sees it, arrays of one element.
    """
    for find in (_caps, _magic, _events, _distance):
        text = find(tables, every)
        if text:
            return text
    return "does not fit, and no single bound is the cause"


def _caps(tables: MachineTables, every: Sequence[Jobs]) -> str:
    """Return what lifting one cap, or both, would need; empty where that is not enough."""
    free, clock = np.full(1, np.inf), tables.machine.cycle_time_s
    qubits, seconds = float(every[0].max_qubits[0]), float(every[0].max_cycles[0]) * clock
    has_qubits, has_time = np.isfinite(qubits), np.isfinite(seconds)
    texts = []
    if has_qubits:
        least = _best(tables, [replace(jobs, max_qubits=free) for jobs in every], "qubits")
        texts += [f"max_qubits of at least {_rounded_up(least)}"] if np.isfinite(least) else []
    if has_time:
        cycles = _best(tables, [replace(jobs, max_cycles=free) for jobs in every], "runtime")
        shortest = _rounded_up(cycles * clock)
        texts += [f"max_runtime of at least {shortest} s"] if np.isfinite(cycles) else []
    limits = [f"max_qubits {qubits:.6g}"] if has_qubits else []
    limits += [f"max_runtime {seconds:.6g} s"] if has_time else []
    head = f"does not fit within {' and '.join(limits)}: needs "
    if texts:
        kept = ", the other limit kept" if len(limits) > 1 else ""
        return f"{head}a {' or a '.join(texts)}{kept}"
    if len(limits) > 1:
        lifted = [replace(jobs, max_qubits=free, max_cycles=free) for jobs in every]
        least = _best(tables, lifted, "qubits")
        if np.isfinite(least):
            return f"{head}more of both; {_rounded_up(least)} qubits if time is unlimited"
    return ""


def _rounded_up(value: float) -> str:
    """Return six digits that are no less than the value."""
    text = f"{value:.6g}"
    return text if float(text) >= value else f"{value * (1 + 5e-6):.6g}"


def _best(tables: MachineTables, every: Sequence[Jobs], objective: Objective) -> float:
    """Return the least qubits or cycles; infinite where nothing fits."""
    choice, rows = Choice.empty(1), np.arange(len(tables.kind))
    for layout, jobs in enumerate(every):
        choice.merge(Search(tables, jobs, objective, rows).run(), layout, np.zeros(1, dtype=int))
    return float(choice.key[0])


def _magic(tables: MachineTables, every: Sequence[Jobs]) -> str:
    label, best = tables.best
    kind = tables.kind[int(np.argmin(tables.table.error))]
    states, budget = float(every[0].states[kind, 0]), float(every[0].fail_prob[0])
    if budget > best * states:
        return ""
    return (
        f"needs magic states of error {budget / states:.1e}, the best factory here reaches"
        f" {best:.1e} ({label}); up to {budget / best:.1e} states would fit"
    )


def _events(tables: MachineTables, every: Sequence[Jobs]) -> str:
    rate = tables.machine.correlated_event_rate_per_s
    budget = float(every[0].fail_prob[0])
    cycles = min(float(_fastest(tables, jobs)[:, :1].min()) for jobs in every)
    seconds = cycles * tables.machine.cycle_time_s
    if rate * seconds < budget:
        return ""
    return (
        f"correlated events at {rate:.3g} per second times the shortest runtime {seconds:.3g} s"
        f" exceed the failure probability {budget:.3g}; up to {budget / rate:.3g} s would fit"
    )


def _distance(tables: MachineTables, every: Sequence[Jobs]) -> str:
    """Return the smallest failure probability that all factories and distances together reach."""
    least = min(_least_failure(tables, jobs) for jobs in every)
    tail = (
        f"a failure probability of {least:.2g} would fit" if least < 1 else "none below 1 would fit"
    )
    return (
        f"magic states, data and correlated events fail with {least:.2g} together, up to code"
        f" distance {MAX_DISTANCE}; the budget is {float(every[0].fail_prob[0]):.2g}: {tail}"
    )


def _least_failure(tables: MachineTables, jobs: Jobs) -> float:
    magic = tables.table.error[:, None] * jobs.states[tables.kind]
    risk = jobs.tiles * tables.logical_error + tables.event_risk
    return float((magic + risk * _fastest(tables, jobs)).min())


def _fastest(tables: MachineTables, jobs: Jobs) -> np.ndarray:
    """Return the fewest cycles at each size (rows) and distance (columns)."""
    alone = np.ceil(jobs.work[tables.kind] * tables.table.cycles[:, None])
    reacted = np.ceil(jobs.layers * tables.ticks_per_reaction)
    made = np.ceil(alone / tables.machine.max_factories)
    return np.maximum(np.maximum(reacted, made), tables.distances * jobs.steps)
