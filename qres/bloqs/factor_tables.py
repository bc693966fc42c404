r"""Encodings of a rectangular matrix $F$, $r \times r^k$, from a table of its entries.

Unless $r = 2^n$, a register may name rows beyond the matrix: where the circuit runs backwards, or
where another one has left something that is flagged already. A comparison sees to them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from qualtran.bloqs.arithmetic import LessThanConstant
from qualtran.bloqs.basic_gates import CNOT
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import share_of_alpha
from qres.bloqs.conjunction import flipped, reaches
from qres.bloqs.factor_encoding import (
    Calls,
    FactorEncoding,
    beyond,
    value_tables,
)
from qres.bloqs.integers import as_integer, at_least, largest, tally
from qres.bloqs.signed_addition import LoadedRotation
from qres.bloqs.steps import Bits, Step, backwards, copies
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.bloqs.words import Words, cosine_words
from qres.errors import InputError


@attrs.frozen
class FactorTable(FactorEncoding):
    r"""Encodes $F$ from a table of all its entries, $\alpha \ge 2^{(k+1)n/2} \max|F|$.

    An ancilla register is diffused over the rows; load the angle of entry (column, row), rotate a
    flag by it, unload; the ancilla and the first register are exchanged, and all columns diffused.
    The table has $2^n$ rows, and $r$ values of the first digit of a column, $2^n$ of the others; a
    first digit beyond the matrix, which backwards is a row, is flagged: $n$ gates unless $r = 2^n$.

    Args:
        rows: rows of the matrix, $r$.
        index_bitsize: qubits of one register, $n$.
        bits: bits of an angle, $b$.
        angle_blocks: block exponents of the look-up of angles and of its uncomputation.
        angles: a word of $b$ bits for each column and row; not needed to count.
    """

    rows: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    index_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    bits: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    angle_blocks: tuple[SymbolicInt, SymbolicInt]
    angles: Words | None = attrs.field(default=None, kw_only=True, repr=False)

    def __attrs_post_init__(self) -> None:
        self._tables()

    def _tables(self) -> list[TableLookup | TableUncompute]:
        """The tables in use; building them also checks the block exponents."""
        entries = self.rows * 2 ** (self.order * self.index_bitsize)
        return value_tables(entries, self.bits, self.angle_blocks, self.num_controls, self.angles)

    @property
    def register_bitsize(self) -> SymbolicInt:
        """Qubits of one register."""
        return self.index_bitsize

    @property
    def has_range(self) -> SymbolicInt:
        """1 where a row beyond the matrix must be flagged, else 0."""
        return beyond(self.rows, self.index_bitsize)

    @property
    def own_ancillas(self) -> SymbolicInt:
        """The register of the row, the rotated flag, and that of rows beyond the matrix."""
        return self.index_bitsize + 1 + self.has_range

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.bits

    @property
    def workspace(self) -> SymbolicInt:
        """The larger table, or the angle and the carries while it is added."""
        turn = LoadedRotation(self.bits).word_and_carries
        return largest([turn, *(table.workspace for table in self._tables())])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One value, the exchange of names, the diffusions, rows beyond the matrix."""
        others = (self.order - 1) * self.index_bitsize
        return tally(
            [
                *((table, 1) for table in self._tables()),
                (LoadedRotation(self.bits), 1),
                *self.swaps(),
                *self.diffusions(self.index_bitsize, others),
                (LessThanConstant(self.index_bitsize, self.rows), self.has_range),
                *self.emptiness(),
            ]
        )

    def with_tensor(self, tensor: np.ndarray) -> FactorTable:
        r"""The same circuit with the angles of this matrix, $r \times r^k$.

        Raises:
            InputError: a matrix that does not fit, is zero, or has entries that are no numbers or larger
                than `alpha` has room for.
        """
        rows, digit = int(self.rows), int(2**self.index_bitsize)
        padded, columns = self.take_tensor(tensor, rows), rows * digit ** (self.order - 1)
        entries = np.zeros((columns, digit))
        entries[:, :rows] = padded[:, :columns].T
        most = float(np.abs(entries).max())
        least = math.sqrt(2 ** ((self.order + 1) * int(self.index_bitsize))) * most
        what = "the root of (padded rows) x (padded columns) times the largest entry"
        share = share_of_alpha(self, least, what)
        return attrs.evolve(self, angles=cosine_words(share * entries / most, self.bits))

    def steps(self) -> Sequence[Step]:
        """Diffuse the rows, rotate the flag by the angle of the entry, exchange, diffuse."""
        row = Bits("ancilla", self.index_bitsize)
        flag, late = (Bits("ancilla", 1, row.width + place) for place in (0, 1))
        rows = self.diffuse([row[i] for i in range(row.width)], is_single=False)
        rest = [self.others[i] for i in range(self.others.width)]
        system = Bits("system", self.system_bitsize)
        return (
            *rows,
            *self._range(late),
            *self.turn_by(self._tables(), (system, row), flag, self.bits),
            *self.exchange_row(),
            *rows,
            *self.diffuse(rest, is_single=True),
            *self.flag_leftovers(),
        )

    def _range(self, flag: Bits) -> tuple[Step, ...]:
        """Flag a first digit beyond the matrix."""
        if not self.has_range:
            return ()
        compare = LessThanConstant(self.index_bitsize, self.rows)
        return (Step(compare, {"x": self.first, "target": flag}, compare), *flipped(flag))


