"""Training, pruning, and training again: from a fresh network to a sparse one.

Training is plain mini-batch descent with weight decay, in an order drawn from the generator that is
passed. Pruning is global magnitude pruning: of *all* entries of all parameters, weights and biases
alike and across layers, the smallest in absolute value are set to zero and stay there. The mask is
frozen before the retraining. Over several rounds each leaves the same part of what the one before
has left, so that after the last as much is pruned as at once; what is pruned stays pruned.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch

from qres.errors import InputError
from qres.measurement.course import Course
from qres.measurement.progress import Progress, keep_silent

RUNAWAY = 1e6
"""A loss this many times above the lowest so far (or above 1) counts as diverged."""

Batch = tuple[torch.Tensor, torch.Tensor]
Epoch = Callable[[torch.Generator], Iterator[Batch]]
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Mask = dict[str, torch.Tensor]


def shuffle_samples(inputs: torch.Tensor, targets: torch.Tensor, batch_size: int) -> Epoch:
    """Return an epoch that cuts the samples, in a new random order, into batches."""

    def epoch(generator: torch.Generator) -> Iterator[Batch]:
        order = torch.randperm(len(inputs), generator=generator)
        for chosen in order.split(batch_size):
            yield inputs[chosen], targets[chosen]

    return epoch


def shuffle_batches(batches: Sequence[Batch]) -> Epoch:
    """Return an epoch over ready batches in a new random order."""

    def epoch(generator: torch.Generator) -> Iterator[Batch]:
        for position in torch.randperm(len(batches), generator=generator).tolist():
            yield batches[position]

    return epoch


def train_network(
    module: torch.nn.Module,
    epoch: Epoch,
    loss: Loss,
    *,
    epochs: int,
    learning_rate: float,
    weight_decay: float,
    generator: torch.Generator,
    mask: Mapping[str, torch.Tensor] | None = None,
    task: str = "train",
    progress: Progress = keep_silent,
    course: Course | None = None,
    visit: Callable[[], None] | None = None,
) -> None:
    """Train the module in place, in its own precision; entries outside `mask` stay as they are.

    Args:
        module: to be trained.
        epoch: batches of one pass.
        loss: of (output, target), a mean over the batch.
        epochs: passes.
        learning_rate: step size.
        weight_decay: L2 penalty.
        generator: of the order of the samples.
        mask: True where a parameter may move; None is everywhere.
        task: what `progress` is told.
        progress: told after each pass.
        course: where training stands, which it goes on from and writes to; None is the start.
        visit: called after each update.

    Raises:
        InputError: the first weights are not finite, the loss becomes NaN or infinite, or rises
            beyond `RUNAWAY`.
    """
    named = {name: p for name, p in module.named_parameters() if p.requires_grad}
    keep = {name: mask[name].to(p.dtype) for name, p in named.items()} if mask else {}
    course = course or Course()
    if course.count == 0:
        _check_weights(named)
    precision = next(iter(named.values())).dtype
    for number in range(course.epoch, epochs + 1):
        course.begin(generator)
        for inputs, targets in itertools.islice(epoch(generator), course.batch, None):
            value = loss(module(_cast(inputs, precision)), _cast(targets, precision))
            found = float(value.detach())
            _check_loss(found, course.ceiling, f"epoch {number} of {task}", learning_rate)
            course.ceiling = min(course.ceiling, RUNAWAY * max(1.0, abs(found)))
            gradients = torch.autograd.grad(value, list(named.values()), allow_unused=True)
            with torch.no_grad():
                for (name, parameter), gradient in zip(named.items(), gradients, strict=True):
                    if gradient is None:
                        continue
                    step = gradient + weight_decay * parameter
                    parameter -= learning_rate * (step * keep[name] if mask else step)
            course.step()
            if visit is not None:
                visit()
        course.end_epoch()
        progress(task, number, epochs)
    course.end_stage()


def prune_network(
    module: torch.nn.Module,
    fraction: float,
    mask: Mapping[str, torch.Tensor] | None = None,
    *,
    spare: tuple[str, ...] = (),
) -> Mask:
    """Set the smallest `fraction` of all parameters to zero, in place; return what is left.

    Args:
        module: to be pruned.
        fraction: of all its parameters, those pruned before included.
        mask: what earlier rounds have left; nothing outside it comes back.
        spare: how names of parameters begin that are left whole.

    Raises:
        InputError: nothing is left, or not what is to be spared.
    """
    named = {name: p.detach() for name, p in module.named_parameters() if p.requires_grad}
    whole = {name for name in named if name.startswith(spare)} if spare else set()
    _check_spared(named, spare, whole, fraction)
    sizes = torch.cat(
        [
            torch.full_like(parameter, math.inf).flatten()
            if name in whole
            else parameter.abs().flatten()
            for name, parameter in named.items()
        ]
    )
    if mask is not None:
        sizes[~torch.cat([mask[name].flatten() for name in named])] = -1.0
    n_kept = sizes.numel() - round(fraction * sizes.numel())
    if n_kept <= 0:
        raise InputError(f"prune.fraction: {fraction:g} leaves none of {sizes.numel()} parameters")
    parts = _find_largest(sizes, n_kept).split([parameter.numel() for parameter in named.values()])
    left = {
        name: part.view(parameter.shape)
        for (name, parameter), part in zip(named.items(), parts, strict=True)
    }
    for name, parameter in named.items():
        parameter *= left[name]
    return left


def _check_spared(
    named: Mapping[str, torch.Tensor], spare: tuple[str, ...], whole: set[str], fraction: float
) -> None:
    """Refuse to spare what is not there, or more than is left."""
    for start in spare:
        if not any(name.startswith(start) for name in named):
            raise InputError(f"prune.spare: no parameter begins with '{start}'; {', '.join(named)}")
    spared = sum(named[name].numel() for name in whole)
    count = sum(parameter.numel() for parameter in named.values())
    if spared > count - round(fraction * count):
        raise InputError(f"prune.spare: {spared:,} of {count:,} parameters, more than are left")


def _find_largest(sizes: torch.Tensor, count: int) -> torch.Tensor:
    """Return where the `count` largest sizes are; of equal ones the first."""
    threshold = torch.kthvalue(sizes, sizes.numel() - count + 1).values
    kept, equal = sizes > threshold, torch.nonzero(sizes == threshold).flatten()
    kept[equal[: count - int(kept.sum())]] = True
    return kept


def list_fractions(fraction: float, rounds: int) -> list[float]:
    r"""Return what is pruned after each round, $1 - (1-f)^{k/R}$ for k = 1..R; the last is `fraction`."""
    early = [1 - (1 - fraction) ** (number / rounds) for number in range(1, rounds)]
    return [*early, fraction]


def _cast(tensor: torch.Tensor, precision: torch.dtype) -> torch.Tensor:
    """Return floating-point numbers in the precision of the training."""
    return tensor.to(precision) if tensor.is_floating_point() else tensor


def _check_weights(named: Mapping[str, torch.Tensor]) -> None:
    """Refuse weights that are no numbers before anything was trained."""
    for name, parameter in named.items():
        if not bool(torch.isfinite(parameter).all()):
            raise InputError(f"network: the first weights are not finite ('{name}'); give numbers")


def _check_loss(loss: float, ceiling: float, where: str, learning_rate: float) -> None:
    """Refuse a loss that has left the numbers, or risen beyond any return."""
    if not math.isfinite(loss) or loss > ceiling:
        raise InputError(
            f"train.learning_rate: training diverges (loss {loss:g} in {where}) with "
            f"{learning_rate:g}; take a smaller one"
        )
