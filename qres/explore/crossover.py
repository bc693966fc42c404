r"""The linear solvers over condition numbers: what each asks, and where another becomes the cheapest.

Compared is what one solution takes, restarts included: a run that flags success with probability
$p$ is repeated $1/p$ times on average. For solvers by a polynomial $p$ depends on
$\xi = \lVert A^{-1}\rVert\lVert b\rVert/\lVert x\rVert$, from 1 (the solution lies where $A$ is
smallest, the best case) to $\kappa_{\mathrm{eff}}$.

Source: derived, from the named formulas of the solvers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import sympy

from qres.algorithms.solvers.base import Solver, solvers
from qres.errors import InputError
from qres.logical.formulas import evaluate
from qres.notation.symbols import symbol
from qres.pricing.record import SolverCurve


def solver_curves(kappa_eff: Any, epsilon: float, xi: float = 1.0) -> tuple[SolverCurve, ...]:
    r"""Return the expected uses of $U_A$ of each solver.

    Args:
        kappa_eff: array of condition numbers, each at least `xi` and 1, rising.
        epsilon: error of the solution in state norm.
        xi: at least 1.

    Raises:
        InputError: a number is out of range.
    """
    kappas = np.atleast_1d(np.asarray(kappa_eff, dtype=float))
    if not 0 < epsilon < 1:
        raise InputError(f"solvers: needs 0 < epsilon < 1, found {epsilon}")
    if not (np.isfinite(kappas).all() and 1 <= xi <= kappas.min() and (np.diff(kappas) > 0).all()):
        raise InputError(
            f"solvers: needs 1 <= xi <= kappa_eff, rising; found xi {xi:g}, kappa_eff"
            f" {kappas[0]:g} to {kappas[-1]:g}"
        )
    return tuple(_curve(member, kappas, epsilon, xi) for member in solvers().values())


def _curve(member: Solver, kappas: np.ndarray, epsilon: float, xi: float) -> SolverCurve:
    values = {"kappa_eff": kappas, "epsilon": np.full_like(kappas, epsilon), "xi": xi}
    found = np.broadcast_to(evaluate(member.expected_queries, values), kappas.shape).copy()
    found[~_holds(member, kappas, epsilon)] = np.nan
    return SolverCurve(solver=member.name, kind=member.kind, queries=found)


def _holds(member: Solver, kappas: np.ndarray, epsilon: float) -> np.ndarray:
    """Say at which condition numbers the hypotheses of a solver's theorem hold."""
    letters = (symbol("kappa_eff"), symbol("epsilon"))
    holds = np.ones(kappas.shape, dtype=bool)
    for condition in member.conditions:
        holds &= np.asarray(sympy.lambdify(letters, condition.expression)(kappas, epsilon))
    return holds


def find_crossovers(
    kappa_eff: Sequence[float], curves: Iterable[SolverCurve]
) -> tuple[tuple[float, str, str], ...]:
    """Return (condition number, cheapest below, cheapest above) wherever the cheapest changes.

    Between two points of the grid curves are taken as powers; a theorem begins or ends on a point.
    """
    known = list(curves)
    costs = np.array([np.where(np.isnan(item.queries), np.inf, item.queries) for item in known])
    best, logs = costs.argmin(axis=0), np.log(np.asarray(kappa_eff, dtype=float))
    found = []
    for at in np.flatnonzero(np.diff(best)):
        old, new = best[at], best[at + 1]
        part = _crossing(costs[old, at : at + 2], costs[new, at : at + 2])
        where = np.exp(logs[at] + part * (logs[at + 1] - logs[at]))
        found.append((float(where), known[old].solver, known[new].solver))
    return tuple(found)


def _crossing(old: np.ndarray, new: np.ndarray) -> float:
    """Return at which part of a step two powers meet."""
    if np.isinf(new[0]):
        return 1.0
    if np.isinf(old[1]):
        return 0.0
    left, right = np.log(old / new)
    return float(left / (left - right))
