r"""Mini-batch training in a frozen order: every batch measured, and all runs along it.

The samples are shared out once, by the seed, into $n_b$ batches; step t takes batch
$b(t) = (t-1) \bmod n_b$, in every segment on from where the one before stopped. Training is
$\theta' = \theta - \eta\nabla L_b(\theta)$, the degree-q model takes the derivatives of the same batch
at the first weights of the segment, weight decay in gradient and Hessian of each.

What is recorded is what holds for every batch: the outer ends of all spectra, the largest norms and
entries. `grad_norm` is the root mean square of $\lVert g_{b(t)}\rVert$ over the steps of a segment,
which makes $\eta\sqrt{T}$ `grad_norm` the norm of the right-hand side at degree 1;
`largest_grad_norm` is the largest over the batches.

Source: derived.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from qres.measurement.curvature import Curvature
from qres.measurement.dissipation import bound_growth, describe_dissipation
from qres.measurement.point import Probe, describe, explain_standstill, measure_point
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.record import Measurement, Segment
from qres.measurement.refinement import (
    Finer,
    compare_runs,
    describe_changes,
    describe_model,
    follow_finer,
)
from qres.measurement.segments import Segmenter
from qres.measurement.tensors import Effort
from qres.measurement.trajectory import Trajectory, find_end_slope, follow_descent
from qres.notation.quantity import Quantity, weakest

APART = ("lambda_min", "grad_norm", "growth")
"""Values of one batch that are not simply the largest one of all."""

UNUSED = ("momentum", "momentum_restart", "schedule")
"""Settings that mini-batches do not have."""

UNTOLD = ("schedule", "arithmetic")
"""Settings that are told in another way, or not used."""

Values = Mapping[str, Quantity]
Warnings = tuple[tuple[str, str], ...]


@dataclass(kw_only=True)
class BatchSegmenter(Segmenter):
    """Cuts mini-batch training into segments.

    Args:
        parts: one loss for each batch.
        slopes: step to the norms of the gradients of the batches there.
        warnings: raised while measuring.
    """

    parts: Sequence[Curvature]
    slopes: dict[int, tuple[Quantity, ...]] = field(default_factory=dict)
    warnings: Warnings = ()

    def first(self) -> Trajectory:
        """Measure at step 0 and return the runs of all steps.

        Raises:
            InputError: nothing moves, or training or its degree-1 model diverges.
        """
        self.points[0, 0] = self._look(self.curvature, 0)
        if not any(map(float, self.slopes[0])):
            raise explain_standstill(self.curvature)
        return follow_descent(
            self.curvature,
            n_steps=self.probe.n_steps,
            learning_rate=self.probe.learning_rate,
            batches=self.parts,
            degrees=self.degrees,
            progress=self.progress,
        )

    def _follow(self, here: Curvature, step: int, n_steps: int) -> Trajectory:
        """Return the runs of one segment, on from the batch of this step."""
        turn = step % len(self.parts)
        parts = [part.at(here.start) for part in (*self.parts[turn:], *self.parts[:turn])]
        return follow_descent(
            here,
            n_steps=n_steps,
            learning_rate=self.probe.learning_rate,
            batches=parts,
            degrees=self.degrees,
            may_diverge=True,
        )

    def _look(self, here: Curvature, step: int) -> Values:
        """Return what holds for every batch at the weights of this step."""
        n_probes = self.probe.n_probes if step == 0 else max(2, self.probe.n_probes // 4)
        points, slopes = list[Values](), list[Quantity]()
        for number, part in enumerate(self.parts, start=1):
            effort = Effort(
                n_probes=n_probes,
                is_kinked=self.is_kinked,
                rng=np.random.default_rng([self.probe.seed, step, number]),
            )
            place = part if step == 0 else part.at(here.start)
            point = measure_point(
                place, self.probe, effort=effort, degrees=self.degrees, is_first=False
            )
            points.append(point.values)
            slopes.append(point.values["grad_norm"])
            self.warnings += point.entries.warnings
            self.progress("batches", number, len(self.parts))
        self.slopes[step] = tuple(slopes)
        return combine_batches(points, self.probe.learning_rate)

    def _describe(self, place: tuple[int, int], run: Trajectory) -> Segment:
        """Return the record of one segment, its mean gradient over its own steps."""
        found = super()._describe(place, run)
        slopes, start = self.slopes[found.start_step], found.start_step
        order = [slopes[step % len(slopes)] for step in range(start, start + found.n_steps)]
        text = "root mean square over the steps of the gradients of their batches"
        mean = _mean_square([float(slope) for slope in order])
        slope = replace(describe(mean, "exact", text), kind=order[0].kind)
        if order[0].low is not None:
            low, high = (
                _mean_square([float(getattr(item, end) or 0.0) for item in order])
                for end in ("low", "high")
            )
            slope = replace(slope, low=low, high=high, method=f"{text}; widened by rounding")
        return replace(found, values={**found.values, "grad_norm": slope})


def measure_batches(
    curvature: Curvature,
    probe: Probe,
    *,
    degrees: tuple[int, ...] = (1,),
    progress: Progress = keep_silent,
) -> Measurement:
    """Measure every batch, and the models along their order, in one segment and in several.

    Args:
        curvature: of the whole data set, at the first weights.
        probe: with more than one batch.
        degrees: of the models.
        progress: told as it goes.

    Raises:
        InputError: a batch would be empty, the gradients are zero, or training diverges.
    """
    segmenter = BatchSegmenter(
        curvature=curvature,
        probe=probe,
        degrees=degrees,
        is_kinked=curvature.is_kinked,
        progress=progress,
        parts=curvature.split(probe.n_batches, probe.seed),
    )
    run = segmenter.first()
    slope = find_end_slope(curvature, run, probe.learning_rate)
    again = follow_finer(curvature, probe, batches=segmenter.parts)
    segmentations = segmenter.measure(run)
    ((whole,), *_) = segmentations
    facts = {
        key: value
        for key, value in vars(probe).items()
        if "momentum" not in key and key not in UNTOLD
    } | probe.arithmetic.changes
    facts |= {"n_features": curvature.n_features, "loss": curvature.loss(curvature.start)}
    return Measurement(
        subject="network",
        values={
            **_describe_counts(curvature),
            **whole.values,
            **_describe_run(curvature, run, slope, len(segmenter.parts), again),
            **describe_dissipation(
                whole.values["lambda_min"],
                whole.values["lambda_max"],
                learning_rate=probe.learning_rate,
                n_steps=probe.n_steps,
            ),
        },
        path_norms=run.path_norms,
        eps_model_curves=run.eps_model_curves,
        segmentations=segmentations,
        warnings=tuple(dict.fromkeys(segmenter.warnings)),
        details=facts
        | {"final_loss": curvature.loss(run.end)}
        | describe_changes(curvature, run, again),
    )


def combine_batches(points: Sequence[Values], learning_rate: float) -> dict[str, Quantity]:
    """Return what holds for every batch: outer ends of the spectra, largest norms and entries.

    Args:
        points: the values of each batch at the same weights.
        learning_rate: of training.
    """
    names = [name for name in points[0] if name not in APART]
    found = {name: _outer([point[name] for point in points], 1) for name in names}
    found["lambda_min"] = _outer([point["lambda_min"] for point in points], -1)
    found["largest_grad_norm"] = _outer([point["grad_norm"] for point in points], 1)
    least, growth = bound_growth(found["lambda_min"], found["lambda_max"], (learning_rate,))
    text = "max|1 - learning_rate lambda| over all batches"
    return found | {"growth": replace(describe(growth, "measured", text), low=least, high=growth)}


def _describe_counts(curvature: Curvature) -> dict[str, Quantity]:
    """Return what is counted."""
    counts = {
        "n_params": (curvature.n_params, "all parameters"),
        "n_active": (curvature.n_active, "parameters that the mask leaves"),
        "n_samples": (curvature.n_samples, "samples of all batches"),
    }
    return {name: describe(n, "exact", text) for name, (n, text) in counts.items()}


def _describe_run(
    curvature: Curvature, run: Trajectory, slope: float, n_batches: int, again: Finer | None
) -> dict[str, Quantity]:
    """Return the end of the runs."""
    what = f"training over {n_batches} batches in their order"
    end = "full-batch gradient at the end of mini-batch training"
    values = {
        "eps_model": describe_model(curvature, what, run.eps_model_curve[-1]),
        "final_distance": describe(run.final_distance, "measured", "mini-batch training"),
        "final_grad_norm": describe(slope, "measured", end),
    }
    return compare_runs(curvature, values, again)


def _mean_square(norms: Sequence[float]) -> float:
    """Return the root of the mean square."""
    return math.sqrt(math.fsum(norm**2 for norm in norms) / len(norms))


def _outer(found: Sequence[Quantity], sign: int) -> Quantity:
    """Return the largest (sign 1) or smallest value, its interval that of all."""
    top = max(found, key=lambda item: sign * float(item))
    lows = [item.value if item.low is None else item.low for item in found]
    highs = [item.value if item.high is None else item.high for item in found]
    pick = max if sign > 0 else min
    is_known = any(item.low is not None or item.high is not None for item in found)
    word = "largest" if sign > 0 else "smallest"
    return replace(
        top,
        low=pick(low for low in lows if low is not None) if is_known else None,
        high=pick(high for high in highs if high is not None) if is_known else None,
        kind=weakest(item.kind for item in found),
        method=f"{word} of {len(found)} batches: {top.method}",
    )
