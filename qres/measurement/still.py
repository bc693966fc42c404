"""What is measured at the weights as they are, where nobody asked for a descent beside its models.

Norms of the updates and `eps_model` are then assumed, as for numbers that are typed.

Source: derived.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qres.errors import InputError
from qres.measurement.curvature import Curvature
from qres.measurement.given import complete_training
from qres.measurement.point import Point, Probe, measure_point
from qres.measurement.progress import Progress
from qres.measurement.projection import describe_projection
from qres.measurement.record import Measurement
from qres.measurement.shares import describe_density
from qres.measurement.tensors import Effort
from qres.notation.quantity import Quantity


def check_parts(probe: Probe) -> None:
    """Refuse parts that do not go without the descent.

    Raises:
        InputError: mini-batches or momentum, whose norms of the updates cannot be assumed, and which
            are not followed on a subspace.
    """
    if probe.project is not None and (probe.n_batches > 1 or probe.momentum):
        raise InputError("measure.project: plain full-batch descent only")
    if not probe.wants("descent") and (probe.n_batches > 1 or probe.momentum):
        what = "mini-batches" if probe.n_batches > 1 else "momentum"
        raise InputError(f"measure.parts: {what} cannot go without descent; add it")


def measure_still(
    curvature: Curvature,
    probe: Probe,
    *,
    counts: dict[str, Quantity],
    degrees: tuple[int, ...],
    progress: Progress,
) -> tuple[Measurement, Point]:
    """Measure gradient and spectrum, and of the other parts those that are asked for.

    Args:
        curvature: of the loss.
        probe: how to measure, without `descent` among its parts.
        counts: numbers of parameters and samples.
        degrees: those whose derivatives are measured.
        progress: told as it goes.
    """
    effort = Effort(
        n_probes=probe.n_probes,
        is_kinked=curvature.is_kinked,
        rng=np.random.default_rng(probe.seed),
    )
    point = measure_point(curvature, probe, effort=effort, degrees=degrees, progress=progress)
    shares, facts = _describe_shares(point, probe)
    projected, runs = project_descent(curvature, probe, degrees)
    found = complete_training({**counts, **point.values, **shares, **projected}, (), probe)
    measurement = replace(
        found,
        subject="network",
        sparsity_rows=point.entries.sparsity_rows,
        warnings=point.entries.warnings + found.warnings,
        details=facts | runs,
    )
    return measurement, point


def project_descent(
    curvature: Curvature, probe: Probe, degrees: tuple[int, ...]
) -> tuple[dict[str, Quantity], dict[str, Any]]:
    """Return what truncated Carleman does on the leading subspace, if it was asked for."""
    if probe.project is None:
        return {}, {}
    return describe_projection(
        curvature, probe.project, rates=probe.all_rates, degree=max(degrees), seed=probe.seed
    )


def _describe_shares(point: Point, probe: Probe) -> tuple[dict[str, Quantity], dict[str, Any]]:
    """Return what the density says, where there is one."""
    if point.spectrum is None:
        return {}, {}
    return describe_density(
        point.spectrum,
        learning_rate=probe.learning_rate,
        n_steps=probe.n_steps,
        rates=probe.rates,
        slope=point.slope,
    )
