r"""Amplitude estimation, of whatever a test circuit prepares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from qualtran import Bloq, Signature
from qualtran.bloqs.basic_gates import CZ, XGate, ZGate
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import Circuit, registers, require_numbers, uncontrolled
from qres.bloqs.conjunction import conjoin, reaches, wanted_rows
from qres.bloqs.fourier import FourierTransform
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, require_integer, tally
from qres.bloqs.reflection import ZeroReflection
from qres.bloqs.right_hand_side import UniformSuperposition
from qres.bloqs.steps import Bits, Step, backwards


@attrs.frozen
class WantedRows(Circuit):
    r"""Gives a sign where a run has succeeded, in the wanted rows or in those of the reference.

    Wanted are the rows whose number, $\tau$ bits, is that of the first one at least, in which the qubits
    below are zero: block index and branch of a lift. Where the run has a reference
    (`qres.bloqs.reference_row`) its qubit is the uppermost; it is 0 there and 1 in the reference, of
    which nothing else is asked. A comparison of $\tau - 1$ gates, and a ladder that joins the
    answer, the flags, the other qubits and the control and gives the sign.

    Args:
        index_bitsize: qubits of the index, that of the reference included.
        ancilla_bitsize: flags of the encoding.
        solver_bitsize: flags of the solver, at least 1.
        row_bitsize: $\tau$; 0 if every row is wanted.
        part_bitsize: qubits below them that must be zero.
        reference_bitsize: 1 where the run has a reference.
        is_reference: whether the sign is for the reference.
        first_row: first of the wanted rows, 0 (every row) to $2^\tau$; not needed to count.

    Registers:
        ctrl: the control, if there is one; the others are those of the run.
    """

    index_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    ancilla_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    solver_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    row_bitsize: SymbolicInt = attrs.field(
        default=0, kw_only=True, converter=as_integer, validator=at_least(0)
    )
    part_bitsize: SymbolicInt = attrs.field(
        default=0, kw_only=True, converter=as_integer, validator=at_least(0)
    )
    reference_bitsize: int = attrs.field(default=0, kw_only=True, validator=at_least(0, 1))
    is_reference: bool = attrs.field(default=False, kw_only=True)
    first_row: SymbolicInt = attrs.field(
        default=1, kw_only=True, converter=as_integer, validator=at_least(0)
    )

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(
            ctrl=self.num_controls,
            index=self.index_bitsize,
            ancilla=self.ancilla_bitsize,
            solver=self.solver_bitsize,
        )

    @property
    def _rows(self) -> SymbolicInt:
        return 0 if self.is_reference else self.row_bitsize

    @property
    def _parts(self) -> SymbolicInt:
        return 0 if self.is_reference else self.part_bitsize

    @property
    def _compared(self) -> SymbolicInt:
        """Gates of the comparison."""
        return largest([self._rows - 1, 0])

    @property
    def _joined(self) -> ZeroReflection:
        """As many gates as the ladder."""
        answer = 1 - largest([1 - self._rows, 0])
        flags = self.ancilla_bitsize + self.solver_bitsize
        bits = flags + answer + self._parts + self.reference_bitsize
        return ZeroReflection(bits, num_controls=self.num_controls)

    @property
    def workspace(self) -> SymbolicInt:
        """The ladder and the carries of the comparison."""
        return self._joined.workspace + self._rows

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The ladder, and the comparison."""
        compared = self._compared
        return tally([(self._joined, 1), (And(), compared), (And().adjoint(), compared)])

    def steps(self) -> Sequence[Step]:
        """Compare, flip what must be zero, join all but one, the sign, undo."""
        sizes = (self.index_bitsize, self.ancilla_bitsize, self.solver_bitsize, self.row_bitsize)
        require_numbers(self, *sizes, self.part_bitsize)
        literals: list[tuple[Bits, int]] = [(Bits("ctrl", 1), 1)] * int(self.num_controls)
        flags = (Bits("ancilla", self.ancilla_bitsize), Bits("solver", self.solver_bitsize))
        literals += [(part[i], 0) for part in flags for i in range(part.width)]
        found, wanted = wanted_rows(
            Bits("index", self.index_bitsize),
            (self._rows, self._parts, self.reference_bitsize),
            self.first_row,
            is_reference=self.is_reference,
        )
        literals += wanted
        flips = [Step(XGate(), {"q": bit}) for bit, value in literals if not value]
        bits = [bit for bit, _ in literals]
        if len(bits) == 1:
            return (*found, *flips, Step(ZGate(), {"q": bits[0]}), *flips, *backwards(found))
        joined, (end, _) = conjoin([(bit, 1) for bit in bits[:-1]], "ladder")
        sign = Step(CZ(), {"q1": end, "q2": bits[-1]})
        return (*found, *flips, *joined, sign, *backwards((*found, *flips, *joined)))

    def adjoint(self) -> WantedRows:
        """A sign is its own adjoint."""
        return self


