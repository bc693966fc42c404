"""The sparse state vector against Qualtran's tensor contraction, against Cirq, and by hand."""

from __future__ import annotations

import cirq
import numpy as np
import pytest
from qualtran import QUInt
from qualtran.bloqs import basic_gates as basic
from qualtran.bloqs.arithmetic import Add, LessThanConstant
from qualtran.bloqs.data_loading.qrom import QROM
from qualtran.bloqs.mcmt import And

import qres.verify.simulate as simulate
from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.signed_addition import LoadedRotation, SignedAddition
from qres.bloqs.steps import Bits, Step, exchange
from qres.bloqs.tables import TableLookup
from qres.bloqs.turn import Turn
from qres.errors import InputError
from qres.verify.flatten import flatten


def simulated(bloq, **options):
    """The unitary of a circuit, the first register of its signature most significant."""
    program = flatten(bloq, **options)
    return simulate.block(program, list(reversed(program.registers)))


LEAVES = {
    "Hadamard": basic.Hadamard(),
    "X": basic.XGate(),
    "Z": basic.ZGate(),
    "S": basic.SGate(),
    "S back": basic.SGate(is_adjoint=True),
    "T": basic.TGate(),
    "CNOT": basic.CNOT(),
    "CZ": basic.CZ(),
    "Toffoli": basic.Toffoli(),
    "CSwap": basic.TwoBitCSwap(),
    "Add": Add(QUInt(2), QUInt(2)),
    "Add back": Add(QUInt(2), QUInt(2)).adjoint(),
    "LessThan": LessThanConstant(3, 5),
    "Turn": Turn(0.7),
    "Turn z back": Turn(0.7, "z").adjoint(),
    "Turn controlled": Turn(0.7, num_controls=1),
    "Turn z controlled": Turn(-2.1, "z", num_controls=1),
}


def one(listed, leaf):
    """A circuit of one leaf on registers of its own names."""
    wires = {}
    for register in leaf.signature:
        size = register.total_bits()
        items = tuple(Bits(register.name, 1, size - 1 - place) for place in range(size))
        wires[register.name] = items if register.shape else Bits(register.name, size)
    sizes = {register.name: register.total_bits() for register in leaf.signature}
    return listed(sizes, (Step(leaf, wires),))


@pytest.mark.slow  # the first contraction compiles for seconds
@pytest.mark.parametrize("name", LEAVES)
def test_each_leaf_is_qualtrans_tensor(listed, name):
    leaf = LEAVES[name]
    assert simulated(one(listed, leaf)) == pytest.approx(leaf.tensor_contract(), abs=1e-12)


@pytest.mark.slow  # the first contraction compiles for seconds
@pytest.mark.parametrize(("cv1", "cv2"), [(1, 1), (0, 1), (1, 0), (0, 0)])
def test_an_and_is_there_and_gone(listed, cv1, cv2):
    """Copied out between an And and its adjoint: a Toffoli gate, by tensors and by hand."""
    controls, product, out = (Bits("c", 1, 1), Bits("c", 1)), Bits("product", 1), Bits("out", 1)
    up = Step(And(cv1, cv2), {"ctrl": controls, "target": product})
    copy = Step(basic.CNOT(), {"ctrl": product, "target": out})
    circuit = listed({"c": 2, "out": 1}, (up, copy, up.adjoint()))
    expected = np.eye(8)
    row = 2 * (2 * cv1 + cv2)
    expected[row : row + 2, row : row + 2] = [[0, 1], [1, 0]]
    assert simulated(circuit) == pytest.approx(expected, abs=1e-14)
    assert circuit.tensor_contract() == pytest.approx(expected, abs=1e-12)


