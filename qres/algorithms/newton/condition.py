r"""Condition numbers of damped and pruned curvature matrices.

For a positive semi-definite $A$ the damped $A + \lambda_{\mathrm{reg}} I$ has
$\kappa \le 1 + \lambda_{\max}/\lambda_{\mathrm{reg}}$, with equality where $A$ is singular. Its largest
entry stands on the diagonal, so $\lambda_{\max} \le \mathrm{tr}\,A \le d\,\lVert A\rVert_{\max}$, and
damping relative to that entry gives $\kappa \le 1 + d/\epsilon_\lambda$: it is the damping, not the
network, that sets $\kappa$.

From the Frobenius norm and the determinant alone the best bound is that of Merikoski et al.: with
$\upsilon = d\ln(\lVert A\rVert_F/\sqrt d) - \ln\lvert\det A\rvert \ge 0$
$$ \kappa \le e^\upsilon\bigl(1 + \sqrt{1 - e^{-2\upsilon}}\bigr). $$
It is exact at $d = 2$, exponentially loose in $d$, and the determinant costs the factorisation that
the condition number is meant to help avoid. (In their letters $x = e^{-2\upsilon}$ and
$\kappa^2 \le (1 + \sqrt{1 - x})/(1 - \sqrt{1 - x})$, the same number without its cancellation.)

Dropping $E$ with $\rho = \lVert A^{-1}\rVert\lVert E\rVert < 1$ leaves
$\kappa' \le (\kappa + \rho)/(1 - \rho)$ and moves the solution by at most $\rho/(1-\rho)$ of its norm
(Weyl's inequality, and $x' - x = -(A-E)^{-1}(-E)x$).
"""

from __future__ import annotations

import sympy

from qres.notation.formula import Condition, Formula
from qres.notation.source import MERIKOSKI_1997, Source, derived
from qres.notation.symbols import symbols

_DIM, _KAPPA, _RHO = symbols("dim kappa perturbation")
_LARGEST, _DAMPING, _RELATIVE = symbols("lambda_max lambda_reg relative_damping")
_NORM, _LOG_DET, _VOLUME = symbols("frobenius_norm log_det log_volume")

_IS_SIZE = Condition(sympy.Ge(_DIM, 1), "dim >= 1")
_IS_VOLUME = Condition(sympy.Ge(_VOLUME, 0), "log_volume >= 0")
_IS_SMALL = Condition(
    sympy.And(sympy.Ge(_RHO, 0), _RHO < 1), "0 <= perturbation < 1, else nothing is left to invert"
)
_BEST = Source("the bound from norm and determinant", MERIKOSKI_1997, standing="recalled")

DAMPED = Formula(
    name="newton.damped.kappa",
    meaning="condition number of a positive semi-definite matrix after damping",
    expression=1 + _LARGEST / _DAMPING,
    inputs=("lambda_max", "lambda_reg"),
    source=derived("largest eigenvalue over the least that damping leaves; exact if singular"),
    kind="proven",
    bound="upper",
    conditions=(
        Condition(sympy.Ge(_LARGEST, 0), "lambda_max >= 0"),
        Condition(_DAMPING > 0, "lambda_reg > 0"),
    ),
)

RELATIVE = Formula(
    name="newton.relative-damping.kappa",
    meaning="condition number of any positive semi-definite matrix under relative damping",
    expression=1 + _DIM / _RELATIVE,
    inputs=("dim", "relative_damping"),
    source=derived("the trace is at most dim times the largest entry, which is on the diagonal"),
    kind="proven",
    bound="upper",
    conditions=(_IS_SIZE, Condition(_RELATIVE > 0, "relative_damping > 0")),
)

LOG_VOLUME = Formula(
    name="newton.merikoski.log_volume",
    meaning="logarithm of the largest determinant at this norm over the determinant",
    expression=_DIM * sympy.log(_NORM / sympy.sqrt(_DIM)) - _LOG_DET,
    inputs=("dim", "frobenius_norm", "log_det"),
    source=derived("arithmetic and geometric mean of the squared singular values"),
    conditions=(_IS_SIZE, Condition(_NORM > 0, "frobenius_norm > 0")),
)

MERIKOSKI = Formula(
    name="newton.merikoski.kappa",
    meaning="largest condition number at given dimension, Frobenius norm and determinant",
    expression=sympy.exp(_VOLUME) * (1 + sympy.sqrt(1 - sympy.exp(-2 * _VOLUME))),
    inputs=("log_volume",),
    source=_BEST,
    kind="proven",
    bound="upper",
    conditions=(_IS_VOLUME,),
)

MERIKOSKI_LOG10 = Formula(
    name="newton.merikoski.kappa_decades",
    meaning="decimal logarithm of that condition number, which overflows",
    expression=(_VOLUME + sympy.log(1 + sympy.sqrt(1 - sympy.exp(-2 * _VOLUME)))) / sympy.log(10),
    inputs=("log_volume",),
    source=_BEST,
    kind="proven",
    bound="upper",
    conditions=(_IS_VOLUME,),
)

PRUNED = Formula(
    name="newton.pruned.kappa",
    meaning="condition number after entries were dropped",
    expression=(_KAPPA + _RHO) / (1 - _RHO),
    inputs=("kappa", "perturbation"),
    source=derived("Weyl's inequality at both ends of the spectrum"),
    kind="proven",
    bound="upper",
    conditions=(Condition(sympy.Ge(_KAPPA, 1), "kappa >= 1"), _IS_SMALL),
)

PRUNED_STEP = Formula(
    name="newton.pruned.step_error",
    meaning="error of the solution from dropped entries, relative to its norm",
    expression=_RHO / (1 - _RHO),
    inputs=("perturbation",),
    source=derived("Neumann series of the inverse"),
    kind="proven",
    bound="upper",
    conditions=(_IS_SMALL,),
)

FORMULAS = (DAMPED, RELATIVE, LOG_VOLUME, MERIKOSKI, MERIKOSKI_LOG10, PRUNED, PRUNED_STEP)
