"""Mini-batches in a frozen order: another matrix at every step. Degree 1 in one segment."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qres.algorithms.descent.plan import Plan, plans
from qres.algorithms.descent.positions import Position
from qres.algorithms.encodings.base import encoding
from qres.algorithms.lift import history_definitions
from qres.algorithms.rules.base import Outcome, UpdateRule, index_width
from qres.algorithms.rules.batched_history import (
    ENCODINGS,
    batch_definitions,
    batched_matrix,
    batched_vector,
)
from qres.algorithms.system import Definitions, Part
from qres.config.record import CarlemanGd, ErrorTarget
from qres.errors import InfeasibleError
from qres.measurement.record import Measurement
from qres.notation.quantity import Quantity


@dataclass(frozen=True)
class Batches(UpdateRule):
    """Descent that cycles through mini-batches."""

    name: str = "batches"
    encodings: tuple[str, ...] | None = ENCODINGS
    why: str = "holds one matrix; mini-batches need one for each batch"
    is_pruned: bool = False

    def is_asked(self, parameters: CarlemanGd) -> bool:
        """Say whether there is more than one batch."""
        return parameters.n_batches > 1

    def plans(
        self, parameters: CarlemanGd, measurement: Measurement, error: ErrorTarget
    ) -> tuple[Plan, ...]:
        """Return the one plan of mini-batches: degree 1, one segment.

        Raises:
            InfeasibleError: another degree, order or length of segments was asked for.
        """
        if parameters.segment_steps not in ("auto", parameters.n_steps):
            raise InfeasibleError(
                "segments",
                "mini-batches are priced in one segment: the batches are not measured at later"
                " starts",
            )
        if parameters.degree not in ("auto", 1) or parameters.truncation_order not in ("auto", 1):
            raise InfeasibleError(
                "degree", "mini-batches are priced at degree 1, truncation order 1"
            )
        plain = replace(parameters, degree=1, truncation_order="auto", segment_steps="auto")
        return plans(plain, replace(measurement, segmentations=()), error)

    def parts(self, name: str, degree: int) -> tuple[Part, Part]:
        """Return the matrix and the right-hand side that depend on the batch."""
        return batched_matrix(name), batched_vector()

    def definitions(self, algorithm: str, name: str, degree: int, *, is_plain: bool) -> Definitions:
        """Return the symbols of the history of mini-batches."""
        return (
            index_width(algorithm),
            *batch_definitions(algorithm),
            *encoding(name).definitions(algorithm),
            *history_definitions(algorithm, is_closed=is_plain),
        )

    def outcome(
        self,
        parameters: CarlemanGd,
        measurement: Measurement,
        plan: Plan,
        position: Position,
        name: str,
    ) -> Outcome:
        """Return what plain descent puts into the job, and the number of batches."""
        plain = super().outcome(parameters, measurement, plan, position, name)
        count = Quantity(value=parameters.n_batches, kind="given")
        text = (
            f"the order of the {parameters.n_batches} batches is frozen when the circuit is"
            " compiled: batches drawn anew at each preparation would be a mixture of states, not"
            " one state"
        )
        return Outcome(values=plain.values | {"n_batches": count}, warnings=(("W-MIXTURE", text),))


RULE = Batches()
