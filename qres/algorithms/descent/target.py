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

from collections.abc import Callable
from dataclasses import dataclass, replace

import sympy

from qres.algorithms.record import Assumption
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
    if algorithm.momentum_restart:
        raise InputError(
            "error.target: loss is not priced with momentum_restart, as training in segments of"
            " another length ends at another loss; use target: weights"
        )
    if algorithm.readout.kind == "observable":
        return Converted(error=error)
    found, note = _weights_error(error.total, measurement)
    bend = _largest_curvature(measurement)
    text = (
        f"error.target: loss: the Hessian's norm near the last weights is at most {float(bend):.4g},"
        " that at the first"
    )
    return Converted(
        error=replace(error, total=float(found), target="weights"),
        weights_error=found,
        assumptions=(text, *note),
    )


def settle_error(scenario: Scenario, measurement: Measurement) -> Scenario:
    """Return the scenario with the measured read-out tolerance where it left `error.total` to us.

    A tolerance of 100 % and more is no error to aim at: then the largest noise below it that was
    tried. Without a measured tolerance the default of the file stands.
    """
    found = measurement.values.get("readout_tolerance")
    if not scenario.is_error_open or found is None or found.value is None:
        return scenario
    total = float(found)
    if total >= 1:
        tried = [row[0] for row in measurement.details.get("readout_noise", ()) if row[0] < 1]
        if not tried:
            return scenario
        total = max(tried)
    defaults = (
        (path, total if path == "error.total" else value) for path, value in scenario.defaults
    )
    raw = {**scenario.raw, "error": {**scenario.raw.get("error", {}), "total": total}}
    error = replace(scenario.error, total=total)
    return replace(scenario, error=error, defaults=tuple(defaults), raw=raw)


def planning_error(
    parameters: CarlemanGd, measurement: Measurement, error: ErrorTarget
) -> ErrorTarget:
    """Return the target by which degree and orders are chosen, an error of the weights.

    Only a read-out of the loss has another: its `error.total` is an error of the loss.

    Raises:
        InputError: the loss may be off by so much that the first weights will do.
    """
    if not is_loss(parameters):
        return error
    return replace(error, total=float(_weights_error(error.total, measurement)[0]))


def is_loss(parameters: CarlemanGd) -> bool:
    """Say whether the loss is read out."""
    return parameters.readout.kind == "observable" and parameters.readout.of == "loss"


def loss_assumptions(measurement: Measurement) -> tuple[Assumption, ...]:
    """Return what an error of the loss rests on, where it follows from one of the weights."""
    bend, note = _largest_curvature(measurement), _final_gradient(measurement)[1]
    text = (
        f"the Hessian's norm near the last weights is at most {float(bend):.4g}, that at the first;"
        " the loss is a polynomial of degree 3 of the update"
    )
    texts = (text, *(line.removeprefix("error.target: loss: ") for line in note))
    return tuple(Assumption(text=line, factor=None, favours="quantum") for line in texts)


def loss_spread(measurement: Measurement) -> Callable[[float], float]:
    """Return what turns a relative error of the weights into one of the loss."""
    return lambda error: loss_error(measurement, error)


def loss_error(measurement: Measurement, weights_error: float) -> float:
    """Return the error of the loss that a relative error of the weights makes at most."""
    slope, _ = _final_gradient(measurement)
    change = weights_error * float(_distance(measurement))
    return change * (_high(slope) + float(_largest_curvature(measurement)) * change / 2)


def _weights_error(total: float, measurement: Measurement) -> tuple[Quantity, tuple[str, ...]]:
    """Return the relative error of the weights that an error of the loss allows, and notes."""
    slope, note = _final_gradient(measurement)
    bend, length = _largest_curvature(measurement), _distance(measurement)
    most = loss_error(measurement, 1.0)
    if most <= total:
        raise InputError(
            f"error.total: {total:g} of the loss leaves nothing to compute, the first weights"
            f" are that good; expected less than {most:.3g}"
        )
    found = WEIGHTS_ERROR(
        loss_error=total,
        final_grad_norm=_high(slope),
        hessian_norm=float(bend),
        final_distance=float(length),
    )
    quantity = Quantity(
        value=float(found),
        kind=weakest(("assumed", *(part.kind for part in (slope, bend, length)))),
        source=str(WEIGHTS_ERROR.source),
        method=f"{WEIGHTS_ERROR.name} of error.total {total:g}",
    )
    return quantity, note


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
