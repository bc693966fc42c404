r"""Estimates of an observable: an overlap with a known state, or an expectation value."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from qualtran import Bloq, Register, Signature
from qualtran.bloqs.basic_gates import CZ, Hadamard
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.amplification import AmplifiedState
from qres.bloqs.circuit import Circuit, phase_addition, registers, uncontrolled
from qres.bloqs.integers import as_integer, at_least, largest, require_integer, tally
from qres.bloqs.linear_solver import SolverRun
from qres.bloqs.reflection import ZeroReflection
from qres.bloqs.right_hand_side import UniformSuperposition
from qres.bloqs.rotation_tree import LoadedRotationTree

Calls = list[tuple[Bloq, SymbolicInt]]


@attrs.frozen
class ReferenceState(Circuit):
    r"""Prepares $|w\rangle$ beside equal rows $T, \dots, T + p$ of a time register.

    Args:
        vector: tree that prepares $w$, a single row, without a control of its own.
        rows: number of equal rows $p + 1$.
        time_bitsize: qubits of the time; 0 where there is none.

    Registers:
        ctrl: the control, if there is one.
        target: the vector.
        time: the time, if there is one.
        phase_gradient: that of the tree.
    """

    vector: LoadedRotationTree = attrs.field(validator=uncontrolled)
    rows: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    time_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.vector.resource_bitsize

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(
            ctrl=self.num_controls,
            target=self.vector.levels,
            time=self.time_bitsize,
            phase_gradient=self.resource_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return self.vector.workspace

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The vector; with a time the superposition of rows, and the addition of their start."""
        calls: Calls = [(self.vector.with_controls(self.num_controls), 1)]
        if is_symbolic(self.time_bitsize) or self.time_bitsize > 0:
            calls.append((UniformSuperposition(self.rows, num_controls=self.num_controls), 1))
            calls.append((phase_addition(self.time_bitsize), 1))
        return tally(calls)


@attrs.frozen
class OverlapEstimation(Circuit):
    r"""Amplitude estimation of a Hadamard test $(1 + \mathrm{Re}\langle w|\psi\rangle)/2$.

    The test prepares $\psi$ if its qubit is on and $w$ if it is off, between two Hadamards; the
    good outcome is that one qubit, so $M$ iterations are $2M + 1$ tests, $M$ reflections about the
    start on one qubit more than a run has, and $M$ CZ.

    Args:
        run: prepares $\psi$, without a control.
        reference: prepares $w$, without a control.
        iterations: Grover iterations of one estimate, $M$.
        repetitions: estimates.
        phase_bitsize: qubits of the phase-estimation register.

    Registers:
        phase: the phase-estimation register.
        ctrl: the qubit of the test; the others are those of the run.

    References:
        [Quantum Amplitude Amplification and Estimation](https://arxiv.org/abs/quant-ph/0005055).
        Brassard et al. (2000). Theorem 12.
    """

    run: SolverRun = attrs.field(validator=uncontrolled)
    reference: ReferenceState = attrs.field(validator=uncontrolled)
    iterations: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    repetitions: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    phase_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))

    def __attrs_post_init__(self) -> None:
        _refuse_control(self)

    @property
    def signature(self) -> Signature:
        """Registers; the phase gradient is the larger of those in use."""
        own = {reg.name: reg.total_bits() for reg in self.run.with_controls(1).signature}
        own["phase_gradient"] = largest(
            [own.get("phase_gradient", 0), self.reference.resource_bitsize]
        )
        return registers(phase=self.phase_bitsize, **own)

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return largest([self.run.workspace, self.reference.workspace])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Tests, and the reflections of each iteration."""
        tests = (2 * self.iterations + 1) * self.repetitions
        calls: Calls = [
            (self.run.with_controls(1), tests),
            (self.reference.with_controls(1), tests),
            (Hadamard(), 2 * tests),
        ]
        return tally([*calls, *_turns(self.run, self.iterations * self.repetitions)])


@attrs.frozen
class GivenOperator(Circuit):
    r"""A controlled block-encoding of an operator of which only the Toffoli count is given.

    Args:
        toffoli: Toffoli gates of one use.

    Registers:
        none of its own: it acts on those of the state.
    """

    toffoli: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))

    @property
    def signature(self) -> Signature:
        """No registers."""
        return Signature([])

    @property
    def workspace(self) -> SymbolicInt:
        """None is known."""
        return 0

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The given gates."""
        return tally([(And(), self.toffoli), (And().adjoint(), self.toffoli)])


@attrs.frozen
class ExpectationEstimation(Circuit):
    r"""Amplitude estimation of a Hadamard test $(1 + \mathrm{Re}\langle\psi|U_O|\psi\rangle)/2$.

    Only the operator has the control of the test. A state that was not amplified also tests the
    flag and the wanted block, with the gates of one controlled reflection, so that the rest of it
    does not count.

    Args:
        state: prepares $\psi$, without a control; 0 rounds are a run that was not amplified.
        operator: the block-encoded operator $U_O$.
        iterations: Grover iterations of one estimate, $M$.
        repetitions: estimates.
        phase_bitsize: qubits of the phase-estimation register.
        is_flagged: whether the flag is tested.

    Registers:
        phase: the phase-estimation register.
        ctrl: the qubit of the test; the others are those of the state.

    References:
        [Quantum Amplitude Amplification and Estimation](https://arxiv.org/abs/quant-ph/0005055).
        Brassard et al. (2000). Theorem 12.
    """

    state: AmplifiedState = attrs.field(validator=uncontrolled)
    operator: GivenOperator
    iterations: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    repetitions: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    phase_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    is_flagged: bool = False

    def __attrs_post_init__(self) -> None:
        _refuse_control(self)

    @property
    def signature(self) -> Signature:
        """Registers of the state, of the test, and of the phase estimation."""
        extra: Iterable[Register] = registers(phase=self.phase_bitsize, ctrl=1)
        return Signature([*extra, *self.state.signature])

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return self.state.workspace

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Tests, and the reflections of each iteration."""
        tests = (2 * self.iterations + 1) * self.repetitions
        run = self.state.run
        calls: Calls = [(self.state, tests), (self.operator, tests), (Hadamard(), 2 * tests)]
        if self.is_flagged:
            calls.append((run.reflection.with_controls(1), tests))
        return tally([*calls, *_turns(run, self.iterations * self.repetitions)])


def _turns(run: SolverRun, count: SymbolicInt) -> Calls:
    """The reflections of Grover iterations whose good outcome is one qubit."""
    start = ZeroReflection(run.reflection.bitsize + 1, num_controls=1)
    return [(start, count), (CZ(), count)]


def _refuse_control(bloq: Circuit) -> None:
    """A read-out ends in measurements: there is nothing to control."""
    require_integer(f"{type(bloq).__name__}.num_controls", bloq.num_controls, 0, 0)
