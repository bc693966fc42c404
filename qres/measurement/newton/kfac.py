r"""K-FAC on the linear layers of a network; every other parameter takes the plain gradient.

For a layer with inputs $\bar a$ (a 1 appended where there is a bias) and gradients $g$ of the losses of
single labels in its outputs, the curvature is modelled as $A \otimes G$,
$A = \mathbb E\,\bar a\bar a^T$, $G = \mathbb E\,g g^T$ with the labels of the data. Where a layer runs at
several places of a sample, $A$ is their mean and $G$ the sum over those that a label sees. The step of
the weight matrix is
$(G + \sqrt\lambda/\pi\, I)^{-1}\, \nabla W\, (A + \pi\sqrt\lambda\, I)^{-1}$ with
$\pi^2 = (\operatorname{tr}A/\dim A)/(\operatorname{tr}G/\dim G)$. $\lambda$ is damped as Newton's blocks
are, the largest entry being that of $A \otimes G$; factors are those of the batch, not averaged.

Source: Martens and Grosse (2015), arXiv:1503.05671, sections 3 and 6.3 (recalled).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from qres.config.record import Damping
from qres.measurement.newton.damping import find_damping
from qres.measurement.training import Batch, Loss


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """Inputs and output gradients of a layer, one sample (or place of a sample) a row."""

    layer: torch.nn.Linear
    inputs: torch.Tensor
    slopes: torch.Tensor
    n_losses: int


def precondition(
    module: torch.nn.Module, loss: Loss, batch: Batch, damping: Damping, index: int
) -> dict[torch.Tensor, torch.Tensor]:
    """Return the step of every parameter, learning rate and sign left out.

    Args:
        module: the network.
        loss: of (output, target), a mean over the batch.
        batch: whose gradient and factors are taken.
        damping: as of Newton's blocks.
        index: of the step.

    A layer whose weights have left the numbers has a step that is none.
    """
    layers = [layer for layer in module.modules() if isinstance(layer, torch.nn.Linear)]
    parameters = [item for item in module.parameters() if item.requires_grad]
    inputs, outputs, value = _run(module, layers, loss, batch)
    found = torch.autograd.grad(value, [*parameters, *outputs], allow_unused=True)
    steps: dict[torch.Tensor, torch.Tensor] = {
        item: torch.zeros_like(item) if slope is None else slope
        for item, slope in zip(parameters, found, strict=False)
    }
    for layer, entering, slope in zip(layers, inputs, found[len(parameters) :], strict=True):
        if slope is not None and layer.weight in steps:
            seen = _flatten(layer, entering, slope, _count_losses(batch[1]))
            steps |= dict(_turn(seen, steps, damping, index))
    return steps


def count_factors(module: torch.nn.Module, n_samples: int) -> float:
    """Return the operations of factors, Cholesky factorisations and solves of one iteration."""
    total = 0.0
    for layer in module.modules():
        if isinstance(layer, torch.nn.Linear):
            before, after = layer.in_features + (layer.bias is not None), layer.out_features
            total += 2 * n_samples * (before**2 + after**2)
            total += (before**3 + after**3) / 3 + 2 * before * after * (before + after)
    return total


def _run(
    module: torch.nn.Module, layers: list[torch.nn.Linear], loss: Loss, batch: Batch
) -> tuple[list[torch.Tensor], list[torch.Tensor], torch.Tensor]:
    """Return inputs and outputs of the layers, and the loss."""
    seen: dict[torch.nn.Module, tuple[torch.Tensor, torch.Tensor]] = {}

    def keep(layer: torch.nn.Module, given: tuple[torch.Tensor], output: torch.Tensor) -> None:
        seen[layer] = given[0].detach(), output

    handles = [layer.register_forward_hook(keep) for layer in layers]
    try:
        value = loss(module(batch[0]), batch[1])
    finally:
        for handle in handles:
            handle.remove()
    return [seen[layer][0] for layer in layers], [seen[layer][1] for layer in layers], value


def _count_losses(targets: torch.Tensor) -> int:
    """Return of how many losses the loss is the mean: one a label, or one a row of numbers."""
    return len(targets) if targets.is_floating_point() else targets.numel()


def _flatten(
    layer: torch.nn.Linear, inputs: torch.Tensor, slopes: torch.Tensor, n_losses: int
) -> _Seen:
    """Return one row for each sample and place, a 1 appended where there is a bias."""
    flat = inputs.reshape(-1, layer.in_features)
    if layer.bias is not None:
        flat = torch.cat([flat, torch.ones_like(flat[:, :1])], dim=1)
    rows = n_losses * slopes.reshape(-1, layer.out_features)
    return _Seen(layer=layer, inputs=flat, slopes=rows, n_losses=n_losses)


def _turn(
    seen: _Seen,
    steps: dict[torch.Tensor, torch.Tensor],
    damping: Damping,
    index: int,
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield the preconditioned steps of a layer's weight and bias."""
    layer = seen.layer
    if not bool(steps[layer.weight].any()):  # nothing to turn, and factors that may vanish
        return
    before = seen.inputs.T @ seen.inputs / len(seen.inputs)
    after = seen.slopes.T @ seen.slopes / seen.n_losses
    largest = float(before.abs().max() * after.abs().max())
    root = math.sqrt(find_damping(damping, index, largest, block="k-fac"))
    ratio = math.sqrt(_mean_diagonal(before) / _mean_diagonal(after))
    slope = steps[layer.weight]
    if layer.bias is not None:
        slope = torch.cat([slope, steps[layer.bias][:, None]], dim=1)
    turned = _solve(after, root / ratio, slope)
    turned = _solve(before, root * ratio, turned.T).T
    yield layer.weight, turned[:, : layer.in_features]
    if layer.bias is not None:
        yield layer.bias, turned[:, -1]


def _mean_diagonal(matrix: torch.Tensor) -> float:
    return float(torch.trace(matrix)) / len(matrix)


def _solve(matrix: torch.Tensor, damping: float, right: torch.Tensor) -> torch.Tensor:
    damped = matrix + damping * torch.eye(len(matrix), dtype=matrix.dtype)
    factor, flaw = torch.linalg.cholesky_ex(damped)
    solved = torch.cholesky_solve(right, factor)
    return solved if int(flaw) == 0 else torch.full_like(right, torch.nan)
