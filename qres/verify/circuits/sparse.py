r"""The sparse encoding with angles and moves of a matrix: its block is $A/(s' \max|A_{ij}|)$.

In row $i$ and slot $l$ lie the angle of $A_{ji}$ and the move to row $j$ and the slot of $i$ in it.
What is loaded is the bitwise difference of the two places: the involution is then one addition bit
by bit, its table unloads itself at the new place, and where a control is switched off nothing moves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qres.errors import InputError
from qres.verify.gates import (
    Addition,
    Bits,
    Exchange,
    Gate,
    GateList,
    Hadamard,
    Quarter,
    Table,
    Xor,
)

if TYPE_CHECKING:
    from qres.bloqs.sparse_encoding import SparseEncoding

_FLAG = Bits("flag", 1)


def sparse_circuit(bloq: SparseEncoding, matrix: np.ndarray) -> GateList:
    r"""Return the gates of an encoding with this matrix in its tables.

    Registers: `system` of $n$ qubits, `slot` of $\sigma$, `flag`, `gradient` and `angle` of $b$,
    `move` of $n + \sigma$ unless all rows are full, and `ctrl`. Only the columns of the matrix are
    in the tables, not those that pad it to $2^n$.

    Args:
        bloq: sizes, bits, block exponents, control and direction; all numbers.
        matrix: real, of symmetric pattern, as many rows as the bloq has.

    Raises:
        InputError: a matrix that does not fit the bloq, is zero, or has entries that are no numbers.
    """
    slots = 2 ** int(bloq.slot_bitsize)
    if matrix.shape != (bloq.rows, bloq.rows) or len(matrix) < 2:
        raise InputError(f"matrix: expected {bloq.rows} x {bloq.rows}, at least 2 x 2")
    if not np.all(np.isfinite(matrix)) or not np.any(matrix):
        raise InputError("matrix: expected finite entries, not all zero")
    columns = neighbours(matrix, slots, is_full=bloq.is_full)
    controls, bits, index = int(bloq.num_controls), int(bloq.bits), int(bloq.system_bitsize)
    widths = {"system": index, "ctrl": controls, "slot": int(bloq.slot_bitsize), "flag": 1}
    widths |= {"angle": bits, "move": 0 if bloq.is_full else index + int(bloq.slot_bitsize)}
    registers = {name: width for name, width in widths.items() if width} | {"gradient": bits}
    diffusion = tuple(Hadamard(Bits("slot", 1, low)) for low in range(widths["slot"]))
    middle = (*_turn(bloq, matrix, columns), *_move(bloq, columns))
    circuit = GateList(registers, (*diffusion, *middle, *diffusion))
    return circuit.adjoint() if bloq.is_adjoint else circuit


def neighbours(matrix: np.ndarray, slots: int, *, is_full: bool) -> list[list[int]]:
    """Return for each row the columns that its slots stand for; the rest of the slots are padding.

    Raises:
        InputError: a pattern that is not symmetric, or a row with more entries than slots.
    """
    if is_full:
        return [list(range(len(matrix))) for _ in matrix]
    pattern = matrix != 0
    if not np.array_equal(pattern, pattern.T) or pattern.sum(axis=1).max() > slots:
        raise InputError(f"matrix: expected a symmetric pattern, at most {slots} entries in a row")
    return [[int(column) for column in np.flatnonzero(row)] for row in pattern]


def angle_words(matrix: np.ndarray, columns: list[list[int]], slots: int, bits: int) -> list[int]:
    r"""Return $\arccos(A_{ji}/\max|A|)$ by row $i$ and slot, in $b$ bits; padding holds zero."""
    entries = np.zeros((len(matrix), slots))
    for row, places in enumerate(columns):
        entries[row, : len(places)] = matrix[places, row]
    turns = np.arccos(entries / np.abs(matrix).max()) / (2 * np.pi)
    return [int(word) for word in np.rint(turns.ravel() * 2**bits)]


def move_words(columns: list[list[int]], slots: int) -> list[int]:
    """Return the bitwise difference between each place and where it moves; padding stays."""
    words = [0] * (len(columns) * slots)
    for row, places in enumerate(columns):
        for slot, column in enumerate(places):
            there = column * slots + columns[column].index(row)
            words[row * slots + slot] = (row * slots + slot) ^ there
    return words


def _table(
    bloq: SparseEncoding, words: list[int], target: Bits, blocks: tuple[object, object]
) -> Table:
    parts = (Bits("system", int(bloq.system_bitsize)), Bits("slot", int(bloq.slot_bitsize)))
    return Table(
        address=tuple(part for part in parts if part.width),
        target=target,
        data=tuple(words),
        log_blocks=blocks,  # pyright: ignore
        control=Bits("ctrl", 1) if bloq.num_controls else None,
    )


def _turn(bloq: SparseEncoding, matrix: np.ndarray, columns: list[list[int]]) -> list[Gate]:
    """Load the angle, rotate the flag by it, unload."""
    bits = int(bloq.bits)
    words = angle_words(matrix, columns, 2 ** int(bloq.slot_bitsize), bits)
    load = _table(bloq, words, Bits("angle", bits), bloq.angle_blocks)
    addition = Addition(source=load.target, target=Bits("gradient", bits), sign=_FLAG)
    turn = (Quarter(_FLAG, is_adjoint=True), Hadamard(_FLAG), addition, Hadamard(_FLAG))
    return [load, *turn, Quarter(_FLAG), load.adjoint()]


def _move(bloq: SparseEncoding, columns: list[list[int]]) -> list[Gate]:
    """Go to the transposed place."""
    index, slot = int(bloq.system_bitsize), int(bloq.slot_bitsize)
    system, place = Bits("system", index), Bits("slot", slot)
    if bloq.is_full:
        return [Exchange(system, place, Bits("ctrl", 1) if bloq.num_controls else None)]
    move = Bits("move", index + slot)
    load = _table(bloq, move_words(columns, 2**slot), move, bloq.target_blocks)
    steps: list[Gate] = [Xor(Bits("move", index, slot), system)]
    if slot:
        steps.append(Xor(Bits("move", slot), place))
    return [load, *steps, load.adjoint()]
