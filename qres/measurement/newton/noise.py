"""The error of a read-out: what is added to a step, and what it does to training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class NoiseRow:
    """Quartiles over seeds of the loss that training ends with under one error.

    Args:
        delta: relative error of each solution.
        lower: first quartile.
        median: of the final losses.
        upper: third quartile.
        n_seeds: how many runs.
    """

    delta: float
    lower: float
    median: float
    upper: float
    n_seeds: int


def draw_error(step: Vector, delta: float, rng: np.random.Generator) -> Vector:
    r"""Return an error of norm $\delta\lVert x\rVert$, its direction even on the sphere.

    Args:
        step: $x$.
        delta: relative norm.
        rng: of the direction.
    """
    direction = rng.standard_normal(len(step))
    return direction * (delta * float(np.linalg.norm(step)) / float(np.linalg.norm(direction)))


def tabulate_noise(
    train: Callable[[float, int], float], deltas: Sequence[float], seeds: Sequence[int]
) -> tuple[NoiseRow, ...]:
    """Return one row for each error.

    Args:
        train: (delta, seed) to the final loss of a run.
        deltas: relative errors to try.
        seeds: of the runs at each.
    """
    rows = []
    for delta in deltas:
        losses = [train(delta, seed) for seed in seeds]
        lower, median, upper = (float(value) for value in np.quantile(losses, [0.25, 0.5, 0.75]))
        rows.append(
            NoiseRow(delta=delta, lower=lower, median=median, upper=upper, n_seeds=len(seeds))
        )
    return tuple(rows)
