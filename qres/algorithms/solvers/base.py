"""What every solver offers, and how a member is found by its name."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import qres.algorithms.solvers as members
from qres.errors import InputError, nearest
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
    modules = (
        importlib.import_module(f"{members.__name__}.{info.name}")
        for info in pkgutil.iter_modules(members.__path__)
    )
    found = [module.SOLVER for module in modules if hasattr(module, "SOLVER")]
    return {solver.name: solver for solver in found}


def solver(name: str) -> Solver:
    """Return the solver of that name.

    Raises:
        InputError: there is none; the nearest names are given.
    """
    try:
        return solvers()[name]
    except KeyError:
        raise InputError(
            f"algorithm.solver: unknown solver '{name}'{nearest(name, solvers())}"
        ) from None
