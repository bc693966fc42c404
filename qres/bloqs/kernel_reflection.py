r"""The shortcut solver: one reflection about the kernel that holds the solution."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
from qualtran.bloqs.basic_gates import CNOT, Hadamard, XGate
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import require_numbers
from qres.bloqs.integers import as_integer, at_least, numbers, parity, tally
from qres.bloqs.linear_solver import LinearSolver, zeros
from qres.bloqs.multiplexed_turn import MultiplexedTurn
from qres.bloqs.reflection import PhasedReflection, ZeroReflection, require_angle
from qres.bloqs.steps import Bits, Step, backwards

_MIRROR, _PROJECTOR, _GUESS = 0, 1, 2


@attrs.frozen
class ShortcutRun(LinearSolver):
    r"""Turns $|1\rangle|b\rangle$ into $|0\rangle|x\rangle$ by a reflection about a kernel.

    With $B = A/\alpha$, $x = B^{-1}b$, and a mirror qubit beside the index, $G = (I - |b'\rangle\langle
    b'|)(B \oplus I)$, $b' = (\cos\theta\,|0\rangle + \sin\theta\,|1\rangle)|b\rangle$, has the kernel
    $\cos\theta\,|0\rangle x + \sin\theta\,|1\rangle b$ and no other singular value below $1/\kappa$.
    For $\tan\theta = \lVert x\rVert$ reflecting $|1\rangle|b\rangle$ about it gives $|0\rangle x$; a
    guess that is wrong by a factor $\rho$ gives $\frac{2\rho}{1+\rho^2}$ of it, and the rest is in
    $|1\rangle|b\rangle$. Guesses are taken in superposition, $2^g$ of them, which leaves the solution
    as it is and flags the mean of these amplitudes.

    The reflection is $2F^2 - 1$ with a Chebyshev filter $F$ of odd length $L$: $L$ uses of $G$ and
    $G^\dagger$ in turn with phases between, a reflection, and the same backwards. Each use of $G$ has
    one use of the encoding, controlled by the mirror, and two of the right-hand side.

    A control acts on the reflections about the encoding's zeros and on the start: without them
    everything cancels.

    Args:
        length: $L$, odd.
        guess_bitsize: $g$.
        norms: the guesses of $\lVert x\rVert$, $2^g$ numbers; not needed to count.
        phases: $L - 1$ phases of the filter; not needed to count.

    Registers:
        solver: the mirror, a qubit for the projector, and $g$ for the guess.

    References:
        [A shortcut to an optimal quantum linear system solver](https://arxiv.org/abs/2406.12086).
        Dalzell (2024). Sections 2 and 3; there the guess is a matrix element, here an angle.
    """

    length: SymbolicInt = attrs.field(
        kw_only=True, converter=as_integer, validator=[at_least(1), parity(1)]
    )
    guess_bitsize: SymbolicInt = attrs.field(
        kw_only=True, default=0, converter=as_integer, validator=at_least(0)
    )
    norms: tuple[float, ...] | None = attrs.field(
        kw_only=True, default=None, validator=numbers(least=0, is_open=True)
    )
    phases: tuple[float, ...] | None = attrs.field(
        kw_only=True, default=None, repr=False, validator=numbers()
    )

    @property
    def own_bitsize(self) -> SymbolicInt:
        """Mirror, projector, guess."""
        return _GUESS + self.guess_bitsize

    @property
    def matrix_controls(self) -> SymbolicInt:
        """The solver controls every use of the encoding."""
        return 1

    @property
    def matrix_queries(self) -> SymbolicInt:
        """Uses of the encoding."""
        return 2 * self.length

    @property
    def state_queries(self) -> SymbolicInt:
        """Uses of the right-hand side: two with each use of the encoding, and the start."""
        return 2 * self.matrix_queries + 1

    @property
    def _about_source(self) -> ZeroReflection:
        return ZeroReflection(self.index_bitsize + 1, num_controls=1)

    def _about_block(self, angle: float | None = None) -> PhasedReflection:
        return PhasedReflection(self.ancilla_bitsize + 1, angle, num_controls=self.num_controls)

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Uses of the matrix, each with a projector, and the reflections between."""
        uses, guess = self.matrix_queries, self.guess_bitsize
        return tally(
            [
                (self.block_encoding.with_controls(1), uses),
                (self.right_hand_side, 2 * uses),
                (self._about_source, uses),
                (MultiplexedTurn(guess), 2 * uses),
                (self._about_block(), uses - 1),
                (self.right_hand_side.with_controls(self.num_controls), 1),
                (CNOT() if self.num_controls else XGate(), 1),
                (XGate(), 2 * uses),
                (Hadamard(), 2 * uses + 2 * guess),
            ]
        )

    def steps(self) -> Sequence[Step]:
        """Prepare guess and start, filter, reflect, filter back, unprepare the guess."""
        require_numbers(self, self.length, self.guess_bitsize, self.index_bitsize)
        phases = require_angle(self, self.phases)
        guess = Bits("solver", self.guess_bitsize, _GUESS)
        mix = [Step(Hadamard(), {"q": guess[i]}) for i in range(guess.width)]
        start = [self._flip(Bits("solver", 1, _MIRROR)), self._source(self.num_controls)]
        forwards = self._projected()
        steps = list(forwards)
        for place, angle in enumerate(phases):
            steps.append(self._reflect(angle))
            steps += forwards if place % 2 else backwards(forwards)
        return (*mix, *start, *steps, self._reflect(math.pi), *backwards(steps), *mix)

    def _reflect(self, angle: float) -> Step:
        projector, ancilla = Bits("solver", 1, _PROJECTOR), Bits("ancilla", self.ancilla_bitsize)
        return zeros(self._about_block(angle), projector, ancilla)

    def _projected(self) -> tuple[Step, ...]:
        """One use of $G$: the matrix where the mirror is 0, then the projector off $b'$."""
        mirror, projector = Bits("solver", 1, _MIRROR), Bits("solver", 1, _PROJECTOR)
        guess = Bits("solver", self.guess_bitsize, _GUESS)
        flip, mix = Step(XGate(), {"q": mirror}), Step(Hadamard(), {"q": projector})
        angles = tuple(2 * math.atan(norm) for norm in require_angle(self, self.norms))
        turn = Step(
            MultiplexedTurn(self.guess_bitsize, angles), {"selection": guess, "target": mirror}
        )
        target = (mirror, Bits("index", self.index_bitsize))
        sign = Step(self._about_source, {"ctrl": projector, "target": target})
        to_zero = (self._source(is_adjoint=True), turn.adjoint())
        project = (mix, *to_zero, sign, *backwards(to_zero), mix)
        return (flip, self._matrix(mirror), flip, *project)
