"""Why one job does not fit on a machine, and the nearest value that would.

Asked in this order: caps, correlated events, magic states, code distance. What is named fits with
everything else as it is: each value is tried before it is told, rounded to the side that fits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from qres.config.record import Objective
from qres.physical.choice import Choice
from qres.physical.columns import View
from qres.physical.record import MAX_DISTANCE
from qres.physical.search import Search

POINTS = 65
"""Values that are tried at once between one that fits and one that does not."""

ALIKE = 1.01
"""Ratio of errors that count as the same when a best factory is named."""

ROUNDS = 4
"""How often the gap is divided: a factor of 1e40 comes down to 1 + 6e-6."""


@dataclass(frozen=True)
class Obstacle:
    """The reason why a single job does not fit; it is looked for when it is read.

    Args:
        views: the job as each layout sees it, arrays of one element.
        part: of the time of the whole job that the busiest machine takes.
    """

    views: Sequence[View]
    part: float = 1.0

    def __str__(self) -> str:
        return self._text

    @cached_property
    def _text(self) -> str:
        with np.errstate(all="ignore"):
            found = (find(self.views) for find in (self._caps, _events, _magic, _failure))
            return next(filter(None, found), "does not fit, and no single bound is the cause")

    def _caps(self, views: Sequence[View]) -> str:
        """Return what lifting one cap, or both, would need; empty where that is not enough."""
        clock = views[0].tables.machine.cycle_time_s
        qubits = float(views[0].jobs.max_qubits[0])
        seconds = float(views[0].jobs.max_cycles[0]) * self.part * clock
        has_qubits, has_time = np.isfinite(qubits), np.isfinite(seconds)
        free, texts = np.full(1, np.inf), []
        if has_qubits:
            least = _best(_changed(views, max_qubits=free), "qubits")
            texts += [f"max_qubits of at least {rounded_up(least)}"] if np.isfinite(least) else []
        if has_time:
            cycles = _best(_changed(views, max_cycles=free), "runtime")
            shortest = np.ceil(cycles * self.part) * clock
            if np.isfinite(cycles):
                texts.append(f"max_runtime of at least {rounded_up(shortest)} s")
        limits = [f"max_qubits {qubits:.6g}"] if has_qubits else []
        limits += [f"max_runtime {seconds:.6g} s"] if has_time else []
        head = f"does not fit within {' and '.join(limits)}: needs "
        if texts:
            kept = ", the other limit kept" if len(limits) > 1 else ""
            return f"{head}a {' or a '.join(texts)}{kept}"
        if len(limits) > 1:
            least = _best(_changed(views, max_qubits=free, max_cycles=free), "qubits")
            if np.isfinite(least):
                return f"{head}more of both; {rounded_up(least)} qubits if time is unlimited"
        return ""


def rounded_up(value: float) -> str:
    """Return six digits that are no less than the value."""
    text = f"{value:.6g}"
    return text if float(text) >= value else f"{value * (1 + 5e-6):.6g}"


def rounded(value: float, *, is_up: bool) -> str:
    """Return three digits that are no less, or no more, than the value."""
    text = f"{value:.3g}"
    is_right = float(text) >= value if is_up else float(text) <= value
    return text if is_right else f"{value * (1 + (5e-3 if is_up else -5e-3)):.3g}"


def _changed(views: Sequence[View], **fields: np.ndarray) -> list[View]:
    return [View(view.tables, replace(view.jobs, **fields)) for view in views]


def _best(views: Sequence[View], objective: Objective) -> float:
    """Return the least qubits or cycles; infinite where nothing fits."""
    return float(_search(views, objective).key[0])


def _search(views: Sequence[View], objective: Objective = "runtime") -> Choice:
    choice = Choice.empty(len(views[0].jobs.magic))
    Search(views, objective, np.arange(len(views[0].tables.kind))).run(choice)
    return choice


def _nearest(fits: Callable[[np.ndarray], np.ndarray], near: float, far: float) -> float | None:
    """Return the value nearest to `near` that fits, where all between it and `far` do."""
    if not (np.isfinite(near) and np.isfinite(far)) or not fits(np.array([far]))[0]:
        return None
    for _ in range(ROUNDS):
        values = np.geomspace(far, near, POINTS)
        last = int(np.flatnonzero(fits(values))[-1])
        if last == POINTS - 1:
            return float(near)
        far, near = float(values[last]), float(values[last + 1])
    return far


def _events(views: Sequence[View]) -> str:
    """Return the largest rate of correlated events that fits, where none at all would."""
    machine = views[0].tables.machine
    rate, budget = machine.correlated_event_rate_per_s, float(views[0].jobs.fail_prob[0])

    def fits(rates: np.ndarray) -> np.ndarray:
        return np.array([_search(_with_rate(views, float(one))).row[0] >= 0 for one in rates])

    if rate == 0.0 or not fits(np.zeros(1))[0]:
        return ""
    seconds = _best(_with_rate(views, 0.0), "runtime") * machine.cycle_time_s
    largest = _largest_rate(fits, min(rate, budget / seconds))
    return (
        f"correlated events at {rate:.3g} per second times the shortest runtime {seconds:.3g} s are"
        f" too many for the failure probability {budget:.3g}: a rate of at most"
        f" {rounded(largest, is_up=False)} per second would fit"
    )


def _largest_rate(fits: Callable[[np.ndarray], np.ndarray], near: float) -> float:
    """Halve the gap between a rate that fits and one that does not, 1e-6 of it apart."""
    low, high = 0.0, near
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if fits(np.array([middle]))[0] else (low, middle)
    return low


def _with_rate(views: Sequence[View], rate: float) -> list[View]:
    """Return the views of the same machine with another rate of correlated events."""
    found = []
    for view in views:
        machine = replace(view.tables.machine, correlated_event_rate_per_s=rate)
        found.append(View(replace(view.tables, machine=machine), view.jobs))
    return found


def _magic(views: Sequence[View]) -> str:
    """Return how many magic states the best factory is good for, where their errors bind."""
    tables, jobs = views[0].tables, views[0].jobs
    states, budget = jobs.states[tables.kind, 0], float(jobs.fail_prob[0])
    fails = jobs.over(tables.kind, tables.table, np.arange(len(tables.kind))).fails[0]
    row = int(np.argmin(fails))
    if states[row] <= 0.0:
        return ""
    needed, error = budget / float(states[row]), float(fails[row] / states[row])
    if needed > error:
        return ""
    # of all that are as good to the digits shown, the smallest: larger ones only seem to be needed
    reached = np.where(fails <= ALIKE * fails[row], tables.table.qubits, np.inf)
    text = (
        f"needs magic states of error {needed:.1e}, the best factory here reaches"
        f" {error:.1e} ({tables.table.labels[int(np.argmin(reached))]})"
    )
    part = _nearest(lambda parts: _fits_part(views, parts), needed / error, 1 / float(states[row]))
    if part is None:
        return f"{text}; not even one would fit"
    most = rounded(part * float(states[row]), is_up=False)
    return f"{text}; up to {most} of its {float(states[row]):.3g} states would fit"


def _fits_part(views: Sequence[View], parts: np.ndarray) -> np.ndarray:
    """Return whether parts of the gates would fit on the same qubits."""
    names = ("magic", "layers", "steps", "pairs", "states", "work")
    columns = [view.take(np.zeros(len(parts), dtype=int)) for view in views]
    scaled = [
        View(view.tables, replace(view.jobs, **{n: getattr(view.jobs, n) * parts for n in names}))
        for view in columns
    ]
    return _search(scaled).row >= 0


def _failure(views: Sequence[View]) -> str:
    """Return the smallest failure probability that all factories and distances together reach."""
    budget = float(views[0].jobs.fail_prob[0])

    def fits(values: np.ndarray) -> np.ndarray:
        columns = [view.take(np.zeros(len(values), dtype=int)) for view in views]
        return _search(_changed(columns, fail_prob=values)).row >= 0

    most = 1.0 if budget < 1.0 else 1e3 * budget
    least = _nearest(fits, budget, most)
    tail = f"none below {most:.3g} would fit"
    if least is not None and least < most:
        tail = f"a failure probability of {rounded(least, is_up=True)} would fit"
    return (
        f"magic states, data and correlated events together exceed the failure probability"
        f" {budget:.2g} up to code distance {MAX_DISTANCE}: {tail}"
    )
