r"""Where the orthonormal vectors of a recurrence stay, and how a new one is made orthogonal to them.

| policy | numbers | projection |
|---|---|---|
| `memory` | those of the vectors | twice |
| `bfloat16` | half or a quarter of the memory | once: the stored vectors are rounded to 8 bits |
| `disk` | those of the vectors, in a file that is gone when the run ends | twice |

What a projection takes away is small where the recurrence is right, so rounding what is taken away
matters little; the norm of it is handed back and becomes part of the stated interval.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import torch

from qres.errors import InputError

POLICIES = ("memory", "bfloat16", "disk")

CHUNK = 2**20
"""Columns that are looked at at once, where the stored numbers are not those of the vectors."""


class Basis:
    """Rows of length `dim` in the order in which they came.

    Args:
        dim: length of a row.
        limit: largest number of rows.
        policy: one of `POLICIES`.
        dtype: of the vectors.
        device: of the vectors; rows on disk are read through memory.
        folder: of the file; None is that of temporary files.
    """

    def __init__(
        self,
        dim: int,
        limit: int,
        *,
        policy: str = "memory",
        dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
        folder: Path | None = None,
    ) -> None:
        if policy not in POLICIES:
            raise InputError(f"measure.basis: {policy}; there are {', '.join(POLICIES)}")
        self.policy, self.count = policy, 0
        self._passes = 1 if policy == "bfloat16" else 2
        if policy == "disk":
            self._rows = _map_rows(limit, dim, dtype, folder)
        else:
            stored = torch.bfloat16 if policy == "bfloat16" else dtype
            self._rows = torch.empty((limit, dim), dtype=stored, device=device)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another row."""
        return self.count == len(self._rows)

    def append(self, row: torch.Tensor) -> None:
        """Add a row."""
        self._rows[self.count].copy_(row)
        self.count += 1

    def clear(self, vector: torch.Tensor) -> tuple[torch.Tensor, float]:
        """Return `vector` without its part along the rows, and the norm of that part."""
        taken = 0.0
        for _ in range(self._passes):
            along = self._multiply(vector)
            taken += float(along.norm())
            vector = self._subtract(vector, along)
        return vector, taken

    def combine(self, along: torch.Tensor) -> torch.Tensor:
        """Return the sum of the first rows, each times its number in `along`."""
        return -self._subtract(along.new_zeros(self._rows.shape[1]), along)

    def _parts(self, dim: int) -> list[slice]:
        """Return the columns that are looked at together."""
        if self.policy == "memory":
            return [slice(None)]
        return [slice(start, start + CHUNK) for start in range(0, dim, CHUNK)]

    def _multiply(self, vector: torch.Tensor) -> torch.Tensor:
        """Return the products of all rows with a vector."""
        rows = self._rows[: self.count]
        total = torch.zeros(self.count, dtype=vector.dtype, device=vector.device)
        for part in self._parts(len(vector)):
            total += rows[:, part].to(vector.device, vector.dtype) @ vector[part]
        return total

    def _subtract(self, vector: torch.Tensor, along: torch.Tensor) -> torch.Tensor:
        """Return `vector` less the first rows, each times its number in `along`."""
        rows, left = self._rows[: len(along)], vector.clone()
        for part in self._parts(len(vector)):
            left[part] -= rows[:, part].to(vector.device, vector.dtype).T @ along
        return left


def _map_rows(limit: int, dim: int, dtype: torch.dtype, folder: Path | None) -> torch.Tensor:
    """Return rows in a file without a name, which the system removes with the last reference."""
    size = torch.empty(0, dtype=dtype).element_size()
    try:
        handle, name = tempfile.mkstemp(dir=folder, prefix="basis.")
        try:
            os.ftruncate(handle, limit * dim * size)
            flat = torch.from_file(name, shared=True, size=limit * dim, dtype=dtype)
        finally:
            os.close(handle)
            Path(name).unlink()
    except OSError as error:
        raise InputError(f"measure.basis: the disk has no room ({error.strerror})") from None
    return flat.view(limit, dim)
