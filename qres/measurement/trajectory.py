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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qres.errors import InputError
from qres.measurement.curvature import Curvature, Vector
from qres.measurement.kinks import KinkWatch
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

    def pack(self, *, is_last: bool) -> list[NDArray[np.float64]]:
        """Return the curves, and before the end the vectors."""
        curves = [np.array(curve) for curve in (self.norms, self.gaps, self.speeds)]
        return curves if is_last else [*curves, self.update, self.velocity]

    def unpack(self, arrays: list[NDArray[np.float64]]) -> None:
        """Put in place what `pack` returned."""
        self.norms, self.gaps, self.speeds = (curve.tolist() for curve in arrays[:3])
        if len(arrays) > 3:
            self.update, self.velocity = arrays[3:]


class _Descent:
    """Descent and the models beside it, as they go: a state of the journal."""

    def __init__(self, start: Vector, models: dict[int, _Model], watch: KinkWatch | None) -> None:
        self.models, self.watch = models, watch
        self.done: int | None = 0
        self.moved, self.velocity = np.zeros_like(start), np.zeros_like(start)
        self.distances: list[float] = []

    def pack(self, *, is_last: bool) -> list[NDArray[Any]]:
        """Return distances, way, kinks seen; before the end the velocity; and the models."""
        seen = np.zeros(0, dtype=np.uint8) if self.watch is None else self.watch.seen
        own = [np.array(self.distances), self.moved, seen]
        own += [] if is_last else [self.velocity]
        return own + [
            part for model in self.models.values() for part in model.pack(is_last=is_last)
        ]

    def unpack(self, arrays: list[NDArray[Any]]) -> None:
        """Put in place what `pack` returned."""
        distances, self.moved, seen, *rest = arrays
        self.distances = distances.tolist()
        if self.watch is not None:
            self.watch.seen = seen
        each = 3
        if len(rest) != each * len(self.models):
            self.velocity, *rest = rest
            each = 5
        for number, model in enumerate(self.models.values()):
            model.unpack(rest[each * number : each * (number + 1)])


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
    watch: KinkWatch | None = None,
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
        watch: shown the true weights after each step.

    Raises:
        InputError: gradient descent or the degree-1 model leaves the range of floating point.
    """
    start = curvature.start
    cycle = [(loss, loss.gradient(start)) for loss in batches or (curvature,)]
    name = "mini-batch training" if batches else "gradient descent"
    models = {degree: _Model(degree, start, momentum) for degree in degrees}
    steps = list(rates or [learning_rate] * n_steps)
    here = _Descent(start, models, watch)

    def advance(number: int) -> None:
        here.done = None
        rate, (loss, forcing) = steps[number], cycle[number % len(cycle)]
        with np.errstate(over="ignore", invalid="ignore"):
            here.velocity = _turn(here.velocity, loss.gradient(start + here.moved), momentum)
            here.moved = here.moved - rate * here.velocity
            here.distances.append(float(np.linalg.norm(here.moved)))
        _check_finite(here.distances[-1], number + 1, learning_rate, name)
        for degree, model in models.items():
            model.step(loss, forcing, rate)
            if degree == 1 and not may_diverge:
                _check_finite(model.norms[-1], number + 1, learning_rate, name)
            model.compare(here.moved)
        if watch is not None:
            watch.visit(start + here.moved)
        here.done = number + 1
        progress("trajectory", number + 1, n_steps)

    curvature.journal.loop("descent", [start, np.array(steps)], len(steps), advance, here)
    speeds = {degree: tuple(model.speeds) for degree, model in models.items()}
    return Trajectory(
        path_norms={degree: tuple(model.norms) for degree, model in models.items()},
        gaps={degree: tuple(model.gaps) for degree, model in models.items()},
        distances=tuple(here.distances),
        end=start + here.moved,
        velocity_norms=speeds if momentum else {},
    )


def find_end_slope(curvature: Curvature, run: Trajectory, learning_rate: float) -> float:
    """Return the norm of the full-batch gradient where descent ends.

    Args:
        curvature: of the loss.
        run: of the descent.
        learning_rate: of the same, for the message.

    Raises:
        InputError: it is beyond floating point, as the next step would be.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        slope = float(np.linalg.norm(curvature.gradient(run.end)))
    _check_finite(slope, len(run.distances), learning_rate, "gradient descent")
    return slope


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
