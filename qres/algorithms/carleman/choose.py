r"""The choice of orders and of the length of a segment.

Bounds at hand for a choice (N, m): the certificate $\gamma e_1(t)$ for every m, and the a-priori
majorant $E_N(t)$ for the exact map; the smaller counts. Neither depends on the rescaling, in the
units of u.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from qres.algorithms.carleman.certificate import LinearPart, bound_step, certify, check_path
from qres.algorithms.carleman.describe import majorant_of, rescale
from qres.algorithms.carleman.majorant import truncation_curve
from qres.algorithms.carleman.varying import error_curves_of
from qres.errors import InputError

MapPolicy = Literal["auto", "exact", "first-order"] | int
"""Which map orders may be chosen: every m <= N, m = N, m = 1, or one number."""

MAX_ORDER = 6


@dataclass(frozen=True, kw_only=True)
class Order:
    """A choice that meets its tolerance.

    Args:
        truncation_order: N.
        map_order: m.
        n_steps: T, the step at which the bound is met.
        bound: on the error of block 1 at T, in the units of u.
        is_apriori: whether the majorant gave it, else the certificate along the path.
    """

    truncation_order: int
    map_order: int
    n_steps: int
    bound: float
    is_apriori: bool


@dataclass(frozen=True)
class Dynamics:
    r"""The recurrence whose truncation is bounded.

    Args:
        linear: the linear part.
        norms_unfolding: $\lVert F_k\rVert$ in the unfolding norm, k = 0 first.
        norms_injective: the same in the injective norm.
        path: $\lVert u_t\rVert$, t = 0..T, in the units of u.
        rates: $\eta_t$, t = 1..T, where the steps differ; that of `linear` then is the largest.
    """

    linear: LinearPart
    norms_unfolding: tuple[float, ...]
    norms_injective: tuple[float, ...]
    path: tuple[float, ...]
    rates: tuple[float, ...] = ()

    @property
    def is_linear(self) -> bool:
        """Whether degree 1 closes the lift at N = 1."""
        return not any(self.norms_unfolding[2:]) and not any(self.norms_injective[2:])


def error_curves(
    dynamics: Dynamics, truncation_order: int, map_order: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the certificate and the majorant at t = 0..T, in the units of u.

    The majorant is infinite for m < N, which it says nothing about; both are on a path that is.
    """
    if math.inf in dynamics.path:
        nothing = np.full(len(dynamics.path), math.inf)
        return nothing, nothing
    if dynamics.rates:
        return error_curves_of(
            dynamics.rates,
            (dynamics.linear.lambda_min, dynamics.linear.lambda_max),
            dynamics.norms_unfolding,
            dynamics.norms_injective,
            dynamics.path,
            truncation_order,
            map_order,
        )
    path = check_path(dynamics.path)
    gamma = float(path.max()) or 1.0
    step = bound_step(
        dynamics.linear,
        rescale(dynamics.norms_unfolding, gamma),
        truncation_order,
        map_order,
        norms_injective=rescale(dynamics.norms_injective, gamma),
    )
    with np.errstate(over="ignore"):
        certificate = gamma * certify(step, path / gamma)[:, 0]
    if map_order < truncation_order:
        return certificate, np.full(len(path), math.inf)
    phi = majorant_of(dynamics.linear, dynamics.norms_injective)
    return certificate, truncation_curve(phi, float(path[0]), truncation_order, len(path) - 1)


def longest_segment(
    dynamics: Dynamics,
    tolerances: Sequence[float] | np.ndarray,
    *,
    max_order: int = MAX_ORDER,
    policy: MapPolicy = "auto",
) -> Order | None:
    """Return the choice whose bound is within the tolerance for the most steps.

    Ties go to the smaller N, then the smaller m.

    Args:
        dynamics: the recurrence and its path.
        tolerances: one for each t = 0..T; the entry at 0 is not used.
        max_order: largest N.
        policy: which m may be taken.

    Returns:
        None if not even one step can be taken.
    """
    allowed = np.asarray(tolerances, dtype=float)
    if allowed.shape != (len(dynamics.path),):
        raise InputError(f"carleman: needs {len(dynamics.path)} tolerances, found {allowed.shape}")
    best: Order | None = None
    for order, map_order in _candidates(dynamics, max_order, policy):
        smaller = np.minimum(*error_curves(dynamics, order, map_order))
        passes = np.flatnonzero(smaller[1:] <= allowed[1:])
        steps = int(passes[-1]) + 1 if passes.size else 0
        if steps > (best.n_steps if best else 0):
            best = _best_at(dynamics, order, map_order, steps)
    return best


def _candidates(dynamics: Dynamics, max_order: int, policy: MapPolicy) -> list[tuple[int, int]]:
    """Return (N, m) in order of preference."""
    if max_order < 1 or (isinstance(policy, int) and policy < 1):
        raise InputError(f"carleman: orders must be >= 1, found {max_order} and {policy}")
    only_exact = dynamics.linear.block_norm is not None
    found = []
    for order in range(1, (1 if dynamics.is_linear else max_order) + 1):
        if isinstance(policy, int):
            maps = [min(policy, order)]
        else:
            ways = {"auto": [*range(1, order + 1)], "exact": [order], "first-order": [1]}
            maps = ways[policy]
        found += [(order, m) for m in maps if m == order or not only_exact]
    return found


def _best_at(dynamics: Dynamics, order: int, map_order: int, step: int) -> Order:
    """Return the smaller of the two bounds at one step."""
    certificate, majorant = (
        float(curve[step]) for curve in error_curves(dynamics, order, map_order)
    )
    return Order(
        truncation_order=order,
        map_order=map_order,
        n_steps=step,
        bound=min(certificate, majorant),
        is_apriori=majorant < certificate,
    )