def random_steps(rng, count):
    """Steps on registers a (3), b (3) and ancillas that are used and given back."""
    bits = [Bits(name, 1, place) for name in "ab" for place in range(3)]
    steps = []
    for _ in range(count):
        one, two, three = (bits[i] for i in rng.permutation(6)[:3])
        way = int(rng.integers(8))
        if way == 0:
            steps.append(Step(basic.Hadamard(), {"q": one}))
        elif way == 1:
            steps.append(Step(Turn(float(rng.normal())), {"target": two}))
        elif way == 2:
            steps.append(Step(basic.CNOT(), {"ctrl": one, "target": three}))
        elif way == 3:
            steps.append(Step(basic.TwoBitCSwap(), {"ctrl": one, "x": two, "y": three}))
        elif way == 4:
            steps += exchange(Bits("a", 2, 1), Bits("b", 2))
        elif way == 5:
            steps.append(Step(Add(QUInt(2), QUInt(2)), {"a": Bits("a", 2), "b": Bits("b", 2, 1)}))
        elif way == 6:
            up = Step(And(), {"ctrl": (one, two), "target": Bits("scratch", 1)})
            turn = Step(Turn(0.3, num_controls=1), {"ctrl": Bits("scratch", 1), "target": three})
            steps += [up, turn, up.adjoint()]
        else:
            joined = (Bits("a", 1, 2), Bits("b", 2))
            steps.append(
                Step(
                    SignedAddition(3),
                    {
                        "sign": Bits("a", 1),
                        "addend": joined,
                        "target": (Bits("a", 1, 1), Bits("held", 2)),
                    },
                )
            )
            steps.append(steps[-1].adjoint())
    return tuple(steps)


