r"""Plain sentences with a little mathematics in them, as LaTeX.

Meanings and sources are typed as `norm(A^-1) of the dropped part E`: what reads as mathematics is set
as such, $\lVert A^{-1}\rVert$, names of the catalogue become their letters, and the rest is escaped.
"""

from __future__ import annotations

import re

from qres.notation.latex_text import escape, typeset
from qres.notation.symbols import CATALOGUE

_WORDS = {
    **{name: f"\\{name} " for name in ("alpha", "beta", "gamma", "delta", "epsilon", "eta")},
    **{name: f"\\{name} " for name in ("theta", "kappa", "lambda", "mu", "xi", "sigma")},
    **{name: f"\\{name} " for name in ("phi", "rho", "Theta")},
    "eps": r"\epsilon ",
    "ln": r"\ln ",
    "log": r"\log ",
    "exp": r"\exp ",
    "arcsin": r"\arcsin ",
    "sqrt": "sqrt",
    "norm": "norm",
}
_WORD = re.compile(r"[A-Za-z]+(?:_[a-z]{2,}\w*)*")
_OPERATOR = re.compile(r"[\^_/=<>()|+*]")
_ENGLISH = frozenset("aAI")
_NEUTRAL = re.compile(r"[-+=/<>]|<=|>=|\d+(\.\d+)?")
_TIMES = re.compile(r"(\d) x (\d)")
_LABELS = ("appendix", "section", "figure", "theorem", "version", "table")
"""A letter or number after one of these is a name."""
_FUNCTIONS = ("norm", "sqrt", "log", "exp")
"""English, too, unless a bracket follows."""
_LONGEST = 8
"""Words that one pair of brackets may hold."""


_PLAIN = re.compile(
    r"(?:[A-Za-z0-9\s,.;:()*/+=<>'-]|\^(?=[A-Za-z0-9(-])|_(?=[A-Za-z0-9]))*", re.ASCII
)
_TWICE = re.compile(r"\d[eE][-+]?\d|\^[A-Za-z0-9-]+\^|_[A-Za-z0-9]+_|^[\^_]|[\s(][\^_]")
_POWER = re.compile(r"\\textasciicircum\{\}(\d+)")
_HINT = re.compile(r"\^|\bnorm\(|\b[a-z]_[a-zA-Z]\b")


def sentence(text: str) -> str:
    """Return a sentence that anybody may have typed as LaTeX: mathematics where that is safe."""
    is_safe = " " in text and _PLAIN.fullmatch(text) and not _TWICE.search(text)
    shown = text_latex(text) if is_safe and _HINT.search(text) else typeset(text)
    return _POWER.sub(r"\\textsuperscript{\1}", shown)


def text_latex(text: str) -> str:
    """Return a sentence as LaTeX."""
    words, shown, run = text.split(), [], _Run()
    while words:
        piece = _whole(words)
        words = words[len(piece.split()) :]
        body = piece.rstrip(",;:.")
        is_label = bool(shown or run.pieces) and run.before in _LABELS
        maths = "" if is_label else _maths(body)
        if maths or _NEUTRAL.fullmatch(body):
            run.take(maths or body, body if not maths else "")
        if not (maths or _NEUTRAL.fullmatch(body)) or body != piece:
            tail = piece[len(body) :] if maths or _NEUTRAL.fullmatch(body) else f" {_plain(piece)}"
            shown.append(run.close() + tail)
        run.before = body.lower()
    return "".join([*shown, run.close()]).strip()


def _plain(text: str) -> str:
    return escape(text).replace(r"\textquotesingle{}", "'")


class _Run:
    """Pieces of mathematics that stand next to each other, numbers and signs among them."""

    def __init__(self) -> None:
        self.pieces: list[tuple[str, str]] = []
        self.before = ""

    def take(self, maths: str, neutral: str) -> None:
        """Add a piece; `neutral` is its plain text where it is a number or a sign."""
        self.pieces.append((maths, neutral))

    def close(self) -> str:
        """Return the run, in dollars if anything in it is more than a number, and begin anew."""
        pieces, self.pieces = self.pieces, []
        if all(neutral for _, neutral in pieces):
            return "".join(f" {_plain(neutral)}" for _, neutral in pieces)
        maths = _TIMES.sub(r"\1 \\times \2", " ".join(_signs(piece) for piece, _ in pieces))
        return f" ${maths}$"


def _whole(words: list[str]) -> str:
    """Return the first word, with as many after it as close its brackets."""
    for count in range(1, min(_LONGEST, len(words)) + 1):
        piece = " ".join(words[:count])
        if piece.count("(") == piece.count(")") and _maths(piece.rstrip(",;:.")):
            return piece
    return words[0]


def _maths(text: str) -> str:
    """Return the LaTeX of a piece that is mathematics, empty for words."""
    names = _WORD.findall(text)
    is_symbol = text in CATALOGUE and "_" in text
    if not names or text.count("(") != text.count(")"):
        return ""
    if not all(len(name) == 1 or name in _WORDS or _letter(name) for name in names):
        return ""
    is_letter = len(names) == 1 and re.fullmatch(rf"\d*{names[0]}", text)
    if not (is_symbol or _OPERATOR.search(text) or is_letter):
        return ""
    if (
        text in _ENGLISH
        or text in _FUNCTIONS
        or re.search(r"[A-Za-z] [A-Za-z]{2}", re.sub(r"\w{3,}", "x", text))
    ):
        return ""
    return _typeset(text)


def _letter(name: str) -> str:
    """Return the letter of a name of the catalogue that cannot be an English word, or of `b_ref`."""
    if re.fullmatch("[A-Za-z]_[a-z]{2,}", name) and name not in CATALOGUE:
        return rf"{name[0]}_{{\mathrm{{{name[2:]}}}}}"
    return CATALOGUE[name].latex if "_" in name and name in CATALOGUE else ""


def _typeset(text: str) -> str:
    shown = _WORD.sub(lambda found: _letter(found[0]) or _WORDS.get(found[0], found[0]), text)
    shown = shown.replace("Theta ~", "tilde\\Theta ").replace(r"\log 2", r"\log_2")
    for name, left, right in (("norm", r"\lVert ", r"\rVert"), ("sqrt", r"\sqrt{", "}")):
        shown = re.sub(rf"{name}\(([^()]*)\)", lambda f, a=left, b=right: a + f[1] + b, shown)
    shown = re.sub(r"\^\(((?:[^()]|\([^()]*\))*)\)", r"^{\1}", shown)
    shown = re.sub(r"([\^_])(-?[A-Za-z0-9]+)", r"\1{\2}", shown)
    return _signs(re.sub(r" +", " ", shown).replace(" }", "}").replace(" )", ")").strip())


def _signs(text: str) -> str:
    return text.replace("<=", r"\le ").replace(">=", r"\ge ").strip()
