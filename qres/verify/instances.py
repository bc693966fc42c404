"""Small matrices on which an encoding shows what it does: ordinary ones and degenerate ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Maker = Callable[[np.random.Generator, int], np.ndarray]


def _rank_one(rng: np.random.Generator, size: int) -> np.ndarray:
    return np.outer(rng.normal(size=size), rng.normal(size=size))


def _constant(rng: np.random.Generator, size: int) -> np.ndarray:
    return np.full((size, size), -rng.uniform(0.5, 2))


def _diagonal(rng: np.random.Generator, size: int) -> np.ndarray:
    return np.diag(rng.normal(size=size))


def _empty_row(rng: np.random.Generator, size: int) -> np.ndarray:
    matrix = rng.normal(size=(size, size))
    empty = int(rng.integers(size))
    matrix[empty, :] = matrix[:, empty] = 0
    return matrix


def _short_rows(rng: np.random.Generator, size: int) -> np.ndarray:
    """Signed entries in a symmetric pattern that leaves rows of different length."""
    kept = np.triu(rng.random((size, size)) < 0.4)
    kept[0, 1] = True
    return np.where(kept | kept.T, rng.normal(size=(size, size)), 0)


MATRICES: dict[str, Maker] = {
    "signed": lambda rng, size: rng.normal(size=(size, size)),
    "rank one": _rank_one,
    "constant": _constant,
    "diagonal": _diagonal,
    "empty row": _empty_row,
    "short rows": _short_rows,
}
"""Kind of matrix to (generator, rows) to a real matrix of symmetric pattern, not symmetric."""

SIZES = (2, 3, 5, 8, 13, 16)
"""Rows: one to four system qubits, padded and not."""
