r"""The "where" of a formula: definitions of what it names and does not spell out."""

from __future__ import annotations

from typing import Any

import sympy

from qres.notation.constructions import CONSTRUCTIONS
from qres.notation.named import NAMED, NamedFunction

BRACKET = r"[\,\cdot\,]"
"""How the Iverson bracket is named where it is explained."""


def has_bracket(expression: Any) -> bool:
    """Say whether the expression is printed with an Iverson bracket."""
    return any(
        len(node.args) == 2 and node.args[1][0] == 0 for node in expression.atoms(sympy.Piecewise)
    )


def named_in(expression: Any) -> list[type[NamedFunction]]:
    """Return the named functions of an expression that have a definition, by name."""
    found = {type(node) for node in sympy.preorder_traversal(expression)}
    named = [kind for kind in found if issubclass(kind, NamedFunction) and kind.definition]
    return sorted(named, key=lambda kind: kind.__name__)


def where_lines(expression: Any) -> list[str]:
    """Return the definitions of what an expression names but does not spell out, as LaTeX."""
    used = {type(node).__name__ for node in sympy.preorder_traversal(expression)}
    lines = [kind.definition for kind in _with_their_own(named_in(expression))]
    lines += [text for name, (_, text) in CONSTRUCTIONS.items() if name in used and text]
    if has_bracket(expression):
        lines.append(rf"{BRACKET} = 1 \text{{ where the condition holds, else }} 0")
    return lines


def _with_their_own(kinds: list[type[NamedFunction]]) -> list[type[NamedFunction]]:
    """Add the named functions that the definitions of others mention, each after its user."""
    words = [kind for kind in NAMED.values() if kind.letter.startswith((r"\operatorname", "s_2"))]
    found = list(kinds)
    for kind in found:
        called = (other for other in words if f"{other.letter}(" in kind.definition)
        found += [other for other in called if other not in found]
    return found
