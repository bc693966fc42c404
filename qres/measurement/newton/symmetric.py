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

_LANGE, _SYCON, _SYCONV, _SYTRF, _SYTRF_LWORK = get_lapack_funcs(
    ("lange", "sycon", "syconv", "sytrf", "sytrf_lwork"), dtype=np.float64
)
_SYMV, _TRSV = get_blas_funcs(("symv", "trsv"), dtype=np.float64)

STEPS = 12
"""Of Lanczos on either end where one-norms leave open whether there is an inverse."""

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Factorisation:
    r"""$L D L^T$ of a symmetric matrix whose rows and columns are put in another order.

    Args:
        matrix: what was factorised.
        lower: $L$ below the diagonal, on it that of $D$.
        beside: the entry of $D$ beside its diagonal, at the first row of each block of two.
        order: row of the matrix that stands at each place.
        pivots: of LAPACK, negative for both rows of a block of two.
        has_zero: whether a block of $D$ has no inverse.
        inverse_kappa: estimate of $1/(\lVert A\rVert_1\lVert A^{-1}\rVert_1)$, 0 where there is no
            inverse; None where nobody asked for it.
    """

    matrix: Matrix
    lower: Matrix
    beside: Vector
    order: NDArray[np.intp]
    pivots: NDArray[np.int32]
    has_zero: bool
    inverse_kappa: float | None

    @cached_property
    def is_regular(self) -> bool:
        r"""Whether the matrix has an inverse beyond rounding, $1/\kappa_2 > N\epsilon$.

        $1/\kappa_1 \le 1/\kappa_2 \le N/\kappa_1$, so the estimate decides but for a gap of $N$, in which
        large matrices lie that are badly conditioned and no more; there both norms are looked for.
        """
        known, rounding = self.inverse_kappa, find_rounding(len(self.lower))
        if known is not None and (known > rounding or known <= EPSILON):
            return known > rounding
        return not self.has_zero and self._find_inverse_kappa() > rounding

    @cached_property
    def is_definite(self) -> bool:
        """Whether every eigenvalue is positive."""
        return bool(np.all(self.pivots > 0) and np.all(np.diag(self.lower) > 0))

    @property
    def log_det(self) -> float:
        """Natural logarithm of the absolute determinant."""
        first, diagonal = self._pairs, np.diag(self.lower)
        pairs = diagonal[first] * diagonal[first + 1] - self.beside[first] ** 2
        singles = diagonal[self.pivots > 0]
        return float(np.sum(np.log(np.abs(singles))) + np.sum(np.log(np.abs(pairs))))

    def invert(self, right: Vector) -> Vector:
        """Return the solution for a right-hand side."""
        inner = self._divide(_TRSV(self.lower, right[self.order], lower=1, diag=1))
        found = np.empty_like(inner)
        found[self.order] = _TRSV(self.lower, inner, lower=1, trans=1, diag=1)
        return found

    @cached_property
    def _pairs(self) -> NDArray[np.intp]:
        """The first row of each block of two."""
        return np.flatnonzero(self.pivots < 0)[::2]

    def _divide(self, right: Vector) -> Vector:
        """Return the solution with $D$, blocks of two over their entry beside the diagonal."""
        first, diagonal = self._pairs, np.diag(self.lower)
        found = np.empty_like(right)
        is_single = self.pivots > 0
        found[is_single] = right[is_single] / diagonal[is_single]
        scale = self.beside[first]
        upper, lower = diagonal[first] / scale, diagonal[first + 1] / scale
        one, other = right[first] / scale, right[first + 1] / scale
        rest = upper * lower - 1
        found[first] = (lower * one - other) / rest
        found[first + 1] = (upper * other - one) / rest
        return found

    def _find_inverse_kappa(self) -> float:
        r"""Return $1/(\lVert A\rVert_2\lVert A^{-1}\rVert_2)$, both from a few steps of Lanczos."""
        norms = []
        for product in (multiplier(self.matrix), self.invert):
            rng = np.random.default_rng(0)
            found = find_extremes(product, len(self.lower), steps=STEPS, rng=rng, max_steps=STEPS)
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
    lower, beside, _ = _SYCONV(packed, pivots, lower=1, overwrite_a=1)
    return Factorisation(
        matrix=matrix,
        lower=lower,
        beside=beside,
        order=_find_order(pivots),
        pivots=pivots,
        has_zero=flaw > 0,
        inverse_kappa=rest,
    )


def _estimate_inverse_kappa(
    matrix: Matrix, packed: Matrix, pivots: NDArray[np.int32], flaw: int
) -> float:
    if flaw > 0:
        return 0.0
    return float(_SYCON(packed, pivots, find_row_sum(matrix), lower=1)[0])


def _find_order(pivots: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return which row the exchanges of LAPACK bring to each place; they count from 1.

    A block of two exchanges its second row alone, the one that both of its entries name.
    """
    order = list(range(len(pivots)))
    firsts = set(np.flatnonzero(pivots < 0)[::2].tolist())
    for row, other in enumerate((np.abs(pivots) - 1).tolist()):
        if row not in firsts:
            order[row], order[other] = order[other], order[row]
    return np.array(order)


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
