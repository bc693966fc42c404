"""Exact integers, or symbols that stand for them: what the arguments and counts of bloqs are.

Qualtran's own `ceil` and `log2` go through floats, which are wrong from about $2^{53}$ on; tables
here have up to $10^{21}$ entries. Each function below computes a number in integers, and answers a
symbol with an expression that becomes the same number once a value is put in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


def at_least(minimum: int, maximum: int | None = None) -> Callable[[Any, Any, Any], None]:
    """Make an attrs validator: a symbol, or an integer in the range.

    Args:
        minimum: the smallest integer allowed.
        maximum: the largest integer allowed, if there is one.
    """

    def check(instance: Any, attribute: Any, value: Any) -> None:
        if isinstance(value, sympy.Expr):
            return
        is_integer = isinstance(value, int) and not isinstance(value, bool)
        if not is_integer or value < minimum or (maximum is not None and value > maximum):
            allowed = f"at least {minimum}" if maximum is None else f"{minimum} to {maximum}"
            raise InputError(
                f"{type(instance).__name__}.{attribute.name} is {value!r}; "
                f"it must be an integer ({allowed}) or a symbol"
            )

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
    return -(-entries >> log_block)


def largest(values: Iterable[SymbolicInt]) -> SymbolicInt:
    """The largest of the values, 0 if there are none.

    Symbols are not compared with one another (for the hundred tables of a rotation tree sympy
    would need seconds): the maximum is resolved when numbers are put in.
    """
    symbols = {value for value in values if is_symbolic(value)}
    numbers = [value for value in values if not is_symbolic(value)]
    if not symbols:
        return max(numbers, default=0)
    return sympy.Max(*symbols, *numbers, evaluate=len(symbols) == 1)


def tally(calls: Iterable[tuple[Bloq, SymbolicInt]]) -> dict[Bloq, SymbolicInt]:
    """Add up calls, so that two equal bloqs are two calls and not one."""
    counts: dict[Bloq, SymbolicInt] = {}
    for bloq, count in calls:
        counts[bloq] = counts.get(bloq, 0) + count
    return {bloq: count for bloq, count in counts.items() if is_symbolic(count) or count != 0}
