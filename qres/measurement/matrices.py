r"""What a linear solver must know about a matrix: sparsity, largest entry, norms, $\kappa$.

Up to `DENSE_DIM` rows (or where the matrix is nearly full) the singular values are computed all;
beyond that the two extreme ones come from Lanczos on $A^T A$ and on its inverse through a sparse
factorisation, with intervals. A smallest singular value below the rounding error of the largest is
zero: the matrix is singular to working precision, and $\kappa$ is infinite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse
import scipy.sparse.linalg
from numpy.typing import NDArray

from qres.config.record import MatrixModel, MeasureSettings
from qres.errors import InputError
from qres.measurement.diagonals import Diagonals, find_diagonals
from qres.measurement.lanczos import EPSILON, Extreme, find_extremes
from qres.measurement.matrix_files import Matrix, read_matrix, read_rhs
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.record import Measurement, SparsityRow
from qres.notation.quantity import Kind, Quantity

DENSE_DIM = 2000
"""Up to this many rows every singular value is computed."""

DENSE_FILL = 0.1
"""Matrices with a larger part of non-zero entries are treated as dense at any size."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class _Singular:
    """The extreme singular values, with the way they were found."""

    largest: Extreme
    smallest: Extreme
    kind: Kind
    method: str


def measure_matrix(
    model: MatrixModel, settings: MeasureSettings, *, progress: Progress = keep_silent
) -> Measurement:
    """Read a matrix file, and its right-hand side if there is one, and measure both."""
    matrix = read_matrix(model.file)
    rhs = None if model.rhs is None else read_rhs(model.rhs, matrix.shape[0])
    progress("singular values", 0, 1)
    singular = _find_singular(matrix, settings, progress)
    progress("singular values", 1, 1)
    values = _describe_entries(matrix, model.file) | _describe_spectrum(singular, model.file)
    diagonals = find_diagonals(matrix)
    if isinstance(diagonals, Diagonals):
        values |= diagonals.describe()
    if rhs is not None and singular.smallest.value > 0:
        values["solution_overlap"] = _find_overlap(matrix, rhs, singular, model.rhs)
    row = SparsityRow(
        threshold=0.0,
        sparsity=int(float(values["sparsity"])),
        max_entry=float(values["max_entry"]),
        dropped_norm=0.0,
    )
    details = _describe_matrix(matrix, model) | {"seed": settings.seed}
    details["diagonals"] = "constant" if isinstance(diagonals, Diagonals) else diagonals
    return Measurement(subject="matrix", values=values, sparsity_rows=(row,), details=details)


PATTERNS = {
    "sparsity": "fullest row of the pattern of A and its transpose together",
    "row_sparsity": "fullest row",
    "column_sparsity": "fullest column",
}
"""How the non-zeros of a row or column are counted."""


def count_sparsity(matrix: Matrix) -> dict[str, int]:
    """Return the numbers of `PATTERNS`; the first alone where it is that of rows and columns, too.

    That is so where the pattern is symmetric.
    """
    pattern = scipy.sparse.csr_array((matrix != 0).astype(np.int64))
    turned = scipy.sparse.csr_array(pattern.T)
    both = scipy.sparse.csr_array(pattern + turned)
    counted = [both] if both.nnz == pattern.nnz else [both, pattern, turned]
    counts = (int(np.max(np.diff(item.indptr))) for item in counted)
    return dict(zip(PATTERNS, counts, strict=False))


def _describe_entries(matrix: Matrix, file: Path) -> dict[str, Quantity]:
    """Return what is counted from the entries."""
    source = file.name

    def quantity(value: float | int, method: str) -> Quantity:
        return Quantity(value=value, source=source, method=method)

    sizes = np.abs(matrix.data)
    return {
        "dim": quantity(matrix.shape[0], "rows"),
        "nnz": quantity(int(matrix.nnz), "entries that are not zero"),
        **{name: quantity(n, PATTERNS[name]) for name, n in count_sparsity(matrix).items()},
        "max_entry": quantity(float(np.max(sizes)), "largest absolute value"),
        "frobenius_norm": quantity(float(scipy.linalg.norm(sizes)), "root of the sum of squares"),
    }


def _describe_spectrum(singular: _Singular, file: Path) -> dict[str, Quantity]:
    """Return both extreme singular values and their ratio."""

    def quantity(value: float, low: float, high: float) -> Quantity:
        return Quantity(
            value=value,
            low=low,
            high=high,
            kind=singular.kind,
            source=file.name,
            method=singular.method,
        )

    top, bottom = singular.largest, singular.smallest
    return {
        "norm": quantity(top.value, top.low, top.high),
        "smallest_singular_value": quantity(bottom.value, bottom.low, bottom.high),
        "kappa": quantity(
            _divide(top.value, bottom.value),
            _divide(top.low, bottom.high),
            _divide(top.high, bottom.low),
        ),
    }


