r"""Runs of a quantum linear solver: what all have in common, and one that is known by its counts."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any

import attrs
from qualtran import Bloq, Signature
from qualtran.bloqs.basic_gates import CNOT, XGate
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import BlockCircuit, Circuit, registers, rotations, uncontrolled
from qres.bloqs.integers import as_integer, at_least, largest, tally
from qres.bloqs.reflection import ZeroReflection
from qres.bloqs.steps import Bits, Step
from qres.errors import InputError


@attrs.frozen
class LinearSolver(Circuit, metaclass=abc.ABCMeta):
    r"""A run of a linear solver: from zeros to the solution, flagged by zeros in all but the index.

    Args:
        block_encoding: encoding of the matrix, without a control of its own.
        right_hand_side: preparation of the right-hand side, without a control of its own. Its
            registers but control and phase gradient are the index, the first one lowest.
        index_bitsize: qubits of the solution, at least those that the encoding acts on (the lowest).

    Registers:
        ctrl: the control, if there is one.
        index: the solution.
        ancilla: those of the encoding.
        solver: those of the solver itself.
        phase_gradient: the larger of those in use; the smaller one is its upper part.
    """

    block_encoding: BlockCircuit = attrs.field(kw_only=True, validator=uncontrolled)
    right_hand_side: Any = attrs.field(kw_only=True, validator=uncontrolled)
    index_bitsize: SymbolicInt = attrs.field(
        kw_only=True, converter=as_integer, validator=at_least(0)
    )

    def __attrs_post_init__(self) -> None:
        sizes = (self.index_bitsize, self.block_encoding.system_bitsize)
        if not is_symbolic(*sizes) and sizes[0] < sizes[1]:
            name = type(self).__name__
            raise InputError(
                f"{name}.index_bitsize is {sizes[0]}; the matrix acts on {sizes[1]} qubits"
            )

    @property
    @abc.abstractmethod
    def own_bitsize(self) -> SymbolicInt:
        """Qubits of the solver itself."""

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Qubits of the encoding beside the system."""
        return self.block_encoding.ancilla_bitsize

    @property
    def flag_bitsize(self) -> SymbolicInt:
        """Qubits that are zero where the run has succeeded."""
        return self.ancilla_bitsize + self.own_bitsize

    @property
    def reflection(self) -> ZeroReflection:
        """The reflection about the start: all qubits but control and phase gradient."""
        bitsize = self.index_bitsize + self.flag_bitsize
        return ZeroReflection(bitsize, num_controls=self.num_controls)

    @property
    def gradient_bitsize(self) -> SymbolicInt:
        """Bits of the larger phase gradient."""
        return largest([self.block_encoding.resource_bitsize, self._source_gradient])

    @property
    def _source_gradient(self) -> SymbolicInt:
        return getattr(self.right_hand_side, "resource_bitsize", 0)

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(
            ctrl=self.num_controls,
            index=self.index_bitsize,
            ancilla=self.ancilla_bitsize,
            solver=self.own_bitsize,
            phase_gradient=self.gradient_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive, or the ladder of a phase about the start."""
        source = self.right_hand_side.with_controls(self.num_controls)
        matrix = self.block_encoding.with_controls(self.matrix_controls)
        ladder = self.index_bitsize + self.flag_bitsize - 1 + self.num_controls
        return largest([matrix.workspace, source.workspace, ladder])

    @property
    def matrix_controls(self) -> SymbolicInt:
        """1 where a use of the encoding has a control, by the solver or from outside."""
        return self.num_controls

    def _source(self, controls: SymbolicInt = 0, *, is_adjoint: bool = False) -> Step:
        """One use of the right-hand side, or of its inverse."""
        bloq, wires, low = self.right_hand_side.with_controls(controls), {}, 0
        for register in bloq.signature:
            if register.name == "phase_gradient":
                wires[register.name] = self._gradient(register.bitsize)
            elif register.name == "ctrl":
                wires[register.name] = Bits("ctrl", 1)
            else:
                wires[register.name] = Bits("index", register.bitsize, low)
                low += register.bitsize
        return _turned(Step(bloq, wires), is_adjoint)

    def _matrix(self, control: Bits | None = None, *, is_adjoint: bool = False) -> Step:
        """One use of the encoding, or of its inverse."""
        bloq = self.block_encoding.with_controls(int(control is not None))
        wires: dict[str, Any] = {
            "system": Bits("index", self.block_encoding.system_bitsize),
            "ancilla": Bits("ancilla", self.ancilla_bitsize),
            "resource": self._gradient(self.block_encoding.resource_bitsize),
        }
        if control is not None:
            wires["ctrl"] = control
        return _turned(Step(bloq, wires), is_adjoint)

    def _gradient(self, bits: Any) -> Bits:
        return Bits("phase_gradient", bits, self.gradient_bitsize - bits)

    def _flip(self, qubit: Bits) -> Step:
        """An inversion, under the control if there is one."""
        if self.num_controls:
            return Step(CNOT(), {"ctrl": Bits("ctrl", 1), "target": qubit})
        return Step(XGate(), {"q": qubit})


def _turned(step: Step, is_adjoint: bool) -> Step:
    return step.adjoint() if is_adjoint else step


def zeros(bloq: Bloq, *target: Bits) -> Step:
    """A step about the zeros of these slices, under the control of the circuit if the bloq has one."""
    return Step(bloq, {"ctrl": Bits("ctrl", 1), "target": target, "flag": Bits("solver", 1)})


def placed(names: Sequence[str]) -> dict[str, Bits]:
    """The single qubits of the solver by name, the first one lowest."""
    return {name: Bits("solver", 1, place) for place, name in enumerate(names)}


@attrs.frozen
class SolverRun(LinearSolver):
    r"""Queries of a linear solver; each use of the matrix brings one reflection and one rotation.

    How many queries there are is for the caller to know. Runs repeated until they succeed are the
    same bloq with the totals of all of them. A use and its adjoint cost the same.

    Args:
        block_encoding: encoding of the matrix, without a control of its own.
        right_hand_side: preparation of the right-hand side, without a control of its own.
        matrix_queries: uses of the encoding.
        state_queries: uses of the preparation.
        index_bitsize: qubits of the solution, at least those that the encoding acts on.
        solver_bitsize: qubits of the solver itself.

    Registers:
        ctrl: the control, if there is one.
        index: the solution.
        ancilla: those of the encoding.
        solver: those of the solver itself.
        phase_gradient: the larger of those in use.

    References:
        [A shortcut to an optimal quantum linear system solver](https://arxiv.org/abs/2406.12086).
        Dalzell (2024).
    """

    block_encoding: BlockCircuit = attrs.field(validator=uncontrolled)
    right_hand_side: Any = attrs.field(validator=uncontrolled)
    matrix_queries: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    state_queries: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    index_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    solver_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

    @property
    def own_bitsize(self) -> SymbolicInt:
        """Given."""
        return self.solver_bitsize

    @property
    def reflection(self) -> ZeroReflection:
        """The reflection about the start: all of the index and the solver's qubits."""
        bitsize = self.index_bitsize + self.solver_bitsize
        return ZeroReflection(bitsize, num_controls=self.num_controls)

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Matrix, right-hand side, and a reflection and a rotation for each use of the matrix."""
        c = self.num_controls
        return tally(
            [
                (self.block_encoding.with_controls(c), self.matrix_queries),
                (self.right_hand_side.with_controls(c), self.state_queries),
                (self.reflection, self.matrix_queries),
                *rotations(self.matrix_queries, c),
            ]
        )
