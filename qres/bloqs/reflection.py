r"""What is done where $q$ qubits are all zero: a sign, a phase, the flip of a flag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from qualtran import Bloq, DecomposeTypeError, Signature
from qualtran.bloqs.basic_gates import CNOT, CZ, XGate, ZGate
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import ROTATION, Circuit, registers, require_numbers
from qres.bloqs.conjunction import conjoin
from qres.bloqs.integers import as_integer, at_least, largest, numbers, tally
from qres.bloqs.steps import Bits, Step, backwards
from qres.bloqs.turn import Turn


@attrs.frozen
class ZeroReflection(Circuit):
    r"""Applies $I - 2 |0\rangle\langle 0|$ to $q$ qubits, $q - 2 + c$ Toffoli-like gates.

    A ladder of `And` gates joins all qubits but one (and the control), a CZ with the last one gives
    the sign, and the ladder is undone by measurements. A global phase is left out.

    Args:
        bitsize: number of qubits $q$.

    Registers:
        ctrl: the control, if there is one.
        target: the $q$ qubits.

    References:
        [Encoding Electronic Spectra in Quantum Circuits with Linear T
        Complexity](https://arxiv.org/abs/1805.03662). Babbush et al. (2018). Figure 1.
    """

    bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(ctrl=self.num_controls, target=self.bitsize)

    @property
    def workspace(self) -> SymbolicInt:
        """The ladder, which uses the qubits of look-ups that are not alive then."""
        return self.and_gates

    @property
    def and_gates(self) -> SymbolicInt:
        """Gates of the ladder."""
        return largest([self.bitsize - 2 + self.num_controls, 0])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The ladder up and down, the sign, and the inversions that make it the zero state."""
        sign: Bloq = ZGate() if self.bitsize + self.num_controls == 1 else CZ()
        return tally(
            [
                (And(), self.and_gates),
                (And().adjoint(), self.and_gates),
                (sign, 1),
                (XGate(), 2 * self.bitsize),
            ]
        )

    def steps(self) -> Sequence[Step]:
        """Invert, join all but one, give the sign together with the last, undo."""
        require_numbers(self, self.bitsize, self.num_controls)
        target = Bits("target", self.bitsize)
        flips = [Step(XGate(), {"q": target[i]}) for i in range(target.width)]
        if self.bitsize + self.num_controls == 1:
            return (*flips, Step(ZGate(), {"q": target}), *flips)
        last = target[self.bitsize - 1]
        steps, first = all_ones(self.num_controls, target.part(self.bitsize - 1))
        sign = Step(CZ(), {"q1": first, "q2": last})
        return (*flips, *steps, sign, *backwards(steps), *flips)

    def adjoint(self) -> ZeroReflection:
        """A reflection is its own adjoint."""
        return self


@attrs.frozen
class PhasedReflection(Circuit):
    r"""Applies $I - (1 - e^{i\phi}) |0\rangle\langle 0|$ to $q$ qubits, $q - 1 + c$ Toffoli-like gates.

    A ladder of `And` gates joins all qubits and the control, a rotation turns the qubit in which it
    ends, and the ladder is undone by measurements. That is one gate more than a plain reflection,
    whose last `And` is a CZ. The control is in the ladder, so the rotation stands alone; its global
    phase is the same whether the control is on or off.

    Args:
        bitsize: number of qubits $q$.
        angle: $\phi$ in radians; not needed to count.

    Registers:
        ctrl: the control, if there is one.
        target: the $q$ qubits.

    References:
        [Fixed-point quantum search with an optimal number of
        queries](https://arxiv.org/abs/1409.3305). Yoder, Low, Chuang (2014). Eq. (1).
    """

    bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    angle: float | None = attrs.field(default=None, validator=numbers())

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(ctrl=self.num_controls, target=self.bitsize)

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
                (XGate(), 2 * self.bitsize),
            ]
        )

    def steps(self) -> Sequence[Step]:
        """Invert, join all, turn the phase, undo."""
        require_numbers(self, self.bitsize, self.num_controls)
        angle = require_angle(self, self.angle)
        target = Bits("target", self.bitsize)
        flips = [Step(XGate(), {"q": target[i]}) for i in range(target.width)]
        steps, end = all_ones(self.num_controls, target)
        turn = Step(Turn(angle, "z"), {"target": end})
        return (*flips, *steps, turn, *backwards(steps), *flips)


@attrs.frozen
class ZeroFlag(Circuit):
    r"""Flips a flag where $q$ qubits are zero, $q - 1 + c$ Toffoli-like gates.

    Args:
        bitsize: number of qubits $q$.

    Registers:
        ctrl: the control, if there is one.
        target: the $q$ qubits.
        flag: 1 qubit.
    """

    bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(ctrl=self.num_controls, target=self.bitsize, flag=1)

    @property
    def and_gates(self) -> SymbolicInt:
        """Gates of the ladder."""
        return largest([self.bitsize - 1 + self.num_controls, 0])

    @property
    def workspace(self) -> SymbolicInt:
        """The ladder, which uses the qubits of look-ups that are not alive then."""
        return self.and_gates

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The ladder up and down, and the inversions that make it the zero state."""
        return tally(
            [
                (And(), self.and_gates),
                (And().adjoint(), self.and_gates),
                (CNOT(), 1),
                (XGate(), 2 * self.bitsize),
            ]
        )

    def steps(self) -> Sequence[Step]:
        """Invert, join all, copy, undo."""
        require_numbers(self, self.bitsize, self.num_controls)
        target = Bits("target", self.bitsize)
        flips = [Step(XGate(), {"q": target[i]}) for i in range(target.width)]
        steps, end = all_ones(self.num_controls, target)
        copy = Step(CNOT(), {"ctrl": end, "target": Bits("flag", 1)})
        return (*flips, *steps, copy, *backwards(steps), *flips)

    def adjoint(self) -> ZeroFlag:
        """A flip is its own adjoint."""
        return self


def require_angle(circuit: Bloq, angle: Any) -> Any:
    """Refuse to decompose a circuit whose angles are not given.

    Raises:
        DecomposeTypeError: there is no angle.
    """
    if angle is None:
        raise DecomposeTypeError(f"{type(circuit).__name__} has no angles: it can only be counted")
    return angle


def all_ones(controls: Any, *slices: Bits) -> tuple[Sequence[Step], Bits]:
    """Return the steps that join the control, if there is one, and these qubits, and where they end.

    Args:
        controls: 0 or 1.
        slices: at least one qubit in all; the end is 1 where all are.
    """
    bits = [Bits("ctrl", 1)] * controls + [part[i] for part in slices for i in range(part.width)]
    steps, (end, _) = conjoin([(bit, 1) for bit in bits], "ladder")
    return steps, end
