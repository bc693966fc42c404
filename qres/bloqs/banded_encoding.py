r"""Block encoding of a matrix of constant diagonals, without a table of its entries."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import sympy
from qualtran import DecomposeTypeError, QUInt
from qualtran.bloqs.arithmetic import Add
from qualtran.bloqs.basic_gates import CNOT
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import EncodingCircuit, require_alpha, require_numbers
from qres.bloqs.conjunction import reaches
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, numbers, tally
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.steps import Bits, Step, backwards
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.bloqs.words import Words
from qres.errors import InputError

FLAGS = 2
"""One qubit for a shift that leaves its piece, one for an index beyond the matrix."""


@attrs.frozen
class BandedEncoding(EncodingCircuit):
    r"""Encodes $\sum_d a_d S_d$, shifts $S_d$ by an offset $o_d$, with $\alpha = \sum_d |a_d|$.

    $S_d$ has a 1 at $(i, i + o_d)$. Amplitudes $\sqrt{|a_d|/\alpha}$ (signs on one side) are prepared
    over $d$. What the index falls by is loaded from a list of $D$ words and added in place. A
    diagonal that is cut at multiples of $2^k$ is added on the lowest $k$ qubits and a flag alone: in
    two's complement the flag is raised exactly where the shift leaves its piece of $2^k$ indices.
    Each different $k$ has its own adder and its own part of the word; a diagonal loads zero for the
    others, so that they share one flag. If the dimension is no power of two, two comparisons,
    $n - 1$ gates each, flag indices beyond it, one for each direction. Switched off, the lists load
    zero.

    Args:
        dim: rows of the matrix, $r$.
        system_bitsize: qubits of an index, $n$.
        n_diagonals: number of diagonals $D$.
        slot_bitsize: qubits that number them; always a number.
        shift_bits: sum of the different $k$.
        n_cuts: number of different $k$.
        bits: bits of an angle, $b$.
        alpha: $\sum_d |a_d|$.
        epsilon: absolute error, in units of $A$.
        cuts: the different $k$; not needed to count, like the rest.
        words: a word for each diagonal, the part of the smallest $k$ lowest.
        trees: the weights before and after, the latter with signs.

    Registers:
        ctrl: the control, if there is one.
        system: $n$ qubits.
        ancilla: the number of the diagonal, above it 2 flags, of a shift and of an index.
        resource: the phase gradient, $b$ qubits.

    References:
        [Explicit quantum circuits for block encodings of certain sparse
        matrices](https://arxiv.org/abs/2203.10236). Camps et al. (2022).
    """

    dim: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    system_bitsize: SymbolicInt = attrs.field(  # pyright: ignore
        converter=as_integer, validator=at_least(0)
    )
    n_diagonals: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    slot_bitsize: int = attrs.field(converter=as_integer, validator=at_least(0))
    shift_bits: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    n_cuts: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    bits: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    cuts: tuple[int, ...] | None = attrs.field(
        default=None, kw_only=True, repr=False, validator=numbers(least=0)
    )
    words: Words | None = attrs.field(
        default=None, kw_only=True, repr=False, validator=numbers(least=0)
    )
    trees: tuple[LoadedRotationTree, LoadedRotationTree] | None = attrs.field(
        default=None, kw_only=True, repr=False
    )

    @property
    def word_bitsize(self) -> SymbolicInt:
        """Bits of a loaded offset: each part with its sign."""
        return self.shift_bits + self.n_cuts

    @property
    def weights(self) -> LoadedRotationTree:
        """Preparation of the amplitudes, without a control."""
        levels = self.slot_bitsize
        pairs = tuple(min(1, level) for level in range(levels))
        return LoadedRotationTree(1, levels, self.bits, (0,) * levels, pairs)

    @property
    def comparisons(self) -> SymbolicInt:
        """Comparisons with the dimension: two unless it is a power of two."""
        beyond = 2**self.system_bitsize - self.dim
        if is_symbolic(beyond):
            return 2 * sympy.Max(0, sympy.Min(1, beyond))
        return 2 * min(1, beyond)

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """The number of the diagonal, and the flags."""
        return self.slot_bitsize + FLAGS

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.bits

    @property
    def workspace(self) -> SymbolicInt:
        """The widest list alive; beside a word, its ladder or the carries of an addition."""
        beside = largest([ceil_log2(self.n_diagonals), self.system_bitsize])
        return largest([self.weights.workspace, self.word_bitsize + beside])

    def _tables(self) -> tuple[TableLookup, TableUncompute]:
        size, c = (self.n_diagonals, self.word_bitsize), self.num_controls
        pairs = 1 - largest([2 - self.n_diagonals, 0])
        return (
            TableLookup(*size, 0, num_controls=c, data=self.words),
            TableUncompute(*size, pairs, num_controls=c, data=self.words),
        )

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Weights before and after, the offset loaded and unloaded, additions, comparisons."""
        below = self.system_bitsize - 1
        carries = below * self.comparisons
        return tally(
            [
                (self.weights.with_controls(self.num_controls), 2),
                *((table, 1) for table in self._tables()),
                (And(), self.shift_bits + carries),
                (And().adjoint(), self.shift_bits + carries),
                (CNOT(), 6 * self.shift_bits + self.comparisons),
            ]
        )

    def with_diagonals(
        self, offsets: Sequence[int], values: Sequence[float], cuts: Sequence[int]
    ) -> BandedEncoding:
        r"""The same circuit with the words and angles of these diagonals.

        Args:
            offsets: column less row, each once.
            values: $a_d$.
            cuts: $k$ of each; that of a diagonal of offset 0 is not used.

        Raises:
            InputError: diagonals that do not fit, are all zero, are no numbers, or do not add up to
                `alpha`.
        """
        lengths = tuple(sorted({k for o, k in zip(offsets, cuts, strict=True) if o}))
        found, wanted = (len(values), *_size(lengths)), (self.n_diagonals, self.shift_bits)
        if found != (*wanted, self.n_cuts) or max(lengths) > self.system_bitsize:
            told = "diagonals, bits of shifts and different cuts"
            raise InputError(f"diagonals: expected {(*wanted, self.n_cuts)} {told}, found {found}")
        if any(abs(o) >= 2**k for o, k in zip(offsets, cuts, strict=True) if o):
            raise InputError("diagonals: expected offsets below the lengths at which they are cut")
        if not np.isfinite(values).all() or not np.any(values):
            raise InputError("diagonals: expected finite values, not all zero")
        require_alpha(self, float(np.abs(values).sum()), "the sum of the diagonals' sizes")
        roots = np.sqrt(np.abs(values))
        vectors = (roots, roots * np.where(np.signbit(values), -1, 1))
        return attrs.evolve(
            self,
            cuts=lengths,
            words=tuple(_word(-o, k, lengths) for o, k in zip(offsets, cuts, strict=True)),
            trees=tuple(self.weights.with_vectors(vector[None]) for vector in vectors),
        )

    def steps(self) -> Sequence[Step]:
        """Weights; flag an index beyond; shift by the loaded word; flag again; weights backwards."""
        require_numbers(self, self.dim, self.system_bitsize, self.bits, self.num_controls)
        if self.words is None or self.trees is None:
            raise DecomposeTypeError("BandedEncoding has no diagonals: it can only be counted")
        look, unlook = self._tables()
        slot, word = Bits("ancilla", self.slot_bitsize), Bits("word", self.word_bitsize)
        control = {"ctrl": Bits("ctrl", 1)}
        load = Step(look, control | {"selection": slot, "target": word}, unlook)
        held = control | {"selection": Bits("ancilla", 0), "target": slot}
        held |= {"phase_gradient": Bits("resource", self.bits)}
        weigh, unweigh = (Step(tree.with_controls(self.num_controls), held) for tree in self.trees)
        beyond = self._beyond()
        return (
            weigh,
            *beyond,
            load,
            *self._shifts(word),
            load.adjoint(),
            *beyond,
            unweigh.adjoint(),
        )

    def _shifts(self, word: Bits) -> list[Step]:
        """Add each part of the word to as many qubits of the index and the flag above them."""
        system, flag = Bits("system", self.system_bitsize), Bits("ancilla", 1, self.slot_bitsize)
        found, low = [], 0
        for k in self.cuts or ():
            addition = Add(QUInt(k + 1), QUInt(k + 1))
            wires = {"a": word.part(k + 1, low), "b": (flag, system.part(k))}
            found.append(Step(addition, wires))
            low += k + 1
        return found

    def _beyond(self) -> tuple[Step, ...]:
        """Flip the second flag where the index is beyond the matrix."""
        if not self.comparisons:
            return ()
        size = self.system_bitsize
        steps, found = reaches(Bits("system", size), self.dim, Bits("carries", size))
        flag = Bits("ancilla", 1, self.slot_bitsize + 1)
        return (*steps, Step(CNOT(), {"ctrl": found, "target": flag}), *backwards(steps))


def _size(lengths: tuple[int, ...]) -> tuple[int, int]:
    return sum(lengths), len(lengths)


def _word(shift: int, cut: int, lengths: tuple[int, ...]) -> int:
    """A shift in two's complement at the place of its cut, zero at the others."""
    low = sum(k + 1 for k in lengths if k < cut)
    return shift % 2 ** (cut + 1) << low
