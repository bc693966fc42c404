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

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs, get_lapack_funcs

_LANGE, _SYCON, _SYTRF, _SYTRF_LWORK, _SYTRS = get_lapack_funcs(
    ("lange", "sycon", "sytrf", "sytrf_lwork", "sytrs"), dtype=np.float64
)
(_SYMV,) = get_blas_funcs(("symv",), dtype=np.float64)

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Factorisation:
    r"""$L D L^T$ of a symmetric matrix.

    Args:
        packed: $L$ and $D$ as LAPACK leaves them in the lower triangle.
        pivots: of LAPACK, negative for both rows of a block of two.
        inverse_kappa: estimate of $1/(\lVert A\rVert_1\lVert A^{-1}\rVert_1)$; 0 where a block of $D$
            has no inverse.
    """

    packed: Matrix
    pivots: NDArray[np.int32]
    inverse_kappa: float

    @property
    def is_regular(self) -> bool:
        """Whether the matrix has an inverse beyond rounding."""
        return self.inverse_kappa > len(self.packed) * float(np.finfo(np.float64).eps)

    @property
    def is_definite(self) -> bool:
        """Whether every eigenvalue is positive."""
        return bool(np.all(self.pivots > 0) and np.all(np.diag(self.packed) > 0))

    @property
    def log_det(self) -> float:
        """Natural logarithm of the absolute determinant."""
        first = np.flatnonzero(self.pivots < 0)[::2]
        diagonal = np.diag(self.packed)
        pairs = diagonal[first] * diagonal[first + 1] - self.packed[first + 1, first] ** 2
        singles = diagonal[self.pivots > 0]
        return float(np.sum(np.log(np.abs(singles))) + np.sum(np.log(np.abs(pairs))))

    def invert(self, right: Vector) -> Vector:
        """Return the solution for a right-hand side."""
        return _SYTRS(self.packed, self.pivots, right, lower=1)[0]


def factorise(matrix: Matrix) -> Factorisation:
    """Return the factorisation of a symmetric matrix, shape (N, N)."""
    columns = matrix.T  # the same numbers, in the order of LAPACK
    room = int(_SYTRF_LWORK(len(matrix), lower=1)[0])
    packed, pivots, flaw = _SYTRF(columns, lower=1, lwork=room)
    norm = _LANGE("1", columns)
    rest = 0.0 if flaw > 0 else float(_SYCON(packed, pivots, norm, lower=1)[0])
    return Factorisation(packed=packed, pivots=pivots, inverse_kappa=rest)


def multiplier(matrix: Matrix) -> Callable[[Vector], Vector]:
    """Return the product with a symmetric matrix, of which one triangle is read."""
    columns = matrix.T
    return lambda vector: _SYMV(1.0, columns, vector, lower=1)


def find_largest(matrix: Matrix) -> float:
    """Return the largest absolute value of the entries."""
    return float(max(np.max(matrix), -np.min(matrix)))
