r"""Lanczos on tensors: several starts in step, in any precision, on any device, of any size.

`lanczos` does the same in double precision and numpy for what is small; both end in the same
tridiagonal matrix, and what it says about the spectrum (`lanczos.bracket`) is derived there. What is
different here is that nothing is exact. With vectors $q_j$, products that are off by $f_j$ and parts
$Q c_j$ that had to be taken away after the three terms of the recurrence,
$HQ = QT + \beta_m q_{m+1} e_m^T + F$, the columns of $F$ no longer than $\|f_j\| + \|c_j\|$. Because
$Q^T F$ is symmetric, $\Delta = -FQ^T - QF^T + Q Q^T F Q^T$ is, and $(H + \Delta)Q = HQ - F$: the run is
an exact one of $H + \Delta$, whose eigenvalues are at most $\|\Delta\| \le 2\|F\|_F$ away. That is the
`drift`; $c_j$ is seen, $f_j$ is measured on a few vectors in the next precision up, among them the Ritz
vectors of both ends: what rounding does to a matrix is often largest there, where a random vector and the
gradient of a trained network have almost no part. Where what is left is not more than rounding, or than
what was taken away, the subspace is closed: $\beta_m = 0$, and what is left is part of $f_m$.

Source: derived; Paige (1976), IMA J. Appl. Math. 18, 341, for what a finite precision run is (recalled).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from qres.measurement.basis import Basis
from qres.measurement.lanczos import decompose

Multiply = Callable[[torch.Tensor], torch.Tensor]
"""Products with the rows of a tensor, shape (k, r) to (k, r)."""

CHUNK = 2**22
"""Numbers that are added up at once, in double precision."""


@dataclass(frozen=True, kw_only=True)
class Tridiagonal:
    """What is left of a run.

    Args:
        alphas: the diagonal.
        betas: beside it, as many; the last one leads out of the subspace.
        drifts: norm of what was taken away in each step.
        errors: by how much the products with the Ritz vectors of both ends are off, where it was measured.
    """

    alphas: list[float]
    betas: list[float]
    drifts: list[float]
    errors: list[float] = field(default_factory=list)

    def drift(self, error: float) -> float:
        r"""Return the bound on $\|\Delta\|$, products off by `error` on unit vectors."""
        return 2 * math.sqrt(math.fsum((taken + error) ** 2 for taken in self.drifts))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return dict(vars(self))


@dataclass
class Run:
    """One run as it grows.

    Args:
        basis: empty.
        current: a vector of length one, where the run starts.
    """

    basis: Basis
    current: torch.Tensor
    alphas: list[float] = field(default_factory=list)
    betas: list[float] = field(default_factory=list)
    drifts: list[float] = field(default_factory=list)
    is_over: bool = False

    def __post_init__(self) -> None:
        self.current = self.current / math.sqrt(dot(self.current, self.current))
        self._before = torch.zeros_like(self.current)
        self.basis.append(self.current)

    def absorb(self, product: torch.Tensor) -> None:
        """Take the product with `current`, and one step."""
        alpha = dot(self.current, product)
        beta = self.betas[-1] if self.betas else 0.0
        left = product - alpha * self.current - beta * self._before
        left, taken = self.basis.clear(left)
        beta = math.sqrt(dot(left, left))
        self.alphas.append(alpha)
        scale = max(beta, *map(abs, [*self.alphas, *self.betas]))
        rounding = 8 * torch.finfo(left.dtype).eps
        is_closed = beta <= max(rounding * scale, taken)
        self.betas.append(0.0 if is_closed else beta)
        self.drifts.append(taken + beta if is_closed else taken)
        self.is_over = is_closed or self.basis.is_full
        if not self.is_over:
            self._before, self.current = self.current, left / beta
            self.basis.append(self.current)

    def result(self) -> Tridiagonal:
        """Return what is known so far."""
        return Tridiagonal(
            alphas=list(self.alphas), betas=list(self.betas), drifts=list(self.drifts)
        )

    def find_ends(self) -> list[torch.Tensor]:
        """Return the Ritz vectors of the smallest and the largest Ritz value."""
        _, vectors = decompose(self.alphas, self.betas)
        kind = {"dtype": self.current.dtype, "device": self.current.device}
        return [self.basis.combine(torch.tensor(vectors[:, end], **kind)) for end in (0, -1)]


def take_step(runs: Sequence[Run], multiply: Multiply) -> None:
    """Take one step of all runs that are not over, their products in one block."""
    active = [run for run in runs if not run.is_over]
    if not active:
        return
    products = multiply(torch.stack([run.current for run in active]))
    for run, product in zip(active, products, strict=True):
        run.absorb(product)


def dot(one: torch.Tensor, other: torch.Tensor) -> float:
    """Return the scalar product, added up in double precision."""
    pairs = zip(one.split(CHUNK), other.split(CHUNK), strict=True)
    return math.fsum(float(torch.dot(a.double(), b.double())) for a, b in pairs)
