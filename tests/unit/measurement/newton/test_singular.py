"""Both ends of the singular values: what Lanczos and the inverse say, rounding included."""

from fractions import Fraction

import numpy as np
import pytest

from qres.measurement.lanczos import Extreme
from qres.measurement.newton.condition import find_ends
from qres.measurement.newton.curvature import BlockMatrix
from qres.measurement.newton.singular import Effort, find_shifted, find_size
from qres.measurement.newton.symmetric import factorise, find_largest

EFFORT = Effort(lanczos_steps=16, n_probes=4, seed=(0,))


def find_smallest(matrix, effort):
    """The smallest singular value of a matrix without damping, by its factors."""
    block = BlockMatrix(dim=len(matrix), multiply=matrix.__matmul__, dense=matrix)
    rng = np.random.default_rng(0)
    ends = find_ends(block, steps=effort.lanczos_steps, rng=rng)
    return find_shifted(ends, 0.0, factorise(matrix), effort).smallest


@pytest.mark.parametrize("kappa", [1e4, 1e8, 1e11])
def test_the_interval_of_the_smallest_singular_value_holds_rounding(kappa):
    """Exactly diagonal in two planes, so no eigenvalue solver is asked: a -+ b, c -+ d.

    Lanczos closes after four steps, and its own interval is a few units in the last place wide; the
    solutions with the inverse are only as good as kappa units.
    """
    rng = np.random.default_rng(23)
    for _ in range(20):
        a, c = (Fraction(int(value), 2**40) for value in rng.integers(2**38, 2**40, 2))
        b, d = a - Fraction(round(float(a) / kappa * 2**80), 2**80), c / 2
        planes = np.array([[a, b, 0, 0], [b, a, 0, 0], [0, 0, c, d], [0, 0, d, c]], dtype=float)
        order = rng.permutation(4)
        matrix = planes[np.ix_(order, order)]
        exact = min(abs(Fraction(planes[0, 0]) - Fraction(planes[0, 1])), c - d)
        found = find_smallest(matrix, EFFORT)
        assert Fraction(found.low) <= exact <= Fraction(found.high)
        assert found.high - found.low < 4e-14


def test_the_largest_absolute_value_may_be_that_of_a_negative_one():
    upper = Extreme(value=-1.0, low=-1.1, high=-0.9, residual=0.1)
    lower = Extreme(value=-5.0, low=-5.2, high=-4.9, residual=0.2)
    expected = Extreme(value=5.0, low=4.9, high=5.2, residual=0.2)
    assert find_size(upper, lower) == expected
    assert find_largest(np.array([[-3.0, 1.0], [1.0, 2.0]])) == 3


@pytest.mark.parametrize(("steps", "is_sharp"), [(5, False), (150, True)])
def test_the_smallest_singular_value_is_in_its_interval_sharp_or_stopped(steps, is_sharp):
    """Diagonal, 1 to 2 in equal steps, so nothing stands alone; every other one is negative."""
    matrix = np.diag(np.linspace(1, 2, 200) * np.where(np.arange(200) % 2, -1, 1))
    effort = Effort(lanczos_steps=steps, n_probes=4, seed=(3,))
    found = find_smallest(matrix, effort)
    assert found.low <= 1 <= found.high
    assert (found.high - found.low < 2.5e-3) == is_sharp
