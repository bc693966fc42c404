r"""Trace and Frobenius norm of a symmetric matrix from products: Hutch++.

The image of k random sign vectors spans a basis Q, on which the trace is exact; what is orthogonal to
it is sampled by fresh signs $g$, projected to $g' = (I - QQ^T)g$:
$\operatorname{tr} H = \operatorname{tr} Q^T H Q + \mathbb{E}\,g'^T H g'$ and
$\|H\|_F^2 = \|HQ\|_F^2 + \mathbb{E}\,\|Hg'\|^2$. Both are unbiased because the fresh signs know nothing
of Q; the interval of the samples is that of the whole. For the trace it is Student's; squares of what the
basis has left are too skew for it, one direction may have most, so that theirs is `probes.bound_square`.
The same 3k products serve both.

Source: Meyer, Musco, Musco and Woodruff (2021), SOSA, arXiv:2010.09649, algorithm 1 (recalled; the
identities are those above); the second one derived.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from qres.measurement.probes import CONFIDENCE, bound_square, draw_signs, find_mean
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.recurrence import Multiply, dot


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its interval, which is rounding where nothing is sampled.

    Args:
        value: the estimate.
        low: lower end.
        high: upper end.
    """

    value: float
    low: float
    high: float


def estimate_trace(
    multiply: Multiply,
    dim: int,
    *,
    n_probes: int,
    rng: np.random.Generator,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
    confidence: float = CONFIDENCE,
    progress: Progress = keep_silent,
) -> tuple[Estimate, Estimate]:
    r"""Return trace and squared Frobenius norm.

    Up to $2k$ dimensions every column is taken and both are exact.

    Args:
        multiply: products with the rows of a tensor.
        dim: dimension.
        n_probes: k; there are 3k products.
        rng: of all signs.
        dtype: of the vectors.
        device: of the vectors.
        confidence: of the intervals.
        progress: told after each third.
    """

    def signs(count: int) -> torch.Tensor:
        drawn = np.stack([draw_signs(rng, dim) for _ in range(count)])
        return torch.from_numpy(drawn).to(device, dtype)

    is_whole = dim <= 2 * n_probes
    if is_whole:
        basis = torch.eye(dim, dtype=dtype, device=device)
    else:
        image = multiply(signs(n_probes))
        basis = torch.linalg.qr(image.T)[0].T.contiguous()
        progress("trace", 1, 3)
    along = [(dot(q, hq), dot(hq, hq)) for q, hq in zip(basis, multiply(basis), strict=True)]
    progress("trace", 2, 3)
    samples = [] if is_whole else _sample_rest(multiply, basis, signs(n_probes))
    progress("trace", 3, 3)
    rounding = 8 * torch.finfo(dtype).eps * math.sqrt(dim)
    forms, squares = [one for one, _ in samples], [two for _, two in samples]
    mean, slack = find_mean(forms, confidence) if samples else (0.0, 0.0)
    rest = math.fsum(squares) / len(squares) if samples else 0.0
    low, high = bound_square(rest, len(squares), 1, confidence) if samples else (0.0, 0.0)
    return (
        _add([one for one, _ in along], mean, (mean - slack, mean + slack), rounding),
        _add([two for _, two in along], rest, (low, high), rounding),
    )


def _sample_rest(
    multiply: Multiply, basis: torch.Tensor, fresh: torch.Tensor
) -> list[tuple[float, float]]:
    """Return both samples of each sign vector, orthogonal to the basis."""
    for _ in range(2):
        fresh = fresh - (fresh @ basis.T) @ basis
    pairs = zip(fresh, multiply(fresh), strict=True)
    return [(dot(sign, image), dot(image, image)) for sign, image in pairs]


def _add(along: list[float], mean: float, ends: tuple[float, float], rounding: float) -> Estimate:
    """Return the exact part and the mean of the samples, as one estimate."""
    exact, size = math.fsum(along), math.fsum(map(abs, along))
    off = rounding * (size + abs(mean))
    return Estimate(value=exact + mean, low=exact + ends[0] - off, high=exact + ends[1] + off)
