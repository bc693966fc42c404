r"""Seconds and joules on a GPU, by counting operations and bytes.

Time is the longer of FLOPs at the sustained rate and bytes at full bandwidth. Gradients are bf16:
one takes $6\,n\,n_s$ FLOPs for $n$ parameters and $n_s$ samples. Solving $A x = b$ to relative
error $\epsilon$ is fp64, by the faster of a dense factorisation and a Krylov method. Start-up and
launch latency are not counted, which favours the device for tiny jobs.
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

NO_LATENCY = "classical: no start-up or launch latency, no communication, one device"


def estimate_training(
    subject: Measurement | Mapping[str, Any], device: Device, *, n_steps: Any
) -> ClassicalCost:
    """Price gradient descent: one gradient and one update per step.

    Args:
        subject: has `n_params` and `n_samples` (samples per gradient).
        device: which GPU.
        n_steps: training steps, a scalar or an array.
    """
    return estimate_gradients(n_steps, subject, device)


def estimate_gradients(
    n_gradients: Any, subject: Measurement | Mapping[str, Any], device: Device
) -> ClassicalCost:
    """Price gradients over all samples, the parameters read and written once for each."""
    n_params, n_samples = _value(subject, "n_params"), _value(subject, "n_samples")
    flops = FLOPS_PER_WEIGHT * n_params * n_samples * _number(n_gradients)
    traffic = BYTES_BF16 * PARAMETER_PASSES * n_params * _number(n_gradients)
    assumptions = (
        _utilisation(device, "bf16"),
        "classical: the samples of a batch are streamed behind the arithmetic, activations fit",
        NO_LATENCY,
    )
    return _cost(device, "gradients", "bf16", flops, traffic, assumptions)


def estimate_flops(flops: Any, device: Device) -> ClassicalCost:
    """Price plain fp64 arithmetic whose operands are in reach (tables, reconstruction)."""
    assumptions = (_utilisation(device, "fp64"), NO_LATENCY)
    flops = _number(flops)
    return _cost(device, "arithmetic", "fp64", flops, np.zeros_like(flops), assumptions)


def estimate_solve(
    subject: Measurement | Mapping[str, Any],
    device: Device,
    *,
    epsilon: Any,
    details: Mapping[str, Any] | None = None,
) -> ClassicalCost:
    """Price a linear solve by the faster of direct and Krylov, the method named.

    Args:
        subject: has `dim`; `nnz` or `sparsity` (dense otherwise); `kappa`, or
            `smallest_singular_value` with `norm` (else bounded by the entries).
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
        NO_LATENCY,
    )
    return _cost(device, method, "fp64", flops, traffic, assumptions)


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
        NO_LATENCY,
    )
    method = "CG" if is_definite else "CGNR"
    return _cost(device, method, "fp64", flops, traffic, assumptions)


def _faster(first: ClassicalCost, second: ClassicalCost) -> ClassicalCost:
    """Return the faster of two at every point."""
    if np.ndim(first.runtime_s) == 0 and np.ndim(second.runtime_s) == 0:
        return first if first.runtime_s <= second.runtime_s else second
    is_first = np.asarray(first.runtime_s) <= np.asarray(second.runtime_s)
    chosen = {
        name: np.where(is_first, getattr(first, name), getattr(second, name))
        for name in ("method", "flops", "bytes", "runtime_s", "energy_j")
    }
    assumptions = tuple(dict.fromkeys((*first.assumptions, *second.assumptions)))
    return ClassicalCost(device=first.device, assumptions=assumptions, **chosen)


def _cost(
    device: Device,
    method: str,
    precision: Precision,
    flops: Any,
    traffic: Any,
    assumptions: tuple[str, ...],
) -> ClassicalCost:
    runtime = np.maximum(flops / device.rate(precision), traffic / device.bandwidth)
    numbers = {
        "flops": flops,
        "bytes": traffic,
        "runtime_s": runtime,
        "energy_j": device.power * runtime,
    }
    plain = {name: x if np.ndim(x) else float(x) for name, x in numbers.items()}
    return ClassicalCost(device=device.name, method=method, assumptions=assumptions, **plain)


def _utilisation(device: Device, precision: str) -> str:
    return (
        f"classical: {device.sustained_fraction:.0%} of the dense {precision} peak is sustained, "
        f"chip power alone"
    )


def _kappa(subject: Any) -> np.ndarray:
    """Return the condition number, from the norm or a bound on it where it is not given."""
    if _has(subject, "kappa"):
        return _value(subject, "kappa")
    bottom = _value(subject, "smallest_singular_value")
    if _has(subject, "norm"):
        return _value(subject, "norm") / bottom
    bounds = []
    if _has(subject, "frobenius_norm"):
        bounds.append(_value(subject, "frobenius_norm"))
    if _has(subject, "max_entry"):
        row = _value(subject, "sparsity" if _has(subject, "sparsity") else "dim")
        bounds.append(row * _value(subject, "max_entry"))
    if not bounds:
        raise InputError("a solve needs kappa, norm, frobenius_norm or max_entry")
    return np.minimum.reduce(np.broadcast_arrays(*bounds)) / bottom


def _entries(subject: Any, dim: np.ndarray) -> np.ndarray:
    """Return the stored entries of the matrix."""
    if _has(subject, "nnz"):
        return _value(subject, "nnz")
    return dim * (_value(subject, "sparsity") if _has(subject, "sparsity") else dim)


def _values(subject: Measurement | Mapping[str, Any]) -> Mapping[str, Any]:
    return subject.values if isinstance(subject, Measurement) else subject


def _has(subject: Measurement | Mapping[str, Any], name: str) -> bool:
    value = _values(subject).get(name)
    return value is not None and getattr(value, "value", value) is not None


def _value(subject: Measurement | Mapping[str, Any], name: str) -> np.ndarray:
    """Return a number of the subject, a `Quantity` or plain, as float64."""
    if not _has(subject, name):
        raise InputError(f"the classical estimate needs {name}")
    value = _values(subject)[name]
    return _number(getattr(value, "value", value))


def _number(value: Any) -> np.ndarray:
    """Convert to float64; integers beyond its range become infinite."""
    try:
        return np.asarray(value, dtype=float)
    except OverflowError:
        return np.asarray(np.inf)
