r"""A named formula: an expression, its symbols, its source, and how far it can be trusted.

A formula evaluates two ways by one expression. Scalars go through exact arithmetic: Python
integers and fractions, integer logarithms by `bit_length`, floats only where an irrational function
needs them. Arrays go through numpy in float64. Both are compiled by `sympy.lambdify` at the first
call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import sympy
from sympy.printing.numpy import NumPyPrinter
from sympy.printing.pycode import PythonCodePrinter

from qres.errors import InputError, RangeError, nearest
from qres.notation.named import NAMED, NamedFunction
from qres.notation.quantity import Bound, Kind
from qres.notation.source import Source
from qres.notation.symbols import describe, symbol


@dataclass(frozen=True)
class Condition:
    """A hypothesis of a formula.

    Args:
        expression: a sympy relation in the formula's symbols.
        text: what it says, for a person.
    """

    expression: Any
    text: str


@dataclass(frozen=True, kw_only=True)
class Formula:
    """A closed form (or a named search with a printed definition) in named symbols.

    Args:
        name: `<family>.<member>.<quantity>`.
        meaning: one line, what the number counts.
        expression: sympy expression in symbols of `notation.symbols`.
        inputs: names of the symbols, in the order of print.
        source: where it comes from.
        kind: how it is known, see `notation.quantity`.
        bound: whether it is two-sided, an upper or a lower bound.
        unit: of the result.
        letter: LaTeX of the left-hand side, empty for none.
        defaults: values of symbols that may be left out.
        conditions: where the formula is valid; a scalar call outside is refused.
        evaluator: for sequences and optional choices, what computes it; `expression` is then its
            printed definition.
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

    @property
    def symbols(self) -> tuple[sympy.Symbol, ...]:
        """The symbols of the formula, in the order of print."""
        return tuple(symbol(name) for name in self.inputs)

    def __call__(self, **values: Any) -> Any:
        """Evaluate at keyword scalars (exactly) or arrays (float64, broadcast).

        Raises:
            InputError: a symbol is missing or unknown, a scalar is no number, not whole where it
                must be, or outside the range where the formula holds.
            RangeError: the result, or a step on the way, is beyond any number.
        """
        complete = self._complete(values)
        try:
            shape = self._shape(complete)
            if self.evaluator is not None:
                found = self.evaluator(**complete)
            elif shape:
                found = self._array(*(np.asarray(v, dtype=float) for v in complete.values()))
            else:
                found = self._scalar(*complete.values())
            return np.broadcast_to(found, shape) if shape else found
        except (ArithmeticError, ValueError) as error:
            raise RangeError(f"{self.name}: leaves the range of numbers ({error})") from None

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
                raise InputError(
                    f"{self.name}: unknown symbol '{name}'{nearest(name, self.inputs)}"
                )
        given = {**self.defaults, **values}
        missing = [name for name in self.inputs if name not in given]
        if missing:
            raise InputError(f"{self.name}: missing {', '.join(missing)}")
        checked = {name: self._number(name, given[name]) for name in self.inputs}
        self._check_range(checked)
        return checked

    def _number(self, name: str, value: Any) -> Any:
        info = describe(name)
        if info.is_sequence:
            return _sequence(value, f"{self.name}: {name}", is_matrix=info.is_matrix)
        if isinstance(value, np.ndarray) and value.ndim > 0:
            return value.astype(float)
        if value is None and name in self.defaults:
            return None
        return whole_or_real(value, info.is_integer, f"{self.name}: {name}")

    def _check_range(self, values: Mapping[str, Any]) -> None:
        scalars = {symbol(k): v for k, v in values.items() if isinstance(v, (int, float, Fraction))}
        for condition in self.conditions:
            if not condition.expression.free_symbols <= scalars.keys():
                continue
            if not condition.expression.subs(scalars):
                shown = ", ".join(
                    f"{s}={scalars[s]}" for s in sorted(condition.expression.free_symbols, key=str)
                )
                raise InputError(f"{self.name}: holds for {condition.text}, found {shown}")

    @cached_property
    def _scalar(self) -> Callable[..., Any]:
        return compile_exact(self.symbols, self.expression)

    @cached_property
    def _array(self) -> Callable[..., Any]:
        return compile_array(self.symbols, self.expression)

    def at(self, **expressions: Any) -> Any:
        """Return the expression with symbols replaced, to build other formulas from."""
        defaults = {k: v for k, v in self.defaults.items() if v is not None}
        replaced = {symbol(name): value for name, value in {**defaults, **expressions}.items()}
        return self.expression.subs(replaced, simultaneous=True)

    def latex(self) -> str:
        """Return the formula as LaTeX, left-hand side included where it has a letter."""
        from qres.notation.latex import to_latex

        body = to_latex(self.expression)
        return f"{self.letter} = {body}" if self.letter else body

    def legend(self) -> list[tuple[str, str]]:
        """Return (symbol, meaning) in the order of print."""
        return [(name, describe(name).meaning) for name in self.inputs]

    def where(self) -> list[str]:
        """Return the definitions of the named functions in the formula, as LaTeX."""
        from qres.notation.latex import where_lines

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


