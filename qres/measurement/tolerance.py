r"""How exactly the trained weights must be read out: `readout_tolerance`.

Gradient descent moves the active weights by $u_T$. Noise of norm $\epsilon\,\|u_T\|$ in a random
direction is added to the weights where it ends, `DRAWS` times for each $\epsilon$ of `LEVELS`, with
the same directions throughout, and the accuracy on the held-out samples is taken again. An
$\epsilon$ is tolerated if it and every smaller one cost less than `LIMIT` on the mean. The interval
reaches from the largest $\epsilon$ up to which the upper end of the mean cost stays below `LIMIT` to
the smallest at which its lower end does not: beyond, the cost is certain.

Ends are Student's, but for the upper one where samples are few. Twenty draws that flip no sample have no
spread, and still allow a chance $p$ of flipping one of $n$ up to $(1-p)^{20} = 2.5\,\%$, $p = 0.168$
(the rule of three, exactly): no upper end is less than $p/n$ above the mean. Where each draw loses one
sample or none the upper end of Clopper and Pearson for the share that loses one is taken too. With fewer
than 34 held-out samples nothing is tolerated for certain, then. All ends hold for these held-out
samples: what others would cost is in no interval.

Source: derived; Clopper and Pearson (1934), Biometrika 26, 404 (recalled).
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

Cost = tuple[float, float, float]
"""Mean loss of accuracy, half of Student's interval, and the upper end."""


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
        return curvature.journal.phase("accuracy", lambda: count(weights))

    def count(weights: Vector) -> float:
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
        costs.append((mean, slack, find_upper(lost, held_out[1].numel())))
        progress("read-out tolerance", number, len(LEVELS))
        if mean - slack >= LIMIT:
            break
    progress("read-out tolerance", len(LEVELS), len(LEVELS))
    return _describe(costs, whole, held_out[1].numel(), curvature.arithmetic.precision)


def find_upper(lost: Sequence[float], n_samples: int) -> float:
    """Return the upper end of the mean cost, at `CONFIDENCE` with both tails alike.

    Args:
        lost: accuracy that each draw has cost, whole numbers of samples over `n_samples`.
        n_samples: held out.
    """
    mean, slack = find_mean(lost)
    upper = max(mean + slack, mean + _bound_share(0, len(lost)) / n_samples)
    flips = [round(cost * n_samples) for cost in lost]
    if set(flips) <= {0, 1}:
        upper = max(upper, _bound_share(sum(flips), len(lost)) / n_samples)
    return upper


def _bound_share(count: int, draws: int) -> float:
    """Return the largest chance that leaves `count` of so many draws or fewer no less than one tail."""
    from scipy.stats import beta  # 0.3 s, wanted only here

    if count == draws:
        return 1.0
    return float(beta.ppf((1 + CONFIDENCE) / 2, count + 1, draws - count))


def find_level(costs: Sequence[Cost]) -> tuple[float | None, float | None, float | None]:
    """Return the largest tolerated level, and the ends of its interval.

    Args:
        costs: at `LEVELS`, up to the first where the cost is certain.

    Returns:
        Value and low, None below the smallest level; high, None beyond the largest.
    """
    value = _largest(mean < LIMIT for mean, _, _ in costs)
    low = _largest(upper < LIMIT for _, _, upper in costs)
    high = next(
        (at for at, (mean, slack, _) in zip(LEVELS, costs, strict=False) if mean - slack >= LIMIT),
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


def _describe(costs: Sequence[Cost], accuracy: float, n_samples: int, precision: str) -> Tolerance:
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
        "readout_noise": [[level, *cost[:2]] for level, cost in zip(LEVELS, costs, strict=False)],
    }
    return Tolerance(quantity=quantity, facts=facts, warnings=_warn(value, n_samples))


def _warn(value: float | None, n_samples: int) -> tuple[tuple[str, str], ...]:
    """Return what is odd about the tolerance."""
    found: tuple[tuple[str, str], ...] = ()
    if value is None:
        text = f"noise of {LEVELS[0]:.0%} of the update already costs {LIMIT:.1%} accuracy"
        found += (("W-TOLERANCE", f"readout_tolerance is unknown: {text}"),)
    if value == LEVELS[-1]:
        text = "noise as large as the update costs next to nothing: these steps hardly matter"
        found += (("W-TOLERANCE", f"readout_tolerance is at least 100 %: {text}"),)
    if 1 / n_samples > LIMIT:
        text = (
            f"readout_tolerance is that of {n_samples} held-out samples, each of which is"
            f" {1 / n_samples:.2%} of accuracy, more than the limit of {LIMIT:.1%}"
        )
        found += (("W-TOLERANCE", text),)
    return found


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
