r"""Read-out of a solution: signs, norm, and the job that puts all parts together."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from qualtran import Bloq, Register, Signature
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.amplification import AmplifiedState
from qres.bloqs.circuit import Circuit, registers, uncontrolled
from qres.bloqs.integers import as_integer, at_least, largest, require_integer, tally
from qres.bloqs.linear_solver import SolverRun


@attrs.frozen
class SignCircuit(Circuit):
    r"""Superposes the state with a reference, so that measurements tell the signs of amplitudes.

    A controlled preparation of the state; one more qubit, the control.

    Args:
        state: the state, without a control of its own.

    Registers:
        those of the state, with `ctrl`.

    References:
        [Quantum algorithms for second-order cone programming and support vector
        machines](https://arxiv.org/abs/1908.06720). Kerenidis, Prakash, Szilágyi (2019).
        Algorithm 1.
    """

    state: AmplifiedState = attrs.field(validator=uncontrolled)

    def __attrs_post_init__(self) -> None:
        _refuse_control(self)

    @property
    def signature(self) -> Signature:
        """Registers."""
        return self.state.with_controls(1).signature

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return self.state.workspace

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The controlled state."""
        return {self.state.with_controls(1): 1}


@attrs.frozen
class NormEstimation(Circuit):
    r"""Amplitude estimation of a run's flag, repeated for a median.

    $M$ Grover iterations are $2M + 1$ runs and $2M$ reflections; a phase-estimation register
    controls the reflections, and that is enough: without them runs and adjoints cancel.

    Args:
        run: the run whose flag is estimated, without a control.
        iterations: Grover iterations of one estimate, $M$.
        repetitions: estimates.
        phase_bitsize: qubits of the phase-estimation register.

    Registers:
        phase: the phase-estimation register; the others are those of the run.

    References:
        [Quantum Amplitude Amplification and Estimation](https://arxiv.org/abs/quant-ph/0005055).
        Brassard et al. (2000). Theorem 12.
    """

    run: SolverRun = attrs.field(validator=uncontrolled)
    iterations: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    repetitions: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    phase_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))

    def __attrs_post_init__(self) -> None:
        _refuse_control(self)

    @property
    def signature(self) -> Signature:
        """Registers of the run and of the phase estimation."""
        phase: Iterable[Register] = registers(phase=self.phase_bitsize)
        return Signature([*phase, *self.run.signature])

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return self.run.workspace

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Runs, and two controlled reflections an iteration."""
        reflections = 2 * self.iterations * self.repetitions
        return tally(
            [
                (self.run, reflections + self.repetitions),
                (self.run.reflection.with_controls(1), reflections),
            ]
        )


@attrs.frozen
class ReadoutJob(Circuit):
    r"""The whole job: each part as often as the read-out needs it, one after the other.

    For a state the part is one amplified state; for coherent tomography many, and the norm; for
    sampling plain copies, sign circuits, and the norm. Nothing survives from one part to the next,
    so the peak is that of the widest part.

    Args:
        parts: pairs of a bloq and how often it is called.
        ancilla_bitsize: qubits held throughout that no part declares.

    Registers:
        none: a job starts from nothing and ends in numbers.
    """

    parts: tuple[tuple[Circuit, SymbolicInt], ...] = attrs.field(
        converter=lambda parts: tuple((bloq, as_integer(count)) for bloq, count in parts)
    )
    ancilla_bitsize: SymbolicInt = attrs.field(
        default=0, converter=as_integer, validator=at_least(0)
    )

    def __attrs_post_init__(self) -> None:
        _refuse_control(self)
        for part, count in self.parts:
            require_integer(f"ReadoutJob count of {type(part).__name__}", count, 0)

    @property
    def signature(self) -> Signature:
        """No registers."""
        return Signature([])

    @property
    def workspace(self) -> SymbolicInt:
        """The widest part."""
        return largest([part.logical_qubits for part, _ in self.parts]) + self.ancilla_bitsize

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The parts."""
        calls: list[tuple[Bloq, SymbolicInt]] = list(self.parts)
        return tally(calls)


def _refuse_control(bloq: Circuit) -> None:
    """A read-out ends in measurements: there is nothing to control."""
    require_integer(f"{type(bloq).__name__}.num_controls", bloq.num_controls, 0, 0)
