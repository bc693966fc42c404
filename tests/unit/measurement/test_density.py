r"""Bands of functionals of the density cover what they say, on spectra that are known.

A random direction has the squares of independent normal numbers, normalised, as its weights on the
eigenvectors, so that starts can be drawn without a matrix. An interval of 95 % misses in at most 5 % of
them; with S seeds a share of $0.05 + 4\sqrt{0.05 \cdot 0.95/S}$ is passed by chance once in 30,000
tests. What is left open, a band that is far too wide, is held by the width of an interval that would
just do.
"""

import math

import numpy as np
import pytest
from scipy.stats import chi2

from qres.measurement.density import Density, bound_degrees

STARTS = (1, 2, 4, 8, 16)
SPECTRA = {
    "network": np.concatenate(
        [np.zeros(360), -np.geomspace(1e-6, 1e-2, 20), np.geomspace(1e-6, 1, 16), [2, 3, 5, 9]]
    ),
    "one outlier": np.concatenate([np.zeros(59), [9.0]]),
    "spread": np.repeat(np.linspace(-1, 9, 20), 5),
    "two halves": np.repeat([0.0, 9.0], 50),
    "indefinite": np.repeat([-6, -1, -0.1, -1e-3, 1e-3, 0.1, 1, 9], [1, 9, 30, 40, 40, 30, 9, 1]),
}
FUNCTIONALS = {
    "share of the large": lambda x: (x > 1).astype(float),
    "share of the small": lambda x: (x <= 1).astype(float),
    "proxy": lambda x: np.abs(1 - 0.3 * x) ** 8,
    "bell at zero": lambda x: np.exp(-(x**2) / 0.02),
    "bell at the end": lambda x: np.exp(-((x - 9) ** 2) / 0.02),
    "trace": lambda x: x,
    "growing less shrinking": lambda x: np.where(x > 2 / 0.3, 1.0, -1.0) * np.abs(1 - 0.3 * x) ** 8,
}


def _draw(eigenvalues, n_starts, seed):
    """Return what runs that go on to the end would say: a node for each different eigenvalue."""
    squares = np.random.default_rng([seed, n_starts]).standard_normal((n_starts, len(eigenvalues)))
    nodes, place = np.unique(eigenvalues, return_inverse=True)
    weights = squares**2 / (squares**2).sum(axis=1, keepdims=True)
    merged = tuple(np.bincount(place, row) for row in weights)
    return Density((nodes,) * n_starts, merged, dim=len(eigenvalues))


def _everything(nodes):
    return np.stack([function(nodes) for function in FUNCTIONALS.values()])


def _count_misses(eigenvalues, n_starts, seeds):
    truth, missed = _everything(eigenvalues).mean(axis=1), np.zeros(len(FUNCTIONALS))
    for seed in seeds:
        band = _draw(eigenvalues, n_starts, seed).summarise(_everything)
        edge = 1e-12 * (1 + np.abs(truth))
        missed += (band.low > truth + edge) | (band.high < truth - edge)
    return missed


@pytest.mark.parametrize("n_starts", [pytest.param(n, marks=pytest.mark.slow) for n in STARTS])
@pytest.mark.parametrize("name", SPECTRA)
def test_bands_cover_what_they_say(name, n_starts):
    count = 300
    missed = _count_misses(np.sort(SPECTRA[name]), n_starts, range(count)) / count
    worst = 0.05 + 4 * math.sqrt(0.05 * 0.95 / count)
    assert np.all(missed <= worst), dict(zip(FUNCTIONALS, missed, strict=True))


@pytest.mark.parametrize("n_starts", [1, 2])
def test_few_starts_cover_a_single_outlier(n_starts):
    """The hardest case, where a bootstrap of two starts covers a half and of one nothing."""
    count = 120
    missed = _count_misses(SPECTRA["one outlier"], n_starts, range(count)) / count
    assert np.all(missed <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / count))


def test_bands_are_no_wider_than_they_need_be():
    """A half of 2,000 eigenvalues: the share of one start has variance 2/(r+2) 1/4, its interval is
    1.96 x 2 times the root, 0.062, wide. k of them at 9, the rest at 0, one start: chi-square of k
    degrees, whose interval for k = 40 is 22 to 65 wide (Garwood, 2 x gamma)."""
    halves = _draw(np.repeat([0.0, 9.0], 1000), 1, 0)
    band = halves.summarise(lambda x: x > 1, within=(0.0, 1.0))
    assert float(band.high - band.low) == pytest.approx(3.92 * math.sqrt(0.5 / 2002), rel=0.03)
    mean = np.mean([_width(seed) for seed in range(40)])
    assert mean == pytest.approx(3.92 * math.sqrt(80) / 10_000, rel=0.1)


def _width(seed):
    some = np.concatenate([np.zeros(9960), np.full(40, 9.0)])
    band = _draw(some, 1, seed).summarise(lambda x: x > 1)
    return float(band.high - band.low)


def test_more_starts_make_a_narrower_band():
    widths = []
    for n_starts in (2, 8, 32):
        band = _draw(SPECTRA["spread"], n_starts, 0).summarise(lambda x: x)
        widths.append(float(band.high - band.low))
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.15)
    assert widths[1] / widths[2] == pytest.approx(2, rel=0.15)


def test_what_is_constant_has_no_width():
    band = _draw(SPECTRA["spread"], 2, 0).summarise(np.ones_like)
    # but for the rounding of weights that add up to one
    assert [float(band.low), float(band.high)] == pytest.approx([1, 1], abs=1e-13)
    assert float(band.low) < float(band.value) < float(band.high)


def test_what_overflows_is_open():
    with np.errstate(over="ignore"):
        band = _draw(SPECTRA["spread"], 2, 0).summarise(lambda x: np.exp(x * 300))
        held = _draw(SPECTRA["spread"], 2, 0).summarise(lambda x: np.exp(x * 300), within=(0, 1))
    assert float(band.low) == -math.inf
    assert float(band.high) == math.inf
    assert float(held.low) == 0


def test_starts_that_are_not_random_have_no_band():
    """Two starts of means 0 and 1, of which nothing says that they are random directions."""
    density = Density((np.array([0.0]), np.array([1.0])), (np.ones(1), np.ones(1)))
    band = density.summarise(lambda nodes: nodes)
    assert float(band.value) == 0.5
    assert np.isnan(band.low)
    assert np.isnan(band.high)
    ends = (lambda nodes: nodes - 1, lambda nodes: nodes + 2)
    band = density.summarise(lambda nodes: nodes, ends=ends)
    assert (float(band.low), float(band.high)) == (-0.5, 2.5)


def test_numbers_of_degrees_are_those_of_the_chi_square():
    """P(chi2_low >= found) = P(chi2_high <= found) = 2.5 %."""
    found = np.array([1.0, 8.0, 1e6])
    low, high = bound_degrees(found)
    assert chi2.sf(found, low) == pytest.approx([0.025] * 3, rel=1e-6)
    assert chi2.cdf(found, high) == pytest.approx([0.025] * 3, rel=1e-6)
    assert np.all(low < found)
    assert np.all(found < high)
