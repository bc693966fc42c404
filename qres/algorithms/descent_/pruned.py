r"""Small entries of the Hessian left out: what the sparse encoding saves, what the result loses.

Source: the change of $u_T$ by a dropped part of the matrix, see `threshold`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from qres.algorithms.base import Choice
from qres.algorithms.plan import Plan, growth_of
from qres.algorithms.threshold import THRESHOLD_ERROR
from qres.errors import InfeasibleError
from qres.measurement.record import Measurement, SparsityRow
from qres.notation.named import ceil_log2
from qres.notation.quantity import Quantity

SPARSE, GRAM = "sparse", "gram"
"""The encoding that pays for entries by their number; the one that holds the Gauss-Newton part."""


def affords(plan: Plan, encoding: str, most: float) -> bool:
    """Say whether an encoding that leaves something out stays within what that may cost."""
    if encoding != GRAM:
        return True
    row = gram_row(plan)
    is_plain = plan.degree == 1 and len(plan.cut.segments) == 1
    return is_plain and (row is None or dropped_error(row, plan) <= most)


def open_rows(plan: Plan, measurement: Measurement, encoding: str, most: float) -> list[int]:
    """Return the thresholds worth trying, as rows of the scan; row 0 drops nothing.

    Of the thresholds that leave the same padded row the smallest is enough.

    Args:
        plan: degree 1 in one segment, else nothing may be dropped.
        measurement: with the scan.
        encoding: its name.
        most: error that dropping may make, relative to the whole change.
    """
    if encoding != SPARSE or plan.degree > 1 or len(plan.cut.segments) > 1:
        return [0]
    found: dict[int, int] = {}
    for index, row in enumerate(measurement.sparsity_rows):
        if row.sparsity and (not index or dropped_error(row, plan) <= most):
            found.setdefault(ceil_log2.scalar(row.sparsity), index)
    return sorted({0, *found.values()})


def dropped_error(row: SparsityRow, plan: Plan) -> float:
    """Return the error of a threshold, relative to the whole change of the weights."""
    errors = []
    for segment in plan.cut.segments:
        norms = segment.path_norms[1]
        error = THRESHOLD_ERROR(
            learning_rate=plan.cut.learning_rate,
            growth=growth_of(segment, plan),
            dropped_norm=row.dropped_norm,
            update_norms=norms,
        )
        errors.append(float(error) * norms[-1])
    return plan.cut.relative(errors)


def gram_row(plan: Plan) -> SparsityRow | None:
    """Return what the Gauss-Newton part leaves out of the Hessian, as one more row."""
    norm = plan.cut.worst("gram_dropped_norm")
    if norm is None:
        return None
    return SparsityRow(threshold=0.0, sparsity=0, max_entry=0.0, dropped_norm=float(norm))


def kept_row(measurement: Measurement, plan: Plan, choice: Choice) -> SparsityRow | None:
    """Return what a choice leaves out, None where nothing is."""
    if choice.encoding == GRAM:
        return gram_row(plan)
    return measurement.sparsity_rows[choice.kept_row] if choice.kept_row else None


def kept_values(
    row: SparsityRow, values: Mapping[str, Quantity], error: float
) -> dict[str, Quantity]:
    """Return what is left of the Hessian; by Weyl, its spectrum is wider by the norm left out.

    Args:
        row: what is left out.
        values: of the job.
        error: of the updates, relative to the last one: the last norm may be shorter and the others
            longer by that much, so the success probability is a lower bound.
    """
    method = f"entries below {row.threshold:.3g} left out"
    kept = {}
    if row.sparsity:
        kept["sparsity"] = Quantity(value=row.sparsity, kind="measured", method=method)
        kept["max_entry"] = Quantity(value=row.max_entry, kind="measured", method=method)
    else:
        method = "the Gauss-Newton part alone"
    for name, sign in (("lambda_max", 1), ("lambda_min", -1)):
        end = values[name]
        kept[name] = replace(
            end,
            value=float(end) + sign * row.dropped_norm,
            low=None,
            high=None,
            method=f"{end.method}; {method}",
        )
    last = values["update_norm"]
    shrunk = float(last) * max(0.0, (1 - error) / (1 + error))
    if shrunk == 0:
        raise InfeasibleError("encoding", "what it leaves out is as large as the whole update")
    kept["update_norm"] = replace(last, value=shrunk, method=f"{last.method}, shrunk; {method}")
    return kept
