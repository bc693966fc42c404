"""Block sizes of the tables of a circuit: searched for numbers, symbols of their own otherwise.

The block size is an argument of a bloq; this is where the algorithm chooses it. A memory without
blocks (a bucket brigade, or one that is assumed free) is handed over in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy

from qres.notation.named import lookup_block, uncompute_block

Values = Mapping[str, Any]


class Blocks:
    """Block exponents of tables: searched for numbers, a named symbol for symbols.

    `exponents` records what was handed out by name, so that a symbolic circuit can be evaluated at
    the exponents of a concrete one.
    """

    def __init__(self, values: Values) -> None:
        self.is_symbolic = isinstance(values["dim"], sympy.Basic)
        self.limit = values["block_limit"]
        self.exponents: dict[str, Any] = {}

    def lookup(self, name: str, entries: Any, bitsize: Any) -> Any:
        """Return the exponent of a look-up."""
        return self._keep(name, lambda: lookup_block(entries, bitsize, 0, self.limit))

    def uncompute(self, name: str, entries: Any) -> Any:
        """Return the exponent of an uncomputation."""
        return self._keep(name, lambda: uncompute_block(entries, 0, self.limit))

    def _keep(self, name: str, search: Callable[[], int]) -> Any:
        if self.limit < 0:
            from qres.bloqs.qram import Memory

            return Memory(self.limit)
        if self.is_symbolic:
            value: Any = sympy.Symbol(f"k_{name}", integer=True, nonnegative=True)
        else:
            value = search()
        self.exponents[name] = value
        return value

    def tree(self, name: str, rows: Any, values: Values, bits: Any) -> Any:
        """Return the bloq of a tree of loaded rotations."""
        from qres.bloqs.rotation_tree import LoadedRotationTree

        levels = values["index_bits"]
        sizes = [rows * 2**level for level in range(levels)]
        return LoadedRotationTree(
            rows=rows,
            levels=levels,
            bits=bits,
            lookup_blocks=[self.lookup(f"{name}_{i}", m, bits) for i, m in enumerate(sizes)],
            uncompute_blocks=[self.uncompute(f"{name}_un_{i}", m) for i, m in enumerate(sizes)],
        )
