"""A job counted by its formulas, for scalars exactly and for arrays in float64."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy

from qres.algorithms.record import ClassicalWork, Job, Stage, Unit
from qres.errors import InfeasibleError
from qres.logical.record import LogicalCost, StageCost
from qres.notation.compiled import compile_array, compile_exact
from qres.notation.layers import in_layers
from qres.notation.memory import BRIGADE


def evaluate(expression: Any, numbers: Mapping[str, Any]) -> Any:
    """Return the value of a sympy expression at the numbers of its symbols."""
    expression = sympy.sympify(expression)
    free = tuple(sorted(expression.free_symbols, key=str))
    arguments = [numbers[str(item)] for item in free]
    if any(isinstance(value, np.ndarray) for value in arguments):
        return compile_array(free, expression)(*(np.asarray(v, dtype=float) for v in arguments))
    return compile_exact(free, expression)(*arguments)


def count_stages(job: Job, numbers: Mapping[str, Any]) -> tuple[StageCost, ...]:
    """Return calls times unit of every stage.

    Raises:
        InfeasibleError: a stage's count is beyond any number.
    """
    found, layered = [], _layered(job, numbers)
    for stage in job.stages:
        try:
            found.append(_count_stage(stage, numbers, layered))
        except ArithmeticError as error:
            raise InfeasibleError(stage.name, f"beyond any number ({error})") from None
    return tuple(found)


def _layered(job: Job, numbers: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the numbers with prices that contain look-ups in layers; None without a bucket brigade.

    A price that was overridden keeps its number where that is smaller.
    """
    if not np.any(np.equal(numbers.get("block_limit", 0), BRIGADE)):
        return None
    found = dict(numbers)
    for name, formula in job.definitions:
        layers = in_layers(formula.expression)
        if layers != formula.expression:
            price, line = evaluate(layers, found), numbers[name]
            is_array = isinstance(price, np.ndarray) or isinstance(line, np.ndarray)
            found[name] = np.minimum(price, line) if is_array else min(price, line)
    return found


def _depth(unit: Unit, numbers: Mapping[str, Any], layered: Mapping[str, Any] | None) -> Any:
    """Return the layers of one call; None where its gates form one line."""
    if unit.depth is not None:
        return evaluate(unit.depth, numbers)
    if layered is None:
        return None
    return evaluate(in_layers(sympy.sympify(unit.toffoli)) + unit.t, layered)


def _count_stage(
    stage: Stage, numbers: Mapping[str, Any], layered: Mapping[str, Any] | None
) -> StageCost:
    calls, unit = evaluate(stage.calls, numbers), stage.unit
    if isinstance(unit, ClassicalWork):
        return StageCost(
            name=stage.name,
            calls=calls,
            gradients=calls * evaluate(unit.gradients, numbers),
            flops=calls * evaluate(unit.flops, numbers),
            kind=stage.kind,
            is_classical=True,
        )
    depth = _depth(unit, numbers, layered)
    return StageCost(
        name=stage.name,
        calls=calls,
        depth=None if depth is None else calls * depth,
        toffoli=calls * evaluate(unit.toffoli, numbers),
        t=calls * evaluate(unit.t, numbers),
        rotations=calls * evaluate(unit.rotations, numbers),
        logical_qubits=evaluate(unit.qubits, numbers),
        active_qubits=evaluate(unit.qubits if unit.active is None else unit.active, numbers),
        shots=None if stage.shots is None else evaluate(stage.shots, numbers),
        kind=stage.kind,
    )


def total(stages: tuple[StageCost, ...], numbers: Mapping[str, Any]) -> LogicalCost:
    """Return the sum of the quantum stages; qubits are the peak.

    Raises:
        InfeasibleError: a scalar count is infinite, with the stage named.
    """
    quantum = [stage for stage in stages if not stage.is_classical]
    for stage in quantum:
        if _is_beyond(stage.toffoli) or _is_beyond(stage.t) or _is_beyond(stage.logical_qubits):
            raise InfeasibleError(stage.name, "the count is beyond any number")
    peak = _largest([stage.logical_qubits for stage in quantum])
    active = _largest([stage.active_qubits for stage in quantum])
    shots = [stage.shots for stage in quantum if stage.shots is not None]
    has_depth = any(stage.depth is not None for stage in quantum)
    return LogicalCost(
        depth=sum(stage.layers for stage in quantum) if has_depth else None,
        toffoli=sum(stage.toffoli for stage in quantum),
        t=sum(stage.t for stage in quantum),
        rotations=sum(stage.rotations for stage in quantum),
        logical_qubits=peak,
        fail_prob=numbers["fail_logical"],
        rotation_depth=numbers.get("rotation_depth"),
        measurements=numbers.get("measurements", 0),
        idle_qubits=_largest([peak - active, 0]),
        shots=shots[0] if shots else 1,
        serial_part=_serial_part(quantum) if shots else 1.0,
    )


def _serial_part(quantum: list[StageCost]) -> Any:
    """Return the part outside of all shots: the largest among Toffoli gates, rotations and layers.

    Work without qubits of its own, the synthesis of rotations, goes where the rotations go.
    """
    own = [stage for stage in quantum if np.any(np.not_equal(stage.logical_qubits, 0))]
    parts = []
    for name in ("toffoli", "rotations", "layers"):
        amounts = [getattr(stage, name) for stage in own]
        serial = [n for stage, n in zip(own, amounts, strict=True) if stage.shots is None]
        whole = np.asarray(sum(amounts), dtype=float)
        alone = np.asarray(sum(serial), dtype=float)
        parts.append(np.divide(alone, whole, out=np.zeros(whole.shape), where=whole > 0))
    part = np.maximum.reduce(np.broadcast_arrays(*parts))
    return part if part.shape else part.item()


def _largest(values: list[Any]) -> Any:
    """Return the largest, exactly for scalars, by element for arrays."""
    found = values[0]
    for value in values[1:]:
        is_array = isinstance(found, np.ndarray) or isinstance(value, np.ndarray)
        found = np.maximum(found, value) if is_array else max(found, value)
    return found


def _is_beyond(value: Any) -> bool:
    """Whether a scalar is infinite, or an integer that float64 cannot hold."""
    try:
        return not isinstance(value, np.ndarray) and not math.isfinite(float(value) * 1e6)
    except OverflowError:
        return True
