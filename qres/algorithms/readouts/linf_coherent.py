r"""Coherent tomography of every entry to $\epsilon\lVert u\rVert$: about $\sqrt d/\epsilon$ uses.

Source: van Apeldoorn et al., arXiv:2207.08800, Proposition 22:
$O((\sqrt d/\epsilon)\log(d/\delta))$ uses of the preparation and its inverse. The constant is unknown
and set to 1; the indexed swaps, as many again times a logarithm, are left out.
"""

from __future__ import annotations

import sympy

from qres.algorithms.readouts.tomography import INPUTS, RANGE, tomography
from qres.notation.formula import Formula
from qres.notation.source import VAN_APELDOORN_2022, Source
from qres.notation.symbols import symbols

_DIM, _EPS, _FAIL = symbols("dim epsilon fail_prob")

COPIES = Formula(
    name="readout.tomography-linf-coherent.copies",
    meaning="uses of the state preparation or its inverse for every entry to epsilon, constant 1",
    expression=sympy.sqrt(_DIM) / _EPS * sympy.log(_DIM / _FAIL),
    inputs=INPUTS,
    source=Source("Proposition 22", VAN_APELDOORN_2022),
    kind="asymptotic",
    bound="lower",
    unit="states",
    letter="c",
    conditions=RANGE,
)

FORMULAS = (COPIES,)

READOUT = tomography("tomography-linf-coherent", "linf", COPIES)
