r"""What dropping small entries of a symmetric matrix saves and what it costs.

Dropping every entry below a threshold lowers the sparsity and changes the matrix by $E$; the
spectral norm of $E$ is what the error budget pays for it.

Source: derived.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qres.measurement.lanczos import find_extremes
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.record import SparsityRow

N_THRESHOLDS = 8
LOWEST, HIGHEST = 1e-4, 10**-0.5
"""Thresholds, as parts of the largest entry, spaced evenly in the logarithm."""

DENSE_DIM = 500
"""Up to this many rows the norm of what is dropped is exact; beyond, an upper bound by Lanczos."""

Matrix = NDArray[np.float64]


def scan_thresholds(
    matrix: Matrix, *, seed: int, progress: Progress = keep_silent
) -> tuple[SparsityRow, ...]:
    """Return one row for each threshold, 0 first, of a dense symmetric matrix."""
    largest = float(np.max(np.abs(matrix), initial=0.0))
    parts = np.geomspace(LOWEST, HIGHEST, N_THRESHOLDS) if largest > 0 else []
    thresholds = [0.0, *(float(part * largest) for part in parts)]
    rows = []
    for number, threshold in enumerate(thresholds, start=1):
        rows.append(_drop(matrix, threshold, seed))
        progress("thresholds", number, len(thresholds))
    return tuple(rows)


def find_norm(matrix: Matrix, *, seed: int) -> float:
    """Return the spectral norm of a symmetric matrix, an upper bound beyond `DENSE_DIM` rows."""
    if not np.any(matrix):
        return 0.0
    if len(matrix) <= DENSE_DIM:
        return float(np.max(np.abs(np.linalg.eigvalsh(matrix))))
    rng = np.random.default_rng(seed)
    ends = find_extremes(matrix.__matmul__, len(matrix), steps=32, rng=rng, tolerance=1e-3)
    return ends.norm


def _drop(matrix: Matrix, threshold: float, seed: int) -> SparsityRow:
    """Return the row of one threshold."""
    kept = (matrix != 0) & (np.abs(matrix) >= threshold)
    dropped = np.where(kept, 0.0, matrix)
    return SparsityRow(
        threshold=threshold,
        sparsity=int(np.max(np.count_nonzero(kept, axis=1))),
        max_entry=float(np.max(np.abs(matrix), where=kept, initial=0.0)),
        dropped_norm=find_norm(dropped, seed=seed),
    )
