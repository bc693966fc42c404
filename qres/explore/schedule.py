r"""Which machine solves which system of a recorded Newton run, and what the run takes then.

All routes of a system solve it to the same relative error $\delta$, and all are charged what must be
known before one can be chosen: forming, damping, pruning, both ends of the spectrum. The least time is
taken, so the choice is between the solves. Newton's method without a scheduler is priced beside it: it
prepares only what its routes need, and need not choose. Under the policy `paper` the quantum route costs
$s\,\kappa\ln(d\kappa/\delta)$ gates of the user's gate time, nothing for loading and read-out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from qres.algorithms.newton import condition, published, work
from qres.algorithms.newton.published import QUERIES
from qres.algorithms.newton.work import BREAK_EVEN
from qres.classical.estimate import estimate_flops
from qres.classical.newton import (
    COMMON,
    FACTORED,
    price_alone,
    price_choosing,
    price_norm,
    price_scheduled,
    price_solves,
    price_table,
)
from qres.classical.record import ClassicalCost, Device
from qres.config.record import ErrorTarget, LinearSystem, Newton, Objective
from qres.explore.intervals import ends_of
from qres.explore.quantum_solves import price_systems
from qres.measurement.newton.record import NewtonBlock, NewtonRun, RivalRun
from qres.notation.source import Source
from qres.physical.record import Machine
from qres.pricing.schedule import Decision, QuantumSolve, RivalTime, Route, Rung, Schedule


def schedule(
    run: NewtonRun,
    parameters: Newton,
    error: ErrorTarget,
    machines: Sequence[Machine],
    device: Device,
    objective: Objective,
) -> Schedule:
    """Return the priced run.

    Args:
        run: the recorded steps.
        parameters: policy, and how the quantum route is built.
        error: `total` of every solution, `fail_prob` of the whole run.
        machines: quantum machines.
        device: the classical device.
        objective: what the physical layer makes small.
    """
    systems = [(step.index, block) for step in run.steps for block in step.blocks]
    each = replace(error, fail_prob=error.fail_prob / len(systems))
    quantum = price_systems(
        [block.values for _, block in systems],
        _linear_system(parameters),
        each,
        machines,
        objective,
        lambda flops: estimate_flops(flops, device).runtime_s,
    )
    decisions = tuple(
        _decide(index, block, found, parameters, each, machines, device, is_pruned=run.prune > 0)
        for (index, block), found in zip(systems, quantum, strict=True)
    )
    gradients = tuple(
        float(estimate_flops(step.gradient_flops, device).runtime_s) for step in run.steps
    )
    rivals = tuple(_time_rival(rival, run.final_loss, device) for rival in run.rivals)
    return Schedule(
        policy=parameters.policy,
        device=device.name,
        decisions=decisions,
        gradient_s=gradients,
        target_loss=run.final_loss,
        rivals=rivals,
        ladder=_ladder(decisions, error.total, parameters.gate_time_s),
        gate_time_s=parameters.gate_time_s,
        assumptions=tuple(dict.fromkeys(_assumptions(run, decisions))),
        sources=tuple(dict.fromkeys(_sources(decisions))),
    )


def _assumptions(run: NewtonRun, decisions: Sequence[Decision]) -> Iterator[str]:
    """Yield what the routes take for granted, the quantum ones first."""
    for decision in decisions:
        yield from decision.quantum.assumptions if decision.quantum else ()
    yield COMMON
    blocks = [block for step in run.steps for block in step.blocks]
    if any(block.inverse_steps for block in blocks):
        yield FACTORED
    for decision in decisions:
        for route in decision.routes:
            yield from route.assumptions


def _sources(decisions: Sequence[Decision]) -> Iterator[Source]:
    """Yield the works that the prices rest on."""
    formulas = (*published.FORMULAS, *condition.FORMULAS, *work.FORMULAS)
    yield from (formula.source for formula in formulas)
    for decision in decisions:
        yield from decision.quantum.sources if decision.quantum else ()


def _linear_system(parameters: Newton) -> LinearSystem:
    return LinearSystem(
        name="linear-system",
        encoding=parameters.encoding,
        data_access=parameters.data_access,
        solver=parameters.solver,
        readout=parameters.readout,
    )


def _decide(
    step: int,
    block: NewtonBlock,
    found: QuantumSolve | str,
    parameters: Newton,
    error: ErrorTarget,
    machines: Sequence[Machine],
    device: Device,
    *,
    is_pruned: bool,
) -> Decision:
    published = _published(block, error.total, parameters.gate_time_s)
    choosing_s = price_choosing(block, device)
    found = _with_loading(found, block, device)
    if parameters.policy == "paper":
        ends = _published_ends(block, error.total, parameters.gate_time_s)
        first = _published_route(published, choosing_s, ends, price_table(block, device))
    else:
        first = _quantum_route(found, machines, choosing_s)
    solves = price_solves(block, device, epsilon=error.total, is_pruned=is_pruned)
    scheduled = price_scheduled(solves, block, device)
    classical = [_classical_route(cost, choosing_s) for cost in scheduled]
    routes = (first, *classical)
    chosen = min(range(len(routes)), key=lambda index: routes[index].total_s)
    return Decision(
        step=step,
        block=block.name,
        dim=block.dim,
        sparsity=float(block.values["sparsity"]),
        kappa=float(block.values["kappa"]),
        newton_fidelity=float(block.values["newton_fidelity"]),
        routes=routes,
        alone=tuple(_classical_route(*pair) for pair in price_alone(solves, device)),
        chosen=chosen,
        reason=_reason(routes, chosen),
        quantum=found if isinstance(found, QuantumSolve) else None,
        published_s=published,
        break_even_s=_break_even(classical, found),
        left_out=solves.left_out,
        refused=found if isinstance(found, str) else "",
    )


def _with_loading(
    found: QuantumSolve | str, block: NewtonBlock, device: Device
) -> QuantumSolve | str:
    """Charge a solve for what it loads of a matrix that was not formed.

    Its entries must be written down, but for `gram`, which loads those of the factor; its Frobenius
    norm must be known where the encoding scales by it.
    """
    if isinstance(found, str) or found.encoding == "gram":
        return found
    norm_s = price_norm(block, device) if found.encoding == "frobenius" else 0.0
    return replace(found, side_s=found.side_s + price_table(block, device) + norm_s)


def _classical_route(cost: ClassicalCost, prepare_s: float) -> Route:
    return Route(
        name=str(cost.method),
        place=cost.device,
        prepare_s=prepare_s,
        solve_s=float(cost.runtime_s),
        kind=cost.kind,
        factor=float(cost.factor),
        assumptions=cost.assumptions,
    )


def _quantum_route(
    found: QuantumSolve | str, machines: Sequence[Machine], prepare_s: float
) -> Route:
    """Return the route on the machine that is soonest done."""
    never = Route(name="quantum", place="none", prepare_s=prepare_s, solve_s=float("inf"))
    if isinstance(found, str):
        return replace(never, reason=found)
    names = [machine.name for machine in machines]
    best = min(names, key=lambda name: found.runtime_s[name])
    reason = found.reasons[best]
    if reason:
        return replace(never, place=best, reason=reason)
    ends = found.spread.get(f"{best}.runtime_s")
    return replace(
        never,
        place=best,
        solve_s=found.runtime_s[best] + found.side_s,
        solve_ends_s=ends and (ends[0] + found.side_s, ends[1] + found.side_s),
    )


def _published_route(
    published_s: float | None, prepare_s: float, ends: tuple[float, float] | None, table_s: float
) -> Route:
    """Return the paper's route: loading is free there, the entries that are loaded are not."""
    seconds = float("inf") if published_s is None else published_s + table_s
    reason = "the paper's formula says nothing here" if published_s is None else ""
    return Route(
        name="quantum",
        place="paper",
        prepare_s=prepare_s,
        solve_s=seconds,
        kind="asymptotic",
        reason=reason,
        solve_ends_s=ends and (ends[0] + table_s, ends[1] + table_s),
    )


