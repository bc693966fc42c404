"""Which symmetric matrices have an inverse, and what is left of the smallest eigenvalue after pruning."""

import numpy as np
import pytest
import scipy.linalg

from qres.errors import InputError
from qres.measurement.lanczos import Extreme
from qres.measurement.newton.condition import Ends
from qres.measurement.newton.curvature import BlockMatrix
from qres.measurement.newton.examine import _find_lowest, examine_block
from qres.measurement.newton.pruning import Pruned
from qres.measurement.newton.singular import Effort
from qres.measurement.newton.solve import solve_dense
from qres.measurement.newton.symmetric import factorise

EPSILON = 2.0**-52


def two_valued(smallest):
    """256 rows, eigenvalues 1 - smallest and smallest, and nothing else.

    I/2 + (1/2 - smallest) H/16 with the matrix H of Hadamard, H^2 = 256 I, whose entries are exact.
    """
    return np.eye(256) / 2 + (0.5 - smallest) * scipy.linalg.hadamard(256) / 16


def test_a_large_matrix_that_is_badly_conditioned_and_definite_is_solved():
    """1/kappa is 4 N epsilon = 2^-42; sums over rows are 8.5 and 8.5 2^42, so in one-norms N/18 worse.

    The inverse is (I/2 - (1/2 - s) H/16)/(s (1 - s)).
    """
    smallest = 2.0**-42
    matrix = two_valued(smallest)
    factor = factorise(matrix)
    assert EPSILON < factor.inverse_kappa < 256 * EPSILON
    assert factor.inverse_kappa == pytest.approx(smallest / 8.5**2, rel=0.05)
    assert factor.is_definite
    assert factor.is_regular
    right = np.cos(np.arange(256))
    other = two_valued(1 - smallest) @ right  # the sign of H turned around
    exact = other / (smallest * (1 - smallest))
    found = solve_dense(matrix, right, is_damped=True, place="here").step
    assert np.linalg.norm(found - exact) < 0.05 * np.linalg.norm(exact)


@pytest.mark.parametrize("power", [45, 48])
def test_half_a_rounding_is_no_inverse(power):
    """1/kappa of N epsilon/2 lies in the gap of the one-norms, N epsilon/16 below it."""
    factor = factorise(two_valued(2.0**-power))
    assert (factor.inverse_kappa > EPSILON) == (power == 45)
    assert not factor.is_regular
    with pytest.raises(InputError, match="here: the matrix is singular in spite of its damping"):
        solve_dense(two_valued(2.0**-power), np.ones(256), is_damped=True, place="here")


@pytest.mark.parametrize("dim", [60, 300])
def test_a_gram_matrix_of_too_few_rows_has_no_inverse(dim):
    """Of 20 rows: what is left at the bottom is rounding, whatever its sign."""
    rng = np.random.default_rng(dim)
    for _ in range(5):
        rows = rng.standard_normal((20, dim))
        assert not factorise(rows.T @ rows).is_regular


def test_exchanged_rows_and_blocks_of_two_are_solved_with():
    """Zeros on the diagonal, so no row is a pivot of its own, and entries in a scrambled order."""
    rng = np.random.default_rng(3)
    for dim in (2, 3, 8, 41):
        order = rng.permutation(dim)
        matrix = scipy.linalg.hankel(rng.uniform(1, 2, dim), rng.uniform(1, 2, dim))
        np.fill_diagonal(matrix, 0.0)
        matrix = 10.0 ** rng.integers(-3, 4) * matrix[np.ix_(order, order)]
        factor, right = factorise(matrix), rng.standard_normal(dim)
        assert (factor.pivots < 0).any()
        exact = np.linalg.solve(matrix, right)
        np.testing.assert_allclose(factor.invert(right), exact, rtol=1e-8)


def ends_of(low, high):
    """The spectrum of an undamped matrix, its lower end somewhere between."""
    upper = Extreme(value=9.0, low=9.0, high=9.0, residual=0.0)
    lower = Extreme(value=high, low=low, high=high, residual=0.0)
    return Ends(lambda_max=upper, lambda_min=lower, steps=3, method="by hand", lowest="by hand")


EFFORT = Effort(lanczos_steps=3, n_probes=2, seed=(0,))

SPREAD = np.linspace(2, 10, 60)


def find_lowest(diagonal, bound, *, high, damping=1.0):
    whole, dropped = np.diag(diagonal), np.zeros((len(diagonal), len(diagonal)))
    dropped[0, 1] = dropped[1, 0] = bound
    pruned, factor = Pruned(matrix=whole, dropped=dropped, share=0.1), factorise(whole)
    return _find_lowest(pruned, ends_of(-9.0, high), damping, factor, EFFORT)


def test_the_smallest_eigenvalue_of_the_whole_matrix_is_taken_from_below():
    """3 steps on the inverse of 2, 2.14 ... 10 miss the 2 from above: the lower end does not."""
    found = find_lowest(SPREAD, 0.5, high=1.5)
    assert 0 < found < 2


def test_it_is_not_looked_for_where_it_is_of_no_use():
    """Dropped .5 of a lowest that is at most -.6 + 1, at .4; of use at -.4 + 1. Without damping, at .6."""
    assert find_lowest(SPREAD, 0.5, high=-0.6) == 0
    assert find_lowest(SPREAD, 0.5, high=-0.5) == 0
    assert find_lowest(SPREAD, 0.5, high=-0.4) > 0
    assert find_lowest(SPREAD, 0.5, high=0.4, damping=0.0) == 0
    assert find_lowest(SPREAD, 0.5, high=0.6, damping=0.0) > 0


def test_an_indefinite_matrix_has_no_smallest_eigenvalue_of_use():
    """Three steps of Lanczos may say 1.5 where the factorisation has met a -2."""
    assert find_lowest(np.where(SPREAD > 9, -2.0, SPREAD), 0.5, high=1.5) == 0
    assert find_lowest(-SPREAD, 0.5, high=1.5) == 0


@pytest.mark.parametrize(
    ("n_rows", "prune", "form", "is_inverted"),
    [
        (9, 0.0, "dense", False),
        (30, 0.0, "dense", False),
        (30, 0.2, "dense", True),
        (0, 0.0, "dense", True),
        (9, 0.0, "rows", False),
    ],
)
def test_steps_on_the_inverse_are_counted_where_the_lowest_comes_from_it(
    n_rows, prune, form, is_inverted
):
    """A square says that its lowest is at least the damping; a Hessian and what was pruned do not."""
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((n_rows or 30, 12))
    dense = rows.T @ rows
    matrix = BlockMatrix(
        dim=12,
        multiply=dense.__matmul__,
        dense=dense if form == "dense" else None,
        rows=rows if form == "rows" else None,
        factor_rows=n_rows,
        rows_per_sample=1,
        largest_entry=float(np.max(dense)),
        trace=float(np.trace(dense)),
    )
    found = examine_block(
        matrix,
        0.3,
        np.ones(12),
        prune=prune,
        n_samples=4,
        effort=Effort(lanczos_steps=8, n_probes=2, seed=(0,)),
        place="here",
    )
    assert found.lanczos_steps == 8
    assert found.inverse_steps == (8 if is_inverted else 0)
