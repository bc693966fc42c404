r"""The words of a table, and the steps that write them: a QROM over blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qualtran.bloqs.basic_gates import CNOT, XGate
from qualtran.bloqs.data_loading.qrom import QROM
from qualtran.symbolics import SymbolicInt

from qres.bloqs.integers import ceil_log2
from qres.bloqs.steps import Bits, Step, Wire
from qres.errors import InputError

Words = tuple[int, ...]


def cosine_words(cosines: np.ndarray, bits: SymbolicInt) -> Words:
    r"""Return $\arccos x$ of each number in turn, none above 1 in size, in $b$ bits."""
    turns = np.arccos(cosines) / (2 * np.pi)
    return tuple(int(word) for word in np.rint(turns.ravel() * 2 ** int(bits)))


def filled(instance: Any, attribute: Any, value: Words | None) -> None:
    """Validate the entries of a table, each of its bits; those that pad it may be given too."""
    if value is None:
        return
    name, bits = type(instance).__name__, getattr(instance, "bitsize", 1)
    most = 2 ** ceil_log2(instance.entries)
    if not instance.entries <= len(value) <= most:
        expected = f"expected {instance.entries}, or up to {most} with padding"
        raise InputError(f"{name}.data has {len(value)} entries; {expected}")
    if not all(0 <= word < 2**bits for word in value):
        raise InputError(f"{name}.data: expected integers of {bits} bits")


def reached(address: np.ndarray, entries: int) -> np.ndarray:
    """The entry that a unary iteration over `entries` reaches from any address.

    Its tree does not test a bit whose upper half holds no entry, so an address beyond the table ends
    where that bit is 0.
    """
    bits: Any = ceil_log2(entries)
    found = np.zeros_like(address)
    for place in reversed(range(bits)):
        upper = found + (1 << place)
        found = np.where((address >> place & 1 == 1) & (upper < entries), upper, found)
    return found


def write_word(word: int, target: Bits, num_controls: SymbolicInt) -> tuple[Step, ...]:
    """Flip the bits of one word, under the control if there is one."""
    if num_controls:
        return copied_word(word, Bits("ctrl", 1), target)
    return tuple(Step(XGate(), {"q": target[i]}) for i in range(target.width) if word >> i & 1)


def copied_word(word: int, control: Bits, target: Bits) -> tuple[Step, ...]:
    """Flip the bits of one word where a qubit is 1."""
    places = [target[i] for i in range(target.width) if word >> i & 1]
    return tuple(Step(CNOT(), {"ctrl": control, "target": bit}) for bit in places)


def padded(words: Sequence[int], entries: int, size: int) -> np.ndarray:
    """Words for `size` addresses: what is not given is the word that is reached from there."""
    at = np.arange(size)
    return np.asarray(words, dtype=np.int64)[np.where(at < len(words), at, reached(at, entries))]


def lookup(
    words: Sequence[int],
    entries: int,
    address: Bits,
    places: Sequence[Bits],
    num_controls: SymbolicInt,
) -> tuple[Step, ...]:
    r"""Load the block of words that the upper bits of the address name.

    Args:
        words: those of the table, and of addresses beyond it if they matter.
        entries: $M$.
        address: $\lceil \log_2 M \rceil$ qubits.
        places: where the $K = 2^k$ words of a block go, in the order of the $k$ lower bits.
        num_controls: 0, or 1 for a control in register `ctrl`.

    Returns:
        One QROM over $\lceil M/K \rceil$ blocks; no gate but CNOT and X if that is one.
    """
    size = len(places)
    blocks, low = -(-entries // size), (size - 1).bit_length()
    table = padded(words, entries, blocks * size).reshape(blocks, size)
    if blocks == 1:
        writes = [write_word(int(table[0, i]), places[i], num_controls) for i in range(size)]
        return tuple(step for steps in writes for step in steps)
    rom = QROM.build_from_data(
        *table.T, target_bitsizes=tuple(place.width for place in places), num_controls=num_controls
    )
    wires: dict[str, Wire] = {f"target{i}_": place for i, place in enumerate(places)}
    wires["selection"] = address.part(address.width - low, low)
    wires["control"] = Bits("ctrl", 1)
    return (Step(rom, wires),)
