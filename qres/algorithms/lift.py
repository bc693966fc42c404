r"""The Carleman lift and its history matrix: normalisation, inverse, success probability.

The $T$ training steps and $p$ idle rows are one linear system $L x = b$ with
$L = I - \sum_{t=1}^{T}|t\rangle\langle t-1|\otimes M - \sum_{t=T+1}^{T+p}|t\rangle\langle t-1|\otimes I$.

At degree 1 the lift closes at truncation order $N = 1$: $M = I - \eta H$, no truncation error, and
the rescaling has no effect. With $g = \max|1 - \eta\lambda|$ over the spectrum

- $\lVert L^{-1}\rVert \le \sum_{d=0}^{T+p}\max_{\max(0,d-p)\le k\le\min(d,T)} g^k
  = \sum_{t=0}^{T} g^t + p\max(1, g^T)$, since block $(a, a-d)$ of $L^{-1}$ is $M^k$ with $k$ the
  number of true steps between,
- $\alpha_L = 1 + \max(\alpha_M, 1)$ with $\alpha_M = 1 + \eta\,\alpha_{F_1}$,
- $P = (p+1)\lVert u_T\rVert^2 / (\sum_{t<T}\lVert u_t\rVert^2 + (p+1)\lVert u_T\rVert^2)$.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import sympy

from qres.algorithms.carleman import plain
from qres.algorithms.solvers.frame import condition_number
from qres.errors import HypothesisError, InputError
from qres.notation.formula import Condition, Formula, at_least_one, define
from qres.notation.named import geometric
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

EXACT_ROWS = 20_000
"""Rows up to which the reference of the inverse is exact."""

ITERATIONS = 5
"""Steps of power iteration for more rows."""

_N, _M, _T, _P, _ETA, _G = symbols(
    "truncation_order map_order n_steps padding learning_rate growth"
)
_READ = symbol("z_read")
_LIFT = derived("block bounds of the history matrix of the lift")


def _lift_alpha(truncation_order: int, map_order: int, learning_rate: Any, alphas: Any) -> float:
    usable = alphas[1:] if truncation_order == 1 else alphas
    a = learning_rate * float(np.sum(usable))
    terms = range(min(map_order, truncation_order) + 1)
    return math.fsum(math.comb(truncation_order, i) * a**i for i in terms)


def _success_prob(z: np.ndarray, truncation_order: int, padding: int, z_read: Any = None) -> float:
    read = z[-1] if z_read is None else float(z_read)
    if z.ndim != 1 or len(z) < 1 or (z < 0).any() or z[-1] <= 0:
        raise InputError("history.success_prob: z is a list of numbers >= 0, the last one > 0")
    if not 0 < read <= z[-1]:
        raise InputError(
            f"history.success_prob: z_read must be > 0 and at most z_T = {z[-1]:g}, found {read:g}"
        )
    # powers of z > 1 are taken relative to the largest, so that they do not overflow
    largest = max(1.0, float(z.max()))
    scales = [largest ** (j - truncation_order) for j in range(1, truncation_order + 1)]
    powers = np.array([np.sum(np.power(z / largest, j)) for j in range(1, truncation_order + 1)])
    last = sum((z[-1] / largest) ** j * s for j, s in enumerate(scales, start=1))
    wanted = (read / largest) * scales[0]
    return float((padding + 1) * wanted / (powers @ scales + padding * last))


def _sum_of_norms() -> Any:
    i = sympy.Symbol("i", integer=True)
    k = sympy.Symbol("k", integer=True)
    alphas: Any = sympy.IndexedBase("alphas")
    a = _ETA * sympy.Sum(alphas[k], (k, 0, sympy.Symbol("q")))
    return sympy.Sum(sympy.binomial(_N, i) * a**i, (i, 0, sympy.Min(_M, _N)))


def _trajectory_ratio() -> Any:
    i, j = sympy.symbols("i j", integer=True)
    z: Any = sympy.IndexedBase("z")
    geometric_sum = sympy.Sum(z[i] ** j, (j, 1, _N), (i, 0, _T - 1))
    last = sympy.Sum(z[_T] ** j, (j, 1, _N))
    return (_P + 1) * _READ / (geometric_sum + (_P + 1) * last)


ALPHA = Formula(
    name="carleman.alpha",
    meaning="normalisation of the lifted map from those of the rescaled F_k (k = 0 first)",
    expression=_sum_of_norms(),
    inputs=("truncation_order", "map_order", "learning_rate", "alphas"),
    source=derived("linear combination over which i of N positions carry a factor"),
    kind="proven",
    letter=r"\alpha_M",
    conditions=at_least_one("truncation_order", "map_order"),
    evaluator=_lift_alpha,
    plain=plain.lift_alpha,
)

SUCCESS_PROB = Formula(
    name="history.success_prob",
    meaning="probability of finding block 1 at a time >= T in the normalised solution",
    expression=_trajectory_ratio(),
    inputs=("z", "truncation_order", "padding", "z_read"),
    source=derived(
        "history state of the exact lift, z_t = norm(u_t)^2 / gamma^2; z_read is z_T but for momentum"
    ),
    kind="proven",
    letter="P",
    defaults={"z_read": None},
    conditions=at_least_one("truncation_order"),
    evaluator=_success_prob,
    plain=plain.success_prob,
)

INVERSE_NORM = Formula(
    name="history.inverse_norm",
    meaning="bound on the norm of the inverse of the history matrix, truncation order 1",
    expression=geometric(_G, _T) + _P * sympy.Max(1, _G**_T),
    inputs=("growth", "n_steps", "padding"),
    source=_LIFT,
    kind="proven",
    bound="upper",
    letter=r"\lVert L^{-1}\rVert",
    conditions=(Condition(sympy.Ge(_G, 0), "growth >= 0"), *at_least_one("n_steps")),
)

FORMULAS = (ALPHA, SUCCESS_PROB, INVERSE_NORM)


def history_definitions(name: str, *, is_closed: bool = True) -> tuple[tuple[str, Formula], ...]:
    """Return the derived symbols of the degree-1 history matrix, in order of evaluation.

    Args:
        name: of the algorithm.
        is_closed: whether the norm of the inverse, the success probability and xi follow from the
            spectrum and the path; they are values of the job otherwise.
    """
    alpha_map, alpha_matrix = symbols("alpha_map alpha_matrix")
    encoded = (
        define(
            f"{name}.alpha_map",
            "normalisation of one encoded step",
            1 + _ETA * alpha_matrix,
            derived("carleman.alpha at truncation order 1"),
        ),
        define(
            f"{name}.alpha",
            "normalisation of the encoded history matrix",
            1 + sympy.Max(alpha_map, 1),
            derived("identity plus shifted step; the padding shares the step's branch"),
        ),
    )
    if not is_closed:
        return (*encoded, condition_number(name))
    inverse, *path = _closed_definitions(name)
    return (*inverse, *encoded, condition_number(name), *path)


def _closed_definitions(name: str) -> list[Any]:
    """Return growth and inverse norm together, then the symbols of the solution."""
    high, low, inverse = symbols("lambda_max lambda_min inverse_norm")
    last, energy, norm = symbols("update_norm path_energy history_norm")
    rhs, grad, steps = symbols("source_norm grad_norm segment_steps")
    return [
        (
            define(
                f"{name}.growth",
                "largest factor by which one step stretches an eigenvector",
                sympy.Max(sympy.Abs(1 - _ETA * high), sympy.Abs(1 - _ETA * low)),
                derived("affine in the eigenvalue, so the ends of the spectrum decide"),
            ),
            define(
                f"{name}.inverse_norm",
                INVERSE_NORM.meaning,
                INVERSE_NORM.at(n_steps=steps),
                INVERSE_NORM.source,
                kind="proven",
                bound="upper",
            ),
        ),
        define(
            f"{name}.history_norm",
            "norm of the solution: all steps and the idle rows",
            sympy.sqrt(energy + (_P + 1) * last**2),
            derived("truncation order 1, gamma = 1"),
        ),
        define(
            f"{name}.success_prob",
            SUCCESS_PROB.meaning,
            (_P + 1) * last**2 / norm**2,
            SUCCESS_PROB.source,
        ),
        define(
            f"{name}.source_norm",
            "norm of the right-hand side: the gradient step in each of T rows",
            _ETA * grad * sympy.sqrt(steps),
            derived("norm(b)^2 = T beta^2 at truncation order 1"),
        ),
        define(
            f"{name}.xi",
            "how much larger norm(L^-1) norm(b) is than norm(x)",
            inverse * rhs / norm,
            derived("definition"),
        ),
    ]


def check_growth(growth: float, n_steps: int) -> None:
    """Refuse a lift whose inverse is not a number any more.

    Raises:
        HypothesisError: the steps stretch so much that `norm(L^-1)` overflows.
    """
    if not math.isfinite(geometric.scalar(growth, n_steps)):
        raise HypothesisError(
            "max|1 - learning_rate lambda|^n_steps must stay finite",
            f"{growth:.4g}^{n_steps}",
            "< 1e308",
            "a smaller learning_rate or fewer n_steps would satisfy it",
        )


def linear_reference(growth_ends: tuple[Any, Any], n_steps: int, padding: int) -> float:
    r"""Return $\lVert L^{-1}\rVert$ of the worse of two one-eigenvalue history matrices.

    A lower reference for `history.inverse_norm`; equal to it for symmetric $H$ at truncation order 1
    if the worst eigenvalue is at an end of the spectrum. Beyond `EXACT_ROWS` rows a lower bound, from
    `ITERATIONS` steps of power iteration.

    Args:
        growth_ends: $1 - \eta\lambda$ at both ends of the spectrum, signs kept; one number, or one
            for each step.
        n_steps: T.
        padding: p.
    """
    from scipy.linalg import eigh_tridiagonal

    size, smallest = n_steps + padding + 1, math.inf
    if size > EXACT_ROWS:
        return max(_iterated(factor, n_steps, padding) for factor in growth_ends)
    for factor in growth_ends:
        # singular values of a bidiagonal matrix: eigenvalues of its Golub-Kahan tridiagonal form
        off = np.ones(2 * size - 1)
        off[1 : 2 * n_steps : 2] = -factor
        off[2 * n_steps + 1 :: 2] = -1.0
        middle = (size, size)
        value = eigh_tridiagonal(
            np.zeros(2 * size), off, eigvals_only=True, select="i", select_range=middle
        )[0]
        smallest = min(smallest, abs(float(value)))
    return math.inf if smallest == 0 else 1.0 / smallest


def _iterated(factor: Any, n_steps: int, padding: int) -> float:
    """Return a lower bound on the same of one eigenvalue, infinite on overflow."""
    from scipy.linalg.lapack import dtbtrs  # pyright: ignore[reportAttributeAccessIssue]

    size = n_steps + padding + 1
    bands = np.ones((2, size), order="F")
    # signs of the factors are signs of rows and columns
    bands[1, :n_steps], bands[1, n_steps:-1], bands[1, -1] = -np.abs(factor), -1.0, 0.0
    vector, norm = np.full(size, size**-0.5), 0.0
    for _ in range(ITERATIONS):
        solved, _ = dtbtrs(bands, vector, uplo="L", trans="N")
        norm = float(np.linalg.norm(solved))
        if not math.isfinite(norm):
            return math.inf
        vector, _ = dtbtrs(bands, solved / norm, uplo="L", trans="T")
        vector /= np.linalg.norm(vector)
    return norm
