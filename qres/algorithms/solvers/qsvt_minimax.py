r"""Singular value transformation with the best odd polynomial for $1/x$.

Claim: the least error of an odd polynomial of degree $2n - 1$ on $[a, 1]$, $a = 1/\kappa$, is
$(1-a)^n/(a(1+a)^{n-1})$, so the degree for error $\epsilon$ is
$2\lceil\ln\frac{\kappa+1}{\epsilon}\big/\ln\frac{\kappa+1}{\kappa-1}\rceil - 1$.

Source: Sünderhauf, Németh, Walayat, Patterson and Berntson, arXiv:2507.15537, Theorem 1; derived
again in `qres.notation.inversion`.

Departures: see `qres.algorithms.solvers.qsvt`. The error is that of $1/x$, not of $1/(\kappa x)$. The
polynomial exceeds $\kappa$ inside $(-a, a)$, so its scale is computed and never taken as 1.
"""

from __future__ import annotations

from qres.algorithms.solvers.frame import EPSILON, KAPPA
from qres.algorithms.solvers.qsvt import qsvt_formulas, qsvt_solver
from qres.notation.inversion import minimax_scale, minimax_terms
from qres.notation.source import SUENDERHAUF_2025, Source

FORMULAS = qsvt_formulas(
    "qsvt-minimax",
    2 * minimax_terms(KAPPA, EPSILON) - 1,
    minimax_scale(KAPPA, EPSILON),
    Source("Theorem 1", SUENDERHAUF_2025),
)

SOLVER = qsvt_solver("qsvt-minimax", FORMULAS)
