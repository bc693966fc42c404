r"""Seconds and joules on a GPU, by counting operations and bytes.

With $F$ FLOPs, $B$ bytes, and $D$ steps that each wait for the one before, the time is
$$ D\,\tau + \max(F / r, B / b), $$
$\tau$ the latency of a kernel launch, $r$ the sustained rate, $b$ the full bandwidth. One launch is
charged for each training step, each iteration of a Krylov method and each direct solve; gradients
of a table do not depend on each other, so they take one launch in all, as plain arithmetic does. One
launch a step is what a captured graph reaches at best: it favours the device.

Gradients are bf16: one takes $6\,n\,n_s$ FLOPs for $n$ parameters and $n_s$ samples; the parameters
are read and written once, and the samples read once where their number of features is known.
Solving $A x = b$ to relative error $\epsilon$ is fp64, by the faster of a dense factorisation and a
Krylov method.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qres.classical.record import ClassicalCost, Device, Precision
from qres.errors import InputError
from qres.measurement.record import Measurement

FLOPS_PER_WEIGHT = 6
"""FLOPs per parameter and sample of one gradient: 2 forward, 4 backward."""
BYTES_BF16 = 2
PARAMETER_PASSES = 2
"""Times that all parameters cross the memory bus per gradient: read once, written once."""
BYTES_FP64 = 8
BYTES_PER_ENTRY = 12
"""A stored entry of a sparse matrix: 8 of value, 4 of column index."""
VECTOR_FLOPS = 10
"""Per row and iteration of CG: three updates and two inner products."""
VECTOR_PASSES = 14
"""Vectors read or written per iteration of CG: updates 9, inner products 3, product 2."""
DENSE_PASSES = 2
"""Times that a dense matrix crosses the memory bus in a factorisation (blocked, at best)."""

WORST_SUSTAINED = 0.1
"""Fraction of the peak that small or awkward work may be left with."""
WORST_LATENCY_S = 20e-6
"""A launch through an unhurried framework."""

ONE_DEVICE = "classical: no communication, one device"


def estimate_training(
    subject: Measurement | Mapping[str, Any], device: Device, *, n_steps: Any
) -> ClassicalCost:
    """Price gradient descent: one gradient and one update per step, each after the one before.

    Args:
        subject: has `n_params`, `n_samples` (samples per gradient) and, if known, `n_features`.
        device: which GPU.
        n_steps: training steps, a scalar or an array.
    """
    return estimate_gradients(n_steps, subject, device, n_dependent=n_steps)


def estimate_gradients(
    n_gradients: Any,
    subject: Measurement | Mapping[str, Any],
    device: Device,
    *,
    n_dependent: Any = 1,
) -> ClassicalCost:
    """Price gradients over all samples; parameters and samples cross the bus for each.

    Args:
        n_gradients: how many, a scalar or an array.
        subject: has `n_params`, `n_samples` and, if known, `n_features` (a measurement has it
            among its details).
        device: which GPU.
        n_dependent: launches that wait for each other; none where there is no gradient.
    """
    n_params, n_samples = _value(subject, "n_params"), _value(subject, "n_samples")
    n_gradients, n_features = _number(n_gradients), _features(subject)
    flops = FLOPS_PER_WEIGHT * n_params * n_samples * n_gradients
    traffic = BYTES_BF16 * (PARAMETER_PASSES * n_params + n_samples * (n_features or 0.0))
    launches = np.where(n_gradients > 0, _number(n_dependent), 0.0)
    samples = (
        "the samples are not counted, the number of their features is unknown"
        if n_features is None
        else f"{n_features:g} bf16 features of each sample are read once"
    )
    assumptions = (
        _utilisation(device, "bf16"),
        f"classical: per gradient {samples}; activations fit in cache",
        _latency(device),
        ONE_DEVICE,
    )
    return _cost(device, "gradients", "bf16", flops, traffic * n_gradients, launches, assumptions)


def estimate_flops(flops: Any, device: Device) -> ClassicalCost:
    """Price plain fp64 arithmetic whose operands are in reach (tables, reconstruction)."""
    assumptions = (_utilisation(device, "fp64"), _latency(device), ONE_DEVICE)
    flops = _number(flops)
    traffic, launches = np.zeros_like(flops), np.where(flops > 0, 1.0, 0.0)
    return _cost(device, "arithmetic", "fp64", flops, traffic, launches, assumptions)


def estimate_solve(
    subject: Measurement | Mapping[str, Any],
    device: Device,
    *,
    epsilon: Any,
    details: Mapping[str, Any] | None = None,
) -> ClassicalCost:
    """Price a linear solve by the faster of direct and Krylov, the method named.

    The condition number takes the lower end of `smallest_singular_value` where it has an interval:
    the worst case, as on the quantum side.

    Args:
        subject: has `dim`; `nnz` or `sparsity` (dense otherwise); `smallest_singular_value` with
            `norm` (else bounded by the entries), or else `kappa`.
        device: which GPU.
        epsilon: relative error of the solution.
        details: `symmetric` and `positive_definite`; those of a `Measurement` by default.
    """
    facts = details if details is not None else getattr(subject, "details", {})
    is_definite = bool(facts.get("symmetric", True)) and bool(facts.get("positive_definite"))
    with np.errstate(all="ignore"):
        direct = _direct(subject, device, is_definite)
        krylov = _krylov(subject, device, is_definite, _number(epsilon))
    return _faster(direct, krylov)


def _direct(subject: Any, device: Device, is_definite: bool) -> ClassicalCost:
    """Factorise densely: Cholesky $n^3/3$ where it is known to exist, LU $2 n^3/3$ elsewhere."""
    dim = _value(subject, "dim")
    flops = dim**3 / 3.0 * (1.0 if is_definite else 2.0)
    traffic = DENSE_PASSES * BYTES_FP64 * dim**2
    method = "Cholesky" if is_definite else "LU"
    assumptions = (
        _utilisation(device, "fp64"),
        "classical: a dense matrix is held in memory whatever its size; "
        "rounding below the wanted error",
        _latency(device),
        ONE_DEVICE,
    )
    return _cost(device, method, "fp64", flops, traffic, np.ones_like(flops), assumptions)


def _krylov(subject: Any, device: Device, is_definite: bool, epsilon: np.ndarray) -> ClassicalCost:
    r"""Iterate: CG $\lceil\tfrac12\sqrt\kappa\ln(2/\epsilon)\rceil$ times, or CGNR.

    CGNR is CG on the normal equations: $\kappa$ for its root, two products in each iteration.
    """
    dim, kappa = _value(subject, "dim"), _kappa(subject)
    rate = np.sqrt(kappa) if is_definite else kappa
    iterations = np.maximum(1.0, np.ceil(0.5 * rate * np.log(2.0 / epsilon)))
    products = 1 if is_definite else 2
    nnz = _entries(subject, dim)
    flops = iterations * (2.0 * products * nnz + VECTOR_FLOPS * dim)
    vectors = VECTOR_PASSES + 2 * (products - 1)
    traffic = iterations * (BYTES_PER_ENTRY * products * nnz + BYTES_FP64 * vectors * dim)
    assumptions = (
        _utilisation(device, "fp64"),
        "classical: no preconditioner, worst-case iterations for the condition number",
        _latency(device),
        ONE_DEVICE,
    )
    method = "CG" if is_definite else "CGNR"
    return _cost(device, method, "fp64", flops, traffic, iterations, assumptions)


def _faster(first: ClassicalCost, second: ClassicalCost) -> ClassicalCost:
    """Return the faster of two at every point."""
    if np.ndim(first.runtime_s) == 0 and np.ndim(second.runtime_s) == 0:
        return first if first.runtime_s <= second.runtime_s else second
    is_first = np.asarray(first.runtime_s) <= np.asarray(second.runtime_s)
    chosen = {
        name: np.where(is_first, getattr(first, name), getattr(second, name))
        for name in ("method", "flops", "bytes", "runtime_s", "energy_j", "factor")
    }
    assumptions = tuple(dict.fromkeys((*first.assumptions, *second.assumptions)))
    return ClassicalCost(device=first.device, assumptions=assumptions, **chosen)


def _cost(
    device: Device,
    method: str,
    precision: Precision,
    flops: Any,
    traffic: Any,
    launches: Any,
    assumptions: tuple[str, ...],
) -> ClassicalCost:
    def seconds(sustained: float, latency: float) -> np.ndarray:
        rate = device.rate(precision) * sustained / device.sustained_fraction
        return launches * latency + np.maximum(flops / rate, traffic / device.bandwidth)

    now = (device.sustained_fraction, device.latency_s)
    runtime = seconds(*now)
    slower = seconds(min(WORST_SUSTAINED, now[0]), now[1])
    later = seconds(now[0], max(WORST_LATENCY_S, now[1]))
    numbers = {
        "flops": flops,
        "bytes": traffic,
        "runtime_s": runtime,
        "energy_j": device.power * runtime,
        "factor": _quotient(slower, runtime) * _quotient(later, runtime),
    }
    plain = {name: x if np.ndim(x) else float(x) for name, x in numbers.items()}
    return ClassicalCost(device=device.name, method=method, assumptions=assumptions, **plain)


def _utilisation(device: Device, precision: str) -> str:
    return (
        f"classical: {device.sustained_fraction:.0%} of the dense {precision} peak is sustained "
        f"(it could be {WORST_SUSTAINED:.0%}), chip power alone"
    )


def _latency(device: Device) -> str:
    return (
        f"classical: one kernel launch of {device.latency_s * 1e6:.3g} us per step that waits for "
        f"the one before (it could be {WORST_LATENCY_S * 1e6:.3g} us)"
    )


def _quotient(worse: np.ndarray, runtime: np.ndarray) -> np.ndarray:
    """Return how many times longer; 1 where nothing is done or it takes for ever."""
    is_plain = np.isfinite(runtime) & (runtime > 0)
    return np.where(is_plain, worse, 1.0) / np.where(is_plain, runtime, 1.0)


def _kappa(subject: Any) -> np.ndarray:
    """Return the condition number at the lower end of the smallest singular value.

    Without that value, or anything that bounds the norm, it is `kappa` at its upper end.
    """
    has_smallest, top = _has(subject, "smallest_singular_value"), _top(subject)
    if _has(subject, "kappa") and (top is None or not has_smallest):
        return _value(subject, "kappa", end="high")
    if top is None:
        raise InputError("a solve needs kappa, norm, frobenius_norm or max_entry")
    return top / _value(subject, "smallest_singular_value", end="low")


def _top(subject: Any) -> np.ndarray | None:
    """Return the norm, or the least bound on it that the entries allow; None without either."""
    if _has(subject, "norm"):
        return _value(subject, "norm")
    bounds = []
    if _has(subject, "frobenius_norm"):
        bounds.append(_value(subject, "frobenius_norm"))
    if _has(subject, "max_entry"):
        row = _value(subject, "sparsity" if _has(subject, "sparsity") else "dim")
        bounds.append(row * _value(subject, "max_entry"))
    return np.minimum.reduce(np.broadcast_arrays(*bounds)) if bounds else None


def _entries(subject: Any, dim: np.ndarray) -> np.ndarray:
    """Return the stored entries of the matrix."""
    if _has(subject, "nnz"):
        return _value(subject, "nnz")
    return dim * (_value(subject, "sparsity") if _has(subject, "sparsity") else dim)


def _features(subject: Measurement | Mapping[str, Any]) -> float | None:
    """Return the number of features of one sample, None where nobody has said it."""
    if _has(subject, "n_features"):
        return float(_value(subject, "n_features"))
    found = getattr(subject, "details", {}).get("n_features")
    return None if found is None else float(found)


def _values(subject: Measurement | Mapping[str, Any]) -> Mapping[str, Any]:
    return subject.values if isinstance(subject, Measurement) else subject


def _has(subject: Measurement | Mapping[str, Any], name: str) -> bool:
    value = _values(subject).get(name)
    return value is not None and getattr(value, "value", value) is not None


def _value(
    subject: Measurement | Mapping[str, Any], name: str, *, end: str = "value"
) -> np.ndarray:
    """Return a number of the subject, a `Quantity` or plain, as float64.

    Args:
        subject: has it.
        name: of the number.
        end: `low` or `high` takes that end of a `Quantity` that has an interval.
    """
    if not _has(subject, name):
        raise InputError(f"the classical estimate needs {name}")
    value = _values(subject)[name]
    point = getattr(value, "value", value)
    outer = getattr(value, end, None) if end != "value" else None
    return _number(point if outer is None else outer)


def _number(value: Any) -> np.ndarray:
    """Convert to float64; integers beyond its range become infinite."""
    try:
        return np.asarray(value, dtype=float)
    except OverflowError:
        return np.asarray(np.inf)
