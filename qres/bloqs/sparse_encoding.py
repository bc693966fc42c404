r"""Block encoding of a sparse matrix from two tables, with $\alpha = s' \max |A_{ij}|$."""

from __future__ import annotations

import attrs
from qualtran.bloqs.basic_gates import Hadamard
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import EncodingCircuit, phase_addition
from qres.bloqs.integers import as_integer, at_least, largest, tally
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.errors import InputError


@attrs.frozen
class SparseEncoding(EncodingCircuit):
    r"""Encodes a matrix of symmetric pattern with at most $s' = 2^\sigma$ entries in a row.

    Between two diffusions (Hadamards, since padded slots hold zero) over the slots of a row: load
    the angle of entry (row $i$, slot $l$), rotate a flag by it, unload; then the involution
    $(i, l) \to (j, \text{slot of } i \text{ in row } j)$: look up the target, and uncompute the
    source from the same table. If every row is full, slot $l$ is column $l$, and the involution is
    a swap of names, free.

    Args:
        rows: rows of the matrix, $r$.
        system_bitsize: qubits of an index, $n$.
        slot_bitsize: $\sigma = \lceil \log_2 s \rceil$.
        bits: bits of an angle, $b$.
        is_full: whether every row is full, $s = r$; then the last two blocks are not used.
        angle_blocks: block exponents of the look-up of angles and of its uncomputation.
        target_blocks: the same for the table of targets.
        alpha: $s' \max |A_{ij}|$.
        epsilon: absolute error, in units of $A$.

    Registers:
        ctrl: the control, if there is one.
        system: $n$ qubits.
        ancilla: $\sigma$ qubits for the slot, 1 for the flag.
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

    def __attrs_post_init__(self) -> None:
        slots, system = self.slot_bitsize, self.system_bitsize
        if not is_symbolic(slots, system) and (slots > system or (self.is_full and slots < system)):
            raise InputError(
                f"SparseEncoding.slot_bitsize is {slots}; it must not exceed system_bitsize = "
                f"{system}, and must equal it where is_full (is_full = {self.is_full})"
            )
        self._tables()

    def _tables(self) -> list[TableLookup | TableUncompute]:
        """The tables in use; building them also checks the block exponents."""
        entries = self.rows * 2**self.slot_bitsize
        uses = [(self.bits, self.angle_blocks)]
        if not self.is_full:
            uses.append((self.system_bitsize + self.slot_bitsize, self.target_blocks))
        c = self.num_controls
        return [
            table(entries, bitsize, block, num_controls=c)
            for bitsize, blocks in uses
            for table, block in zip((TableLookup, TableUncompute), blocks, strict=True)
        ]

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """The slot and the flag."""
        return self.slot_bitsize + 1

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.bits

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive; a target is loaded while its source is still there."""
        return largest([table.workspace for table in self._tables()])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The tables, one addition to the phase gradient, two diffusions."""
        return tally(
            [
                *((table, 1) for table in self._tables()),
                (phase_addition(self.bits), 1),
                (Hadamard(), 2 * self.slot_bitsize),
            ]
        )
