r"""The known state that a solution is tested against: one tree of loaded rotations.

$|\hat w\rangle$ over the index and, where there is a time register, uniform over the $p + 1$ equal
rows from step $T$ on: a superposition of $p + 1$ states and the addition of $T$. Where the control of
the test is off its Hadamard gates are taken back, one Toffoli gate each.

In a lift the vector stands in the first cell, and the other qubits are zero: block index, branch,
cells. The row of a loss has $s$ entries in more than one block: amplitudes are prepared over the
number of an entry, a QROM writes its place in the lift (block index and three cells), and a unary
iteration over the places takes the number away, $2(s - 2 + c)$ gates (`qres.bloqs.sparse_state`).
"""

from __future__ import annotations

from typing import Any

import sympy

from qres.algorithms.access.width import angle_width
from qres.algorithms.blocks import Blocks
from qres.algorithms.record import Unit
from qres.algorithms.system import Definitions, System
from qres.notation.formula import define
from qres.notation.named import ceil_log2, tree, uniform_toffoli
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


def hadamard_test(system: System, levels: Any, state: Unit, entries: Any = None) -> Unit:
    """Return the price of a test of a state, controlled, against a known state.

    Args:
        system: what is solved, with its reference where the state has one.
        levels: qubits that number the entries of the known state.
        state: one preparation, controlled.
        entries: how many are to be put in their places, None where their numbers are the places.
    """
    known = _width(levels, entries)
    start = 0 if system.idle_rows is None else 2 * symbol("time_bits")
    tables = (system.matrix.width(1), system.source.width(1), known, start)
    return Unit(
        toffoli=state.toffoli + _toffoli(system, levels, entries),
        rotations=state.rotations + rotations_beside(system),
        qubits=system.registers(_BITS) + sympy.Max(*tables, system.ladder(1)) + 1,
        active=system.active(1, known, bits=(_BITS,)),
    )


def rotations_beside(system: System) -> Any:
    """Return the rotations of a test beside the state: one of its qubit, the rest of the known state.

    The superposition of rows has two where it is no power of two, doubled by the control.
    """
    if system.idle_rows is None:
        return 1
    return 1 + 4 * sympy.Min(1, uniform_toffoli(system.idle_rows + 1))


def _toffoli(system: System, levels: Any, entries: Any) -> Any:
    """Toffoli gates of a controlled preparation; the start of the rows is added, never controlled."""
    vector = tree(1, levels, _BITS, 1, _LIMIT)
    if entries is not None:
        vector += 2 * (entries - 1)
    if system.idle_rows is None:
        return vector
    rows = system.idle_rows + 1
    return vector + uniform_toffoli(rows) + ceil_log2(rows) + symbol("time_bits") - 1


def _width(levels: Any, entries: Any) -> Any:
    """Qubits of the largest look-up of a controlled preparation; none for a single entry."""
    table = angle_width(2 ** sympy.Max(levels - 1, 0), _BITS, 1, _LIMIT)
    table = sympy.Min(1, levels) * table
    return table if entries is None else levels + sympy.Max(table, levels)


def wanted_place(system: System, values: Any) -> dict[str, Any]:
    """Return the sizes of what tells the rows that are read."""
    if system.idle_rows is None:
        return {"row_bitsize": 0, "part_bitsize": 0}
    return {"row_bitsize": values["time_bits"], "part_bitsize": _part_bits(system, values)}


def _part_bits(system: System, values: Any) -> int:
    """Qubits of block index and branch; the truncation order is always a number."""
    order = int(values["truncation_order"]) if system.is_lifted else 1
    return (order - 1).bit_length() + system.branch_bits


def vector_low(system: System, values: Any, levels: Any, entries: Any = None) -> Any:
    """Return the lowest qubit of the index that the known state is in; arguments as above."""
    top = values["index_width"] - (0 if system.idle_rows is None else values["time_bits"])
    if entries is None:
        return top - _part_bits(system, values) - levels
    return top - _lifted_place(system, values)


def reference_bloq(
    system: System, values: Any, blocks: Blocks, levels: Any, entries: Any = None
) -> Any:
    """Return its circuit, see `hadamard_test`."""
    from qres.bloqs.observable import ReferenceState
    from qres.bloqs.rotation_tree import LoadedRotationTree
    from qres.bloqs.sparse_state import SparseState

    bits, sizes = values["functional_bits"], [2**level for level in range(levels)]
    vector: Any = LoadedRotationTree(
        rows=1,
        levels=levels,
        bits=bits,
        lookup_blocks=[blocks.lookup(f"w_{i}", m, bits) for i, m in enumerate(sizes)],
        uncompute_blocks=[blocks.uncompute(f"w_un_{i}", m) for i, m in enumerate(sizes)],
    )
    if entries is not None:
        vector = SparseState(vector, entries, _lifted_place(system, values), is_measured=False)
    if system.idle_rows is None:
        return ReferenceState(vector, 1, 0)
    return ReferenceState(vector, values["padding"] + 1, values["time_bits"])


def _lifted_place(system: System, values: Any) -> Any:
    """Return the qubits of block index and three cells."""
    cell = values["index_bits"] + system.branch_bits
    return _part_bits(system, values) - system.branch_bits + 3 * cell
