r"""All numbers of one lift at one choice of orders, rescaling and padding.

The rescaling $\gamma$ turns $\lVert F_k\rVert$ into $f_k = \gamma^{k-1}\lVert F_k\rVert$ and a path
of norms into $x_t = \lVert u_t\rVert/\gamma$; errors come back in the units of u.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qres.algorithms.carleman.certificate import LinearPart, bound_step, certify, check_path
from qres.algorithms.carleman.history import (
    linv_bound,
    norm_bound,
    solution_norm,
    source_norm,
    success_prob_low,
)
from qres.algorithms.carleman.majorant import truncation_bound
from qres.algorithms.lift import SUCCESS_PROB
from qres.errors import InputError

_LARGEST = 1e150
"""Rescaled norms above this have squares beyond any number."""


@dataclass(frozen=True, kw_only=True)
class Lift:
    r"""One lift in numbers; any of the bounds may be infinite.

    Args:
        m_hat: bounds on the blocks of one step, rows j = 1..N, columns 0..N.
        growth: $\max|1 - \eta\lambda|$, or the norm of the linear block.
        norm_l: bound on $\lVert L\rVert$.
        linv: bound on $\lVert L^{-1}\rVert$.
        success_prob: P of the exact lift.
        success_prob_low: certified lower bound of the truncated one.
        history_norm: $\lVert x\rVert$ of the exact lift.
        source_norm: $\lVert b\rVert$.
        xi: `linv` $\lVert b\rVert/\lVert x\rVert$.
        e_final: certificate $\gamma e_1(T)$, map and truncation error together, in units of u.
        truncation_apriori: $E_N(T)$ in units of u; independent of $\gamma$, exact map only.
        eps_truncation: the part of `e_final` that the exact map would have.
        eps_map: the rest of it.
    """

    m_hat: np.ndarray
    growth: float
    norm_l: float
    linv: float
    success_prob: float
    success_prob_low: float
    history_norm: float
    source_norm: float
    xi: float
    e_final: float
    truncation_apriori: float
    eps_truncation: float
    eps_map: float


def majorant_of(linear: LinearPart, norms: Sequence[float]) -> np.ndarray:
    r"""Return the coefficients of $\varphi$: $g$ at k = 1, elsewhere the scaled norms of $F_k$.

    Args:
        linear: the linear part.
        norms: $\lVert F_k\rVert$, k = 0 first, in the units of u; entry 1 is not used.
    """
    phi = linear.scale * np.pad(np.array(norms, dtype=float), (0, max(0, 2 - len(norms))))
    phi[1] = linear.growth
    return phi


def rescale(norms: Sequence[float], rescaling: float) -> tuple[float, ...]:
    r"""Return $\gamma^{k-1}\lVert F_k\rVert$, k = 0 first.

    Raises:
        InputError: the rescaling is not positive.
    """
    if not (rescaling > 0 and math.isfinite(rescaling)):
        raise InputError(f"carleman: rescaling must be > 0, found {rescaling}")
    powers = np.power(float(rescaling), np.arange(len(norms)) - 1.0)
    return tuple((powers * np.asarray(norms, dtype=float)).tolist())


def describe_lift(
    *,
    learning_rate: float,
    lambda_min: float,
    lambda_max: float,
    norms_unfolding: Sequence[float],
    norms_injective: Sequence[float],
    path: Any,
    truncation_order: int,
    map_order: int,
    rescaling: float,
    padding: int,
    block_norm: float | None = None,
    step_scale: float | None = None,
    read_norm: float | None = None,
) -> Lift:
    r"""Return all numbers of one lift.

    Args:
        learning_rate: $\eta$.
        lambda_min: smallest Hessian eigenvalue, outer end.
        lambda_max: largest Hessian eigenvalue, outer end.
        norms_unfolding: $\lVert F_k\rVert$ in the unfolding norm, k = 0 first; entry 1 not used.
        norms_injective: the same in the injective norm.
        path: $\lVert u_t\rVert$, t = 0..T, not rescaled; with momentum the norm of
            $(u_t, \sigma v_t)$.
        truncation_order: N.
        map_order: m.
        rescaling: $\gamma$.
        padding: p.
        block_norm: norm of the linear block of momentum; then m = N only.
        step_scale: $\sqrt{\eta^2+\sigma^2}$ with momentum.
        read_norm: $\lVert u_T\rVert$ with momentum, the last of the path otherwise.

    Raises:
        InputError: a number is out of range; the message names it.
        HypothesisError: `block_norm` with m < N.
    """
    linear = LinearPart(
        learning_rate=learning_rate,
        lambda_min=lambda_min,
        lambda_max=lambda_max,
        block_norm=block_norm,
        step_scale=step_scale,
    )
    unfolding, injective = (rescale(f, rescaling) for f in (norms_unfolding, norms_injective))
    norms = check_path(path)
    x, n_steps = norms / rescaling, len(norms) - 1
    if x.max() > _LARGEST:
        raise InputError(f"carleman: rescaling {rescaling:g} is too small for this path")

    def bounds(order: int) -> Any:
        return bound_step(linear, unfolding, truncation_order, order, norms_injective=injective)

    step = bounds(map_order)
    errors = certify(step, x)
    final = rescaling * float(errors[-1, 0])
    exact = final
    if map_order < truncation_order:
        exact = rescaling * float(certify(bounds(truncation_order), x)[-1, 0])
    read = None if read_norm is None else read_norm / rescaling
    return assemble(
        x=x,
        errors=errors,
        final=final,
        exact=exact,
        orders=(truncation_order, map_order),
        padding=padding,
        read=read,
        linv=linv_bound(step.map_bounds, n_steps, padding),
        source=source_norm(
            linear.scale * unfolding[0], float(x[0]), truncation_order, map_order, n_steps
        ),
        m_hat=step.m_hat,
        growth=linear.growth,
        apriori=truncation_bound(
            majorant_of(linear, norms_injective), float(norms[0]), truncation_order, n_steps
        ),
    )


def assemble(
    *,
    x: np.ndarray,
    errors: np.ndarray,
    final: float,
    exact: float,
    orders: tuple[int, int],
    padding: int,
    linv: float,
    source: float,
    m_hat: np.ndarray,
    growth: float,
    apriori: float,
    read: float | None = None,
) -> Lift:
    r"""Return the numbers of a lift from what its steps were bounded to.

    Args:
        x: rescaled norms of the path, t = 0..T.
        errors: certificate along it, $e_j(t)$.
        final: $\gamma e_1(T)$.
        exact: the same of the exact map.
        orders: N and m.
        padding: p.
        linv: bound on $\lVert L^{-1}\rVert$.
        source: $\lVert b\rVert$.
        m_hat: bounds on the blocks of a step.
        growth: of the linear part of a step.
        apriori: $E_N(T)$.
        read: rescaled norm of what is read, the last of the path if left out.
    """
    order, z = orders[0], x * x
    eps_truncation, eps_map = split_error(final, exact)
    history = solution_norm(z, order, padding)
    return Lift(
        m_hat=m_hat,
        growth=growth,
        norm_l=norm_bound(m_hat[:, 1:], padding),
        linv=linv,
        success_prob=SUCCESS_PROB(
            z=z,
            truncation_order=order,
            padding=padding,
            z_read=None if read is None else read * read,
        ),
        success_prob_low=success_prob_low(x, errors, padding, read_norm=read),
        history_norm=history,
        source_norm=source,
        xi=linv * (source / history),
        e_final=final,
        truncation_apriori=apriori,
        eps_truncation=eps_truncation,
        eps_map=eps_map,
    )


def split_error(final: float, exact: float) -> tuple[float, float]:
    """Return the truncation and the map part of a certificate; they add up to it.

    Args:
        final: certificate of the map in use.
        exact: certificate of the exact map at the same order; where it is the larger one, all of
            the error counts as truncation.
    """
    if math.isinf(exact) and math.isinf(final):
        return math.inf, math.inf
    truncation = min(exact, final)
    return truncation, final - truncation
