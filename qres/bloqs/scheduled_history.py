r"""History of steps with rates of their own: one flag turned by a loaded angle, and weighted times.

The step that starts from row t is $M_t = I + \eta_t F$ (or its lift), encoded like that of the
largest rate $\eta$ with every factor $F$ damped by $\cos\theta_t = \eta_t/\eta$: a flag, 0 before
and after, is turned by $\theta_t$ and so keeps the amplitude $\cos\theta_t$. The angle is a table of
T entries, addressed by the low bits of the time, added to the phase gradient and erased while the
row is still t. One factor or several:

- *One* ($\mu = 1$, a history of one matrix too): the table is loaded under the control "the factor
  is there", and added once, $b - 1$ gates. Switched off, it turns by zero.
- *Several*: the table holds $\theta_t/2$ and is loaded without a control; each factor turns a flag of
  its own by $R(\theta/2)\,Z\,R(-\theta/2)\,Z$ with both Z controlled by "this factor is there", $R(\theta)$
  or nothing: two additions. The control is the parity of the bits that say where the factor
  sits, at most one of them set, so each Z is a few CZ.

Rows beyond T have no entry of their own; the history flags their factors away.
"""

from __future__ import annotations

import attrs
from qualtran import Signature
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import Circuit, EncodingCircuit, phase_addition, registers, uncontrolled
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, tally
from qres.bloqs.qram import Memory
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.errors import InputError

Blocks = tuple[SymbolicInt | Memory, SymbolicInt | Memory]


@attrs.frozen
class ScheduledHistory(EncodingCircuit):
    r"""Encodes $I - \sum_t |t\rangle\langle t-1| \otimes M_t$ from the same with one rate, the largest.

    Args:
        history: with the largest rate, without a control of its own.
        steps: T, entries of the table.
        factors: $\mu$, the most factors of a step; always a number.
        bits: bits of an angle, b.
        blocks: block exponents of the look-up and of its uncomputation.

    Registers:
        ctrl: the control, if there is one.
        system: that of the history.
        ancilla: those of the history, and a flag for each factor.
        resource: the phase gradient.
    """

    history: EncodingCircuit = attrs.field(validator=uncontrolled)
    steps: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    factors: int = attrs.field(converter=as_integer, validator=at_least(1))
    bits: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    blocks: Blocks

    def __attrs_post_init__(self) -> None:
        if is_symbolic(self.factors):
            raise InputError(f"ScheduledHistory.factors is {self.factors}; it must be a number")
        self._tables()

    def _tables(self) -> tuple[TableLookup, TableUncompute]:
        """The tables; building them also checks the block exponents."""
        size, (look, unlook) = (self.steps, self.bits), self.blocks
        # an outer control needs none here: without it no factor is there
        controls = 1 if self.factors == 1 else 0
        return (
            TableLookup(*size, look, num_controls=controls),
            TableUncompute(*size, unlook, num_controls=controls),
        )

    @property
    def system_bitsize(self) -> SymbolicInt:
        """That of the history."""
        return self.history.system_bitsize

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Those of the history, and the flags."""
        return self.history.ancilla_bitsize + self.factors

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return largest([self.history.resource_bitsize, self.bits])

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return largest([part.workspace for part in (self.history, *self._tables())])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The table, the turns of the flags, the history."""
        additions = 1 if self.factors == 1 else 2 * self.factors
        return tally(
            [
                (self.history.with_controls(self.num_controls), 1),
                *((table, 1) for table in self._tables()),
                (phase_addition(self.bits), additions),
            ]
        )


@attrs.frozen
class ScheduledVector(Circuit):
    r"""Prepares $\sum_{t<T} |t\rangle \sum_{j=1}^{\mu} \beta_t^j |j\rangle |b\rangle^{\otimes j}$.

    Normalised. Times and block index are one vector of loaded rotations. The rest is as in
    `LiftedVector`: "$j \ge s$" for $s = 2..\mu$, $\max(\mu - 2, 0)$ gates, and the vector in the first
    cell and, under these, in the others. An outer control acts on the weights and on the first
    vector: switched off, the block index stays that of $j = 1$.

    Args:
        weights: tree over times and block index, a single row.
        vector: tree that prepares $b$, a single row.
        powers: $\mu$, always a number; 1 has no block index.

    Registers:
        ctrl: the control, if there is one.
        target: $\mu$ cells of $n$ qubits.
        block: the block index, $\lceil\log_2\mu\rceil$ qubits.
        time: $\lceil\log_2 T\rceil$ qubits.
        phase_gradient: that of the trees.
    """

    weights: LoadedRotationTree = attrs.field(validator=uncontrolled)
    vector: LoadedRotationTree = attrs.field(validator=uncontrolled)
    powers: int = attrs.field(default=1, converter=as_integer, validator=at_least(1))

    def __attrs_post_init__(self) -> None:
        if is_symbolic(self.powers):
            raise InputError(f"ScheduledVector.powers is {self.powers}; it must be a number")
        rows = (self.weights.rows, self.vector.rows)
        if rows != (1, 1):
            raise InputError(
                f"ScheduledVector has trees of {rows[0]} and {rows[1]} rows; expected 1"
            )

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return largest([self.weights.bits, self.vector.bits])

    @property
    def signature(self) -> Signature:
        """Registers."""
        block = ceil_log2(self.powers)
        return registers(
            ctrl=self.num_controls,
            target=self.powers * self.vector.levels,
            block=block,
            time=self.weights.levels - block,
            phase_gradient=self.resource_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive and the bits "j >= s"."""
        return largest([self.weights.workspace, self.vector.workspace]) + self.powers - 1

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Weights, and the vector once for each power."""
        c, gates = self.num_controls, max(self.powers - 2, 0)
        return tally(
            [
                (self.weights.with_controls(c), 1),
                (self.vector.with_controls(c), 1),
                (self.vector.with_controls(1), self.powers - 1),
                (And(), gates),
                (And().adjoint(), gates),
            ]
        )
