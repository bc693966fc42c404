r"""How many layers of gates a look-up takes one after the other.

A table in blocks is a line of gates: its layers are its Toffoli gates. The gates of a bucket brigade
run side by side, so it is the layers of its tree that count, or its gates where these are fewer.
`in_layers(expression)` turns a number of Toffoli gates into a number of layers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from qres.notation.memory import (
    BRIGADE,
    brigade_layers,
    brigade_unlayers,
)
from qres.notation.named import UNLIMITED, NamedFunction, ceil_log2, look, tree, unlook


def _levels(entries: Any) -> np.ndarray:
    return ceil_log2.array(np.maximum(np.ceil(np.asarray(entries, dtype=float)), 1.0))


def _shorter(gates: Any, layers: Any, limit: Any) -> np.ndarray:
    """Return the smaller number where the memory is a bucket brigade, the gates elsewhere.

    A single entry has no tree: its formula for layers may be negative, its gates are 0.
    """
    is_tree = np.equal(limit, BRIGADE) & (np.asarray(gates) > 0)
    return np.where(is_tree, np.minimum(gates, layers), gates)


class look_layers(NamedFunction):
    """Layers of a look-up: `look_layers(entries, bitsize, controls, limit)`."""

    printed = 3
    letter = r"\operatorname{layers}"
    definition = (
        r"\operatorname{layers}(M, b, c) = \operatorname{look}(M, b, c) \\ &\quad"
        r" \text{(bucket brigade: at most } 7\lceil\log_2 M\rceil + 2b - 6)"
    )

    @staticmethod
    def scalar(entries: Any, bitsize: Any, controls: Any, limit: Any = UNLIMITED) -> int:
        """Take the shorter way."""
        gates = look.scalar(entries, bitsize, controls, limit)
        return min(gates, brigade_layers(int(entries), bitsize)) if limit == BRIGADE else gates

    @staticmethod
    def array(entries: Any, bitsize: Any, controls: Any, limit: Any = UNLIMITED) -> np.ndarray:
        """Take the shorter way."""
        layers = 7 * _levels(entries) + 2 * bitsize - 6
        return _shorter(look.array(entries, bitsize, controls, limit), layers, limit)


class unlook_layers(NamedFunction):
    """Layers of an uncomputation: `unlook_layers(entries, controls, limit)`."""

    printed = 2
    letter = r"\operatorname{unlayers}"
    definition = (
        r"\operatorname{unlayers}(M, c) = \operatorname{unlook}(M, c) \\ &\quad"
        r" \text{(bucket brigade: at most } 6\lceil\log_2 M\rceil - 4)"
    )

    @staticmethod
    def scalar(entries: Any, controls: Any, limit: Any = UNLIMITED) -> int:
        """Take the shorter way."""
        gates = unlook.scalar(entries, controls, limit)
        return min(gates, brigade_unlayers(int(entries))) if limit == BRIGADE else gates

    @staticmethod
    def array(entries: Any, controls: Any, limit: Any = UNLIMITED) -> np.ndarray:
        """Take the shorter way."""
        layers = 6 * _levels(entries) - 4
        return _shorter(unlook.array(entries, controls, limit), layers, limit)


class tree_layers(NamedFunction):
    """Layers of a tree of loaded rotations: `tree_layers(rows, levels, bits, controls, limit)`."""

    printed = 4
    letter = r"\operatorname{treelayers}"
    definition = (
        r"\operatorname{treelayers}(w, n, b, c) = n(b - 1) \\ &\quad {} + \sum_{l=0}^{n-1}"
        r" [\operatorname{layers}(w 2^l, b, c) + \operatorname{unlayers}(w 2^l, c)]"
    )

    @staticmethod
    def scalar(rows: Any, levels: Any, bits: Any, controls: Any, limit: Any = UNLIMITED) -> int:
        """Add the levels up."""
        tables = (int(rows) << level for level in range(int(levels)))
        return int(levels) * (bits - 1) + sum(
            look_layers.scalar(size, bits, controls, limit)
            + unlook_layers.scalar(size, controls, limit)
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
            step = look_layers.array(size, bits, controls, limit)
            step = step + unlook_layers.array(size, controls, limit)
            total = total + np.where(level < levels, step, 0.0)
        return total


@lru_cache(maxsize=4096)
def in_layers(expression: Any) -> Any:
    """Return a number of Toffoli gates as a number of layers: each look-up by its layers."""
    for gates, layers in ((look, look_layers), (unlook, unlook_layers), (tree, tree_layers)):
        expression = expression.replace(gates, layers)
    return expression
