r"""From a solver run to a read-out: copies, amplification, norm, signs, synthesis, as stages.

An expected query count contains restarts, so a state is either made *coherently* (runs without
restarts, amplified: $2k + 1$ runs and $2k$ reflections) or *repeated* (expected queries over the
success probability). Coherent tomography, norm estimation and sign circuits need the first.
"""

from __future__ import annotations

from typing import Any, Literal

import sympy

from qres.algorithms.amplification import ESTIMATE_REPEATS, ESTIMATE_ROUNDS, LEAST_FAIL
from qres.algorithms.readouts.tomography import COHERENT_COPIES, SAMPLING_COPIES
from qres.algorithms.record import Assumption, ClassicalWork, Share, Stage, Unit
from qres.algorithms.solvers.base import Solver
from qres.algorithms.synthesis import UNITARY_T
from qres.algorithms.system import Definitions, System
from qres.config.record import Readout
from qres.notation.formula import Condition, Formula, define
from qres.notation.named import ceil_log2
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

Mode = Literal["coherent", "repeat"]
ReadoutKind = Literal["state", "tomography-coherent", "tomography-sampling"]

_CARD = derived("gates and registers of the circuits in qres.bloqs")
_QA, _QB, _COPIES, _ROUNDS = symbols("matrix_queries state_queries copies rounds")
_PROB, _DIM = symbols("success_prob dim")


