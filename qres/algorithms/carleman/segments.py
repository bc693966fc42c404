r"""Training in segments: how local errors add up, and how to split a read-out error.

Segment s starts at the classical vector that segment s - 1 was read out to. Lipschitz constants
multiply, so $\lVert\hat\theta_K - \theta_T\rVert \le \sum_s \Lambda_s d_s$ with
$\Lambda_s = \prod_{s'>s} g_{s'}^{T_{s'}}$. With weights $w_s = \Lambda_s\lVert u_s\rVert$ a read-out
error $E = \sum_s w_s\epsilon_s$ is split (Lagrange) as
$$\text{sampling: } \epsilon_s = \frac{E\,w_s^{-1/3}}{\sum w^{2/3}},\quad
\sum_s\epsilon_s^{-2} = \frac{(\sum w^{2/3})^3}{E^2};\qquad
\text{coherent: } \epsilon_s = \frac{E\,w_s^{-1/2}}{\sum w^{1/2}},\quad
\sum_s\epsilon_s^{-1} = \frac{(\sum w^{1/2})^2}{E}.$$
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import sympy

from qres.algorithms.carleman import plain
from qres.errors import InputError
from qres.notation.formula import Condition, Formula
from qres.notation.source import derived
from qres.notation.symbols import symbol

Access = Literal["sampling", "coherent"]

_POWERS: dict[Access, int] = {"sampling": 2, "coherent": 1}
"""The cost of one read-out grows as the inverse of its error to this power."""


def carry_factors(growths: Sequence[float], steps: Sequence[int]) -> np.ndarray:
    r"""Return $\Lambda_s = \prod_{s'>s} g_{s'}^{T_{s'}}$ of every segment; the last is 1.

    Args:
        growths: $g_s$, the largest norm of $I - \eta H$ on the segments joining the two paths.
        steps: $T_s$.

    Raises:
        InputError: the lists differ in length, are empty, or hold negative numbers.
    """
    if len(growths) != len(steps) or not len(steps):
        raise InputError(f"segments: {len(growths)} growths for {len(steps)} segments")
    if min(growths) < 0 or min(steps) < 0:
        raise InputError("segments: growths and steps must be >= 0")
    with np.errstate(over="ignore"):
        factors = np.power(np.asarray(growths, float), np.asarray(steps, float))[:0:-1]
        return np.append(np.cumprod(factors)[::-1], 1.0)


def split_readout(weights: Any, epsilon: float, access: Access) -> np.ndarray:
    r"""Return the read-out error $\epsilon_s$ of every segment, $\sum_s w_s\epsilon_s = E$.

    Args:
        weights: $w_s = \Lambda_s\lVert u_s\rVert > 0$.
        epsilon: E, absolute, in the units of the weights.
        access: `sampling` (cost $\epsilon^{-2}$) or `coherent` (cost $\epsilon^{-1}$).

    Raises:
        InputError: a weight or the error is not positive.
    """
    w = _positive(weights)
    if not epsilon > 0:
        raise InputError(f"segments: epsilon must be > 0, found {epsilon}")
    power = _POWERS[access]
    return epsilon * w ** (-1 / (power + 1)) / np.sum(w ** (power / (power + 1)))


def _sampling_factor(segment_weights: np.ndarray, epsilon: float) -> float:
    return float(np.sum(_counted(segment_weights) ** (2 / 3)) ** 3 / float(epsilon) ** 2)


def _coherent_factor(segment_weights: np.ndarray, epsilon: float) -> float:
    return float(np.sum(np.sqrt(_counted(segment_weights))) ** 2 / float(epsilon))


def _positive(weights: Any) -> np.ndarray:
    found = _counted(weights)
    if not (found > 0).all():
        raise InputError("segments: the weights are a list of numbers > 0")
    return found


def _counted(weights: Any) -> np.ndarray:
    """Return weights, 0 where nothing of an error is left at the end."""
    found = np.asarray(weights, dtype=float)
    if found.ndim != 1 or not found.size or not (found >= 0).all() or not found.any():
        raise InputError("segments: the weights are a list of numbers >= 0, some above 0")
    return found


_EPS = symbol("epsilon")
_HAS_ERROR = Condition(_EPS > 0, "epsilon > 0")
_LAGRANGE = derived("Lagrange multiplier of the sum of costs at a fixed sum of weighted errors")


def _sum_of_powers(power: Any) -> Any:
    s = sympy.Symbol("s", integer=True)
    weights: Any = sympy.IndexedBase("w")
    return sympy.Sum(weights[s] ** power, (s, 1, sympy.Symbol("K")))


SAMPLING_FACTOR = Formula(
    name="readout.segments.sampling_factor",
    meaning="sum over segments of 1/eps_s^2 at the best split of a read-out error",
    expression=_sum_of_powers(sympy.Rational(2, 3)) ** 3 / _EPS**2,
    inputs=("segment_weights", "epsilon"),
    source=_LAGRANGE,
    kind="proven",
    letter=r"\sum_s\epsilon_s^{-2}",
    conditions=(_HAS_ERROR,),
    evaluator=_sampling_factor,
    plain=plain.sampling_factor,
)

COHERENT_FACTOR = Formula(
    name="readout.segments.coherent_factor",
    meaning="sum over segments of 1/eps_s at the best split of a read-out error",
    expression=_sum_of_powers(sympy.Rational(1, 2)) ** 2 / _EPS,
    inputs=("segment_weights", "epsilon"),
    source=_LAGRANGE,
    kind="proven",
    letter=r"\sum_s\epsilon_s^{-1}",
    conditions=(_HAS_ERROR,),
    evaluator=_coherent_factor,
    plain=plain.coherent_factor,
)

FORMULAS = (SAMPLING_FACTOR, COHERENT_FACTOR)
