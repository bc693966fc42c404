r"""Right-hand side of a history: the same vector at every step."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
from qualtran import Signature
from qualtran.bloqs.arithmetic import LessThanConstant
from qualtran.bloqs.basic_gates import Hadamard
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import Circuit, registers, require_numbers, rotations, uncontrolled
from qres.bloqs.conjunction import conjoin
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, odd_part_bitsize, tally
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.steps import Bits, Step, backwards
from qres.bloqs.turn import Turn
from qres.errors import InputError


@attrs.frozen
class UniformSuperposition(Circuit):
    r"""Prepares $T^{-1/2} \sum_{t<T} |t\rangle$ by one round of amplitude amplification.

    With $T = L 2^k$, $L$ odd and $m = \lceil \log_2 L \rceil$: Hadamards alone if $T$ is a power of
    two; else two comparisons with $L$ ($m$ each), a ladder of $m - 1$, and 2 rotations by $\phi$,
    $\sin(\phi/2) = \sqrt{2^m/L}/2$: one marks $j < L$, one the start, and what is not below $L$ vanishes.
    The state has the phase $e^{i(\pi - \phi)/2}$, which the adjoint takes back. It is
    Qualtran's `PrepareUniformSuperposition` in a form that also takes a symbol: the one of Qualtran
    cannot see whether a symbol is a power of two.

    A control acts on the rotations alone (two each). Switched off, comparisons and ladder cancel
    and the outer Hadamards stay; they cancel against those of the adjoint, because between a
    preparation and its adjoint stands a controlled reflection.

    Args:
        length: number of states $T$.

    Registers:
        ctrl: the control, if there is one.
        target: $\lceil \log_2 T \rceil$ qubits.

    References:
        [Encoding Electronic Spectra in Quantum Circuits with Linear T
        Complexity](https://arxiv.org/abs/1805.03662). Babbush et al. (2018). Figure 12.
    """

    length: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(ctrl=self.num_controls, target=ceil_log2(self.length))

    @property
    def workspace(self) -> SymbolicInt:
        """The flag, beside it the comparison, of one qubit more than the odd part has; or nothing."""
        odd_bits = odd_part_bitsize(self.length)
        return odd_bits + 2 * (1 - largest([1 - odd_bits, 0]))

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Hadamards; and unless the length is a power of two, one round of amplification."""
        odd_bits = odd_part_bitsize(self.length)
        is_amplified = 1 - largest([1 - odd_bits, 0])
        ladder = 2 * odd_bits + largest([odd_bits - 1, 0])
        return tally(
            [
                (Hadamard(), ceil_log2(self.length) + 2 * odd_bits),
                (And(), ladder),
                (And().adjoint(), ladder),
                *rotations(2 * is_amplified, self.num_controls),
            ]
        )

    def steps(self) -> Sequence[Step]:
        """Hadamards; mark what is below L, go back, mark the start, and out again."""
        require_numbers(self, self.length, self.num_controls)
        target, odd_bits = Bits("target", ceil_log2(self.length)), odd_part_bitsize(self.length)
        spread = [Step(Hadamard(), {"q": target[i]}) for i in range(target.width)]
        if not odd_bits:
            return spread
        low = target.width - odd_bits
        upper, inner = target.part(odd_bits, low), spread[low:]
        odd, flag = self.length >> low, Bits("flag", 1)
        less = LessThanConstant(odd_bits, odd)
        compare = Step(less, {"x": upper, "target": flag}, less)
        turn = Turn(2 * math.asin(math.sqrt(2**odd_bits / odd) / 2), "z")
        turn = turn.with_controls(self.num_controls)
        mark = Step(turn, {"ctrl": Bits("ctrl", 1), "target": flag})
        below = (compare, mark, compare)
        return (*spread, *below, *inner, *_marked_zero(upper, turn), *inner)


def _marked_zero(target: Bits, turn: Turn) -> tuple[Step, ...]:
    """Turn a qubit that is 1 where all of the target, at least 2 qubits, is 0."""
    joins, (joined, _) = conjoin([(target[i], 0) for i in range(target.width)], "ladder")
    mark = Step(turn, {"ctrl": Bits("ctrl", 1), "target": joined})
    return (*joins, mark, *backwards(joins))


@attrs.frozen
class RepeatedVector(Circuit):
    r"""Prepares $T^{-1/2} \sum_{t<T} |t\rangle |b\rangle$, the right-hand side of a history.

    Args:
        vector: tree that prepares $b$, a single row, without a control of its own.
        n_steps: $T$.

    Registers:
        ctrl: the control, if there is one.
        target: the vector, $n$ qubits.
        time: $\lceil \log_2 T \rceil$ qubits.
        phase_gradient: that of the tree.
    """

    vector: LoadedRotationTree = attrs.field(validator=uncontrolled)
    n_steps: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

    def __attrs_post_init__(self) -> None:
        if self.vector.rows != 1:
            raise InputError(
                f"RepeatedVector.vector has {self.vector.rows} rows; a right-hand side is one row"
            )

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
            time=ceil_log2(self.n_steps),
            phase_gradient=self.resource_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """That of the vector or of the superposition of rows."""
        return largest([self.vector.workspace, UniformSuperposition(self.n_steps).workspace])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The vector, and the superposition of times."""
        c = self.num_controls
        times = UniformSuperposition(self.n_steps, num_controls=c)
        return tally([(self.vector.with_controls(c), 1), (times, 1)])

    def steps(self) -> Sequence[Step]:
        """The superposition of times beside the vector."""
        c, control = self.num_controls, Bits("ctrl", 1)
        times = UniformSuperposition(self.n_steps, num_controls=c)
        vector, place = self.vector.with_controls(c), {"ctrl": control}
        gradient = Bits("phase_gradient", self.resource_bitsize)
        held = {"target": Bits("target", self.vector.levels), "phase_gradient": gradient}
        return (
            Step(times, place | {"target": Bits("time", ceil_log2(self.n_steps))}),
            Step(vector, place | held | {"selection": Bits("target", 0)}),
        )
