r"""Coherent tomography to relative $l_2$ error: $\tilde\Theta(d/\epsilon)$ uses of the preparation."""

from __future__ import annotations

import sympy

from qres.algorithms.readouts.tomography import INPUTS, RANGE, tomography
from qres.notation.formula import Formula
from qres.notation.source import VAN_APELDOORN_2022, Source
from qres.notation.symbols import symbols

_DIM, _EPS, _FAIL = symbols("dim epsilon fail_prob")

COPIES = Formula(
    name="readout.tomography-l2-coherent.copies",
    meaning="uses of the state preparation or its inverse, constant and further logarithms set to 1",
    expression=_DIM / _EPS * sympy.log(_DIM / _FAIL),
    inputs=INPUTS,
    source=Source("Theta~(d/eps) for l2 error", VAN_APELDOORN_2022),
    kind="asymptotic",
    bound="lower",
    unit="states",
    letter="c",
    conditions=RANGE,
)

FORMULAS = (COPIES,)

READOUT = tomography("tomography-coherent", "l2", COPIES)
