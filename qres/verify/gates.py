r"""Leaves of circuits with data: what each does to a register, and its Toffoli-like gates.

A register is a named unsigned integer; a gate acts on slices of registers. Gates are counted where
they are built, in the convention of `qres.bloqs.tables`: a unary iteration over $B$ blocks with $c$
controls takes $B - 2 + c$ gates, bringing one of $K$ words of $b$ bits to the front $(K-1) b$.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Bits:
    """Bits `low` to `low + width - 1` of a register, bit 0 the least significant."""

    register: str
    width: int
    low: int = 0


@dataclass(frozen=True, kw_only=True)
class Table:
    r"""Loads `data[address]` into qubits that are zero, or unloads it from qubits that hold it.

    Args:
        address: slices, the most significant first.
        target: where the word goes.
        data: the words; an address beyond them finds a word of ones, on which nothing may rest.
        log_blocks: exponents $k$ of the block $K = 2^k$, of the load and of the unload.
        is_unload: whether the word is erased, by measuring it.
        control: one qubit, if there is one; switched off, the word is zero.
    """

    address: tuple[Bits, ...]
    target: Bits
    data: tuple[int, ...]
    log_blocks: tuple[int, int]
    is_unload: bool = False
    control: Bits | None = None

    def adjoint(self) -> Table:
        """The other direction."""
        return replace(self, is_unload=not self.is_unload)

    @property
    def log_block(self) -> int:
        """The exponent in use."""
        return self.log_blocks[self.is_unload]

    @property
    def toffoli(self) -> int:
        """Toffoli-like gates; a single word is written without any."""
        size, controls = 2**self.log_block, int(self.control is not None)
        blocks = -(-len(self.data) // size)
        if len(self.data) == 1:
            return 0
        if self.is_unload:
            return max(0, blocks + size - 4 + controls)
        return max(0, blocks - 2 + controls) + (size - 1) * self.target.width


@dataclass(frozen=True, kw_only=True)
class Addition:
    r"""Adds `source` to `target` modulo $2^b$ where `sign` is 1, subtracts it where `sign` is 0.

    Subtracting is adding the complement with a carry in. The carries are $b - 1$ majorities either
    way, so the sign costs nothing.
    """

    source: Bits
    target: Bits
    sign: Bits
    is_adjoint: bool = False

    def adjoint(self) -> Addition:
        """Subtracts where this one adds."""
        return replace(self, is_adjoint=not self.is_adjoint)

    @property
    def toffoli(self) -> int:
        """One for each carry."""
        return self.target.width - 1


@dataclass(frozen=True)
class Exchange:
    """Swaps two slices of equal width; without a control it is a change of names."""

    first: Bits
    second: Bits
    control: Bits | None = None

    def adjoint(self) -> Exchange:
        """The same."""
        return self

    @property
    def toffoli(self) -> int:
        """One for each pair of qubits, if there is a control."""
        return self.first.width if self.control else 0


@dataclass(frozen=True)
class Xor:
    """Adds `source` to `target` bit by bit, by CNOT gates."""

    source: Bits
    target: Bits
    toffoli: int = 0

    def adjoint(self) -> Xor:
        """The same."""
        return self


@dataclass(frozen=True)
class Hadamard:
    """Hadamard gate on one qubit."""

    qubit: Bits
    toffoli: int = 0

    def adjoint(self) -> Hadamard:
        """The same."""
        return self


@dataclass(frozen=True)
class Quarter:
    r"""$\mathrm{diag}(1, i)$ on one qubit, or its inverse."""

    qubit: Bits
    is_adjoint: bool = False
    toffoli: int = 0

    def adjoint(self) -> Quarter:
        """The inverse."""
        return replace(self, is_adjoint=not self.is_adjoint)


@dataclass(frozen=True)
class Rotation:
    r"""$|0\rangle \to \cos\varphi |0\rangle + \sin\varphi |1\rangle$, by an angle in radians."""

    qubit: Bits
    angle: float
    toffoli: int = 0

    def adjoint(self) -> Rotation:
        """The opposite angle."""
        return replace(self, angle=-self.angle)


Gate = Table | Addition | Exchange | Xor | Hadamard | Quarter | Rotation


@dataclass(frozen=True)
class GateList:
    """Registers with their widths, and gates in the order of time."""

    registers: Mapping[str, int]
    gates: tuple[Gate, ...]

    def adjoint(self) -> GateList:
        """The gates backwards, each inverted."""
        return replace(self, gates=tuple(gate.adjoint() for gate in reversed(self.gates)))

    @property
    def toffoli(self) -> int:
        """Toffoli-like gates of all leaves."""
        return sum(gate.toffoli for gate in self.gates)

    def leaves(self) -> Counter[tuple[str | int, ...]]:
        """Tables (entries, bits, block, controls), additions (bits) and switched swaps, counted."""
        found: Counter[tuple[str | int, ...]] = Counter()
        for gate in self.gates:
            if isinstance(gate, Table):
                name = "unload" if gate.is_unload else "load"
                shape = (len(gate.data), gate.target.width, gate.log_block)
                found[(name, *shape, int(gate.control is not None))] += 1
            elif isinstance(gate, Addition):
                found["addition", gate.target.width] += 1
            elif isinstance(gate, Exchange) and gate.control:
                found["swap",] += gate.first.width
        return found
