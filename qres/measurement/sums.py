"""Sums over micro-batches as they grow: a state of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray


class Sums:
    """Tensors that are added up together, part by part.

    Args:
        device: of the tensors.
    """

    def __init__(self, device: torch.device | str) -> None:
        self.device = device
        self._counted: tuple[int, list[torch.Tensor]] = (0, [])

    @property
    def totals(self) -> list[torch.Tensor]:
        """The sums so far."""
        return self._counted[1]

    @property
    def done(self) -> int | None:
        """Parts that are in them."""
        return self._counted[0]

    @done.setter
    def done(self, count: int | None) -> None:
        self._counted = (count or 0, self.totals)

    def add(self, parts: Sequence[torch.Tensor]) -> None:
        """Add one part of each sum, and count it in the same assignment."""
        count, totals = self._counted
        found = list(parts)
        if count:  # not in place: autograd may hand out what is expanded
            found = [total + part for total, part in zip(totals, parts, strict=True)]
        self._counted = (count + 1, found)

    def pack(self, *, is_last: bool) -> list[NDArray[Any]]:
        """Return the sums so far."""
        return [total.cpu().numpy() for total in self.totals]

    def unpack(self, arrays: list[NDArray[Any]]) -> None:
        """Put in place what `pack` returned."""
        totals = [torch.from_numpy(array).to(self.device) for array in arrays]
        self._counted = (self._counted[0], totals)
