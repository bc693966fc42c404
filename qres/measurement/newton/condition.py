r"""How hard a damped matrix is to invert, and what a linear solver must know about it.

Both ends of the undamped spectrum come from Lanczos with intervals; damping shifts them. A square
$R^T R$ has no negative eigenvalue, and the value 0 where it has fewer rows than columns, so
$\lambda_{\mathrm{reg}}$ bounds the smallest one from below for free:
$\kappa \le 1 + \lambda_{\max}/\lambda_{\mathrm{reg}}$.

The bound of Merikoski, Urpala, Virtanen, Tam and Uhlig (1997; recalled, re-derived) needs the
determinant, which costs a factorisation, and is loose exponentially in $N$: with
$x = (N/\lVert A\rVert_F^2)^N \det(A)^2$, $\kappa_2 \le \sqrt{(1+\sqrt{1-x})/(1-\sqrt{1-x})} =
(1+\sqrt{1-x})/\sqrt x$, exact for $N = 2$.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from qres.measurement.lanczos import Extreme, Extremes, find_extremes
from qres.measurement.newton.curvature import BlockMatrix
from qres.notation.quantity import Kind, Quantity

SOURCE = "this network"
ROUNDING = 64 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, kw_only=True)
class Ends:
    """Both ends of a spectrum.

    Args:
        lambda_max: the largest eigenvalue.
        lambda_min: the smallest.
        steps: of Lanczos.
        method: how they were found.
        lowest: how the smallest was found, if otherwise.
    """

    lambda_max: Extreme
    lambda_min: Extreme
    steps: int
    method: str
    lowest: str


def find_ends(matrix: BlockMatrix, *, steps: int, rng: np.random.Generator) -> Ends:
    """Return both ends of the undamped matrix by Lanczos, with intervals.

    Args:
        matrix: of the block.
        steps: of Lanczos, fewer where the matrix has fewer dimensions.
        rng: of the random start.
    """
    found = find_extremes(matrix.multiply, matrix.dim, steps=steps, rng=rng, max_steps=steps)
    smallest, method = _raise_floor(matrix, found)
    return Ends(
        lambda_max=found.largest,
        lambda_min=smallest,
        steps=found.steps,
        method=found.method,
        lowest=method,
    )


def _raise_floor(matrix: BlockMatrix, found: Extremes) -> tuple[Extreme, str]:
    """Return the smallest eigenvalue with what a square says about it."""
    smallest = found.smallest
    if not matrix.is_square:
        return smallest, found.method
    if matrix.factor_rows < matrix.dim:
        zero = Extreme(value=0.0, low=0.0, high=0.0, residual=0.0)
        return zero, f"{matrix.factor_rows} rows of {matrix.dim} columns: the square is singular"
    text = f"{found.method}; a square has no negative eigenvalue"
    value, high = max(smallest.value, 0.0), max(smallest.high, 0.0)
    return replace(smallest, value=value, low=max(smallest.low, 0.0), high=high), text


def shift(end: Extreme, by: float) -> Extreme:
    """Return an end of the spectrum after something was added to the diagonal."""
    return replace(end, value=end.value + by, low=end.low + by, high=end.high + by)


def bound_merikoski(log_det: float, frobenius: float, dim: int) -> float:
    r"""Return $\log_{10}$ of the bound on $\kappa_2$ from determinant and Frobenius norm.

    Args:
        log_det: natural logarithm of $|\det A|$.
        frobenius: $\lVert A\rVert_F$.
        dim: N.

    Raises:
        ValueError: no matrix has these; the arithmetic and the geometric mean contradict.
    """
    log_x = dim * math.log(dim) - 2 * dim * math.log(frobenius) + 2 * log_det
    slack = ROUNDING * dim * (1 + abs(math.log(dim)) + 2 * abs(math.log(frobenius)))
    if log_x > slack:
        raise ValueError(f"determinant too large for the norm: log x = {log_x:g}")
    root = math.sqrt(-math.expm1(log_x)) if log_x < 0 else 0.0  # x is at most 1
    return (math.log1p(root) - log_x / 2) / math.log(10)


def describe(value: float | int, method: str, kind: Kind = "measured") -> Quantity:
    """Return a plain number with its pedigree."""
    return Quantity(value=value, kind=kind, source=SOURCE, method=method)


def describe_end(end: Extreme, method: str, kind: Kind = "measured") -> Quantity:
    """Return an end of the spectrum with its interval."""
    return Quantity(
        value=end.value, low=end.low, high=end.high, kind=kind, source=SOURCE, method=method
    )


def describe_kappa(largest: Extreme, smallest: Extreme, method: str) -> Quantity:
    """Return the condition number of the damped matrix with its interval; infinite over zero."""
    top = max(abs(largest.high), abs(largest.low))
    return Quantity(
        value=_divide(largest.value, smallest.value),
        low=_divide(largest.low, smallest.high),
        high=_divide(top, smallest.low),
        kind="measured",
        source=SOURCE,
        method=method,
    )


def _divide(above: float, below: float) -> float:
    return math.inf if below <= 0 else above / below
