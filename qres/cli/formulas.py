"""What `qres formula` prints: the list, a formula, or its value."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from qres.cli.output import columns
from qres.config.override import parse_setting
from qres.errors import InputError


def index(formulas: Sequence[Any]) -> list[dict[str, Any]]:
    """Return formulas as JSON data, none evaluated."""
    return [_described(formula) for formula in formulas]


def rows(formulas: Sequence[Any]) -> list[tuple[str, str]]:
    """Return name and meaning of each formula."""
    return [(formula.name, formula.meaning) for formula in formulas]


def as_dict(formula: Any, settings: Sequence[str]) -> dict[str, Any]:
    """Return a formula as JSON data; `value` is null unless symbols were set."""
    return _described(formula) | {"value": _value(formula, settings) if settings else None}


def as_text(formula: Any, settings: Sequence[str], style: str) -> str:
    """Return a formula as `text` or `latex`; where symbols were set, its value."""
    if style == "latex":
        return "\n".join([formula.latex(), *(f"% where {line}" for line in formula.where())])
    if settings:
        return _number(_value(formula, settings))
    facts = [
        ("meaning", formula.meaning),
        ("unit", formula.unit),
        ("kind", f"{formula.kind}, {formula.bound}"),
        ("source", str(formula.source)),
    ]
    head = f"{formula.name} = {formula.text()}\n"
    return head + columns(facts, indent="  ") + "where\n" + columns(formula.legend(), indent="  ")


def _described(formula: Any) -> dict[str, Any]:
    return {
        "name": formula.name,
        "value": None,
        "kind": formula.kind,
        "bound": formula.bound,
        "unit": formula.unit,
        "symbols": _symbols(formula),
        "source": str(formula.source),
    }


def _symbols(formula: Any) -> list[str]:
    return [str(symbol) for symbol in formula.symbols]


def _value(formula: Any, settings: Sequence[str]) -> Any:
    """Evaluate at `symbol=value` settings; lists are arrays."""
    values: dict[str, Any] = {}
    for setting in settings:
        symbol, value = parse_setting(setting)
        if not _is_numeric(value):
            raise InputError(f"--set {setting}: expected a number or a list of numbers")
        values[symbol] = _array(setting, value) if isinstance(value, list) else value
    return _plain(formula(**values))


def _array(setting: str, values: list[Any]) -> Any:
    import numpy as np

    try:
        return np.asarray(values, dtype=float)
    except ValueError:
        raise InputError(f"--set {setting}: expected rows of one length") from None


def _plain(value: Any) -> Any:
    """Return a formula's value as JSON data: integers stay integers."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    return value


def _number(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(_number(item) for item in value)
    return str(value) if isinstance(value, int) else f"{value:.12g}"


def _is_numeric(value: Any) -> bool:
    """Say whether a setting is a number, or a list of numbers or of such lists."""
    if isinstance(value, list):
        return bool(value) and all(_is_numeric(item) for item in value)
    return isinstance(value, int | float) and not isinstance(value, bool)
