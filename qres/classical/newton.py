r"""The classical routes of one damped linear system of a Newton step; fp64.

Beside the dense routes of `solve` (Cholesky or LU, and CG on the formed matrix) stands $L D L^T$ where
the matrix is not definite, half the work of LU because it is symmetric, and two routes that need no
matrix: Woodbury's identity through the factor $G$ of $G^T G + \lambda I$, and CG on products with the
network. Both solve the *unpruned* system, so they are left out where entries were pruned.

- A route *without a scheduler* carries what it needs itself: forming, damping and pruning for the dense
  ones, the factor for Woodbury, for CG on products nothing, and for both the largest entry where the
  damping is relative to it: on the diagonal of a square, anywhere in a Hessian. None needs the ends of
  the spectrum.
- A route *of a scheduler* carries all that must be known before one is chosen, the same for each: forming,
  damping, pruning, both ends of the spectrum by Lanczos.

Where the matrix may be indefinite, or entries were dropped, its smallest singular value comes from
$L D L^T$, $d^3/3$ operations, and from Lanczos on solutions with it, $2 d^2$ each. That is before the
choice too, so the direct route of the scheduler only substitutes, $2 d^2$: what was factorised once is not
factorised again. Each step of Lanczos waits for the one before, as an iteration of CG does.

The Frobenius norm of a matrix that was not formed is asked for by the quantum route alone, where its
encoding scales by it; `price_norm` says what it costs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from qres.classical.estimate import estimate_flops
from qres.classical.record import ClassicalCost, Device
from qres.classical.roofline import ONE_DEVICE, time_work, utilisation, waiting
from qres.classical.solve import (
    BYTES_FP64,
    DENSE_PASSES,
    HELD,
    VECTOR_FLOPS,
    VECTOR_PASSES,
    estimate_solve,
)
from qres.classical.subject import read_value
from qres.errors import UNBOUNDED_KAPPA
from qres.measurement.newton.record import NewtonBlock

WOODBURY_LAUNCHES = 4
"""The small Gram matrix, its factorisation, and a product before and after."""

DIRECT = ("Cholesky", "LU", "LDL^T")
"""What factorises the matrix itself."""

COMMON = (
    "scheduler: every route pays for forming, damping, pruning and the ends of the spectrum, which are"
    " known before one is chosen"
)

FACTORED = (
    "scheduler: the smallest singular value of a matrix that may be indefinite, was pruned or not damped,"
    " comes from LDL^T, which every route pays for and the direct one uses again"
)


@dataclass(frozen=True, kw_only=True)
class Solves:
    """The classical solves of one block.

    Args:
        costs: (solve, operations that prepare it where it stands alone).
        left_out: (method, reason) of what has no price.
    """

    costs: tuple[tuple[ClassicalCost, float], ...]
    left_out: tuple[tuple[str, str], ...]


def price_choosing(block: NewtonBlock, device: Device) -> float:
    """Return the seconds of all that must be known of a block before its route can be chosen.

    One launch for forming, damping and pruning, one for a factorisation, one for each step of Lanczos.
    A step reads the matrix, or its factor twice where that was kept (else it is a product through the
    network, whose operations count), and all vectors before it twice.
    """
    work, dim = block.work, float(block.dim)
    steps, solved = block.lanczos_steps, block.inverse_steps
    entries = BYTES_FP64 * dim**2
    factor = BYTES_FP64 * 2 * block.factor_rows * dim * block.has_rows
    read = entries if block.is_dense else factor
    parts = [
        (work["form"] + work["damp"] + work["prune"], 0.0, 1),
        (work["lanczos"], steps * read + BYTES_FP64 * steps**2 * dim, steps),
    ]
    if solved:
        flops = solved * 2 * dim**2 + 2 * solved**2 * dim
        parts.append((dim**3 / 3, DENSE_PASSES * entries, 1))
        parts.append((flops, solved * entries + BYTES_FP64 * solved**2 * dim, solved))
    costs = (time_work(device, "choosing", "fp64", *part, ()) for part in parts)
    return sum(float(cost.runtime_s) for cost in costs)


def price_table(block: NewtonBlock, device: Device) -> float:
    """Return the seconds that write down the entries of a matrix that nothing has formed yet.

    What an encoding that loads entries needs: a product for each column, or the square of the factor.
    """
    if block.is_dense:
        return 0.0
    dim = float(block.dim)
    squared = 2.0 * block.factor_rows * dim**2
    return float(estimate_flops(squared or block.work["product"] * dim, device).runtime_s)


def price_norm(block: NewtonBlock, device: Device) -> float:
    """Return the seconds of the Frobenius norm of a matrix that was not formed, else of nothing."""
    if block.is_dense:
        return 0.0
    return float(estimate_flops(block.work["frobenius"], device).runtime_s)


def price_solves(block: NewtonBlock, device: Device, *, epsilon: float, is_pruned: bool) -> Solves:
    """Return every classical solve of a block.

    Args:
        block: damped, and pruned if it is.
        device: which GPU.
        epsilon: relative error of the solution.
        is_pruned: whether entries were dropped from the matrix.
    """
    dense = _price_dense(block, device, epsilon) if block.is_dense else None
    reason = _refuse_products(block, is_pruned=is_pruned)
    methods = _without_matrix(block)
    found = [] if dense is None else list(_prepared(block, device, dense))
    if not reason:
        found += [_price_without_matrix(name, block, device, epsilon) for name in methods]
    left_out = () if dense is None else dense.left_out
    unpriced = tuple((name, reason) for name in methods if reason)
    return Solves(costs=tuple(found), left_out=left_out + unpriced)


def price_scheduled(solves: Solves, block: NewtonBlock, device: Device) -> list[ClassicalCost]:
    """Return the solves of a scheduler, after what `price_choosing` charges."""
    costs = [cost for cost, _ in solves.costs]
    if not block.inverse_steps:
        return costs
    rest = [cost for cost in costs if cost.method not in DIRECT]
    return [_substitute(block, device), *rest]


def price_alone(solves: Solves, device: Device) -> list[tuple[ClassicalCost, float]]:
    """Return (solve, seconds of preparation) of every route without a scheduler."""
    return [(cost, estimate_flops(flops, device).runtime_s) for cost, flops in solves.costs]


def _price_dense(block: NewtonBlock, device: Device, epsilon: float) -> ClassicalCost:
    facts = {"symmetric": True, "positive_definite": block.is_definite}
    return estimate_solve(block.values, device, epsilon=epsilon, details=facts)


def _prepared(
    block: NewtonBlock, device: Device, dense: ClassicalCost
) -> Iterator[tuple[ClassicalCost, float]]:
    """Yield the solves with a formed matrix, with what forms, damps and prunes it."""
    formed = block.work["form"] + block.work["damp"] + block.work["prune"]
    yield from ((cost, formed) for cost in dense.alternatives)
    if not block.is_definite:
        yield _factorise(block, device), formed


def _without_matrix(block: NewtonBlock) -> tuple[str, ...]:
    """Return the methods that need no matrix; Woodbury's gains where the factor is short."""
    is_short = 0 < block.factor_rows < block.dim
    return ("Woodbury", "CG by products") if is_short else ("CG by products",)


