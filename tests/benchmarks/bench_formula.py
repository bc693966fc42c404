"""Evaluations of a solver formula, and how they compare with Bartiq and with sympy substitution.

Run: python tests/benchmarks/bench_formula.py. Also the seconds that `qres formula NAME --format latex`
takes from a cold start. Bartiq gets the same closed form as one routine of one resource.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from bartiq import compile_routine, evaluate
from timing import seconds

import qres

NAME = "solver.shortcut.matrix_queries"
POINTS = 1_000_000
LOOP = 50
COMMAND = [sys.executable, "-m", "qres", "formula", NAME, "--format", "latex"]
COST = "56*kappa + 1.05*kappa*log((1 - epsilon^2)^0.5/epsilon) + 2.78*log(kappa)^3 + 3.17"


def points(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return condition numbers and precisions, evenly over their decades."""
    rng = np.random.default_rng(0)
    return 10 ** rng.uniform(0, 12, count), 10 ** rng.uniform(-9, -0.1, count)


def bartiq_loop() -> Callable[[], list[float]]:
    """Return a loop over Bartiq's evaluation of the same formula."""
    program: Any = {
        "version": "v1",
        "program": {
            "name": "solver",
            "input_params": ["kappa", "epsilon"],
            "resources": [{"name": "queries", "type": "additive", "value": COST}],
        },
    }
    compiled: Any = compile_routine(program).routine  # pyright: ignore[reportArgumentType]
    kappas, epsilons = points(LOOP)

    def run() -> list[float]:
        found = []
        for kappa, epsilon in zip(kappas, epsilons, strict=True):
            values = {"kappa": float(kappa), "epsilon": float(epsilon)}
            routine: Any = evaluate(compiled, values).routine  # pyright: ignore[reportArgumentType]
            found.append(float(routine.resources["queries"].value))
        return found

    return run


def sympy_loop() -> Callable[[], list[float]]:
    """Return a loop over sympy's substitution in the formula's own expression."""
    formula = qres.formula(NAME)
    kappa, epsilon = formula.symbols
    rows = list(zip(*points(LOOP), strict=True))

    def run() -> list[float]:
        return [float(formula.expression.subs({kappa: k, epsilon: e})) for k, e in rows]

    return run


def main() -> None:
    """Print the rates."""
    formula = qres.formula(NAME)
    kappas, epsilons = points(POINTS)
    rate = POINTS / seconds(lambda: formula(kappa_eff=kappas, epsilon=epsilons))
    print(f"{NAME}, arrays      {rate:14,.0f} evaluations/s")
    few = points(LOOP)
    own = formula(kappa_eff=few[0], epsilon=few[1])
    scalar = LOOP / seconds(
        lambda: [formula(kappa_eff=k, epsilon=e) for k, e in zip(*few, strict=True)]
    )
    print(f"scalars, exact                           {scalar:14,.0f} evaluations/s")
    for name, loop in (("bartiq 0.12.1", bartiq_loop()), ("sympy substitution", sympy_loop())):
        assert np.allclose(loop(), own, rtol=1e-9)
        other = LOOP / seconds(loop, 3)
        ratio = f"arrays {rate / other:,.0f} x, scalars {scalar / other:,.1f} x"
        print(f"{name:41}{other:14,.0f} evaluations/s  {ratio}")
    start = seconds(lambda: subprocess.run(COMMAND, check=True, capture_output=True))
    print(f"qres formula NAME --format latex         {start:14.2f} s")


if __name__ == "__main__":
    main()
