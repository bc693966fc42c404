"""What every solver offers, and how a member is found by its name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import sympy

import qres.algorithms.solvers as folder
from qres.algorithms.record import Assumption
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
        run_queries: uses of U_A of one run without restarts, expression in the same symbols.
        flag_prob: probability that such a run flags success, likewise.
        flag_kind: `proven` where that probability is exact, `assumed` where a bound is taken for
            it: amplification with a wrong probability may overshoot.
        state_ratio: uses of U_b per use of U_A.
        qubits: ancillas of the solver itself.
        kind: how the constants are known.
        has_circuit: whether its runs can be counted from a circuit.
        assumptions: what its figures rest on.
        warnings: (code, message) pairs of jobs that amplify its runs.
    """

    name: str
    matrix_queries: Formula
    state_queries: Formula
    run_queries: Any
    flag_prob: Any
    flag_kind: Kind
    state_ratio: int
    qubits: int
    kind: Kind
    has_circuit: bool = True
    assumptions: tuple[Assumption, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()


def run_by_markov(expected: Formula) -> dict[str, Any]:
    """Return the one-run figures of a solver of which only the expected queries are known.

    Cut off at twice the expected count a run succeeds with probability at least 1/2 (Markov's
    inequality), provided that the record of its branches is uncomputed.
    """
    text = (
        "a run cut off at twice its expected queries flags success with probability 1/2; Markov's"
        " inequality gives at least that, the amplification takes it for exact and may overshoot"
    )
    warning = (
        "W-EXPECTED",
        "an expected-count solver stands inside amplification: runs are cut off at twice the"
        " expected queries (Markov's inequality)",
    )
    return {
        "run_queries": 2 * expected.expression,
        "flag_prob": sympy.Rational(1, 2),
        "flag_kind": "assumed",
        "assumptions": (Assumption(text=text, factor=2.0, favours="quantum"),),
        "warnings": (warning,),
    }


@cache
def solvers() -> dict[str, Solver]:
    """Return every solver by name: each module of this folder that has a `SOLVER`."""
    return members(folder, "SOLVER")


def solver(name: str) -> Solver:
    """Return the solver of that name, or refuse it with the nearest names."""
    return pick(solvers(), name, "algorithm.solver: unknown solver")
