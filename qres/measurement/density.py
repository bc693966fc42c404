r"""Spectral density from the tridiagonal matrices of several random starts.

The eigenvalues $\theta_i$ of the tridiagonal matrix of one start $q$, with the squares of the first
components of its eigenvectors as weights, are Gauss quadrature of the measure
$\sum_i \langle q, v_i\rangle^2\,\delta_{\lambda_i}$: exact for polynomials of degree $2m-1$. For a
uniform random direction the mean of that measure is the density, of mass one. Each start is one
independent sample of every linear functional; what the samples say about the mean is a bootstrap
percentile interval over the starts, `BOOTSTRAPS` resamples.

Source: Golub and Welsch (1969), Math. Comp. 23, 221; Ubaru, Chen and Saad (2017), SIAM J. Matrix
Anal. Appl. 38, 1075 (both recalled).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qres.measurement.lanczos import decompose
from qres.measurement.probes import CONFIDENCE

if TYPE_CHECKING:
    from qres.measurement.recurrence import Tridiagonal

BOOTSTRAPS = 2000

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Band:
    """A mean over starts with its interval; both ends are NaN where there is only one start.

    Args:
        value: the mean, any shape.
        low: lower end, the same shape.
        high: upper end, the same shape.
    """

    value: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Density:
    """The quadrature of every start.

    Args:
        nodes: for each start, ascending.
        weights: for each start, of sum one.
    """

    nodes: tuple[Array, ...]
    weights: tuple[Array, ...]

    @classmethod
    def collect(cls, runs: Sequence[Tridiagonal]) -> Density:
        """Return the density that runs from random starts say."""
        pairs = [decompose(run.alphas, run.betas) for run in runs]
        return cls(
            nodes=tuple(values for values, _ in pairs),
            weights=tuple(vectors[0] ** 2 for _, vectors in pairs),
        )

    def merge(self) -> tuple[Array, Array]:
        """Return all nodes, ascending, and their weights, of sum one."""
        nodes, weights = np.concatenate(self.nodes), np.concatenate(self.weights)
        order = np.argsort(nodes, kind="stable")
        return nodes[order], weights[order] / len(self.nodes)

    def summarise(self, function: Callable[[Array, Array], Array], *, seed: int) -> Band:
        """Return the mean over the starts of a functional that is linear in the density.

        Args:
            function: of nodes and weights, both of shape (m,).
            seed: of the bootstrap.
        """
        return self._band(np.stack(list(map(function, self.nodes, self.weights))), seed)

    def smooth(self, grid: Array, width: float, *, seed: int) -> Band:
        """Return the density on a grid, broadened by Gaussians of standard deviation `width`."""

        def bells(nodes: Array, weights: Array) -> Array:
            apart = (grid[:, None] - nodes) / width
            return np.exp(-(apart**2) / 2) @ weights / (width * np.sqrt(2 * np.pi))

        return self.summarise(bells, seed=seed)

    def _band(self, samples: Array, seed: int) -> Band:
        """Return mean and bootstrap interval of samples, one row a start."""
        mean = samples.mean(axis=0)
        if len(samples) == 1:
            return Band(mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan))
        rng = np.random.default_rng(seed)
        counts = rng.multinomial(
            len(samples), np.full(len(samples), 1 / len(samples)), size=BOOTSTRAPS
        )
        means = np.tensordot(counts / len(samples), samples, axes=1)
        low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
        return Band(mean, low, high)
