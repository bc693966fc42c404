"""Quantum resource estimation for machine learning.

What would a fault-tolerant quantum computer need for this trained network, matrix or count, where
does the cost sit, how sure is each number, and what does a GPU need for the same job?

    import qres
    report = qres.estimate("digits-mlp")
    print(report.table())

The verbs: `load`, `measure`, `estimate`, `formula`, `formulas`, and `differentiate` (what dominates),
`compare_solvers`, `use_style` (figures); `circuits`, `draw_circuits`, `simulate` and `prove` for the
circuits behind the counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qres._version import __version__
from qres.errors import HypothesisError, InfeasibleError, InputError, QresError

if TYPE_CHECKING:
    from qres.staircase import (
        circuits,
        compare_solvers,
        differentiate,
        draw_circuits,
        estimate,
        formula,
        formulas,
        load,
        measure,
        prove,
        simulate,
        use_style,
    )

_VERBS = (
    "circuits",
    "compare_solvers",
    "differentiate",
    "draw_circuits",
    "estimate",
    "formula",
    "formulas",
    "load",
    "measure",
    "prove",
    "simulate",
    "use_style",
)

__all__ = [
    "HypothesisError",
    "InfeasibleError",
    "InputError",
    "QresError",
    "__version__",
    "circuits",
    "compare_solvers",
    "differentiate",
    "draw_circuits",
    "estimate",
    "formula",
    "formulas",
    "load",
    "measure",
    "prove",
    "simulate",
    "use_style",
]


def __getattr__(name: str) -> Any:
    if name in _VERBS:
        from qres import staircase

        return getattr(staircase, name)
    raise AttributeError(f"module 'qres' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
