"""From an architecture and what it learns from to a network with its first weights."""

from __future__ import annotations

from collections import OrderedDict

import torch

from qres.config.record import Architecture, Gpt, ResNet
from qres.errors import InputError
from qres.measurement.data import Dataset
from qres.measurement.networks import build_network, find_activation
from qres.measurement.resnets import ResidualNetwork, fill_residual
from qres.measurement.transformers import Transformer, fill_transformer

MAX_PARAMS = 250_000_000
"""Residual networks and transformers of more parameters are refused: 8 bytes each, several copies."""


def build_module(
    architecture: Architecture | ResNet | Gpt, data: Dataset, generator: torch.Generator
) -> torch.nn.Module:
    """Build any network but a user's in double precision, randomly initialised.

    Two classes of features or images have one output (logistic loss), more classes one each.

    Raises:
        InputError: too large, or the network does not take such samples.
    """
    n_outputs = 1 if data.n_classes == 2 else data.n_classes
    if isinstance(architecture, ResNet):
        if data.inputs.ndim != 4:
            raise InputError(f"architecture.kind: resnet takes images; {_advise(data.name)}")
        residual = _place_residual(architecture, data.inputs.shape[1], n_outputs)
        fill_residual(residual, generator)
        return residual
    if isinstance(architecture, Gpt):
        transformer = _place_transformer(architecture, data.n_classes)
        fill_transformer(transformer, generator)
        return transformer
    chain = build_network(
        architecture, n_features=data.n_features, n_classes=data.n_classes, generator=generator
    )
    if data.inputs.ndim == 2:
        return chain
    layers = OrderedDict(flatten=torch.nn.Flatten(), **dict(chain.named_children()))
    return torch.nn.Sequential(layers)


def _place_residual(shape: ResNet, channels: int, n_outputs: int) -> ResidualNetwork:
    """Return a residual network whose weights are not set yet."""
    activation = find_activation(shape.activation)
    empty = ResidualNetwork(
        shape, activation, channels=channels, n_outputs=n_outputs, device="meta"
    )
    _check_size(empty)
    return empty.to_empty(device="cpu")


def _place_transformer(shape: Gpt, n_classes: int) -> Transformer:
    """Return a transformer whose weights are not set yet."""
    activation = find_activation(shape.activation)
    empty = Transformer(shape, activation, n_classes=n_classes, device="meta")
    _check_size(empty)
    return empty.to_empty(device="cpu")


def _check_size(empty: torch.nn.Module) -> None:
    """Refuse a network that would fill the memory."""
    size = sum(parameter.numel() for parameter in empty.parameters())
    if size > MAX_PARAMS:
        raise InputError(
            f"architecture: {size:,} parameters, at most {MAX_PARAMS:,} are trained here; "
            "give the numbers of larger networks as 'given'"
        )


def _advise(name: str) -> str:
    if name == "digits":
        return "give digits a size: dataset.resize, such as 32"
    return f"{name} has none; use digits with resize, cifar10, cifar100, or random of three sizes"
