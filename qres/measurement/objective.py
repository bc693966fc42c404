r"""The loss of a network as a function of its active coordinates: value, gradient, and its graph.

The loss is the mean over the whole data set. Weight decay `wd` adds $wd\,\theta$ to every gradient, so
that everything measured upstairs contains it. The graph of the gradient, which all higher derivatives
start from, is kept for data sets of at most `KEPT_SAMPLES` samples that fit in memory and rebuilt
micro-batch by micro-batch beyond that.

In which numbers and where all this is computed is a setting (`Arithmetic`). What is asked and answered
in numpy is in double precision whatever it is. Several processes share the micro-batches (`Team`), and
what takes long goes through a `Journal`, so that a killed measurement goes on where it was.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.attention import SDPBackend, sdpa_kernel

from qres.errors import InputError
from qres.measurement.arithmetic import (
    SMALL,
    Arithmetic,
    Batch,
    Plan,
    count_graph,
    is_coupled,
    make_plan,
)
from qres.measurement.coordinates import ActiveCoordinates
from qres.measurement.graphs import Graph
from qres.measurement.journal import Journal, find_journal
from qres.measurement.layers import convolving
from qres.measurement.networks import explain
from qres.measurement.smoothness import runs_kinks
from qres.measurement.sums import Sums
from qres.measurement.team import Team, find_team

KEPT_SAMPLES = 4096
"""Up to this many samples the graph of the gradient stays in memory."""

FEW = 2
"""Samples of which products are checked, where the network is large."""

Vector = NDArray[np.float64]
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Objective:
    """The full-batch loss as a function of the active coordinates only.

    The module itself is never written to: its tensors are copied, in double precision by default.

    Args:
        module: the network, in the mode (train or eval) in which it is to be measured.
        loss: of (output, target), a mean over the batch.
        batches: the whole data set, once.
        mask: which entries of which parameters are active; None is all that require a gradient.
        weight_decay: added to gradient and Hessian.
        arithmetic: precision, device, and samples at a time.
        journal: keeps what was computed; by default that of the measurement being made.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        *,
        loss: Loss,
        batches: Iterable[Batch],
        mask: Mapping[str, torch.Tensor] | None = None,
        weight_decay: float = 0.0,
        arithmetic: Arithmetic | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.module = module
        self.arithmetic = arithmetic or Arithmetic()
        self.journal = journal or find_journal()
        self.team = find_team()
        self.coordinates = ActiveCoordinates.select(
            module, mask, dtype=self.arithmetic.dtype, device=self.arithmetic.device
        )
        self.weight_decay = weight_decay
        self.n_params = sum(parameter.numel() for parameter in module.parameters())
        self.n_active = self.coordinates.n_active
        self._loss, self._mask = loss, mask
        self._given = list(batches)
        self._batches = [self._prepare(batch) for batch in self._given]
        self.n_samples = sum(len(inputs) for inputs, _ in self._batches)
        if self.n_samples == 0:
            raise InputError("batches: no sample; give an iterable of (x, y) tensors")
        self.n_features = math.prod(self._batches[0][0].shape[1:])
        self._start = self.coordinates.gather()
        self._exact: Vector | None = None  # the start before it was rounded, where it was moved to
        if not bool(torch.isfinite(self._start).all()):
            raise InputError("the network has a weight that is NaN or infinite")
        self._kept: Graph | None = None
        self._planned: Plan | None = None
        self._check_loss()

    @property
    def start(self) -> Vector:
        """The active weights at which curvature is measured."""
        return self._start.double().cpu().numpy().copy()

    @property
    def start_tensor(self) -> torch.Tensor:
        """The same, beside the network; not to be written to."""
        return self._start

    @property
    def batches(self) -> list[Batch]:
        """The data set, in the precision of the network and beside it."""
        return self._batches

    @property
    def parts(self) -> list[Batch]:
        """The same in micro-batches, each as large as fits or as was asked for."""
        return self._plan.batches

    @cached_property
    def is_kinked(self) -> bool:
        """Whether network or loss is not smooth somewhere, told by what runs for two samples."""
        inputs, targets = self._batches[0]
        point = self._start.clone().requires_grad_()
        try:
            return runs_kinks(lambda: self._part(point, (inputs[:2], targets[:2])))
        except (RuntimeError, ValueError):  # code of the user's that takes whole batches only
            return runs_kinks(lambda: self._part(point, self._batches[0]))

    def output(self, point: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return what the network makes of one batch with the active weights at `point`."""
        tensors = self.coordinates.scatter(point)
        # fused attention has no second derivative
        with convolving(self.module), sdpa_kernel(SDPBackend.MATH):
            return torch.func.functional_call(self.module, tensors, (batch[0],))

    def compare(self, output: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the loss of outputs, a mean over their batch; never in half precision."""
        is_half = output.dtype is torch.bfloat16
        return self._loss(output.float() if is_half else output, targets)

    def loss(self, weights: Vector) -> float:
        """Return the mean loss at `weights`, without weight decay."""
        with torch.no_grad():
            point = self._tensor(weights)
            found = math.fsum(float(self._part(point, batch)) for batch in self._mine)
        return float(self._total(torch.tensor(found, dtype=torch.float64)))

    def gradient(self, weights: Vector) -> Vector:
        """Return the gradient at `weights`, weight decay included."""
        point = self._tensor(weights).requires_grad_()

        def slope(number: int) -> list[torch.Tensor]:
            value = self._part(point, self._mine[number])
            return list(
                torch.autograd.grad(value, point, allow_unused=True, materialize_grads=True)
            )

        (total,) = self._add_up("gradient", [weights], len(self._mine), slope)
        return self._array(total).astype(np.float64, copy=False) + self.weight_decay * weights

    def at(self, weights: Vector) -> Self:
        """Return the same loss, to be differentiated at other weights; the batches are shared."""
        other = copy.copy(self)
        other._start, other._kept, other._exact = self._tensor(weights), None, weights
        return other

    def split(self, count: int, seed: int) -> list[Self]:
        """Return the losses of `count` batches that share the samples out, drawn once by `seed`.

        Sizes differ by at most one sample; weight decay is part of each.

        Raises:
            InputError: there are fewer samples than batches, or they do not fit in one tensor.
        """
        if count > self.n_samples:
            raise InputError(f"n_batches: {count} batches of {self.n_samples} samples")
        try:
            inputs, targets = (torch.cat([batch[side] for batch in self._given]) for side in (0, 1))
        except RuntimeError as error:
            raise InputError(f"batches: samples differ in shape: {explain(error)}") from error
        order = torch.randperm(self.n_samples, generator=torch.Generator().manual_seed(seed))
        found = []
        for rows in torch.tensor_split(order.to(inputs.device), count):
            part = copy.copy(self)
            part._given = [(inputs[rows], targets[rows])]
            part._batches, part._kept = [self._prepare(batch) for batch in part._given], None
            part._planned = None
            part.n_samples = len(rows)
            found.append(part)
        return found

    def sampled(self) -> Self:
        """Return the loss of the first few samples where products are costly, else this one.

        For checks of products and of their rounding, which few samples show as well: the rounding
        of a mean is at most the mean of the roundings. A graph that is kept makes room for it, and is
        built again when it is needed.
        """
        inputs, targets = self._batches[0]
        if self.n_params < SMALL or self.n_samples <= FEW or len(inputs) < FEW:
            return self
        self._kept = None
        part = copy.copy(self)
        part._given = [(self._given[0][0][:FEW], self._given[0][1][:FEW])]
        part._batches, part._kept = [(inputs[:FEW], targets[:FEW])], None
        part._planned = Plan(part._batches, is_kept=False)
        part.n_samples = FEW
        return part

    def alone(self) -> Self:
        """Return the same loss, all of whose samples this process takes, whatever others do."""
        other = copy.copy(self)
        other.team, other._kept = Team(), None
        return other

    def _prepare(self, batch: Batch) -> Batch:
        """Move a batch to the network, in its precision where it is floating point."""
        try:
            inputs, targets = batch
            pair = tuple(item.detach().to(self.coordinates.device) for item in (inputs, targets))
        except (TypeError, ValueError, AttributeError):
            raise InputError("batches: each must be a pair (x, y) of tensors") from None
        half, dtype = torch.bfloat16, self.arithmetic.dtype
        inputs, targets = (
            item.to(to) if item.is_floating_point() else item
            for item, to in zip(
                pair, (dtype, torch.float32 if dtype is half else dtype), strict=True
            )
        )
        return inputs, targets

    def _tensor(self, vector: Vector) -> torch.Tensor:
        """Return `vector` as a tensor beside the network."""
        return torch.as_tensor(vector).to(self.coordinates.device, self.arithmetic.dtype, copy=True)

    def _array(self, tensor: torch.Tensor) -> Vector:
        """Return a tensor as an array in the precision of vectors."""
        return tensor.cpu().numpy()

    def _add_up(
        self,
        name: str,
        asked: Sequence[Vector],
        count: int,
        make: Callable[[int], list[torch.Tensor]],
    ) -> list[torch.Tensor]:
        """Return sums over the micro-batches of all processes, in the precision of vectors.

        Args:
            name: of the question that the journal may have the answer to.
            asked: what it depends on, beside the start.
            count: parts of this process.
            make: one part of each sum.
        """
        dtype, sums = self.arithmetic.vector_dtype, Sums(self.coordinates.device)

        def add(number: int) -> None:
            sums.add([part.detach().to(dtype) for part in make(number)])

        def finish() -> list[torch.Tensor]:
            return [self._total(total) for total in sums.totals]

        if not self.journal.is_open:  # the checksum of the question costs, too
            for number in range(count):
                add(number)
            return finish()
        found = self.journal.add_up(
            name,
            [self.start, *asked, np.array([count, self.team.rank, self.team.size])],
            count,
            add,
            sums,
            lambda: [self._array(total) for total in finish()],
        )
        return [torch.from_numpy(item).to(self.coordinates.device) for item in found]

    def _total(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the sum over the processes that share the data."""
        if not self.team.splits(self._plan.batches):
            return tensor
        return self.team.sum(tensor.to(self.coordinates.device))

    @property
    def spare_team(self) -> Team:
        """Processes that may share other work, because they do not share the data."""
        return Team() if self.team.splits(self._plan.batches) else self.team

    @property
    def _plan(self) -> Plan:
        """How products go through the data; made when it is first needed."""
        if self._planned is None:
            self._planned = make_plan(
                self._batches,
                micro_batch=self.arithmetic.micro_batch,
                keeps=self.n_samples <= KEPT_SAMPLES,
                n_params=self.n_params,
                is_coupled=is_coupled(self.module),
                count=lambda batch: count_graph(lambda: self._graph([batch])),
            )
        return self._planned

    @property
    def _mine(self) -> list[Batch]:
        """The micro-batches of this process."""
        return self.team.share(self._plan.batches)

    def _part(self, point: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return one batch's share of the mean loss."""
        inputs, targets = batch
        return self.compare(self.output(point, batch), targets) * (len(inputs) / self.n_samples)

    def _graph(self, batches: list[Batch]) -> Graph:
        """Return the start and the gradient there, ready to be differentiated again."""
        point = self._start.clone().requires_grad_()
        value = torch.stack([self._part(point, batch) for batch in batches]).sum()
        (gradient,) = torch.autograd.grad(
            value, point, create_graph=True, allow_unused=True, materialize_grads=True
        )
        return point, gradient

    def _kept_graph(self) -> Graph:
        """Return the graph of the full gradient, built once."""
        if self._kept is None:
            self._kept = self._graph(self._mine)
        return self._kept

    @property
    def _is_kept(self) -> bool:
        """Whether the graph of the gradient stays in memory."""
        return self._plan.is_kept

    @property
    def _n_graphs(self) -> int:
        """How many graphs of the gradient add up to all of it."""
        return 1 if self._is_kept else len(self._mine)

    def _graph_of(self, number: int) -> Graph:
        """Return one of them."""
        return self._kept_graph() if self._is_kept else self._graph([self._mine[number]])

    def _check_loss(self) -> None:
        """Refuse a loss that is no scalar, not finite, or different at each call."""
        try:
            # as many samples as fit: the first batch may be the whole data set
            value = self._part(self._start.clone().requires_grad_(), self._plan.batches[0])
            if not isinstance(value, torch.Tensor) or value.numel() != 1:
                raise InputError("loss: must return one number, a mean over the batch")
            if not value.requires_grad:
                raise InputError("loss: does not depend on the weights (detach or no_grad in it?)")
            first, second = self.loss(self.start), self.loss(self.start)
        except InputError:
            raise
        except Exception as error:  # whatever the user's code raises
            raise InputError(f"network and data do not fit: {explain(error)}") from error
        if not math.isfinite(first):
            raise InputError(f"loss: {first} at the given weights, must be finite")
        if not math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-300):
            raise InputError("loss: differs from call to call (dropout?); call module.eval() first")
