"""What `price` found, and what was asked of it: costs, break-even points, a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from qres.classical.record import ClassicalCost, Descent
from qres.logical.record import LogicalCost, StageCost
from qres.measurement.record import Measurement
from qres.notation.quantity import Kind, Quantity
from qres.physical.record import MachineCost

Winner = Literal["quantum", "classical", "undecided"]


@dataclass(frozen=True, kw_only=True)
class ClassicalTask:
    """The same job for the classical device.

    Args:
        measurement: with the sizes that its cost depends on.
        epsilon: relative error of the result, a scalar or an array.
        fail_prob: probability of missing it.
        descent: the training; None for a linear solve.
    """

    measurement: Measurement
    epsilon: Any
    fail_prob: float
    descent: Descent | None = None

    def at(self, epsilon: Any) -> ClassicalTask:
        """Return the same task to another relative error, a scalar or an array."""
        descent = None if self.descent is None else replace(self.descent, epsilon=epsilon)
        return replace(self, epsilon=epsilon, descent=descent)


@dataclass(frozen=True, kw_only=True)
class Splits:
    """The split of the failure probability that each machine has for itself.

    Args:
        own: of each machine in order, its failures by symbol.
        is_found: of each machine, whether its split was found; else it is the even one, because the
            job does not fit on the machine at any.
        before: the counts without synthesis, with the whole failure probability.
    """

    own: tuple[Mapping[str, float], ...]
    is_found: tuple[bool, ...]
    before: LogicalCost


@dataclass(frozen=True, kw_only=True)
class Priced:
    """Everything that `price` found.

    Args:
        numbers: value of every symbol.
        stages: cost of every stage, classical ones included.
        logical: totals of the quantum stages.
        machines: one cost per machine, in the order given.
        classical: the same job on the device, None where there is no such job.
        side_s: seconds of the classical stages (tables, reconstruction) on the device.
        stage_s: the same by stage; empty without a task.
        splits: of the failure probability, one a machine; None where nothing is found.
    """

    numbers: Mapping[str, Any]
    stages: tuple[StageCost, ...]
    logical: LogicalCost
    machines: tuple[MachineCost, ...]
    classical: ClassicalCost | None
    side_s: Any
    stage_s: Mapping[str, Any] = field(default_factory=dict)
    splits: Splits | None = None

    def quantum_s(self, index: int, *, is_floor: bool = False) -> Any:
        """Return machine time plus classical stages in seconds, for machine `index`.

        Args:
            index: into `machines`.
            is_floor: take the reaction-limited time with free magic states instead.
        """
        cost = self.machines[index]
        time = cost.runtime_floor_s if is_floor else cost.runtime_s
        return (np.inf if time is None else time) + self.side_s


@dataclass(frozen=True, kw_only=True)
class Rival:
    """What one linear solver would ask, where several are compared.

    Args:
        solver: its name.
        queries: expected uses of U_A and of U_b of one solution, restarts included.
        run_queries: uses of U_A of one run without restarts.
        flag_prob: probability that such a run flags success.
        invocations: runs in one amplified state; None where nothing is amplified.
        magic_states: of the whole job, Toffoli + T/2.
        kind: how its constants are known.
        reason: why there is none of all that, empty where there is.
    """

    solver: str
    queries: tuple[float, float] | None = None
    run_queries: int | None = None
    flag_prob: float | None = None
    invocations: int | None = None
    magic_states: float | None = None
    kind: Kind = "assumed"
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A published exponent beside that of this estimate.

    Args:
        symbol: the variable.
        letter: as the claim writes it.
        claimed: exponent, as published.
        exponent: of the magic states here, None where it could not be had.
        factors: (what, exponent) of the factors that the cost is made of.
        stage: where most of the growth is.
        reason: why there is no exponent, empty where there is one.
    """

    symbol: str
    letter: str
    claimed: str
    exponent: float | None = None
    factors: tuple[tuple[str, float], ...] = ()
    stage: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Elasticity:
    r"""By which power of one symbol a cost grows, all else as it is: $d\ln\text{cost}/d\ln x$.

    Args:
        symbol: which; `error.total` stands for all shares of the error.
        value: where it is now.
        magic_states: of the magic states, Toffoli + T/2; None where there is no finite cost.
        logical_qubits: of the peak width.
        runtime_s: of the time on the machine of the verdict, None without one.
    """

    symbol: str
    value: float
    magic_states: float | None
    logical_qubits: float | None
    runtime_s: float | None


@dataclass(frozen=True, kw_only=True)
class SolverCurve:
    """What one linear solver asks, over condition numbers.

    Args:
        solver: its name.
        kind: how its constants are known.
        queries: expected uses of U_A for one solution, restarts included; NaN where its theorem
            says nothing.
    """

    solver: str
    kind: Kind
    queries: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Knob:
    """One quantity that could change.

    Args:
        symbol: which.
        text: in words.
        now: present value.
        end: end of its range, on the side where quantum gets cheaper.
        range_text: the stated range.
    """

    symbol: str
    text: str
    now: float
    end: float
    range_text: str


@dataclass(frozen=True, kw_only=True)
class Tie:
    """Where a knob ties, or how much is missing at the end of its range.

    Args:
        knob: which.
        needed: value at the tie, None if there is none in the range.
        ratio_left: quantum over classical time at the tie (1) or at the end of the range.
    """

    knob: Knob
    needed: float | None
    ratio_left: float

    @property
    def factor(self) -> float:
        """How many times the knob must change."""
        value = self.knob.end if self.needed is None else self.needed
        return max(value / self.knob.now, self.knob.now / value)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The first screen.

    Args:
        winner: who needs less time.
        ratio: quantum over classical time, None where there is no common task.
        dominated_by: (stage, its part of the magic states).
        change: the knob that ties with the least change, or that comes nearest.
        ties: every knob.
        machine: index of the machine of the comparison, None without one.
        is_floor: no machine is feasible; the ratio is that of reaction-limited time with free
            magic states, a lower bound under the serial assumption.
        reason: why there is no winner, empty where there is one.
    """

    winner: Winner
    ratio: Quantity | None
    dominated_by: tuple[str, float] | None
    change: Tie | None = None
    ties: tuple[Tie, ...] = ()
    machine: int | None = None
    is_floor: bool = False
    reason: str = ""
