"""The sparse state vector against dense matrices that are written out basis state by basis state."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import qres.verify.simulate as simulate
from qres.errors import InputError
from qres.verify.gates import (
    Addition,
    Bits,
    Exchange,
    GateList,
    Hadamard,
    Quarter,
    Rotation,
    Table,
    Xor,
)

WIDTHS = {"a": 2, "b": 3, "s": 1, "t": 2}
A, B, S, T = (Bits(name, width) for name, width in WIDTHS.items())
STATES = [dict(zip(WIDTHS, v, strict=True)) for v in itertools.product(*map(range, (4, 8, 2, 4)))]
PLACE = {tuple(state.values()): at for at, state in enumerate(STATES)}


def dense(effect):
    """Matrix of a map from a basis state to [(amplitude, basis state)]."""
    matrix = np.zeros((len(STATES), len(STATES)), dtype=complex)
    for column, state in enumerate(STATES):
        for amplitude, image in effect(dict(state)):
            matrix[PLACE[tuple(image.values())], column] += amplitude
    return matrix


def one_qubit(name, low, matrix):
    def effect(state):
        bit = state[name] >> low & 1
        bare = state[name] - (bit << low)
        return [(matrix[out][bit], state | {name: bare + (out << low)}) for out in (0, 1)]

    return dense(effect)


def swapped(state):
    low = state["b"] & 3
    return state | {"a": low, "b": state["b"] - low + state["a"]} if state["s"] else state


WORDS = (3, 1, 0, 2, 1, 3, 3)  # the eighth address lies beyond
PAIRS = {
    "table": (
        Table(address=(S, A), target=T, data=WORDS, log_blocks=(0, 0)),
        dense(
            lambda s: [(1, s | {"t": s["t"] ^ (*WORDS, 3)[4 * s["s"] + s["a"]]})],
        ),
    ),
    "addition": (
        Addition(source=A, target=B, sign=S),
        dense(lambda s: [(1, s | {"b": (s["b"] + (s["a"] if s["s"] else -s["a"])) % 8})]),
    ),
    "subtraction": (
        Addition(source=A, target=B, sign=S, is_adjoint=True),
        dense(lambda s: [(1, s | {"b": (s["b"] - (s["a"] if s["s"] else -s["a"])) % 8})]),
    ),
    "exchange": (Exchange(A, Bits("b", 2), S), dense(lambda s: [(1, swapped(s))])),
    "xor": (
        Xor(Bits("b", 2, 1), A),
        dense(lambda s: [(1, s | {"a": s["a"] ^ s["b"] >> 1})]),
    ),
    "hadamard": (
        Hadamard(Bits("b", 1, 2)),
        one_qubit("b", 2, [[0.5**0.5, 0.5**0.5], [0.5**0.5, -(0.5**0.5)]]),
    ),
    "quarter": (Quarter(S), one_qubit("s", 0, [[1, 0], [0, 1j]])),
    "quarter back": (Quarter(S, is_adjoint=True), one_qubit("s", 0, [[1, 0], [0, -1j]])),
    "rotation": (
        Rotation(Bits("a", 1, 1), np.arctan2(4, 3)),
        one_qubit("a", 1, [[0.6, -0.8], [0.8, 0.6]]),
    ),
}


def columns_of(gates):
    """Dense columns on the states with t = 0 that the simulator gives."""
    index = [at for at, state in enumerate(STATES) if state["t"] == 0]
    values = {name: np.array([STATES[at][name] for at in index]) for name in WIDTHS}
    registers = WIDTHS | {"column": 8}
    state = simulate.run(
        simulate.start(registers, values | {"column": np.arange(len(index))}), gates
    )
    found = np.zeros((len(STATES), len(index)), dtype=complex)
    read = [state.read(Bits(name, width)) for name, width in registers.items()]
    for *place, column, amplitude in zip(*read, state.amplitude, strict=True):
        found[PLACE[tuple(int(v) for v in place)], column] += amplitude
    return found, index


@pytest.mark.parametrize("name", PAIRS)
def test_each_gate(name):
    gate, matrix = PAIRS[name]
    found, index = columns_of([gate])
    assert found == pytest.approx(matrix[:, index], abs=1e-14)
    back, _ = columns_of([gate, gate.adjoint()])
    assert back == pytest.approx(np.eye(len(STATES))[:, index], abs=1e-14)


@pytest.mark.parametrize("seed", range(12))
def test_random_circuits(seed):
    """Gates in any order; the table loads, is added, and unloads in the middle."""
    rng = np.random.default_rng(seed)
    free = [name for name in PAIRS if name != "table"]
    before, after = (list(rng.choice(free, 8)) for _ in range(2))
    names = [*before, "table", "addition", "rotation", "rotation", "table", *after]
    gates = [PAIRS[name][0] for name in names]
    middle = len(before)
    gates[middle + 3] = gates[middle + 2].adjoint()  # the address is as it was
    gates[middle + 4] = gates[middle].adjoint()
    matrix = np.eye(len(STATES))
    for at, name in enumerate(names):
        step = PAIRS[name][1]
        matrix = (step.T if at == middle + 3 else step) @ matrix
    found, index = columns_of(gates)
    assert found == pytest.approx(matrix[:, index], abs=1e-13)


def test_the_gradient_turns_an_addition_into_a_phase():
    """Held or left out, the same block; and what is held comes back as it was."""
    flag, angle = Bits("flag", 1), Bits("angle", 4)
    load = Table(address=(), target=angle, data=(5,), log_blocks=(0, 0))
    turn = Addition(source=angle, target=Bits("gradient", 4), sign=flag)
    gates = (load, Hadamard(flag), turn, Hadamard(flag), load.adjoint())
    registers = {"flag": 1, "angle": 4, "gradient": 4}
    left_out = simulate.block(GateList(registers, gates), ["flag"], gradient="gradient")
    # H exp(-i phi Z) H by hand: cos phi on the diagonal, -i sin phi beside it, phi = 2 pi 5/16.
    phi = 2 * np.pi * 5 / 16
    expected = np.array([[np.cos(phi), -1j * np.sin(phi)], [-1j * np.sin(phi), np.cos(phi)]])
    assert left_out == pytest.approx(expected, abs=1e-14)
    state = simulate.with_gradient(simulate.start(registers, {}), "gradient")
    state = simulate.without_gradient(simulate.run(state, gates), "gradient")
    assert dict(zip(state.index.tolist(), state.amplitude, strict=True)) == pytest.approx(
        {0: expected[0, 0], 1: expected[1, 0]}, abs=1e-14
    )


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_a_signed_addition_has_as_many_carries_as_a_plain_one(bits):
    """Add or subtract by complement and carry in: b - 1 majorities, one Toffoli gate each."""
    for source, target, sign in itertools.product(range(2**bits), range(2**bits), (0, 1)):
        carry, total, majorities = 1 - sign, 0, 0
        for at in range(bits):
            x, y = (source >> at & 1) ^ (1 - sign), target >> at & 1
            total |= (x ^ y ^ carry) << at
            if at < bits - 1:
                carry, majorities = int(x + y + carry >= 2), majorities + 1
        assert total == (target + (source if sign else -source)) % 2**bits
        gate = Addition(source=Bits("x", bits), target=Bits("y", bits), sign=Bits("s", 1))
        assert majorities == gate.toffoli


def test_what_is_left_behind_stops_the_run():
    load = Table(address=(S,), target=T, data=(1, 2), log_blocks=(0, 0))
    for gates in ([load, Hadamard(S), load.adjoint()], [load, load]):
        with pytest.raises(RuntimeError, match="register 't'"):
            simulate.run(simulate.start(WIDTHS, {}), gates)


def test_too_large_is_said_with_the_limit(monkeypatch):
    with pytest.raises(InputError, match="63 qubits cannot be simulated; at most 62 can"):
        simulate.start({"a": 63}, {})
    with pytest.raises(InputError, match="no register 'c' in a"):
        simulate.start({"a": 1}, {}).read(Bits("c", 1))
    monkeypatch.setattr(simulate, "MAX_AMPLITUDES", 3)
    with pytest.raises(InputError, match="more than 3 amplitudes"):
        simulate.run(simulate.start({"a": 2}, {}), [Hadamard(Bits("a", 1, at)) for at in (0, 1)])
