r"""Entries of the Hessian: exact from its rows while it fits, sampled beyond that.

Up to `EXACT_DIM` active parameters all rows are computed. Beyond, the largest entry is that of
`SAMPLED_ROWS` random rows (a lower bound), the Frobenius norm is Hutchinson's
$\|H\|_F^2 = \mathbb{E}\,\|Hz\|^2$ over random signs $z$ with Student's interval, and the sparsity
is bounded by the dimension.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qres.measurement.curvature import Curvature
from qres.measurement.lanczos import Extremes
from qres.measurement.probes import CONFIDENCE, draw_signs, find_mean
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.record import SparsityRow
from qres.measurement.thresholds import scan_thresholds
from qres.notation.quantity import Quantity

EXACT_DIM = 3000
"""Up to this many active parameters every row of the Hessian is computed."""

SAMPLED_ROWS = 64

Matrix = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Entries:
    """What is known of the entries.

    Args:
        values: `sparsity`, `max_entry`, `frobenius_norm`.
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
    progress: Progress = keep_silent,
) -> Entries:
    """Measure sparsity, largest entry and Frobenius norm by the way that the size allows.

    Args:
        curvature: of the loss.
        extremes: the ends of the spectrum, which bound what is sampled.
        n_probes: random sign vectors, where the Hessian is sampled.
        seed: of everything random here.
        dense: the whole Hessian, shape (r, r), where it is at hand.
        is_scanned: whether thresholds other than 0 are tried on it.
        progress: told as it goes.
    """
    if dense is None and curvature.n_active <= EXACT_DIM:
        dense = curvature.dense(progress=progress)
    if dense is not None:
        return _describe_dense(dense, seed, is_scanned, progress)
    return _sample_entries(curvature, extremes, n_probes=n_probes, seed=seed, progress=progress)


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
    """Return sparsity, largest entry and Frobenius norm of the whole Hessian."""
    rows = scan_thresholds(dense, seed=seed, progress=progress) if is_scanned else ()
    method = "every row of the Hessian, one product each"

    def quantity(value: float | int) -> Quantity:
        return Quantity(value=value, source="this network", method=method)

    values = {
        "sparsity": quantity(int(np.max(np.count_nonzero(dense, axis=1)))),
        "max_entry": quantity(float(np.max(np.abs(dense)))),
        "frobenius_norm": quantity(float(np.linalg.norm(dense))),
    }
    return Entries(values=values, sparsity_rows=rows, dense=dense)


def _sample_entries(
    curvature: Curvature, extremes: Extremes, *, n_probes: int, seed: int, progress: Progress
) -> Entries:
    """Measure the entries from random rows and random signs."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(curvature.n_active, size=SAMPLED_ROWS, replace=False)
    rows = curvature.rows(chosen.tolist(), progress=progress)
    seen = float(np.max(np.abs(rows)))
    fullest = int(np.max(np.count_nonzero(rows, axis=1)))
    values = {
        "sparsity": Quantity(
            value=curvature.n_active,
            low=fullest,
            high=curvature.n_active,
            kind="proven",
            bound="upper",
            source="this network",
            method=f"at most the dimension; the fullest of {SAMPLED_ROWS} random rows is the low",
        ),
        "max_entry": Quantity(
            value=seen,
            low=seen,
            high=extremes.norm,
            kind="measured",
            bound="lower",
            source="this network",
            method=f"largest entry of {SAMPLED_ROWS} random rows; the norm bounds it from above",
        ),
        "frobenius_norm": _probe_frobenius(curvature, extremes, n_probes, rng, progress),
    }
    row = SparsityRow(threshold=0.0, sparsity=curvature.n_active, max_entry=seen, dropped_norm=0.0)
    text = f"max_entry is the largest of {SAMPLED_ROWS} random rows of the Hessian: a lower bound"
    return Entries(values=values, sparsity_rows=(row,), dense=None, warnings=(("W-LOWER", text),))


def _probe_frobenius(
    curvature: Curvature,
    extremes: Extremes,
    n_probes: int,
    rng: np.random.Generator,
    progress: Progress,
) -> Quantity:
    """Return Hutchinson's estimate of the Frobenius norm with Student's interval."""
    squares = []
    for number in range(1, n_probes + 1):
        signs = draw_signs(rng, curvature.n_active)
        squares.append(float(np.sum(curvature.multiply(signs) ** 2)))
        progress("Frobenius norm", number, n_probes)
    mean, slack = find_mean(squares)
    floor, ceiling = abs(extremes.norm), math.sqrt(curvature.n_active) * extremes.norm
    if slack < math.inf:
        floor = max(math.sqrt(max(mean - slack, 0.0)), min(floor, math.sqrt(mean)))
        ceiling = min(math.sqrt(mean + slack), ceiling)
    return Quantity(
        value=math.sqrt(mean),
        low=floor,
        high=ceiling,
        kind="measured",
        source="this network",
        method=f"Hutchinson, {n_probes} random sign vectors, {CONFIDENCE:.0%} interval",
    )
