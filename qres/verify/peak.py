r"""Qubits of a circuit by its decomposition: the most that are alive at one step.

An ancilla is alive from the step that first touches it to the last, apart from the time after a step
that ends it (an erased look-up) and the time before one that makes it anew. What a step needs inside,
beyond its registers, comes on top. That is the circuit as it is written, in its order: a qubit is free
only where a step says so, or where CNOT gates have added to it all that it held once more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from qualtran import Bloq, Side
from qualtran.bloqs.basic_gates import CNOT
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import QubitCount, get_cost_value

from qres.bloqs.circuit import Circuit
from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.dense_vector import DenseVector
from qres.bloqs.steps import Step, joined
from qres.bloqs.turn import Turn
from qres.verify.count import bare

Bit = tuple[str, int]

_WHOLE = (DenseBlock, DenseVector, Turn)
"""Circuits that are one gate here."""


def peak_qubits(bloq: Bloq) -> int:
    """Return the most qubits that are alive at one step, those of the registers included.

    Raises:
        DecomposeTypeError: a circuit in it is known by its counts alone.
    """
    return _peak(bare(bloq))


def counted_qubits(bloq: Bloq) -> tuple[int, int]:
    """Return the qubits that a bloq claims, by Qualtran's `QubitCount`, and those that are found."""
    return int(get_cost_value(bloq, QubitCount())), peak_qubits(bloq)


@lru_cache(maxsize=100_000)
def _peak(bloq: Bloq) -> int:
    if not isinstance(bloq, Circuit) or isinstance(bloq, _WHOLE):
        return max(_registers(bloq), int(get_cost_value(bloq, QubitCount())))
    steps = bloq.sequence()
    begins, ends = Counter[int](), Counter[int]()
    for first, last in _lives(bloq, steps):
        begins[first] += 1
        ends[last] += 1
    found, alive = _registers(bloq), 0
    for time, step in enumerate(steps):
        alive += begins[time]
        inside = 0 if step.bloq is None else _peak(bare(step.bloq)) - _registers(step.bloq)
        found = max(found, alive + inside)
        alive -= ends[time]
    return found


def _registers(bloq: Bloq) -> int:
    sizes = bloq.signature
    return max(sum(r.total_qubits() for r in side) for side in (sizes.lefts(), sizes.rights()))


def _lives(bloq: Bloq, steps: Sequence[Step]) -> Iterator[tuple[int, int]]:
    """First and last step of every time that a qubit is alive."""
    last, sums = len(steps) - 1, Sums()
    born = dict.fromkeys(_bits(bloq, Side.LEFT), 0)
    kept = set(_bits(bloq, Side.RIGHT))
    used: dict[Bit, int] = dict(born)
    for time, step in enumerate(steps):
        touched = list(_touched(step))
        for bit, side in touched:
            if side is Side.RIGHT and bit in born:
                yield born.pop(bit), used[bit]
        bits = [bit for bit, _ in touched]
        zeros = sums.after(step, bits, [bit for bit in bits if bit not in born])
        for bit, side in touched:
            born.setdefault(bit, time)
            used[bit] = time
            if side is Side.LEFT or bit in zeros:
                yield born.pop(bit), time
    for bit, first in born.items():
        yield first, last if bit in kept else used[bit]


class Sums:
    """Fresh qubits that hold a sum of others, by CNOT gates alone. Mutated by `after`."""

    def __init__(self) -> None:
        self._terms: dict[Bit, set[tuple[Bit, int]]] = {}
        self._changes = Counter[Bit]()

    def after(self, step: Step, touched: Sequence[Bit], fresh: Sequence[Bit]) -> set[Bit]:
        """Return the qubits that are zero after a step: only read, or what they held has been added twice.

        Args:
            step: the next one.
            touched: its qubits.
            fresh: those of them that were not alive before.
        """
        if not isinstance(step.bloq, CNOT):
            read = 2 if isinstance(step.bloq, And) else 0
            for bit in touched[read:]:
                self._forget(bit)
            return {bit for bit in touched[:read] if bit in fresh}
        control, target = touched
        if target in fresh:
            self._terms[target] = set()
        self._changes[target] += 1
        if target not in self._terms:
            return set()
        self._terms[target] ^= {(control, self._changes[control])}
        return set() if self._terms[target] else {target}

    def _forget(self, bit: Bit) -> None:
        self._changes[bit] += 1
        self._terms.pop(bit, None)


def _bits(bloq: Bloq, side: Side) -> Iterator[Bit]:
    for register in bloq.signature:
        if register.side & side:
            yield from ((register.name, place) for place in range(register.total_qubits()))


def _touched(step: Step) -> Iterator[tuple[Bit, Side]]:
    """Each qubit of a step, and whether the step makes it, ends it or neither."""
    sides: dict[str, Side] = {"x": Side.THRU, "y": Side.THRU}
    if step.bloq is not None:
        registers = step.bloq.signature
        sides = {reg.name: reg.side for reg in registers if reg.total_qubits()}
    for name, side in sides.items():
        for bits in joined(step.wires[name]):
            yield from (((bits.register, bits.low + i), side) for i in range(bits.width))