@attrs.frozen
class FactorSlots(FactorEncoding):
    r"""Encodes a sparse $F$ from the table of its non-zeros, $\alpha \ge \sqrt{s'_r s'_c} \max|F|$.

    Rows have at most $s'_r = 2^{\rho}$ entries, columns at most $s'_c = 2^{\sigma}$. A code of
    $n + \beta$ qubits, $\beta = \max((k-1) n + \sigma, \rho)$, names (column, slot) and (row, slot).
    Diffuse over the slots of the column; permute the codes: load the change, add it, erase it by the
    table of the inverse; load the angle of (row, slot), rotate a flag, unload; diffuse over the
    slots of the row. Codes that stand for no entry are permuted among themselves, their angle is
    that of zero. Both tables of the permutation are addressed by the code: $r 2^\beta$ entries. At
    $k = 1$ and $\sigma < \rho$ the angle is that of (column, slot), loaded before the permutation: a
    table of $r 2^\sigma$ entries, not $r 2^\rho$.

    The permutation keeps the first register within the matrix. Beyond it the two tables would not
    undo each other, so there they are switched off: unless $r = 2^n$, $n - 1$ gates to compare before
    and as many after, as the register has changed, and one for the control.

    Args:
        rows: rows of the matrix, $r$.
        index_bitsize: qubits of one register, $n$.
        row_slot_bitsize: $\rho$.
        column_slot_bitsize: $\sigma$.
        bits: bits of an angle, $b$.
        angle_blocks: block exponents of the look-up of angles and of its uncomputation.
        move_blocks: the same for the tables of the permutation.
        angles: a word of $b$ bits for each row (or column) and slot; not needed to count.
        moves: a word of $n + \beta$ bits for each code, and those of the inverse.

    References:
        [Quantum singular value transformation and beyond](https://arxiv.org/abs/1806.01838).
        Gilyén et al. (2018). Lemma 48.
    """

    rows: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    index_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    row_slot_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    column_slot_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    bits: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    angle_blocks: tuple[SymbolicInt, SymbolicInt]
    move_blocks: tuple[SymbolicInt, SymbolicInt]
    angles: Words | None = attrs.field(default=None, kw_only=True, repr=False)
    moves: tuple[Words, Words] | None = attrs.field(default=None, kw_only=True, repr=False)

    def __attrs_post_init__(self) -> None:
        self._values()
        self._moves()

    def _rest(self) -> SymbolicInt:
        r"""Qubits $\beta$ of a code beyond the first register."""
        others = (self.order - 1) * self.index_bitsize
        return largest([others + self.column_slot_bitsize, self.row_slot_bitsize])

    def _shared(self) -> SymbolicInt:
        """Qubits of the slot that rows and columns both have."""
        slots = (self.row_slot_bitsize, self.column_slot_bitsize)
        return as_integer(sum(slots) - largest(slots))

    def _value_slots(self) -> SymbolicInt:
        """Qubits of the slot by which angles are addressed."""
        return self._shared() if self.order == 1 else self.row_slot_bitsize

    @property
    def table_rows(self) -> SymbolicInt:
        """Rows that the tables hold."""
        return self.rows

    def _address(self) -> tuple[Bits, ...]:
        """Slices that name a row of the tables."""
        return (self.first,)

    def _values(self) -> list[TableLookup | TableUncompute]:
        entries = self.table_rows * 2 ** self._value_slots()
        return value_tables(entries, self.bits, self.angle_blocks, self.num_controls, self.angles)

    def _moves(self, data: Words | None = None) -> list[TableLookup | TableUncompute]:
        """The tables of a permutation; a single entry has a code of no qubits."""
        codes, bitsize = self.table_rows * 2 ** self._rest(), self.index_bitsize + self._rest()
        if bitsize == 0:
            return []
        controls = largest([self.num_controls, self.has_range])
        return value_tables(codes, bitsize, self.move_blocks, controls, data)

    @property
    def register_bitsize(self) -> SymbolicInt:
        """Qubits of one register."""
        return self.index_bitsize

    @property
    def has_range(self) -> SymbolicInt:
        """1 where a register may name a row beyond the matrix, else 0."""
        return beyond(self.rows, self.index_bitsize)

    @property
    def spare_bitsize(self) -> SymbolicInt:
        """Qubits of a code beyond the registers."""
        return self._rest() - (self.order - 1) * self.index_bitsize

    @property
    def own_ancillas(self) -> SymbolicInt:
        """The spare qubits of the code and the rotated flag."""
        return self.spare_bitsize + 1

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.bits

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive; beside a permutation the qubit that says whether it is on."""
        inside = self.has_range
        moves = [table.workspace + inside for table in self._moves()]
        turn = LoadedRotation(self.bits).word_and_carries
        return largest([turn, *(table.workspace for table in self._values()), *moves])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Permutation and value, each from two tables, the diffusions, rows beyond the matrix."""
        slots, shared = (self.row_slot_bitsize, self.column_slot_bitsize), self._shared()
        inside = self.has_range * (2 * (self.index_bitsize - 1) + self.num_controls)
        calls: Calls = [
            *((table, 1) for table in (*self._values(), *self._moves())),
            (LoadedRotation(self.bits), 1),
            *self.diffusions(shared, largest(slots) - shared),
            (And(), inside),
            (And().adjoint(), inside),
        ]
        return tally([*calls, *self.emptiness()])

    def with_tensor(self, tensor: np.ndarray) -> FactorSlots:
        r"""The same circuit with angles and moves of this matrix, $r \times r^k$.

        Raises:
            InputError: a matrix that does not fit, is zero, has entries that are no numbers, more
                of them in a row or column than there are slots, or larger ones than `alpha` has room
                for.
        """
        padded = self.take_tensor(tensor, self.rows)
        entries, there, back = self.slot_words(padded)
        words = cosine_words(self.cosines(entries), self.bits)
        return attrs.evolve(self, angles=words, moves=(there, back))

    def cosines(self, entries: np.ndarray) -> np.ndarray:
        r"""Return $\sqrt{s'_r s'_c} F/\alpha$ of these entries, those of one matrix or of several.

        Raises:
            InputError: larger entries than `alpha` has room for.
        """
        most = float(np.abs(entries).max())
        least = math.sqrt(2 ** int(self.row_slot_bitsize + self.column_slot_bitsize)) * most
        what = "the root of (slots of a row) x (slots of a column) times the largest entry"
        share = share_of_alpha(self, least, what)
        return share * entries / most

    def slot_words(self, padded: np.ndarray) -> tuple[np.ndarray, Words, Words]:
        """Return entries by row (or column) and slot, and the changes of codes there and back.

        Raises:
            InputError: more entries in a row or column than there are slots.
        """
        slots: Any = (2**self.row_slot_bitsize, 2**self.column_slot_bitsize)
        by_row: Any = self._value_slots() == self.row_slot_bitsize
        places = slots_of(padded)
        if any(s >= slots[0] or t >= slots[1] for _, s, _, t in places):
            raise InputError(
                f"tensor: expected at most {slots[0]} entries in a row, {slots[1]} in a column"
            )
        entries, moves = np.zeros((len(padded), slots[0 if by_row else 1])), {}
        spare, rest = int(self.spare_bitsize), int(self._rest())
        for i, s, j, t in places:
            entries[(i, s) if by_row else (j, t)] = padded[i, j]
            moves[j << spare | t] = i << rest | s
        there = permuted(moves, len(padded) << rest)
        back = [0] * len(there)
        for code, target in enumerate(there):
            back[target] = code ^ target
        return entries, tuple(code ^ target for code, target in enumerate(there)), tuple(back)

    def steps(self) -> Sequence[Step]:
        """Diffuse over slots of the column, permute, rotate the flag, diffuse over slots of the row."""
        spare = Bits("ancilla", self.spare_bitsize)
        flag = Bits("ancilla", 1, spare.width)
        code = [*(spare[i] for i in range(spare.width))]
        code += [self.others[i] for i in range(self.others.width)]
        common: Any = self._shared()
        both = self.diffuse(code[:common], is_single=False)
        sizes: Any = (self.column_slot_bitsize, self.row_slot_bitsize)
        column, row = (self.diffuse(code[common:size], is_single=True) for size in sizes)
        named: Any = self._value_slots()
        address = (*self._address(), *reversed(code[:named]))
        turn = self.turn_by(self._values(), address, flag, self.bits)
        permutation = self._permutation((self.first, self.others, spare))
        moved = (*permutation, *turn) if named == sizes[1] else (*turn, *permutation)
        return (*both, *column, *moved, *both, *row, *self.flag_leftovers())

    def _permutation(self, code: tuple[Bits, ...]) -> tuple[Step, ...]:
        """Load the change of the code, add it, erase it by the table of the inverse."""
        there, back = (self._moves(data) for data in self.moves or (None, None))
        if not there:
            return ()
        before, control = self._inside()
        move = Bits("move", sum(part.width for part in code))
        address = (*self._address(), *code[1:])
        wires: dict[str, Any] = {"selection": address, "target": move, "ctrl": control}
        shift, low = [], 0
        for part in reversed(code):
            shift += copies(move.part(part.width, low), part)
            low += part.width
        load, unload = Step(there[0], wires, there[1]), Step(back[1], wires, back[0])
        return (*before, load, *shift, unload, *backwards(before))

    def _inside(self) -> tuple[tuple[Step, ...], Bits]:
        """What finds out whether the permutation is on, and the qubit that says it."""
        ctrl, on = Bits("ctrl", 1), Bits("on", 1)
        if not self.has_range:
            return (), ctrl
        compare, late = reaches(self.first, self.rows, Bits("late", self.index_bitsize))
        if self.num_controls:
            join = (Step(And(1, 0), {"ctrl": (ctrl, late), "target": on}),)
        else:
            join = (Step(CNOT(), {"ctrl": late, "target": on}), *flipped(on))
        return (*compare, *join, *backwards(compare)), on


def slots_of(matrix: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Return the non-zeros as (row, slot in the row, column, slot in the column)."""
    kept = matrix != 0
    in_row, in_column = kept.cumsum(axis=1) - 1, kept.cumsum(axis=0) - 1
    return [(int(i), int(in_row[i, j]), int(j), int(in_column[i, j])) for i, j in np.argwhere(kept)]


def permuted(places: dict[int, int], size: int) -> list[int]:
    """Complete a map of some codes to a permutation: others stay where they can, or fill gaps."""
    found = list(range(size))
    targets = set(places.values())
    gaps = sorted(set(places) - targets)
    for source, target in zip(sorted(targets - set(places)), gaps, strict=True):
        found[source] = target
    for source, target in places.items():
        found[source] = target
    return found
