"""How `error.total` and `error.fail_prob` are divided: evenly over the terms that exist.

The one share that is searched for is that of rotations which are synthesised as channels
(`fail_synthesis`): machines say how many T gates a rotation is worth. The inequality between the shares
belongs to the algorithm; here they are only chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qres.algorithms.record import Job
from qres.config.record import Objective
from qres.logical.formulas import count_stages
from qres.logical.formulas import total as total_cost
from qres.physical.record import Machine, MachineCost
from qres.physical.split import Split, find_split
from qres.pricing.record import Splits

Budget = Mapping[str, Any]
"""Values of the share and failure symbols, scalars or arrays."""


FOUND = "split of error.fail_prob that is best for the objective"
"""How a share that was searched for was chosen."""

SEARCHED = ("fail_synthesis", "fail_logical")
"""The failures that are searched for where a job has both."""


def found_splits(
    job: Job, budget: Mapping[str, Any], machines: Sequence[Machine], objective: Objective
) -> tuple[dict[str, float], Splits | None]:
    """Return the two failures of `SEARCHED` at the best split, and the best split of each machine.

    The first is that of the machine where the objective is least, for the counts that are shown; empty
    where there is nothing to find or nothing fits. A machine that does not fit at any split has the even
    one.

    Args:
        job: with the rotations that are synthesised.
        budget: the even split, scalars.
        machines: quantum machines.
        objective: what is made small.
    """
    if not set(SEARCHED) <= set(job.failures):
        return {}, None
    numbers = job.evaluate({**budget, "synthesis_t": 0})
    whole = sum(budget[name] for name in SEARCHED)
    cost = replace(total_cost(count_stages(job, numbers), numbers), fail_prob=whole)
    found = [find_split(cost, machine, objective) for machine in machines]
    even = {name: float(budget[name]) for name in SEARCHED}
    splits = Splits(
        own=tuple(_failures(split) if split.machine.is_feasible else even for split in found),
        is_found=tuple(bool(split.machine.is_feasible) for split in found),
        before=cost,
    )
    fitting = [split for split in found if split.machine.is_feasible]
    if not fitting:
        return {}, splits
    best = min(fitting, key=lambda split: objective_value(split.machine, objective))
    return _failures(best), splits


def _failures(split: Split) -> dict[str, float]:
    return dict(zip(SEARCHED, (split.fail_synthesis, split.fail_hardware), strict=True))


def objective_value(found: MachineCost, objective: Objective) -> float:
    """Return what the objective makes small, of a single job that fits."""
    seconds, qubits = float(found.runtime_s), float(found.physical_qubits)
    return {"runtime": seconds, "qubits": qubits, "volume": seconds * qubits}[objective]


def even_split(job: Job, *, total: Any, fail_prob: Any) -> dict[str, Any]:
    """Return the even split.

    What is measured or decided comes off `total` first; if it exceeds half of `total`, the rest
    shares the other half (the result then holds for the model only, and says so).

    Args:
        job: with the terms that exist.
        total: relative error of the result.
        fail_prob: probability of missing it.
    """
    open_terms = [share.symbol for share in job.shares if share.symbol is not None]
    decided = sum(share.decided for share in job.shares)
    left = np.where(decided > np.asarray(total) / 2, np.asarray(total) / 2, total - decided)
    share = left / max(1, len(open_terms))
    failure = fail_prob / len(job.failures)
    share = float(share) if np.ndim(share) == 0 else share
    return dict.fromkeys(open_terms, share) | dict.fromkeys(job.failures, failure)
