"""Exact integers, or symbols that stand for them: what the arguments and counts of bloqs are.

Qualtran's own `ceil` and `log2` go through floats, which are wrong from about $2^{53}$ on; tables
here have up to $10^{21}$ entries. Each function below computes a number in integers, and answers a
symbol with an expression that becomes the same number once a value is put in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import sympy
from qualtran import Bloq
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.errors import InputError


def as_integer(value: Any) -> Any:
    """Turn numpy's and sympy's integers into Python's; leave everything else as it is."""
    if isinstance(value, np.integer | sympy.Integer):
        return int(value)
    return value


def as_integers(values: Iterable[Any]) -> tuple[Any, ...]:
    """Do the same for each of several values."""
    return tuple(as_integer(value) for value in values)


def require_integer(name: str, value: Any, minimum: int, maximum: int | None = None) -> None:
    """Refuse anything but a symbol or an integer in the range.

    Args:
        name: what the value is, for the message.
        value: the value.
        minimum: the smallest integer allowed.
        maximum: the largest integer allowed, if there is one.
    """
    if isinstance(value, sympy.Expr):
        return
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    if not is_integer or value < minimum or (maximum is not None and value > maximum):
        allowed = f"at least {minimum}" if maximum is None else f"{minimum} to {maximum}"
        raise InputError(f"{name} is {value!r}; it must be an integer ({allowed}) or a symbol")


def at_least(minimum: int, maximum: int | None = None) -> Callable[[Any, Any, Any], None]:
    """Make an attrs validator of `require_integer`."""

    def check(instance: Any, attribute: Any, value: Any) -> None:
        require_integer(f"{type(instance).__name__}.{attribute.name}", value, minimum, maximum)

    return check


def parity(rest: int) -> Callable[[Any, Any, Any], None]:
    """Make an attrs validator of integers that leave this rest divided by 2; symbols pass."""

    def check(instance: Any, attribute: Any, value: Any) -> None:
        if not is_symbolic(value) and value % 2 != rest:
            name = f"{type(instance).__name__}.{attribute.name}"
            raise InputError(f"{name} is {value}; it must be {'odd' if rest else 'even'}")

    return check


def numbers(*, least: float = -math.inf, is_open: bool = False) -> Callable[[Any, Any, Any], None]:
    """Make an attrs validator of finite numbers: of one, or of each in a tuple; None is none at all.

    Args:
        least: the smallest number allowed.
        is_open: whether it must be exceeded.
    """
    most = " above " if is_open else " of at least "
    allowed = "a finite number" + (f"{most}{least:g}" if least > -math.inf else "")

    def check(instance: Any, attribute: Any, value: Any) -> None:
        for item in value if isinstance(value, tuple) else (value,):
            if item is None or is_symbolic(item):
                continue
            if not math.isfinite(item) or item < least or (is_open and item == least):
                name = f"{type(instance).__name__}.{attribute.name}"
                raise InputError(f"{name} is {item}; it must be {allowed}")

    return check


class CeilLog2(sympy.Function):
    r"""$\lceil \log_2 x \rceil$, the qubits that address $x$ entries, exact for every integer."""

    is_integer = True
    is_nonnegative = True

    @classmethod
    def eval(cls, x: Any) -> Any:
        """Answer a number with a number, by `bit_length`."""
        return sympy.Integer((int(x) - 1).bit_length()) if x.is_Integer and x >= 1 else None


class OddPartBitsize(sympy.Function):
    r"""$\lceil \log_2 L \rceil$ where $x = L 2^k$ and $L$ is odd: 0 for a power of two."""

    is_integer = True
    is_nonnegative = True

    @classmethod
    def eval(cls, x: Any) -> Any:
        """Answer a number with a number."""
        if not (x.is_Integer and x >= 1):
            return None
        odd = int(x) // (int(x) & -int(x))
        return sympy.Integer((odd - 1).bit_length())


def ceil_log2(x: SymbolicInt) -> SymbolicInt:
    r"""The number of qubits that address `x` entries, $\lceil \log_2 x \rceil$."""
    return as_integer(CeilLog2(sympy.sympify(x)))


def odd_part_bitsize(x: SymbolicInt) -> SymbolicInt:
    """The number of bits that address the odd part of `x`."""
    return as_integer(OddPartBitsize(sympy.sympify(x)))


def block_count(entries: SymbolicInt, log_block: SymbolicInt) -> SymbolicInt:
    r"""How many blocks of $2^k$ hold all entries, $\lceil M/2^k \rceil$."""
    if is_symbolic(entries, log_block):
        return sympy.ceiling(entries * sympy.Integer(2) ** (-log_block))
    return -(-as_integer(entries) // 2 ** as_integer(log_block))


class Largest(sympy.Max):
    """A maximum that waits for numbers.

    `Max` compares all pairs of its arguments, again after each substitution: minutes for the
    hundred tables of a rotation tree. This one prints and compiles like `Max`.
    """

    def __new__(cls, *args: Any, **options: Any) -> Any:
        """Resolve numbers; keep anything else as it is."""
        values = [sympy.sympify(arg) for arg in args]
        if all(value.is_number for value in values):
            return sympy.Max(*values)
        return super().__new__(cls, *values, evaluate=False)


def largest(values: Sequence[SymbolicInt]) -> SymbolicInt:
    """The largest of the values, 0 if there are none; of symbols, see `Largest`."""
    symbols = {value for value in values if is_symbolic(value)}
    numbers = [value for value in values if not is_symbolic(value)]
    if not symbols:
        return max(numbers, default=0)
    if len(symbols) == 1:
        symbol = next(iter(symbols))
        if not numbers or (max(numbers) <= 0 and symbol.is_nonnegative):
            return symbol
    return Largest(*symbols, *numbers)


def tally(calls: Iterable[tuple[Bloq, SymbolicInt]]) -> dict[Bloq, SymbolicInt]:
    """Add up calls, so that two equal bloqs are two calls and not one."""
    counts: dict[Bloq, SymbolicInt] = {}
    for bloq, count in calls:
        counts[bloq] = counts.get(bloq, 0) + count
    return {bloq: count for bloq, count in counts.items() if is_symbolic(count) or count != 0}