def _refuse_products(block: NewtonBlock, *, is_pruned: bool) -> str:
    """Return why no method without the matrix applies; empty where they do."""
    if is_pruned:
        return "entries were pruned: it solves the system of the whole matrix"
    if not block.is_definite:
        return "the matrix is not positive definite"
    return UNBOUNDED_KAPPA if math.isinf(_kappa(block)) else ""


def _price_without_matrix(
    name: str, block: NewtonBlock, device: Device, epsilon: float
) -> tuple[ClassicalCost, float]:
    if name == "Woodbury":
        return _woodbury(block, device), max(factor_flops(block), block.work["scale"])
    return _products(block, device, epsilon), block.work["scale"]


def factor_flops(block: NewtonBlock) -> float:
    """Return the operations that write down the factor alone, without squaring it."""
    squared = 2.0 * block.factor_rows * block.dim**2 if block.is_dense else 0.0
    return block.work["form"] - squared


def _factorise(block: NewtonBlock, device: Device) -> ClassicalCost:
    """Factorise a symmetric matrix that need not be definite, d^3/3 operations."""
    return _ldl(block, device, block.dim**3 / 3, DENSE_PASSES)


def _substitute(block: NewtonBlock, device: Device) -> ClassicalCost:
    """Solve with both triangles of a factorisation that is there: each entry read once for each."""
    return _ldl(block, device, 2.0 * block.dim**2, 1)


def _ldl(block: NewtonBlock, device: Device, flops: float, passes: int) -> ClassicalCost:
    traffic = passes * BYTES_FP64 * float(block.dim) ** 2
    assumptions = (utilisation(device, "fp64"), HELD, waiting(device), ONE_DEVICE)
    return time_work(device, "LDL^T", "fp64", flops, traffic, 1, assumptions)


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
