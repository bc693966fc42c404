r"""Tomography of a real vector to relative $l_2$ error, with signs.

Sampling measures copies of the state and of a controlled circuit for the signs, one family each.
Coherent access uses the preparing unitary and its inverse; its constant is unknown and set to 1,
so everything built on it is asymptotic. Only the direction is read, the norm is its own stage.
"""

from __future__ import annotations

import sympy

from qres.notation.formula import Condition, Formula
from qres.notation.source import DALZELL_2022, VAN_APELDOORN_2022, Paper, Source
from qres.notation.symbols import symbols

KERENIDIS_PRAKASH = Paper(
    key="kerenidis2020",
    authors="Kerenidis and Prakash",
    title="A quantum interior point method for LPs and SDPs",
    year=2020,
    arxiv="1808.09266",
)

_DIM, _EPS, _FAIL = symbols("dim epsilon fail_prob")
_INPUTS = ("dim", "epsilon", "fail_prob")
_RANGE = (
    Condition(sympy.Ge(_DIM, 1), "dim >= 1"),
    Condition(sympy.And(_EPS > 0, _EPS < 1), "0 < epsilon < 1"),
    Condition(sympy.And(_FAIL > 0, _FAIL < 1), "0 < fail_prob < 1"),
)

SAMPLING_COPIES = Formula(
    name="readout.tomography-l2-sampling.copies",
    meaning="executions of one circuit family (plain, or controlled for the signs)",
    expression=sympy.Float("57.5")
    * _DIM
    * sympy.log(6 * _DIM / _FAIL)
    / (_EPS**2 * (1 - _EPS**2 / 4)),
    inputs=_INPUTS,
    source=Source("Proposition 4", DALZELL_2022),
    kind="proven",
    bound="upper",
    unit="states",
    letter="c",
    conditions=_RANGE,
)

COHERENT_COPIES = Formula(
    name="readout.tomography-l2-coherent.copies",
    meaning="uses of the state preparation or its inverse, constant and further logarithms set to 1",
    expression=_DIM / _EPS * sympy.log(_DIM / _FAIL),
    inputs=_INPUTS,
    source=Source("Theta~(d/eps) for l2 error", VAN_APELDOORN_2022),
    kind="asymptotic",
    bound="lower",
    unit="states",
    letter="c",
    conditions=_RANGE,
)

KP_COPIES = Formula(
    name="readout.tomography-kp.copies",
    meaning="states in total, both stages, for proven l2 error epsilon",
    expression=504 * _DIM * sympy.log(_DIM) / _EPS**2,
    inputs=_INPUTS,
    source=Source(
        "two stages of 36 d ln d / delta^2, error sqrt(7) delta", KERENIDIS_PRAKASH, "recalled"
    ),
    kind="assumed",
    bound="upper",
    unit="states",
    letter="c",
    defaults={"fail_prob": 0.5},
    conditions=_RANGE,
)

FORMULAS = (SAMPLING_COPIES, COHERENT_COPIES, KP_COPIES)
