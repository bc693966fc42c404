r"""Products of bits and comparisons: ladders of `And` gates, whose adjoints cost nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qualtran.bloqs.basic_gates import XGate
from qualtran.bloqs.mcmt import And

from qres.bloqs.steps import Bits, Step

Literal = tuple[Bits, int]
"""A qubit and the value that it must have."""


def conjoin(literals: Sequence[Literal], name: str) -> tuple[tuple[Step, ...], Literal]:
    r"""Return the steps that find out whether all these qubits have their values, and the answer.

    $q - 1$ `And` gates for $q$ qubits, on fresh qubits.

    Args:
        literals: at least one.
        name: of the register of the fresh qubits.
    """
    steps, found = [], literals[0]
    for place, other in enumerate(literals[1:]):
        (one, value), (two, wanted) = found, other
        target = Bits(name, 1, place)
        steps.append(Step(And(value, wanted), {"ctrl": (one, two), "target": target}))
        found = (target, 1)
    return tuple(steps), found


def flipped(*places: Bits) -> tuple[Step, ...]:
    """Flip these qubits."""
    return tuple(Step(XGate(), {"q": place}) for place in places)


def reaches(register: Bits, bound: Any, carries: Bits) -> tuple[tuple[Step, ...], Bits]:
    r"""Return the steps that find out whether a number is at least a bound, and the answer.

    The uppermost carry of $x + 2^n - K$: $n - 1$ `And` gates, whatever the bound. Where the bound is 0
    that carry is the addend's own.

    Args:
        register: $n \ge 1$ qubits.
        bound: $K$, 0 to $2^n$.
        carries: $n$ fresh qubits; the first is not touched where the bound is odd, for then that
            carry is the lowest bit of the number itself.
    """
    addend = 2**register.width - bound
    steps, carry = [], register[0] if addend & 1 else carries[0]
    for place in range(1, register.width):
        is_either = addend >> place & 1
        wires = {"ctrl": (register[place], carry), "target": carries[place]}
        steps.append(Step(And(0, 0) if is_either else And(), wires))
        steps += flipped(carries[place]) if is_either else ()
        carry = carries[place]
    steps += flipped(carry) if not bound else ()
    return tuple(steps), carry


def wanted_rows(
    index: Bits, sizes: tuple[Any, Any, Any], first_row: Any, *, is_reference: bool = False
) -> tuple[tuple[Step, ...], list[Literal]]:
    r"""Return the steps that tell the wanted rows of an index, and what must hold there.

    From the top of the index: the qubit of a reference, the number of the row, and what must be zero
    in it. $\tau - 1$ `And` gates where there are rows.

    Args:
        index: all of it.
        sizes: qubits of the number $\tau$, of what must be zero, and of the reference.
        first_row: the first of the wanted rows, 0 (every row) to $2^\tau$.
        is_reference: whether the reference is asked for in their place.
    """
    rows, parts, references = sizes
    top = index.width - references
    literals = [(index[top], int(is_reference))] if references else []
    if is_reference:
        return (), literals
    below = index.part(parts, top - rows - parts)
    literals += [(below[i], 0) for i in range(parts)]
    if not rows:
        return (), literals
    row = index.part(rows, top - rows)
    compared, answer = reaches(row, first_row, Bits("carries", rows))
    return compared, [*literals, (answer, 1)]
