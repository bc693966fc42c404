"""A formula as Markdown: heading, equation between double dollars, table of symbols, source."""

from __future__ import annotations

from typing import Any

from qres.notation.block import bound_words, check_depth, definitions, left_side, where_rows
from qres.notation.breaking import Breaker
from qres.notation.headline import FOUND
from qres.notation.pieces import number_latex
from qres.notation.symbols import describe

WIDE = 480.0
"""Points of a line on a page without columns."""


def markdown(formula: Any, depth: str = "working") -> str:
    """Return the formula as a section of a Markdown page.

    Args:
        formula: a `Formula`.
        depth: `working`, `full` or `headline`.

    Raises:
        InputError: the depth is not known, or the formula has no headline.
    """
    check_depth(formula, depth)
    shown = formula.full() if depth == "full" else formula
    expression, relation = shown.expression, "="
    parts = definitions(shown)
    if depth == "headline":
        expression, relation = formula.headline.expression, r"\approx"
        parts = definitions(formula.headline)
    breaker = Breaker(WIDE)
    equation = breaker.lines(left_side(shown, relation), expression)
    rows = where_rows(breaker, expression, parts)
    where = ["where", "", _display(rows), ""] if rows else []
    title = formula.meaning[:1].upper() + formula.meaning[1:]
    text = [f"### `{formula.name}`", "", f"{title}.", "", _display([equation]), "", *where]
    text += [*_symbols(formula), "", *(_headline(formula) if depth == "headline" else ())]
    text += _parts(parts)
    return "\n".join([*text, *_pedigree(formula)]) + "\n"


def _display(rows: list[list[str]]) -> str:
    if len(rows) == 1 and len(rows[0]) == 1 and r"\\" not in rows[0][0]:
        return f"$$\n{rows[0][0]}\n$$"
    body = " \\\\\n".join("& " + " \\\\\n&\\quad {} ".join(row) for row in rows)
    return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"


def _symbols(formula: Any) -> list[str]:
    infos = [describe(name) for name in formula.inputs]
    rows = [
        f"| ${info.latex}$ | `{info.name}` | {_cell(info.meaning)} | {info.unit} |"
        for info in infos
    ]
    return ["| symbol | name | meaning | unit |", "|---|---|---|---|", *rows] if rows else []


def _headline(formula: Any) -> list[str]:
    headline = formula.headline
    ranges = ", ".join(
        f"${number_latex(low)} \\le {describe(name).latex} \\le {number_latex(high)}$"
        for name, (low, high) in headline.ranges.items()
    )
    return [
        f"Leading order for {headline.limit}; relative error {headline.error:.2g} ({FOUND})"
        f" for {ranges}.",
        "",
    ]


def _parts(parts: list[tuple[str, Any]]) -> list[str]:
    """Return what the defined symbols mean and where they come from, a line each."""
    lines = [f"- ${describe(n).latex}$: {part.meaning}. {part.source}." for n, part in parts]
    return [*lines, ""] if lines else []


def _pedigree(formula: Any) -> list[str]:
    valid = ", ".join(f"`{condition.text}`" for condition in formula.conditions)
    return [
        f"Unit: {formula.unit}. {formula.kind.capitalize()}, {bound_words(formula)}.",
        *([f"Valid for {valid}."] if valid else []),
        f"Source: {formula.source}.",
    ]


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
