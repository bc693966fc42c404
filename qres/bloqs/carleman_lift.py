r"""Block encoding of the history of a Carleman lift: at most $m$ factors on $N$ positions.

**State.** Time ($\tau$ qubits), block index $j - 1$ ($\nu = \lceil\log_2 N\rceil$), and $N$ cells of
$n$ qubits, of which the first $j$ are filled and the others $|0\rangle$.

**Sum.** $I - \text{shift} \otimes M$ with $M$ the sum over which $i \le \mu = \min(m, N)$ of the
positions carry a factor $a \sum_k w_k F_k$, the others the identity. A qubit $h$ chooses between
$I$ (weight 1) and the shift (weight $\alpha_M$); a mask of $N$ qubits the positions, a unary number of
$q$ qubits the $k$ of each of $\mu$ factors. Gates of one use:

1. *Weights*, before and after: $h$, one rotation; mask bit $l$, a rotation for each number of
   factors so far, $D = \sum_l \min(l, \mu) = \mu N - \mu(\mu-1)/2$; each $k$, a rotation and $q - 1$
   controlled ones. $2 (1 + D + \mu (2q - 1))$ rotations. An outer control acts on them alone (two
   each): switched off, $h$ stays 0, and then there is no factor and no shift.
2. *Which factor sits where*: bit $(l, s)$ says that factor $s$ is at $l$, one `And` of the mask and
   of "$s - 1$ so far"; "0 so far" is $h$, so without the shift there is no factor. $D$ gates.
3. *Moves* in $N' = N + \lfloor\mu(q-1)/q\rfloor$ cells: factors with $k = 0$ may come before the
   ones that make room for them. Factor $s$ at position $p_s$ takes $k$ cells from there, to cell
   $N'$, $N'-1$, ...; the rest closes up. Its result is put back at $p_s$ by the sweep that fetches
   the first cell of the next factor: cell $l$ is exchanged with cell $N'$ for
   $l = p_s, ..., p_{s+1} - 1$, or on to $N' - 1$ if that factor has $k = 0$. As $p_s \ge s$: $N' - 1$
   exchanges before the first factor, $N' - s + 1$ before factor $s$, $N' - \mu$ after the last, and
   $N' - s - e + 1$ to fetch the $e$-th cell, $e \ge 2$. Each is $n$ controlled swaps and, but for
   the last sweep, one `And`.
4. *Factors*: for each of the $\mu$, all $F_k$ with $k \le N$ under the control "factor $s$ is there
   and its $k$ is this", $q$ `And` gates. $F_0$ prepares cell $N'$. ($k > N$ cannot fit: flagged.)
5. *Block index*: $+1$ for $k = 0$, $-1$ for each cell beyond the first: $q$ additions of one bit a
   factor, on $w = \lceil\log_2(N + q\mu)\rceil$ qubits, $w - 1$ gates each.
6. *Flags*: nothing leaves the last row and no factor stands in an idle row, two comparisons of the
   time ($\tau$ each) and an `And` each; no block beyond $N$ comes in, a comparison and an `And`
   ($\nu + 1$, none if $N$ is a power of two); no factor sits beyond $j \le N$: "one beyond $l$" for
   each $l$ ($\max(N-2, 0)$), and the bit at $j$ of these ($2^\nu - 1$). The $w - \nu$ high bits of
   the block index are flags by themselves.
7. *Time*: an addition of $h$, $\tau - 1$.

**Ancillas**: $h$; mask $N$; bits of 2, $D$, and $\mu$ that run along the cells; the numbers $k$, $q\mu$,
and the $q$ bits of 4; $w - \nu$; 4 flags; the spare cells; and $\mu$ times the ancillas of the
largest factor. Factors of one position are alternatives and share them, those of two positions do
not: what one leaves behind must not be touched by the next.
"""

from __future__ import annotations

import attrs
from qualtran import Bloq
from qualtran.bloqs.basic_gates import TwoBitCSwap
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.batched_lift import BatchedForcing
from qres.bloqs.circuit import EncodingCircuit, rotations, uncontrolled
from qres.bloqs.factor_encoding import FactorEncoding
from qres.bloqs.history_matrix import TimeShift
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, tally
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.errors import InputError

FLAGS = 4
"""Last row, idle row, block that comes in, factor beyond the block."""


