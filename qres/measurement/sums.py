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
        self.totals: list[torch.Tensor] = []

    @property
    def is_whole(self) -> bool:
        """Whether no part is half added: only whole parts are."""
        return True

    def add(self, parts: Sequence[torch.Tensor]) -> None:
        """Add one part of each sum."""
        if self.totals:  # not in place: autograd may hand out what is expanded
            pairs = zip(self.totals, parts, strict=True)
            self.totals = [total + part for total, part in pairs]
        else:
            self.totals = list(parts)

    def pack(self, *, is_last: bool) -> list[NDArray[Any]]:
        """Return the sums so far."""
        return [total.cpu().numpy() for total in self.totals]

    def unpack(self, arrays: list[NDArray[Any]]) -> None:
        """Put in place what `pack` returned."""
        self.totals = [torch.from_numpy(array).to(self.device) for array in arrays]
