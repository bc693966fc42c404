r"""Training by Carleman linearisation: gradient descent as one linear system, solved and read out.

Claim: from tables of $F_k = -\nabla^{k+1} L(c)/k!$, $k = 0..q$, at the weights $c$ a quantum computer
prepares a state whose wanted block is the update $u_T$ of $T$ steps of gradient descent on the
degree-$q$ model, and reads it out to relative error `error.total` with probability at least
$1 - $ `error.fail_prob`. Where one lift does not reach that far, the weights are read out after a
segment and uploaded again.

Source: Liu et al., arXiv:2303.03428, for the pipeline; the finite-horizon theory that prices it
(history matrix of the lift, certificates, perturbation of the read block, gate card) is derived.

Departures: the tables are charged, the read-out of every active weight is charged, the condition
number is that of the encoded lift, and the error of the polynomial model is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qres.algorithms.access.qram import access_assumptions, access_warnings
from qres.algorithms.base import Choice, open_solvers
from qres.algorithms.circuit import system_circuit
from qres.algorithms.descent.blueprint import NAME, blueprint
from qres.algorithms.descent.openings import open_encodings
from qres.algorithms.descent.plan import Plan, find_plan, part_of
from qres.algorithms.descent.pruned import GRAM, dropped_error, kept_row, kept_values, open_rows
from qres.algorithms.descent.segmentation import segmentations
from qres.algorithms.descent.target import is_loss, loss_assumptions, loss_spread, planning_error
from qres.algorithms.descent.terms import (
    decided_shares,
    loss_shares,
    plan_assumptions,
    plan_warnings,
    spent_assumptions,
    spent_warnings,
)
from qres.algorithms.descent.values import is_closed
from qres.algorithms.readouts.base import (
    Readout,
    check_readout,
    find_readout,
    readout_values,
)
from qres.algorithms.readouts.stages import (
    budget_shares,
    failures,
    readout_assumptions,
    run_warnings,
)
from qres.algorithms.record import Job
from qres.algorithms.rules.base import rule_of
from qres.config.record import CarlemanGd, ErrorTarget
from qres.errors import InfeasibleError
from qres.measurement.record import Measurement
from qres.notation.quantity import Quantity


def candidates(
    parameters: CarlemanGd, measurement: Measurement, error: ErrorTarget
) -> tuple[Choice, ...]:
    """Return the open choices: plans, encodings, positions of the lift, solvers, modes.

    Raises:
        InputError: no encoding is usable.
        InfeasibleError: the lift converges for no choice.
    """
    member, rule = find_readout(parameters.readout), rule_of(parameters, measurement)
    rule.check_encoding(parameters.encoding)
    aim = planning_error(parameters, measurement, error)
    part = part_of(aim)
    return tuple(
        Choice(
            encoding=name,
            solver=option,
            padding=padding,
            mode=mode,
            rule=failure_rule,
            degree=plan.degree,
            segment_steps=plan.cut.steps,
            truncation_order=plan.truncation_order,
            map_order=map_order,
            rescaling=rescaling,
            kept_row=row,
        )
        for plan in rule.plans(parameters, measurement, aim)
        for name in open_encodings(parameters, plan, part, rule.holds, rule.needs)
        for map_order, rescaling, padding in rule.positions(parameters, plan, name)
        for row in (open_rows(plan, measurement, name, part) if rule.is_pruned else (0,))
        for option in open_solvers(parameters.solver)
        for mode in member.modes
        for failure_rule in member.rules
    )


def _is_known(plan: Plan, values: Mapping[str, Quantity]) -> bool:
    """Return whether a run has one probability: several segments share a bound, a guess is none."""
    path = ("update_norm", "path_energy", "success_prob", "xi")
    is_guessed = any(name in values and values[name].kind == "assumed" for name in path)
    return len(plan.cut.segments) == 1 and not is_guessed


def build(
    parameters: CarlemanGd, measurement: Measurement, error: ErrorTarget, choice: Choice
) -> Job:
    """Return the job of one choice.

    Raises:
        InfeasibleError: the weights do not move, the lift grows beyond any number, or it is too
            short for the read-out.
        HypothesisError: the steps grow beyond any number.
    """
    member, mode = find_readout(parameters.readout, choice.rule), choice.mode
    check_readout(member, NAME, degree=choice.degree, order=choice.truncation_order)
    aim = planning_error(parameters, measurement, error)
    plan = _plan_of(parameters, measurement, aim, choice)
    _check_segments(plan, member, choice.encoding)
    position = (choice.map_order, choice.rescaling, choice.padding)
    row = kept_row(measurement, plan, choice)
    rule = rule_of(parameters, measurement)
    outcome = rule.outcome(parameters, measurement, plan, position, choice.encoding)
    is_known = row is None and _is_known(plan, outcome.values)
    system, stages, definitions = blueprint(
        choice.encoding,
        choice.solver,
        parameters.readout,
        choice.rule,
        mode,
        plan.degree,
        rule,
        is_plain=rule.is_plain(plan),
        is_known=is_known,
    )
    values = dict(outcome.values)
    values |= {} if row is None else kept_values(row, values, dropped_error(row, plan))
    values |= readout_values(member, parameters.readout, measurement.values)
    dropped = 0.0 if row is None else dropped_error(row, plan)
    spread = loss_spread(measurement) if is_loss(parameters) else member.spread
    decided = decided_shares(plan, choice.map_order, measurement, aim, spread, dropped)
    if is_loss(parameters):
        decided = loss_shares(decided)
    return Job(
        name=NAME,
        stages=stages,
        values=values,
        definitions=definitions,
        shares=budget_shares(member, decided=decided),
        failures=failures(system, member, mode),
        choices=_choices(parameters, plan, choice, member, values),
        has_task=member.has_task,
        assumptions=(
            *plan_assumptions(plan, measurement, aim),
            *spent_assumptions(decided, error),
            *(loss_assumptions(measurement) if is_loss(parameters) else ()),
            *access_assumptions(parameters.data_access),
            *readout_assumptions(system, member, mode),
        ),
        warnings=(
            *measurement.warnings,
            *plan_warnings(plan, position, aim),
            *spent_warnings(decided, error),
            *outcome.warnings,
            *access_warnings(parameters.data_access),
            *run_warnings(system, member, mode),
        ),
        references=outcome.references,
        circuit=system_circuit(system, member, mode) if system.solver.has_circuit else None,
    )


def _plan_of(
    parameters: CarlemanGd, measurement: Measurement, error: ErrorTarget, choice: Choice
) -> Plan:
    """Return the plan that a choice was made from."""
    typed = replace(parameters, segment_steps=choice.segment_steps or parameters.n_steps)
    (cut,) = segmentations(typed, measurement)
    return find_plan(
        replace(parameters, truncation_order=choice.truncation_order),
        cut,
        choice.degree,
        part_of(error),
    )


def _check_segments(plan: Plan, member: Readout, encoding_name: str) -> None:
    """Refuse segments where nothing is read out that could be uploaded again."""
    if encoding_name == GRAM and not is_closed(plan):
        raise InfeasibleError("encoding", "gram is priced at degree 1 in one segment")
    if len(plan.cut.segments) > 1 and not member.name.startswith("tomography"):
        raise InfeasibleError(
            "segments",
            f"{len(plan.cut.segments)} segments need the weights between them, which '{member.name}'"
            " does not read out: use tomography, fewer steps, or a larger error.total",
        )


def _choices(
    parameters: CarlemanGd,
    plan: Plan,
    choice: Choice,
    member: Readout,
    values: Mapping[str, Quantity],
) -> dict[str, Any]:
    own = ("velocity_scale", "n_batches")
    chosen = {name: values[name].value for name in own if name in values}
    return {
        "degree": plan.degree,
        "truncation_order": plan.truncation_order,
        "map_order": choice.map_order,
        "segments": len(plan.cut.segments),
        "segment_steps": plan.cut.steps,
        "rescaling": choice.rescaling,
        "expansion": "initial",
        "encoding": choice.encoding,
        "padding": choice.padding,
        "data_access": parameters.data_access,
        "solver": choice.solver,
        "readout": member.name,
        "error.total is relative to": member.relative_to,
        "state preparation": choice.mode,
        "failure rule": member.rule_text,
        **chosen,
    }
