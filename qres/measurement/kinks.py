"""How much of a network crosses a kink while it trains.

The derivatives of a piecewise linear activation miss its kinks. What they miss happens where the
pre-activation of a unit, on a sample, passes to another piece between the start and any later step:
`kink_share` is the part of all (unit, sample) pairs for which it does.

Source: derived.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from qres.measurement.curvature import Curvature, Vector
from qres.measurement.networks import KINKED

Pieces = NDArray[np.int8]


class KinkWatch:
    """Counts the pairs of unit and sample that have changed their piece since the start."""

    def __init__(self, curvature: Curvature) -> None:
        self._curvature = curvature
        self._first = self._find_pieces(curvature.start)
        self._changed = np.zeros(self._first.shape, dtype=bool)

    @classmethod
    def of(cls, curvature: Curvature) -> KinkWatch | None:
        """Return a watch, None where no layer has pieces that can be counted."""
        if not any(isinstance(layer, KINKED) for layer in curvature.module.modules()):
            return None  # without a pass through all the data
        watch = cls(curvature)
        return watch if watch._changed.size else None

    def visit(self, weights: Vector) -> None:
        """Note which pairs are elsewhere at these weights."""
        self._changed |= self._find_pieces(weights) != self._first

    @property
    def seen(self) -> NDArray[np.uint8]:
        """The pairs that have changed, eight in a byte."""
        return np.packbits(self._changed)

    @seen.setter
    def seen(self, packed: NDArray[np.uint8]) -> None:
        self._changed = np.unpackbits(packed, count=self._changed.size).astype(bool)

    @property
    def share(self) -> float:
        """The part of all pairs that has changed its piece at any visit."""
        return float(np.mean(self._changed)) if self._changed.size else 0.0

    def _find_pieces(self, weights: Vector) -> Pieces:
        """Return the piece of every pair, in the order in which the layers run."""
        found: list[Pieces] = []

        def note(layer: torch.nn.Module, inputs: tuple[Any, ...]) -> None:
            found.append(_find_piece(layer, inputs[0]))

        with _watch(self._curvature.module, note):
            self._curvature.loss(weights)
        # a layer that the network has and never calls has no pieces
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int8)


@contextmanager
def _watch(module: torch.nn.Module, note: Any) -> Iterator[None]:
    """Call `note` before every kinked layer runs."""
    layers = [layer for layer in module.modules() if isinstance(layer, KINKED)]
    handles = [layer.register_forward_pre_hook(note) for layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _find_piece(layer: torch.nn.Module, inputs: torch.Tensor) -> Pieces:
    """Return the number of kinks that lie below each input."""
    kinks = (0.0,)
    if isinstance(layer, torch.nn.Hardtanh):  # ReLU6 is one
        kinks = (float(layer.min_val), float(layer.max_val))
    pieces = sum((inputs > kink).to(torch.int8) for kink in kinks)
    assert isinstance(pieces, torch.Tensor)
    return pieces.flatten().cpu().numpy()
