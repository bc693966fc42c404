r"""A quantum linear solver on a matrix: prepare $A^{-1}|b\rangle$ and read it out.

Claim: from a table of $A$ and of $b$ a quantum computer reads $x = A^{-1}b$ to relative error
`error.total` with probability at least $1 - $ `error.fail_prob`. The solver sees
$\kappa_{\mathrm{eff}} = \alpha/\sigma_{\min}$, not the condition number of $A$.

Departures from the training pipeline: no history matrix, so the success probability is 1, and
$\xi = \lVert A^{-1}\rVert\lVert b\rVert/\lVert x\rVert$ is the inverse of `solution_overlap`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from qres.algorithms.access.qram import access_assumptions, access_limit, access_warnings
from qres.algorithms.base import Choice, open_solvers
from qres.algorithms.circuit import system_circuit
from qres.algorithms.encodings.base import encoding, usable_encodings
from qres.algorithms.linear_blueprint import NAME, blueprint
from qres.algorithms.readouts.base import (
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
from qres.config.record import ErrorTarget, LinearSystem
from qres.errors import UNBOUNDED_KAPPA, InfeasibleError, InputError
from qres.measurement.record import Measurement
from qres.notation.quantity import Quantity


def candidates(
    parameters: LinearSystem, measurement: Measurement, error: ErrorTarget
) -> tuple[Choice, ...]:
    """Return the open choices: encodings with known values, solvers, ways to make a state."""
    usable = usable_encodings(parameters.encoding, measurement.values)
    member = find_readout(parameters.readout)
    return tuple(
        Choice(encoding=name, solver=option, mode=mode, rule=rule)
        for name in usable
        for option in open_solvers(parameters.solver)
        for mode in member.modes
        for rule in member.rules
    )


def build(
    parameters: LinearSystem, measurement: Measurement, error: ErrorTarget, choice: Choice
) -> Job:
    """Return the job of one choice.

    Raises:
        InfeasibleError: the matrix is singular.
        InputError: there is no such read-out of a linear system.
    """
    member, mode = find_readout(parameters.readout, choice.rule), choice.mode
    check_readout(member, NAME)
    values = _values(parameters, measurement, choice)
    is_known = _is_known(values["solution_overlap"])
    system, stages, definitions = blueprint(choice, parameters.readout, is_known=is_known)
    return Job(
        name=NAME,
        stages=stages,
        values={**values, **readout_values(member, parameters.readout, measurement.values)},
        definitions=definitions,
        shares=budget_shares(member),
        failures=failures(system, member, mode),
        choices={
            "encoding": choice.encoding,
            "data_access": parameters.data_access,
            "solver": choice.solver,
            "readout": member.name,
            "error.total is relative to": member.relative_to,
            "state preparation": choice.mode,
            "failure rule": member.rule_text,
        },
        has_task=member.has_task,
        assumptions=(
            *access_assumptions(parameters.data_access),
            *readout_assumptions(system, member, mode),
        ),
        warnings=(
            *measurement.warnings,
            *access_warnings(parameters.data_access),
            *run_warnings(system, member, mode),
        ),
        circuit=system_circuit(system, member, mode) if system.solver.has_circuit else None,
    )


def _values(
    parameters: LinearSystem, measurement: Measurement, choice: Choice
) -> dict[str, Quantity]:
    needed = ("dim", "smallest_singular_value", *encoding(choice.encoding).needs)
    missing = [name for name in needed if name not in measurement.values]
    if missing:
        raise InputError(f"the measurement lacks {', '.join(missing)}")
    values = {name: measurement.values[name] for name in needed}
    smallest = values["smallest_singular_value"]
    values["smallest_singular_value"] = _outer_end(smallest)
    if float(values["smallest_singular_value"]) <= 0:
        raise InfeasibleError("solver", UNBOUNDED_KAPPA)
    values["solution_overlap"] = _overlap(measurement.values, smallest)
    values["success_prob"] = Quantity(value=1, method="nothing is projected out")
    values["block_limit"] = access_limit(parameters.data_access)
    return values


def _outer_end(quantity: Quantity) -> Quantity:
    """Return the lower end of a quantity that has an interval."""
    if quantity.low is None or quantity.low == quantity.value:
        return quantity
    return replace(quantity, value=quantity.low, method=f"outer end of: {quantity.method}")


def _overlap(values: Mapping[str, Quantity], smallest: Quantity) -> Quantity:
    """Return the overlap of the solution, with the norm of the inverse that is priced."""
    known = values.get("solution_overlap")
    if known is None:
        return Quantity(value=1.0, kind="assumed", method="no right-hand side, the best case")
    part = float(_outer_end(smallest)) / float(smallest)
    if part == 1 or known.kind == "assumed" or (known.kind != "given" and known.low is not None):
        return _outer_end(known)
    ends = {name: getattr(known, name) for name in ("value", "low", "high")}
    moved = {name: float(end) * part for name, end in ends.items() if end is not None}
    return _outer_end(replace(known, **moved))


def _is_known(overlap: Quantity) -> bool:
    """Return whether it is one number: a measured interval is that of the inverse, priced at its end."""
    is_typed = overlap.kind == "given"
    return overlap.low == overlap.high if is_typed else overlap.kind != "assumed"
