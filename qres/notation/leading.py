r"""Leading order of a cost in a stated limit, by rules on its expression.

The limit says how fast symbols grow: $x^p$ for a common $x \to \infty$, or, for a number of qubits
$n$, that $2^n$ does. The rules, from the leaves up: ceilings are dropped; searches are replaced by
the closed form that they round (a look-up of $M$ entries of $b$ bits is $2\sqrt{Mb}$ at
$K = \sqrt{M/b}$, its uncomputation $2\sqrt M$, the largest register $\sqrt{Mb}$); the levels of a
tree are a geometric series; a fixed-point sequence is $\ln(2/\sqrt\delta)/\mathrm{artanh}\sqrt P$;
of a sum the terms of the highest power stay; a difference whose leading terms cancel is taken to
the next order; of a maximum or minimum, and of a case distinction, what decides in the limit stays.
Logarithms count as $x^0$ in a sum; in a maximum or minimum, and where a function has a limit, they
grow, and their inverses vanish. The mean amplitude of the guesses of a norm up to $\kappa$ is
$\pi/(2\ln\kappa)$: $h\sum_j\mathrm{sech}((j+\frac12)h)$ at $h = \ln\kappa/J$ is the midpoint rule of
$\int_0^\infty\mathrm{sech} = \pi/2$. Since $h \le 2$ stays, it is that but for a factor between
$1 - 2\,\mathrm{sech}(\pi^2/2) > 0.97$ and 1 (Poisson's sum), which the printed error contains.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy

from qres.errors import QresError
from qres.notation.named import NamedFunction, uniform_toffoli
from qres.notation.symbols import CATALOGUE

Degree = tuple[Any, Any]
"""Power of x, and power of its logarithm."""


class log2(NamedFunction):
    """The binary logarithm, where a number of bits loses its ceiling."""

    letter = r"\log_2"

    @staticmethod
    def scalar(x: Any) -> float:
        """Evaluate it."""
        return math.log2(x)

    @staticmethod
    def array(x: Any) -> np.ndarray:
        """Evaluate it."""
        return np.log2(np.asarray(x, dtype=float))


CONSTANT: Degree = (sympy.Integer(0), sympy.Integer(0))
_ROOT_SUM = 1 + sympy.sqrt(2)
"""1/(sqrt(2) - 1): the sum of a geometric series over its last term times sqrt(2)."""


class Limit:
    """A limit, and the leading order of expressions in it.

    Args:
        powers: power of x by symbol; constant where there is none.
        qubits: power of x in 2^n by symbol n.
    """

    def __init__(self, powers: Mapping[str, Any], qubits: Mapping[str, Any]) -> None:
        self._powers = {_positive(name): sympy.nsimplify(power) for name, power in powers.items()}
        self._qubits = {_positive(name): sympy.nsimplify(power) for name, power in qubits.items()}

    def leading(self, expression: Any) -> Any:
        """Return the leading order, in the same symbols.

        Raises:
            QresError: a rule is missing, or a case is not decided in the limit.
        """
        expression = sympy.sympify(expression)
        free = {item: _positive(str(item)) for item in expression.free_symbols}
        found = self._reduce(expression.xreplace(free)).replace(sympy.Abs, self._absolute)
        found = sympy.powsimp(sympy.factor_terms(found), deep=True)
        return found.xreplace({new: old for old, new in free.items()})

    def degree(self, expression: Any) -> Degree:
        """Return power and logarithm of an expression that was reduced."""
        if expression in self._qubits:
            return (sympy.Integer(0), sympy.Integer(1))
        if expression.is_Symbol:
            return (self._powers.get(expression, sympy.Integer(0)), sympy.Integer(0))
        if expression.is_Mul:
            degrees = [self.degree(arg) for arg in expression.args]
            return (sum(power for power, _ in degrees), sum(log for _, log in degrees))
        if expression.is_Pow:
            return self._power_degree(*expression.as_base_exp())
        if expression.is_Add or isinstance(expression, sympy.Max | sympy.Abs):
            return max(self.degree(arg) for arg in expression.args)
        if isinstance(expression, sympy.log | log2 | uniform_toffoli):
            return (sympy.Integer(0), sympy.Integer(self.degree(expression.args[0])[0] != 0))
        if any(self.degree(arg)[0] != 0 for arg in expression.args):
            raise QresError(f"leading order: no rule for the growth of {expression}")
        return CONSTANT

    def _power_degree(self, base: Any, exponent: Any) -> Degree:
        if not exponent.free_symbols:
            power, log = self.degree(base)
            return (power * exponent, log * exponent)
        rate = sum(exponent.coeff(item) * power for item, power in self._qubits.items())
        return (rate * sympy.log(base, 2), sympy.Integer(0))

    def _reduce(self, node: Any) -> Any:
        if node.is_Atom:
            return node
        rule = _RULES.get(type(node).__name__)
        if rule is not None:
            return self._reduce(rule(*node.args))
        if isinstance(node, sympy.Piecewise):
            return self._reduce(self._case(node))
        if node.is_Add:
            return self._sum(node)
        args = [self._reduce(arg) for arg in node.args]
        if isinstance(node, sympy.Max | sympy.Min):
            return self._extreme(node.func, args)
        if type(node).__name__ in _LIMITS:
            return self._limiting(node.func, *args)
        return node.func(*args)

    def _sum(self, node: Any) -> Any:
        terms = [(arg, self._reduce(arg)) for arg in node.args]
        most = max(self.degree(found)[0] for _, found in terms if found != 0)
        total = sympy.Add(*(found for _, found in terms if self.degree(found)[0] == most))
        if total != 0:
            return sympy.factor_terms(total)
        if len(terms) != 2:
            raise QresError(f"leading order: the terms of {node} cancel")
        (first, found), (second, _) = terms
        # u - v = (u^2 - v^2) / (u + v) with u and v alike
        return self._reduce(sympy.expand(first**2 - second**2)) / (2 * found)

    def _extreme(self, func: Any, args: list[Any]) -> Any:
        degrees = [self.degree(arg) for arg in args]
        best = max(degrees) if func is sympy.Max else min(degrees)
        return func(*(arg for arg, degree in zip(args, degrees, strict=True) if degree == best))

    def _case(self, node: Any) -> Any:
        for expression, condition in node.args:
            if condition == sympy.true:
                return expression
            small, large = self.degree(condition.lts), self.degree(condition.gts)
            if small == large:
                raise QresError(f"leading order: {condition} is open in the limit")
            if small < large:
                return expression
        raise QresError(f"leading order: no case of {node} holds in the limit")

    def _limiting(self, func: Any, argument: Any) -> Any:
        degree = self.degree(argument)
        wanted, at_limit = _LIMITS[func.__name__]
        if degree != CONSTANT and (degree > CONSTANT) == (wanted > 0):
            return at_limit(argument)
        return _number(func(argument)) if not argument.free_symbols else func(argument)

    def _absolute(self, argument: Any) -> Any:
        """Return a logarithm that grows as it is: in the limit it is positive."""
        grows = isinstance(argument, sympy.log) and self.degree(argument.args[0])[0] > 0
        return argument if grows else sympy.Abs(argument)


def _positive(name: str) -> sympy.Symbol:
    if name not in CATALOGUE:
        raise QresError(f"leading order: '{name}' is not in the catalogue of notation.symbols")
    return sympy.Symbol(name, positive=True)


def _number(value: Any) -> Any:
    """Return the hyperbolic angle of a number as one logarithm."""
    if not isinstance(value, sympy.atanh):
        return value
    x: Any = value.args[0]
    return sympy.log(sympy.sqrtdenest(sympy.sqrt(sympy.radsimp((1 + x) / (1 - x)))))


def _look(entries: Any, bitsize: Any, controls: Any, limit: Any) -> Any:
    _need_blocks(limit)
    return 2 * sympy.sqrt(entries * bitsize)


def _unlook(entries: Any, controls: Any, limit: Any) -> Any:
    _need_blocks(limit)
    return 2 * sympy.sqrt(entries)


def _widest(entries: Any, bitsize: Any, controls: Any, limit: Any) -> Any:
    _need_blocks(limit)
    return sympy.sqrt(entries * bitsize)


def _tree(rows: Any, levels: Any, bits: Any, controls: Any, limit: Any) -> Any:
    """Add the levels up: tables of w 2^l entries, l = 0 .. n - 1."""
    at_one = _look(rows, bits, controls, limit) + _unlook(rows, controls, limit)
    series = _ROOT_SUM * (sympy.sqrt(2) ** levels - 1)
    return at_one * series + levels * (bits - 1)


def _need_blocks(limit: Any) -> None:
    if limit != _positive("block_limit"):
        raise QresError(f"leading order: look-ups at block_limit {limit} have no relaxation")


_RULES: dict[str, Callable[..., Any]] = {
    "ceiling": lambda x: x,
    "floor": lambda x: x,
    "ceil_log2": log2,
    "look": _look,
    "unlook": _unlook,
    "widest": _widest,
    "tree": _tree,
    "fixed_point": lambda p, fail: sympy.acosh(1 / sympy.sqrt(fail)) / sympy.atanh(sympy.sqrt(p)),
}
"""What each rounded or searched function stands for, by name."""

_LIMITS: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "acosh": (1, lambda x: sympy.log(2 * x)),
    "atanh": (-1, lambda x: x),
    "asin": (-1, lambda x: x),
    "guess_overlap": (1, lambda kappa: sympy.pi / (2 * sympy.log(kappa))),
}
"""Functions with a limit at infinity (1) or at zero (-1), by name."""
