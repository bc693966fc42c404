r"""A sparse state vector: basis index to amplitude, for the gates of `qres.verify.gates`.

Reversible steps only move amplitudes; Hadamard gates, rotations and dense unitaries branch. What is
left in ancillas is never dropped: an unload must find its word, an ancilla that ends must be zero,
or the simulation stops. Amplitudes below $10^{-15}$ are rounding and are let go; the norm is checked
at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qres.errors import InputError
from qres.verify.gates import Branch, Gate, Move, Phase, Program, Slot

MAX_QUBITS = 62
MAX_AMPLITUDES = 2**22
ROUNDING = 1e-15
DRIFT = 1e-9


@dataclass(frozen=True)
class State:
    """Amplitudes by basis index.

    Args:
        index: basis indices, each once, int64.
        amplitude: complex, one for each index.
    """

    index: np.ndarray
    amplitude: np.ndarray

    def read(self, slot: Slot) -> np.ndarray:
        """Return the numbers in a slot, one for each amplitude."""
        value = np.zeros_like(self.index)
        for shift, width in slot:
            value = value << width | (self.index >> shift) & ((1 << width) - 1)
        return value

    def written(self, slot: Slot, value: np.ndarray) -> np.ndarray:
        """Return the indices with other numbers in a slot."""
        index, rest = self.index, np.asarray(value, dtype=np.int64)
        for shift, width in reversed(slot):
            mask = (1 << width) - 1
            index = index & ~(mask << shift) | (rest & mask) << shift
            rest = rest >> width
        return index


def start(program: Program, values: Mapping[str, np.ndarray]) -> State:
    """Return the sum of basis states, amplitude 1 each: the k-th has the k-th of all `values`.

    Raises:
        InputError: more qubits than an index holds.
    """
    if program.width > MAX_QUBITS:
        raise InputError(f"{program.width} qubits cannot be simulated; at most {MAX_QUBITS} can")
    count = max((len(column) for column in values.values()), default=1)
    state = State(np.zeros(count, dtype=np.int64), np.ones(count, dtype=complex))
    for name, column in values.items():
        state = State(state.written((program.registers[name],), column), state.amplitude)
    return state


def run(state: State, gates: Sequence[Gate]) -> State:
    """Apply the gates in order.

    Raises:
        InputError: the state outgrows the limit.
        RuntimeError: an unload did not find its word, an ancilla was not zero, or the norm drifted.
    """
    before = np.sum(np.abs(state.amplitude) ** 2)
    for gate in gates:
        state = _apply(state, gate)
        if len(state.index) > MAX_AMPLITUDES:
            raise InputError(
                f"{len(state.index):,} amplitudes cannot be simulated; at most {MAX_AMPLITUDES:,} can:"
                " take a matrix of half as many rows, or fewer bits"
            )
    after = np.sum(np.abs(state.amplitude) ** 2)
    if not abs(after - before) <= DRIFT * before:
        raise RuntimeError(f"the simulated norm went from {before} to {after}")
    return state


def _apply(state: State, gate: Gate) -> State:
    if isinstance(gate, Move):
        values = gate.action([state.read(slot) for slot in gate.slots])
        for slot, value in zip(gate.slots, values, strict=True):
            state = State(state.written(slot, value), state.amplitude)
        return state
    if isinstance(gate, Phase):
        factor = gate.factor([state.read(slot) for slot in gate.slots])
        return State(state.index, state.amplitude * factor)
    return _branched(state, gate)


def _branched(state: State, gate: Branch) -> State:
    if gate.control:
        is_on = state.read(gate.control) == 1
        on = State(state.index[is_on], state.amplitude[is_on])
        off = State(state.index[~is_on], state.amplitude[~is_on])
        on = _branched(on, Branch(gate.slot, gate.matrix))
        index = np.concatenate([on.index, off.index])
        return State(index, np.concatenate([on.amplitude, off.amplitude]))
    value = state.read(gate.slot)
    rest, where = np.unique(state.written(gate.slot, np.zeros_like(value)), return_inverse=True)
    parts = np.zeros((len(rest), len(gate.matrix)), dtype=complex)
    parts[where, value] = state.amplitude
    parts = _product(parts, gate.matrix)
    row, out = np.nonzero(np.abs(parts) > ROUNDING)
    index = State(rest[row], parts[row, out]).written(gate.slot, out)
    return State(index, parts[row, out])


def _product(parts: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Apply a matrix to each row; a real one is not turned into a complex one for it."""
    if not np.isrealobj(matrix):
        return parts @ matrix.T
    both = np.concatenate([np.real(parts), np.imag(parts)]) @ matrix.T
    return both[: len(parts)] + 1j * both[len(parts) :]


def block(program: Program, system: Sequence[str], *, columns: int | None = None) -> np.ndarray:
    r"""Return $\langle 0| U |0\rangle$ on the `system`, all other qubits zero before and after.

    All columns run at once, marked by bits of their own above the program's.

    Args:
        program: what is simulated.
        system: registers of the block, the least significant first.
        columns: how many, all $2^n$ if not given; what padded rows would do is then left open.

    Returns:
        A complex matrix of $2^n$ rows, $n$ the qubits of the system.
    """
    places: Slot = tuple(program.registers[name] for name in reversed(system))
    size = 2 ** sum(width for _, width in places)
    label = (program.width, (size - 1).bit_length())
    wide = Program({**program.registers, "": label}, sum(label), program.gates)
    labels = np.arange(size if columns is None else columns)
    state = start(wide, {"": labels})
    state = run(State(state.written(places, labels), state.amplitude), program.gates)
    row, column = state.read(places), state.read((label,))
    is_clean = state.written(places, np.zeros_like(row)) == column << label[0]
    found = np.zeros((size, len(labels)), dtype=complex)
    found[row[is_clean], column[is_clean]] = state.amplitude[is_clean]
    return found


def phase_gradient(bits: int) -> np.ndarray:
    r"""Return the amplitudes of the phase gradient, $2^{-b/2} e^{-2\pi i k/2^b}$, one for each $k$."""
    size = 2**bits
    return np.exp(-2j * np.pi * np.arange(size) / size) / np.sqrt(size)
