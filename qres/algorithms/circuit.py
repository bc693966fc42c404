"""The circuits of the jobs: values in, root bloq out.

Nothing here is imported from Qualtran until a circuit is asked for. The bloqs receive integers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qres.algorithms.blocks import Blocks
from qres.algorithms.readouts.stages import Mode, ReadoutKind
from qres.algorithms.system import System

Values = Mapping[str, Any]
Builder = Callable[[Values], Any]


def system_circuit(system: System, kind: ReadoutKind, mode: Mode) -> Builder:
    """Return the builder of a job that solves a system and reads it out."""

    def build(values: Values) -> Any:
        from qres.bloqs.linear_solver import SolverRun

        blocks = Blocks(values)
        matrix, source = system.matrix.bloq(values, blocks), system.source.bloq(values, blocks)
        qubits, width = system.solver.qubits, values["index_width"]

        def run(matrix_queries: Any, state_queries: Any) -> Any:
            return SolverRun(matrix, source, matrix_queries, state_queries, width, qubits)

        return _readout(run, values, kind, mode)

    return build


def _readout(run: Callable[[Any, Any], Any], values: Values, kind: ReadoutKind, mode: Mode) -> Any:
    from qres.bloqs.amplification import AmplifiedState
    from qres.bloqs.integers import ceil_log2
    from qres.bloqs.readout import NormEstimation, ReadoutJob, SignCircuit

    single = run(values["matrix_queries"], values["state_queries"])
    state = AmplifiedState(single, values["rounds"])
    parts: list[tuple[Any, Any]]
    if mode == "coherent":
        parts = [(state, values["copies"])]
    else:
        parts = [(run(values["total_matrix_queries"], values["total_state_queries"]), 1)]
    if kind == "tomography-sampling":
        parts.append((SignCircuit(state), values["copies"]))
    if kind != "state":
        rounds = values["norm_rounds"]
        phase = ceil_log2(rounds) + 1
        parts.append((NormEstimation(single, rounds, 2 * values["norm_repeats"], phase), 1))
    return ReadoutJob(parts)
