"""Runs on tensors against spectra that are known beforehand, in every precision and memory policy."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.stats import binom, wasserstein_distance

from qres.errors import InputError
from qres.measurement import spectrum as spectrum_module
from qres.measurement.arithmetic import Arithmetic
from qres.measurement.basis import Basis
from qres.measurement.recurrence import Run, take_step
from qres.measurement.spectrum import Explorer, combine
from qres.measurement.trace import estimate_trace

SPECTRA = {
    "1 x 1": [3.0],
    "two rows": [-1.0, 2.0],
    "gap": np.concatenate([np.linspace(0, 1, 150), [50.0]]),
    "cluster": np.concatenate([np.linspace(0, 1, 150), 1 + 1e-6 * np.arange(5)]),
    "zeros": [0.0] * 100,
    "rank one": [0.0] * 99 + [4.0],
    "one tiny": np.concatenate([np.linspace(1, 2, 100), [1e-9]]),
    "indefinite": np.concatenate([-np.geomspace(1e-6, 1, 80), np.geomspace(1e-3, 9, 80)]),
}


def _build(eigenvalues, seed=1):
    rng = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(rng.standard_normal((len(eigenvalues),) * 2))
    matrix = basis @ np.diag(eigenvalues) @ basis.T
    return (matrix + matrix.T) / 2


def _explore(matrix, arithmetic, *, steps=50, n_probes=8, seed=0, error=None, **changes):
    """Explore a matrix whose products are taken in the given precision, their error measured."""
    stored = torch.from_numpy(matrix).to(arithmetic.dtype)

    def multiply(vectors):
        return (vectors.to(stored.dtype) @ stored).to(vectors.dtype)

    if error is None:
        error = 0.0
        if arithmetic.precision != "float64":
            rng = np.random.default_rng(7)
            units = [rng.standard_normal(len(matrix)), np.linalg.eigh(matrix)[1][:, -1]]
            for unit in units:
                unit = unit / np.linalg.norm(unit)
                found = multiply(torch.from_numpy(unit)[None].to(arithmetic.vector_dtype))
                error = max(error, np.linalg.norm(found[0].double().numpy() - matrix @ unit))
    explorer = Explorer(
        multiply=multiply,
        dim=len(matrix),
        steps=steps,
        n_probes=n_probes,
        seed=seed,
        arithmetic=arithmetic,
        error=error,
        **changes,
    )
    return explorer.explore()


ARITHMETICS = list(
    itertools.product(("float64", "float32", "bfloat16"), ("memory", "bfloat16", "disk"))
)


QUICK = ("1 x 1", "two rows", "zeros", "rank one")


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SPECTRA],
)
def test_intervals_hold_the_ends_in_every_precision_and_policy(name):
    eigenvalues = np.asarray(SPECTRA[name])
    matrix, norm = _build(eigenvalues), np.max(np.abs(eigenvalues))
    for precision, basis in ARITHMETICS:
        found = _explore(matrix, Arithmetic(precision=precision, basis=basis)).extremes
        for end, true in ((found.largest, max(eigenvalues)), (found.smallest, min(eigenvalues))):
            assert end.low - 1e-14 * norm <= true <= end.high + 1e-14 * norm, (precision, basis)
            assert end.low <= end.value <= end.high
            exact = {"float64": 1e-9, "float32": 1e-6, "bfloat16": 1e-2}[precision]
            exact = max(exact, 1e-3 if basis == "bfloat16" else 0)
            assert abs(end.value - true) <= exact * norm, (precision, basis)
        widest = {"float64": 1e-7, "float32": 1e-4, "bfloat16": 0.3}[precision]
        widest = max(widest, 0.04 if basis == "bfloat16" else 0)
        assert found.width <= widest * norm, (precision, basis)


def test_intervals_are_missed_as_often_as_they_say():
    """One step, one start, on rank one: missed exactly when the start has too little of the vector."""
    matrix = np.zeros((50, 50))
    matrix[7, 7] = 1.0
    settings = {"steps": 1, "n_probes": 1, "max_steps": 1, "fail_prob": 0.3, "error": 0.0}
    misses = sum(
        _explore(matrix, Arithmetic(), seed=seed, **settings).extremes.largest.high < 1
        for seed in range(200)
    )
    assert misses / 200 == pytest.approx(0.3, abs=0.13)  # 4 standard deviations


@pytest.mark.slow
def test_starts_share_the_chance_to_fail():
    """Four starts of 0.1 each: any of them missing makes the intersection miss, at most 0.4."""
    matrix = np.zeros((50, 50))
    matrix[7, 7] = 1.0
    settings = {"steps": 1, "n_probes": 4, "max_steps": 1, "fail_prob": 0.4, "error": 0.0}
    misses = sum(
        _explore(matrix, Arithmetic(), seed=seed, **settings).extremes.largest.high < 1
        for seed in range(300)
    )
    assert misses / 300 <= 0.4 + 4 * np.sqrt(0.24 / 300)
    assert misses / 300 >= 1 - 0.9**4 - 4 * np.sqrt(0.23 / 300)


def test_density_is_the_spectrum_of_something_like_a_network():
    ends = [np.zeros(700), -np.geomspace(1e-6, 1e-2, 50), np.geomspace(1e-6, 1e-1, 150), [1, 3, 9]]
    eigenvalues = np.concatenate(ends)
    density = _explore(_build(eigenvalues), Arithmetic()).density
    nodes, weights = density.merge()
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert wasserstein_distance(nodes, eigenvalues, weights) <= 0.01 * np.ptp(eigenvalues)
    grid = np.linspace(-1, 10, 400)
    band = density.smooth(grid, 0.1)
    assert np.all(band.low <= band.value + 1e-12)
    assert np.all(band.value <= band.high + 1e-12)
    assert np.trapezoid(band.value, grid) == pytest.approx(1, abs=1e-3)


def test_blocks_and_starts_one_by_one_are_the_same(monkeypatch):
    matrix = _build(SPECTRA["indefinite"])
    together = _explore(matrix, Arithmetic(), n_probes=3, steps=20)
    one = 8 * len(matrix) * 20
    monkeypatch.setattr(spectrum_module, "_find_room", lambda device: one)
    apart = _explore(matrix, Arithmetic(), n_probes=3, steps=20)
    for a, b in zip(together.density.nodes, apart.density.nodes, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
    monkeypatch.setattr(spectrum_module, "_find_room", lambda device: one - 1)
    with pytest.raises(InputError, match="take fewer, or"):
        _explore(matrix, Arithmetic(), n_probes=3, steps=20)


def test_what_is_taken_away_is_seen():
    """A wrong row in the basis is taken out of the next vector, and its length is told."""
    basis = Basis(4, 4)
    basis.append(torch.tensor([1.0, 0, 0, 0], dtype=torch.float64))
    left, taken = basis.clear(torch.tensor([0.25, 3.0, 0, 0], dtype=torch.float64))
    assert left.tolist() == [0, 3, 0, 0]
    assert taken == 0.25


def test_drift_bounds_what_a_wrong_product_does():
    """Products of H + E, |E| known, called products of H: the interval holds the ends of H."""
    eigenvalues = np.linspace(-1, 3, 80)
    matrix = _build(eigenvalues)
    rng = np.random.default_rng(3)
    wrong = rng.standard_normal((80, 80))
    wrong = 1e-3 * (wrong + wrong.T) / np.linalg.norm(wrong + wrong.T, 2)
    found = _explore(matrix + wrong, Arithmetic(), error=1e-3).extremes
    assert found.largest.low <= 3 <= found.largest.high
    assert found.smallest.low <= -1 <= found.smallest.high
    careless = _explore(matrix + wrong, Arithmetic(), error=0.0).extremes
    assert not careless.largest.low <= 3 <= careless.largest.high


def test_basis_on_disk_leaves_nothing(tmp_path):
    basis = Basis(1000, 5, policy="disk", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
    run = Run(basis, torch.ones(1000, dtype=torch.float64))
    diagonal = torch.linspace(0, 1, 1000, dtype=torch.float64)
    for _ in range(6):
        take_step([run], lambda vectors: vectors * diagonal)
    assert run.is_over
    assert len(run.alphas) == 5
    with pytest.raises(InputError, match="there are memory"):
        Basis(3, 3, policy="tape")


def test_combining_takes_the_best_of_each():
    matrix = _build(SPECTRA["gap"])
    one, two = (
        _explore(matrix, Arithmetic(), steps=5, n_probes=1, max_steps=5, seed=seed).extremes
        for seed in (0, 1)
    )
    both = combine([one, two], 0.5)
    assert both.largest.value == max(one.largest.value, two.largest.value)
    assert both.largest.high == min(one.largest.high, two.largest.high)
    assert both.smallest.low == max(one.smallest.low, two.smallest.low)
    assert both.fail_prob == 0.5


TRACES = {
    "like a network": np.concatenate([np.zeros(150), -np.geomspace(1e-6, 1e-2, 60), [1, 3, 9]]),
    "spread": np.linspace(-1, 10, 60),
    "rank one": [0.0] * 99 + [4.0],
    "one above a flat rest": [1e-3] * 199 + [1.0],  # squares of what is left of it are skew
    "indefinite": SPECTRA["indefinite"],
}


@pytest.mark.parametrize(
    "name",
    [name if name == "spread" else pytest.param(name, marks=pytest.mark.slow) for name in TRACES],
)
def test_trace_intervals_cover(name):
    """99 % intervals miss 9 of 200 or more with probability 2.1e-4 if they are what they say."""
    assert binom.cdf(191, 200, 0.99) == pytest.approx(2.1e-4, rel=0.05)
    matrix = torch.from_numpy(_build(np.asarray(TRACES[name])))
    trace, square = float(matrix.trace()), float((matrix**2).sum())
    covered = squares = 0
    for seed in range(200):
        found, frobenius = estimate_trace(
            lambda vectors: vectors @ matrix,
            len(matrix),
            n_probes=8,
            rng=np.random.default_rng(seed),
            confidence=0.99,
        )
        covered += found.low <= trace <= found.high
        squares += frobenius.low <= square <= frobenius.high
    assert covered >= 192
    assert squares >= 192


def test_few_dimensions_are_exact():
    matrix = torch.tensor([[1.0, 2.0], [2.0, -5.0]], dtype=torch.float64)
    trace, square = estimate_trace(
        lambda vectors: vectors @ matrix, 2, n_probes=1, rng=np.random.default_rng(0)
    )
    assert trace.value == -4
    assert square.value == 34  # 1 + 4 + 4 + 25
    assert trace.high - trace.low < 2e-13


def test_products_are_checked_at_both_ends_of_the_spectrum():
    """The Frobenius norm of an error: what random vectors see, and the two ends beside it."""
    diagonal, seen = torch.tensor([-3.0, 0.5, 1.0, 1.5, 2.0, 7.0], dtype=torch.float64), []

    def check(vectors):
        seen.extend(vectors)
        return [0.3, 0.4]

    found = Explorer(
        multiply=lambda rows: rows * diagonal,
        dim=6,
        steps=6,
        n_probes=2,
        seed=0,
        arithmetic=Arithmetic(),
        error=0.1,
        check=check,
    ).explore()
    first, last = (abs(vector.numpy()) for vector in seen)
    np.testing.assert_allclose(first, [1, 0, 0, 0, 0, 0], atol=1e-9)
    np.testing.assert_allclose(last, [0, 0, 0, 0, 0, 1], atol=1e-9)
    assert found.error == pytest.approx(math.sqrt(0.1**2 + (0.3**2 + 0.4**2) / 6), rel=1e-14)
    assert found.drift == pytest.approx(2 * math.sqrt(6 * 0.4**2), rel=1e-9)  # the largest, 6 steps
