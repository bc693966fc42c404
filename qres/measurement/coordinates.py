"""The active coordinates of a network: which entries of which tensors may move.

A vector of length `n_active` lists the entries that the mask leaves, tensor by tensor in the order
of `named_parameters`, row by row. Everything else is frozen at its present value (zero, if it was
pruned), so all of curvature and training is a function of this vector alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from qres.errors import InputError


@dataclass(frozen=True)
class ActiveCoordinates:
    """Indices of the active entries, and copies of all tensors in one precision.

    Args:
        base: every parameter and buffer, in that precision where it is floating point.
        indices: for each parameter with active entries, their positions in the flattened tensor.
    """

    base: Mapping[str, torch.Tensor]
    indices: Mapping[str, torch.Tensor]

    @classmethod
    def select(
        cls,
        module: torch.nn.Module,
        mask: Mapping[str, torch.Tensor] | None,
        *,
        dtype: torch.dtype = torch.float64,
        device: str | None = None,
    ) -> ActiveCoordinates:
        """Take the entries that `mask` leaves; without a mask, all that require a gradient.

        Args:
            module: comes back unchanged.
            mask: parameter name to boolean tensor, True where an entry is active.
            dtype: of the copies.
            device: of the copies; None is where the module is.
        """
        parameters = dict(module.named_parameters())
        _check_mask(parameters, mask)
        base = {name: _copy(tensor, dtype, device) for name, tensor in _all_tensors(module)}
        indices = {}
        for name, parameter in parameters.items():
            keep = _kept(parameter, None if mask is None else mask.get(name))
            if keep.numel():
                indices[name] = keep.to(base[name].device)
        if not indices:
            raise InputError("the network has no active parameter: everything is pruned or frozen")
        return cls(base, indices)

    @property
    def n_active(self) -> int:
        """Number of active coordinates."""
        return sum(index.numel() for index in self.indices.values())

    @property
    def device(self) -> torch.device:
        """Where the tensors live."""
        return next(iter(self.base.values())).device

    def find_lost(self, module: torch.nn.Module) -> list[str]:
        """Return the names of the parameters of which nothing is left, zero throughout; no biases."""
        return [
            name
            for name, _ in module.named_parameters()
            if name not in self.indices
            and name.rpartition(".")[2] != "bias"
            and not bool(self.base[name].any())
        ]

    def gather(self) -> torch.Tensor:
        """Return the vector of present values."""
        parts = [self.base[name].flatten()[index] for name, index in self.indices.items()]
        return torch.cat(parts)

    def scatter(self, vector: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return all tensors of the network with `vector` in its active entries."""
        tensors = dict(self.base)
        parts = vector.split([index.numel() for index in self.indices.values()])
        for (name, index), part in zip(self.indices.items(), parts, strict=True):
            base = self.base[name]
            is_whole = len(part) == base.numel()
            flat = part.clone() if is_whole else base.flatten().index_put((index,), part)
            tensors[name] = flat.view(base.shape)
        return tensors


def _all_tensors(module: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
    """Return parameters and buffers by name."""
    return [*module.named_parameters(), *module.named_buffers()]


def _copy(tensor: torch.Tensor, dtype: torch.dtype, device: str | None) -> torch.Tensor:
    """Return a detached copy, in this precision where it is floating point."""
    to = dtype if tensor.is_floating_point() else tensor.dtype
    return tensor.detach().to(device=device or tensor.device, dtype=to, copy=True)


def _kept(parameter: torch.Tensor, keep: torch.Tensor | None) -> torch.Tensor:
    """Return the flat positions of the active entries of one parameter."""
    if not parameter.requires_grad:
        return torch.empty(0, dtype=torch.int64)
    if keep is None:
        return torch.arange(parameter.numel(), device=parameter.device)
    return torch.nonzero(keep.to(parameter.device).bool().flatten()).flatten()


def _check_mask(
    parameters: Mapping[str, torch.Tensor], mask: Mapping[str, torch.Tensor] | None
) -> None:
    """Refuse a mask that names an unknown tensor or has another shape."""
    for name, keep in (mask or {}).items():
        if name not in parameters:
            raise InputError(f"mask: no parameter '{name}'; there are {', '.join(parameters)}")
        if keep.shape != parameters[name].shape:
            found, needed = tuple(keep.shape), tuple(parameters[name].shape)
            raise InputError(f"mask: '{name}' has shape {found}, the parameter {needed}")
