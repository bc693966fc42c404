r"""What Q-Newton itself charges for one solve, $s\,\kappa\ln(d\kappa/\epsilon)$ gates.

Claim of its authors: a quantum linear solver costs $O(s\,\kappa\log(d\kappa/\epsilon))$ for a matrix
with $s$ entries a row. The hidden constant is set to 1, $\kappa$ is that of the matrix and not of its
block-encoding, and neither loading nor read-out is charged. Named here so that its distance from the
honest price can be read off; it decides nothing.

Source: Li, Liu, Wang and Chen, arXiv:2405.00252, README of the authors' code.
"""

from __future__ import annotations

import sympy

from qres.notation.formula import Condition, Formula
from qres.notation.source import Q_NEWTON, Source
from qres.notation.symbols import symbols

_DIM, _SPARSITY, _KAPPA, _EPSILON, _GATE = symbols("dim sparsity kappa epsilon gate_time_s")
_QUERIES = _SPARSITY * _KAPPA * sympy.log(_DIM * _KAPPA / _EPSILON)
_README = Source("README of the authors' code", Q_NEWTON)
_CONDITIONS = (
    Condition(sympy.Ge(_DIM, 1), "dim >= 1"),
    Condition(sympy.Ge(_SPARSITY, 1), "sparsity >= 1"),
    Condition(sympy.Ge(_KAPPA, 1), "kappa >= 1"),
    Condition(sympy.And(_EPSILON > 0, _EPSILON < 1), "0 < epsilon < 1"),
)

QUERIES = Formula(
    name="newton.published.queries",
    meaning="gates of one solve as Q-Newton charges them, its hidden constant set to 1",
    expression=_QUERIES,
    inputs=("dim", "sparsity", "kappa", "epsilon"),
    source=_README,
    kind="asymptotic",
    conditions=_CONDITIONS,
)

RUNTIME_S = Formula(
    name="newton.published.runtime_s",
    meaning="time of one solve as Q-Newton charges it: gates one after the other",
    expression=_GATE * _QUERIES,
    inputs=("dim", "sparsity", "kappa", "epsilon", "gate_time_s"),
    source=_README,
    kind="asymptotic",
    unit="s",
    conditions=(*_CONDITIONS, Condition(_GATE > 0, "gate_time_s > 0")),
)

FORMULAS = (QUERIES, RUNTIME_S)
