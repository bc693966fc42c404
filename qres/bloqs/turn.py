r"""A rotation by an angle that the circuit knows: one count of rotation synthesis, whatever the angle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from qualtran import Signature
from qualtran.bloqs.basic_gates import CNOT, Ry, Rz
from qualtran.resource_counting import (
    BloqCountDictT,
    CostKey,
    GateCounts,
    QECGatesCost,
    SympySymbolAllocator,
)
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import Circuit, registers, rotations
from qres.bloqs.steps import Bits, Step
from qres.errors import InputError


@attrs.frozen
class Turn(Circuit):
    r"""$e^{-i\theta Y/2}$ or $e^{-i\theta Z/2}$; under a control two of half the angle and two CNOTs.

    It is one rotation to synthesise even where the angle happens to be one that Clifford and T gates
    reach: the angle depends on data, the count does not.

    Args:
        angle: $\theta$ in radians.
        axis: `y` or `z`.

    Registers:
        ctrl: the control, if there is one.
        target: 1 qubit.
    """

    angle: float
    axis: str = "y"

    def __attrs_post_init__(self) -> None:
        if self.axis not in ("y", "z") or not np.isfinite(self.angle):
            raise InputError(
                f"Turn.axis {self.axis}, angle {self.angle}: expected y or z, a number"
            )

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(ctrl=self.num_controls, target=1)

    @property
    def workspace(self) -> SymbolicInt:
        """None."""
        return 0

    def matrix(self) -> np.ndarray:
        """The rotation, 2 x 2, in the direction of this circuit."""
        half = (-0.5 if self.is_adjoint else 0.5) * self.angle
        if self.axis == "z":
            return np.diag(np.exp([-1j * half, 1j * half]))
        return np.array([[np.cos(half), -np.sin(half)], [np.sin(half), np.cos(half)]])

    def my_static_costs(self, cost_key: CostKey) -> Any:
        """One rotation, two under a control."""
        if isinstance(cost_key, QECGatesCost):
            return GateCounts(rotation=1 + self.num_controls, clifford=2 * self.num_controls)
        return super().my_static_costs(cost_key)

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One rotation, or two."""
        return dict(rotations(1, self.num_controls))

    def steps(self) -> Sequence[Step]:
        """The rotation; under a control half of it, and half of it undone where the control is off."""
        target, gate = Bits("target", 1), Ry if self.axis == "y" else Rz
        if not self.num_controls:
            return (Step(gate(self.angle), {"q": target}),)
        flip = Step(CNOT(), {"ctrl": Bits("ctrl", 1), "target": target})
        halves = [Step(gate(sign * self.angle / 2), {"q": target}) for sign in (1, -1)]
        return (halves[0], flip, halves[1], flip)
