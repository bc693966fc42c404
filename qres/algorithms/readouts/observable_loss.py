r"""The change of the loss, to the absolute error `error.total`.

In the Taylor model of degree $q + 1$ it is linear in the lifted vector,
$L(c + u) - L(c) = \lVert W\rVert\,\hat W\cdot y$ with the rows $\gamma\nabla L$,
$\gamma^2\mathrm{vec}(H)/2$, $\gamma^3\mathrm{vec}(T_3)/6$ of $W$, so the lift must reach order $q + 1$.
With $K = \lVert W\rVert\lVert u\rVert/(\gamma\sqrt P)$ it is $K A$, and the product of an amplitude
and a norm off by $e$ each is off by $K(2e + e^2)$.

**Errors of the state.** Beside the reference the overlap is $A/\sqrt{1+P}$ and the reference has
$\sqrt{P/(1+P)}$. A state off by $\epsilon$ moves the first by $\epsilon_A$, the second by
$\epsilon_R$, $\epsilon_A^2 + \epsilon_R^2 \le \epsilon^2$, so with $|A| \le 1$ the loss is off by
$K\sqrt{1+P}\,(\epsilon_A + \epsilon_R/\sqrt P)/(1-y) \le K\frac{1+P}{\sqrt P}\,\epsilon/(1 - y)$,
$y = \epsilon\sqrt{(1+P)/P}$. With $E$ the sum of the shares
$\epsilon = \mathrm{share}\,\sqrt P/((1+P)(K+E))$ leaves $1/(1-y) \le 1 + E/K$, so all is within $E$.

Written for degree 2: $r + r s + r s^2$ entries, the row sparsity of the third derivative taken as
$s^2$. The number of an entry is mapped to its place in the lift and taken away, see `reference`. The
loss's own model error is not in it.
"""

from __future__ import annotations

from typing import Any

import sympy

from qres.algorithms.readouts.base import Mode
from qres.algorithms.readouts.functional import functional_definitions, overlap_readout
from qres.algorithms.readouts.observable import estimate_definitions
from qres.algorithms.readouts.reference import REFERENCE_PART
from qres.algorithms.system import Definitions, System
from qres.notation.formula import Condition, Formula, define
from qres.notation.named import ceil_log2
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

_PROB, _ERROR, _NORM, _GAMMA = symbols("success_prob error_abs update_norm rescaling")
_GRAD, _HESSIAN, _THIRD = symbols("grad_norm frobenius_norm t3_frobenius")
_W, _LEVELS, _SHARE = symbols("functional_norm functional_levels share_readout")

NORM = Formula(
    name="readout.observable-loss.functional_norm",
    meaning="norm of the loss as a row on the lifted vector, degree 2",
    expression=sympy.sqrt(
        (_GAMMA * _GRAD) ** 2 + (_GAMMA**2 * _HESSIAN / 2) ** 2 + (_GAMMA**3 * _THIRD / 6) ** 2
    ),
    inputs=("rescaling", "grad_norm", "frobenius_norm", "t3_frobenius"),
    source=derived("Taylor coefficients of the loss in rescaled variables"),
    kind="proven",
    letter=r"\lVert W\rVert",
    conditions=(Condition(_GAMMA > 0, "rescaling > 0"),),
)

AMPLITUDE = Formula(
    name="readout.observable-loss.amplitude_error",
    meaning="error of the overlap that an absolute error of the loss allows",
    expression=_ERROR * _GAMMA * sympy.sqrt(_PROB) / (_W * _NORM),
    inputs=("error_abs", "rescaling", "success_prob", "functional_norm", "update_norm"),
    source=derived("loss(c + u) - loss(c) = norm(W) norm(u) A / (gamma sqrt(P))"),
    kind="proven",
    letter=r"\epsilon_A",
    conditions=(
        Condition(_ERROR > 0, "error_abs > 0"),
        Condition(_W > 0, "functional_norm > 0"),
        Condition(_NORM > 0, "update_norm > 0"),
        Condition(sympy.And(_PROB > 0, _PROB <= 1), "0 < success_prob <= 1"),
    ),
)

FORMULAS = (NORM, AMPLITUDE)

_ENTRIES = symbol("dim") * (1 + symbol("sparsity") + symbol("sparsity") ** 2)


def _definitions(system: System, mode: Mode) -> Definitions:
    largest = {"success_prob": symbol("norm_prob"), "update_norm": system.read_norm}
    return (
        define(
            f"{system.name}.functional_levels",
            "qubits that number the entries of the loss's row",
            ceil_log2(_ENTRIES),
            derived("one entry of gradient, Hessian and third derivative each"),
        ),
        define(
            f"{system.name}.functional_norm",
            NORM.meaning,
            NORM.expression,
            NORM.source,
            kind="proven",
        ),
        *functional_definitions(system, AMPLITUDE.at(error_abs=_SHARE, **largest), _LEVELS),
        define(
            f"{system.name}.eps_amplitude",
            AMPLITUDE.meaning,
            (1 - REFERENCE_PART) * symbol("eps_observable"),
            AMPLITUDE.source,
            kind="proven",
        ),
        *estimate_definitions(system),
    )


def _root(system: System) -> Any:
    amplitude = AMPLITUDE.at(
        error_abs=1, functional_norm=NORM.expression, update_norm=system.read_norm
    )
    names = ("share_encoding", "share_solver", "share_rotation", "share_readout")
    whole = sympy.Add(*symbols(" ".join(names)))
    return 2 * sympy.sqrt(_PROB) / ((1 + _PROB) * (1 / amplitude + whole))


READOUT = overlap_readout(
    "functional_levels",
    _ENTRIES,
    name="observable-loss",
    keys={"kind": "observable", "of": "loss"},
    definitions=_definitions,
    needs=("sparsity", "grad_norm", "frobenius_norm", "t3_frobenius"),
    root=_root,
    most_degree=2,
    least_order=lambda degree: degree + 1,
    systems=("carleman-gd",),
    relative_to="nothing: it is the absolute error of the loss",
)
