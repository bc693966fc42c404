r"""Operations that a step asks for besides its solve, by formula: nothing here is timed.

| what | operations |
|---|---|
| gradient of $B$ samples | 3 forward passes, counted in the network: one forward, two back |
| product with a block | 2.5 gradients |
| Hessian of a block of $N$ | $N$ products |
| factor of $m$ rows a sample | $(1 + 2m)/3$ gradients, the block's share of the parameters |
| $R^T R$ | $2 m B N^2$ |
| damping | $N$; relative to the largest entry $N^2$ comparisons, or $2 m B N$ for a diagonal |
| scale of a relative damping, alone | the factor and its diagonal; of a Hessian every entry |
| pruning | $3 N^2$: selection, mask, joining |
| Lanczos, $k$ steps | $k$ products and $2 k^2 N$ |
| Frobenius norm, not formed | $2 m^2 B^2 N$ from the factor; else 3 products a probe, at most $N$ |

Lanczos is that on the matrix which is solved with. The norm of what was dropped and its effect on the
step are kept for the reader; no route asks for them.

Source: the usual counts (a gradient is $6 N B$ for linear layers, a Hessian product 12 to 15 $N B$).
"""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from qres.measurement.newton.curvature import BlockMatrix
from qres.measurement.objective import Objective

PRODUCT = 2.5
"""Gradients in one product."""


def count_gradient(objective: Objective) -> float:
    """Return the operations of one gradient of the whole batch.

    Args:
        objective: whose first sample is sent through the network once.
    """
    inputs, targets = objective.batches[0]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        objective.output(objective.start_tensor, (inputs[:1], targets[:1]))
    return 3.0 * counter.get_total_flops() * objective.n_samples


def count_work(
    matrix: BlockMatrix,
    *,
    gradient: float,
    share: float,
    lanczos_steps: int,
    n_probes: int,
    is_relative: bool,
    is_pruned: bool,
) -> dict[str, float]:
    """Return the operations of `form`, `damp`, `prune`, `lanczos`, `frobenius`, `product`, `scale`.

    Args:
        matrix: of the block.
        gradient: operations of one gradient of the batch.
        share: part of the active parameters that the block has.
        lanczos_steps: as taken.
        n_probes: of the Frobenius norm, where only products are known.
        is_relative: whether damping asks for the largest entry.
        is_pruned: whether entries are dropped.
    """
    dim, product = matrix.dim, PRODUCT * gradient
    used = {"dense": 2.0 * dim**2, "rows": 4.0 * matrix.factor_rows * dim, "products": product}
    is_dense = matrix.form == "dense"
    compared = dim**2 if is_dense else 2.0 * matrix.factor_rows * dim
    return {
        "form": _count_form(matrix, gradient, share),
        "damp": float(dim + is_relative * compared),
        "prune": 3.0 * dim**2 * is_pruned,
        "lanczos": lanczos_steps * used[matrix.form] + 2.0 * lanczos_steps**2 * dim,
        "frobenius": _count_frobenius(matrix, product, n_probes),
        "product": product,
        "scale": is_relative * _count_scale(matrix, gradient, share),
    }


def _count_frobenius(matrix: BlockMatrix, product: float, n_probes: int) -> float:
    if matrix.form == "rows":
        return 2.0 * matrix.factor_rows**2 * matrix.dim
    return _count_products(matrix.dim, n_probes) * product if matrix.form == "products" else 0.0


def _count_products(dim: int, n_probes: int) -> int:
    """Return the products of Hutch++, which takes every column where those are fewer."""
    return dim if dim <= 2 * n_probes else 3 * n_probes


def _count_form(matrix: BlockMatrix, gradient: float, share: float) -> float:
    if not matrix.is_square:
        return PRODUCT * gradient * matrix.dim if matrix.form == "dense" else 0.0
    rows = _count_rows(matrix, gradient, share)
    squared = 2.0 * matrix.factor_rows * matrix.dim**2
    return rows + squared if matrix.form == "dense" else rows


def _count_rows(matrix: BlockMatrix, gradient: float, share: float) -> float:
    """Return the operations that write down the factor of a square."""
    return gradient * (1 + 2 * matrix.rows_per_sample) / 3 * share


def _count_scale(matrix: BlockMatrix, gradient: float, share: float) -> float:
    """Return the operations of the largest entry for who does not form the matrix."""
    if not matrix.is_square:
        return PRODUCT * gradient * matrix.dim
    return _count_rows(matrix, gradient, share) + 2.0 * matrix.factor_rows * matrix.dim
