r"""Block encoding of a matrix of constant diagonals, without a table of its entries."""

from __future__ import annotations

import attrs
import sympy
from qualtran.bloqs.basic_gates import CNOT
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import EncodingCircuit
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, tally
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.tables import TableLookup, TableUncompute

FLAGS = 2
"""One qubit for a shift that leaves its piece, one for an index beyond the matrix."""


@attrs.frozen
class BandedEncoding(EncodingCircuit):
    r"""Encodes $\sum_d a_d S_d$, shifts $S_d$ by an offset $o_d$, with $\alpha = \sum_d |a_d|$.

    Amplitudes $\sqrt{|a_d|/\alpha}$ (signs on one side) are prepared over $d$. The offset is loaded
    from a list of $D$ words and added in place. A diagonal that is cut at multiples of $2^k$ is
    added on the lowest $k$ qubits and a flag alone: in two's complement the flag is raised exactly
    where the shift leaves its piece of $2^k$ indices. Each different $k$ has its own adder and its
    own part of the word; a diagonal loads zero for the others, so that they share one flag. If the
    dimension is no power of two, two comparisons flag indices beyond it. Switched off, the lists
    load zero.

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

    Registers:
        ctrl: the control, if there is one.
        system: $n$ qubits.
        ancilla: the number of the diagonal, and 2 flags.
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

    @property
    def word_bitsize(self) -> SymbolicInt:
        """Bits of a loaded offset: each part with its sign."""
        return self.shift_bits + self.n_cuts

    @property
    def weights(self) -> LoadedRotationTree:
        """Preparation of the amplitudes, without a control."""
        blocks = (0,) * self.slot_bitsize
        return LoadedRotationTree(1, self.slot_bitsize, self.bits, blocks, blocks)

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

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Weights before and after, the offset loaded and unloaded, additions, comparisons."""
        c = self.num_controls
        carries = self.shift_bits + self.system_bitsize * self.comparisons
        return tally(
            [
                (self.weights.with_controls(c), 2),
                (TableLookup(self.n_diagonals, self.word_bitsize, 0, num_controls=c), 1),
                (TableUncompute(self.n_diagonals, self.word_bitsize, 0, num_controls=c), 1),
                (And(), carries),
                (And().adjoint(), carries),
                (CNOT(), 6 * carries),
            ]
        )
