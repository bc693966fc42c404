"""What a run is asked for, and what it trains on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from qres.config.record import Newton
from qres.errors import InputError
from qres.measurement.coordinates import ActiveCoordinates
from qres.measurement.curvature import Curvature
from qres.measurement.data import Dataset
from qres.measurement.networks import explain
from qres.measurement.newton.noise import Vector
from qres.measurement.pipeline import find_accuracy
from qres.measurement.training import Batch, Loss


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a run is asked for.

    Args:
        algorithm: the section of the model file.
        delta: relative error of each solution, `error.total`.
        lanczos_steps: of each block.
        n_probes: random vectors, where a matrix is known by products only.
        seed: of batches, errors and probes.
    """

    algorithm: Newton
    delta: float
    lanczos_steps: int = 64
    n_probes: int = 8
    seed: int = 0


class Trainee:
    """A network whose active weights are set from outside, with its samples.

    Args:
        module: written to; in the mode in which it is trained.
        loss: of (output, target), a mean over the batch.
        batches: the whole data set, once.
        mask: what is active; None is all that requires a gradient.
        dataset: for the accuracy on held-out samples; None where there are none.

    Raises:
        InputError: the batches do not fit in one tensor.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        loss: Loss,
        batches: list[Batch],
        mask: Mapping[str, torch.Tensor] | None = None,
        dataset: Dataset | None = None,
    ) -> None:
        self.module, self.loss, self.mask, self.dataset = module, loss, mask, dataset
        try:
            self.inputs, self.targets = (
                torch.cat([pair[side] for pair in batches]) for side in (0, 1)
            )
        except RuntimeError as error:
            raise InputError(f"batches: samples differ in shape: {explain(error)}") from error
        self.n_samples = len(self.inputs)

    @property
    def weights(self) -> Vector:
        """The active weights."""
        return ActiveCoordinates.select(self.module, self.mask).gather().numpy()

    def move(self, weights: Vector) -> None:
        """Put active weights into the network."""
        tensors = ActiveCoordinates.select(self.module, self.mask).scatter(
            torch.from_numpy(weights)
        )
        with torch.no_grad():
            for name, parameter in self.module.named_parameters():
                parameter.copy_(tensors[name])

    def keep_mask(self, find: Callable[[torch.nn.Parameter], torch.Tensor | None]) -> None:
        """Set what `find` has for each parameter to zero where that is not active, in place."""
        for name, parameter in self.module.named_parameters():
            tensor, keep = find(parameter), (self.mask or {}).get(name)
            if tensor is not None and keep is not None:
                tensor.mul_(keep)

    def draw(self, index: int, setup: Setup) -> Batch:
        """Return the batch of a step: a part of a pass in random order, or everything.

        Raises:
            InputError: there are fewer samples than a batch has.
        """
        size = setup.algorithm.batch_size
        if size is None or size == self.n_samples:
            return self.inputs, self.targets
        if size > self.n_samples:
            raise InputError(
                f"algorithm.batch_size: {size:,} of {self.n_samples:,} training samples"
            )
        a_pass, place = divmod(index, self.n_samples // size)
        order = np.random.default_rng([setup.seed, 0, a_pass]).permutation(self.n_samples)
        chosen = torch.from_numpy(order[place * size : (place + 1) * size])
        return self.inputs[chosen], self.targets[chosen]

    def curvature(self, batch: Batch, mask: Mapping[str, torch.Tensor] | None) -> Curvature:
        """Return the loss of one batch at the present weights."""
        return Curvature(self.module, loss=self.loss, batches=[batch], mask=mask)

    def find_loss(self) -> float:
        """Return the mean loss of all training samples at the present weights."""
        with torch.no_grad():
            parts = zip(self.inputs.split(AT_ONCE), self.targets.split(AT_ONCE), strict=True)
            total = sum(float(self.loss(self.module(x), y)) * len(x) for x, y in parts)
        return total / self.n_samples

    def find_accuracy(self) -> float | None:
        """Return the accuracy on held-out samples at the present weights, None without any."""
        data = self.dataset
        if data is None:
            return None
        return find_accuracy(self.module, data.held_out_inputs, data.held_out_targets)


AT_ONCE = 2048
"""Samples that go through a network together when the loss is taken."""