def _published_ends(
    block: NewtonBlock, delta: float, gate_time_s: float
) -> tuple[float, float] | None:
    """Return what the paper charges at both ends of the condition number; None where it is sharp."""
    pair = ends_of(block.values["kappa"])
    if pair is None:
        return None
    low, high = (_published(block, delta, gate_time_s, kappa=end) for end in pair)
    return None if low is None or high is None else (low, high)


def _published(
    block: NewtonBlock, delta: float, gate_time_s: float, kappa: float | None = None
) -> float | None:
    """Return the time that the paper charges; None at an infinite condition number."""
    kappa = float(block.values["kappa"]) if kappa is None else kappa
    if kappa == float("inf"):
        return None
    sparsity = round(float(block.values["sparsity"]))
    gates = QUERIES(dim=block.dim, sparsity=sparsity, kappa=max(kappa, 1.0), epsilon=delta)
    return float(gates) * gate_time_s


def _break_even(classical: Sequence[Route], found: QuantumSolve | str) -> float | None:
    """Return the time of one logical gate at which quantum ties with the best classical route.

    Both have paid for the choice, so the solves are compared.
    """
    if isinstance(found, str) or not classical:
        return None
    left = min(route.solve_s for route in classical) - found.side_s
    if left <= 0:
        return None
    return float(BREAK_EVEN(classical_s=left, serial_toffoli=max(1, round(found.serial_gates))))


