r"""The failure budget split between synthesis, distillation and logic, all three found.

For counts whose $R$ rotations are still to be synthesised, as channels (mixtures of fallback circuits):
at $k$ T gates each they miss with $\delta_s(k) = R\,2^{(5.3 - k)/0.53}$ together, the rule of Beverland et
al. (arXiv:2211.07629, appendix D) solved for its error. That is a probability, so it comes out of the
same budget $\delta$ as logical errors and distillation, which `estimate_machine` divides between
themselves. The paper and the QDK give each a third. Here every integer $k$ that can be best is priced
at the budget $\delta - \delta_s(k)$ that it leaves: a few of them in one search, from the fewest that leave
any budget on. The last of these has all of $\delta$, which bounds every larger $k$ from below, cost being
monotone. Where one before it is as good, nothing beyond it is better; nor is anything where the last is
best and also fits what it leaves. The few jobs of neither kind are searched again with twice as many.

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

COUNTS = 3
"""How many numbers of T gates are searched at once, two at least."""

GROUP = 65_536
"""Jobs that are searched at once, so that their counts take little memory."""

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
        """Return some jobs at so many T gates a rotation, which spend so much of the budget.

        Args:
            at: which.
            count: one row for each, of one number or more.
            spent: likewise.
            machine: which machine.
        """
        part = LogicalCost(**{name: values[at, None] for name, values in self.fields.items()})
        synthesised = _synthesised(part, count, part.fail_prob - spent)
        return Asked.of(synthesised, machine, max_runtime_s=self.max_runtime_s[at, None])


def _best_choice(
    jobs: _Rotated, machine: Machine, objective: Objective
) -> tuple[np.ndarray, Choice]:
    """Return the best number of T gates of a rotation for each job, and the choice that it has."""
    fewest, best = jobs.fewest(jobs.fail_prob), jobs.fewest(jobs.fail_prob / 2)
    choice = Choice.empty(len(best))
    every = np.flatnonzero((jobs.fail_prob > 0.0) & (jobs.fail_prob < np.inf))
    for start in range(0, len(every), GROUP):
        open_, n_counts = every[start : start + GROUP], COUNTS
        while len(open_):
            counts = fewest[open_, None] + np.arange(n_counts)
            found, picked, is_proven = _within(jobs, open_, counts, machine, objective)
            at = np.flatnonzero(is_proven & (found.row >= 0))
            best[open_[at]] = picked[at]
            choice.put(open_[at], found.take(at))
            open_, n_counts = open_[~is_proven], 2 * n_counts
    return best, choice


def _within(
    jobs: _Rotated, at: np.ndarray, counts: np.ndarray, machine: Machine, objective: Objective
) -> tuple[Choice, np.ndarray, np.ndarray]:
    """Return the best choice of some jobs, the T gates of a rotation, and whether none beyond is better.

    Args:
        jobs: all of them.
        at: which.
        counts: T gates of a rotation that each may have, one row for each, rising.
        machine: which machine.
        objective: what is made small.
    """
    spent = synthesis_failure(jobs.rotations[at, None], counts)
    is_last = np.arange(counts.shape[1]) == counts.shape[1] - 1
    asked = jobs.asked(at, counts, np.where(is_last, 0.0, spent), machine)
    found = asked.search(objective, counts.shape[1])
    index, layout = np.divmod(found.layout, len(asked.views))
    found = replace(found, layout=layout)
    last = np.flatnonzero(is_last[index])
    tight = jobs.asked(at[last], counts[last, -1:], spent[last, -1:], machine)
    is_proven = ~is_last[index]
    is_proven[last] = tight.holds(found.take(last))
    return found, counts[np.arange(len(at)), index], is_proven
