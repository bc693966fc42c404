r"""Does a matrix follow from its index? Constant diagonals, whole or cut at powers of two.

A diagonal of offset $o$ holds one value $a$ at all $(i, i+o)$ with
$\lfloor i/2^k\rfloor = \lfloor (i+o)/2^k\rfloor$ for one $k$, and nothing elsewhere: whole diagonals
(Toeplitz, banded) have $2^k \ge r$, the neighbours of a grid are cut at the ends of its lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qres.measurement.matrix_files import Matrix
from qres.notation.quantity import Quantity

MAX_DIAGONALS = 4096
"""Matrices with more diagonals are not looked at."""


@dataclass(frozen=True, kw_only=True)
class Diagonals:
    """The diagonals of a matrix, in the order of their offsets.

    Args:
        dim: rows of the matrix.
        offsets: column less row.
        values: the one value of each diagonal.
        cuts: exponent $k$ of the length at which each is cut; that of all indices where it is whole.
    """

    dim: int
    offsets: tuple[int, ...]
    values: tuple[float, ...]
    cuts: tuple[int, ...]

    @property
    def lengths(self) -> tuple[int, ...]:
        """The different exponents of diagonals that shift an index."""
        pairs = zip(self.offsets, self.cuts, strict=True)
        return tuple(sorted({cut for offset, cut in pairs if offset != 0}))

    def describe(self) -> dict[str, Quantity]:
        """Return what an encoding by shifts must know; exact, the entries are compared as they are."""

        def quantity(value: float | int, method: str) -> Quantity:
            return Quantity(value=value, method=f"constant diagonals: {method}")

        return {
            "n_diagonals": quantity(len(self.offsets), "their number"),
            "diagonal_sum": quantity(
                float(np.sum(np.abs(self.values))), "sum of their absolute values"
            ),
            "shift_bits": quantity(sum(self.lengths), "bits of the additions that shift an index"),
            "n_cuts": quantity(len(self.lengths), "different lengths at which they are cut"),
        }


def find_diagonals(matrix: Matrix) -> Diagonals | str:
    """Return the diagonals, or in words why the entries do not follow from the index."""
    entries = matrix.tocoo(copy=True)
    entries.eliminate_zeros()
    rows = entries.row.astype(np.int64)
    steps = entries.col.astype(np.int64) - rows
    order = np.argsort(steps, kind="stable")
    offsets, starts = np.unique(steps[order], return_index=True)
    if len(offsets) > MAX_DIAGONALS:
        return f"{len(offsets):,} diagonals, more than {MAX_DIAGONALS:,} are not looked at"
    if offsets.tolist() == [0]:
        return "only the main diagonal holds entries"
    dim = matrix.shape[0]
    values, cuts = [], []
    parts = zip(
        offsets.tolist(),
        np.split(entries.data[order], starts[1:]),
        np.split(rows[order], starts[1:]),
        strict=True,
    )
    for offset, data, places in parts:
        if np.any(data != data[0]):
            return f"diagonal {offset} is not constant"
        cut = _find_cut(dim, offset, np.sort(places))
        if cut is None:
            return f"diagonal {offset} has gaps that are no cuts at multiples of a power of two"
        values.append(float(data[0]))
        cuts.append(cut)
    return Diagonals(
        dim=dim, offsets=tuple(offsets.tolist()), values=tuple(values), cuts=tuple(cuts)
    )


def _find_cut(dim: int, offset: int, places: NDArray[np.int64]) -> int | None:
    """Return the exponent of the length at which a diagonal is cut, None where there is none."""
    first, last = max(0, -offset), min(dim, dim - offset)
    everywhere = np.arange(first, last)
    if len(places) == len(everywhere):
        return (dim - 1).bit_length()
    lost = np.flatnonzero(places != everywhere[: len(places)])
    gap = int(everywhere[lost[0]]) if len(lost) else int(everywhere[len(places)])
    length = gap + max(offset, 0)
    cut = length.bit_length() - 1
    is_cut = length == 1 << cut
    kept = everywhere[everywhere >> cut == (everywhere + offset) >> cut]
    return cut if is_cut and np.array_equal(kept, places) else None
