r"""Parts of a Carleman lift whose $F_k$ differ from batch to batch.

A register names the batch $b$ of the step; every table is addressed by it as well, rows by (batch,
row) as in `batched_encoding`. All batches share one normalisation, $\max_b$, so what is smaller is
scaled down: a flag is rotated by an angle loaded for the batch. A switched-off load adds zero, so the
flag then stays.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from qualtran import Signature
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.batched_encoding import batched_rows
from qres.bloqs.circuit import Circuit, registers, share_of_alpha, uncontrolled
from qres.bloqs.damped_step import with_register
from qres.bloqs.factor_encoding import FactorTrees, value_tables
from qres.bloqs.factor_tables import FactorSlots
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, tally
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.signed_addition import LoadedRotation
from qres.bloqs.steps import Bits, Step, Wire
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.bloqs.words import Words, cosine_words
from qres.errors import InputError


@attrs.frozen
class BatchedForcing(Circuit):
    r"""Prepares $(\|F_0^b\|/\alpha)\,|F_0^b/\|F_0^b\|\rangle$, $\alpha = \max_b\|F_0^b\|$, in a cell.

    The flag may be any qubit that is zero: the lift uses one of the ancillas of the factor.

    Args:
        tree: one row of angles for each batch, $n$ levels.
        scale_blocks: block exponents of the look-up of the flag's angle and of its uncomputation.
        scales: a word of b bits for each batch; not needed to count.

    Registers:
        ctrl: the control, if there is one.
        batch: its number.
        target: $n$ qubits.
        flag: 1 qubit.
        phase_gradient: that of the tree.
    """

    tree: LoadedRotationTree = attrs.field(validator=uncontrolled)
    scale_blocks: tuple[SymbolicInt, SymbolicInt]
    scales: Words | None = attrs.field(default=None, kw_only=True, repr=False)

    def __attrs_post_init__(self) -> None:
        self._tables()

    def _tables(self) -> list[TableLookup | TableUncompute]:
        """The tables of the flag's angle; building them also checks the block exponents."""
        size, c = (self.tree.rows, self.tree.bits), self.num_controls
        return value_tables(*size, self.scale_blocks, c, self.scales)

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.tree.bits

    @property
    def signature(self) -> Signature:
        """Registers, all held throughout."""
        return registers(
            ctrl=self.num_controls,
            batch=ceil_log2(self.tree.rows),
            target=self.tree.levels,
            flag=1,
            phase_gradient=self.resource_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive, or an angle and the carries while it is added."""
        turn = LoadedRotation(self.tree.bits).word_and_carries
        return largest([turn, *(part.workspace for part in (self.tree, *self._tables()))])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The tree, and the rotation of the flag."""
        tables = [(table, 1) for table in self._tables()]
        tree = self.tree.with_controls(self.num_controls)
        return tally([(tree, 1), *tables, (LoadedRotation(self.tree.bits), 1)])

    def with_vectors(self, vectors: np.ndarray) -> BatchedForcing:
        """The same circuit with the data of these rows, one for each batch.

        Raises:
            InputError: rows that do not fit.
        """
        norms = np.linalg.norm(vectors, axis=1)
        scales = cosine_words(norms / norms.max(), self.tree.bits)
        return attrs.evolve(self, tree=self.tree.with_vectors(vectors), scales=scales)

    def steps(self) -> Sequence[Step]:
        """The flag of the scale beside the vector of the batch."""
        batch, ctrl = Bits("batch", ceil_log2(self.tree.rows)), Bits("ctrl", 1)
        gradient = Bits("phase_gradient", self.tree.bits)
        wires: dict[str, Wire] = {"ctrl": ctrl, "selection": batch, "phase_gradient": gradient}
        tree = self.tree.with_controls(self.num_controls)
        scale = scaled(self._tables(), {**wires, "target": Bits("flag", 1)})
        return (*scale, Step(tree, {**wires, "target": Bits("target", self.tree.levels)}))


def scaled(
    tables: Sequence[TableLookup | TableUncompute], wires: dict[str, Wire]
) -> tuple[Step, ...]:
    """Load an angle, rotate the flag `target` by it, erase the angle."""
    angle = Bits("angle", tables[0].bitsize)
    load = Step(tables[0], {**wires, "target": angle}, tables[1])
    return (
        load,
        Step(LoadedRotation(tables[0].bitsize), {**wires, "angle": angle}),
        load.adjoint(),
    )


@attrs.frozen
class BatchedFactorTrees(FactorTrees):
    r"""Encodes one of $n_b$ matrices $F^b$, $r \times r^k$, all with $\alpha \ge \max_b\|F^b\|_F$.

    As `FactorTrees`, $\langle i| U_1^\dagger U_2 |j\rangle = F^b_{ij}/\|F^b\|_F$, and a flag that is
    rotated for $\|F^b\|_F/\alpha$.

    Args:
        row_tree: one row of angles for each batch and row, $(n_b - 1) 2^n + r$, and $k n$ levels.
        norm_tree: one row of angles for each batch, $n$ levels.
        scale_blocks: block exponents of the look-up of the flag's angle and of its uncomputation.
        scales: a word of b bits for each batch; not needed to count.

    Registers:
        ctrl, system, ancilla, resource: those of a factor; the flag of the scale is above the row.
        batch: its number.
    """

    scale_blocks: tuple[SymbolicInt, SymbolicInt] = attrs.field(kw_only=True)
    scales: Words | None = attrs.field(default=None, kw_only=True, repr=False)

    def __attrs_post_init__(self) -> None:
        levels = self.order * self.norm_tree.levels
        if self.row_tree.levels != levels:
            raise InputError(
                f"BatchedFactorTrees.row_tree has {self.row_tree.levels} levels; it must have {levels}"
            )
        self._tables()

    def _tables(self) -> list[TableLookup | TableUncompute]:
        """The tables of the flag's angle; building them also checks the block exponents."""
        size, c = (self.norm_tree.rows, self.norm_tree.bits), self.num_controls
        return value_tables(*size, self.scale_blocks, c, self.scales)

    @property
    def signature(self) -> Signature:
        """Registers of a factor, and the batch."""
        return with_register(super().signature, batch=ceil_log2(self.norm_tree.rows))

    @property
    def own_ancillas(self) -> SymbolicInt:
        """The register of the row, and the flag of the scale."""
        return self.norm_tree.levels + 1

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive, or an angle and the carries while it is added."""
        parts = (self.row_tree, self.norm_tree, *self._tables())
        turn = LoadedRotation(self.norm_tree.bits).word_and_carries
        return largest([turn, *(part.workspace for part in parts)])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One tree, the adjoint of the other, and the rotation of the flag."""
        scale = [
            *((table, 1) for table in self._tables()),
            (LoadedRotation(self.norm_tree.bits), 1),
        ]
        return tally([*scale, *super().build_call_graph(ssa).items()])

    def _address(self) -> tuple[Bits, ...]:
        return (Bits("batch", ceil_log2(self.norm_tree.rows)),)

    def with_tensors(self, tensors: Sequence[np.ndarray]) -> BatchedFactorTrees:
        r"""The same circuit with the angles of these matrices, one for each batch.

        Raises:
            InputError: another number of matrices, or one that does not fit, is zero, has entries that
                are no numbers, or a norm above `alpha`.
        """
        _require_count(tensors, self.norm_tree.rows)
        size, count = int(2**self.register_bitsize), int(self.row_tree.rows)
        rows = count - (int(self.norm_tree.rows) - 1) * size
        parts = [self.take_tensor(tensor, rows) for tensor in tensors]
        padded = np.zeros((len(parts), size, parts[0].shape[1]))
        padded[:, :rows] = parts
        stack = padded.reshape(len(parts) * size, -1)[:count]
        whole = np.linalg.norm(padded, axis=(1, 2))
        most = float(whole.max())
        share = share_of_alpha(self, most, "the largest Frobenius norm of the matrices")
        return attrs.evolve(
            self,
            row_tree=self.row_tree.with_vectors(stack),
            norm_tree=self.norm_tree.with_vectors(np.linalg.norm(padded, axis=2)),
            scales=cosine_words(share * whole / most, self.norm_tree.bits),
        )

    def steps(self) -> Sequence[Step]:
        """The flag of the scale, and the factor of the batch."""
        bits = self.norm_tree.bits
        gradient = Bits("resource", bits, self.resource_bitsize - bits)
        wires: dict[str, Wire] = {"ctrl": Bits("ctrl", 1), "selection": self._address()}
        wires |= {"phase_gradient": gradient, "target": Bits("ancilla", 1, self.register_bitsize)}
        return (*scaled(self._tables(), wires), *super().steps())


@attrs.frozen
class BatchedFactorSlots(FactorSlots):
    r"""Encodes one of $n_b$ sparse matrices $F^b$, all with $\alpha \ge \sqrt{s'_r s'_c} \max|F^b|$.

    Args:
        n_batches: $n_b$.

    Registers:
        ctrl, system, ancilla, resource: those of a factor.
        batch: its number.
    """

    n_batches: SymbolicInt = attrs.field(kw_only=True, converter=as_integer, validator=at_least(2))

    @property
    def signature(self) -> Signature:
        """Registers of a factor, and the batch."""
        return with_register(super().signature, batch=ceil_log2(self.n_batches))

    @property
    def table_rows(self) -> SymbolicInt:
        """Rows of all batches, each on $n$ qubits."""
        return batched_rows(self.n_batches, self.index_bitsize, self.rows)

    def _address(self) -> tuple[Bits, ...]:
        return (Bits("batch", ceil_log2(self.n_batches)), *super()._address())

    def with_tensors(self, tensors: Sequence[np.ndarray]) -> BatchedFactorSlots:
        r"""The same circuit with the data of these matrices, one for each batch.

        Raises:
            InputError: another number of matrices, or one that does not fit, is zero, or has entries
                that are no numbers or larger than `alpha` has room for.
        """
        _require_count(tensors, self.n_batches)
        found = [self.slot_words(self.take_tensor(tensor, self.rows)) for tensor in tensors]
        cosines = self.cosines(np.array([entries for entries, _, _ in found]))
        missing = int(2**self.index_bitsize - self.rows)

        def whole(parts: Sequence[Words], bits: SymbolicInt) -> Words:
            width = 2 ** int(bits)
            words = [word for part in parts for word in (*part, *(0,) * (missing * width))]
            return tuple(words[: int(self.table_rows) * width])

        angles = [cosine_words(part, self.bits) for part in cosines]
        there = whole([item[1] for item in found], self._rest())
        moves = (there, whole([item[2] for item in found], self._rest()))
        return attrs.evolve(self, angles=whole(angles, self.row_slot_bitsize), moves=moves)


def _require_count(tensors: Sequence[np.ndarray], count: SymbolicInt) -> None:
    """Refuse more or fewer matrices than there are batches."""
    if len(tensors) != count:
        raise InputError(f"tensors: expected {count}, one for each batch, found {len(tensors)}")
