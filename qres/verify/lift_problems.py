r"""Small lifts by definition: coefficients, the lifted step, its history, right-hand side. All dense.

A state of the lift is a block $j$ and $N$ cells of which the first $j$ are filled, the others zero; a
cell is a branch (of momentum) above an index. Row $t$ of the history is held as $t - 1$ modulo
$2^\tau$; on rows beyond $T + p$ the matrix is the identity.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qres.bloqs.momentum_lift import Branches
from qres.notation.named import UNLIMITED
from qres.verify.factors import FACTORS, TENSORS

RATE, RESCALING = 0.3, 0.7
BRANCHES = Branches(RATE, 0.6, 0.4)
"""What momentum does: learning rate, momentum, scale of the velocity."""


@dataclass(frozen=True)
class Problem:
    r"""A descent of few steps and its lift.

    Args:
        tensors: for each batch $F_0$, a vector, and $F_1, ..., F_q$, each $r \times r^k$.
        order: $N$.
        most: $m$.
        steps: $T$.
        padding: $p$.
        has_momentum: whether cells have branches.
    """

    tensors: tuple[tuple[np.ndarray, ...], ...]
    order: int
    most: int
    steps: int
    padding: int
    has_momentum: bool = False

    @property
    def size(self) -> int:
        """Weights, $r$."""
        return len(self.tensors[0][0])

    @property
    def degree(self) -> int:
        """The largest k."""
        return len(self.tensors[0]) - 1

    @property
    def index_bits(self) -> int:
        """Qubits of an index."""
        return (self.size - 1).bit_length()

    @property
    def cell_bits(self) -> int:
        """Qubits of a cell."""
        return self.index_bits + self.has_momentum

    @property
    def block_bits(self) -> int:
        """Qubits of the block index."""
        return (self.order - 1).bit_length()

    @property
    def time_bits(self) -> int:
        """Qubits of the time."""
        return (self.steps + self.padding).bit_length()

    def stack(self, order: int) -> np.ndarray:
        """All $F_k$ of one k, by batch."""
        return np.array([batch[order] for batch in self.tensors])


def make_problem(
    rng: np.random.Generator,
    shape: tuple[int, int, int, int, int, int],
    kind: str = "signed",
    *,
    batches: int = 1,
    has_momentum: bool = False,
) -> Problem:
    """Return random coefficients.

    Args:
        rng: of the numbers.
        shape: weights, truncation order, map order, degree, steps, idle rows.
        kind: of `factors.TENSORS`.
        batches: how many.
        has_momentum: whether cells have branches.
    """
    size, order, most, degree, steps, padding = shape
    make = TENSORS[kind if size > 1 else "signed"]

    def batch() -> tuple[np.ndarray, ...]:
        tensors = (make(rng, (size, size**k)) for k in range(1, degree + 1))
        return (rng.normal(size=size), *tensors)

    found = tuple(batch() for _ in range(batches))
    return Problem(found, order, most, steps, padding, has_momentum)


def one_weight() -> Problem:
    r"""Return the smallest lift: one weight, $N = 2$, exact map, $T = 2$ and one idle row.

    Loss $u/2 + u^2/2 + u^3/10$, of which $-F_0, -F_1, -F_2$ are $1/2$, $1$, $3/10$.
    """
    tensors = (np.array([-0.5]), np.array([[-1.0]]), np.array([[-0.3]]))
    return Problem((tensors,), order=2, most=2, steps=2, padding=1)


def descent(problem: Problem) -> np.ndarray:
    r"""Return the path $u_0 = 0, ..., u_T$ of a descent without momentum, one row a step.

    The lift holds $u/\gamma$ in block 1, up to what is cut beyond $N$.
    """
    path = [np.zeros(problem.size)]
    for t in range(problem.steps):
        tensors, u = problem.tensors[t % len(problem.tensors)], path[-1]
        powers = itertools.accumulate([u] * problem.degree, np.kron)
        slope = tensors[0] + sum(f @ power for f, power in zip(tensors[1:], powers, strict=True))
        path.append(u + RATE * slope)
    return np.array(path)


def problem_values(problem: Problem, bits: int) -> dict[str, Any]:
    """Return what the pipeline knows of a problem: the largest over its batches."""
    values = {"dim": problem.size, "index_bits": problem.index_bits, "block_limit": UNLIMITED}
    values |= {"matrix_bits": bits, "rhs_bits": bits, "eps_matrix": 1e-3, "inverse_norm": 1.0}
    values |= {"truncation_order": problem.order, "map_order": problem.most}
    values |= {"segment_steps": problem.steps, "padding": problem.padding}
    values |= {"time_bits": problem.time_bits, "learning_rate": RATE, "rescaling": RESCALING}
    values |= {"n_batches": len(problem.tensors), "step_bits": (problem.steps - 1).bit_length()}
    values |= {"batch_bits": (len(problem.tensors) - 1).bit_length()}
    values |= {"momentum": BRANCHES.momentum, "velocity_scale": BRANCHES.velocity_scale}
    values["grad_norm"] = float(np.linalg.norm(problem.stack(0), axis=1).max())
    make, columns = FACTORS["frobenius"], 1
    assert make is not None
    for order in range(1, problem.degree + 1):
        tensor, stack = make(order).tensor, problem.stack(order)
        rows = int((stack != 0).sum(axis=2).max())
        columns = max(columns, int((stack != 0).sum(axis=1).max()), rows if order == 1 else 0)
        values[tensor.sparsity] = rows
        values[tensor.max_entry] = float(np.abs(stack).max()) * tensor.divisor
        norms = np.linalg.norm(stack, axis=(1, 2))
        values[tensor.frobenius] = float(norms.max()) * tensor.divisor
    return values | {"sparsity": columns}


# ------------------------------------------------------------------ matrices by definition


def lifted_step(problem: Problem, batch: int) -> np.ndarray:
    """Return one step of the lift on blocks and cells.

    Position by position a factor $F_k$ with its weight or, of those without one, what a cell does by
    itself; sums over all choices with at most m factors, cut at block N.
    """
    free, terms = _cell_terms(problem, batch)
    order, width = problem.order, 2**problem.cell_bits
    whole = np.zeros((2**problem.block_bits, width**order) * 2)
    for j in range(1, order + 1):
        for kinds in itertools.product([None, *range(len(terms))], repeat=j):
            column = sum(1 if k is None else k for k in kinds)
            is_short = sum(k is not None for k in kinds) <= problem.most
            if 1 <= column <= order and is_short:
                parts = [free if k is None else terms[k] for k in kinds]
                rows, columns = (slice(None, None, width ** (order - i)) for i in (j, column))
                target = whole[j - 1, :, column - 1, :]
                target[rows, columns] += functools.reduce(np.kron, parts)
    return whole.reshape(len(whole) * width**order, -1)


def _cell_terms(problem: Problem, batch: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """What a cell does by itself, and each factor, weighted, on padded cells."""
    padded = 2**problem.index_bits
    found = []
    for k, tensor in enumerate(problem.tensors[batch]):
        whole = np.zeros((padded,) * (k + 1))
        whole[(slice(problem.size),) * (k + 1)] = tensor.reshape((problem.size,) * (k + 1))
        found.append(RATE * RESCALING ** (k - 1) * whole)
    if not problem.has_momentum:
        return np.eye(padded), [term.reshape(padded, -1) for term in found]
    branched = []
    for k, term in enumerate(found):
        whole = np.zeros((2, padded) * (k + 1))
        for branch, weight in enumerate((1, -BRANCHES.velocity_scale / RATE)):
            whole[(branch, slice(None), *(0, slice(None)) * k)] = weight * term
        branched.append(whole.reshape(2 * padded, -1))
    return np.kron(BRANCHES.free, np.eye(padded)), branched


def lifted_history(problem: Problem) -> np.ndarray:
    """Return the history of the lift as it is held."""
    steps = [lifted_step(problem, batch) for batch in range(len(problem.tensors))]
    size, rows = len(steps[0]), 2**problem.time_bits
    found = np.eye(rows * size)
    for t in range(1, problem.steps + problem.padding + 1):
        row, column = (np.arange(size) + (t - s) % rows * size for s in (1, 2))
        step = steps[(t - 1) % len(steps)] if t <= problem.steps else np.eye(size)
        found[np.ix_(row, column)] -= step
    return found


def lifted_source(problem: Problem) -> np.ndarray:
    """Return the right-hand side of the history as it is held."""
    width, order = 2**problem.cell_bits, problem.order
    found = np.zeros((2**problem.time_bits, 2**problem.block_bits, width**order))
    for t in range(problem.steps):
        _, terms = _cell_terms(problem, t % len(problem.tensors))
        for j in range(1, min(problem.most, order) + 1):
            power = functools.reduce(np.kron, [terms[0].ravel()] * j)
            found[t, j - 1, :: width ** (order - j)] = power
    return found.ravel()


def filled_states(problem: Problem) -> np.ndarray:
    """Return the states whose cells up to the block hold a weight, and the others nothing."""
    padded, cells = 2**problem.index_bits, problem.order * problem.cell_bits
    branches = range(1 + problem.has_momentum)
    digits = [branch * padded + i for branch in branches for i in range(problem.size)]
    found = []
    for j in range(1, problem.order + 1):
        empty = (problem.order - j) * problem.cell_bits
        for chosen in itertools.product(digits, repeat=j):
            filled = _joined(chosen, problem.cell_bits) << empty
            found.append((j - 1 << cells) + filled)
    times = np.arange(2**problem.time_bits) << cells + problem.block_bits
    return (times[:, None] + np.array(found)).ravel()


def _joined(digits: Sequence[int], bits: int) -> int:
    return functools.reduce(lambda code, digit: code << bits | digit, digits, 0)
