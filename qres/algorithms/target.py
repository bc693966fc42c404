r"""An error of the loss as an error of the weights: `error.target: loss`.

`error.total` $= E$ then bounds $|L(\hat\theta) - L(\theta_T)|$. By Taylor's theorem around $\theta_T$,
with $d = \lVert\hat\theta - \theta_T\rVert$, $g_T = \lVert\nabla L(\theta_T)\rVert$ and $h$ the
largest norm of the Hessian between the two,
$$ |L(\hat\theta) - L(\theta_T)| \le g_T d + \tfrac h2 d^2 . $$
The right-hand side is $E$ at $d = 2E/(g_T + \sqrt{g_T^2 + 2hE})$, a form without cancellation. Over
$\lVert\theta_T - \theta_0\rVert$ it is the relative error that the pipeline works with.

$h$ is taken from the outer ends of the spectrum at the first weights, and assumed to hold at the last.
An observable loss is absolute as it stands: nothing is converted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy

from qres.config.record import CarlemanGd, ErrorTarget, Scenario
from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.notation.formula import Condition, Formula
from qres.notation.quantity import Quantity, weakest
from qres.notation.source import derived
from qres.notation.symbols import symbols

_ERROR, _SLOPE, _BEND, _LENGTH = symbols("loss_error final_grad_norm hessian_norm final_distance")

WEIGHTS_ERROR = Formula(
    name="target.weights_error",
    meaning="error of the weights, over the distance they move, that an error of the loss allows",
    expression=2 * _ERROR / ((_SLOPE + sympy.sqrt(_SLOPE**2 + 2 * _BEND * _ERROR)) * _LENGTH),
    inputs=("loss_error", "final_grad_norm", "hessian_norm", "final_distance"),
    source=derived("Taylor's theorem to second order at the last weights"),
    kind="proven",
    bound="lower",
    conditions=(
        Condition(_ERROR > 0, "loss_error > 0"),
        Condition(_SLOPE >= 0, "final_grad_norm >= 0"),
        Condition(_BEND >= 0, "hessian_norm >= 0"),
        Condition(_LENGTH > 0, "final_distance > 0"),
    ),
)

FORMULAS = (WEIGHTS_ERROR,)


@dataclass(frozen=True, kw_only=True)
class Converted:
    """A target in terms of the weights.

    Args:
        error: the target that the pipeline works with.
        weights_error: its total with pedigree; None where nothing was converted.
        assumptions: what the conversion takes for granted.
    """

    error: ErrorTarget
    weights_error: Quantity | None = None
    assumptions: tuple[str, ...] = ()


def convert_target(scenario: Scenario, measurement: Measurement) -> Converted:
    """Return the target of a scenario as an error of the weights.

    Raises:
        InputError: the loss may be off by so much that the first weights will do.
    """
    error, algorithm = scenario.error, scenario.algorithm
    if error.target == "weights" or not isinstance(algorithm, CarlemanGd):
        return Converted(error=error)
    if algorithm.readout.kind == "observable":
        return Converted(error=error)
    slope, note = _final_gradient(measurement)
    bend, length = _largest_curvature(measurement), _distance(measurement)
    parts = (slope, bend, length)
    most = float(length) * (_high(slope) + float(bend) * float(length) / 2)
    if most <= error.total:
        raise InputError(
            f"error.total: {error.total:g} of the loss leaves nothing to compute, the first weights"
            f" are that good; expected less than {most:.3g}"
        )
    total = WEIGHTS_ERROR(
        loss_error=error.total,
        final_grad_norm=_high(slope),
        hessian_norm=float(bend),
        final_distance=float(length),
    )
    found = Quantity(
        value=float(total),
        kind=weakest(("assumed", *(part.kind for part in parts))),
        source=str(WEIGHTS_ERROR.source),
        method=f"{WEIGHTS_ERROR.name} of error.total {error.total:g}",
    )
    text = (
        f"error.target: loss: the Hessian's norm near the last weights is at most {float(bend):.4g},"
        " that at the first"
    )
    return Converted(
        error=replace(error, total=float(total), target="weights"),
        weights_error=found,
        assumptions=(text, *note),
    )


def _final_gradient(measurement: Measurement) -> tuple[Quantity, tuple[str, ...]]:
    """Return the norm of the gradient at the last weights; that at the first where it is unknown."""
    known = measurement.values.get("final_grad_norm")
    if known is not None and known.value is not None:
        return known, ()
    first = replace(measurement.values["grad_norm"], kind="assumed")
    text = (
        f"error.target: loss: final_grad_norm is not known, taken as grad_norm {_high(first):.4g}"
    )
    return first, (text,)


def _largest_curvature(measurement: Measurement) -> Quantity:
    """Return the largest absolute eigenvalue, outer ends of the intervals."""
    low, high = measurement.values["lambda_min"], measurement.values["lambda_max"]
    bottom = float(low) if low.low is None else float(low.low)
    return Quantity(value=max(abs(bottom), abs(_high(high))), kind=weakest((low.kind, high.kind)))


def _distance(measurement: Measurement) -> Quantity:
    """Return how far the weights move."""
    known = measurement.values.get("final_distance")
    if known is not None and known.value is not None:
        return known
    kind = "assumed" if measurement.subject == "given" else "measured"
    return Quantity(value=measurement.update_norms[-1], kind=kind)


def _high(quantity: Quantity) -> float:
    return float(quantity) if quantity.high is None else float(quantity.high)
