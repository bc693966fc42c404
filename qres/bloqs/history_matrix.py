r"""Block encoding of a linear recurrence as one matrix over all its steps.

$L = I - \sum_{t=1}^{T} |t\rangle\langle t-1| \otimes (I + \eta F)
     - \sum_{t=T+1}^{T+p} |t\rangle\langle t-1| \otimes I$ on $\tau$ qubits of time, a sum of three
unitaries: the identity, the shift in time, and the shift with $F$, of weights 1, 1 and
$a = \eta\alpha_F$. Row $t$ is held as $t - 1$ modulo $2^\tau$: a right-hand side, which row 0 has no part
in, is then on the first $T$ values. Gates of one use:

1. *Weights*, before and after: $h$ chooses the shift (1 against $1 + a$), $g$ the term with $F$ (1
   against $a$); where $h$ is 0, nothing looks at $g$, so neither rotation has a control. 4 rotations.
2. *Who acts*: $x = h \wedge g$ is the control of $F$, 1 gate. An outer control joins $h$ first, 1 gate
   more, and stands nowhere else: without it, weights go up and down again. This product is not held
   while $F$ looks up, so it is made a second time to erase $x$, 1 gate.
3. *Time*: $h$ is added, $\tau - 1$ gates; where it was 1, the register now shows the row $t$ that is left.
4. *Where*: nothing may leave the last row, and $F$ may not act in an idle one. The shift is allowed
   from rows below $T + p$, with $F$ below $T$: $t + m$ must not carry out of $\tau$ bits, with
   $m = 2^\tau - T - p$, or $2^\tau - T$ where $x$ is 1, or 0 where $h$ is 0. The $\tau$ carries are
   computed, the uppermost is copied into a flag that stays, and they are erased by measurement:
   $\tau$ gates for both conditions.
5. The sign, a Z on $h$; then *F* under $x$.

Together $2\tau + 2c$ gates beside those of the controlled $F$, with $c$ outer controls.

**Rows beyond $T + p$**, where $T + p + 1$ is no power of two: the shift is flagged there as in the
last row, and no row leads to them, so $L$ is the identity on them, apart from the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import attrs
from qualtran import Side, Signature
from qualtran.bloqs.basic_gates import CNOT, ZGate
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import (
    Circuit,
    EncodingCircuit,
    registers,
    require_numbers,
    rotations,
    uncontrolled,
)
from qres.bloqs.integers import as_integer, at_least, largest, tally
from qres.bloqs.steps import Bits, Step, backwards
from qres.bloqs.turn import Turn
from qres.errors import InputError

LCU_QUBITS = 2
"""Qubits that hold the three weights."""
ROTATIONS = 4
"""Preparing three weights: two rotations, before and after."""


@attrs.frozen
class TimeShift(Circuit):
    r"""Adds one qubit to a register: $|x\rangle|t\rangle \to |x\rangle|t + x\rangle$.

    $\tau - 1$ carries, each an `And`. It needs no control: switched off, it adds zero.

    Args:
        bitsize: bits of the register, $\tau$.

    Registers:
        addend: 1 qubit.
        time: $\tau$ qubits.
    """

    bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(addend=1, time=self.bitsize)

    @property
    def workspace(self) -> SymbolicInt:
        """The carries."""
        return self.bitsize - 1

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Carries up and down, and the sums."""
        carries = self.bitsize - 1
        calls = [(And(), carries), (And().adjoint(), carries), (CNOT(), self.bitsize)]
        return tally(calls)

    def steps(self) -> Sequence[Step]:
        """Carries upwards; from the top, each is added and then erased."""
        require_numbers(self, self.bitsize)
        bitsize: Any = self.bitsize
        time, carry = Bits("time", bitsize), Bits("carries", bitsize)
        before = [Bits("addend", 1), *(carry[i] for i in range(1, bitsize))]
        ups = [
            Step(And(), {"ctrl": (before[i], time[i]), "target": before[i + 1]})
            for i in range(bitsize - 1)
        ]
        adds = [Step(CNOT(), {"ctrl": before[i], "target": time[i]}) for i in range(bitsize)]
        downs: list[Step] = []
        for place in reversed(range(bitsize)):
            downs += [adds[place], *backwards(ups[place - 1 : place] if place else [])]
        return (*ups, *downs)


