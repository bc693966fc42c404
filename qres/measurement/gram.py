r"""The Gauss-Newton part of the Hessian, $J^T Q J / B$, for the encoding `gram`.

$J$ is the Jacobian of all outputs of all $B$ samples, shape $(B C, r)$, and $Q$ the Hessian of the
loss in the outputs, one $C \times C$ block $Q_b$ a sample (the loss being the mean over samples).
What the encoding drops is $H - J^T Q J / B$, weight decay included. From the same Jacobian follow
the gradients of the single samples, $J_b^T \nabla\ell_b$, and the trace of their covariance. Left out
where $J$ does not fit, and where the loss couples samples, so that $Q$ has no such blocks.

Source: derived.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from qres.measurement.curvature import Batch, Curvature
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.thresholds import find_norm
from qres.notation.quantity import Quantity

GRAM_NUMBERS = 2**25
"""The Jacobian is computed while it holds at most this many numbers."""

COUPLING = 1e-9
"""Two samples are coupled where blocks and the whole differ by this part."""

ROUNDING = 64 * float(np.finfo(np.float64).eps)
"""Of a product with a block of a loss whose derivatives are of order one."""

Matrix = NDArray[np.float64]


def measure_gram(
    curvature: Curvature, hessian: Matrix, *, seed: int, progress: Progress = keep_silent
) -> dict[str, Quantity]:
    """Return what the encoding `gram` needs, and `gradient_noise`.

    `n_outputs`, `jacobian_frobenius`, `output_hessian_norm` and `gram_dropped_norm`; the noise is the
    root of the trace of the covariance of the per-sample gradients.

    Args:
        curvature: of the loss, at whose start everything is taken.
        hessian: the dense Hessian there, shape (r, r).
        seed: of the probes.
        progress: told after each batch.
    """
    widths = {count_sample_outputs(curvature, batch) for batch in curvature.batches}
    if len(widths) != 1:
        return {}
    (n_outputs,) = widths
    if n_outputs * curvature.n_samples * curvature.n_active > GRAM_NUMBERS:
        return {}
    gram = np.zeros_like(hessian)
    squares, largest = 0.0, 0.0
    gradients = _Spread(curvature.n_active)
    for number, batch in enumerate(curvature.batches, start=1):
        blocks = find_output_hessians(curvature, batch, n_outputs, seed)
        if blocks is None:
            return {}
        jacobian = _find_jacobian(curvature, batch)  # (b, C, r)
        squares += float(np.sum(jacobian**2))
        largest = max(largest, float(np.max(np.abs(np.linalg.eigvalsh(blocks)))))
        gradients.add(
            np.einsum("bcr,bc->br", jacobian, find_output_slopes(curvature, batch, n_outputs))
        )
        flat = jacobian.reshape(-1, curvature.n_active)
        gram += flat.T @ (blocks @ jacobian).reshape(flat.shape)
        progress("Jacobian", number, len(curvature.batches))
    dropped = hessian - gram / curvature.n_samples
    norm = find_norm((dropped + dropped.T) / 2, seed=seed)
    return _describe(n_outputs, squares, largest, norm, gradients.deviation)


class _Spread:
    """Sums over vectors, for the trace of their covariance."""

    def __init__(self, size: int) -> None:
        self.count, self.squares, self.total = 0, 0.0, np.zeros(size)

    def add(self, rows: Matrix) -> None:
        """Take vectors in, one a row."""
        self.count += len(rows)
        self.squares += float(np.sum(rows**2))
        self.total += rows.sum(axis=0)

    @property
    def deviation(self) -> float:
        """The root of the trace of the covariance, divided by the number of vectors."""
        mean = self.total / self.count
        return math.sqrt(max(0.0, self.squares / self.count - float(mean @ mean)))


def _describe(
    n_outputs: int, squares: float, largest: float, dropped: float, noise: float
) -> dict[str, Quantity]:
    """Return the numbers with their pedigrees."""

    def quantity(value: float | int, method: str) -> Quantity:
        return Quantity(value=value, source="this network", method=method)

    return {
        "n_outputs": quantity(n_outputs, "outputs of one sample"),
        "jacobian_frobenius": quantity(math.sqrt(squares), "every column of the Jacobian"),
        "output_hessian_norm": quantity(largest, "every block of the loss in the outputs"),
        "gram_dropped_norm": quantity(dropped, "Hessian minus Gauss-Newton part, both dense"),
        "gradient_noise": quantity(noise, "covariance of the gradients of all samples"),
    }


def count_sample_outputs(curvature: Curvature, batch: Batch) -> int:
    """Return the outputs of one sample, 0 where the samples cannot be told apart."""
    with torch.no_grad():
        output = curvature.output(curvature.start_tensor, batch)
    is_tensor = isinstance(output, torch.Tensor) and output.ndim > 0
    if not is_tensor or len(output) != len(batch[0]):
        return 0
    return output[0].numel()


def find_output_hessians(
    curvature: Curvature, batch: Batch, n_outputs: int, seed: int
) -> Matrix | None:
    """Return the Hessian of the loss in the outputs of each sample, shape (b, C, C)."""
    if n_outputs == 0:
        return None
    inputs, targets = batch
    with torch.no_grad():
        output = curvature.output(curvature.start_tensor, batch)
    point = output.detach().clone().requires_grad_()
    value = curvature.compare(point, targets) * len(inputs)
    (slope,) = torch.autograd.grad(value, point, create_graph=True, materialize_grads=True)
    shape = (len(inputs), n_outputs)

    def multiply(vector: torch.Tensor) -> torch.Tensor:
        if not slope.requires_grad:
            return torch.zeros_like(vector)
        (product,) = torch.autograd.grad(
            slope, point, vector.view(slope.shape), retain_graph=True, materialize_grads=True
        )
        return product.view(shape)

    columns = [multiply(_unit(shape, column).to(point.device)) for column in range(n_outputs)]
    blocks = torch.stack(columns, dim=2)
    generator = torch.Generator().manual_seed(seed)
    probe = torch.randn(shape, dtype=torch.float64, generator=generator).to(point.device)
    apart = multiply(probe) - (blocks @ probe[..., None])[..., 0]
    rounding = ROUNDING * float(probe.norm())  # blocks of certain outputs vanish, rounding stays
    is_coupled = float(apart.norm()) > COUPLING * float(blocks.norm()) + rounding
    return None if is_coupled else blocks.cpu().numpy()


def find_output_slopes(curvature: Curvature, batch: Batch, n_outputs: int) -> Matrix:
    """Return the gradient of each sample's own loss in its outputs, shape (b, C)."""
    inputs, targets = batch
    with torch.no_grad():
        output = curvature.output(curvature.start_tensor, batch)
    point = output.detach().clone().requires_grad_()
    value = curvature.compare(point, targets) * len(inputs)
    (slope,) = torch.autograd.grad(value, point, materialize_grads=True)
    return slope.view(len(inputs), n_outputs).cpu().numpy()


def _unit(shape: tuple[int, int], column: int) -> torch.Tensor:
    """Return ones in one output of every sample."""
    unit = torch.zeros(shape, dtype=torch.float64)
    unit[:, column] = 1
    return unit


def _find_jacobian(curvature: Curvature, batch: Batch) -> Matrix:
    """Return the derivative of every output along every coordinate, shape (b, C, r).

    $J^T w$ is linear in $w$, so its derivative along a unit vector is a column of $J$.
    """
    point = curvature.start_tensor.clone().requires_grad_()
    output = curvature.output(point, batch)
    weights = torch.zeros_like(output, requires_grad=True)
    (pulled,) = torch.autograd.grad(
        output, point, weights, create_graph=True, materialize_grads=True
    )
    jacobian = np.empty((len(batch[0]), output[0].numel(), curvature.n_active))
    units = torch.eye(curvature.n_active, dtype=torch.float64, device=point.device)
    for number, unit in enumerate(units):
        (column,) = torch.autograd.grad(
            pulled, weights, unit, retain_graph=True, materialize_grads=True
        )
        jacobian[:, :, number] = column.reshape(jacobian.shape[:2]).cpu().numpy()
    return jacobian
