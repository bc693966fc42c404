"""Binary logarithms as such: sympy writes them as quotients of natural ones."""

from __future__ import annotations

from typing import Any

import sympy

from qres.notation.extremes import at_rest


class BinaryLog(sympy.Function):
    """Binary logarithm, for print only."""


def print_form(expression: Any) -> Any:
    """Return the expression with binary logarithms as such, and its maxima at rest."""
    expression = at_rest(sympy.sympify(expression))
    if not expression.has(sympy.log):
        return expression
    return expression.replace(_is_log2, _to_log2)


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
    binary: Any = BinaryLog(first.args[0])
    return sympy.Mul(*rest, binary)
