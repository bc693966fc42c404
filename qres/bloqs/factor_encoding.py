r"""Block encodings of a rectangular matrix $F$, $r \times r^k$, on $k$ registers of $n$ qubits.

The $k$ registers name the column; afterwards the first names the row and the others are empty.
What is left in them is flagged: an `And` ladder over $(k-1) n$ qubits and the control sets a flag
that stays. As a square matrix the circuit encodes $F \otimes |0\ldots 0\rangle$ row-wise.

A factor may stand beside others in a sum, so a switched-off one must be the identity. Loads then
add zero, diffusions that come twice on the same qubits cancel; an exchange of names, free in a
circuit that always runs, becomes controlled swaps, and a diffusion that comes once is controlled:
two T gates, one Toffoli by catalysis.
"""

from __future__ import annotations

import abc

import attrs
from qualtran import Bloq
from qualtran.bloqs.basic_gates import Hadamard, Toffoli, TwoBitCSwap
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import EncodingCircuit, phase_addition, uncontrolled
from qres.bloqs.integers import as_integer, at_least, largest, tally
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.errors import InputError

Calls = list[tuple[Bloq, SymbolicInt]]


@attrs.frozen
class FactorEncoding(EncodingCircuit):
    r"""What the encodings of an $r \times r^k$ matrix share: registers, and the flag of emptiness.

    Args:
        order: $k \ge 1$, always a number.

    Registers:
        ctrl: the control, if there is one.
        system: $k n$ qubits.
        ancilla: those of the encoding, and for $k > 1$ the flag.
        resource: the phase gradient.

    References:
        [Efficient magic state factories with a catalyzed CCZ to 2T
        transformation](https://arxiv.org/abs/1812.01238). Gidney, Fowler (2018).
    """

    order: int = attrs.field(kw_only=True, converter=as_integer, validator=at_least(1))

    @property
    @abc.abstractmethod
    def register_bitsize(self) -> SymbolicInt:
        """Qubits of one register, $n$."""

    @property
    @abc.abstractmethod
    def own_ancillas(self) -> SymbolicInt:
        """Ancillas beside the flag of emptiness."""

    @property
    def system_bitsize(self) -> SymbolicInt:
        """All registers of a column."""
        return self.order * self.register_bitsize

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Those of the encoding and the flag of emptiness."""
        return self.own_ancillas + (1 if self.order > 1 else 0)

    def emptiness(self) -> Calls:
        """The ladder that flags a register beyond the first that is not empty."""
        if self.order == 1:
            return []
        ladder = largest([(self.order - 1) * self.register_bitsize - 1 + self.num_controls, 0])
        return [(And(), ladder), (And().adjoint(), ladder)]

    def swaps(self) -> Calls:
        """The exchange of the row's register with the first; a change of names if it always runs."""
        return [(TwoBitCSwap(), self.register_bitsize)] if self.num_controls else []

    def diffusions(self, paired: SymbolicInt, single: SymbolicInt) -> Calls:
        """Hadamard gates, on qubits that have two of them and on those that have one."""
        if self.num_controls:
            return [(Hadamard(), 2 * paired), (Toffoli(), single)]
        return [(Hadamard(), 2 * paired + single)]


@attrs.frozen
class FactorTrees(FactorEncoding):
    r"""Encodes $F$ by the states of its rows and the norms of its rows, $\alpha = \|F\|_F$.

    $\langle i| U_1^\dagger U_2 |j\rangle = (F_{ij}/\|F_i\|) (\|F_i\|/\|F\|_F)$: the norms are
    prepared in an ancilla register, the row is unprepared from the $k$ registers, and the ancilla
    takes the place of the first.

    Args:
        row_tree: one row of angles for each row of the matrix, $k n$ levels.
        norm_tree: a single row, $n$ levels.

    References:
        [Quantum recommendation systems](https://arxiv.org/abs/1603.08675). Kerenidis, Prakash
        (2016). Section 5.
    """

    row_tree: LoadedRotationTree = attrs.field(validator=uncontrolled)
    norm_tree: LoadedRotationTree = attrs.field(validator=uncontrolled)

    def __attrs_post_init__(self) -> None:
        levels = (self.order * self.norm_tree.levels, 1)
        if (self.row_tree.levels, self.norm_tree.rows) != levels:
            raise InputError(
                f"FactorTrees.row_tree has {self.row_tree.levels} levels and norm_tree "
                f"{self.norm_tree.rows} rows; they must have {levels[0]} and 1"
            )

    @property
    def register_bitsize(self) -> SymbolicInt:
        """Qubits of one register."""
        return self.norm_tree.levels

    @property
    def own_ancillas(self) -> SymbolicInt:
        """The register of the row."""
        return self.norm_tree.levels

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return largest([self.row_tree.bits, self.norm_tree.bits])

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive in either tree."""
        return largest([self.row_tree.workspace, self.norm_tree.workspace])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One tree and the adjoint of the other."""
        trees = [tree.with_controls(self.num_controls) for tree in (self.row_tree, self.norm_tree)]
        return tally([*((tree, 1) for tree in trees), *self.swaps(), *self.emptiness()])


