r"""The classical routes of one damped linear system of a Newton step; fp64.

Beside the dense routes of `solve` (Cholesky or LU, and CG on the formed matrix) stand two that need no
matrix: Woodbury's identity through the factor $G$ of $G^T G + \lambda I$, and CG on products with the
network. Both solve the *unpruned* system, so they are left out where entries were pruned. Every route
carries what it must prepare: forming, damping, pruning; none needs the extremes of the spectrum.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from qres.classical.estimate import estimate_flops
from qres.classical.record import ClassicalCost, Device
from qres.classical.roofline import ONE_DEVICE, time_work, utilisation, waiting
from qres.classical.solve import (
    BYTES_FP64,
    DENSE_PASSES,
    VECTOR_FLOPS,
    VECTOR_PASSES,
    estimate_solve,
)
from qres.classical.subject import read_value
from qres.measurement.newton.record import NewtonBlock

WOODBURY_LAUNCHES = 4
"""The small Gram matrix, its factorisation, and a product before and after."""


def price_routes(
    block: NewtonBlock, device: Device, *, epsilon: float, is_pruned: bool
) -> list[tuple[ClassicalCost, float]]:
    """Return (solve, seconds of preparation) of every classical route of a block.

    Args:
        block: damped, and pruned if it is.
        device: which GPU.
        epsilon: relative error of the solution.
        is_pruned: whether entries were dropped from the matrix.
    """
    return [
        (cost, estimate_flops(flops, device).runtime_s)
        for cost, flops in _routes(block, device, epsilon, is_pruned)
    ]


def _routes(
    block: NewtonBlock, device: Device, epsilon: float, is_pruned: bool
) -> Iterator[tuple[ClassicalCost, float]]:
    work = block.work
    if block.is_dense:
        formed = work["form"] + work["damp"] + work["prune"]
        facts = {"symmetric": True, "positive_definite": block.is_definite}
        dense = estimate_solve(block.values, device, epsilon=epsilon, details=facts)
        yield from ((cost, formed) for cost in dense.alternatives)
    if is_pruned or not block.is_definite or math.isinf(_kappa(block)):
        return
    if 0 < block.factor_rows < block.dim:
        yield _woodbury(block, device), factor_flops(block)
    yield _products(block, device, epsilon), 0.0


def factor_flops(block: NewtonBlock) -> float:
    """Return the operations that write down the factor alone, without squaring it."""
    squared = 2.0 * block.factor_rows * block.dim**2 if block.is_dense else 0.0
    return block.work["form"] - squared


def _woodbury(block: NewtonBlock, device: Device) -> ClassicalCost:
    """Factor B x B in place of N x N: 2 B^2 N + B^3/3 + 4 B N operations."""
    rows, dim = float(block.factor_rows), float(block.dim)
    flops = 2 * rows**2 * dim + rows**3 / 3 + 4 * rows * dim
    traffic = BYTES_FP64 * (3 * rows * dim + DENSE_PASSES * rows**2)
    assumptions = (utilisation(device, "fp64"), waiting(device), ONE_DEVICE)
    return time_work(device, "Woodbury", "fp64", flops, traffic, WOODBURY_LAUNCHES, assumptions)


def _products(block: NewtonBlock, device: Device, epsilon: float) -> ClassicalCost:
    """CG whose products go through the network, one launch each."""
    kappa = _kappa(block)
    iterations = max(
        1, math.ceil(0.5 * math.sqrt(kappa) * math.log(2 * math.sqrt(kappa) / epsilon))
    )
    flops = iterations * (block.work["product"] + VECTOR_FLOPS * block.dim)
    traffic = iterations * BYTES_FP64 * VECTOR_PASSES * block.dim
    assumptions = (
        utilisation(device, "fp64"),
        "classical: one launch a product, as a captured graph reaches at best",
        waiting(device),
        ONE_DEVICE,
    )
    return time_work(device, "CG by products", "fp64", flops, traffic, iterations, assumptions)


def _kappa(block: NewtonBlock) -> float:
    """Return the condition number at the upper end of its interval."""
    return float(read_value(block.values, "kappa", end="high"))
