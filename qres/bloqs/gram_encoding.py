r"""Block encoding of a Gram matrix $J^T Q J$ from a table of $J$ and of the eigenvalues of $Q$."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from qualtran import Bloq
from qualtran.bloqs.basic_gates import CNOT, XGate
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import EncodingCircuit, share_of_alpha, uncontrolled
from qres.bloqs.integers import largest, tally
from qres.bloqs.qram import Memory
from qres.bloqs.reflection import ZeroFlag
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.signed_addition import LoadedRotation
from qres.bloqs.steps import Bits, Step, backwards
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.bloqs.words import Words, cosine_words
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
        factors: a word of $b$ bits for each row, its angle; not needed to count.
        alpha: at least $\|V\|_F^2 \max|D| / \nu$.
        epsilon: absolute error, in units of the product.

    Registers:
        ctrl: the control, if there is one.
        system: $n$ qubits, a column of $V$.
        ancilla: a row of $V$, and above it 2 flags, of the factor and of the column.
        resource: the phase gradient.

    References:
        [Quantum singular value transformation and beyond](https://arxiv.org/abs/1806.01838).
        Gilyén et al. (2018). Lemma 53.
    """

    row_tree: LoadedRotationTree = attrs.field(validator=uncontrolled)
    norm_tree: LoadedRotationTree = attrs.field(validator=uncontrolled)
    factor_blocks: tuple[SymbolicInt | Memory, SymbolicInt | Memory]
    factors: Words | None = attrs.field(default=None, kw_only=True, repr=False)

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
            TableLookup(*size, look, num_controls=c, data=self.factors),
            TableUncompute(*size, unlook, num_controls=c, data=self.factors),
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
        """The largest table alive, or an angle and the carries while it is added."""
        parts = [self.row_tree, self.norm_tree, *self._tables()]
        turn = LoadedRotation(self.row_tree.bits).word_and_carries
        return largest([turn, *(part.workspace for part in parts)])

    def _projection(self) -> list[tuple[Bloq, SymbolicInt]]:
        """What raises the second flag: all columns but zero, if there are more."""
        levels, c = self.row_tree.levels, self.num_controls
        if not levels:
            return []
        on: Bloq = CNOT() if c or is_symbolic(c) else XGate()
        return [(ZeroFlag(levels, num_controls=c), 1), (on, 1)]

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Both trees twice, the tables, one rotation by a loaded angle, the projection."""
        c = self.num_controls
        return tally(
            [
                *((tree.with_controls(c), 2) for tree in (self.row_tree, self.norm_tree)),
                *((table, 1) for table in self._tables()),
                (LoadedRotation(self.row_tree.bits), 1),
                *self._projection(),
            ]
        )

    def with_factors(self, rows: np.ndarray, diagonal: np.ndarray, divisor: float) -> GramEncoding:
        r"""The same circuit with the angles of $V$ and $D$; what it encodes is $V^T D V / \nu$.

        Args:
            rows: $V$, $w \times r$.
            diagonal: of $D$, $w$ numbers.
            divisor: $\nu > 0$.

        Raises:
            InputError: factors that do not fit, are zero, have entries that are no numbers, or need a
                larger `alpha`; a divisor that is no positive number.
        """
        count, bits = self.row_tree.rows, self.row_tree.bits
        if len(rows) != count or diagonal.shape != (count,):
            found = f"{rows.shape} and {diagonal.shape}"
            raise InputError(f"factors: expected {count} rows and as many numbers, found {found}")
        if not (np.isfinite(rows).all() and np.isfinite(diagonal).all()):
            raise InputError("factors: expected finite entries")
        if not (rows.any() and diagonal.any()):
            raise InputError("factors: expected entries that are not all zero")
        if not (np.isfinite(divisor) and divisor > 0):
            raise InputError(f"divisor is {divisor}; it must be a finite number above 0")
        norms, most = np.linalg.norm(rows, axis=1)[None, :], float(np.abs(diagonal).max())
        least = float(np.linalg.norm(rows)) ** 2 * most / divisor
        what = "the squared norm of the rows times the largest factor, over the divisor"
        share = share_of_alpha(self, least, what)
        # of a single column only the square counts
        signed = rows if self.row_tree.levels else np.abs(rows)
        return attrs.evolve(
            self,
            row_tree=self.row_tree.with_vectors(signed),
            norm_tree=self.norm_tree.with_vectors(norms),
            factors=cosine_words(share * diagonal / most, bits),
        )

    def steps(self) -> Sequence[Step]:
        """$V$; the flag of the factor; the flag of the column; $V$ backwards."""
        rows = self._rows()
        return (*rows, *self._factor(), *self._projected(), *backwards(rows))

    def _gradient(self, bits: SymbolicInt) -> Bits:
        return Bits("resource", bits, self.resource_bitsize - bits)

    def _rows(self) -> tuple[Step, ...]:
        """Norms beside the column, and the row away from the column register."""
        system, row = Bits("system", self.system_bitsize), Bits("ancilla", self.norm_tree.levels)
        places = (
            (self.norm_tree, Bits("system", 0), row),
            (self.row_tree, row, system),
        )
        norm, one = (
            Step(
                tree.with_controls(self.num_controls),
                {
                    "ctrl": Bits("ctrl", 1),
                    "selection": selection,
                    "target": target,
                    "phase_gradient": self._gradient(tree.bits),
                },
            )
            for tree, selection, target in places
        )
        return norm, one.adjoint()

    def _factor(self) -> tuple[Step, ...]:
        """Turn the first flag by the angle of the row."""
        levels, bits = self.norm_tree.levels, self.row_tree.bits
        look, unlook = self._tables()
        angle, place = Bits("angle", bits), {"ctrl": Bits("ctrl", 1)}
        place["selection"] = Bits("ancilla", levels)
        load = Step(look, {**place, "target": angle}, unlook)
        turned = {"target": Bits("ancilla", 1, levels), "angle": angle}
        turned["phase_gradient"] = self._gradient(bits)
        return (load, Step(LoadedRotation(bits), turned), load.adjoint())

    def _projected(self) -> tuple[Step, ...]:
        """Raise the second flag where the column register is not zero."""
        flag = Bits("ancilla", 1, self.norm_tree.levels + 1)
        wires = {"ctrl": Bits("ctrl", 1), "q": flag, "flag": flag}
        found = []
        for gate, _ in self._projection():
            target = flag if isinstance(gate, CNOT) else Bits("system", self.system_bitsize)
            found.append(Step(gate, wires | {"target": target}))
        return tuple(found)
