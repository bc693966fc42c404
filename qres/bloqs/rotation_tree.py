r"""A tree of loaded rotations: prepares an amplitude vector without leaving garbage."""

from __future__ import annotations

import attrs
from qualtran import Signature
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import Circuit, phase_addition, registers
from qres.bloqs.integers import as_integer, as_integers, at_least, ceil_log2, largest, tally
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.errors import InputError


@attrs.frozen
class LoadedRotationTree(Circuit):
    r"""Maps $|i\rangle|0\rangle \to |i\rangle \sum_j a_{ij} |j\rangle$, real rows $a_i$ of norm 1.

    Level $l$ rotates qubit $l$ of the target by an angle that depends on the row and on the $l$
    qubits before it: the angle is looked up, added to a phase gradient, and uncomputed. Signs are
    in the angles of the last level. A switched-off look-up adds zero, so additions need no control.

    Alias sampling would be cheaper, but its garbage differs between the two factors of an encoding.

    Args:
        rows: number of rows; 1 prepares one state.
        levels: qubits of the target, $n$; always a number.
        bits: bits $b$ of an angle; each rotation is off by at most $2 \pi 2^{-b}$.
        lookup_blocks: block exponent of the look-up at each level.
        uncompute_blocks: block exponent of the uncomputation at each level.

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
        loads = [
            TableLookup(self.rows * 2**level, self.bits, block, num_controls=c)
            for level, block in enumerate(self.lookup_blocks)
        ]
        unloads = [
            TableUncompute(self.rows * 2**level, self.bits, block, num_controls=c)
            for level, block in enumerate(self.uncompute_blocks)
        ]
        return [*loads, *unloads]

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
        """The largest table alive."""
        return largest([table.workspace for table in self._tables()])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One look-up and one uncomputation per level, and as many additions."""
        return tally([(phase_addition(self.bits), self.levels), *((t, 1) for t in self._tables())])
