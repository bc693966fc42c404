r"""Tests of a solution against what is known: a state, for signs and overlaps, or an operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from qualtran import Bloq, Signature
from qualtran.bloqs.basic_gates import CNOT, Hadamard, XGate
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.amplification import AmplifiedState
from qres.bloqs.circuit import (
    ROTATION,
    Circuit,
    phase_addition,
    registers,
    require_numbers,
    uncontrolled,
)
from qres.bloqs.conjunction import conjoin, wanted_rows
from qres.bloqs.controlled_hadamard import ControlledHadamard
from qres.bloqs.integers import (
    as_integer,
    at_least,
    ceil_log2,
    largest,
    numbers,
    require_integer,
    tally,
)
from qres.bloqs.right_hand_side import UniformSuperposition
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.sparse_state import SparseState
from qres.bloqs.steps import Bits, Step, backwards
from qres.bloqs.turn import Turn
from qres.errors import InputError

Calls = list[tuple[Bloq, SymbolicInt]]


@attrs.frozen
class ReferenceState(Circuit):
    r"""Prepares $|w\rangle$ beside equal rows of a time register, from some row on.

    A control must leave zeros where it is off: the Hadamards that a switched-off superposition of
    rows leaves behind are taken back one by one, a gate each. The superposition brings a phase, the
    property `phase`.

    Args:
        vector: what prepares $w$, a tree of a single row or a state of known places, without a control
            of its own.
        rows: number of equal rows $p + 1$.
        time_bitsize: qubits of the time; 0 where there is none.
        first_row: the number that the first of them has; not needed to count.

    Registers:
        ctrl: the control, if there is one.
        target: the vector.
        time: the time, if there is one.
        phase_gradient: that of the tree.
    """

    vector: LoadedRotationTree | SparseState = attrs.field(validator=uncontrolled)
    rows: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    time_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    first_row: SymbolicInt = attrs.field(
        default=0, kw_only=True, converter=as_integer, validator=at_least(0)
    )

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.vector.resource_bitsize

    @property
    def vector_bitsize(self) -> SymbolicInt:
        """Qubits of the vector."""
        vector = self.vector
        return vector.bitsize if isinstance(vector, SparseState) else vector.levels

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(
            ctrl=self.num_controls,
            target=self.vector_bitsize,
            time=self.time_bitsize,
            phase_gradient=self.resource_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """That of the vector, or the addition of the first row with its carries."""
        return largest([self.vector.workspace, 2 * self.time_bitsize])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The vector; with a time the superposition of rows, and the addition of their start."""
        calls: Calls = [(self.vector.with_controls(self.num_controls), 1)]
        if is_symbolic(self.time_bitsize) or self.time_bitsize > 0:
            calls.append((UniformSuperposition(self.rows, num_controls=self.num_controls), 1))
            calls.append((ControlledHadamard(), self.num_controls * ceil_log2(self.rows)))
            calls.append((phase_addition(self.time_bitsize), 1))
        return tally(calls)

    def steps(self) -> Sequence[Step]:
        """The vector, the rows, and their start, which only a control that is on adds."""
        require_numbers(self, self.rows, self.time_bitsize, self.num_controls)
        control, time = Bits("ctrl", 1), Bits("time", self.time_bitsize)
        gradient = Bits("phase_gradient", self.resource_bitsize)
        wires = {"ctrl": control, "selection": Bits("target", 0), "phase_gradient": gradient}
        wires["target"] = Bits("target", self.vector_bitsize)
        vector = Step(self.vector.with_controls(self.num_controls), wires)
        if not time.width:
            return (vector,)
        start, constant = Bits("start", time.width), []
        for place in range(time.width):
            if int(self.first_row) >> place & 1:
                wires = {"ctrl": control, "target": start[place], "q": start[place]}
                constant.append(Step(CNOT() if self.num_controls else XGate(), wires))
        added = Step(phase_addition(time.width), {"a": start, "b": time})
        return (vector, *self._superposed(time), *constant, added, *constant)

    def _superposed(self, time: Bits) -> Sequence[Step]:
        control, part = Bits("ctrl", 1), time.part(ceil_log2(self.rows))
        rows = UniformSuperposition(self.rows, num_controls=self.num_controls)
        spread = Step(rows, {"ctrl": control, "target": part})
        if not self.num_controls:
            return (spread,)
        flip = Step(XGate(), {"q": control})
        wires = [{"ctrl": control, "target": part[i]} for i in range(part.width)]
        return (spread, flip, *(Step(ControlledHadamard(), at) for at in wires), flip)


