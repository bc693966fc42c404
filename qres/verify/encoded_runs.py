r"""Systems solved through an encoding of few bits: its block is not the matrix, and the solver knows.

An encoding with $b$ bits of an angle holds $A + E$, $\lVert E\rVert \le \epsilon_A$ as it claims, so the
solver is built for $\kappa' = \kappa_{\mathrm{eff}}/(1 - d)$, $d = \lVert A^{-1}\rVert\epsilon_A$. Its
run has the encoding down to single gates; the right-hand side is exact.

**Claim.** From $x' - x = -A^{-1}Ex'$ the solution $x' = (A + E)^{-1}b$ of what is encoded is off by an
angle of $\arcsin d$ at most, and the solver turns it by $\arcsin\epsilon$ more: the flagged state is within
$2\sin(\frac12\arcsin d) + 2\sin(\frac12\arcsin\epsilon)$ of $x = A^{-1}b$, both normalised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import numpy as np
import sympy

from qres.algorithms.solvers.base import solver
from qres.algorithms.solvers.frame import KAPPA_EFF, encoded_condition_number
from qres.notation.symbols import symbol
from qres.verify.end_to_end import state_proof
from qres.verify.proofs import Encoded, Proof, encoded
from qres.verify.solved import solved
from qres.verify.solver_runs import built_run, random_system

EPSILON = 0.01
"""Error of the normalised state that is asked of the solver."""

KAPPA = 2.0
"""Condition number of the matrices, about that of arrows; that which the solver sees is larger."""

CASES = (
    ("dense", "qsvt-minimax", 2, 8),
    ("dense", "shortcut", 2, 8),
    ("sparse", "qsvt-minimax", 4, 8),
    ("sparse-rectangular", "qsvt-minimax", 4, 8),
    ("frobenius", "qsvt-minimax", 4, 9),
)
"""Encoding, solver, rows and bits of an angle of each proof."""


def shares(made: Encoded) -> tuple[float, float, float]:
    r"""Return $\kappa_{\mathrm{eff}}$, the $\kappa'$ that a solver is built for, and $d$.

    Args:
        made: an encoding with data.
    """
    inverse = float(np.linalg.norm(np.linalg.inv(made.matrix), 2))
    kappa = float(KAPPA_EFF(alpha=made.bloq.alpha, inverse_norm=inverse))
    _, formula = encoded_condition_number("proof")
    wider = formula(kappa_eff=kappa, inverse_norm=inverse, eps_matrix=made.bloq.epsilon)
    return kappa, float(wider), inverse * made.bloq.epsilon


def run_through(
    made: Encoded, vector: np.ndarray, name: str, kappa: float, epsilon: float
) -> tuple[Any, int]:
    """Return a run with the gates of an encoding, and its Toffoli gates by formula.

    Args:
        made: an encoding with data, of $2^n$ rows.
        vector: right-hand side, of norm 1.
        name: of the solver.
        kappa: condition number that the solver is built for.
        epsilon: of the solver's state.

    Raises:
        InputError: no circuit to simulate for that solver.
    """
    alpha, width = made.bloq.alpha, made.bloq.system_bitsize
    known, numbers = built_run(name, made.matrix / alpha, vector, kappa, epsilon)
    gates = attrs.evolve(known, block_encoding=made.bloq)
    prices, values = solver(name).gates, {symbol(key): value for key, value in numbers.items()}
    own = sympy.sympify(prices.toffoli(width, made.bloq.ancilla_bitsize, 0)).xreplace(values)
    uses = numbers["matrix_queries"] * made.toffoli(prices.matrix_controls)
    return gates, uses + int(own)


def turned(sine: float) -> float:
    """Return the distance of two normalised vectors at this sine of their angle."""
    return 2 * math.sin(math.asin(sine) / 2)


def system_for(
    encoding: str, rng: np.random.Generator, rows: int
) -> tuple[np.ndarray, np.ndarray, str]:
    """Return a random matrix that an encoding is meant for, a right-hand side, and what to call it.

    Args:
        encoding: its name; `sparse` gets two entries in a row and in a column, `sparse-rectangular` a
            diagonal and a full column.
        rng: of the numbers.
        rows: of the matrix, an even number.
    """
    if encoding == "sparse-rectangular":
        matrix = np.diag(rng.choice((-1, 1), rows) * rng.uniform(0.7, 1, rows))
        matrix[1:, 0] = rng.uniform(0.1, 0.4, rows - 1)
        return matrix, rng.normal(size=rows), "arrow"
    is_sparse = encoding == "sparse"
    matrix, vector = random_system(rng, 2 if is_sparse else rows, KAPPA)
    if is_sparse:
        return np.kron(matrix, np.eye(rows // 2)), rng.normal(size=rows), "2 in a row"
    return matrix, vector, "full"


def prove_encoded(encoding: str, name: str, rows: int, bits: int, seed: int = 0) -> Proof:
    r"""Build, simulate and count a run on a random matrix.

    Args:
        encoding: its name.
        name: of the solver.
        rows: of the matrix, $2^n$.
        bits: of an angle.
        seed: of matrix and right-hand side.

    Raises:
        InputError: no circuit to simulate for these names.
        ValueError: $d \ge 1$, the matrix as it is encoded may have no inverse.
    """
    rng = np.random.default_rng([seed, rows, bits])
    matrix, vector, kind = system_for(encoding, rng, rows)
    made = encoded(encoding, matrix, bits=bits)
    _, kappa, sine = shares(made)
    vector = vector / np.linalg.norm(vector)
    gates, toffoli = run_through(made, vector, name, kappa, EPSILON)
    return state_proof(
        f"{name} on {encoding}, {bits} bits",
        kind,
        gates,
        np.linalg.solve(matrix, vector),
        solved(gates),
        rows=rows,
        epsilon=turned(sine) + turned(EPSILON),
        toffoli=toffoli,
    )


def prove_encoded_runs(
    *, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[Proof]:
    """Prove the runs of `CASES`.

    Args:
        seed: of the matrices.
        progress: called as progress(task, done, total).
    """
    for done, case in enumerate(CASES):
        yield prove_encoded(*case, seed=seed)
        if progress:
            progress("solving through encodings", done + 1, len(CASES))
