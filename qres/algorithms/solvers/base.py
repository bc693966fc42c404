"""What every solver offers, and how a member is found by its name."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import qres.algorithms.solvers as folder
from qres.notation.catalogue import members, pick
from qres.notation.formula import Formula
from qres.notation.quantity import Kind


@dataclass(frozen=True, kw_only=True)
class Solver:
    """A solver as the pipeline sees it.

    Args:
        name: as in `algorithm.solver`.
        matrix_queries: expected uses of U_A of one solution, restarts included; symbols
            `kappa_eff`, `epsilon`.
        state_queries: the same for U_b.
        run_factor: queries of one run without restarts over the expected ones.
        flag_prob: probability that such a run flags success.
        flag_kind: `proven` where that probability is exact, `assumed` where a bound is taken for
            it: amplification with a wrong probability may overshoot.
        state_ratio: uses of U_b per use of U_A.
        qubits: ancillas of the solver itself.
        kind: how the constants are known.
        run_note: what the one-run figures rest on, for the assumptions.
    """

    name: str
    matrix_queries: Formula
    state_queries: Formula
    run_factor: int
    flag_prob: Fraction
    flag_kind: Kind
    state_ratio: int
    qubits: int
    kind: Kind
    run_note: str


@cache
def solvers() -> dict[str, Solver]:
    """Return every solver by name: each module of this folder that has a `SOLVER`."""
    return members(folder, "SOLVER")


def solver(name: str) -> Solver:
    """Return the solver of that name, or refuse it with the nearest names."""
    return pick(solvers(), name, "algorithm.solver: unknown solver")