@attrs.frozen
class HadamardTest(Circuit):
    r"""Prepares $\psi$ where a qubit is on and $w$ where it is off, between two Hadamards.

    The qubit ends as 0 with probability $(1 + \mathrm{Re}\langle w|\psi\rangle)/2$. With all
    qubits measured, entry $i$ comes with probability $(\psi_i \pm w_i)^2/4$ for either outcome:
    signs against a reference of known signs. A rotation of the test qubit takes back the phases
    that the two preparations are known to have.

    Args:
        state: prepares $\psi$ from zeros in `index` and flags, without a control.
        reference: prepares $w$, and its rows in the uppermost qubits of the index.
        vector_low: lowest qubit of the index that $w$ is in; not needed to count.
        reference_bitsize: qubits above the rows, those of a reference.
        angle: phase of $w$ less that of $\psi$, in radians; not needed to count.

    Registers:
        test: the qubit of the test; the others are those of the state. The phase gradient is the
            larger of those in use, the smaller one is its upper part.

    References:
        [Quantum algorithms for second-order cone programming and support vector
        machines](https://arxiv.org/abs/1908.06720). Kerenidis, Prakash, Szilágyi (2019).
        Algorithm 1.
    """

    state: Any = attrs.field(validator=uncontrolled)
    reference: ReferenceState = attrs.field(validator=uncontrolled)
    vector_low: SymbolicInt = attrs.field(
        default=0, kw_only=True, converter=as_integer, validator=at_least(0)
    )
    reference_bitsize: int = attrs.field(default=0, kw_only=True, validator=at_least(0, 1))
    angle: float = attrs.field(default=0.0, kw_only=True, validator=numbers())

    def __attrs_post_init__(self) -> None:
        _refuse_control(self)
        index = sum(reg.bitsize for reg in self.state.signature if reg.name == "index")
        known = self.reference.vector_bitsize + self.reference.time_bitsize
        asked = self.vector_low + known + self.reference_bitsize
        if not is_symbolic(asked, index) and asked > index:
            raise InputError(
                f"HadamardTest.reference is {asked} qubits of the index; it must be at most {index}"
            )

    @property
    def signature(self) -> Signature:
        """Registers."""
        own = {reg.name: reg.bitsize for reg in self.state.signature}
        given = own.pop("phase_gradient", 0)
        bits = largest([given, self.reference.resource_bitsize])
        return registers(test=1, **own, phase_gradient=bits)

    @property
    def workspace(self) -> SymbolicInt:
        """That of the larger preparation."""
        parts = (self.state, self.reference)
        return largest([part.with_controls(1).workspace for part in parts])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Both preparations, controlled, and the rotation."""
        return tally(
            [
                (self.state.with_controls(1), 1),
                (self.reference.with_controls(1), 1),
                (ROTATION, 1),
                (Hadamard(), 2),
                (XGate(), 2),
            ]
        )

    def steps(self) -> Sequence[Step]:
        """Hadamard, the state, the reference where the qubit is off, the phase, Hadamard."""
        test, held = Bits("test", 1), {reg.name: reg.bitsize for reg in self.signature}
        state, reference = self.state.with_controls(1), self.reference.with_controls(1)
        require_numbers(self, *held.values())
        index, gradient = Bits("index", held["index"]), held["phase_gradient"]
        wires = {reg.name: Bits(reg.name, reg.bitsize) for reg in state.signature}
        wires["phase_gradient"] = _upper("phase_gradient", gradient, state)
        rows, top = reference.time_bitsize, index.width - self.reference_bitsize
        known = {
            "ctrl": test,
            "target": index.part(reference.vector_bitsize, self.vector_low),
            "time": index.part(rows, top - rows),
            "phase_gradient": _upper("phase_gradient", gradient, reference),
        }
        split, flip = Step(Hadamard(), {"q": test}), Step(XGate(), {"q": test})
        first, second = Step(state, wires | {"ctrl": test}), Step(reference, known)
        turn = Step(Turn(self.angle, "z"), {"target": test})
        return (split, first, flip, second, flip, turn, split)


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
class ExpectationTest(Circuit):
    r"""Hadamard test of a block-encoded operator, $(1 + \mathrm{Re}\langle\psi|U_O|\psi\rangle)/2$.

    Only the operator has the control of the test. Of a state that was not amplified only the flagged
    part in the wanted rows is to count: where the test is on, a further qubit is flipped outside of
    it, so that the rest is orthogonal to the state without the operator. That is right for operators
    that leave flags and rows as they are.

    Args:
        state: prepares $\psi$, without a control; 0 rounds are a run that was not amplified.
        operator: the block-encoded operator $U_O$; it acts on the lowest qubits of the index.
        is_flagged: whether the flag and the rows are tested.
        row_bitsize: qubits that number the rows.
        part_bitsize: qubits below them that must be zero.
        reference_bitsize: 1 where the run has a reference, which is not wanted.
        first_row: first of the wanted rows; not needed to count.

    Registers:
        test: the qubit of the test.
        outside: the further qubit, if the flag is tested.
        operator: the ancillas of the operator; the others are those of the state.
    """

    state: AmplifiedState = attrs.field(validator=uncontrolled)
    operator: Any
    is_flagged: bool = False
    row_bitsize: SymbolicInt = attrs.field(
        default=0, kw_only=True, converter=as_integer, validator=at_least(0)
    )
    part_bitsize: SymbolicInt = attrs.field(
        default=0, kw_only=True, converter=as_integer, validator=at_least(0)
    )
    reference_bitsize: int = attrs.field(default=0, kw_only=True, validator=at_least(0, 1))
    first_row: SymbolicInt = attrs.field(
        default=1, kw_only=True, converter=as_integer, validator=at_least(0)
    )

    def __attrs_post_init__(self) -> None:
        _refuse_control(self)

    @property
    def signature(self) -> Signature:
        """Registers."""
        sizes = {reg.name: reg.bitsize for reg in self.operator.signature}
        own: dict[str, Any] = {reg.name: reg.bitsize for reg in self.state.signature}
        bits = largest([own.pop("phase_gradient", 0), sizes.get("resource", 0)])
        asked = int(self.is_flagged)
        return registers(
            test=1, outside=asked, operator=sizes.get("ancilla", 0), **own, phase_gradient=bits
        )

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive, or the comparison and the ladder that tell a wanted state."""
        run, operator = self.state.run, self.operator.with_controls(1)
        rows = self.row_bitsize + self.part_bitsize + self.reference_bitsize
        told = int(self.is_flagged) * (rows + run.flag_bitsize + 1)
        return largest([self.state.workspace, operator.workspace, told])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The state, the controlled operator, and the gates that find the flag and the rows."""
        run, asked = self.state.run, int(self.is_flagged)
        rows = self.row_bitsize + self.part_bitsize + self.reference_bitsize
        joins = asked * (rows + run.flag_bitsize)
        return tally(
            [
                (self.state, 1),
                (self.operator.with_controls(1), 1),
                (Hadamard(), 2),
                (And(), joins),
                (And().adjoint(), joins),
                (CNOT(), 2 * asked),
            ]
        )

    def steps(self) -> Sequence[Step]:
        """The state; between two Hadamards the operator and what tells the outside."""
        test, held = Bits("test", 1), {reg.name: reg.bitsize for reg in self.signature}
        require_numbers(self, *held.values())
        gradient = held.get("phase_gradient", 0)
        operator, wires = self.operator.with_controls(1), dict[str, Any](ctrl=test)
        sizes = {reg.name: reg.bitsize for reg in operator.signature}
        wires["system"] = Bits("index", sizes.get("system", 0))
        wires["ancilla"] = Bits("operator", sizes.get("ancilla", 0))
        wires["resource"] = _upper("resource", gradient, operator)
        state = {reg.name: Bits(reg.name, reg.bitsize) for reg in self.state.signature}
        state["phase_gradient"] = _upper("phase_gradient", gradient, self.state)
        split = Step(Hadamard(), {"q": test})
        asked = self._told(test) if self.is_flagged else ()
        return (Step(self.state, state), split, Step(operator, wires), *asked, split)

    def _told(self, test: Bits) -> Sequence[Step]:
        """Flip the further qubit where the test is on, and back where the state is wanted."""
        run, outside = self.state.run, Bits("outside", 1)
        flags = (Bits("ancilla", run.ancilla_bitsize), Bits("solver", run.own_bitsize))
        literals = [(test, 1), *((part[i], 0) for part in flags for i in range(part.width))]
        sizes = (self.row_bitsize, self.part_bitsize, self.reference_bitsize)
        compared, wanted = wanted_rows(Bits("index", run.index_bitsize), sizes, self.first_row)
        literals += wanted
        joined, (end, _) = conjoin(literals, "ladder")
        flips = [Step(CNOT(), {"ctrl": bit, "target": outside}) for bit in (test, end)]
        steps = (*compared, *joined)
        return (*steps, *flips, *backwards(steps))


def _upper(name: str, gradient: int, bloq: Bloq) -> Bits:
    """The part of the phase gradient that a part with a smaller one uses."""
    sizes = {reg.name: reg.bitsize for reg in bloq.signature}
    bits = sizes.get(name, 0)
    return Bits("phase_gradient", bits, gradient - bits)


def _refuse_control(bloq: Circuit) -> None:
    """A test ends in measurements: there is nothing to control."""
    require_integer(f"{type(bloq).__name__}.num_controls", bloq.num_controls, 0, 0)