@attrs.frozen
class OutcomeZero(Circuit):
    """Gives a sign where the qubit of a test is 0.

    Registers:
        ctrl: the control, if there is one.
        test: 1 qubit.
    """

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(ctrl=self.num_controls, test=1)

    @property
    def workspace(self) -> SymbolicInt:
        """None."""
        return 0

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The sign between two inversions."""
        return {XGate(): 2, CZ() if self.num_controls else ZGate(): 1}

    def steps(self) -> Sequence[Step]:
        """The sign between two inversions."""
        test = Bits("test", 1)
        flip, sign = Step(XGate(), {"q": test}), Step(ZGate(), {"q": test})
        if self.num_controls:
            sign = Step(CZ(), {"q1": Bits("ctrl", 1), "q2": test})
        return (flip, sign, flip)

    def adjoint(self) -> OutcomeZero:
        """A sign is its own adjoint."""
        return self


@attrs.frozen
class GroverPower(Circuit):
    r"""A test and $k$ plain Grover iterations: it ends well with $\sin^2((2k + 1)\theta)$.

    $\sin^2\theta$ is the probability of the test alone. No register beside it and no Fourier
    transform: what iterative amplitude estimation repeats and measures.

    Args:
        test: what is estimated, without a control.
        good: sign of the good outcomes; its registers are some of those of the test.
        iterations: $k$.

    Registers:
        those of the test.

    References:
        [Iterative quantum amplitude estimation](https://arxiv.org/abs/1912.05559).
        Grinko, Gacon, Zoufal, Woerner (2019). Section 2.
    """

    test: Any = attrs.field(validator=uncontrolled)
    good: Any = attrs.field(validator=uncontrolled)
    iterations: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))

    def __attrs_post_init__(self) -> None:
        _refuse_control(self)

    @property
    def signature(self) -> Signature:
        """Registers."""
        return self.test.signature

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive, or the ladder of a reflection."""
        return largest([self.test.workspace, self.good.workspace, _start(self.test, 0).workspace])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Tests, and two reflections an iteration."""
        rounds = self.iterations
        start = (_start(self.test, 0), rounds)
        return tally([(self.test, 2 * rounds + 1), (self.good, rounds), start])

    def steps(self) -> Sequence[Step]:
        """Test; in each iteration the sign, back, the sign of the start, test."""
        require_numbers(self, self.iterations)
        held = _held(self.test)
        test, good = Step(self.test, held), Step(self.good, held)
        start = Step(_start(self.test, 0), {"target": _zeros(self.test)})
        return (test, *(good, test.adjoint(), start, test) * int(self.iterations))


@attrs.frozen
class AmplitudeEstimation(Circuit):
    r"""One estimate of the probability $a$ that a test ends well: $2M + 1$ tests for $M$ iterations.

    A register of $n = \lceil\log_2 M\rceil + 1$ qubits holds $j = 0, \dots, M$ in equal
    superposition; the iteration runs $M$ times, the $k$-th one where $j \ge k$. Only its two
    reflections carry that comparison, for without them test and adjoint cancel. Then the inverse
    Fourier transform on all $2^n \ge M + 1$ points. The iteration has no sign before it, so an
    outcome $y$ estimates $a$ by $\cos^2(\pi y/2^n)$.

    For $2^n = M + 1$ this is the published circuit. A finer grid samples the same distribution more
    densely: the estimate is within $2\pi\sqrt{a(1-a)}/(M+1) + \pi^2/(M+1)^2$ with probability
    $8/\pi^2$ at least.

    Args:
        test: what is estimated, without a control.
        good: sign of the good outcomes; its registers are some of those of the test.
        iterations: Grover iterations $M$, at least 1.

    Registers:
        phase: $n$ qubits; the others are those of the test.

    References:
        [Quantum Amplitude Amplification and Estimation](https://arxiv.org/abs/quant-ph/0005055).
        Brassard et al. (2000). Theorem 12.
    """

    test: Any = attrs.field(validator=uncontrolled)
    good: Any = attrs.field(validator=uncontrolled)
    iterations: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

    def __attrs_post_init__(self) -> None:
        _refuse_control(self)

    @property
    def phase_bitsize(self) -> SymbolicInt:
        """Qubits of the phase register, $n$."""
        return ceil_log2(self.iterations) + 1

    @property
    def signature(self) -> Signature:
        """Registers."""
        return Signature([*registers(phase=self.phase_bitsize), *self.test.signature])

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive, or the ladder of a reflection beside its comparison."""
        ladders = [self.good.with_controls(1).workspace, _start(self.test, 1).workspace]
        return largest([self.test.workspace, ceil_log2(self.iterations + 1) + largest(ladders)])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Tests; comparisons and reflections of each iteration; start and end of the phase register."""
        rounds = self.iterations
        compared = 2 * rounds * (ceil_log2(rounds + 1) - 1)
        parts: list[tuple[Bloq, SymbolicInt]] = [
            (self.test, 2 * rounds + 1),
            (self.good.with_controls(1), rounds),
            (_start(self.test, 1), rounds),
            (And(), compared),
            (And().adjoint(), compared),
            (UniformSuperposition(rounds + 1), 1),
            (FourierTransform(self.phase_bitsize).adjoint(), 1),
        ]
        return tally(parts)

    def steps(self) -> Sequence[Step]:
        """Superpose, test, iterate, transform."""
        require_numbers(self, self.iterations)
        phase, test = Bits("phase", self.phase_bitsize), Step(self.test, _held(self.test))
        counter = phase.part(ceil_log2(self.iterations + 1))
        steps = [Step(UniformSuperposition(self.iterations + 1), {"target": counter}), test]
        for place in range(1, int(self.iterations) + 1):
            compared, is_on = reaches(counter, place, Bits("carries", counter.width))
            steps += [*compared, self._good(is_on), *backwards(compared), test.adjoint()]
            steps += [*compared, self._about_start(is_on), *backwards(compared), test]
        end = FourierTransform(phase.width).adjoint()
        return (*steps, Step(end, {"target": phase}))

    def _good(self, control: Bits) -> Step:
        return Step(self.good.with_controls(1), {**_held(self.test), "ctrl": control})

    def _about_start(self, control: Bits) -> Step:
        return Step(_start(self.test, 1), {"ctrl": control, "target": _zeros(self.test)})


def _held(test: Any) -> Mapping[str, Bits]:
    return {reg.name: Bits(reg.name, reg.bitsize) for reg in test.signature}


def _zeros(test: Any) -> tuple[Bits, ...]:
    """What is zero before the test: all its qubits but the phase gradient."""
    return tuple(bits for name, bits in _held(test).items() if name != "phase_gradient")


def _start(test: Any, controls: int) -> ZeroReflection:
    sizes = [bits.width for bits in _zeros(test)]
    return ZeroReflection(as_integer(sum(sizes)), num_controls=controls)


def _refuse_control(bloq: Circuit) -> None:
    """An estimate ends in measurements: there is nothing to control."""
    require_integer(f"{type(bloq).__name__}.num_controls", bloq.num_controls, 0, 0)
