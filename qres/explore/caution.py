"""Warnings by code: what a reader of the numbers must know. The codes are stable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qres.algorithms.encodings.base import encoding
from qres.algorithms.record import Job
from qres.config.record import Scenario
from qres.measurement.record import Measurement
from qres.physical.record import Machine
from qres.physical.storage import why_plain
from qres.pricing.record import Priced

Warnings = tuple[tuple[str, str], ...]

ERROR_FLOOR = 1e-10
"""Logical error per cycle below which no experiment has gone."""

ROUNDING = 1e-9


def cautions(
    scenario: Scenario,
    measurement: Measurement,
    job: Job,
    priced: Priced,
    machines: Sequence[Machine] = (),
) -> Warnings:
    """Return the warnings of a finished estimate, those of measurement and job first."""
    found = [*job.warnings]
    if not job.has_task and job.name != "counts":
        found.append(("W-NOTASK", "read-out 'state' is no classical task: no winner can be named"))
    found += _constants(job)
    found += _sparse(job, measurement)
    found += _lower(job)
    found += _tables(job, priced)
    found += _encoding(job, priced, measurement)
    found += _condition(priced, measurement)
    found += _contradictions(priced, measurement)
    found += _ignored(measurement)
    found += _machines(priced)
    found += _storage(machines, priced)
    found += _several(scenario, priced)
    return tuple(dict.fromkeys(found))


def _constants(job: Job) -> list[tuple[str, str]]:
    if job.kind != "asymptotic":
        return []
    return [("W-ASYMP", "a hidden constant was set to 1: read the total as an order of magnitude")]


def _sparse(job: Job, measurement: Measurement) -> list[tuple[str, str]]:
    """Return where the cost rests on fewer entries in a row than were counted, or on typed ones."""
    used, known = job.values.get("sparsity"), measurement.values
    if used is None or used.value is None or "sparsity" not in job.used:
        return []
    if measurement.subject == "given":
        if "n_active" not in known or float(used) >= float(known["n_active"]):
            return []
        message = (
            f"{float(used):,.0f} non-zeros a row were typed, not measured; through a softmax the"
            f" Hessian on the {float(known['n_active']):,.0f} surviving weights is usually full"
        )
        return [("W-SPARSE", message)]
    counted = next((row.sparsity for row in measurement.sparsity_rows), None)
    is_charged = any(share.name == "eps_threshold" for share in job.shares)
    if counted is None or is_charged or float(used) >= counted:
        return []
    message = f"sparsity {float(used):,.0f} is below the {counted:,} that were measured"
    return [("W-SPARSE", f"{message}: the dropped entries are not charged")]


def _lower(job: Job) -> list[tuple[str, str]]:
    """Return the inputs that are known from below only, while the cost rises with them."""
    names = [name for name, item in job.values.items() if item.bound == "lower"]
    names = [name for name in names if name in job.used]
    if not names:
        return []
    verb = "is" if len(names) == 1 else "are"
    text = f"{' and '.join(names)} {verb} known from below only, and the cost rises with them"
    return [("W-LOWER", f"{text}: the total is optimistic")]


def _tables(job: Job, priced: Priced) -> list[tuple[str, str]]:
    """Return that the tables cost more than training, and whether they alone lose the comparison."""
    tables = sum(float(stage.gradients) for stage in priced.stages)
    steps = priced.numbers.get("n_steps")
    if steps is None or tables < float(steps):
        return []
    message = f"writing the tables down takes {tables:,.0f} gradients, training {float(steps):,.0f}"
    rival = np.inf if priced.classical is None else float(priced.classical.runtime_s)
    is_lost = job.has_task and float(priced.stage_s.get("tabulate", 0.0)) >= rival
    lost = ": the job is lost before the quantum computer is switched on" if is_lost else ""
    return [("W-TABULATE", message + lost)]


def _encoding(job: Job, priced: Priced, measurement: Measurement) -> list[tuple[str, str]]:
    name = job.choices.get("encoding")
    if name is None or not encoding(name).is_norm_access:
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


def _condition(priced: Priced, measurement: Measurement) -> list[tuple[str, str]]:
    kappa, numbers = measurement.values.get("kappa"), priced.numbers
    if kappa is None or kappa.value is None or "kappa_eff" not in numbers:
        return []
    if float(numbers["kappa_eff"]) <= 3 * float(kappa):
        return []
    message = (
        f"the solver sees kappa_eff {float(numbers['kappa_eff']):.4g}, the matrix has kappa"
        f" {float(kappa):.4g}: the encoding's normalisation is paid for"
    )
    return [("W-KAPPA", message)]


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


def _ignored(measurement: Measurement) -> list[tuple[str, str]]:
    values = measurement.values
    names = [name for name in ("rotation_depth", "measurements") if name in values]
    if not names:
        return []
    text = "no part of the time, in which every magic state waits for the one before it"
    return [("W-SERIAL", f"{' and '.join(names)}: {text}")]


def _machines(priced: Priced) -> list[tuple[str, str]]:
    found = []
    for cost in priced.machines:
        if not cost.is_feasible:
            found.append(("W-INFEASIBLE", f"{cost.hardware}: {cost.reason}"))
            continue
        if cost.ticks_per_reaction > 1.0:
            ticks = f"{cost.ticks_per_reaction:.3g} code cycles"
            message = f"a reaction lasts {ticks}: the decoder has to keep up with a faster clock"
            found.append(("W-DECODER", f"{cost.hardware}: {message}"))
        if float(cost.logical_error_per_cycle) < ERROR_FLOOR:
            found.append(
                (
                    "W-FLOOR",
                    f"{cost.hardware}: needs a logical error per cycle of"
                    f" {float(cost.logical_error_per_cycle):.1e}, no experiment has gone below 1e-10",
                )
            )
    return found


def _storage(machines: Sequence[Machine], priced: Priced) -> list[tuple[str, str]]:
    """Return where a machine has cold storage and idle qubits lie on plain patches all the same."""
    idle = float(priced.logical.idle_qubits)
    return [
        (
            "W-STORAGE",
            f"{machine.name}: {idle:,.0f} idle qubits are priced as plain patches:"
            f" {why_plain(machine)}",
        )
        for machine, cost in zip(machines, priced.machines, strict=bool(machines))
        if machine.storage and idle and cost.is_feasible and not cost.cold_qubits
    ]


def _several(scenario: Scenario, priced: Priced) -> list[tuple[str, str]]:
    """Return where more machines were offered than a job has independent shots for."""
    asked, shots = scenario.limits.n_machines, float(priced.logical.shots)
    if asked <= shots:
        return []
    if shots <= 1:
        text = "the job is one coherent run, so all but one machine would stand idle"
    else:
        text = f"the job has {shots:,.0f} independent shots, so more machines would stand idle"
    return [("W-MACHINES", f"limits.machines {asked:,}: {text}")]
