"""From the description of a network to its measurement: train, prune, retrain, measure.

The only module that the doors of this storey load lazily: everything that needs torch or
scikit-learn hangs below it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from qres.config.record import NetworkModel
from qres.errors import InputError
from qres.measurement.checkpoints import load_checkpoint, pack_weights, unpack_weights
from qres.measurement.curvature import Curvature
from qres.measurement.data import Dataset, load_dataset
from qres.measurement.networks import (
    build_network,
    call_build,
    count_correct,
    count_outputs,
    explain,
    find_loss,
    has_kinks,
    keep_modes,
)
from qres.measurement.progress import Progress
from qres.measurement.quantities import Probe, measure_curvature
from qres.measurement.record import Measurement
from qres.measurement.training import (
    Batch,
    Epoch,
    Loss,
    Mask,
    prune_network,
    shuffle_batches,
    shuffle_samples,
    train_network,
)

Weights = Callable[[Callable[[], bytes]], bytes]
"""Given a way to make the packed weights, return them, from the store where it has them."""


@dataclass(frozen=True, kw_only=True)
class _Task:
    """A network with what it learns from."""

    module: torch.nn.Module
    loss: Loss
    batches: list[Batch]
    epoch: Epoch
    dataset: Dataset | None


def measure_network(
    model: NetworkModel,
    probe: Probe,
    *,
    folder: Path,
    trust: bool,
    weights: Weights,
    progress: Progress,
) -> Measurement:
    """Train and prune a network, or take its weights from the store, and measure it."""
    with _one_thread():
        generator = torch.Generator().manual_seed(model.train.seed)
        task = _prepare(model, generator, folder=folder, trust=trust)
        packed = weights(lambda: _train(model, task, generator, progress))
        mask = unpack_weights(task.module, packed)
        measurement = measure_live(
            task.module,
            loss=task.loss,
            batches=task.batches,
            mask=mask,
            probe=probe,
            progress=progress,
        )
        facts = _describe_network(model, task)
    return replace(measurement, details={**measurement.details, **facts})


def measure_live(
    module: torch.nn.Module,
    *,
    loss: Loss,
    batches: list[Batch],
    mask: Mapping[str, torch.Tensor] | None,
    probe: Probe,
    progress: Progress,
) -> Measurement:
    """Measure a module as it is; it comes back unchanged."""
    with _one_thread():
        curvature = Curvature(
            module, loss=loss, batches=batches, mask=mask, weight_decay=probe.weight_decay
        )
        measurement = measure_curvature(curvature, probe, progress=progress)
    details = {**measurement.details, "torch": torch.__version__}
    warnings = measurement.warnings
    if has_kinks(module):
        text = "an activation is not twice differentiable: the Hessian misses its kinks"
        warnings += (("W-KINK", text),)
    return replace(measurement, details=details, warnings=warnings)


def collect_batches(batches: Any) -> list[Batch]:
    """Return the batches of any iterable, torch's generator left as it was."""
    with torch.random.fork_rng(devices=[]):
        return list(batches)


def _prepare(
    model: NetworkModel, generator: torch.Generator, *, folder: Path, trust: bool
) -> _Task:
    """Build the network and load what it learns from."""
    if model.architecture.kind == "python":
        return _prepare_python(model, folder=folder, trust=trust)
    dataset = load_dataset(model.dataset)
    module = build_network(
        model.architecture,
        n_features=dataset.n_features,
        n_classes=dataset.n_classes,
        generator=generator,
    )
    return _with_dataset(module, dataset, model, find_loss(dataset.n_classes))


def _prepare_python(model: NetworkModel, *, folder: Path, trust: bool) -> _Task:
    """Call the user's code: it returns a module, or (module, loss, batches)."""
    build = model.architecture.build
    if not trust:
        raise InputError(f"architecture.build: '{build}' is code of yours; allow it with --trust")
    place = f"architecture.build: {build}"
    built = call_build(build, folder=folder, seed=model.train.seed)
    if isinstance(built, torch.nn.Module):
        module, dataset = built.double(), load_dataset(model.dataset)
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
    return _Task(
        module=module, loss=loss, batches=batches, epoch=shuffle_batches(batches), dataset=None
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
) -> _Task:
    """Return the task of a module on one of our data sets."""
    return _Task(
        module=module,
        loss=loss,
        batches=[(dataset.inputs, dataset.targets)],
        epoch=shuffle_samples(dataset.inputs, dataset.targets, model.train.batch_size),
        dataset=dataset,
    )


def _to_double(tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor in double precision where it is floating point."""
    return tensor.double() if tensor.is_floating_point() else tensor


def _train(
    model: NetworkModel, task: _Task, generator: torch.Generator, progress: Progress
) -> bytes:
    """Train (or load the checkpoint), prune, retrain; return the packed weights and mask."""

    def train(name: str, epochs: int, mask: Mask | None) -> None:
        with _blame(model):
            train_network(
                task.module,
                task.epoch,
                task.loss,
                epochs=epochs,
                learning_rate=model.train.learning_rate,
                weight_decay=model.train.weight_decay,
                generator=generator,
                mask=mask,
                task=name,
                progress=progress,
            )

    if model.checkpoint is None:
        train("train", model.train.epochs, None)
    else:
        load_checkpoint(task.module, model.checkpoint)
    mask = prune_network(task.module, model.prune.fraction)
    if model.prune.fraction > 0:
        train("retrain", model.prune.retrain_epochs, mask)
    return pack_weights(task.module, mask)


def _describe_network(model: NetworkModel, task: _Task) -> dict[str, Any]:
    """Return plain facts about the trained network."""
    facts: dict[str, Any] = {
        "architecture": model.architecture.kind,
        "train_seed": model.train.seed,
        "prune_fraction": model.prune.fraction,
        "checkpoint": None if model.checkpoint is None else model.checkpoint.name,
    }
    data = task.dataset
    if data is not None:
        facts["dataset"] = data.name
        facts["accuracy"] = _find_accuracy(task.module, data.inputs, data.targets)
        facts["held_out_accuracy"] = _find_accuracy(
            task.module, data.held_out_inputs, data.held_out_targets
        )
    return facts


def _find_accuracy(module: torch.nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:
    """Return the part of the samples that are classified rightly."""
    with torch.no_grad():
        return count_correct(module(inputs), targets) / len(targets)


@contextmanager
def _blame(model: NetworkModel) -> Iterator[None]:
    """Report whatever a user's code raises while it is trained in one line."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if model.architecture.kind != "python":
            raise
        build = model.architecture.build
        raise InputError(
            f"architecture.build: {build} fails in training: {explain(error)}"
        ) from error


@contextmanager
def _one_thread() -> Iterator[None]:
    """Run torch on one thread: sums then do not depend on how many cores there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
