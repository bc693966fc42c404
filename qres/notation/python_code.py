r"""A formula as a Python function that stands alone: `math` and `fractions`, nothing of ours.

An expression is written out; a named search and a formula that runs over a list carry the plain
functions behind them, read off their sources with all that these call. Whole numbers stay whole,
rational constants exact. Outside its conditions the function raises `ValueError`.
"""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from types import FunctionType
from typing import Any

import sympy
from sympy.printing.pycode import PythonCodePrinter

from qres.errors import QresError
from qres.notation import plain
from qres.notation.named import NAMED, NamedFunction
from qres.notation.symbols import describe

LONGEST = 100
"""Columns of a line, where a sum can be broken."""

_HEAD = "import math\nfrom fractions import Fraction\n"


def python_code(formula: Any) -> str:
    """Return a module with the formula as its last function.

    Raises:
        QresError: the formula, or a part of it, is computed by an evaluator without a plain twin.
    """
    return python_module([formula])


def python_module(formulas: Iterable[Any]) -> str:
    """Return a module with one function for each formula; what they share stands once.

    Raises:
        QresError: as `python_code`.
    """
    helpers = _Helpers()
    bodies = [_function(formula, helpers) for formula in formulas]
    return "\n\n".join([_HEAD, *helpers.texts(), *bodies])


def function_name(formula: Any) -> str:
    """Return the name of the function: that of the formula, with underscores."""
    return formula.name.replace(".", "_").replace("-", "_")


def _function(formula: Any, helpers: _Helpers) -> str:
    lines = [
        f"def {function_name(formula)}({_signature(formula)}):",
        textwrap.indent(_docstring(formula), "    "),
        *_checks(formula),
    ]
    for name, part in formula.parts:
        lines += [_statement(f"{name} = ", _value(part, helpers)), *_checks(part)]
    lines.append(_statement("return ", _value(formula, helpers)))
    return "\n".join(lines) + "\n"


def _statement(head: str, code: str) -> str:
    """Return an indented statement; a long sum with one term on each line."""
    tree = ast.parse(code, mode="eval").body
    line = f"    {head}{ast.unparse(tree)}"
    if len(line) <= LONGEST:
        return line
    terms = _terms(tree)
    body = "\n".join(
        f"        {sign} {term}".replace("+ ", "", not index)
        for index, (sign, term) in enumerate(terms)
    )
    return f"    {head}(\n{body}\n    )"


def _terms(tree: ast.expr) -> list[tuple[str, str]]:
    """Return the terms of a sum with their signs."""
    if not _is_sum(tree):
        return [("+", _term(tree))]
    assert isinstance(tree, ast.BinOp)
    sign = "+" if isinstance(tree.op, ast.Add) else "-"
    return [*_terms(tree.left), (sign, _term(tree.right))]


def _is_sum(tree: ast.expr) -> bool:
    return isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub)


def _term(tree: ast.expr) -> str:
    """Return a term as it stands beside a sign."""
    is_loose = _is_sum(tree) or isinstance(tree, ast.IfExp | ast.BoolOp | ast.Compare)
    return f"({ast.unparse(tree)})" if is_loose else ast.unparse(tree)


def _signature(formula: Any) -> str:
    """Return the arguments: those without a default first, in the order of print."""
    needed = [name for name in formula.inputs if name not in formula.defaults]
    optional = [
        f"{name}={formula.defaults[name]!r}" for name in formula.inputs if name in formula.defaults
    ]
    return ", ".join([*needed, *optional])


def _docstring(formula: Any) -> str:
    rows = []
    for name in formula.inputs:
        info = describe(name)
        kind = "whole number" if info.is_integer else ("list" if info.is_sequence else "number")
        unit = "" if info.unit == "1" else f", {info.unit}"
        rows.append(f"    {name}: {info.meaning} ({kind}{unit}).")
    valid = ", ".join(condition.text for condition in formula.conditions)
    tail = [
        f"Unit: {formula.unit}. Kind: {formula.kind}, {formula.bound}.",
        f"Source: {formula.source}.",
        *([f"Raises ValueError unless {valid}."] if valid else []),
    ]
    text = [f"{formula.meaning[:1].upper()}{formula.meaning[1:]}.", "", "Args:", *rows, "", *tail]
    return '"""' + "\n".join(text).replace("\\", "\\\\") + '\n"""'


def _checks(formula: Any) -> Iterator[str]:
    for condition in formula.conditions:
        relation = _bare(_Printer(_Helpers()).code(condition.expression))
        message = f"{formula.name}: holds for {condition.text}"
        yield f"    if not ({relation}):\n        raise ValueError({message!r})"


def _bare(code: str) -> str:
    """Return an expression without brackets that nobody needs."""
    return ast.unparse(ast.parse(code, mode="eval"))


def _value(formula: Any, helpers: _Helpers) -> str:
    """Return the code of the value; the symbols of the formula stand for themselves."""
    if formula.evaluator is None:
        return _Printer(helpers).code(sympy.sympify(formula.expression))
    if formula.plain is None:
        raise QresError(f"{formula.name}: has no plain Python form")
    name = helpers.take(formula.plain)
    return f"{name}({', '.join(f'{key}={key}' for key in formula.inputs)})"


