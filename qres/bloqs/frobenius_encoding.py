r"""Block encoding of a dense matrix by two state preparations, with $\alpha = \|A\|_F$."""

from __future__ import annotations

import attrs
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import EncodingCircuit, uncontrolled
from qres.bloqs.integers import largest, tally
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.errors import InputError


@attrs.frozen
class FrobeniusEncoding(EncodingCircuit):
    r"""Encodes $A$ as $\langle i| U_1^\dagger U_2 |j\rangle = A_{ij} / \|A\|_F$.

    $U_1 |i\rangle = |i\rangle \sum_j (A_{ij}/\|A_i\|) |j\rangle$ loads the normalised rows, and
    $U_2 |j\rangle = \sum_i (\|A_i\|/\|A\|_F) |i\rangle |j\rangle$ the norms of the rows.

    Args:
        row_tree: $U_1$, a tree with one row of angles for each row of the matrix.
        norm_tree: $U_2$, a tree with a single row.
        alpha: $\|A\|_F$.
        epsilon: absolute error, in units of $A$.

    Registers:
        ctrl: the control, if there is one.
        system: $n$ qubits.
        ancilla: $n$ qubits.
        resource: the phase gradient.

    References:
        [Quantum recommendation systems](https://arxiv.org/abs/1603.08675). Kerenidis, Prakash
        (2016). Section 5.
        [The power of block-encoded matrix powers](https://arxiv.org/abs/1804.01973). Chakraborty
        et al. (2018). Lemma 25.
    """

    row_tree: LoadedRotationTree = attrs.field(validator=uncontrolled)
    norm_tree: LoadedRotationTree = attrs.field(validator=uncontrolled)

    def __attrs_post_init__(self) -> None:
        if self.norm_tree.rows != 1 or self.norm_tree.levels != self.row_tree.levels:
            found = f"{self.norm_tree.rows} rows and {self.norm_tree.levels} levels"
            raise InputError(
                f"FrobeniusEncoding.norm_tree has {found}; "
                f"it must have 1 row and {self.row_tree.levels} levels"
            )

    @property
    def system_bitsize(self) -> SymbolicInt:
        """Qubits of a column index."""
        return self.row_tree.levels

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Qubits of a row index."""
        return self.row_tree.levels

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
        trees = (self.row_tree, self.norm_tree)
        return tally((tree.with_controls(self.num_controls), 1) for tree in trees)
