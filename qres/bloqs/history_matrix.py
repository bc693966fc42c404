r"""Block encoding of a linear recurrence as one matrix over all its steps."""

from __future__ import annotations

import attrs
from qualtran import Signature
from qualtran.bloqs.basic_gates import CNOT
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import Circuit, EncodingCircuit, registers, rotations, uncontrolled
from qres.bloqs.integers import as_integer, at_least, tally

LCU_QUBITS = 2
"""Qubits that hold the three weights."""
ROTATIONS = 6
"""Preparing three weights: one rotation and one controlled (two), before and after."""


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


@attrs.frozen
class HistoryMatrix(EncodingCircuit):
    r"""Encodes $I - \sum_t |t\rangle\langle t-1| \otimes (I + \eta F)$ from an encoding of $F$.

    A sum of three unitaries: the identity, the shift in time, and the shift with $F$. The last one
    is flagged away in the idle rows at the end.

    Args:
        step_encoding: encoding of $F$, without a control of its own.
        time_bitsize: qubits that hold the time, $\tau$.
        alpha: sum of the three weights.
        epsilon: absolute error, in units of the matrix.

    Registers:
        ctrl: the control, if there is one.
        system: $n + \tau$ qubits.
        ancilla: 2 for the weights, 1 flag, and those of `step_encoding`.
        resource: the phase gradient.

    References:
        [Quantum algorithm for linear differential equations with exponentially improved dependence
        on precision](https://arxiv.org/abs/1701.03684). Berry et al. (2017). Section 3.
    """

    step_encoding: EncodingCircuit = attrs.field(validator=uncontrolled)
    time_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

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
        """The largest table alive."""
        return self.step_encoding.workspace

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One encoding of a step, one shift, and the weights prepared and unprepared."""
        c = self.num_controls
        step = self.step_encoding.with_controls(c)
        return tally([(step, 1), (TimeShift(self.time_bitsize), 1), *rotations(ROTATIONS, c)])