@attrs.frozen
class FactorTable(FactorEncoding):
    r"""Encodes $F$ from a table of all its entries, $\alpha = 2^{(k+1)n/2} \max|F|$.

    An ancilla register is diffused over the rows; load the angle of entry (row, column), rotate a
    flag by it, unload; the ancilla and the first register are exchanged, and all columns diffused.

    Args:
        rows: rows of the matrix, $r$.
        index_bitsize: qubits of one register, $n$.
        bits: bits of an angle, $b$.
        angle_blocks: block exponents of the look-up of angles and of its uncomputation.
    """

    rows: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    index_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    bits: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    angle_blocks: tuple[SymbolicInt, SymbolicInt]

    def __attrs_post_init__(self) -> None:
        self._tables()

    def _tables(self) -> list[TableLookup | TableUncompute]:
        """The tables in use; building them also checks the block exponents."""
        entries = self.rows * 2 ** (self.order * self.index_bitsize)
        return value_tables(entries, self.bits, self.angle_blocks, self.num_controls)

    @property
    def register_bitsize(self) -> SymbolicInt:
        """Qubits of one register."""
        return self.index_bitsize

    @property
    def own_ancillas(self) -> SymbolicInt:
        """The register of the row and the rotated flag."""
        return self.index_bitsize + 1

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.bits

    @property
    def workspace(self) -> SymbolicInt:
        """The larger table."""
        return largest([table.workspace for table in self._tables()])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One value, the exchange of names, the diffusions."""
        others = (self.order - 1) * self.index_bitsize
        return tally(
            [
                *((table, 1) for table in self._tables()),
                (phase_addition(self.bits), 1),
                *self.swaps(),
                *self.diffusions(self.index_bitsize, others),
                *self.emptiness(),
            ]
        )


@attrs.frozen
class FactorSlots(FactorEncoding):
    r"""Encodes a sparse $F$ from the table of its non-zeros, $\alpha = \sqrt{s'_r s'_c} \max|F|$.

    Rows have at most $s'_r = 2^{\rho}$ entries, columns at most $s'_c = 2^{\sigma}$. A code of
    $n + \beta$ qubits, $\beta = \max((k-1) n + \sigma, \rho)$, names (column, slot) and (row, slot).
    Diffuse over the slots of the column; permute the codes: load the change, add it, erase it by the
    table of the inverse; load the angle of (row, slot), rotate a flag, unload; diffuse over the
    slots of the row. Codes that stand for no entry are permuted among themselves, their angle is
    that of zero. Both tables of the permutation are addressed by the code: $r 2^\beta$ entries.

    Args:
        rows: rows of the matrix, $r$.
        index_bitsize: qubits of one register, $n$.
        row_slot_bitsize: $\rho$.
        column_slot_bitsize: $\sigma$.
        bits: bits of an angle, $b$.
        angle_blocks: block exponents of the look-up of angles and of its uncomputation.
        move_blocks: the same for the tables of the permutation.

    References:
        [Quantum singular value transformation and beyond](https://arxiv.org/abs/1806.01838).
        Gilyén et al. (2018). Lemma 48.
    """

    rows: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    index_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    row_slot_bitsize: int = attrs.field(converter=as_integer, validator=at_least(0))
    column_slot_bitsize: int = attrs.field(converter=as_integer, validator=at_least(0))
    bits: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    angle_blocks: tuple[SymbolicInt, SymbolicInt]
    move_blocks: tuple[SymbolicInt, SymbolicInt]

    def __attrs_post_init__(self) -> None:
        self._tables()

    def _rest(self) -> SymbolicInt:
        r"""Qubits $\beta$ of a code beyond the first register."""
        others = (self.order - 1) * self.index_bitsize
        return largest([others + self.column_slot_bitsize, self.row_slot_bitsize])

    def _tables(self) -> list[TableLookup | TableUncompute]:
        """The tables in use; building them also checks the block exponents."""
        c, rest = self.num_controls, self._rest()
        values = value_tables(self.rows * 2**self.row_slot_bitsize, self.bits, self.angle_blocks, c)
        codes, bitsize = self.rows * 2**rest, self.index_bitsize + rest
        # a single entry has a code of no qubits: nothing to permute
        move = value_tables(codes, bitsize, self.move_blocks, c) if bitsize != 0 else []
        return [*values, *move]

    @property
    def register_bitsize(self) -> SymbolicInt:
        """Qubits of one register."""
        return self.index_bitsize

    @property
    def own_ancillas(self) -> SymbolicInt:
        """The rest of the code beyond the registers, and the rotated flag."""
        return self._rest() - (self.order - 1) * self.index_bitsize + 1

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.bits

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return largest([table.workspace for table in self._tables()])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Permutation and value, each from two tables, and the diffusions."""
        slots = (self.row_slot_bitsize, self.column_slot_bitsize)
        return tally(
            [
                *((table, 1) for table in self._tables()),
                (phase_addition(self.bits), 1),
                *self.diffusions(min(slots), max(slots) - min(slots)),
                *self.emptiness(),
            ]
        )


def value_tables(
    entries: SymbolicInt,
    bitsize: SymbolicInt,
    blocks: tuple[SymbolicInt, SymbolicInt],
    num_controls: SymbolicInt,
) -> list[TableLookup | TableUncompute]:
    """A look-up and the uncomputation of a table of as many entries."""
    return [
        TableLookup(entries, bitsize, blocks[0], num_controls=num_controls),
        TableUncompute(entries, bitsize, blocks[1], num_controls=num_controls),
    ]
