r"""Equations broken to the width of a column, with abbreviations where a term alone is too wide.

A sum is broken between its terms. A term that does not fit loses a part to a definition of its own,
$X_1 = \dots$, which is printed below and broken in the same way; what occurs more than once goes
first. Bound indices stay where they are.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import sympy
from sympy.core.function import Application

from qres.notation.binary_log import print_form
from qres.notation.latex import Printer, is_negative, ordered_terms
from qres.notation.pieces import sort_text
from qres.notation.widths import COLUMN, width_of

INDENT = 20.0
"""What a continued line is moved in by, in points."""

LEAST = 45.0
"""An abbreviation saves nothing on pieces narrower than this."""


class Breaker:
    """Breaks equations that belong together; `definitions` collects what it abbreviates.

    Args:
        width: of a column, in points.
    """

    def __init__(self, width: float = COLUMN) -> None:
        self.width = width
        self._printer = Printer({})
        self.definitions: list[tuple[str, Any]] = []
        self._widths: dict[Any, float] = {}
        self._letters_of: dict[Any, set[Any] | None] = {}

    def lines(self, left: str, expression: Any) -> list[str]:
        r"""Return the lines of an equation; all but the first begin with their sign.

        Args:
            left: LaTeX of the left-hand side with its relation, such as `Q_A =`.
            expression: sympy expression.
        """
        expression = self._fit(print_form(expression), width_of(left))
        lines, room = [left], self.width - width_of(left)
        for term in ordered_terms(expression):
            piece = self._piece(term, is_first=len(lines) == 1 and lines[0] == left)
            if width_of(piece) > room and lines[-1] != left:
                lines.append(piece)
                room = self.width - INDENT - width_of(piece)
            else:
                lines[-1] += f" {piece}"
                room -= width_of(piece)
        return lines

    def defined(self) -> list[list[str]]:
        """Return the lines of every abbreviation made so far, and of those made on the way."""
        found = []
        while len(found) < len(self.definitions):
            name, expression = self.definitions[len(found)]
            found.append(self.lines(f"{name} =", expression))
        return found

    def _piece(self, term: Any, is_first: bool) -> str:
        shown = self._latex(sympy.Add(sympy.Integer(0), term))
        if is_first:
            return shown
        body = self._latex(-term) if is_negative(term) else shown
        return f"- {body}" if is_negative(term) else f"+ {body}"

    def _fit(self, expression: Any, left: float) -> Any:
        """Return the expression with abbreviations, so that every term fits on a line."""
        while True:
            room = self.width - max(left, INDENT)
            wide = [term for term in ordered_terms(expression) if self._width(term) + 12.4 > room]
            lines = self._width(expression) / self.width
            found = self._repeated(expression, 2 if wide else max(3, 8 - int(lines)))
            if not wide and (lines < 3 or found is None):
                return expression
            if found is None:
                found = self._widest_part(wide[0], expression, room)
            if found is None:
                shorter = self._gathered(wide[0]) if wide else None
                if shorter is None:
                    return expression
                expression = expression.xreplace({wide[0]: shorter})
                continue
            expression = expression.xreplace({found: self._abbreviate(found)})

    def _gathered(self, term: Any) -> Any:
        """Return a product with its powers and functions under one name, None if there is only one.

        It is for a product of many narrow factors, none of which would save anything by itself.
        """
        factors = sympy.Mul.make_args(term)
        named = [item for item in factors if item.free_symbols and not item.is_Symbol]
        if len(named) < 2:
            return None
        rest = [item for item in factors if item not in named]
        return sympy.Mul(*rest, self._abbreviate(sympy.Mul(*named)))

    def _abbreviate(self, part: Any) -> sympy.Symbol:
        name = (
            f"X_{{{len(self.definitions) + 1}}}"
            if len(self.definitions) > 8
            else (f"X_{len(self.definitions) + 1}")
        )
        self.definitions.append((name, part))
        self._printer.letters[name] = name
        return sympy.Symbol(name, positive=True)

    def _latex(self, part: Any) -> str:
        """Return the LaTeX of a piece of an expression in print form."""
        return self._printer.show(part)[0]

    def _width(self, part: Any) -> float:
        """Return the width of a piece."""
        if part not in self._widths:
            self._widths[part] = width_of(self._latex(part))
        return self._widths[part]

    def _candidates(self, part: Any, whole: Any) -> list[Any]:
        """Return the pieces of `part` that may be named, without bound indices."""
        free, found = whole.free_symbols, []
        node: Any
        for node in sympy.preorder_traversal(part):
            if node not in self._letters_of:
                self._letters_of[node] = node.free_symbols if _may_be_named(node) else None
            own = self._letters_of[node]
            if node is not part and own is not None and own <= free:
                found.append(node)
        return found

    def _repeated(self, expression: Any, least: int) -> Any:
        """Return the piece that occurs most, by the width it would save."""
        counts = Counter(self._candidates(expression, expression))
        savings = {
            node: (count - 1) * self._width(node)
            for node, count in counts.items()
            if count >= least and self._width(node) >= LEAST
        }
        return max(savings, key=lambda node: (savings[node], sort_text(node)), default=None)

    def _widest_part(self, term: Any, whole: Any, room: float) -> Any:
        """Return the sum that fills the term, else its widest piece that fits on a line."""
        pieces = self._candidates(term, whole)
        sums = [node for node in term.args if node in pieces and node.is_Add]
        filling = [node for node in sums if self._width(node) > 0.6 * room]
        fitting = [node for node in pieces if LEAST <= self._width(node) <= 0.9 * room]
        wide = [node for node in pieces if self._width(node) >= LEAST]
        ranked = filling or fitting or [node for node in wide if node.is_Add] or wide
        return max(ranked, key=lambda node: (self._width(node), sort_text(node)), default=None)


def _may_be_named(node: Any) -> bool:
    """Say whether a piece is a sum, a product or a function worth a letter."""
    if not isinstance(node, sympy.Expr) or node.is_Atom or node.is_number:
        return False
    is_plain = issubclass(type(node), (sympy.Add, sympy.Mul, Application))
    return is_plain and not is_negative(node) and node.as_coeff_Mul()[0] == 1
