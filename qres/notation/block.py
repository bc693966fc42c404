r"""A formula as one puts it into a paper: the equation, what it names, its symbols, its source.

Three depths. *working*: the expression, then a line for each named part, named function and
abbreviation, then the symbols with meaning and unit. *full*: the same with the parts put in, down to
gates. *headline*: the leading order, its limit, and the largest error found over a stated range. Lines are
broken to one column of a two-column paper; `amsmath` is all that the text needs.
"""

from __future__ import annotations

from typing import Any

import sympy

from qres.errors import InputError, nearest
from qres.notation.breaking import Breaker
from qres.notation.headline import FOUND
from qres.notation.latex import to_latex
from qres.notation.latex_text import escape
from qres.notation.meanings import text_latex
from qres.notation.pieces import number_latex
from qres.notation.symbols import describe
from qres.notation.where import where_lines

DEPTHS = ("working", "full", "headline")


def block(formula: Any, depth: str = "working") -> str:
    """Return the formula as LaTeX: equations, definitions, symbols, source.

    Args:
        formula: a `Formula`.
        depth: `working`, `full` or `headline`.

    Raises:
        InputError: the depth is not known, or the formula has no headline.
    """
    check_depth(formula, depth)
    if depth == "headline":
        return _headline(formula)
    shown = formula.full() if depth == "full" else formula
    breaker = Breaker()
    equation = breaker.lines(left_side(shown, "="), shown.expression)
    text = [
        _display([equation]),
        *_where(where_rows(breaker, shown.expression, definitions(shown))),
    ]
    return "\n".join([*text, _prose(shown)]) + "\n"


def check_depth(formula: Any, depth: str) -> None:
    """Refuse a depth that there is not.

    Raises:
        InputError: the depth is not known, or the formula has no headline.
    """
    if depth not in DEPTHS:
        raise InputError(f"depth: '{depth}' is not known{nearest(depth, DEPTHS)}")
    if depth == "headline" and formula.headline is None:
        raise InputError(f"{formula.name}: has no headline form; choose working or full")


def left_side(formula: Any, relation: str) -> str:
    """Return the left-hand side with its relation; the unit in words where there is no letter."""
    letter = formula.letter
    if not letter:
        unit = formula.unit if formula.unit != "1" else "value"
        letter = rf"\text{{{escape(unit)}}}"
    return f"{letter} {relation}"


def symbol_lines(formula: Any) -> list[tuple[str, str, str]]:
    """Return (letter, meaning as LaTeX, unit as LaTeX) of every input, in the order of print."""
    infos = (describe(name) for name in formula.inputs)
    return [
        (info.latex, text_latex(info.meaning), "" if info.unit == "1" else escape(info.unit))
        for info in infos
    ]


def conditions_latex(formula: Any) -> str:
    """Return the range of validity as LaTeX, empty for none."""
    shown = (to_latex(condition.expression) for condition in formula.conditions)
    return ", ".join(dict.fromkeys(f"${text}$" for text in shown))


def citation(source: Any) -> str:
    r"""Return a source as LaTeX: `\cite[place]{key}`, or its derivation in words."""
    where = text_latex(source.where)
    if source.paper is None:
        return f"derived: {where}"
    note = " (recalled)" if source.standing == "recalled" else ""
    place = f"[{{{where}}}]" if where else ""
    return rf"\cite{place}{{{source.paper.key}}}{note}"


def definitions(formula: Any) -> list[tuple[str, Any]]:
    """Return (symbol, formula) of what is defined and not given, each once, users first.

    Args:
        formula: a `Formula` or a `Headline`.
    """
    found = {}
    for name, part in reversed(formula.parts):
        found |= {name: part, **dict(definitions(part))}
    return list(found.items())


