"""What a scheduler of Newton steps found: every route of every linear system, and which was taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from qres.algorithms.record import Job
from qres.notation.quantity import Kind
from qres.notation.source import Source

Policy = Literal["honest", "paper"]

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Route:
    """One way to solve one system to the wanted error.

    Args:
        name: of the method, or `quantum`.
        place: the quantum machine or the classical device.
        prepare_s: what comes before the solve. Of a scheduler's routes it is all that must be known
            to choose one, the same for each; of a route that stands alone, what it needs itself.
        solve_s: the solve; infinite where it cannot be done.
        kind: how the count is known.
        reason: why it cannot be done, empty where it can.
        factor: how many times longer it could take if the assumed numbers are kind to it.
        assumptions: what its time takes for granted.
        solve_ends_s: the solve at the ends of what was measured; None where it is sharp.
    """

    name: str
    place: str
    prepare_s: float
    solve_s: float
    kind: Kind = "assumed"
    reason: str = ""
    factor: float = 1.0
    assumptions: tuple[str, ...] = ()
    solve_ends_s: Interval | None = None

    @property
    def total_s(self) -> float:
        """Seconds of everything."""
        return self.prepare_s + self.solve_s

    @property
    def ends_s(self) -> Interval:
        """Seconds of everything at the ends of what was measured."""
        low, high = self.solve_ends_s or (self.solve_s, self.solve_s)
        return self.prepare_s + low, self.prepare_s + high

    @property
    def is_quantum(self) -> bool:
        """Whether it runs on a quantum machine."""
        return self.name == "quantum"


@dataclass(frozen=True, kw_only=True)
class StageShare:
    """One stage of a quantum solve: its calls and gates."""

    name: str
    calls: float
    toffoli: float
    t: float
    rotations: float
    logical_qubits: float
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class QuantumSolve:
    """The best quantum job of one system.

    Args:
        encoding, solver, mode: what was chosen.
        toffoli, t, rotations, logical_qubits: of the whole job, read-out included.
        kappa_eff: condition number that the solver sees.
        matrix_queries: of one run.
        query_gates: Toffoli gates of one run's queries.
        stages: the quantum stages.
        side_s: its classical stages on the device, seconds.
        runtime_s: by machine, infinite where it does not fit.
        runtime_floor_s: by machine, if magic states were free.
        physical_qubits: by machine, likewise infinite.
        distances: of the code, by machine, 0 where it does not fit.
        reasons: by machine, why it does not fit.
        kind: the weakest of everything that the counts rest on.
        is_norm_access: whether the encoding loads the matrix by its Frobenius norm.
        sources: of stages and formulas.
        assumptions: of the job, one line each.
        spread: `toffoli`, `t`, `rotations`, `logical_qubits`, `<machine>.runtime_s` and
            `<machine>.physical_qubits` at the ends of what was measured; what is missing is sharp.
        busiest_part: of the gates, on the busiest of several machines that share the shots.
        job: with the values of this system, for its circuit.
    """

    encoding: str
    solver: str
    mode: str
    toffoli: float
    t: float
    rotations: float
    logical_qubits: float
    kappa_eff: float
    matrix_queries: float
    query_gates: float
    stages: tuple[StageShare, ...]
    side_s: float
    runtime_s: Mapping[str, float]
    runtime_floor_s: Mapping[str, float]
    physical_qubits: Mapping[str, float]
    distances: Mapping[str, float]
    reasons: Mapping[str, str]
    kind: Kind
    is_norm_access: bool
    sources: tuple[Source, ...]
    assumptions: tuple[str, ...]
    spread: Mapping[str, Interval] = field(default_factory=dict)
    busiest_part: float = 1.0
    job: Job | None = field(default=None, compare=False, repr=False)

    @property
    def gates(self) -> float:
        """Toffoli and T gates."""
        return self.toffoli + self.t

    @property
    def serial_gates(self) -> float:
        """Toffoli and T gates one after the other, on the busiest machine."""
        return self.gates * self.busiest_part


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One system of one step, its routes, and the one that was taken.

    Args:
        step: index of the Newton step.
        block: name of the block.
        dim: of the system.
        sparsity: entries of its fullest row.
        kappa: condition number of the damped and pruned matrix.
        newton_fidelity: cosine of step and gradient.
        routes: all that were compared, the quantum one first.
        alone: the classical routes without a scheduler, which need not choose.
        chosen: index in `routes` of the least `total_s`.
        reason: why, one line.
        quantum: what the quantum route is made of; None where there is none.
        published_s: time of the paper's own formula at its gate time, None where it says nothing.
        break_even_s: time of one logical gate at which quantum ties with the fastest classical
            route of the same scheduler; None where none is short enough because its classical stages
            alone take longer, or there is no quantum route.
        left_out: (method, reason) of classical solves that have no price here.
        refused: why there is no quantum job; empty where there is one.
    """

    step: int
    block: str
    dim: int
    sparsity: float
    kappa: float
    newton_fidelity: float
    routes: tuple[Route, ...]
    alone: tuple[Route, ...]
    chosen: int
    reason: str
    quantum: QuantumSolve | None
    published_s: float | None
    break_even_s: float | None
    left_out: tuple[tuple[str, str], ...] = ()
    refused: str = ""

    @property
    def route(self) -> Route:
        """The route that was taken."""
        return self.routes[self.chosen]

    @property
    def classical(self) -> Route:
        """The fastest classical route of the scheduler."""
        return min((r for r in self.routes if not r.is_quantum), key=lambda r: r.total_s)

    @property
    def unscheduled(self) -> Route:
        """The fastest classical route without a scheduler, known in hindsight."""
        return min(self.alone, key=lambda route: route.total_s)

    @property
    def is_sure(self) -> bool:
        """Whether the same side is faster at both ends of what was measured."""
        low, high = self.routes[0].ends_s
        return not low <= self.classical.total_s <= high


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One term that the paper leaves out: the time with it, and by how much it multiplies."""

    text: str
    seconds: float
    factor: float


@dataclass(frozen=True, kw_only=True)
class RivalTime:
    """A first-order method's way to the loss that Newton ends with.

    Args:
        name: of the method.
        learning_rate: the best of the grid.
        iterations: that it took; None where it did not get there.
        seconds: on the device, one launch an iteration; of all its iterations where it did not get
            there.
        eager_s: the same with a launch for every operation on a tensor.
        final_loss: its last.
        is_at_end: whether the best rate is the smallest or the largest of the grid.
    """

    name: str
    learning_rate: float
    iterations: int | None
    seconds: float
    eager_s: float
    final_loss: float
    is_at_end: bool


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A priced run.

    Args:
        policy: how the quantum side was priced.
        device: the classical device.
        decisions: by step, then block.
        gradient_s: seconds of the gradients of each step, in every route alike.
        target_loss: what Newton ends with.
        rivals: first-order methods to that loss.
        ladder: from the paper's charge to the honest price, term by term; empty without a quantum
            route for every system.
        gate_time_s: of one gate in the paper's charge.
        assumptions: what all this takes for granted, one line each.
        sources: of the formulas.
        n_counted: quantum jobs whose circuit was counted too, and agrees.
    """

    policy: Policy
    device: str
    decisions: tuple[Decision, ...]
    gradient_s: tuple[float, ...]
    target_loss: float
    rivals: tuple[RivalTime, ...]
    ladder: tuple[Rung, ...] = ()
    gate_time_s: float = 1e-5
    assumptions: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    n_counted: int = 0

    @property
    def scheduled_s(self) -> float:
        """Time of the run, each system by its chosen route."""
        return sum(self.gradient_s) + sum(d.route.total_s for d in self.decisions)

    @property
    def choosing_s(self) -> float:
        """Time of what must be known before any route can be chosen, in every route alike."""
        return sum(d.routes[0].prepare_s for d in self.decisions)

    @property
    def classical_s(self) -> float:
        """Time of Newton's method without a scheduler: the device alone, nothing spent on choosing.

        Each system takes its fastest route there, known in hindsight, and prepares what that needs.
        """
        return sum(self.gradient_s) + sum(d.unscheduled.total_s for d in self.decisions)

    @property
    def quantum_s(self) -> float:
        """Time of the run with every system solved by the quantum route, which needs its kappa."""
        return sum(self.gradient_s) + sum(d.routes[0].total_s for d in self.decisions)

    @property
    def quantum_ends_s(self) -> Interval:
        """That time at the ends of what was measured, all systems at the same end."""
        low, high = zip(*(d.routes[0].ends_s for d in self.decisions), strict=True)
        return sum(self.gradient_s) + sum(low), sum(self.gradient_s) + sum(high)

    @property
    def route_names(self) -> tuple[str, ...]:
        """Names of all routes of the scheduler, the quantum one first."""
        return tuple(dict.fromkeys(r.name for d in self.decisions for r in d.routes))

    @property
    def alone_names(self) -> tuple[str, ...]:
        """Names of all routes without a scheduler."""
        return tuple(dict.fromkeys(r.name for d in self.decisions for r in d.alone))

    def single_route_s(self, name: str) -> float:
        """Return the time of the run by one route of the scheduler throughout.

        It is charged for choosing, as the schedule is; infinite where a system lacks it.
        """
        return self._throughout(name, (d.routes for d in self.decisions))

    def alone_route_s(self, name: str) -> float:
        """Return the time of the run by one route without a scheduler; infinite likewise."""
        return self._throughout(name, (d.alone for d in self.decisions))

    def _throughout(self, name: str, systems: Iterable[Iterable[Route]]) -> float:
        times = [
            min((r.total_s for r in routes if r.name == name), default=float("inf"))
            for routes in systems
        ]
        return sum(self.gradient_s) + sum(times)
