"""`algorithm`: one small parameter class per algorithm, told apart by `name`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from qres.config.check import Check, Real, Whole, refuse
from qres.config.choice import AutoOr, Choice, Member
from qres.config.newton import Newton
from qres.config.readout import Readout, Tomography
from qres.config.schedule import Schedule, StepSchedule
from qres.config.section import Section

ORDERS = (1, 2, 3, 4, 5, 6)
MAP_ORDERS = tuple(f"order {order}" for order in ORDERS)

MAX_STEPS = 1_000_000
"""Training steps; given numbers are summed step by step, within seconds up to here."""


class FromZero(Real):
    """A real number whose zero is the default, written as the whole number it is."""

    def check(self, value: Any) -> float:
        """Return the number."""
        return super().check(value) or 0


class Switch(Check):
    """Yes or no."""

    @property
    def expected(self) -> str:
        """What is right, in words."""
        return "true or false"

    def check(self, value: Any) -> bool:
        """Return the answer."""
        return value if isinstance(value, bool) else self.reject(value)

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value."""
        return {"type": "boolean"}


class Optimizer(Section):
    """The update rule that is linearised."""

    kind: Annotated[str, Choice(("gd", "sgd"))] = "gd"
    """Full-batch gradient descent, or steps that cycle through n_batches batches."""
    momentum: Annotated[float, FromZero(low=0, below=1)] = 0
    """Of the update rule; above 0 it is one segment, unless momentum_restart says more."""
    momentum_restart: Annotated[bool, Switch()] = False
    """Whether the training that is aimed at starts each segment with velocity 0."""
    weight_decay: Annotated[float, Real(low=0)] = 0.0
    """Added to the Hessian and the gradient."""
    n_batches: Annotated[int, Whole(1)] = 1
    """Distinct batches, taken in one fixed order; more than one for sgd."""
    schedule: Schedule | None = None
    """How the learning rate changes from step to step; it starts at learning_rate."""

    @model_validator(mode="after")
    def _consistent(self) -> Optimizer:
        if self.kind == "gd" and self.n_batches > 1:
            refuse(
                f"gd takes the whole data set; {self.n_batches} batches are kind: sgd",
                at=("n_batches",),
            )
        if self.kind == "sgd" and self.n_batches == 1:
            refuse("sgd needs n_batches >= 2; one batch is kind: gd", at=("n_batches",))
        if self.kind == "sgd" and self.momentum:
            refuse(
                "sgd with momentum is not priced: steps of different batches do not commute, so the"
                " spectrum says nothing of their products; use kind: gd or momentum: 0",
                at=("momentum",),
            )
        if self.momentum_restart and not self.momentum:
            refuse("without momentum there is nothing to restart", at=("momentum_restart",))
        other = "momentum" if self.momentum else "sgd" if self.kind == "sgd" else ""
        if self.schedule is not None and other:
            refuse(f"a schedule and {other} are priced one at a time", at=("schedule",))
        return self


class CarlemanGd(Section):
    """Gradient descent by discrete Carleman linearisation (arXiv:2303.03428)."""

    name: Literal["carleman-gd"]
    n_steps: Annotated[int, Whole(1, MAX_STEPS)]
    """Training steps of the run."""
    learning_rate: Annotated[float, Real(above=0)]
    """Step size of the run."""
    optimizer: Optimizer = Optimizer()
    """The update rule."""
    truncation_order: Annotated[str | int, Choice(("auto", *ORDERS))] = "auto"
    """Carleman order N; auto takes the smallest that meets its share."""
    segment_steps: Annotated[str | int, Choice(("auto",), whole=1)] = "auto"
    """Steps between re-uploads; auto takes the longest that meets the budget."""
    degree: Annotated[str | int, Choice(("auto", 1, 2, 3))] = "auto"
    """Degree of the polynomial gradient; auto takes the smallest whose error fits its share."""
    map: Annotated[str | int, Choice(("auto", "exact", "first-order", *MAP_ORDERS, *ORDERS))] = (
        "auto"
    )
    """Most non-identity factors kept in one step of the lift."""
    padding: Annotated[str | int, Choice(("auto", "none", "sqrt", "full"), whole=0)] = "auto"
    """Idle rows after the last step."""
    rescaling: Annotated[str | float, AutoOr(Real(above=0))] = "auto"
    """Scale of the lifted variables; without effect at degree 1."""
    expansion: Annotated[str, Choice(("initial",), later=("final",))] = "initial"
    """Weights around which the gradient is expanded."""
    encoding: Member = "auto"
    """Block-encoding of the Hessian."""
    data_access: Member = "qroam"
    """How tables are loaded."""
    solver: Member = "shortcut"
    """Quantum linear-system solver."""
    readout: Readout = Tomography()
    """What leaves the quantum computer."""

    @property
    def map_order(self) -> str | int:
        """The map as auto, exact or the most factors kept."""
        if self.map == "first-order":
            return 1
        return self.map if self.map in ("auto", "exact") else int(str(self.map)[-1])

    @model_validator(mode="after")
    def _consistent(self) -> CarlemanGd:
        steps, order, kept = self.segment_steps, self.truncation_order, self.map_order
        if isinstance(steps, int) and steps > self.n_steps:
            refuse(
                f"expected at most n_steps ({self.n_steps}), found {steps}", at=("segment_steps",)
            )
        if self.degree == 1 and order not in ("auto", 1):
            refuse(
                f"at degree 1 the lift closes at order 1, found {order}; use degree 2 or 3",
                at=("truncation_order",),
            )
        if isinstance(order, int) and isinstance(kept, int) and kept > order:
            refuse(f"expected at most truncation_order ({order}), found {kept}", at=("map",))
        schedule = self.optimizer.schedule
        if isinstance(schedule, StepSchedule) and schedule.at[-1] >= self.n_steps:
            refuse(
                f"expected less than n_steps ({self.n_steps}), found {schedule.at[-1]}",
                at=("optimizer", "schedule", "at"),
            )
        return self


class LinearSystem(Section):
    """A quantum linear solver on a matrix or on given numbers."""

    name: Literal["linear-system"]
    encoding: Member = "auto"
    """Block-encoding of the matrix."""
    data_access: Member = "qroam"
    """How tables are loaded."""
    solver: Member = "shortcut"
    """Quantum linear-system solver."""
    readout: Readout = Tomography()
    """What leaves the quantum computer."""


class Counts(Section):
    """No algorithm: logical counts from elsewhere are priced."""

    name: Literal["counts"]


Algorithm = Annotated[CarlemanGd | LinearSystem | Newton | Counts, Field(discriminator="name")]

MODELS_OF = {
    "carleman-gd": ("network", "given", "measurement"),
    "linear-system": ("matrix", "given", "measurement"),
    "newton": ("network", "measurement"),
    "counts": ("given",),
}
"""Model kinds that each algorithm can take."""

LATER_TAGS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("algorithm",): ("log-concave", "distributed"),
}
"""By path: kinds and names that the design has and this version lacks."""

LATER_KEYS = {
    "log-concave": ("task", "kernel", "rigour", "prior"),
    "distributed": ("task", "workload", "n_parties", "depth", "link"),
}
"""Keys of the algorithms of `LATER_TAGS`."""
