r"""Block encoding of the history of momentum, and its right-hand side.

**State.** Time ($\tau$ qubits), a branch $b$ (0 holds $u$, 1 holds $\sigma v$), an index of $n$ qubits.
Row $t$ is held as $t - 1$ modulo $2^\tau$, see `qres.bloqs.history_matrix`.

**Sum.** $I - \text{shift} \otimes (A_1 \otimes I + B_1 \otimes F)$ with, for $F = H$,
$$ A_1 = \begin{pmatrix} 1 & -\eta\beta/\sigma \\ 0 & \beta \end{pmatrix},\qquad
   B_1 = \begin{pmatrix} -\eta & 0 \\ \sigma & 0 \end{pmatrix}
       = \sqrt{\eta^2 + \sigma^2}\,|w\rangle\langle 0| , $$
and the identity in place of the bracket in idle rows. A qubit $h$ chooses the shift, $g$ within it
the term with $F$; the weights are $1$, $\lVert A_1\rVert \ge 1$ and
$\sqrt{\eta^2 + \sigma^2}\,\alpha_F$. Gates of one use:

1. *Weights*, before and after: $h$ and $g$, a rotation each; where $h$ is 0, nothing looks at $g$.
2. *Who acts*: $x_F = h \wedge g$, 1 gate. An outer control joins $h$ first, 1 gate, and once more to
   erase $x_F$; it stands nowhere else.
3. *Time*: $h$ is added, $\tau - 1$ gates; the register now shows the row that is left.
4. *Where*: flagged by $\tau$ carries, as in the history of one matrix: nothing leaves the last row,
   and $x_F$ is 1 in no idle row. $\tau$ carries more give $y$, 1 in an idle row with $h$ and without
   $g$; then $x = h \oplus x_F \oplus y$ says that $A_1$ acts.
5. $A_1 = \lVert A_1\rVert\,R_1\,\mathrm{diag}(1, \beta/\lVert A_1\rVert^2)\,R_2$ (its determinant is
   $\beta$): $R_2$ on $b$ under $x$, 2 rotations; an ancilla is turned under $x \wedge b$ (1 gate), and
   under $y$ for $1/\lVert A_1\rVert$; $R_1$ on $b$ under $x$.
6. $B_1$: $x_F \wedge b$ is flagged, 1 Toffoli; then $b$ is turned from $|0\rangle$ to $|w\rangle$
   under $x_F$.
7. $F$ under the control $x_F$.

Two turns of one qubit under conditions that exclude each other are three rotations: with signs
$s, s'$ flipped by the conditions, $\alpha + s\beta + s'\gamma$ is 0 or either angle. So 5 and 6 take
$2 + 3 + 3$ rotations, and all together $12$ rotations and $3\tau + 2 + 2c$ Toffoli gates beside those of
the controlled $F$, with $c$ outer controls.

**Ancillas**: $h$, $g$; the one that is turned; 2 flags; those of $F$.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import attrs
import numpy as np
from qualtran import Signature
from qualtran.bloqs.basic_gates import CNOT, CZ, Toffoli, ZGate
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import (
    Circuit,
    EncodingCircuit,
    registers,
    require_alpha,
    require_numbers,
    rotations,
    uncontrolled,
)
from qres.bloqs.factor_encoding import FactorEncoding
from qres.bloqs.history_matrix import TimeLimit, TimeShift, flagged, require_room, step_of
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, numbers, tally
from qres.bloqs.right_hand_side import RepeatedVector
from qres.bloqs.steps import Bits, Step, backwards
from qres.bloqs.turn import Turn
from qres.errors import InputError

ANCILLAS = 5
"""Weights 2, turned ancilla 1, flags 2."""

ROTATIONS = 12
"""Of the weights, before and after (4), of $A_1$ and $B_1$ (8)."""

Rates = tuple[float, float, float]
"""Learning rate, momentum, scale of the velocity."""


@attrs.frozen
class MomentumMatrix(EncodingCircuit):
    r"""Encodes $I - \sum_t |t\rangle\langle t-1| \otimes M$, $M = A_1 \otimes I + B_1 \otimes F$.

    Args:
        factor: encoding of $F_1$, without a control of its own.
        time_bitsize: qubits that hold the time, $\tau$.
        n_steps: $T$.
        padding: $p$ idle rows, with $T + p + 1 \le 2^\tau$.
        rates: $\eta$, $\beta$ and $\sigma$; not needed to count.
        alpha: $1 + \lVert A_1\rVert + \sqrt{\eta^2 + \sigma^2}\,\alpha_F$.
        epsilon: absolute error, in units of the matrix.

    Registers:
        ctrl: the control, if there is one.
        system: index, branch and time, the time uppermost.
        ancilla: those of the factor, and above them those of the module.
        resource: the phase gradient.
    """

    factor: FactorEncoding = attrs.field(validator=uncontrolled)
    time_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    n_steps: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    padding: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    rates: Rates | None = attrs.field(default=None, kw_only=True, validator=numbers())

    def __attrs_post_init__(self) -> None:
        require_room(self, self.time_bitsize, self.n_steps, self.padding)
        if self.factor.order != 1:
            raise InputError(f"MomentumMatrix.factor is F_{self.factor.order}; expected F_1")
        if self.rates is not None and not is_symbolic(self.alpha, self.factor.alpha, *self.rates):
            rate, _, scale = self.rates
            forced = math.hypot(rate, scale) * float(self.factor.alpha)
            exact = 1 + FreeStep.of(self.rates).norm + forced
            require_alpha(self, exact, "the sum of its weights at these rates")

    @property
    def system_bitsize(self) -> SymbolicInt:
        """Time, branch and index."""
        return self.time_bitsize + 1 + self.factor.system_bitsize

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Weights, flags, the turned one, and the ancillas of the factor."""
        return ANCILLAS + self.factor.ancilla_bitsize

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.factor.resource_bitsize

    @property
    def workspace(self) -> SymbolicInt:
        """The widest of factor and limit of the time, and the control of the factor."""
        factor = self.factor.with_controls(1).workspace
        return largest([factor, 2 * self.time_bitsize + self.num_controls]) + 1

    def _limits(self) -> tuple[TimeLimit, TimeLimit]:
        """What flags a move from too late a row, and what marks an idle row without $F$."""
        time, last = self.time_bitsize, self.n_steps + self.padding
        return TimeLimit(time, (last, self.n_steps)), TimeLimit(time, (self.n_steps, 2**time))

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Weights, conditions, both terms, time."""
        joins, limits = 2 + 2 * self.num_controls, self._limits()
        return tally(
            [
                (self.factor.with_controls(1), 1),
                (TimeShift(self.time_bitsize), 1),
                *((limit, 1) for limit in limits),
                *((limit.adjoint(), 1) for limit in limits),
                (And(), joins),
                (And().adjoint(), joins),
                (Toffoli(), 1),
                *rotations(ROTATIONS, 0),
            ]
        )

    def steps(self) -> Sequence[Step]:
        """Weights, who acts, the time, where, both terms, the factor, and back."""
        sizes = (self.time_bitsize, self.n_steps, self.padding, self.alpha, self.factor.alpha)
        require_numbers(self, *sizes, *(self.rates or ()))
        low, n = self.factor.ancilla_bitsize, self.factor.system_bitsize
        choice, inner, turned, wrong, late = (Bits("ancilla", 1, low + i) for i in range(ANCILLAS))
        time, branch = Bits("system", self.time_bitsize, n + 1), Bits("system", 1, n)
        move, has_factor, joins = choice, Bits("has_factor", 1), []
        if self.num_controls:
            move = Bits("move", 1)
            joins.append(Step(And(), {"ctrl": (Bits("ctrl", 1), choice), "target": move}))
        chosen = Step(And(), {"ctrl": (move, inner), "target": has_factor})
        (limit, idle), weights = self._limits(), self._weights(choice, inner)
        carries = Bits("carries", self.time_bitsize)
        place = {"first": move, "second": has_factor, "time": time, "carries": carries}
        found, is_idle = Step(idle, place), carries[carries.width - 1]
        # the move less the factor and the idle rows: what the free step has, held in its place
        frees = [Step(CNOT(), {"ctrl": bit, "target": move}) for bit in (has_factor, is_idle)]
        flag = Step(Toffoli(), {"ctrl": (has_factor, branch), "target": wrong})
        return (
            *(*weights, *joins, chosen),
            Step(TimeShift(self.time_bitsize), {"addend": move, "time": time}),
            *flagged(limit, move, has_factor, time, late),
            *(found, *frees),
            *self._terms(branch, turned, (move, has_factor, is_idle), flag),
            *(*backwards(frees), found.adjoint()),
            *(Step(ZGate(), {"q": move}), *backwards(joins)),
            step_of(self.factor, has_factor, time),
            *(*joins, chosen.adjoint(), *backwards(joins), *backwards(weights)),
        )

    def _weights(self, choice: Bits, inner: Bits) -> tuple[Step, Step]:
        free = 1.0 if self.rates is None else FreeStep.of(self.rates).norm
        with_factor = self.alpha - 1 - free
        if with_factor < 0:
            raise InputError(
                f"MomentumMatrix.alpha is {self.alpha}; it must be at least {1 + free}"
            )
        turns = ((self.alpha - 1, 1.0, choice), (with_factor, free, inner))
        return tuple(  # pyright: ignore
            Step(Turn(2 * math.atan(math.sqrt(more / less))), {"target": bit})
            for more, less, bit in turns
        )

    def _terms(
        self, branch: Bits, turned: Bits, conditions: tuple[Bits, Bits, Bits], flag: Step
    ) -> tuple[Step, ...]:
        """$A_1$ where it acts, $B_1$ up to $F$ where that acts, the weight of idle rows."""
        has_free, has_factor, is_idle = conditions
        free = FreeStep.of(self.rates or (1.0, 0.0, 1.0))
        before = Step(Turn(free.before, num_controls=1), {"ctrl": has_free, "target": branch})
        both = Bits("both", 1)
        join = Step(And(), {"ctrl": (has_free, branch), "target": both})
        return (
            *(before, join),
            *_either(turned, (both, free.damping), (is_idle, free.idling)),
            *(join.adjoint(), flag),
            *_either(branch, (has_free, free.after), (has_factor, free.forcing)),
        )


@dataclass(frozen=True)
class FreeStep:
    r"""$A_1 = \lVert A_1\rVert R_1\,\mathrm{diag}(1, d)\,R_2$ and $|w\rangle$ as angles of turns.

    Args:
        norm: $\lVert A_1\rVert$.
        before: of $R_2$.
        damping: of an ancilla that keeps $d$.
        after: of $R_1$.
        idling: of an ancilla that keeps $1/\lVert A_1\rVert$.
        forcing: from $|0\rangle$ to $|w\rangle$.
    """

    norm: float
    before: float
    damping: float
    after: float
    idling: float
    forcing: float

    @staticmethod
    def of(rates: Rates) -> FreeStep:
        """Return the angles for learning rate, momentum and scale of the velocity."""
        rate, momentum, scale = rates
        left, values, right = np.linalg.svd([[1, -rate * momentum / scale], [0, momentum]])
        if np.linalg.det(left) < 0:  # then both are: the determinant of the product is not negative
            left, right = left * [1, -1], (right.T * [1, -1]).T
        keeps = (values[1] / values[0], 1 / values[0])
        damping, idling = (2 * math.acos(min(1.0, keep)) for keep in keeps)
        before, after = (2 * math.atan2(turn[1, 0], turn[0, 0]) for turn in (right, left))
        forcing = 2 * math.atan2(scale, -rate)
        return FreeStep(float(values[0]), before, damping, after, idling, forcing)


def _either(target: Bits, *cases: tuple[Bits, float]) -> tuple[Step, ...]:
    """Turn a qubit by the angle of the one condition that holds, or not at all: 3 rotations."""
    steps = [Step(Turn(sum(angle for _, angle in cases) / 2), {"target": target})]
    for condition, angle in cases:
        sign = Step(CZ(), {"q1": condition, "q2": target})
        steps += [sign, Step(Turn(-angle / 2), {"target": target}), sign]
    return tuple(steps)


@attrs.frozen
class MomentumVector(Circuit):
    r"""Prepares $T^{-1/2} \sum_{t<T} |t\rangle |w\rangle |b\rangle$, $w \propto (-\eta, \sigma)$.

    Args:
        repeated: the same vector at every step, without a control of its own.
        rates: $\eta$, $\beta$ and $\sigma$; not needed to count.

    Registers:
        ctrl: the control, if there is one.
        target: the vector, $n$ qubits.
        branch: 1 qubit, one rotation; two if controlled.
        time: $\lceil \log_2 T \rceil$ qubits.
        phase_gradient: that of the vector.
    """

    repeated: RepeatedVector = attrs.field(validator=uncontrolled)
    rates: Rates | None = attrs.field(default=None, kw_only=True, validator=numbers())

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.repeated.resource_bitsize

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(
            ctrl=self.num_controls,
            target=self.repeated.vector.levels,
            branch=1,
            time=ceil_log2(self.repeated.n_steps),
            phase_gradient=self.resource_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return self.repeated.workspace

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The vector at every step, and the branch."""
        c = self.num_controls
        return tally([(self.repeated.with_controls(c), 1), *rotations(1, c)])

    def steps(self) -> Sequence[Step]:
        """The vector at every step beside the branch."""
        c, control = self.num_controls, Bits("ctrl", 1)
        repeated = self.repeated.with_controls(c)
        wires = {
            register.name: Bits(register.name, register.bitsize) for register in repeated.signature
        }
        turn = Turn(FreeStep.of(self.rates or (1.0, 0.0, 1.0)).forcing, num_controls=c)
        return (
            Step(repeated, wires),
            Step(turn, {"ctrl": control, "target": Bits("branch", 1)}),
        )
