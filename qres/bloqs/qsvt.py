r"""Matrix inversion by singular value transformation with an odd real polynomial."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from qualtran import Signature
from qualtran.bloqs.basic_gates import CNOT, Hadamard, XGate
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import ROTATION, Circuit, registers, require_numbers, rotations
from qres.bloqs.integers import as_integer, at_least, largest, numbers, parity, tally
from qres.bloqs.linear_solver import LinearSolver
from qres.bloqs.reflection import all_ones, require_angle
from qres.bloqs.steps import Bits, Step, backwards
from qres.bloqs.turn import Turn


@attrs.frozen
class SignedPhase(Circuit):
    r"""Applies $e^{i\phi(2\Pi - 1)Z}$, $\Pi$ the zeros of $q$ qubits: $q - 1 + c$ Toffoli-like gates.

    A ladder of `And` gates joins the qubits, and the rotation of the signal stands between two CNOTs
    from its end. Where the control is off the phase is that of no zeros, $e^{-i\phi Z}$.

    Args:
        bitsize: number of qubits $q$; none are always zero.
        angle: $\phi$ in radians; not needed to count.

    Registers:
        ctrl: the control, if there is one.
        target: the $q$ qubits.
        signal: 1 qubit, on which $Z$ acts.

    References:
        [Quantum singular value transformation and beyond](https://arxiv.org/abs/1806.01838).
        Gilyén, Su, Low, Wiebe (2019). Figure 1.
    """

    bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    angle: float | None = attrs.field(default=None, validator=numbers())

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(ctrl=self.num_controls, target=self.bitsize, signal=1)

    @property
    def and_gates(self) -> SymbolicInt:
        """Gates of the ladder."""
        return largest([self.bitsize - 1 + self.num_controls, 0])

    @property
    def workspace(self) -> SymbolicInt:
        """The ladder, which uses the qubits of look-ups that are not alive then."""
        return self.and_gates

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The ladder up and down, the rotation, and the inversions that make it the zero state."""
        return tally(
            [
                (And(), self.and_gates),
                (And().adjoint(), self.and_gates),
                (ROTATION, 1),
                (CNOT(), 2),
                (XGate(), 2 * self.bitsize),
            ]
        )

    def steps(self) -> Sequence[Step]:
        """Invert, join all, turn the signal this way or that, undo."""
        require_numbers(self, self.bitsize, self.num_controls)
        target, signal = Bits("target", self.bitsize), Bits("signal", 1)
        flips = [Step(XGate(), {"q": target[i]}) for i in range(target.width)]
        angle = 2 * require_angle(self, self.angle)
        if not self.bitsize + self.num_controls:
            return (Step(Turn(-angle, "z"), {"target": signal}),)
        steps, end = all_ones(self.num_controls, target)
        copy = Step(CNOT(), {"ctrl": end, "target": signal})
        turn = Step(Turn(angle, "z"), {"target": signal})
        return (*flips, *steps, copy, turn, copy, *backwards(steps), *flips)


@attrs.frozen
class InversionRun(LinearSolver):
    r"""Applies an odd real polynomial of degree $d$ to the singular values of the inverse's matrix.

    $d$ uses of the encoding, backwards and forwards in turn, and phases about its zeros between. The
    signal qubit starts and ends in $|+\rangle$ and carries the phases with either sign, so the two
    polynomials add up to their real part and no further ancilla is needed. The outermost phases are
    about a state that is in the zeros anyway: both are one rotation of the signal.

    A control acts on the phases, on the last use of the encoding and on the start. Where it is off
    the others cancel in pairs and the signal is turned by the sum of the phases; the first rotation
    undoes that, and a controlled one does what it would have done.

    Args:
        degree: $d$, odd.
        phases: the outermost two added up, then the $d - 1$ between, in the order of time; not
            needed to count.

    Registers:
        solver: the signal.

    References:
        [Quantum singular value transformation and beyond](https://arxiv.org/abs/1806.01838).
        Gilyén, Su, Low, Wiebe (2019). Theorem 17 and Corollary 18.
    """

    degree: SymbolicInt = attrs.field(
        kw_only=True, converter=as_integer, validator=[at_least(1), parity(1)]
    )
    phases: tuple[float, ...] | None = attrs.field(
        kw_only=True, default=None, repr=False, validator=numbers()
    )

    @property
    def own_bitsize(self) -> SymbolicInt:
        """The signal."""
        return 1

    @property
    def matrix_queries(self) -> SymbolicInt:
        """Uses of the encoding."""
        return self.degree

    @property
    def state_queries(self) -> SymbolicInt:
        """The start."""
        return 1

    def _about_block(self, angle: float | None = None) -> SignedPhase:
        return SignedPhase(self.ancilla_bitsize, angle, num_controls=self.num_controls)

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Uses of the matrix, phases between, the start; under a control the last one has it."""
        c = self.num_controls
        return tally(
            [
                (self.block_encoding, self.degree - c),
                (self.block_encoding.with_controls(1), c),
                (self.right_hand_side.with_controls(c), 1),
                (self._about_block(), self.degree - 1),
                (Hadamard(), 2),
                *rotations(1, 0),
                *rotations(c, 1),
            ]
        )

    def steps(self) -> Sequence[Step]:
        """Start, uses of the matrix with phases between, end."""
        require_numbers(self, self.degree, self.index_bitsize)
        c, signal = self.num_controls, Bits("solver", 1)
        outer, *inner = require_angle(self, self.phases)
        mix = Step(Hadamard(), {"q": signal})
        steps = [self._source(c), mix]
        for place, angle in enumerate(inner):
            about = self._about_block(angle)
            wires = {"target": Bits("ancilla", self.ancilla_bitsize), "signal": signal}
            step = Step(about, wires | {"ctrl": Bits("ctrl", 1)})
            steps += [self._matrix(is_adjoint=place % 2 == 0), step]
        last = self._matrix(Bits("ctrl", 1) if c else None, is_adjoint=True)
        return (*steps, last, *self._outermost(outer, sum(inner)), mix)

    def _outermost(self, outer: float, inner: float) -> tuple[Step, ...]:
        r"""$e^{i\phi Z}$ of the signal; under a control it undoes the others where that is off."""
        signal = Bits("solver", 1)
        if not self.num_controls:
            return (Step(Turn(-2 * outer, "z"), {"target": signal}),)
        rest = Turn(-2 * (outer - inner), "z", num_controls=1)
        return (
            Step(Turn(-2 * inner, "z"), {"target": signal}),
            Step(rest, {"ctrl": Bits("ctrl", 1), "target": signal}),
        )
