r"""A Hadamard gate under a control, as one Toffoli gate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from qualtran import Bloq, Signature
from qualtran.bloqs.basic_gates import CNOT, Hadamard, SGate, TGate
from qualtran.resource_counting import (
    BloqCountDictT,
    CostKey,
    GateCounts,
    QECGatesCost,
    SympySymbolAllocator,
)
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import Circuit, registers
from qres.bloqs.steps import Bits, Step


@attrs.frozen
class ControlledHadamard(Circuit):
    r"""$|0\rangle\langle 0| \otimes 1 + |1\rangle\langle 1| \otimes H$, two T gates.

    They are priced as one Toffoli gate. On two qubits $a, b$ at once and beside a qubit that holds
    $|T\rangle = T|+\rangle$, $T^{a+b}$ is $S$ on the majority of $a$, $b$ and the parity of all three,
    one `And` gate, and $|T\rangle$ remains. A second pair of the two gates is another such gate's, or
    a T state for later, put in by teleportation.

    Registers:
        ctrl: the control.
        target: 1 qubit.

    References:
        [Efficient magic state factories with a catalyzed CCZ to 2T
        transformation](https://arxiv.org/abs/1812.01238). Gidney, Fowler (2018).
    """

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(ctrl=1, target=1)

    @property
    def workspace(self) -> SymbolicInt:
        """None that is held: the catalyst serves the whole computation."""
        return 0

    def my_static_costs(self, cost_key: CostKey) -> Any:
        """One Toffoli gate."""
        if isinstance(cost_key, QECGatesCost):
            return GateCounts(toffoli=1)
        return super().my_static_costs(cost_key)

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The gates of `steps`; what they cost is in `my_static_costs`."""
        turn = {SGate(): 1, SGate(is_adjoint=True): 1, Hadamard(): 2}
        return turn | {TGate(): 1, TGate(is_adjoint=True): 1, CNOT(): 1}

    def steps(self) -> Sequence[Step]:
        r"""$H = V X V^\dagger$ with $V^\dagger = T H S$."""
        target = Bits("target", 1)
        turn: list[Bloq] = [SGate(), Hadamard(), TGate()]
        there = [Step(gate, {"q": target}) for gate in turn]
        back = [step.adjoint() for step in reversed(there)]
        return (*there, Step(CNOT(), {"ctrl": Bits("ctrl", 1), "target": target}), *back)

    def adjoint(self) -> ControlledHadamard:
        """Itself."""
        return self
