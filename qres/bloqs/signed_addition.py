r"""An addition whose sign is a qubit, and the rotation that it makes of a phase gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from qualtran import QUInt, Signature
from qualtran.bloqs.arithmetic import Add
from qualtran.bloqs.basic_gates import CNOT, Hadamard, SGate, XGate
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import Circuit, registers, require_numbers
from qres.bloqs.integers import as_integer, at_least, tally
from qres.bloqs.steps import Bits, Step


@attrs.frozen
class SignedAddition(Circuit):
    r"""Adds modulo $2^b$ where the sign is 1, subtracts where it is 0.

    Complemented before and after, the target falls by what is added, since
    $\overline{\bar t + a} = t - a$. The complement is CNOT gates, so the sign costs nothing:
    $b - 1$ Toffoli-like gates. Backwards the sign is turned.

    Args:
        bits: $b$.

    Registers:
        sign: 1 qubit.
        addend: $b$ qubits.
        target: $b$ qubits.
    """

    bits: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(sign=1, addend=self.bits, target=self.bits)

    @property
    def workspace(self) -> SymbolicInt:
        """The carries."""
        return self.bits - 1

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One addition, between two complements."""
        addition = Add(QUInt(self.bits), QUInt(self.bits))
        turns = 0 if self.is_adjoint else 2
        return tally([(addition, 1), (CNOT(), 2 * self.bits), (XGate(), turns)])

    def steps(self) -> Sequence[Step]:
        """Complement where the sign is 0, add, complement again."""
        require_numbers(self, self.bits)
        bits: Any = self.bits
        sign, addend, target = Bits("sign", 1), Bits("addend", bits), Bits("target", bits)
        turn = [Step(XGate(), {"q": sign})]
        flips = [Step(CNOT(), {"ctrl": sign, "target": target[i]}) for i in range(bits)]
        addition = Step(Add(QUInt(bits), QUInt(bits)), {"a": addend, "b": target})
        return (*turn, *flips, addition, *flips, *turn)

    def sequence(self) -> Sequence[Step]:
        """Backwards it is the other sign, not another adder."""
        return tuple(self.steps())[1:-1] if self.is_adjoint else self.steps()


@attrs.frozen
class LoadedRotation(Circuit):
    r"""$|0\rangle \to \cos\varphi |0\rangle + \sin\varphi |1\rangle$ with $\varphi = 2\pi a/2^b$ loaded.

    $e^{-i\varphi Y} = S H e^{-i\varphi Z} H S^\dagger$, and $e^{-i\varphi Z}$ is an addition into the
    phase gradient $2^{-b/2} \sum_k e^{-2\pi i k/2^b} |k\rangle$ that adds $a$ where the qubit is 1 and
    subtracts it where it is 0. An angle of zero is the identity, so a switched-off look-up of it needs
    no control here.

    Args:
        bits: bits of the angle, $b$.

    Registers:
        target: 1 qubit.
        angle: $a$, $b$ qubits.
        phase_gradient: $b$ qubits, unchanged.

    References:
        [Halving the cost of quantum addition](https://arxiv.org/abs/1709.06648). Gidney (2018).
        Section 4.
    """

    bits: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(target=1, angle=self.bits, phase_gradient=self.bits)

    @property
    def workspace(self) -> SymbolicInt:
        """The carries."""
        return self.bits - 1

    @property
    def word_and_carries(self) -> SymbolicInt:
        """What a circuit needs that loads the angle for this: the word, and the carries beside it."""
        return self.bits + self.workspace

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One signed addition between changes of the basis."""
        turn = [(Hadamard(), 2), (SGate(), 1), (SGate(is_adjoint=True), 1)]
        return tally([(SignedAddition(self.bits), 1), *turn])

    def steps(self) -> Sequence[Step]:
        """To the basis of Y, add, and back."""
        require_numbers(self, self.bits)
        target = Bits("target", 1)
        wires = {"sign": target, "addend": Bits("angle", self.bits)}
        wires |= {"target": Bits("phase_gradient", self.bits)}
        return (
            Step(SGate(is_adjoint=True), {"q": target}),
            Step(Hadamard(), {"q": target}),
            Step(SignedAddition(self.bits), wires),
            Step(Hadamard(), {"q": target}),
            Step(SGate(), {"q": target}),
        )
