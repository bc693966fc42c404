"""Measurement-based tables, gate by gate: whatever is measured, the sign is mended."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from qualtran import DecomposeTypeError
from qualtran.bloqs.basic_gates import Hadamard, MeasureX
from qualtran.bloqs.basic_gates.discard import Discard

import qres.verify.simulate as simulate
from qres.bloqs.phase_table import PhaseTable
from qres.bloqs.qram import BucketBrigade, Memory
from qres.bloqs.steps import Bits, Step
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.bloqs.words import reached
from qres.errors import InputError
from qres.logical.circuit import count_bloq
from qres.verify.count import TOFFOLI, decomposed_counts
from qres.verify.flatten import flatten
from qres.verify.leaves import LEAVES


def loaded(listed, entries, bits, log_block, data, controls):
    """A look-up without its measurements: every junk qubit is a register of the circuit."""
    table = TableLookup(entries, bits, log_block, data=data, num_controls=controls)
    steps = [s for s in table.steps() if not isinstance(s.bloq, MeasureX | Discard)]
    sizes = {"ctrl": controls, "selection": (entries - 1).bit_length(), "target": bits}
    junk = [f"junk{place}" for place in range(1, 2**log_block)]
    sizes |= dict.fromkeys(junk, bits)
    return listed({name: size for name, size in sizes.items() if size}, tuple(steps)), junk


def words_of(listed, *shape):
    """What every address leaves in target and junk, with the control on."""
    circuit, junk = loaded(listed, *shape)
    program = flatten(circuit)
    names = ["target", *junk]
    size = (shape[0] - 1).bit_length()
    start = simulate.start(
        program,
        {"selection": np.arange(2**size)} | ({"ctrl": np.ones(2**size)} if shape[4] else {}),
    )
    state = simulate.run(start, program.gates)
    order = np.argsort(state.read((program.registers["selection"],)))
    return [state.read((program.registers[name],))[order] for name in names]


@pytest.mark.parametrize("controls", [0, 1])
@pytest.mark.parametrize(
    ("entries", "bits", "load", "unload"),
    [
        (2, 2, 0, 1),
        (3, 1, 0, 0),
        (4, 2, 1, 1),
        (5, 2, 1, 2),
        (6, 1, 1, 1),
        (7, 2, 0, 2),
        (7, 1, 2, 2),
        (8, 1, 1, 2),
        (11, 1, 2, 3),
        (13, 1, 1, 2),
    ],
)
def test_every_outcome_is_mended(listed, entries, bits, load, unload, controls):
    """Load, measure target and junk in the X basis, mend: back to the address, without a sign.

    After the Hadamards an outcome m has the sign (-1)^(m . word); the phase table of these bits
    takes it away on every address, also on those beyond the table, and where the control is off.
    """
    rng = np.random.default_rng(entries)
    data = tuple(int(word) for word in rng.integers(0, 2**bits, entries))
    circuit, junk = loaded(listed, entries, bits, load, data, controls)
    words = words_of(listed, entries, bits, load, data, controls)
    assert np.array_equal(words[0], np.asarray(data)[reached(np.arange(len(words[0])), entries)])
    names = ["target", *junk]
    basis = [Step(Hadamard(), {"q": Bits(n, 1, i)}) for n in names for i in range(bits)]
    program = flatten(listed(circuit.sizes, (*circuit.listed, *basis)))
    size = (entries - 1).bit_length()
    columns = np.arange(2 ** (size + controls))
    values = {"selection": columns % 2**size} | ({"ctrl": columns >> size} if controls else {})
    state = simulate.run(simulate.start(program, values), program.gates)
    outcomes = list(itertools.product(range(2**bits), repeat=len(names)))
    if len(outcomes) > 64:
        outcomes = [outcomes[i] for i in rng.choice(len(outcomes), 64, replace=False)]
    slot = lambda name: (program.registers[name],)  # noqa: E731
    for outcome in outcomes:
        hit = np.all(
            [state.read(slot(n)) == m for n, m in zip(names, outcome, strict=True)], axis=0
        )
        signs = [
            bin(m & int(w)).count("1") for m, ws in zip(outcome, words, strict=True) for w in ws
        ]
        parity = tuple(int(p) for p in np.sum(np.reshape(signs, (len(names), -1)), axis=0) % 2)
        mend = PhaseTable(entries, unload, data=parity, num_controls=controls)
        wires = {"selection": Bits("selection", size), "ctrl": Bits("ctrl", 1)}
        fixed = flatten(listed(circuit.sizes, (Step(mend, wires),)))
        kept = simulate.run(simulate.State(state.index[hit], state.amplitude[hit]), fixed.gates)
        weight = 2 ** (-bits * len(names) / 2)
        assert len(kept.index) == len(columns)
        assert kept.amplitude == pytest.approx(np.full(len(columns), weight), abs=1e-12)


@pytest.mark.parametrize("controls", [0, 1])
def test_gates_of_every_small_table(controls):
    """A look-up is its count; an uncomputation too, but for blocks of one entry or of the table."""
    for entries in range(1, 34):
        for block in range(6):
            if 2**block < entries or block == 0:
                table = TableLookup(entries, 3, block, num_controls=controls)
                assert decomposed_counts(table)[TOFFOLI] == count_bloq(table)[0]
            if 2**block <= entries:
                table = TableUncompute(entries, 3, block, num_controls=controls)
                found, claimed = decomposed_counts(table)[TOFFOLI], count_bloq(table)[0]
                is_bound = (entries > 3 and block == 0) or 2**block * 2 > entries + 1
                assert found <= claimed if is_bound else found == claimed


def test_signs_by_hand(listed):
    """Six signs in blocks of two: on addresses 6 and 7 those of 4 and 5, where the tree ends."""
    table = PhaseTable(6, 1, data=(0, 1, 1, 0, 1, 1))
    whole = simulate.block(flatten(table), ["selection"])
    assert whole == pytest.approx(np.diag([1, -1, -1, 1, -1, -1, -1, -1]), abs=1e-14)
    assert decomposed_counts(table)[TOFFOLI] == 1  # 3 blocks - 2, and 2 - 2


def test_reached_by_hand():
    """Five entries: the tree of 8 tests bit 2; above it 4 alone is left, so 5, 6, 7 end there."""
    assert reached(np.arange(8), 5).tolist() == [0, 1, 2, 3, 4, 4, 4, 4]
    assert reached(np.arange(8), 6).tolist() == [0, 1, 2, 3, 4, 5, 4, 5]
    assert reached(np.arange(8), 7).tolist() == [0, 1, 2, 3, 4, 5, 6, 6]


def test_data_that_do_not_fit_are_refused():
    for data, message in (((1, 2), "has 2 entries"), ((1, 2, 4), "integers of 2 bits")):
        with pytest.raises(InputError, match=message):
            TableLookup(3, 2, 0, data=data)


GATES = {kind: gate for kind, gate in LEAVES.items() if kind is not TableLookup}
"""Leaves of the simulator without look-ups, which are then walked down to their gates."""


@pytest.mark.parametrize("controls", [0, 1])
@pytest.mark.parametrize("entries", [2, 3, 5, 6, 7, 8, 11, 16])
def test_a_brigade_reads_its_cell(entries, controls):
    """Gate by gate, from any superposed address; routers and wires are zero again."""
    data = tuple(int(word) for word in np.random.default_rng(entries).integers(0, 8, entries))
    table = TableLookup(entries, 3, Memory.BRIGADE, data=data, num_controls=controls)
    program = flatten(table, leaves=GATES)
    size = (entries - 1).bit_length()
    columns = np.arange(2 ** (size + controls))
    address, on = columns % 2**size, columns >> size if controls else columns * 0 + 1
    values = {"selection": address} | ({"ctrl": on} if controls else {})
    state = simulate.run(simulate.start(program, values), program.gates)
    found = {name: state.read((place,)) for name, place in program.registers.items()}
    assert np.array_equal(found["selection"], address)
    words = np.asarray(data)[reached(address, entries)]
    assert np.array_equal(found["target"], words * on)
    assert state.amplitude == pytest.approx(np.ones(len(columns)), abs=1e-14)


def test_gates_of_a_brigade():
    """Down: M - 1 - n moves of the address and M - 2 + c of the token; up none."""
    for entries, controls in itertools.product(range(2, 40), (0, 1)):
        size = (entries - 1).bit_length()
        gates = (entries - 1 - size) + (entries - 2 + controls)
        brigade = BucketBrigade(entries, num_controls=controls)
        assert decomposed_counts(brigade)[TOFFOLI] == count_bloq(brigade)[0] == gates
        assert decomposed_counts(brigade.adjoint())[TOFFOLI] == 0
        for table in (TableLookup, TableUncompute):
            bloq = table(entries, 3, Memory.BRIGADE, num_controls=controls)
            assert decomposed_counts(bloq)[TOFFOLI] == count_bloq(bloq)[0] == gates


def test_a_free_memory_has_no_circuit():
    with pytest.raises(DecomposeTypeError, match="a memory that is free has no circuit"):
        TableLookup(4, 2, Memory.FREE).decompose_bloq()
