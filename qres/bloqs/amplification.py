r"""Amplitude amplification of a solver run: exact, or fixed-point where only a bound is known."""

from __future__ import annotations

import attrs
from qualtran import Signature
from qualtran.bloqs.basic_gates import XGate
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import ROTATION, Circuit, registers, uncontrolled
from qres.bloqs.integers import as_integer, at_least, largest, tally
from qres.bloqs.linear_solver import SolverRun
from qres.bloqs.reflection import ZeroReflection


@attrs.frozen
class PhasedReflection(Circuit):
    r"""Applies $I - (1 - e^{i\phi}) |0\rangle\langle 0|$ to $q$ qubits, $q - 1 + c$ Toffoli-like gates.

    A ladder of `And` gates joins all qubits and the control into one ancilla, a rotation turns the
    ancilla, and the ladder is undone by measurements. That is one gate more than a plain reflection,
    whose last `And` is a CZ. The control is in the ladder, so the rotation stands alone; its global
    phase is the same whether the control is on or off.

    Args:
        bitsize: number of qubits $q$.

    Registers:
        ctrl: the control, if there is one.
        target: the $q$ qubits.

    References:
        [Fixed-point quantum search with an optimal number of
        queries](https://arxiv.org/abs/1409.3305). Yoder, Low, Chuang (2014). Eq. (1).
    """

    bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

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


@attrs.frozen
class AmplifiedState(Circuit):
    r"""$k$ rounds of amplitude amplification: $2k + 1$ runs (or adjoints) and $2k$ reflections.

    Exact amplification reflects; the fixed-point sequence of the same length turns by phases, and
    each of its $2k$ reflections has a rotation. With a control, every look-up, rotation and
    reflection inside has it.

    Args:
        run: the run whose flagged part is amplified, without a control of its own.
        rounds: number of rounds $k$; 0 is the run itself.
        is_fixed_point: whether the reflections have phases.

    Registers:
        ctrl: the control, if there is one; the others are those of the run.

    References:
        [Quantum Amplitude Amplification and Estimation](https://arxiv.org/abs/quant-ph/0005055).
        Brassard et al. (2000). Section 2.
        [Fixed-point quantum search with an optimal number of
        queries](https://arxiv.org/abs/1409.3305). Yoder, Low, Chuang (2014).
    """

    run: SolverRun = attrs.field(validator=uncontrolled)
    rounds: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    is_fixed_point: bool = False

    @property
    def signature(self) -> Signature:
        """Registers of the run."""
        return self._controlled_run().signature

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return self.run.workspace

    def _controlled_run(self) -> SolverRun:
        return self.run.with_controls(self.num_controls)

    @property
    def reflection(self) -> ZeroReflection | PhasedReflection:
        """One of the two reflections of a round."""
        plain = self._controlled_run().reflection
        if not self.is_fixed_point:
            return plain
        return PhasedReflection(plain.bitsize, num_controls=self.num_controls)

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Runs, and two reflections a round."""
        runs = (self._controlled_run(), 2 * self.rounds + 1)
        return tally([runs, (self.reflection, 2 * self.rounds)])
