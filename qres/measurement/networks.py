r"""Networks that qres builds itself, and the door for those that a user brings.

`mlp` is a chain of linear layers with an activation in between, `logistic` one linear layer. Two
classes have one output (logistic loss), more classes one each (softmax). The weights start uniform
in $\pm\sqrt{6/(n_{in}+n_{out})}$ (Glorot), biases at zero, drawn from the generator that is passed;
torch's global generator is left as it was. `python` calls the user's `build()`, only if trusted; such
a network may also have two outputs for two classes (softmax), and is tried on one sample first.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import itertools
import math
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from qres.config.record import Architecture
from qres.errors import InputError, nearest

ACTIVATIONS: dict[str, type[torch.nn.Module]] = {
    "tanh": torch.nn.Tanh,
    "gelu": torch.nn.GELU,
    "silu": torch.nn.SiLU,
    "softplus": torch.nn.Softplus,
    "sigmoid": torch.nn.Sigmoid,
    "relu": torch.nn.ReLU,
}
"""Activations with as many derivatives as the polynomial model needs; relu but for its kinks."""

MAX_PARAMS = 20_000_000

KINKED = (torch.nn.ReLU, torch.nn.ReLU6, torch.nn.LeakyReLU, torch.nn.PReLU, torch.nn.Hardtanh)
"""Layers whose pieces are counted, see `qres.measurement.kinks`."""


def build_network(
    architecture: Architecture, *, n_features: int, n_classes: int, generator: torch.Generator
) -> torch.nn.Module:
    """Build an `mlp` or `logistic` network in double precision, randomly initialised."""
    hidden = architecture.hidden if architecture.kind == "mlp" else ()
    _check_size((n_features, *hidden, n_classes))
    activation = find_activation(architecture.activation) if hidden else None
    layers: OrderedDict[str, torch.nn.Module] = OrderedDict()
    width = n_features
    for number, following in enumerate(hidden, start=1):
        layers[f"hidden{number}"] = _build_linear(width, following, generator)
        if activation is not None:
            layers[f"activation{number}"] = activation()
        width = following
    layers["output"] = _build_linear(width, 1 if n_classes == 2 else n_classes, generator)
    return torch.nn.Sequential(layers)


def find_loss(
    n_classes: int, n_outputs: int | None = None
) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Return the mean loss: logistic for one output, softmax for more.

    Args:
        n_classes: of the task.
        n_outputs: of the network; None is what `build_network` makes of the classes.
    """
    if n_outputs == 1 or (n_outputs is None and n_classes == 2):
        return lambda output, target: torch.nn.functional.binary_cross_entropy_with_logits(
            output.squeeze(-1), target.to(output.dtype)
        )
    return torch.nn.functional.cross_entropy


def count_correct(output: torch.Tensor, target: torch.Tensor) -> int:
    """Return how many targets an output classifies rightly.

    Args:
        output: shape (b, C), or (b, C, places); with C = 1 positive is class 1.
        target: shape (b,) or (b, places).
    """
    found = (output.squeeze(-1) > 0).long() if output.shape[1] == 1 else output.argmax(dim=1)
    return int((found == target).sum())


def count_outputs(
    module: torch.nn.Module, sample: torch.Tensor, *, n_classes: int, place: str
) -> int:
    """Return the outputs of a user's network on a batch of one, in eval mode.

    Args:
        module: comes back in the modes in which it was.
        sample: shape (1, features).
        n_classes: of the task.
        place: opens the error message.

    Raises:
        InputError: the network fails on the sample, or has outputs that no loss of ours fits.
    """
    widths = (1, 2) if n_classes == 2 else (n_classes,)
    wanted = f"expected input of shape {tuple(sample.shape)} and output of shape " + " or ".join(
        f"(1, {width})" for width in widths
    )
    with keep_modes(module), torch.random.fork_rng(devices=[]), torch.no_grad():
        module.eval()
        try:
            output = module(sample)
        except Exception as error:  # whatever the user's code raises
            raise InputError(f"{place} fails on one sample: {explain(error)}; {wanted}") from error
    if not isinstance(output, torch.Tensor):
        raise InputError(f"{place}: {wanted}, found output of type {type(output).__name__}")
    if tuple(output.shape) not in [(1, width) for width in widths]:
        raise InputError(f"{place}: {wanted}, found output of shape {tuple(output.shape)}")
    return output.shape[-1]


@contextmanager
def keep_modes(module: torch.nn.Module) -> Iterator[None]:
    """Put every layer back into the mode (train or eval) in which it was."""
    modes = [(layer, layer.training) for layer in module.modules()]
    try:
        yield
    finally:
        for layer, is_training in modes:
            layer.training = is_training


def call_build(build: str, *, folder: Path, seed: int, key: str = "architecture.build") -> Any:
    """Import `pkg.mod:build`, from `folder` or as installed, and return what the function returns.

    The function runs with torch's generator seeded, and the generator is put back afterwards.

    Raises:
        InputError: no such module or function, or it fails; one line says how.
    """
    path, _, name = build.partition(":")
    if not (path and name):
        raise InputError(f"{key}: '{build}' must read 'package.module:function'")
    function = getattr(_import(path, folder, f"{key}: cannot import {build}"), name, None)
    if not callable(function):
        raise InputError(f"{key}: '{path}' has no function '{name}'")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            return function()
        except Exception as error:
            raise InputError(f"{key}: {build} fails: {explain(error)}") from error


def _check_size(widths: tuple[int, ...]) -> None:
    """Refuse a network that would fill the memory."""
    size = sum((before + 1) * after for before, after in itertools.pairwise(widths))
    if size > MAX_PARAMS:
        raise InputError(
            f"architecture.hidden: {size:,} parameters, at most {MAX_PARAMS:,} are trained here; "
            "give the numbers of larger networks as 'given'"
        )


def find_activation(name: str) -> type[torch.nn.Module]:
    """Return the layer class of an activation."""
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    if name in ("leaky_relu", "hardtanh"):
        advice = "is not twice differentiable, so its Hessian misses the kinks"
        raise InputError(f"architecture.activation: '{name}' {advice}; take gelu or softplus")
    raise InputError(f"architecture.activation: unknown '{name}'{nearest(name, ACTIVATIONS)}")


def _build_linear(n_inputs: int, n_outputs: int, generator: torch.Generator) -> torch.nn.Linear:
    """Return a linear layer that was initialised without touching the global generator."""
    empty = torch.nn.Linear(n_inputs, n_outputs, device="meta", dtype=torch.float64)
    layer = empty.to_empty(device="cpu")
    reach = math.sqrt(6 / (n_inputs + n_outputs))
    with torch.no_grad():
        layer.weight.uniform_(-reach, reach, generator=generator)
        layer.bias.zero_()
    return layer


def _import(path: str, folder: Path, complaint: str) -> ModuleType:
    """Import a module, preferring a file below `folder` over an installed package."""
    file = folder.joinpath(*path.split(".")).with_suffix(".py")
    sys.path.insert(0, str(folder))
    try:
        return _load_file(file) if file.is_file() else importlib.import_module(path)
    except Exception as error:
        raise InputError(f"{complaint}: {explain(error)}") from error
    finally:
        sys.path.remove(str(folder))


def _load_file(file: Path) -> ModuleType:
    """Import one file under a name of its own, so that two folders may use the same name."""
    digest = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:12]
    name = f"_qres_build_{digest}_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def explain(error: Exception) -> str:
    """Return an exception in one line, its name first."""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}"
