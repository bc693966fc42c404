r"""A quantum random-access memory as a circuit: the tree that brings a token to a cell.

What a look-up and an uncomputation share is one pass of the tree, down and back up. What happens at
the cells in between (CNOTs that copy a word, a phase) needs no Toffoli gate.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import attrs
import sympy
from qualtran import Signature
from qualtran.bloqs.basic_gates import CNOT, CZ, MeasureX
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import Circuit, registers
from qres.bloqs.integers import (
    as_integer,
    at_least,
    ceil_log2,
    largest,
    require_integer,
    tally,
)


class Memory(Enum):
    """What stands in place of the blocks of a table; the values are codes of the caller."""

    BRIGADE = -1
    FREE = -2


class Ones(sympy.Function):
    """The ones of a whole number in binary."""

    is_integer = True
    is_nonnegative = True

    @classmethod
    def eval(cls, x: Any) -> Any:
        """Answer a number with a number."""
        return sympy.Integer(int(x).bit_count()) if x.is_Integer and x >= 0 else None


def block_or_memory(instance: Any, attribute: Any, value: Any) -> None:
    """Validate a block exponent; a memory may stand in its place."""
    if not isinstance(value, Memory):
        require_integer(f"{type(instance).__name__}.{attribute.name}", value, 0)


def memory_qubits(memory: Memory, entries: SymbolicInt) -> SymbolicInt:
    """Qubits of the memory itself: a router at each branching, a wire at each node but the root."""
    return 3 * (entries - 1) if memory is Memory.BRIGADE else 0


@attrs.frozen
class BucketBrigade(Circuit):
    r"""One pass of a bucket brigade of $M$ cells: address and token down, and back up.

    The tree has $M - 1$ branchings. A move past a router $r$ takes one `And`: right $= r w$,
    left $= w \oplus r w$, and two CNOTs clear $w$. Address bit $l$ moves through the
    $\lceil M/2^{n-l}\rceil - 1$ branchings above its level, together $M - 1 - s_2(M-1)$; the token
    through all $M - 1$. The control is the token; without one the token is 1, and the first
    branching copies its router. Upwards, $w$ = left xor right, and the children are measured in the
    $X$ basis, which leaves a $Z$ and a CZ with the router to be mended: no Toffoli gate.

    Args:
        entries: number of cells $M \ge 1$.

    Registers:
        ctrl: the control, if there is one.
        selection: the address, $\lceil \log_2 M \rceil$ qubits.

    References:
        [Quantum random access memory](https://arxiv.org/abs/0708.1879). Giovannetti, Lloyd,
        Maccone (2008).
        [Resilience of quantum random access memory to generic
        noise](https://arxiv.org/abs/2012.05340). Hann et al. (2021).
    """

    entries: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(ctrl=self.num_controls, selection=ceil_log2(self.entries))

    @property
    def workspace(self) -> SymbolicInt:
        """Routers and wires."""
        return memory_qubits(Memory.BRIGADE, self.entries)

    @property
    def moves(self) -> SymbolicInt:
        """Moves past a router, downwards, that are no copy."""
        cells = self.entries - 1
        address = cells - as_integer(Ones(sympy.sympify(cells)))
        return largest([address + cells - 1 + self.num_controls, 0])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One `And` a move down; measurements and corrections up."""
        if self.entries == 1:
            return {CNOT(): 1}
        return tally(
            [
                (And(), self.moves),
                (CNOT(), 4 * self.moves),
                (MeasureX(), 2 * self.moves),
                (CZ(), self.moves),
            ]
        )

    def adjoint(self) -> BucketBrigade:
        """Down and up again is its own adjoint."""
        return self
