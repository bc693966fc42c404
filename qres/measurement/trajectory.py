r"""Training as the quantum algorithm models it, beside training as it is.

The degree-1 model is $u_{t+1} = u_t + \eta (F_0 + F_1 u_t)$, $u_0 = 0$, with
$F_0 = -(\nabla L(c) + wd\,c)$ and $F_1 = -(H(c) + wd\,I)$; gradient descent runs from the same $c$
on the true loss. Their distance, relative to how far descent has moved, is `eps_model`.

Source: science/training-pipeline.md, sections 1 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qres.errors import InputError
from qres.measurement.curvature import Curvature
from qres.measurement.progress import Progress, keep_silent


@dataclass(frozen=True, kw_only=True)
class Trajectory:
    """Two runs from the same weights.

    Args:
        update_norms: norm of $u_t$ of the degree-1 model, t = 0..n_steps.
        eps_model_curve: relative distance of the two after t = 1..n_steps.
        final_distance: how far gradient descent has moved after the last step.
        final_loss: its loss there.
    """

    update_norms: tuple[float, ...]
    eps_model_curve: tuple[float, ...]
    final_distance: float
    final_loss: float


def follow_descent(
    curvature: Curvature, *, n_steps: int, learning_rate: float, progress: Progress = keep_silent
) -> Trajectory:
    """Run the degree-1 model and full-batch gradient descent side by side.

    Raises:
        InputError: either run leaves the range of floating point.
    """
    start = curvature.start
    forcing = curvature.gradient(start)
    moved, update = np.zeros_like(start), np.zeros_like(start)
    norms, curve = [0.0], []
    for step in range(1, n_steps + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            update = update - learning_rate * (forcing + curvature.multiply(update))
            moved = moved - learning_rate * curvature.gradient(start + moved)
            distance = float(np.linalg.norm(moved))
            norms.append(float(np.linalg.norm(update)))
        _check_finite(distance, norms[-1], step, learning_rate)
        gap = float(np.linalg.norm(moved - update))
        curve.append(gap / distance if distance > 0 else 0.0)
        progress("trajectory", step, n_steps)
    loss = curvature.loss(start + moved)
    return Trajectory(
        update_norms=tuple(norms),
        eps_model_curve=tuple(curve),
        final_distance=float(np.linalg.norm(moved)),
        final_loss=loss,
    )


def _check_finite(distance: float, norm: float, step: int, learning_rate: float) -> None:
    """Refuse a run that has diverged."""
    if not (np.isfinite(distance) and np.isfinite(norm)):
        raise InputError(
            f"algorithm.learning_rate: gradient descent diverges at step {step} with "
            f"{learning_rate:g}; take a smaller one or fewer steps"
        )
