r"""A quantum random-access memory as a circuit: the tree that brings a token to a cell.

What a look-up and an uncomputation share is one pass of the tree, down and back up. What happens at
the cells in between (CNOTs that copy a word, a phase) needs no Toffoli gate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import count
from typing import Any

import attrs
from qualtran import Bloq, Side, Signature
from qualtran.bloqs.basic_gates import CNOT, XGate
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import Circuit, registers, require_numbers
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, require_integer, tally
from qres.bloqs.steps import Bits, Step, exchange


class Memory(Enum):
    """What stands in place of the blocks of a table; the values are codes of the caller."""

    BRIGADE = -1
    FREE = -2


def block_or_memory(instance: Any, attribute: Any, value: Any) -> None:
    """Validate a block exponent; a memory may stand in its place."""
    if not isinstance(value, Memory):
        require_integer(f"{type(instance).__name__}.{attribute.name}", value, 0)


def memory_qubits(memory: Memory, entries: SymbolicInt) -> SymbolicInt:
    """Qubits of the memory itself: a router at each branching, a wire at each node but the root."""
    return 3 * (entries - 1) if memory is Memory.BRIGADE else 0


@dataclass(frozen=True)
class Branching:
    """A node of the tree below which both values of a bit lead to cells.

    Args:
        place: of the address bit that it tests, 0 the least significant.
        router: its qubit.
        wires: of its two children.
        below: what hangs on them, a branching or the number of a cell.
    """

    place: int
    router: Bits
    wires: tuple[Bits, Bits]
    below: tuple[Branching | int, Branching | int]

    def leaves(self) -> Iterator[tuple[int, Bits]]:
        """Each cell with its wire."""
        for wire, child in zip(self.wires, self.below, strict=True):
            yield from ((child, wire),) if isinstance(child, int) else child.leaves()


@attrs.frozen
class BucketBrigade(Circuit):
    r"""Brings a token to the addressed one of $M$ cells; backwards it fetches it again.

    A node of the tree tests one bit of the address, and only where both values lead to cells: $M - 1$
    branchings. A move past a router $r$ takes one `And`: right $= r w$, left $= w \oplus r w$, and two
    CNOTs clear $w$. Address bit $l$ moves to the branchings that test it, one less than they are,
    together $M - 1 - n$: where no branching on one side tests it, it passes to the other as it is,
    which can only set routers of a side that nothing visits. The token moves past all $M - 1$. The
    control is the token; without one the token is 1, and the first branching copies its router.
    Upwards every `And` is undone by a measurement: $2 M - 3 - n + c$ Toffoli gates in all.

    An address that no cell has goes where the bits that lead out of the table are ignored.

    Args:
        entries: number of cells $M \ge 1$.

    Registers:
        ctrl: the control, if there is one; it is 0 while the token is in the tree.
        selection: the address, $n = \lceil \log_2 M \rceil$ qubits; 0 while it is in the tree.
        tree: a router at each branching and, above them, a wire at each node but the root, new.

    References:
        [Quantum random access memory](https://arxiv.org/abs/0708.1879). Giovannetti, Lloyd,
        Maccone (2008).
        [Resilience of quantum random access memory to generic
        noise](https://arxiv.org/abs/2012.05340). Hann et al. (2021).
    """

    entries: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

    @property
    def signature(self) -> Signature:
        """Registers; the tree is new forwards and ends backwards."""
        return registers(
            sides={"tree": Side.LEFT if self.is_adjoint else Side.RIGHT},
            ctrl=self.num_controls,
            selection=ceil_log2(self.entries),
            tree=self.tree_bitsize,
        )

    @property
    def tree_bitsize(self) -> SymbolicInt:
        """Routers and wires."""
        return memory_qubits(Memory.BRIGADE, self.entries)

    @property
    def workspace(self) -> SymbolicInt:
        """Routers and wires."""
        return self.tree_bitsize

    @property
    def moves(self) -> SymbolicInt:
        """Moves past a router, downwards, that are no copy."""
        cells = self.entries - 1
        return largest([2 * cells - 1 - ceil_log2(self.entries) + self.num_controls, 0])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One `And` a move down, and its adjoint up."""
        if self.entries == 1:
            return {}
        gate: Bloq = And().adjoint() if self.is_adjoint else And()
        copy = 1 - self.num_controls
        return tally([(gate, self.moves), (CNOT(), 4 * self.moves + 2 * copy), (XGate(), copy)])

    def cells(self) -> list[Bits]:
        """Where the token arrives, by cell; at least two of them."""
        return [wire for _, wire in sorted(self._root().leaves(), key=lambda leaf: leaf[0])]

    def steps(self) -> Sequence[Step]:
        """The address, bit by bit from the top; then the token."""
        require_numbers(self, self.entries, self.num_controls)
        if self.entries == 1:
            return ()
        root, address = self._root(), Bits("selection", ceil_log2(self.entries))
        bits = [_delivered(root, address[i], i) for i in reversed(range(address.width))]
        token = Bits("ctrl", 1) if self.num_controls else None
        return (*(step for bit in bits for step in bit), *_passed(root, token))

    def _root(self) -> Branching:
        require_numbers(self, self.entries)
        cells: Any = self.entries
        return grown(0, (cells - 1).bit_length(), cells, count())


def grown(low: int, bits: int, cells: int, numbers: Iterator[int]) -> Any:
    r"""Return the topmost branching over the cells from `low` on, or the cell if it is one alone.

    Args:
        low: first of $2^{bits}$ places.
        bits: of an address among them.
        cells: number of cells in all, of which some lie there.
        numbers: of branchings, not yet used.
    """
    while bits and low + 2 ** (bits - 1) >= cells:
        bits -= 1
    if not bits:
        return low
    number, half = next(numbers), 2 ** (bits - 1)
    wires = (Bits("tree", 1, cells - 1 + 2 * number), Bits("tree", 1, cells + 2 * number))
    below = tuple(grown(start, bits - 1, cells, numbers) for start in (low, low + half))
    return Branching(bits - 1, Bits("tree", 1, number), wires, below)


def _delivered(node: Branching, wire: Bits, place: int) -> Iterator[Step]:
    """Bring an address bit from a wire to every branching below that tests it."""
    if node.place == place:
        yield from exchange(wire, node.router)
        return
    left, right = node.below
    is_split = isinstance(right, Branching) and right.place >= place
    yield from _moved(node, wire) if is_split else exchange(wire, node.wires[0])
    for child, below in zip((left, right)[: 1 + is_split], node.wires, strict=False):
        if isinstance(child, Branching):
            yield from _delivered(child, below, place)


def _passed(node: Branching, wire: Bits | None) -> Iterator[Step]:
    """Bring the token from a wire to the cells; without a wire it is 1."""
    yield from _copied(node) if wire is None else _moved(node, wire)
    for child, below in zip(node.below, node.wires, strict=True):
        if isinstance(child, Branching):
            yield from _passed(child, below)


def _moved(node: Branching, wire: Bits) -> Iterator[Step]:
    """Move what a wire holds to the child that the router names."""
    left, right = node.wires
    yield Step(And(), {"ctrl": (node.router, wire), "target": right})
    for source, target in ((wire, left), (right, left), (left, wire), (right, wire)):
        yield Step(CNOT(), {"ctrl": source, "target": target})


def _copied(node: Branching) -> Iterator[Step]:
    """Move a 1 to the child that the router names."""
    left, right = node.wires
    yield Step(XGate(), {"q": left})
    for target in (left, right):
        yield Step(CNOT(), {"ctrl": node.router, "target": target})
