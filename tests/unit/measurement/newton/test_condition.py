"""Bounds on condition numbers, pruning and damping, on matrices made by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qres.config.record import Damping
from qres.errors import InputError
from qres.measurement.newton.condition import bound_merikoski, find_ends
from qres.measurement.newton.curvature import BlockMatrix
from qres.measurement.newton.damping import find_damping
from qres.measurement.newton.examine import examine_block
from qres.measurement.newton.pruning import prune_symmetric
from qres.measurement.newton.singular import Effort
from qres.measurement.newton.solve import solve_dense, solve_products, solve_woodbury
from qres.measurement.newton.symmetric import factorise, multiplier

EFFORT = Effort(lanczos_steps=16, n_probes=4, seed=(0,))


def make_square(rows, **changes):
    """R^T R as a formed block."""
    dense = rows.T @ rows
    fields = {
        "dim": len(dense),
        "multiply": dense.__matmul__,
        "dense": dense,
        "factor_rows": len(rows),
        "rows_per_sample": 1,
        "largest_entry": float(np.max(np.abs(dense))),
        "trace": float(np.trace(dense)),
    }
    return BlockMatrix(**(fields | changes))


def make_symmetric(rng, dim):
    matrix = rng.standard_normal((dim, dim))
    return (matrix + matrix.T) / 2


@settings(max_examples=60, deadline=None)
@given(
    dim=st.integers(1, 12),
    n_rows=st.integers(1, 20),
    value=st.floats(1e-4, 10),
    seed=st.integers(0, 2**32 - 1),
)
def test_kappa_of_a_damped_square_is_at_most_one_plus_n_over_the_value(dim, n_rows, value, seed):
    rng = np.random.default_rng(seed)
    matrix = make_square(rng.standard_normal((n_rows, dim)))
    relative = Damping(kind="relative", value=value, decay=1.0)
    damping = find_damping(relative, 0, matrix.largest_entry, block="x")
    found = examine_block(
        matrix, damping, np.ones(dim), prune=0.0, n_samples=n_rows, effort=EFFORT, place="here"
    ).values
    eigenvalues = np.linalg.eigvalsh(matrix.dense + damping * np.eye(dim))
    kappa = eigenvalues[-1] / eigenvalues[0]
    assert kappa <= (1 + dim / value) * (1 + 1e-9)
    assert kappa <= found["kappa_bound"].high * (1 + 1e-9)
    assert found["kappa_bound"].value <= (1 + dim / value) * (1 + 1e-9)
    assert found["kappa"].low * (1 - 1e-9) <= kappa <= found["kappa"].high * (1 + 1e-9)
    assert found["smallest_singular_value"].low >= damping * (1 - 1e-9)
    assert 10 ** found["merikoski_log10"].value >= kappa * (1 - 1e-6)
    assert found["solution_overlap"].value <= 1 + 1e-9


def test_too_few_rows_leave_damping_alone_at_the_bottom():
    matrix = make_square(np.random.default_rng(0).standard_normal((3, 9)))
    ends = find_ends(matrix, steps=9, rng=np.random.default_rng(1))
    assert (ends.lambda_min.low, ends.lambda_min.value, ends.lambda_min.high) == (0, 0, 0)
    assert "3 rows of 9 columns" in ends.lowest


def test_the_bound_of_merikoski_is_exact_for_two():
    # [[1, 2], [3, 4]]: ||A||_F^2 = 30, det -2, x = (2/30)^2 * 4, kappa = 14.9330 (Q-Newton's example)
    found = 10 ** bound_merikoski(math.log(2), math.sqrt(30), 2)
    assert found == pytest.approx(14.9330, abs=5e-5)
    assert found == pytest.approx(np.linalg.cond([[1.0, 2.0], [3.0, 4.0]]), rel=1e-12)


def test_the_formula_of_the_public_code_is_no_number():
    # q-newton computes (1 - N/||A||_F)^N where the bound has (N/||A||_F^2)^N; documentation only
    norm = math.sqrt(30)
    radicand = 1 - (1 - 2 / norm) ** 2 * 2**2
    assert radicand == pytest.approx(-0.612, abs=5e-4)


@pytest.mark.parametrize(
    ("dim", "kappa", "power"), [(50, 10, 8.9), (200, 10, 33.8), (200, 1000, 187.5)]
)
def test_the_bound_is_exponentially_loose_on_even_logarithms(dim, kappa, power):
    spectrum = np.geomspace(1, kappa, dim)
    found = bound_merikoski(float(np.sum(np.log(spectrum))), float(np.linalg.norm(spectrum)), dim)
    assert found == pytest.approx(power, abs=0.06)


def test_the_bound_of_a_multiple_of_one_is_one_and_impossible_numbers_are_no_bound():
    assert bound_merikoski(300 * math.log(0.1), 0.1 * math.sqrt(300), 300) == pytest.approx(
        0, abs=1e-6
    )
    with pytest.raises(ValueError, match="too large"):
        bound_merikoski(1.0, 1.0, 2)


def test_pruning_keeps_symmetry_and_diagonal_and_its_bounds_hold():
    rng = np.random.default_rng(7)
    n_bounded = 0
    for number in range(1000):
        dim = int(rng.integers(2, 9))
        matrix = make_symmetric(rng, dim) + (number % 2) * 3 * dim * np.eye(dim)
        pruned = prune_symmetric(matrix, float(rng.uniform(0, 1)))
        np.testing.assert_array_equal(pruned.matrix, pruned.matrix.T)
        np.testing.assert_array_equal(np.diag(pruned.matrix), np.diag(matrix))
        np.testing.assert_array_equal(pruned.matrix + pruned.dropped, matrix)
        norm = np.linalg.norm(pruned.dropped, 2)
        assert norm <= pruned.norm_bound * (1 + 1e-12)
        limit = norm / np.min(np.abs(np.linalg.eigvalsh(pruned.matrix)))
        right = rng.standard_normal(dim)
        before = np.linalg.solve(matrix, right)
        change = np.linalg.norm(np.linalg.solve(pruned.matrix, right) - before)
        assert change <= limit * np.linalg.norm(before) * (1 + 1e-9)
        room = float(np.linalg.eigvalsh(matrix)[0]) - norm
        if room > 0:  # the bound by the smallest eigenvalue of the whole matrix says something
            n_bounded += 1
            assert limit <= norm / room * (1 + 1e-9)
    assert n_bounded > 300


def test_pruning_by_hand():
    matrix = np.array([[9.0, 3, 1, 0.5], [3, 9, 2, 0.4], [1, 2, 9, 0.3], [0.5, 0.4, 0.3, 9]])
    # one of three stays in each row: 3 in rows 0 and 1, 2 in row 2, 0.5 in row 3
    pruned = prune_symmetric(matrix, 2 / 3)
    kept = [[9, 3, 0, 0.5], [3, 9, 2, 0], [0, 2, 9, 0], [0.5, 0, 0, 9]]
    np.testing.assert_array_equal(pruned.matrix, kept)
    assert pruned.share == pytest.approx(6 / 12)
    assert pruned.norm_bound == pytest.approx(1.3)  # row 2: 1 + 0.3


def test_what_is_left_of_a_square_is_none():
    """v v^T with v = (1, 1.1, 1), its corners dropped, and .5 on the diagonal.

    (a, b, a) is sent to (a + 1.1 b, 2.2 a + 1.21 b, ...), so two eigenvalues are
    (2.21 -+ sqrt(.21^2 + 4 * 2.42))/2 = -.4542 and 2.6642, the third is 1; kappa is 3.1642/.0458. One
    plus lambda_max over the damping would be 7.4, before pruning and with what is left 6.3.
    """
    matrix = make_square(np.array([[1.0, 1.1, 1.0]]))
    found = examine_block(
        matrix, 0.5, np.ones(3), prune=0.5, n_samples=1, effort=EFFORT, place="x"
    ).values
    root = math.sqrt(0.21**2 + 4 * 2.42)
    low, high = (2.21 - root) / 2, (2.21 + root) / 2
    assert float(found["lambda_max"]) == pytest.approx(high, rel=1e-12)
    assert float(found["lambda_min"]) == pytest.approx(low, rel=1e-12)
    assert float(found["kappa"]) == pytest.approx((high + 0.5) / (low + 0.5), rel=1e-9)
    assert not {"kappa_bound", "jacobian_frobenius"} & set(found)
    np.testing.assert_array_equal(matrix.dense, np.outer([1, 1.1, 1], [1, 1.1, 1]))


@pytest.mark.parametrize(("dim", "shift"), [(60, 6.0), (60, 1.0), (200, 20.0)])
@pytest.mark.parametrize("prune", [0.1, 0.5, 1.0])
def test_what_pruning_did_to_the_step_is_what_two_dense_solves_say(dim, shift, prune):
    """Definite and indefinite, one entry of ten dropped to all of them; the bound holds each time."""
    rng = np.random.default_rng(round(dim * shift * prune))
    for _ in range(5):
        dense, gradient = make_symmetric(rng, dim), rng.standard_normal(dim)
        block = BlockMatrix(dim=dim, multiply=dense.__matmul__, dense=dense)
        found = examine_block(
            block, shift, gradient, prune=prune, n_samples=1, effort=EFFORT, place="x"
        )
        whole = dense + shift * np.eye(dim)
        kept = prune_symmetric(whole, prune).matrix
        before, after = np.linalg.solve(whole, gradient), np.linalg.solve(kept, gradient)
        np.testing.assert_allclose(found.step, after, rtol=1e-9)
        change = np.linalg.norm(after - before) / np.linalg.norm(before)
        error = found.values["prune_step_error"]
        assert float(error) == pytest.approx(change, rel=1e-6)
        dropped = np.linalg.norm(whole - kept, 2)
        assert found.values["prune_error"].low <= dropped * (1 + 1e-9)
        assert dropped <= found.values["prune_error"].high * (1 + 1e-9)
        assert float(error) <= dropped / np.min(np.abs(np.linalg.eigvalsh(kept))) * (1 + 1e-6)
        assert dropped / np.min(np.abs(np.linalg.eigvalsh(kept))) <= error.high * (1 + 1e-9)


def test_woodbury_and_conjugate_gradients_are_the_direct_solution():
    rng = np.random.default_rng(2)
    rows, gradient = rng.standard_normal((5, 12)), rng.standard_normal(12)
    damped = rows.T @ rows + 0.3 * np.eye(12)
    direct = np.linalg.solve(damped, gradient)
    np.testing.assert_allclose(solve_woodbury(rows, 0.3, gradient), direct, rtol=1e-10)
    found = solve_products((rows.T @ rows).__matmul__, 0.3, gradient, place="here")
    np.testing.assert_allclose(found, direct, rtol=1e-7)
    dense = solve_dense(damped, gradient, is_damped=True, place="here")
    np.testing.assert_allclose(dense.step, direct, rtol=1e-10)
    assert dense.factor.log_det == pytest.approx(np.linalg.slogdet(damped)[1])


def test_an_indefinite_damped_matrix_is_solved_and_said():
    matrix = np.diag([2.0, -1.0, 4.0])
    found = solve_dense(matrix, np.ones(3), is_damped=True, place="here")
    np.testing.assert_allclose(found.step, [0.5, -1, 0.25])
    assert not found.factor.is_definite
    assert found.factor.log_det == pytest.approx(math.log(8))


@pytest.mark.parametrize("lowest", [-0.3, -1e-3])
def test_products_of_an_indefinite_matrix_are_refused_and_never_divided_by_zero(lowest):
    """Along the third unit vector the curvature is the eigenvalue: 0 of it would divide by zero."""
    matrix = np.diag([1.0, 2.0, lowest])
    words = rf"block x: the damped matrix is not positive definite: .* curvature {lowest:g}; take"
    with pytest.raises(InputError, match=words):
        solve_products(matrix.__matmul__, 0.0, np.array([0.0, 0.0, 1.0]), place="block x")
    with pytest.raises(InputError, match=r"not positive definite: .* curvature 0; take"):
        solve_products(matrix.__matmul__, -lowest, np.array([0.0, 0.0, 1.0]), place="block x")


def test_products_have_nothing_to_solve_where_the_gradient_is_zero():
    found = solve_products(np.diag([1.0, 2.0]).__matmul__, 0.1, np.zeros(2), place="block x")
    np.testing.assert_array_equal(found, [0, 0])


def test_the_factorisation_of_a_symmetric_matrix_says_what_its_eigenvalues_say():
    """Definite or not, determinant, inverse, product; blocks of two in all indefinite ones."""
    rng = np.random.default_rng(17)
    for number in range(60):
        dim = int(rng.integers(2, 40))
        matrix = make_symmetric(rng, dim) + (number % 3) * 0.5 * math.sqrt(dim) * np.eye(dim)
        values, right = np.linalg.eigvalsh(matrix), rng.standard_normal(dim)
        factor = factorise(matrix)
        assert factor.is_definite == (values[0] > 0)
        assert factor.log_det == pytest.approx(np.sum(np.log(np.abs(values))), abs=1e-9)
        np.testing.assert_allclose(matrix @ factor.invert(right), right, atol=1e-8)
        np.testing.assert_allclose(multiplier(matrix)(right), matrix @ right, atol=1e-12)
        one_norm = np.linalg.norm(matrix, 1) * np.linalg.norm(np.linalg.inv(matrix), 1)
        assert 1 <= factor.inverse_kappa * one_norm * (1 + 1e-9) < 3  # an estimate from below


def test_swapped_signs_on_the_diagonal_need_blocks_of_two():
    """[[0, 3], [3, 0]]: determinant -9, eigenvalues 3 and -3, and no pivot of one row."""
    factor = factorise(np.array([[0.0, 3.0], [3.0, 0.0]]))
    assert (factor.pivots < 0).all()
    assert (factor.is_definite, factor.log_det) == (False, pytest.approx(math.log(9)))
    np.testing.assert_allclose(factor.invert(np.array([6.0, 3.0])), [1, 2])


@pytest.mark.parametrize(("dim", "n_matrices"), [(12, 20), (60, 20)])
def test_both_ends_of_an_indefinite_matrix_are_those_of_all_its_eigenvalues(dim, n_matrices):
    """16 Lanczos steps on the matrix and on its inverse; all 12 dimensions, or 16 of 60."""
    rng, n_negative = np.random.default_rng(11), 0
    for _ in range(n_matrices):
        dense = make_symmetric(rng, dim)
        block = BlockMatrix(dim=dim, multiply=dense.__matmul__, dense=dense)
        found = examine_block(
            block, 0.1, rng.standard_normal(dim), prune=0.0, n_samples=1, effort=EFFORT, place="x"
        )
        values = np.linalg.eigvalsh(dense + 0.1 * np.eye(dim))
        n_negative += abs(values[0]) > values[-1]
        assert not found.is_definite
        for name, exact in (
            ("norm", np.max(np.abs(values))),
            ("smallest_singular_value", np.min(np.abs(values))),
        ):
            end = found.values[name]
            assert end.low * (1 - 1e-9) <= exact <= end.high * (1 + 1e-9)
            if dim < 16:
                assert float(end) == pytest.approx(exact, rel=1e-9)
    assert 0 < n_negative < n_matrices


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (np.diag([1.0, 0.0]), "singular; take algorithm.damping.value above 0"),
        (np.diag([1.0, -0.5]), r"indefinite \(lambda_min -0.5\); take algorithm.damping.value"),
    ],
)
def test_without_damping_these_are_refused_in_one_line(matrix, words):
    with pytest.raises(InputError, match=words):
        solve_dense(matrix, np.ones(2), is_damped=False, place="block x, step 0")


@pytest.mark.parametrize("rest", [0.0, 1e-17])
def test_a_matrix_that_damping_leaves_singular_is_refused(rest):
    """Indefinite, so Cholesky is out, and without an inverse up to rounding."""
    with pytest.raises(InputError, match="block x: the matrix is singular in spite of its damping"):
        solve_dense(np.diag([1.0, -1.0, rest]), np.ones(3), is_damped=True, place="block x")


def test_damping_follows_its_schedule():
    relative = Damping(kind="relative", value=0.5, decay=0.1)
    assert find_damping(relative, 2, 8.0, block="x") == pytest.approx(0.5 * 0.01 * 8)
    absolute = Damping(kind="absolute", value=0.5, decay=2.0)
    assert find_damping(absolute, 3, None, block="x") == pytest.approx(4)
    # 7510^2 numbers of eight bytes are 0.451 GB
    size = BlockMatrix(dim=7510, multiply=abs).size_text
    with pytest.raises(InputError, match=r"block x \(7,510 parameters are 0.5 GB .* too large"):
        find_damping(relative, 0, None, block=f"x ({size})")


def test_without_damping_the_lowest_of_a_square_comes_from_its_inverse():
    """Few steps on the matrix itself know nothing of 1e-4 beside 1 to 10; zero is no lower end."""
    rng = np.random.default_rng(4)
    turn = np.linalg.qr(rng.standard_normal((40, 40)))[0]
    matrix = make_square(np.sqrt(np.r_[1e-4, np.linspace(1, 10, 39)])[:, None] * turn)
    effort = Effort(lanczos_steps=10, n_probes=2, seed=(0,))
    found = examine_block(
        matrix, 0.0, np.ones(40), prune=0.0, n_samples=40, effort=effort, place="x"
    )
    smallest, kappa = found.values["smallest_singular_value"], found.values["kappa"]
    assert smallest.low <= 1e-4 <= smallest.high
    assert smallest.high - smallest.low < 1e-7
    assert kappa.low <= 1e5 <= kappa.high
    assert found.inverse_steps > 0


@pytest.mark.parametrize("smallest", [1e-17, 1e-160, 1e-310])
@pytest.mark.parametrize("factor_rows", [6, 0])
def test_without_damping_what_is_nearly_singular_is_refused(smallest, factor_rows):
    matrix = make_square(np.eye(3), dense=np.diag([1.0, smallest, 2.0]), factor_rows=factor_rows)
    with pytest.raises(InputError, match="x: the matrix is singular; take"):
        examine_block(matrix, 0.0, np.ones(3), prune=0.0, n_samples=2, effort=EFFORT, place="x")


def test_a_large_square_without_damping_is_refused():
    """Its factor has more rows than columns, and two of them alone are independent."""
    matrix = make_square(np.tile([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]], (2, 1)), dense=None)
    with pytest.raises(InputError, match=r"definite \(lambda_min >= 0, damping 0\); take .*value"):
        examine_block(
            matrix, 0.0, np.ones(3), prune=0.0, n_samples=4, effort=EFFORT, place="block x"
        )


def test_a_matrix_that_pruning_made_indefinite_is_named_so():
    """v v^T + .1 without its corners: .1 - .4542 is its lowest eigenvalue, see above."""
    matrix = make_square(np.array([[1.0, 1.1, 1.0]]))
    matrix = replace(matrix, dense=matrix.dense + 0.1 * np.eye(3), factor_rows=0)
    with pytest.raises(InputError, match=r"x, after pruning: .* indefinite \(lambda_min -0.354\)"):
        examine_block(matrix, 0.0, np.ones(3), prune=0.5, n_samples=1, effort=EFFORT, place="x")


def test_a_large_block_is_refused_where_it_must_be_formed():
    matrix = make_square(np.ones((2, 4)), dense=None)
    with pytest.raises(InputError, match=r"prune: 0 works by products, blocks: layer"):
        examine_block(
            matrix, 1.0, np.ones(4), prune=0.5, n_samples=2, effort=EFFORT, place="block x, step 0"
        )
    indefinite = np.diag([1.0, -3.0, 2.0, 1.0])
    hessian = BlockMatrix(dim=4, multiply=indefinite.__matmul__)
    with pytest.raises(
        InputError, match=r"lambda_min >= -3, damping 1\); take algorithm.curvature"
    ):
        examine_block(
            hessian, 1.0, np.ones(4), prune=0.0, n_samples=2, effort=EFFORT, place="block x, step 0"
        )


@pytest.mark.parametrize("form", ["rows", "products"])
def test_a_large_block_says_of_its_matrix_what_the_dense_one_does(form):
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((4, 10))
    dense = make_square(rows)
    large = replace(dense, dense=None, rows=rows if form == "rows" else None)
    gradient = rng.standard_normal(10)
    one, other = (
        examine_block(
            m,
            0.7,
            gradient,
            prune=0.0,
            n_samples=4,
            effort=Effort(lanczos_steps=10, n_probes=5, seed=(0,)),
            place="",
        )
        for m in (dense, large)
    )
    np.testing.assert_allclose(other.step, one.step, rtol=1e-8)
    for key in (
        "frobenius_norm",
        "max_entry",
        "norm",
        "smallest_singular_value",
        "kappa",
        "sparsity",
        "solution_overlap",
        "jacobian_frobenius",
        "newton_fidelity",
        "kappa_bound",
    ):
        assert float(other.values[key]) == pytest.approx(float(one.values[key]), rel=1e-8), key
    # what the encoding gram makes of it: alpha = jacobian_frobenius^2 / n_samples = the trace
    alpha = float(one.values["jacobian_frobenius"]) ** 2 / 4
    assert alpha == pytest.approx(np.trace(rows.T @ rows) + 10 * 0.7)
    assert one.values["n_outputs"].value == 1 + 3  # 10 rows of damping over 4 samples
    assert "merikoski_log10" not in other.values
