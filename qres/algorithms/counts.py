"""Logical counts from elsewhere, typed or read from another tool, priced as they are.

The only thing added is the synthesis of their rotations, as mixtures of fallback circuits: channels,
whose diamond error is a probability to miss. So synthesis and hardware share `error.fail_prob`, and how
much each gets is found: the number of T gates a rotation that is best for the objective
(`qres.physical.split`). Where no machine fits the two get half each; without rotations the hardware has
all of it. `linear-system` and `carleman-gd` have no such split: their rotations are synthesised as
unitaries, whose coherent error `eps_rotation` is a share of the error of the result, not of the
probability to miss it.
"""

from __future__ import annotations

from qres.algorithms.base import Choice
from qres.algorithms.record import Job, Stage, Unit
from qres.algorithms.synthesis import MIXED_FALLBACK_T
from qres.algorithms.totals import Parts, total_formula
from qres.config.record import Counts, ErrorTarget
from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.notation.formula import Condition, define
from qres.notation.quantity import Quantity
from qres.notation.source import Source
from qres.notation.symbols import symbol

NAME = "counts"
_COUNTED = ("toffoli", "given_t", "given_rotations", "rotation_depth", "measurements")


def candidates(
    parameters: Counts, measurement: Measurement, error: ErrorTarget
) -> tuple[Choice, ...]:
    """Return the one choice there is."""
    return (Choice(),)


def build(parameters: Counts, measurement: Measurement, error: ErrorTarget, choice: Choice) -> Job:
    """Return the job that asks for the counts as they are.

    Raises:
        InputError: no qubits, or nothing to do.
    """
    values = _values(measurement)
    has_rotations = float(values["given_rotations"]) > 0
    stages, definitions = _blueprint(has_rotations, has_idle="idle_qubits" in values)
    return Job(
        name=NAME,
        stages=stages,
        values=values,
        definitions=definitions,
        failures=("fail_synthesis", "fail_logical") if has_rotations else ("fail_logical",),
        has_task=False,
        warnings=measurement.warnings,
    )


def _blueprint(has_rotations: bool, has_idle: bool = False) -> tuple[tuple[Stage, ...], Parts]:
    """Return stages and definitions, those of the synthesis where there are rotations."""
    given = Source("typed or read from a file")
    stages = [
        Stage(
            name="given counts",
            calls=1,
            unit=Unit(
                toffoli=symbol("toffoli"),
                t=symbol("given_t"),
                rotations=symbol("given_rotations"),
                qubits=symbol("logical_qubits"),
                active=symbol("logical_qubits") - symbol("idle_qubits") if has_idle else None,
            ),
            kind="given",
            source=given,
            meaning="logical counts as they were given",
        )
    ]
    definitions: Parts = ()
    if has_rotations:
        precision = symbol("fail_synthesis") / symbol("given_rotations")
        definitions = (
            define(
                f"{NAME}.synthesis_t",
                "T gates that synthesise one rotation",
                MIXED_FALLBACK_T.at(epsilon=precision),
                MIXED_FALLBACK_T.source,
                kind="fitted",
            ),
        )
        stages.append(
            Stage(
                name="rotation synthesis",
                calls=symbol("given_rotations"),
                unit=Unit(t=symbol("synthesis_t")),
                kind="fitted",
                source=MIXED_FALLBACK_T.source,
                meaning="each rotation to an equal part of the synthesis failure",
            )
        )
    return tuple(stages), definitions


TOTAL_T = total_formula(
    NAME,
    *_blueprint(has_rotations=True),
    "t",
    "T gates of given counts, their rotations synthesised",
    conditions=(
        Condition(symbol("given_rotations") >= 1, "given_rotations >= 1"),
        Condition(
            (symbol("fail_synthesis") > 0) & (symbol("fail_synthesis") < 1),
            "0 < fail_synthesis < 1",
        ),
    ),
)

FORMULAS = (TOTAL_T,)


def _values(measurement: Measurement) -> dict[str, Quantity]:
    given = dict(measurement.values)
    renamed = {"t": "given_t", "rotations": "given_rotations"}
    values = {renamed.get(name, name): quantity for name, quantity in given.items()}
    if values.get("logical_qubits") is None or float(values["logical_qubits"]) < 1:
        raise InputError("model.given.logical_qubits: expected a whole number >= 1")
    for name in _COUNTED:
        values.setdefault(name, Quantity(value=0, kind="given", method="not given, taken as 0"))
    if not any(float(values[name]) for name in _COUNTED[:3]):
        raise InputError("model.given: expected toffoli, t or rotations above 0, found none")
    return values
