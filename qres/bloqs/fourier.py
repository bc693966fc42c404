"""The Fourier transform of a register, each controlled phase one `And` gate and one rotation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
from qualtran import Signature
from qualtran.bloqs.basic_gates import Hadamard
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import ROTATION, Circuit, registers, require_numbers
from qres.bloqs.integers import as_integer, at_least, require_integer, tally
from qres.bloqs.steps import Bits, Step, exchange
from qres.bloqs.turn import Turn


@attrs.frozen
class FourierTransform(Circuit):
    r"""$|j\rangle \to 2^{-n/2} \sum_y e^{2\pi i jy/2^n} |y\rangle$, but for a global phase.

    $n(n - 1)/2$ controlled phases: the product of both qubits, and one rotation of it. The exact
    transform, no phase is left out; the order of the qubits is turned round by their names.

    Args:
        bitsize: number of qubits $n$.

    Registers:
        target: $n$ qubits.

    References:
        [Quantum Amplitude Amplification and Estimation](https://arxiv.org/abs/quant-ph/0005055).
        Brassard et al. (2000). Definition 9.
    """

    bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

    def __attrs_post_init__(self) -> None:
        require_integer("FourierTransform.num_controls", self.num_controls, 0, 0)

    @property
    def signature(self) -> Signature:
        """One register."""
        return registers(target=self.bitsize)

    @property
    def workspace(self) -> SymbolicInt:
        """The product of two qubits."""
        return 1

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Hadamards, and a gate and a rotation for each pair of qubits."""
        twice = self.bitsize * (self.bitsize - 1)
        pairs = twice / 2 if is_symbolic(twice) else twice // 2
        gates = [(And(), pairs), (And().adjoint(), pairs), (ROTATION, pairs)]
        return tally([(Hadamard(), self.bitsize), *gates])

    def steps(self) -> Sequence[Step]:
        """From the uppermost qubit down: a Hadamard, and its phases with all below; turn round."""
        require_numbers(self, self.bitsize)
        target, product, steps = Bits("target", self.bitsize), Bits("product", 1), []
        for upper in reversed(range(target.width)):
            steps.append(Step(Hadamard(), {"q": target[upper]}))
            for lower in range(upper):
                both = Step(And(), {"ctrl": (target[upper], target[lower]), "target": product})
                turn = Turn(math.pi / 2 ** (upper - lower), "z")
                steps += [both, Step(turn, {"target": product}), both.adjoint()]
        for place in range(target.width // 2):
            steps += exchange(target[place], target[target.width - 1 - place])
        return tuple(steps)
