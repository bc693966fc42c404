r"""A linear observable $w\cdot u$ of the vector, to `error.total` $\lVert w\rVert\lVert u\rVert$.

The overlap of one run with $|\hat w\rangle$ is $A = \sqrt{P p_{\mathrm{run}}}\,\hat w\cdot\hat u$ and
is estimated as it stands: the cost has $1/\sqrt P$ without an amplification of its own. $P$ is that
of the system with the reference row.
"""

from __future__ import annotations

import sympy

from qres.algorithms.readouts.base import Mode
from qres.algorithms.readouts.functional import functional_definitions, overlap_readout
from qres.algorithms.readouts.norm import vector_root
from qres.algorithms.readouts.observable import estimate_definitions
from qres.algorithms.readouts.reference import REFERENCE_PART
from qres.algorithms.system import Definitions, System
from qres.notation.formula import Condition, Formula, define
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

_PROB, _ERROR, _WEIGHT, _NORM = symbols("success_prob error_abs weight_norm update_norm")
_LEVELS = symbol("index_bits")

AMPLITUDE = Formula(
    name="readout.observable-linear.amplitude_error",
    meaning="error of the overlap that an absolute error of w.u allows",
    expression=_ERROR * sympy.sqrt(_PROB) / (_WEIGHT * _NORM),
    inputs=("error_abs", "success_prob", "weight_norm", "update_norm"),
    source=derived("w.u = norm(w) norm(u) A / sqrt(P)"),
    kind="proven",
    letter=r"\epsilon_A",
    conditions=(
        Condition(_ERROR > 0, "error_abs > 0"),
        Condition(_WEIGHT > 0, "weight_norm > 0"),
        Condition(_NORM > 0, "update_norm > 0"),
        Condition(sympy.And(_PROB > 0, _PROB <= 1), "0 < success_prob <= 1"),
    ),
)

FORMULAS = (AMPLITUDE,)


def _definitions(system: System, mode: Mode) -> Definitions:
    left = (1 - REFERENCE_PART) * symbol("eps_observable")
    amplitude = AMPLITUDE.at(
        error_abs=symbol("observable_error"),
        success_prob=symbol("norm_prob"),
        update_norm=system.read_norm,
    )
    return (
        *functional_definitions(system, symbol("share_readout"), _LEVELS),
        define(
            f"{system.name}.observable_error",
            "absolute error that the overlap leaves to the observable",
            left * _WEIGHT * system.read_norm,
            derived("relative to norm(w) norm(u)"),
        ),
        define(
            f"{system.name}.eps_amplitude",
            AMPLITUDE.meaning,
            amplitude,
            AMPLITUDE.source,
            kind="proven",
        ),
        *estimate_definitions(system),
    )


READOUT = overlap_readout(
    "index_bits",
    name="observable-linear",
    keys={"kind": "observable", "of": "linear"},
    definitions=_definitions,
    root=vector_root,
    settings=("weight_norm",),
    relative_to="norm(w) times the norm of the vector",
)
