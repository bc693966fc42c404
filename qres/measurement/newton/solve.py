"""One linear system of a step: damp, prune, solve, and write down what a solver must know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, gmres

from qres.errors import InputError
from qres.measurement.newton.curvature import BlockMatrix
from qres.measurement.newton.pruning import prune_symmetric
from qres.measurement.newton.symmetric import Factorisation, factorise, multiplier

RESIDUAL = 1e-10
"""Relative residual at which conjugate gradients and GMRES stop."""

UNSOLVED = 1e-8
"""Part of the gradient that a step without pruning may leave, after GMRES."""

CORRECTIONS = 24
"""Iterations of GMRES before a second factorisation takes their place, which costs more than as many."""

MAX_ITERATIONS = 20_000

REMEDY = "take algorithm.damping.value above 0"

DEFINITE = "take algorithm.curvature: gauss-newton or more damping"
"""What makes a matrix definite that is too large to be formed."""

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Solved:
    """The solution of a system whose matrix was formed, and the factors of the matrix."""

    step: Vector
    factor: Factorisation


def solve_dense(matrix: Matrix, gradient: Vector, *, is_damped: bool, place: str) -> Solved:
    r"""Solve with a formed matrix by $L D L^T$, which an indefinite one has as well.

    Args:
        matrix: symmetric, shape (N, N), damped if it is.
        gradient: right-hand side.
        is_damped: whether anything was added to the diagonal.
        place: opens the error message.

    Raises:
        InputError: it is singular to rounding, or indefinite without damping.
    """
    factor = factorise(matrix)
    check_regular(factor.is_regular, is_damped=is_damped, place=place)
    check_definite(factor, is_damped=is_damped, place=place)
    return Solved(step=factor.invert(gradient), factor=factor)


def check_regular(is_regular: bool, *, is_damped: bool, place: str) -> None:
    """Refuse a matrix without an inverse."""
    if not is_regular:
        way = "singular in spite of its damping; take another algorithm.damping.value"
        raise InputError(f"{place}: the matrix is {way if is_damped else f'singular; {REMEDY}'}")


def check_definite(factor: Factorisation, *, is_damped: bool, place: str) -> None:
    """Refuse an indefinite matrix that nothing was added to."""
    if not is_damped and not factor.is_definite:
        lowest = float(scipy.linalg.eigvalsh(factor.matrix, subset_by_index=(0, 0))[0])
        raise InputError(f"{place}: the matrix is indefinite (lambda_min {lowest:.3g}); {REMEDY}")


def find_change(
    dropped: Matrix,
    step: Vector,
    gradient: Vector,
    factor: Factorisation,
    *,
    is_damped: bool,
    place: str,
) -> Vector:
    r"""Return $x' - x$, what dropping entries did to a solution.

    $(A - E) x' = g$ and $A x = g$, so $A (x' - x) = E x'$, which GMRES solves (Saad and Schultz 1986)
    with the factors of $A - E$ in front: what was dropped is small beside what stayed, or was meant to
    be. Where it is not, or nothing was added to the diagonal, $A$ is factorised too. GMRES sees what is
    left behind those factors; whether that is little is decided by $\lVert Ax - g\rVert/\lVert g\rVert$.

    Args:
        dropped: $E$.
        step: $x'$.
        gradient: $g$.
        factor: of $A - E$.
        is_damped: whether anything was added to the diagonal.
        place: opens the error message.

    Raises:
        InputError: $A$ is singular to rounding, or indefinite without damping.
    """
    multiply = multiplier(dropped)
    image = multiply(step)
    if is_damped:  # else the factors of $A$ tell whether it may be solved with at all
        change, flaw = gmres(
            _Corrected(dropped, factor),
            factor.invert(image),
            rtol=RESIDUAL,
            atol=0.0,
            restart=CORRECTIONS,
            maxiter=1,
        )
        before = step - change
        rest = multiplier(factor.matrix)(before) + multiply(before) - gradient
        if flaw == 0 and np.linalg.norm(rest) <= UNSOLVED * np.linalg.norm(gradient):
            return change
    whole = factor.matrix + dropped
    return solve_dense(whole, image, is_damped=is_damped, place=place).step


class _Corrected(LinearOperator):
    r"""$(A - E)^{-1} A = I + (A - E)^{-1} E$, from $E$ and the factors of $A - E$."""

    def __init__(self, dropped: Matrix, factor: Factorisation) -> None:
        super().__init__(dtype=dropped.dtype, shape=dropped.shape)
        self.product, self.factor = multiplier(dropped), factor

    def _matvec(self, x: Vector) -> Vector:
        return x + self.factor.invert(self.product(x))


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
        InputError: the matrix turns out not to be positive definite, or they do not converge.
    """
    step, rest = np.zeros_like(gradient), gradient.copy()
    direction, square = rest.copy(), float(rest @ rest)
    goal = RESIDUAL**2 * square
    for _ in range(MAX_ITERATIONS):
        if square <= goal:
            return step
        image = multiply(direction) + damping * direction
        bend = float(direction @ image)
        if not bend > 0:
            raise InputError(
                f"{place}: the damped matrix is not positive definite: conjugate gradients met"
                f" curvature {bend / float(direction @ direction):.3g}; {DEFINITE}"
            )
        length = square / bend
        step += length * direction
        rest -= length * image
        before, square = square, float(rest @ rest)
        direction = rest + square / before * direction
    raise InputError(
        f"{place}: conjugate gradients do not converge in {MAX_ITERATIONS:,} iterations; take a"
        " larger algorithm.damping.value"
    )


def solve_block(
    matrix: BlockMatrix, damping: float, gradient: Vector, *, place: str, prune: float = 0.0
) -> Vector:
    """Return the solution of the damped system in the form that the matrix has.

    Args:
        matrix: undamped.
        damping: what is added to its diagonal.
        gradient: right-hand side.
        place: opens the error message.
        prune: part of the entries beside the diagonal that may go, of a matrix that is formed.

    Raises:
        InputError: the damped matrix is singular, not definite where it must be, or an iteration
            does not converge.
    """
    if matrix.dense is not None:
        kept = prune_symmetric(matrix.dense, prune).matrix if prune else matrix.dense.copy()
        damp(kept, damping)
        return solve_dense(kept, gradient, is_damped=damping > 0, place=place).step
    if damping == 0 and 0 < matrix.factor_rows < matrix.dim:
        raise InputError(f"{place}: the matrix is singular; {REMEDY}")
    if matrix.rows is not None:
        return solve_woodbury(matrix.rows, damping, gradient)
    return solve_products(matrix.multiply, damping, gradient, place=place)


def damp(matrix: Matrix, damping: float) -> None:
    """Add something to the diagonal of a matrix, in place."""
    matrix[np.diag_indices_from(matrix)] += damping
