r"""Whether the derivatives of a network can be trusted: products repeat, samples are on their own.

Dropout and the like make the same product differ from call to call; such a network is refused.
Statistics of the batch, taken while measuring, make the loss depend on how the samples are cut into
batches: what is measured then holds for these batches only, which a warning says.

Some layers have derivatives in torch that are wrong without a word: the third ones of layer norm, and of
batch norm with the statistics of the batch, are off by more than their size (torch 2.13.0), the second
ones of weight norm by an eighth. So each derivative beyond the first is held against the difference
quotient of the one before,
$$ 2 h\, T_{k+1}(v^k, \cdot) \approx T_k(v^{k-1}, \cdot)|_{\theta + h v}
   - T_k(v^{k-1}, \cdot)|_{\theta - h v} , $$
at $h$ and $h/2$; the two quotients apart from each other tell how exact they are.

The Hessian is asked about whatever the precision, always in float64, and with kinks too: a step that
crosses one puts the jump of the gradient, divided by $h$, into a quotient, so that the two disagree and
nothing is said. A short step is taken first, since many kinks crossed by a long one may agree by their
mean; then a long one, since the short one does not stand out where a layer rounds by itself. A product
that either confirms is right. What is wrong in a layer of small part in the product (below
`WRONG`) is not seen. A gradient that is made up, as of rounding passed straight through, has a Hessian of
nothing: it is refused, too.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from qres.errors import InputError
from qres.measurement.curvature import Batch, Curvature, Vector
from qres.measurement.networks import explain

REPEATS = 1e-4
"""Two products of the same vector may differ by this part of their norm, for sums in any order."""

COUPLED = 1e-5
"""A loss that differs by this part when its samples are cut in two couples them."""

STEP = 1e-3
"""Length of the step of the difference quotient, in units of the weights."""

SHORT_STEP = 1e-6
"""The same where kinks are not to be crossed: a thousandth of them, and eight digits are left."""

ROUNDING = 1e-9
"""What is smaller than this is rounding."""

WRONG = 1e-3
"""A derivative is wrong if it is off by this part of the quotient, beyond what that itself may be."""

BROKEN = (
    torch.nn.LayerNorm,
    torch.nn.modules.batchnorm._BatchNorm,
    torch.nn.modules.instancenorm._InstanceNorm,
)
"""Layers whose third derivative torch gets wrong, batch norms only in train mode."""

Warnings = tuple[tuple[str, str], ...]


def check_products(curvature: Curvature, *, seed: int) -> Warnings:
    """Repeat one product with the Hessian, and cut one batch in two.

    Args:
        curvature: of the loss.
        seed: of the vector.

    Returns:
        A warning where the samples of a batch are coupled.

    Raises:
        InputError: a product is not finite, differs when it is repeated, or is not the derivative of
            the gradient.
    """
    numbers = np.random.default_rng(seed).standard_normal(curvature.n_active)
    vector = torch.from_numpy(numbers).to(curvature.start_tensor.device)
    # fresh copies: no graph is shared, so the network runs again
    few = curvature.sampled()
    try:
        first, second = (few.at(curvature.start).apply(vector) for _ in range(2))
    except RuntimeError as error:  # NotImplementedError is one
        if not is_missing(error):
            raise
        raise InputError(
            f"network: torch has no second derivative of one of its operations: {explain(error)}"
        ) from error
    norm = float(first.norm())
    if not math.isfinite(norm):
        raise InputError(
            "network: the product of Hessian and a vector is not finite at the given weights;"
            " a layer has no second derivative there (a root or norm at zero?)"
        )
    apart = float((first - second).norm())
    if apart > REPEATS * norm:
        raise InputError(
            f"network: the same product differs by {apart / norm:.1g} of its norm when repeated"
            " (dropout, or statistics that change from call to call?); call module.eval() first"
        )
    if not _is_derivative(few, numbers, first.double().cpu().numpy()):
        raise InputError(
            "network: the Hessian is not the derivative of the gradient: torch, or a layer of your"
            " own, differentiates twice wrongly"
        )
    if not _is_coupled(curvature):
        return ()
    text = (
        "the loss of a batch is not the mean over its samples (a sum, or batch statistics, which"
        " module.eval() fixes?): what is measured holds for the batches as they were given"
    )
    return (("W-BATCH", text),)


def is_missing(error: RuntimeError) -> bool:
    """Say whether torch lacks a derivative, and nothing else went wrong."""
    text = str(error)
    return any(sign in text for sign in ("not implemented", "once_differentiable"))


def is_wrong(curvature: Curvature, degree: int, *, seed: int = 0) -> bool:
    """Say whether a derivative that a model of this degree needs is not that of the one before.

    Kinks and low precision leave quotients without meaning: there the layers are looked up.

    Args:
        curvature: of the loss.
        degree: 2 for the third derivative, 3 for the fourth too.
        seed: of the direction.
    """
    if not _has_quotients(curvature):
        return any(isinstance(layer, BROKEN) for layer in _live_layers(curvature.module))
    vector = np.random.default_rng(seed).standard_normal(curvature.n_active)
    vector /= np.linalg.norm(vector)
    return any(
        _is_off(curvature, vector, curvature.derive(vector, order)[-1], order, (STEP,))
        for order in range(2, degree + 1)
    )


def _has_quotients(curvature: Curvature) -> bool:
    """Say whether difference quotients of more than the gradient mean anything."""
    is_double = curvature.start_tensor.dtype is torch.float64
    return is_double and not curvature.is_kinked


def _is_derivative(few: Curvature, vector: Vector, product: Vector) -> bool:
    """Say whether nothing shows the Hessian not to be the derivative of the gradient.

    Two gradients in double precision confirm most products. One that they do not confirm may be off
    by its rounding: it is made again in double precision.
    """
    length = float(np.linalg.norm(vector))
    unit, steps = vector / length, (SHORT_STEP, STEP)

    def compare() -> bool:
        double = few.in_double()
        if few.arithmetic.precision != "bfloat16" and not _is_off(
            double, unit, product / length, 1, steps
        ):
            return True
        return not _is_off(double, unit, double.multiply(unit), 1, steps)

    return few.journal.phase("Hessian and gradient", compare)


def _is_off(
    curvature: Curvature, vector: Vector, found: Vector, order: int, steps: tuple[float, ...]
) -> bool:
    """Compare $T_{order+1}$ with the quotients of the derivative below, along one direction.

    A step that confirms it ends the question. So does one that crosses kinks: a longer one crosses more.
    """
    is_off = False
    for step in steps:
        narrow = _quotient(curvature, vector, order, step / 2)
        gap, exact = float(np.linalg.norm(found - narrow)), float(np.linalg.norm(narrow))
        if gap <= WRONG * exact + ROUNDING:
            return False
        wide = _quotient(curvature, vector, order, step)
        apart = float(np.linalg.norm(wide - narrow))
        is_off |= not gap <= 10 * apart + WRONG * exact + ROUNDING
        if not is_off and curvature.is_kinked:
            return False
    return is_off


def _quotient(curvature: Curvature, vector: Vector, order: int, step: float) -> Vector:
    """Return the difference quotient of the derivative below, along the vector."""
    ends = (curvature.start + sign * step * vector for sign in (1, -1))
    if order == 1:
        ahead, behind = (curvature.gradient(end) for end in ends)
    else:
        ahead, behind = (curvature.at(end).derive(vector, order - 1)[-1] for end in ends)
    return (ahead - behind) / (2 * step)


def _live_layers(module: torch.nn.Module) -> list[torch.nn.Module]:
    """Return the layers but for batch norms with fixed statistics, whose derivatives are right."""
    return [
        layer
        for layer in module.modules()
        if layer.training or not isinstance(layer, torch.nn.modules.batchnorm._BatchNorm)
    ]


def _is_coupled(curvature: Curvature) -> bool:
    """Say whether the loss of the first batch, or of as much as fits, is not that of its halves."""
    inputs, targets = curvature.parts[0]
    if len(inputs) < 4:
        return False
    half = len(inputs) // 2
    halves = [(inputs[:half], targets[:half]), (inputs[half:], targets[half:])]
    try:
        whole, *parts = (_find_loss(curvature, batch) for batch in [(inputs, targets), *halves])
    except (RuntimeError, ValueError):  # code of the user's that takes whole batches only
        return True
    mean = (half * parts[0] + (len(inputs) - half) * parts[1]) / len(inputs)
    return not math.isclose(whole, mean, rel_tol=COUPLED, abs_tol=1e-12)


def _find_loss(curvature: Curvature, batch: Batch) -> float:
    """Return the mean loss of one batch at the start."""
    with torch.no_grad():
        output = curvature.output(curvature.start_tensor, batch)
        return float(curvature.compare(output, batch[1]))
