r"""How exactly the trained weights must be read out: `readout_tolerance`.

Gradient descent moves the active weights by $u_T$. Noise of norm $\epsilon\,\|u_T\|$ in a random
direction is added to the weights where it ends, `DRAWS` times for each $\epsilon$ of `LEVELS`, with
the same directions throughout, and the accuracy on the held-out samples is taken again. An
$\epsilon$ is tolerated if it and every smaller one cost less than `LIMIT` on the mean. The interval
reaches from the largest $\epsilon$ up to which the upper end of Student's interval of the mean cost
stays below `LIMIT` to the smallest at which its lower end does not: beyond, the cost is certain.

Source: derived.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from qres.measurement.curvature import Batch, Curvature, Vector
from qres.measurement.networks import count_correct
from qres.measurement.point import SOURCE, Probe
from qres.measurement.probes import CONFIDENCE, find_mean
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.trajectory import follow_descent
from qres.notation.quantity import Quantity

LEVELS = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0)
"""Noise over the norm of the update."""

AT_ONCE = 2048
"""Samples that go through the network together."""

DRAWS = 20
LIMIT = 0.005
"""Half a point of accuracy."""

Cost = tuple[float, float]
"""Mean loss of accuracy and half of its interval."""


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """What was found.

    Args:
        quantity: the largest tolerated noise; None where even the smallest costs too much.
        facts: accuracy at the end of the descent, and the cost of each level that was tried.
        warnings: (code, message) pairs.
    """

    quantity: Quantity
    facts: dict[str, Any]
    warnings: tuple[tuple[str, str], ...]


def measure_tolerance(
    curvature: Curvature, held_out: Batch, probe: Probe, *, progress: Progress = keep_silent
) -> Tolerance:
    """Measure the read-out tolerance of a network that classifies.

    Args:
        curvature: of its loss, at the first weights.
        held_out: samples, and the classes that accuracy is the share of.
        probe: the descent that is modelled, and the seed of the noise.
        progress: told after each level.
    """
    end, start = _descend(curvature, probe), curvature.start_tensor
    inputs = held_out[0].to(start.device)
    inputs = inputs.to(start.dtype) if inputs.is_floating_point() else inputs
    parts = list(zip(inputs.split(AT_ONCE), held_out[1].split(AT_ONCE), strict=True))

    def accuracy(weights: Vector) -> float:
        point = torch.from_numpy(weights).to(start)
        with torch.no_grad():
            right = sum(
                count_correct(curvature.output(point, part).cpu(), part[1]) for part in parts
            )
        return right / held_out[1].numel()

    whole = accuracy(end)
    directions = _draw(len(end), float(np.linalg.norm(end - curvature.start)), probe.seed)
    costs: list[Cost] = []
    for number, level in enumerate(LEVELS, start=1):
        lost = [whole - accuracy(end + level * direction()) for direction in directions]
        mean, slack = find_mean(lost)
        costs.append((mean, slack))
        progress("read-out tolerance", number, len(LEVELS))
        if mean - slack >= LIMIT:
            break
    progress("read-out tolerance", len(LEVELS), len(LEVELS))
    return _describe(costs, whole, curvature.arithmetic.precision)


def find_level(costs: Sequence[Cost]) -> tuple[float | None, float | None, float | None]:
    """Return the largest tolerated level, and the ends of its interval.

    Args:
        costs: mean and half interval at `LEVELS`, up to the first where the cost is certain.

    Returns:
        Value and low, None below the smallest level; high, None beyond the largest.
    """
    value = _largest(mean < LIMIT for mean, _ in costs)
    low = _largest(mean + slack < LIMIT for mean, slack in costs)
    high = next(
        (at for at, (mean, slack) in zip(LEVELS, costs, strict=False) if mean - slack >= LIMIT),
        None,
    )
    return value, low, high


def _largest(is_fine: Any) -> float | None:
    """Return the last level before the first that is not fine."""
    found = None
    for level, fine in zip(LEVELS, is_fine, strict=False):
        if not fine:
            break
        found = level
    return found


def _describe(costs: Sequence[Cost], accuracy: float, precision: str) -> Tolerance:
    """Return the quantity, facts and warnings."""
    rounding = (
        "" if precision == "float64" else f"; in {precision}, whose rounding was not measured"
    )
    value, low, high = find_level(costs)
    method = (
        f"noise of eps norm(u_T) on the weights, {DRAWS} draws for each of {len(LEVELS)} eps from"
        f" {LEVELS[0]:.0%} to {LEVELS[-1]:.0%}: the largest that costs less than {LIMIT:.1%}"
        f" accuracy on held-out samples; {CONFIDENCE:.0%} interval{rounding}"
    )
    is_open = value == LEVELS[-1]
    quantity = Quantity(
        value=value,
        low=low,
        high=high,
        kind="measured",
        bound="lower" if is_open else "two-sided",
        source=SOURCE,
        method=method,
    )
    facts = {
        "accuracy_after_descent": accuracy,
        "readout_noise": [[level, *cost] for level, cost in zip(LEVELS, costs, strict=False)],
    }
    return Tolerance(quantity=quantity, facts=facts, warnings=_warn(value))


def _warn(value: float | None) -> tuple[tuple[str, str], ...]:
    """Return what is odd about the tolerance."""
    if value is None:
        text = f"noise of {LEVELS[0]:.0%} of the update already costs {LIMIT:.1%} accuracy"
        return (("W-TOLERANCE", f"readout_tolerance is unknown: {text}"),)
    if value == LEVELS[-1]:
        text = "noise as large as the update costs next to nothing: these steps hardly matter"
        return (("W-TOLERANCE", f"readout_tolerance is at least 100 %: {text}"),)
    return ()


def _descend(curvature: Curvature, probe: Probe) -> Vector:
    """Return the weights where descent ends."""
    parts = curvature.split(probe.n_batches, probe.seed) if probe.n_batches > 1 else []
    run = follow_descent(
        curvature,
        n_steps=probe.n_steps,
        learning_rate=probe.learning_rate,
        momentum=probe.momentum,
        batches=parts,
        rates=probe.rates,
        degrees=(),
    )
    return run.end


def _draw(dim: int, length: float, seed: int) -> list[Any]:
    """Return functions that make the same random vector of this length whenever they are called."""

    def make(number: int) -> Vector:
        vector = np.random.default_rng([seed, number]).standard_normal(dim)
        return vector * (length / float(np.linalg.norm(vector)))

    return [lambda number=number: make(number) for number in range(DRAWS)]
