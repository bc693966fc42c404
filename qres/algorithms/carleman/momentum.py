r"""Gradient descent with momentum as a linear recurrence of the state $(u, \sigma v)$.

$v' = \beta v + \nabla L(c + u)$, $u' = u - \eta v'$. At an eigenvalue l (weight decay included) one
step is $\begin{pmatrix}1-\eta l & -\eta\beta/\sigma\\ \sigma l & \beta\end{pmatrix}$; forcing and
nonlinearity enter as $(\eta, -\sigma)^T \otimes F_k$, so $\sqrt{\eta^2+\sigma^2}\lVert F_k\rVert$
stands in place of $\eta\lVert F_k\rVert$. The blocks are not normal: what counts is the norm of
their powers, never the spectral radius.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import sympy

from qres.algorithms.carleman import plain
from qres.errors import InputError
from qres.notation.formula import Condition, Formula, at_least_one
from qres.notation.source import derived
from qres.notation.symbols import symbols

_HELD = 200_000
"""Blocks that are held at a time."""


def momentum_blocks(
    eigenvalues: Any, learning_rate: float, momentum: float, velocity_scale: float
) -> np.ndarray:
    r"""Return the 2 x 2 block of every eigenvalue, shape `(n, 2, 2)`.

    Args:
        eigenvalues: l, weight decay included.
        learning_rate: $\eta > 0$.
        momentum: $0 \le \beta < 1$.
        velocity_scale: $\sigma > 0$; 0 is plain descent and needs $\beta = 0$.

    Raises:
        InputError: a number is out of range.
    """
    found = np.atleast_1d(np.asarray(eigenvalues, dtype=float))
    if found.ndim != 1 or not found.size or not np.isfinite(found).all():
        raise InputError("momentum: the eigenvalues are a list of finite numbers")
    if not 0 <= momentum < 1:
        raise InputError(f"momentum: needs 0 <= momentum < 1, found {momentum}")
    if not velocity_scale >= 0 or (velocity_scale == 0 and momentum > 0):
        raise InputError(f"momentum: velocity_scale must be > 0, found {velocity_scale}")
    blocks = np.empty((len(found), 2, 2))
    blocks[:, 0, 0] = 1 - learning_rate * found
    blocks[:, 0, 1] = -learning_rate * momentum / velocity_scale if momentum else 0.0
    blocks[:, 1, 0] = velocity_scale * found
    blocks[:, 1, 1] = momentum
    return blocks


def step_scale(learning_rate: float, velocity_scale: float) -> float:
    r"""Return $\sqrt{\eta^2+\sigma^2}$, the factor of every $F_k$ with $k \ne 1$."""
    return math.hypot(learning_rate, velocity_scale)


def is_stable(eigenvalue: float, learning_rate: float, momentum: float) -> bool:
    r"""Say whether the block's powers decay: $0 < \eta l < 2(1+\beta)$, $0 \le \beta < 1$."""
    return 0 <= momentum < 1 and 0 < learning_rate * eigenvalue < 2 * (1 + momentum)


def propagator_norms(
    eigenvalues: Any,
    learning_rate: float,
    n_steps: int,
    momentum: float = 0.0,
    velocity_scale: float = 0.0,
) -> np.ndarray:
    r"""Return the maximum over the eigenvalues of the norm of the block's t-th power, t = 0..T.

    Exact for the eigenvalues handed in. Without momentum the ends of an interval decide; with
    momentum they do not, so an interval must be given as a fine grid.

    Returns:
        Shape `(T + 1,)`, infinite from the first overflow on.
    """
    if n_steps < 0:
        raise InputError(f"momentum: n_steps must be >= 0, found {n_steps}")
    blocks = momentum_blocks(eigenvalues, learning_rate, momentum, velocity_scale)
    if momentum == 0 and velocity_scale == 0:
        growth = np.abs(blocks[:, 0, 0]).max()
        with np.errstate(over="ignore"):
            return np.power(growth, np.arange(n_steps + 1.0))
    found = np.full(n_steps + 1, math.inf)
    found[0], done, last = 1.0, 0, np.eye(2)
    with np.errstate(over="ignore", invalid="ignore"):
        powers = _powers(blocks, min(n_steps, max(1, _HELD // len(blocks))))
        while done < n_steps and np.isfinite(last).all():
            ahead = (powers @ last)[: n_steps - done]
            found[done + 1 : done + 1 + len(ahead)] = _norms(ahead).max(axis=1)
            done, last = done + len(ahead), ahead[-1]
    overflowed = np.flatnonzero(~np.isfinite(found))
    if overflowed.size:
        found[overflowed[0] :] = math.inf
    return found


def growth_sum(
    eigenvalues: Any,
    learning_rate: float,
    n_steps: int,
    momentum: float = 0.0,
    velocity_scale: float = 0.0,
) -> float:
    r"""Return $S_T$, the sum of `propagator_norms`; infinite on overflow."""
    norms = propagator_norms(eigenvalues, learning_rate, n_steps, momentum, velocity_scale)
    return float(norms.sum())


def _powers(blocks: np.ndarray, most: int) -> np.ndarray:
    """Return the powers 1..most of every block, shape `(most, n, 2, 2)`."""
    powers = blocks[None]
    while len(powers) < most:
        powers = np.concatenate([powers, powers @ powers[-1]])
    return powers[:most]


def _norms(stack: np.ndarray) -> np.ndarray:
    """Return the spectral norms of 2 x 2 matrices without forming squares."""
    a, b, c, d = (stack[..., row, column] for row in (0, 1) for column in (0, 1))
    return (np.hypot(a + d, b - c) + np.hypot(a - d, b + c)) / 2


_ETA, _BETA, _SIGMA, _T = symbols("learning_rate momentum velocity_scale n_steps")


def _printed() -> Any:
    t, largest = sympy.Symbol("t", integer=True), sympy.Symbol("eigenvalues")
    one = 1 - _ETA * largest
    block = sympy.Matrix([[one, -_ETA * _BETA / _SIGMA], [_SIGMA * largest, _BETA]])
    norm: Any = sympy.Function("maxnorm")
    entries = sympy.Tuple(*block)
    return sympy.Sum(norm(entries, t), (t, 0, _T))


GROWTH_SUM = Formula(
    name="momentum.growth_sum",
    meaning="sum over t = 0..T of the largest norm of the t-th power of the 2 x 2 blocks",
    expression=_printed(),
    inputs=("eigenvalues", "learning_rate", "n_steps", "momentum", "velocity_scale"),
    source=derived("the linear step decouples into one 2 x 2 block for each eigenvalue"),
    kind="proven",
    letter="S_T",
    conditions=(
        Condition(sympy.And(_BETA >= 0, _BETA < 1), "0 <= momentum < 1"),
        Condition(sympy.Ge(_SIGMA, 0), "velocity_scale >= 0"),
        *at_least_one("n_steps"),
    ),
    evaluator=growth_sum,
    plain=plain.growth_sum,
)

FORMULAS = (GROWTH_SUM,)
