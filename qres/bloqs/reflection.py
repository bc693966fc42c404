r"""Reflection about $|0\rangle$: the sign of the all-zero state."""

from __future__ import annotations

import attrs
from qualtran import Signature
from qualtran.bloqs.basic_gates import CZ, XGate
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import Circuit, registers
from qres.bloqs.integers import as_integer, at_least, largest, tally


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
        return tally(
            [
                (And(), self.and_gates),
                (And().adjoint(), self.and_gates),
                (CZ(), 1),
                (XGate(), 2 * self.bitsize),
            ]
        )

    def adjoint(self) -> ZeroReflection:
        """A reflection is its own adjoint."""
        return self
