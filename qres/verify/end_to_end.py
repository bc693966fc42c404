r"""A training as gates from end to end: one weight, $N = 2$, $T = 2$.

The run of a solver with the circuits of the lift in the place of known matrices: $U_A$ and $U_b$ down
to single gates, as they are priced. Its state is the history of the training, within the error that
the solver promises, and equal to that of the same run on the exact matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import numpy as np
import sympy

from qres.algorithms.lifted import lifted_matrix, lifted_vector
from qres.algorithms.solvers.base import solver
from qres.logical.circuit import count_bloq
from qres.notation.symbols import symbols
from qres.verify.count import TOFFOLI, decomposed_counts
from qres.verify.factors import put_in
from qres.verify.lift_problems import lifted_history, lifted_source, one_weight
from qres.verify.lifts import built_lift
from qres.verify.peak import counted_qubits
from qres.verify.proofs import Proof
from qres.verify.solved import solved
from qres.verify.solver_runs import built_run

EPSILON = 0.02
"""Error of the normalised state that is asked of the solver."""

RUNS = {
    "shortcut": "whole shortcut",
    "shortcut-known-norm": "whole known norm",
    "qsvt-minimax": "whole qsvt",
}
"""Solver to the title of its proof."""


def whole_run(name: str) -> tuple[Any, Any, dict[str, Any]]:
    """Return a run with the gates of the lift, the same on the exact matrix, and the values put in.

    Args:
        name: of the solver.
    """
    problem = one_weight()
    matrix, source, values = built_lift("lift", "frobenius", problem)
    exact, vector = lifted_history(problem), lifted_source(problem)
    kappa = float(values["alpha"] * np.linalg.norm(np.linalg.inv(exact), 2))
    known, numbers = built_run(
        name, exact / values["alpha"], vector / np.linalg.norm(vector), kappa, EPSILON
    )
    gates = attrs.evolve(known, block_encoding=matrix, right_hand_side=source)
    return gates, known, values | numbers


def prove_run(name: str) -> Proof:
    """Build, simulate and count a training as gates.

    Args:
        name: of the solver.

    Raises:
        RuntimeError: the gates do something else than the exact matrix.
    """
    gates, known, values = whole_run(name)
    found, reference = solved(gates), solved(known)
    if not np.linalg.norm(found - reference) < 1e-9:
        raise RuntimeError(f"{name}: the gates of the lift are not the matrix that they encode")
    problem = one_weight()
    return state_proof(
        RUNS[name],
        "one weight",
        gates,
        np.linalg.solve(lifted_history(problem), lifted_source(problem)),
        found,
        rows=1,
        epsilon=EPSILON,
        toffoli=_charged(name, gates, values),
    )


def state_proof(
    title: str,
    kind: str,
    gates: Any,
    wanted: np.ndarray,
    found: np.ndarray,
    *,
    rows: int,
    epsilon: float,
    toffoli: int,
) -> Proof:
    """Return a proof of a run by the state that it leaves.

    Args:
        title: what is proven.
        kind: of matrix.
        gates: the run.
        wanted: the state, of any norm.
        found: its flagged part.
        rows: of the matrix.
        epsilon: claimed distance of the two normalised states.
        toffoli: by formula.
    """
    wanted, state = wanted / np.linalg.norm(wanted), found / np.linalg.norm(found)
    overlap = np.vdot(wanted, state)
    return Proof(
        encoding=title,
        matrix=kind,
        rows=rows,
        form="plain",
        alpha=1.0,
        alpha_found=float(1 / abs(overlap)),
        epsilon=epsilon,
        epsilon_found=float(np.linalg.norm(state * abs(overlap) / overlap - wanted)),
        toffoli=toffoli,
        toffoli_call_graph=count_bloq(gates)[0],
        toffoli_circuit=decomposed_counts(gates)[TOFFOLI],
        qubits=counted_qubits(gates),
    )


def _charged(name: str, gates: Any, values: dict[str, Any]) -> int:
    """Toffoli gates of the run by the formulas of solver, matrix and right-hand side."""
    prices, (uses, states) = solver(name).gates, symbols("matrix_queries state_queries")
    own = prices.toffoli(gates.index_bitsize, gates.ancilla_bitsize, 0)
    query = lifted_matrix("frobenius", 2).toffoli(prices.matrix_controls)
    whole = uses * query + states * lifted_vector().toffoli(0) + sympy.sympify(own)
    return int(put_in(whole, values))


def prove_runs(
    *, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[Proof]:
    """Prove the run of every solver that has few enough uses.

    Args:
        seed: not used; there is one training.
        progress: called as progress(task, done, total).
    """
    for done, name in enumerate(RUNS):
        yield prove_run(name)
        if progress:
            progress("simulating a training", done + 1, len(RUNS))
