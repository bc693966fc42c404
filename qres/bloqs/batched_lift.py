r"""Parts of a Carleman lift whose $F_k$ differ from batch to batch.

A register names the batch $b$ of the step; every table has a row of angles more for each batch.
All batches share one normalisation, $\max_b$, so what is smaller is scaled down: a flag is rotated
by an angle loaded for the batch. A switched-off load adds zero, so the flag then stays.

A sparse $F_k$ of several matrices needs no circuit of its own: it is `FactorSlots` with a block of
rows for each batch, row (b, i), of which only i is permuted.
"""

from __future__ import annotations

import attrs
from qualtran import Bloq, Signature
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.batched_step import BatchOfStep
from qres.bloqs.circuit import Circuit, phase_addition, registers, uncontrolled
from qres.bloqs.factor_encoding import FactorEncoding, value_tables
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, tally
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.errors import InputError


@attrs.frozen
class BatchedForcing(Circuit):
    r"""Prepares $(\|F_0^b\|/\alpha)\,|F_0^b/\|F_0^b\|\rangle$, $\alpha = \max_b\|F_0^b\|$, in a cell.

    The flag may be any qubit that is zero: the lift uses one of the ancillas of the factor.

    Args:
        tree: one row of angles for each batch, $n$ levels.
        scale_blocks: block exponents of the look-up of the flag's angle and of its uncomputation.

    Registers:
        ctrl: the control, if there is one.
        selection: the batch.
        target: $n$ qubits.
        flag: 1 qubit.
        phase_gradient: that of the tree.
    """

    tree: LoadedRotationTree = attrs.field(validator=uncontrolled)
    scale_blocks: tuple[SymbolicInt, SymbolicInt]

    def __attrs_post_init__(self) -> None:
        self._tables()

    def _tables(self) -> list[TableLookup | TableUncompute]:
        """The tables of the flag's angle; building them also checks the block exponents."""
        return value_tables(self.tree.rows, self.tree.bits, self.scale_blocks, self.num_controls)

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.tree.bits

    @property
    def signature(self) -> Signature:
        """Registers, all held throughout."""
        return registers(
            ctrl=self.num_controls,
            selection=ceil_log2(self.tree.rows),
            target=self.tree.levels,
            flag=1,
            phase_gradient=self.resource_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return largest([part.workspace for part in (self.tree, *self._tables())])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The tree, and the rotation of the flag."""
        tables = [(table, 1) for table in self._tables()]
        tree = self.tree.with_controls(self.num_controls)
        return tally([(tree, 1), *tables, (phase_addition(self.tree.bits), 1)])


@attrs.frozen
class BatchedFactorTrees(FactorEncoding):
    r"""Encodes one of $n_b$ matrices $F^b$, $r \times r^k$, all with $\alpha = \max_b\|F^b\|_F$.

    As `FactorTrees`, $\langle i| U_1^\dagger U_2 |j\rangle = F^b_{ij}/\|F^b\|_F$, and a flag that is
    rotated for $\|F^b\|_F/\alpha$.

    Args:
        row_tree: one row of angles for each batch and row, $k n$ levels.
        norm_tree: one row of angles for each batch, $n$ levels.
        scale_blocks: block exponents of the look-up of the flag's angle and of its uncomputation.
    """

    row_tree: LoadedRotationTree = attrs.field(validator=uncontrolled)
    norm_tree: LoadedRotationTree = attrs.field(validator=uncontrolled)
    scale_blocks: tuple[SymbolicInt, SymbolicInt]

    def __attrs_post_init__(self) -> None:
        levels = self.order * self.norm_tree.levels
        if self.row_tree.levels != levels:
            raise InputError(
                f"BatchedFactorTrees.row_tree has {self.row_tree.levels} levels; it must have {levels}"
            )
        self._tables()

    def _tables(self) -> list[TableLookup | TableUncompute]:
        """The tables of the flag's angle; building them also checks the block exponents."""
        size = (self.norm_tree.rows, self.norm_tree.bits)
        return value_tables(*size, self.scale_blocks, self.num_controls)

    @property
    def register_bitsize(self) -> SymbolicInt:
        """Qubits of one register."""
        return self.norm_tree.levels

    @property
    def own_ancillas(self) -> SymbolicInt:
        """The register of the row, and the flag of the scale."""
        return self.norm_tree.levels + 1

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return largest([self.row_tree.bits, self.norm_tree.bits])

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        parts = (self.row_tree, self.norm_tree, *self._tables())
        return largest([part.workspace for part in parts])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One tree, the adjoint of the other, and the rotation of the flag."""
        trees = [tree.with_controls(self.num_controls) for tree in (self.row_tree, self.norm_tree)]
        calls: list[tuple[Bloq, SymbolicInt]] = [(part, 1) for part in (*trees, *self._tables())]
        scale = (phase_addition(self.norm_tree.bits), 1)
        return tally([*calls, scale, *self.swaps(), *self.emptiness()])


@attrs.frozen
class BatchedLiftedVector(Circuit):
    r"""Prepares $\sum_{t<T} |t\rangle \sum_{j=1}^{\mu} \beta_b^j |j\rangle |g_b\rangle^{\otimes j}$.

    Normalised, $b = b(t)$, $\beta_b = \eta\|F_0^b\|/\gamma$, $g_b$ the direction of $F_0^b$. The times by
    their weights $(\sum_j \beta_{b(t)}^{2j})^{1/2}$; the batch; the block index by a tree with a row for
    each batch; then as in `LiftedVector`: "$j \ge s$" for $s = 2..\mu$, $\max(\mu - 2, 0)$ gates, and the
    vector in the first cell and, under these, in the others. An outer control acts on both trees of
    weights and on the first vector: switched off, the block index stays that of $j = 1$.

    Args:
        times: tree over the steps, a single row.
        weights: tree over the block index, a row for each batch.
        vector: tree over a cell, a row for each batch.
        batch: the number of the batch; its register is one that the matrix holds anyway.
        powers: $\mu$, always a number.

    Registers:
        ctrl: the control, if there is one.
        target: $\mu$ cells of $n$ qubits.
        block: the block index, $\lceil\log_2\mu\rceil$ qubits.
        time: $\lceil\log_2 T\rceil$ qubits.
        batch: where a table fills it.
        phase_gradient: that of the trees.
    """

    times: LoadedRotationTree = attrs.field(validator=uncontrolled)
    weights: LoadedRotationTree = attrs.field(validator=uncontrolled)
    vector: LoadedRotationTree = attrs.field(validator=uncontrolled)
    batch: BatchOfStep
    powers: int = attrs.field(converter=as_integer, validator=at_least(1))

    def __attrs_post_init__(self) -> None:
        if is_symbolic(self.powers):
            raise InputError(f"BatchedLiftedVector.powers is {self.powers}; it must be a number")
        found = (self.times.rows, self.weights.levels)
        if found != (1, ceil_log2(self.powers)):
            raise InputError(
                f"BatchedLiftedVector has {found[0]} rows of times and {found[1]} levels of weights;"
                f" it must have 1 and {ceil_log2(self.powers)}"
            )

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return largest([self.times.bits, self.weights.bits, self.vector.bits])

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(
            ctrl=self.num_controls,
            target=self.powers * self.vector.levels,
            block=self.weights.levels,
            time=self.times.levels,
            batch=self.batch.bitsize,
            phase_gradient=self.resource_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive and the bits "j >= s"."""
        parts = [self.times, self.weights, self.vector, self.batch]
        return largest([part.workspace for part in parts]) + self.powers - 1

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Times, batch, weights, and the vector once for each power."""
        trees = (self.times, self.weights, self.vector)
        gates = max(self.powers - 2, 0)
        return tally(
            [
                *((tree.with_controls(self.num_controls), 1) for tree in trees),
                (self.vector.with_controls(1), self.powers - 1),
                (And(), gates),
                (And().adjoint(), gates),
                *self.batch.calls(),
            ]
        )
