r"""Everything that is measured on the active parameters of a network, in one place.

Source: science/training-pipeline.md, sections 1, 5, 13 and 15.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qres.errors import InputError
from qres.measurement.curvature import Curvature
from qres.measurement.dissipation import describe_dissipation
from qres.measurement.hessian import compare_twin, measure_entries
from qres.measurement.lanczos import Extremes, find_extremes
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.record import Measurement
from qres.measurement.trajectory import Trajectory, follow_descent
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
        n_probes: random sign vectors, where the Hessian is sampled.
        seed: of everything random here.
    """

    n_steps: int
    learning_rate: float
    weight_decay: float
    lanczos_steps: int
    n_probes: int
    seed: int


def measure_curvature(
    curvature: Curvature, probe: Probe, *, progress: Progress = keep_silent
) -> Measurement:
    """Measure gradient, spectrum, entries and trajectory.

    Raises:
        InputError: the gradient is zero, or the descent diverges.
    """
    grad_norm = _find_gradient(curvature)
    trajectory = follow_descent(
        curvature, n_steps=probe.n_steps, learning_rate=probe.learning_rate, progress=progress
    )
    extremes = find_extremes(
        curvature.multiply,
        curvature.n_active,
        steps=probe.lanczos_steps,
        rng=np.random.default_rng(probe.seed),
        progress=progress,
    )
    entries = measure_entries(
        curvature, extremes, n_probes=probe.n_probes, seed=probe.seed, progress=progress
    )
    details = _describe_run(curvature, probe, extremes, trajectory)
    if entries.dense is not None:
        details["dense_twin"] = compare_twin(entries.dense, extremes)
    values = {**_describe_counts(curvature), "grad_norm": grad_norm}
    values |= _describe_ends(extremes, details.get("dense_twin"))
    values |= entries.values
    values |= describe_dissipation(
        values["lambda_min"],
        values["lambda_max"],
        learning_rate=probe.learning_rate,
        n_steps=probe.n_steps,
    )
    values |= _describe_trajectory(trajectory)
    return Measurement(
        subject="network",
        values=values,
        update_norms=trajectory.update_norms,
        eps_model_curve=trajectory.eps_model_curve,
        sparsity_rows=entries.sparsity_rows,
        warnings=entries.warnings,
        details=details,
    )


def _quantity(value: float | int, kind: Kind, method: str) -> Quantity:
    """Return a number about this network, without interval."""
    return Quantity(value=value, kind=kind, source=SOURCE, method=method)


def _find_gradient(curvature: Curvature) -> Quantity:
    """Return the norm of the gradient, which must not vanish."""
    norm = float(np.linalg.norm(curvature.gradient(curvature.start)))
    if norm == 0:
        raise InputError("the gradient on the active parameters is zero: training goes nowhere")
    return _quantity(norm, "exact", "full-batch gradient at the start, weight decay included")


def _describe_counts(curvature: Curvature) -> dict[str, Quantity]:
    """Return what is counted."""
    return {
        "n_params": _quantity(curvature.n_params, "exact", "all parameters"),
        "n_active": _quantity(curvature.n_active, "exact", "parameters that the mask leaves"),
        "n_samples": _quantity(curvature.n_samples, "exact", "samples of the full batch"),
    }


def _describe_ends(extremes: Extremes, twin: dict[str, Any] | None) -> dict[str, Quantity]:
    """Return both ends of the spectrum; an interval that misses the dense twin is widened to it."""
    ends = {}
    for name, end in (("lambda_max", extremes.largest), ("lambda_min", extremes.smallest)):
        quantity = Quantity(
            value=end.value,
            low=end.low,
            high=end.high,
            kind="measured",
            source=SOURCE,
            method=f"{extremes.method}; residual {end.residual:.1e}",
        )
        if twin is not None:
            low, high = min(end.low, twin[name]), max(end.high, twin[name])
            quantity = replace(quantity, low=low, high=high)
        ends[name] = quantity
    return ends


def _describe_trajectory(trajectory: Trajectory) -> dict[str, Quantity]:
    """Return the end of both runs."""
    both = "degree-1 model and full-batch gradient descent, run side by side"
    return {
        "eps_model": _quantity(trajectory.eps_model_curve[-1], "measured", both),
        "final_distance": _quantity(trajectory.final_distance, "measured", "gradient descent"),
    }


def _describe_run(
    curvature: Curvature, probe: Probe, extremes: Extremes, trajectory: Trajectory
) -> dict[str, Any]:
    """Return plain facts about the measurement."""
    return {
        **vars(probe),
        "n_features": curvature.n_features,
        "lanczos_steps": extremes.steps,
        "lanczos_fail_prob": extremes.fail_prob,
        "lanczos_residuals": [extremes.smallest.residual, extremes.largest.residual],
        "loss": curvature.loss(curvature.start),
        "final_loss": trajectory.final_loss,
    }
