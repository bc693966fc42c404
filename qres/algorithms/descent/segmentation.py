r"""The descent as segments: what one lift covers, and how its error travels to the end.

Segment $s$ starts at classical weights, so its expansion point is exact, and ends with a read-out.
With $d_s$ the distance between what is read and $T_s$ true steps from the same start,

$$ \lVert\hat\theta_K - \theta_T\rVert \le \sum_s \Lambda_s d_s , \qquad
   \Lambda_s = \prod_{s' > s} g_{s'}^{T_{s'}} , $$

because Lipschitz constants multiply; $g_{s'}$ is the larger $\max|1 - \eta\lambda|$ of the two ends of
the segment (of the last one its start), a measured stand-in for its maximum between the true and the
actual path. With momentum that restarts, the velocity is 0 at the start of a segment and not carried
on, so in place of $g^T$ stands $\max|e_u^T M(\lambda)^T e_u|$ over both spectra, see
`carleman.kernels`, which takes the Hessian of a segment as constant: products of different steps with
momentum have no bound of this kind, so what follows is `assumed`. Each length of segments then is a
training of its own, with its own $\theta_T$.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from qres.algorithms.carleman.kernels import carry_bound
from qres.algorithms.carleman.segments import carry_factors
from qres.config.record import CarlemanGd
from qres.errors import InfeasibleError, InputError
from qres.measurement.record import Measurement, Norms, Segment
from qres.notation.quantity import Kind, Quantity, weakest

SIZES = ("n_params", "n_active", "n_samples")
"""Values that are the same in every segment."""

DEGREES: tuple[int, ...] = (1, 2, 3)
"""Of the polynomial gradient."""

LARGEST_NORM, LEAST_NORM = 1e150, 1e-140
"""Norms above and below have no square, rescaled ones included."""


@dataclass(frozen=True, kw_only=True)
class Segmentation:
    """One way to cut the descent.

    Args:
        segments: in order; one is the whole descent.
        learning_rate: of the steps.
        distance: norm of the change of the weights over all steps.
        is_repeated: later segments were not measured and are taken like the first.
        momentum: of the steps; it restarts with every segment.
        rates: of all steps, where they differ; `learning_rate` then is the largest.
    """

    segments: tuple[Segment, ...]
    learning_rate: float
    distance: float
    is_repeated: bool = False
    momentum: float = 0.0
    rates: tuple[float, ...] = ()

    @property
    def steps(self) -> int:
        """Steps of the longest segment."""
        return max(segment.n_steps for segment in self.segments)

    @cached_property
    def weights(self) -> tuple[float, ...]:
        r"""The factors $\Lambda_s$ by which the error of a segment grows to the end."""
        if self.momentum:
            return self._weights_of(self._carried)
        if self.rates:
            return self._weights_of(self._stretched)
        starts = [growth(segment.values, self.learning_rate) for segment in self.segments]
        growths = [max(ends) for ends in zip(starts, [*starts[1:], starts[-1]], strict=True)]
        factors = carry_factors(growths, [segment.n_steps for segment in self.segments])
        return tuple(factors.tolist())

    def _weights_of(self, carry: Callable[[int], float]) -> tuple[float, ...]:
        """Return the factors from what each segment but the first makes of an error at its start."""
        carried = [1.0, *(carry(place) for place in range(1, len(self.segments)))]
        return tuple(carry_factors(carried, [1] * len(carried)).tolist())

    def _carried(self, place: int) -> float:
        """Return what the steps of a segment make of an error at its start."""
        beyond = self.segments[place : place + 2]
        lows, highs = zip(*(spectrum(segment.values) for segment in beyond), strict=True)
        steps = self.segments[place].n_steps
        return carry_bound(min(lows), max(highs), self.learning_rate, steps, self.momentum)

    def _stretched(self, place: int) -> float:
        """Return the same where the rate changes: the product of the growths of its steps."""
        rates = np.array(self.rates_of(self.segments[place]))
        beyond = self.segments[place : place + 2]
        ends = [end for segment in beyond for end in spectrum(segment.values)]
        with np.errstate(over="ignore"):
            return float(np.prod(np.abs(1 - np.outer(ends, rates)).max(axis=0)))

    def rates_of(self, segment: Segment) -> tuple[float, ...]:
        """Return the rate of every step of a segment; empty where all are `learning_rate`."""
        return self.rates[segment.start_step : segment.start_step + segment.n_steps]

    def model_error(self, degree: int) -> float:
        """Error of the polynomial model at the end, relative to the whole change."""
        distances = [segment.model_distances.get(degree, math.inf) for segment in self.segments]
        return self.relative(distances)

    def relative(self, errors: Sequence[float]) -> float:
        """Return what errors of the segments amount to at the end, relative to the whole change."""
        # no error stays none, however much it would grow
        terms = (w * e for w, e in zip(self.weights, errors, strict=True) if e)
        return math.fsum(terms) / self.distance

    def shares(self, errors: Sequence[float], degree: int) -> np.ndarray:
        r"""Return $\Lambda_s(\lVert u_s\rVert + e_s)$ over the whole change, one a segment."""
        lengths = [segment.path_norms[degree][-1] for segment in self.segments]
        return np.array(self.weights) * (np.array(lengths) + np.array(errors)) / self.distance

    def worst(self, name: str) -> Quantity | None:
        """Return the largest value over the segments; None where one lacks it."""
        found = [segment.values.get(name) for segment in self.segments]
        known = [item for item in found if item is not None and item.value is not None]
        if len(known) < len(found):
            return None
        top = max(known, key=float)
        return top if len(found) == 1 else _of_all(top, known, "largest")

    def least(self, name: str) -> Quantity:
        """Return the smallest value over the segments."""
        known = [segment.values[name] for segment in self.segments]
        low = min(known, key=float)
        return low if len(known) == 1 else _of_all(low, known, "smallest")


def _of_all(one: Quantity, known: Sequence[Quantity], which: str) -> Quantity:
    kind: Kind = weakest(item.kind for item in known)
    return replace(one, kind=kind, method=f"{which} over {len(known)} segments: {one.method}")


def growth(values: Mapping[str, Quantity], learning_rate: float) -> float:
    r"""Return $\max|1 - \eta\lambda|$ at the outer ends of the spectrum."""
    low, high = spectrum(values)
    return max(abs(1 - learning_rate * low), abs(1 - learning_rate * high))


def spectrum(values: Mapping[str, Quantity]) -> tuple[float, float]:
    """Return the outer ends of the spectrum."""
    low, high = values["lambda_min"], values["lambda_max"]
    return (
        float(low) if low.low is None else float(low.low),
        float(high) if high.high is None else float(high.high),
    )


def segmentations(parameters: CarlemanGd, measurement: Measurement) -> tuple[Segmentation, ...]:
    """Return the ways to cut the descent, the fewest segments first.

    Measured ones where there are any; a typed `segment_steps` leaves one. What was not measured
    repeats the first segment.

    Raises:
        InputError: the norms of the updates do not fit the steps.
        InfeasibleError: the weights do not move, or beyond any number.
    """
    whole = _whole(parameters, measurement)
    wanted = parameters.segment_steps
    sizes = {name: measurement.values[name] for name in SIZES if name in measurement.values}
    measured = [
        Segmentation(
            segments=tuple(replace(item, values={**sizes, **item.values}) for item in segments),
            learning_rate=whole.learning_rate,
            distance=_moved(segments, whole.distance),
            momentum=parameters.momentum,
            rates=whole.rates,
        )
        for segments in measurement.segmentations
        if len(segments) > 1
    ]
    found = [whole, *sorted(measured, key=lambda item: len(item.segments))]
    if wanted == "auto":
        return tuple(found)
    exact = [item for item in found if item.steps == wanted]
    return tuple(exact) or (
        repeat(whole, int(wanted), parameters.n_steps, measurement.eps_model_curves),
    )


def repeat(
    whole: Segmentation, steps: int, n_steps: int, curves: Mapping[int, Norms] | None = None
) -> Segmentation:
    """Return segments of `steps` steps, each taken like the first of the whole descent.

    Args:
        whole: the descent as one segment.
        steps: of each but the last.
        n_steps: of all together.
        curves: measured error of the models after t = 1.. steps; a model without a curve errs
            evenly over the steps.
    """
    first = whole.segments[0]
    count = math.ceil(n_steps / steps)
    lengths = [min(steps, n_steps - index * steps) for index in range(count)]
    paths = [
        {q: _way(path, whole.rates, index * steps, n) for q, path in first.path_norms.items()}
        for index, n in enumerate(lengths)
    ]
    segments = tuple(
        Segment(
            start_step=index * steps,
            n_steps=length,
            values=first.values,
            path_norms=paths[index],
            model_distances={
                q: curves[q][length - 1] * paths[index][q][length]
                if curves and q in curves
                else distance * length / n_steps
                for q, distance in first.model_distances.items()
            },
            velocity_norms={q: path[: length + 1] for q, path in first.velocity_norms.items()},
        )
        for index, length in enumerate(lengths)
    )
    distance = whole.distance
    if whole.momentum and count > 1:  # from rest each time: no further than all segments together
        distance = min(distance, math.fsum(segment.path_norms[1][-1] for segment in segments))
    return Segmentation(
        segments=segments,
        learning_rate=whole.learning_rate,
        distance=distance,
        is_repeated=count > 1,
        momentum=whole.momentum,
        rates=whole.rates,
    )


def _way(path: Norms, rates: Sequence[float], start: int, n_steps: int) -> Norms:
    """Return the first norms of a path; where the rate changes, those at the same sums of rates."""
    if not rates:
        return path[: n_steps + 1]
    times = np.cumsum([0.0, *rates])
    own = times[start : start + n_steps + 1] - times[start]
    norms = np.interp(own, times, path) * np.maximum(1.0, own / times[-1])
    return tuple(norms.tolist())


def _moved(segments: Sequence[Segment], distance: float) -> float:
    """Return how far training in these segments moves; that of all but restarted training is one."""
    own = segments[-1].values.get("final_distance")
    return distance if own is None else float(own)


def _whole(parameters: CarlemanGd, measurement: Measurement) -> Segmentation:
    """Return the descent as one segment."""
    check_path(measurement.update_norms, parameters.n_steps)
    moved = measurement.values.get("final_distance")
    distance = measurement.update_norms[-1] if moved is None else float(moved)
    if distance <= 0:
        raise InfeasibleError("training", "the weights do not move, there is nothing to read out")
    paths, errors = _known(measurement)
    segment = Segment(
        start_step=0,
        n_steps=parameters.n_steps,
        values=measurement.values,
        path_norms=paths,
        model_distances={q: error * distance for q, error in errors.items()},
        velocity_norms=measurement.velocity_norms,
    )
    return Segmentation(
        segments=(segment,),
        learning_rate=max(parameters.rates, default=parameters.learning_rate),
        distance=distance,
        momentum=parameters.momentum,
        rates=parameters.rates,
    )


def _known(measurement: Measurement) -> tuple[dict[int, Norms], dict[int, float]]:
    """Return norms of the updates and error of the model, by degree.

    What is typed belongs to the model in use, whatever its degree. An error that nobody has measured
    is taken as 0; it is for the terms to say so.
    """
    typed = DEGREES if measurement.subject == "given" else DEGREES[:1]
    paths = {**dict.fromkeys(typed, measurement.update_norms), **measurement.path_norms}
    errors = {q: curve[-1] for q, curve in measurement.eps_model_curves.items()}
    model = measurement.values.get("eps_model")
    if model is not None and model.value is not None:
        errors = {**dict.fromkeys(typed, float(model)), **errors}
    elif not errors:
        errors = dict.fromkeys(typed, 0.0)
    return paths, errors


def check_path(norms: Sequence[float], n_steps: int) -> None:
    """Refuse norms of the updates that do not fit the steps or cannot be squared."""
    if len(norms) != n_steps + 1:
        raise InputError(
            f"update_norms: expected n_steps + 1 = {n_steps + 1} numbers, found {len(norms)}"
        )
    if norms[-1] < LEAST_NORM:
        raise InfeasibleError("training", "the weights do not move, there is nothing to read out")
    if max(norms) > LARGEST_NORM:
        raise InfeasibleError("training", "the weight updates grow beyond any number")


def first_steps(measurement: Measurement, n_steps: int) -> Measurement:
    """Return the measurement of the first steps alone; segments are not measured there."""
    paths = {q: path[: n_steps + 1] for q, path in measurement.path_norms.items()}
    curves = {q: curve[:n_steps] for q, curve in measurement.eps_model_curves.items()}
    values = dict(measurement.values)
    if 1 in curves:
        values["eps_model"] = replace(values["eps_model"], value=curves[1][-1])
    if "final_distance" in values:
        values["final_distance"] = replace(values["final_distance"], value=paths[1][-1])
    return replace(
        measurement,
        values=values,
        update_norms=paths[1],
        path_norms=paths,
        velocity_norms={q: v[: n_steps + 1] for q, v in measurement.velocity_norms.items()},
        eps_model_curves=curves,
        segmentations=(),
    )
