r"""Training on the few directions that curve most: true descent beside truncated Carleman, exactly.

$V$, shape (r, k), holds the eigenvectors of the Hessian at $c$ whose eigenvalues are largest in size.
On $\theta = c + V y$ plain descent is $y' = y - \eta V^T\nabla L(c + V y)$, $y_0 = 0$. Its Taylor
polynomial, $y' = y + \eta\sum_{q=0}^{3} F_q y^{\otimes q}$ with
$$ F_0 = -V^T\nabla L, \quad F_1 = -V^T H V, \quad F_2 = -\tfrac12 T_3(V, V, V),
   \quad F_3 = -\tfrac16 T_4(V, V, V, V) , $$
weight decay part of $F_0$ and $F_1$, has all its tensors computed: k is at most `MAX_DIM`. Carleman
of order $N$ follows all monomials of degree at most $N$ and drops what a step makes of higher degree
(`carleman`).

Compared at every step, in units of the weights: the order-$N$ model with true descent on the subspace,
and with the projection $V^T(\theta_t - c)$ of descent on all coordinates, which feels the others too.

Source: derived.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import linalg

from qres.errors import InputError
from qres.measurement.carleman import ORDERS, follow_carleman
from qres.measurement.curvature import Curvature, Vector
from qres.notation.quantity import Quantity

MAX_DIM = 6
"""Largest subspace."""

DENSE_DIM = 500
"""Up to this many coordinates all eigenvectors are computed."""

TOLERANCE = 1e-10
"""Of the eigenvectors, relative to the largest eigenvalue."""

SOURCE = "this network"

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Projection:
    r"""Runs on the leading subspace from the same weights.

    Args:
        eigenvalues: of the Hessian there, the largest in size first, shape (k,).
        tensors: $V^T\nabla L$, $V^T H V$, and so on: derivatives on the subspace, order 1 first.
        true: true descent on the subspace, shape (T + 1, k).
        full: the projection of descent on all coordinates, the same shape.
        moved: how far that has moved in all directions, shape (T + 1,).
        models: order $N$ to the run of truncated Carleman, the same shape as `true`.
    """

    eigenvalues: Array
    tensors: tuple[Array, ...]
    true: Array
    full: Array
    moved: Array
    models: dict[int, Array]

    @property
    def share(self) -> float:
        """Part of the distance moved at the end that lies in the subspace."""
        return float(np.linalg.norm(self.full[-1]) / self.moved[-1])

    def gaps(self, order: int, beside: Array) -> list[float]:
        """Return the distance of a model to another run, over how far that has moved, t = 1..T."""
        lengths = np.linalg.norm(beside[1:], axis=1)
        apart = np.linalg.norm(self.models[order][1:] - beside[1:], axis=1)
        pairs = zip(apart.tolist(), lengths.tolist(), strict=True)
        return [gap / length if length > 0 else math.inf for gap, length in pairs]


def project(
    curvature: Curvature,
    dim: int,
    *,
    rates: Sequence[float],
    degree: int = 3,
    seed: int = 0,
) -> Projection:
    """Run descent and its models on the leading subspace at the start of `curvature`.

    Args:
        curvature: of the loss.
        dim: k, at most `MAX_DIM`; of fewer coordinates all are taken.
        rates: of the steps.
        degree: of the polynomial gradient.
        seed: of the search for eigenvectors.

    Raises:
        InputError: descent leaves the range of floating point.
    """
    eigenvalues, basis = find_leading(curvature, min(dim, curvature.n_active, MAX_DIM), seed)
    tensors = project_tensors(curvature, basis, degree)
    full, moved = _descend(curvature, basis, rates)
    return Projection(
        eigenvalues=eigenvalues,
        tensors=tensors,
        true=_descend_within(curvature, basis, rates),
        full=full,
        moved=moved,
        models={order: follow_carleman(tensors, order, rates) for order in ORDERS},
    )


def describe_projection(
    curvature: Curvature, dim: int, *, rates: Sequence[float], degree: int, seed: int
) -> tuple[dict[str, Quantity], dict[str, Any]]:
    """Return the numbers of a projection, and its curves as plain facts; a phase of the journal.

    Args:
        curvature: of the loss.
        dim: of the subspace.
        rates: of the steps.
        degree: of the polynomial gradient.
        seed: of the search for eigenvectors.

    Raises:
        InputError: descent diverges.
    """

    def run() -> dict[str, Any]:
        found = project(curvature.in_double(), dim, rates=rates, degree=degree, seed=seed)
        beside = {"true": found.true, "full": found.full}
        return {
            "eigenvalues": found.eigenvalues.tolist(),
            "degree": len(found.tensors) - 1,
            "share": found.share,
            **{
                f"beside_{name}": {
                    str(order): [_finite(gap) for gap in found.gaps(order, path)]
                    for order in ORDERS
                }
                for name, path in beside.items()
            },
        }

    facts = curvature.journal.phase("projection", run)
    return _describe(facts, curvature.is_kinked), {"projection": facts}


def _describe(facts: dict[str, Any], is_kinked: bool) -> dict[str, Quantity]:
    """Return the part of the way that lies in the subspace, and the error of each order at the end."""
    dim, kind = len(facts["eigenvalues"]), "assumed" if is_kinked else "measured"
    method = f"gradient descent; part of its way along the {dim} leading eigenvectors"
    values = {
        "projected_share": Quantity(
            value=facts["share"], kind="measured", source=SOURCE, method=method
        )
    }
    for order, gaps in facts["beside_true"].items():
        method = f"Carleman of order {order}, degree {facts['degree']}, beside true descent on the"
        method += f" {dim} leading eigenvectors"
        method += "; the derivatives miss the kinks of the activations" if is_kinked else ""
        values[f"projected_error_{order}"] = Quantity(
            value=gaps[-1], kind=kind, source=SOURCE, method=method
        )
    return values


def _finite(value: float) -> float | None:
    """JSON has no infinity."""
    return value if math.isfinite(value) else None


def find_leading(curvature: Curvature, dim: int, seed: int) -> tuple[Array, Array]:
    """Return the eigenvalues of the Hessian that are largest in size, and their vectors (columns)."""
    size = curvature.n_active
    if size <= max(DENSE_DIM, 4 * dim):
        values, vectors = np.linalg.eigh(curvature.dense())
    else:
        search: Any = linalg
        operator = search.LinearOperator((size, size), matvec=curvature.multiply, dtype=np.float64)
        start = np.random.default_rng([seed, 3]).standard_normal(size)
        values, vectors = search.eigsh(operator, k=dim, which="LM", v0=start, tol=TOLERANCE)
    order = np.argsort(-np.abs(values), kind="stable")[:dim]
    basis, _ = np.linalg.qr(vectors[:, order])
    return values[order], basis


def project_tensors(curvature: Curvature, basis: Array, degree: int) -> tuple[Array, ...]:
    """Return the derivatives of the loss along the columns of `basis`, of order 1 to `degree` + 1."""
    columns, dim = list(basis.T), basis.shape[1]
    gradient = basis.T @ curvature.gradient(curvature.start)
    hessian = np.stack([basis.T @ curvature.multiply(column) for column in columns])
    found = [gradient, (hessian + hessian.T) / 2]
    for order in range(3, degree + 2):
        tensor = np.empty((dim,) * order)
        for fixed in itertools.combinations_with_replacement(range(dim), order - 2):
            lasts = range(fixed[-1], dim)
            rows = curvature.contract([columns[i] for i in fixed], [columns[i] for i in lasts])
            for last, (_, row) in zip(lasts, rows, strict=True):
                for place in itertools.permutations((*fixed, last)):
                    tensor[place] = basis.T @ row
        found.append(tensor)
    return tuple(found)


def _descend_within(curvature: Curvature, basis: Array, rates: Sequence[float]) -> Array:
    """Return true descent on the subspace, shape (T + 1, k)."""
    path = [np.zeros(basis.shape[1])]
    for rate in rates:
        slope = basis.T @ curvature.gradient(curvature.start + basis @ path[-1])
        path.append(_check(path[-1] - rate * slope))
    return np.stack(path)


def _descend(curvature: Curvature, basis: Array, rates: Sequence[float]) -> tuple[Array, Array]:
    """Return descent on all coordinates: its projection, and how far it has moved."""
    moved = np.zeros(curvature.n_active)
    path, distances = [np.zeros(basis.shape[1])], [0.0]
    for rate in rates:
        moved = _check(moved - rate * curvature.gradient(curvature.start + moved))
        path.append(basis.T @ moved)
        distances.append(float(np.linalg.norm(moved)))
    return np.stack(path), np.array(distances)


def _check(point: Vector) -> Vector:
    """Refuse a run that has diverged."""
    if not np.isfinite(point).all():
        raise InputError("algorithm.learning_rate: descent diverges on the leading subspace")
    return point
