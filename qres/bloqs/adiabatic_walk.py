r"""The discrete adiabatic solver: steps of a quantum walk along a schedule, then a filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from qualtran import Bloq
from qualtran.bloqs.basic_gates import CNOT, CZ, Hadamard, XGate, ZGate
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import require_numbers
from qres.bloqs.integers import as_integer, at_least, numbers, parity, tally
from qres.bloqs.linear_solver import LinearSolver, placed, zeros
from qres.bloqs.multiplexed_turn import MultiplexedTurn
from qres.bloqs.reflection import PhasedReflection, ZeroFlag, ZeroReflection, require_angle
from qres.bloqs.steps import Bits, Step

_QUBITS = placed(["side", "half", "mix", "projector", "walked", "filtered"])
_SIDE, _HALF, _MIX, _PROJECTOR, _WALKED, _FILTERED = _QUBITS.values()


@attrs.frozen
class AdiabaticRun(LinearSolver):
    r"""Follows the kernel of $H(s)$ from $b$ to the solution by $T$ steps of a walk, and filters it.

    With $B = A/\alpha$ and $\mathbf{B} = \begin{pmatrix} 0 & B \\ B^\dagger & 0 \end{pmatrix}$,
    $A(f) = (1-f)\,\sigma_z + f\,\mathbf{B}$ and $Q = I - |0,b\rangle\langle 0,b|$, the kernel of
    $H = \begin{pmatrix} 0 & A(f)\,Q \\ Q\,A(f) & 0 \end{pmatrix}$ holds $A(f)^{-1}|0,b\rangle$. A step
    encodes $H$ by a self-inverse circuit, with two uses of the encoding, controlled by the half of
    $\mathbf{B}$, and four of the right-hand side, and reflects about the zeros of its ancillas. The
    weights of the two terms are made by a reflection $R(\vartheta)$ of the `mix` qubit on either
    side: $\tan\vartheta = \sqrt{f/(1-f)}$ on both (one rotation each), or as published, with
    $\tan\vartheta = f/(1-f)$ on one side and a Hadamard gate on the other (two each).

    The filter acts on what has zeros in the ancillas; a flag remembers the rest. It has $L + 1$ uses
    of $H(1)$ without `mix`: $L$ with phases between, after which a second flag is raised where the
    ancillas are zero, and one back to zero. A state of eigenvalue $\sigma$ is multiplied by
    $\sqrt{1-\sigma^2}\,T_L(\beta\sqrt{1-\sigma^2})/T_L(\beta)$.

    A control acts on the rotations, on the reflections about $b$ and about the filter's zeros, and on
    the start: then nothing moves where it is off.

    Args:
        walk_steps: $T$, even, at least 2.
        filter_length: $L$, odd.
        is_published: whether the weights are made as published.
        angles: $T$ angles $\vartheta$; not needed to count.
        phases: $L - 1$ phases of the filter; not needed to count.

    Registers:
        solver: side of $H$, half of $\mathbf{B}$, mix, projector, two flags.

    References:
        [Optimal scaling quantum linear-systems solver via discrete adiabatic
        theorem](https://arxiv.org/abs/2111.08152). Costa et al. (2022). Sections 4 and 5.
    """

    walk_steps: SymbolicInt = attrs.field(
        kw_only=True, converter=as_integer, validator=[at_least(2), parity(0)]
    )
    filter_length: SymbolicInt = attrs.field(
        kw_only=True, converter=as_integer, validator=[at_least(1), parity(1)]
    )
    is_published: bool = attrs.field(kw_only=True, default=False)
    angles: tuple[float, ...] | None = attrs.field(
        kw_only=True, default=None, repr=False, validator=numbers()
    )
    phases: tuple[float, ...] | None = attrs.field(
        kw_only=True, default=None, repr=False, validator=numbers()
    )

    @property
    def own_bitsize(self) -> SymbolicInt:
        """Side, half, mix, projector, two flags."""
        return len(_QUBITS)

    @property
    def all_steps(self) -> SymbolicInt:
        """Steps of the walk and of the filter."""
        return self.walk_steps + self.filter_length + 1

    @property
    def matrix_controls(self) -> SymbolicInt:
        """The solver controls every use of the encoding."""
        return 1

    @property
    def matrix_queries(self) -> SymbolicInt:
        """Uses of the encoding, two with each step."""
        return 2 * self.all_steps

    @property
    def state_queries(self) -> SymbolicInt:
        """Uses of the right-hand side: four with each step, and the start."""
        return 4 * self.all_steps + 1

    @property
    def _about_source(self) -> ZeroReflection:
        return ZeroReflection(self.index_bitsize + 3, num_controls=self.num_controls)

    @property
    def _about_block(self) -> ZeroReflection:
        return ZeroReflection(self.ancilla_bitsize + 2)

    def _about_filter(self, angle: float | None = None) -> PhasedReflection:
        return PhasedReflection(self.ancilla_bitsize + 1, angle, num_controls=self.num_controls)

    @property
    def _raise(self) -> ZeroFlag:
        return ZeroFlag(self.ancilla_bitsize + 1, num_controls=self.num_controls)

    @property
    def _keep(self) -> ZeroFlag:
        return ZeroFlag(self.ancilla_bitsize + 1)

    def _weights(self, angle: float | None = None) -> MultiplexedTurn:
        r"""$R(\vartheta)$ without its Z, which under the control is nothing."""
        c, published = self.num_controls, int(self.is_published)
        hadamard = (_QUARTER,) * published
        angles = None if angle is None else (*hadamard, 2 * angle)
        return MultiplexedTurn(published, angles, num_controls=c)

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Steps of the walk and of the filter, each with two projectors, and what stands between."""
        c, steps, walk = self.num_controls, self.all_steps, self.walk_steps
        flip: Bloq = CNOT() if c else XGate()
        return tally(
            [
                (self.block_encoding.with_controls(1), 2 * steps),
                (self.right_hand_side, 4 * steps),
                (self._about_source, 2 * steps),
                (self._weights(), 2 * walk),
                (self._about_block, walk),
                (self._about_filter(), self.filter_length - 1),
                (self._keep, 1),
                (self._raise, 1),
                (self.right_hand_side.with_controls(c), 1),
                (flip, 1),
                (ZGate(), 2 * walk),
                (CNOT(), walk),
                (CZ(), walk),
                (Hadamard(), 4 * steps),
                (XGate(), 9 * steps + 2 * walk + self.filter_length + 1),
            ]
        )

    def steps(self) -> Sequence[Step]:
        """Start, walk, filter, and the half of the solution to zero."""
        require_numbers(self, self.walk_steps, self.filter_length, self.index_bitsize)
        angles, phases = require_angle(self, self.angles), require_angle(self, self.phases)
        ancilla, project = Bits("ancilla", self.ancilla_bitsize), self._projector()
        block, last = (_MIX, _PROJECTOR, ancilla), self._last_walk(project)
        steps = [self._source(self.num_controls)]
        for angle in angles:
            steps += [*self._walk(angle, project), zeros(self._about_block, *block)]
        keep = Step(self._keep, {"target": block[1:], "flag": _WALKED})
        steps += [*_flips(_WALKED), keep]
        for angle in phases:
            steps += [*last, zeros(self._about_filter(angle), *block[1:])]
        raised = Step(
            self._raise, {"ctrl": Bits("ctrl", 1), "target": block[1:], "flag": _FILTERED}
        )
        return (*steps, *last, raised, *last, self._flip(_HALF))

    def _walk(self, angle: float, project: tuple[Step, ...]) -> tuple[Step, ...]:
        """The encoded $H(s)$."""
        weights = self._weights(angle)
        wires: dict[str, Any] = {"ctrl": Bits("ctrl", 1), "selection": _SIDE, "target": _MIX}
        turn, sign = Step(weights, wires), Step(ZGate(), {"q": _MIX})
        flip = Step(XGate(), {"q": _MIX})
        middle = (
            Step(CNOT(), {"ctrl": _MIX, "target": _HALF}),
            flip,
            Step(CZ(), {"q1": _MIX, "q2": _HALF}),
            flip,
        )
        mixed = (sign, turn, *self._halves(middle), sign, turn)
        return (*project, *mixed, *project)

    def _last_walk(self, project: tuple[Step, ...]) -> tuple[Step, ...]:
        """The encoded $H(1)$, without the mix."""
        middle = (Step(XGate(), {"q": _HALF}),)
        return (*project, *self._halves(middle), *project)

    def _halves(self, middle: tuple[Step, ...]) -> tuple[Step, ...]:
        r"""The encoding and its inverse where the half is 1, `middle` between; the other side."""
        there, back = self._matrix(_HALF), self._matrix(_HALF, is_adjoint=True)
        return (there, *middle, back, Step(XGate(), {"q": _SIDE}))

    def _projector(self) -> tuple[Step, ...]:
        """$Q$ where the side is 1."""
        index = Bits("index", self.index_bitsize)
        mix, flips = Step(Hadamard(), {"q": _PROJECTOR}), _flips(_PROJECTOR, _SIDE)
        sign = zeros(self._about_source, _PROJECTOR, _SIDE, _HALF, index)
        there, back = self._source(is_adjoint=True), self._source()
        return (mix, there, *flips, sign, *flips, back, mix)


_QUARTER = 1.5707963267948966
"""A Hadamard gate is this rotation after Z."""


def _flips(*qubits: Bits) -> tuple[Step, ...]:
    return tuple(Step(XGate(), {"q": qubit}) for qubit in qubits)
