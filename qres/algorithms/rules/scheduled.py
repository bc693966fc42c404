r"""A learning-rate schedule: other scalars at every step, the same tables.

What is charged is $\alpha_L$ of the largest rate, and bounds along the steps (`carleman.varying`), of
the worst segment where there are several: each begins at its own place in the schedule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from qres.algorithms.descent.plan import Plan, plans
from qres.algorithms.descent.positions import Position
from qres.algorithms.descent.values import training_references, training_values
from qres.algorithms.encodings.base import encoding
from qres.algorithms.lift import history_definitions
from qres.algorithms.lifted import lifted_definitions
from qres.algorithms.rules.base import Outcome, UpdateRule
from qres.algorithms.rules.equations import index_width
from qres.algorithms.rules.scheduled_history import (
    schedule_definitions,
    scheduled_matrix,
    scheduled_vector,
)
from qres.algorithms.solvers.frame import condition_number
from qres.algorithms.system import Definitions, Part
from qres.config.record import CarlemanGd, ErrorTarget
from qres.errors import InfeasibleError
from qres.measurement.record import Measurement

MOST_STEPS = 5_000
"""Steps up to which a lift above degree 1 is followed one by one."""

STRETCHES = ("stretch", "readout_stretch")
"""Values that one segment at degree 1 does without, as in plain descent."""


@dataclass(frozen=True)
class Scheduled(UpdateRule):
    """Descent whose learning rate changes from step to step."""

    name: str = "schedule"
    encodings: tuple[str, ...] | None = ("dense", "frobenius", "sparse")
    why: str = "is priced for one learning rate, not for a schedule"
    is_pruned: bool = False

    def is_asked(self, parameters: CarlemanGd) -> bool:
        """Say whether there is a schedule."""
        return parameters.schedule is not None

    def plans(
        self, parameters: CarlemanGd, measurement: Measurement, error: ErrorTarget
    ) -> tuple[Plan, ...]:
        """Return the plans worth pricing.

        Raises:
            InfeasibleError: a degree above 1 was asked for, and more than `MOST_STEPS` steps.
        """
        if parameters.n_steps > MOST_STEPS and parameters.degree != 1:
            if parameters.degree != "auto":
                raise InfeasibleError(
                    "degree",
                    f"a schedule above degree 1 is priced for at most {MOST_STEPS:,} steps,"
                    f" each with a bound of its own; found {parameters.n_steps:,}",
                )
            parameters = replace(parameters, degree=1)
        return plans(parameters, measurement, error)

    def parts(self, name: str, degree: int) -> tuple[Part, Part]:
        """Return the matrix and the right-hand side that depend on the rate."""
        return scheduled_matrix(name, degree), scheduled_vector(degree)

    def definitions(self, algorithm: str, name: str, degree: int, *, is_plain: bool) -> Definitions:
        """Return the symbols of the history; inverse, probability and xi are values of the job."""
        steps = schedule_definitions(algorithm)
        if degree > 1:
            lifted = lifted_definitions(algorithm, name, degree)
            return (*steps, *lifted, condition_number(algorithm))
        return (
            index_width(algorithm),
            *steps,
            *encoding(name).definitions(algorithm),
            *history_definitions(algorithm, is_closed=False),
        )

    def outcome(
        self,
        parameters: CarlemanGd,
        measurement: Measurement,
        plan: Plan,
        position: Position,
        name: str,
    ) -> Outcome:
        """Return what the descent of a plan puts into the job.

        Raises:
            InputError: the measurement lacks a value.
            InfeasibleError: the steps grow beyond any number.
        """
        needs = self.needs(name, plan.degree)
        values = training_values(parameters, measurement, plan, position, needs)
        rates = parameters.rates
        values["learning_rate"] = replace(values["learning_rate"], method=_largest(rates))
        if self.is_plain(plan):
            values = {name: item for name, item in values.items() if name not in STRETCHES}
        return Outcome(values=values, references=training_references(plan, position))

    def is_plain(self, plan: Plan) -> bool:
        """Say whether errors count once, as in plain descent: degree 1, one segment."""
        return plan.degree == 1 and len(plan.cut.segments) == 1


def _largest(rates: tuple[float, ...]) -> str:
    return f"largest of the schedule, {min(rates):.4g} to {max(rates):.4g}"


RULE = Scheduled()
