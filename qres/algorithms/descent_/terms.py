r"""What a descent spends of the error before anything is computed, and what it rests on.

The shares obey
$$ \sum_s \Lambda_s\bigl[d_{\mathrm{model},s} + \gamma_s e_{1,s} + d_{\mathrm{threshold},s}
   + (\lVert u_s\rVert + \gamma_s e_{1,s})(\epsilon_{\mathrm{tomo}} + \epsilon_{\mathrm{norm}}
   + \epsilon_{\mathrm{tomo}}\epsilon_{\mathrm{norm}} + \Sigma_s)\bigr]
   \le \mathrm{error.total}\,\lVert\theta_T - \theta_0\rVert . $$
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from qres.algorithms.plan import Plan, is_majorant_infinite, part_of
from qres.algorithms.record import Assumption, Share
from qres.config.record import ErrorTarget
from qres.measurement.record import Measurement
from qres.notation.quantity import Kind, weakest

Warnings = tuple[tuple[str, str], ...]


def decided_shares(
    plan: Plan,
    map_order: int,
    measurement: Measurement,
    error: ErrorTarget,
    spread: Callable[[float], float],
    dropped: float,
) -> tuple[Share, ...]:
    """Return the terms that are not filled: model, map, truncation, dropped entries.

    A model error above half of the budget leaves a result that nobody has shown for the training.

    Args:
        plan: with its errors.
        map_order: the map that was chosen.
        measurement: says how the model's error is known.
        error: the target, as an error of the weights.
        spread: from a relative error of the weights to one of the result.
        dropped: error of the entries that the encoding leaves out, relative to the whole change.
    """
    model, certificate = _model_kind(plan, measurement, error), _certificate_kind(plan)
    shares = [
        Share(name="eps_model", decided=spread(plan.eps_model), kind=model),
        Share(
            name="eps_map",
            decided=spread(plan.eps_map[map_order]),
            kind=_map_kind(plan.eps_map[map_order], certificate, error),
        ),
        Share(name="eps_truncation", decided=spread(plan.eps_truncation), kind=certificate),
    ]
    if dropped:
        kind: Kind = "measured" if dropped <= part_of(error) else "assumed"
        shares.append(Share(name="eps_threshold", decided=spread(dropped), kind=kind))
    return tuple(shares)


def _model_kind(plan: Plan, measurement: Measurement, error: ErrorTarget) -> Kind:
    if (
        plan.eps_model > error.total / 2
        or plan.cut.is_repeated
        or not _has_model(plan, measurement)
    ):
        return "assumed"
    return measurement.values["eps_model"].kind


def _has_model(plan: Plan, measurement: Measurement) -> bool:
    """Say whether anything is known of the model's error."""
    known = measurement.values.get("eps_model")
    return plan.degree in measurement.eps_model_curves or (
        known is not None and known.value is not None
    )


def _certificate_kind(plan: Plan) -> Kind:
    if plan.degree == 1:
        return "exact"
    return "measured" if plan.is_certified and not plan.cut.is_repeated else "assumed"


def _map_kind(spent: float, certificate: Kind, error: ErrorTarget) -> Kind:
    if not spent:
        return "exact"
    return certificate if spent <= part_of(error) else "assumed"


def loss_shares(decided: Iterable[Share]) -> tuple[Share, ...]:
    """Return the terms as errors of the loss: no surer than the curvature that turns them into it."""
    return tuple(replace(share, kind=weakest((share.kind, "assumed"))) for share in decided)


def plan_assumptions(
    plan: Plan, measurement: Measurement, error: ErrorTarget
) -> tuple[Assumption, ...]:
    """Return what degree, segments and orders rest on."""
    found = []
    if plan.eps_model > error.total / 2:
        found.append(
            f"the result holds for the weights of the degree-{plan.degree} model, not for those of"
            f" training: they differ by {plan.eps_model:.3g} of the update"
        )
    if _model_kind(plan, measurement, error) == "assumed" and plan.eps_model == 0:
        found.append("eps_model taken as 0")
    if plan.cut.is_repeated:
        found.append(
            f"{len(plan.cut.segments)} segments, each taken like the first: the later ones were"
            " not measured"
        )
    if not plan.is_certified:
        found.append(
            f"truncation order {plan.truncation_order} suffices, though its certificate"
            f" {plan.eps_truncation:.3g} is more than a seventh of error.total"
        )
    return tuple(Assumption(text=text, factor=None, favours="quantum") for text in found)


def spent_assumptions(decided: Iterable[Share], error: ErrorTarget) -> tuple[Assumption, ...]:
    """Return that the target is missed, where more than half of it is spent beforehand."""
    found = _overspent(decided, error)
    if found is None:
        return ()
    text = f"{found} are as small as half of error.total"
    return (Assumption(text=text, factor=None, favours="quantum"),)


def spent_warnings(decided: Iterable[Share], error: ErrorTarget) -> Warnings:
    """Return the same as a warning."""
    found = _overspent(decided, error)
    if found is None:
        return ()
    return (
        (
            "W-BUDGET",
            f"{found} exceed half of error.total {error.total:g}; the rest is given the other half,"
            " so that the sum may exceed error.total",
        ),
    )


def _overspent(decided: Iterable[Share], error: ErrorTarget) -> str | None:
    spent = sum(share.decided for share in decided)
    if spent <= error.total / 2:
        return None
    return f"errors of {spent:.3g} (model, map, truncation, dropped entries)"


def plan_warnings(plan: Plan, position: tuple[int, float, int], error: ErrorTarget) -> Warnings:
    """Return what a reader must know of model, map and certificate."""
    return tuple(_warnings(plan, position[0], error))


def _warnings(plan: Plan, map_order: int, error: ErrorTarget) -> Iterable[tuple[str, str]]:
    if plan.eps_model > error.total / 2:
        yield (
            "W-MODEL",
            f"eps_model {plan.eps_model:.3g} exceeds half of error.total {error.total:g}; no"
            " truncation order removes it: use fewer steps, shorter segments or a smaller"
            " learning rate",
        )
    if plan.degree == 1:
        return
    if not plan.is_certified:
        yield (
            "W-ORDER",
            f"truncation order {plan.truncation_order} is certified to {plan.eps_truncation:.3g} only,"
            f" more than a seventh of error.total {error.total:g}: a larger one, or shorter segments",
        )
    if is_majorant_infinite(plan):
        yield (
            "W-BLOWUP",
            "the a-priori majorant is infinite; the certificate along the measured path is used",
        )
    steepest = max(
        plan.cut.learning_rate * float(segment.values["lambda_max"])
        for segment in plan.cut.segments
    )
    if map_order < plan.truncation_order and steepest * plan.truncation_order > 2:
        yield (
            "W-STIFF",
            f"learning_rate N lambda_max = {steepest * plan.truncation_order:.3g} > 2: the map of"
            f" order {map_order} grows although training is stable; prefer map: exact",
        )
