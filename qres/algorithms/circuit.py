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


def history_circuit(system: System, kind: ReadoutKind, mode: Mode) -> Builder:
    """Return the builder of a job on a history matrix of truncation order 1."""

    def build(values: Values) -> Any:
        from qres.bloqs.history_matrix import HistoryMatrix
        from qres.bloqs.right_hand_side import RepeatedVector

        blocks = Blocks(values)
        matrix = HistoryMatrix(
            step_encoding=system.encoding.bloq(values, blocks),
            time_bitsize=values["time_bits"],
            alpha=values["alpha"],
            epsilon=values["eps_matrix"],
        )
        vector = blocks.tree("rhs", 1, values, values["rhs_bits"])
        source = RepeatedVector(vector, values["n_steps"])
        return _readout(_run(matrix, source, values), values, kind, mode)

    return build


def system_circuit(system: System, kind: ReadoutKind, mode: Mode) -> Builder:
    """Return the builder of a job on a tabulated matrix."""

    def build(values: Values) -> Any:
        blocks = Blocks(values)
        matrix = system.encoding.bloq(values, blocks)
        source = blocks.tree("rhs", 1, values, values["rhs_bits"])
        return _readout(_run(matrix, source, values), values, kind, mode)

    return build


def _run(matrix: Any, source: Any, values: Values) -> Callable[[Any, Any], Any]:
    from qres.bloqs.linear_solver import SolverRun

    def run(matrix_queries: Any, state_queries: Any) -> Any:
        return SolverRun(matrix, source, matrix_queries, state_queries, values["index_width"])

    return run


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
