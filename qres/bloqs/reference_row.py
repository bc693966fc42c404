r"""A reference beside a linear system: $A \oplus \sigma I$ and $b \oplus b_{\mathrm{ref}}\hat b$.

One qubit $z$ above the index tells the two apart. Where it is 1 the matrix is $\sigma$ times the
identity and the right-hand side once more the vector itself, so the solution there has the norm
$b_{\mathrm{ref}}/\sigma$, whatever the system: what is read from the same run is measured against it.

With $\sigma = 1/\lVert A^{-1}\rVert$ the smallest singular value stays what it was, and
$\kappa_{\mathrm{eff}}$ with it. A larger $\sigma$ would ask for a larger $b_{\mathrm{ref}}$, and the
part of the right-hand side that is inverted, and the flag of a polynomial with it, would shrink.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from qualtran import Signature
from qualtran.bloqs.basic_gates import CNOT, XGate
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicFloat, SymbolicInt

from qres.bloqs.circuit import (
    BlockCircuit,
    Circuit,
    registers,
    require_numbers,
    rotations,
    uncontrolled,
)
from qres.bloqs.integers import as_integer, at_least, numbers, tally
from qres.bloqs.reflection import require_angle
from qres.bloqs.steps import Bits, Step, backwards
from qres.bloqs.turn import Turn


@attrs.frozen
class ReferencedMatrix(BlockCircuit):
    r"""Encodes $A \oplus \sigma I$ from an encoding of $A$, $\sigma = \alpha\cos\frac\theta2$.

    The encoding gets the control $z = 0$; where $z$ is 1 a further ancilla is rotated by $\theta$, two
    rotations. An outer control is joined with $z$ once, one `And`; the control of the rotation is what
    is left of it, a CNOT.

    Args:
        matrix: encoding of $A$, without a control of its own.
        index_bitsize: qubits of the index, at least those that the encoding acts on (the lowest).
        angle: $\theta$ in radians; not needed to count.

    Registers:
        ctrl: the control, if there is one.
        system: the index, and above it $z$.
        ancilla: those of the encoding, and above them the one that is rotated.
        resource: the phase gradient.
    """

    matrix: BlockCircuit = attrs.field(validator=uncontrolled)
    index_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    angle: float | None = attrs.field(default=None, kw_only=True, validator=numbers())

    @property
    def alpha(self) -> SymbolicFloat:
        """That of the encoding."""
        return self.matrix.alpha

    @property
    def epsilon(self) -> SymbolicFloat:
        """That of the encoding."""
        return self.matrix.epsilon

    @property
    def system_bitsize(self) -> SymbolicInt:
        """The index and what tells the reference."""
        return self.index_bitsize + 1

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """One more."""
        return self.matrix.ancilla_bitsize + 1

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.matrix.resource_bitsize

    @property
    def workspace(self) -> SymbolicInt:
        """That of the encoding under a control, and the joined control."""
        return self.matrix.with_controls(1).workspace + self.num_controls

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The controlled encoding, the controlled rotation, the joined control."""
        c = self.num_controls
        return tally(
            [
                (self.matrix.with_controls(1), 1),
                *rotations(1, 1),
                (And(1, 0), c),
                (And(1, 0).adjoint(), c),
                (CNOT(), 2 * c),
                (XGate(), 2 * (1 - c)),
            ]
        )

    def steps(self) -> Sequence[Step]:
        """Tell the reference, the encoding or the rotation, and back."""
        require_numbers(self, self.index_bitsize)
        angle = require_angle(self, self.angle)
        other, control = Bits("system", 1, self.index_bitsize), Bits("ctrl", 1)
        inner = self.matrix.with_controls(1)
        wires: dict[str, Any] = {
            "system": Bits("system", inner.system_bitsize),
            "ancilla": Bits("ancilla", inner.ancilla_bitsize),
            "resource": Bits("resource", inner.resource_bitsize),
        }
        turned = {"target": Bits("ancilla", 1, inner.ancilla_bitsize)}
        turn = Turn(angle).with_controls(1)
        if not self.num_controls:
            flip = Step(XGate(), {"q": other})
            encoded = Step(inner, wires | {"ctrl": other})
            return (Step(turn, turned | {"ctrl": other}), flip, encoded, flip)
        own = Bits("own", 1)
        joined = Step(And(1, 0), {"ctrl": (control, other), "target": own})
        encoded = Step(inner, wires | {"ctrl": own})
        rest = Step(CNOT(), {"ctrl": own, "target": control})
        return (
            joined,
            encoded,
            rest,
            Step(turn, turned | {"ctrl": control}),
            rest,
            *backwards([joined]),
        )


@attrs.frozen
class ReferencedVector(Circuit):
    r"""Prepares $\cos\frac\theta2\,|0\rangle|b\rangle + \sin\frac\theta2\,|1\rangle|b\rangle$.

    One rotation beside the vector, which is not told; $\tan\frac\theta2 = b_{\mathrm{ref}}/\lVert
    b\rVert$.

    Args:
        vector: preparation of $b$, without a control of its own; its registers but control and phase
            gradient are the index, the first one lowest.
        index_bitsize: qubits of the index.
        angle: $\theta$ in radians; not needed to count.

    Registers:
        ctrl: the control, if there is one.
        index: the index, and above it what tells the reference.
        phase_gradient: that of the vector.
    """

    vector: Any = attrs.field(validator=uncontrolled)
    index_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    angle: float | None = attrs.field(default=None, kw_only=True, validator=numbers())

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return getattr(self.vector, "resource_bitsize", 0)

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(
            ctrl=self.num_controls,
            index=self.index_bitsize + 1,
            phase_gradient=self.resource_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """That of the vector."""
        return self.vector.with_controls(self.num_controls).workspace

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The vector and a rotation."""
        c = self.num_controls
        return tally([(self.vector.with_controls(c), 1), *rotations(1, c)])

    def steps(self) -> Sequence[Step]:
        """The vector, and the rotation beside it."""
        require_numbers(self, self.index_bitsize)
        c, control = self.num_controls, Bits("ctrl", 1)
        turn = Turn(require_angle(self, self.angle)).with_controls(c)
        bloq, wires, low = self.vector.with_controls(c), {"ctrl": control}, 0
        for register in bloq.signature:
            if register.name == "phase_gradient":
                wires[register.name] = Bits(register.name, register.bitsize)
            elif register.name != "ctrl":
                wires[register.name] = Bits("index", register.bitsize, low)
                low += register.bitsize
        told = {"ctrl": control, "target": Bits("index", 1, self.index_bitsize)}
        return (Step(bloq, wires), Step(turn, told))
