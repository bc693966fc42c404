r"""Training by Carleman linearisation: gradient descent as one linear system, solved and read out.

Claim: from tables of $F_0 = -\nabla L(c)$ and $F_1 = -H(c)$ at the initial weights $c$ a quantum
computer prepares a state whose wanted block is the update $u_T$ of $T$ steps of gradient descent on
the degree-1 model, and reads it out to relative error `error.total` with probability at least
$1 - $ `error.fail_prob`.

Source: Liu et al., arXiv:2303.03428, for the pipeline; the finite-horizon theory that prices it
(history matrix of the lift, perturbation of the read block, gate card) is derived.

Departures: the tables are charged, the read-out of every active weight is charged, the condition
number is that of the encoded lift, and the error of the polynomial model is measured.

Not covered: degree above 1, several segments, momentum, mini-batches.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from qres.algorithms.access.qrom import BLOCK_LIMITS
from qres.algorithms.base import Choice, readout_modes
from qres.algorithms.circuit import system_circuit
from qres.algorithms.encodings.base import Encoding, encoding, usable_encodings
from qres.algorithms.gradients import DENSE_GRADIENTS
from qres.algorithms.history import history_matrix, repeated_vector
from qres.algorithms.lift import check_growth, history_definitions, linear_reference
from qres.algorithms.readouts.stages import (
    Mode,
    ReadoutKind,
    budget_shares,
    failures,
    quantum_stages,
    readout_assumptions,
    readout_definitions,
    readout_kind,
    reconstruction,
    run_warnings,
)
from qres.algorithms.record import Assumption, ClassicalWork, Job, Share, Stage
from qres.algorithms.solvers.base import solver
from qres.algorithms.system import (
    Definitions,
    System,
    circuit_definitions,
    precision_definitions,
)
from qres.config.record import CarlemanGd, ErrorTarget
from qres.errors import InfeasibleError, InputError
from qres.measurement.record import Measurement
from qres.notation.formula import define
from qres.notation.named import ceil_log2
from qres.notation.quantity import Quantity
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

NAME = "carleman-gd"
LARGEST_NORM = 1e150
"""Norms above have no square."""

_MEASURED = ("n_active", "lambda_max", "lambda_min", "grad_norm")


def candidates(parameters: CarlemanGd, measurement: Measurement) -> tuple[Choice, ...]:
    """Return the open choices: encodings with known values, paddings, ways to make a state."""
    usable = usable_encodings(parameters.encoding, measurement.values)
    modes = readout_modes(parameters.readout.kind, parameters.readout.access)
    return tuple(
        Choice(encoding=name, padding=padding, mode=mode)
        for name in usable
        for padding in _paddings(parameters)
        for mode in modes
    )


def _paddings(parameters: CarlemanGd) -> list[int]:
    steps = parameters.n_steps
    named = {"none": 0, "sqrt": round(math.sqrt(steps)), "full": steps}
    if parameters.padding == "auto":
        return sorted(set(named.values()))
    if isinstance(parameters.padding, int):
        return [parameters.padding]
    return [named[parameters.padding]]


def build(
    parameters: CarlemanGd, measurement: Measurement, error: ErrorTarget, choice: Choice
) -> Job:
    """Return the job of one choice.

    Raises:
        InfeasibleError: the weights do not move, so there is nothing to read.
        HypothesisError: the steps grow beyond any number.
    """
    kind = readout_kind(parameters.readout)
    system, stages, definitions = _plan(choice.encoding, parameters.solver, kind, choice.mode)
    values = _values(parameters, measurement, choice)
    growth_ends = _growth_ends(parameters, values)
    check_growth(max(abs(end) for end in growth_ends), parameters.n_steps)
    model = _model_share(measurement, error)
    return Job(
        name=NAME,
        stages=stages,
        values=values,
        definitions=definitions,
        shares=budget_shares(has_readout=kind != "state", decided=_decided(model, error)),
        failures=failures(kind),
        choices=_choices(parameters, choice, kind),
        has_task=kind != "state",
        assumptions=(
            *_assumptions(model, error),
            *readout_assumptions(kind, system.solver, choice.mode),
        ),
        warnings=(
            *measurement.warnings,
            *_warnings(model, error),
            *run_warnings(system, kind, choice.mode),
        ),
        references={"inverse_norm": _linear_part(growth_ends, parameters.n_steps, choice.padding)},
        circuit=system_circuit(system, kind, choice.mode) if system.solver.has_circuit else None,
    )


@cache
def _plan(
    encoding_name: str, solver_name: str, kind: ReadoutKind, mode: Mode
) -> tuple[System, tuple[Stage, ...], Definitions]:
    """Return system, stages and definitions: the same for every padding and every number."""
    system = System(
        name=NAME,
        matrix=history_matrix(encoding(encoding_name)),
        source=repeated_vector(),
        solver=solver(solver_name),
    )
    last = (reconstruction(kind),) if kind != "state" else ()
    stages = (_tabulation(), *quantum_stages(system, kind, mode), *last)
    return system, stages, _definitions(system, encoding(encoding_name), kind, mode)


def _values(
    parameters: CarlemanGd, measurement: Measurement, choice: Choice
) -> dict[str, Quantity]:
    needed = (*_MEASURED, *encoding(choice.encoding).needs)
    missing = [name for name in needed if name not in measurement.values]
    if missing:
        raise InputError(f"the measurement lacks {', '.join(missing)}")
    values = {name: measurement.values[name] for name in needed}
    values["lambda_max"] = _outer(values["lambda_max"], "high")
    values["lambda_min"] = _outer(values["lambda_min"], "low")
    values.update(_trajectory(parameters, measurement))
    for name in ("learning_rate", "n_steps"):
        values[name] = Quantity(value=getattr(parameters, name), kind="given")
    values["padding"] = Quantity(value=choice.padding, source="chosen for least cost")
    limit = BLOCK_LIMITS[parameters.data_access]
    values["block_limit"] = Quantity(value=limit, source=f"data access {parameters.data_access}")
    return values


def _outer(quantity: Quantity, end: str) -> Quantity:
    """Return the quantity at the outer end of its interval, the interval kept."""
    value = getattr(quantity, end)
    if value is None or value == quantity.value:
        return quantity
    return replace(quantity, value=value, method=f"outer end of: {quantity.method}")


def _trajectory(parameters: CarlemanGd, measurement: Measurement) -> dict[str, Quantity]:
    norms = measurement.update_norms
    if len(norms) != parameters.n_steps + 1:
        raise InputError(
            f"update_norms: expected n_steps + 1 = {parameters.n_steps + 1} numbers,"
            f" found {len(norms)}"
        )
    if norms[-1] <= 0:
        raise InfeasibleError("training", "the weights do not move, there is nothing to read out")
    energy = float(np.sum(np.square(np.minimum(norms[:-1], LARGEST_NORM))))
    if max(norms) > LARGEST_NORM:
        raise InfeasibleError("training", "the weight updates grow beyond any number")
    is_assumed = any(
        code == "W-LOWER" and "update_norms" in message for code, message in measurement.warnings
    )
    is_given = measurement.subject == "given"
    kind = "assumed" if is_assumed else "given" if is_given else "measured"
    method = "norms of the updates of the degree-1 model"
    return {
        "update_norm": Quantity(value=norms[-1], kind=kind, method=method),
        "path_energy": Quantity(value=energy, kind=kind, method=method),
    }


def _definitions(system: System, chosen: Encoding, kind: ReadoutKind, mode: Mode) -> Definitions:
    steps, padding = symbols("n_steps padding")
    dim = symbol("dim")
    card = derived("gates and registers of the circuits in qres.bloqs")
    registers = (
        define(f"{NAME}.dim", "weights that are read out", symbol("n_active"), card),
        define(f"{NAME}.index_bits", "qubits of the weight index", ceil_log2(dim), card),
        define(
            f"{NAME}.time_bits", "qubits of the time index", ceil_log2(steps + padding + 1), card
        ),
        define(
            f"{NAME}.index_width",
            "qubits of all index registers",
            symbol("index_bits") + symbol("time_bits"),
            card,
        ),
    )
    return (
        *registers,
        *chosen.definitions(NAME),
        *history_definitions(NAME),
        *precision_definitions(NAME, has_readout=kind != "state"),
        *circuit_definitions(system),
        *readout_definitions(system, kind, mode),
    )


def _tabulation() -> Stage:
    return Stage(
        name="tabulate",
        calls=1,
        unit=ClassicalWork(gradients=DENSE_GRADIENTS.at(degree=1)),
        kind="proven",
        source=DENSE_GRADIENTS.source,
        meaning="one gradient and one Hessian-vector product a row, on the classical device",
    )


def _growth_ends(parameters: CarlemanGd, values: Mapping[str, Quantity]) -> tuple[float, float]:
    rate = parameters.learning_rate
    return (1 - rate * float(values["lambda_max"]), 1 - rate * float(values["lambda_min"]))


def _linear_part(growth_ends: tuple[float, float], steps: int, padding: int) -> Quantity:
    return Quantity(
        value=linear_reference(growth_ends, steps, padding),
        kind="measured",
        bound="lower",
        source="exact one-eigenvalue history matrix at both ends of the spectrum",
    )


def _model_share(measurement: Measurement, error: ErrorTarget) -> Quantity:
    model = measurement.values.get("eps_model")
    if model is None or model.value is None:
        return Quantity(value=0.0, kind="assumed", method="eps_model not given, taken as 0")
    return model


def _exceeds(model: Quantity, error: ErrorTarget) -> bool:
    return float(model) > error.total / 2


def _decided(model: Quantity, error: ErrorTarget) -> tuple[Share, ...]:
    """Return the terms that are not filled: the model error, and those absent at degree 1.

    A model error above half of the budget leaves a result that nobody has shown for the training.
    """
    kind = "assumed" if _exceeds(model, error) else model.kind
    return (
        Share(name="eps_model", decided=float(model), kind=kind),
        Share(name="eps_map"),
        Share(name="eps_truncation"),
    )


def _assumptions(model: Quantity, error: ErrorTarget) -> tuple[Assumption, ...]:
    found = []
    if _exceeds(model, error):
        found.append(
            Assumption(
                text="the result holds for the weights of the degree-1 model, not for those of"
                f" training: they differ by {float(model):.3g} of the update",
                factor=None,
                favours="quantum",
            )
        )
    if model.kind == "assumed":
        found.append(Assumption(text="eps_model taken as 0", factor=None, favours="quantum"))
    return tuple(found)


def _warnings(model: Quantity, error: ErrorTarget) -> tuple[tuple[str, str], ...]:
    if not _exceeds(model, error):
        return ()
    message = (
        f"eps_model {float(model):.3g} exceeds half of error.total {error.total:g}; no truncation"
        " order removes it: use fewer steps or a smaller learning rate"
    )
    return (("W-MODEL", message),)


def _choices(parameters: CarlemanGd, choice: Choice, kind: ReadoutKind) -> dict[str, Any]:
    return {
        "degree": 1,
        "truncation_order": 1,
        "map_order": 1,
        "segments": 1,
        "segment_steps": parameters.n_steps,
        "rescaling": 1,
        "expansion": "initial",
        "encoding": choice.encoding,
        "padding": choice.padding,
        "data_access": parameters.data_access,
        "solver": parameters.solver,
        "readout": kind,
        "state preparation": choice.mode,
        "failure rule": "logical failures counted over the whole run",
    }
