"""`algorithm.optimizer.schedule`: how the learning rate changes from step to step."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

from pydantic import Field, model_validator

from qres.config.check import Real, Whole, refuse
from qres.config.choice import Listing
from qres.config.section import Section


class StepSchedule(Section):
    """The rate is multiplied by one factor at given steps."""

    kind: Literal["step"]
    at: Annotated[tuple[int, ...], Listing(Whole(1), single=True)]
    """Steps after which it is multiplied, in order; the last below n_steps."""
    factor: Annotated[float, Real(above=0)] = 0.1
    """By which; above 1 the rate grows."""

    @model_validator(mode="after")
    def _consistent(self) -> StepSchedule:
        for position, (before, after) in enumerate(itertools.pairwise(self.at), start=1):
            if after <= before:
                refuse(f"expected more than {before}, found {after}", at=("at", position))
        return self


class CosineSchedule(Section):
    """The rate follows half a wave of a cosine over all steps (arXiv:1608.03983, equation 5)."""

    kind: Literal["cosine"]
    final: Annotated[float, Real(low=0)] = 0.0
    """Where it would be one step after the last, as a part of learning_rate."""


Schedule = Annotated[StepSchedule | CosineSchedule, Field(discriminator="kind")]
