"""Expressions compiled to functions: exact for scalars, float64 for arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy
from sympy.printing.numpy import NumPyPrinter
from sympy.printing.pycode import PythonCodePrinter

from qres.notation.extremes import compared_by_sign
from qres.notation.named import NAMED, NamedFunction


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
@compared_by_sign()
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
@compared_by_sign()
def compile_array(arguments: tuple[sympy.Symbol, ...], expression: Any) -> Callable[..., Any]:
    """Compile for float64 arrays that broadcast against each other."""
    named = {name: function.array for name, function in NAMED.items()}
    return sympy.lambdify(
        arguments, expression, modules=[named, "numpy"], printer=_ArrayPrinter(_PLAIN), cse=True
    )
