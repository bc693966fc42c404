"""What a single value of `model.yaml` may be: the base of all checks, whole numbers, reals.

Each class is put in an `Annotated` type. It checks a plain value, states in words what it expects
(for error messages and for a missing key), and writes its JSON Schema.
"""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

from pydantic_core import PydanticCustomError, core_schema

from qres.files import shorten

LARGEST = 10**308
"""Whole numbers beyond this are refused: no float holds them."""


def refuse(problem: str, *, at: tuple[str | int, ...] = ()) -> NoReturn:
    """Raise the error that pydantic collects; `at` leads from the value at hand to the culprit."""
    raise PydanticCustomError("qres", problem, {"at": at})  # pyright: ignore[reportArgumentType]


def show(value: Any) -> str:
    """Return a value as an error message names it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(shorten(value))
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return shorten(repr(value))


def as_number(value: Any) -> int | float | None:
    """Return a finite number, None where `value` is none (a bool is none)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, numbers.Integral):
        return int(value) if abs(int(value)) < LARGEST else None
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else None
    return None


def as_whole(value: Any) -> int | None:
    """Return a whole number; 1e25 is exactly 10^25, and 2.5 is none."""
    number = as_number(value)
    if isinstance(number, float):
        return int(Decimal(repr(number))) if number.is_integer() else None
    return number


class Check:
    """Base of the checks: one method, one phrase, one schema."""

    @property
    def expected(self) -> str:
        """What is right, in words."""
        raise NotImplementedError

    def check(self, value: Any) -> Any:
        """Return the value to store, or `refuse`."""
        raise NotImplementedError

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value."""
        raise NotImplementedError

    def reject(self, value: Any, hint: str = "") -> NoReturn:
        """Refuse `value` in the standard words."""
        refuse(f"expected {self.expected}, found {show(value)}{hint}")

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return self.json_schema()


@dataclass(frozen=True)
class Whole(Check):
    """A whole number in [low, high]; floats with no fraction count, so `1e8` is one."""

    low: int = 0
    high: int | None = None

    @property
    def expected(self) -> str:
        """What is right, in words."""
        if self.high is None:
            return f"a whole number >= {self.low}"
        return f"a whole number from {self.low} to {self.high}"

    def check(self, value: Any) -> int:
        """Return the whole number."""
        whole = as_whole(value)
        if whole is None or whole < self.low or (self.high is not None and whole > self.high):
            self.reject(value)
        return whole

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value."""
        schema: dict[str, Any] = {"type": "integer", "minimum": self.low}
        return schema if self.high is None else schema | {"maximum": self.high}


@dataclass(frozen=True)
class Real(Check):
    """A finite number; `above` and `below` are excluded, `low` and `high` included."""

    low: float | None = None
    above: float | None = None
    high: float | None = None
    below: float | None = None

    @property
    def expected(self) -> str:
        """What is right, in words."""
        limits = ((">=", self.low), (">", self.above), ("<=", self.high), ("<", self.below))
        words = [f"{sign} {limit:g}" for sign, limit in limits if limit is not None]
        return " ".join(["a number", " and ".join(words)]).strip()

    def check(self, value: Any) -> float:
        """Return the number as a float."""
        number = as_number(value)
        if number is None or not self._holds(number):
            self.reject(value)
        return float(number)

    def _holds(self, number: float) -> bool:
        return (
            (self.low is None or number >= self.low)
            and (self.above is None or number > self.above)
            and (self.high is None or number <= self.high)
            and (self.below is None or number < self.below)
        )

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value."""
        limits = {
            "minimum": self.low,
            "exclusiveMinimum": self.above,
            "maximum": self.high,
            "exclusiveMaximum": self.below,
        }
        return {"type": "number"} | {key: at for key, at in limits.items() if at is not None}
