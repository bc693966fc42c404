r"""Mini-batch training in a frozen order: every batch measured, and both runs along it.

The samples are shared out once, by the seed, into $n_b$ batches; step t takes batch
$b(t) = (t-1) \bmod n_b$. Training is $\theta' = \theta - \eta\nabla L_b(\theta)$, the degree-1 model
$u' = u - \eta(g_b + H_b u)$ with gradient and Hessian of the batch at the first weights, weight decay
in each; `eps_model` compares the two along the same order.

What is recorded is what holds for every batch: the outer ends of all spectra, the largest norms and
entries. `grad_norm` is the root mean square of $\lVert g_{b(t)}\rVert$ over the steps, which makes
$\eta\sqrt{T}$ `grad_norm` the norm of the right-hand side.

Source: derived.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qres.errors import InputError
from qres.measurement.curvature import Curvature, Vector
from qres.measurement.dissipation import describe_dissipation, find_worst_growth
from qres.measurement.hessian import EXACT_DIM, compare_twin, measure_entries
from qres.measurement.lanczos import find_extremes
from qres.measurement.networks import has_kinks
from qres.measurement.point import Probe, describe, describe_ends
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.record import Measurement, Segment
from qres.notation.quantity import Kind, Quantity, weakest

LARGEST = ("lambda_max", "sparsity", "max_entry", "frobenius_norm")
"""Values of which the largest over the batches counts; of `lambda_min` it is the smallest."""

Values = Mapping[str, Quantity]
Warnings = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class BatchRun:
    """Both runs.

    Args:
        norms: norm of $u_t$ of the model, t = 0..n_steps.
        gaps: distance of model and training after t = 1..n_steps.
        distances: how far training has moved.
        end: the weights that training has reached.
        grad_norms: norm of the gradient of each batch at the first weights.
    """

    norms: tuple[float, ...]
    gaps: tuple[float, ...]
    distances: tuple[float, ...]
    end: Vector
    grad_norms: tuple[float, ...]

    @property
    def eps_model_curve(self) -> tuple[float, ...]:
        """Relative distance after t = 1..n_steps."""
        pairs = zip(self.gaps, self.distances, strict=True)
        return tuple(gap / moved if moved > 0 else math.inf for gap, moved in pairs)


def measure_batches(
    curvature: Curvature, probe: Probe, *, progress: Progress = keep_silent
) -> Measurement:
    """Measure every batch, and the model along their order.

    Args:
        curvature: of the whole data set, at the first weights.
        probe: with more than one batch.
        progress: told as it goes.

    Raises:
        InputError: a batch would be empty, the gradients are zero, or training diverges.
    """
    batches = curvature.split(probe.n_batches, probe.seed)
    run = follow_batches(
        batches, n_steps=probe.n_steps, learning_rate=probe.learning_rate, progress=progress
    )
    points, warnings = list[Values](), ()
    for number, batch in enumerate(batches, start=1):
        point, notes = _look(batch, probe)
        points.append(point)
        warnings += notes
        progress("batches", number, len(batches))
    values = _describe(curvature, probe, points, run)
    whole = Segment(
        start_step=0,
        n_steps=probe.n_steps,
        values=values,
        path_norms={1: run.norms},
        model_distances={1: run.gaps[-1]},
    )
    facts = {key: value for key, value in vars(probe).items() if key != "momentum"}
    facts |= {"n_features": curvature.n_features, "loss": curvature.loss(curvature.start)}
    return Measurement(
        subject="network",
        values=values,
        path_norms={1: run.norms},
        eps_model_curves={1: run.eps_model_curve},
        segmentations=((whole,),),
        warnings=tuple(dict.fromkeys(warnings)),
        details=facts | {"final_loss": curvature.loss(run.end)},
    )


def follow_batches(
    batches: Sequence[Curvature],
    *,
    n_steps: int,
    learning_rate: float,
    progress: Progress = keep_silent,
) -> BatchRun:
    """Run mini-batch training and its degree-1 model side by side.

    Args:
        batches: one loss each, from the same weights, in the order in which they are taken.
        n_steps: of training.
        learning_rate: of training.
        progress: told after each step.

    Raises:
        InputError: a run leaves the range of floating point, or nothing moves.
    """
    start = batches[0].start
    forcing = [batch.gradient(start) for batch in batches]
    if not any(np.any(gradient) for gradient in forcing):
        raise InputError("the gradient on the active parameters is zero: training goes nowhere")
    moved, update = np.zeros_like(start), np.zeros_like(start)
    norms, gaps, distances = [0.0], [], []
    for step in range(n_steps):
        turn = step % len(batches)
        with np.errstate(over="ignore", invalid="ignore"):
            moved = moved - learning_rate * batches[turn].gradient(start + moved)
            slope = forcing[turn] + batches[turn].multiply(update)
            update = update - learning_rate * slope
            norms.append(float(np.linalg.norm(update)))
            distances.append(float(np.linalg.norm(moved)))
            gaps.append(float(np.linalg.norm(moved - update)))
        if not math.isfinite(gaps[-1]):
            raise InputError(
                f"algorithm.learning_rate: mini-batch training diverges at step {step + 1} with "
                f"{learning_rate:g}; take a smaller one or fewer steps"
            )
        progress("trajectory", step + 1, n_steps)
    return BatchRun(
        norms=tuple(norms),
        gaps=tuple(gaps),
        distances=tuple(distances),
        end=start + moved,
        grad_norms=tuple(float(np.linalg.norm(gradient)) for gradient in forcing),
    )


def _look(batch: Curvature, probe: Probe) -> tuple[Values, Warnings]:
    """Return the ends of the spectrum and the entries of one batch, and what to know of them."""
    dense = batch.dense() if batch.n_active <= EXACT_DIM else None
    extremes = find_extremes(
        batch.multiply if dense is None else dense.__matmul__,
        batch.n_active,
        steps=probe.lanczos_steps,
        rng=np.random.default_rng(probe.seed),
    )
    entries = measure_entries(
        batch,
        extremes,
        n_probes=probe.n_probes,
        seed=probe.seed,
        dense=dense,
        is_scanned=False,
    )
    twin = None if dense is None else compare_twin(dense, extremes)
    return {**describe_ends(extremes, twin), **entries.values}, entries.warnings


def _describe(
    curvature: Curvature, probe: Probe, points: Sequence[Values], run: BatchRun
) -> dict[str, Quantity]:
    """Return what holds for every batch."""
    values = {name: _outer([point[name] for point in points], 1) for name in LARGEST}
    values["lambda_min"] = _outer([point["lambda_min"] for point in points], -1)
    order = [run.grad_norms[step % len(points)] for step in range(probe.n_steps)]
    mean = math.sqrt(math.fsum(norm**2 for norm in order) / len(order))
    both = f"degree-1 model and training over {len(points)} batches in their order, side by side"
    growth = find_worst_growth(values["lambda_min"], values["lambda_max"], probe.learning_rate)
    counts = {
        "n_params": (curvature.n_params, "all parameters"),
        "n_active": (curvature.n_active, "parameters that the mask leaves"),
        "n_samples": (curvature.n_samples, "samples of all batches"),
    }
    found: dict[str, Any] = {name: describe(n, "exact", text) for name, (n, text) in counts.items()}
    found |= values
    found["grad_norm"] = describe(
        mean, "exact", "root mean square over the steps of the gradients of their batches"
    )
    found["growth"] = describe(growth, "measured", "max|1 - learning_rate lambda| over all batches")
    kind: Kind = "measured"
    if has_kinks(curvature.module):
        kind, both = "assumed", f"{both}; the derivatives miss the kinks of the activations"
    found["eps_model"] = describe(run.eps_model_curve[-1], kind, both)
    found["final_distance"] = describe(run.distances[-1], "measured", "mini-batch training")
    return found | describe_dissipation(
        values["lambda_min"],
        values["lambda_max"],
        learning_rate=probe.learning_rate,
        n_steps=probe.n_steps,
    )


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
