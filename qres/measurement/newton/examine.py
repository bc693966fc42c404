"""One block of one step, written down: what a linear solver must know, and what it cost to know."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from qres.errors import InputError
from qres.measurement.newton.condition import (
    SOURCE,
    Ends,
    describe,
    describe_end,
    describe_kappa,
    find_ends,
)
from qres.measurement.newton.curvature import BlockMatrix
from qres.measurement.newton.formed import describe_entries, describe_pruning, solve_formed
from qres.measurement.newton.pruning import Pruned, prune_symmetric
from qres.measurement.newton.singular import Effort, Singular, shift_ends
from qres.measurement.newton.solve import DEFINITE, REMEDY, solve_block
from qres.measurement.newton.symmetric import multiplier
from qres.measurement.trace import estimate_trace
from qres.notation.quantity import Quantity

Vector = NDArray[np.float64]
Values = dict[str, Quantity]


@dataclass(frozen=True, kw_only=True)
class Examined:
    """A solved block.

    Args:
        step: the solution.
        is_definite: whether the matrix that was solved is positive definite.
        values: of `NewtonBlock`.
        lanczos_steps: on the matrix that was solved, before or after it was damped.
        inverse_steps: likewise, on its inverse.
    """

    step: Vector
    is_definite: bool
    values: Mapping[str, Quantity]
    lanczos_steps: int
    inverse_steps: int


def examine_block(
    matrix: BlockMatrix,
    damping: float,
    gradient: Vector,
    *,
    prune: float,
    n_samples: int,
    effort: Effort,
    place: str,
) -> Examined:
    """Solve the damped, pruned system of a block and measure its matrix.

    Args:
        matrix: undamped.
        damping: what is added to its diagonal.
        gradient: right-hand side.
        prune: part of the entries beside the diagonal that may go.
        n_samples: of the batch.
        effort: how hard to look.
        place: opens error messages.

    Raises:
        InputError: the matrix cannot be solved with, or is too large to be pruned.
    """
    if not np.any(gradient):
        raise InputError(f"{place}: the gradient is zero: there is nothing to solve")
    pruned = _prune(matrix, prune, place) if prune else None
    if pruned is not None:
        kept = pruned.matrix  # of a square that was pruned no factor is known
        matrix = BlockMatrix(dim=matrix.dim, multiply=multiplier(kept), dense=kept)
    rng = np.random.default_rng(effort.seed)
    ends = find_ends(matrix, steps=effort.lanczos_steps, rng=rng)
    if matrix.dense is None:
        _check_large(matrix, ends, damping, place)
        step, is_definite = solve_block(matrix, damping, gradient, place=place), True
        extra, extremes = _describe_large(matrix, damping, effort), shift_ends(ends, damping)
    else:
        formed = solve_formed(
            matrix,
            damping,
            gradient,
            ends=ends,
            effort=effort,
            place=place if pruned is None else f"{place}, after pruning",
            overwrite=pruned is not None,
        )
        step, extremes, is_definite = formed.step, formed.extremes, formed.factor.is_definite
        extra = describe_entries(formed)
        if pruned is not None:
            is_damped = damping > 0
            extra |= describe_pruning(
                pruned, formed, gradient, effort, is_damped=is_damped, place=place
            )
    values = {
        **_describe_ends(ends, damping, is_square=matrix.is_square),
        **_describe_solver(matrix.dim, extremes, step, gradient),
        **extra,
        **(_describe_gram(matrix, damping, n_samples) if matrix.is_square else {}),
        "newton_fidelity": describe(_cosine(step, gradient), "cosine of step and gradient"),
    }
    return Examined(
        step=step,
        is_definite=is_definite,
        values=values,
        lanczos_steps=extremes.lanczos_steps,
        inverse_steps=extremes.inverse_steps,
    )


def _describe_ends(ends: Ends, damping: float, *, is_square: bool) -> Values:
    """Return the undamped spectrum, the damping, and what both say of the condition number."""
    values = {
        "lambda_max": describe_end(ends.lambda_max, ends.method),
        "lambda_min": describe_end(ends.lambda_min, ends.lowest),
        "lambda_reg": describe(damping, "damping schedule", "exact"),
    }
    if is_square and damping > 0:
        values["kappa_bound"] = Quantity(
            value=1 + ends.lambda_max.value / damping,
            low=1 + ends.lambda_max.low / damping,
            high=1 + ends.lambda_max.high / damping,
            kind="measured",
            bound="upper",
            source=SOURCE,
            method="1 + lambda_max/lambda_reg: no eigenvalue of a square is negative",
        )
    return values


def _describe_solver(dim: int, extremes: Singular, step: Vector, gradient: Vector) -> Values:
    """Return what a linear solver asks for beside the entries."""
    smallest = extremes.smallest
    part = float(np.linalg.norm(step)) / float(np.linalg.norm(gradient))
    return {
        "dim": describe(dim, "parameters of the block", "exact"),
        "norm": describe_end(extremes.largest, extremes.method),
        "smallest_singular_value": describe_end(smallest, extremes.method),
        "kappa": describe_kappa(extremes.largest, smallest, extremes.method),
        "solution_overlap": Quantity(
            value=part * smallest.low,
            low=part * smallest.low,
            high=min(part * smallest.high, 1.0),
            kind="measured",
            bound="lower",
            source=SOURCE,
            method="norms of step and gradient, at the lower end of the smallest singular value",
        ),
    }


def _describe_large(matrix: BlockMatrix, damping: float, effort: Effort) -> Values:
    """Return what is known of the entries of a matrix that was not formed."""
    dim = matrix.dim
    full = Quantity(
        value=dim, kind="proven", bound="upper", source=SOURCE, method="at most the dimension"
    )
    values = {"sparsity": full}
    if matrix.largest_entry is not None:
        text = "every entry of the diagonal, where a square has its largest"
        values["max_entry"] = describe(matrix.largest_entry + damping, text, "exact")
    return values | {"frobenius_norm": _find_frobenius(matrix, damping, effort)}


def _find_frobenius(matrix: BlockMatrix, damping: float, effort: Effort) -> Quantity:
    r"""Return $\sqrt{\lVert H\rVert_F^2 + 2\lambda\operatorname{tr}H + N\lambda^2}$."""
    if matrix.rows is not None:
        square = float(np.linalg.norm(matrix.rows @ matrix.rows.T)) ** 2
        assert matrix.trace is not None
        total = square + 2 * damping * matrix.trace + matrix.dim * damping**2
        return describe(math.sqrt(total), "every entry of the factor", "exact")

    def multiply(vectors: torch.Tensor) -> torch.Tensor:
        return torch.stack([torch.from_numpy(matrix.multiply(row.numpy())) for row in vectors])

    rng = np.random.default_rng([*effort.seed, 1])
    trace, square = estimate_trace(multiply, matrix.dim, n_probes=effort.n_probes, rng=rng)
    total = square.value + 2 * damping * trace.value + matrix.dim * damping**2
    ends = (
        square_end + (2 * damping * trace_end if damping else 0.0) + matrix.dim * damping**2
        for square_end, trace_end in ((square.low, trace.low), (square.high, trace.high))
    )
    low, high = (math.sqrt(max(end, 0.0)) for end in ends)
    return Quantity(
        value=math.sqrt(total),
        low=low,
        high=high,
        kind="measured",
        source=SOURCE,
        method=f"Hutch++, 3 x {effort.n_probes} products, 95% interval",
    )


def _describe_gram(matrix: BlockMatrix, damping: float, n_samples: int) -> Values:
    r"""Return what the encoding `gram` needs of $R^T R + \lambda I$.

    The factor is $\sqrt B R$ with rows $\sqrt{\lambda B}\, e_i$ below it, shared out over the samples,
    so that the norm of the loss in its outputs is 1 and the normalisation the trace.
    """
    assert matrix.trace is not None
    outputs = matrix.rows_per_sample + (math.ceil(matrix.dim / n_samples) if damping else 0)
    norm = math.sqrt(n_samples * (matrix.trace + matrix.dim * damping))
    return {
        "n_samples": describe(n_samples, "samples of the batch", "exact"),
        "n_outputs": describe(outputs, "rows of the factor a sample, damping among them", "exact"),
        "jacobian_frobenius": describe(norm, "every row of the factor", "exact"),
        "output_hessian_norm": describe(1.0, "folded into the factor", "exact"),
        "gram_dropped_norm": describe(0.0, "the matrix is its factor's square", "exact"),
    }


def _prune(matrix: BlockMatrix, fraction: float, place: str) -> Pruned:
    """Return what stays and what goes of a matrix, which must have been formed."""
    if matrix.dense is None:
        raise InputError(
            f"{place}: {matrix.size_text}, too large to be pruned; algorithm.prune: 0 works by products,"
            " blocks: layer makes blocks smaller"
        )
    return prune_symmetric(matrix.dense, fraction)


def _check_large(matrix: BlockMatrix, ends: Ends, damping: float, place: str) -> None:
    """Refuse a large matrix that may be indefinite or singular: only a formed one tells."""
    if ends.lambda_min.low + damping <= 0:
        remedy = REMEDY if matrix.is_square else DEFINITE
        raise InputError(
            f"{place}: {matrix.size_text}, and products do not show that it is definite (lambda_min >="
            f" {ends.lambda_min.low:.3g}, damping {damping:.3g}); {remedy}"
        )


def _cosine(one: Vector, other: Vector) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