def readout_definitions(system: System, kind: ReadoutKind, mode: Mode) -> Definitions:
    """Return copies, totals in repeat mode, the norm's repetitions, and the rotation precision."""
    name = system.name
    found = []
    if kind == "state":
        found.append(define(f"{name}.copies", "states prepared", sympy.Integer(1), _CARD))
    else:
        found += _tomography_definitions(system, kind)
    if mode == "repeat":
        found += _repeat_definitions(system)
    controls = 1 if kind == "tomography-sampling" else 0
    precision = symbol("eps_rotation") / symbol("run_rotations")
    return (
        *found,
        define(
            f"{name}.run_rotations",
            "rotations of the longest single run",
            system.run(controls).rotations,
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
    )


def _tomography_definitions(system: System, kind: ReadoutKind) -> list[tuple[str, Formula]]:
    name = system.name
    copies = COHERENT_COPIES if kind == "tomography-coherent" else SAMPLING_COPIES
    eps_tomo, fail_tomo = symbols("eps_tomography fail_tomography")
    eps_norm, fail_norm, probability = symbols("eps_norm fail_norm norm_prob")
    flagged = symbol("flag_prob") * _PROB / (1 + _PROB)
    return [
        define(
            f"{name}.copies",
            copies.meaning,
            sympy.ceiling(copies.at(epsilon=eps_tomo, fail_prob=fail_tomo)),
            copies.source,
            kind=copies.kind,
            bound=copies.bound,
        ),
        define(
            f"{name}.norm_prob",
            "probability of the read block beside a reference row of equal weight, and of the flag",
            flagged,
            derived("reference row with b_ref chosen so that both probabilities agree"),
        ),
        define(
            f"{name}.norm_rounds",
            "Grover iterations of one estimate",
            ESTIMATE_ROUNDS.at(success_prob=probability, epsilon=eps_norm * probability),
            ESTIMATE_ROUNDS.source,
            kind="proven",
        ),
        define(
            f"{name}.norm_repeats",
            "estimates of each of the two probabilities",
            ESTIMATE_REPEATS.at(fail_prob=fail_norm / 2),
            ESTIMATE_REPEATS.source,
            kind="proven",
            conditions=(
                Condition(
                    sympy.Ge(fail_norm, 2 * LEAST_FAIL),
                    "error.fail_prob that leaves 2e-40 to the norm",
                ),
            ),
        ),
    ]


def _repeat_definitions(system: System) -> list[tuple[str, Formula]]:
    solver = system.solver
    total = _COPIES * solver.matrix_queries.at(epsilon=symbol("eps_solver")) / _PROB
    queries = solver.matrix_queries
    return [
        define(
            f"{system.name}.total_matrix_queries",
            "expected uses of U_A for all plain states, restarts and misses included",
            sympy.ceiling(total),
            queries.source,
            kind=solver.kind,
            bound=queries.bound,
        ),
        define(
            f"{system.name}.total_state_queries",
            "expected uses of U_b for all plain states",
            solver.state_ratio * symbol("total_matrix_queries"),
            queries.source,
            kind=solver.kind,
            bound=solver.state_queries.bound,
        ),
    ]


def quantum_stages(system: System, kind: ReadoutKind, mode: Mode) -> tuple[Stage, ...]:
    """Return the quantum stages of one solve-and-read-out, rotation synthesis last."""
    stages = _plain_stages(system, mode)
    if kind == "tomography-sampling":
        stages.append(_sign_stage(system))
    if kind != "state":
        stages.append(_norm_stage(system))
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


def _plain_stages(system: System, mode: Mode) -> list[Stage]:
    if mode == "coherent":
        runs = _COPIES * symbol("invocations")
        matrix_calls, rhs_calls = runs * _QA, runs * _QB
    else:
        matrix_calls, rhs_calls = symbols("total_matrix_queries total_state_queries")
    queries, qubits = system.solver.matrix_queries, system.qubits(0)

    def stage(name: str, calls: Any, toffoli: Any, rotations: Any, meaning: str) -> Stage:
        return Stage(
            name=name,
            calls=calls,
            unit=Unit(toffoli=toffoli, rotations=rotations, qubits=qubits),
            kind=system.solver.kind,
            source=queries.source,
            meaning=meaning,
        )

    found = [
        stage(
            "matrix queries",
            matrix_calls,
            system.matrix_toffoli(0),
            system.matrix.rotations(0),
            "uses of the encoded matrix by the plain states",
        ),
        stage(
            "rhs queries",
            rhs_calls,
            system.source.toffoli(0),
            system.source.rotations(0),
            "uses of the encoded right-hand side by the plain states",
        ),
        stage(
            "solver reflections",
            matrix_calls,
            system.reflection(0),
            1,
            "one reflection and one rotation of the solver per use of the matrix",
        ),
    ]
    if mode == "coherent":
        found.append(
            stage(
                "amplification reflections",
                _COPIES * 2 * _ROUNDS,
                system.reflection(0),
                0,
                "two reflections per amplification round",
            )
        )
    return found


def _sign_stage(system: System) -> Stage:
    run, invocations = system.run(1), symbol("invocations")
    return Stage(
        name="sign circuits",
        calls=_COPIES,
        unit=Unit(
            toffoli=invocations * run.toffoli + 2 * _ROUNDS * system.reflection(1),
            rotations=invocations * run.rotations,
            qubits=run.qubits,
        ),
        kind="proven",
        source=SAMPLING_COPIES.source,
        meaning="controlled amplified states, superposed with a reference, for the signs",
    )


def _norm_stage(system: System) -> Stage:
    run, rounds, repeats = system.run(0), symbol("norm_rounds"), symbol("norm_repeats")
    runs = 2 * rounds + 1
    return Stage(
        name="norm",
        calls=2 * repeats,
        unit=Unit(
            toffoli=runs * run.toffoli + 2 * rounds * system.reflection(1),
            rotations=runs * run.rotations,
            qubits=run.qubits + ceil_log2(rounds) + 1,
        ),
        kind="proven",
        source=ESTIMATE_ROUNDS.source,
        meaning="amplitude estimates of the read block and of a reference row",
    )


def reconstruction(kind: ReadoutKind) -> Stage:
    """Return the classical stage that turns measured copies into a vector."""
    families = 2 if kind == "tomography-sampling" else 1
    return Stage(
        name="reconstruct",
        calls=sympy.Integer(1),
        unit=ClassicalWork(flops=families * _COPIES + 4 * _DIM),
        kind="assumed",
        source=derived("one addition a copy, four operations an entry; a lower estimate"),
        meaning="counts to amplitudes, signs and norm on the classical device",
    )


def budget_shares(*, has_readout: bool, decided: tuple[Share, ...] = ()) -> tuple[Share, ...]:
    """Return the terms of the error budget: decided ones first, then those to be filled."""
    filled = [
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
    ]
    if has_readout:
        filled.append(
            Share(
                name="eps_readout",
                symbol="share_readout",
                value="eps_tomography",
                bought=("copies", "states prepared"),
            )
        )
    return (*decided, *filled)


def readout_kind(readout: Readout) -> ReadoutKind:
    """Return which read-out the settings ask for."""
    if readout.kind == "state":
        return "state"
    return "tomography-coherent" if readout.access == "coherent" else "tomography-sampling"


def failures(kind: ReadoutKind) -> tuple[str, ...]:
    """Return the failure probabilities that share `error.fail_prob` evenly."""
    if kind == "state":
        return ("fail_logical",)
    return ("fail_tomography", "fail_norm", "fail_logical")


def readout_assumptions(kind: ReadoutKind, solver: Solver, mode: Mode) -> tuple[Assumption, ...]:
    """Return what the read-out rests on without proof."""
    found = [] if kind == "state" and mode == "repeat" else [*solver.assumptions]
    if mode == "repeat":
        text = "plain states are repeated until they succeed: their count is an expectation"
        found.append(Assumption(text=text, factor=2.0, favours="quantum"))
    if kind == "tomography-coherent":
        found.append(
            Assumption(
                text="coherent tomography: constant and further logarithms unknown, set to 1;"
                " likely 10 to 100 times more",
                factor=100.0,
                favours="quantum",
            )
        )
    if kind != "state":
        found.append(
            Assumption(
                text="norm: the Fourier transform of each estimate, fewer than log2(M)^2 rotations,"
                " is left out",
                factor=1.0,
                favours="quantum",
            )
        )
    return tuple(found)


def run_warnings(system: System, kind: ReadoutKind, mode: Mode) -> tuple[tuple[str, str], ...]:
    """Return the solver's warnings where its runs are amplified or estimated."""
    return system.solver.warnings if kind != "state" or mode == "coherent" else ()
