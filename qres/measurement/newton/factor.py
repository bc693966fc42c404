r"""Curvature that is a square: $J^T Q J / B = R^T R$, from the rows of $R$ or by products.

$J$ is the Jacobian of the $C$ outputs of $B$ samples along the coordinates of a block, and $Q$ holds
one $C \times C$ block a sample, $Q_b = T_b^T T_b$ with $T_b$ of shape $(m, C)$:

- Gauss-Newton: $Q_b$ is the Hessian of the sample's loss in its outputs, $m = C$;
- empirical Fisher: $Q_b = s_b s_b^T$ with $s_b$ the gradient of the sample's loss in its outputs,
  $m = 1$: a row of $R$ is the gradient of one sample over $\sqrt B$.

Source: Schraudolph (2002), Neural Computation 14, 1723 (the products); the rest derived.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from qres.errors import InputError
from qres.measurement.curvature import Curvature
from qres.measurement.gram import (
    count_sample_outputs,
    find_output_hessians,
    find_output_slopes,
)

CHUNK_NUMBERS = 2**23
"""Rows are made in chunks of at most this many numbers."""

CONVEX = 1e-9
"""Eigenvalues of the loss in its outputs down to minus this part of the largest are rounding."""

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


class Factor:
    """The matrix $R^T R$ of one block at the present weights.

    Args:
        curvature: of the mean loss of one batch, its active coordinates those of the block.
        kind: `gauss-newton` or `fisher`.

    Raises:
        InputError: the loss couples samples, or is not convex in the outputs.
    """

    def __init__(self, curvature: Curvature, kind: str) -> None:
        self.curvature = curvature
        (self.batch,) = curvature.batches
        self.n_outputs = count_sample_outputs(curvature, self.batch)
        if self.n_outputs == 0:
            raise InputError(f"algorithm.curvature: {kind} needs one output a sample; take hessian")
        self.folded = torch.from_numpy(self._fold(kind))
        self._graph: tuple[torch.Tensor, ...] | None = None

    @property
    def rows_per_sample(self) -> int:
        """Rows of $R$ that one sample has: m."""
        return self.folded.shape[1]

    @property
    def n_rows(self) -> int:
        """Rows of $R$."""
        return self.rows_per_sample * self.curvature.n_samples

    def each_rows(self) -> Iterator[Matrix]:
        """Yield $R$ in chunks of rows, shape (some, dim)."""
        inputs = self.batch[0]
        step = max(1, CHUNK_NUMBERS // (self.rows_per_sample * self.curvature.n_active))
        make = torch.func.vmap(self._sample_rows)
        scale = 1 / np.sqrt(self.curvature.n_samples)
        for some, folded in zip(inputs.split(step), self.folded.split(step), strict=True):
            with torch.no_grad():
                found = make(some, folded)
            yield found.reshape(-1, self.curvature.n_active).numpy() * scale

    def multiply(self, vector: Vector) -> Vector:
        """Return $R^T R$ times a vector, two passes through a graph that is built once."""
        if self._graph is None:
            self._graph = self._build()
        point, output, weights, pulled = self._graph
        direction = torch.from_numpy(np.ascontiguousarray(vector))
        (pushed,) = torch.autograd.grad(
            pulled, weights, direction, retain_graph=True, materialize_grads=True
        )
        rows = self.folded @ pushed.view(len(self.folded), self.n_outputs, 1)
        turned = (self.folded.mT @ rows).view(output.shape)
        (product,) = torch.autograd.grad(
            output, point, turned, retain_graph=True, materialize_grads=True
        )
        return product.numpy() / self.curvature.n_samples

    def _build(self) -> tuple[torch.Tensor, ...]:
        """Return weights, outputs, cotangents of the outputs, and the pull-back of these."""
        point = self.curvature.start_tensor.clone().requires_grad_()
        output = self.curvature.output(point, self.batch)
        cotangents = torch.zeros_like(output, requires_grad=True)
        (pulled,) = torch.autograd.grad(
            output, point, cotangents, create_graph=True, materialize_grads=True
        )
        return point, output, cotangents, pulled

    def _sample_rows(self, sample: torch.Tensor, folded: torch.Tensor) -> torch.Tensor:
        """Return $T_b J_b$ of one sample, shape (m, dim)."""

        def outputs(point: torch.Tensor) -> torch.Tensor:
            return self.curvature.output(point, (sample[None], sample)).flatten()

        pull = torch.func.vjp(outputs, self.curvature.start_tensor)[1]
        return torch.func.vmap(lambda row: pull(row)[0])(folded)

    def _fold(self, kind: str) -> Matrix:
        """Return all $T_b$, shape (B, m, C)."""
        if kind == "fisher":
            return find_output_slopes(self.curvature, self.batch, self.n_outputs)[:, None, :]
        blocks = find_output_hessians(self.curvature, self.batch, self.n_outputs, 0)
        if blocks is None:
            raise InputError(
                "algorithm.curvature: the loss couples samples; gauss-newton needs a mean over them"
            )
        values, vectors = np.linalg.eigh((blocks + blocks.mT) / 2)
        largest = float(np.max(np.abs(values)))
        if float(np.min(values)) < -CONVEX * largest:
            raise InputError(
                "algorithm.curvature: the loss is not convex in the outputs; gauss-newton needs it"
            )
        roots = np.where(values > 0, np.sqrt(np.abs(values)), 0.0)  # below zero is rounding
        return np.ascontiguousarray((vectors * roots[:, None, :]).mT)