class _ExactPrinter(PythonCodePrinter):
    """Prints numbers as fractions and every power and product through exact functions."""

    def _print_Rational(self, expr: sympy.Rational) -> str:
        return str(expr.p) if expr.q == 1 else f"Fraction({expr.p}, {expr.q})"

    def _print_Pow(self, expr: sympy.Pow, rational: bool = False) -> str:
        return f"power({self._print(expr.base)}, {self._print(expr.exp)})"

    def _print_Mul(self, expr: sympy.Mul) -> str:
        return "(" + "*".join(f"({self._print(arg)})" for arg in expr.args) + ")"

    def _print_Function(self, expr: sympy.Function) -> str:
        arguments = ", ".join(self._print(arg) for arg in expr.args)
        return f"{type(expr).__name__}({arguments})"

    _print_ceiling = _print_floor = _print_log = _print_asin = _print_Function
    _print_Max = _print_Min = _print_Abs = _print_acosh = _print_atanh = _print_Function


class _ArrayPrinter(NumPyPrinter):
    """Prints named functions by their own name, so that their array search is called."""

    def _print_Function(self, expr: sympy.Function) -> str:
        if isinstance(expr, NamedFunction):
            return f"{type(expr).__name__}({', '.join(self._print(arg) for arg in expr.args)})"
        return super()._print_Function(expr)


def exact_power(base: Any, exponent: Any) -> Any:
    """Raise to a power: exact for whole exponents, correctly rounded roots elsewhere."""
    if isinstance(base, float) or isinstance(exponent, float):
        return float(base) ** float(exponent)
    if isinstance(exponent, Fraction) and exponent.denominator == 1:
        exponent = int(exponent)
    if isinstance(exponent, int):
        return Fraction(base) ** exponent if exponent < 0 else base**exponent
    return float(base) ** float(exponent)


def _lowered(value: Any) -> Any:
    """Return a fraction that is whole as an int."""
    return int(value) if isinstance(value, Fraction) and value.denominator == 1 else value


_EXACT: dict[str, Any] = {
    "Fraction": Fraction,
    "power": exact_power,
    "ceiling": math.ceil,
    "floor": math.floor,
    "log": lambda x, *base: math.log(x, *base),
    "asin": math.asin,
    "acosh": math.acosh,
    "atanh": math.atanh,
    "Max": max,
    "Min": min,
    "Abs": abs,
}


_PLAIN = {"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True}


@lru_cache(maxsize=4096)
def compile_exact(arguments: tuple[sympy.Symbol, ...], expression: Any) -> Callable[..., Any]:
    """Compile for scalars: integers and fractions stay exact."""
    named = {name: function.scalar for name, function in NAMED.items()}
    function = sympy.lambdify(
        arguments,
        expression,
        modules=[_EXACT | named, "math"],
        printer=_ExactPrinter(_PLAIN),
        cse=True,
    )
    return lambda *values: _lowered(function(*values))


@lru_cache(maxsize=4096)
def compile_array(arguments: tuple[sympy.Symbol, ...], expression: Any) -> Callable[..., Any]:
    """Compile for float64 arrays that broadcast against each other."""
    named = {name: function.array for name, function in NAMED.items()}
    return sympy.lambdify(
        arguments, expression, modules=[named, "numpy"], printer=_ArrayPrinter(_PLAIN), cse=True
    )
