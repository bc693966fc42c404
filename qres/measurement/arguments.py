"""Settings that arrive from Python: the limits of the `model.yaml`, for `measure(module, ...)`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

from qres.errors import InputError

WHOLE: Mapping[str, tuple[int, int | None]] = {
    "n_steps": (1, 1_000_000),
    "lanczos_steps": (2, 4096),
    "n_probes": (1, 4096),
    "seed": (0, 2**32 - 1),
    "n_batches": (1, None),
}
"""Least and largest of the whole numbers."""


def check_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a measurement, whole numbers as integers.

    Args:
        given: `WHOLE`, `learning_rate`, `weight_decay`, `momentum`, `momentum_restart` and
            `segment_steps`, as they were typed.

    Raises:
        InputError: one line that names the first that is out of range.
    """
    found = dict(given)
    for name, (low, high) in WHOLE.items():
        found[name] = _check_whole(name, given[name], low, high)
    rate, decay, momentum = (
        _check_number(name, given[name]) for name in ("learning_rate", "weight_decay", "momentum")
    )
    if rate <= 0:
        raise InputError(f"learning_rate: must be positive, found {rate:g}")
    if decay < 0:
        raise InputError(f"weight_decay: must be >= 0, found {decay:g}")
    if not 0 <= momentum < 1:
        raise InputError(f"momentum: must be >= 0 and < 1, found {momentum:g}")
    if given["momentum_restart"] and not momentum:
        raise InputError("momentum_restart: without momentum there is nothing to restart")
    if momentum and found["n_batches"] > 1:
        raise InputError(
            f"n_batches: must be >= 1, and 1 with momentum, found {found['n_batches']}"
        )
    if given["segment_steps"] is not None:
        steps = _check_whole("segment_steps", given["segment_steps"], 1, found["n_steps"])
        found["segment_steps"] = steps
    return found


def _check_whole(name: str, value: Any, low: int, high: int | None) -> int:
    """Return a whole number in [low, high]; floats with no fraction count."""
    limits = f"must be {low} to {high:,}" if high is not None else f"must be >= {low}"
    is_whole = _is_number(value) and math.isfinite(value) and value == int(value)
    if not is_whole:
        raise InputError(f"{name}: {limits}, a whole number, found {value!r}")
    if value < low or (high is not None and value > high):
        raise InputError(f"{name}: {limits}, found {int(value):,}")
    return int(value)


def _check_number(name: str, value: Any) -> float:
    """Return a finite number."""
    if not _is_number(value):
        raise InputError(f"{name}: must be a number, found {value!r}")
    if not math.isfinite(value):
        raise InputError(f"{name}: must be finite, found {value:g}")
    return float(value)


def _is_number(value: Any) -> bool:
    """Say whether this is a real number of any library, and no truth value."""
    return isinstance(value, Real) and not isinstance(value, bool)
