r"""Pieces of LaTeX put together: brackets that grow, factors side by side, numbers, indices."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import sympy
from sympy.printing.str import StrPrinter


def number_latex(value: Any) -> str:
    r"""Return a decimal number as one would print it: `56`, `0.53`, `2.5\times10^{-7}`."""
    if isinstance(value, sympy.Integer | int) and abs(int(value)) < 10**7:
        return str(int(value))
    text = f"{float(value):.12g}"
    if "e" not in text and (text.startswith(("0.000", "-0.000")) or abs(float(value)) >= 1e7):
        text = re.sub(r"\.?0*e", "e", f"{float(value):.11e}")
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return mantissa
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa}\times {power}"


class _Texts(StrPrinter):
    """Prints as `sympy.sstr` does, but a piece that stands in many places only once."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = lru_cache(maxsize=4096)(super()._print)

    def _print(self, expr: Any, **kwargs: Any) -> str:
        # atoms are not kept: a float has more digits where it stands alone
        if kwargs or not getattr(expr, "args", ()):
            return super()._print(expr, **kwargs)
        return self._kept(expr)


sort_text = _Texts().doprint
"""Return the plain text of an expression, by which equals are put in order."""


def indexed_letter(letter: str, index: str) -> str:
    """Return the letter of one entry of a sequence."""
    if letter.endswith(r"\rVert"):
        return f"{letter.removesuffix(chr(92) + 'rVert')}_{{{index}}}\\rVert"
    subscript = re.fullmatch(r"(.*)_\{(.*)\}", letter)
    if subscript:
        return f"{subscript[1]}_{{{subscript[2]}_{{{index}}}}}"
    return f"{letter}_{{{index}}}"


def is_tall(tex: str) -> bool:
    """Say whether a piece is higher than a line."""
    return any(mark in tex for mark in (r"\frac", r"\sum", r"\binom", r"\begin"))


def wrap(tex: str, kind: str = "paren") -> str:
    r"""Put a piece between delimiters, growing ones where it is tall."""
    left, right = {
        "paren": ("(", ")"),
        "ceil": (r"\lceil", r"\rceil"),
        "floor": (r"\lfloor", r"\rfloor"),
    }[kind]
    if is_tall(tex):
        return rf"\left{left} {tex} \right{right}"
    gap = "" if kind == "paren" or tex.startswith(("\\", "(")) else " "
    return f"{left}{gap}{tex}{right}"


def join(pieces: list[str]) -> str:
    """Write factors side by side, with a dot before a number that follows something."""
    text = pieces[0]
    for piece in pieces[1:]:
        text += (r" \cdot " if piece[:1].isdigit() else " ") + piece
    return text


def prime_digits(number: int) -> str:
    """Return the digits 2 and 5 of a factorisation; x where another prime divides."""
    found = ""
    for prime in (2, 5):
        while number % prime == 0:
            found, number = found + str(prime), number // prime
    return found if number == 1 else "x"


def is_one_group(tex: str) -> bool:
    r"""Say whether a `\frac` or `\sqrt` at the start is all there is."""
    depth, groups, last = 0, 0, 0
    for position, character in enumerate(tex):
        depth += (character == "{") - (character == "}")
        if character == "}" and depth == 0:
            groups, last = groups + 1, position
    return last == len(tex) - 1 and groups == (2 if tex.startswith(r"\frac") else 1)
