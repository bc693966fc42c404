"""Read-out circuits: estimated, tested and counted as promised; and proofs that can fail."""

from __future__ import annotations

import math
from dataclasses import replace

import attrs
import numpy as np
import pytest
from qualtran.testing import assert_valid_bloq_decomposition

from qres.algorithms.readouts.tomography_sampling import COPIES
from qres.bloqs.estimation import AmplitudeEstimation, GroverPower, OutcomeZero, WantedRows
from qres.bloqs.fourier import FourierTransform
from qres.bloqs.observable import ReferenceState
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.verify.flatten import flatten
from qres.verify.known_runs import (
    chance_within,
    expectation,
    outcomes,
    overlap,
    random_run,
    row_test,
    simulated,
)
from qres.verify.proofs_text import proofs_text
from qres.verify.readouts import estimate_counts, prove_readouts
from qres.verify.sampling import allowed_misses, next_power, tomography
from qres.verify.simulate import block

FLOOR = 8 / math.pi**2


def generator(seed=3):
    return np.random.default_rng(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_read_outs_are_as_claimed(seed):
    """Breaking it means: a read-out circuit does not do, or does not cost, what is priced."""
    differing = [proof for proof in prove_readouts(seed=seed) if not proof.is_equal]
    assert not differing


@pytest.mark.parametrize("iterations", [1, 2, 3, 6])
def test_an_estimate_lands_and_is_counted(iterations):
    test, good, probability = row_test(generator(), 4)
    estimation = AmplitudeEstimation(test, good, iterations)
    assert chance_within(estimation, probability) >= FLOOR
    assert len(set(estimate_counts(estimation))) == 1
    # of another probability it is no estimate
    if iterations == 6:
        assert chance_within(estimation, 0.95) < 0.2


@pytest.mark.parametrize("make", [overlap, expectation])
def test_tests_end_with_the_probability_of_their_overlap(make):
    """(1 + Re<w|psi>)/2 or (1 + Re<psi|O|psi>)/2 from independent amplitudes."""
    test, chance = make(generator())
    assert outcomes(test, "test")[0] == pytest.approx(chance, abs=4e-4)


def test_a_known_phase_must_be_taken_back():
    """The superposition of three rows has a phase; without the rotation the overlap is another."""
    test, chance = overlap(generator())
    untold = outcomes(attrs.evolve(test, angle=0.0), "test")[0]
    assert abs(untold - chance) > 0.01


def test_what_is_outside_must_not_count():
    """Without the further qubit the operator also acts on rows that are not read."""
    test, chance = expectation(generator())
    whole = outcomes(attrs.evolve(test, is_flagged=False), "test")[0]
    assert abs(whole - chance) > 0.005


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_reference_that_is_switched_off_leaves_zeros(rows):
    """Breaking it means: the Hadamards of the rows stay behind in the other branch of a test."""
    tree = LoadedRotationTree(1, 1, 10, (0,), (0,)).with_vectors(np.array([[0.6, -0.8]]))
    reference = ReferenceState(tree, rows, 2, first_row=1).with_controls(1)
    _, state = simulated(reference)
    assert state.index.tolist() == [0]
    assert abs(state.amplitude[0]) == pytest.approx(1, abs=1e-9)
    prepared = block(flatten(reference, gradient="phase_gradient"), ["target", "time", "ctrl"])
    found = prepared[8:, 8] / np.exp(1j * np.angle(prepared[8 + 2, 8]))
    wanted = np.kron([place in range(1, 1 + rows) for place in range(4)], [0.6, -0.8])
    assert found == pytest.approx(wanted / math.sqrt(rows), abs=0.02)


@pytest.mark.parametrize("first", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("controls", [0, 1])
@pytest.mark.parametrize("part", [0, 1])
def test_wanted_rows_get_the_sign(first, controls, part):
    """From the top: a reference that is 0, a row number from the first on, a part that is zero."""
    sizes = {"row_bitsize": 2, "part_bitsize": part, "reference_bitsize": 1}
    bloq = WantedRows(3 + part, 1, 1, first_row=first, num_controls=controls, **sizes)
    names = ["ctrl", "ancilla", "solver", "index"][1 - controls :]
    signs = np.ones(2 ** (5 + part + controls))
    for row in range(first, 4):
        # the control is the uppermost where it is there; flags below it are zero
        signs[2 ** (5 + part) * controls + (row << part)] = -1
    assert block(flatten(bloq), names[::-1]) == pytest.approx(np.diag(signs), abs=1e-12)
    marked = attrs.evolve(bloq, is_reference=True)
    signs = np.ones(len(signs))
    signs[2 ** (5 + part) * controls + 2 ** (2 + part) :][: 2 ** (2 + part)] = -1
    assert block(flatten(marked), names[::-1]) == pytest.approx(np.diag(signs), abs=1e-12)


def test_grover_powers_turn_by_twice_the_angle():
    test, good, probability = row_test(generator(), 4)
    angle = math.asin(math.sqrt(probability))
    first = good.first_row
    for iterations in (1, 3):
        program, state = simulated(GroverPower(test, good, iterations))
        flags = tuple(program.registers[name] for name in ("ancilla", "solver"))
        row = state.read((program.registers["index"],))
        wanted = (state.read(flags) == 0) & (row >= first)
        found = np.sum(np.abs(state.amplitude[wanted]) ** 2)
        assert found == pytest.approx(math.sin((2 * iterations + 1) * angle) ** 2, abs=1e-9)


def test_decompositions_are_valid_circuits():
    test, _ = overlap(generator())
    run = random_run(generator(), 2)
    rows = WantedRows(1, 1, 1, row_bitsize=1)
    circuits = [
        FourierTransform(3),
        test,
        expectation(generator())[0],
        rows,
        AmplitudeEstimation(run, rows, 2),
        GroverPower(test, OutcomeZero(), 1),
    ]
    for circuit in circuits:
        assert_valid_bloq_decomposition(circuit)


def test_a_finer_grid_finds_the_estimate_more_often():
    """M + 1 points on 2^n >= 2 M grid points: never below 0.89, so 8/pi^2 holds for every M.

    The distribution is the Fejer kernel of M + 1 points, at every phase between two grid points.
    """
    for rounds in range(2, 130):
        points, grid = rounds + 1, 2 ** ((rounds - 1).bit_length() + 1)
        gaps = np.linspace(0, 1, 100)[:, None] / grid - np.arange(grid) / grid
        gaps = gaps - np.round(gaps)
        kernel = np.sinc(points * gaps) / np.sinc(gaps)
        chances = points / grid * kernel**2
        assert chances.sum(axis=1) == pytest.approx(1)
        near = np.abs(gaps) <= 1 / points + 1e-12
        assert (chances * near).sum(axis=1).min() > 0.89


@pytest.mark.parametrize("size", [2, 8])
def test_tomography_keeps_its_promise_and_needs_samples(size):
    """Misses of 100 vectors; the allowed number is exceeded by a just-good procedure once in 1000."""
    rng, epsilon, fail = generator(), 0.2, 0.1
    allowed, alarm = allowed_misses(100, fail)
    assert alarm <= 1e-3
    copies = math.ceil(COPIES(dim=size, epsilon=epsilon, fail_prob=fail))

    def misses(samples):
        vectors = rng.normal(size=(100, size))
        vectors /= np.linalg.norm(vectors, axis=1)[:, None]
        read = [tomography(rng, vector, samples) - vector for vector in vectors]
        return sum(np.linalg.norm(read, axis=1) > epsilon)

    assert misses(copies) <= allowed < misses(copies // 2000)


def test_the_next_power_stays_in_one_half_plane():
    rng = generator()
    for low, width in zip(rng.uniform(0, 0.2, 200), rng.uniform(1e-4, 0.04, 200), strict=True):
        power, is_upper = next_power(0, low, low + width, True)
        if power:
            factor = 4 * power + 2
            ends = np.array([low, low + width]) * factor % 1
            assert ends[0] <= ends[1]
            assert (ends <= 0.5).all() if is_upper else (ends >= 0.5).all()


def test_the_table_says_where_a_claim_fails():
    proof = next(iter(prove_readouts()))
    assert "DIFFERS" not in proofs_text([proof], is_whole=True)
    assert "DIFFERS" in proofs_text([replace(proof, found=2.0)], is_whole=True)
