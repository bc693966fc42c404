r"""Maxima and minima that sympy does not work through again and again.

`sympy.Max` compares all pairs of its arguments whenever it is made, also after a substitution, and
simplifies each difference whose sign it does not see: minutes for the widths of a whole algorithm.
Two ways around it:

- `compared_by_sign()`: as long as it lasts, a difference whose sign is not seen stays undecided.
- `at_rest(expression)`: the same expression for print, whose maxima keep their arguments.

Either leaves more arguments standing, never fewer, so no value changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sympy
from sympy.functions.elementary.miscellaneous import MinMaxBase


@contextmanager
def compared_by_sign() -> Iterator[None]:
    """Let sympy's `Max` and `Min` compare two arguments by the sign of their difference alone."""
    thorough = MinMaxBase.__dict__["_is_connected"]
    MinMaxBase._is_connected = classmethod(_is_connected)  # pyright: ignore
    try:
        yield
    finally:
        MinMaxBase._is_connected = thorough  # pyright: ignore


def _is_connected(cls: type, left: Any, right: Any) -> Any:
    """Return True where both are equal, else the function that chooses `left`, False if unknown."""
    if left == right:
        return True
    try:
        found = left >= right
        if not found.is_Relational:
            return sympy.Max if found else sympy.Min
        found = right >= left
    except TypeError:  # one of them is not real
        return False
    if found.is_Relational:
        return False
    return sympy.Min if found else sympy.Max


class _Still(MinMaxBase):
    """A maximum or minimum that is never evaluated, for print only."""

    def __new__(cls, *args: Any) -> Any:
        """Keep the arguments as they are, each once."""
        return super().__new__(cls, *args, evaluate=False)


class Max(_Still, sympy.Max):
    """A maximum at rest; it prints and is ordered like sympy's."""


class Min(_Still, sympy.Min):
    """A minimum at rest."""


def at_rest(expression: Any) -> Any:
    """Return the expression with its maxima and minima at rest."""
    return _at_rest(expression, {})


def _at_rest(node: Any, known: dict[Any, Any]) -> Any:
    if not node.args or not node.has(sympy.Max, sympy.Min):
        return node
    if node not in known:
        args = [_at_rest(arg, known) for arg in node.args]
        func = {sympy.Max: Max, sympy.Min: Min}.get(node.func, node.func)
        known[node] = func(*args)
    return known[node]
