"""Trace and Frobenius norm from random starts alone: intervals that hold for every spectrum."""

import math

import numpy as np
import pytest

from qres.measurement.density import Density
from qres.measurement.lanczos import Extreme, Extremes
from qres.measurement.moments import bound_entries, find_moments
from qres.measurement.probes import find_mean
from qres.measurement.spectrum import Spectrum

DIM, SEEDS = 400, 400
ALLOWED = 0.05 + 4 * math.sqrt(0.05 * 0.95 / SEEDS)
"""Misses of 95 % intervals that come by chance once in 30,000 tests."""

SPECTRA = {
    "rank one": np.append(np.zeros(DIM - 1), 4.0),
    "two outliers": np.concatenate([[-7.0], np.linspace(-0.02, 0.02, DIM - 2), [50.0]]),
    "two that cancel": np.concatenate([[-5.0], np.zeros(DIM - 2), [5.0]]),
    "flat": np.linspace(-1.0, 1.0, DIM),
    "nearly one": np.linspace(0.9, 1.1, DIM),
}
"""Eigenvalues, ascending."""


def _describe(density, low, high, dim=DIM, *, width=0.0, error=0.0):
    """Return what the moments say where both ends are known to so much."""
    top, bottom = (
        Extreme(value=end, low=end - width, high=end + width, residual=0.0) for end in (high, low)
    )
    ends = Extremes(largest=top, smallest=bottom, steps=2, fail_prob=1e-6)
    spectrum = Spectrum(extremes=ends, density=density, local=None, drift=0.0, error=error)
    return bound_entries(spectrum, dim).values


def _draw(eigenvalues, count, seed):
    """Return what Lanczos runs without end say of random starts: the place of every eigenvalue."""
    squares = np.random.default_rng([seed, count]).standard_normal((count, len(eigenvalues))) ** 2
    weights = squares / squares.sum(axis=1, keepdims=True)
    return Density(nodes=(eigenvalues,) * count, weights=tuple(weights))


def _count_misses(name, count, interval):
    """Return the part of the seeds of which an interval does not hold trace and Frobenius norm."""
    eigenvalues = SPECTRA[name]
    trace, norm = math.fsum(eigenvalues), math.sqrt(math.fsum(eigenvalues**2))
    missed = np.zeros(2)
    for seed in range(SEEDS):
        ends = interval(_draw(eigenvalues, count, seed), eigenvalues)
        for number, (value, (low, high)) in enumerate(zip((trace, norm), ends, strict=True)):
            missed[number] += not low - 1e-9 <= value <= high + 1e-9
    return missed / SEEDS


def _find_ends(values):
    """Return both ends of the trace, and of the Frobenius norm."""
    found = [values[name] for name in ("trace", "frobenius_norm")]
    return np.array([(one.low, one.high) for one in found], dtype=float)


def _read(density, eigenvalues):
    return _find_ends(_describe(density, eigenvalues[0], eigenvalues[-1]))


def _take_student(density, _):
    (trace, slack), (square, more) = map(find_mean, find_moments(density, DIM))
    low, high = math.sqrt(max(square - more, 0.0)), math.sqrt(square + more)
    return (trace - slack, trace + slack), (low, high)


@pytest.mark.parametrize("count", [2, 4, 8])
@pytest.mark.parametrize("name", SPECTRA)
def test_intervals_cover_what_they_say(name, count):
    assert max(_count_misses(name, count, _read)) <= ALLOWED


def test_students_intervals_do_not():
    """What the test above would say of them, of trace and Frobenius norm: they miss 18 %."""
    assert min(_count_misses("rank one", 4, _take_student)) > ALLOWED


SMALL = Density(
    nodes=(np.array([0.0, 2.0]), np.array([-1.0, 0.0])),
    weights=(np.array([0.9999, 0.0001]), np.array([0.0004, 0.9996])),
)
"""Of 10,000 eigenvalues: traces 2 and -4, both squares 4."""


def test_intervals_by_hand():
    """Two starts: chi-square of two degrees has quantiles -2 ln .975 and -2 ln .025, so the sum 8 of the
    squares gives at most 8 / .050635616 = 12.569469^2 and at least 8 / 7.3777589 = 1.041317^2; the norm is
    3 at least, but no low end is above the value, 2. x = ln 80 = 4.3820266, the root of x/2 is
    1.4802072: the trace, -1, is lower by 2 x 12.569469 x 1.4802072 + 2 x 3 x 2.1910133 = 50.356918, or
    higher by 37.210838 + 2 x 1 x 2.1910133 = 41.592865."""
    values = _describe(SMALL, -1.0, 3.0, 10_000)
    assert float(values["trace"]) == pytest.approx(-1)
    assert float(values["frobenius_norm"]) == pytest.approx(2)
    trace, norm = _find_ends(values)
    assert trace == pytest.approx([-51.356918, 40.592865], rel=1e-7)
    assert norm == pytest.approx([2, 12.569469], rel=1e-7)
    assert "rank one" in values["frobenius_norm"].method
    assert "any spectrum" in values["trace"].method


def test_rounding_widens_both():
    """Products off by 0.001: the matrix by 2 x 100 x 0.001 = 0.2, the trace by 100 times as much; the low
    end of the norm stays where the ends of the spectrum have it."""
    exact = _describe(SMALL, -1.0, 3.0, 10_000)
    rounded = _describe(SMALL, -1.0, 3.0, 10_000, error=1e-3)
    wider = _find_ends(rounded) - _find_ends(exact)
    assert wider == pytest.approx(np.array([[-20, 20], [0, 0.2]]))
    assert all(
        "widened by rounding" in rounded[name].method for name in ("trace", "frobenius_norm")
    )


def test_ends_that_cross_bound_nothing_from_below():
    """The largest eigenvalue in [-3, 5], the smallest in [-5, 3]: the samples alone are a low end."""
    norm = _describe(SMALL, -1.0, 1.0, 10_000, width=4.0)["frobenius_norm"]
    assert norm.low == pytest.approx(1.041317, rel=1e-6)


def test_norms_that_the_ends_allow():
    for smallest, largest, least in (
        ((-5, 3), (-2, 6), 0),
        ((-5, -4), (-2, 6), 4),
        ((-5, 3), (2, 6), 2),
        ((-9, -4), (-5, -3), 4),
    ):
        bottom, top = (
            Extreme(value=low, low=low, high=high, residual=0.0)
            for low, high in (smallest, largest)
        )
        ends = Extremes(largest=top, smallest=bottom, steps=2, fail_prob=1e-6)
        assert ends.least_norm == least


def test_one_start_makes_no_interval():
    """It leaves what the ends allow: 100 x 3 for the norm, 10,000 x 3 for the trace."""
    one = Density(nodes=SMALL.nodes[:1], weights=SMALL.weights[:1])
    values = _describe(one, -1.0, 3.0, 10_000)
    assert _find_ends(values) == pytest.approx(np.array([[-30_000, 30_000], [2, 300]]))
    for name in ("trace", "frobenius_norm"):
        assert values[name].method == (
            "moments of the density of 1 random start, interval: what the ends allow"
        )
