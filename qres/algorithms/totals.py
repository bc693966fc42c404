r"""The total of a job as one formula: calls times price, added up over the quantum stages.

The same stages and definitions that are counted (`qres.logical.formulas`) are put into one
expression in the symbols of the job; what is defined stands behind it as parts. Qubits are the
largest width among the stages; idle ones are what the largest number at work leaves of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy

from qres.algorithms.record import Job, Stage, Unit, combined_bound
from qres.errors import InputError, nearest
from qres.notation.formula import Formula
from qres.notation.quantity import weakest
from qres.notation.source import derived
from qres.notation.symbols import CATALOGUE, describe

QUANTITIES = {"toffoli": "Toffoli", "t": "T", "rotations": "rotations", "logical_qubits": "qubits"}
"""The totals of a job, with their units."""

IDLE = "idle_qubits"
"""One more total: what of the peak is held and not at work."""

Parts = tuple[tuple[str, Formula], ...]

_SUM = derived("calls times price, added up over the quantum stages")
_PEAK = derived("largest width among the quantum stages")


def job_formula(job: Job, quantity: str) -> Formula:
    """Return a total of a job as a formula of the job's values.

    Args:
        job: any.
        quantity: one of `QUANTITIES`, or `IDLE`.

    Raises:
        InputError: there is no such total.
    """
    meaning = f"{describe_total(quantity)} of the whole job"
    return total_formula(job.name, job.stages, job.definitions, quantity, meaning)


def describe_total(quantity: str) -> str:
    """Return what a total counts.

    Raises:
        InputError: there is no such total.
    """
    if quantity not in QUANTITIES and quantity != IDLE:
        raise InputError(f"unknown total '{quantity}'{nearest(quantity, [*QUANTITIES, IDLE])}")
    return describe(quantity).meaning


def total_formula(
    name: str,
    stages: Iterable[Stage],
    definitions: Parts,
    quantity: str,
    meaning: str,
    **pedigree: Any,
) -> Formula:
    """Return a total of stages as a formula whose parts are the definitions that it uses.

    Its kind is the weakest among them and the call counts that go in.

    Args:
        name: of the algorithm, opens the name of the formula.
        stages: classical ones do not count.
        definitions: (symbol, formula) pairs in the order of evaluation.
        quantity: one of `QUANTITIES`, or `IDLE`.
        meaning: one line.
        pedigree: further fields of `Formula`.
    """
    quantum = [(stage, stage.unit) for stage in stages if isinstance(stage.unit, Unit)]
    is_width = quantity in ("logical_qubits", IDLE)
    if is_width:
        expression: Any = _peak([unit.qubits for _, unit in quantum])
        kinds = []
        if quantity == IDLE:
            expression = sympy.Max(0, expression - _peak([_active(unit) for _, unit in quantum]))
    else:
        terms = [(stage, stage.calls * getattr(unit, quantity)) for stage, unit in quantum]
        expression = sympy.Add(*(term for _, term in terms))
        kinds = [stage.kind for stage, term in terms if term != 0]
    parts = _used(expression, definitions)
    defined = {symbol for symbol, _ in parts}
    read = _names(expression).union(*(part.inputs for _, part in parts))
    return Formula(
        name=f"{name}.{quantity}",
        meaning=meaning,
        expression=expression,
        inputs=tuple(item for item in CATALOGUE if item in read - defined),
        source=_PEAK if is_width else _SUM,
        kind=weakest([*kinds, *(part.kind for _, part in parts)]),
        bound=combined_bound(part.bound for _, part in parts),
        unit=QUANTITIES.get(quantity, "qubits"),
        letter=describe(quantity).latex,
        parts=parts,
        **pedigree,
    )


def _peak(widths: Iterable[Any]) -> Any:
    found = {sympy.sympify(width) for width in widths}
    return sympy.Max(*(found - {0} or found))


def _active(unit: Unit) -> Any:
    return unit.qubits if unit.active is None else unit.active


def _names(expression: Any) -> set[str]:
    return {str(item) for item in expression.free_symbols}


def _used(expression: Any, definitions: Parts) -> Parts:
    """Return the definitions that the expression rests on, in their order."""
    needed, kept = _names(expression), []
    for name, formula in reversed(definitions):
        if name in needed:
            kept.append((name, formula))
            needed |= set(formula.inputs)
    return tuple(reversed(kept))
