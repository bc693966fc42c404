r"""A sparse state vector: basis index to amplitude, for the gates of `qres.verify.gates`.

Tables, additions and swaps act on the values of registers and only move amplitudes; Hadamard gates
and rotations branch. An unload must find its word, or the simulation stops: what is left in
ancillas is never dropped. Amplitudes below $10^{-15}$ are rounding and are let go; the norm is
checked at the end.

The phase gradient of $b$ bits is $2^{-b/2} \sum_k e^{-2\pi i k/2^b} |k\rangle$; adding $a$ to it
multiplies it by $e^{2\pi i a/2^b}$. It is either held as it is, or, as it comes back after every
addition, left out: then an addition is that phase, and many more bits can be simulated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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

MAX_QUBITS = 62
MAX_AMPLITUDES = 2**22
ROUNDING = 1e-15
DRIFT = 1e-9


@dataclass(frozen=True)
class State:
    """Amplitudes by basis index; registers are packed in the order given, the first one lowest.

    Args:
        registers: widths in qubits.
        index: basis indices, each once, int64.
        amplitude: complex, one for each index.
    """

    registers: Mapping[str, int]
    index: np.ndarray
    amplitude: np.ndarray

    def read(self, bits: Bits) -> np.ndarray:
        """Return the values of a slice, one for each amplitude."""
        return (self.index >> self._shift(bits)) & ((1 << bits.width) - 1)

    def written(self, bits: Bits, values: np.ndarray | int) -> np.ndarray:
        """Return the indices with other values in a slice."""
        shift = self._shift(bits)
        return self.index & ~(((1 << bits.width) - 1) << shift) | (values << shift)

    def _shift(self, bits: Bits) -> int:
        shift = bits.low
        for name, width in self.registers.items():
            if name == bits.register:
                return shift
            shift += width
        raise InputError(f"no register '{bits.register}' in {', '.join(self.registers)}")


def start(registers: Mapping[str, int], values: Mapping[str, np.ndarray]) -> State:
    """Return the sum of basis states, amplitude 1 each: the k-th has the k-th of all `values`.

    Raises:
        InputError: more qubits than an index holds.
    """
    total = sum(registers.values())
    if total > MAX_QUBITS:
        raise InputError(f"{total} qubits cannot be simulated; at most {MAX_QUBITS} can")
    count = max((len(column) for column in values.values()), default=1)
    state = State(registers, np.zeros(count, dtype=np.int64), np.ones(count, dtype=complex))
    for name, column in values.items():
        bits = Bits(name, registers[name])
        state = State(registers, state.written(bits, column), state.amplitude)
    return state


def run(state: State, gates: Sequence[Gate], *, gradient: str = "") -> State:
    """Apply the gates in order.

    Args:
        state: where to begin.
        gates: what to apply.
        gradient: a register that is left out of the state because it holds the phase gradient
            throughout; additions to it become phases.

    Raises:
        InputError: the state outgrows the limit.
        RuntimeError: an unload did not find its word, or the norm drifted.
    """
    before = np.sum(np.abs(state.amplitude) ** 2)
    for gate in gates:
        state = _apply(state, gate, gradient)
        if len(state.index) > MAX_AMPLITUDES:
            raise InputError(f"more than {MAX_AMPLITUDES:,} amplitudes; take a smaller matrix")
    after = np.sum(np.abs(state.amplitude) ** 2)
    if not abs(after - before) <= DRIFT * before:
        raise RuntimeError(f"the simulated norm went from {before} to {after}")
    return state


def with_gradient(state: State, name: str) -> State:
    """Return the state with this register, zero before, in the phase gradient."""
    bits = Bits(name, state.registers[name])
    values = np.arange(2**bits.width)
    wave = np.exp(-2j * np.pi * values / len(values)) / np.sqrt(len(values))
    index = [state.written(bits, int(value)) for value in values]
    return State(state.registers, np.concatenate(index), np.kron(wave, state.amplitude))


def without_gradient(state: State, name: str) -> State:
    """Return the part of the state with this register in the phase gradient, set to zero."""
    bits = Bits(name, state.registers[name])
    size = 2**bits.width
    wave = np.exp(2j * np.pi * state.read(bits) / size) / np.sqrt(size)
    return _merged(state, state.written(bits, 0), state.amplitude * wave)


def _apply(state: State, gate: Gate, gradient: str) -> State:
    if isinstance(gate, Table):
        return _moved(state, _looked_up(state, gate))
    if isinstance(gate, Addition):
        return _added(state, gate, gradient)
    if isinstance(gate, Exchange):
        return _moved(state, _exchanged(state, gate))
    if isinstance(gate, Xor):
        value = state.read(gate.target) ^ state.read(gate.source)
        return _moved(state, state.written(gate.target, value))
    if isinstance(gate, Quarter):
        turn = np.where(state.read(gate.qubit), -1j if gate.is_adjoint else 1j, 1)
        return State(state.registers, state.index, state.amplitude * turn)
    if isinstance(gate, Hadamard):
        return _branched(state, gate.qubit, np.array([[1, 1], [1, -1]]) / np.sqrt(2))
    cosine, sine = np.cos(gate.angle), np.sin(gate.angle)
    return _branched(state, gate.qubit, np.array([[cosine, -sine], [sine, cosine]]))


def _looked_up(state: State, gate: Table) -> np.ndarray:
    address = np.zeros(len(state.index), dtype=np.int64)
    for part in gate.address:
        address = address << part.width | state.read(part)
    beyond = 2**gate.target.width - 1
    words = np.append(np.asarray(gate.data, dtype=np.int64), beyond)
    word = words[np.minimum(address, len(gate.data))]
    if gate.control:
        word = word * state.read(gate.control)
    expected, found = word if gate.is_unload else 0, state.read(gate.target)
    if not np.all(found == expected):
        what = "an unload did not find its word" if gate.is_unload else "a load found no zeros"
        raise RuntimeError(f"{what} in register '{gate.target.register}'")
    return state.written(gate.target, word * (not gate.is_unload))


def _added(state: State, gate: Addition, gradient: str) -> State:
    signed = np.where(state.read(gate.sign), 1, -1) * (-1 if gate.is_adjoint else 1)
    amount, size = signed * state.read(gate.source), 2**gate.target.width
    if gate.target.register == gradient:
        phase = np.exp(2j * np.pi * amount / size)
        return State(state.registers, state.index, state.amplitude * phase)
    return _moved(state, state.written(gate.target, (state.read(gate.target) + amount) % size))


def _exchanged(state: State, gate: Exchange) -> np.ndarray:
    first, second = state.read(gate.first), state.read(gate.second)
    swapped = State(state.registers, state.written(gate.first, second), state.amplitude)
    index = swapped.written(gate.second, first)
    return np.where(state.read(gate.control), index, state.index) if gate.control else index


def _moved(state: State, index: np.ndarray) -> State:
    return State(state.registers, index, state.amplitude)


def _branched(state: State, qubit: Bits, matrix: np.ndarray) -> State:
    value = state.read(qubit)
    index = [state.written(qubit, out) for out in (0, 1)]
    amplitude = [matrix[out, value] * state.amplitude for out in (0, 1)]
    return _merged(state, np.concatenate(index), np.concatenate(amplitude))


def _merged(state: State, index: np.ndarray, amplitude: np.ndarray) -> State:
    """Add up amplitudes of equal indices; let rounding go."""
    kept, where = np.unique(index, return_inverse=True)
    real = np.bincount(where, np.real(amplitude), len(kept))
    total = real + 1j * np.bincount(where, np.imag(amplitude), len(kept))
    large = np.abs(total) > ROUNDING
    return State(state.registers, kept[large], total[large])


def block(
    circuit: GateList, system: Sequence[str], *, gradient: str = "", columns: int | None = None
) -> np.ndarray:
    r"""Return $\langle 0| U |0\rangle$ on the `system`, all other registers zero before and after.

    All columns run at once, marked by a register of their own.

    Args:
        circuit: what is simulated.
        system: registers of the block, the least significant first.
        gradient: the phase gradient, left out of the state.
        columns: how many, all $2^n$ if not given; what padded rows would do is then left open.

    Returns:
        A complex matrix of $2^n$ rows, $n$ the qubits of the system.
    """
    widths = {name: width for name, width in circuit.registers.items() if name != gradient}
    sizes = [widths[name] for name in system]
    others = {name: width for name, width in widths.items() if name not in system}
    total = sum(sizes)
    registers = {name: widths[name] for name in system} | others | {"column": total}
    labels = np.arange(2**total if columns is None else columns)
    values, rest = {"column": labels}, labels
    for name, width in zip(system, sizes, strict=True):
        values[name], rest = rest % 2**width, rest >> width
    state = run(start(registers, values), circuit.gates, gradient=gradient)
    is_clean = np.ones(len(state.index), dtype=bool)
    for name, width in others.items():
        is_clean &= state.read(Bits(name, width)) == 0
    rows = state.index & (2**total - 1)
    found = np.zeros((2**total, len(labels)), dtype=complex)
    column = state.read(Bits("column", total))
    np.add.at(found, (rows[is_clean], column[is_clean]), state.amplitude[is_clean])
    return found
