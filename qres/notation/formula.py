r"""A named formula: an expression, its symbols, its source, and how far it can be trusted.

A formula evaluates two ways by one expression. Scalars go through exact arithmetic: Python
integers and fractions, integer logarithms by `bit_length`, floats only where an irrational function
needs them. Arrays go through numpy in float64. Both are compiled by `sympy.lambdify` at the first
call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from qres.errors import InputError, OutsideError, QresError, RangeError, nearest
from qres.notation.compiled import compile_array, compile_exact
from qres.notation.extremes import compared_by_sign
from qres.notation.quantity import Bound, Kind
from qres.notation.source import Source
from qres.notation.symbols import describe, symbol

if TYPE_CHECKING:
    from qres.notation.headline import Headline

CODED = ("block_limit",)
"""Whole numbers that may be negative, see `notation.memory`; all others are counts."""


@dataclass(frozen=True)
class Condition:
    """A hypothesis of a formula.

    Args:
        expression: a sympy relation in the formula's symbols.
        text: what it says, for a person.
    """

    expression: Any
    text: str


def at_least_one(*names: str) -> tuple[Condition, ...]:
    """Return the hypotheses that each of these counts is 1 or more.

    Args:
        names: of symbols.
    """
    return tuple(Condition(sympy.Ge(symbol(name), 1), f"{name} >= 1") for name in names)


@dataclass(frozen=True, kw_only=True)
class Formula:
    """A closed form (or a named search with a printed definition) in named symbols.

    Args:
        name: `<family>.<member>.<quantity>`.
        meaning: one line, what the number counts.
        expression: sympy expression in symbols of `notation.symbols`.
        inputs: names of the symbols that have to be given, in the order of print.
        source: where it comes from.
        kind: how it is known, see `notation.quantity`.
        bound: whether it is two-sided, an upper or a lower bound.
        unit: of the result.
        letter: LaTeX of the left-hand side, empty for none.
        defaults: values of symbols that may be left out.
        conditions: where the formula is valid; a scalar call outside is refused.
        evaluator: for sequences and optional choices, what computes it; `expression` is then its
            printed definition.
        plain: the evaluator in plain Python without numpy, for export; its arguments by name.
        parts: (symbol, formula) of the symbols in the expression that are defined and not given, in
            the order of evaluation; a part may use those before it.
        headline: its leading order in a stated limit.
    """

    name: str
    meaning: str
    expression: Any
    inputs: tuple[str, ...]
    source: Source
    kind: Kind = "exact"
    bound: Bound = "two-sided"
    unit: str = "1"
    letter: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    evaluator: Callable[..., Any] | None = None
    plain: Callable[..., Any] | None = None
    parts: tuple[tuple[str, Formula], ...] = ()
    headline: Headline | None = None

    @property
    def symbols(self) -> tuple[sympy.Symbol, ...]:
        """The symbols of the formula, in the order of print."""
        return tuple(symbol(name) for name in self.inputs)

    def __call__(self, **values: Any) -> Any:
        """Evaluate at keyword scalars (exactly) or arrays (float64, broadcast).

        Raises:
            InputError: a symbol is missing or unknown, a scalar is no number, or not whole where it
                must be.
            OutsideError: the numbers lie outside the range where the formula holds.
            RangeError: the result, or a step on the way, is beyond any number.
        """
        complete = self._complete(values)
        try:
            shape = self._shape(complete)
            numbers = self._worked_out(complete).values()
            if self.evaluator is not None:
                found = self.evaluator(**complete)
            elif shape:
                found = self._array(*(np.asarray(v, dtype=float) for v in numbers))
            else:
                found = self._scalar(*numbers)
            return np.broadcast_to(found, shape) if shape else found
        except InputError:
            raise
        except (ArithmeticError, ValueError) as error:
            raise RangeError(f"{self.name}: leaves the range of numbers ({error})") from None

    def numbers(self, **values: Any) -> dict[str, Any]:
        """Return the number of every symbol: the inputs as given, then each part in its order.

        Raises:
            InputError: as for a call.
            RangeError: a part is beyond any number.
        """
        return self._worked_out(self._complete(values))

    def _worked_out(self, values: dict[str, Any]) -> dict[str, Any]:
        found = dict(values)
        for name, part in self.parts:
            found[name] = part(**{key: found[key] for key in part.inputs})
        return found

    def _shape(self, values: Mapping[str, Any]) -> tuple[int, ...]:
        """Return the common shape of the arrays among the values, sequences apart."""
        arrays = [
            value.shape
            for name, value in values.items()
            if isinstance(value, np.ndarray) and not describe(name).is_sequence
        ]
        return np.broadcast_shapes(*arrays) if arrays else ()

    def _complete(self, values: Mapping[str, Any]) -> dict[str, Any]:
        for name in values:
            if name not in self.inputs:
                tail = f"{nearest(name, self.inputs)}; the symbols are {self._named(self.inputs)}"
                raise InputError(f"{self.name}: unknown symbol '{name}'{tail}")
        given = {**self.defaults, **values}
        missing = [name for name in self.inputs if name not in given]
        if missing:
            raise InputError(f"{self.name}: missing {self._named(missing)}")
        checked = {name: self._number(name, given[name]) for name in self.inputs}
        self._check_range(checked)
        return checked

    def _named(self, names: Iterable[str]) -> str:
        return ", ".join(f"{name} ({describe(name).meaning})" for name in names)

    def _number(self, name: str, value: Any) -> Any:
        info = describe(name)
        if info.is_sequence:
            return _sequence(value, f"{self.name}: {name}", is_matrix=info.is_matrix)
        if isinstance(value, np.ndarray) and value.ndim > 0:
            return value.astype(float)
        if value is None and name in self.defaults:
            return None
        found = whole_or_real(value, info.is_integer, f"{self.name}: {name}")
        if info.is_integer and found < 0 and name not in CODED:
            raise InputError(f"{self.name}: {name}: expected a count, found {found}")
        return found

    def _check_range(self, values: Mapping[str, Any]) -> None:
        scalars = {symbol(k): v for k, v in values.items() if isinstance(v, (int, float, Fraction))}
        for condition in self.conditions:
            free = sorted(condition.expression.free_symbols, key=str)
            if not scalars.keys() >= set(free):
                continue
            holds = compile_exact(tuple(free), condition.expression)
            if not holds(*(scalars[item] for item in free)):
                shown = ", ".join(f"{item}={scalars[item]}" for item in free)
                raise OutsideError(f"{self.name}: holds for {condition.text}, found {shown}")

    @cached_property
    def _scalar(self) -> Callable[..., Any]:
        return compile_exact(self._arguments, self.expression)

    @cached_property
    def _array(self) -> Callable[..., Any]:
        return compile_array(self._arguments, self.expression)

    @property
    def _arguments(self) -> tuple[sympy.Symbol, ...]:
        return (*self.symbols, *(symbol(name) for name, _ in self.parts))

    def full(self) -> Formula:
        """Return the formula with its parts substituted, so that only inputs are left.

        The conditions of the parts become its own; it has no headline. Without parts it is itself.
        """
        return self._full if self.parts else self

    @cached_property
    @compared_by_sign()
    def _full(self) -> Formula:
        known = self.substituted()
        conditions = [*self.conditions, *(c for _, part in self.parts for c in part.conditions)]
        replaced = (replace(c, expression=c.expression.xreplace(known)) for c in conditions)
        return replace(
            self,
            expression=sympy.sympify(self.expression).xreplace(known),
            conditions=tuple(c for c in replaced if c.expression != sympy.true),
            parts=(),
            headline=None,
        )

    @compared_by_sign()
    def substituted(self, kept: Iterable[str] = ()) -> dict[Any, Any]:
        """Return what each part's symbol stands for in terms of the inputs, and of those `kept`.

        Raises:
            QresError: a part is computed by an evaluator, so it has no closed form.
        """
        known: dict[Any, Any] = {}
        for name, part in self.parts:
            if part.evaluator is not None:
                raise QresError(f"{self.name}: {name} has no closed form")
            if name not in kept:
                known[symbol(name)] = sympy.sympify(part.full().expression).xreplace(known)
        return known

    @compared_by_sign()
    def at(self, **expressions: Any) -> Any:
        """Return the full expression with symbols replaced, to build other formulas from."""
        defaults = {k: v for k, v in self.defaults.items() if v is not None}
        values = {**defaults, **expressions}
        known = {symbol(name): sympy.sympify(value) for name, value in values.items()}
        return self.full().expression.xreplace(known)

    def unchecked(self) -> Formula:
        """Return the formula without its conditions: numbers from outside are no longer refused."""
        parts = tuple((name, part.unchecked()) for name, part in self.parts)
        return replace(self, conditions=(), parts=parts)

    def latex(self, depth: str = "working") -> str:
        """Return the equation as LaTeX on one line, left-hand side included where it has a letter.

        Args:
            depth: `working`, `full` (parts put in) or `headline` (leading order).

        Raises:
            InputError: the depth is not known, or there is no headline.
        """
        from qres.notation.block import check_depth
        from qres.notation.latex import to_latex

        check_depth(self, depth)
        if depth == "headline" and self.headline is not None:
            return self.headline.latex()
        body = to_latex(self.full().expression if depth == "full" else self.expression)
        return f"{self.letter} = {body}" if self.letter else body

    def block(self, depth: str = "working") -> str:
        """Return the formula as a paper has it: equation, definitions, symbols, source.

        Args:
            depth: as for `latex`.

        Raises:
            InputError: as for `latex`.
        """
        from qres.notation.block import block

        return block(self, depth)

    def python(self) -> str:
        """Return a Python function that stands alone, with what it calls.

        Raises:
            QresError: the formula is computed by an evaluator without a plain form.
        """
        from qres.notation.python_code import python_code

        return python_code(self)

    def markdown(self, depth: str = "working") -> str:
        """Return the formula as a section of a Markdown page.

        Args:
            depth: as for `latex`.

        Raises:
            InputError: as for `latex`.
        """
        from qres.notation.markdown import markdown

        return markdown(self, depth)

    def legend(self) -> list[tuple[str, str]]:
        """Return (symbol, meaning) in the order of print."""
        return [(name, describe(name).meaning) for name in self.inputs]

    def where(self) -> list[str]:
        """Return the definitions of the named functions in the formula, as LaTeX."""
        from qres.notation.where import where_lines

        return where_lines(self.expression)

    def text(self) -> str:
        """Return the formula as one line of plain text."""
        return sympy.sstr(self.expression, full_prec=False)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


def define(
    name: str, meaning: str, expression: Any, source: Source, **pedigree: Any
) -> tuple[str, Formula]:
    """Return `(symbol, formula)` of a derived symbol; inputs are read off the expression.

    Args:
        name: `<algorithm>.<symbol>`.
        meaning: one line.
        expression: sympy expression.
        source: where it comes from.
        pedigree: further fields of `Formula`.
    """
    expression = sympy.sympify(expression)
    inputs = tuple(sorted(str(s) for s in expression.free_symbols))
    target = name.rsplit(".", 1)[-1]
    info = describe(target)
    formula = Formula(
        name=name,
        meaning=meaning,
        expression=expression,
        inputs=inputs,
        source=source,
        letter=info.latex,
        unit=info.unit,
        **pedigree,
    )
    return target, formula


def _sequence(value: Any, place: str, *, is_matrix: bool = False) -> np.ndarray:
    """Return a non-empty list of finite numbers as an array; `place` opens the error message.

    Where `is_matrix`, a square matrix (a list of rows) is welcome too.
    """
    wanted = "a list of numbers or a square matrix" if is_matrix else "a list of numbers"
    try:
        found = np.asarray(value)
    except ValueError:
        found = np.empty(0)
    has_shape = found.ndim == 1 or (is_matrix and found.ndim == 2 and len(set(found.shape)) == 1)
    if not has_shape or not found.size or found.dtype.kind not in "iuf":
        raise InputError(f"{place}: expected {wanted}, found {value!r}")
    if not np.isfinite(found).all():
        raise InputError(f"{place}: expected finite numbers, found {value!r}")
    return found.astype(float)


def whole_or_real(value: Any, is_integer: bool, place: str) -> int | float | Fraction:
    """Return a scalar as int, Fraction or finite float; `place` opens the error message."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        raise InputError(f"{place}: expected a number, found {value!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{place}: expected a finite number, found {value}")
    if not is_integer:
        return value
    if value != int(value):
        raise InputError(f"{place}: expected a whole number, found {value}")
    return int(value)
