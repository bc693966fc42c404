"""The numbers of a subject: a measurement or a plain mapping, quantities or plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qres.errors import InputError
from qres.measurement.record import Measurement

Subject = Measurement | Mapping[str, Any]


def has_value(subject: Subject, name: str) -> bool:
    """Return whether the subject has a number of that name."""
    value = _values(subject).get(name)
    return value is not None and getattr(value, "value", value) is not None


def read_value(subject: Subject, name: str, *, end: str = "value") -> np.ndarray:
    """Return a number of the subject, a `Quantity` or plain, as float64.

    Args:
        subject: has it.
        name: of the number.
        end: `low` or `high` takes that end of a `Quantity` that has an interval.

    Raises:
        InputError: the subject lacks it.
    """
    if not has_value(subject, name):
        raise InputError(f"the classical estimate needs {name}")
    value = _values(subject)[name]
    point = getattr(value, "value", value)
    outer = getattr(value, end, None) if end != "value" else None
    return to_number(point if outer is None else outer)


def to_number(value: Any) -> np.ndarray:
    """Convert to float64; integers beyond its range become infinite."""
    try:
        return np.asarray(value, dtype=float)
    except OverflowError:
        return np.asarray(np.inf)


def count_features(subject: Subject) -> float | None:
    """Return the number of features of one sample, None where nobody has said it."""
    if has_value(subject, "n_features"):
        return float(read_value(subject, "n_features"))
    found = getattr(subject, "details", {}).get("n_features")
    return None if found is None else float(found)


def _values(subject: Subject) -> Mapping[str, Any]:
    return subject.values if isinstance(subject, Measurement) else subject
