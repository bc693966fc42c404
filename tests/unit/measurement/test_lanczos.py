"""Lanczos against spectra that are known beforehand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qres.measurement.lanczos import find_extremes


def _build(eigenvalues, seed=1):
    rng = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(rng.standard_normal((len(eigenvalues), len(eigenvalues))))
    matrix = basis @ np.diag(eigenvalues) @ basis.T
    return (matrix + matrix.T) / 2


SPECTRA = {
    "one row": [3.0],
    "two rows": [-1.0, 2.0],
    "three rows": [-1.0, -1.0, 5.0],
    "spread": np.linspace(-1, 10, 60),
    "degenerate ends": [-2.0] * 20 + [0.0] * 20 + [7.0] * 20,
    "clustered end": np.concatenate([np.linspace(0, 1, 150), 1 + 1e-6 * np.arange(5)]),
    "rank one": [0.0] * 99 + [4.0],
    "like a network": np.concatenate([np.zeros(200), -np.geomspace(1e-6, 1e-2, 50), [1, 3, 9]]),
    "identity": [1.0] * 30,
    "negative": [-5.0, -4.0, -1.0],
}


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("seed", range(3))
def test_extremes_of_a_known_spectrum(name, seed):
    eigenvalues = np.asarray(SPECTRA[name])
    matrix, norm = _build(eigenvalues), np.max(np.abs(eigenvalues))
    rng = np.random.default_rng(seed)
    found = find_extremes(matrix.__matmul__, len(eigenvalues), steps=20, rng=rng)
    for end, true in ((found.largest, max(eigenvalues)), (found.smallest, min(eigenvalues))):
        assert end.value == pytest.approx(true, abs=1e-6 * norm)
        slack = 1e-14 * norm  # the matrix itself is rounded
        assert end.low - slack <= true <= end.high + slack
        assert end.low <= end.value <= end.high
    assert found.norm >= norm * (1 - 1e-14)


def test_zero_matrix():
    found = find_extremes(lambda v: 0 * v, 7, steps=5, rng=np.random.default_rng(0))
    assert (found.largest.low, found.largest.high, found.smallest.value) == (0, 0, 0)
    assert found.steps == 1


def test_diagonal_matrix_finds_both_ends():
    diagonal = np.arange(1.0, 41.0)
    found = find_extremes(lambda v: diagonal * v, 40, steps=40, rng=np.random.default_rng(0))
    assert found.largest.value == pytest.approx(40, abs=1e-12)
    assert found.smallest.value == pytest.approx(1, abs=1e-12)


def test_interval_of_an_unfinished_run_still_holds_the_extreme():
    """Far too few steps: the value is off, the random-start interval is wide, and it holds."""
    diagonal = np.linspace(0, 1, 2000)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        found = find_extremes(lambda v: diagonal * v, 2000, steps=12, rng=rng, max_steps=12)
        assert found.steps == 12
        assert found.largest.value < 1 <= found.largest.high
        assert found.smallest.low <= 0 < found.smallest.value
        assert found.largest.high - found.largest.value < 1


def test_residual_says_that_some_eigenvalue_is_near():
    diagonal = np.linspace(-1, 1, 300) ** 3
    rng = np.random.default_rng(3)
    found = find_extremes(lambda v: diagonal * v, 300, steps=15, rng=rng, max_steps=15)
    for end in (found.largest, found.smallest):
        assert np.min(np.abs(diagonal - end.value)) <= end.residual + 1e-15


def test_steps_are_added_until_the_interval_is_narrow():
    diagonal = np.concatenate([np.linspace(0, 1, 400), [1.0001]])
    rng = np.random.default_rng(0)
    found = find_extremes(lambda v: diagonal * v, 401, steps=8, rng=rng)
    assert found.steps > 8
    assert found.largest.high - found.largest.low < 1e-7


def test_same_seed_same_answer():
    matrix = _build(np.linspace(-1, 1, 30))
    first, second = (
        find_extremes(matrix.__matmul__, 30, steps=10, rng=np.random.default_rng(5))
        for _ in range(2)
    )
    assert first == second


def test_progress_is_told():
    told = []
    matrix = _build(np.linspace(-1, 1, 30))
    find_extremes(
        matrix.__matmul__,
        30,
        steps=10,
        rng=np.random.default_rng(5),
        progress=lambda *step: told.append(step),
    )
    assert told[0][0] == "Lanczos"
    assert all(done <= total for _, done, total in told)


def test_random_start_bound_is_missed_as_often_as_it_says():
    """One step on a rank-one matrix misses exactly when the start has too little of the vector."""
    diagonal = np.zeros(50)
    diagonal[7] = 1.0
    misses = 0
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        found = find_extremes(
            lambda v: diagonal * v, 50, steps=1, rng=rng, fail_prob=0.3, max_steps=1
        )
        misses += found.largest.high < 1
    assert misses / 1000 == pytest.approx(0.3, abs=0.06)


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("name", SPECTRA)
def test_an_end_of_a_known_spectrum_is_missed_no_more_often_than_stated(name, steps):
    """Unfinished runs from 100 starts. At a chance of 0.2 more than 36 misses are 6e-5 likely.

    The diagonal matrix stands for all: a random direction is random in every basis.
    """
    diagonal, misses = np.asarray(SPECTRA[name]), np.zeros(2)
    slack = 1e-13 * np.max(np.abs(diagonal))
    for seed in range(100):
        rng = np.random.default_rng(seed)
        found = find_extremes(
            lambda v: diagonal * v,
            len(diagonal),
            steps=steps,
            rng=rng,
            fail_prob=0.2,
            max_steps=steps,
        )
        ends = ((found.largest, diagonal.max()), (found.smallest, diagonal.min()))
        misses += [not end.low - slack <= true <= end.high + slack for end, true in ends]
    assert misses.max() <= 36


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e3, 1e3, allow_subnormal=False), min_size=1, max_size=12),
    st.integers(0, 10_000),
)
def test_any_small_spectrum(eigenvalues, seed):
    diagonal = np.asarray(eigenvalues)
    rng = np.random.default_rng(seed)
    found = find_extremes(lambda v: diagonal * v, len(diagonal), steps=64, rng=rng)
    slack = 1e-13 * np.max(np.abs(diagonal))
    assert found.largest.low - slack <= diagonal.max() <= found.largest.high + slack
    assert found.smallest.low - slack <= diagonal.min() <= found.smallest.high + slack
    assert found.largest.value == pytest.approx(diagonal.max(), abs=1e-6 * found.norm)
