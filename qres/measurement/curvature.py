r"""Derivatives of the loss of a network on its active coordinates: products with all of them.

Weight decay `wd` adds $wd\,I$ to every Hessian, so that everything measured upstairs contains it.
Products with the Hessian differentiate the gradient a second time; third and fourth derivatives
differentiate further: one backward pass for each direction. `rows` and `dense` are the slow exact
twin: the same products against unit vectors.

What is asked and answered in numpy is in double precision; `apply` and `apply_block` take and return
tensors beside the network, in the precision of vectors.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from qres.measurement.arithmetic import Batch, Plan, cut_batches
from qres.measurement.coordinates import ActiveCoordinates
from qres.measurement.graphs import Graph, differentiate, differentiate_block, nest
from qres.measurement.objective import FEW, Loss, Objective, Vector
from qres.measurement.progress import Progress, keep_silent

__all__ = ["Batch", "Curvature", "Loss", "Vector"]


class Curvature(Objective):
    """The derivatives of a loss as a function of the active coordinates only; see `Objective`."""

    def multiply(self, vector: Vector) -> Vector:
        """Return the Hessian at the start, weight decay included, times `vector`."""
        (product,) = self.derive(vector, 1)
        return product

    def apply(self, vector: torch.Tensor) -> torch.Tensor:
        """Return the same product for a tensor beside the network, in the precision of vectors."""
        if self.journal.is_open:
            return self.apply_block(vector[None])[0]
        return self._apply(vector, differentiate)

    def apply_block(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return the products with the rows of `vectors`, shape (k, r) to (k, r).

        Where the graph is rebuilt, it is built once for all rows.
        """
        return self._apply(vectors, differentiate_block)

    def in_double(self) -> Curvature:
        """Return the same loss in double precision: itself, if it is already."""
        found = self
        while found.arithmetic.precision != "float64":
            found = found.refined()
        return found

    def refined(self) -> Curvature:
        """Return the same loss in the next precision up, its graphs never kept.

        Weights and samples are those that were given, not what rounding has left of them.
        """
        finer = self.arithmetic.finer()
        other = copy.copy(self)
        other.arithmetic, other._kept, other._planned = finer, None, None
        other.coordinates = ActiveCoordinates.select(
            self.module, self._mask, dtype=finer.dtype, device=finer.device
        )
        place = self._exact
        other._start = other.coordinates.gather() if place is None else other._tensor(place)
        other._batches = [other._prepare(batch) for batch in self._given]
        if self.n_samples <= FEW:  # to count their graph would cost as much as a product
            size = max(len(inputs) for inputs, _ in self._plan.batches)
            other._planned = Plan(cut_batches(other._batches, size), is_kept=False)
        else:
            other._planned = replace(other._plan, is_kept=False)
        return other

    def derive(self, vector: Vector, order: int) -> list[Vector]:
        r"""Return $H v$, $T_3(v, v, \cdot)$, $T_4(v, v, v, \cdot)$: the first `order` of them.

        $T_k$ is the $k$-th derivative of the loss at the start; weight decay is part of $H$ only.
        """
        direction = self._tensor(vector)

        def make(number: int) -> list[torch.Tensor]:
            point, value = self._graph_of(number)
            parts = []
            for again in range(1, order + 1):
                value = differentiate(point, value, direction, keep=True, again=again < order)
                parts.append(value)
            return parts

        totals = self._add_up(f"derive {order}", [vector], self._n_graphs, make)
        products = [self._array(total).astype(np.float64, copy=False) for total in totals]
        products[0] = products[0] + self.weight_decay * vector
        return products

    def contract(
        self, directions: Sequence[Vector], lasts: Iterable[Vector]
    ) -> Iterator[tuple[int, Vector]]:
        r"""Yield $T(d_1, \ldots, d_k, w, \cdot)$ for each $w$ of `lasts`, with its number.

        With one direction $T$ is the third derivative, with two the fourth. What the directions
        need is computed once; a data set whose graph is not kept is gone through for each $w$.
        """
        fixed = [self._tensor(vector) for vector in directions]
        kept: list[Graph] = []

        def nested(number: int) -> Graph:
            if not self._is_kept:
                return nest(self._graph_of(number), fixed)
            if not kept:
                kept.append(nest(self._kept_graph(), fixed))
            return kept[0]

        for number, last in enumerate(lasts):
            vector = self._tensor(last)

            def make(part: int, vector: torch.Tensor = vector) -> list[torch.Tensor]:
                return [differentiate(*nested(part), vector, keep=self._is_kept)]

            (total,) = self._add_up("contract", [*directions, last], self._n_graphs, make)
            yield number, self._array(total).astype(np.float64, copy=False)

    def mix(self, *directions: Vector) -> Vector:
        r"""Return $T(d_1, \ldots, d_k, \cdot)$ of the $(k+1)$-th derivative, k = 2 or more."""
        ((_, product),) = self.contract(directions[:-1], directions[-1:])
        return product

    def rows(self, indices: Iterable[int], *, progress: Progress = keep_silent) -> Vector:
        """Return rows of the Hessian, one product each."""
        wanted = list(indices)
        rows = np.empty((len(wanted), self.n_active))
        for position, row in enumerate(self.each_row(wanted, progress=progress)):
            rows[position] = row
        return rows

    def each_row(
        self, indices: Sequence[int], *, progress: Progress = keep_silent
    ) -> Iterator[Vector]:
        """Yield rows of the Hessian, one product each: for networks of which few fit in memory."""
        unit = np.zeros(self.n_active)
        for position, index in enumerate(indices, start=1):
            unit[index] = 1
            row = self.multiply(unit)
            unit[index] = 0
            progress("Hessian rows", position, len(indices))
            yield row

    def dense(self, *, progress: Progress = keep_silent) -> Vector:
        """Return the whole Hessian, symmetrised against rounding: the exact twin."""
        rows = self.rows(range(self.n_active), progress=progress)
        return (rows + rows.T) / 2

    def _apply(self, vectors: torch.Tensor, derive: Callable[..., torch.Tensor]) -> torch.Tensor:
        """Return the product of `apply`, or those of `apply_block`."""
        directions = vectors.to(self._start.dtype)

        def make(number: int) -> list[torch.Tensor]:
            return [derive(*self._graph_of(number), directions, keep=self._is_kept)]

        asked = [self._array(vectors)] if self.journal.is_open else []
        (total,) = self._add_up("apply", asked, self._n_graphs, make)
        return total + self.weight_decay * vectors if self.weight_decay else total
