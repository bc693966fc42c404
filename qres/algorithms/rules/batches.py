"""Mini-batches in a frozen order: another matrix, or another lift, at every step."""

from __future__ import annotations

from dataclasses import dataclass

from qres.algorithms.descent.plan import Plan
from qres.algorithms.descent.positions import Position
from qres.algorithms.encodings.base import encoding
from qres.algorithms.lift import condition_number, history_definitions
from qres.algorithms.lifted import lifted_definitions
from qres.algorithms.rules.base import Outcome, UpdateRule
from qres.algorithms.rules.batched_history import (
    ENCODINGS,
    batch_definitions,
    batched_matrix,
    batched_vector,
)
from qres.algorithms.rules.batched_lift import batched_lift_matrix, batched_lift_vector
from qres.algorithms.rules.equations import index_width
from qres.algorithms.system import Definitions, Part
from qres.config.record import CarlemanGd
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

    def parts(self, name: str, degree: int) -> tuple[Part, Part]:
        """Return the matrix and the right-hand side that depend on the batch."""
        if degree > 1:
            return batched_lift_matrix(name, degree), batched_lift_vector()
        return batched_matrix(name), batched_vector()

    def definitions(self, algorithm: str, name: str, degree: int, *, is_plain: bool) -> Definitions:
        """Return the symbols of the history of mini-batches."""
        batches = batch_definitions(algorithm)
        if degree > 1:
            lifted = lifted_definitions(algorithm, name, degree)
            return (*batches, *lifted, condition_number(algorithm))
        return (
            index_width(algorithm),
            *batches,
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
        """Return what plain descent puts into the job, and the number of batches.

        All batches share the normalisation of the largest, that of $F_0$ in a lift too. The exact
        history of one eigenvalue is no reference here: no batch need have it at every step.
        """
        plain = super().outcome(parameters, measurement, plan, position, name)
        values = dict(plain.values)
        largest = plan.cut.worst("largest_grad_norm")
        if plan.degree > 1 and largest is not None:
            values["grad_norm"] = largest
        values["n_batches"] = Quantity(value=parameters.n_batches, kind="given")
        text = (
            f"the order of the {parameters.n_batches} batches is frozen when the circuit is"
            " compiled: batches drawn anew at each preparation would be a mixture of states, not"
            " one state"
        )
        others = {k: v for k, v in plain.references.items() if k != "inverse_norm"}
        return Outcome(values=values, references=others, warnings=(("W-MIXTURE", text),))


RULE = Batches()
