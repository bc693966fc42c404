r"""The steps of a circuit: bloqs on slices of registers, in the order of time.

One list is the decomposition. `compose` makes Qualtran's composite bloq of it, and the simulator of
`qres.verify` reads it directly. A register that is not in the signature of the circuit is an ancilla,
$|0\rangle$ before its first step and after its last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from qualtran import Bloq, BloqBuilder, QAny, QBit, Register, Side, Signature
from qualtran.bloqs.basic_gates import CNOT, TwoBitCSwap
from qualtran.bloqs.bookkeeping import Allocate, Free


@dataclass(frozen=True)
class Bits:
    """Bits `low` to `low + width - 1` of a register, bit 0 the least significant."""

    register: str
    width: Any
    low: Any = 0

    def __getitem__(self, place: Any) -> Bits:
        """One bit, counted from the least significant of the slice."""
        return Bits(self.register, 1, self.low + place)

    def part(self, width: Any, low: Any = 0) -> Bits:
        """A slice of the slice."""
        return Bits(self.register, width, self.low + low)


Wire = Bits | tuple[Bits, ...]
"""Slices that make one register, the most significant first; of a register with a shape, its items."""


@dataclass(frozen=True)
class Step:
    """One bloq and the slices that its registers are.

    Args:
        bloq: what is done; `None` exchanges the names of `x` and `y`, slices of equal width.
        wires: register of the bloq to slices.
        inverse: what undoes the bloq on the same slices, its adjoint if not given.
    """

    bloq: Bloq | None
    wires: Mapping[str, Wire] = field(hash=False)
    inverse: Bloq | None = None

    def adjoint(self) -> Step:
        """The step that undoes this one."""
        if self.bloq is None:
            return self
        inverse = self.bloq.adjoint() if self.inverse is None else self.inverse
        return Step(inverse, self.wires, self.bloq)


def backwards(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps that undo these."""
    return tuple(step.adjoint() for step in reversed(steps))


def exchange(first: Bits, second: Bits, control: Bits | None = None) -> tuple[Step, ...]:
    """Swap two slices: a change of names, or under a control a swap for each pair of qubits."""
    if not first.width:
        return ()
    if control is None:
        return (Step(None, {"x": first, "y": second}),)
    places = range(first.width)
    return tuple(
        Step(TwoBitCSwap(), {"ctrl": control, "x": first[i], "y": second[i]}) for i in places
    )


def copies(source: Bits, target: Bits) -> tuple[Step, ...]:
    """Add a slice to another bit by bit."""
    places = range(source.width)
    return tuple(Step(CNOT(), {"ctrl": source[i], "target": target[i]}) for i in places)


def joined(wire: Wire) -> tuple[Bits, ...]:
    """The slices of a wire; empty ones are left out."""
    return tuple(bits for bits in (wire if isinstance(wire, tuple) else (wire,)) if bits.width)


def compose(
    builder: BloqBuilder, signature: Signature, steps: Sequence[Step], soqs: Mapping[str, Any]
) -> dict[str, Any]:
    """Build the steps with Qualtran and return its wires by register.

    Args:
        builder: where they are built.
        signature: registers of the circuit.
        steps: in the order of time.
        soqs: its wires at the start.
    """
    loom = Loom(builder, soqs, signature)
    for step in steps:
        loom.apply(step)
    return loom.finish(signature)


class Loom:
    """Qualtran's wires of each register, split where a step takes a part of them.

    Mutated while a circuit is built.
    """

    def __init__(self, builder: BloqBuilder, soqs: Mapping[str, Any], signature: Signature) -> None:
        self._builder = builder
        self._pieces: dict[str, dict[tuple[int, int], Any]] = {}
        for register in signature.lefts():
            self._pieces[register.name] = {(0, register.bitsize): soqs[register.name]}

    def apply(self, step: Step) -> None:
        """Add one step."""
        if step.bloq is None:
            self._exchange(step)
            return
        arguments, results = {}, {}
        for register in step.bloq.signature:
            wire = step.wires[register.name]
            if register.side & Side.LEFT:
                arguments[register.name] = self._argument(register, wire)
            if register.side & Side.RIGHT:
                results[register.name] = wire
        found = self._builder.add_d(step.bloq, **arguments)
        for register in step.bloq.signature.rights():
            if not register.side & Side.LEFT:
                self._vacate(results[register.name])
            self._store(register, results[register.name], found[register.name])

    def finish(self, signature: Signature) -> dict[str, Any]:
        """Free the ancillas and return the registers whole."""
        outputs = {reg.name: self._take(Bits(reg.name, reg.bitsize)) for reg in signature.rights()}
        for pieces in self._pieces.values():
            for (_, width), soquet in pieces.items():
                self._free(width, soquet)
        return outputs

    def _free(self, width: Any, soquet: Any) -> None:
        self._builder.add(Free(QAny(width) if width > 1 else QBit()), reg=soquet)

    def _vacate(self, wire: Wire) -> None:
        """Free the zeros that lie where a bloq makes new qubits."""
        for bits in joined(wire):
            pieces = self._pieces.get(bits.register, {})
            if any(low < bits.low + bits.width and bits.low < low + size for low, size in pieces):
                self._free(bits.width, self._take(bits))

    def _exchange(self, step: Step) -> None:
        (first,), (second,) = joined(step.wires["x"]), joined(step.wires["y"])
        one, other = self._take(first), self._take(second)
        self._put(first, other)
        self._put(second, one)

    def _argument(self, register: Register, wire: Wire) -> Any:
        if register.shape:
            return np.array([self._take(bits) for bits in joined(wire)])
        parts = joined(wire)
        if len(parts) == 1:
            return self._take(parts[0])
        return self._builder.join(np.concatenate([self._bits(bits) for bits in parts]))

    def _store(self, register: Register, wire: Wire, soquet: Any) -> None:
        parts = joined(wire)
        if register.shape:
            for bits, one in zip(parts, soquet, strict=True):
                self._put(bits, one)
        elif len(parts) == 1:
            self._put(parts[0], soquet)
        else:
            bits = [part[i] for part in parts for i in reversed(range(part.width))]
            for bit, one in zip(bits, self._builder.split(soquet), strict=True):
                self._put(bit, one)

    def _put(self, bits: Bits, soquet: Any) -> None:
        self._pieces.setdefault(bits.register, {})[bits.low, bits.width] = soquet

    def _take(self, bits: Bits) -> Any:
        """One soquet for a slice: as it lies there, joined from parts, or allocated."""
        pieces = self._pieces.setdefault(bits.register, {})
        if (bits.low, bits.width) in pieces:
            return pieces.pop((bits.low, bits.width))
        if not any(low < bits.low + bits.width and bits.low < low + width for low, width in pieces):
            return self._builder.add(Allocate(QAny(bits.width) if bits.width > 1 else QBit()))
        found = self._bits(bits)
        return found[0] if bits.width == 1 else self._builder.join(found)

    def _bits(self, bits: Bits) -> np.ndarray:
        """Single qubits of a slice, the most significant first; the rest of what is split stays."""
        pieces = self._pieces.setdefault(bits.register, {})
        inside = range(bits.low, bits.low + bits.width)
        for low, width in list(pieces):
            if width > 1 and low < inside.stop and inside.start < low + width:
                split = self._builder.split(pieces.pop((low, width)))
                for place, soquet in enumerate(reversed(split)):
                    pieces[low + place, 1] = soquet
        return np.array([self._take(Bits(bits.register, 1, place)) for place in reversed(inside)])
