"""Momentum: the state holds the velocity as well.

One segment, because a later one would start with a velocity; or several, where the training that is
aimed at restarts with each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qres.algorithms.descent.openings import open_paddings
from qres.algorithms.descent.plan import Plan, plans
from qres.algorithms.descent.positions import Position, positions
from qres.algorithms.encodings.base import encoding
from qres.algorithms.rules.base import Outcome, UpdateRule
from qres.algorithms.rules.momentum_history import (
    momentum_definitions,
    momentum_matrix,
    momentum_vector,
)
from qres.algorithms.rules.momentum_lift import (
    momentum_lift_definitions,
    momentum_lift_matrix,
    momentum_lift_vector,
)
from qres.algorithms.rules.momentum_ride import check_guess, take_rides
from qres.algorithms.rules.velocity import (
    alpha_of,
    best_scale,
    momentum_needs,
    momentum_references,
    momentum_values,
    momentum_warnings,
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
    encodings: tuple[str, ...] | None = ("frobenius", "sparse", "dense")
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
        """Return the plans of momentum: the exact map, and one segment unless training restarts.

        Raises:
            InfeasibleError: another map, or another length of segments, was asked for.
        """
        if not parameters.momentum_restart:
            if parameters.segment_steps not in ("auto", parameters.n_steps):
                raise InfeasibleError(
                    "segments",
                    "momentum is priced in one segment: a later segment would start with a"
                    " velocity, 2 n_active amplitudes to read and upload, unless training restarts"
                    " with it (optimizer.momentum_restart: true)",
                )
            parameters = replace(parameters, segment_steps=parameters.n_steps)
            measurement = replace(measurement, segmentations=())
        found = plans(parameters, measurement, error)
        asked = parameters.map_order
        if isinstance(asked, int) and any(asked < plan.truncation_order for plan in found):
            raise InfeasibleError("map", "momentum is priced with the exact map: use map: exact")
        return found

    def holds(self, name: str) -> bool:
        """Say whether an encoding can be one term of a step."""
        return encoding(name).factor is not None

    def needs(self, name: str, degree: int) -> tuple[str, ...]:
        """Return what an encoding of the terms of a step needs."""
        return momentum_needs(name, degree)

    def positions(self, parameters: CarlemanGd, plan: Plan, name: str) -> Sequence[Position]:
        """Return the paddings at degree 1; above, the one position of least cost."""
        paddings = open_paddings(parameters, plan.cut.steps)
        if plan.degree == 1:
            return [(1, 1.0, padding) for padding in paddings]
        rides = take_rides(parameters, plan, is_given=False)
        options = positions(plan, paddings, parameters.rescaling)
        return [best_scale(rides, options, alpha_of(parameters, plan, name))[1]]

    @property
    def branch_bits(self) -> int:
        """One qubit tells the weights from their velocities."""
        return 1

    def has_exact_prob(self, degree: int) -> bool:
        """Say whether the probability is known: the path is, and nothing is truncated."""
        return degree == 1 and not self.is_bounded

    def parts(self, name: str, degree: int) -> tuple[Part, Part]:
        """Return the matrix and the right-hand side of the doubled state."""
        if degree > 1:
            return momentum_lift_matrix(name, degree), momentum_lift_vector()
        return momentum_matrix(name), momentum_vector()

    def definitions(self, algorithm: str, name: str, degree: int, *, is_plain: bool) -> Definitions:
        """Return the symbols of the history of momentum."""
        if degree > 1:
            return momentum_lift_definitions(algorithm, name, degree)
        return momentum_definitions(algorithm, name, is_closed=is_plain)

    def outcome(
        self,
        parameters: CarlemanGd,
        measurement: Measurement,
        plan: Plan,
        position: Position,
        name: str,
    ) -> Outcome:
        """Return what the descent puts into the job, the best scale of the velocity among it."""
        check_guess(measurement)
        rides = take_rides(parameters, plan, is_given=measurement.subject == "given")
        values = momentum_values(parameters, plan, rides, name, position)
        return Outcome(
            values=values,
            references=momentum_references(rides, values),
            warnings=momentum_warnings(rides, restarts=parameters.momentum_restart),
        )


RULE = Momentum()
