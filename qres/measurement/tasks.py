"""A network together with what it learns from, ours or the user's."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from qres.config.record import Architecture, DataSource, Gpt, NetworkModel
from qres.errors import InputError
from qres.measurement.build import build_module
from qres.measurement.data import Dataset, load_dataset, split_samples
from qres.measurement.networks import (
    call_build,
    count_outputs,
    explain,
    find_loss,
    keep_modes,
)
from qres.measurement.norms import has_batch_norms
from qres.measurement.training import Batch, Epoch, Loss, shuffle_batches, shuffle_samples


@dataclass(frozen=True, kw_only=True)
class Task:
    """A network with what it learns from.

    Args:
        module: with its first weights.
        loss: of (output, target), a mean over the batch.
        batches: the whole data set, once.
        epoch: one pass in a random order.
        n_updates: updates of one pass.
        dataset: None where the user's code brings its own.
        order: batches in a fixed order, for the statistics of batch norms.
    """

    module: torch.nn.Module
    loss: Loss
    batches: list[Batch]
    epoch: Epoch
    n_updates: int
    dataset: Dataset | None
    order: list[torch.Tensor] = field(default_factory=list)

    @property
    def is_fixed(self) -> bool:
        """Whether there are batch norms whose statistics are ours to fix before measuring."""
        return self.dataset is not None and has_batch_norms(self.module)


def prepare_task(
    model: NetworkModel, generator: torch.Generator, *, folder: Path, trust: bool
) -> Task:
    """Build the network and load what it learns from.

    Raises:
        InputError: code of the user's that is not trusted or fails, or data of another format.
    """
    architecture = model.architecture
    if isinstance(architecture, Architecture) and architecture.kind == "python":
        return _prepare_python(model, architecture.build, folder=folder, trust=trust)
    context = architecture.context if isinstance(architecture, Gpt) else None
    dataset = _load(model, context, folder=folder, trust=trust)
    module = build_module(architecture, dataset, generator)
    n_outputs = dataset.n_classes if context is not None else None
    return _with_dataset(module, dataset, model, find_loss(dataset.n_classes, n_outputs))


def collect_batches(batches: Any) -> list[Batch]:
    """Return the batches of any iterable, torch's generator left as it was."""
    with torch.random.fork_rng(devices=[]):
        return list(batches)


def _load(model: NetworkModel, context: int | None, *, folder: Path, trust: bool) -> Dataset:
    """Return the data set; that of the user's code only if it is trusted."""
    if model.dataset.kind != "python":
        return load_dataset(model.dataset, context=context)
    if context is not None:
        raise InputError("dataset.kind: gpt takes text or random, found python")
    return _load_python(model.dataset, folder=folder, trust=trust, seed=model.train.seed)


def _load_python(source: DataSource, *, folder: Path, trust: bool, seed: int) -> Dataset:
    """Return the samples that the user's function returns."""
    place = f"dataset.build: {source.build}"
    if not trust:
        raise InputError(f"dataset.build: '{source.build}' is code of yours; allow it with --trust")
    built = call_build(source.build, folder=folder, seed=seed, key="dataset.build")
    is_pair = isinstance(built, tuple) and len(built) == 2 and all(map(torch.is_tensor, built))
    if not is_pair or len(built[0]) != len(built[1]) or built[0].ndim not in (2, 4):
        wanted = "inputs of shape (n, features) or (n, channels, height, width) and n classes"
        raise InputError(f"{place} must return a pair of tensors: {wanted}")
    samples, classes = built[0].detach().double().numpy(), built[1].detach().flatten()
    if classes.is_floating_point() or len(classes) < 2 or int(classes.min()) < 0:
        raise InputError(f"{place}: classes must be whole numbers >= 0, at least two of them")
    n_classes = int(classes.max()) + 1
    if n_classes < 2 or not math.isfinite(float(samples.sum())):
        raise InputError(f"{place}: expected finite inputs of at least two classes")
    return split_samples("python", samples, classes.numpy(), n_classes)


def _prepare_python(model: NetworkModel, build: str, *, folder: Path, trust: bool) -> Task:
    """Call the user's code: it returns a module, or (module, loss, batches)."""
    if not trust:
        raise InputError(f"architecture.build: '{build}' is code of yours; allow it with --trust")
    place = f"architecture.build: {build}"
    built = call_build(build, folder=folder, seed=model.train.seed)
    if isinstance(built, torch.nn.Module):
        module, dataset = built.double(), _load(model, None, folder=folder, trust=trust)
        n_outputs = count_outputs(
            module, dataset.inputs[:1], n_classes=dataset.n_classes, place=place
        )
        _check_trainable(module, place)
        loss = find_loss(dataset.n_classes, n_outputs)
        return _with_dataset(module, dataset, model, loss)
    if not (isinstance(built, tuple) and len(built) == 3 and isinstance(built[0], torch.nn.Module)):
        raise InputError(f"{place} must return a module or a triple (module, loss, batches)")
    module, loss, batches = built[0].double(), built[1], _take_pairs(built[2], place)
    _check_triple(module, loss, batches, place)
    return Task(
        module=module,
        loss=loss,
        batches=batches,
        epoch=shuffle_batches(batches),
        n_updates=len(batches),
        dataset=None,
    )


def _take_pairs(batches: Any, place: str) -> list[Batch]:
    """Return the user's batches in double precision."""
    try:
        pairs = [(_to_double(x), _to_double(y)) for x, y in collect_batches(batches)]
    except Exception as error:  # whatever the user's iterable raises
        raise InputError(
            f"{place}: batches must be pairs (x, y) of tensors: {explain(error)}"
        ) from error
    if not pairs:
        raise InputError(f"{place}: batches must hold at least one pair (x, y) of tensors")
    return pairs


def _check_triple(module: torch.nn.Module, loss: Loss, batches: list[Batch], place: str) -> None:
    """Try the user's network and loss on the first batch, before any training."""
    _check_trainable(module, place)
    inputs, targets = batches[0]
    with keep_modes(module), torch.random.fork_rng(devices=[]), torch.no_grad():
        module.eval()
        try:
            value = loss(module(inputs), targets)
        except Exception as error:  # whatever the user's code raises
            shapes = f"x of shape {tuple(inputs.shape)}, y of shape {tuple(targets.shape)}"
            raise InputError(
                f"{place} fails on its first batch ({shapes}): {explain(error)}"
            ) from error
    if not isinstance(value, torch.Tensor) or value.numel() != 1:
        found = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
        raise InputError(
            f"{place}: loss must return one number, a mean over the batch; found {found}"
        )


def _check_trainable(module: torch.nn.Module, place: str) -> None:
    """Refuse a network in which nothing can move."""
    if not any(parameter.requires_grad for parameter in module.parameters()):
        raise InputError(f"{place}: the network has no parameter that requires a gradient")


def _with_dataset(
    module: torch.nn.Module, dataset: Dataset, model: NetworkModel, loss: Loss
) -> Task:
    """Return the task of a module on a data set."""
    size = model.train.batch_size
    return Task(
        module=module,
        loss=loss,
        batches=[(dataset.inputs, dataset.targets)],
        epoch=shuffle_samples(dataset.inputs, dataset.targets, size),
        n_updates=math.ceil(len(dataset.inputs) / size),
        dataset=dataset,
        order=[part for part in dataset.inputs.split(max(2, size)) if len(part) > 1],
    )


def _to_double(tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor in double precision where it is floating point."""
    return tensor.double() if tensor.is_floating_point() else tensor