@attrs.frozen
class LiftedMatrix(EncodingCircuit):
    r"""Encodes $I - \sum_t |t\rangle\langle t-1| \otimes M$ from encodings of $F_0, ..., F_q$.

    Args:
        forcing: what prepares $F_0$ in a cell; a tree has a single row.
        factors: encodings of $F_1, ..., F_q$, in this order.
        truncation_order: $N \ge 2$, always a number.
        map_order: $m \ge 1$, always a number.
        time_bitsize: qubits that hold the time, $\tau$.
        alpha: $1 + \alpha_M$, the sum of the weights.
        epsilon: absolute error, in units of the matrix.

    Registers:
        ctrl: the control, if there is one.
        system: time, block index and $N$ cells.
        ancilla: see the module.
        resource: the phase gradient.

    References:
        [Efficient quantum algorithm for dissipative nonlinear differential
        equations](https://arxiv.org/abs/2011.03185). Liu et al. (2021). Section 4.
    """

    forcing: LoadedRotationTree | BatchedForcing = attrs.field(validator=uncontrolled)
    factors: tuple[FactorEncoding, ...] = attrs.field(converter=tuple)
    truncation_order: int = attrs.field(converter=as_integer, validator=at_least(2))
    map_order: int = attrs.field(converter=as_integer, validator=at_least(1))
    time_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

    def __attrs_post_init__(self) -> None:
        if is_symbolic(self.truncation_order, self.map_order):
            found = f"{self.truncation_order} and {self.map_order}"
            raise InputError(f"LiftedMatrix has the orders {found}; they must be numbers")
        orders = [factor.order for factor in self.factors]
        if orders != list(range(1, len(orders) + 1)) or not orders:
            raise InputError(f"LiftedMatrix.factors are of orders {orders}; expected 1, 2, ...")
        if isinstance(self.forcing, LoadedRotationTree) and self.forcing.rows != 1:
            raise InputError(f"LiftedMatrix.forcing has {self.forcing.rows} rows; F_0 is one row")

    @property
    def degree(self) -> int:
        """The largest k, $q$."""
        return len(self.factors)

    @property
    def most(self) -> int:
        r"""Most factors in a step, $\mu$."""
        return min(self.map_order, self.truncation_order)

    @property
    def cell_bitsize(self) -> SymbolicInt:
        """Qubits of a cell, $n$."""
        return self.factors[0].register_bitsize

    @property
    def block_bitsize(self) -> SymbolicInt:
        r"""Qubits of the block index, $\nu$."""
        return ceil_log2(self.truncation_order)

    @property
    def extended_bitsize(self) -> SymbolicInt:
        """Qubits in which no sum of block indices wraps, $w$."""
        return ceil_log2(self.truncation_order + self.degree * self.most)

    @property
    def places(self) -> int:
        """Pairs of a position and a factor that may sit there, $D$."""
        return sum(min(place, self.most) for place in range(1, self.truncation_order + 1))

    @property
    def spare_cells(self) -> int:
        r"""Cells beyond $N$ that a valid product of factors may fill on the way.

        After $t$ factors there are at most $t$ cells more than there were, and each of the
        $\mu - t$ to come takes at most $q - 1$ away.
        """
        return self.most * (self.degree - 1) // self.degree

    @property
    def fitting(self) -> tuple[FactorEncoding, ...]:
        r"""The factors whose column exists, $k \le N$."""
        return tuple(part for part in self.factors if part.order <= self.truncation_order)

    @property
    def system_bitsize(self) -> SymbolicInt:
        """Time, block index and cells."""
        cells = self.truncation_order * self.cell_bitsize
        return self.time_bitsize + self.block_bitsize + cells

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Weights, places, flags, and the ancillas of the factors."""
        numbers = self.degree * (self.most + 1)
        choice = 1 + self.truncation_order + self.places + self.most + numbers
        block = self.extended_bitsize - self.block_bitsize
        inner = largest([part.ancilla_bitsize for part in self.fitting])
        spare = self.spare_cells * self.cell_bitsize
        return choice + block + FLAGS + spare + self.most * inner

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        parts = (self.forcing, *self.factors)
        return largest([part.resource_bitsize for part in parts])

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return largest([part.workspace for part in (self.forcing, *self.fitting)])

    @property
    def exchanges(self) -> tuple[int, int]:
        """Exchanges of cells that have an `And` of their own, and those of the last sweep."""
        cells, gated = self.truncation_order + self.spare_cells, 0
        for s in range(1, self.most + 1):
            gated += cells - 1 if s == 1 else cells - s + 1
            gated += sum(max(0, cells - s - e + 1) for e in range(2, self.degree + 1))
        return gated, cells - self.most

    def _flags(self) -> SymbolicInt:
        """Gates of the flags."""
        order, block = self.truncation_order, self.block_bitsize
        incoming = block + 1 if order < 2**block else 0
        beyond = max(order - 2, 0) + 2**block - 1
        return 2 * (self.time_bitsize + 1) + incoming + beyond

    def _calls(self) -> list[tuple[Bloq, SymbolicInt]]:
        most, degree = self.most, self.degree
        gated, last = self.exchanges
        controls = self.places + most * degree + gated + self._flags()
        parts = (self.forcing, *self.fitting)
        turns = 1 + self.places + most * (2 * degree - 1)
        return [
            *((part.with_controls(1), most) for part in parts),
            (TwoBitCSwap(), (gated + last) * self.cell_bitsize),
            (And(), controls),
            (And().adjoint(), controls),
            (TimeShift(self.extended_bitsize), most * degree),
            (TimeShift(self.time_bitsize), 1),
            *rotations(2 * turns, self.num_controls),
        ]

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Weights, places, moves, factors, block index, flags, time."""
        return tally(self._calls())
