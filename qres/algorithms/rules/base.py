r"""Update rules of training: plain gradient descent, and what another rule changes of it.

A rule says which plans and encodings it has, which matrix, right-hand side and derived symbols make
its linear system, and what its measured descent puts into the job. `UpdateRule` is plain descent;
a member overrides what differs, and offers itself as `RULE`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import qres.algorithms.rules as folder
from qres.algorithms.descent.openings import needs_of, open_positions
from qres.algorithms.descent.plan import Plan, growth_of, plans
from qres.algorithms.descent.positions import Position
from qres.algorithms.descent.values import is_closed, training_references, training_values
from qres.algorithms.lift import check_growth
from qres.algorithms.lifted import lifted_definitions, lifted_matrix, lifted_vector
from qres.algorithms.rules.equations import Equations
from qres.algorithms.solvers.frame import condition_number
from qres.algorithms.system import Definitions, Part
from qres.config.record import CarlemanGd, ErrorTarget
from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.notation.catalogue import members
from qres.notation.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a measured descent puts into the job.

    Args:
        values: of the job.
        references: side figures that no total rests on.
        warnings: (code, message) pairs of the rule.
    """

    values: dict[str, Quantity]
    references: Mapping[str, Quantity] = field(default_factory=dict)
    warnings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class UpdateRule(Equations):
    """Plain gradient descent; frozen, because a job's formulas are remembered by it.

    Args:
        name: of the rule.
        encodings: that can hold its matrices, None for all.
        why: those are all.
        is_pruned: whether the price of entries that are left out is known.
    """

    name: str = "descent"
    encodings: tuple[str, ...] | None = None
    why: str = ""
    is_pruned: bool = True

    def is_asked(self, parameters: CarlemanGd) -> bool:
        """Say whether the settings ask for more than plain descent, and for this."""
        return False

    def given(self, measurement: Measurement) -> UpdateRule:
        """Return the rule as it is with what is known of the descent."""
        return self

    def plans(
        self, parameters: CarlemanGd, measurement: Measurement, error: ErrorTarget
    ) -> tuple[Plan, ...]:
        """Return the plans worth pricing."""
        return plans(parameters, measurement, error)

    def holds(self, name: str) -> bool:
        """Say whether an encoding can hold the matrices of the rule."""
        return self.encodings is None or name in self.encodings

    def check_encoding(self, wanted: str) -> None:
        """Refuse an encoding that was asked for by name and cannot hold the matrices."""
        if wanted != "auto" and not self.holds(wanted):
            able = " or ".join(self.encodings or ())
            raise InputError(f"algorithm.encoding: {wanted} {self.why}: use {able}")

    def needs(self, name: str, degree: int) -> tuple[str, ...]:
        """Return the values that an encoding needs."""
        return needs_of(name, degree)

    def positions(self, parameters: CarlemanGd, plan: Plan, name: str) -> Sequence[Position]:
        """Return the map orders, rescalings and paddings worth pricing."""
        return open_positions(parameters, plan, name)

    def parts(self, name: str, degree: int) -> tuple[Part, Part]:
        """Return the encoded matrix and the prepared right-hand side."""
        if degree > 1:
            return lifted_matrix(name, degree), lifted_vector()
        return super().parts(name, degree)

    def definitions(self, algorithm: str, name: str, degree: int, *, is_plain: bool) -> Definitions:
        """Return the symbols of the history matrix, see `Equations`."""
        if degree > 1:
            lifted = lifted_definitions(algorithm, name, degree)
            return (*lifted, condition_number(algorithm))
        return super().definitions(algorithm, name, degree, is_plain=is_plain)

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
            HypothesisError: the steps grow beyond any number.
        """
        needs = self.needs(name, plan.degree)
        values = training_values(parameters, measurement, plan, position, needs)
        check_growth(max(growth_of(segment, plan) for segment in plan.cut.segments), plan.cut.steps)
        return Outcome(values=values, references=training_references(plan, position))

    def is_plain(self, plan: Plan) -> bool:
        """Say whether closed forms of the spectrum hold for a plan."""
        return is_closed(plan)


RULE = UpdateRule()


@cache
def _rules() -> dict[str, UpdateRule]:
    return members(folder, "RULE")


def rule_of(parameters: CarlemanGd, measurement: Measurement) -> UpdateRule:
    """Return the update rule that is asked for."""
    asked = [rule for rule in _rules().values() if rule.is_asked(parameters)]
    return (asked[0] if asked else RULE).given(measurement)
