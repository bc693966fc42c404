r"""Singular value transformation with the polynomial of Childs, Kothari and Somma.

Claim: with $b = \lceil\kappa^2\ln(\kappa/\epsilon)\rceil$ and $D = \lceil\sqrt{b\ln(4b/\epsilon)}\rceil$ the
Chebyshev series of $(1 - (1-x^2)^b)/x$, cut off at degree $2D + 1$, approximates $1/x$ on
$[1/\kappa, 1]$.

Source: Childs, Kothari and Somma, arXiv:1511.02306, Chebyshev approach of Section 4 (recalled).

Departures: see `qres.algorithms.solvers.qsvt`. The paper bounds the error by $2\epsilon$. The first
part is at most $\kappa(1 - \kappa^{-2})^b \le \epsilon$, and the cut adds no more than
$\epsilon/(2(D+1))$ (derived in `qres.notation.inversion`), so the error is
$\epsilon(1 + 1/(2D+2))$, and $\epsilon$ is used.
"""

from __future__ import annotations

import sympy

from qres.algorithms.solvers.frame import EPSILON, KAPPA
from qres.algorithms.solvers.qsvt import qsvt_formulas, qsvt_solver
from qres.notation.inversion import cks_scale
from qres.notation.source import CHILDS_2017, Source

_EXPONENT = sympy.Max(1, sympy.ceiling(KAPPA**2 * sympy.log(KAPPA / EPSILON)))
_TERMS = sympy.ceiling(sympy.sqrt(_EXPONENT * sympy.log(4 * _EXPONENT / EPSILON)))

FORMULAS = qsvt_formulas(
    "qsvt-cks",
    2 * _TERMS + 1,
    cks_scale(KAPPA, EPSILON),
    Source("Section 4, Chebyshev approach, degree 2D + 1", CHILDS_2017, "recalled"),
)

SOLVER = qsvt_solver("qsvt-cks", FORMULAS)
