"""One prepared state as the result. No classical task equals it."""

from __future__ import annotations

import sympy

from qres.algorithms.readouts.base import Readout
from qres.notation.formula import define
from qres.notation.source import derived

READOUT = Readout(
    name="state",
    keys={"kind": "state"},
    modes=("coherent", "repeat"),
    definitions=lambda system, mode: (
        define(
            f"{system.name}.copies",
            "states prepared",
            sympy.Integer(1),
            derived("gates and registers of the circuits in qres.bloqs"),
        ),
    ),
    stages=lambda system, mode: (),
    parts=lambda parts, mode: [],
    amplified=lambda mode: 1 if mode == "coherent" else 0,
    has_plain=True,
    is_coherent=False,
    has_task=False,
)
