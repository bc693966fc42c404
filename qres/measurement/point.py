r"""What is measured at one set of weights: gradient, spectrum, entries, higher derivatives.

Source: derived.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from qres.config.record import Schedule
from qres.errors import InputError
from qres.measurement.arithmetic import Arithmetic
from qres.measurement.curvature import Curvature
from qres.measurement.dissipation import bound_growth
from qres.measurement.hessian import (
    EXACT_DIM,
    QUICK_ROWS,
    SAMPLED_ROWS,
    Entries,
    compare_twin,
    measure_entries,
)
from qres.measurement.lanczos import Extremes, find_extremes
from qres.measurement.moments import bound_entries
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.rounding import add_rounding, find_slope_change, is_rounded
from qres.measurement.spectrum import Explorer, Spectrum, find_errors, measure_error
from qres.measurement.tensors import Effort, measure_tensors
from qres.notation.quantity import Kind, Quantity

SOURCE = "this network"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """How to measure: the descent that is modelled, and how hard to look.

    Args:
        n_steps: steps of the descent.
        learning_rate: of the descent.
        weight_decay: of the descent, part of gradient and Hessian.
        lanczos_steps: least number of Lanczos steps.
        n_probes: sets the number of random vectors, where a derivative is sampled.
        seed: of everything random here.
        segment_steps: a length of segments that is measured besides the usual ones.
        momentum: of the descent; with it there is one segment, unless it restarts.
        momentum_restart: whether training starts every segment with velocity 0.
        n_batches: batches that the steps cycle through in a fixed order; 1 is the whole data set.
        schedule: of the learning rate, which then is that of the first step; None keeps it.
        degree: largest of the models; each needs one derivative more.
        is_quick: whether Lanczos runs take `lanczos_steps` and no more, few rows of the Hessian are
            looked at, and the steps are not cut into segments.
        parts: what is measured besides gradient and spectrum: `local`, `entries`, `tensors`,
            `descent`; None is everything.
        project: directions of the subspace on which truncated Carleman is followed; None is not.
        arithmetic: in which numbers products are computed, and where.
    """

    n_steps: int
    learning_rate: float
    weight_decay: float
    lanczos_steps: int
    n_probes: int
    seed: int
    segment_steps: int | None = None
    momentum: float = 0.0
    momentum_restart: bool = False
    n_batches: int = 1
    schedule: Schedule | None = None
    degree: int = 3
    is_quick: bool = False
    parts: tuple[str, ...] | None = None
    project: int | None = None
    arithmetic: Arithmetic = field(default_factory=Arithmetic)

    def wants(self, part: str) -> bool:
        """Say whether a part is asked for."""
        return self.parts is None or part in self.parts

    @property
    def all_rates(self) -> tuple[float, ...]:
        """Rate of every step."""
        return self.rates or (self.learning_rate,) * self.n_steps

    @property
    def rates(self) -> tuple[float, ...]:
        """Rate of every step; empty where all are `learning_rate`."""
        return () if self.schedule is None else self.schedule.rates(self.learning_rate)


@dataclass(frozen=True, kw_only=True)
class Point:
    """What is known at one set of weights.

    Args:
        values: `grad_norm`, the ends of the spectrum, `growth`, the entries, `t3_*`, `t4_*`.
        extremes: the ends of the spectrum by Lanczos.
        entries: those of the Hessian.
        twin: the ends of the spectrum of the dense Hessian, where there is one.
        spectrum: all that the runs on tensors say, where there were any.
    """

    values: dict[str, Quantity]
    extremes: Extremes
    entries: Entries
    twin: dict[str, Any] | None
    spectrum: Spectrum | None = None

    @property
    def slope(self) -> float:
        """By which part of its length the gradient may be off by rounding."""
        norm = self.values["grad_norm"]
        return 0.0 if norm.high is None else float(norm.high) / float(norm) - 1


def measure_point(
    curvature: Curvature,
    probe: Probe,
    *,
    effort: Effort,
    degrees: tuple[int, ...],
    is_first: bool = True,
    progress: Progress = keep_silent,
) -> Point:
    """Measure at the start of `curvature`.

    Args:
        curvature: of the loss.
        probe: how to measure.
        effort: how hard to look at the tensors.
        degrees: of the models; each needs one derivative more.
        is_first: whether thresholds are scanned, and Lanczos runs apart from the dense Hessian,
            to be compared with it.
        progress: told as it goes.
    """
    values = {"grad_norm": _find_gradient(curvature)}
    dense = None
    if _is_whole(curvature, probe) and not is_first:
        dense = curvature.dense(progress=progress)
    spectrum = explore_hessian(curvature, probe, is_first, progress)
    if spectrum is not None:
        extremes = spectrum.extremes
    else:
        extremes = find_extremes(
            curvature.multiply if dense is None else dense.__matmul__,
            curvature.n_active,
            steps=probe.lanczos_steps,
            max_steps=probe.lanczos_steps if probe.is_quick else None,
            rng=np.random.default_rng(probe.seed),
            progress=progress,
        )
    if probe.wants("entries"):
        entries = measure_entries(
            curvature,
            extremes,
            n_probes=effort.n_probes,
            seed=probe.seed,
            dense=dense,
            is_scanned=is_first,
            n_rows=QUICK_ROWS if probe.is_quick else SAMPLED_ROWS,
            error=0.0 if spectrum is None else spectrum.error,
            progress=progress,
        )
    else:
        assert spectrum is not None  # explored wherever entries are not wanted
        entries = bound_entries(spectrum, curvature.n_active)
    twin = None if entries.dense is None else compare_twin(entries.dense, extremes)
    values |= describe_ends(extremes, twin)
    values["growth"] = _find_growth(values, probe.rates or (probe.learning_rate,))
    values |= entries.values
    if is_first:
        curvature.journal.note(values)
    if probe.wants("tensors"):
        values |= measure_tensors(curvature, effort, order=max(degrees) + 1, progress=progress)
    return Point(values=values, extremes=extremes, entries=entries, twin=twin, spectrum=spectrum)


def explore_hessian(
    curvature: Curvature, probe: Probe, is_first: bool, progress: Progress
) -> Spectrum | None:
    """Return the spectrum by runs on tensors, None where the one in double precision does.

    Args:
        curvature: of the loss.
        probe: how to measure.
        is_first: whether there is more than one random start, and one run from the gradient.
        progress: told as it goes.
    """
    if _is_whole(curvature, probe) and not probe.arithmetic.changes:
        return None
    explorer = Explorer(
        multiply=curvature.apply_block,
        dim=curvature.n_active,
        steps=probe.lanczos_steps,
        n_probes=probe.n_probes if is_first else 1,
        seed=probe.seed,
        arithmetic=probe.arithmetic,
        max_steps=probe.lanczos_steps if probe.is_quick else None,
        device=curvature.start_tensor.device,
        error=measure_error(curvature, seed=probe.seed),
        check=partial(find_errors, curvature) if is_rounded(curvature) else None,
        team=curvature.spare_team,
        journal=curvature.journal,
        progress=progress,
    )
    is_local = is_first and probe.wants("local")
    return explorer.explore(curvature.gradient(curvature.start) if is_local else None)


def _is_whole(curvature: Curvature, probe: Probe) -> bool:
    """Say whether every row of the Hessian is computed."""
    return curvature.n_active <= EXACT_DIM and probe.wants("entries")


def explain_standstill(curvature: Curvature) -> InputError:
    """Return the error of a gradient that is zero; it names what pruning has left nothing of."""
    text = "the gradient on the active parameters is zero: training goes nowhere"
    lost = curvature.coordinates.find_lost(curvature.module)
    if not lost:
        return InputError(text)
    more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
    return InputError(
        f"{text}; nothing is left of {', '.join(lost[:3])}{more}, through which the rest may learn:"
        " prune less, or name them in prune.spare"
    )


def describe(value: float | int, kind: Kind, method: str) -> Quantity:
    """Return a number about this network, without interval."""
    return Quantity(value=value, kind=kind, source=SOURCE, method=method)


def _find_gradient(curvature: Curvature) -> Quantity:
    """Return the norm of the gradient."""
    norm = float(np.linalg.norm(curvature.gradient(curvature.start)))
    found = describe(norm, "exact", "full-batch gradient at the start, weight decay included")
    return add_rounding(found, find_slope_change(curvature, norm), curvature)


def _find_growth(values: dict[str, Quantity], rates: Sequence[float]) -> Quantity:
    """Return the largest factor of one step, and the least that the ends allow."""
    least, worst = bound_growth(values["lambda_min"], values["lambda_max"], rates)
    method = "max|1 - learning_rate lambda| over the outer ends"
    return replace(describe(worst, "measured", method), low=least, high=worst)


def describe_ends(extremes: Extremes, twin: dict[str, Any] | None) -> dict[str, Quantity]:
    """Return both ends of the spectrum; an interval that misses the dense twin is widened to it."""
    ends = {}
    for name, end in (("lambda_max", extremes.largest), ("lambda_min", extremes.smallest)):
        method = f"{extremes.method}; residual {end.residual:.1e}"
        quantity = replace(describe(end.value, "measured", method), low=end.low, high=end.high)
        if twin is not None:
            low, high = min(end.low, twin[name]), max(end.high, twin[name])
            quantity = replace(quantity, low=low, high=high)
        ends[name] = quantity
    return ends
