r"""What low precision changed, as part of every interval.

A number that was computed in float32 or bfloat16 is not exact, however it was computed: the weights and
samples are rounded, and so is every operation. What that changes is measured: the same product, gradient
or run once more in the next precision up, from the weights and samples as they were given. On large
networks few samples show it as well (`Objective.sampled`). The interval of a number reaches
`MARGIN` times as far as it moved, its kind is `measured`.

Of a symmetric matrix whose products with random unit vectors are off by $e$ the error $E$ has
$\lVert E\rVert_F = \sqrt{r\,\mathbb{E}e^2}$ over such vectors, and by Weyl no eigenvalue is off by more:
`bound_matrix`.

Source: derived.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from qres.measurement.curvature import Curvature, Vector
from qres.notation.quantity import Quantity

MARGIN = 2.0
"""Part of what was seen to change that an interval is widened by."""


def is_rounded(curvature: Curvature) -> bool:
    """Say whether anything is computed in less than double precision."""
    return curvature.arithmetic.precision != "float64"


def find_change(
    curvature: Curvature, name: str, product: Callable[[Curvature], Vector]
) -> tuple[float, float]:
    """Return by how much the next precision up changes a vector, and how long it is; a phase.

    Args:
        curvature: in less than double precision.
        name: of the phase of the journal.
        product: the vector, of a loss of few samples.
    """

    def measure() -> list[float]:
        few = curvature.sampled()
        rough = product(few)
        return [
            float(np.linalg.norm(rough - product(few.refined()))),
            float(np.linalg.norm(rough)),
        ]

    change, length = curvature.journal.phase(name, measure)
    return change, length


def find_slope_change(curvature: Curvature, norm: float) -> float:
    """Return by how much the gradient at the start, of this norm, may be off; 0 in double precision."""
    if not is_rounded(curvature):
        return 0.0
    change, length = find_change(
        curvature, "gradient change", lambda loss: loss.gradient(loss.start)
    )
    return MARGIN * max(change, change * norm / length if length > 0 else 0.0)


def bound_matrix(error: float, dim: int) -> float:
    """Return the Frobenius norm by which a matrix may be off.

    Args:
        error: of its products with unit vectors.
        dim: its dimension.
    """
    return MARGIN * math.sqrt(dim) * error


def add_rounding(quantity: Quantity, slack: float, curvature: Curvature) -> Quantity:
    """Return a number with what rounding may have changed in its interval; as it is in double.

    Args:
        quantity: as it was computed.
        slack: by how much it may be off.
        curvature: of which it was computed.
    """
    if not is_rounded(curvature):
        return quantity
    value = float(quantity)
    low = value if quantity.low is None else float(quantity.low)
    high = value if quantity.high is None else float(quantity.high)
    if value >= 0:  # nothing that is not negative gets so by rounding
        low = max(low - slack, min(0.0, low))
    else:
        low -= slack
    said = (
        f"{quantity.method}; the interval is that of rounding to {curvature.arithmetic.precision}"
    )
    if quantity.low is not None or quantity.high is not None:
        said = f"{quantity.method}; widened by what {curvature.arithmetic.precision} changed"
    kind = "measured" if quantity.kind == "exact" else quantity.kind
    return replace(quantity, low=low, high=high + slack, kind=kind, method=said)
