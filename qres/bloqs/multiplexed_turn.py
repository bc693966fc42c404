r"""A rotation whose angle is chosen by a few qubits, one rotation for each choice."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from qualtran import Signature
from qualtran.bloqs.basic_gates import CNOT
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import Circuit, registers, require_numbers, rotations
from qres.bloqs.integers import as_integer, at_least, numbers, tally
from qres.bloqs.reflection import require_angle
from qres.bloqs.steps import Bits, Step
from qres.bloqs.turn import Turn
from qres.errors import InputError


@attrs.frozen
class MultiplexedTurn(Circuit):
    r"""$e^{-i\theta_j Y/2}$ where the selection is $j$: $2^g$ rotations between CNOTs, no other gates.

    Under a control each rotation is two.

    Args:
        selection_bitsize: $g$.
        angles: the $2^g$ angles $\theta_j$ in radians; not needed to count.

    Registers:
        ctrl: the control, if there is one.
        selection: $g$ qubits.
        target: 1 qubit.

    References:
        [Transformation of quantum states using uniformly controlled
        rotations](https://arxiv.org/abs/quant-ph/0407010). Möttönen et al. (2004). Figure 2.
    """

    selection_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    angles: tuple[float, ...] | None = attrs.field(default=None, validator=numbers())

    def __attrs_post_init__(self) -> None:
        size = self.selection_bitsize
        if self.angles and not is_symbolic(size) and len(self.angles) != 2**size:
            raise InputError(f"MultiplexedTurn has {len(self.angles)} angles; expected {2**size}")

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(ctrl=self.num_controls, selection=self.selection_bitsize, target=1)

    @property
    def workspace(self) -> SymbolicInt:
        """None."""
        return 0

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """A rotation for each angle, and the CNOTs between them."""
        count = 2**self.selection_bitsize
        return tally([*rotations(count, self.num_controls), (CNOT(), count)])

    def steps(self) -> Sequence[Step]:
        """Rotations by the Walsh transform of the angles, in the order of a Gray code."""
        require_numbers(self, self.selection_bitsize, self.num_controls)
        given = np.asarray(require_angle(self, self.angles))
        order = [place ^ place >> 1 for place in range(len(given))]
        steps = []
        for place, code in enumerate(order):
            signs = [(-1) ** (choice & code).bit_count() for choice in range(len(given))]
            turn = Turn(float(given @ signs) / len(given), num_controls=self.num_controls)
            steps.append(Step(turn, {"ctrl": Bits("ctrl", 1), "target": Bits("target", 1)}))
            changed = code ^ order[(place + 1) % len(order)]
            if changed:
                bit = Bits("selection", 1, changed.bit_length() - 1)
                steps.append(Step(CNOT(), {"ctrl": bit, "target": Bits("target", 1)}))
        return tuple(steps)
