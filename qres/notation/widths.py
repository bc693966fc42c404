r"""How wide a formula is in print, in points, without a TeX: to know where to break its line.

Glyphs of Computer Modern at 10 points in a few classes; scripts and small fractions at 0.7 and
0.85 of it. An estimate on the wide side: what matters is that nothing sticks out of a column.
"""

from __future__ import annotations

import re

COLUMN = 246.0
"""Width of one column of a two-column paper, 3.4 inches."""

_SCRIPT = 0.74
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_&]|[^\s]")

_GLYPHS = {
    **dict.fromkeys("abcdeghknopqsuvxyz", 5.2),
    **dict.fromkeys("fijlrt", 4.2),
    **dict.fromkeys("mw", 8.4),
    **dict.fromkeys("ABCDEFGHKLNOPQRSTUVXYZ", 8.8),
    **dict.fromkeys("MW", 10.6),
    **dict.fromkeys("IJ", 5.5),
    **dict.fromkeys("0123456789", 5.0),
    **dict.fromkeys("()[]|", 4.0),
    **dict.fromkeys(".,;:'!", 3.0),
    **dict.fromkeys("+-=<>", 12.4),
    "/": 5.0,
    "*": 5.0,
}
_COMMANDS = {
    **dict.fromkeys((r"\le", r"\ge", r"\ne", r"\approx", r"\circ", r"\times", r"\cdot"), 12.4),
    **dict.fromkeys((r"\lceil", r"\rceil", r"\lfloor", r"\rfloor"), 4.5),
    **dict.fromkeys((r"\lVert", r"\rVert"), 5.0),
    **dict.fromkeys((r"\lvert", r"\rvert"), 2.8),
    **dict.fromkeys((r"\left", r"\right", r"\bigl", r"\bigr", r"\Bigl", r"\Bigr"), 2.5),
    **dict.fromkeys((r"\mathrm", r"\mathcal", r"\text", r"\displaystyle", r"\bar", r"\hat"), 0.0),
    **dict.fromkeys((r"\ln", r"\min", r"\max", r"\log", r"\arcsin", r"\operatorname"), 0.0),
    **dict.fromkeys((r"\,", r"\ ", r"\;"), 3.4),
    **dict.fromkeys((r"\{", r"\}"), 5.0),
    r"\quad": 10.0,
    r"\qquad": 20.0,
    r"\sum": 15.0,
    r"\dots": 13.0,
    r"\infty": 10.0,
}
_WORDS = {r"\ln": 11.0, r"\log": 16.0, r"\min": 19.0, r"\max": 21.0, r"\arcsin": 30.0, r"\Pr": 14.0}
_OPERATOR_GAP = 3.4


def width_of(tex: str) -> float:
    """Return the width of math in display style, in points at 10 points.

    Args:
        tex: LaTeX without dollars, one line, braces balanced.
    """
    return _Reader(_TOKEN.findall(tex)).read()


class _Reader:
    """Reads tokens from left to right and adds their widths up."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.position = tokens, 0

    def read(self, until: str = "") -> float:
        """Return the width up to the token `until`, which is taken too."""
        total, limits = 0.0, 0.0
        while self.position < len(self.tokens):
            token = self._next()
            if token == until:
                break
            if token in ("^", "_"):
                script = _SCRIPT * self._group()
                # over and under a sum sign, upper and lower index of a letter: the wider one
                total, limits = total + max(0.0, script - limits), max(limits, script)
                continue
            limits = 8.0 if token == r"\sum" else 0.0
            if token in (r"\max", r"\min") and self._peek() == "_":
                limits = _WORDS[token]
            total += self._piece(token)
        return total

    def _piece(self, token: str) -> float:
        if token == "{":
            return self.read("}")
        if token == r"\frac":
            return max(self._group(), self._group()) + 4.0
        if token == r"\binom":
            return max(self._group(), self._group()) + 12.0
        if token == r"\sqrt":
            return 9.0 + (2.0 + self._optional() if self._peek() == "[" else 0.0) + self._group()
        if token in _WORDS:
            return _WORDS[token] + _OPERATOR_GAP
        if token == r"\operatorname":
            return self._group() + _OPERATOR_GAP
        if token.startswith("\\") and token not in _COMMANDS:
            return 12.4 if token in (r"\land", r"\to") else 6.6
        return _COMMANDS.get(token, _GLYPHS.get(token, 6.0))

    def _group(self) -> float:
        """Return the width of the next argument."""
        token = self._next()
        return self.read("}") if token == "{" else self._piece(token)

    def _optional(self) -> float:
        self._next()
        return _SCRIPT * self.read("]")

    def _peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self.position += 1
        return token
