"""The error of a read-out: what is added to a step, and what it does to training."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from qres.measurement.newton.record import NoiseRow

Vector = NDArray[np.float64]


DELTAS = (0.0, 0.1, 0.3, 1.0)
"""Errors that training is tried under."""


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
    train: Callable[[float, int], float], delta: float, seeds: Sequence[int]
) -> NoiseRow:
    """Return what one error makes of the loss that training ends with.

    Quartiles are losses of runs, none lies between two: that of a run which diverges is infinite.

    Args:
        train: (delta, seed) to the final loss of a run, infinite where it diverges.
        delta: relative error.
        seeds: of the runs.
    """
    losses = [train(delta, seed) for seed in seeds]
    found = np.quantile(losses, [0.25, 0.5, 0.75], method="inverted_cdf")
    lower, median, upper = (float(value) for value in found)
    return NoiseRow(delta=delta, lower=lower, median=median, upper=upper, n_seeds=len(seeds))
