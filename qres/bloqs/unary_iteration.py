r"""Unary iteration: a qubit that says "it is this one", for one listed address after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qualtran.bloqs.basic_gates import CNOT, XGate
from qualtran.bloqs.mcmt import And

from qres.bloqs.steps import Bits, Step

At = Callable[[Any, Bits], Sequence[Step]]


def visit(
    members: Mapping[int, Any], address: Bits, control: Bits | None, at: At, *, depth: int = 0
) -> tuple[Step, ...]:
    r"""Return the steps that do something for the listed address that is there.

    Only bits in which listed addresses differ are tested, so $m$ addresses take $m - 2 + c$ `And`
    gates however far apart they lie; an address that is not listed is taken for one that is.

    Args:
        members: address to what it stands for; at least two, or one with a control.
        address: the register.
        control: acts on everything, if there is one.
        at: what a member stands for, and a qubit that is 1 where it is there, to steps.
        depth: of the recursion; names the ladder.

    References:
        [Encoding Electronic Spectra in Quantum Circuits with Linear T
        Complexity](https://arxiv.org/abs/1805.03662). Babbush et al. (2018). Section III.A.
    """
    if len(members) == 1 and control is not None:
        (stands_for,) = members.values()
        return tuple(at(stands_for, control))
    bit = address[_highest_difference(members)]
    low, high = (
        {key: value for key, value in members.items() if key >> bit.low - address.low & 1 == side}
        for side in (0, 1)
    )
    if control is None:
        flip = Step(XGate(), {"q": bit})
        first = visit(low, address, bit, at, depth=depth)
        return (flip, *first, flip, *visit(high, address, bit, at, depth=depth))
    here = Bits("here", 1, depth)
    one = Step(And(0, 1), {"ctrl": (bit, control), "target": here})
    turn = Step(CNOT(), {"ctrl": control, "target": here})
    done = Step(And().adjoint(), {"ctrl": (bit, control), "target": here})
    first, second = (visit(part, address, here, at, depth=depth + 1) for part in (low, high))
    return (one, *first, turn, *second, done)


def _highest_difference(members: Mapping[int, Any]) -> int:
    """The highest bit that is 0 in some addresses and 1 in others."""
    some, every = 0, -1
    for key in members:
        some, every = some | key, every & key
    return (some & ~every).bit_length() - 1
