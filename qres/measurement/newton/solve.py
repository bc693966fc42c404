"""One linear system of a step: damp, prune, solve, and write down what a solver must know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from qres.errors import InputError
from qres.measurement.newton.curvature import BlockMatrix

RESIDUAL = 1e-10
"""Relative residual at which conjugate gradients stop."""

MAX_ITERATIONS = 20_000

REMEDY = "take algorithm.damping.value above 0"

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Solved:
    r"""A solution and what its factorisation has told.

    Args:
        step: $x = A^{-1} g$.
        is_definite: whether the matrix is positive definite.
        log_det: natural logarithm of the absolute determinant, None where there is none.
        invert: the solution for another right-hand side, None where nothing was factored.
    """

    step: Vector
    is_definite: bool
    log_det: float | None = None
    invert: Callable[[Vector], Vector] | None = None


def solve_dense(matrix: Matrix, gradient: Vector, *, is_damped: bool, place: str) -> Solved:
    """Solve with a formed matrix: by Cholesky, by LU where it is indefinite.

    Args:
        matrix: shape (N, N), damped if it is.
        gradient: right-hand side.
        is_damped: whether anything was added to the diagonal; if not, the matrix is looked at first.
        place: opens the error message.

    Raises:
        InputError: it is singular, or indefinite without damping.
    """
    if not is_damped:
        _check_undamped(matrix, place)
    try:
        factor = scipy.linalg.cholesky(matrix, lower=True)
    except scipy.linalg.LinAlgError:
        return _solve_indefinite(matrix, gradient, place)
    log_det = 2 * float(np.sum(np.log(np.diag(factor))))

    def invert(right: Vector) -> Vector:
        return scipy.linalg.cho_solve((factor, True), right)

    return Solved(step=invert(gradient), is_definite=True, log_det=log_det, invert=invert)


def solve_woodbury(rows: Matrix, damping: float, gradient: Vector) -> Vector:
    r"""Return $(R^T R + \lambda I)^{-1} g = (g - R^T (\lambda I + R R^T)^{-1} R g)/\lambda$.

    Args:
        rows: R, shape (m, N).
        damping: $\lambda > 0$.
        gradient: g.
    """
    inner = rows @ rows.T
    inner[np.diag_indices_from(inner)] += damping
    within = scipy.linalg.solve(inner, rows @ gradient, assume_a="pos")
    return (gradient - rows.T @ within) / damping


def solve_products(
    multiply: Callable[[Vector], Vector], damping: float, gradient: Vector, *, place: str
) -> Vector:
    """Solve by conjugate gradients (Hestenes and Stiefel 1952), from products alone.

    Args:
        multiply: product with the undamped matrix.
        damping: what is added to its diagonal.
        gradient: right-hand side.
        place: opens the error message.

    Raises:
        InputError: they do not converge.
    """
    step, rest = np.zeros_like(gradient), gradient.copy()
    direction, square = rest.copy(), float(rest @ rest)
    goal = RESIDUAL**2 * square
    for _ in range(MAX_ITERATIONS):
        image = multiply(direction) + damping * direction
        length = square / float(direction @ image)
        step += length * direction
        rest -= length * image
        before, square = square, float(rest @ rest)
        if square <= goal:
            return step
        direction = rest + square / before * direction
    raise InputError(
        f"{place}: conjugate gradients do not converge in {MAX_ITERATIONS:,} iterations; take a"
        " larger algorithm.damping.value"
    )


def solve_block(matrix: BlockMatrix, damping: float, gradient: Vector, *, place: str) -> Vector:
    """Return the solution of the damped system in the form that the matrix has, unpruned.

    Raises:
        InputError: the damped matrix is singular, or an iteration does not converge.
    """
    if matrix.dense is not None:
        damped = damp(matrix.dense, damping)
        return solve_dense(damped, gradient, is_damped=damping > 0, place=place).step
    if damping == 0 and 0 < matrix.factor_rows < matrix.dim:
        raise InputError(f"{place}: the matrix is singular; {REMEDY}")
    if matrix.rows is not None:
        return solve_woodbury(matrix.rows, damping, gradient)
    return solve_products(matrix.multiply, damping, gradient, place=place)


def damp(matrix: Matrix, damping: float) -> Matrix:
    """Return the matrix with something added to its diagonal."""
    damped = matrix.copy()
    damped[np.diag_indices_from(damped)] += damping
    return damped


def _check_undamped(matrix: Matrix, place: str) -> None:
    """Refuse what has no meaning without damping."""
    values = np.linalg.eigvalsh(matrix)
    largest = float(np.max(np.abs(values)))
    slack = len(matrix) * float(np.finfo(np.float64).eps) * largest
    if float(np.min(np.abs(values))) <= slack:
        raise InputError(f"{place}: the matrix is singular; {REMEDY}")
    if float(values[0]) < 0:
        raise InputError(
            f"{place}: the matrix is indefinite (lambda_min {values[0]:.3g}); {REMEDY}"
        )


def _solve_indefinite(matrix: Matrix, gradient: Vector, place: str) -> Solved:
    """Solve by LU; refuse what is singular to rounding."""
    factor, estimate = scipy.linalg.get_lapack_funcs(("getrf", "gecon"), (matrix,))
    upper, pivots, flaw = factor(matrix)
    inverse_kappa = estimate(upper, np.linalg.norm(matrix, 1))[0]
    if flaw > 0 or not inverse_kappa >= float(np.finfo(np.float64).eps):
        raise InputError(
            f"{place}: the matrix is singular in spite of its damping; take another"
            " algorithm.damping.value"
        )
    log_det = float(np.sum(np.log(np.abs(np.diag(upper)))))

    def invert(right: Vector) -> Vector:
        return scipy.linalg.lu_solve((upper, pivots), right)

    return Solved(step=invert(gradient), is_definite=False, log_det=log_det, invert=invert)