def _divide(above: float, below: float) -> float:
    """Return the quotient, infinity over zero."""
    return math.inf if below <= 0 else above / below


def _find_singular(matrix: Matrix, settings: MeasureSettings, progress: Progress) -> _Singular:
    """Return the extreme singular values by the way that suits the matrix."""
    dim = matrix.shape[0]
    if dim <= DENSE_DIM or matrix.nnz > DENSE_FILL * dim**2:
        values = scipy.linalg.svdvals(matrix.toarray())
        top = float(values[0])
        slack = dim * EPSILON * top
        bottom = 0.0 if values[-1] <= slack else float(values[-1])
        return _Singular(
            largest=_surround(top, slack),
            smallest=_surround(bottom, slack if bottom else 0.0),
            kind="exact",
            method="dense singular value decomposition; the interval is its rounding error",
        )
    return _find_singular_sparse(matrix, settings, progress)


def _surround(value: float, slack: float) -> Extreme:
    """Return an end known to within `slack`."""
    return Extreme(value=value, low=max(value - slack, 0.0), high=value + slack, residual=slack)


def _find_singular_sparse(
    matrix: Matrix, settings: MeasureSettings, progress: Progress
) -> _Singular:
    """Return the extreme singular values by Lanczos on the Gram matrix and on its inverse."""
    rng = np.random.default_rng(settings.seed)
    dim, steps = matrix.shape[0], settings.lanczos_steps
    transposed = scipy.sparse.csr_array(matrix.T)
    gram = find_extremes(
        lambda v: transposed @ (matrix @ v), dim, steps=steps, rng=rng, progress=progress
    )
    largest = _take_root(gram.largest)
    nothing = Extreme(value=0.0, low=0.0, high=0.0, residual=0.0)
    try:
        factors = scipy.sparse.linalg.splu(scipy.sparse.csc_array(matrix))
    except RuntimeError:
        return _Singular(
            largest=largest, smallest=nothing, kind="measured", method="the sparse LU is singular"
        )
    inverse = find_extremes(
        lambda v: factors.solve(factors.solve(v, "T")), dim, steps=steps, rng=rng, progress=progress
    )
    upper = _take_root(inverse.largest)
    smallest = Extreme(
        value=1 / upper.value,
        low=1 / upper.high,
        high=1 / upper.low,
        residual=upper.residual / upper.value**2,
    )
    is_singular = smallest.value <= dim * EPSILON * largest.value
    return _Singular(
        largest=largest,
        smallest=nothing if is_singular else smallest,
        kind="measured",
        method=f"{gram.method}; on A^T A, and on its inverse by sparse LU",
    )


def _take_root(end: Extreme) -> Extreme:
    """Return the singular value that belongs to an eigenvalue of the Gram matrix."""
    value = math.sqrt(max(end.value, 0.0))
    low, high = math.sqrt(max(end.low, 0.0)), math.sqrt(max(end.high, 0.0))
    return Extreme(
        value=value, low=low, high=high, residual=end.residual / (2 * value) if value else 0.0
    )


def _find_overlap(matrix: Matrix, rhs: Vector, singular: _Singular, file: Path | None) -> Quantity:
    r"""Return $\|x\| / (\|A^{-1}\| \|b\|)$ for $A x = b$."""
    solution = np.asarray(scipy.sparse.linalg.spsolve(scipy.sparse.csc_array(matrix), rhs))
    ratio = float(np.linalg.norm(solution) / np.linalg.norm(rhs))
    if not math.isfinite(ratio):
        raise InputError(f"{file}: the system has no finite solution")
    bottom = singular.smallest
    return Quantity(
        value=min(1.0, ratio * bottom.value),
        low=min(1.0, ratio * bottom.low),
        high=min(1.0, ratio * bottom.high),
        kind=singular.kind,
        source="" if file is None else file.name,
        method="sparse direct solution of A x = b",
    )


def _describe_matrix(matrix: Matrix, model: MatrixModel) -> dict[str, Any]:
    """Return plain facts: symmetry, definiteness, files."""
    difference = scipy.sparse.csr_array(matrix - matrix.T)
    asymmetry = float(np.max(np.abs(difference.data), initial=0.0))
    is_symmetric = asymmetry == 0.0
    return {
        "file": model.file.name,
        "rhs": None if model.rhs is None else model.rhs.name,
        "symmetric": is_symmetric,
        "symmetry": "symmetric" if is_symmetric else "not symmetric",
        "largest_asymmetry": asymmetry,
        "positive_definite": _is_positive_definite(matrix) if is_symmetric else None,
    }


def _is_positive_definite(matrix: Matrix) -> bool | None:
    """Say whether a symmetric matrix is positive definite; None where that would take too long."""
    if np.any(matrix.diagonal() <= 0):
        return False
    if matrix.shape[0] > DENSE_DIM:
        return None
    try:
        np.linalg.cholesky(matrix.toarray())
    except np.linalg.LinAlgError:
        return False
    return True
