"""T gates per rotation, from the precision that the error budget leaves to each."""

from __future__ import annotations

import sympy

from qres.notation.formula import Condition, Formula
from qres.notation.source import BEVERLAND_2022, ROSS_SELINGER, Source
from qres.notation.symbols import symbols

(_EPS,) = symbols("epsilon")
_RANGE = (Condition(sympy.And(_EPS > 0, _EPS < 1), "0 < epsilon < 1"),)

UNITARY_T = Formula(
    name="rotation.ross-selinger.t",
    meaning="T gates of one rotation synthesised as a unitary, error epsilon in operator norm",
    expression=sympy.ceiling(3 * sympy.log(1 / _EPS) / sympy.log(2)),
    inputs=("epsilon",),
    source=Source("3 log2(1/epsilon), lower-order terms left out", ROSS_SELINGER, "recalled"),
    kind="fitted",
    unit="T",
    letter="N_T",
    conditions=_RANGE,
)

MIXED_FALLBACK_T = Formula(
    name="rotation.mixed-fallback.t",
    meaning="T gates of one rotation as a mixture of fallback circuits, diamond error epsilon",
    expression=sympy.ceiling(
        sympy.Float("0.53") * sympy.log(1 / _EPS) / sympy.log(2) + sympy.Float("5.3")
    ),
    inputs=("epsilon",),
    source=Source("rotation cost, intercept 5.3", BEVERLAND_2022),
    kind="fitted",
    unit="T",
    letter="N_T",
    conditions=_RANGE,
)

FORMULAS = (UNITARY_T, MIXED_FALLBACK_T)
