r"""Encodings of one matrix out of several, named by a register: tables of all of them.

All share one normalisation, that of the largest. A row is addressed by (batch, row) with $n$ qubits
for the row, so tables of all rows have $(n_b - 1) 2^n + r$: only those of the last batch end at $r$.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from qualtran import Signature
from qualtran.bloqs.basic_gates import TwoBitCSwap
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import EncodingCircuit, share_of_alpha, uncontrolled
from qres.bloqs.damped_step import Blocks, upper_gradient, with_register
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, tally
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.signed_addition import LoadedRotation
from qres.bloqs.sparse_encoding import SparseEncoding, angle_words, move_words, neighbours
from qres.bloqs.steps import Bits, Step, Wire, exchange
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.bloqs.words import Words, cosine_words
from qres.errors import InputError


@attrs.frozen
class BatchedTrees(EncodingCircuit):
    r"""Encodes one of $n_b$ dense matrices, named by a register, all with $\alpha \ge \max_b\|A_b\|_F$.

    $\langle b, i| U_1^\dagger U_2 |b, j\rangle = A^b_{ij}/\|A_b\|_F$ as for one matrix, both trees with
    a row of angles more for each batch; a flag is rotated by a loaded angle for $\|A_b\|_F/\alpha$.

    Args:
        row_tree: one row of angles for each batch and row, $(n_b - 1) 2^n + r$.
        norm_tree: one row of angles for each batch.
        scale_blocks: block exponents of the look-up of the flag's angle and of its uncomputation.
        scales: a word of b bits for each batch; not needed to count.

    Registers:
        ctrl: the control, if there is one.
        system: $n$ qubits.
        ancilla: $n$ qubits and the flag.
        resource: the phase gradient.
        batch: $\lceil\log_2 n_b\rceil$ qubits.
    """

    row_tree: LoadedRotationTree = attrs.field(validator=uncontrolled)
    norm_tree: LoadedRotationTree = attrs.field(validator=uncontrolled)
    scale_blocks: Blocks
    scales: Words | None = attrs.field(default=None, kw_only=True, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.norm_tree.levels != self.row_tree.levels:
            raise InputError(
                f"BatchedTrees.norm_tree has {self.norm_tree.levels} levels; "
                f"it must have {self.row_tree.levels}"
            )
        self._tables()

    def _tables(self) -> tuple[TableLookup, TableUncompute]:
        """The tables of the flag's angle; building them also checks the block exponents."""
        size = (self.norm_tree.rows, self.norm_tree.bits)
        more = {"num_controls": self.num_controls, "data": self.scales}
        look, unlook = self.scale_blocks
        return TableLookup(*size, look, **more), TableUncompute(*size, unlook, **more)

    @property
    def signature(self) -> Signature:
        """Registers of an encoding, and the batch."""
        return with_register(super().signature, batch=ceil_log2(self.norm_tree.rows))

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
        """The largest table alive, or an angle and the carries while it is added."""
        turn = LoadedRotation(self.norm_tree.bits).word_and_carries
        return largest([turn, *(part.workspace for part in (*self._trees(), *self._tables()))])

    def _trees(self) -> tuple[LoadedRotationTree, LoadedRotationTree]:
        c = self.num_controls
        return self.row_tree.with_controls(c), self.norm_tree.with_controls(c)

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One tree, the adjoint of the other, the rotation of the flag, the exchange if controlled."""
        parts = [(part, 1) for part in (*self._trees(), *self._tables())]
        swaps = (TwoBitCSwap(), self.num_controls * self.system_bitsize)
        return tally([*parts, (LoadedRotation(self.norm_tree.bits), 1), swaps])

    def with_matrices(self, matrices: Sequence[np.ndarray]) -> BatchedTrees:
        """The same circuit with the angles of these matrices, one for each batch.

        Raises:
            InputError: matrices that do not fit, are all zero, or have a norm above `alpha`.
        """
        size = 2**self.row_tree.levels
        rows = self.row_tree.rows - (self.norm_tree.rows - 1) * size
        stack = stacked(matrices, self.norm_tree.rows, rows)
        whole = np.linalg.norm(stack, axis=(1, 2))
        padded = np.zeros((len(stack), size, size))
        padded[:, :rows, :rows] = stack
        most = float(whole.max())
        share = share_of_alpha(self, most, "the largest Frobenius norm of the matrices")
        scales = cosine_words(share * whole / most, self.norm_tree.bits)
        row_tree = self.row_tree.with_vectors(padded.reshape(-1, size)[: self.row_tree.rows])
        norm_tree = self.norm_tree.with_vectors(np.linalg.norm(padded, axis=2))
        return attrs.evolve(self, row_tree=row_tree, norm_tree=norm_tree, scales=scales)

    def steps(self) -> Sequence[Step]:
        """The flag; norms beside the column; the row away from the column register; the exchange."""
        (row_tree, norm_tree), (look, unlook) = self._trees(), self._tables()
        n, bits = self.system_bitsize, self.norm_tree.bits
        system, ancilla, control = Bits("system", n), Bits("ancilla", n), Bits("ctrl", 1)
        batch, angle = Bits("batch", ceil_log2(self.norm_tree.rows)), Bits("angle", bits)

        def tree(bloq: LoadedRotationTree, selection: Wire, target: Bits) -> Step:
            wires: dict[str, Wire] = {"ctrl": control, "selection": selection, "target": target}
            return Step(bloq, wires | {"phase_gradient": upper_gradient(self, bloq.bits)})

        load = Step(look, {"ctrl": control, "selection": batch, "target": angle}, unlook)
        wires = {"target": Bits("ancilla", 1, n), "angle": angle}
        turn = Step(LoadedRotation(bits), wires | {"phase_gradient": upper_gradient(self, bits)})
        return (
            *(load, turn, load.adjoint()),
            tree(norm_tree, batch, ancilla),
            tree(row_tree, (batch, ancilla), system).adjoint(),
            *exchange(system, ancilla, control if self.num_controls else None),
        )


@attrs.frozen
class BatchedSlots(SparseEncoding):
    r"""Encodes one of $n_b$ sparse matrices, named by a register, all with $\alpha \ge s' \max|A_b|$.

    Args:
        n_batches: $n_b$.

    Registers:
        ctrl, system, ancilla, resource: those of a sparse encoding.
        batch: $\lceil\log_2 n_b\rceil$ qubits.
    """

    n_batches: SymbolicInt = attrs.field(kw_only=True, converter=as_integer, validator=at_least(2))

    @property
    def signature(self) -> Signature:
        """Registers of a sparse encoding, and the batch."""
        return with_register(super().signature, batch=ceil_log2(self.n_batches))

    @property
    def table_rows(self) -> SymbolicInt:
        """Rows of all batches, each on $n$ qubits."""
        return batched_rows(self.n_batches, self.system_bitsize, self.rows)

    def _address(self) -> tuple[Bits, ...]:
        return (Bits("batch", ceil_log2(self.n_batches)), *super()._address())

    def with_matrices(self, matrices: Sequence[np.ndarray]) -> BatchedSlots:
        """The same circuit with angles and moves of these matrices, one for each batch.

        Raises:
            InputError: matrices that do not fit, are all zero, or have larger entries than `alpha` has
                room for.
        """
        slots: Any = 2**self.slot_bitsize
        size: Any = 2**self.system_bitsize
        count: Any = self.table_rows * slots
        stack, angles, moves = stacked(matrices, self.n_batches, self.rows), [], []
        for matrix, cosines in zip(stack, self.cosines(stack), strict=True):
            columns = neighbours(matrix, slots, is_full=self.is_full)
            padding = [0] * (size - self.rows) * slots
            angles += [*angle_words(cosines, columns, slots, self.bits), *padding]
            moves += [*([] if self.is_full else move_words(columns, slots)), *padding]
        words = None if self.is_full else tuple(moves[:count])
        return attrs.evolve(self, angles=tuple(angles[:count]), moves=words)


def batched_rows(n_batches: SymbolicInt, bitsize: SymbolicInt, rows: SymbolicInt) -> SymbolicInt:
    """Rows of a table over (batch, row), the row on `bitsize` qubits."""
    return (n_batches - 1) * 2**bitsize + rows


def stacked(matrices: Sequence[np.ndarray], count: SymbolicInt, rows: SymbolicInt) -> np.ndarray:
    """Return the matrices as one array.

    Raises:
        InputError: another number or shape, entries that are no numbers, or nothing but zeros.
    """
    shapes = {np.shape(matrix) for matrix in matrices}
    if len(matrices) != count or shapes != {(rows, rows)}:
        raise InputError(f"matrices: expected {count} of {rows} x {rows}, found {shapes}")
    stack = np.asarray(matrices, float)
    if not np.all(np.isfinite(stack)) or not np.any(stack):
        raise InputError("matrices: expected finite entries, not all zero")
    return stack
