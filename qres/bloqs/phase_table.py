r"""Signs from a table: $|i\rangle \to (-1)^{f_i} |i\rangle$."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from qualtran import Signature
from qualtran.bloqs.basic_gates import CNOT, Hadamard, Toffoli, XGate
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import Circuit, registers, require_numbers
from qres.bloqs.integers import as_integer, at_least, block_count, ceil_log2, largest, tally
from qres.bloqs.steps import Bits, Step, backwards
from qres.bloqs.words import Words, filled, lookup


@attrs.frozen
class PhaseTable(Circuit):
    r"""Gives entry $i$ of a table the sign $(-1)^{f_i}$; it mends what measuring a look-up leaves.

    The lower $k$ bits of the address become a one-hot register of $K = 2^k$ qubits ($K - 2$ gates),
    which a look-up of $K$-bit words over $\lceil M/K \rceil$ blocks changes in the $X$ basis
    ($\lceil M/K \rceil - 2 + c$ gates): the bit under the hot qubit is the sign.

    A block of one entry is run as one of two, and a single block as two of half its size: never more
    gates than the count, fewer from 4 entries on.

    Args:
        entries: number of entries $M \ge 2$.
        log_block: block exponent $k$, with $2^k \le M$.
        data: the bits $f_i$, not needed to count; after them, if they matter, those of the addresses
            that pad the last block.

    Registers:
        ctrl: the control, if there is one.
        selection: the address, $\lceil \log_2 M \rceil$ qubits.

    References:
        [Qubitization of Arbitrary Basis Quantum Chemistry Leveraging Sparsity and Low Rank
        Factorization](https://arxiv.org/abs/1902.02134). Berry et al. (2019). Appendix C.
    """

    entries: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    log_block: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    data: Words | None = attrs.field(default=None, kw_only=True, repr=False, validator=filled)

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(ctrl=self.num_controls, selection=ceil_log2(self.entries))

    @property
    def workspace(self) -> SymbolicInt:
        """The one-hot register and the ladder of the unary iteration."""
        return 2**self.log_block + ceil_log2(block_count(self.entries, self.log_block))

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Gates of the one-hot register and of the look-up."""
        blocks = block_count(self.entries, self.log_block)
        gates = largest([blocks + 2**self.log_block - 4 + self.num_controls, 0])
        return tally([(Toffoli(), gates if is_symbolic(self.entries) or self.entries > 1 else 0)])

    def steps(self) -> Sequence[Step]:
        """One-hot register up, look-up between Hadamards, register down."""
        require_numbers(self, self.entries, self.log_block, self.num_controls)
        size = ceil_log2(self.entries)
        k = min(max(self.log_block, 1), max(size - 1, 1))
        address, hot = Bits("selection", size), Bits("hot", 2**k)
        raised = _one_hot(address.part(k), hot)
        basis = [Step(Hadamard(), {"q": hot[i]}) for i in range(hot.width)]
        entries: Any = self.entries
        signs = self.data or (0,) * entries
        places = [hot[i] for i in range(hot.width)]
        load = lookup(signs, entries, address, places, self.num_controls)
        return (*raised, *basis, *load, *basis, *backwards(raised))

    def adjoint(self) -> PhaseTable:
        """Signs are their own adjoint."""
        return self


def _one_hot(address: Bits, hot: Bits) -> tuple[Step, ...]:
    r"""Raise the qubit that the address names, from $|0\ldots 0\rangle$, by $2^k - 2$ `And` gates.

    Bit by bit from the top: each raised qubit stays where it is if the next bit is 0, and else moves
    to the place of that bit.
    """
    top = address.width - 1
    first = [Step(CNOT(), {"ctrl": address[top], "target": hot[place]}) for place in (0, 2**top)]
    steps = [*first, Step(XGate(), {"q": hot[0]})]
    for level in reversed(range(top)):
        for place in range(0, hot.width, 2 ** (level + 1)):
            stays, moves = hot[place], hot[place + 2**level]
            steps.append(Step(And(), {"ctrl": (stays, address[level]), "target": moves}))
            steps.append(Step(CNOT(), {"ctrl": moves, "target": stays}))
    return tuple(steps)