@attrs.frozen
class TimeLimit(Circuit):
    r"""Carries of $t + m$, where two qubits choose $m$; the uppermost says that $t$ is too late.

    A move that may start from times below $K$ has $m = 2^\tau - K$, and 0 if it may always start.
    $\tau$ `And` gates; backwards they are erased by measurement.

    Args:
        bitsize: bits of the time, $\tau$.
        limits: $K$ where only `first` is 1, and where `second` is 1 too, each 1 to $2^\tau$.

    Registers:
        first: 1 qubit; where it is 0, so is the other, and $m = 0$.
        second: 1 qubit.
        time: $\tau$ qubits.
        carries: $\tau$ qubits, new; backwards they end.
    """

    bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    limits: tuple[SymbolicInt, SymbolicInt]

    def __attrs_post_init__(self) -> None:
        if is_symbolic(self.bitsize, *self.limits):
            return
        if not all(1 <= limit <= 2**self.bitsize for limit in self.limits):
            raise InputError(
                f"TimeLimit.limits are {self.limits}; expected 1 to {2**self.bitsize}, the times of"
                f" {self.bitsize} qubits"
            )

    @property
    def signature(self) -> Signature:
        """Registers."""
        side = Side.LEFT if self.is_adjoint else Side.RIGHT
        sizes = {"first": 1, "second": 1, "time": self.bitsize, "carries": self.bitsize}
        return registers(sides={"carries": side}, **sizes)

    @property
    def workspace(self) -> SymbolicInt:
        """The addend and the carries."""
        return 2 * self.bitsize

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The carries, up or down; CNOT gates are not counted."""
        return tally([(And().adjoint() if self.is_adjoint else And(), self.bitsize)])

    def steps(self) -> Sequence[Step]:
        """Write the addend, carry from bit to bit, erase the addend."""
        require_numbers(self, self.bitsize, *self.limits)
        bitsize: Any = self.bitsize
        limits: tuple[Any, Any] = self.limits
        addend, carries = Bits("addend", bitsize), Bits("carries", bitsize)
        alone, both = (2**bitsize - limit for limit in limits)
        writes = [
            Step(CNOT(), {"ctrl": Bits(name, 1), "target": addend[i]})
            for name, word in (("first", alone), ("second", alone ^ both))
            for i in range(bitsize)
            if word >> i & 1
        ]
        time, steps = Bits("time", bitsize), list(writes)
        for place in range(bitsize):
            inputs = (time[place], addend[place])
            join = Step(And(), {"ctrl": inputs, "target": carries[place]})
            if not place:
                steps.append(join)
                continue
            below = carries[place - 1]
            adds = [Step(CNOT(), {"ctrl": below, "target": bit}) for bit in inputs]
            over = Step(CNOT(), {"ctrl": below, "target": carries[place]})
            steps += [*adds, join, over, *adds]
        return (*steps, *writes)


@attrs.frozen
class HistoryMatrix(EncodingCircuit):
    r"""Encodes $I - \sum_t |t\rangle\langle t-1| \otimes (I + \eta F)$ from an encoding of $F$.

    See the module for its gates.

    Args:
        step_encoding: encoding of $F$, without a control of its own; if it has a register `time`, that
            is the step it stands for.
        time_bitsize: qubits that hold the time, $\tau$.
        n_steps: $T$.
        padding: $p$ idle rows, with $T + p + 1 \le 2^\tau$.
        alpha: sum of the three weights, $2 + \eta\alpha_F$.
        epsilon: absolute error, in units of the matrix.

    Registers:
        ctrl: the control, if there is one.
        system: $n + \tau$ qubits, the time above.
        ancilla: those of `step_encoding`, 2 for the weights, 1 flag above.
        resource: the phase gradient.

    References:
        [Quantum algorithm for linear differential equations with exponentially improved dependence
        on precision](https://arxiv.org/abs/1701.03684). Berry et al. (2017). Section 3.
    """

    step_encoding: EncodingCircuit = attrs.field(validator=uncontrolled)
    time_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    n_steps: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    padding: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))

    def __attrs_post_init__(self) -> None:
        require_room(self, self.time_bitsize, self.n_steps, self.padding)

    @property
    def system_bitsize(self) -> SymbolicInt:
        """Index and time."""
        return self.step_encoding.system_bitsize + self.time_bitsize

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Weights, flag, and the ancillas of the encoding of a step."""
        return LCU_QUBITS + 1 + self.step_encoding.ancilla_bitsize

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.step_encoding.resource_bitsize

    @property
    def workspace(self) -> SymbolicInt:
        """The widest of step and limit of the time, and the control of $F$."""
        step = self.step_encoding.with_controls(1).workspace
        return largest([step, 2 * self.time_bitsize + self.num_controls]) + 1

    def _limit(self) -> TimeLimit:
        return TimeLimit(self.time_bitsize, (self.n_steps + self.padding, self.n_steps))

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The weights, who acts, the time, where, the controlled step."""
        joins, limit = 1 + 2 * self.num_controls, self._limit()
        return tally(
            [
                *rotations(ROTATIONS, 0),
                (And(), joins),
                (And().adjoint(), joins),
                (limit, 1),
                (limit.adjoint(), 1),
                (CNOT(), 1),
                (self.step_encoding.with_controls(1), 1),
                (TimeShift(self.time_bitsize), 1),
                (ZGate(), 1),
            ]
        )

    def steps(self) -> Sequence[Step]:
        """Weights, who acts, the time, where, the step, and back."""
        require_numbers(self, self.time_bitsize, self.n_steps, self.padding, self.alpha)
        choice, inner, flag = _above(self.step_encoding.ancilla_bitsize)
        move, has_step = choice, Bits("has_step", 1)
        joins: list[Step] = []
        if self.num_controls:
            move = Bits("move", 1)
            joins.append(Step(And(), {"ctrl": (Bits("ctrl", 1), choice), "target": move}))
        chosen = Step(And(), {"ctrl": (move, inner), "target": has_step})
        weights = self._weights(choice, inner)
        time = Bits("system", self.time_bitsize, self.step_encoding.system_bitsize)
        return (
            *weights,
            *joins,
            chosen,
            Step(TimeShift(self.time_bitsize), {"addend": move, "time": time}),
            *flagged(self._limit(), move, has_step, time, flag),
            Step(ZGate(), {"q": move}),
            *backwards(joins),
            step_of(self.step_encoding, has_step, time),
            *joins,
            chosen.adjoint(),
            *backwards(joins),
            *backwards(weights),
        )

    def _weights(self, choice: Bits, inner: Bits) -> tuple[Step, Step]:
        if self.alpha < 2:
            raise InputError(f"HistoryMatrix.alpha is {self.alpha}; its weights are 1, 1 and more")
        turns = (math.atan(math.sqrt(self.alpha - 1)), math.atan(math.sqrt(self.alpha - 2)))
        return tuple(  # pyright: ignore
            Step(Turn(2 * angle), {"target": bit})
            for angle, bit in zip(turns, (choice, inner), strict=True)
        )


def flagged(
    limit: TimeLimit, first: Bits, second: Bits, time: Bits, flag: Bits
) -> tuple[Step, ...]:
    """Compute the carries, copy the uppermost into the flag, erase them."""
    carries = Bits("carries", limit.bitsize)
    wires = {"first": first, "second": second, "time": time, "carries": carries}
    compare = Step(limit, wires)
    copy = Step(CNOT(), {"ctrl": carries[limit.bitsize - 1], "target": flag})
    return (compare, copy, compare.adjoint())


def step_of(step: EncodingCircuit, control: Bits, time: Bits) -> Step:
    """The controlled encoding of a step on the low qubits of system and ancilla."""
    bloq, wires = step.with_controls(1), {"ctrl": control, "time": time}
    for register in bloq.signature:
        low = wires.get(register.name, Bits(register.name, register.bitsize))
        wires[register.name] = low.part(register.bitsize)
    return Step(bloq, wires)


def require_room(
    circuit: Any, time_bitsize: SymbolicInt, n_steps: SymbolicInt, padding: SymbolicInt
) -> None:
    """Refuse more rows than the register of the time holds."""
    if is_symbolic(time_bitsize, n_steps, padding) or n_steps + padding < 2**time_bitsize:
        return
    raise InputError(
        f"{type(circuit).__name__}: {n_steps} steps and {padding} idle rows do not fit"
        f" {time_bitsize} qubits of time"
    )


def _above(low: Any) -> tuple[Bits, Bits, Bits]:
    """The three qubits above the ancillas of the step."""
    return Bits("ancilla", 1, low), Bits("ancilla", 1, low + 1), Bits("ancilla", 1, low + 2)
