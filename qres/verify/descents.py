r"""Small descents, and the matrices and right-hand sides of their histories by definition.

Dense, without a circuit. Row $t$ is held as $t - 1$ modulo $2^\tau$; on rows beyond $T + p$ the matrix
is the identity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from qres.algorithms.encodings.base import encoding
from qres.algorithms.rules.momentum_history import STEP_ALPHA
from qres.notation.named import UNLIMITED
from qres.verify.instances import MATRICES

BITS = 10
"""Bits of an angle in the proofs."""

MOMENTUM, SCALE, RATE = 0.6, 0.7, 0.3
"""Momentum, scale of the velocity, largest learning rate."""


@dataclass(frozen=True)
class Descent:
    """A descent of a few steps on quadratic losses.

    Args:
        matrices: $F$ of each batch, one where there are no batches.
        vectors: the forcing of each batch.
        rates: of each step.
        padding: idle rows.
    """

    matrices: tuple[np.ndarray, ...]
    vectors: tuple[np.ndarray, ...]
    rates: tuple[float, ...]
    padding: int

    @property
    def size(self) -> int:
        """Weights."""
        return len(self.matrices[0])

    @property
    def time_bits(self) -> int:
        """Qubits of the time."""
        return (len(self.rates) + self.padding).bit_length()


def plain_step(descent: Descent, t: int) -> np.ndarray:
    r"""Return $I + \eta_t F$ of the batch of step $t$, from 0."""
    matrix = descent.matrices[t % len(descent.matrices)]
    return np.eye(descent.size) + descent.rates[t] * matrix


def momentum_step(descent: Descent, t: int) -> np.ndarray:
    r"""Return the step of $(u, \sigma v)$ under $v' = \beta v + F u$, $u' = u - \eta v'$."""
    free = np.array([[1, -RATE * MOMENTUM / SCALE], [0, MOMENTUM]])
    forced = np.array([[-RATE, 0], [SCALE, 0]])
    return np.kron(free, np.eye(descent.size)) + np.kron(forced, descent.matrices[0])


def history_of(
    descent: Descent, step: Callable[[Descent, int], np.ndarray], width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return $L$ as it is held, of its columns those that name a weight, and which these are.

    Args:
        descent: numbers of it.
        step: descent and step from 0 to its matrix.
        width: amplitudes of a weight: 2 with a velocity, else 1.
    """
    rows, padded = 2**descent.time_bits, 2 ** (descent.size - 1).bit_length()
    place = (np.arange(width)[:, None] * padded + np.arange(descent.size)).ravel()
    found, span = np.eye(rows * width * padded), width * padded
    for t in range(len(descent.rates) + descent.padding):
        move = step(descent, t) if t < len(descent.rates) else np.eye(len(place))
        here, before = t * span + place, (t - 1) % rows * span + place
        found[np.ix_(here, before)] -= move
    columns = (np.arange(rows)[:, None] * span + place).ravel()
    return found[:, columns], columns


def repeated_rows(descent: Descent) -> np.ndarray:
    """Return the forcing of each step's batch, one row a step."""
    return np.array([descent.vectors[t % len(descent.vectors)] for t in range(len(descent.rates))])


def weighted_rows(descent: Descent) -> np.ndarray:
    """Return the forcing times the rate of each step."""
    return np.array(descent.rates)[:, None] * repeated_rows(descent)


def momentum_rows(descent: Descent) -> np.ndarray:
    """Return the forcing of both branches, one row a step."""
    return np.kron([[-RATE, SCALE]], repeated_rows(descent))


def descent_values(descent: Descent, name: str, *, has_momentum: bool) -> dict[str, Any]:
    """Return what the pipeline knows of a descent.

    Args:
        descent: numbers of it.
        name: of the encoding.
        has_momentum: whether alpha is that of momentum.
    """
    size, steps, stack = descent.size, len(descent.rates), np.array(descent.matrices)
    values: dict[str, Any] = {
        "dim": size,
        "index_bits": (size - 1).bit_length(),
        "segment_steps": steps,
        "step_bits": (steps - 1).bit_length(),
        "padding": descent.padding,
        "time_bits": descent.time_bits,
        "n_batches": len(stack),
        "batch_bits": (len(stack) - 1).bit_length(),
        "learning_rate": max(descent.rates),
        "momentum": MOMENTUM,
        "velocity_scale": SCALE,
        "matrix_bits": BITS,
        "rhs_bits": BITS,
        "block_limit": UNLIMITED,
        "eps_matrix": 2.0**-BITS,
        "sparsity": int(((stack != 0) | (stack != 0).transpose(0, 2, 1)).sum(axis=2).max()),
        "max_entry": float(np.abs(stack).max()),
        "frobenius_norm": float(np.linalg.norm(stack, axis=(1, 2)).max()),
    }
    for key, formula in encoding(name).definitions("proof"):
        values[key] = formula(**{item: values[item] for item in formula.inputs})
    if has_momentum:
        values["alpha"] = 1 + STEP_ALPHA(**{item: values[item] for item in STEP_ALPHA.inputs})
    else:
        values["alpha"] = 2 + values["learning_rate"] * values["alpha_matrix"]
    return values


def make_descent(
    rng: np.random.Generator,
    kind: str,
    size: int,
    span: tuple[int, int],
    batches: int,
    *,
    varies: bool,
) -> Descent:
    """Return a descent with matrices of that kind.

    Args:
        rng: of its numbers.
        kind: of matrix, see `instances`.
        size: weights.
        span: steps and idle rows.
        batches: how many.
        varies: whether each step has a rate of its own.
    """

    def matrix() -> np.ndarray:
        return MATRICES[kind](rng, size) if size > 1 else rng.uniform(0.2, 2, (1, 1))

    steps, padding = span
    rates = RATE * rng.uniform(0.2, 1, steps) if varies else np.full(steps, RATE)
    rates[rng.integers(steps)] = RATE
    return Descent(
        matrices=tuple(matrix() for _ in range(batches)),
        vectors=tuple(
            rng.uniform(0.2, 1, 1) if size == 1 else rng.normal(size=size) for _ in range(batches)
        ),
        rates=tuple(float(rate) for rate in rates),
        padding=padding,
    )
