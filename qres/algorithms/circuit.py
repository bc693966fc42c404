"""The circuits of the jobs: values in, root bloq out.

Nothing here is imported from Qualtran until a circuit is asked for. The bloqs receive integers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy

from qres.algorithms.blocks import Blocks
from qres.algorithms.readouts.base import Mode, Parts, Readout
from qres.algorithms.readouts.reference import reference_bloq, vector_low, wanted_place
from qres.algorithms.system import System
from qres.notation.symbols import symbol

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
        width = values["index_width"]
        single = bloq(matrix, source, width, values)
        referenced = _referenced(bloq, matrix, source, values)
        return _readout(system, member, mode, values, blocks, single, referenced)

    return build


def _referenced(bloq: Any, matrix: Any, source: Any, values: Values) -> Any:
    """Return the run with a reference beside the system."""
    from qres.bloqs.reference_row import ReferencedMatrix, ReferencedVector

    width = values["index_width"]
    beside, told = ReferencedMatrix(matrix, width), ReferencedVector(source, width)
    return bloq(beside, told, width + 1, values)


def _readout(
    system: System,
    member: Readout,
    mode: Mode,
    values: Values,
    blocks: Blocks,
    single: Any,
    referenced: Any,
) -> Any:
    from qres.bloqs.amplification import AmplifiedState
    from qres.bloqs.readout import ReadoutJob

    state = None
    if member.amplified(mode) != 0:
        wanted = wanted_place(system, values)
        state = AmplifiedState(single, values["rounds"], **wanted)
    plain: list[tuple[Any, Any]] = []
    if member.has_plain and mode == "coherent":
        plain = [(state, values["copies"])]
    elif member.has_plain:
        plain = [(single, values["total_runs"])]

    def reference(levels: Any, entries: Any = None) -> tuple[Any, Any]:
        numbers = {symbol(name): value for name, value in values.items()}
        known = None if entries is None else sympy.sympify(entries).xreplace(numbers)
        low = vector_low(system, values, levels, known)
        return reference_bloq(system, values, blocks, levels, known), low

    parts = Parts(
        values=values,
        run=referenced,
        state=state,
        reference=reference,
        wanted=wanted_place(system, values),
    )
    times = 1 if system.segments == 1 else values["segments"]
    return ReadoutJob(
        [(part, times * count) for part, count in (*plain, *member.parts(parts, mode))]
    )
