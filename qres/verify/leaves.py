r"""What each known leaf of a circuit does: bloq and slots to gates of the simulator.

Measurement-based steps stand by what they achieve: a look-up leaves no junk, an uncomputation takes
the word away and leaves no phase. Their own circuits are proven apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qualtran import Adjoint
from qualtran.bloqs import basic_gates as basic
from qualtran.bloqs.arithmetic import Add, LessThanConstant
from qualtran.bloqs.data_loading.qrom import QROM
from qualtran.bloqs.mcmt import And

from qres.bloqs.controlled_hadamard import ControlledHadamard
from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.dense_vector import DenseVector
from qres.bloqs.signed_addition import SignedAddition
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.bloqs.turn import Turn
from qres.bloqs.words import reached
from qres.verify.gates import Branch, Gate, Move, Phase, Slot, Values

Places = dict[str, Slot]
"""Registers of a leaf to slots; of a register with a shape, its items are `name[0]`, `name[1]`."""

_HADAMARD = np.array([[1, 1], [1, -1]]) / np.sqrt(2)


def _expect(found: np.ndarray, wanted: Any, what: str) -> None:
    if not np.all(found == wanted):
        raise RuntimeError(what)


def _table(bloq: TableLookup | TableUncompute, places: Places) -> Gate:
    if bloq.data is None:
        raise RuntimeError(f"{type(bloq).__name__} has no data to simulate")
    words = np.asarray(bloq.data, dtype=np.int64)
    is_load = isinstance(bloq, TableLookup)

    def action(values: Values) -> Values:
        address, target, *control = values
        word = words[reached(address, len(words))]
        for qubit in control:
            word = word * qubit
        what = "a load found no zeros" if is_load else "an unload did not find its word"
        _expect(target, 0 if is_load else word, what)
        return [address, word if is_load else target * 0, *control]

    control = (places["ctrl"],) if bloq.num_controls else ()
    return Move((places.get("selection", ()), places["target"], *control), action)


def _rom(bloq: QROM, places: Places) -> Gate:
    """A QROM adds its words to the targets, also beyond its table."""
    names = [register.name for register in bloq.target_registers]
    entries = int(bloq.data_shape[0])
    controls = (places["control"],) if bloq.num_controls else ()
    slots = (places["selection"], *(places[name] for name in names), *controls)

    def action(values: Values) -> Values:
        address, *others = values
        targets, control = others[: len(names)], others[len(names) :]
        at = reached(address, entries)
        words = [np.asarray(data)[at] * (control[0] if control else 1) for data in bloq.data]
        return [address, *(t ^ w for t, w in zip(targets, words, strict=True)), *control]

    return Move(slots, action)


def _signed(bloq: SignedAddition, places: Places) -> Gate:
    size: Any = 2**bloq.bits
    way = -1 if bloq.is_adjoint else 1
    slots = (places["sign"], places["addend"], places["target"])

    def action(values: Values) -> Values:
        sign, addend, target = values
        return [sign, addend, (target + way * np.where(sign, addend, -addend)) % size]

    def factor(values: Values) -> np.ndarray:
        sign, addend = values
        return np.exp(2j * np.pi * way * np.where(sign, addend, -addend) / size)

    return Move(slots, action) if slots[2] else Phase(slots[:2], factor)


def _add(bloq: Add, places: Places) -> Gate:
    size = 2**bloq.b_dtype.num_qubits
    return Move((places["a"], places["b"]), lambda v: [v[0], (v[1] + v[0]) % size])


def _adjoint(bloq: Adjoint, places: Places) -> Gate:
    if isinstance(bloq.subbloq, LessThanConstant):
        return _less(bloq.subbloq, places)
    if not isinstance(bloq.subbloq, Add):
        raise NotImplementedError(f"no simulation of {bloq}")
    size = 2**bloq.subbloq.b_dtype.num_qubits
    return Move((places["a"], places["b"]), lambda v: [v[0], (v[1] - v[0]) % size])


def _less(bloq: LessThanConstant, places: Places) -> Gate:
    slots = (places["x"], places["target"])
    return Move(slots, lambda v: [v[0], v[1] ^ (v[0] < bloq.less_than_val)])


def _and(bloq: And, places: Places) -> Gate:
    slots = (places["ctrl[0]"], places["ctrl[1]"], places["target"])

    def action(values: Values) -> Values:
        first, second, target = values
        value = ((first == bloq.cv1) & (second == bloq.cv2)).astype(np.int64)
        wanted, what = (
            (value, "not the product of its controls") if bloq.uncompute else (0, "not 0")
        )
        _expect(target, wanted, f"the target of an And is {what}")
        return [first, second, value * (not bloq.uncompute)]

    return Move(slots, action)


def _matrix(matrix: Any) -> Callable[[Any, Places], Gate]:
    return lambda bloq, places: Branch(places["q"], matrix)


def _move(names: tuple[str, ...], action: Callable[[Values], Values]) -> Callable[..., Gate]:
    return lambda bloq, places: Move(tuple(places[name] for name in names), action)


def _swapped(values: Values) -> Values:
    control, x, y = values
    return [control, np.where(control, y, x), np.where(control, x, y)]


def _diagonal(bloq: Any, places: Places) -> Gate:
    angle = {basic.ZGate: 1.0, basic.SGate: 0.5, basic.TGate: 0.25}[type(bloq)]
    turn = np.exp((-1j if getattr(bloq, "is_adjoint", False) else 1j) * np.pi * angle)
    return Phase((places["q"],), lambda v: np.where(v[0], turn, 1))


def _turn(bloq: Turn, places: Places) -> Gate:
    return Branch(places["target"], bloq.matrix(), places.get("ctrl", ()))


def _dense(bloq: DenseBlock, places: Places) -> Gate:
    slot = (*places.get("ancilla", ()), *places["system"])
    return Branch(slot, bloq.unitary(), places.get("ctrl", ()))


def _vector(bloq: DenseVector, places: Places) -> Gate:
    return Branch(places["target"], bloq.unitary(), places.get("ctrl", ()))


LEAVES: dict[type, Callable[[Any, Places], Gate]] = {
    TableLookup: _table,
    TableUncompute: _table,
    SignedAddition: _signed,
    QROM: _rom,
    Add: _add,
    LessThanConstant: _less,
    Adjoint: _adjoint,
    And: _and,
    Turn: _turn,
    DenseBlock: _dense,
    DenseVector: _vector,
    ControlledHadamard: lambda bloq, places: Branch(places["target"], _HADAMARD, places["ctrl"]),
    basic.Hadamard: _matrix(_HADAMARD),
    basic.XGate: _move(("q",), lambda v: [1 - v[0]]),
    basic.CNOT: _move(("ctrl", "target"), lambda v: [v[0], v[1] ^ v[0]]),
    basic.Toffoli: _move(
        ("ctrl[0]", "ctrl[1]", "target"), lambda v: [v[0], v[1], v[2] ^ v[0] & v[1]]
    ),
    basic.TwoBitCSwap: _move(("ctrl", "x", "y"), _swapped),
    basic.CZ: lambda bloq, places: Phase(
        (places["q1"], places["q2"]), lambda v: np.where(v[0] & v[1], -1, 1)
    ),
    basic.GlobalPhase: lambda bloq, places: Phase((), lambda v: np.exp(1j * np.pi * bloq.exponent)),
    basic.ZGate: _diagonal,
    basic.SGate: _diagonal,
    basic.TGate: _diagonal,
}
"""Type of a bloq to what it does."""
