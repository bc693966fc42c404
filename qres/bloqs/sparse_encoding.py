r"""Block encoding of a sparse matrix from two tables, with $\alpha = s' \max |A_{ij}|$."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from qualtran.bloqs.arithmetic import LessThanConstant
from qualtran.bloqs.basic_gates import Hadamard, TwoBitCSwap, XGate
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import EncodingCircuit, share_of_alpha
from qres.bloqs.integers import as_integer, at_least, largest, tally
from qres.bloqs.signed_addition import LoadedRotation
from qres.bloqs.steps import Bits, Step, copies, exchange
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.bloqs.words import Words, cosine_words
from qres.errors import InputError


@attrs.frozen
class SparseEncoding(EncodingCircuit):
    r"""Encodes a matrix with at most $s' = 2^\sigma$ entries in a row of its symmetrised pattern.

    Between two diffusions (Hadamards, since padded slots hold zero) over the slots of a row: load
    the angle of entry (row $i$, slot $l$), rotate a flag by it, unload; then the involution
    $(i, l) \to (j, \text{slot of } i \text{ in row } j)$: look up the target, and uncompute the
    source from the same table. What is loaded is the bitwise difference of the two places, so that
    nothing moves where a control is switched off. If every row is full, slot $l$ is column $l$, and
    the involution is an exchange of names, free, or $n$ controlled swaps under a control; then the
    row may be one beyond the matrix on the way back, and unless $r = 2^n$ a comparison ($n$ gates)
    flags it. Rows and columns of different sparsity, $\alpha = \sqrt{s'_r s'_c} \max |A_{ij}|$, are
    encoded by `qres.bloqs.factor_tables.FactorSlots` with $k = 1$.

    Args:
        rows: rows of the matrix, $r$.
        system_bitsize: qubits of an index, $n$.
        slot_bitsize: $\sigma = \lceil \log_2 s \rceil$.
        bits: bits of an angle, $b$.
        is_full: whether every row is full, $s = r$; then the last two blocks are not used.
        angle_blocks: block exponents of the look-up of angles and of its uncomputation.
        target_blocks: the same for the table of targets.
        angles: a word of $b$ bits for each row and slot; not needed to count.
        moves: a word of $n + \sigma$ bits for each row and slot, unless every row is full.
        alpha: at least $s' \max |A_{ij}|$.
        epsilon: absolute error, in units of $A$.

    Registers:
        ctrl: the control, if there is one.
        system: $n$ qubits.
        ancilla: $\sigma$ qubits for the slot, 1 for the flag, above it 1 for a row beyond the matrix.
        resource: the phase gradient, $b$ qubits.

    References:
        [Quantum singular value transformation and beyond](https://arxiv.org/abs/1806.01838).
        Gilyén et al. (2018). Lemma 48.
    """

    rows: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    system_bitsize: SymbolicInt = attrs.field(  # pyright: ignore
        converter=as_integer, validator=at_least(0)
    )
    slot_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    bits: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    is_full: bool
    angle_blocks: tuple[SymbolicInt, SymbolicInt]
    target_blocks: tuple[SymbolicInt, SymbolicInt] = (0, 0)
    angles: Words | None = attrs.field(default=None, kw_only=True, repr=False)
    moves: Words | None = attrs.field(default=None, kw_only=True, repr=False)

    def __attrs_post_init__(self) -> None:
        slots, system = self.slot_bitsize, self.system_bitsize
        if not is_symbolic(slots, system) and (slots > system or (self.is_full and slots < system)):
            raise InputError(
                f"SparseEncoding.slot_bitsize is {slots}; it must not exceed system_bitsize = "
                f"{system}, and must equal it where is_full (is_full = {self.is_full})"
            )
        self._tables()

    @property
    def table_rows(self) -> SymbolicInt:
        """Rows that the tables hold."""
        return self.rows

    def _address(self) -> tuple[Bits, ...]:
        """Slices that name an entry: row and slot."""
        return Bits("system", self.system_bitsize), Bits("ancilla", self.slot_bitsize)

    def _tables(self) -> list[TableLookup | TableUncompute]:
        """The tables in use; building them also checks the block exponents."""
        entries = self.table_rows * 2**self.slot_bitsize
        uses = [(self.bits, self.angle_blocks, self.angles)]
        if not self.is_full:
            place = self.system_bitsize + self.slot_bitsize
            uses.append((place, self.target_blocks, self.moves))
        c = self.num_controls
        return [
            table(entries, bitsize, block, num_controls=c, data=data)
            for bitsize, blocks, data in uses
            for table, block in zip((TableLookup, TableUncompute), blocks, strict=True)
        ]

    @property
    def has_range(self) -> SymbolicInt:
        """1 where a row beyond the matrix must be flagged, else 0."""
        if not self.is_full:
            return 0
        return 1 - largest([1 - (2**self.system_bitsize - self.rows), 0])

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """The slot and the flags."""
        return self.slot_bitsize + 1 + self.has_range

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.bits

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive, or the angle and the carries while it is added.

        A target is loaded while its source is still there.
        """
        turn = LoadedRotation(self.bits).word_and_carries
        return largest([turn, *(table.workspace for table in self._tables())])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The tables, one rotation by a loaded angle, two diffusions, and what full rows need."""
        swaps = self.num_controls * self.system_bitsize if self.is_full else 0
        return tally(
            [
                *((table, 1) for table in self._tables()),
                (LoadedRotation(self.bits), 1),
                (Hadamard(), 2 * self.slot_bitsize),
                (TwoBitCSwap(), swaps),
                (LessThanConstant(self.system_bitsize, self.rows), self.has_range),
            ]
        )

    def with_matrix(self, matrix: np.ndarray) -> SparseEncoding:
        """The same circuit with angles and moves of this matrix, which is real.

        Raises:
            InputError: a matrix that does not fit, is zero, has entries that are no numbers, or larger
                ones than `alpha` has room for.
        """
        slots: Any = 2**self.slot_bitsize
        if matrix.shape != (self.rows, self.rows):
            raise InputError(f"matrix: expected {self.rows} x {self.rows}, found {matrix.shape}")
        if not np.all(np.isfinite(matrix)) or not np.any(matrix):
            raise InputError("matrix: expected finite entries, not all zero")
        columns = neighbours(matrix, slots, is_full=self.is_full)
        angles = angle_words(self.cosines(matrix), columns, slots, self.bits)
        moves = None if self.is_full else move_words(columns, slots)
        return attrs.evolve(self, angles=angles, moves=moves)

    def cosines(self, entries: np.ndarray) -> np.ndarray:
        r"""Return $s' A_{ij}/\alpha$ of one matrix or several.

        Raises:
            InputError: larger entries than `alpha` has room for.
        """
        slots: Any = 2**self.slot_bitsize
        most = float(np.abs(entries).max())
        share = share_of_alpha(self, slots * most, "slots times the largest entry")
        return share * entries / most

    def steps(self) -> Sequence[Step]:
        """Diffuse, rotate the flag by the angle of the entry, go to the transposed place, diffuse."""
        tables, slot = self._tables(), Bits("ancilla", self.slot_bitsize)
        angle = Bits("angle", self.bits)
        flag = Bits("ancilla", 1, self.slot_bitsize)
        diffusion = [Step(Hadamard(), {"q": slot[i]}) for i in range(slot.width)]
        place = {"selection": self._address(), "ctrl": Bits("ctrl", 1)}
        load = Step(tables[0], {**place, "target": angle}, tables[1])
        wires = {"target": flag, "angle": angle, "phase_gradient": Bits("resource", self.bits)}
        turn = (load, Step(LoadedRotation(self.bits), wires), load.adjoint())
        return (*diffusion, *self._range(), *turn, *self._involution(place), *diffusion)

    def _range(self) -> tuple[Step, ...]:
        """Flag a row beyond the matrix."""
        if not self.has_range:
            return ()
        beyond = Bits("ancilla", 1, self.slot_bitsize + 1)
        compare = LessThanConstant(self.system_bitsize, self.rows)
        wires = {"x": Bits("system", self.system_bitsize), "target": beyond}
        return (Step(compare, wires, compare), Step(XGate(), {"q": beyond}))

    def _involution(self, place: dict[str, Any]) -> tuple[Step, ...]:
        """Go from (row, slot) to (column, slot of the row in it)."""
        *_, system, slot = place["selection"]
        if self.is_full:
            return exchange(system, slot, place["ctrl"] if self.num_controls else None)
        tables = self._tables()
        move = Bits("move", system.width + slot.width)
        load = Step(tables[2], {**place, "target": move}, tables[3])
        shift = copies(move.part(system.width, slot.width), system)
        return (load, *shift, *copies(move.part(slot.width), slot), load.adjoint())


def neighbours(matrix: np.ndarray, slots: int, *, is_full: bool) -> list[list[int]]:
    """Return for each row the columns that its slots stand for; the rest of the slots are padding.

    An entry whose transposed one is zero takes two slots, the other of which holds zero.

    Raises:
        InputError: a row of the symmetrised pattern with more entries than slots.
    """
    if is_full:
        return [list(range(len(matrix))) for _ in matrix]
    pattern = (matrix != 0) | (matrix.T != 0)
    if pattern.sum(axis=1).max() > slots:
        raise InputError(
            f"matrix: expected at most {slots} entries in a row of its pattern and the transposed one"
        )
    return [[int(column) for column in np.flatnonzero(row)] for row in pattern]


def angle_words(
    cosines: np.ndarray, columns: list[list[int]], slots: int, bits: SymbolicInt
) -> Words:
    r"""Return $\arccos c_{ji}$ by row $i$ and slot, in $b$ bits; padding holds zero.

    Args:
        cosines: $c$, the matrix scaled.
        columns: of each slot of each row.
        slots: in a row.
        bits: $b$.
    """
    entries = np.zeros((len(cosines), slots))
    for row, places in enumerate(columns):
        entries[row, : len(places)] = cosines[places, row]
    return cosine_words(entries, bits)


def move_words(columns: list[list[int]], slots: int) -> Words:
    """Return the bitwise difference between each place and where it moves; padding stays."""
    words = [0] * (len(columns) * slots)
    for row, places in enumerate(columns):
        for slot, column in enumerate(places):
            there = column * slots + columns[column].index(row)
            words[row * slots + slot] = (row * slots + slot) ^ there
    return tuple(words)
