r"""Symmetric matrices that are formed: products with half the traffic, and $A = L D L^T$.

$L$ is unit lower triangular up to a permutation, $D$ has blocks of one and two rows. By Sylvester's law
of inertia $A$ has as many negative eigenvalues as $D$, and a block of two rows always has one; so the
same factorisation says whether $A$ is positive definite, and solves with it if it is not. It takes
$N^3/3$ operations, as many as Cholesky, half of LU.

Source: Bunch and Kaufman (1977), Mathematics of Computation 31, 163 (LAPACK's `sytrf`; recalled).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs, get_lapack_funcs

from qres.measurement.lanczos import EPSILON, find_extremes

_LANGE, _SYCON, _SYTRF, _SYTRF_LWORK, _SYTRS = get_lapack_funcs(
    ("lange", "sycon", "sytrf", "sytrf_lwork", "sytrs"), dtype=np.float64
)
(_SYMV,) = get_blas_funcs(("symv",), dtype=np.float64)

STEPS = 12
"""Of Lanczos on either end where one-norms leave open whether there is an inverse."""

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Factorisation:
    r"""$L D L^T$ of a symmetric matrix whose rows and columns are put in another order.

    Args:
        matrix: what was factorised.
        packed: $L$ below the diagonal, $D$ on it and, in the first column of each block of two, under it.
        pivots: of LAPACK, negative for both rows of a block of two.
        has_zero: whether a block of $D$ has no inverse.
        inverse_kappa: estimate of $1/(\lVert A\rVert_1\lVert A^{-1}\rVert_1)$, 0 where there is no
            inverse; None where nobody asked for it.
    """

    matrix: Matrix
    packed: Matrix
    pivots: NDArray[np.int32]
    has_zero: bool
    inverse_kappa: float | None

    @cached_property
    def is_regular(self) -> bool:
        r"""Whether the matrix has an inverse beyond rounding, $1/\kappa_2 > N\epsilon$.

        $1/\kappa_1 \le 1/\kappa_2 \le N/\kappa_1$, so the estimate decides but for a gap of $N$, in which
        large matrices lie that are badly conditioned and no more; there both norms are looked for.
        """
        known, rounding = self.inverse_kappa, find_rounding(len(self.packed))
        if known is not None and (known > rounding or known <= EPSILON):
            return known > rounding
        return not self.has_zero and self._find_inverse_kappa() > rounding

    @cached_property
    def is_definite(self) -> bool:
        """Whether every eigenvalue is positive."""
        return bool(np.all(self.pivots > 0) and np.all(np.diag(self.packed) > 0))

    @property
    def log_det(self) -> float:
        """Natural logarithm of the absolute determinant."""
        first, diagonal = np.flatnonzero(self.pivots < 0)[::2], np.diag(self.packed)
        beside = self.packed[first + 1, first]
        pairs = diagonal[first] * diagonal[first + 1] - beside**2
        singles = diagonal[self.pivots > 0]
        return float(np.sum(np.log(np.abs(singles))) + np.sum(np.log(np.abs(pairs))))

    def invert(self, right: Vector) -> Vector:
        """Return the solution for a right-hand side."""
        found: Vector = _SYTRS(self.packed, self.pivots, right, lower=1)[0]
        return found

    def _find_inverse_kappa(self) -> float:
        r"""Return $1/(\lVert A\rVert_2\lVert A^{-1}\rVert_2)$, both from a few steps of Lanczos."""
        norms = []
        for product in (multiplier(self.matrix), self.invert):
            rng = np.random.default_rng(0)
            found = find_extremes(product, len(self.packed), steps=STEPS, rng=rng, max_steps=STEPS)
            norms.append(max(abs(found.largest.value), abs(found.smallest.value)))
        return 1 / (norms[0] * norms[1])


def factorise(matrix: Matrix, *, is_estimated: bool = True) -> Factorisation:
    """Return the factorisation of a symmetric matrix.

    Args:
        matrix: shape (N, N).
        is_estimated: whether to estimate its condition number in one-norms, a sixth of the time;
            who looks for both norms anyway has no use for it.
    """
    columns = matrix.T  # the same numbers, in the order of LAPACK
    room = int(_SYTRF_LWORK(len(matrix), lower=1)[0])
    packed, pivots, flaw = _SYTRF(columns, lower=1, lwork=room)
    rest = _estimate_inverse_kappa(matrix, packed, pivots, flaw) if is_estimated else None
    return Factorisation(
        matrix=matrix, packed=packed, pivots=pivots, has_zero=flaw > 0, inverse_kappa=rest
    )


def _estimate_inverse_kappa(
    matrix: Matrix, packed: Matrix, pivots: NDArray[np.int32], flaw: int
) -> float:
    if flaw > 0:
        return 0.0
    found = float(_SYCON(packed, pivots, find_row_sum(matrix), lower=1)[0])
    return 0.0 if np.isnan(found) else found  # the norm of the inverse has left the numbers


def multiplier(matrix: Matrix) -> Callable[[Vector], Vector]:
    """Return the product with a symmetric matrix, of which one triangle is read."""
    columns = matrix.T
    return lambda vector: _SYMV(1.0, columns, vector, lower=1)


def find_rounding(dim: int) -> float:
    r"""Return the least $1/\kappa_2$ that rounding leaves: $N\epsilon$."""
    return dim * EPSILON


def find_row_sum(matrix: Matrix) -> float:
    """Return the largest sum over a row of absolute values, of a symmetric matrix."""
    return float(_LANGE("1", matrix.T))


def find_largest(matrix: Matrix) -> float:
    """Return the largest absolute value of the entries."""
    return float(max(np.max(matrix), -np.min(matrix)))
