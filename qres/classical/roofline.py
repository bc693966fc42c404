r"""Seconds and joules of counted work, and the fastest of several ways to do a job.

With $F$ FLOPs, $B$ bytes, and $D$ steps that each wait for the one before, the time is
$$ D\,\tau + \max(F / r, B / b), $$
$\tau$ the latency of a kernel launch, $r$ the sustained rate, $b$ the full bandwidth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qres.classical.record import ClassicalCost, Device, Precision

WORST_SUSTAINED = 0.1
"""Fraction of the peak that small or awkward work may be left with."""
WORST_LATENCY_S = 20e-6
"""A launch through an unhurried framework."""

ONE_DEVICE = "classical: no communication, one device"


def time_work(
    device: Device,
    method: str,
    precision: Precision,
    flops: Any,
    traffic: Any,
    launches: Any,
    assumptions: tuple[str, ...],
) -> ClassicalCost:
    """Return the cost of counted work.

    Args:
        device: which GPU.
        method: what it does.
        precision: of the arithmetic.
        flops: floating-point operations, a scalar or an array, like the next two.
        traffic: bytes to and from memory.
        launches: kernels that wait for each other.
        assumptions: what the counts take for granted.
    """

    def seconds(sustained: float, latency: float) -> np.ndarray:
        rate = device.rate(precision) * sustained / device.sustained_fraction
        return launches * latency + np.maximum(flops / rate, traffic / device.bandwidth)

    now = (device.sustained_fraction, device.latency_s)
    runtime = seconds(*now)
    slower = seconds(min(WORST_SUSTAINED, now[0]), now[1])
    later = seconds(now[0], max(WORST_LATENCY_S, now[1]))
    numbers = {
        "flops": flops,
        "bytes": traffic,
        "runtime_s": runtime,
        "energy_j": device.power * runtime,
        "factor": _quotient(slower, runtime) * _quotient(later, runtime),
    }
    plain: dict[str, Any] = {name: x if np.ndim(x) else float(x) for name, x in numbers.items()}
    return ClassicalCost(device=device.name, method=method, assumptions=assumptions, **plain)


def fastest(rows: Sequence[ClassicalCost]) -> ClassicalCost:
    """Return the fastest of the rows that reach the target, at every point, with all rows in it.

    Args:
        rows: at least one that is compared; the first of equals wins.
    """
    compared = [row for row in rows if row.is_compared]
    if all(np.ndim(row.runtime_s) == 0 for row in compared):
        best = min(compared, key=lambda row: row.runtime_s)
    else:
        best = _pointwise(compared)
    return replace(best, alternatives=tuple(rows))


def _pointwise(rows: Sequence[ClassicalCost]) -> ClassicalCost:
    chosen = np.argmin(np.stack(np.broadcast_arrays(*(row.runtime_s for row in rows))), axis=0)
    numbers: dict[str, Any] = {
        name: np.choose(chosen, [getattr(row, name) for row in rows])
        for name in ("flops", "bytes", "runtime_s", "energy_j", "factor")
    }
    return ClassicalCost(
        device=rows[0].device,
        method=np.array([row.method for row in rows])[chosen],
        assumptions=tuple(dict.fromkeys(text for row in rows for text in row.assumptions)),
        **numbers,
    )


def utilisation(device: Device, precision: str) -> str:
    """Return the assumption about the sustained rate."""
    return (
        f"classical: {device.sustained_fraction:.0%} of the dense {precision} peak is sustained "
        f"(it could be {WORST_SUSTAINED:.0%}), chip power alone"
    )


def waiting(device: Device) -> str:
    """Return the assumption about the latency of a launch."""
    return (
        f"classical: one kernel launch of {device.latency_s * 1e6:.3g} us per step that waits for "
        f"the one before (it could be {WORST_LATENCY_S * 1e6:.3g} us)"
    )


def _quotient(worse: np.ndarray, runtime: np.ndarray) -> np.ndarray:
    """Return how many times longer; 1 where nothing is done or it takes for ever."""
    is_plain = np.isfinite(runtime) & (runtime > 0)
    return np.where(is_plain, worse, 1.0) / np.where(is_plain, runtime, 1.0)
