"""Factors of a lift: their blocks, what they do beyond the matrix, and their parts."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest
from qualtran.testing import assert_valid_bloq_decomposition

from qres.bloqs.conjunction import reaches
from qres.bloqs.controlled_hadamard import ControlledHadamard
from qres.bloqs.lift_routing import spread, thermometer
from qres.bloqs.lifted_source import multiplexed
from qres.bloqs.steps import Bits, Step
from qres.errors import InputError
from qres.logical.circuit import count_bloq
from qres.verify.count import decomposed_counts
from qres.verify.factors import (
    FACTORS,
    SIZES,
    TENSORS,
    amplitudes,
    built_factor,
    prove_factor,
    prove_factors,
)
from qres.verify.flatten import flatten
from qres.verify.gates import Program
from qres.verify.leaves import LEAVES
from qres.verify.proofs import FORMS
from qres.verify.simulate import block, run, start


def draw(kind, size, order, seed=0):
    return TENSORS[kind](np.random.default_rng(seed), (size, size**order))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("order", "size"), [(1, 3), (2, 2), (2, 3)])
@pytest.mark.parametrize("name", FACTORS)
def test_the_block_is_the_tensor(name, order, size, form):
    """Breaking it means: alpha, a gate or an angle of a factor is not what is charged."""
    kind = list(TENSORS)[(order + size) % len(TENSORS)]
    assert prove_factor(name, order, draw(kind, size, order), kind, form).is_equal


@pytest.mark.slow
def test_every_factor_is_proven():
    found = list(prove_factors())
    assert len(found) == 3 * len(FACTORS) * len(TENSORS) * sum(map(len, SIZES.values()))
    assert [proof for proof in found if not proof.is_equal] == []


@pytest.mark.parametrize("controls", [0, 1])
@pytest.mark.parametrize(("order", "size"), [(1, 1), (1, 3), (1, 5), (2, 3)])
@pytest.mark.parametrize("name", FACTORS)
def test_a_factor_is_unitary_beyond_the_matrix_too(name, order, size, controls):
    """Every state of the registers goes in, also rows that the matrix does not have.

    Breaking it means: a table is erased by another word than was loaded, where rows are padding.
    """
    bloq = built_factor(name, order, draw("signed", size, order), 6)[0].with_controls(controls)
    columns = np.arange(2 ** (order * (size - 1).bit_length()))
    put = {"system": columns, "ctrl": columns * 0 + controls}
    there, back = (
        amplitudes(flatten(way, gradient="resource"), put) for way in (bloq, bloq.adjoint())
    )
    assert there == pytest.approx(back.conj().T, abs=1e-12)


def test_without_its_flag_a_table_reaches_rows_that_are_not_there():
    """Breaking it means: the comparison is paid for nothing."""
    bloq = built_factor("dense", 1, np.eye(3) - 2, 8)[0]
    rows = np.arange(3)
    whole = amplitudes(flatten(bloq.adjoint(), gradient="resource"), {"system": rows})
    assert np.abs(whole[3]).max() < 1e-12
    bare = type(bloq)(
        **{f.name: getattr(bloq, f.name) for f in attrs.fields(type(bloq))}
        | {"rows": 4}
        | {"angles": (*bloq.angles, *bloq.angles[-4:])}
    )
    whole = amplitudes(flatten(bare.adjoint(), gradient="resource"), {"system": rows})
    assert np.abs(whole[3]).max() > 0.01


def test_the_sign_of_a_single_entry_is_kept():
    for name in FACTORS:
        bloq = built_factor(name, 1, np.array([[-0.7]]), 6)[0]
        one = amplitudes(flatten(bloq, gradient="resource"), {"system": np.zeros(1, int)})
        assert one.item() * float(bloq.alpha) == pytest.approx(-0.7, abs=1e-12)


def test_tensors_that_do_not_fit_are_refused():
    bloq = built_factor("sparse", 2, draw("diagonal", 3, 2), 6)[0]
    with pytest.raises(InputError, match="expected 3 x 9, found 3 x 3"):
        bloq.with_tensor(np.eye(3))
    with pytest.raises(InputError, match="not all zero"):
        bloq.with_tensor(np.zeros((3, 9)))
    with pytest.raises(InputError, match="at most 1 entries in a row, 1 in a column"):
        bloq.with_tensor(np.ones((3, 9)))


# ------------------------------------------------------------------ parts


def written(steps, registers):
    """The program of steps on these registers, each at bits of its own."""
    low, places = 0, {}
    for name, width in registers.items():
        places[name], low = (low, width), low + width
    gates = []
    for step in steps:
        slots = {}
        for register in step.bloq.signature:
            wire = step.wires[register.name]
            parts = wire if isinstance(wire, tuple) else (wire,)
            for place, bits in enumerate(parts):
                name = f"{register.name}[{place}]" if register.shape else register.name
                slots[name] = ((places[bits.register][0] + bits.low, bits.width),)
        gates.append(LEAVES[type(step.bloq)](step.bloq, slots))
    return Program(places, low, tuple(gates))


@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_comparison_is_right_for_every_number_and_bound(width):
    numbers = np.arange(2**width)
    for bound in range(1, 2**width + 1):
        steps, answer = reaches(Bits("x", width), bound, Bits("carries", width))
        program = written(steps, {"x": width, "carries": width})
        assert sum(type(step.bloq).__name__ == "And" for step in steps) == width - 1
        found = run_on(program, {"x": numbers})
        assert (read(program, found, answer) == (numbers >= bound)).all()


@pytest.mark.parametrize("values", range(2, 9))
def test_a_thermometer_is_right_for_every_value(values):
    """n bits; as many gates as there are numbers below `values` with two bits or more."""
    width = (values - 1).bit_length()
    steps, reach = thermometer(Bits("x", width), values, values - 1)
    program = written(steps, {"x": width, "carries": 2 * 2**width})
    gates = sum(type(step.bloq).__name__ == "And" for step in steps)
    assert gates == sum(word.bit_count() > 1 for word in range(values))
    assert gates == values - 1 - width
    numbers = np.arange(values)
    found = run_on(program, {"x": numbers})
    for bound in range(1, values):
        assert (read(program, found, reach[bound]) == (numbers >= bound)).all()


def run_on(program, values):
    return run(start(program, values), program.gates)


def read(program, state, bits):
    low = program.registers[bits.register][0] + bits.low
    order = np.argsort(state.read((program.registers["x"],)))
    return state.read(((low, bits.width),))[order]


def test_a_chain_of_angles_adds_to_each_of_them():
    angles = [0.3, -1.1, 0.7, 2.0]
    parts = spread(angles)
    for number, angle in enumerate(angles):
        total = sum(part * (-1) ** min(i, number) for i, part in enumerate(parts))
        assert total == pytest.approx(angle, abs=1e-12)


def test_a_multiplexed_rotation_turns_by_the_angle_of_its_value():
    angles = np.array([0.3, -1.1, 0.7, 2.0])
    steps = multiplexed(angles, Bits("x", 2), Bits("y", 1), 0)
    program = written(steps, {"y": 1, "x": 2})
    found = run_on(program, {"x": np.arange(4)})
    ones = {
        int(x): a
        for x, y, a in zip(
            found.read((program.registers["x"],)),
            found.read((program.registers["y"],)),
            found.amplitude,
            strict=True,
        )
        if y
    }
    assert [ones[x].real for x in range(4)] == pytest.approx(np.sin(angles / 2), abs=1e-12)


def test_a_controlled_hadamard_is_one_and_costs_one_toffoli():
    gate = ControlledHadamard()
    half = math.sqrt(0.5)
    expected = np.eye(4)
    expected[2:, 2:] = [[half, half], [half, -half]]
    gates = {kind: leaf for kind, leaf in LEAVES.items() if kind is not ControlledHadamard}
    found = block(flatten(gate, leaves=gates), ["target", "ctrl"])
    assert found == pytest.approx(expected, abs=1e-12)
    assert_valid_bloq_decomposition(gate)
    assert count_bloq(gate)[0] == 1
    assert decomposed_counts(gate) == {"toffoli": 1}
    assert {type(step.bloq).__name__ for step in gate.steps()} >= {"TGate"}
    assert isinstance(gate.steps()[0], Step)