@pytest.mark.slow  # the first contraction compiles for seconds
@pytest.mark.parametrize("seed", range(4))
def test_random_circuits_are_qualtrans_tensors(listed, seed):
    """The steps read by the simulator, and built by Qualtran and contracted; there and back."""
    circuit = listed({"a": 3, "b": 3}, random_steps(np.random.default_rng(seed), 10))
    found = simulated(circuit)
    assert found == pytest.approx(circuit.tensor_contract(), abs=1e-10)
    assert found @ found.conj().T == pytest.approx(np.eye(64), abs=1e-12)
    back = listed({"a": 3, "b": 3}, circuit.adjoint().sequence())
    assert simulated(back) == pytest.approx(found.conj().T, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("entries", [3, 5, 6, 7, 8])
@pytest.mark.parametrize("controls", [0, 1])
def test_a_rom_is_cirqs_on_every_address(listed, entries, controls):
    """Also beyond the table: the pruned tree finds the word that the leaf says."""
    data = np.random.default_rng(entries).integers(0, 4, entries)
    rom = QROM.build_from_data(data, target_bitsizes=(2,), num_controls=controls)
    found = simulated(one(listed, rom))
    registers, size = list(rom.signature), len(found)
    qubits = {
        reg.name: cirq.LineQubit.range(10 * i, 10 * i + reg.total_bits())
        for i, reg in enumerate(registers)
    }
    operation = rom.on_registers(**qubits)
    circuit = cirq.Circuit(cirq.decompose(operation))
    order = [qubit for reg in registers for qubit in qubits[reg.name]]
    scratch = sorted(circuit.all_qubits() - set(order))
    for column in range(size):
        bits = [column >> place & 1 for place in reversed(range(len(order)))]
        start = np.zeros(2 ** (len(order) + len(scratch)), dtype=np.complex64)
        start[column << len(scratch)] = 1
        simulator = cirq.Simulator()
        result = simulator.simulate(circuit, qubit_order=order + scratch, initial_state=start)
        assert (
            np.abs(result.final_state_vector[np.argmax(found[:, column]) << len(scratch)]) > 0.99
        ), bits


def test_a_loaded_rotation_turns_by_its_angle(listed):
    """Held or left out, the phase gradient gives the same block; by hand a real rotation."""
    bits, word = 4, 5
    circuit = listed(
        {"target": 1, "gradient": bits},
        (
            load := Step(
                TableLookup(1, bits, 0, data=(word,)),
                {"selection": (), "target": Bits("angle", bits)},
            ),
            Step(
                LoadedRotation(bits),
                {
                    "target": Bits("target", 1),
                    "angle": Bits("angle", bits),
                    "phase_gradient": Bits("gradient", bits),
                },
            ),
            load.adjoint(),
        ),
    )
    phi = 2 * np.pi * word / 2**bits
    expected = np.array([[np.cos(phi), -np.sin(phi)], [np.sin(phi), np.cos(phi)]])
    assert simulated(circuit, gradient="gradient") == pytest.approx(expected, abs=1e-14)
    held = simulated(circuit)
    wave = simulate.phase_gradient(bits)
    kept = np.kron(np.eye(2), wave[:, None])
    assert held @ kept == pytest.approx(kept @ expected, abs=1e-13)


@pytest.mark.parametrize("bits", [1, 2, 3])
@pytest.mark.parametrize("is_adjoint", [False, True])
def test_a_signed_addition_is_its_adder(listed, bits, is_adjoint):
    """The leaf against its steps down to Add, and against arithmetic."""
    bloq = SignedAddition(bits, is_adjoint=is_adjoint)
    inner = listed({"sign": 1, "addend": bits, "target": bits}, tuple(bloq.sequence()))
    size, expected = 2**bits, np.zeros((2 ** (2 * bits + 1),) * 2)
    for column in range(len(expected)):
        sign, addend, target = column >> 2 * bits, column >> bits & size - 1, column & size - 1
        way = (1 if sign else -1) * (-1 if is_adjoint else 1)
        row = (sign << bits | addend) << bits | (target + way * addend) % size
        expected[row, column] = 1
    assert simulated(inner) == pytest.approx(expected)
    assert simulated(one(listed, bloq)) == pytest.approx(expected)


def test_a_dense_block_is_unitary_and_holds_its_matrix():
    matrix = np.random.default_rng(0).normal(size=(4, 4))
    alpha = 1.3 * np.linalg.norm(matrix, 2)
    bloq = DenseBlock(tuple(map(tuple, matrix)), alpha=alpha, epsilon=0)
    whole = bloq.unitary()
    assert whole @ whole.T == pytest.approx(np.eye(8), abs=1e-12)
    assert simulate.block(flatten(bloq), ["system"]) == pytest.approx(matrix / alpha, abs=1e-12)
    back = simulate.block(flatten(bloq.adjoint()), ["system"])
    assert back == pytest.approx(matrix.T / alpha, abs=1e-12)
    with pytest.raises(InputError, match="must be at least the norm"):
        DenseBlock(((2.0,),), alpha=1.0, epsilon=0)


# ------------------------------------------------------------------ what must stop

T = Bits("t", 2)


def test_what_is_left_behind_stops_the_run(listed):
    address, word = Bits("s", 1), Bits("word", 2)
    load = Step(TableLookup(2, 2, 0, data=(1, 2)), {"selection": address, "target": word})
    mixed = (load, Step(basic.Hadamard(), {"q": address}), load.adjoint())
    for steps, message in ((mixed, "unload"), ((load, load), "load found"), ((load,), "ancilla")):
        with pytest.raises(RuntimeError, match=message):
            simulated(listed({"s": 1}, steps))


def test_a_table_without_data_cannot_be_simulated(listed):
    load = Step(TableLookup(2, 2, 0), {"selection": Bits("s", 1), "target": T})
    with pytest.raises(RuntimeError, match="TableLookup has no data"):
        simulated(listed({"s": 1}, (load, load.adjoint())))


def test_too_large_is_said_with_the_limit(listed, monkeypatch):
    wide = listed({"a": 32}, (Step(basic.Hadamard(), {"q": Bits("a", 1)}),))
    with pytest.raises(InputError, match="64 qubits cannot be simulated; at most 62 can"):
        simulate.block(flatten(wide), ["a"], columns=1)
    spread = tuple(Step(basic.Hadamard(), {"q": Bits("a", 1, place)}) for place in (0, 1))
    monkeypatch.setattr(simulate, "MAX_AMPLITUDES", 3)
    with pytest.raises(InputError, match="amplitudes cannot be simulated; at most 3 can"):
        simulate.block(flatten(listed({"a": 2}, spread)), ["a"], columns=1)
