"""What every algorithm module offers, and how it is found by its name.

An algorithm is a module of this folder with `candidates(parameters, measurement, error)`, the
choices that are open under the user's settings, and `build(parameters, measurement, error, choice)`,
the `Job` of one of them.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Protocol

from qres.algorithms.readouts.base import Mode, Rule
from qres.algorithms.record import Job
from qres.algorithms.solvers.base import solvers
from qres.config.record import ErrorTarget
from qres.measurement.record import Measurement


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One way through what the user left to `auto`.

    Args:
        encoding: name of the encoding of the matrix.
        padding: idle rows after the last step.
        mode: how a state is made: amplified, repeated until it succeeds, or not at all.
        solver: name of the linear solver.
        rule: how logical faults of samples count.
        degree: of the polynomial gradient.
        segment_steps: steps between re-uploads, 0 for all of them.
        truncation_order: of the lift.
        map_order: of the lift.
        rescaling: of the lifted variables.
        kept_row: row of the threshold scan whose entries are kept; 0 keeps all.
    """

    encoding: str = ""
    solver: str = ""
    padding: int = 0
    mode: Mode = "coherent"
    degree: int = 1
    segment_steps: int = 0
    truncation_order: int = 1
    map_order: int = 1
    rescaling: float = 1.0
    kept_row: int = 0
    rule: Rule = "whole run"


class AlgorithmModule(Protocol):
    """The two verbs of an algorithm module."""

    def candidates(
        self, parameters: Any, measurement: Measurement, error: ErrorTarget
    ) -> tuple[Choice, ...]:
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


def open_solvers(wanted: str) -> tuple[str, ...]:
    """Return the solvers to compare: every one for `all`, else the one that is wanted."""
    return tuple(solvers()) if wanted == "all" else (wanted,)
