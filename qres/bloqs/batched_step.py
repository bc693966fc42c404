r"""History of mini-batch steps: tables of all batches, addressed by the batch of the step.

Step t takes batch $t \bmod n_b$ of $n_b$. Where $n_b$ is a power of two these are the low bits of the
time; elsewhere they are looked up from a table of the T steps, $\lceil\log_2 n_b\rceil$ bits each,
and erased by measurement before the time moves on, the last gate of a use. The register does nothing
by itself, so this table needs no control. Everything else is the history of one matrix with tables
of $n_b$ times the rows. A segment that starts within the order counts its batches from its own first.
"""

from __future__ import annotations

import attrs
from qualtran import Bloq, Signature
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import Circuit, EncodingCircuit, phase_addition, registers, uncontrolled
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, odd_part_bitsize, tally
from qres.bloqs.qram import Memory
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.errors import InputError

Blocks = tuple[SymbolicInt | Memory, SymbolicInt | Memory]
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
        """Qubits that a table fills, none where low bits do."""
        return self.is_table * ceil_log2(self.n_batches)

    def _tables(self) -> tuple[TableLookup, TableUncompute]:
        bits = ceil_log2(self.n_batches)
        look, unlook = self.blocks
        return TableLookup(self.steps, bits, look), TableUncompute(self.steps, bits, unlook)

    @property
    def workspace(self) -> SymbolicInt:
        """The larger table."""
        return self.is_table * largest([table.workspace for table in self._tables()])

    def calls(self) -> Calls:
        """The table, before and after."""
        return [(table, self.is_table) for table in self._tables()]


@attrs.frozen
class BatchedTrees(EncodingCircuit):
    r"""Encodes one of $n_b$ dense matrices, named by a register, all with $\alpha = \max_b\|A_b\|_F$.

    $\langle b, i| U_1^\dagger U_2 |b, j\rangle = A^b_{ij}/\|A_b\|_F$ as for one matrix, both trees with
    a row of angles more for each batch; a flag is rotated by a loaded angle for $\|A_b\|_F/\alpha$.

    Args:
        row_tree: one row of angles for each batch and row.
        norm_tree: one row of angles for each batch.
        scale_blocks: block exponents of the look-up of the flag's angle and of its uncomputation.

    Registers:
        ctrl: the control, if there is one.
        system: $n$ qubits.
        ancilla: $n$ qubits and the flag.
        resource: the phase gradient.
    """

    row_tree: LoadedRotationTree = attrs.field(validator=uncontrolled)
    norm_tree: LoadedRotationTree = attrs.field(validator=uncontrolled)
    scale_blocks: Blocks

    def __attrs_post_init__(self) -> None:
        if self.norm_tree.levels != self.row_tree.levels:
            raise InputError(
                f"BatchedTrees.norm_tree has {self.norm_tree.levels} levels; "
                f"it must have {self.row_tree.levels}"
            )
        self._tables()

    def _tables(self) -> list[TableLookup | TableUncompute]:
        """The tables of the flag's angle; building them also checks the block exponents."""
        size = (self.norm_tree.rows, self.norm_tree.bits)
        look, unlook = self.scale_blocks
        c = self.num_controls
        return [
            TableLookup(*size, look, num_controls=c),
            TableUncompute(*size, unlook, num_controls=c),
        ]

    @property
    def system_bitsize(self) -> SymbolicInt:
        """Qubits of a column index."""
        return self.row_tree.levels

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Qubits of a row index, and the flag."""
        return self.row_tree.levels + 1

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return largest([self.row_tree.bits, self.norm_tree.bits])

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        parts = [self.row_tree, self.norm_tree, *self._tables()]
        return largest([part.workspace for part in parts])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One tree, the adjoint of the other, and the rotation of the flag."""
        c = self.num_controls
        trees = [tree.with_controls(c) for tree in (self.row_tree, self.norm_tree)]
        tables = [(table, 1) for table in self._tables()]
        return tally([*((t, 1) for t in trees), *tables, (phase_addition(self.norm_tree.bits), 1)])


@attrs.frozen
class BatchedHistory(EncodingCircuit):
    r"""Encodes $I - \sum_t |t\rangle\langle t-1| \otimes M_{b(t)}$, degree 1 or a lift.

    Args:
        history: of encodings whose tables are addressed by the batch as well.
        batch: the number of the batch.

    Registers:
        ctrl: the control, if there is one.
        system: that of the history.
        ancilla: those of the history, and the batch where a table fills it.
        resource: the phase gradient.
    """

    history: EncodingCircuit = attrs.field(validator=uncontrolled)
    batch: BatchOfStep

    @property
    def system_bitsize(self) -> SymbolicInt:
        """Index and time."""
        return self.history.system_bitsize

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Those of the history, and the batch."""
        return self.history.ancilla_bitsize + self.batch.bitsize

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.history.resource_bitsize

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return largest([self.history.workspace, self.batch.workspace])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The batch, the history."""
        return tally([(self.history.with_controls(self.num_controls), 1), *self.batch.calls()])


@attrs.frozen
class BatchedVector(Circuit):
    r"""Prepares $\sum_{t<T} \|g_{b(t)}\|\, |t\rangle |g_{b(t)}/\|g_{b(t)}\|\rangle$, normalised.

    Args:
        times: tree over the steps, a single row.
        vector: tree with a row for each batch.
        batch: the number of the batch; its register is one that the matrix holds anyway.

    Registers:
        ctrl: the control, if there is one.
        target: $n$ qubits.
        time: $\lceil\log_2 T\rceil$ qubits.
        batch: where a table fills it.
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
            batch=self.batch.bitsize,
            phase_gradient=self.resource_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        parts = [self.times, self.vector, self.batch]
        return largest([part.workspace for part in parts])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The times, the batch, the vector."""
        c = self.num_controls
        trees = [(tree.with_controls(c), 1) for tree in (self.times, self.vector)]
        return tally([*trees, *self.batch.calls()])
