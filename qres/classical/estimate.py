r"""Gradients and plain arithmetic on a GPU, by counting operations and bytes.

One launch is charged for each training step; gradients of a table do not depend on each other, so
they take one launch in all, as plain arithmetic does. One launch a step is what a captured graph
reaches at best: it favours the device.

Gradients are bf16: one takes $6\,n\,n_s$ FLOPs for $n$ parameters and $n_s$ samples; the parameters
are read and written once, and the samples read once where their number of features is known.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qres.classical.record import ClassicalCost, Device
from qres.classical.roofline import ONE_DEVICE, time_work, utilisation, waiting
from qres.classical.subject import Subject, count_features, read_value, to_number

FLOPS_PER_WEIGHT = 6
"""FLOPs per parameter and sample of one gradient: 2 forward, 4 backward."""
BYTES_BF16 = 2
PARAMETER_PASSES = 2
"""Times that all parameters cross the memory bus per gradient: read once, written once."""


def estimate_training(subject: Subject, device: Device, *, n_steps: Any) -> ClassicalCost:
    """Price gradient descent: one gradient and one update per step, each after the one before.

    Args:
        subject: has `n_params`, `n_samples` (samples per gradient) and, if known, `n_features`.
        device: which GPU.
        n_steps: training steps, a scalar or an array.
    """
    return estimate_gradients(n_steps, subject, device, n_dependent=n_steps)


def estimate_gradients(
    n_gradients: Any,
    subject: Subject,
    device: Device,
    *,
    n_dependent: Any = 1,
    n_samples: Any = None,
    method: str = "gradients",
) -> ClassicalCost:
    """Price gradients; parameters and samples cross the bus for each.

    Args:
        n_gradients: how many, a scalar or an array.
        subject: has `n_params`, `n_samples` and, if known, `n_features` (a measurement has it
            among its details).
        device: which GPU.
        n_dependent: launches that wait for each other; none where there is no gradient.
        n_samples: samples of one gradient; those of the subject by default.
        method: name of the row.
    """
    n_params = read_value(subject, "n_params")
    batch = read_value(subject, "n_samples") if n_samples is None else to_number(n_samples)
    n_gradients, n_features = to_number(n_gradients), count_features(subject)
    flops = FLOPS_PER_WEIGHT * n_params * batch * n_gradients
    traffic = BYTES_BF16 * (PARAMETER_PASSES * n_params + batch * (n_features or 0.0))
    launches = np.where(n_gradients > 0, to_number(n_dependent), 0.0)
    samples = (
        "the samples are not counted, the number of their features is unknown"
        if n_features is None
        else f"{n_features:g} bf16 features of each sample are read once"
    )
    assumptions = (
        utilisation(device, "bf16"),
        f"classical: per gradient {samples}; activations fit in cache; bf16 rounding below the "
        "wanted error, in the tables too",
        waiting(device),
        ONE_DEVICE,
    )
    return time_work(device, method, "bf16", flops, traffic * n_gradients, launches, assumptions)


def estimate_flops(flops: Any, device: Device) -> ClassicalCost:
    """Price plain fp64 arithmetic whose operands are in reach (tables, reconstruction)."""
    assumptions = (utilisation(device, "fp64"), waiting(device), ONE_DEVICE)
    flops = to_number(flops)
    traffic, launches = np.zeros_like(flops), np.where(flops > 0, 1.0, 0.0)
    return time_work(device, "arithmetic", "fp64", flops, traffic, launches, assumptions)
