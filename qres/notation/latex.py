"""Formulas as one would print them: letters of the catalogue, named functions by their names."""

from __future__ import annotations

from typing import Any

import sympy
from sympy.printing.latex import LatexPrinter

from qres.notation.named import NamedFunction, ceil_log2
from qres.notation.symbols import CATALOGUE


class _Printer(LatexPrinter):
    """Sympy's printer with our letters and our named functions."""

    def __init__(self) -> None:
        super().__init__({"ln_notation": True, "mul_symbol": r"\,", "fold_short_frac": False})

    def _print_Symbol(self, expr: sympy.Symbol, style: str = "plain") -> str:
        info = CATALOGUE.get(expr.name)
        return info.latex if info else super()._print_Symbol(expr)

    def _print__Log2(self, expr: Any, exp: str | None = None) -> str:
        body = rf"\log_2 {self._grouped(expr.args[0])}"
        return rf"\left({body}\right)^{{{exp}}}" if exp else body

    def _print_Function(self, expr: sympy.Function, exp: str | None = None) -> str:
        if not isinstance(expr, NamedFunction):
            return super()._print_Function(expr, exp)
        if isinstance(expr, ceil_log2):
            body = rf"\left\lceil\log_2 {self._grouped(expr.args[0])}\right\rceil"
        else:
            inner = ", ".join(self._print(arg) for arg in expr.args[: expr.printed])
            body = rf"{expr.letter}\left({inner}\right)"
        return rf"\left({body}\right)^{{{exp}}}" if exp else body

    def _grouped(self, expr: Any) -> str:
        printed = self._print(expr)
        return printed if expr.is_Atom else rf"\left({printed}\right)"


class _Log2(sympy.Function):
    """Binary logarithm, for print only."""


def to_latex(expression: Any) -> str:
    """Return the LaTeX of an expression in symbols of the catalogue, without dollars."""
    return _Printer().doprint(sympy.sympify(expression).replace(_is_log2, _to_log2))


def _is_log2(node: Any) -> bool:
    return (
        node.is_Mul
        and 1 / sympy.log(2) in node.args
        and any(a.func == sympy.log for a in node.args)
    )


def _to_log2(node: Any) -> Any:
    rest = list(node.args)
    rest.remove(1 / sympy.log(2))
    first = next(arg for arg in rest if arg.func == sympy.log)
    rest.remove(first)
    binary: Any = _Log2(first.args[0])
    return sympy.Mul(*rest, binary)


def where_lines(expression: Any) -> list[str]:
    """Return the definitions of the named functions that an expression uses, as LaTeX."""
    found = {type(node) for node in sympy.preorder_traversal(expression)}
    named = [kind for kind in found if issubclass(kind, NamedFunction) and kind.definition]
    return [kind.definition for kind in sorted(named, key=lambda kind: kind.__name__)]
