r"""The same linear system on a GPU: direct, Krylov, and by sampling rows; fp64.

Solving $A x = b$ to relative error $\epsilon$ by the fastest of

- a dense factorisation, one launch;
- CG or CGNR, one launch an iteration;
- randomised Kaczmarz, one launch a step: rows drawn with probability $\lVert a_i\rVert^2/
  \lVert A\rVert_F^2$, the norm access that a data structure gives. From $x_0 = 0$
  $$ E\lVert x_k - x\rVert^2 \le (1 - \kappa_F^{-2})^k\,\lVert x\rVert^2,\qquad
  \kappa_F = \lVert A\rVert_F\lVert A^{-1}\rVert $$
  (Strohmer and Vershynin, arXiv:math/0702226, Theorem 2), so
  $k = \lceil\kappa_F^2\ln(1/(\epsilon^2\delta))\rceil$ steps miss with probability at most $\delta$
  (Markov's inequality).

A fourth row is shown and never chosen: the dequantised solver of Shao and Montanaro
(arXiv:2103.10309, abstract), $\tilde O(\kappa_F^6\kappa^2/\epsilon^2)$ operations with the hidden
constant and logarithms set to 1. Its output can be sampled and queried, which is the classical
equal of a *state*; the list of all entries that tomography yields is more. (Gilyen, Song and Tang,
arXiv:2009.07268, abstract: $\kappa_F^6\kappa^2/\epsilon^4$.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from qres.classical.record import ClassicalCost, Device
from qres.classical.roofline import ONE_DEVICE, fastest, time_work, utilisation, waiting
from qres.classical.subject import Subject, has_value, read_value, to_number
from qres.errors import InputError

BYTES_FP64 = 8
BYTES_PER_ENTRY = 12
"""A stored entry of a sparse matrix: 8 of value, 4 of column index."""
VECTOR_FLOPS = 10
"""Per row and iteration of CG: three updates and two inner products."""
VECTOR_PASSES = 14
"""Vectors read or written per iteration of CG: updates 9, inner products 3, product 2."""
DENSE_PASSES = 2
"""Times that a dense matrix crosses the memory bus in a factorisation (blocked, at best)."""
HELD = (
    "classical: a dense matrix is held in memory whatever its size; rounding below the wanted error"
)
ROW_FLOPS = 4
"""Per entry of the row in a step of Kaczmarz: 2 of the inner product, 2 of the update."""
ROW_PASSES = 3
"""Times that an entry of the solution is touched in a step: read, read again, written."""


def estimate_solve(
    subject: Subject,
    device: Device,
    *,
    epsilon: Any,
    fail_prob: Any = None,
    details: Mapping[str, Any] | None = None,
) -> ClassicalCost:
    """Price a linear solve by the fastest of direct, Krylov and sampling, the method named.

    The condition number takes the lower end of `smallest_singular_value` where it has an interval:
    the worst case, as on the quantum side.

    Args:
        subject: has `dim`; `nnz` or `sparsity` (dense otherwise); `smallest_singular_value` with
            `norm` (else bounded by the entries), or else `kappa`.
        device: which GPU.
        epsilon: relative error of the solution.
        fail_prob: with which sampling may miss it; None leaves sampling out.
        details: `symmetric` and `positive_definite`; those of a `Measurement` by default.
    """
    facts = details if details is not None else getattr(subject, "details", {})
    is_definite = bool(facts.get("symmetric", True)) and bool(facts.get("positive_definite"))
    epsilon = to_number(epsilon)
    with np.errstate(all="ignore"):
        rows = [
            _direct(subject, device, is_definite),
            _krylov(subject, device, is_definite, epsilon),
        ]
        if fail_prob is None:
            left_out = (("Kaczmarz", "no failure probability is given"),)
            return replace(fastest(rows), left_out=left_out)
        rows.append(_kaczmarz(subject, device, epsilon, to_number(fail_prob)))
        rows.append(_dequantised(subject, device, epsilon))
    return fastest(rows)


def _direct(subject: Subject, device: Device, is_definite: bool) -> ClassicalCost:
    """Factorise densely: Cholesky $n^3/3$ where it is known to exist, LU $2 n^3/3$ elsewhere."""
    dim = read_value(subject, "dim")
    flops = dim**3 / 3.0 * (1.0 if is_definite else 2.0)
    traffic = DENSE_PASSES * BYTES_FP64 * dim**2
    method = "Cholesky" if is_definite else "LU"
    assumptions = (
        utilisation(device, "fp64"),
        HELD,
        waiting(device),
        ONE_DEVICE,
    )
    return time_work(device, method, "fp64", flops, traffic, np.ones_like(flops), assumptions)


def _krylov(
    subject: Subject, device: Device, is_definite: bool, epsilon: np.ndarray
) -> ClassicalCost:
    r"""Iterate: CG $\lceil\tfrac12\sqrt\kappa\ln(2\sqrt\kappa/\epsilon)\rceil$ times, or CGNR.

    The energy norm of the error falls by $2 e^{-2k/\sqrt\kappa}$ in $k$ iterations, and the relative
    error of $x$ itself is at most $\sqrt\kappa$ times that of its energy norm. CGNR is CG on the
    normal equations: $\kappa$ for its root, two products in each iteration.
    """
    dim, kappa = read_value(subject, "dim"), _kappa(subject)
    rate = np.sqrt(kappa) if is_definite else kappa
    iterations = np.maximum(1.0, np.ceil(0.5 * rate * np.log(2.0 * rate / epsilon)))
    products = 1 if is_definite else 2
    nnz = _entries(subject, dim)
    flops = iterations * (2.0 * products * nnz + VECTOR_FLOPS * dim)
    vectors = VECTOR_PASSES + 2 * (products - 1)
    traffic = iterations * (BYTES_PER_ENTRY * products * nnz + BYTES_FP64 * vectors * dim)
    assumptions = (
        utilisation(device, "fp64"),
        "classical: no preconditioner, worst-case iterations for the condition number",
        waiting(device),
        ONE_DEVICE,
    )
    method = "CG" if is_definite else "CGNR"
    return time_work(device, method, "fp64", flops, traffic, iterations, assumptions)


def _kaczmarz(
    subject: Subject, device: Device, epsilon: np.ndarray, fail_prob: np.ndarray
) -> ClassicalCost:
    wanted = np.log(1.0 / (epsilon**2 * fail_prob))
    steps = np.maximum(1.0, np.ceil(_kappa_frobenius(subject) ** 2 * wanted))
    row = _side(subject, "row")
    traffic = steps * row * (BYTES_PER_ENTRY + ROW_PASSES * BYTES_FP64)
    assumptions = (
        utilisation(device, "fp64"),
        "classical: rows are drawn by their norms at no cost, worst case for the condition number",
        waiting(device),
        ONE_DEVICE,
    )
    flops = ROW_FLOPS * row * steps
    return time_work(device, "Kaczmarz", "fp64", flops, traffic, steps, assumptions)


def _dequantised(subject: Subject, device: Device, epsilon: np.ndarray) -> ClassicalCost:
    flops = _kappa_frobenius(subject) ** 6 * _kappa(subject) ** 2 / epsilon**2
    assumptions = (utilisation(device, "fp64"), waiting(device), ONE_DEVICE)
    nothing, once = np.zeros_like(flops), np.ones_like(flops)
    cost = time_work(device, "dequantised", "fp64", flops, nothing, once, assumptions)
    return replace(
        cost,
        kind="asymptotic",
        is_compared=False,
        note="hidden constant 1; its output is sampled and queried, not written down",
    )


def _kappa(subject: Subject) -> np.ndarray:
    """Return the condition number at the lower end of the smallest singular value.

    Without that value, or anything that bounds the norm, it is `kappa` at its upper end.
    """
    has_smallest, top = has_value(subject, "smallest_singular_value"), _top(subject)
    if has_value(subject, "kappa") and (top is None or not has_smallest):
        return read_value(subject, "kappa", end="high")
    if top is None:
        raise InputError("a solve needs kappa, norm, frobenius_norm or max_entry")
    return top / read_value(subject, "smallest_singular_value", end="low")


def _kappa_frobenius(subject: Subject) -> np.ndarray:
    r"""Return $\kappa_F$, or its bound $\sqrt n\,\kappa$ where the Frobenius norm is not known."""
    if has_value(subject, "frobenius_norm") and has_value(subject, "smallest_singular_value"):
        smallest = read_value(subject, "smallest_singular_value", end="low")
        return read_value(subject, "frobenius_norm", end="high") / smallest
    return np.sqrt(read_value(subject, "dim")) * _kappa(subject)


def _top(subject: Subject) -> np.ndarray | None:
    """Return the norm, or the least bound on it that the entries allow; None without either."""
    if has_value(subject, "norm"):
        return read_value(subject, "norm")
    bounds = []
    if has_value(subject, "frobenius_norm"):
        bounds.append(read_value(subject, "frobenius_norm"))
    if has_value(subject, "max_entry"):
        sides = np.sqrt(_side(subject, "row") * _side(subject, "column"))
        bounds.append(sides * read_value(subject, "max_entry"))
    return np.minimum.reduce(np.broadcast_arrays(*bounds)) if bounds else None


def _side(subject: Subject, side: str) -> np.ndarray:
    """Return the most entries of a `row` or `column`."""
    names = (f"{side}_sparsity", "sparsity", "dim")
    return read_value(subject, next(name for name in names if has_value(subject, name)))


def _entries(subject: Subject, dim: np.ndarray) -> np.ndarray:
    """Return the stored entries of the matrix."""
    if has_value(subject, "nnz"):
        return read_value(subject, "nnz")
    return dim * np.minimum(_side(subject, "row"), _side(subject, "column"))
