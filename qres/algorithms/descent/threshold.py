r"""What dropping a part of the matrix does to the result.

**Descent.** With $\tilde H = H - E$ the updates $u_{t+1} = (I - \eta H) u_t + f$ and
$\tilde u_{t+1} = (I - \eta\tilde H)\tilde u_t + f$ differ by $e_t = \tilde u_t - u_t$,
$e_{t+1} = (I - \eta\tilde H) e_t + \eta E u_t$, $e_0 = 0$. With
$\lVert I - \eta\tilde H\rVert \le \tilde g = g + \eta\lVert E\rVert$,
$$ \lVert e_T\rVert \le \eta\sum_{t<T}\tilde g^{T-1-t}\lVert E\rVert\lVert u_t\rVert . $$

**Linear system.** $(A - E)^{-1}b - x = (A - E)^{-1}E x$ and
$\lVert(A - E)^{-1}\rVert \le \lVert A^{-1}\rVert/(1 - \rho)$, so relative to $\lVert x\rVert$ the
change is at most $\rho/(1 - \rho)$ with $\rho = \lVert A^{-1}\rVert\lVert E\rVert < 1$.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from qres.algorithms.carleman import plain
from qres.errors import InputError
from qres.notation.formula import Condition, Formula
from qres.notation.source import derived
from qres.notation.symbols import symbols

_ETA, _G, _DROPPED, _RHO = symbols("learning_rate growth dropped_norm perturbation")


def _descent_error(
    learning_rate: Any, growth: Any, dropped_norm: Any, update_norms: np.ndarray
) -> float:
    """Run the recurrence of the bound; relative to the last update."""
    if (update_norms < 0).any() or update_norms[-1] <= 0:
        raise InputError("encoding.threshold_error: update_norms are >= 0, the last one > 0")
    kick = float(learning_rate) * float(dropped_norm)
    factor, error = float(growth) + kick, 0.0
    for norm in update_norms[:-1].tolist():
        error = factor * error + kick * norm
    return error / float(update_norms[-1])


def _descent_sum() -> Any:
    t, last = sympy.symbols("t T", integer=True)
    norms: Any = sympy.IndexedBase("update_norms")
    factor = _G + _ETA * _DROPPED
    total = sympy.Sum(factor ** (last - 1 - t) * norms[t], (t, 0, last - 1))
    return _ETA * _DROPPED * total / norms[last]


THRESHOLD_ERROR = Formula(
    name="encoding.threshold_error",
    meaning="change of the update u_T by a dropped part of the Hessian, relative to norm(u_T)",
    expression=_descent_sum(),
    inputs=("learning_rate", "growth", "dropped_norm", "update_norms"),
    source=derived("difference of the two recurrences"),
    kind="proven",
    bound="upper",
    conditions=(
        Condition(sympy.Ge(_ETA, 0), "learning_rate >= 0"),
        Condition(sympy.Ge(_G, 0), "growth >= 0"),
        Condition(sympy.Ge(_DROPPED, 0), "dropped_norm >= 0"),
    ),
    evaluator=_descent_error,
    plain=plain.descent_error,
)

SOLUTION_ERROR = Formula(
    name="encoding.threshold_solution_error",
    meaning="change of the solution by a dropped part of the matrix, relative to the solution",
    expression=_RHO / (1 - _RHO),
    inputs=("perturbation",),
    source=derived("Neumann bound on the inverse of the perturbed matrix"),
    kind="proven",
    bound="upper",
    conditions=(
        Condition(sympy.And(_RHO >= 0, _RHO < 1), "0 <= perturbation = norm(A^-1) norm(E) < 1"),
    ),
)

FORMULAS = (THRESHOLD_ERROR, SOLUTION_ERROR)
