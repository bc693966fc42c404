"""Warnings by code: what a reader of the numbers must know. The codes are stable."""

from __future__ import annotations

from qres.algorithms.record import Job
from qres.config.record import Scenario
from qres.measurement.record import Measurement
from qres.pricing.record import Priced

Warnings = tuple[tuple[str, str], ...]

ERROR_FLOOR = 1e-10
"""Logical error per cycle below which no experiment has gone."""

ROUNDING = 1e-9


def cautions(scenario: Scenario, measurement: Measurement, job: Job, priced: Priced) -> Warnings:
    """Return the warnings of a finished estimate, those of measurement and job first."""
    found = [*job.warnings]
    if not job.has_task and job.name != "counts":
        found.append(("W-NOTASK", "read-out 'state' is no classical task: no winner can be named"))
    found += _constants(job)
    found += _tables(job, priced)
    found += _encoding(job, priced, measurement)
    found += _condition(job, priced)
    found += _contradictions(priced, measurement)
    found += _machines(priced)
    return tuple(dict.fromkeys(found))


def _constants(job: Job) -> list[tuple[str, str]]:
    if job.kind != "asymptotic":
        return []
    return [("W-ASYMP", "a hidden constant was set to 1: read the total as an order of magnitude")]


def _tables(job: Job, priced: Priced) -> list[tuple[str, str]]:
    tables = sum(float(stage.gradients) for stage in priced.stages)
    steps = priced.numbers.get("n_steps")
    if steps is None or tables < float(steps):
        return []
    message = (
        f"writing the tables down takes {tables:,.0f} gradients, training {float(steps):,.0f}:"
        " the job is lost before the quantum computer is switched on"
    )
    return [("W-TABULATE", message)]


def _encoding(job: Job, priced: Priced, measurement: Measurement) -> list[tuple[str, str]]:
    if job.choices.get("encoding") != "frobenius":
        return []
    values = measurement.values
    norm = values.get("hessian_norm") or values.get("norm")
    if norm is None or norm.value is None or "frobenius_norm" not in values or float(norm) <= 0:
        return []
    stable_rank = (float(values["frobenius_norm"]) / float(norm)) ** 2
    if stable_rank > 0.5 * float(priced.numbers["dim"]):
        return []
    message = (
        f"data-structure access to a matrix of stable rank {stable_rank:.3g} in dimension"
        f" {float(priced.numbers['dim']):,.0f}: dequantised algorithms live here"
    )
    return [("W-DEQ", message)]


def _condition(job: Job, priced: Priced) -> list[tuple[str, str]]:
    reference = job.references.get("inverse_norm")
    numbers = priced.numbers
    if reference is None:
        return []
    linear = float(numbers["alpha"]) * float(reference)
    message = (
        f"kappa_eff {float(numbers['kappa_eff']):.4g} is a bound; the linear part alone needs"
        f" {linear:.4g}"
    )
    return [("W-KAPPA", message)] if float(numbers["kappa_eff"]) > 10 * linear else []


def _contradictions(priced: Priced, measurement: Measurement) -> list[tuple[str, str]]:
    """Return what no matrix and no training can be, so that the cost is too low."""
    numbers, values = priced.numbers, measurement.values
    found = []
    names = ("lambda_max", "lambda_min", "norm", "smallest_singular_value")
    largest = max((abs(float(values[name])) for name in names if name in values), default=0.0)
    alpha = numbers.get("alpha_matrix")
    if alpha is not None and float(alpha) < largest * (1 - ROUNDING):
        found.append(
            f"the encoding's normalisation {float(alpha):.4g} lies below the norm"
            f" {largest:.4g} of the matrix"
        )
    xi = numbers.get("xi")
    if xi is not None and float(xi) < 1 - ROUNDING:
        found.append(
            f"update_norms are larger than these steps can make (xi = {float(xi):.4g} < 1)"
        )
    tail = "the numbers contradict each other and the cost is too low"
    return [("W-CONTRADICTION", f"{text}: {tail}") for text in found]


def _machines(priced: Priced) -> list[tuple[str, str]]:
    found = []
    for cost in priced.machines:
        if not cost.is_feasible:
            found.append(("W-INFEASIBLE", f"{cost.hardware}: {cost.reason}"))
        elif float(cost.logical_error_per_cycle) < ERROR_FLOOR:
            found.append(
                (
                    "W-FLOOR",
                    f"{cost.hardware}: needs a logical error per cycle of"
                    f" {float(cost.logical_error_per_cycle):.1e}, no experiment has gone below 1e-10",
                )
            )
    return found
