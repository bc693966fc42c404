"""A circuit as the program of its leaves, every ancilla with a place of its own while it lives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from qualtran import Bloq

from qres.bloqs.circuit import Circuit
from qres.bloqs.steps import Bits, Step, Wire, joined
from qres.verify.gates import Gate, Move, Program, Slot
from qres.verify.leaves import LEAVES

Leaves = Mapping[type, Callable[[Any, Any], Gate]]


def flatten(bloq: Bloq, *, gradient: str = "", leaves: Leaves = LEAVES) -> Program:
    """Return the gates of a circuit.

    Args:
        bloq: a circuit with steps; all its sizes are numbers, all its tables have data.
        gradient: a register that is left out because it holds the phase gradient throughout;
            additions into it become phases.
        leaves: where to stop, and what is done there.

    Raises:
        DecomposeTypeError: a circuit in it is known by its counts alone.
    """
    registers: dict[str, tuple[int, int]] = {}
    width = 0
    for register in bloq.signature:
        if register.name != gradient:
            registers[register.name] = (width, register.bitsize)
            width += register.bitsize
    writer = Writer(leaves, width)
    slots: dict[str, Slot] = {name: (place,) for name, place in registers.items()}
    writer.write(bloq, slots | {gradient: ()}, width)
    return Program(registers, writer.width, tuple(writer.gates))


class Writer:
    """Collects gates, and the widest index so far. Mutated while a circuit is written."""

    def __init__(self, leaves: Leaves, width: int) -> None:
        self.gates: list[Gate] = []
        self.width = width
        self._leaves = leaves
        self._steps: dict[Bloq, Sequence[Step]] = {}

    def write(self, bloq: Bloq, slots: Mapping[str, Slot], free: int) -> None:
        """Write a bloq whose registers lie in these slots; bits from `free` on are unused."""
        if type(bloq) in self._leaves:
            self.gates.append(self._leaves[type(bloq)](bloq, dict(slots)))
            return
        steps = self._sequence(bloq)
        places, ancillas = dict(slots), _ancillas(steps, slots)
        for name, size in ancillas.items():
            places[name] = ((free, size),)
            free += size
        self.width = max(self.width, free)
        for step in steps:
            self._step(step, places, free)
        if ancillas:
            self.gates.append(_checked(tuple(places[name] for name in ancillas)))

    def _sequence(self, bloq: Bloq) -> Sequence[Step]:
        if bloq not in self._steps:
            if not isinstance(bloq, Circuit):
                raise NotImplementedError(f"no simulation of {bloq}")
            self._steps[bloq] = bloq.sequence()
        return self._steps[bloq]

    def _step(self, step: Step, places: dict[str, Slot], free: int) -> None:
        if step.bloq is None:
            slots = tuple(_slot(step.wires[name], places) for name in ("x", "y"))
            self.gates.append(Move(slots, lambda values: [values[1], values[0]]))
            return
        inner: dict[str, Slot] = {}
        for register in step.bloq.signature:
            wire = step.wires[register.name]
            if register.shape:
                for place, bits in enumerate(joined(wire)):
                    inner[f"{register.name}[{place}]"] = _slot(bits, places)
            else:
                inner[register.name] = _slot(wire, places)
        self.write(step.bloq, inner, free)


def _slot(wire: Wire, places: Mapping[str, Slot]) -> Slot:
    """The ranges of a wire; none where a register is left out."""
    return tuple(piece for bits in joined(wire) for piece in _ranges(bits, places[bits.register]))


def _ranges(bits: Bits, slot: Slot) -> Slot:
    """The ranges of a slice of a register that lies in several ranges."""
    found: list[tuple[int, int]] = []
    low = bits.low
    wanted = bits.width
    for shift, width in reversed(slot):
        if low >= width:
            low -= width
            continue
        taken = min(width - low, wanted)
        if taken > 0:
            found.append((shift + low, taken))
        wanted, low = wanted - taken, 0
    if slot and wanted:
        raise IndexError(f"{bits} lies beyond its register")
    return tuple(reversed(found))


def _ancillas(steps: Sequence[Step], slots: Mapping[str, Slot]) -> dict[str, int]:
    """Registers of the steps that are not given, with their widths."""
    found: dict[str, int] = {}
    for step in steps:
        names = ("x", "y") if step.bloq is None else [reg.name for reg in step.bloq.signature]
        for name in names:
            for bits in joined(step.wires[name]):
                if bits.register not in slots:
                    found[bits.register] = max(found.get(bits.register, 0), bits.low + bits.width)
    return found


def _checked(slots: tuple[Slot, ...]) -> Gate:
    """Stop if an ancilla is not zero where it ends."""

    def action(values: list[np.ndarray]) -> list[np.ndarray]:
        if any(np.any(value) for value in values):
            raise RuntimeError("an ancilla is not zero where it ends")
        return values

    return Move(slots, action)