def where_rows(breaker: Breaker, expression: Any, parts: list[tuple[str, Any]]) -> list[list[str]]:
    """Return the lines of all that an equation names: parts, abbreviations, named functions.

    Args:
        breaker: that has broken the equation.
        expression: of the equation.
        parts: its definitions.
    """
    rows = [breaker.lines(f"{describe(name).latex} =", part.expression) for name, part in parts]
    rows += breaker.defined()
    whole = sympy.Tuple(expression, *(part.expression for _, part in parts))
    return rows + [[line] for line in where_lines(whole)]


def _where(rows: list[list[str]]) -> list[str]:
    return ["where", _display(rows)] if rows else []


def _display(rows: list[list[str]]) -> str:
    """Return lines flush left under each other, continued lines moved in; breakable by pages."""
    if len(rows) == 1 and len(rows[0]) == 1 and r"\\ &" not in rows[0][0]:
        return f"\\[\n  {rows[0][0]}\n\\]"
    lines = [r" \\ &\quad {} ".join(row).replace(r"\\ &", "\\\\\n      &") for row in rows]
    body = " \\\\\n".join(f"  &  {line}" for line in lines)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def _prose(formula: Any) -> str:
    symbols = "; ".join(
        f"${letter}$: {meaning}" + (f" ({unit})" if unit else "")
        for letter, meaning, unit in symbol_lines(formula)
    )
    valid = conditions_latex(formula)
    parts = [
        f"Here {symbols}." if symbols else "",
        *_parts(definitions(formula)),
        f"Valid for {valid}." if valid else "",
        f"{escape(formula.kind.capitalize())}, {bound_words(formula)}; {citation(formula.source)}.",
    ]
    body = "\n".join(part for part in parts if part)
    return f"{{\\raggedright\\noindent\n{body}\\par}}"


def _parts(parts: list[tuple[str, Any]]) -> list[str]:
    """Return what the defined symbols mean, with the works that they are taken from."""
    if not parts:
        return []
    shown = (
        f"${describe(name).latex}$: {text_latex(part.meaning)}"
        + (f" {citation(part.source)}" if part.source.paper else "")
        for name, part in parts
    )
    return [f"Defined above: {'; '.join(shown)}.", "What has no reference is derived."]


def _limit(headline: Any) -> str:
    """Return the limit as LaTeX, every symbol of the formula by its letter."""
    known = {*headline.formula.inputs, *(name for name, _ in headline.formula.parts)}
    words = headline.limit.split(" ")
    letters = {
        word: describe(word.rstrip(",")).latex for word in words if word.rstrip(",") in known
    }
    return " ".join(
        f"${letters[word]}${',' * word.endswith(',')}" if word in letters else escape(word)
        for word in words
    )


def bound_words(formula: Any) -> str:
    """Return the bound in words."""
    is_bound = formula.bound != "two-sided"
    return f"{formula.bound} bound" if is_bound else "two-sided"


def _headline(formula: Any) -> str:
    headline = formula.headline
    breaker = Breaker()
    equation = breaker.lines(left_side(formula, r"\approx"), headline.expression)
    where = _where(where_rows(breaker, headline.expression, definitions(headline)))
    ranges = ", ".join(
        f"${number_latex(low)} \\le {describe(name).latex} \\le {number_latex(high)}$"
        for name, (low, high) in headline.ranges.items()
    )
    infos = map(describe, headline.ranges)
    symbols = "; ".join(f"${info.latex}$: {text_latex(info.meaning)}" for info in infos)
    percent = number_latex(float(f"{100 * headline.error:.2g}"))
    text = [
        _display([equation]),
        *where,
        f"{{\\raggedright\\noindent\nLeading order for {_limit(headline)}.",
        f"Relative error ${percent}\\,\\%$ ({escape(FOUND)}) for {ranges}.",
        f"Here {symbols}.",
        *_parts(definitions(headline)),
        f"{escape(formula.kind.capitalize())}, {bound_words(formula)} before the limit; "
        f"{citation(formula.source)}.\\par}}",
    ]
    return "\n".join(text) + "\n"
