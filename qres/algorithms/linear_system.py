r"""A quantum linear solver on a matrix: prepare $A^{-1}|b\rangle$ and read it out.

Claim: from a table of $A$ and of $b$ a quantum computer reads $x = A^{-1}b$ to relative error
`error.total` with probability at least $1 - $ `error.fail_prob`. The solver sees
$\kappa_{\mathrm{eff}} = \alpha/\sigma_{\min}$, not the condition number of $A$.

Departures from the training pipeline: no history matrix, so the success probability is 1, and
$\xi = \lVert A^{-1}\rVert\lVert b\rVert/\lVert x\rVert$ is the inverse of `solution_overlap`.
"""

from __future__ import annotations

from dataclasses import replace

from qres.algorithms.access.qram import access_assumptions, access_limit, access_warnings
from qres.algorithms.base import Choice, open_solvers
from qres.algorithms.circuit import system_circuit
from qres.algorithms.encodings.base import Encoding, encoding, usable_encodings
from qres.algorithms.readouts.base import (
    Readout,
    check_readout,
    find_readout,
    readout_values,
)
from qres.algorithms.readouts.stages import (
    budget_shares,
    failures,
    quantum_stages,
    readout_assumptions,
    readout_definitions,
    run_warnings,
)
from qres.algorithms.record import Job, Stage
from qres.algorithms.solvers.base import solver
from qres.algorithms.solvers.frame import condition_number
from qres.algorithms.system import (
    Definitions,
    System,
    circuit_definitions,
    encoded_matrix,
    precision_definitions,
    prepared_vector,
)
from qres.config.record import ErrorTarget, LinearSystem
from qres.config.record import Readout as ReadoutSettings
from qres.errors import InfeasibleError, InputError
from qres.measurement.record import Measurement
from qres.notation.formula import define
from qres.notation.named import ceil_log2
from qres.notation.quantity import Quantity
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

NAME = "linear-system"


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
    system, stages, definitions = blueprint(choice, parameters.readout)
    return Job(
        name=NAME,
        stages=stages,
        values={
            **_values(parameters, measurement, choice),
            **readout_values(member, parameters.readout, measurement.values),
        },
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


def blueprint(
    choice: Choice, settings: ReadoutSettings
) -> tuple[System, tuple[Stage, ...], Definitions]:
    """Return system, stages and definitions of one choice: the same for every number.

    Args:
        choice: encoding, solver, mode and rule are read.
        settings: of the read-out.
    """
    member = find_readout(settings, choice.rule)
    system = System(
        name=NAME,
        matrix=encoded_matrix(encoding(choice.encoding)),
        source=prepared_vector(),
        solver=solver(choice.solver),
        read_norm=symbol("solution_overlap") * symbol("inverse_norm"),
    )
    stages = quantum_stages(system, member, choice.mode) + member.reconstruction
    return system, stages, _definitions(system, encoding(choice.encoding), member, choice)


def _values(
    parameters: LinearSystem, measurement: Measurement, choice: Choice
) -> dict[str, Quantity]:
    needed = ("dim", "smallest_singular_value", *encoding(choice.encoding).needs)
    missing = [name for name in needed if name not in measurement.values]
    if missing:
        raise InputError(f"the measurement lacks {', '.join(missing)}")
    values = {name: measurement.values[name] for name in needed}
    smallest = values["smallest_singular_value"]
    if smallest.low is not None and smallest.low != smallest.value:
        method = f"outer end of: {smallest.method}"
        smallest = replace(smallest, value=smallest.low, method=method)
    if float(smallest) <= 0:
        raise InfeasibleError("solver", "the matrix is singular: kappa is infinite")
    values["smallest_singular_value"] = smallest
    overlap = measurement.values.get("solution_overlap")
    values["solution_overlap"] = overlap or Quantity(
        value=1.0, kind="assumed", method="no right-hand side, the best case"
    )
    values["success_prob"] = Quantity(value=1, method="nothing is projected out")
    values["block_limit"] = access_limit(parameters.data_access)
    return values


def _definitions(system: System, chosen: Encoding, member: Readout, choice: Choice) -> Definitions:
    dim = symbol("dim")
    smallest, overlap = symbols("smallest_singular_value solution_overlap")
    source = derived("definition")
    return (
        define(f"{NAME}.index_bits", "qubits of the index", ceil_log2(dim), source),
        define(f"{NAME}.index_width", "qubits of the index", symbol("index_bits"), source),
        *chosen.definitions(NAME),
        define(f"{NAME}.alpha", "normalisation of the matrix", symbol("alpha_matrix"), source),
        define(f"{NAME}.inverse_norm", "norm of the inverse", 1 / smallest, source),
        condition_number(NAME),
        define(f"{NAME}.xi", "norm(A^-1) norm(b) / norm(x)", 1 / overlap, source),
        *precision_definitions(system, member.root(system)),
        *circuit_definitions(system),
        *readout_definitions(system, member, choice.mode),
    )
