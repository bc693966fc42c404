r"""Plain text as LaTeX: every character safe, numbers as one prints them.

`escape` makes any text harmless and never fails: accents become accent commands, what pdfLaTeX has
no glyph for becomes its code point. `typeset` does the same and turns `2.48e15` into
$2.48\times10^{15}$, `1.7..1.8` into an interval, and `us` after a number into microseconds.
"""

from __future__ import annotations

import re
import unicodedata

from qres.notation.card import INTERVAL, NUMBER

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_\allowbreak{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "/": r"/\allowbreak{}",
}
_OTHER = {
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "…": r"\dots{}",
    "×": r"\ensuremath{\times}",
    "±": r"\ensuremath{\pm}",
    "≤": r"\ensuremath{\le}",
    "≥": r"\ensuremath{\ge}",
    "µ": r"\ensuremath{\mu}",
    "°": r"\ensuremath{^\circ}",
    "ß": r"\ss{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "ı": r"\i{}",
    "\u00a0": "~",
}
_ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0327": "c",
    "\u0328": "k",
}
_GREEK = """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma
    tau upsilon phi chi psi omega"""
_GREEK_LETTERS = frozenset(_GREEK.split())
_LATIN = "alpha beta epsilon zeta eta iota kappa mu nu rho tau chi"
"""Capitals that look like Latin letters and have no command."""
_CAPITALS = _GREEK_LETTERS - set(_LATIN.split())

LONG_WORD = 24
"""Characters after which a word may break anywhere."""

_DASHES = re.compile("-(?=-)")
"""Two hyphens in a row, which would become a dash."""


def escape(text: str) -> str:
    """Return plain text as LaTeX that prints it."""
    return " ".join(_word(word) for word in text.split())


def typeset(text: str) -> str:
    """Return plain text as LaTeX, its numbers with powers of ten and true minus signs."""
    ends = INTERVAL.match(text)
    if ends:
        return f"[{_numbers(ends[1])}, {_numbers(ends[2])}]"
    return _numbers(text)


def _numbers(text: str) -> str:
    parts, last = [], 0
    for found in NUMBER.finditer(text):
        if found["power"] or found["sign"] or found["us"]:
            parts += [_spaced(text[last : found.start()]), _number(found)]
            last = found.end()
    return "".join([*parts, _spaced(text[last:])])


def _number(found: re.Match[str]) -> str:
    digits = found["digits"].replace(",", "{,}")
    power = rf"\times 10^{{{int(found['power'])}}}" if found["power"] else ""
    unit = r"\,\mu\mathrm{s}" if found["us"] else ""
    return f"${found['sign']}{digits}{power}{unit}$"


def _spaced(text: str) -> str:
    """Escape a piece of text whose outer blanks matter."""
    if not text.strip():
        return " " if text else ""
    head, tail = " " * text[0].isspace(), " " * text[-1].isspace()
    return f"{head}{escape(text)}{tail}"


def _word(word: str) -> str:
    letters = [_character(letter) for letter in word]
    if len(word) <= LONG_WORD:
        return _DASHES.sub("-{}", "".join(letters))
    breaks = (r"\allowbreak{}" if index % 8 == 7 else "" for index in range(len(letters)))
    whole = "".join(letter + rest for letter, rest in zip(letters, breaks, strict=True))
    return _DASHES.sub("-{}", whole)


def _character(letter: str) -> str:
    if letter in _SPECIAL:
        return _SPECIAL[letter]
    if letter.isascii():
        return letter if letter.isprintable() else _code_point(letter)
    return _OTHER.get(letter) or _accented(letter) or _greek(letter) or _code_point(letter)


def _accented(letter: str) -> str:
    base, *marks = unicodedata.normalize("NFD", letter)
    if not base.isascii() or not base.isalpha() or len(marks) != 1 or marks[0] not in _ACCENTS:
        return ""
    return rf"\{_ACCENTS[marks[0]]}{{{base}}}"


def _greek(letter: str) -> str:
    words = unicodedata.name(letter, "").lower().split()
    if words[:1] != ["greek"] or words[2:3] != ["letter"] or len(words) != 4:
        return ""
    name = {"lamda": "lambda"}.get(words[3], words[3])
    known = _CAPITALS if words[1] == "capital" else _GREEK_LETTERS
    shown = name.capitalize() if words[1] == "capital" else name
    return rf"\ensuremath{{\{shown}}}" if name in known else ""


def _code_point(letter: str) -> str:
    return f"[U+{ord(letter):04X}]"
