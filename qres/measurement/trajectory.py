r"""Training as the quantum algorithm models it, beside training as it is.

The degree-$q$ model is $u_{t+1} = u_t + \eta \sum_{k=0}^{q} F_k u_t^{\otimes k}$, $u_0 = 0$, with
$F_0 = -\nabla L(c)$, $F_1 = -H(c)$, $F_2 = -T_3(c)/2$, $F_3 = -T_4(c)/6$, weight decay part of
$F_0$ and $F_1$; gradient descent runs from the same $c$ on the true loss. Their distance, relative
to how far descent has moved, is `eps_model`. A model of degree 2 or 3 that leaves the range of
floating point is at infinite distance from there on.

Mini-batches are taken in turn, each step of all runs with the loss of one; the models then change
their $F_k$ from step to step.

With momentum both keep a velocity, $v' = \beta v + \nabla L$ and $u' = u - \eta v'$, $v_0 = 0$, with
the gradient of the model in one and the true one in the other.

Source: derived.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from qres.errors import InputError
from qres.measurement.curvature import Curvature, Vector
from qres.measurement.progress import Progress, keep_silent

DEGREES = (1, 2, 3)
"""Degrees of the polynomial gradient that are followed."""


@dataclass(frozen=True, kw_only=True)
class Trajectory:
    """Runs from the same weights.

    Args:
        path_norms: degree to the norm of $u_t$ of that model, t = 0..n_steps.
        gaps: degree to the distance of model and descent after t = 1..n_steps.
        distances: how far gradient descent has moved after t = 1..n_steps.
        end: the weights that gradient descent has reached.
        velocity_norms: degree to the norm of $v_t$ of that model, t = 0..n_steps; empty without
            momentum.
    """

    path_norms: Mapping[int, tuple[float, ...]]
    gaps: Mapping[int, tuple[float, ...]]
    distances: tuple[float, ...]
    end: Vector
    velocity_norms: Mapping[int, tuple[float, ...]] = field(default_factory=dict)

    @property
    def eps_model_curves(self) -> dict[int, tuple[float, ...]]:
        """Degree to the relative distance after t = 1..n_steps."""
        return {degree: self._relate(gaps) for degree, gaps in self.gaps.items()}

    @property
    def update_norms(self) -> tuple[float, ...]:
        """Those of the degree-1 model."""
        return self.path_norms[1]

    @property
    def eps_model_curve(self) -> tuple[float, ...]:
        """That of the degree-1 model."""
        return self._relate(self.gaps[1])

    @property
    def final_distance(self) -> float:
        """How far gradient descent has moved after the last step."""
        return self.distances[-1]

    def _relate(self, gaps: Sequence[float]) -> tuple[float, ...]:
        """Return gaps over distances; without a distance only no gap at all is finite."""
        pairs = zip(gaps, self.distances, strict=True)
        return tuple(
            gap / moved if moved > 0 else (math.inf if gap > 0 else 0.0) for gap, moved in pairs
        )


class _Model:
    """The run of one degree, from zero."""

    def __init__(self, degree: int, start: Vector, momentum: float) -> None:
        self.degree, self.momentum = degree, momentum
        self.update, self.velocity = np.zeros_like(start), np.zeros_like(start)
        self.norms, self.gaps, self.speeds = [0.0], list[float](), [0.0]

    def step(self, curvature: Curvature, forcing: Vector, learning_rate: float) -> None:
        """Take one step of a loss with this gradient at the start, or stay at infinity."""
        if not math.isfinite(self.norms[-1]):
            self.norms.append(math.inf)
            self.speeds.append(math.inf)
            return
        with np.errstate(over="ignore", invalid="ignore"):
            terms = curvature.derive(self.update, self.degree)
            slope = forcing + sum(
                term / math.factorial(number) for number, term in enumerate(terms, start=1)
            )
            self.velocity = _turn(self.velocity, slope, self.momentum)
            self.update = self.update - learning_rate * self.velocity
            norm, speed = (float(np.linalg.norm(v)) for v in (self.update, self.velocity))
        self.norms.append(norm if math.isfinite(norm) else math.inf)
        self.speeds.append(speed if math.isfinite(speed) else math.inf)

    def compare(self, moved: Vector) -> None:
        """Note the distance to gradient descent."""
        gap = math.inf
        if math.isfinite(self.norms[-1]):
            gap = float(np.linalg.norm(moved - self.update))
        self.gaps.append(gap)


def follow_descent(
    curvature: Curvature,
    *,
    n_steps: int,
    learning_rate: float,
    momentum: float = 0.0,
    batches: Sequence[Curvature] = (),
    rates: Sequence[float] = (),
    degrees: Sequence[int] = DEGREES,
    may_diverge: bool = False,
    progress: Progress = keep_silent,
    visit: Callable[[Vector], None] | None = None,
) -> Trajectory:
    """Run full-batch descent, with or without momentum, and the models of all `degrees` side by side.

    Args:
        curvature: its start is the expansion point.
        n_steps: of descent.
        learning_rate: of descent.
        momentum: of descent and of the models.
        batches: losses that the steps take in turn, from the same start; that of `curvature` if
            left out.
        rates: of the steps, one for each; all are `learning_rate` if left out.
        degrees: of the models, 1 to 3.
        may_diverge: whether the degree-1 model may be infinite, as the others may.
        progress: told after each step.
        visit: called with the true weights after each step.

    Raises:
        InputError: gradient descent or the degree-1 model leaves the range of floating point.
    """
    start = curvature.start
    cycle = [(loss, loss.gradient(start)) for loss in batches or (curvature,)]
    name = "mini-batch training" if batches else "gradient descent"
    models = {degree: _Model(degree, start, momentum) for degree in degrees}
    moved, velocity, distances = np.zeros_like(start), np.zeros_like(start), []
    for number, rate in enumerate(rates or [learning_rate] * n_steps, start=1):
        loss, forcing = cycle[(number - 1) % len(cycle)]
        with np.errstate(over="ignore", invalid="ignore"):
            velocity = _turn(velocity, loss.gradient(start + moved), momentum)
            moved = moved - rate * velocity
            distances.append(float(np.linalg.norm(moved)))
        _check_finite(distances[-1], number, learning_rate, name)
        for degree, model in models.items():
            model.step(loss, forcing, rate)
            if degree == 1 and not may_diverge:
                _check_finite(model.norms[-1], number, learning_rate, name)
            model.compare(moved)
        if visit is not None:
            visit(start + moved)
        progress("trajectory", number, n_steps)
    speeds = {degree: tuple(model.speeds) for degree, model in models.items()}
    return Trajectory(
        path_norms={degree: tuple(model.norms) for degree, model in models.items()},
        gaps={degree: tuple(model.gaps) for degree, model in models.items()},
        distances=tuple(distances),
        end=start + moved,
        velocity_norms=speeds if momentum else {},
    )


def _turn(velocity: Vector, slope: Vector, momentum: float) -> Vector:
    """Return the next velocity; without momentum the slope itself, whatever the last one was."""
    return momentum * velocity + slope if momentum else slope


def _check_finite(norm: float, step: int, learning_rate: float, name: str) -> None:
    """Refuse a run that has diverged."""
    if not math.isfinite(norm):
        raise InputError(
            f"algorithm.learning_rate: {name} diverges at step {step} with "
            f"{learning_rate:g}; take a smaller one or fewer steps"
        )
