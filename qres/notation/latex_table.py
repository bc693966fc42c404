r"""A table of formulas for a paper: quantity, formula, unit, source, kinds as footnotes.

Needs `amsmath` and `booktabs`; spans both columns of a two-column page. Named functions and the
meaning of the kinds stand below the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sympy

from qres.notation.block import bound_words, citation, left_side
from qres.notation.breaking import Breaker
from qres.notation.latex_text import escape
from qres.notation.meanings import text_latex
from qres.notation.quantity import MEANINGS
from qres.notation.symbols import describe
from qres.notation.where import where_lines

WIDTHS = {"quantity": 112, "formula": 215, "unit": 48, "source": 90}
"""Of the columns, in points; with the space between them less than two columns of 246."""

LINES = 40
"""Lines of text that the rows of one table may take; more formulas make more tables."""

TALL = 1.8
"""Lines of text that one line of an equation takes."""

LETTER = 4.2
"""Width of a letter of text, in points."""


def formula_table(formulas: Sequence[Any], caption: str = "") -> str:
    """Return the formulas as one or more `table*`, in the order given; parts have their own rows.

    Args:
        formulas: of `Formula`.
        caption: plain text, of every table; the families of the formulas where it is empty.
    """
    rows = list({item.name: item for formula in formulas for item in _with_parts(formula)}.values())
    return "\n".join(_table(group, caption) for group in _pages(rows))


def _pages(formulas: Sequence[Any]) -> list[list[Any]]:
    """Return the formulas in groups that fit on a page each."""
    pages: list[list[Any]] = [[]]
    used = 0
    for formula in formulas:
        size = _height(formula)
        if pages[-1] and used + size > LINES:
            pages.append([])
            used = 0
        pages[-1].append(formula)
        used += size
    return pages


def _height(formula: Any) -> float:
    """Return the lines of text that a row takes."""
    equations = TALL * sum(len(lines) for lines in _equations(formula))
    quantity = len(formula.meaning) * LETTER / WIDTHS["quantity"]
    source = len(formula.source.where) * LETTER / WIDTHS["source"]
    return 1 + max(equations, quantity + 1, source + 1)


def _with_parts(formula: Any) -> Iterator[Any]:
    yield formula
    for _, part in reversed(formula.parts):
        yield from _with_parts(part)


def _table(formulas: Sequence[Any], caption: str) -> str:
    pedigrees = list(dict.fromkeys((formula.kind, bound_words(formula)) for formula in formulas))
    marks = {pedigree: chr(ord("a") + index) for index, pedigree in enumerate(pedigrees)}
    rows = " \\\\\n\\addlinespace\n".join(_row(formula, marks) for formula in formulas)
    columns = " ".join(rf">{{\raggedright\arraybackslash}}p{{{w}pt}}" for w in WIDTHS.values())
    families = dict.fromkeys(formula.name.partition(".")[0] for formula in formulas)
    title = caption or f"Formulas of {', '.join(families)}"
    notes = [_note(mark, *pedigree) for pedigree, mark in marks.items()]
    lines = [
        r"\begin{table*}",
        r"\centering\footnotesize",
        rf"\caption{{{escape(title)}}}",
        rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}",
        r"\toprule",
        r"Quantity & Formula & Unit & Source \\",
        r"\midrule",
        rf"{rows} \\",
        r"\bottomrule",
        r"\end{tabular}",
        *_below([*notes, *_definitions(formulas), _symbols(formulas)]),
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"


def _row(formula: Any, marks: dict[tuple[str, str], str]) -> str:
    mark = marks[formula.kind, bound_words(formula)]
    body = r" \\ ".join("& " + r" \\ &\quad {} ".join(lines) for lines in _equations(formula))
    cell = rf"$\begin{{aligned}}[t] {body} \end{{aligned}}$"
    unit = "" if formula.unit == "1" else escape(formula.unit)
    quantity = rf"{text_latex(formula.meaning)}\textsuperscript{{{mark}}}"
    return f"{quantity} &\n{cell} &\n{unit} & {citation(formula.source)}"


def _equations(formula: Any) -> list[list[str]]:
    breaker = Breaker(WIDTHS["formula"] - 4)
    first = breaker.lines(left_side(formula, "="), formula.expression)
    return [first, *breaker.defined()]


def _note(mark: str, kind: str, bound: str) -> str:
    return rf"\textsuperscript{{{mark}}} {kind}, {bound}: {escape(MEANINGS[kind])}."


def _definitions(formulas: Sequence[Any]) -> list[str]:
    whole = sympy.Tuple(*(formula.expression for formula in formulas))
    return [rf"$\begin{{aligned}}[t] & {line} \end{{aligned}}$" for line in where_lines(whole)]


def _symbols(formulas: Sequence[Any]) -> str:
    names = dict.fromkeys(name for formula in formulas for name in formula.inputs)
    infos = [describe(name) for name in names]
    shown = (f"${info.latex}$: {text_latex(info.meaning)}" for info in infos)
    return f"Symbols: {'; '.join(shown)}."


def _below(notes: list[str]) -> list[str]:
    """Return notes below the rows, each a paragraph as wide as the rows."""
    wide = sum(WIDTHS.values()) + 12 * (len(WIDTHS) - 1)
    body = "\\par\\smallskip\n".join(notes)
    return [
        r"\par\smallskip",
        rf"\begin{{minipage}}{{{wide}pt}}\raggedright",
        body,
        r"\end{minipage}",
    ]
