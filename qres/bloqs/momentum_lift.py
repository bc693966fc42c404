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

1. *Moves*: the branch is a qubit of its cell, the uppermost, a controlled swap for each exchange.
2. *Factors*: "this factor takes an e-th cell, and its branch is 1" is flagged for $e = 1..q$, a
   Toffoli gate each. The branch of the result is rotated from $|0\rangle$ to $|w\rangle$ under "there is a
   factor", 2 rotations. $(q + 2\text{ rotations})N$.
3. *Idle rows*: "the row that is left is idle", $\tau - 1$ gates to compare.
4. *Who carries $A_1$*, when the block index is that of the result and "$j \ge l$" is there for the
   flags of the lift: $m_l = h \wedge \neg\text{mask}_l$; "$j \ge l$ and not idle", but for $l = 1$; and
   $x_l$, both of them. $3N - 1$ gates.
5. *$A_1$* on cell l, $U \,\mathrm{diag}(\lVert A_1\rVert, s)\, V^T$: two controlled rotations of the
   branch under $x_l$, one of an ancilla of its own under $x_l \wedge b$ (1 gate), and the same ancilla
   turned for $1/\lVert A_1\rVert$ under $m_l \oplus x_l$. 8 rotations a cell.

All of them do nothing with $h$ off, so an outer control joins $h$ as in the lift.

**Ancillas** beyond: a branch for each spare cell; $q N$ flags; $N$ that are turned. The conditions
are there only while no look-up is alive.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
import numpy as np
from qualtran import Signature
from qualtran.bloqs.basic_gates import CNOT, Toffoli, TwoBitCSwap
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.carleman_lift import LiftedMatrix
from qres.bloqs.circuit import (
    Circuit,
    EncodingCircuit,
    registers,
    require_alpha,
    require_numbers,
    rotations,
    uncontrolled,
)
from qres.bloqs.conjunction import reaches
from qres.bloqs.integers import ceil_log2, largest, numbers, tally
from qres.bloqs.lift_routing import SCRATCH, Routing, Shelf, Steps
from qres.bloqs.lifted_source import LiftedVector
from qres.bloqs.steps import Bits, Step, backwards
from qres.bloqs.turn import Turn
from qres.errors import InputError

CELL_ROTATIONS = 8
"""Four controlled ones for A_1 on a cell."""

FACTOR_ROTATIONS = 2
"""A controlled one for the branch of a result."""


@attrs.frozen
class Branches:
    r"""What momentum does to a branch: $A_1$ where there is no factor, $|w\rangle$ where there is.

    Args:
        learning_rate: $\eta$.
        momentum: $\beta$.
        velocity_scale: $\sigma$, above 0.
    """

    learning_rate: float = attrs.field(validator=numbers())
    momentum: float = attrs.field(validator=numbers(least=0))
    velocity_scale: float = attrs.field(validator=numbers(least=0, is_open=True))

    @property
    def free(self) -> np.ndarray:
        """$A_1$."""
        coupling = -self.learning_rate * self.momentum / self.velocity_scale
        return np.array([[1, coupling], [0, self.momentum]])

    @property
    def scale(self) -> float:
        r"""$\sqrt{\eta^2 + \sigma^2}$."""
        return math.hypot(self.learning_rate, self.velocity_scale)

    @property
    def result(self) -> float:
        r"""The angle that turns $|0\rangle$ to $|w\rangle$."""
        return 2 * math.atan2(-self.velocity_scale, self.learning_rate)

    def turns(self) -> tuple[float, float, float, float]:
        r"""Angles of $V^T$, of the ancilla for $s$ and for $1/\lVert A_1\rVert$, and of $U$."""
        left, values, right = np.linalg.svd(self.free)
        if np.linalg.det(left) < 0:
            left, values = left * [1, -1], values * [1, -1]
        if np.linalg.det(right) < 0:
            right, values = np.array([[1], [-1]]) * right, values * [1, -1]
        inner, outer = (2 * math.atan2(m[1, 0], m[0, 0]) for m in (right, left))
        alone, rest = (2 * math.acos(x / values[0]) for x in (values[1], 1.0))
        return inner, alone, rest, outer


