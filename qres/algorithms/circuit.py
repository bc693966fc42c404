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
        blocks = Blocks(values)
        matrix, source = system.matrix.bloq(values, blocks), system.source.bloq(values, blocks)
        bloq = system.solver.gates.bloq
        if bloq is None:
            raise ValueError(f"solver {system.solver.name} has no circuit")
        single = bloq(matrix, source, values["index_width"], values)
        return _readout(system, member, mode, values, blocks, single)

    return build


def _readout(
    system: System,
    member: Readout,
    mode: Mode,
    values: Values,
    blocks: Blocks,
    single: Any,
) -> Any:
    from qres.bloqs.amplification import AmplifiedState
    from qres.bloqs.readout import ReadoutJob

    state = None
    if member.amplified(mode) != 0:
        rows = 0 if system.idle_rows is None else values["index_width"]
        state = AmplifiedState(single, values["rounds"], row_bitsize=rows)
    plain: list[tuple[Any, Any]] = []
    if member.has_plain and mode == "coherent":
        plain = [(state, values["copies"])]
    elif member.has_plain:
        plain = [(single, values["total_runs"])]

    def reference(levels: Any) -> Any:
        return reference_bloq(system, values, blocks, levels)

    parts = Parts(values=values, run=single, state=state, reference=reference)
    times = 1 if system.segments == 1 else values["segments"]
    return ReadoutJob(
        [(part, times * count) for part, count in (*plain, *member.parts(parts, mode))]
    )
