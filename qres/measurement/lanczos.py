r"""Extreme eigenvalues of a symmetric matrix that is known only by its products.

Lanczos with full reorthogonalisation from a random start $q_1$. Three facts bound the answer:

1. *Rayleigh-Ritz*: the largest Ritz value never exceeds $\lambda_{\max}$, the smallest never
   falls below $\lambda_{\min}$: the inner ends of the intervals.
2. *Residual*: some eigenvalue, not necessarily the extreme one, lies within
   $|\beta_m s_{mi}|$ of Ritz value $i$.
3. *Random start*: for an eigenvector $v$ of eigenvalue $\lambda$ the recurrence gives
   $\langle v, q_{m+1}\rangle \prod_j \beta_j = p_m(\lambda) \langle v, q_1\rangle$, with $p_m$
   the monic polynomial whose roots are the Ritz values. The left side is at most
   $\prod_j \beta_j$, and $|\langle v, q_1\rangle| \ge \delta \sqrt{\pi/(2n)}$ except with
   probability $\delta$. Hence $\lambda_{\max}$ is at most the largest root of
   $\prod_i (\lambda - \theta_i) = \prod_j \beta_j / (\delta\sqrt{\pi/(2n)})$: the outer ends,
   each valid except with probability `fail_prob`.

The third is what a residual cannot say: that the extreme was not missed altogether. It also covers
an invariant subspace found early, where $\beta_m = 0$ and the bound closes on the Ritz value.

Source: van Dorsselaer, Hochstenbach and van der Vorst (2000), SIAM J. Matrix Anal. Appl. 22, 837
(recalled; the inequality is proved above).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qres.measurement.progress import Progress, keep_silent

FAIL_PROB = 1e-6
"""Probability, for each end, that the interval misses the extreme eigenvalue."""

TOLERANCE = 1e-8
"""Steps are added until both intervals are narrower than this part of the norm."""

CHECK_EVERY = 16
MORE_STEPS = 512

BASIS_NUMBERS = 2**28
"""Steps beyond those asked for are taken while the basis holds at most this many numbers."""

EPSILON = float(np.finfo(np.float64).eps)

Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Extreme:
    """One end of the spectrum.

    Args:
        value: the Ritz value.
        low: lower end of the interval that holds the extreme eigenvalue.
        high: upper end.
        residual: some eigenvalue is at most this far from `value`.
    """

    value: float
    low: float
    high: float
    residual: float


@dataclass(frozen=True, kw_only=True)
class Extremes:
    """Both ends, the steps they took, and the chance that either interval misses its end."""

    largest: Extreme
    smallest: Extreme
    steps: int
    fail_prob: float

    @property
    def norm(self) -> float:
        """Upper end of the spectral norm."""
        return max(abs(self.largest.high), abs(self.smallest.low))

    @property
    def least_norm(self) -> float:
        """Lower end of the spectral norm: 0 where the intervals of both ends hold 0."""
        return max(self.largest.low, -self.smallest.high, 0.0)

    @property
    def width(self) -> float:
        """Width of the wider of the two intervals."""
        return max(end.high - end.low for end in (self.largest, self.smallest))

    @property
    def method(self) -> str:
        """How the ends were found, in one phrase."""
        return (
            f"Lanczos, {self.steps} steps, full reorthogonalisation; the interval misses the "
            f"extreme with probability at most {self.fail_prob:g} over the random start"
        )


@dataclass
class _Run:
    """The growing basis (one row a step) and the tridiagonal matrix."""

    basis: Vector
    alphas: list[float] = field(default_factory=list)
    betas: list[float] = field(default_factory=list)

    def step(self, matvec: Callable[[Vector], Vector]) -> bool:
        """Take one step; False where the subspace is invariant to rounding, or the room is used."""
        done = len(self.alphas) + 1
        known = self.basis[:done]
        following = np.asarray(matvec(known[-1]), dtype=np.float64)
        self.alphas.append(float(known[-1] @ following))
        for _ in range(2):
            following = following - known.T @ (known @ following)
        peak = float(np.max(np.abs(following)))  # squares of tiny entries would vanish
        beta = peak * float(np.linalg.norm(following / peak)) if peak else 0.0
        scale = max(map(abs, [*self.alphas, *self.betas]))
        self.betas.append(beta)
        if beta <= 8 * EPSILON * scale or done == len(self.basis):
            return False
        self.basis[done] = following / beta
        return True


def find_extremes(
    matvec: Callable[[Vector], Vector],
    dim: int,
    *,
    steps: int,
    rng: np.random.Generator,
    fail_prob: float = FAIL_PROB,
    tolerance: float = TOLERANCE,
    max_steps: int | None = None,
    check_every: int = CHECK_EVERY,
    progress: Progress = keep_silent,
) -> Extremes:
    """Return both ends of the spectrum of a symmetric matrix, with intervals.

    Args:
        matvec: product of the matrix with a vector.
        dim: dimension.
        steps: least number of Lanczos steps (fewer where the subspace closes).
        rng: the random start.
        fail_prob: for each end, the chance that the interval does not hold it.
        tolerance: more steps are taken until both intervals are narrower than this times the norm.
        max_steps: where to stop in any case; by default the larger of `MORE_STEPS` and
            `4 * steps`, or what `BASIS_NUMBERS` has room for, but never below `steps`.
        check_every: how many are added before the intervals are looked at again.
        progress: told after each step.
    """
    limit = min(dim, find_limit(dim, steps) if max_steps is None else max_steps)
    run = _Run(np.empty((limit, dim)))
    start = rng.standard_normal(dim)
    run.basis[0] = start / np.linalg.norm(start)
    goal = min(steps, limit)
    while True:
        running = run.step(matvec)
        done = len(run.alphas)
        progress("Lanczos", done, max(goal, done))
        if running and done < goal:
            continue
        extremes = bracket(run.alphas, run.betas, dim=dim, fail_prob=fail_prob)
        if not running or extremes.width <= tolerance * extremes.norm:
            return extremes
        goal = min(limit, done + check_every)


def find_limit(dim: int, steps: int) -> int:
    """Return the largest number of steps, by what memory has room for."""
    return max(steps, min(max(MORE_STEPS, 4 * steps), BASIS_NUMBERS // dim))


def bracket(
    alphas: Sequence[float],
    betas: Sequence[float],
    *,
    dim: int,
    fail_prob: float,
    drift: float = 0.0,
) -> Extremes:
    r"""Return the extremes with both bounds, from a tridiagonal matrix.

    Args:
        alphas: its diagonal.
        betas: beside it, the last one leads out of the subspace.
        dim: of the large matrix.
        fail_prob: chance, for each end, that the interval misses the extreme eigenvalue.
        drift: norm of a symmetric change of the large matrix after which the recurrence would be
            exact; both ends of both intervals move outward by it.
    """
    values, residuals = find_ritz(alphas, betas)
    log_room = _log_room(betas, dim, fail_prob)
    rounding = 4 * EPSILON * math.sqrt(len(values)) * float(np.max(np.abs(values))) + drift
    above = _reach(values[-1] - values, log_room) + rounding
    below = _reach(values - values[0], log_room) + rounding
    top, bottom = float(values[-1]), float(values[0])
    return Extremes(
        largest=Extreme(
            value=top, low=top - rounding, high=top + above, residual=float(residuals[-1])
        ),
        smallest=Extreme(
            value=bottom, low=bottom - below, high=bottom + rounding, residual=float(residuals[0])
        ),
        steps=len(values),
        fail_prob=fail_prob,
    )


def find_ritz(alphas: Sequence[float], betas: Sequence[float]) -> tuple[Vector, Vector]:
    """Return the Ritz values, ascending, and their residuals."""
    values, vectors = decompose(alphas, betas)
    return values, np.abs(betas[-1] * vectors[-1])


def decompose(alphas: Sequence[float], betas: Sequence[float]) -> tuple[Vector, Vector]:
    """Return eigenvalues, ascending, and eigenvectors (columns) of the tridiagonal matrix."""
    off = betas[: len(alphas) - 1]
    values, vectors = np.linalg.eigh(np.diag(alphas) + np.diag(off, 1) + np.diag(off, -1))
    return values, vectors


def _log_room(betas: Sequence[float], dim: int, fail_prob: float) -> float:
    r"""Return $\log(\prod_j\beta_j / (\delta\sqrt{\pi/(2n)}))$, minus infinity at a zero."""
    if min(betas) == 0:
        return -math.inf
    return math.fsum(map(math.log, betas)) - math.log(fail_prob * math.sqrt(math.pi / (2 * dim)))


def _reach(gaps: Vector, log_room: float) -> float:
    r"""Return $d \ge 0$ with $\prod_i (d + \mathrm{gap}_i) = e^{\text{log\_room}}$."""
    if log_room == -math.inf:
        return 0.0
    low, high = 0.0, math.exp(log_room / len(gaps))
    for _ in range(128):
        middle = (low + high) / 2
        if middle <= low or middle >= high:
            break
        if float(np.sum(np.log(middle + gaps))) < log_room:
            low = middle
        else:
            high = middle
    return high
