"""One prepared state as the result. No classical task equals it."""

from __future__ import annotations

import sympy

from qres.algorithms.readouts.base import Readout
from qres.notation.formula import Formula, define
from qres.notation.source import derived

COPIES = Formula(
    name="readout.state.copies",
    meaning="states prepared where the state itself is the result",
    expression=sympy.Integer(1),
    inputs=(),
    source=derived("definition"),
    unit="states",
    letter="c",
)

FORMULAS = (COPIES,)

READOUT = Readout(
    name="state",
    keys={"kind": "state"},
    modes=("coherent", "repeat"),
    definitions=lambda system, mode: (
        define(f"{system.name}.copies", COPIES.meaning, COPIES.expression, COPIES.source),
    ),
    stages=lambda system, mode: (),
    parts=lambda parts, mode: [],
    amplified=lambda mode: 1 if mode == "coherent" else 0,
    has_plain=True,
    is_coherent=False,
    has_task=False,
)
