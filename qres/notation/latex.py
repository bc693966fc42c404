r"""One expression as one would print it: letters of the catalogue, no brackets that nobody needs.

`to_latex(expression)` returns the inside of a formula, on one line. What it does differently from a
general printer: sums put positive terms first and constants last ($1 - x$ apart); products are
juxtaposed, sums before functions before logarithms; roots are gathered under one sign; fractions
inside scripts and small fractions inside fractions are written with a slash; $\log_2$, $\ln^3 x$;
a term that exists under a condition carries its Iverson bracket, $[q \ge 2]\,x$.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import sympy

from qres.notation.binary_log import BinaryLog, print_form
from qres.notation.constructions import CONSTRUCTIONS
from qres.notation.memory import BRIGADE, FREE
from qres.notation.named import NamedFunction, ceil_log2
from qres.notation.pieces import (
    indexed_letter,
    is_one_group,
    is_tall,
    join,
    number_latex,
    prime_digits,
    sort_text,
    wrap,
)
from qres.notation.symbols import CATALOGUE

SUM, PRODUCT, POWER, ATOM = range(4)
"""How tightly a printed piece holds together."""

ROOTS = 4
"""Where roots stand among the factors of a product: after letters, before brackets."""

DISPLAY, TEXT, SCRIPT = range(3)
"""Where a piece stands: on the line, inside a fraction, inside an exponent."""

_FUNCTIONS = {
    "log": r"\ln",
    "BinaryLog": r"\log_2",
    "log2": r"\log_2",
    "asin": r"\arcsin",
    "acosh": r"\operatorname{arcosh}",
    "atanh": r"\operatorname{artanh}",
}
_CALLS = {"Max": r"\max", "Min": r"\min"}
_ROUNDED = {"ceiling": "ceil", "floor": "floor"}
_RELATIONS = {"==": "=", "<=": r"\le", ">=": r"\ge", "!=": r"\ne"}

_MEMORIES = {
    0: r"_{\mathrm{QROM}}",
    BRIGADE: r"_{\mathrm{brigade}}",
    FREE: r"_{\mathrm{free}}",
}
"""Index of a look-up whose memory is fixed, by the code of its block limit."""


def to_latex(expression: Any, letters: Mapping[str, str] | None = None) -> str:
    """Return the LaTeX of an expression in symbols of the catalogue, without dollars.

    Args:
        expression: sympy expression.
        letters: of symbols that are not in the catalogue, or stand for something else here.
    """
    return Printer(letters or {}).show(print_form(expression))[0]


def ordered_terms(expression: Any) -> list[Any]:
    """Return the terms of a sum in the order of print; of anything else, itself."""
    terms = list(expression.as_ordered_terms()) if expression.is_Add else [expression]
    varying = [term for term in terms if term.free_symbols]
    positive = [term for term in varying if not is_negative(term)]
    constants_lead = bool(varying) and not positive
    key = {id(term): position for position, term in enumerate(terms)}

    def rank(term: Any) -> tuple[int, int, int]:
        if not term.free_symbols:
            return (-1 if constants_lead and not is_negative(term) else 2, 0, key[id(term)])
        return (is_negative(term), bool(term.atoms(sympy.Function)), key[id(term)])

    return sorted(terms, key=rank)


def _is_inverse(exponent: Any) -> bool:
    """Say whether a power belongs under the line."""
    terms = exponent.args if exponent.is_Add else (exponent,)
    return all(is_negative(term) for term in terms)


def is_negative(term: Any) -> bool:
    """Say whether a term is printed with a minus in front."""
    coefficient = term.as_coeff_Mul()[0]
    return bool(coefficient.is_number and coefficient.is_negative)


@lru_cache(maxsize=4096)
def _rank(factor: Any) -> tuple[int, str]:
    """Return where a factor stands in a product."""
    base = factor.base if factor.is_Pow else factor
    if isinstance(factor, sympy.Piecewise):
        return 0, ""
    if isinstance(factor, sympy.binomial):
        return 2, ""
    if factor.is_number and not factor.atoms(sympy.Function):
        return 1 if factor.is_Rational or factor.is_Float else 2, ""
    if type(base).__name__ in _FUNCTIONS:
        return ROOTS + 4, ""
    if isinstance(factor, sympy.Sum):
        return ROOTS + 5, ""
    if isinstance(base, sympy.Function | sympy.Max | sympy.Min):
        return ROOTS + 3, ""
    if base.is_Atom or base.is_Indexed:
        return 3, sort_text(factor)
    return ROOTS + (2 if base.is_Add else 1), sort_text(factor)


class Printer:
    """Prints nodes; every method returns the LaTeX and how tightly it holds together.

    A node is printed once for each place. Letters may be added, of symbols not printed before.
    """

    def __init__(self, letters: Mapping[str, str]) -> None:
        self.letters = dict(letters)
        self._shown: dict[tuple[Any, int], tuple[str, int]] = {}

    def show(self, node: Any, place: int = DISPLAY) -> tuple[str, int]:
        """Print a node where it stands."""
        key = node, place
        if key not in self._shown:
            self._shown[key] = self._printed(node, place)
        return self._shown[key]

    def _printed(self, node: Any, place: int) -> tuple[str, int]:
        if isinstance(node, NamedFunction):
            is_operator = node.letter in _FUNCTIONS.values()
            return self._named(node, place), PRODUCT if is_operator else ATOM
        name = type(node).__name__
        if name in CONSTRUCTIONS:
            return self._construction(name, node, place), ATOM
        method: Callable[[Any, int], tuple[str, int]] | None = None
        for kind in type(node).__mro__:
            method = getattr(self, f"_show_{kind.__name__}", None)
            if method is not None:
                return method(node, place)
        raise NotImplementedError(f"no LaTeX for {name} in {node}")

    def _construction(self, name: str, node: Any, place: int) -> str:
        tex = CONSTRUCTIONS[name][0]
        for position, arg in enumerate(node.args):
            tex = tex.replace(f"<{position}>", self.show(arg, place)[0])
        return tex

    def held(self, node: Any, place: int, least: int) -> str:
        """Print a node with brackets where it is looser than `least`."""
        tex, tightness = self.show(node, place)
        return tex if tightness >= least else wrap(tex)

    def letter(self, name: str) -> str:
        """Return the letter of a symbol."""
        if name in self.letters:
            return self.letters[name]
        info = CATALOGUE.get(name)
        return info.latex if info else name

    def _show_Symbol(self, node: Any, place: int) -> tuple[str, int]:
        letter = self.letter(node.name)
        return letter, SUM if "+" in letter else ATOM

    def _show_Integer(self, node: Any, place: int) -> tuple[str, int]:
        return number_latex(node), ATOM if node >= 0 else SUM

    def _show_Float(self, node: Any, place: int) -> tuple[str, int]:
        text = number_latex(node)
        return text, SUM if node < 0 else (PRODUCT if "times" in text else ATOM)

    def _show_Rational(self, node: Any, place: int) -> tuple[str, int]:
        return self._show_Mul(node, place)

    def _show_Exp1(self, node: Any, place: int) -> tuple[str, int]:
        return r"\mathrm{e}", ATOM

    def _show_Pi(self, node: Any, place: int) -> tuple[str, int]:
        return r"\pi", ATOM

    def _show_Infinity(self, node: Any, place: int) -> tuple[str, int]:
        return r"\infty", ATOM

    def _show_BooleanTrue(self, node: Any, place: int) -> tuple[str, int]:
        return r"\text{otherwise}", ATOM

    def _show_Relational(self, node: Any, place: int) -> tuple[str, int]:
        left, right = (self.show(arg, place)[0] for arg in node.args)
        return f"{left} {_RELATIONS.get(node.rel_op, node.rel_op)} {right}", SUM

    def _show_And(self, node: Any, place: int) -> tuple[str, int]:
        lower = [arg for arg in node.args if getattr(arg, "rel_op", "") in (">", ">=")]
        upper = [arg for arg in node.args if getattr(arg, "rel_op", "") in ("<", "<=")]
        if len(node.args) == 2 and lower and upper and lower[0].lhs == upper[0].lhs:
            # 0 < x < 1 in one chain
            (low,), (high,) = lower, upper
            head = self._show_Relational(low.reversed, place)[0]
            tail = self._show_Relational(high, place)[0]
            return head + tail.removeprefix(self.show(high.lhs, place)[0]), SUM
        return r",\ ".join(self.show(arg, place)[0] for arg in node.args), SUM

    def _show_Tuple(self, node: Any, place: int) -> tuple[str, int]:
        return ", ".join(self.show(arg, place)[0] for arg in node.args), SUM

    def _show_Add(self, node: Any, place: int) -> tuple[str, int]:
        divisors = {term.as_coeff_Mul()[0].as_numer_denom()[1] for term in node.args}
        common = divisors.pop() if len(divisors) == 1 else sympy.S.One
        if common != 1 and common.is_Integer:
            return self._fraction(self.show(node * common, place)[0], str(common), place, True)
        return self.joined(ordered_terms(node), place), SUM

    def joined(self, terms: list[Any], place: int = DISPLAY) -> str:
        """Write terms with their signs between them."""
        text = ""
        for term in terms:
            minus = is_negative(term)
            term = -term if minus else term
            least = SUM if isinstance(term, sympy.Sum) else PRODUCT
            piece = self.held(term, place, least)
            sign = "-" if minus else "+"
            text += f" {sign} {piece}" if text else (f"-{piece}" if minus else piece)
        return text

    def _show_Mul(self, node: Any, place: int) -> tuple[str, int]:
        if is_negative(node):
            return f"-{self.held(-node, place, PRODUCT)}", SUM
        over, under = self._split(node)
        inner = place if place == SCRIPT else TEXT
        if not under:
            return self._product(over, place), PRODUCT if len(over) > 1 else ATOM
        below = self._product(under, inner)
        if all(factor.is_number for factor in under) and over and place != SCRIPT:
            above = self._product(over, place)
            if is_tall(above) and place == DISPLAY:
                numbers = [factor for factor in over if factor.is_Integer]
                rest = [factor for factor in over if not factor.is_Integer]
                part = rf"\frac{{{self._product(numbers, TEXT)}}}{{{below}}}"
                return f"{part} {self._product(rest, place, in_product=True)}", PRODUCT
        is_simple = len(under) == 1 and (under[0].is_Atom or under[0].is_Indexed)
        above = self._product(over, inner)
        loose = len(over) == 1 and self.show(over[0], inner)[1] == SUM
        return self._fraction(above, below, place, loose, is_simple)

    def _fraction(
        self, above: str, below: str, place: int, loose: bool, is_simple: bool = True
    ) -> tuple[str, int]:
        """Write a quotient; `loose` says that its upper part is a sum."""
        short = is_simple and not is_tall(above) and (len(above) < 24 or place == SCRIPT)
        if place == SCRIPT or (place == TEXT and short):
            top = wrap(above) if loose else above
            return f"{top}/{below if is_simple else wrap(below)}", PRODUCT
        return rf"\frac{{{above}}}{{{below}}}", PRODUCT

    def _split(self, node: Any) -> tuple[list[Any], list[Any]]:
        """Return the factors above and below the line."""
        over: list[Any] = []
        under: list[Any] = []
        factors: Any = sympy.Mul.make_args(node)
        for factor in factors:
            if factor.is_Rational and not factor.is_Integer:
                if factor.q % 5 == 0 and re.fullmatch("2*5*", prime_digits(factor.q)):
                    over.append(sympy.Float(factor, 15))
                else:
                    over += [sympy.Integer(factor.p)] if factor.p != 1 else []
                    under.append(sympy.Integer(factor.q))
            elif factor.is_Pow and _is_inverse(factor.exp) and factor.base != sympy.E:
                under.append(factor.base ** (-factor.exp))
            elif not (factor.is_number and float(factor) == 1):
                over.append(factor)
        return over, under

    def _product(self, factors: list[Any], place: int, in_product: bool = False) -> str:
        """Write factors side by side: numbers, powers of letters, sums, functions, logarithms."""
        if not factors:
            return "1"
        roots = [factor for factor in factors if factor.is_Pow and factor.exp == sympy.S.Half]
        rest = [factor for factor in factors if factor not in roots]
        ordered = sorted(rest, key=_rank)
        is_alone = len(ordered) + bool(roots) == 1 and not in_product
        pieces = [
            self.show(factor, place)[0] if is_alone else self.held(factor, place, PRODUCT)
            for factor in ordered
        ]
        if ordered and isinstance(ordered[-1], sympy.Sum) and not is_alone:
            pieces[-1] = self.show(ordered[-1], place)[0]
        if roots:
            radicand = sympy.Mul(*(root.base for root in roots))
            inside = self.show(radicand, TEXT)[0]
            position = sum(_rank(factor)[0] < ROOTS for factor in ordered)
            pieces.insert(position, rf"\sqrt{{{inside}}}")
        return join(pieces)

    def _show_Pow(self, node: Any, place: int) -> tuple[str, int]:
        base, exponent = node.args
        if _is_inverse(exponent) and base != sympy.E:
            return self._show_Mul(node, place)
        if exponent.is_Rational and exponent.p == 1 and exponent.q < 4:
            degree = "" if exponent.q == 2 else f"[{exponent.q}]"
            return rf"\sqrt{degree}{{{self.show(base, TEXT)[0]}}}", ATOM
        power = self.show(exponent, SCRIPT)[0]
        if type(base).__name__ in _FUNCTIONS:
            return self._operator(base, place, power), PRODUCT
        tex, tightness = self.show(base, place)
        is_bare = tightness == ATOM and "^" not in re.sub(r"\{[^{}]*\}", "", tex)
        is_bare = is_bare and not isinstance(base, sympy.Sum)
        return f"{tex if is_bare else wrap(tex)}^{{{power}}}", ATOM

    def _show_exp(self, node: Any, place: int) -> tuple[str, int]:
        return rf"\mathrm{{e}}^{{{self.show(node.args[0], SCRIPT)[0]}}}", ATOM

    def _show_Function(self, node: Any, place: int) -> tuple[str, int]:
        name = type(node).__name__
        if name in _FUNCTIONS:
            return self._operator(node, place), PRODUCT
        raise NotImplementedError(f"no LaTeX for the function {name}")

    def _operator(self, node: Any, place: int, power: str = "") -> str:
        r"""Write `\ln x`, `\ln^3 x`; brackets unless the argument is a letter, root or fraction."""
        head = _FUNCTIONS[type(node).__name__] + (f"^{{{power}}}" if power else "")
        inner = self.show(node.args[0], place)[0]
        whole = inner.startswith((r"\frac", r"\sqrt")) and is_one_group(inner)
        if node.args[0].is_Atom or whole or isinstance(node.args[0], sympy.ceiling | ceil_log2):
            return f"{head} {inner}" if inner[0] != "\\" else f"{head}{inner}"
        return head + wrap(inner)

    def _calls(self, name: str, node: Any, place: int) -> tuple[str, int]:
        arguments = sorted(node.args, key=lambda arg: (not arg.is_number, sort_text(arg)))
        inner = ", ".join(self.show(arg, place)[0] for arg in arguments)
        return name + wrap(inner), ATOM

    def _show_Max(self, node: Any, place: int) -> tuple[str, int]:
        return self._calls(r"\max", node, place)

    def _show_Min(self, node: Any, place: int) -> tuple[str, int]:
        return self._calls(r"\min", node, place)

    def _show_ceiling(self, node: Any, place: int) -> tuple[str, int]:
        return wrap(self.show(node.args[0], place)[0], "ceil"), ATOM

    def _show_floor(self, node: Any, place: int) -> tuple[str, int]:
        return wrap(self.show(node.args[0], place)[0], "floor"), ATOM

    def _show_Abs(self, node: Any, place: int) -> tuple[str, int]:
        return rf"\lvert {self.show(node.args[0], place)[0]}\rvert", ATOM

    def _show_binomial(self, node: Any, place: int) -> tuple[str, int]:
        above, below = (self.show(arg, place)[0] for arg in node.args)
        return rf"\binom{{{above}}}{{{below}}}", ATOM

    def _show_Indexed(self, node: Any, place: int) -> tuple[str, int]:
        index = ", ".join(self.show(arg, SCRIPT)[0] for arg in node.indices)
        return indexed_letter(self.letter(str(node.base)), index), ATOM

    def _show_Sum(self, node: Any, place: int) -> tuple[str, int]:
        own = {limit[0].name: limit[0].name for limit in node.limits}
        inner = Printer({**self.letters, **own})
        signs = "".join(self._sigma(inner, limit) for limit in reversed(node.limits))
        return f"{signs} {inner.held(node.function, place, PRODUCT)}", SUM

    def _sigma(self, inner: Printer, limit: Any) -> str:
        index, low, high = limit
        top = self.show(high, SCRIPT)[0]
        return rf"\sum_{{{inner.letter(index.name)}={self.show(low, SCRIPT)[0]}}}^{{{top}}}"

    def _show_Piecewise(self, node: Any, place: int) -> tuple[str, int]:
        (value, condition), *rest = node.args
        if len(rest) == 1 and rest[0][0] == 0:
            bracket = rf"[{self.show(condition, place)[0]}]"
            return rf"{bracket}\, {self.held(value, place, PRODUCT)}", PRODUCT
        rows = r" \\ ".join(
            f"{self.show(part, place)[0]} & {self._when(when, place)}" for part, when in node.args
        )
        return rf"\begin{{cases}} {rows} \end{{cases}}", ATOM

    def _when(self, condition: Any, place: int) -> str:
        shown = self.show(condition, place)[0]
        return shown if condition == sympy.true else rf"\text{{if }} {shown}"

    def _named(self, node: NamedFunction, place: int) -> str:
        if isinstance(node, ceil_log2):
            binary: Any = BinaryLog(node.args[0])
            return wrap(self._operator(binary, place), "ceil")
        if len(node.args) == 1 and node.letter == r"\log_2":
            return self._operator(node, place)
        inner = ", ".join(self.show(arg, TEXT)[0] for arg in node.args[: node.printed])
        hidden: Any = node.args[node.printed :] if node.printed else ()
        is_fixed = bool(hidden) and isinstance(hidden[0], sympy.Integer)
        memory = _MEMORIES.get(int(hidden[0]), "") if is_fixed else ""
        return node.letter + memory + wrap(inner)
