r"""Training cut into segments: at the start of each the model is built anew, from true weights.

With momentum a later segment starts with a velocity, so there is one, unless training itself restarts
with velocity 0 at every segment: then each segmentation has a training of its own, and its last
segment says how far that has moved (`final_distance`).

Segmentations have 1, 2, 4, 8 and 16 segments of $\lceil n/K \rceil$ steps (the last one shorter),
until the errors of the degree-1 models add up to at most `ENOUGH` of the distance of all training,
and one of the length that is asked for. Tensors at later starts are sampled with a quarter of the
probes.

Source: derived.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from qres.measurement.curvature import Curvature
from qres.measurement.point import Probe, describe, measure_point
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.record import Segment
from qres.measurement.tensors import Effort
from qres.measurement.trajectory import Trajectory, follow_descent
from qres.notation.quantity import Quantity

COUNTS = (2, 4, 8, 16)
"""Numbers of segments that are tried after the whole run."""

ENOUGH = 0.005
"""No further cut is tried once the models' errors add up to this part of the distance."""

Values = Mapping[str, Quantity]


@dataclass(kw_only=True)
class Segmenter:
    """Cuts the training from one start, and remembers what was measured at each step.

    Args:
        curvature: of the loss, at the start of training.
        probe: how to measure.
        degrees: of the models.
        is_kinked: whether an activation has kinks.
        progress: told after each segment.
        points: length of the segments, 0 for all, and step to what is known of the weights there.
    """

    curvature: Curvature
    probe: Probe
    degrees: tuple[int, ...]
    is_kinked: bool
    progress: Progress = keep_silent
    points: dict[tuple[int, int], Values] = field(default_factory=dict)

    def measure(self, whole: Trajectory) -> tuple[tuple[Segment, ...], ...]:
        """Return all segmentations, the whole run first; its values are those of step 0."""
        found: list[tuple[Segment, ...]] = [(self._describe((0, 0), whole),)]
        if self.probe.momentum and not self.probe.momentum_restart:
            return tuple(found)
        for count in () if self.probe.is_quick else COUNTS:
            if add_distances(found[-1]) <= ENOUGH * whole.final_distance:
                break
            length = math.ceil(self.probe.n_steps / count)
            if length < found[-1][0].n_steps:
                found.append(self._cut(length))
        wanted = self.probe.segment_steps
        if wanted is not None and wanted not in [segments[0].n_steps for segments in found]:
            found.append(self._cut(wanted))
        return tuple(found)

    def _cut(self, length: int) -> tuple[Segment, ...]:
        """Return segments of this length."""
        starts = range(0, self.probe.n_steps, length)
        here, found = self.curvature, list[Segment]()
        # training that restarts visits other weights with every length
        course = length if self.probe.momentum else 0
        for number, step in enumerate(starts, start=1):
            run = self._follow(here, step, min(length, self.probe.n_steps - step))
            place = (course if step else 0, step)
            if place not in self.points:
                self.points[place] = self._look(here, step)
            found.append(self._describe(place, run))
            here = self.curvature.at(run.end)
            self.progress(f"{len(starts)} segments", number, len(starts))
        if self.probe.momentum:
            found[-1] = self._with_distance(found[-1], here)
        return tuple(found)

    def _follow(self, here: Curvature, step: int, n_steps: int) -> Trajectory:
        """Return the runs of one segment from the weights of this step."""
        return follow_descent(
            here,
            n_steps=n_steps,
            learning_rate=self.probe.learning_rate,
            momentum=self.probe.momentum,
            rates=self.probe.rates[step : step + n_steps],
            degrees=self.degrees,
            may_diverge=True,
        )

    def _with_distance(self, last: Segment, end: Curvature) -> Segment:
        """Return the last segment with how far the restarted training has moved."""
        moved = float(np.linalg.norm(end.start - self.curvature.start))
        distance = describe(moved, "measured", "training that restarts at every segment")
        return replace(last, values={**last.values, "final_distance": distance})

    def _look(self, here: Curvature, step: int) -> Values:
        """Return what is known at the weights of this step."""
        effort = Effort(
            n_probes=max(2, self.probe.n_probes // 4),
            is_kinked=self.is_kinked,
            rng=np.random.default_rng([self.probe.seed, step]),
        )
        return measure_point(
            here, self.probe, effort=effort, degrees=self.degrees, is_first=False
        ).values

    def _describe(self, place: tuple[int, int], run: Trajectory) -> Segment:
        """Return the record of one segment."""
        return Segment(
            start_step=place[1],
            n_steps=len(run.distances),
            values=self.points[place],
            path_norms=run.path_norms,
            model_distances={degree: gaps[-1] for degree, gaps in run.gaps.items()},
            velocity_norms=run.velocity_norms,
        )


def add_distances(segments: tuple[Segment, ...], degree: int = 1) -> float:
    """Return the sum of the models' errors over all segments, in units of the weights."""
    return math.fsum(segment.model_distances[degree] for segment in segments)
