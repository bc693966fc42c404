r"""One run of a quantum linear solver, as queries to a matrix and to a right-hand side."""

from __future__ import annotations

import attrs
from qualtran import Signature
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import Circuit, EncodingCircuit, registers, rotations, uncontrolled
from qres.bloqs.integers import as_integer, at_least, largest, tally
from qres.bloqs.reflection import ZeroReflection
from qres.bloqs.right_hand_side import RepeatedVector
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.errors import InputError


@attrs.frozen
class SolverRun(Circuit):
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

    block_encoding: EncodingCircuit = attrs.field(validator=uncontrolled)
    right_hand_side: LoadedRotationTree | RepeatedVector = attrs.field(validator=uncontrolled)
    matrix_queries: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    state_queries: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    index_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    solver_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

    def __attrs_post_init__(self) -> None:
        sizes = (self.index_bitsize, self.block_encoding.system_bitsize)
        if not is_symbolic(*sizes) and sizes[0] < sizes[1]:
            raise InputError(
                f"SolverRun.index_bitsize is {sizes[0]}; the matrix acts on {sizes[1]} qubits"
            )

    @property
    def reflection(self) -> ZeroReflection:
        """The reflection about the start: all of the index and the solver's qubits."""
        bitsize = self.index_bitsize + self.solver_bitsize
        return ZeroReflection(bitsize, num_controls=self.num_controls)

    @property
    def signature(self) -> Signature:
        """Registers."""
        encodings = (self.block_encoding, self.right_hand_side)
        return registers(
            ctrl=self.num_controls,
            index=self.index_bitsize,
            ancilla=self.block_encoding.ancilla_bitsize,
            solver=self.solver_bitsize,
            phase_gradient=largest([part.resource_bitsize for part in encodings]),
        )

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return largest([self.block_encoding.workspace, self.right_hand_side.workspace])

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