@attrs.frozen
class MomentumLift(EncodingCircuit):
    r"""Encodes the history of the lift of $(u, \sigma v)$.

    Args:
        lift: the same lift without branches, exact map, without a control of its own.
        branches: not needed to count.
        alpha: $1 + (\lVert A_1\rVert + a)^N$.
        epsilon: absolute error, in units of the matrix.

    Registers:
        ctrl: the control, if there is one.
        system: time, block index and $N$ cells, the branch uppermost in each.
        ancilla: see the module.
        resource: the phase gradient.
    """

    lift: LiftedMatrix = attrs.field(validator=uncontrolled)
    branches: Branches | None = attrs.field(default=None, kw_only=True, repr=False)

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
        """Those of the lift, branches of spare cells, flags, turned ones."""
        own = self.lift.spare_cells + (self.lift.degree + 1) * self.order
        return self.lift.ancilla_bitsize + own

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.lift.resource_bitsize

    @property
    def workspace(self) -> SymbolicInt:
        """That of the lift, or what $A_1$ compares and joins."""
        lift, block = self.lift, self.lift.block_bitsize
        joined = 2**block - block + self.order + lift.time_bitsize + 4
        whole = lift.with_controls(self.num_controls).workspace
        return largest([whole, joined + self.num_controls])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The lift, branches that move, flags, conditions, A_1 and w."""
        order = self.order
        conditions = 4 * order - 1 + self.lift.time_bitsize - 1
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

    def with_data(
        self, tensors: Sequence[np.ndarray], branches: Branches, rescaling: float
    ) -> MomentumLift:
        r"""The same circuit with the data of $F_0, ..., F_q$, each $r \times r^k$, and its weights.

        Args:
            tensors: of $F_0$ on; $F_0$ is a vector.
            branches: what momentum does.
            rescaling: $\gamma$.

        Raises:
            InputError: data that do not fit, or an alpha that is not the sum of the weights.
        """
        alphas = [float(np.linalg.norm(tensors[0]))]
        alphas += [float(part.alpha) for part in self.lift.factors]
        weights = [branches.scale * rescaling ** (k - 1) * a for k, a in enumerate(alphas)]
        alpha = 1 + (float(np.linalg.norm(branches.free, 2)) + sum(weights)) ** self.order
        require_alpha(self, alpha, "what its weights add to")
        lift = self.lift.with_tensors(tensors, weights)
        return attrs.evolve(self, lift=lift, branches=branches)

    def steps(self) -> Sequence[Step]:
        """The steps of the lift; reads, results and A_1 beside them."""
        lift = self.lift.with_controls(self.num_controls)
        require_numbers(self, self.ancilla_bitsize, self.system_bitsize, lift.n_steps)
        branches = self.branches or Branches(1.0, 0.0, 1.0)
        routing = Routing(lift, branches=1)
        stay = float(np.linalg.norm(branches.free, 2))
        flags = routing.shelf.take(lift.degree * self.order)
        turned = routing.shelf.take(self.order)
        return lift.routed(
            routing,
            routing.weights(lift.weights, stay),
            read=lambda s: self._reads(routing, s, flags),
            turn=lambda s: [self._result(routing, s, branches)],
            settle=lambda reach: self._carried(routing, reach, turned, branches),
        )

    def _branch(self, routing: Routing, cell: int) -> Bits:
        return routing.cells[cell - 1][self.lift.cell_bitsize]

    def _reads(self, routing: Routing, s: int, flags: Bits) -> Steps:
        """Flag cells that are taken in the other branch."""
        steps, last = [], len(routing.cells)
        for e in range(self.lift.degree):
            pair = (routing.active[e], self._branch(routing, last - e))
            target = flags[(s - 1) * self.lift.degree + e]
            steps.append(Step(Toffoli(), {"ctrl": pair, "target": target}))
        return steps

    def _result(self, routing: Routing, s: int, branches: Branches) -> Step:
        """The branch of the result, where there is a factor."""
        turn = Turn(branches.result).with_controls(1)
        place = self._branch(routing, len(routing.cells))
        return Step(turn, {"ctrl": routing.run[s], "target": place})

    def _carried(
        self, routing: Routing, reach: dict[int, Bits], turned: Bits, branches: Branches
    ) -> Steps:
        """A_1 on filled cells without a factor, 1/norm(A_1) on empty ones and in idle rows."""
        scratch = Shelf(SCRATCH.register, 2**routing.block.width + self.order - routing.block.width)
        compare, idle = reaches(routing.time, self.lift.n_steps, scratch.take(routing.time.width))
        steps = list(compare)
        alone, is_open, carries, second = (scratch.take(1) for _ in range(4))
        inner, small, rest, outer = (Turn(x).with_controls(1) for x in branches.turns())
        for place, mask in routing.mask.items():
            wires = {"ctrl": (routing.move, mask), "target": alone}
            joins = [Step(And(1, 0), wires)]
            carrier = (idle, 0)
            if place > 1:
                wires = {"ctrl": (reach[place - 1], idle), "target": is_open}
                joins.append(Step(And(1, 0), wires))
                carrier = (is_open, 1)
            pair = {"ctrl": (alone, carrier[0]), "target": carries}
            joins.append(Step(And(1, carrier[1]), pair))
            branch, ancilla = self._branch(routing, place), turned[place - 1]
            both = Step(And(), {"ctrl": (carries, branch), "target": second})
            other = Step(CNOT(), {"ctrl": carries, "target": alone})
            steps += [
                *joins,
                Step(inner, {"ctrl": carries, "target": branch}),
                both,
                Step(small, {"ctrl": second, "target": ancilla}),
                both.adjoint(),
                Step(outer, {"ctrl": carries, "target": branch}),
                other,
                Step(rest, {"ctrl": alone, "target": ancilla}),
                other,
                *backwards(joins),
            ]
        return [*steps, *backwards(compare)]


@attrs.frozen
class MomentumLiftVector(Circuit):
    r"""Prepares $\sum_{t<T}|t\rangle\sum_{j\le N}\beta^j|j\rangle|wb\rangle^{\otimes j}$, normalised.

    $|wb\rangle$ is the vector in the branch $|w\rangle$. The branch of the first cell takes a rotation,
    that of cell $s \ge 2$ a controlled one. An outer control acts on the first; switched off,
    "$j \ge s$" stays 0.

    Args:
        powers: the same vector without branches, without a control of its own.
        branch: the angle that turns $|0\rangle$ to $|w\rangle$; not needed to count.

    Registers:
        ctrl: the control, if there is one.
        target: $N$ cells, the first uppermost, the branch uppermost in each.
        block: the block index.
        time: $\lceil\log_2 T\rceil$ qubits.
        phase_gradient: that of the vector.
    """

    powers: LiftedVector = attrs.field(validator=uncontrolled)
    branch: float = attrs.field(default=0.0, kw_only=True, repr=False, validator=numbers())

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.powers.resource_bitsize

    @property
    def signature(self) -> Signature:
        """Registers."""
        count = self.powers.truncation_order
        return registers(
            ctrl=self.num_controls,
            target=count * (self.powers.vector.levels + 1),
            block=ceil_log2(count),
            time=ceil_log2(self.powers.n_steps),
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

    def with_vector(self, vector: np.ndarray, branches: Branches) -> MomentumLiftVector:
        r"""The same circuit with the data of $\beta b$, without its branches.

        Args:
            vector: real, not zero, as long as there are weights.
            branches: what momentum does.
        """
        powers = self.powers.with_vector(vector)
        return attrs.evolve(self, powers=powers, branch=branches.result)

    def steps(self) -> Sequence[Step]:
        """The powers, and in each cell a branch."""

        def turned(place: Bits, control: Bits, controls: SymbolicInt) -> Steps:
            turn = Turn(self.branch).with_controls(controls)
            return [Step(turn, {"ctrl": control, "target": place})]

        return self.powers.with_controls(self.num_controls).branched(1, turned)
