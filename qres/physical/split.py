r"""The failure budget split between synthesis, distillation and logic, all three found.

For counts whose $R$ rotations are still to be synthesised, as channels (mixtures of fallback circuits):
at $k$ T gates each they miss with $\delta_s(k) = R\,2^{(5.3 - k)/0.53}$ together, the rule of Beverland et
al. (arXiv:2211.07629, appendix D) solved for its error. That is a probability, so it comes out of the
same budget $\delta$ as logical errors and distillation, which `estimate_machine` divides between
themselves. The paper and the QDK give each a third. Here every integer $k$ that can be best is priced
at the budget $\delta - \delta_s(k)$ that it leaves. From some $k$ on nothing can be won: a job of $k$ T
gates a rotation that had all of $\delta$ bounds every larger $k$ from below, cost being monotone. Where
the machine that is best with all of $\delta$ also fits what $k$ leaves, it is the best from $k$ on.

Only for synthesis that is charged in probability. The solvers of `linear-system` and `carleman-gd`
synthesise unitaries, whose error is coherent: it enters the error of the result by its amplitude,
through `eps_rotation`, next to truncation and encoding. No failure budget can be traded for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from qres.config.record import Objective
from qres.errors import InputError
from qres.logical.record import LogicalCost
from qres.physical.beverland import INTERCEPT, SLOPE
from qres.physical.checks import as_count, checked
from qres.physical.choice import Choice
from qres.physical.estimate import Asked
from qres.physical.record import Machine, MachineCost

ROUNDING = 1e-9
"""Part of the error that is charged on top, so that the rule never rounds up to one T gate more."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """A split of the failure budget; scalars, or arrays of one shape.

    Args:
        t_per_rotation: T gates of one rotation; 0 without rotations.
        fail_synthesis: what they miss with, all rotations together.
        fail_hardware: what is left to logical errors and distillation.
        machine: the price at this split.
    """

    t_per_rotation: Any
    fail_synthesis: Any
    fail_hardware: Any
    machine: MachineCost


def synthesis_failure(rotations: Any, t_per_rotation: Any) -> Any:
    """Return the failure of `rotations` rotations of `t_per_rotation` T gates each."""
    exponent = (INTERCEPT - np.asarray(t_per_rotation, dtype=float)) / SLOPE
    return rotations * np.exp2(exponent) * (1.0 + ROUNDING)


def find_split(
    cost: LogicalCost, machine: Machine, objective: Objective, *, max_runtime_s: Any = np.inf
) -> Split:
    """Return the split that is best for `objective`, equal to the best over all integers $k$.

    Where nothing fits, the split of the fewest T gates that leave half to the hardware; without any
    budget no T gates and no split.

    Args:
        cost: counts with `rotations` that `t` and `depth` do not hold yet, and the whole budget as
            `fail_prob`; scalars, or arrays that broadcast.
        machine: which machine.
        objective: as for `estimate_machine`.
        max_runtime_s: longest time in seconds, as for `estimate_machine`.

    Raises:
        InputError: rotations that are negative or no number; what `estimate_machine` refuses.
    """
    checked(cost, {})
    if not np.isfinite(as_count("rotations", cost.rotations)).all():
        raise InputError("rotations: expected finite numbers, found one that is not")
    jobs = _Rotated.of(cost, max_runtime_s)
    count, choice = _best_choice(jobs, machine, objective)
    count = count.reshape(jobs.shape)
    spent = synthesis_failure(np.asarray(cost.rotations, dtype=float), count)
    fails = np.where(count > 0.0, spent, 0.0)
    left = np.asarray(cost.fail_prob, dtype=float) - fails
    whole = [int(count), float(fails), float(left)] if jobs.shape == () else [count, fails, left]
    synthesised = _synthesised(cost, whole[0], whole[2])
    return Split(
        t_per_rotation=whole[0],
        fail_synthesis=whole[1],
        fail_hardware=whole[2],
        machine=Asked.of(synthesised, machine, max_runtime_s=max_runtime_s).price(choice),
    )


def _synthesised(cost: LogicalCost, count: Any, budget: Any) -> LogicalCost:
    """Return counts that hold `count` T gates for each rotation, at the budget that is left."""
    t = cost.rotations * count
    depth = None if cost.depth is None else cost.depth + t
    return replace(cost, t=cost.t + t, depth=depth, fail_prob=budget)


@dataclass(frozen=True)
class _Rotated:
    """Counts as flat arrays, by field; the shape that they broadcast to."""

    fields: Mapping[str, np.ndarray]
    shape: tuple[int, ...]
    max_runtime_s: np.ndarray

    @classmethod
    def of(cls, cost: LogicalCost, max_runtime_s: Any) -> _Rotated:
        given = {item.name: getattr(cost, item.name) for item in fields(cost)}
        known = {name: value for name, value in given.items() if value is not None}
        every = (*known.values(), max_runtime_s)
        *arrays, caps = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in every))
        flat = {name: array.ravel() for name, array in zip(known, arrays, strict=True)}
        return cls(flat, arrays[0].shape, caps.ravel())

    @property
    def rotations(self) -> np.ndarray:
        return self.fields["rotations"]

    @property
    def fail_prob(self) -> np.ndarray:
        return self.fields["fail_prob"]

    def fewest(self, budget: np.ndarray) -> np.ndarray:
        """Return the fewest T gates of a rotation that miss with less than a budget, 0 without any."""
        with np.errstate(all="ignore"):
            least = np.floor(INTERCEPT + SLOPE * np.log2(self.rotations / budget)) + 1.0
            least = least + (synthesis_failure(self.rotations, least) >= budget)
        return np.where((self.rotations > 0.0) & (budget > 0.0) & (budget < np.inf), least, 0.0)

    def asked(self, at: np.ndarray, count: np.ndarray, spent: Any, machine: Machine) -> Asked:
        """Return some jobs at so many T gates a rotation, which spend so much of the budget."""
        part = LogicalCost(**{name: values[at] for name, values in self.fields.items()})
        synthesised = _synthesised(part, count[at], (self.fail_prob - spent)[at])
        return Asked.of(synthesised, machine, max_runtime_s=self.max_runtime_s[at])


def _best_choice(
    jobs: _Rotated, machine: Machine, objective: Objective
) -> tuple[np.ndarray, Choice]:
    """Return the best number of T gates of a rotation for each job, and the choice that it has."""
    count, best = jobs.fewest(jobs.fail_prob), jobs.fewest(jobs.fail_prob / 2)
    choice = Choice.empty(len(count))
    open_ = np.flatnonzero((jobs.fail_prob > 0.0) & (jobs.fail_prob < np.inf))

    def search(at: np.ndarray, spent: Any) -> Choice:
        return jobs.asked(at, count, spent, machine).search(objective, choice.beyond(at))

    def keep(found: Choice, at: np.ndarray) -> None:
        kept = choice.merge(found, at)
        best[kept] = count[kept]

    # what takes half of the budget is seldom matched by the bound: priced at once
    first = open_[count[open_] < best[open_]]
    while len(open_):
        if len(first):
            keep(search(first, synthesis_failure(jobs.rotations, count)), first)
            count[first] += 1.0
        spent = synthesis_failure(jobs.rotations, count)
        # nothing spent on these few T gates: no integer from here on does better
        bound = search(open_, 0.0)
        is_better = bound.row >= 0
        bound.row[~jobs.asked(open_, count, spent, machine).holds(bound)] = -1
        keep(bound, open_)
        first = open_ = open_[is_better & (bound.row < 0)]
    return best, choice
