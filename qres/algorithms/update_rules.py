"""The update rules that are linearised: plain descent, momentum, mini-batches in a frozen order.

Each says which plans and encodings it has, and which matrix, right-hand side and derived symbols make
its linear system. Momentum and mini-batches are priced at degree 1 in one segment.
"""

from __future__ import annotations

from typing import Literal

from qres.algorithms.batched import (
    ENCODINGS,
    batch_definitions,
    batched_matrix,
    batched_plans,
    batched_vector,
)
from qres.algorithms.encodings.base import encoding
from qres.algorithms.history import history_matrix, repeated_vector
from qres.algorithms.lift import condition_number, history_definitions
from qres.algorithms.lifted import lifted_definitions, lifted_matrix, lifted_vector
from qres.algorithms.momentum_history import (
    momentum_definitions,
    momentum_matrix,
    momentum_vector,
)
from qres.algorithms.plan import Plan, plans
from qres.algorithms.system import Definitions, Part
from qres.algorithms.velocity import momentum_plans
from qres.config.record import CarlemanGd, ErrorTarget
from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.notation.formula import define
from qres.notation.source import derived
from qres.notation.symbols import symbol

Update = Literal["descent", "momentum", "momentum, velocity bounded", "batches"]
"""The rule, and with momentum whether the norms of the velocity are known or only bounded."""

_PLANS = {"momentum": momentum_plans, "batches": batched_plans}


def update_of(parameters: CarlemanGd, measurement: Measurement) -> Update:
    """Return the update rule that is asked for."""
    if parameters.n_batches > 1:
        return "batches"
    if not parameters.momentum:
        return "descent"
    return "momentum" if measurement.velocity_norms else "momentum, velocity bounded"


def find_plans(
    parameters: CarlemanGd, measurement: Measurement, error: ErrorTarget
) -> tuple[Plan, ...]:
    """Return the plans of the update rule."""
    rule = update_of(parameters, measurement).partition(",")[0]
    return _PLANS.get(rule, plans)(parameters, measurement, error)


def check_encoding(parameters: CarlemanGd, name: str) -> bool:
    """Say whether an encoding can hold what the rule needs.

    Raises:
        InputError: it was asked for by name and cannot.
    """
    is_able = name in ENCODINGS if parameters.n_batches > 1 else True
    if parameters.momentum:
        is_able = encoding(name).factor is not None
    if is_able or parameters.encoding == "auto":
        return is_able
    if parameters.momentum:
        why = "encodes a matrix that stands alone; momentum needs it switched on and off"
    else:
        why = "holds one matrix; mini-batches need one for each batch"
    raise InputError(f"algorithm.encoding: {name} {why}: use {' or '.join(ENCODINGS)}")


def parts_of(update: Update, encoding_name: str, degree: int) -> tuple[Part, Part]:
    """Return the encoded matrix and the prepared right-hand side."""
    if update == "batches":
        return batched_matrix(encoding_name), batched_vector()
    if update != "descent":
        return momentum_matrix(encoding_name), momentum_vector()
    if degree > 1:
        return lifted_matrix(encoding_name, degree), lifted_vector()
    return history_matrix(encoding(encoding_name)), repeated_vector()


def update_definitions(
    name: str, update: Update, encoding_name: str, degree: int, is_plain: bool
) -> Definitions:
    """Return the symbols of the history matrix, up to the condition number or xi.

    Args:
        name: of the algorithm, opens the names of the formulas.
        update: the rule.
        encoding_name: of the Hessian.
        degree: of the polynomial gradient.
        is_plain: whether closed forms of the spectrum hold.
    """
    if update.startswith("momentum"):
        return momentum_definitions(name, encoding_name)
    if degree > 1:
        return (*lifted_definitions(name, encoding_name, degree), condition_number(name))
    width = define(
        f"{name}.index_width",
        "qubits of all index registers",
        symbol("index_bits") + symbol("time_bits"),
        derived("gates and registers of the circuits in qres.bloqs"),
    )
    own = encoding(encoding_name).definitions(name)
    batch = batch_definitions(name) if update == "batches" else ()
    return (width, *batch, *own, *history_definitions(name, is_closed=is_plain))
