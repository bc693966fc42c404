"""The circuits of the jobs: values in, root bloq out.

Nothing here is imported from Qualtran until a circuit is asked for. The bloqs receive integers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qres.algorithms.blocks import Blocks
from qres.algorithms.readouts.base import Mode, Parts, Readout
from qres.algorithms.readouts.reference import reference_bloq
from qres.algorithms.system import System

Values = Mapping[str, Any]
Builder = Callable[[Values], Any]


def system_circuit(system: System, member: Readout, mode: Mode) -> Builder:
    """Return the builder of a job that solves a system and reads it out."""

    def build(values: Values) -> Any:
        from qres.bloqs.linear_solver import SolverRun

        blocks = Blocks(values)
        matrix, source = system.matrix.bloq(values, blocks), system.source.bloq(values, blocks)
        qubits, width = system.solver.qubits, values["index_width"]

        def run(matrix_queries: Any, state_queries: Any) -> Any:
            return SolverRun(matrix, source, matrix_queries, state_queries, width, qubits)

        return _readout(system, member, mode, values, blocks, run)

    return build


def _readout(
    system: System,
    member: Readout,
    mode: Mode,
    values: Values,
    blocks: Blocks,
    run: Callable[[Any, Any], Any],
) -> Any:
    from qres.bloqs.amplification import AmplifiedState
    from qres.bloqs.readout import ReadoutJob

    single = run(values["matrix_queries"], values["state_queries"])
    state = None
    if member.amplified(mode) != 0:
        state = AmplifiedState(single, values["rounds"], not system.is_exact)
    plain: list[tuple[Any, Any]] = []
    if member.has_plain and mode == "coherent":
        plain = [(state, values["copies"])]
    elif member.has_plain:
        plain = [(run(values["total_matrix_queries"], values["total_state_queries"]), 1)]

    def reference(levels: Any) -> Any:
        return reference_bloq(system, values, blocks, levels)

    parts = Parts(values=values, run=single, state=state, reference=reference)
    times = 1 if system.segments == 1 else values["segments"]
    return ReadoutJob(
        [(part, times * count) for part, count in (*plain, *member.parts(parts, mode))]
    )
