r"""Tables of classical numbers: look-up and measurement-based uncomputation.

With $M$ entries of $b$ bits, blocks of $K = 2^k$ entries and $c$ controls, in the convention of
Qualtran's circuits,

$$
    \text{look-up} = \lceil M/K \rceil - 2 + c + (K-1) b , \qquad
    \text{uncomputation} = \max(0, \lceil M/K \rceil + K - 4 + c)
$$

Toffoli-like gates, and none for a single entry. Qualtran's `QROAMClean` has the same gates, but
books a controlled swap as 4 T, decomposes for minutes when asked for its qubits, and divides in
floats. The block exponent is an argument: which one is best is a question for the caller; a
`Memory` in its place is another circuit, the tree of `qres.bloqs.qram` or nothing.

An address that no entry has finds the entry that is left when the bits that lead out of the table are
cleared: what the pruned tree of the iteration does, whatever the block, so that it can be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from qualtran import DecomposeTypeError, Side, Signature
from qualtran.bloqs.basic_gates import CNOT, MeasureX, Toffoli, TwoBitCSwap, ZGate
from qualtran.bloqs.basic_gates.discard import Discard
from qualtran.bloqs.data_loading.qrom import QROM
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import Circuit, registers, require_numbers
from qres.bloqs.integers import as_integer, at_least, block_count, ceil_log2, largest, tally
from qres.bloqs.phase_table import PhaseTable
from qres.bloqs.qram import BucketBrigade, Memory, block_or_memory, memory_qubits
from qres.bloqs.steps import Bits, Step
from qres.bloqs.words import Words, copied_word, filled, lookup, write_word
from qres.errors import InputError


@attrs.frozen
class TableLookup(Circuit):
    r"""Loads entry $i$ of a table into fresh qubits, by blocks and controlled swaps.

    A QROM over $\lceil M/K \rceil$ blocks loads $K$ entries at once; $(K-1) b$ controlled swaps
    bring the wanted one to the front. The other $K-1$ stay as junk until the uncomputation.

    Args:
        entries: number of entries $M \ge 1$.
        bitsize: bits of an entry, $b$.
        log_block: block exponent $k$, with $2^k < M$ (and $k = 0$ for a single entry), or a memory.
        data: the entries; not needed to count.

    Registers:
        ctrl: the control, if there is one.
        selection: the address, $\lceil \log_2 M \rceil$ qubits.
        target: the entry, a new register.

    References:
        [Qubitization of Arbitrary Basis Quantum Chemistry Leveraging Sparsity and Low Rank
        Factorization](https://arxiv.org/abs/1902.02134). Berry et al. (2019). Appendix A, B.
    """

    entries: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    log_block: SymbolicInt | Memory = attrs.field(converter=as_integer, validator=block_or_memory)
    data: Words | None = attrs.field(default=None, kw_only=True, repr=False, validator=filled)

    def __attrs_post_init__(self) -> None:
        if isinstance(self.log_block, Memory) or is_symbolic(self.entries, self.log_block):
            return
        if self.log_block > 0 and 2**self.log_block >= self.entries:
            raise InputError(
                f"TableLookup.log_block is {self.log_block} for {self.entries} entries; "
                "a block must be smaller than the table"
            )

    @property
    def signature(self) -> Signature:
        """Registers; the target is new."""
        return _table_registers(self, Side.RIGHT)

    @property
    def workspace(self) -> SymbolicInt:
        """One block of entries, and the ladder of the unary iteration over the blocks."""
        if isinstance(self.log_block, Memory):
            return memory_qubits(self.log_block, self.entries) + self.bitsize
        blocks = block_count(self.entries, self.log_block)
        return 2**self.log_block * self.bitsize + ceil_log2(blocks)

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One QROM over the blocks, and the swaps within a block."""
        if isinstance(self.log_block, Memory):
            return tally([*_memory_calls(self), (CNOT(), self.bitsize)])
        if self.entries == 1:
            return {CNOT(): self.bitsize}
        blocks = block_count(self.entries, self.log_block)
        # Below 2 blocks (1 if controlled) QROM counts And gates negatively: a symbol may get there.
        qrom = QROM.build_from_bitsize(
            largest([blocks, 2 - self.num_controls]) if is_symbolic(blocks) else blocks,
            (2**self.log_block * self.bitsize,),
            num_controls=self.num_controls,
        )
        return tally([(qrom, 1), (TwoBitCSwap(), (2**self.log_block - 1) * self.bitsize)])

    def steps(self) -> Sequence[Step]:
        """Load a block, bring the entry to the front, measure the junk; or copy it from its cell."""
        _require_sizes(self)
        entries: Any = self.entries
        bitsize: Any = self.bitsize
        address, target = Bits("selection", ceil_log2(entries)), Bits("target", bitsize)
        words = self.data or (0,) * entries
        if entries == 1:
            return write_word(words[0], target, self.num_controls)
        if isinstance(self.log_block, Memory):
            return _visited(self, lambda i, cell: copied_word(words[i], cell, target))
        log_block: Any = self.log_block
        places = [target] + [Bits(f"junk{i}", bitsize) for i in range(1, 2**log_block)]
        load = lookup(words, entries, address, places, self.num_controls)
        swaps = [
            Step(TwoBitCSwap(), {"ctrl": address[level], "x": places[at][i], "y": there[i]})
            for level in range(log_block)
            for at in range(0, len(places), 2 ** (level + 1))
            for there in [places[at + 2**level]]
            for i in range(bitsize)
        ]
        return (*load, *swaps, *(step for junk in places[1:] for step in _measured(junk)))

    def adjoint(self) -> TableUncompute:
        """The measurement-based uncomputation, with the same block."""
        return TableUncompute(
            self.entries,
            self.bitsize,
            self.log_block,
            num_controls=self.num_controls,
            data=self.data,
        )


@attrs.frozen
class TableUncompute(Circuit):
    r"""Erases a looked-up entry by measuring it, and mends the phase by a smaller table.

    The entry and the junk are measured in the $X$ basis; the phase that this leaves depends on the
    address alone and is undone by a table of $M/K$ blocks of $K$ bits, whatever $b$ was.

    Args:
        entries: number of entries $M \ge 1$.
        bitsize: bits of an entry, $b$ (measured, no Toffoli).
        log_block: block exponent $k$, with $2^k \le M$; it need not be that of the look-up; or a
            memory.
        data: the entries; not needed to count.

    Registers:
        ctrl: the control, if there is one.
        selection: the address, $\lceil \log_2 M \rceil$ qubits.
        target: the entry, which ends here.

    References:
        [Qubitization of Arbitrary Basis Quantum Chemistry Leveraging Sparsity and Low Rank
        Factorization](https://arxiv.org/abs/1902.02134). Berry et al. (2019). Appendix C.
    """

    entries: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    log_block: SymbolicInt | Memory = attrs.field(converter=as_integer, validator=block_or_memory)
    data: Words | None = attrs.field(default=None, kw_only=True, repr=False, validator=filled)

    def __attrs_post_init__(self) -> None:
        if isinstance(self.log_block, Memory) or is_symbolic(self.entries, self.log_block):
            return
        if 2**self.log_block > self.entries:
            raise InputError(
                f"TableUncompute.log_block is {self.log_block} for {self.entries} entries; "
                "a block must not be larger than the table"
            )

    @property
    def signature(self) -> Signature:
        """Registers; the target ends here."""
        return _table_registers(self, Side.LEFT)

    @property
    def workspace(self) -> SymbolicInt:
        """The $K$ qubits of the phase table and its unary iteration; the target is measured."""
        if isinstance(self.log_block, Memory):
            return memory_qubits(self.log_block, self.entries)
        return 2**self.log_block + ceil_log2(block_count(self.entries, self.log_block))

    @property
    def logical_qubits(self) -> SymbolicInt:
        """Control and address, and the entry until it is measured or the phase table after that."""
        held = self.num_controls + ceil_log2(self.entries)
        return as_integer(held + largest([self.workspace, self.bitsize]))

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Toffoli gates of the phase table, and the measurements of the entry."""
        if isinstance(self.log_block, Memory):
            return tally([*_memory_calls(self), (MeasureX(), self.bitsize)])
        blocks = block_count(self.entries, self.log_block)
        toffoli = largest([blocks + 2**self.log_block - 4 + self.num_controls, 0])
        if self.entries == 1:
            toffoli = 0
        return tally([(Toffoli(), toffoli), (MeasureX(), self.bitsize)])

    def steps(self) -> Sequence[Step]:
        """Measure the entry, and mend the sign; which addresses have one is known only then.

        The phase table stands for that of any outcome: its gates are the same. In a memory the sign
        is a Z on the token, at some of the cells.
        """
        _require_sizes(self)
        measured = _measured(Bits("target", self.bitsize))
        if self.entries == 1:
            return measured
        if isinstance(self.log_block, Memory):
            return (*measured, *_visited(self, lambda i, cell: (Step(ZGate(), {"q": cell}),)))
        mend = PhaseTable(self.entries, self.log_block, num_controls=self.num_controls)
        wires = {"ctrl": Bits("ctrl", 1), "selection": Bits("selection", ceil_log2(self.entries))}
        return (*measured, Step(mend, wires))

    def adjoint(self) -> TableLookup:
        """The look-up, with the same block."""
        return TableLookup(
            self.entries,
            self.bitsize,
            self.log_block,
            num_controls=self.num_controls,
            data=self.data,
        )


def _measured(target: Bits) -> tuple[Step, ...]:
    """Measure every qubit in the X basis; the outcomes go to the classical computer."""
    found = []
    for place in range(target.width):
        bit = Bits(f"{target.register}-outcome", 1, place)
        found += [Step(MeasureX(), {"q": target[place], "c": bit}), Step(Discard(), {"c": bit})]
    return tuple(found)


def _require_sizes(table: TableLookup | TableUncompute) -> None:
    if table.log_block is Memory.FREE:
        raise DecomposeTypeError(f"{type(table).__name__}: a memory that is free has no circuit")
    block = 0 if isinstance(table.log_block, Memory) else table.log_block
    require_numbers(table, table.entries, table.bitsize, block, table.num_controls)


def _visited(
    table: TableLookup | TableUncompute, at: Callable[[int, Bits], Sequence[Step]]
) -> tuple[Step, ...]:
    """Bring a token to the addressed cell, do something at each cell, and fetch it back."""
    brigade = BucketBrigade(table.entries, num_controls=table.num_controls)
    wires = {"ctrl": Bits("ctrl", 1), "selection": Bits("selection", ceil_log2(table.entries))}
    there = Step(brigade, wires | {"tree": Bits("tree", brigade.tree_bitsize)})
    done = [step for i, cell in enumerate(brigade.cells()) for step in at(i, cell)]
    return (there, *done, there.adjoint())


def _memory_calls(table: TableLookup | TableUncompute) -> list[tuple[Any, SymbolicInt]]:
    """The tree down and up, nothing where the memory is assumed free."""
    if table.log_block is not Memory.BRIGADE:
        return []
    brigade = BucketBrigade(table.entries, num_controls=table.num_controls)
    return [(brigade, 1), (brigade.adjoint(), 1)]


def _table_registers(table: TableLookup | TableUncompute, side: Side) -> Signature:
    return registers(
        sides={"target": side},
        ctrl=table.num_controls,
        selection=ceil_log2(table.entries),
        target=table.bitsize,
    )
