r"""Block encoding of a Gram matrix $J^T Q J$ from a table of $J$ and of the eigenvalues of $Q$."""

from __future__ import annotations

import attrs
from qualtran.bloqs.basic_gates import CNOT
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import EncodingCircuit, phase_addition, uncontrolled
from qres.bloqs.integers import largest, tally
from qres.bloqs.qram import Memory
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.errors import InputError

FLAGS = 2
"""One qubit for the diagonal factor, one that marks a column register left in another state."""


@attrs.frozen
class GramEncoding(EncodingCircuit):
    r"""Encodes $V^T D V / \nu$, $V$ of $w$ rows, $D$ diagonal, $\alpha = \|V\|_F^2 \max|D| / \nu$.

    $\langle i, 0| U_1^\dagger U_2 |0, j\rangle = V_{ij}/\|V\|_F$ with $U_1$ the normalised rows and
    $U_2$ the row norms. Between this and its adjoint the angle of $D_{ii}/\max|D|$ is loaded, a flag
    rotated, the angle unloaded; and a second flag is raised where the column register is not
    zero, since the product of two encodings needs the projection in between. That flag is
    controlled: switched off, the column register holds the state.

    Args:
        row_tree: $U_1$, a tree with one row of angles for each row of $V$.
        norm_tree: $U_2$, a tree with a single row, over the rows of $V$.
        factor_blocks: block exponents of the look-up of $D$ and of its uncomputation.
        alpha: $\|V\|_F^2 \max|D| / \nu$.
        epsilon: absolute error, in units of the product.

    Registers:
        ctrl: the control, if there is one.
        system: $n$ qubits, a column of $V$.
        ancilla: a row of $V$, and 2 flags.
        resource: the phase gradient.

    References:
        [Quantum singular value transformation and beyond](https://arxiv.org/abs/1806.01838).
        Gilyén et al. (2018). Lemma 53.
    """

    row_tree: LoadedRotationTree = attrs.field(validator=uncontrolled)
    norm_tree: LoadedRotationTree = attrs.field(validator=uncontrolled)
    factor_blocks: tuple[SymbolicInt | Memory, SymbolicInt | Memory]

    def __attrs_post_init__(self) -> None:
        if self.norm_tree.rows != 1:
            raise InputError(
                f"GramEncoding.norm_tree has {self.norm_tree.rows} rows; it must have 1"
            )
        self._tables()

    def _tables(self) -> list[TableLookup | TableUncompute]:
        """The tables of the diagonal factor; building them also checks the block exponents."""
        size = (self.row_tree.rows, self.row_tree.bits)
        look, unlook = self.factor_blocks
        c = self.num_controls
        return [
            TableLookup(*size, look, num_controls=c),
            TableUncompute(*size, unlook, num_controls=c),
        ]

    @property
    def system_bitsize(self) -> SymbolicInt:
        """Qubits of a column index."""
        return self.row_tree.levels

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Qubits of a row index, and the flags."""
        return self.norm_tree.levels + FLAGS

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return largest([self.row_tree.bits, self.norm_tree.bits])

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        parts = [self.row_tree, self.norm_tree, *self._tables()]
        return largest([part.workspace for part in parts])

    @property
    def projection(self) -> SymbolicInt:
        """Gates that raise the second flag: a ladder over the columns and the control."""
        levels = self.row_tree.levels
        return levels - 1 + self.num_controls if levels else 0

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Both trees twice, the tables, one addition to the phase gradient, the projection."""
        c = self.num_controls
        return tally(
            [
                *((tree.with_controls(c), 2) for tree in (self.row_tree, self.norm_tree)),
                *((table, 1) for table in self._tables()),
                (phase_addition(self.row_tree.bits), 1),
                (And(), self.projection),
                (And().adjoint(), self.projection),
                (CNOT(), 1),
            ]
        )
