r"""Entries of the Hessian: exact from its rows while it fits, sampled beyond that.

Up to `EXACT_DIM` active parameters all rows are computed. Beyond, the largest entry is that of
`SAMPLED_ROWS` random rows (a lower bound), trace and Frobenius norm are those of Hutch++ (`trace`), and
the sparsity is bounded by the dimension.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qres.measurement.curvature import Curvature
from qres.measurement.lanczos import Extremes
from qres.measurement.probes import CONFIDENCE, draw_signs
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.record import SparsityRow
from qres.measurement.rounding import add_rounding, bound_matrix, is_rounded
from qres.measurement.thresholds import scan_thresholds
from qres.measurement.trace import estimate_trace
from qres.notation.quantity import Quantity

EXACT_DIM = 3000
"""Up to this many active parameters every row of the Hessian is computed."""

SAMPLED_ROWS, QUICK_ROWS = 64, 8

Matrix = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Entries:
    """What is known of the entries.

    Args:
        values: `sparsity`, `max_entry`, `frobenius_norm`, `trace`.
        sparsity_rows: the threshold scan.
        dense: the whole Hessian, None where it was sampled.
        warnings: (code, message) pairs.
    """

    values: dict[str, Quantity]
    sparsity_rows: tuple[SparsityRow, ...]
    dense: Matrix | None
    warnings: tuple[tuple[str, str], ...] = ()


def measure_entries(
    curvature: Curvature,
    extremes: Extremes,
    *,
    n_probes: int,
    seed: int,
    dense: Matrix | None = None,
    is_scanned: bool = True,
    n_rows: int = SAMPLED_ROWS,
    error: float = 0.0,
    progress: Progress = keep_silent,
) -> Entries:
    """Measure sparsity, largest entry, Frobenius norm and trace by the way that the size allows.

    Args:
        curvature: of the loss.
        extremes: the ends of the spectrum, which bound what is sampled.
        n_probes: random sign vectors, where the Hessian is sampled.
        seed: of everything random here.
        dense: the whole Hessian, shape (r, r), where it is at hand.
        is_scanned: whether thresholds other than 0 are tried on it.
        n_rows: random rows, where the Hessian is sampled.
        error: norm by which a product with a unit vector may be off, by rounding.
        progress: told as it goes.
    """
    if dense is None and curvature.n_active <= EXACT_DIM:
        dense = curvature.dense(progress=progress)
    if dense is not None:
        found = _describe_dense(dense, seed, is_scanned, progress)
    else:
        found = _sample_entries(
            curvature, extremes, n_probes=n_probes, seed=seed, n_rows=n_rows, progress=progress
        )
    return _add_rounding(found, curvature, error) if is_rounded(curvature) else found


def _add_rounding(found: Entries, curvature: Curvature, error: float) -> Entries:
    r"""Return what is known of the entries with rounding in the intervals, where it is not yet.

    A matrix that is off by $E$ has a trace that is off by at most $\sqrt{n}\lVert E\rVert_F$.
    """
    off, dim = bound_matrix(error, curvature.n_active), curvature.n_active
    values = dict(found.values)
    for name in ("max_entry", "frobenius_norm"):
        values[name] = add_rounding(values[name], off, curvature)
    count = values["sparsity"]
    if count.kind == "exact":  # what rounding made of zeros is counted, too
        values["sparsity"] = replace(count, low=0, high=dim, kind="measured")
    if found.dense is not None:  # that of signs has its own
        values["trace"] = _widen(values["trace"], math.sqrt(dim) * off, curvature)
    return replace(found, values=values)


def _widen(trace: Quantity, slack: float, curvature: Curvature) -> Quantity:
    """Return a trace with rounding as its interval, which may cross zero."""
    said = f"the interval is that of rounding to {curvature.arithmetic.precision}"
    return replace(
        trace,
        low=float(trace) - slack,
        high=float(trace) + slack,
        kind="measured",
        method=f"{trace.method}; {said}",
    )


def compare_twin(dense: Matrix, extremes: Extremes) -> dict[str, Any]:
    """Return what all eigenvalues of the dense Hessian say about the Lanczos extremes."""
    eigenvalues = np.linalg.eigvalsh(dense)
    norm = float(np.max(np.abs(eigenvalues)))
    apart = max(
        abs(float(eigenvalues[-1]) - extremes.largest.value),
        abs(float(eigenvalues[0]) - extremes.smallest.value),
    )
    return {
        "lambda_max": float(eigenvalues[-1]),
        "lambda_min": float(eigenvalues[0]),
        "difference_over_norm": apart / norm if norm > 0 else 0.0,
    }


def _describe_dense(dense: Matrix, seed: int, is_scanned: bool, progress: Progress) -> Entries:
    """Return sparsity, largest entry, Frobenius norm and trace of the whole Hessian."""
    rows = scan_thresholds(dense, seed=seed, progress=progress) if is_scanned else ()
    method = "every row of the Hessian, one product each"

    def quantity(value: float | int) -> Quantity:
        return Quantity(value=value, source="this network", method=method)

    values = {
        "sparsity": quantity(int(np.max(np.count_nonzero(dense, axis=1)))),
        "max_entry": quantity(float(np.max(np.abs(dense)))),
        "frobenius_norm": quantity(float(np.linalg.norm(dense))),
        "trace": quantity(float(np.trace(dense))),
    }
    return Entries(values=values, sparsity_rows=rows, dense=dense)


def _sample_entries(
    curvature: Curvature,
    extremes: Extremes,
    *,
    n_probes: int,
    seed: int,
    n_rows: int,
    progress: Progress,
) -> Entries:
    """Measure the entries from random rows, trace and Frobenius norm from random signs."""

    def sample() -> tuple[float, int]:
        rng = np.random.default_rng(seed)
        chosen = rng.choice(curvature.n_active, size=n_rows, replace=False).tolist()
        found = [_look_at(curvature, number) for number in _told(chosen, progress)]
        return max(entry for entry, _ in found), max(count for _, count in found)

    seen, fullest = curvature.journal.phase("rows", sample)
    values = {
        "sparsity": Quantity(
            value=curvature.n_active,
            low=fullest,
            high=curvature.n_active,
            kind="proven",
            bound="upper",
            source="this network",
            method=f"at most the dimension; the fullest of {n_rows} random rows is the low",
        ),
        "max_entry": Quantity(
            value=seen,
            low=seen,
            high=extremes.norm,
            kind="measured",
            bound="lower",
            source="this network",
            method=f"largest entry of {n_rows} random rows; the norm bounds it from above",
        ),
        **_sample_trace(curvature, extremes, n_probes, seed, progress),
    }
    row = SparsityRow(threshold=0.0, sparsity=curvature.n_active, max_entry=seen, dropped_norm=0.0)
    text = f"max_entry is the largest of {n_rows} random rows of the Hessian: a lower bound"
    return Entries(values=values, sparsity_rows=(row,), dense=None, warnings=(("W-LOWER", text),))


def _told(chosen: list[int], progress: Progress) -> Iterator[int]:
    """Yield the rows that are looked at, and tell how many are done."""
    for position, index in enumerate(chosen, start=1):
        yield index
        progress("Hessian rows", position, len(chosen))


def _look_at(curvature: Curvature, index: int) -> tuple[float, int]:
    """Return the largest entry and the non-zeros of a row: a phase, so that no row is written down."""

    def look() -> tuple[float, int]:
        (row,) = curvature.each_row([index])
        return float(np.max(np.abs(row))), int(np.count_nonzero(row))

    return tuple(curvature.journal.phase("row", look))


def _sample_trace(
    curvature: Curvature, extremes: Extremes, n_probes: int, seed: int, progress: Progress
) -> dict[str, Quantity]:
    """Return trace and Frobenius norm by Hutch++, with intervals."""

    def estimate() -> list[float]:
        trace, square = estimate_trace(
            curvature.apply_block,
            curvature.n_active,
            n_probes=n_probes,
            rng=np.random.default_rng([seed, 1]),
            dtype=curvature.arithmetic.vector_dtype,
            device=curvature.start_tensor.device,
            progress=progress,
        )
        return [*vars(trace).values(), *vars(square).values()]

    trace, lowest, highest, square, least, most = curvature.journal.phase("trace", estimate)
    bias = _find_bias(curvature, seed)
    method = f"Hutch++, 3 x {n_probes} products, {CONFIDENCE:.0%} interval"

    def quantity(value: float, low: float, high: float, said: str = "") -> Quantity:
        return Quantity(
            value=value,
            low=low,
            high=high,
            kind="measured",
            source="this network",
            method=method + said,
        )

    norm, largest = math.sqrt(square), math.sqrt(curvature.n_active) * extremes.norm
    reach = curvature.n_active * extremes.norm  # what the ends alone allow
    low = math.sqrt(max(least, 0.0))
    return {
        "trace": quantity(
            trace,
            max(lowest - bias, -reach),
            min(highest + bias, reach),
            _say_bias(curvature),
        ),
        "frobenius_norm": quantity(
            norm,
            max(low, min(extremes.least_norm, norm)),
            max(norm, min(math.sqrt(most), largest)),
        ),
    }


def _find_bias(curvature: Curvature, seed: int) -> float:
    """Return twice how far one sample of the trace is off, against the next precision up."""
    if curvature.arithmetic.precision == "float64":
        return 0.0

    def measure() -> float:
        signs = draw_signs(np.random.default_rng([seed, 2]), curvature.n_active)
        few = curvature.sampled()
        apart = few.multiply(signs) - few.refined().multiply(signs)
        return 2 * abs(float(signs @ apart))

    return curvature.journal.phase("trace bias", measure)


def _say_bias(curvature: Curvature) -> str:
    """Say that rounding is part of the interval, where it counts."""
    name = curvature.arithmetic.precision
    return "" if name == "float64" else f", widened by twice what {name} changed in one sample"
