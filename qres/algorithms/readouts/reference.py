r"""The known state that a linear observable is read against: one tree of loaded rotations.

$|\hat w\rangle$ over the index and, where there is a time register, uniform over the $p + 1$ equal
rows from step $T$ on: a superposition of $p + 1$ states and the addition of $T$.
"""

from __future__ import annotations

from typing import Any

import sympy

from qres.algorithms.blocks import Blocks
from qres.algorithms.system import System
from qres.notation.named import tree, uniform_toffoli, widest
from qres.notation.symbols import symbol, symbols

_BITS, _LIMIT = symbols("functional_bits block_limit")


def reference_toffoli(system: System, levels: Any, controls: int) -> Any:
    """Return the Toffoli gates of one preparation."""
    vector = tree(1, levels, _BITS, controls, _LIMIT)
    if system.idle_rows is None:
        return vector
    return vector + uniform_toffoli(system.idle_rows + 1) + symbol("time_bits") - 1


def reference_rotations(system: System, controls: int) -> Any:
    """Return its rotations: two where the superposition of rows is no power of two."""
    if system.idle_rows is None:
        return 0
    return 2 * (1 + controls) * sympy.Min(1, uniform_toffoli(system.idle_rows + 1))


def reference_width(levels: Any, controls: int) -> Any:
    """Return the qubits of its largest look-up; none for a single entry."""
    table = widest(2 ** sympy.Max(levels - 1, 0), _BITS, controls, _LIMIT)
    return sympy.Min(1, levels) * table


def reference_bloq(system: System, values: Any, blocks: Blocks, levels: int) -> Any:
    """Return its circuit."""
    from qres.bloqs.observable import ReferenceState
    from qres.bloqs.rotation_tree import LoadedRotationTree

    bits, sizes = values["functional_bits"], [2**level for level in range(levels)]
    vector = LoadedRotationTree(
        rows=1,
        levels=levels,
        bits=bits,
        lookup_blocks=[blocks.lookup(f"w_{i}", m, bits) for i, m in enumerate(sizes)],
        uncompute_blocks=[blocks.uncompute(f"w_un_{i}", m) for i, m in enumerate(sizes)],
    )
    if system.idle_rows is None:
        return ReferenceState(vector, 1, 0)
    return ReferenceState(vector, values["padding"] + 1, values["time_bits"])
