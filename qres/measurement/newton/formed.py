"""A block whose matrix was formed: damped, factorised once, and described by its entries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qres.measurement.newton.condition import SOURCE, Ends, bound_merikoski, describe
from qres.measurement.newton.curvature import BlockMatrix
from qres.measurement.newton.pruning import Pruned
from qres.measurement.newton.singular import (
    Effort,
    Singular,
    find_dropped,
    find_shifted,
    shift_ends,
)
from qres.measurement.newton.solve import check_definite, check_regular, damp, find_change
from qres.measurement.newton.symmetric import (
    Factorisation,
    factorise,
    find_largest,
    find_rounding,
)
from qres.notation.quantity import Quantity

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Values = dict[str, Quantity]


@dataclass(frozen=True, kw_only=True)
class Formed:
    """A solved system.

    Args:
        matrix: damped.
        factor: of the matrix.
        extremes: of its singular values.
        step: the solution.
    """

    matrix: Matrix
    factor: Factorisation
    extremes: Singular
    step: Vector


def solve_formed(
    block: BlockMatrix,
    damping: float,
    gradient: Vector,
    *,
    ends: Ends,
    effort: Effort,
    place: str,
    overwrite: bool = False,
) -> Formed:
    """Solve the damped system of a formed block, and find both ends of its singular values.

    Args:
        block: undamped, formed.
        damping: what is added to its diagonal.
        gradient: right-hand side.
        ends: of the undamped spectrum.
        effort: how hard to look.
        place: opens error messages.
        overwrite: whether the block may be damped where it stands, which leaves it to nobody else.

    Raises:
        InputError: the matrix is singular to rounding, or indefinite without damping.
    """
    assert block.dense is not None
    matrix = block.dense if overwrite else block.dense.copy()
    is_damped = damping > 0
    is_shifted = block.is_square and is_damped  # else nothing but zero bounds the lowest
    damp(matrix, damping)
    is_estimated = is_shifted or not is_damped
    factor = factorise(matrix, is_estimated=is_estimated)
    is_regular = factor.is_regular if is_estimated else not factor.has_zero
    check_regular(is_regular, is_damped=is_damped, place=place)
    if is_shifted:
        extremes = shift_ends(ends, damping)
    else:
        extremes = find_shifted(ends, damping, factor, effort)
        is_regular = _is_regular(extremes, block.dim)
        check_regular(is_regular, is_damped=is_damped, place=place)
    check_definite(factor, is_damped=is_damped, place=place)
    return Formed(matrix=matrix, factor=factor, extremes=extremes, step=factor.invert(gradient))


def _is_regular(extremes: Singular, dim: int) -> bool:
    """Return whether there is an inverse beyond rounding, from steps of Lanczos on both ends."""
    return extremes.smallest.value > find_rounding(dim) * extremes.largest.value


def describe_entries(formed: Formed) -> Values:
    """Return what the entries of the matrix say."""
    kept, norm = formed.matrix, float(np.linalg.norm(formed.matrix))
    bound = bound_merikoski(formed.factor.log_det, norm, len(kept))
    text = "determinant and Frobenius norm; costs a factorisation"
    fullest = int(np.max(np.count_nonzero(kept, axis=1)))
    return {
        "sparsity": describe(fullest, "fullest row of the matrix", "exact"),
        "max_entry": describe(find_largest(kept), "every entry", "exact"),
        "frobenius_norm": describe(norm, "every entry", "exact"),
        "merikoski_log10": describe(bound, text, "proven"),
    }


def describe_pruning(
    pruned: Pruned,
    formed: Formed,
    gradient: Vector,
    effort: Effort,
    *,
    is_damped: bool,
    place: str,
) -> Values:
    """Return what pruning did to the matrix and to the step.

    Args:
        pruned: what stayed and what went.
        formed: the system of what stayed, solved.
        gradient: its right-hand side.
        effort: how hard to look.
        is_damped: whether anything was added to the diagonal.
        place: opens error messages.

    Raises:
        InputError: the matrix before pruning is singular, or indefinite without damping.
    """
    bound, smallest = pruned.norm_bound, formed.extremes.smallest.low
    norm, method = find_dropped(pruned.dropped, effort)
    largest = min(norm.high, bound)
    moved = find_change(
        pruned.dropped, formed.step, gradient, formed.factor, is_damped=is_damped, place=place
    )
    change = float(np.linalg.norm(moved) / np.linalg.norm(formed.step - moved))
    return {
        "pruned_share": describe(pruned.share, "entries beside the diagonal", "exact"),
        "prune_error": Quantity(
            value=min(norm.value, bound),
            low=min(norm.low, bound),
            high=largest,
            kind="measured",
            source=SOURCE,
            method=f"spectral norm of what was dropped, at most its largest row sum; {method}",
        ),
        "prune_step_error": Quantity(
            value=change,
            high=largest / smallest if smallest > 0 else None,
            kind="measured",
            source=SOURCE,
            method="step with and without pruning; at most |E| over the smallest singular value left",
        ),
    }
