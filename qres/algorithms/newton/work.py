r"""Classical work of one Newton step, and what it leaves for a quantum computer to beat.

Forming a Hessian block takes one product with every unit vector; a Fisher or Gauss-Newton block
$G^T G$ takes its $d^2$ entries over $B$ rows. A direct solve is Cholesky ($d^3/3$), LU ($2d^3/3$),
substitution ($2d^2$) where $L D L^T$ ($d^3/3$) was made to find the smallest singular value, or Woodbury's
identity
$$ (\lambda I + G^T G)^{-1} g = \tfrac1\lambda\bigl(g - G^T(\lambda I + G G^T)^{-1} G g\bigr), $$
which factors $B \times B$ in place of $d \times d$. Conjugate gradients need
$\lceil\tfrac12\sqrt\kappa\ln(2\sqrt\kappa/\epsilon)\rceil$ products: their error falls by
$2e^{-2k/\sqrt\kappa}$ in the energy norm, whose relative error is at least $1/\sqrt\kappa$ of that of
the solution.
"""

from __future__ import annotations

import sympy

from qres.algorithms.gradients import HVP_GRADIENTS
from qres.notation.formula import Condition, Formula
from qres.notation.source import derived
from qres.notation.symbols import symbols

_DIM, _ROWS, _KAPPA, _EPSILON = symbols("dim factor_rows kappa epsilon")
_PARAMS, _SAMPLES, _HVP = symbols("n_params n_samples hvp_gradients")
_CLASSICAL, _TOFFOLI = symbols("classical_s serial_toffoli")
_TRACE, _NORM = symbols("trace solution_norm")

_IS_SIZE = Condition(sympy.Ge(_DIM, 1), "dim >= 1")
_COUNTED = "multiplications and additions, leading order"

HESSIAN = Formula(
    name="newton.hessian.flops",
    meaning="operations that form a Hessian block: one product for every unit vector",
    expression=6 * _PARAMS * _SAMPLES * _HVP * _DIM,
    inputs=("dim", "n_params", "n_samples", "hvp_gradients"),
    source=derived("6 operations a parameter and sample in a gradient, times its products"),
    unit="FLOP",
    defaults={"hvp_gradients": HVP_GRADIENTS},
)

GRAM = Formula(
    name="newton.gram.flops",
    meaning="operations that form a Fisher or Gauss-Newton block from its factor",
    expression=2 * _ROWS * _DIM**2,
    inputs=("dim", "factor_rows"),
    source=derived(_COUNTED),
    unit="FLOP",
)

CHOLESKY = Formula(
    name="newton.cholesky.flops",
    meaning="operations of a Cholesky factorisation",
    expression=_DIM**3 / 3,
    inputs=("dim",),
    source=derived(_COUNTED),
    unit="FLOP",
)

LDL = Formula(
    name="newton.ldl.flops",
    meaning="operations of a factorisation L D L^T of a symmetric matrix, definite or not",
    expression=_DIM**3 / 3,
    inputs=("dim",),
    source=derived(_COUNTED),
    unit="FLOP",
)

SUBSTITUTION = Formula(
    name="newton.substitution.flops",
    meaning="operations of a solve with triangular factors that are there: both triangles once",
    expression=2 * _DIM**2,
    inputs=("dim",),
    source=derived(_COUNTED),
    unit="FLOP",
)

LU = Formula(
    name="newton.lu.flops",
    meaning="operations of an LU factorisation",
    expression=2 * _DIM**3 / 3,
    inputs=("dim",),
    source=derived(_COUNTED),
    unit="FLOP",
)

WOODBURY = Formula(
    name="newton.woodbury.flops",
    meaning="operations that solve a damped Gram matrix through its factor",
    expression=2 * _ROWS**2 * _DIM + _ROWS**3 / 3 + 4 * _ROWS * _DIM,
    inputs=("dim", "factor_rows"),
    source=derived("the small Gram matrix, its Cholesky factor, two products with the factor"),
    unit="FLOP",
)

CG = Formula(
    name="newton.cg.iterations",
    meaning="products that conjugate gradients need for a relative error of the solution",
    expression=sympy.ceiling(sympy.sqrt(_KAPPA) * sympy.log(2 * sympy.sqrt(_KAPPA) / _EPSILON) / 2),
    inputs=("kappa", "epsilon"),
    source=derived("Chebyshev bound in the energy norm, times sqrt(kappa)"),
    kind="proven",
    bound="upper",
    conditions=(
        Condition(sympy.Ge(_KAPPA, 1), "kappa >= 1"),
        Condition(_EPSILON > 0, "epsilon > 0"),
    ),
)

BREAK_EVEN = Formula(
    name="newton.break-even.gate_time_s",
    meaning="time of one Toffoli gate at which the quantum route ties with the classical one",
    expression=_CLASSICAL / _TOFFOLI,
    inputs=("classical_s", "serial_toffoli"),
    source=derived("gates one after the other"),
    unit="s",
    conditions=(
        Condition(sympy.Ge(_CLASSICAL, 0), "classical_s >= 0"),
        Condition(sympy.Ge(_TOFFOLI, 1), "serial_toffoli >= 1"),
    ),
)

NOISE = Formula(
    name="newton.noisy-step.excess_loss",
    meaning="expected loss above the minimum of a quadratic after one step with isotropic error",
    expression=_EPSILON**2 * _NORM**2 * _TRACE / (2 * _DIM),
    inputs=("epsilon", "solution_norm", "trace", "dim"),
    source=derived("mean of e.A.e/2 over directions e of norm epsilon times norm(x)"),
    kind="proven",
    conditions=(_IS_SIZE,),
)

FORMULAS = (
    HESSIAN,
    GRAM,
    CHOLESKY,
    LDL,
    SUBSTITUTION,
    LU,
    WOODBURY,
    CG,
    BREAK_EVEN,
    NOISE,
)
