r"""Both ends of the singular values of a damped matrix: what $\lVert A\rVert$ and $\kappa$ are made of.

The spectrum of the undamped matrix is shifted by the damping, which is exact. Its lower end is sharp
enough for a square $R^T R$; of any other matrix that was factored, the smallest singular value is one
over the largest of the inverse, found by Lanczos on solutions. Those are of a matrix that differs from
$A$ by rounding, at most $N\epsilon\lVert A\rVert$ in the singular values: both ends move out by it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qres.measurement.lanczos import EPSILON, Extreme, find_extremes
from qres.measurement.newton.condition import Ends, shift
from qres.measurement.newton.symmetric import Factorisation, multiplier

SHARP = 1e-3
"""Steps on an inverse end where its ends are known to this part of its norm."""

FEWEST = 12
"""Before so many nobody looks: what is nearest to zero stands alone in the inverse."""

OFTEN = 2
"""Then after every so many: a look costs half as much as a step on the inverse."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How hard to look: Lanczos steps, random probes, and the seed of both."""

    lanczos_steps: int
    n_probes: int
    seed: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Singular:
    """Both ends of the singular values of the damped, pruned matrix, and how they were found.

    Args:
        largest: upper end.
        smallest: lower end.
        method: in words.
        lanczos_steps: that were taken on the matrix before it was damped.
        inverse_steps: on its inverse.
    """

    largest: Extreme
    smallest: Extreme
    method: str
    lanczos_steps: int
    inverse_steps: int = 0


def shift_ends(ends: Ends, damping: float) -> Singular:
    """Return those of a positive semidefinite matrix after damping."""
    known = ends.method if ends.method not in ends.lowest else ""
    method = "; ".join(filter(None, (known, ends.lowest, "shifted by the damping")))
    return Singular(
        largest=shift(ends.lambda_max, damping),
        smallest=shift(ends.lambda_min, damping),
        method=method,
        lanczos_steps=ends.steps,
    )


def find_size(one: Extreme, other: Extreme) -> Extreme:
    """Return the largest absolute value of a spectrum, from its upper and its lower end."""
    outer = one if abs(one.value) >= abs(other.value) else other
    return Extreme(
        value=abs(outer.value),
        low=max(one.low, -other.high, 0.0),
        high=max(one.high, -other.low),
        residual=outer.residual,
    )


def find_shifted(ends: Ends, damping: float, factor: Factorisation, effort: Effort) -> Singular:
    """Return those of any damped matrix from its undamped spectrum and its inverse.

    Args:
        ends: of the undamped matrix.
        damping: what was added.
        factor: of the damped matrix.
        effort: how hard to look.
    """
    largest = find_size(shift(ends.lambda_max, damping), shift(ends.lambda_min, damping))
    most, rng = effort.lanczos_steps, np.random.default_rng([*effort.seed, 2])
    below = find_extremes(
        factor.invert,
        len(factor.packed),
        steps=min(FEWEST, most),
        rng=rng,
        tolerance=SHARP,
        max_steps=most,
        check_every=OFTEN,
    )
    end = find_size(below.largest, below.smallest)
    slack = len(factor.packed) * EPSILON * largest.high
    smallest = Extreme(
        value=1 / end.value,
        low=max(1 / end.high - slack, 0.0),
        high=1 / end.low + slack if end.low > 0 else largest.high,
        residual=end.residual / end.value**2,
    )
    return Singular(
        largest=largest,
        smallest=smallest,
        method=f"{ends.method}; shifted by the damping; the smallest from {below.steps} steps on the"
        " inverse",
        lanczos_steps=ends.steps,
        inverse_steps=below.steps,
    )


def find_dropped(matrix: Matrix, effort: Effort) -> tuple[Extreme, str]:
    """Return the spectral norm of what was dropped from a matrix, and how it was found.

    It is an error, for which half of the steps are enough.
    """
    steps = max(1, effort.lanczos_steps // 2)
    rng = np.random.default_rng([*effort.seed, 4])
    found = find_extremes(multiplier(matrix), len(matrix), steps=steps, rng=rng, max_steps=steps)
    return find_size(found.largest, found.smallest), found.method
