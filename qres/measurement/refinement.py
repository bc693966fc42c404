"""The descent once more in the next precision up: what rounding made of its end.

What a run ends with is fixed by weights and samples, so nothing about it is statistical: in double
precision it has no interval. In less, every number moves, and by how much no product at the start can
say. The run of the degree-1 model and of true descent is done again, and each number has twice the
distance between both as its interval. That is one more run: at least as long as the first in float32,
where the next precision is twice as slow.

Source: derived.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from qres.measurement.curvature import Curvature
from qres.measurement.kinks import KinkWatch
from qres.measurement.point import Probe, describe
from qres.measurement.rounding import MARGIN, add_rounding, is_rounded
from qres.measurement.trajectory import Trajectory, find_end_slope, follow_descent
from qres.notation.quantity import Quantity

FIXED = "fixed by weights and samples: no interval"
"""Of what double precision finds."""


@dataclass(frozen=True, kw_only=True)
class Finer:
    """A run in the next precision up.

    Args:
        run: of true descent and the degree-1 model.
        values: what is compared, by the names of the quantities.
        loss: at the start.
        final_loss: where descent ends.
    """

    run: Trajectory
    values: dict[str, float]
    loss: float
    final_loss: float


def follow_finer(
    curvature: Curvature, probe: Probe, *, batches: Sequence[Curvature] = ()
) -> Finer | None:
    """Return the run of the descent in the next precision up; None in double precision.

    Args:
        curvature: of the loss.
        probe: the descent that is modelled.
        batches: losses that the steps take in turn, as they were in the first run.

    Raises:
        InputError: descent diverges there.
    """
    if not is_rounded(curvature):
        return None
    finer = curvature.refined()
    watch = None if batches else KinkWatch.of(finer)
    run = follow_descent(
        finer,
        n_steps=probe.n_steps,
        learning_rate=probe.learning_rate,
        momentum=probe.momentum,
        batches=[batch.refined() for batch in batches],
        rates=probe.rates,
        degrees=(1,),
        may_diverge=True,
        watch=watch,
    )
    values = {
        "eps_model": run.eps_model_curve[-1],
        "final_distance": run.final_distance,
        "final_grad_norm": find_end_slope(finer, run, probe.learning_rate),
    }
    if watch is not None:
        values["kink_share"] = watch.share
    return Finer(
        run=run, values=values, loss=finer.loss(finer.start), final_loss=finer.loss(run.end)
    )


def describe_model(curvature: Curvature, what: str, eps_model: float) -> Quantity:
    """Return `eps_model`, `assumed` where the derivatives of the model miss kinks.

    Args:
        curvature: of the loss.
        what: descent that the model runs beside.
        eps_model: after the last step.
    """
    method = f"degree-1 model and {what}, run side by side"
    if not curvature.is_kinked:
        return describe(eps_model, "measured", method)
    note = f"{method}; the derivatives miss the kinks of the activations"
    return describe(eps_model, "assumed", note)


def compare_runs(
    curvature: Curvature, values: dict[str, Quantity], again: Finer | None
) -> dict[str, Quantity]:
    """Return quantities at the end of the runs with what rounding changed in their intervals.

    In double precision they have none, which the method says.

    Args:
        curvature: of the loss.
        values: by names, of which `again` has all.
        again: the run in the next precision up; None in double precision.
    """
    if again is None:
        return {
            name: replace(quantity, method=f"{quantity.method}; {FIXED}")
            for name, quantity in values.items()
        }
    return {
        name: add_rounding(quantity, MARGIN * _gap(float(quantity), again.values[name]), curvature)
        for name, quantity in values.items()
    }


def describe_changes(curvature: Curvature, run: Trajectory, again: Finer | None) -> dict[str, Any]:
    """Return as plain facts how far the losses and the curves of degree 1 may be off by rounding.

    Args:
        curvature: of the loss.
        run: in its precision.
        again: the same in the next one; None in double precision, where there is nothing to tell.
    """
    if again is None:
        return {}
    curves = {
        "update_norms": (run.update_norms, again.run.update_norms),
        "eps_model_curve": (run.eps_model_curve, again.run.eps_model_curve),
    }
    found = {
        name: max(_gap(*pair) for pair in zip(*both, strict=True)) for name, both in curves.items()
    }
    found["loss"] = _gap(curvature.loss(curvature.start), again.loss)
    found["final_loss"] = _gap(curvature.loss(run.end), again.final_loss)
    told = {name: MARGIN * gap for name, gap in found.items()}
    return {"rounding": {name: gap if math.isfinite(gap) else None for name, gap in told.items()}}


def _gap(one: float, other: float) -> float:
    """Return a distance, none between two infinities."""
    return 0.0 if one == other else abs(one - other)
