r"""Block encoding of the lift of momentum, exact map, and its right-hand side.

**State.** As in `carleman_lift`, but each cell has a branch b beside its $n$ qubits: 0 holds $u$, 1
holds $\sigma v$.

**Sum.** A position with a factor carries $|w\rangle \otimes F_k$, which reads $k$ cells in branch 0
and leaves one in the branch $|w\rangle \propto (\eta, -\sigma)$; a filled position without a factor
carries $A_1 = \begin{pmatrix}1 & -\eta\beta/\sigma\\ 0 & \beta\end{pmatrix}$ on its branch, an empty
one, and all of them in idle rows, the identity. All $N$ positions may carry factors. The weights are
$\lVert A_1\rVert \ge 1$ for a position without a factor and
$a = \sqrt{\eta^2+\sigma^2}\sum_k\gamma^{k-1}\alpha_{F_k}$ for one with: together
$(\lVert A_1\rVert + a)^N$. Gates beyond those of `carleman_lift`:

1. *Moves*: the branch travels with its cell, a controlled swap for each exchange.
2. *Factors*: "this factor takes an e-th cell, and its branch is 1" is flagged for $e = 1..q$, a
   Toffoli each. The branch of the result is rotated from $|0\rangle$ to $|w\rangle$ under "there is a
   factor", 2 rotations. $(q + 2\text{ rotations})N$.
3. *Who carries $A_1$*, when the block index is that of the result: $m_l = h \wedge \neg\text{mask}_l$,
   $N$ gates; "$j \ge l$" for $l = 2..N$ by unary iteration, $\max(N-2, 0)$; with "not idle", $N - 1$;
   and $x_l = m_l \wedge \ldots$, $N$.
4. *$A_1$* on cell l, as in `momentum_step`: two controlled rotations of the branch under $x_l$, one of
   an ancilla of its own under $x_l \wedge b$ (1 gate), and the same ancilla turned for
   $1/\lVert A_1\rVert$ under $m_l \oplus x_l$. 8 rotations a cell.

All of them do nothing with $h$ off, so an outer control acts on the weights alone.

**Ancillas** beyond: a branch for each spare cell; $q N$ flags; $N$ that are turned; $4N - 1$
conditions: $m_l$, "$j \ge l$" twice, $x_l$, $x_l \wedge b$.
"""

from __future__ import annotations

import attrs
from qualtran import Signature
from qualtran.bloqs.basic_gates import Toffoli, TwoBitCSwap
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.carleman_lift import LiftedMatrix
from qres.bloqs.circuit import Circuit, EncodingCircuit, registers, rotations, uncontrolled
from qres.bloqs.integers import ceil_log2, tally
from qres.bloqs.lifted_source import LiftedVector
from qres.errors import InputError

CELL_ROTATIONS = 8
"""Four controlled ones for A_1 on a cell."""

FACTOR_ROTATIONS = 2
"""A controlled one for the branch of a result."""


@attrs.frozen
class MomentumLift(EncodingCircuit):
    r"""Encodes the history of the lift of $(u, \sigma v)$.

    Args:
        lift: the same lift without branches, exact map, without a control of its own.
        alpha: $1 + (\lVert A_1\rVert + a)^N$.
        epsilon: absolute error, in units of the matrix.

    Registers:
        ctrl: the control, if there is one.
        system: time, block index and $N$ cells with their branches.
        ancilla: see the module.
        resource: the phase gradient.
    """

    lift: LiftedMatrix = attrs.field(validator=uncontrolled)

    def __attrs_post_init__(self) -> None:
        if self.lift.map_order < self.lift.truncation_order:
            raise InputError(
                f"MomentumLift.lift has map order {self.lift.map_order}; expected"
                f" {self.lift.truncation_order}, the exact map"
            )

    @property
    def order(self) -> int:
        """Cells of the lift, $N$."""
        return self.lift.truncation_order

    @property
    def system_bitsize(self) -> SymbolicInt:
        """Time, block index, cells and branches."""
        return self.lift.system_bitsize + self.order

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Those of the lift, branches of spare cells, flags, turned ones, conditions."""
        own = self.lift.spare_cells + (self.lift.degree + 1) * self.order + 4 * self.order - 1
        return self.lift.ancilla_bitsize + own

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.lift.resource_bitsize

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return self.lift.workspace

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The lift, branches that move, flags, conditions, A_1 and w."""
        order = self.order
        conditions = order + max(order - 2, 0) + (order - 1) + order + order
        return tally(
            [
                (self.lift.with_controls(self.num_controls), 1),
                (TwoBitCSwap(), sum(self.lift.exchanges)),
                (Toffoli(), self.lift.degree * order),
                (And(), conditions),
                (And().adjoint(), conditions),
                *rotations((CELL_ROTATIONS + FACTOR_ROTATIONS) * order, 0),
            ]
        )


@attrs.frozen
class MomentumLiftVector(Circuit):
    r"""Prepares $\sum_{t<T}|t\rangle\sum_{j\le N}\beta^j|j\rangle|wb\rangle^{\otimes j}$, normalised.

    $|wb\rangle$ is the vector in the branch $|w\rangle$. The branch of the first cell takes a rotation,
    that of cell $s \ge 2$ a controlled one. An outer control acts on the first; switched off,
    "$j \ge s$" stays 0.

    Args:
        powers: the same vector without branches, without a control of its own.

    Registers:
        ctrl: the control, if there is one.
        target: the cells.
        branches: one for each cell.
        block: the block index.
        time: $\lceil\log_2 T\rceil$ qubits.
        phase_gradient: that of the vector.
    """

    powers: LiftedVector = attrs.field(validator=uncontrolled)

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.powers.resource_bitsize

    @property
    def signature(self) -> Signature:
        """Registers."""
        count = self.powers.powers
        return registers(
            ctrl=self.num_controls,
            target=count * self.powers.vector.levels,
            branches=count,
            block=ceil_log2(count),
            time=ceil_log2(self.powers.steps),
            phase_gradient=self.resource_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return self.powers.workspace

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The powers, and a rotation for each branch."""
        c = self.num_controls
        return tally(
            [
                (self.powers.with_controls(c), 1),
                *rotations(1, c),
                *rotations(2 * (self.powers.powers - 1), 0),
            ]
        )
