"""What `qres formula` prints: the list, formulas in a style, or a number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from qres.cli.output import columns, json_text, note
from qres.errors import InputError, OutsideError

SUFFIXES = {
    ".tex": "latex",
    ".py": "python",
    ".md": "markdown",
    ".bib": "bibtex",
    ".json": "json",
    ".txt": "text",
}
"""Style of a file by its suffix."""

_WITH_UNIT = re.compile(r"[-+]?[\d.]+(?:e[-+]?\d+)?\s*(?P<unit>[A-Za-zµ]+)")


def rows(formulas: Sequence[Any]) -> list[tuple[str, str]]:
    """Return name and meaning of each formula."""
    return [(formula.name, formula.meaning) for formula in formulas]


def render(formulas: Sequence[Any], style: str, depth: str, settings: Sequence[str] = ()) -> str:
    """Return formulas in a style.

    Args:
        formulas: at least one.
        style: a value of `SUFFIXES`.
        depth: `working`, `full` or `headline`.
        settings: `symbol=value` of a single formula.

    Raises:
        InputError: a setting is wrong, or a formula has no such depth.
    """
    if style == "json":
        found = [as_dict(formula, settings) for formula in formulas]
        return json_text(found[0] if len(found) == 1 else found)
    if style == "latex":
        return _latex(formulas, depth)
    if style == "python":
        from qres.notation.python_code import python_module

        return python_module(formulas)
    if style == "markdown":
        return "\n".join(formula.markdown(depth) for formula in formulas)
    if style == "bibtex":
        from qres.notation.bibtex import bibliography

        return bibliography(source for formula in formulas for source in _sources(formula))
    if settings:
        return _number(_value(formulas[0], settings)[0])
    return "\n".join(_text(formula, depth) for formula in formulas)


def _latex(formulas: Sequence[Any], depth: str) -> str:
    if len(formulas) == 1:
        return formulas[0].block(depth)
    from qres.notation.latex_table import formula_table

    if depth != "working":
        raise InputError(f"--depth {depth}: a table shows the working forms; name one formula")
    return formula_table(formulas)


def _text(formula: Any, depth: str) -> str:
    from qres.notation.block import check_depth, definitions
    from qres.notation.headline import FOUND

    check_depth(formula, depth)
    shown = formula.full() if depth == "full" else formula
    line, parts = f"{formula.name} = {shown.text()}", definitions(shown)
    facts = [
        ("meaning", formula.meaning),
        ("unit", formula.unit),
        ("kind", f"{formula.kind}, {formula.bound}"),
        ("source", str(formula.source)),
    ]
    if depth == "headline":
        headline = formula.headline
        line, parts = f"{formula.name} ~ {headline.expression}", definitions(headline)
        facts.append(("limit", headline.limit))
        facts.append(("error", f"{headline.error:.2g} ({FOUND}) for {_ranges(headline)}"))
    if formula.conditions:
        facts.append(("valid for", ", ".join(condition.text for condition in formula.conditions)))
    defined = [(name, part.text()) for name, part in parts]
    where = "where\n" + columns([*defined, *formula.legend()], indent="  ")
    return f"{line}\n{columns(facts, indent='  ')}{where}"


def _ranges(headline: Any) -> str:
    ends = ((name, *pair) for name, pair in headline.ranges.items())
    return ", ".join(f"{name} {low:g}..{high:g}" for name, low, high in ends)


def _sources(formula: Any) -> Iterator[Any]:
    yield formula.source
    for _, part in formula.parts:
        yield from _sources(part)


def as_dict(formula: Any, settings: Sequence[str]) -> dict[str, Any]:
    """Return a formula as JSON data; `value` is null unless symbols were set."""
    value, outside = _value(formula, settings) if settings else (None, "")
    return {
        "name": formula.name,
        "value": value,
        "kind": formula.kind,
        "bound": formula.bound,
        "unit": formula.unit,
        "symbols": [str(symbol) for symbol in formula.symbols],
        "source": str(formula.source),
        **({"outside": outside} if outside else {}),
    }


def _value(formula: Any, settings: Sequence[str]) -> tuple[Any, str]:
    """Return the number at `symbol=value` settings, and which range it lies outside of.

    Outside the range where the formula holds, the number is still printed where there is one,
    marked on stderr.
    """
    values = dict(_setting(formula, setting) for setting in settings)
    try:
        return _plain(formula(**values)), ""
    except OutsideError as error:
        outside = str(error)
    try:
        value = _plain(formula.unchecked()(**values))
    except InputError as error:
        raise InputError(f"{outside}; there is no number outside ({error})") from None
    note(f"outside its range: {outside}")
    return value, outside.removeprefix(f"{formula.name}: ")


def _setting(formula: Any, setting: str) -> tuple[str, Any]:
    """Return symbol and value; lists are arrays."""
    from qres.config.override import parse_setting

    symbol, value = parse_setting(setting)
    if isinstance(value, str) and _WITH_UNIT.fullmatch(value.strip()):
        raise InputError(f"--set {setting}: {_unit_advice(symbol)}")
    if not _is_numeric(value):
        raise InputError(f"--set {setting}: expected a number or a list of numbers")
    return symbol, _array(setting, value) if isinstance(value, list) else value


def _unit_advice(symbol: str) -> str:
    from qres.notation.symbols import CATALOGUE

    unit = CATALOGUE[symbol].unit if symbol in CATALOGUE else "1"
    if unit == "1":
        return f"{symbol} has no unit, give a plain number"
    return f"{symbol} is in {unit}, give the number without a unit"


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
