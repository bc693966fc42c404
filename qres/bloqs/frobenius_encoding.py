r"""Block encoding of a dense matrix by two state preparations, with $\alpha = \|A\|_F$."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from qualtran.bloqs.basic_gates import TwoBitCSwap
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import EncodingCircuit, require_alpha, uncontrolled
from qres.bloqs.integers import largest, tally
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.steps import Bits, Step, exchange
from qres.errors import InputError


@attrs.frozen
class FrobeniusEncoding(EncodingCircuit):
    r"""Encodes $A$ as $\langle i| U_1^\dagger U_2 |j\rangle = A_{ij} / \|A\|_F$.

    $U_1 |i\rangle = |i\rangle \sum_j (A_{ij}/\|A_i\|) |j\rangle$ loads the normalised rows, and
    $U_2 |j\rangle = \sum_i (\|A_i\|/\|A\|_F) |i\rangle |j\rangle$ the norms of the rows. Then the two
    registers exchange names, which under a control is $n$ controlled swaps: switched off, all angles
    are zero, but an exchange of names would stay.

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

    def _trees(self) -> tuple[LoadedRotationTree, LoadedRotationTree]:
        c = self.num_controls
        return self.row_tree.with_controls(c), self.norm_tree.with_controls(c)

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One tree and the adjoint of the other; the exchange, if it has a control."""
        swaps = (TwoBitCSwap(), self.num_controls * self.system_bitsize)
        return tally([*((tree, 1) for tree in self._trees()), swaps])

    def with_matrix(self, matrix: np.ndarray) -> FrobeniusEncoding:
        """The same circuit with the angles of this matrix, as many rows and columns as it has.

        Raises:
            InputError: a matrix that does not fit, is zero, has entries that are no numbers, or
                another norm than `alpha`.
        """
        rows = self.row_tree.rows
        if matrix.shape != (rows, rows):
            raise InputError(f"matrix: expected {rows} x {rows}, found {matrix.shape}")
        if not np.all(np.isfinite(matrix)) or not np.any(matrix):
            raise InputError("matrix: expected finite entries, not all zero")
        require_alpha(self, float(np.linalg.norm(matrix)), "the Frobenius norm of the matrix")
        norms = np.linalg.norm(matrix, axis=1)[None, :]
        row_tree, norm_tree = (
            self.row_tree.with_vectors(matrix),
            self.norm_tree.with_vectors(norms),
        )
        return attrs.evolve(self, row_tree=row_tree, norm_tree=norm_tree)

    def steps(self) -> Sequence[Step]:
        """Norms beside the column; the row away from the column register; the exchange."""
        row_tree, norm_tree = self._trees()
        control = Bits("ctrl", 1)
        system, ancilla = (Bits(name, self.system_bitsize) for name in ("system", "ancilla"))

        def wires(selection: Bits, target: Bits, bits: SymbolicInt) -> dict[str, Bits]:
            gradient = Bits("resource", bits, self.resource_bitsize - bits)
            named = {"selection": selection, "target": target, "ctrl": control}
            return named | {"phase_gradient": gradient}

        load = Step(norm_tree, wires(Bits("system", 0), ancilla, norm_tree.bits))
        unload = Step(row_tree, wires(ancilla, system, row_tree.bits)).adjoint()
        return (load, unload, *exchange(system, ancilla, control if self.num_controls else None))
