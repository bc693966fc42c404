"""From the description of a network to its measurement: train, prune, retrain, measure.

The only module that the doors of this storey load lazily: everything that needs torch or
scikit-learn hangs below it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from qres.config.record import NetworkModel
from qres.errors import InputError
from qres.measurement.arithmetic import Arithmetic
from qres.measurement.checkpoints import unpack_weights
from qres.measurement.curvature import Curvature
from qres.measurement.fingerprint import identify_code
from qres.measurement.fitting import fit_network
from qres.measurement.memory import check_product
from qres.measurement.networks import count_correct
from qres.measurement.progress import Progress
from qres.measurement.quantities import Probe, measure_curvature
from qres.measurement.record import Measurement
from qres.measurement.soundness import check_products
from qres.measurement.tasks import Task, collect_batches, prepare_task
from qres.measurement.tolerance import measure_tolerance
from qres.measurement.training import Batch, Loss, Mask

__all__ = [
    "Arithmetic",
    "Probe",
    "collect_batches",
    "fit_snapshots",
    "identify_code",
    "measure_live",
    "measure_network",
    "measure_readout",
    "on_threads",
]

Weights = Callable[[Callable[[], bytes]], bytes]
"""Given a way to make the packed weights, return them, from the store where it has them."""

AT_ONCE = 2048
"""Samples that go through a network together when accuracy is taken."""

Notes = tuple[tuple[str, str], ...]


def measure_network(
    model: NetworkModel,
    probe: Probe,
    *,
    folder: Path,
    trust: bool,
    weights: Weights,
    progress: Progress,
    n_samples: int | None = None,
) -> Measurement:
    """Train and prune a network, or take its weights from the store, and measure it.

    Args:
        model: says how it is built and trained.
        probe: how to measure.
        folder: where relative paths start.
        trust: whether code of the user's may be imported.
        weights: the store of weights.
        progress: told as it goes.
        n_samples: training samples whose loss is measured, the first ones; None is all.

    Raises:
        InputError: there are not so many samples.
    """
    with on_threads():
        task, mask = restore_network(
            model, folder=folder, trust=trust, weights=weights, progress=progress
        )
        measurement = measure_live(
            task.module,
            loss=task.loss,
            batches=_take_first(task.batches, n_samples),
            mask=mask,
            probe=probe,
            progress=progress,
        )
        facts = describe_network(model, task)
    return replace(
        measurement,
        details={**measurement.details, **facts},
        warnings=measurement.warnings + list_notes(task),
    )


def measure_readout(
    model: NetworkModel,
    probe: Probe,
    *,
    folder: Path,
    trust: bool,
    weights: Weights,
    progress: Progress,
    n_samples: int | None = None,
) -> Measurement:
    """Measure `readout_tolerance` alone; nothing where the user's code brings its own data."""
    with on_threads():
        task, mask = restore_network(
            model, folder=folder, trust=trust, weights=weights, progress=progress
        )
        if task.dataset is None:
            return Measurement(subject="network", values={})
        held_out = (task.dataset.held_out_inputs, task.dataset.held_out_targets)
        batches = _take_first(task.batches, n_samples)
        curvature = _prepare(task.module, task.loss, batches, mask, probe)
        found = measure_tolerance(curvature, held_out, probe, progress=progress)
    values = {"readout_tolerance": found.quantity}
    return Measurement(
        subject="network", values=values, details=found.facts, warnings=found.warnings
    )


def restore_network(
    model: NetworkModel, *, folder: Path, trust: bool, weights: Weights, progress: Progress
) -> tuple[Task, Mask]:
    """Return the network with its trained weights, and their mask; batch norms are fixed."""
    generator = torch.Generator().manual_seed(model.train.seed)
    task = prepare_task(model, generator, folder=folder, trust=trust)
    packed = weights(lambda: fit_network(model, task, generator, progress=progress).end)
    mask = unpack_weights(task.module, packed)
    if task.is_fixed:
        task.module.eval()
    return task, mask


def fit_snapshots(
    model: NetworkModel,
    at_steps: Collection[int],
    *,
    folder: Path,
    trust: bool,
    progress: Progress,
) -> dict[int, bytes]:
    """Train once and return the packed weights after each of these numbers of updates."""
    with on_threads():
        generator = torch.Generator().manual_seed(model.train.seed)
        task = prepare_task(model, generator, folder=folder, trust=trust)
        return fit_network(model, task, generator, at_steps=at_steps, progress=progress).snapshots


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
    with on_threads(probe.arithmetic.threads):
        curvature = _prepare(module, loss, batches, mask, probe)
        check_product(curvature)
        doubts = check_products(curvature, seed=probe.seed)
        measurement = measure_curvature(curvature, probe, progress=progress)
    details = {**measurement.details, "torch": torch.__version__}
    warnings = measurement.warnings + doubts
    if curvature.is_kinked:
        text = "an activation or the loss is not twice differentiable: the Hessian misses its kinks"
        warnings += (("W-KINK", text),)
    return replace(measurement, details=details, warnings=warnings)


def _take_first(batches: list[Batch], n_samples: int | None) -> list[Batch]:
    """Return the first so many samples of all batches."""
    if n_samples is None:
        return batches
    count = sum(len(targets) for _, targets in batches)
    if n_samples > count:
        raise InputError(
            f"measure.n_samples: there are {count:,} training samples, not {n_samples:,}"
        )
    found, left = list[Batch](), n_samples
    for inputs, targets in batches:
        if left > 0:
            found.append((inputs[:left], targets[:left]))
            left -= len(found[-1][1])
    return found


def _prepare(
    module: torch.nn.Module,
    loss: Loss,
    batches: list[Batch],
    mask: Mapping[str, torch.Tensor] | None,
    probe: Probe,
) -> Curvature:
    """Return the loss that is measured."""
    return Curvature(
        module,
        loss=loss,
        batches=batches,
        mask=mask,
        weight_decay=probe.weight_decay,
        arithmetic=probe.arithmetic,
    )


def describe_network(model: NetworkModel, task: Task) -> dict[str, Any]:
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
        facts["accuracy"] = find_accuracy(task.module, data.inputs, data.targets)
        facts["held_out_accuracy"] = find_accuracy(
            task.module, data.held_out_inputs, data.held_out_targets
        )
    return facts


def list_notes(task: Task) -> Notes:
    """Return what every report must say of the data and of batch norms."""
    notes: Notes = ()
    if task.dataset is not None and task.dataset.name == "random":
        text = "samples and labels are random: sizes and speeds mean something, accuracy does not"
        notes += (("W-RANDOM", text),)
    if task.is_fixed:
        text = "batch norms are measured with fixed statistics, those of the training data"
        notes += (("W-NORM", text),)
    return notes


def find_accuracy(module: torch.nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:
    """Return the part of the targets that are classified rightly."""
    parts = zip(inputs.split(AT_ONCE), targets.split(AT_ONCE), strict=True)
    with torch.no_grad():
        right = sum(count_correct(module(some), wanted) for some, wanted in parts)
    return right / targets.numel()


@contextmanager
def on_threads(count: int = 1) -> Iterator[None]:
    """Run torch on so many threads: sums then do not depend on how many cores there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
