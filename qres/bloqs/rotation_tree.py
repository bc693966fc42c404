r"""A tree of loaded rotations: prepares an amplitude vector without leaving garbage."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from qualtran import Signature
from qualtran.bloqs.basic_gates import GlobalPhase, ZGate
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import Circuit, registers, require_numbers
from qres.bloqs.integers import as_integer, as_integers, at_least, ceil_log2, largest, tally
from qres.bloqs.signed_addition import LoadedRotation
from qres.bloqs.steps import Bits, Step
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.errors import InputError


@attrs.frozen
class LoadedRotationTree(Circuit):
    r"""Maps $|i\rangle|0\rangle \to |i\rangle \sum_j a_{ij} |j\rangle$, real rows $a_i$ of norm 1.

    Level $l$ rotates qubit $l$ of the target by an angle that depends on the row and on the $l$
    qubits before it: the angle is looked up, added to a phase gradient, and uncomputed. Signs are
    in the angles of the last level; without levels the sign of the only amplitude is a Z on the
    control. A switched-off look-up adds zero, so additions need no control.

    Alias sampling would be cheaper, but its garbage differs between the two factors of an encoding.

    Args:
        rows: number of rows; 1 prepares one state.
        levels: qubits of the target, $n$; always a number.
        bits: bits $b$ of an angle; each rotation is off by at most $2 \pi 2^{-b}$.
        lookup_blocks: block exponent of the look-up at each level.
        uncompute_blocks: block exponent of the uncomputation at each level.
        angles: for each level one word of $b$ bits per entry of its table; not needed to count.
        is_negative: of a tree without levels, whether its amplitude is -1.

    Registers:
        ctrl: the control, if there is one.
        selection: the row, $\lceil \log_2 \text{rows} \rceil$ qubits.
        target: $n$ qubits, from $|0\rangle$.
        phase_gradient: $b$ qubits, unchanged.

    References:
        [Creating superpositions that correspond to efficiently integrable probability
        distributions](https://arxiv.org/abs/quant-ph/0208112). Grover, Rudolph (2002).
        [Compilation of Fault-Tolerant Quantum Heuristics for Combinatorial
        Optimization](https://arxiv.org/abs/2007.07391). Sanders et al. (2020). Appendix A.
    """

    rows: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    levels: int = attrs.field(converter=as_integer, validator=at_least(0))
    bits: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    lookup_blocks: tuple[SymbolicInt, ...] = attrs.field(converter=as_integers)
    uncompute_blocks: tuple[SymbolicInt, ...] = attrs.field(converter=as_integers)
    angles: tuple[tuple[int, ...], ...] | None = attrs.field(default=None, kw_only=True, repr=False)
    is_negative: bool = attrs.field(default=False, kw_only=True, repr=False)

    def __attrs_post_init__(self) -> None:
        if is_symbolic(self.levels):
            raise InputError(f"LoadedRotationTree.levels is {self.levels}; it must be a number")
        given = (len(self.lookup_blocks), len(self.uncompute_blocks))
        if given != (self.levels, self.levels):
            raise InputError(
                f"LoadedRotationTree has {given[0]} and {given[1]} block exponents; "
                f"it must have one for each of its {self.levels} levels"
            )
        self._tables()

    def _tables(self) -> list[TableLookup | TableUncompute]:
        """All tables; building them also checks the block exponents."""
        c = self.num_controls
        words = self.angles or (None,) * self.levels
        loads = [
            TableLookup(self.rows * 2**level, self.bits, block, num_controls=c, data=words[level])
            for level, block in enumerate(self.lookup_blocks)
        ]
        unloads = [
            TableUncompute(
                self.rows * 2**level, self.bits, block, num_controls=c, data=words[level]
            )
            for level, block in enumerate(self.uncompute_blocks)
        ]
        return [*loads, *unloads]

    def with_vectors(self, vectors: np.ndarray) -> LoadedRotationTree:
        r"""The same tree with the angles of these rows.

        Args:
            vectors: as many rows as the tree has, each of at most $2^n$ real amplitudes, of any norm;
                a row of zeros turns nothing.

        Raises:
            InputError: a shape that does not fit, or entries that are no numbers.
        """
        rows, size = vectors.shape
        if rows != self.rows or size > 2**self.levels:
            expected = f"{self.rows} rows of at most {2**self.levels} entries"
            raise InputError(f"LoadedRotationTree: expected {expected}, found {rows} of {size}")
        if not np.all(np.isfinite(vectors)):
            raise InputError("LoadedRotationTree: expected finite entries, found nan or inf")
        padded = np.zeros((rows, 2**self.levels))
        padded[:, :size] = vectors
        words = [angle_words(padded, level, self.bits) for level in range(self.levels)]
        return attrs.evolve(self, angles=tuple(words), is_negative=self._sign_of(padded))

    def _sign_of(self, vectors: np.ndarray) -> bool:
        """Whether there are no levels and every row is negative."""
        signs = set(vectors.ravel() < 0) if not self.levels else {False}
        if len(signs) > 1:
            raise InputError("LoadedRotationTree: rows of one entry must have one sign")
        return bool(signs.pop())

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.bits

    @property
    def signature(self) -> Signature:
        """Registers, all held throughout."""
        return registers(
            ctrl=self.num_controls,
            selection=ceil_log2(self.rows),
            target=self.levels,
            phase_gradient=self.resource_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive, or a word and the carries while it is added."""
        turns = [LoadedRotation(self.bits).word_and_carries] if self.levels else []
        return largest([*turns, *(table.workspace for table in self._tables())])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One look-up and one uncomputation per level, and as many additions."""
        turns = (LoadedRotation(self.bits), self.levels)
        return tally([turns, *((table, 1) for table in self._tables())])

    def steps(self) -> Sequence[Step]:
        """Level by level: load the angle, rotate the qubit, unload."""
        require_numbers(self, self.rows, self.bits, *self.lookup_blocks, *self.uncompute_blocks)
        steps, tables = [], self._tables()
        rows, target = Bits("selection", ceil_log2(self.rows)), Bits("target", self.levels)
        angle, gradient = Bits("angle", self.bits), Bits("phase_gradient", self.bits)
        if self.is_negative:
            on = Step(ZGate(), {"q": Bits("ctrl", 1)})
            return (on if self.num_controls else Step(GlobalPhase(exponent=1), {}),)
        for level in range(self.levels):
            low = self.levels - level
            address = (rows, target.part(level, low))
            wires = {"selection": address, "target": angle, "ctrl": Bits("ctrl", 1)}
            load = Step(tables[level], wires, tables[self.levels + level])
            turned = {"target": target[low - 1], "angle": angle, "phase_gradient": gradient}
            steps += [load, Step(LoadedRotation(self.bits), turned), load.adjoint()]
        return tuple(steps)


def angle_words(vectors: np.ndarray, level: int, bits: SymbolicInt) -> tuple[int, ...]:
    r"""Return the angles of one level as $b$-bit words, by row and then by the qubits before.

    Args:
        vectors: rows of $2^n$ real amplitudes.
        level: $l$ from 0; in the last one the angles carry the signs.
        bits: $b$.
    """
    halves = vectors.reshape(len(vectors) * 2**level, 2, -1)
    is_last = halves.shape[2] == 1
    sizes = halves[:, :, 0] if is_last else np.linalg.norm(halves, axis=2)
    turns = np.arctan2(sizes[:, 1], sizes[:, 0]) / (2 * np.pi)
    return tuple(
        int(word) for word in np.rint(turns * 2 ** int(bits)).astype(np.int64) % 2 ** int(bits)
    )