class _Printer(PythonCodePrinter):
    """Prints rational constants as fractions, quotients of whole numbers exactly."""

    def __init__(self, helpers: _Helpers) -> None:
        super().__init__({"allow_unknown_functions": True})
        self.helpers = helpers

    def code(self, expression: Any) -> str:
        """Return the code of an expression."""
        return str(self.doprint(expression))

    def _print_Rational(self, expr: sympy.Rational) -> str:
        sign = "-" if expr.p < 0 else ""
        return str(expr.p) if expr.q == 1 else f"{sign}Fraction({abs(expr.p)}, {expr.q})"

    _print_Half = _print_Rational

    def _print_Mul(self, expr: Any) -> str:
        if expr.could_extract_minus_sign() and expr.as_coeff_Mul()[0].is_negative:
            return f"-{self._grouped(-expr)}"
        above, below = [], []
        factors: Any = sympy.Mul.make_args(expr)
        for factor in factors:
            is_below = factor.is_Pow and factor.exp.could_extract_minus_sign()
            (below if is_below else above).append(1 / factor if is_below else factor)
        top = "*".join(self._grouped(factor) for factor in above) or "1"
        if not below:
            return top
        bottom = "*".join(self._grouped(factor) for factor in below)
        if all(factor.is_integer for factor in below):
            return f"{top}*Fraction(1, {bottom})"
        return f"{top}/({bottom})" if len(below) > 1 else f"{top}/{bottom}"

    def _print_Pow(self, expr: sympy.Pow, rational: bool = False) -> str:
        base, exponent = expr.args
        if exponent.could_extract_minus_sign() and base != sympy.E:
            return self._print_Mul(expr)
        if exponent == sympy.S.Half:
            return f"math.sqrt({self._print(base)})"
        return f"{self._grouped(base)}**{self._grouped(exponent)}"

    def _print_log(self, expr: Any) -> str:
        return f"math.log({self._print(expr.args[0])})"

    def _print_Function(self, expr: Any) -> str:
        if not isinstance(expr, NamedFunction):
            return super()._print_Function(expr)
        name = self.helpers.take_named(type(expr).__name__)
        return f"{name}({', '.join(self._print(arg) for arg in expr.args)})"

    def _grouped(self, node: Any) -> str:
        shown = self._print(node)
        is_whole = node.is_Symbol or (node.is_number and node.is_Integer and node >= 0)
        return shown if is_whole or isinstance(node, sympy.Function) else f"({shown})"


class _Helpers:
    """Plain functions and constants that code calls, each with what it calls before it."""

    def __init__(self) -> None:
        self.sources: dict[str, str] = {}
        self.owners: dict[str, Any] = {}

    def texts(self) -> list[str]:
        """Return the sources, users after what they use."""
        return list(self.sources.values())

    def take_named(self, name: str) -> str:
        """Take the plain form of a named function and return its name."""
        return self.take(getattr(plain, name, None) or NAMED[name].scalar, name)

    def take(self, function: Callable[..., Any], name: str = "") -> str:
        """Take a function with all that it calls, and return its name.

        Raises:
            QresError: it calls something that is not plain Python.
        """
        name = name or function.__name__
        if self.owners.setdefault(name, function) is not function:
            raise QresError(f"two plain functions are called {name}")
        if name not in self.sources:
            tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
            self._resolve(tree, function)
            definition = tree.body[0]
            assert isinstance(definition, ast.FunctionDef)
            definition.name, definition.decorator_list = name, []
            self.sources.pop(name, None)
            self.sources[name] = ast.unparse(_Bare().visit(tree)) + "\n"
        return name

    def _resolve(self, tree: ast.AST, function: Callable[..., Any]) -> None:
        assert isinstance(function, FunctionType)
        annotations = {id(part) for node in ast.walk(tree) for part in _annotation_parts(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == "array":
                raise QresError(f"{ast.unparse(node)} is not plain Python")
            if not isinstance(node, ast.Name) or id(node) in annotations:
                continue
            if node.id in function.__globals__:
                self._take_global(node.id, function.__globals__[node.id])

    def _take_global(self, name: str, value: Any) -> None:
        if value is math or value is Fraction or self.owners.get(name) is value:
            return
        if isinstance(value, int | float):
            self.sources[name] = f"{name} = {value!r}\n"
        elif isinstance(value, type) and issubclass(value, NamedFunction):
            self.take_named(name)
        elif isinstance(value, FunctionType):
            self.take(value, name)
        else:
            raise QresError(f"{name} is not plain Python")


class _Bare(ast.NodeTransformer):
    """Removes annotations, and turns `look.scalar(...)` into `look(...)`."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Remove the annotation of the result."""
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """Remove the annotation of an argument."""
        node.annotation = None
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Call a named function by its name."""
        return node.value if node.attr == "scalar" else self.generic_visit(node)


def _annotation_parts(node: ast.AST) -> Iterator[ast.AST]:
    for annotation in (getattr(node, "returns", None), getattr(node, "annotation", None)):
        if annotation is not None:
            yield from ast.walk(annotation)
