r"""Right-hand side of a lifted history: the powers of one vector at every step."""

from __future__ import annotations

import attrs
from qualtran import Signature
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import Circuit, registers, rotations, uncontrolled
from qres.bloqs.integers import as_integer, at_least, ceil_log2, tally
from qres.bloqs.right_hand_side import UniformSuperposition
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.errors import InputError


@attrs.frozen
class LiftedVector(Circuit):
    r"""Prepares $\sum_{t<T} |t\rangle \sum_{j=1}^{\mu} \beta^j |j\rangle |b\rangle^{\otimes j}$, normalised.

    Beside the superposition of $T$ times: the weights on the $\lceil\log_2\mu\rceil$ qubits of the
    block index, one rotation a node of their tree, $2^{\lceil\log_2\mu\rceil} - 1$; "$j \ge s$" for
    $s = 2..\mu$ by unary iteration, $\max(\mu - 2, 0)$ gates; the vector in the first cell, and in
    cell $s$ under the control "$j \ge s$". An outer control acts on the first vector and on the
    rotations (two each): switched off, the block index stays that of $j = 1$.

    Args:
        vector: tree that prepares $b$, a single row, without a control of its own.
        steps: number of steps $T$.
        powers: $\mu$, always a number.

    Registers:
        ctrl: the control, if there is one.
        target: $\mu$ cells of $n$ qubits.
        block: the block index, $\lceil\log_2\mu\rceil$ qubits.
        time: $\lceil\log_2 T\rceil$ qubits.
        phase_gradient: that of the tree.
    """

    vector: LoadedRotationTree = attrs.field(validator=uncontrolled)
    steps: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    powers: int = attrs.field(converter=as_integer, validator=at_least(1))

    def __attrs_post_init__(self) -> None:
        if is_symbolic(self.powers):
            raise InputError(f"LiftedVector.powers is {self.powers}; it must be a number")
        if self.vector.rows != 1:
            raise InputError(
                f"LiftedVector.vector has {self.vector.rows} rows; a right-hand side is one row"
            )

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.vector.resource_bitsize

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(
            ctrl=self.num_controls,
            target=self.powers * self.vector.levels,
            block=ceil_log2(self.powers),
            time=ceil_log2(self.steps),
            phase_gradient=self.resource_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive and the bits "j >= s"."""
        return self.vector.workspace + self.powers - 1

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Times, weights, and the vector once for each power."""
        c, more = self.num_controls, self.powers - 1
        gates = max(self.powers - 2, 0)
        weights = 2 ** ceil_log2(self.powers) - 1
        return tally(
            [
                (UniformSuperposition(self.steps, num_controls=c), 1),
                (self.vector.with_controls(c), 1),
                (self.vector.with_controls(1), more),
                (And(), gates),
                (And().adjoint(), gates),
                *rotations(weights, c),
            ]
        )
