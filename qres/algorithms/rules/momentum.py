"""Momentum: the state holds the velocity as well. Priced at degree 1 in one segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qres.algorithms.descent.openings import open_paddings
from qres.algorithms.descent.plan import Plan, plans
from qres.algorithms.descent.positions import Position
from qres.algorithms.encodings.base import encoding
from qres.algorithms.rules.base import Outcome, UpdateRule
from qres.algorithms.rules.momentum_history import (
    momentum_definitions,
    momentum_factor,
    momentum_matrix,
    momentum_vector,
)
from qres.algorithms.rules.velocity import (
    momentum_references,
    momentum_values,
    momentum_warnings,
    take_ride,
)
from qres.algorithms.system import Definitions, Part
from qres.config.record import CarlemanGd, ErrorTarget
from qres.errors import InfeasibleError
from qres.measurement.record import Measurement


@dataclass(frozen=True)
class Momentum(UpdateRule):
    """Descent with momentum.

    Args:
        is_bounded: the norms of the velocity are bounded, not known.
    """

    name: str = "momentum"
    encodings: tuple[str, ...] | None = ("frobenius", "sparse")
    why: str = "encodes a matrix that stands alone; momentum needs it switched on and off"
    is_pruned: bool = False
    is_bounded: bool = False

    def is_asked(self, parameters: CarlemanGd) -> bool:
        """Say whether there is momentum."""
        return parameters.momentum > 0

    def given(self, measurement: Measurement) -> Momentum:
        """Return the rule with or without known norms of the velocity."""
        return replace(self, is_bounded=not measurement.velocity_norms)

    def plans(
        self, parameters: CarlemanGd, measurement: Measurement, error: ErrorTarget
    ) -> tuple[Plan, ...]:
        """Return the one plan of momentum: degree 1, one segment.

        Raises:
            InfeasibleError: another degree, order or length of segments was asked for.
        """
        reason = "a later segment would start with a velocity, 2 n_active amplitudes to read and"
        if parameters.segment_steps not in ("auto", parameters.n_steps):
            raise InfeasibleError("segments", f"momentum is priced in one segment: {reason} upload")
        if parameters.degree not in ("auto", 1) or parameters.truncation_order not in ("auto", 1):
            raise InfeasibleError("degree", "momentum is priced at degree 1, truncation order 1")
        plain = replace(parameters, degree=1, truncation_order="auto", segment_steps="auto")
        return plans(plain, replace(measurement, segmentations=()), error)

    def holds(self, name: str) -> bool:
        """Say whether an encoding can be one term of a step."""
        return encoding(name).factor is not None

    def needs(self, name: str, degree: int) -> tuple[str, ...]:
        """Return what an encoding of F_1 as one term needs."""
        return momentum_factor(name).needs

    def positions(self, parameters: CarlemanGd, plan: Plan, name: str) -> Sequence[Position]:
        """Return the paddings."""
        return [(1, 1.0, padding) for padding in open_paddings(parameters, plan.cut.steps)]

    def has_exact_prob(self, degree: int) -> bool:
        """Say whether the norms of the velocity are known."""
        return not self.is_bounded

    def parts(self, name: str, degree: int) -> tuple[Part, Part]:
        """Return the matrix and the right-hand side of the doubled state."""
        return momentum_matrix(name), momentum_vector()

    def definitions(self, algorithm: str, name: str, degree: int, *, is_plain: bool) -> Definitions:
        """Return the symbols of the history of momentum."""
        return momentum_definitions(algorithm, name)

    def outcome(
        self,
        parameters: CarlemanGd,
        measurement: Measurement,
        plan: Plan,
        position: Position,
        name: str,
    ) -> Outcome:
        """Return what the descent puts into the job, the best scale of the velocity among it."""
        ride = take_ride(parameters, measurement, plan)
        values = momentum_values(parameters, plan, ride, name, position[2])
        return Outcome(
            values=values,
            references=momentum_references(ride, values),
            warnings=momentum_warnings(ride),
        )


RULE = Momentum()
