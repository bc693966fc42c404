"""From the first weights to those that are measured: train, prune, retrain, round by round.

Weights may be kept on the way, after chosen numbers of updates: 0 is the first weights (or the
checkpoint), and updates are counted through training and all retraining. Each is kept with the mask
under which it was trained; before the first pruning everything is active.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from qres.config.record import NetworkModel
from qres.errors import InputError
from qres.measurement.checkpoints import load_checkpoint, pack_weights
from qres.measurement.course import Course
from qres.measurement.draws import seeded_draws
from qres.measurement.memory import check_training
from qres.measurement.networks import explain
from qres.measurement.norms import fix_statistics
from qres.measurement.progress import Progress
from qres.measurement.tasks import Task
from qres.measurement.training import Mask, list_fractions, prune_network, train_network
from qres.measurement.waypoint import find_waypoint


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """Packed weights and masks.

    Args:
        end: after the last update.
        snapshots: after those updates that were asked for.
    """

    end: bytes
    snapshots: dict[int, bytes]


def fit_network(
    model: NetworkModel,
    task: Task,
    generator: torch.Generator,
    *,
    at_steps: Collection[int] = (),
    progress: Progress,
) -> Fitted:
    """Train (or load the checkpoint), prune and retrain the module of the task, in place.

    Args:
        model: says how.
        task: the network and what it learns from.
        generator: of the order of the samples.
        at_steps: numbers of updates after which the weights are kept.
        progress: told after each pass.

    Raises:
        InputError: training diverges or fails, nothing is left, or a step is never reached.
    """
    _check_steps(model, task, at_steps)
    _check_batches(model, task)
    module = task.module.to(getattr(torch, model.train.precision))
    _check_memory(model, task)
    with seeded_draws(module, model.train.seed):
        return _fit(model, task, generator, at_steps=at_steps, progress=progress)


def _fit(
    model: NetworkModel,
    task: Task,
    generator: torch.Generator,
    *,
    at_steps: Collection[int],
    progress: Progress,
) -> Fitted:
    """Go on from the last position to the end."""
    module, course = task.module, Course(find_waypoint())
    course.resume(module)
    keeper = _Keeper(task, at_steps, course)

    def train(name: str, epochs: int, rate: float | None) -> None:
        with _blame(model):
            train_network(
                module,
                task.epoch,
                task.loss,
                epochs=epochs,
                learning_rate=model.train.learning_rate if rate is None else rate,
                weight_decay=model.train.weight_decay,
                generator=generator,
                mask=course.mask,
                task=name,
                progress=progress,
                course=course,
                visit=keeper.step,
            )

    if course.count == 0:
        if model.checkpoint is not None:
            load_checkpoint(module, model.checkpoint)
        keeper.keep()
    if course.stage == 0:
        train("train", model.train.epochs if model.checkpoint is None else 0, None)
    fractions = list_fractions(model.prune.fraction, model.prune.rounds)
    for stage, fraction in enumerate(fractions, start=1):
        if stage < course.stage:
            continue
        if course.order is None:  # else the mask came with the position
            course.mask = prune_network(module, fraction, course.mask, spare=model.prune.spare)
        if model.prune.fraction > 0:
            train("retrain", model.prune.retrain_epochs, model.prune.retrain_learning_rate)
    assert course.mask is not None
    course.close(module)
    return Fitted(end=_pack(task, course.mask), snapshots=course.found)


def count_updates(model: NetworkModel, task: Task) -> int:
    """Return the number of updates of all training and retraining."""
    epochs = model.train.epochs if model.checkpoint is None else 0
    if model.prune.fraction > 0:
        epochs += model.prune.rounds * model.prune.retrain_epochs
    return epochs * task.n_updates


class _Keeper:
    """Keeps the weights after some updates, and now and then the position."""

    def __init__(self, task: Task, at_steps: Collection[int], course: Course) -> None:
        self.task, self.wanted, self.course = task, frozenset(at_steps), course

    def step(self) -> None:
        """Go on after an update."""
        self.keep()
        self.course.save(self.task.module)

    def keep(self) -> None:
        """Pack the weights of now, if they are wanted; training goes on untouched."""
        if self.course.count not in self.wanted:
            return
        module = copy.deepcopy(self.task.module)
        whole = {
            name: torch.ones(p.shape, dtype=torch.bool)
            for name, p in module.named_parameters()
            if p.requires_grad
        }
        packed = _pack_module(module, self.task, self.course.mask or whole)
        self.course.found[self.course.count] = packed


def _pack(task: Task, mask: Mask) -> bytes:
    """Return the weights and the mask of the task, statistics of batch norms fixed."""
    return _pack_module(task.module, task, mask)


def _pack_module(module: torch.nn.Module, task: Task, mask: Mask) -> bytes:
    module.double()
    if task.is_fixed:
        fix_statistics(module, task.order)
    return pack_weights(module, mask)


def _check_steps(model: NetworkModel, task: Task, at_steps: Collection[int]) -> None:
    """Refuse a step that training never reaches, before it starts."""
    last = count_updates(model, task)
    if at_steps and max(at_steps) > last:
        raise InputError(
            f"measure.at_steps: {max(at_steps)} is beyond the last of {last} updates"
            f" ({task.n_updates} a pass)"
        )


def _check_batches(model: NetworkModel, task: Task) -> None:
    """Refuse batches of one sample, which have no variance, where there are batch norms."""
    if task.dataset is None or not task.is_fixed:
        return
    size, count = model.train.batch_size, len(task.dataset.inputs)
    if size == 1 or count % size == 1:
        raise InputError(
            f"train.batch_size: {size} cuts {count} samples into batches one of which has a single"
            " sample; batch norms need two"
        )


def _check_memory(model: NetworkModel, task: Task) -> None:
    """Refuse batches that do not fit in memory."""
    if task.dataset is None or count_updates(model, task) == 0:
        return
    inputs, targets = (item[:4] for item in task.batches[0])
    precision = getattr(torch, model.train.precision)
    inputs = inputs.to(precision) if inputs.is_floating_point() else inputs
    size = min(model.train.batch_size, len(task.dataset.inputs))
    with _blame(model):
        check_training(task.module, task.loss, (inputs, targets), size)


@contextmanager
def _blame(model: NetworkModel) -> Iterator[None]:
    """Report whatever a user's code raises while it is trained in one line."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        build = getattr(model.architecture, "build", "")
        if not build:
            raise
        raise InputError(
            f"architecture.build: {build} fails in training: {explain(error)}"
        ) from error
