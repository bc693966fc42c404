"""Iterative amplitude estimation on simulated circuits: kept promises, counted uses, broken circuits."""

from __future__ import annotations

import itertools
import math

import attrs
import numpy as np
import pytest

import qres.verify.iterated as iterated
from qres.bloqs.estimation import GroverPower, OutcomeZero
from qres.bloqs.qsvt import InversionRun
from qres.verify.count import MATRICES, VECTORS, decomposed_counts
from qres.verify.inversion import minimax_polynomial
from qres.verify.iterated import CASES, estimates, grover_chances, most_uses, prove_iterative
from qres.verify.known_runs import KAPPA, chance_of, outcomes, overlap, spread_test
from qres.verify.sampling import allowed_misses, iterative_estimate


def generator(seed=3):
    return np.random.default_rng(seed)


def dense_probability(test: InversionRun) -> float:
    """Of row 1, by singular values: the polynomial of two terms, scaled below 1, acts on each of them."""
    coefficients = minimax_polynomial(KAPPA, 2)
    grid = np.outer(np.linspace(0, math.pi, 80), [1, 3])
    coefficients = coefficients / (1.1 * np.abs(np.cos(grid) @ coefficients).max())
    left, values, right = np.linalg.svd(np.array(test.block_encoding.rows))
    angles = np.arccos(np.clip(values, -1, 1))
    turned = np.cos(np.outer(angles, [1, 3])) @ coefficients
    read = right.T @ (turned * (left.T @ np.array(test.right_hand_side.entries)))
    return float(read[1] ** 2)


@pytest.mark.parametrize("seed", range(4))
def test_powers_follow_the_sine_and_their_own_circuits(seed):
    """sin^2((2k + 1) theta) of a theta that is known without a circuit; and one circuit a power."""
    test, good, truth = spread_test(generator(seed))
    assert truth == pytest.approx(dense_probability(test), abs=1e-9)
    angle = math.asin(math.sqrt(truth))
    chances = list(itertools.islice(grover_chances(test, good), 12))
    assert chances == pytest.approx(
        [math.sin((2 * k + 1) * angle) ** 2 for k in range(12)], abs=1e-9
    )
    for power in (0, 1, 5):
        whole = chance_of(GroverPower(test, good, power), good)
        assert chances[power] == pytest.approx(whole, abs=1e-12)


def test_powers_of_a_test_that_is_read_off_one_qubit():
    test, truth = overlap(generator())
    good = OutcomeZero()
    chances = list(itertools.islice(grover_chances(test, good), 3))
    assert chances[0] == pytest.approx(truth, abs=1e-3)
    whole = GroverPower(test, good, 2)
    assert chances[2] == pytest.approx(outcomes(whole, "test")[0], abs=1e-12)


@pytest.mark.parametrize(
    ("epsilon", "tests", "draws", "bound"), [(0.05, 10, 10, 4375.4), (0.001, 2, 50, 262964.7)]
)
def test_estimates_keep_their_promise_at_the_published_uses(epsilon, tests, draws, bound):
    """50/e ln(20 log2(pi/4e)): 1000 ln(79.4685), 50000 ln(192.3456). All uses of the test stay below."""
    assert most_uses(epsilon, 0.1) == pytest.approx(bound, abs=0.1)
    found = [i for seed in range(tests) for i in estimates(generator(seed), epsilon, draws)]
    allowed, alarm = allowed_misses(len(found), 0.1)
    assert alarm <= 1e-3
    assert sum(item.error > epsilon for item in found) <= allowed
    assert 100 <= max(item.uses for item in found) <= bound
    assert max(item.power for item in found) > 0


def test_uses_are_those_of_the_circuit():
    """2k + 1 runs in a power, of degree 3 and one preparation each; a shot at a time."""
    test, good, _ = spread_test(generator())
    for power in (0, 1, 4):
        found = decomposed_counts(GroverPower(test, good, power))
        assert found[VECTORS] == 2 * power + 1
        assert found[MATRICES] == 3 * (2 * power + 1)
    chances = list(itertools.islice(grover_chances(test, good), 12))
    drawn = iterative_estimate(generator(), chances.__getitem__, 0.05, 0.1).drawn
    (again,) = estimates_of(generator(), test, good, chances)
    assert again == sum(shots * (2 * power + 1) for power, shots in drawn)


def estimates_of(rng, test, good, chances):
    """The uses that `estimates` charges for one estimate with these probabilities."""
    uses = iterated._counted_uses(test, good)
    drawn = iterative_estimate(rng, chances.__getitem__, 0.05, 0.1).drawn
    yield sum(shots * uses(power) for power, shots in drawn)


def test_a_broken_iteration_is_noticed(monkeypatch):
    """Powers whose runs back are runs forward estimate something else."""

    @attrs.frozen
    class Broken(GroverPower):
        def steps(self):
            test, *rest = super().steps()
            return (test, *(test if step == test.adjoint() else step for step in rest))

    monkeypatch.setattr(iterated, "GroverPower", Broken)
    found = [item for seed in range(10) for item in estimates(generator(seed), 0.05, 10)]
    assert sum(item.error > 0.05 for item in found) > allowed_misses(len(found), 0.1)[0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_all_estimates_are_as_claimed(seed):
    """200 for each precision; breaking it means: iterative estimation does not do what is promised."""
    assert all(tests * draws == 200 for _, tests, draws in CASES)
    differing = [proof for proof in prove_iterative(seed=seed) if not proof.is_equal]
    assert not differing
