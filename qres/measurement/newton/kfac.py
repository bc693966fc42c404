r"""K-FAC on linear layers and convolutions; every other parameter takes the plain gradient.

A layer runs at several places of a sample: a linear layer at the positions of a sequence, a convolution
at each patch of the image, a layer that is called twice at both calls. With $a$ what enters
at a place (a patch written as a vector; a 1 appended where there is a bias) and $g$ the gradient of the
losses in what leaves it, of $B$ samples at $|T|$ places each, the curvature is modelled as
$\Omega \otimes \Gamma$,
$$ \Omega = \frac1B \sum a a^T, \qquad \Gamma = \frac{1}{B |T|} \sum g g^T , $$
both sums over samples and places. This is the empirical Fisher matrix, that of the labels of the data,
if activations and gradients are independent, their statistics the same at all places and gradients
uncorrelated between places. With one place it is the K-FAC of a linear layer. Where a sample has several
labels, $g$ is that of their sum and $\Gamma$ is divided by their number: the loss is their mean.

The step of the weight matrix is
$(\Gamma + \sqrt\lambda/\pi\, I)^{-1}\, \nabla W\, (\Omega + \pi\sqrt\lambda\, I)^{-1}$ with
$\pi^2 = (\operatorname{tr}\Omega/\dim\Omega)/(\operatorname{tr}\Gamma/\dim\Gamma)$. $\lambda$ is damped as
Newton's blocks are, the largest entry being that of $\Omega \otimes \Gamma$; factors are those of the
batch, not averaged.

The plain gradient stays with norms and embeddings, convolutions with groups, with another padding than a
number of zeros or of other than two dimensions, weights that several layers share, and parameters that no
layer above owns. Where a bias is frozen, the layer counts as one without.

Source: Martens and Grosse (2015), arXiv:1503.05671, sections 3 and 6.3; Grosse and Martens (2016),
arXiv:1602.01407, theorem 1 for convolutions (recalled).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce

import torch
from torch.autograd.graph import GradientEdge, get_gradient_edge

from qres.config.record import Damping
from qres.measurement.newton.damping import find_damping
from qres.measurement.training import Batch, Loss

Layer = torch.nn.Linear | torch.nn.Conv2d


@dataclass(frozen=True, kw_only=True)
class _Call:
    """What a layer saw when it ran: its input, the size of its output, and where that stands.

    The edge of the graph outlives a change of the output in place; None where no gradient is asked.
    """

    inputs: torch.Tensor
    n_outputs: int
    edge: GradientEdge | None


Calls = dict[Layer, list[_Call]]
"""Of each layer that ran."""

Pairs = list[tuple[torch.Tensor, torch.Tensor]]
"""Inputs of a layer, and the gradient of the loss in its outputs, run by run."""


@dataclass(frozen=True, kw_only=True)
class _Factors:
    r"""Both factors of the curvature of a layer.

    Args:
        omega: of the inputs, the 1 of a bias last.
        gamma: of the gradients in the outputs.
    """

    omega: torch.Tensor
    gamma: torch.Tensor


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
    steps, factors = _find_factors(module, loss, batch)
    for layer, found in factors:
        if bool(steps[layer.weight].any()):  # else nothing to turn, and factors that may vanish
            steps |= dict(_turn(layer, found, steps, damping, index))
    return steps


def list_preconditioned(module: torch.nn.Module, inputs: torch.Tensor) -> list[torch.Tensor]:
    """Return the parameters that do not take the plain gradient.

    Args:
        module: the network.
        inputs: samples to send through it: a layer that does not run is not preconditioned.
    """
    with torch.no_grad(), _watching(module) as calls:
        module(inputs)
    return [item for layer in calls for item in (layer.weight, _bias(layer)) if item is not None]


def count_factors(module: torch.nn.Module, inputs: torch.Tensor) -> float:
    """Return the operations of factors, Cholesky factorisations and solves of one iteration.

    Args:
        module: the network.
        inputs: of the batch.
    """
    with torch.no_grad(), _watching(module) as calls:
        module(inputs)
    total = 0.0
    for layer, runs in calls.items():
        after = len(layer.weight)
        before = layer.weight.numel() // after + (_bias(layer) is not None)
        places = sum(run.n_outputs for run in runs) // after
        total += 2 * places * (before**2 + after**2)
        total += (before**3 + after**3) / 3 + 2 * before * after * (before + after)
    return total


def _find_layers(module: torch.nn.Module) -> Iterator[Layer]:
    """Yield the layers that can be preconditioned."""
    owned: Counter[torch.Tensor] = Counter(
        item for _, item in module.named_parameters(remove_duplicate=False)
    )
    for layer in module.modules():
        if isinstance(layer, torch.nn.Linear) or (
            isinstance(layer, torch.nn.Conv2d)
            and layer.groups == 1
            and layer.padding_mode == "zeros"
            and isinstance(layer.padding, tuple)
        ):
            parts = [item for item in (layer.weight, layer.bias) if item is not None]
            if layer.weight.requires_grad and all(owned[item] == 1 for item in parts):
                yield layer


def _bias(layer: Layer) -> torch.Tensor | None:
    """Return the bias if it is trained."""
    return layer.bias if layer.bias is not None and layer.bias.requires_grad else None


@contextmanager
def _watching(module: torch.nn.Module) -> Iterator[Calls]:
    """Keep what enters and leaves the layers."""
    calls: Calls = defaultdict(list)

    def keep(
        layer: Layer,
        given: tuple[torch.Tensor, ...],
        named: Mapping[str, torch.Tensor],
        output: torch.Tensor,
    ) -> None:
        edge = get_gradient_edge(output) if output.requires_grad else None
        entering = given[0] if given else named["input"]
        run = _Call(inputs=entering.detach(), n_outputs=output.numel(), edge=edge)
        calls[layer].append(run)

    handles = [
        layer.register_forward_hook(keep, with_kwargs=True) for layer in _find_layers(module)
    ]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _find_factors(
    module: torch.nn.Module, loss: Loss, batch: Batch
) -> tuple[dict[torch.Tensor, torch.Tensor], Iterator[tuple[Layer, _Factors]]]:
    """Return the gradient, and the factors of one layer after the other."""
    with _watching(module) as calls:
        value = loss(module(batch[0]), batch[1])
    parameters = [item for item in module.parameters() if item.requires_grad]
    gradient, seen = _differentiate(value, parameters, calls)
    n_samples, n_losses = len(batch[0]), _count_losses(batch[1])
    factors = (
        (layer, _multiply(layer, pairs, n_samples, n_losses)) for layer, pairs in seen.items()
    )
    return gradient, factors


def _differentiate(
    value: torch.Tensor, parameters: Sequence[torch.Tensor], calls: Calls
) -> tuple[dict[torch.Tensor, torch.Tensor], dict[Layer, Pairs]]:
    """Return the gradient in the parameters, and inputs and slopes of the layers that it reaches."""
    runs = [
        (layer, run.inputs, run.edge)
        for layer, several in calls.items()
        for run in several
        if run.edge is not None
    ]
    asked = [*parameters, *(edge for _, _, edge in runs)]
    found = torch.autograd.grad(value, asked, allow_unused=True)
    gradient = {
        item: torch.zeros_like(item) if slope is None else slope
        for item, slope in zip(parameters, found, strict=False)
    }
    seen: dict[Layer, Pairs] = defaultdict(list)
    for (layer, inputs, _), slope in zip(runs, found[len(parameters) :], strict=True):
        if slope is not None:
            seen[layer].append((inputs, slope))
    return gradient, seen


def _count_losses(targets: torch.Tensor) -> int:
    """Return of how many losses the loss is the mean: one a label, or one a row of numbers."""
    return len(targets) if targets.is_floating_point() else targets.numel()


def _list_inputs(layer: Layer, entering: torch.Tensor) -> torch.Tensor:
    """Return one row for each sample and place, a 1 appended where there is a bias."""
    if isinstance(layer, torch.nn.Conv2d) and isinstance(layer.padding, tuple):
        patches = torch.nn.functional.unfold(
            entering,
            layer.kernel_size,
            dilation=layer.dilation,
            padding=layer.padding,
            stride=layer.stride,
        )
        entering = patches.transpose(-1, -2)
    rows = entering.reshape(-1, entering.shape[-1])
    return rows if _bias(layer) is None else torch.cat([rows, torch.ones_like(rows[:, :1])], dim=1)


def _list_outputs(layer: Layer, slopes: torch.Tensor) -> torch.Tensor:
    """Return the gradient of the loss in what leaves, in the same order."""
    if isinstance(layer, torch.nn.Conv2d):
        slopes = slopes.flatten(-2).transpose(-1, -2)
    return slopes.reshape(-1, slopes.shape[-1])


def _multiply(layer: Layer, pairs: Pairs, n_samples: int, n_losses: int) -> _Factors:
    """Return the factors from inputs and slopes; those of the losses are `n_losses` times larger."""
    slopes = [_list_outputs(layer, leaving) for _, leaving in pairs]
    inputs = (_list_inputs(layer, entering) for entering, _ in pairs)
    omega, gamma = (
        reduce(torch.add, (rows.T @ rows for rows in side)) for side in (inputs, slopes)
    )
    places = sum(map(len, slopes)) / n_samples
    return _Factors(omega=omega / n_samples, gamma=gamma * (n_losses / places))


def _turn(
    layer: Layer,
    factors: _Factors,
    steps: dict[torch.Tensor, torch.Tensor],
    damping: Damping,
    index: int,
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield the preconditioned steps of a layer's weight and bias."""
    omega, gamma, bias = factors.omega, factors.gamma, _bias(layer)
    largest = float(omega.abs().max() * gamma.abs().max())
    root = math.sqrt(find_damping(damping, index, largest, block="k-fac"))
    size = _mean_diagonal(gamma)  # slopes that are not zero may have squares that are
    ratio = math.sqrt(_mean_diagonal(omega) / size) if size > 0 else math.nan
    slope = steps[layer.weight].flatten(1)
    if bias is not None:
        slope = torch.cat([slope, steps[bias][:, None]], dim=1)
    turned = _solve(gamma, root / ratio, slope)
    turned = _solve(omega, root * ratio, turned.T).T
    width = layer.weight[0].numel()
    yield layer.weight, turned[:, :width].reshape(layer.weight.shape)
    if bias is not None:
        yield bias, turned[:, -1]


def _mean_diagonal(matrix: torch.Tensor) -> float:
    return float(torch.trace(matrix)) / len(matrix)


def _solve(matrix: torch.Tensor, damping: float, right: torch.Tensor) -> torch.Tensor:
    damped = matrix + damping * torch.eye(len(matrix), dtype=matrix.dtype)
    factor, flaw = torch.linalg.cholesky_ex(damped)
    solved = torch.cholesky_solve(right, factor)
    return solved if int(flaw) == 0 else torch.full_like(right, torch.nan)
