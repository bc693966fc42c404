"""`algorithm: {name: newton}`: Newton training whose linear systems are solved here or there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import model_validator

from qres.config.check import Real, Whole, refuse
from qres.config.choice import Choice, Member
from qres.config.readout import Readout, Tomography
from qres.config.section import Section
from qres.config.span import Span

MAX_STEPS = 10_000


class Damping(Section):
    """What is added to the diagonal before a step is solved for."""

    kind: Annotated[str, Choice(("relative", "absolute"))] = "relative"
    """relative: value times the largest entry of the matrix; absolute: value itself."""
    value: Annotated[float, Real(low=0)] = 5e-3
    """At the first step; 0 is none."""
    decay: Annotated[float, Real(above=0)] = 1.0
    """By which it is multiplied from step to step; above 1 it grows."""


class Newton(Section):
    """Newton training with a scheduler of linear solvers (Q-Newton, arXiv:2405.00252)."""

    name: Literal["newton"]
    n_steps: Annotated[int, Whole(1, MAX_STEPS)] = 10
    """Newton steps, taken from the weights that the model's training ends with."""
    learning_rate: Annotated[float, Real(above=0)] = 1.0
    """Factor on the Newton step."""
    batch_size: Annotated[str | int, Choice(("full",), whole=1)] = "full"
    """Samples of one step."""
    curvature: Annotated[str, Choice(("hessian", "gauss-newton", "fisher"))] = "gauss-newton"
    """Matrix of the step; fisher is the empirical one."""
    blocks: Annotated[str, Choice(("full", "layer"))] = "layer"
    """One matrix of all parameters, or one for each tensor with its bias."""
    damping: Damping = Damping()
    """What makes each matrix invertible."""
    prune: Annotated[float, Real(low=0, below=1)] = 0.0
    """Part of the smallest entries beside the diagonal, row by row, that may go."""
    noise_seeds: Annotated[int, Whole(0, 100)] = 0
    """Trainings under each of several read-out errors, for quartiles of the last loss; 0 is none."""
    policy: Annotated[str, Choice(("honest", "paper"))] = "honest"
    """How the quantum side is priced: with everything, or by the formula of the paper."""
    gate_time: Annotated[float, Span()] = 1e-5
    """Time of one logical gate, of policy paper."""
    encoding: Member = "auto"
    """Block-encoding of each matrix."""
    data_access: Member = "qroam"
    """How tables are loaded."""
    solver: Member = "shortcut"
    """Quantum linear-system solver."""
    readout: Readout = Tomography()
    """How each step is read out."""

    @model_validator(mode="after")
    def _consistent(self) -> Newton:
        if not isinstance(self.readout, Tomography):
            refuse("a step is all entries of a vector; use tomography", at=("readout", "kind"))
        if self.policy != "paper" and "gate_time" in self.model_fields_set:
            refuse("belongs to policy paper; machines say theirs", at=("gate_time",))
        return self
