"""Small matrices on which an encoding shows what it does: ordinary ones and degenerate ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qres.measurement.diagonals import Diagonals

Maker = Callable[[np.random.Generator, int], Any]


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


def _one_sided(rng: np.random.Generator, size: int) -> np.ndarray:
    """A full row and a diagonal: rows of one and columns of two entries beside it."""
    matrix = np.diag(rng.normal(size=size))
    matrix[int(rng.integers(size))] = rng.normal(size=size)
    return matrix


def _upper(rng: np.random.Generator, size: int) -> np.ndarray:
    """Few entries above the diagonal, none below."""
    kept = np.triu(rng.random((size, size)) < 0.3)
    kept[0, 1] = True
    return np.where(kept, rng.normal(size=(size, size)), 0)


MATRICES: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "signed": lambda rng, size: rng.normal(size=(size, size)),
    "rank one": _rank_one,
    "constant": _constant,
    "diagonal": _diagonal,
    "empty row": _empty_row,
    "short rows": _short_rows,
    "one-sided": _one_sided,
    "upper": _upper,
}
"""Kind of matrix to (generator, rows) to a real matrix, which need not be symmetric."""


def _arrow(rng: np.random.Generator, size: int) -> np.ndarray:
    """A full column and a diagonal: columns of one and rows of two entries beside it."""
    return _one_sided(rng, size).T


def _rectangular(rng: np.random.Generator, size: int) -> np.ndarray:
    """A full matrix of half the rows; the others are zero."""
    matrix = rng.normal(size=(size, size))
    matrix[(size + 1) // 2 :] = 0
    return matrix


def _zero_rows(rng: np.random.Generator, size: int) -> np.ndarray:
    """Few entries, of which a row and another column have none."""
    matrix = np.where(rng.random((size, size)) < 0.3, rng.normal(size=(size, size)), 0)
    matrix[0, 1] = 1.5
    matrix[-1, :] = matrix[:, 0] = 0
    return matrix


UNEVEN: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    **MATRICES,
    "arrow": _arrow,
    "rectangular": _rectangular,
    "zero rows": _zero_rows,
}
"""The same with more of those whose rows and columns have different numbers of entries."""

SIZES = (2, 3, 5, 8, 13, 16)
"""Rows: one to four system qubits, padded and not."""


# ------------------------------------------------------------------ Gram matrices


@dataclass(frozen=True)
class Gram:
    r"""$V^T D V / B$ by its factors.

    Args:
        rows: $V$, one row for each output of each of $B$ samples.
        diagonal: of $D$.
        n_outputs: of a sample.
    """

    rows: np.ndarray
    diagonal: np.ndarray
    n_outputs: int = 1

    @property
    def n_samples(self) -> int:
        """$B$."""
        return len(self.rows) // self.n_outputs

    @property
    def matrix(self) -> np.ndarray:
        """The Gram matrix."""
        return self.rows.T * self.diagonal @ self.rows / self.n_samples


def _gram(rng: np.random.Generator, size: int, samples: int, outputs: int = 1) -> Gram:
    count = samples * outputs
    return Gram(rng.normal(size=(count, size)), rng.normal(size=count), outputs)


def _equal_rows(rng: np.random.Generator, size: int) -> Gram:
    return Gram(np.tile(rng.normal(size=size), (3, 1)), -np.ones(3))


def _empty_samples(rng: np.random.Generator, size: int) -> Gram:
    """A row and a column of zeros, and a factor that is zero."""
    found = _gram(rng, size, 3, 2)
    found.rows[[0, 3], :] = found.rows[:, size - 1] = found.diagonal[4] = 0
    return found


def _single_entries(rng: np.random.Generator, size: int) -> Gram:
    return Gram(np.diag(rng.normal(size=size)), rng.uniform(0.1, 1, size))


GRAMS: dict[str, Callable[[np.random.Generator, int], Gram]] = {
    "signed": lambda rng, size: _gram(rng, size, 5),
    "2 outputs": lambda rng, size: _gram(rng, size, 4, 2),
    "rank one": lambda rng, size: _gram(rng, size, 1),
    "equal rows": _equal_rows,
    "empty row": _empty_samples,
    "diagonal": _single_entries,
}
"""Kind of a Gram matrix to (generator, columns) to its factors."""


# ------------------------------------------------------------------ constant diagonals


def dense_diagonals(given: Diagonals) -> np.ndarray:
    r"""Return the matrix: $a_d$ at $(i, i + o_d)$ where both lie in one piece of $2^k$ indices."""
    found = np.zeros((given.dim, given.dim))
    for offset, value, cut in zip(given.offsets, given.values, given.cuts, strict=True):
        for row in range(max(0, -offset), min(given.dim, given.dim - offset)):
            found[row, row + offset] = value if row >> cut == (row + offset) >> cut else 0
    return found


def _diagonals(size: int, parts: Sequence[tuple[int, float, int]]) -> Diagonals:
    offsets, values, cuts = zip(*sorted(parts), strict=True)
    return Diagonals(dim=size, offsets=offsets, values=tuple(map(float, values)), cuts=cuts)


def _whole(rng: np.random.Generator, size: int, offsets: Sequence[int]) -> Diagonals:
    bits = (size - 1).bit_length()
    return _diagonals(size, [(offset, rng.normal(), bits) for offset in offsets])


def _grid(rng: np.random.Generator, size: int) -> Diagonals:
    """Neighbours in lines of half the indices, lines whole: two lengths, and a third below."""
    bits = (size - 1).bit_length()
    line = max(1, bits - 1)
    parts = [
        (0, 4.0, bits),
        (2**line, -rng.uniform(), bits),
        (1, -1.0, line),
        (-1, rng.normal(), 1),
    ]
    return _diagonals(size, [part for part in parts if abs(part[0]) < size])


DIAGONALS: dict[str, Callable[[np.random.Generator, int], Diagonals]] = {
    "banded": lambda rng, size: _whole(rng, size, (-1, 0, 1)),
    "toeplitz": lambda rng, size: _whole(rng, size, range(1 - size, size)),
    "one sided": lambda rng, size: _whole(rng, size, sorted({1, size // 2, size - 1})),
    "one diagonal": lambda rng, size: _whole(rng, size, (-1,)),
    "grid": _grid,
}
"""Kind of matrix to (generator, rows) to its constant diagonals."""
