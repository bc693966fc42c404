r"""How far a truncated Carleman lift can be off, before a single step is run.

With $g_0 \ge \eta\lVert F_0\rVert$, $g_1 \ge g = \max|1 - \eta\lambda|$ and
$g_k \ge \eta\lVert F_k\rVert_{\mathrm{inj}}$, the scalar map $\varphi(x) = \sum_k g_k x^k$ majorises
the training step and
$$\lVert y_1(T) - u_T\rVert \le E_N(T) = \varphi^{\circ T}(\lVert u_0\rVert) - y_1^{\mathrm{scalar}}(T).$$
Both lifts are sums over paths of block indices; the truncated one keeps the paths that stay at or
below $N$, each dropped path acts on product vectors, so it is bounded by the same path of the
scalars $g_k$. The bound holds for the exact map, any growth and any forcing. It is computed without
cancellation from $c_j(x) = \varphi(x)^j$:
$$d_j(t+1) = \sum_{1\le k\le N} [x^k]c_j\, d_k(t) + \sum_{k>N} [x^k]c_j\, x_t^k,\qquad
x_{t+1} = \varphi(x_t),\qquad E_N(T) = d_1(T).$$
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from qres.algorithms.carleman import plain
from qres.algorithms.carleman.recurrence import (
    Repetition,
    power_coefficients,
    scan_affine,
    weigh_powers,
)
from qres.errors import HypothesisError, InputError
from qres.notation.formula import Condition, Formula, at_least_one
from qres.notation.named import geometric
from qres.notation.source import derived
from qres.notation.symbols import symbols

EXACT_STEPS = 20_000
"""Steps that are computed one by one; beyond them the bound is continued in windows."""

WINDOW_RATIO = 1.002
"""How far the majorant may climb inside one window."""

SHORTEST_WINDOW = 64
"""A window of fewer steps costs more than those steps themselves."""

_CHUNK = 4096


@dataclass(frozen=True)
class ScalarLift:
    r"""The scalar lift of $\varphi$, and what it drops.

    Args:
        phi: coefficients $g_k \ge 0$, k = 0 first.
        matrix: $[x^k]\varphi^j$ for j, k = 1..N, shape `(N, N)`.
        dropped: $[x^k]\varphi^j$ for j = 1..N where k > N, zero elsewhere.
    """

    phi: tuple[float, ...]
    matrix: np.ndarray
    dropped: np.ndarray

    @classmethod
    def build(cls, phi: Any, truncation_order: int) -> ScalarLift:
        """Return the lift.

        Raises:
            InputError: a coefficient is negative, or the order is below 1.
        """
        values = np.asarray(phi, dtype=float)
        if values.ndim != 1 or not values.size or not (values >= 0).all():
            raise InputError("carleman: phi is a list of numbers >= 0, k = 0 first")
        if truncation_order < 1:
            raise InputError(f"carleman: truncation_order must be >= 1, found {truncation_order}")
        table = power_coefficients(values, truncation_order)[1:]
        width = max(0, truncation_order + 1 - table.shape[1])
        table = np.pad(table, ((0, 0), (0, width)))
        dropped = table.copy()
        dropped[:, : truncation_order + 1] = 0.0
        return cls(tuple(values.tolist()), table[:, 1 : truncation_order + 1], dropped)

    def step(self, x: float) -> float:
        r"""Return $\varphi(x)$, infinite on overflow."""
        found = 0.0
        for coefficient in reversed(self.phi):
            found = found * x + coefficient
        return found

    def follow(self, x: float, n_steps: int) -> np.ndarray:
        r"""Return $x_0 \dots x_T$; a fixed or infinite value repeats itself."""
        found = [x]
        for _ in range(n_steps):
            after = self.step(x)
            if after == x or not math.isfinite(after):
                return np.array(found + [after] * (n_steps + 1 - len(found)))
            found.append(after)
            x = after
        return np.array(found)

    def scan(self, x: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
        r"""Return $d_j(t)$ along $x_0 \dots x_T$, shape `(T + 1, N)`."""
        return scan_affine(self.matrix, weigh_powers(self.dropped, x[:-1]), start)


def truncation_bound(phi: Any, x0: float, truncation_order: int, n_steps: int) -> float:
    r"""Return $E_N(T)$, infinite as soon as anything overflows.

    Exact up to `EXACT_STEPS` steps. Beyond them an upper bound: $\varphi$ is convex, so from
    $n \max(\varphi(x)-x, \varphi(X)-X) \le X - x$ follows $x_t \le X$ for the next n steps; the
    sources are frozen at $X$ and the affine map is repeated n times by squaring.

    Args:
        phi: coefficients $g_k \ge 0$ of the majorant, k = 0 first.
        x0: $\lVert u_0\rVert \ge 0$, in the units of u.
        truncation_order: N >= 1.
        n_steps: T >= 0.

    Raises:
        InputError: a coefficient, x0 or n_steps is negative, or N < 1.
    """
    _check_start(x0, n_steps)
    lift = ScalarLift.build(phi, truncation_order)
    head = min(n_steps, EXACT_STEPS)
    x = lift.follow(float(x0), head)
    errors = lift.scan(x)[-1]
    if head == n_steps or not np.isfinite(errors).all():
        return float(errors[0])
    return _climb(lift, float(x[-1]), errors, n_steps - head)


def truncation_curve(phi: Any, x0: float, truncation_order: int, n_steps: int) -> np.ndarray:
    r"""Return $E_N(t)$ for t = 0..T, shape `(T + 1,)`, every step exact."""
    _check_start(x0, n_steps)
    lift = ScalarLift.build(phi, truncation_order)
    return lift.scan(lift.follow(float(x0), n_steps))[:, 0]


def segment_steps(
    phi: Any, x0: float, truncation_order: int, tolerance: float, max_steps: int
) -> int:
    r"""Return the longest $T \le$ `max_steps` with $E_N(T) \le$ `tolerance`, 0 if there is none.

    $E_N$ is non-decreasing in T for $g_1 \ge 1$, where the first failure ends the search; for
    $g_1 < 1$ every T is looked at.

    Raises:
        InputError: as `truncation_bound`; or the tolerance is negative.
    """
    _check_start(x0, max_steps)
    if not tolerance >= 0:
        raise InputError(f"carleman.segment_steps: tolerance must be >= 0, found {tolerance}")
    lift = ScalarLift.build(phi, truncation_order)
    is_monotone = len(lift.phi) > 1 and lift.phi[1] >= 1
    done, longest, size, last = 0, 0, 256, float(x0)
    errors = np.zeros(truncation_order)
    while done < max_steps and np.isfinite(errors).all():
        x = lift.follow(last, min(size, max_steps - done))
        scanned = lift.scan(x, errors)
        passes = np.flatnonzero(scanned[1:, 0] <= tolerance)
        fails = np.flatnonzero(~(scanned[1:, 0] <= tolerance))
        if is_monotone and fails.size:
            return done + int(fails[0])
        longest = done + int(passes[-1]) + 1 if passes.size else longest
        done, last, errors = done + len(x) - 1, float(x[-1]), scanned[-1]
        size = min(4 * size, 65_536)
    return longest


def finite_horizon_ratio(phi: Any, x0: float, n_steps: int) -> float:
    r"""Return $r_T = C\, x_0\, G_T$, $C = \max_{k\ge2}(g_k/g_1)^{1/(k-1)}$, $G_T = \sum_{t<T} g_1^t$.

    With forcing ($g_0 > 0$) it is an indicator to print, with $\max_t\lVert u_t\rVert$ for `x0`,
    and bounds nothing.

    Raises:
        InputError: a coefficient, x0 or n_steps is negative, or $g_1 = 0$.
    """
    _check_start(x0, n_steps)
    values = ScalarLift.build(phi, 1).phi
    if len(values) < 2 or values[1] == 0:
        raise InputError("carleman.finite_horizon_ratio: phi needs a linear part g_1 > 0")
    growth = values[1]
    roots = [(g / growth) ** (1 / (k - 1)) for k, g in enumerate(values) if k >= 2]
    steepness = max(roots, default=0.0) * x0
    return float(steepness * geometric.scalar(growth, n_steps - 1)) if steepness else 0.0


def closed_bound(phi: Any, x0: float, truncation_order: int, n_steps: int) -> float:
    r"""Return $g_1^T x_0 r_T^N / (1 - r_T) \ge E_N(T)$ of a majorant without forcing.

    $\varphi \le \psi(x) = g_1 x/(1 - C x)$ coefficient by coefficient, $\psi^{\circ T}$ is a Moebius
    map, and $E_N$ is its tail above degree N.

    Raises:
        HypothesisError: there is forcing, or $r_T \ge 1$.
        InputError: as `finite_horizon_ratio`.
    """
    ratio = finite_horizon_ratio(phi, x0, n_steps)
    if phi[0] != 0:
        raise HypothesisError("no forcing, g_0", phi[0], 0, "carleman.truncation_bound takes it")
    if not ratio < 1:
        raise HypothesisError("r_T < 1", f"{ratio:.4g}", "< 1", "fewer steps would satisfy it")
    return CLOSED_BOUND(
        growth=phi[1],
        x0=x0,
        finite_horizon_ratio=ratio,
        truncation_order=truncation_order,
        n_steps=n_steps,
    )


def _check_start(x0: float, n_steps: int) -> None:
    if not x0 >= 0:
        raise InputError(f"carleman: x0 must be >= 0, found {x0}")
    if not isinstance(n_steps, int | np.integer) or n_steps < 0:
        raise InputError(f"carleman: the number of steps must be whole and >= 0, found {n_steps}")


def _climb(lift: ScalarLift, x: float, errors: np.ndarray, n_steps: int) -> float:
    """Continue an error of block 1 by upper bounds, window by window."""
    repetition = Repetition(lift.matrix, n_steps)
    while n_steps:
        ceiling, length = _window(lift, x, n_steps)
        if length < min(n_steps, SHORTEST_WINDOW):
            path = lift.follow(x, min(_CHUNK, n_steps))
            errors, x, length = lift.scan(path, errors)[-1], float(path[-1]), len(path) - 1
        else:
            source = weigh_powers(lift.dropped, np.array([ceiling]))[0]
            errors, x = repetition.apply(errors, source, length), ceiling
        if not np.isfinite(errors).all():
            return math.inf
        n_steps -= length
    return float(errors[0])


def _window(lift: ScalarLift, x: float, n_steps: int) -> tuple[float, int]:
    """Return (X, n): the majorant stays at or below X for the next n steps."""
    rise = lift.step(x) - x
    if rise <= 0:
        return x, n_steps
    ceiling = x * WINDOW_RATIO
    at_ceiling = lift.step(ceiling) - ceiling
    if at_ceiling <= 0:
        return ceiling, n_steps
    return ceiling, int(min(n_steps, (ceiling - x) // max(rise, at_ceiling)))


_N, _T, _X, _R, _G, _TOL = symbols(
    "truncation_order n_steps x0 finite_horizon_ratio growth tolerance"
)
_IS_START = Condition(sympy.Ge(_X, 0), "x0 >= 0")
_HAS_ORDER = at_least_one("truncation_order")
_HAS_ORDER_AND_STEPS = at_least_one("truncation_order", "n_steps")
_iterate: Any = sympy.Function("varphi_T")
_lift_scalar: Any = sympy.Function("y_1")
_longest: Any = sympy.Function("longest")
_steepest: Any = sympy.Function("steepness")
_MAJORANT = derived("paths of block indices above N, bounded by those of a scalar map")
_TAIL = _iterate(_X) - _lift_scalar(_N, _T)

TRUNCATION_BOUND = Formula(
    name="carleman.truncation_bound",
    meaning="a-priori bound on the truncation error: T-fold iterate of phi minus its scalar lift",
    expression=_TAIL,
    inputs=("phi", "x0", "truncation_order", "n_steps"),
    source=_MAJORANT,
    kind="proven",
    bound="upper",
    letter="E_N(T)",
    conditions=(_IS_START, *_HAS_ORDER_AND_STEPS),
    evaluator=truncation_bound,
    plain=plain.truncation_bound,
)

SEGMENT_STEPS = Formula(
    name="carleman.segment_steps",
    meaning="longest T whose a-priori truncation bound stays within the tolerance",
    expression=_longest(sympy.Le(_TAIL, _TOL)),
    inputs=("phi", "x0", "truncation_order", "tolerance", "max_steps"),
    source=_MAJORANT,
    kind="proven",
    bound="lower",
    unit="steps",
    letter=r"T_{\mathrm{seg}}",
    conditions=(_IS_START, *_HAS_ORDER, Condition(sympy.Ge(_TOL, 0), "tolerance >= 0")),
    evaluator=segment_steps,
    plain=plain.segment_steps,
)

FINITE_HORIZON_RATIO = Formula(
    name="carleman.finite_horizon_ratio",
    meaning="nonlinearity over dissipation within T steps; a bound follows where g_0 = 0",
    expression=_steepest(sympy.Symbol("phi")) * _X * geometric(_G, _T - 1),
    inputs=("phi", "x0", "n_steps"),
    source=derived("max over k >= 2 of (g_k/g_1)^(1/(k-1)), x_0 and sum over t < T of g_1^t"),
    kind="proven",
    letter="r_T",
    conditions=(_IS_START, *at_least_one("n_steps")),
    evaluator=finite_horizon_ratio,
    plain=plain.finite_horizon_ratio,
)

CLOSED_BOUND = Formula(
    name="carleman.closed_bound",
    meaning="closed form above the a-priori truncation bound, without forcing; growth is g_1",
    expression=_G**_T * _X * _R**_N / (1 - _R),
    inputs=("growth", "x0", "finite_horizon_ratio", "truncation_order", "n_steps"),
    source=derived("tail above degree N of the iterated Moebius majorant g x/(1 - C x)"),
    kind="proven",
    bound="upper",
    letter=r"\bar E_N(T)",
    conditions=(
        _IS_START,
        *_HAS_ORDER_AND_STEPS,
        Condition(sympy.And(_R >= 0, _R < 1), "0 <= finite_horizon_ratio < 1"),
    ),
)

FORMULAS = (TRUNCATION_BOUND, SEGMENT_STEPS, FINITE_HORIZON_RATIO, CLOSED_BOUND)
