r"""The known state that a solution is tested against: one tree of loaded rotations.

$|\hat w\rangle$ over the index and, where there is a time register, uniform over the $p + 1$ equal
rows from step $T$ on: a superposition of $p + 1$ states and the addition of $T$. Where the control of
the test is off its Hadamard gates are taken back, one Toffoli gate each.
"""

from __future__ import annotations

from typing import Any

import sympy

from qres.algorithms.blocks import Blocks
from qres.algorithms.record import Unit
from qres.algorithms.system import Definitions, System
from qres.notation.formula import define
from qres.notation.named import ceil_log2, tree, uniform_toffoli, widest
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

REFERENCE_PART = sympy.Rational(1, 100)
"""Part of an error that goes to the angles of the known state."""

_BITS, _LIMIT = symbols("functional_bits block_limit")


def reference_definitions(name: str, error: Any, levels: Any) -> Definitions:
    """Return the error of the known state and the bits of its angles.

    Args:
        name: of the algorithm.
        error: of what is read; a hundredth of it goes to the known state.
        levels: qubits of the known state.
    """
    bits = ceil_log2(2 * sympy.pi * sympy.Max(levels, 1) / symbol("eps_reference"))
    return (
        define(
            f"{name}.eps_reference",
            "error of the known state",
            REFERENCE_PART * error,
            derived("a hundredth, so that its angles have seven bits more"),
        ),
        define(
            f"{name}.functional_bits",
            "bits of an angle of the known state",
            sympy.Max(1, bits),
            derived("gates and registers of the circuits in qres.bloqs"),
        ),
    )


def hadamard_test(system: System, levels: Any, state: Unit) -> Unit:
    """Return the price of a test of a state, controlled, against the known state of `levels` qubits."""
    known = _width(levels)
    bits = symbols("matrix_bits rhs_bits functional_bits")
    tables = (system.matrix.width(1), system.source.width(1), known)
    return Unit(
        toffoli=state.toffoli + _toffoli(system, levels),
        rotations=state.rotations + rotations_beside(system),
        qubits=symbol("held_qubits") + sympy.Max(*bits) + sympy.Max(*tables) + 1,
        active=system.active(1, known, bits=(_BITS,)),
    )


def rotations_beside(system: System) -> Any:
    """Return the rotations of a test beside the state: one of its qubit, the rest of the known state.

    The superposition of rows has two where it is no power of two, doubled by the control.
    """
    if system.idle_rows is None:
        return 1
    return 1 + 4 * sympy.Min(1, uniform_toffoli(system.idle_rows + 1))


def _toffoli(system: System, levels: Any) -> Any:
    """Toffoli gates of a controlled preparation; the start of the rows is added, never controlled."""
    vector = tree(1, levels, _BITS, 1, _LIMIT)
    if system.idle_rows is None:
        return vector
    rows = system.idle_rows + 1
    return vector + uniform_toffoli(rows) + ceil_log2(rows) + symbol("time_bits") - 1


def _width(levels: Any) -> Any:
    """Qubits of the largest look-up of a controlled preparation; none for a single entry."""
    table = widest(2 ** sympy.Max(levels - 1, 0), _BITS, 1, _LIMIT)
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
