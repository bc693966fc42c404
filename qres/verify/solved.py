"""The state that a solver's circuit leaves where its flag is up, by simulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.dense_vector import DenseVector
from qres.bloqs.reflection import PhasedReflection, ZeroFlag, ZeroReflection
from qres.verify.flatten import flatten
from qres.verify.gates import Branch, Gate, Move, Phase, Program
from qres.verify.leaves import LEAVES, Places
from qres.verify.simulate import State, run, start


def solved(bloq: Any) -> np.ndarray:
    """Return the flagged part of a run's state, by the index.

    Args:
        bloq: a run with its angles, without a control.

    Raises:
        RuntimeError: an ancilla is not zero where it ends.
    """
    program = flatten(bloq, gradient="phase_gradient", leaves=_LEAVES | _dense_leaves())
    return read_flagged(program, run(start(program, {"index": np.array([0])}), program.gates))


def read_flagged(program: Program, state: State) -> np.ndarray:
    """Return the amplitudes of the index where all other qubits are zero."""
    place = (program.registers["index"],)
    row = state.read(place)
    is_flagged = state.written(place, np.zeros_like(row)) == 0
    found = np.zeros(2 ** place[0][1], dtype=complex)
    found[row[is_flagged]] = state.amplitude[is_flagged]
    return found


def _dense_leaves() -> dict[type, Callable[[Any, Places], Gate]]:
    """Dense matrices, each computed once: a run uses the same one thousands of times."""
    known: dict[tuple[int, bool], np.ndarray] = {}

    def leaf(data: str, *names: str) -> Callable[[Any, Places], Gate]:
        def gate(bloq: Any, places: Places) -> Gate:
            key = (id(getattr(bloq, data)), bloq.is_adjoint)
            if key not in known:
                known[key] = bloq.unitary()
            slot = tuple(piece for name in names for piece in places.get(name, ()))
            return Branch(slot, known[key], places.get("ctrl", ()))

        return gate

    return {
        DenseBlock: leaf("rows", "ancilla", "system"),
        DenseVector: leaf("entries", "target"),
    }


def _about_zero(bloq: Any, places: Places) -> tuple[Any, Callable[[Sequence[Any]], Any]]:
    slots = (places["target"], *((places["ctrl"],) if bloq.num_controls else ()))
    return slots, lambda v: (v[0] == 0) & (v[1] == 1 if bloq.num_controls else True)


def _reflection(bloq: ZeroReflection, places: Places) -> Gate:
    slots, is_zero = _about_zero(bloq, places)
    return Phase(slots, lambda v: np.where(is_zero(v), -1, 1))


def _phased(bloq: PhasedReflection, places: Places) -> Gate:
    slots, is_zero = _about_zero(bloq, places)
    half = (bloq.angle or 0.0) * (-0.5j if bloq.is_adjoint else 0.5j)
    return Phase(slots, lambda v: np.exp(np.where(is_zero(v), half, -half)))


def _flag(bloq: ZeroFlag, places: Places) -> Gate:
    slots, is_zero = _about_zero(bloq, places)
    return Move((*slots, places["flag"]), lambda v: [*v[:-1], v[-1] ^ is_zero(v)])


_LEAVES = LEAVES | {
    ZeroReflection: _reflection,
    PhasedReflection: _phased,
    ZeroFlag: _flag,
}
"""Reflections as what they do: their ladders are proven apart, and make simulations long."""
