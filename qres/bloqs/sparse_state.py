r"""Preparation of a vector with few entries at known places, without garbage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from qualtran import Signature
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import Circuit, registers, require_numbers, uncontrolled
from qres.bloqs.integers import as_integer, at_least, largest, numbers, tally
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.steps import Bits, Step, exchange
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.bloqs.unary_iteration import visit
from qres.bloqs.words import Words, copied_word, lookup
from qres.errors import InputError


@attrs.frozen
class SparseState(Circuit):
    r"""Prepares $\sum_l a_l |x_l\rangle$ from $|0\rangle$, $s$ real amplitudes at known indices.

    The amplitudes are prepared over the slots $l$; a look-up brings $x_l$ beside $l$; and a unary
    iteration over the known indices takes $l$ away, which tests only bits in which they differ. The
    look-up has blocks of one entry: junk of larger ones would need a table of phases of its own.
    $2 \max(0, s - 2 + c)$ Toffoli-like gates beside the tree; backwards the look-up is an uncomputation
    by measurement, or the same QROM once more: then both directions cost the same, and the index is
    written where it stays.

    Args:
        tree: over the slots, a single row, without a control of its own.
        slots: $s$, at most $2^\sigma$ with $\sigma$ levels of the tree.
        bitsize: qubits of an index, $n$.
        uncompute_block: block exponent of the uncomputation.
        support: the indices $x_l$, each once; not needed to count.
        is_measured: whether the look-up is undone by measurement.

    Registers:
        ctrl: the control, if there is one.
        target: $n$ qubits, from $|0\rangle$.
        phase_gradient: that of the tree.

    References:
        [A simple quantum algorithm to efficiently prepare sparse
        states](https://arxiv.org/abs/2310.19309). Ramacciotti et al. (2023). Section 4 (there the
        indices are exchanged, not looked up).
    """

    tree: LoadedRotationTree = attrs.field(validator=uncontrolled)
    slots: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    uncompute_block: SymbolicInt = attrs.field(
        default=0, converter=as_integer, validator=at_least(0)
    )
    support: Words | None = attrs.field(
        default=None, kw_only=True, repr=False, validator=numbers(least=0)
    )
    is_measured: bool = attrs.field(default=True, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.tree.rows != 1:
            raise InputError(f"SparseState.tree has {self.tree.rows} rows; a state is one row")
        if not is_symbolic(self.slots) and self.slots > 2**self.tree.levels:
            raise InputError(
                f"SparseState.slots is {self.slots}; its tree has {2**self.tree.levels}"
            )

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.tree.resource_bitsize

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(
            ctrl=self.num_controls, target=self.bitsize, phase_gradient=self.resource_bitsize
        )

    @property
    def gates(self) -> SymbolicInt:
        """Gates of the iteration over the indices."""
        return largest([self.slots - 2 + self.num_controls, 0]) if self.slots != 1 else 0

    @property
    def workspace(self) -> SymbolicInt:
        """The slot, and the tree, the look-up or the ladder of the iteration beside it."""
        tables = (table.workspace for table in self._tables()) if self.is_measured else ()
        parts = [self.tree.workspace, *tables]
        return self.tree.levels + largest([*parts, self.tree.levels])

    def _tables(self) -> tuple[TableLookup, TableUncompute]:
        c, size = self.num_controls, (self.slots, self.bitsize)
        return (
            TableLookup(*size, 0, num_controls=c, data=self.support),
            TableUncompute(*size, self.uncompute_block, num_controls=c, data=self.support),
        )

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The tree, the look-up, the iteration."""
        tree = self.tree.with_controls(self.num_controls)
        joins = [(And(), self.gates), (And().adjoint(), self.gates)]
        table = self._tables()[self.is_adjoint and self.is_measured]
        return tally([(tree, 1), (table, 1), *joins])

    def with_entries(self, indices: Sequence[int], values: Sequence[float]) -> SparseState:
        """The same circuit with this vector.

        Args:
            indices: of its entries, each once.
            values: as many real numbers, of any norm.

        Raises:
            InputError: entries that do not fit, are no numbers, or are all zero.
        """
        count, most = len(indices), 2**self.bitsize
        if count != self.slots or len(values) != count or len(set(indices)) != count:
            raise InputError(f"entries: expected {self.slots} different indices and as many values")
        if not all(0 <= index < most for index in indices):
            raise InputError(f"entries: expected indices from 0 to {most - 1}")
        if not np.isfinite(values).all() or not np.any(values):
            raise InputError("entries: expected finite values, not all zero")
        tree = self.tree.with_vectors(np.asarray(values, dtype=float)[None])
        return attrs.evolve(self, tree=tree, support=tuple(int(index) for index in indices))

    def steps(self) -> Sequence[Step]:
        """The amplitudes over the slots; the index for each slot; the slot away."""
        require_numbers(self, self.slots, self.bitsize, self.num_controls)
        slot, index = Bits("slot", self.tree.levels), Bits("index", self.bitsize)
        target, control = Bits("target", self.bitsize), {"ctrl": Bits("ctrl", 1)}
        held = {"selection": slot.part(0), "target": slot}
        held |= {"phase_gradient": Bits("phase_gradient", self.resource_bitsize)}
        tree = Step(self.tree.with_controls(self.num_controls), control | held)
        slots: Any = self.slots
        selection = slot.part((slots - 1).bit_length())
        if not self.is_measured:
            words = self.support or tuple(range(slots))
            written = lookup(words, slots, selection, [target], self.num_controls)
            loads = [Step(step.bloq, step.wires, step.bloq) for step in written]
            return (tree, *loads, *self._forget(slot, target))
        wires = {"selection": selection, "target": index}
        look, unlook = self._tables()
        load = Step(look, control | wires, unlook)
        return (tree, load, *exchange(index, target), *self._forget(slot, target))

    def _forget(self, slot: Bits, target: Bits) -> tuple[Step, ...]:
        """Take away the number of the slot whose index is there."""
        if self.slots == 1:
            return ()
        slots: Any = self.slots
        support = self.support or tuple(range(slots))
        members = {index: place for place, index in enumerate(support)}
        control = Bits("ctrl", 1) if self.num_controls else None
        return visit(members, target, control, lambda place, here: copied_word(place, here, slot))
