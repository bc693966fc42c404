r"""Loss, gradient and Hessian of a network on its active coordinates.

The loss is the mean over the whole data set. Weight decay `wd` adds $wd\,\theta$ to every gradient
and $wd\,I$ to every Hessian, so that everything measured upstairs contains it. Products with the
Hessian differentiate the gradient a second time; the graph of the first gradient is kept for data
sets of at most `KEPT_SAMPLES` samples and rebuilt batch by batch beyond that. Third and fourth
derivatives differentiate further: one backward pass for each direction. `rows` and `dense` are the
slow exact twin: the same products against unit vectors.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from qres.errors import InputError
from qres.measurement.coordinates import ActiveCoordinates
from qres.measurement.networks import explain
from qres.measurement.progress import Progress, keep_silent

KEPT_SAMPLES = 4096
"""Up to this many samples the graph of the gradient stays in memory."""

Vector = NDArray[np.float64]
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Batch = tuple[torch.Tensor, torch.Tensor]


class Curvature:
    """The full-batch loss as a function of the active coordinates only.

    The module itself is never written to: its tensors are copied in double precision.

    Args:
        module: the network, in the mode (train or eval) in which it is to be measured.
        loss: of (output, target), a mean over the batch.
        batches: the whole data set, once.
        mask: which entries of which parameters are active; None is all that require a gradient.
        weight_decay: added to gradient and Hessian.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        *,
        loss: Loss,
        batches: Iterable[Batch],
        mask: Mapping[str, torch.Tensor] | None = None,
        weight_decay: float = 0.0,
    ) -> None:
        self.module = module
        self.coordinates = ActiveCoordinates.select(module, mask)
        self.weight_decay = weight_decay
        self.n_params = sum(parameter.numel() for parameter in module.parameters())
        self.n_active = self.coordinates.n_active
        self._loss = loss
        self._batches = [self._prepare(batch) for batch in batches]
        self.n_samples = sum(len(inputs) for inputs, _ in self._batches)
        if self.n_samples == 0:
            raise InputError("batches: no sample; give an iterable of (x, y) tensors")
        self.n_features = math.prod(self._batches[0][0].shape[1:])
        self._start = self.coordinates.gather()
        if not bool(torch.isfinite(self._start).all()):
            raise InputError("the network has a weight that is NaN or infinite")
        self._kept: tuple[torch.Tensor, torch.Tensor] | None = None
        self._check_loss()

    @property
    def start(self) -> Vector:
        """The active weights at which curvature is measured."""
        return self._start.cpu().numpy().copy()

    @property
    def start_tensor(self) -> torch.Tensor:
        """The same, beside the network; not to be written to."""
        return self._start

    @property
    def batches(self) -> list[Batch]:
        """The data set, in double precision, beside the network."""
        return self._batches

    def output(self, point: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return what the network makes of one batch with the active weights at `point`."""
        tensors = self.coordinates.scatter(point)
        return torch.func.functional_call(self.module, tensors, (batch[0],))

    def compare(self, output: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the loss of outputs, a mean over their batch."""
        return self._loss(output, targets)

    def loss(self, weights: Vector) -> float:
        """Return the mean loss at `weights`, without weight decay."""
        with torch.no_grad():
            point = self._tensor(weights)
            return math.fsum(float(self._part(point, batch)) for batch in self._batches)

    def gradient(self, weights: Vector) -> Vector:
        """Return the gradient at `weights`, weight decay included."""
        point = self._tensor(weights).requires_grad_()
        total = torch.zeros_like(point)
        for batch in self._batches:
            (part,) = torch.autograd.grad(
                self._part(point, batch), point, allow_unused=True, materialize_grads=True
            )
            total += part
        return total.cpu().numpy() + self.weight_decay * weights

    def multiply(self, vector: Vector) -> Vector:
        """Return the Hessian at the start, weight decay included, times `vector`."""
        (product,) = self.derive(vector, 1)
        return product

    def at(self, weights: Vector) -> Curvature:
        """Return the same loss, to be differentiated at other weights; the batches are shared."""
        other = copy.copy(self)
        other._start, other._kept = self._tensor(weights), None
        return other

    def split(self, count: int, seed: int) -> list[Curvature]:
        """Return the losses of `count` batches that share the samples out, drawn once by `seed`.

        Sizes differ by at most one sample; weight decay is part of each.

        Raises:
            InputError: there are fewer samples than batches, or they do not fit in one tensor.
        """
        if count > self.n_samples:
            raise InputError(f"n_batches: {count} batches of {self.n_samples} samples")
        try:
            inputs, targets = (
                torch.cat([batch[side] for batch in self._batches]) for side in (0, 1)
            )
        except RuntimeError as error:
            raise InputError(f"batches: samples differ in shape: {explain(error)}") from error
        order = torch.randperm(self.n_samples, generator=torch.Generator().manual_seed(seed))
        found = []
        for rows in torch.tensor_split(order.to(inputs.device), count):
            part = copy.copy(self)
            part._batches, part._kept = [(inputs[rows], targets[rows])], None
            part.n_samples = len(rows)
            found.append(part)
        return found

    def derive(self, vector: Vector, order: int) -> list[Vector]:
        r"""Return $H v$, $T_3(v, v, \cdot)$, $T_4(v, v, v, \cdot)$: the first `order` of them.

        $T_k$ is the $k$-th derivative of the loss at the start; weight decay is part of $H$ only.
        """
        direction = self._tensor(vector)
        totals = [torch.zeros_like(direction) for _ in range(order)]
        for point, value in self._graphs():
            for number in range(order):
                value = _differentiate(point, value, direction, keep=True, again=number + 1 < order)
                totals[number] += value.detach()
        products = [total.cpu().numpy() for total in totals]
        products[0] = products[0] + self.weight_decay * vector
        return products

    def contract(
        self, directions: Sequence[Vector], lasts: Iterable[Vector]
    ) -> Iterator[tuple[int, Vector]]:
        r"""Yield $T(d_1, \ldots, d_k, w, \cdot)$ for each $w$ of `lasts`, with its number.

        With one direction $T$ is the third derivative, with two the fourth. What the directions
        need is computed once; a data set whose graph is not kept is gone through for each $w$.
        """
        fixed = [self._tensor(vector) for vector in directions]
        kept = self._nest(*self._kept_graph(), fixed) if self._is_kept else None
        for number, last in enumerate(lasts):
            vector = self._tensor(last)
            product = torch.zeros_like(vector)
            if kept is not None:
                product += _differentiate(*kept, vector, keep=True)
            else:
                for batch in self._batches:
                    nested = self._nest(*self._graph([batch]), fixed)
                    product += _differentiate(*nested, vector, keep=False)
            yield number, product.cpu().numpy()

    def mix(self, *directions: Vector) -> Vector:
        r"""Return $T(d_1, \ldots, d_k, \cdot)$ of the $(k+1)$-th derivative, k = 2 or more."""
        ((_, product),) = self.contract(directions[:-1], directions[-1:])
        return product

    def rows(self, indices: Iterable[int], *, progress: Progress = keep_silent) -> Vector:
        """Return rows of the Hessian, one product each."""
        wanted = list(indices)
        rows = np.empty((len(wanted), self.n_active))
        unit = np.zeros(self.n_active)
        for position, index in enumerate(wanted):
            unit[index] = 1
            rows[position] = self.multiply(unit)
            unit[index] = 0
            progress("Hessian rows", position + 1, len(wanted))
        return rows

    def dense(self, *, progress: Progress = keep_silent) -> Vector:
        """Return the whole Hessian, symmetrised against rounding: the exact twin."""
        rows = self.rows(range(self.n_active), progress=progress)
        return (rows + rows.T) / 2

    def _prepare(self, batch: Batch) -> Batch:
        """Move a batch to the network, in double precision where it is floating point."""
        try:
            inputs, targets = batch
            pair = tuple(item.detach().to(self.coordinates.device) for item in (inputs, targets))
        except (TypeError, ValueError, AttributeError):
            raise InputError("batches: each must be a pair (x, y) of tensors") from None
        inputs, targets = (item.double() if item.is_floating_point() else item for item in pair)
        return inputs, targets

    def _tensor(self, vector: Vector) -> torch.Tensor:
        """Return `vector` as a tensor beside the network."""
        return torch.as_tensor(vector, dtype=torch.float64).to(self.coordinates.device).clone()

    def _part(self, point: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return one batch's share of the mean loss."""
        inputs, targets = batch
        return self.compare(self.output(point, batch), targets) * (len(inputs) / self.n_samples)

    def _graph(self, batches: list[Batch]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the start and the gradient there, ready to be differentiated again."""
        point = self._start.clone().requires_grad_()
        value = torch.stack([self._part(point, batch) for batch in batches]).sum()
        (gradient,) = torch.autograd.grad(
            value, point, create_graph=True, allow_unused=True, materialize_grads=True
        )
        return point, gradient

    def _kept_graph(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the graph of the full gradient, built once."""
        if self._kept is None:
            self._kept = self._graph(self._batches)
        return self._kept

    @property
    def _is_kept(self) -> bool:
        """Whether the graph of the gradient stays in memory."""
        return self.n_samples <= KEPT_SAMPLES

    def _graphs(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield graphs of the gradient that add up to all of it."""
        if self._is_kept:
            yield self._kept_graph()
            return
        for batch in self._batches:
            yield self._graph([batch])

    @staticmethod
    def _nest(
        point: torch.Tensor, value: torch.Tensor, directions: Sequence[torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the derivative of a gradient along all directions, still differentiable."""
        for direction in directions:
            value = _differentiate(point, value, direction, keep=True, again=True)
        return point, value

    def _check_loss(self) -> None:
        """Refuse a loss that is no scalar, not finite, or different at each call."""
        try:
            with torch.no_grad():
                value = self._part(self._start, self._batches[0])
            if not isinstance(value, torch.Tensor) or value.numel() != 1:
                raise InputError("loss: must return one number, a mean over the batch")
            first, second = self.loss(self.start), self.loss(self.start)
        except InputError:
            raise
        except Exception as error:  # whatever the user's code raises
            raise InputError(f"network and data do not fit: {explain(error)}") from error
        if not math.isfinite(first):
            raise InputError(f"loss: {first} at the given weights, must be finite")
        if not math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-300):
            raise InputError("loss: differs from call to call (dropout?); call module.eval() first")


def _differentiate(
    point: torch.Tensor,
    gradient: torch.Tensor,
    direction: torch.Tensor,
    *,
    keep: bool,
    again: bool = False,
) -> torch.Tensor:
    """Return the derivative of `gradient` along `direction`; zero where it is constant.

    `keep` leaves the graph in memory, `again` makes the derivative differentiable itself.
    """
    if not gradient.requires_grad:
        return torch.zeros_like(point)
    (product,) = torch.autograd.grad(
        gradient,
        point,
        direction,
        retain_graph=keep,
        create_graph=again,
        allow_unused=True,
        materialize_grads=True,
    )
    return product
