"""A length of time in `model.yaml`: seconds, or a number and a unit."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from qres.config.check import Check, as_number
from qres.notation.spans import SECONDS

_UNITS = SECONDS | {"day": SECONDS["days"], "year": SECONDS["years"]}
_WORDS = re.compile(r"([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([a-z]+)")


@dataclass(frozen=True)
class Span(Check):
    """A time above 0, kept in seconds: `3600`, `"10 us"`, `"30 days"`."""

    @property
    def expected(self) -> str:
        """What is right, in words."""
        return f"a time above 0 in seconds, or with a unit ({', '.join(SECONDS)})"

    def check(self, value: Any) -> float:
        """Return the seconds."""
        seconds = _parse(value) if isinstance(value, str) else as_number(value)
        if seconds is None or not 0.0 < seconds < math.inf:
            self.reject(value)
        return float(seconds)

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value."""
        return {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": f"^{_WORDS.pattern}$"},
            ]
        }


def _parse(text: str) -> float | None:
    """Return the seconds of a number with a unit, None where it is none."""
    found = _WORDS.fullmatch(text.strip())
    if found is None or found[2] not in _UNITS:
        return None
    try:
        return float(found[1]) * _UNITS[found[2]]
    except ValueError:
        return None
