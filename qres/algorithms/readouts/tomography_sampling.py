r"""Tomography to relative $l_2$ error from samples: $57.5\,d\ln(6d/\delta)/\epsilon^2$ a family."""

from __future__ import annotations

import sympy

from qres.algorithms.readouts.tomography import INPUTS, RANGE, sampled_tomography
from qres.notation.formula import Formula
from qres.notation.source import DALZELL_2022, Paper, Source
from qres.notation.symbols import symbols

KERENIDIS_PRAKASH = Paper(
    key="kerenidis2020",
    authors="Kerenidis and Prakash",
    title="A quantum interior point method for LPs and SDPs",
    year=2020,
    arxiv="1808.09266",
)

_DIM, _EPS, _FAIL = symbols("dim epsilon fail_prob")

COPIES = Formula(
    name="readout.tomography-l2-sampling.copies",
    meaning="executions of one circuit family (plain, or controlled for the signs)",
    expression=sympy.Float("57.5")
    * _DIM
    * sympy.log(6 * _DIM / _FAIL)
    / (_EPS**2 * (1 - _EPS**2 / 4)),
    inputs=INPUTS,
    source=Source("Proposition 4", DALZELL_2022),
    kind="proven",
    bound="upper",
    unit="states",
    letter="c",
    conditions=RANGE,
)

KP_COPIES = Formula(
    name="readout.tomography-kp.copies",
    meaning="states in total, both stages, for proven l2 error epsilon",
    expression=504 * _DIM * sympy.log(_DIM) / _EPS**2,
    inputs=INPUTS,
    source=Source(
        "two stages of 36 d ln d / delta^2, error sqrt(7) delta", KERENIDIS_PRAKASH, "recalled"
    ),
    kind="assumed",
    bound="upper",
    unit="states",
    letter="c",
    defaults={"fail_prob": 0.5},
    conditions=RANGE,
)

FORMULAS = (COPIES, KP_COPIES)

READOUT = sampled_tomography("tomography-sampling", "l2", COPIES)
