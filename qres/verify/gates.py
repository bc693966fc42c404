r"""What a simulator does: move basis states, turn their phases, or branch on a few qubits.

A gate reads slots. A slot is the list of bit ranges of the basis index that make one number, the most
significant range first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Slot = tuple[tuple[int, int], ...]
"""Ranges (shift, width) of the basis index."""

Values = list[np.ndarray]
"""One array of integers for each slot, one number for each amplitude."""


@dataclass(frozen=True)
class Move:
    """A reversible map of basis states.

    Args:
        slots: what it reads and writes.
        action: values before to values after; raises RuntimeError where an ancilla is not as it
            must be.
    """

    slots: tuple[Slot, ...]
    action: Callable[[Values], Sequence[np.ndarray]]


@dataclass(frozen=True)
class Phase:
    """A phase for each basis state.

    Args:
        slots: what it reads.
        factor: values to complex numbers of modulus one.
    """

    slots: tuple[Slot, ...]
    factor: Callable[[Values], np.ndarray]


@dataclass(frozen=True)
class Branch:
    r"""A unitary matrix on one slot, where the control is on.

    Args:
        slot: $w$ qubits.
        matrix: $2^w \times 2^w$.
        control: one qubit, empty if there is none.
    """

    slot: Slot
    matrix: np.ndarray
    control: Slot = ()


Gate = Move | Phase | Branch


@dataclass(frozen=True)
class Program:
    """Gates in the order of time, on bits of a basis index.

    Args:
        registers: name to its range (shift, width) of the index, also of what is left out.
        width: bits of the index in use, ancillas included.
        gates: in the order of time.
    """

    registers: dict[str, tuple[int, int]]
    width: int
    gates: tuple[Gate, ...]