def _reason(routes: Sequence[Route], chosen: int) -> str:
    """Return one line: the winner, and by how much it beats the next."""
    others = [route for index, route in enumerate(routes) if index != chosen]
    best = routes[chosen]
    usable = [route for route in others if not route.reason]
    if not usable:
        return f"{best.name}: nothing else can solve it"
    second = min(usable, key=lambda route: route.total_s)
    factor = second.total_s / best.total_s if best.total_s else float("inf")
    return f"{best.name} takes {best.total_s:.3g} s, {second.name} {factor:.3g} times as long"


def _time_rival(rival: RivalRun, target: float, device: Device) -> RivalTime:
    """Return how long a first-order method takes to the loss that Newton ends with.

    One launch an iteration, as a gradient of Newton's is charged too.
    """
    reached = [index for index, loss in enumerate(rival.losses) if loss <= target]
    iterations = reached[0] + 1 if reached else None
    taken = len(rival.losses) if iterations is None else iterations
    one = float(estimate_flops(rival.flops_per_iteration, device).runtime_s)
    waits = max(rival.launches_per_iteration - 1, 0) * device.latency_s
    return RivalTime(
        name=rival.name,
        learning_rate=rival.learning_rate,
        iterations=iterations,
        seconds=taken * one,
        eager_s=taken * (one + waits),
        final_loss=rival.losses[-1],
        is_at_end=rival.learning_rate in (min(rival.tried), max(rival.tried)),
    )


def _ladder(decisions: Sequence[Decision], delta: float, gate_time_s: float) -> tuple[Rung, ...]:
    """Return the way from the paper's charge to the honest price, one term after the other."""
    solves = [decision.quantum for decision in decisions]
    if any(solve is None for solve in solves) or any(d.published_s is None for d in decisions):
        return ()
    pairs = [(d, q) for d, q in zip(decisions, solves, strict=True) if q is not None]
    encoded = sum(
        float(QUERIES(dim=d.dim, sparsity=1, kappa=max(q.kappa_eff, 1.0), epsilon=delta))
        for d, q in pairs
    )
    queries = sum(q.matrix_queries for _, q in pairs)
    one_run = sum(q.query_gates for _, q in pairs)
    whole = sum(q.gates for _, q in pairs)
    shared = sum(q.serial_gates for _, q in pairs)
    steps: list[tuple[str, float]] = [
        ("the paper's formula, constant 1", sum(d.published_s or 0.0 for d in decisions)),
        ("its encoding: alpha norm(A^-1) for s kappa", encoded * gate_time_s),
        ("the constants of a theorem", queries * gate_time_s),
        ("gates of a query: loading the matrix and the gradient", one_run * gate_time_s),
        ("read-out: amplification, norm, signs, every entry", whole * gate_time_s),
    ]
    if shared < whole:
        steps.append(("machines side by side, which share the shots", shared * gate_time_s))
    if all(min(q.runtime_s.values()) < float("inf") for _, q in pairs):
        clock = sum(min(q.runtime_s.values()) + q.side_s for _, q in pairs)
        steps.append(("the clock of an error-corrected machine", clock))
        prepared = clock + sum(d.routes[0].prepare_s for d in decisions)
        steps.append(("before the choice: forming, damping, pruning, extremes", prepared))
    return _rungs(steps)


def _rungs(steps: Sequence[tuple[str, float]]) -> tuple[Rung, ...]:
    found, last = [], steps[0][1]
    for text, seconds in steps:
        found.append(Rung(text=text, seconds=seconds, factor=seconds / last))
        last = seconds
    return tuple(found)
