r"""Pruning that keeps symmetry and diagonal.

In each row the $k = \lceil (1-f)(N-1) \rceil$ largest entries beside the diagonal stay; an entry stays
if its row or its column keeps it (the mask is joined with its transpose), and the diagonal always
does. With $E$ what went, $\lVert E\rVert_2 \le \max_i \sum_j |E_{ij}|$; what that does to the step
says `bound_change`.

Q-Newton's code keeps the largest entries row by row without joining, which is not symmetric.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
        return float(np.max(np.sum(np.abs(self.dropped), axis=1)))


def prune_symmetric(matrix: Matrix, fraction: float) -> Pruned:
    """Drop up to `fraction` of the entries beside the diagonal of a symmetric matrix.

    Args:
        matrix: shape (N, N).
        fraction: from 0 to 1, of each row.
    """
    dim = len(matrix)
    n_kept = math.ceil((1 - fraction) * (dim - 1))
    sizes = np.abs(matrix)
    np.fill_diagonal(sizes, -1.0)
    mask = np.zeros(matrix.shape, dtype=bool)
    if n_kept:
        largest = np.argpartition(sizes, dim - n_kept, axis=1)[:, dim - n_kept :]
        np.put_along_axis(mask, largest, True, axis=1)
    mask |= mask.T
    np.fill_diagonal(mask, True)
    beside = dim * (dim - 1)
    return Pruned(
        matrix=np.where(mask, matrix, 0.0),
        dropped=np.where(mask, 0.0, matrix),
        share=float(np.count_nonzero(~mask)) / beside if beside else 0.0,
    )


def bound_change(norm: float, lambda_min: float) -> float | None:
    r"""Return the largest $\lVert x' - x\rVert / \lVert x\rVert$; None where there is no bound.

    $(A - E)(x' - x) = E x$, so it is at most $\lVert E\rVert / (\lambda_{\min}(A) - \lVert E\rVert)$.

    Args:
        norm: of what went, or a bound of it.
        lambda_min: smallest eigenvalue of the whole matrix A.
    """
    return norm / (lambda_min - norm) if norm < lambda_min else None
