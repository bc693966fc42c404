r"""Lifts with a rate of their own at each step, as a problem of one batch a step, and their data.

A step of rate $\eta_t$ is a step of the largest rate $\eta$ whose $F_k$ are all $\eta_t/\eta$ times
theirs: so the dense matrices are those of batches.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import attrs
import numpy as np

from qres.verify.lift_problems import RATE, RESCALING, Problem


def with_rates(problem: Problem, rates: np.ndarray) -> Problem:
    """Return the problem with these rates, one batch a step.

    Args:
        problem: of one batch.
        rates: of each step, the largest is `RATE`.
    """
    (tensors,) = problem.tensors
    scaled = tuple(tuple(rate / RATE * tensor for tensor in tensors) for rate in rates)
    return replace(problem, tensors=scaled)


def random_rates(rng: np.random.Generator, steps: int) -> np.ndarray:
    """Return a rate for each step, the largest is `RATE`."""
    rates = RATE * rng.uniform(0.2, 1, steps)
    rates[rng.integers(steps)] = RATE
    return rates


def _rates_of(problem: Problem) -> tuple[np.ndarray, int]:
    """Return the rates of each step, and the step of the largest."""
    sizes = np.linalg.norm(problem.stack(0), axis=1)
    return RATE * sizes / sizes.max(), int(np.argmax(sizes))


def scheduled_matrix_data(bloq: Any, problem: Problem) -> Any:
    """Return the circuit of the history with its data."""
    rates, top = _rates_of(problem)
    lift = bloq.history.with_data(problem.tensors[top], RATE, RESCALING)
    return attrs.evolve(bloq, history=lift).with_rates(tuple(rates))


def scheduled_source_data(bloq: Any, problem: Problem) -> Any:
    """Return the circuit of the right-hand side with its data."""
    rates, top = _rates_of(problem)
    forcing = problem.tensors[top][0]
    betas = rates * np.linalg.norm(forcing) / RESCALING
    weights = np.zeros((2 ** (len(rates) - 1).bit_length(), 2 ** (bloq.powers - 1).bit_length()))
    weights[: len(rates), : bloq.powers] = betas[:, None] ** np.arange(1, bloq.powers + 1)
    return attrs.evolve(
        bloq,
        weights=bloq.weights.with_vectors(weights.reshape(1, -1)),
        vector=bloq.vector.with_vectors(forcing[None]),
    )
