r"""Pruning that keeps symmetry and diagonal.

In each row the $k = \lceil (1-f)(N-1) \rceil$ largest entries beside the diagonal stay; an entry stays
if its row or its column keeps it (the mask is joined with its transpose), and the diagonal always
does. With $E$ what went, $\lVert E\rVert_2 \le \max_i \sum_j |E_{ij}|$.

With $A$ the whole matrix, $A x = g$ and $(A - E) x' = g$, so $(A - E)(x' - x) = E x$, and the step
changes by at most $\lVert E\rVert / \sigma_{\min}(A - E)$ of its norm, whatever the signs of the
eigenvalues. As $\sigma_{\min}(A - E) \ge \lambda_{\min}(A) - \lVert E\rVert$, that is never more than
$\lVert E\rVert / (\lambda_{\min}(A) - \lVert E\rVert)$ where the latter says anything.

Q-Newton's code keeps the largest entries row by row without joining, which is not symmetric.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qres.measurement.newton.symmetric import find_row_sum

AT_ONCE = 32
"""Rows whose largest entries are looked for together: as many as a cache holds."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """A pruned matrix.

    Args:
        matrix: what stayed.
        dropped: what went, symmetric, zero on the diagonal.
        share: part of the entries beside the diagonal that went.
    """

    matrix: Matrix
    dropped: Matrix
    share: float

    @property
    def norm_bound(self) -> float:
        """Largest row sum of what went, an upper bound of its spectral norm."""
        return find_row_sum(self.dropped)


def prune_symmetric(matrix: Matrix, fraction: float) -> Pruned:
    """Drop up to `fraction` of the entries beside the diagonal of a symmetric matrix.

    Args:
        matrix: shape (N, N).
        fraction: from 0 to 1, of each row.
    """
    dim = len(matrix)
    mask = _find_largest(matrix, math.ceil((1 - fraction) * (dim - 1)))
    mask |= mask.T
    np.fill_diagonal(mask, True)
    kept, beside = matrix * mask, dim * (dim - 1)
    return Pruned(
        matrix=kept,
        dropped=matrix - kept,
        share=float(np.count_nonzero(~mask)) / beside if beside else 0.0,
    )


def _find_largest(matrix: Matrix, n_kept: int) -> NDArray[np.bool_]:
    """Return where the largest absolute values of each row stand, the diagonal left out."""
    dim = len(matrix)
    mask = np.zeros(matrix.shape, dtype=bool)
    for start in range(0, dim if n_kept else 0, AT_ONCE):
        sizes = np.abs(matrix[start : start + AT_ONCE])
        np.fill_diagonal(sizes[:, start:], -1.0)
        parts = np.partition(sizes, dim - n_kept, axis=1)
        least = parts[:, dim - n_kept]
        found = np.greater_equal(sizes, least[:, None], out=mask[start : start + AT_ONCE])
        # of equal entries at the border as many stay as there is room for, whichever
        tied = np.flatnonzero(np.max(parts[:, : dim - n_kept], axis=1) == least)
        found[tied] = False
        for row in tied:
            found[row, np.argpartition(sizes[row], dim - n_kept)[dim - n_kept :]] = True
    return mask
