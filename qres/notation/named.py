r"""Functions that have a name in print and an exact search or loop behind it.

Each is a sympy function with two evaluations: `scalar` (exact integers) and `array` (float64,
vectorised). Table look-ups follow Qualtran's counting convention: a look-up of $M$ entries of $b$
bits in blocks of $K$ with $c$ controls takes $\max(0, \lceil M/K\rceil - 2 + c) + (K-1)b$ Toffoli,
its measurement-based uncomputation $\max(0, \lceil M/K\rceil + K - 4 + c)$, both nothing for
$M \le 1$. `limit` is the largest exponent of $K$ that may be used; 0 is plain QROM. Below zero it
names a memory without blocks: -1 a bucket brigade, -2 one that is assumed free (`memory`).
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import sympy

from qres.notation.memory import (
    BRIGADE,
    FREE,
    brigade_toffoli,
    brigade_toffoli_array,
)

UNLIMITED = 63
"""Largest block exponent of QROAM: more than any table here can use."""


NAMED: dict[str, type[NamedFunction]] = {}
"""Every named function by its name, entered as it is defined."""


class NamedFunction(sympy.Function):
    """A sympy function with an exact scalar and a vectorised evaluation.

    `letter` is its LaTeX name, `definition` the LaTeX of its right-hand side in a "where" line,
    `printed` how many of its arguments are printed, None for all.
    """

    letter: ClassVar[str] = ""
    definition: ClassVar[str] = ""
    printed: ClassVar[int | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        NAMED[cls.__name__] = cls

    if TYPE_CHECKING:  # sympy's own annotation says that a call returns a class

        def __new__(cls, *args: Any) -> Any:
            """Return an expression."""

    @classmethod
    def eval(cls, *args: Any) -> None:
        """Stay unevaluated; numbers are put in when a formula is called."""
        return

    @staticmethod
    def scalar(*args: Any) -> Any:
        """Evaluate at scalars."""
        raise NotImplementedError

    @staticmethod
    def array(*args: Any) -> Any:
        """Evaluate at float64 arrays."""
        raise NotImplementedError


class ceil_log2(NamedFunction):
    r"""$\lceil\log_2 x\rceil$, exact for integers of any size."""

    letter = r"\lceil\log_2"

    @staticmethod
    def scalar(x: Any) -> int:
        """Count bits; a float is taken apart exactly."""
        if isinstance(x, Fraction):
            x = math.ceil(x) if x > 1 else float(x)
        if isinstance(x, int):
            if x < 1:
                raise ValueError(f"ceil_log2 needs a positive number, found {x}")
            return (x - 1).bit_length()
        mantissa, exponent = math.frexp(x)
        return exponent - 1 if mantissa == 0.5 else exponent

    @staticmethod
    def array(x: Any) -> np.ndarray:
        """Take floats apart exactly."""
        mantissa, exponent = np.frexp(x)
        return np.where(mantissa == 0.5, exponent - 1, exponent).astype(float)


class geometric(NamedFunction):
    r"""$\sum_{t=0}^{T} g^t$ without cancellation at $g = 1$; infinite on overflow."""

    letter = r"\mathcal{G}"
    definition = r"\mathcal{G}(g, T) = \sum_{t=0}^{T} g^t"

    @staticmethod
    def scalar(growth: Any, n_steps: Any) -> float:
        """Evaluate by `expm1`."""
        return float(geometric.array(np.float64(growth), np.float64(n_steps)))

    @staticmethod
    def array(growth: Any, n_steps: Any) -> np.ndarray:
        """Evaluate by `expm1`."""
        growth, n_steps = np.broadcast_arrays(np.asarray(growth, float), np.asarray(n_steps, float))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            log_growth = np.log(growth)
            ratio = np.expm1((n_steps + 1) * log_growth) / np.expm1(log_growth)
        return np.where(growth == 1, n_steps + 1, np.where(growth == 0, 1.0, ratio))


def _ceil_div(entries: int, exponent: int) -> int:
    return -(-entries >> exponent)


def lookup_at(entries: Any, bitsize: Any, controls: Any, exponent: int) -> int:
    """Return the Toffoli count of a look-up at a given block exponent (scalars)."""
    if entries <= 1:
        return 0
    blocks = _ceil_div(int(entries), exponent)
    return max(0, blocks - 2 + controls) + ((1 << exponent) - 1) * bitsize


def uncompute_at(entries: Any, controls: Any, exponent: int) -> int:
    """Return the Toffoli count of an uncomputation at a given block exponent (scalars)."""
    if entries <= 1:
        return 0
    return max(0, _ceil_div(int(entries), exponent) + (1 << exponent) - 4 + controls)


def lookup_block(entries: int, bitsize: int, controls: int, limit: int = UNLIMITED) -> int:
    """Return the block exponent of the cheapest look-up, by exhaustive search with K < M."""
    largest = max(0, (int(entries) - 1).bit_length() - 1)
    candidates = range(min(largest, int(limit)) + 1)
    return min(candidates, key=lambda k: (lookup_at(entries, bitsize, controls, k), k))


def uncompute_block(entries: int, controls: int, limit: int = UNLIMITED) -> int:
    """Return the block exponent of the cheapest uncomputation, by exhaustive search with K <= M.

    Blocks of two are always allowed: signs are given in pairs, which takes no wider words.
    """
    largest = max(0, int(entries).bit_length() - 1)
    candidates = range(min(largest, max(int(limit), 1)) + 1)
    return min(candidates, key=lambda k: (uncompute_at(entries, controls, k), k))


def _exponents_near(optimum: np.ndarray, largest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Return both exponents around half of log2(optimum), inside 0..largest.

    One of them is the best: $M/K + Kb$ is convex in $\log_2 K$ and rises from either to the next
    one further out by $\sqrt{Mb}/2$ or more, which for $Mb \ge 4$ no rounding up of $M/K$ undoes;
    where $Mb < 4$ there are no further ones.
    """
    top = np.maximum(largest, 0)
    first = np.minimum((np.frexp(np.maximum(optimum, 1.0))[1] - 1) // 2, top)
    return first, np.minimum(first + 1, top)


def _optimum(entries: np.ndarray, bitsize: np.ndarray) -> np.ndarray:
    """Return the square of the continuous optimum M/b; words of no bits want the largest block."""
    return np.where(bitsize > 0, entries / np.maximum(bitsize, 1.0), np.finfo(float).max)


class look(NamedFunction):
    """Toffoli gates of the cheapest look-up: `look(entries, bitsize, controls, limit)`."""

    printed = 3
    letter = r"\operatorname{look}"
    definition = (
        r"\operatorname{look}(M, b, c) = \min_{K = 2^k < M,\ k \le k_{\max}}"
        r" \\ &\quad [\max(0, \lceil M/K\rceil - 2 + c) + (K - 1) b]"
        r" \\ &\quad \text{(brigade: } 2M - 3 - \lceil\log_2 M\rceil + c \text{; free: } 0)"
    )

    @staticmethod
    def scalar(entries: Any, bitsize: Any, controls: Any, limit: Any = UNLIMITED) -> int:
        """Search every block size."""
        entries = math.ceil(entries)
        if limit < 0:
            return brigade_toffoli(entries, controls) if limit == BRIGADE else 0
        exponent = lookup_block(entries, bitsize, controls, limit)
        return lookup_at(entries, bitsize, controls, exponent)

    @staticmethod
    def array(entries: Any, bitsize: Any, controls: Any, limit: Any = UNLIMITED) -> np.ndarray:
        """Search both powers of two around the continuous optimum."""
        entries, bitsize = np.ceil(np.asarray(entries, float)), np.asarray(bitsize, float)
        largest = np.minimum(ceil_log2.array(np.maximum(entries, 2.0)) - 1, limit)
        best = np.full(np.broadcast(entries, bitsize, largest).shape, np.inf)
        for exponent in _exponents_near(_optimum(entries, bitsize), largest):
            block = np.exp2(exponent)
            cost = np.maximum(0, np.ceil(entries / block) - 2 + controls) + (block - 1) * bitsize
            best = np.minimum(best, cost)
        return _by_memory(np.where(entries <= 1, 0.0, best), entries, controls, limit)


def _by_memory(blocks: np.ndarray, entries: np.ndarray, controls: Any, limit: Any) -> np.ndarray:
    """Return the Toffoli gates of the memory that `limit` names, of blocks where it is >= 0."""
    if np.min(limit, initial=0) >= 0:
        return blocks
    routed = np.where(np.equal(limit, BRIGADE), brigade_toffoli_array(entries, controls), blocks)
    return np.where(np.equal(limit, FREE), 0.0, routed)


class unlook(NamedFunction):
    """Toffoli gates of the cheapest uncomputation: `unlook(entries, controls, limit)`."""

    printed = 2
    letter = r"\operatorname{unlook}"
    definition = (
        r"\operatorname{unlook}(M, c) = \min_{K = 2^k \le M,\ k \le \max(k_{\max}, 1)}"
        r" \\ &\quad \max(0, \lceil M/K\rceil + K - 4 + c)"
        r" \\ &\quad \text{(brigade: } 2M - 3 - \lceil\log_2 M\rceil + c \text{; free: } 0)"
    )

    @staticmethod
    def scalar(entries: Any, controls: Any, limit: Any = UNLIMITED) -> int:
        """Search every block size."""
        entries = math.ceil(entries)
        if limit < 0:
            return brigade_toffoli(entries, controls) if limit == BRIGADE else 0
        return uncompute_at(entries, controls, uncompute_block(entries, controls, limit))

    @staticmethod
    def array(entries: Any, controls: Any, limit: Any = UNLIMITED) -> np.ndarray:
        """Search both powers of two around the continuous optimum."""
        entries = np.ceil(np.asarray(entries, float))
        floor_log2 = np.frexp(np.maximum(entries, 1.0))[1] - 1.0
        largest = np.minimum(floor_log2, np.maximum(limit, 1))
        best = np.full(np.broadcast(entries, largest).shape, np.inf)
        for exponent in _exponents_near(entries, largest):
            block = np.exp2(exponent)
            cost = np.maximum(0, np.ceil(entries / block) + block - 4 + controls)
            best = np.minimum(best, cost)
        return _by_memory(np.where(entries <= 1, 0.0, best), entries, controls, limit)


class tree(NamedFunction):
    """Toffoli gates of a tree of loaded rotations: `tree(rows, levels, bits, controls, limit)`.

    At each level the angle is looked up, added to a phase-gradient register and unlooked.
    """

    printed = 4
    letter = r"\operatorname{tree}"
    definition = (
        r"\operatorname{tree}(w, n, b, c) = n(b - 1) \\ &\quad {} + \sum_{l=0}^{n-1}"
        r" [\operatorname{look}(w 2^l, b, c) + \operatorname{unlook}(w 2^l, c)]"
    )

    @staticmethod
    def scalar(rows: Any, levels: Any, bits: Any, controls: Any, limit: Any = UNLIMITED) -> int:
        """Add the levels up."""
        tables = (math.ceil(rows) << level for level in range(int(levels)))
        return int(levels) * (bits - 1) + sum(
            look.scalar(size, bits, controls, limit) + unlook.scalar(size, controls, limit)
            for size in tables
        )

    @staticmethod
    def array(
        rows: Any, levels: Any, bits: Any, controls: Any, limit: Any = UNLIMITED
    ) -> np.ndarray:
        """Add the levels up, each point as many as it has."""
        rows, levels, bits = np.broadcast_arrays(
            np.ceil(np.asarray(rows, float)), np.asarray(levels, float), np.asarray(bits, float)
        )
        total = levels * (bits - 1)
        for level in range(int(levels.max(initial=0))):
            size = rows * 2.0**level
            step = look.array(size, bits, controls, limit) + unlook.array(size, controls, limit)
            total = total + np.where(level < levels, step, 0.0)
        return total


class widest(NamedFunction):
    """Qubits of the largest look-up alive: `widest(entries, bitsize, controls, limit)`.

    The block's $K b$ output and junk qubits and the ancillas of its unary iteration, at the block
    that `look` chooses.
    """

    printed = 3
    letter = r"\operatorname{width}"
    definition = (
        r"\operatorname{width}(M, b, c) = K b + \lceil\log_2\lceil M/K\rceil\rceil"
        r" \\ &\quad \text{with the } K \text{ of } \operatorname{look}(M, b, c)"
        r" \\ &\quad \text{(brigade: } 3(M - 1) + b \text{; free: } b)"
    )

    @staticmethod
    def scalar(entries: Any, bitsize: Any, controls: Any, limit: Any = UNLIMITED) -> int:
        """Read the width off the chosen block."""
        entries = math.ceil(entries)
        if limit < 0:
            return bitsize + (3 * (entries - 1) if limit == BRIGADE else 0)
        exponent = lookup_block(entries, bitsize, controls, limit)
        blocks = max(1, _ceil_div(entries, exponent))
        return (bitsize << exponent) + ceil_log2.scalar(blocks)

    @staticmethod
    def array(entries: Any, bitsize: Any, controls: Any, limit: Any = UNLIMITED) -> np.ndarray:
        """Read the width off the chosen block."""
        entries, bitsize = np.ceil(np.asarray(entries, float)), np.asarray(bitsize, float)
        largest = np.minimum(ceil_log2.array(np.maximum(entries, 2.0)) - 1, limit)
        shape = np.broadcast(entries, bitsize, largest).shape
        best, width = np.full(shape, np.inf), np.zeros(shape)
        for exponent in _exponents_near(_optimum(entries, bitsize), largest):
            block, blocks = np.exp2(exponent), np.ceil(entries / np.exp2(exponent))
            cost = np.maximum(0, blocks - 2 + controls) + (block - 1) * bitsize
            here = block * bitsize + ceil_log2.array(np.maximum(blocks, 1.0))
            width = np.where(cost < best, here, width)
            best = np.minimum(best, cost)
        routed = np.where(np.equal(limit, BRIGADE), 3 * (entries - 1) + bitsize, width)
        return np.where(np.equal(limit, FREE), bitsize, routed)


class uniform_toffoli(NamedFunction):
    r"""Toffoli gates of a uniform superposition over `states`.

    Nothing for a power of two. Qualtran's circuit elsewhere: with $T = 2^k l$, $l$ odd and
    $m = \lceil\log_2 l\rceil$, two comparisons with a constant ($m$ each) and a ladder of $m - 1$.
    """

    letter = r"U"
    definition = r"U(T) = 3 \lceil\log_2 l\rceil - [l > 1], \quad T = 2^k l,\ l \text{ odd}"

    @staticmethod
    def scalar(states: Any) -> int:
        """Take the power of two out."""
        states = int(states)
        odd = states // (states & -states)
        return 0 if odd == 1 else 3 * ceil_log2.scalar(odd) - 1

    @staticmethod
    def array(states: Any) -> np.ndarray:
        """Take the power of two out, once for each different value."""
        values, inverse = np.unique(np.ceil(states), return_inverse=True)
        counts = np.array([uniform_toffoli.scalar(value) for value in values], dtype=float)
        return counts[inverse].reshape(np.shape(states))


BHMT_MISS = 1 - 8 / math.pi**2
"""Chance that one amplitude estimate misses its bound (Brassard et al., Theorem 12, k = 1)."""


def _majority_miss(repeats: int) -> float:
    """Return the chance that at least half of `repeats` (odd) estimates miss."""
    least = (repeats + 1) // 2
    terms = (
        math.comb(repeats, j) * BHMT_MISS**j * (1 - BHMT_MISS) ** (repeats - j)
        for j in range(least, repeats + 1)
    )
    return math.fsum(terms)


@cache
def _misses() -> np.ndarray:
    """Return that chance for 1, 3, 5, ... estimates, down to about 1e-44."""
    return np.array([_majority_miss(repeats) for repeats in range(1, 400, 2)])


class majority(NamedFunction):
    """Smallest odd number of estimates whose median misses with at most the given chance."""

    letter = r"\operatorname{odd}"
    definition = (
        r"\operatorname{odd}(\delta) = \min\{R \text{ odd}:"
        r" \\ &\quad \Pr[\mathrm{Bin}(R, 1 - 8/\pi^2) \ge (R + 1)/2] \le \delta\}"
    )

    @staticmethod
    def scalar(fail_prob: Any) -> int | float:
        """Look the tail up."""
        found = float(majority.array(np.float64(fail_prob)))
        return int(found) if math.isfinite(found) else found

    @staticmethod
    def array(fail_prob: Any) -> np.ndarray:
        """Look the tails up; infinite below 1.46e-44, where no median of 399 suffices."""
        misses = _misses()
        index = np.searchsorted(-misses, -np.asarray(fail_prob, float), side="left")
        return np.where(index < len(misses), 2.0 * index + 1, np.inf)
