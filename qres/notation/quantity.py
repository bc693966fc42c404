"""A number that reaches a user: value, interval, unit, and how far it can be trusted."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from qres.notation.card import html_table, spell

Kind = Literal["exact", "proven", "measured", "fitted", "given", "assumed", "asymptotic"]
Bound = Literal["two-sided", "upper", "lower"]

KINDS: tuple[Kind, ...] = (
    "exact",
    "proven",
    "measured",
    "fitted",
    "given",
    "assumed",
    "asymptotic",
)
"""From strongest to weakest."""

MEANINGS: dict[str, str] = {
    "exact": "counted or computed exactly under the stated model",
    "proven": "rests on theorems",
    "measured": "measured on this model",
    "fitted": "rests on an empirical constant",
    "given": "rests on numbers that were typed or chosen",
    "assumed": "rests on what nobody has shown",
    "asymptotic": "a hidden constant was set to 1",
}
"""Kinds as the footnotes of a table."""

INFINITE: dict[tuple[str, float], str] = {
    ("value", math.inf): "infinite; ",
    ("value", -math.inf): "infinite, negative; ",
    ("low", -math.inf): "no lower end; ",
    ("low", math.inf): "lower end infinite; ",
    ("high", math.inf): "no upper end; ",
    ("high", -math.inf): "upper end infinite, negative; ",
}
"""What a method opens with, in this order, where a number in a file is null for that reason."""

COLUMNS = ("value", "interval", "unit", "kind", "bound", "how")
"""Heads of `Quantity.cells`."""


def weakest(kinds: Iterable[str]) -> Kind:
    """Return the weakest of `kinds`, `"exact"` if there are none."""
    return KINDS[max(map(KINDS.index, kinds), default=0)]


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One number with its pedigree.

    Args:
        value: the point value; integers stay integers; None is unknown.
        low: lower end of the interval, None where there is none.
        high: upper end of the interval.
        unit: SI or a count; "1" is dimensionless.
        kind: how the number is known, see `KINDS`.
        bound: whether the value is two-sided, an upper or a lower bound.
        source: where it comes from, for a person to follow.
        method: how it was obtained.
    """

    value: float | int | None
    low: float | int | None = None
    high: float | int | None = None
    unit: str = "1"
    kind: Kind = "exact"
    bound: Bound = "two-sided"
    source: str = ""
    method: str = ""

    def __post_init__(self) -> None:
        for number in (self.value, self.low, self.high):
            if number is not None and not isinstance(number, int) and math.isnan(number):
                raise ValueError("a Quantity cannot be NaN; unknown is None")

    def __float__(self) -> float:
        if self.value is None:
            raise ValueError(f"unknown quantity: {self.method or self.source}")
        return float(self.value)

    def with_value(self, value: float | int | None) -> Quantity:
        """Return the same pedigree around another value, the interval dropped."""
        return replace(self, value=value, low=None, high=None)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this quantity; JSON has no infinity, so the method says it."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        infinite = {
            name: number
            for name, number in numbers.items()
            if isinstance(number, float) and math.isinf(number)
        }
        notes = [INFINITE[item] for item in infinite.items()]
        return {
            **{name: None if name in infinite else number for name, number in numbers.items()},
            "unit": self.unit,
            "kind": self.kind,
            "bound": self.bound,
            "source": self.source,
            "method": "".join([*notes, self.method]),
        }

    def cells(self) -> tuple[str, ...]:
        """Return value, interval, unit, kind, bound and method as text, for a table."""
        has_ends = self.low is not None and self.high is not None
        ends = f"{self.low:.6g}..{self.high:.6g}" if has_ends else ""
        unit = "" if self.unit == "1" else self.unit
        origin = self.method or self.source
        return (spell(self.value), ends, unit, self.kind, self.bound, origin)

    def _repr_html_(self) -> str:
        return html_table([self.cells()], head=COLUMNS, words=(2, 3, 4, 5))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Quantity:
        """Read back what `to_dict` wrote."""
        told = dict(data)
        for (name, number), note in INFINITE.items():
            if told.get(name) is None and told.get("method", "").startswith(note):
                told |= {name: number, "method": told["method"].removeprefix(note)}
        return cls(**told)
