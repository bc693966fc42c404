"""Which symmetric matrices have an inverse, and what undoes pruning without another one."""

import numpy as np
import pytest
import scipy.linalg

from qres.errors import InputError
from qres.measurement.newton import solve
from qres.measurement.newton.curvature import BlockMatrix
from qres.measurement.newton.examine import examine_block
from qres.measurement.newton.singular import Effort
from qres.measurement.newton.solve import find_change, solve_dense
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


def counted(monkeypatch):
    """Return a list that grows with each factorisation of a solve."""
    calls = []
    monkeypatch.setattr(solve, "factorise", lambda matrix: calls.append(1) or factorise(matrix))
    return calls


@pytest.mark.parametrize(("scale", "n_factored"), [(0.0, 0), (0.02, 0), (10.0, 1)])
def test_what_was_dropped_is_undone_by_few_steps_or_by_a_factorisation(
    monkeypatch, scale, n_factored
):
    """Eigenvalues 1 to 2, every other one negative: .02 is small beside them, 10 is not."""
    rng, calls = np.random.default_rng(7), counted(monkeypatch)
    kept = np.diag(np.linspace(1, 2, 90) * np.where(np.arange(90) % 2, -1, 1))
    dropped = scale * rng.standard_normal((90, 90))
    dropped = (dropped + dropped.T) * (1 - np.eye(90)) / 9
    step = rng.standard_normal(90)
    found = find_change(dropped, step, kept @ step, factorise(kept), is_damped=True, place="here")
    exact = step - np.linalg.solve(kept + dropped, kept @ step)
    np.testing.assert_allclose(found, exact, rtol=1e-7, atol=1e-9 * np.max(np.abs(exact)) + 1e-15)
    assert len(calls) == n_factored


def test_a_matrix_that_only_pruning_makes_regular_is_refused():
    """[[1, 1], [1, 1]] without what is beside its diagonal is the unit matrix."""
    dropped, step = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([1.0, 0.5])
    with pytest.raises(InputError, match="here: the matrix is singular in spite of its damping"):
        find_change(dropped, step, step, factorise(np.eye(2)), is_damped=True, place="here")


@pytest.mark.parametrize("smallest", [1e-3, 1e-5, 1e-7])
def test_a_step_that_only_pruning_made_long_is_compared_with_the_right_one(smallest):
    """What stays is diag(smallest, 1, ..., 1); with .1 beside it the whole is far from singular.

    A = [[s, .1], [.1, 1]] has the inverse [[1, -.1], [-.1, s]]/(s - .01), and g = (1, 1).
    """
    dim = 40
    kept = np.eye(dim)
    kept[0, 0] = smallest
    dropped = np.zeros((dim, dim))
    dropped[0, 1] = dropped[1, 0] = 0.1
    gradient = np.ones(dim)
    factor = factorise(kept)
    step = factor.invert(gradient)
    change = find_change(dropped, step, gradient, factor, is_damped=True, place="here")
    whole = np.ones(dim)
    whole[:2] = np.array([0.9, smallest - 0.1]) / (smallest - 0.01)
    np.testing.assert_allclose(step - change, whole, rtol=0, atol=1e-5)


def test_a_matrix_whose_inverse_is_rounding_is_refused_by_either_look():
    """1/kappa of N epsilon/2, by estimate or by Lanczos; a zero on the diagonal of D by both."""
    matrix = two_valued(2.0**-45)
    for is_estimated in (True, False):
        assert not factorise(matrix, is_estimated=is_estimated).is_regular
        assert factorise(two_valued(2.0**-42), is_estimated=is_estimated).is_regular
        assert not factorise(np.diag([1.0, 0.0]), is_estimated=is_estimated).is_regular
    effort = Effort(lanczos_steps=12, n_probes=2, seed=(0,))
    for dense, damping in ((matrix, 0.0), (np.diag([1.0, -0.5]), 0.5)):
        block = BlockMatrix(dim=len(dense), multiply=dense.__matmul__, dense=dense)
        gradient = np.cos(np.arange(len(dense)))
        with (
            np.errstate(all="raise"),  # a zero of D is seen before it divides
            pytest.raises(InputError, match="here: the matrix is singular"),
        ):
            examine_block(
                block, damping, gradient, prune=0.0, n_samples=1, effort=effort, place="here"
            )


def test_the_steps_that_are_charged_are_those_on_the_matrix_that_is_solved():
    """Without all that is beside its diagonal a matrix is 2 times the unit matrix: one step closes it."""
    rng = np.random.default_rng(2)
    dense = rng.uniform(0.01, 0.02, (12, 12))
    dense = dense + dense.T
    np.fill_diagonal(dense, 1.5)
    block = BlockMatrix(dim=12, multiply=dense.__matmul__, dense=dense)
    effort = Effort(lanczos_steps=8, n_probes=2, seed=(0,))

    def examine(prune):
        return examine_block(
            block, 0.5, np.ones(12), prune=prune, n_samples=1, effort=effort, place="here"
        )

    whole, pruned = examine(0.0), examine(1.0)
    assert (whole.lanczos_steps, pruned.lanczos_steps) == (8, 1)
    assert pruned.inverse_steps == 1
    assert whole.values["lambda_max"].value > 1.7  # 1.5 and eleven entries of .02 at least
    assert pruned.values["lambda_max"].value == pytest.approx(1.5, rel=1e-12)
    assert pruned.values["lambda_min"].value == pytest.approx(1.5, rel=1e-12)
    np.testing.assert_allclose(pruned.step, 0.5)


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


def test_without_damping_a_whole_matrix_that_is_indefinite_is_refused():
    """[[1, 2], [2, 1]] has the eigenvalues 3 and -1, and pruned it is the identity."""
    dropped = np.array([[0.0, 2.0], [2.0, 0.0]])
    step, factor = np.array([1.0, 0.5]), factorise(np.eye(2))
    with pytest.raises(InputError, match="here: the matrix is indefinite"):
        find_change(dropped, step, step, factor, is_damped=False, place="here")
    # (A - E) x' = x', so A x = x': x = (2 x'_2 - x'_1, 2 x'_1 - x'_2)/3 = (0, 1/2)
    change = find_change(dropped, step, step, factor, is_damped=True, place="here")
    np.testing.assert_allclose(step - change, [0.0, 0.5], atol=1e-9)
