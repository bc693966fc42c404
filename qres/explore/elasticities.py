r"""Elasticities: by which power each symbol enters the cost, $d\ln\text{cost}/d\ln x$.

Central differences of `price` over arrays, between $x/\sqrt2$ and $\sqrt2\,x$. That span is a factor
of two on purpose: $\lceil\log_2\rceil$ takes exactly one stair in it, so bits and tables enter with
their mean slope. A probability near 1 moves between 1/2 and 1. The choices of the estimate and every
other input stay. A symbol that is defined by others can be asked for too: what it is made of then
stays, what is made of it follows.

$\mathrm{error.total}$ is the whole target: what is already spent stays, the shares move.

Source: derived.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from qres.algorithms.record import CONCRETE, Job
from qres.classical.record import Device
from qres.config.record import ErrorTarget, Objective
from qres.errors import InfeasibleError, InputError, nearest
from qres.explore.budget import even_split
from qres.physical.record import Machine
from qres.pricing.price import price
from qres.pricing.record import Elasticity, Priced
from qres.pricing.schedule import Schedule

SPAN = 2.0
"""One stair of a ceiling of a logarithm."""

STEP = math.sqrt(SPAN)
"""Up and down from where a symbol is."""

TOTAL = "error.total"

AT_MOST_ONE = ("_prob", "_overlap", TOTAL)
"""Ends of the names of what cannot exceed 1: near it the span lies below."""


def elasticities(
    job: Job,
    error: ErrorTarget,
    machine: Machine | None,
    device: Device,
    *,
    symbols: Iterable[str] | None = None,
    objective: Objective = "runtime",
) -> tuple[Elasticity, ...]:
    """Return one row a symbol, the largest elasticity of the magic states first.

    Args:
        job: with its budget filled in.
        error: target, for the row `error.total`.
        machine: that the runtime is of, None for none.
        device: the classical one.
        symbols: which; without them every input that the cost rests on and that is not zero, and
            `error.total`.
        objective: of the physical layer.

    Raises:
        InputError: a symbol is unknown, zero or no scalar number.
    """
    numbers = job.evaluate()
    names = _default(job, numbers) if symbols is None else tuple(symbols)
    for name in names:
        _check(name, numbers)
    machines = () if machine is None else (machine,)

    def priced(moved: Mapping[str, Any]) -> Priced:
        moved = dict(moved)
        total = moved.pop(TOTAL, error.total)
        budget = even_split(job, total=total, fail_prob=error.fail_prob) if job.shares else {}
        return price(job, budget, machines, device, objective=objective, overrides=moved)

    inputs = [name for name in names if name in job.values and name not in _budget(job)]
    others = [name for name in names if name not in inputs]
    rows = [
        _row(n, _now(n, numbers, error), priced(_alone(n, numbers, error)), 0, 1) for n in others
    ]
    if inputs:
        together, count = priced(_moves(inputs, numbers)), len(inputs)
        rows += [_row(n, numbers[n], together, at, count) for at, n in enumerate(inputs)]
    return tuple(sorted(rows, key=lambda row: -abs(row.magic_states or 0.0)))


def _default(job: Job, numbers: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the inputs that the cost rests on; shares and failures stand behind the targets."""
    hidden = CONCRETE | _budget(job)
    found = [
        name
        for name in job.values
        if name in job.used and name not in hidden and _is_scalar(numbers[name]) and numbers[name]
    ]
    has_target = any(share.symbol for share in job.shares)
    return (*found, TOTAL) if has_target else tuple(found)


def _budget(job: Job) -> frozenset[str]:
    return frozenset(share.symbol for share in job.shares if share.symbol) | set(job.failures)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (int, float)) or hasattr(value, "denominator")


def _check(name: str, numbers: Mapping[str, Any]) -> None:
    if name == TOTAL:
        return
    if name not in numbers:
        raise InputError(f"elasticities: unknown symbol '{name}'{nearest(name, [*numbers, TOTAL])}")
    if not _is_scalar(numbers[name]) or not numbers[name]:
        raise InputError(f"elasticities: {name} is {numbers[name]}, which has no logarithm")


def _now(name: str, numbers: Mapping[str, Any], error: ErrorTarget) -> float:
    return float(error.total if name == TOTAL else numbers[name])


def _ends(name: str, value: float) -> tuple[float, float]:
    """Return a symbol up and down, a factor of two apart."""
    up = min(STEP, 1 / value) if name.endswith(AT_MOST_ONE) else STEP
    return value * up, value * up / SPAN


def _moves(names: Sequence[str], numbers: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return arrays in which each symbol in turn is up (first half) and down (second half)."""
    count = len(names)
    found = {name: np.full(2 * count, float(numbers[name])) for name in names}
    for position, name in enumerate(names):
        found[name][[position, count + position]] = _ends(name, float(numbers[name]))
    return found


def _alone(name: str, numbers: Mapping[str, Any], error: ErrorTarget) -> dict[str, np.ndarray]:
    """Return the one symbol up and down, for those on which others depend."""
    return {name: np.array(_ends(name, _now(name, numbers, error)))}


def _row(name: str, value: Any, priced: Priced, position: int, count: int) -> Elasticity:
    cost = priced.logical
    times = priced.machines[0].runtime_s if priced.machines else None

    def slope(numbers: Any) -> float | None:
        shape = (2 * count,)
        ends = np.broadcast_to(np.asarray(numbers, float), shape)[[position, count + position]]
        if not (np.isfinite(ends) & (ends > 0)).all():
            return None
        return float(np.log(ends[0] / ends[1]) / math.log(SPAN))

    return Elasticity(
        symbol=name,
        value=float(value),
        magic_states=slope(cost.magic_states),
        logical_qubits=slope(cost.logical_qubits),
        runtime_s=None if times is None else slope(times),
    )


def refusal(schedule: Schedule | None, failure: tuple[str, str] | None) -> Exception:
    """Return why a report without a job has no elasticities.

    Args:
        schedule: of a Newton run, which is many jobs; else None.
        failure: (stage, reason) of a job that could not be built, if there is one.
    """
    if schedule is not None:
        text = "a Newton run is many jobs; estimate one of its systems by algorithm linear-system"
        return InputError(f"differentiate: {text}")
    return InfeasibleError(*(failure or ("price", "there is none")))
