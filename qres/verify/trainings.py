r"""Losses of two weights, trained by a loop on their gradient, and their lifts as linear systems.

A reference row, $L \oplus 1$, $b \oplus b_r$, gives the norm and needs no qubit: it is a state of row
0 whose cells the lift leaves alone. With $a$ the amplitude of the reference and $w$ those of block 1
from row $T$ on, their mean over the $p + 1$ rows gives $u = \gamma\,b_r\,\bar w/a$, signs included.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from qres.algorithms.carleman.describe import Lift, describe_lift
from qres.verify.lift_problems import (
    RATE,
    RESCALING,
    Problem,
    filled_states,
    lifted_history,
    lifted_source,
)
from qres.verify.lifts import built_lift


@dataclass(frozen=True)
class Loss:
    r"""$\frac12 w^T A w + \frac1{q+1}\sum_i (Vw)_i^{q+1}$, and where the training starts.

    Args:
        power: $q$, 2 or 3: of a cubic or a quartic loss.
        curvature: $A$.
        features: $V$.
        start: weights before the first step, about which the loss is expanded.
    """

    power: int
    curvature: np.ndarray
    features: np.ndarray
    start: np.ndarray

    @property
    def name(self) -> str:
        """Cubic or quartic."""
        return {2: "cubic", 3: "quartic"}[self.power]

    def gradient(self, weights: np.ndarray) -> np.ndarray:
        """Return the gradient, of the loss as it stands."""
        return self.curvature @ weights + self.features.T @ (self.features @ weights) ** self.power

    def trained(self, steps: int) -> np.ndarray:
        """Return what gradient descent moves the weights by: 0 and after each step, a row each."""
        weights = [self.start]
        for _ in range(steps):
            weights.append(weights[-1] - RATE * self.gradient(weights[-1]))
        return np.array(weights) - self.start

    def tensors(self) -> tuple[np.ndarray, ...]:
        r"""Return $F_k = -\nabla^{k+1}\ell(c)/k!$ for $k = 0, \dots, q$, $r \times r^k$."""
        base, found = self.features @ self.start, []
        for k in range(self.power + 1):
            power = functools.reduce(
                lambda rows, more: np.einsum("ij,ik->ijk", rows, more).reshape(len(rows), -1),
                [self.features] * k,
                np.ones((len(base), 1)),
            )
            weights = math.comb(self.power, k) * base ** (self.power - k)
            found.append(-self.features.T @ (weights[:, None] * power))
        found[0] = found[0].ravel() - self.curvature @ self.start
        found[1] -= self.curvature
        return tuple(found)


@dataclass(frozen=True)
class System:
    """A lift with its reference row.

    Args:
        problem: the lift.
        matrix: $L$ as it is held.
        source: right-hand side, with the entry of the reference.
        solution: by dense arithmetic.
        reference: index of the reference.
        lift: bounds on it.
        alpha: of the circuit of the lift.
    """

    problem: Problem
    matrix: np.ndarray
    source: np.ndarray
    solution: np.ndarray
    reference: int
    lift: Lift
    alpha: float

    @property
    def certificate(self) -> float:
        """Bound on the error of the truncation, the smaller of the two."""
        return min(self.lift.e_final, self.lift.truncation_apriori)

    @property
    def is_wanted(self) -> np.ndarray:
        """Whether an index is in row $T$ or later, or in row 0, where the reference is."""
        size = 2**self.problem.time_bits
        return np.arange(len(self.source)) // (len(self.source) // size) >= self.problem.steps - 1

    @property
    def last(self) -> np.ndarray:
        """Indices of the weights in rows $T$ to $T + p$, a row each."""
        problem, size = self.problem, len(self.source) // 2**self.problem.time_bits
        rows = np.arange(problem.steps - 1, problem.steps + problem.padding) * size
        cells = np.arange(problem.size) << (problem.order - 1) * problem.cell_bits
        return rows[:, None] + cells

    def weights(self, state: np.ndarray) -> np.ndarray:
        """Return the weights that a state holds, whatever its phase and norm."""
        mean = state[self.last].mean(axis=0)
        return RESCALING * self.source[self.reference] * mean / state[self.reference]


def lifted_system(loss: Loss, order: int, steps: int, padding: int) -> System:
    """Return the lift of a training with the exact map.

    Args:
        loss: what is trained.
        order: $N$, at least 2: below it no cell is left for the reference.
        steps: $T$.
        padding: $p$.
    """
    problem = Problem((loss.tensors(),), order, order, steps, padding)
    matrix, source = lifted_history(problem), lifted_source(problem)
    path = np.linalg.norm(loss.trained(steps), axis=1)
    first = len(source) - len(source) // 2**problem.time_bits
    (reference,) = np.setdiff1d(np.arange(first, first + 2), filled_states(problem))
    source[reference] = math.sqrt(padding + 1) * path[-1] / RESCALING
    values = built_lift("lift", "frobenius", problem)[2]
    return System(
        problem,
        matrix,
        source,
        np.linalg.solve(matrix, source),
        int(reference),
        _bounds(problem, path),
        float(values["alpha"]),
    )


def _bounds(problem: Problem, path: np.ndarray) -> Lift:
    (tensors,) = problem.tensors
    ends = np.linalg.eigvalsh(-tensors[1])
    norms = [float(np.linalg.norm(np.atleast_2d(tensor), 2)) for tensor in tensors]
    return describe_lift(
        learning_rate=RATE,
        lambda_min=float(ends[0]),
        lambda_max=float(ends[-1]),
        norms_unfolding=norms,
        norms_injective=norms,
        path=path,
        truncation_order=problem.order,
        map_order=problem.order,
        rescaling=RESCALING,
        padding=problem.padding,
    )
