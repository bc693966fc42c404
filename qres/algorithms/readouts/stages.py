r"""From a solver run to a read-out: amplification, plain states, synthesis, budget, for any member.

An expected query count contains restarts, so a state is either made *coherently* (runs without
restarts, amplified: $2k + 1$ runs and $2k$ reflections) or *repeated* (expected queries over the
success probability). Estimates of a single run are *direct*.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from qres.algorithms.amplification import FIXED_POINT, ROUNDS
from qres.algorithms.readouts.amplified import (
    amplification_definitions,
    amplitude_error,
    is_amplified_exactly,
    is_fixed_point,
)
from qres.algorithms.readouts.base import Mode, Readout
from qres.algorithms.readouts.turn import turn
from qres.algorithms.record import Assumption, Share, Stage, Unit
from qres.algorithms.solvers.frame import as_encoded
from qres.algorithms.synthesis import UNITARY_T
from qres.algorithms.system import Definitions, System, with_reference
from qres.notation.formula import define
from qres.notation.source import Source, derived
from qres.notation.symbols import symbol, symbols

_CARD = derived("gates and registers of the circuits in qres.bloqs")
_QA, _QB, _COPIES, _ROUNDS = symbols("matrix_queries state_queries copies rounds")
_PROB = symbol("success_prob")


def readout_definitions(system: System, member: Readout, mode: Mode) -> Definitions:
    """Return the symbols of the read-out: its own, amplification, totals, rotation precision."""
    name = system.name
    longest = _longest_run(system, member).rotations + member.rotations(system)
    if member.amplified(mode) != 0:
        longest = longest + 2 * _ROUNDS
    if "fail_norm" in member.failures:
        longest = sympy.Max(longest, with_reference(system).run(0).rotations)
    precision = symbol("eps_rotation") / symbol("run_rotations")
    own = member.definitions(system, mode)
    amplified = amplification_definitions(system, member, mode)
    return (
        *(amplified + own if is_amplified_exactly(system, member, mode) else own + amplified),
        *(_repeat_definitions(system, member) if mode == "repeat" else ()),
        define(
            f"{name}.run_rotations",
            "rotations of the longest single run, and of what stands beside it",
            longest,
            _CARD,
        ),
        define(f"{name}.eps_gate", "synthesis error of one rotation", precision, _CARD),
        define(
            f"{name}.synthesis_t",
            "T gates that synthesise one rotation",
            UNITARY_T.at(epsilon=symbol("eps_gate")),
            UNITARY_T.source,
            kind="fitted",
        ),
        *(member.logical(system, mode) if member.logical else ()),
    )


def _longest_run(system: System, member: Readout) -> Unit:
    """The run with the most rotations but for those of amplification."""
    return (with_reference(system) if member.is_referenced else system).run(member.controls)


def _repeat_definitions(system: System, member: Readout) -> Definitions:
    solver = system.solver
    expected = as_encoded(solver.expected_queries)
    wanted = _PROB * (1 - amplitude_error(system, member)) ** 2
    total, runs = _COPIES * expected / wanted, symbol("total_runs")
    queries = solver.matrix_queries
    return (
        define(
            f"{system.name}.total_runs",
            "expected uses of U_A for all plain states, restarts and misses included, in whole runs",
            sympy.ceiling(total / _QA),
            queries.source,
            kind=solver.kind,
            bound=queries.bound,
        ),
        define(
            f"{system.name}.total_matrix_queries",
            "uses of U_A in all these runs",
            runs * _QA,
            queries.source,
            kind=solver.kind,
            bound=queries.bound,
        ),
        define(
            f"{system.name}.total_state_queries",
            "uses of U_b in all these runs",
            runs * _QB,
            queries.source,
            kind=solver.kind,
            bound=solver.state_queries.bound,
        ),
    )


def quantum_stages(system: System, member: Readout, mode: Mode) -> tuple[Stage, ...]:
    """Return the quantum stages of one solve-and-read-out, rotation synthesis last."""
    stages = plain_stages(system, member, mode) if member.has_plain else []
    stages += member.stages(system, mode)
    stages = [replace(stage, calls=system.segments * stage.calls) for stage in stages]
    asked = [(stage.calls, stage.unit) for stage in stages]
    rotations = sympy.Add(
        *(calls * unit.rotations for calls, unit in asked if isinstance(unit, Unit))
    )
    stages.append(
        Stage(
            name="rotation synthesis",
            calls=rotations,
            unit=Unit(t=symbol("synthesis_t")),
            kind="fitted",
            source=UNITARY_T.source,
            meaning="every rotation above, to the precision of one run's share",
        )
    )
    return tuple(stages)


def plain_stages(system: System, member: Readout, mode: Mode) -> list[Stage]:
    """Return the stages of the plain states: independent shots, or uses inside one circuit."""
    if mode == "coherent":
        runs = _COPIES * symbol("invocations")
        matrix_calls, rhs_calls = runs * _QA, runs * _QB
    else:
        runs = symbol("total_runs")
        matrix_calls, rhs_calls = symbols("total_matrix_queries total_state_queries")
    solver, qubits, active = system.solver, system.qubits(0), system.active(0)
    shots = None if member.is_coherent else _COPIES

    def stage(
        name: str, calls: Any, toffoli: Any, rotations: Any, meaning: str, source: Source
    ) -> Stage:
        return Stage(
            name=name,
            calls=calls,
            unit=Unit(toffoli=toffoli, rotations=rotations, qubits=qubits, active=active),
            kind=solver.kind,
            source=source,
            meaning=meaning,
            shots=shots,
        )

    expected = solver.matrix_queries.source
    queries = expected if mode != "coherent" else solver.run_source or expected
    found = [
        stage(
            "matrix queries",
            matrix_calls,
            symbol("query_toffoli"),
            system.query_rotations,
            "uses of the encoded matrix by the plain states",
            queries,
        ),
        stage(
            "rhs queries",
            rhs_calls,
            system.source.toffoli(0),
            system.source.rotations(0),
            "uses of the encoded right-hand side by the plain states",
            solver.state_queries.source,
        ),
        stage(
            "solver reflections",
            runs,
            solver.gates.toffoli(symbol("index_width"), system.matrix.ancillas, 0),
            solver.gates.rotations(0),
            "reflections and rotations of the solver, run by run",
            queries,
        ),
    ]
    if mode == "coherent":
        found.append(
            stage(
                "amplification reflections",
                _COPIES * _ROUNDS,
                *turn(system, 0),
                "the two reflections of each amplification round",
                (FIXED_POINT if is_fixed_point(system, member, mode) else ROUNDS).source,
            )
        )
    return found


def budget_shares(member: Readout, decided: tuple[Share, ...] = ()) -> tuple[Share, ...]:
    """Return the terms of the error budget: decided ones first, then those to be filled."""
    filled = (
        Share(
            name="eps_encoding",
            symbol="share_encoding",
            value="eps_matrix",
            bought=("matrix_bits", "bits per matrix angle"),
        ),
        Share(
            name="eps_solver",
            symbol="share_solver",
            value="eps_solver",
            bought=("matrix_queries", "matrix queries per run"),
        ),
        Share(
            name="eps_rotation",
            symbol="share_rotation",
            value="eps_rotation",
            bought=("synthesis_t", "T per rotation"),
        ),
    )
    return (*decided, *filled, *member.shares)


def failures(system: System, member: Readout, mode: Mode) -> tuple[str, ...]:
    """Return the failure probabilities that share `error.fail_prob` evenly."""
    amplified = ("fail_amplification",) if is_fixed_point(system, member, mode) else ()
    logical = () if member.logical else ("fail_logical",)
    return (*member.failures, *amplified, *logical)


def readout_assumptions(system: System, member: Readout, mode: Mode) -> tuple[Assumption, ...]:
    """Return what the read-out rests on without proof."""
    uses_runs = member.amplified(mode) != 0 or mode == "direct"
    found = [*system.solver.assumptions] if uses_runs else []
    if mode == "repeat":
        text = "plain states are repeated until they succeed: their count is an expectation"
        found.append(Assumption(text=text, factor=2.0, favours="quantum"))
    if is_amplified_exactly(system, member, mode):
        text = (
            "the probability of a run is known when its circuit is compiled, from a solution found"
            " classically: a bound alone takes some six times the runs"
        )
        found.append(Assumption(text=text, factor=6.0, favours="quantum"))
    if is_amplified_exactly(system, member, mode) and not member.is_coherent:
        text = "amplified states that fail are made again: their count is an expectation"
        found.append(Assumption(text=text, factor=2.0, favours="quantum"))
    if is_fixed_point(system, member, mode) and (member.is_coherent or member.controls):
        text = (
            "fixed-point amplification leaves a phase that depends on the unknown probability;"
            " it is taken as known from the estimates of the norm"
        )
        found.append(Assumption(text=text, factor=2.0, favours="quantum"))
    return (*found, *member.assumptions)


def run_warnings(system: System, member: Readout, mode: Mode) -> tuple[tuple[str, str], ...]:
    """Return the solver's warnings where its runs are amplified or estimated."""
    uses_runs = member.amplified(mode) != 0 or mode == "direct"
    return system.solver.warnings if uses_runs else ()
