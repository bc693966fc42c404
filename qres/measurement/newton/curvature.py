"""The curvature of one block, in the form that its size allows.

| form | when | what is known |
|---|---|---|
| dense | dimension at most `DENSE_DIM` | every entry |
| rows | larger, and a factor with few rows | the factor, so the Woodbury identity holds |
| products | else | one product at a time |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from qres.measurement.curvature import Curvature
from qres.measurement.newton.factor import Factor
from qres.measurement.newton.symmetric import find_largest, multiplier

DENSE_DIM = 6000
"""Up to this many rows a matrix is formed (288 MB in double precision)."""

MAX_ROWS = 4096
"""Up to this many rows a factor is kept."""

ROW_NUMBERS = 2**26
"""And while it holds at most this many numbers."""

AT_ONCE = 64
"""Columns of the Hessian that go through the graph together."""

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class BlockMatrix:
    """A symmetric matrix, undamped.

    Args:
        dim: rows.
        multiply: product with a vector.
        dense: every entry, None where it was not formed.
        rows: the factor $R$ of $R^T R$, None where it was not kept.
        factor_rows: rows of that factor, kept or not; 0 for the Hessian.
        rows_per_sample: likewise.
        largest_entry: largest absolute value, None where it is not known.
        trace: None where it is not known.
    """

    dim: int
    multiply: Callable[[Vector], Vector]
    dense: Matrix | None = None
    rows: Matrix | None = None
    factor_rows: int = 0
    rows_per_sample: int = 0
    largest_entry: float | None = None
    trace: float | None = None

    @property
    def is_square(self) -> bool:
        """Whether it is $R^T R$, so that no eigenvalue is negative."""
        return self.factor_rows > 0

    @property
    def size_text(self) -> str:
        """What the full matrix would take, for messages."""
        return f"{self.dim:,} parameters are {8 * self.dim**2 / 1e9:,.1f} GB as a full matrix"

    @property
    def form(self) -> str:
        """Which of the three."""
        if self.dense is not None:
            return "dense"
        return "products" if self.rows is None else "rows"


def form_matrix(
    curvature: Curvature, kind: str, *, dense_dim: int = DENSE_DIM, max_rows: int = MAX_ROWS
) -> BlockMatrix:
    """Return the curvature of a block.

    Args:
        curvature: of the loss of the step's batch, its active coordinates those of the block.
        kind: `hessian`, `gauss-newton` or `fisher`.
        dense_dim: where forming ends.
        max_rows: where keeping a factor ends.
    """
    if kind != "hessian":
        return _form_square(Factor(curvature, kind), dense_dim, max_rows)
    dim = curvature.n_active
    if dim > dense_dim:
        return BlockMatrix(dim=dim, multiply=curvature.multiply)
    dense = form_hessian(curvature)
    return BlockMatrix(
        dim=dim,
        multiply=multiplier(dense),
        dense=dense,
        largest_entry=find_largest(dense),
        trace=float(np.trace(dense)),
    )


def form_hessian(curvature: Curvature) -> Matrix:
    """Return the exact Hessian of a block, shape (dim, dim), symmetrised against rounding."""
    units = torch.eye(curvature.n_active, dtype=torch.float64)
    rows = torch.cat([curvature.apply_block(some) for some in units.split(AT_ONCE)]).numpy()
    return (rows + rows.T) / 2


def _form_square(factor: Factor, dense_dim: int, max_rows: int) -> BlockMatrix:
    """Return $R^T R$; the diagonal is summed up in any form."""
    dim = factor.curvature.n_active
    is_dense = dim <= dense_dim
    is_kept = not is_dense and factor.n_rows <= min(max_rows, ROW_NUMBERS // dim)
    diagonal = np.zeros(dim)
    dense = np.zeros((dim, dim)) if is_dense else None
    chunks: list[Matrix] = []
    for chunk in factor.each_rows():
        diagonal += np.einsum("ij,ij->j", chunk, chunk)
        if dense is not None:
            dense += chunk.T @ chunk
        if is_kept:
            chunks.append(chunk)
    rows = np.concatenate(chunks) if is_kept else None
    return BlockMatrix(
        dim=dim,
        multiply=_pick_product(factor, dense, rows),
        dense=dense,
        rows=rows,
        factor_rows=factor.n_rows,
        rows_per_sample=factor.rows_per_sample,
        largest_entry=float(np.max(diagonal)),
        trace=float(np.sum(diagonal)),
    )


def _pick_product(
    factor: Factor, dense: Matrix | None, rows: Matrix | None
) -> Callable[[Vector], Vector]:
    if dense is not None:
        return multiplier(dense)
    return factor.multiply if rows is None else lambda vector: rows.T @ (rows @ vector)
