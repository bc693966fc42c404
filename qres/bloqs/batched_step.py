r"""History of mini-batch steps: tables of all batches, addressed by the batch of the step.

Step t takes batch $t \bmod n_b$ of $n_b$. Where $n_b$ is a power of two these are the low bits of the
time; elsewhere they are looked up from a table of the T steps, $\lceil\log_2 n_b\rceil$ bits each,
and erased by measurement while the register still shows t. The number of the batch does nothing by
itself, so this table needs no control. Everything else is the history of one matrix with larger
tables: a row is addressed by (batch, row) with $n$ qubits for the row, so tables of all rows have
$(n_b - 1) 2^n + r$ of them, only those of the last batch end at $r$. A segment that starts within the
order counts its batches from its own first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from qualtran import Bloq, Signature
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import (
    Circuit,
    EncodingCircuit,
    registers,
    require_alpha_of,
    require_numbers,
    uncontrolled,
)
from qres.bloqs.damped_step import Blocks, with_register
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, odd_part_bitsize, tally
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.steps import Bits, Step, Wire, backwards
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.bloqs.words import Words
from qres.errors import InputError

Calls = list[tuple[Bloq, SymbolicInt]]


@attrs.frozen
class BatchOfStep:
    r"""The number of the batch, $t \bmod n_b$: low bits of the time, or one table.

    Args:
        steps: T, entries of the table.
        n_batches: $n_b \ge 2$.
        blocks: block exponents of the look-up and of its uncomputation.
    """

    steps: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    n_batches: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(2))
    blocks: Blocks

    @property
    def is_table(self) -> SymbolicInt:
        """1 where the number of batches is no power of two, else 0."""
        return 1 - largest([1 - odd_part_bitsize(self.n_batches), 0])

    @property
    def bitsize(self) -> SymbolicInt:
        """Qubits that a table fills; where low bits do, those that the time has not, left at zero."""
        bits = ceil_log2(self.n_batches)
        spare = largest([bits - ceil_log2(self.steps), 0])
        return self.is_table * bits + (1 - self.is_table) * spare

    def _tables(self, data: Words | None = None) -> tuple[TableLookup, TableUncompute]:
        size, (look, unlook) = (self.steps, ceil_log2(self.n_batches)), self.blocks
        return TableLookup(*size, look, data=data), TableUncompute(*size, unlook, data=data)

    @property
    def workspace(self) -> SymbolicInt:
        """The larger table."""
        return self.is_table * largest([table.workspace for table in self._tables()])

    def calls(self) -> Calls:
        """The table, before and after."""
        return [(table, self.is_table) for table in self._tables()]

    def named(self, time: Bits) -> tuple[tuple[Step, ...], tuple[Bits, ...]]:
        r"""Return the steps that write the batch of a step, and the qubits that then hold it.

        Args:
            time: the step, $\lceil\log_2 T\rceil$ qubits.
        """
        bits = ceil_log2(self.n_batches)
        if not self.is_table:
            low = min(bits, time.width)
            return (), (Bits("batch", bits - low), time.part(low))
        steps: Any = self.steps
        n_batches: Any = self.n_batches
        batch = Bits("batch", bits)
        look, unlook = self._tables(tuple(t % n_batches for t in range(steps)))
        return (Step(look, {"selection": time, "target": batch}, unlook),), (batch,)


@attrs.frozen
class BatchedStep(EncodingCircuit):
    r"""Encodes the matrix of the batch of a step, with the step in a register.

    Args:
        step: encoding with a register `batch`, without a control of its own.
        batch: the number of the batch.
        alpha: that of the step.

    Registers:
        ctrl: the control, if there is one.
        system: that of the step.
        ancilla: those of the step.
        resource: the phase gradient.
        time: the step, $\lceil\log_2 T\rceil$ qubits.
    """

    step: EncodingCircuit = attrs.field(validator=uncontrolled)
    batch: BatchOfStep

    def __attrs_post_init__(self) -> None:
        require_alpha_of(self, self.step, "step")

    @property
    def signature(self) -> Signature:
        """Registers of the step, with the time in place of the batch."""
        return with_register(super().signature, time=ceil_log2(self.batch.steps))

    @property
    def system_bitsize(self) -> SymbolicInt:
        """That of the step."""
        return self.step.system_bitsize

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Those of the step."""
        return self.step.ancilla_bitsize

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.step.resource_bitsize

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive; the batch is held while the step looks up."""
        step = self.step.with_controls(self.num_controls).workspace + self.batch.bitsize
        return largest([step, self.batch.workspace])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The batch, the step."""
        return tally([(self.step.with_controls(self.num_controls), 1), *self.batch.calls()])

    def steps(self) -> Sequence[Step]:
        """Write the batch, take the step, erase the batch."""
        require_numbers(self, self.batch.steps, self.batch.n_batches)
        load, batch = self.batch.named(Bits("time", ceil_log2(self.batch.steps)))
        step = self.step.with_controls(self.num_controls)
        wires = {
            register.name: Bits(register.name, register.bitsize) for register in step.signature
        }
        return (*load, Step(step, {**wires, "batch": batch}), *backwards(load))


@attrs.frozen
class BatchedVector(Circuit):
    r"""Prepares $\sum_{t<T} \|g_{b(t)}\|\, |t\rangle |g_{b(t)}/\|g_{b(t)}\|\rangle$, normalised.

    Args:
        times: tree over the steps, a single row.
        vector: tree with a row for each batch.
        batch: the number of the batch.

    Registers:
        ctrl: the control, if there is one.
        target: $n$ qubits.
        time: $\lceil\log_2 T\rceil$ qubits.
        phase_gradient: that of the trees.
    """

    times: LoadedRotationTree = attrs.field(validator=uncontrolled)
    vector: LoadedRotationTree = attrs.field(validator=uncontrolled)
    batch: BatchOfStep

    def __attrs_post_init__(self) -> None:
        if self.times.rows != 1:
            raise InputError(f"BatchedVector.times has {self.times.rows} rows; expected 1")

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return largest([self.times.bits, self.vector.bits])

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(
            ctrl=self.num_controls,
            target=self.vector.levels,
            time=self.times.levels,
            phase_gradient=self.resource_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive; the batch is held while the vector looks up."""
        vector = self.vector.workspace + self.batch.bitsize
        return largest([self.times.workspace, vector, self.batch.workspace])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The times, the batch, the vector."""
        c = self.num_controls
        trees = [(tree.with_controls(c), 1) for tree in (self.times, self.vector)]
        return tally([*trees, *self.batch.calls()])

    def steps(self) -> Sequence[Step]:
        """The times; the batch of each; its vector; the batch again."""
        require_numbers(self, self.batch.steps, self.batch.n_batches)
        time = Bits("time", self.times.levels)
        load, batch = self.batch.named(time)
        vector = self._tree(self.vector, batch, Bits("target", self.vector.levels))
        return (self._tree(self.times, time.part(0), time), *load, vector, *backwards(load))

    def _tree(self, tree: LoadedRotationTree, selection: Wire, target: Bits) -> Step:
        gradient = Bits("phase_gradient", tree.bits, self.resource_bitsize - tree.bits)
        wires: dict[str, Wire] = {"ctrl": Bits("ctrl", 1), "target": target}
        wires |= {"selection": selection, "phase_gradient": gradient}
        return Step(tree.with_controls(self.num_controls), wires)
