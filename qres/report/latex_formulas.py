r"""The formulas of a report's total as LaTeX: stages, then everything that they are made of.

Equations are broken to the width of the text; `\fitted` scales what would still be wider.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import sympy

from qres.algorithms.record import Stage, Unit
from qres.notation.block import citation
from qres.notation.breaking import Breaker
from qres.notation.formula import Formula
from qres.notation.latex_text import escape, typeset
from qres.notation.meanings import text_latex
from qres.notation.named import NAMED
from qres.notation.symbols import CATALOGUE
from qres.notation.where import where_lines
from qres.report.grid import Sheet, grid
from qres.report.latex_table import latex_table
from qres.report.origins import TITLES, origin
from qres.report.record import Result
from qres.report.totals import LOGICAL
from qres.report.units import number

TEXT_WIDTH = 440.0
"""Points that an equation may take: the text of the document, less its margin for the estimate."""

_OPERATOR = re.compile(r"\\operatorname\{(\w+)\}")

GATES = ("toffoli", "t", "rotations")


def formulas(report: Result) -> list[str]:
    """Return the sum over the stages, its definitions and the values that it starts from."""
    job = report.job
    if job is None:
        return []
    breaker = Breaker(TEXT_WIDTH)
    stages = [stage for stage in job.stages if isinstance(stage.unit, Unit)]
    used = [(name, formula) for name, formula in job.definitions if name in job.used]
    lines = [
        r"\clearpage\section*{Formulas}",
        "Toffoli gates, T gates and rotations are sums over the stages of calls times price.",
        *(_stage(breaker, stage) for stage in stages),
        "Qubits are the largest of",
        *_widths(breaker, stages),
        *(["with, in the order of evaluation,"] if used else []),
        *(_definition(report, breaker, name, formula) for name, formula in used),
        *(_fitted(line) for line in breaker.defined()),
        *(_fitted([line]) for line in _named(stages, used)),
    ]
    return [*lines, latex_table(_values(report), "Values that the formulas start from.")]


def _stage(breaker: Breaker, stage: Stage) -> str:
    """Return what a stage is, its calls, and the price of one."""
    head = (
        rf"\textbf{{{escape(stage.name)}}}: {text_latex(stage.meaning)}. {citation(stage.source)}"
    )
    parts = [("calls", stage.calls)]
    parts += [(LOGICAL[name], getattr(stage.unit, name)) for name in GATES]
    rows = [
        _fitted(breaker.lines(rf"\text{{{text}}} =", sympy.sympify(value)))
        for text, value in parts
        if value != 0
    ]
    return "\\\\\n".join([head, *rows])


def _widths(breaker: Breaker, stages: Iterable[Stage]) -> list[str]:
    """Return the widths of the stages, each expression once."""
    found: dict[Any, list[str]] = {}
    for stage in stages:
        width = sympy.sympify(getattr(stage.unit, "qubits", 0))
        if width != 0:
            found.setdefault(width, []).append(stage.name)
    return [
        rf"{_fitted(breaker.lines('', width))}\\[3pt]{{\footnotesize {escape(', '.join(names))}}}"
        for width, names in found.items()
    ]


def _definition(report: Result, breaker: Breaker, name: str, formula: Formula) -> str:
    value = typeset(number(report.pedigrees()[name].value))
    equation = _fitted(breaker.lines(f"{formula.letter} =", formula.expression))
    about = f"{text_latex(formula.meaning)}: {value}. {citation(formula.source)}"
    return rf"{equation}\\[3pt]{{\footnotesize {about}}}"


def _fitted(lines: list[str]) -> str:
    body = r" \\ &\quad {} ".join(lines)
    return rf"\fitted{{\begin{{aligned}}[t]& {body}\end{{aligned}}}}"


def _named(stages: Iterable[Stage], used: Iterable[tuple[str, Formula]]) -> list[str]:
    """Return the definitions of the named functions, those used in definitions included."""
    units = (vars(stage.unit).values() for stage in stages)
    parts = [part for unit in units for part in unit if part is not None]
    parts += [formula.expression for _, formula in used]
    lines = where_lines(sympy.Tuple(*map(sympy.sympify, parts)))
    known = {_OPERATOR.findall(kind.definition)[0]: kind.definition for kind in _defined()}
    for line in lines:  # grows while it is read
        inner = (known[name] for name in _OPERATOR.findall(line) if name in known)
        lines += [text for text in dict.fromkeys(inner) if text not in lines]
    return lines


def _defined() -> list[Any]:
    """Return the named functions whose definition begins with their name."""
    return [kind for kind in NAMED.values() if kind.definition.startswith(r"\operatorname")]


def _values(report: Result) -> Sheet:
    """Return the values that the formulas start from, with where they come from."""
    sheet = grid("Values", "symbol", "value", "kind", "from", wide=3, has_symbols=True)
    job = report.job
    for name, quantity in job.values.items() if job else ():
        if job is not None and name in job.used and name in CATALOGUE:
            found = origin(report, name)
            words = "" if found.text.startswith(TITLES[found.group].lower()) else f"{found.group}: "
            text = found.text.split(";")[0]
            sheet.add_row(name, number(quantity.value), quantity.kind, words + text)
    return sheet
