"""Weights in files: a user's checkpoint, and our own record of a pruned network.

Only tensors are read: `.safetensors`, or `.pt`/`.pth` with `weights_only`; nothing in a checkpoint
is executed.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from qres.errors import InputError
from qres.files import read_bytes

MAX_BYTES = 4 * 2**30
"""Checkpoints larger than this are refused."""

Tensors = dict[str, torch.Tensor]


def load_checkpoint(module: torch.nn.Module, path: Path) -> None:
    """Put the weights of a checkpoint into the module.

    Raises:
        InputError: unreadable, a name is missing or unknown, a shape differs, NaN or infinity.
    """
    tensors = _read(path)
    _check_fit(module.state_dict(), tensors, path)
    module.load_state_dict(tensors)


def pack_weights(module: torch.nn.Module, mask: Mapping[str, torch.Tensor]) -> bytes:
    """Return the weights and the mask of a network as the bytes of one safetensors file."""
    return safetensors.torch.save(copy_tensors(module, mask))


def copy_tensors(module: torch.nn.Module, mask: Mapping[str, torch.Tensor]) -> Tensors:
    """Return `weight:NAME` and `mask:NAME` of a network, each in memory of its own.

    A file holds no two tensors that share memory, as tied weights do; they are written under every
    name that they have, and tied again in the module that reads them back.
    """
    tensors = {f"weight:{name}": item for name, item in module.state_dict().items()}
    tensors |= {f"mask:{name}": item for name, item in mask.items()}
    whole = torch.contiguous_format
    return {name: item.clone(memory_format=whole) for name, item in tensors.items()}


def unpack_weights(module: torch.nn.Module, data: bytes) -> Tensors:
    """Put packed weights into the module and return the mask."""
    tensors = safetensors.torch.load(data)
    weights = {name[7:]: item for name, item in tensors.items() if name.startswith("weight:")}
    module.load_state_dict(weights)
    return {name[5:]: item for name, item in tensors.items() if name.startswith("mask:")}


def _read(path: Path) -> Tensors:
    """Return the tensors of a file, by the format that its suffix names."""
    if path.suffix == ".safetensors":
        try:
            return safetensors.torch.load(read_bytes(path, limit=MAX_BYTES))
        except safetensors.SafetensorError as error:
            raise InputError(f"{path}: not a safetensors file ({error})") from None
    if path.suffix not in (".pt", ".pth"):
        raise InputError(f"{path}: checkpoint must end in .safetensors, .pt or .pth")
    read_bytes(path, limit=MAX_BYTES)
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError):
        raise InputError(f"{path}: not a file of tensors only; save module.state_dict()") from None
    if not isinstance(loaded, dict) or not all(torch.is_tensor(t) for t in loaded.values()):
        raise InputError(f"{path}: must hold a state_dict (names and tensors)")
    return loaded


def _check_fit(needed: Mapping[str, torch.Tensor], found: Tensors, path: Path) -> None:
    """Refuse tensors that are not those of the network."""
    for name, tensor in needed.items():
        if name not in found:
            raise InputError(f"{path}: no tensor '{name}' {tuple(tensor.shape)}; {_listed(found)}")
        shape = tuple(found[name].shape)
        if shape != tuple(tensor.shape):
            raise InputError(
                f"{path}: '{name}' has shape {shape}, the network needs {tuple(tensor.shape)}"
            )
        if not bool(torch.isfinite(found[name]).all()):
            raise InputError(f"{path}: '{name}' holds NaN or infinity")
    extra = sorted(set(found) - set(needed))
    if extra:
        raise InputError(f"{path}: '{extra[0]}' is no tensor of the network; {_listed(needed)}")


def _listed(names: Mapping[str, object]) -> str:
    """Say which names there are, at most six."""
    first = list(names)[:6]
    return "there are " + ", ".join(first) + (", ..." if len(names) > 6 else "")
