"""The blocks of a Newton step: all parameters at once, or one for each tensor with its bias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from qres.measurement.coordinates import ActiveCoordinates

JOINED = ("weight", "bias")
"""Tensors of one module with these names share a block."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some of the active coordinates.

    Args:
        name: of the layer or tensor, or `all`.
        positions: in the vector of all active coordinates, ascending.
        mask: parameter name to boolean tensor, True in the block; for `Curvature`.
    """

    name: str
    positions: NDArray[np.int64]
    mask: Mapping[str, torch.Tensor]

    @property
    def dim(self) -> int:
        """Parameters of the block."""
        return len(self.positions)


def list_blocks(
    module: torch.nn.Module, mask: Mapping[str, torch.Tensor] | None, kind: str
) -> tuple[Block, ...]:
    """Return the blocks that share out the active parameters, in their order.

    Args:
        module: the network.
        mask: what is active; None is all that requires a gradient.
        kind: `full` or `layer`.
    """
    coordinates = ActiveCoordinates.select(module, mask)
    names: dict[str, list[str]] = {}
    for name in coordinates.indices:
        names.setdefault("all" if kind == "full" else _owner(name), []).append(name)
    return tuple(_make(block, parts, coordinates, module) for block, parts in names.items())


def _owner(name: str) -> str:
    """Return the module of a weight or bias, the name itself of any other tensor."""
    module, _, last = name.rpartition(".")
    return module if module and last in JOINED else name


def _make(
    name: str, parts: list[str], coordinates: ActiveCoordinates, module: torch.nn.Module
) -> Block:
    positions, start = [], 0
    for tensor, index in coordinates.indices.items():
        if tensor in parts:
            positions.append(np.arange(start, start + index.numel()))
        start += index.numel()
    mask = {}
    for tensor, parameter in module.named_parameters():
        flat = torch.zeros(parameter.numel(), dtype=torch.bool)
        if tensor in parts:
            flat[coordinates.indices[tensor]] = True
        mask[tensor] = flat.view(parameter.shape)
    return Block(name=name, positions=np.concatenate(positions), mask=mask)
