r"""Random sign vectors, and what the mean of a sample says about the mean of all.

`find_mean` is Student's interval, for samples that may have either sign. Squares are another matter: of a
matrix or tensor of low rank they are so skew that the interval misses far more often than it says.
Their law has a worst case, though. With normal $z$ and $A \succeq 0$ the form
$z^T A z = \sum_i\lambda_i z_i^2$ is an average, with weights $\lambda_i/\operatorname{tr}A$, of copies of
$\operatorname{tr}A\,\chi^2_1$, so it is below $\operatorname{tr}A\,\chi^2_1$ in convex order, with
equality at rank one; the same holds for $\lVert T(z, z', \cdot)\rVert^2$, one vector after the other:
nothing spreads more than $\lVert T\rVert_F^2\,\chi^2_1\,\chi'^2_1$, that of a tensor of rank one.
`bound_square` inverts the law of the mean of this worst case at both ends.

Standing: the convex order is proved above. That quantiles this far out follow it is proved for one
form at most levels (Szekely and Bakirov 2003, recalled) and conjectured for products; random signs in
place of normal numbers are no worse where many coordinates take part. Both are checked by simulation.

Source: derived; Szekely and Bakirov (2003), Probab. Theory Relat. Fields 126, 184 (recalled).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95

DRAWS = 40_000
"""Means that are simulated where their law has no closed form."""

AT_ONCE = 2**21
"""Numbers that are drawn together."""


def draw_signs(rng: np.random.Generator, dim: int) -> NDArray[np.float64]:
    """Return a vector of independent random signs, shape (dim,)."""
    return rng.choice([-1.0, 1.0], size=dim)


def find_mean(samples: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the mean and half of Student's interval, infinite for one sample."""
    from scipy.stats import t as student  # 0.3 s, wanted only here

    mean, count = float(np.mean(samples)), len(samples)
    if count < 2:
        return mean, math.inf
    quantile = float(student.ppf((1 + confidence) / 2, count - 1))
    return mean, quantile * float(np.std(samples, ddof=1)) / math.sqrt(count)


def bound_square(
    mean: float, count: int, n_vectors: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    r"""Return the interval of a squared norm from the mean of sampled squares.

    Args:
        mean: of $\lVert T(z_1, \ldots, z_k, \cdot)\rVert^2$ over independent tuples.
        count: tuples.
        n_vectors: k, random vectors in each.
        confidence: of the interval.
    """
    low, high = find_worst(count, n_vectors, confidence)
    return mean / high, mean / low


@cache
def find_worst(count: int, n_vectors: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    r"""Return both quantiles of the mean of `count` products of independent $\chi^2_1$.

    Of one factor exact; of more simulated, moved outward by three standard errors of the simulation.

    Args:
        count: products in the mean.
        n_vectors: factors in each.
        confidence: between the quantiles.
    """
    tail = (1 - confidence) / 2
    if n_vectors == 1:
        from scipy.stats import chi2  # 0.3 s, wanted only here

        low, high = (float(chi2.ppf(level, count)) / count for level in (tail, 1 - tail))
        return low, high
    rng = np.random.default_rng([count, n_vectors])
    size = max(1, AT_ONCE // (count * n_vectors))
    means = np.concatenate(
        [
            (rng.standard_normal((min(size, DRAWS - done), count, n_vectors)) ** 2)
            .prod(axis=2)
            .mean(axis=1)
            for done in range(0, DRAWS, size)
        ]
    )
    tail -= 3 * math.sqrt(tail * (1 - tail) / DRAWS)
    low, high = np.quantile(means, [tail, 1 - tail]).tolist()
    return low, high
