r"""Everything that is measured on the active parameters of a network, in one place.

Source: derived.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qres.measurement.batches import measure_batches
from qres.measurement.curvature import Curvature
from qres.measurement.dissipation import describe_dissipation, describe_shares
from qres.measurement.gram import measure_gram
from qres.measurement.kinks import KinkWatch
from qres.measurement.networks import explain
from qres.measurement.point import Point, Probe, describe, explain_standstill, measure_point
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.record import Measurement
from qres.measurement.refinement import (
    Finer,
    compare_runs,
    describe_changes,
    describe_model,
    follow_finer,
)
from qres.measurement.rounding import add_rounding, bound_matrix
from qres.measurement.segments import Segmenter
from qres.measurement.shares import describe_density
from qres.measurement.soundness import is_missing, is_wrong
from qres.measurement.still import check_parts, measure_still, project_descent
from qres.measurement.tensors import Effort
from qres.measurement.trajectory import DEGREES, Trajectory, find_end_slope, follow_descent
from qres.notation.quantity import Quantity

__all__ = ["Probe", "measure_curvature"]

Warnings = tuple[tuple[str, str], ...]


def measure_curvature(
    curvature: Curvature, probe: Probe, *, progress: Progress = keep_silent
) -> Measurement:
    """Measure gradient, spectrum, entries, higher derivatives, trajectories and segments.

    Raises:
        InputError: the gradient is zero, or the descent diverges.
    """
    curvature.journal.note(_describe_counts(curvature))
    check_parts(probe)
    needs = probe.wants("tensors") or probe.wants("descent") or probe.project is not None
    most = probe.degree if needs else 1
    degrees, warnings = _find_degrees(curvature, most)
    if probe.n_batches > 1:
        found = measure_batches(curvature, probe, degrees=degrees, progress=progress)
        return replace(found, warnings=found.warnings + warnings)
    if not probe.wants("descent"):
        found, point = measure_still(
            curvature, probe, counts=_describe_counts(curvature), degrees=degrees, progress=progress
        )
        facts = {**_describe_facts(curvature, probe, point), **found.details}
        return replace(found, warnings=found.warnings + warnings, details=facts)
    watch = KinkWatch.of(curvature)
    run = follow_descent(
        curvature,
        n_steps=probe.n_steps,
        learning_rate=probe.learning_rate,
        momentum=probe.momentum,
        rates=probe.rates,
        degrees=degrees,
        progress=progress,
        watch=watch,
    )
    slope = find_end_slope(curvature, run, probe.learning_rate)
    effort = Effort(
        n_probes=probe.n_probes,
        is_kinked=curvature.is_kinked,
        rng=np.random.default_rng(probe.seed),
    )
    point = measure_point(curvature, probe, effort=effort, degrees=degrees, progress=progress)
    segmenter = Segmenter(
        curvature=curvature,
        probe=probe,
        degrees=degrees,
        is_kinked=curvature.is_kinked,
        progress=progress,
        points={(0, 0): point.values},
    )
    again = follow_finer(curvature, probe)
    values, facts = _describe_dense(curvature, probe, point, progress)
    projected, runs = project_descent(curvature, probe, degrees)
    return Measurement(
        subject="network",
        values={
            **_describe_counts(curvature),
            **point.values,
            **_describe_growth(point, probe),
            **_describe_run(curvature, run, slope, watch, probe, again),
            **values,
            **projected,
        },
        path_norms=run.path_norms,
        velocity_norms=run.velocity_norms,
        eps_model_curves=run.eps_model_curves,
        segmentations=segmenter.measure(run),
        sparsity_rows=point.entries.sparsity_rows,
        warnings=point.entries.warnings + warnings,
        details=_describe_facts(curvature, probe, point)
        | {"final_loss": curvature.loss(run.end)}
        | describe_changes(curvature, run, again)
        | facts
        | runs,
    )


def _find_degrees(curvature: Curvature, most: int) -> tuple[tuple[int, ...], Warnings]:
    """Return the degrees that the derivatives of this network allow, and why not all up to `most`."""
    gradient = curvature.gradient(curvature.start)
    if not np.any(gradient):
        raise explain_standstill(curvature)
    warnings: Warnings = ()
    for degree in reversed(DEGREES[:most]):
        try:
            curvature.derive(gradient, degree)
        except RuntimeError as error:  # NotImplementedError is one
            if degree == 1 or not is_missing(error):
                raise
            text = f"models of degree {degree} were not measured: {explain(error)}"
            warnings += (("W-MODEL", text),)
            continue
        if degree > 1 and is_wrong(curvature, degree):
            text = (
                f"models of degree {degree} were not measured: torch differentiates a layer wrongly"
            )
            warnings += (("W-MODEL", text),)
            continue
        return tuple(range(1, degree + 1)), warnings
    raise AssertionError("unreachable: degree 1 returns or raises")


def _describe_counts(curvature: Curvature) -> dict[str, Quantity]:
    """Return what is counted."""
    return {
        "n_params": describe(curvature.n_params, "exact", "all parameters"),
        "n_active": describe(curvature.n_active, "exact", "parameters that the mask leaves"),
        "n_samples": describe(curvature.n_samples, "exact", "samples of the full batch"),
    }


def _describe_growth(point: Point, probe: Probe) -> dict[str, Quantity]:
    """Return what the ends of the spectrum say about all steps."""
    return describe_dissipation(
        point.values["lambda_min"],
        point.values["lambda_max"],
        learning_rate=probe.learning_rate,
        n_steps=probe.n_steps,
        rates=probe.rates,
    )


def _describe_run(
    curvature: Curvature,
    run: Trajectory,
    slope: float,
    watch: KinkWatch | None,
    probe: Probe,
    again: Finer | None,
) -> dict[str, Quantity]:
    """Return the end of the runs, and how much of the network crossed a kink.

    Weights and samples fix all of it, so that rounding alone has an interval.
    """
    kind = f"descent with momentum {probe.momentum:g}" if probe.momentum else "gradient descent"
    eps_model = describe_model(curvature, f"full-batch {kind}", run.eps_model_curve[-1])
    end = "full-batch gradient at the end of gradient descent"
    values = {
        "eps_model": eps_model,
        "final_distance": describe(run.final_distance, "measured", kind),
        "final_grad_norm": describe(slope, "measured", end),
    }
    if watch is not None:
        pairs = "pairs of unit and sample that change their piece along the path"
        values["kink_share"] = describe(watch.share, "measured", pairs)
    return compare_runs(curvature, values, again)


def _describe_dense(
    curvature: Curvature, probe: Probe, point: Point, progress: Progress
) -> tuple[dict[str, Quantity], dict[str, Any]]:
    """Return the values and facts for which the dense Hessian is needed."""
    dense = point.entries.dense
    if dense is None:
        assert point.spectrum is not None  # what is not dense was explored
        return describe_density(
            point.spectrum,
            learning_rate=probe.learning_rate,
            n_steps=probe.n_steps,
            rates=probe.rates,
            slope=point.slope,
        )
    gradient = curvature.gradient(curvature.start)
    error = 0.0 if point.spectrum is None else point.spectrum.error
    off = bound_matrix(error, curvature.n_active)
    values, facts = describe_shares(
        dense,
        gradient,
        learning_rate=probe.learning_rate,
        n_steps=probe.n_steps,
        rates=probe.rates,
        error=off,
        slope=point.slope,
    )
    gram = measure_gram(curvature.in_double(), dense, seed=probe.seed, progress=progress)
    if "gram_dropped_norm" in gram:
        gram["gram_dropped_norm"] = add_rounding(gram["gram_dropped_norm"], off, curvature)
    return values | gram, facts


def _describe_facts(curvature: Curvature, probe: Probe, point: Point) -> dict[str, Any]:
    """Return plain facts about the measurement."""
    extremes = point.extremes
    facts = {
        **_told(probe),
        "n_features": curvature.n_features,
        "lanczos_steps": extremes.steps,
        "lanczos_fail_prob": extremes.fail_prob,
        "lanczos_residuals": [extremes.smallest.residual, extremes.largest.residual],
        "loss": curvature.loss(curvature.start),
    }
    return facts if point.twin is None else facts | {"dense_twin": point.twin}


def _told(probe: Probe) -> dict[str, Any]:
    """Return the settings; those of momentum and of a schedule only where there is one."""
    left_out = {"n_batches", "schedule", "arithmetic"}
    left_out |= set() if probe.momentum else {"momentum", "momentum_restart"}
    left_out |= {
        key
        for key in ("degree", "is_quick", "parts", "project")
        if vars(probe)[key] == vars(Probe)[key]
    }
    found = {key: value for key, value in vars(probe).items() if key not in left_out}
    found |= {"schedule": str(probe.schedule)} if probe.schedule else {}
    return found | probe.arithmetic.changes
