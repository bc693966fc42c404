"""What every algorithm module offers, and how it is found by its name.

An algorithm is a module of this folder with `candidates(parameters, measurement)`, the choices that
are open under the user's settings, and `build(parameters, measurement, error, choice)`, the `Job`
of one of them.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Protocol

from qres.algorithms.readouts.stages import Mode
from qres.algorithms.record import Job
from qres.config.record import ErrorTarget
from qres.measurement.record import Measurement


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One way through what the user left to `auto`.

    Args:
        encoding: name of the encoding of the matrix.
        padding: idle rows after the last step.
        mode: how a state is made: amplified, or repeated until it succeeds.
    """

    encoding: str = ""
    padding: int = 0
    mode: Mode = "coherent"


class AlgorithmModule(Protocol):
    """The two verbs of an algorithm module."""

    def candidates(self, parameters: Any, measurement: Measurement) -> tuple[Choice, ...]:
        """Return every choice that the settings and the measured values leave open."""
        ...

    def build(
        self, parameters: Any, measurement: Measurement, error: ErrorTarget, choice: Choice
    ) -> Job:
        """Return the job of one choice."""
        ...


def algorithm(name: str) -> AlgorithmModule:
    """Return the module of the algorithm that `model.yaml` names."""
    module: Any = importlib.import_module(f"qres.algorithms.{name.replace('-', '_')}")
    return module


def readout_modes(kind: str, access: str) -> tuple[Mode, ...]:
    """Return how plain states may be made: only samples and single states may be repeated."""
    if kind == "tomography" and access == "coherent":
        return ("coherent",)
    return ("coherent", "repeat")
