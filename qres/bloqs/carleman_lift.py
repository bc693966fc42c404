r"""Block encoding of the history of a Carleman lift: at most $m$ factors on $N$ positions.

**State.** Time ($\tau$ qubits), block index $j - 1$ ($\nu = \lceil\log_2 N\rceil$), and $N$ cells of
$n$ qubits, of which the first $j$ are filled and the others $|0\rangle$.

**Sum.** $I - \text{shift} \otimes M$ with $M$ the sum over which $i \le \mu = \min(m, N)$ of the
positions carry a factor $a \sum_k w_k F_k$, the others the identity. A qubit $h$ chooses between
$I$ (weight 1) and the shift (weight $\alpha_M$); a mask of $N$ qubits the positions, $q$ qubits the
$k$ of each of $\mu$ factors. Gates of one use:

1. *Weights*, before and after: $h$, one rotation; mask bit $l$, a rotation for each number of
   factors so far, $D = \sum_l \min(l, \mu) = \mu N - \mu(\mu-1)/2$, with CNOT gates between them that
   turn signs; each $k$, $q$ rotations: bit $e$ is "at least $e$" where the bits below it are 1, and
   nothing looks at it elsewhere. $2 (1 + D + \mu q)$ rotations. An outer control joins $h$, one `And`,
   and stands nowhere else: without it there is no factor and no shift, and weights cancel.
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
6. *Flags*: nothing leaves the last row and no factor stands in an idle row, one `TimeLimit` of
   $\tau$ gates and one flag; no factor sits at a position beyond the block $j$: "$j \ge l$" for all $l$,
   $2^\nu - \nu - 1$ gates, and a flag and a Toffoli gate for each of $N - 1$ positions. The $w - \nu$ high
   bits of the block index are flags by themselves. If $N < 2^\nu$, no block beyond $N$ comes in or
   goes out: a flag and a gate each, $\nu - 1$ gates to compare.
7. *Time*: an addition of $h$, $\tau - 1$; the sign is a Z on $h$.

**Ancillas**: $h$; mask $N$; bits of 2, $D$, and $\mu$ that run along the cells; the numbers $k$, $q\mu$,
and the $q$ bits of 4; $w - \nu$; $N$ flags, or $N + 2$; the spare cells; and $\mu$ times the ancillas
of the largest factor. Factors of one position are alternatives and share them, those of two
positions do not: what one leaves behind must not be touched by the next.

**Rows.** As in `history_matrix`, row $t$ is held as $t - 1$ modulo $2^\tau$, and rows beyond the last
are left alone. Blocks beyond $N$ are left alone too, and no block leads to them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np
from qualtran import Bloq
from qualtran.bloqs.basic_gates import Toffoli, TwoBitCSwap
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.batched_lift import BatchedForcing
from qres.bloqs.batched_step import BatchOfStep
from qres.bloqs.circuit import (
    EncodingCircuit,
    require_alpha,
    require_numbers,
    rotations,
    uncontrolled,
)
from qres.bloqs.factor_encoding import FactorEncoding
from qres.bloqs.history_matrix import TimeLimit, TimeShift, require_room
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, numbers, tally
from qres.bloqs.lift_routing import Routing
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.steps import Bits, Step, Wire, backwards
from qres.errors import InputError


@attrs.frozen
class LiftedMatrix(EncodingCircuit):
    r"""Encodes $I - \sum_t |t\rangle\langle t-1| \otimes M$ from encodings of $F_0, ..., F_q$.

    Args:
        forcing: what prepares $F_0$ in a cell; a tree has a single row.
        factors: encodings of $F_1, ..., F_q$, in this order.
        truncation_order: $N \ge 2$, always a number.
        map_order: $m \ge 1$, always a number.
        time_bitsize: qubits that hold the time, $\tau$.
        n_steps: $T$.
        padding: $p$ idle rows, with $T + p + 1 \le 2^\tau$.
        batch: where the $F_k$ differ from batch to batch, the number of the batch of a step.
        weights: of $F_0, ..., F_q$ with learning rate and rescaling; not needed to count.
        alpha: $1 + \alpha_M$, the sum of the weights.
        epsilon: absolute error, in units of the matrix.

    Registers:
        ctrl: the control, if there is one.
        system: time, block index and $N$ cells, the time uppermost, then block and first cell.
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
    n_steps: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    padding: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    batch: BatchOfStep | None = None
    weights: tuple[float, ...] | None = attrs.field(
        default=None, kw_only=True, repr=False, validator=numbers(least=0)
    )

    def __attrs_post_init__(self) -> None:
        require_room(self, self.time_bitsize, self.n_steps, self.padding)
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
    def is_padded(self) -> int:
        """1 where the block index may name a block beyond N, else 0."""
        return int(self.truncation_order < 2**self.block_bitsize)

    @property
    def inner_ancillas(self) -> SymbolicInt:
        """Ancillas of the largest factor."""
        return largest([part.ancilla_bitsize for part in self.fitting])

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Weights, places, flags, and the ancillas of the factors."""
        numbers = self.degree * (self.most + 1)
        choice = 1 + self.truncation_order + self.places + self.most + numbers
        block = self.extended_bitsize - self.block_bitsize
        flags = self.truncation_order + 2 * self.is_padded
        spare = self.spare_cells * self.cell_bitsize
        return choice + block + flags + spare + self.most * self.inner_ancillas

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        parts = (self.forcing, *self.factors)
        return largest([part.resource_bitsize for part in parts])

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table, beside the batch, or limit or comparison; the outer control with h."""
        parts = [part.workspace for part in (self.forcing, *self.fitting)]
        bounds = 2**self.block_bitsize - self.block_bitsize - 1 + self.truncation_order
        tables = largest([*parts, 2 * self.time_bitsize, bounds])
        if self.batch is not None:
            tables = largest([tables + self.batch.bitsize, self.batch.workspace])
        return tables + self.num_controls

    @property
    def exchanges(self) -> tuple[int, int]:
        """Exchanges of cells that have an `And` of their own, and those of the last sweep."""
        cells, gated = self.truncation_order + self.spare_cells, 0
        for s in range(1, self.most + 1):
            gated += cells - 1 if s == 1 else cells - s + 1
            gated += sum(max(0, cells - s - e + 1) for e in range(2, self.degree + 1))
        return gated, cells - self.most

    def _comparisons(self) -> SymbolicInt:
        """Gates that compare block indices."""
        block = self.block_bitsize
        return 2**block - block - 1 + self.is_padded * (block - 1)

    def _calls(self) -> list[tuple[Bloq, SymbolicInt]]:
        most, degree = self.most, self.degree
        gated, last = self.exchanges
        controls = self.num_controls + self.places + most * degree + gated + self._comparisons()
        parts = (self.forcing, *self.fitting)
        limit = TimeLimit(self.time_bitsize, (self.n_steps + self.padding, self.n_steps))
        return [
            *((part.with_controls(1), most) for part in parts),
            (TwoBitCSwap(), (gated + last) * self.cell_bitsize),
            (And(), controls),
            (And().adjoint(), controls),
            (Toffoli(), self.truncation_order - 1 + 2 * self.is_padded),
            (TimeShift(self.extended_bitsize), most * degree),
            (TimeShift(self.time_bitsize), 1),
            (limit, 1),
            (limit.adjoint(), 1),
            *rotations(2 * (1 + self.places + most * degree), 0),
            *(self.batch.calls() if self.batch is not None else []),
        ]

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Weights, places, moves, factors, block index, flags, time."""
        return tally(self._calls())

    def with_data(
        self, tensors: Sequence[np.ndarray], learning_rate: float, rescaling: float
    ) -> LiftedMatrix:
        r"""The same circuit with the data of $F_0, ..., F_q$, each $r \times r^k$, and its weights.

        Args:
            tensors: of $F_0$ on; $F_0$ is a vector; of batches one array of all of them each.
            learning_rate: $\eta$.
            rescaling: $\gamma$; $F_k$ has the weight $\eta\gamma^{k-1}\alpha_{F_k}$.

        Raises:
            InputError: data that do not fit, or an alpha that is not the sum of the weights.
        """
        alphas = [
            float(np.linalg.norm(tensors[0], axis=-1).max()),
            *(float(part.alpha) for part in self.factors),
        ]
        weights = [learning_rate * rescaling ** (k - 1) * a for k, a in enumerate(alphas)]
        order, a = self.truncation_order, sum(weights)
        alpha = 1 + math.fsum(math.comb(order, i) * a**i for i in range(self.most + 1))
        require_alpha(self, alpha, "what its weights add to")
        return self.with_tensors(tensors, weights)

    def with_tensors(self, tensors: Sequence[np.ndarray], weights: Sequence[float]) -> LiftedMatrix:
        r"""The same circuit with the data of $F_0, ..., F_q$ and these weights.

        Raises:
            InputError: data that do not fit.
        """
        first, *others = tensors
        pairs: Any = zip(self.factors, others, strict=True)
        if self.batch is None:
            factors = [factor.with_tensor(tensor) for factor, tensor in pairs]
        else:
            factors = [factor.with_tensors(stack) for factor, stack in pairs]
        return attrs.evolve(
            self,
            forcing=self.forcing.with_vectors(np.atleast_2d(first)),
            factors=factors,
            weights=tuple(weights),
        )

    def steps(self) -> Sequence[Step]:
        """Weights, time, factor by factor, flags, weights back."""
        require_numbers(self, self.ancilla_bitsize, self.system_bitsize, self.n_steps, self.padding)
        routing = Routing(self)
        return self.routed(routing, routing.weights(self.weights))

    def routed(
        self,
        routing: Routing,
        weights: Sequence[Step],
        read: Callable[[int], Sequence[Step]] = lambda s: (),
        turn: Callable[[int], Sequence[Step]] = lambda s: (),
        settle: Callable[[dict[int, Bits]], list[Step]] = lambda reach: [],
    ) -> Sequence[Step]:
        """The steps of a lift whose cells may have branches.

        Args:
            routing: its registers.
            weights: what prepares the sum.
            read: of factor s, what is done when its cells have been fetched.
            turn: the same when it has left its result.
            settle: see `Routing.arrive`.
        """
        load, batch = (), (Bits("batch", 0),)
        if self.batch is not None:
            load, batch = self.batch.named(routing.time.part(ceil_log2(self.batch.steps)))
        steps = [*weights, *routing.travel(), *load]
        for s in range(1, self.most + 1):
            steps += routing.everywhere(s)
            active = routing.activate(s)
            steps += [*active, *routing.fetch(s), *routing.everywhere(s), *read(s)]
            for kind in range(len(self.fitting) + 1):
                steps += routing.of_kind(s, kind, self.factor_step(routing, s, kind, batch))
            steps += [*turn(s), *routing.count(s), *backwards(active)]
        steps += [
            *backwards(load),
            *routing.put_back(),
            *routing.arrive(settle),
            *routing.everywhere(),
        ]
        return (*steps, *backwards(weights))

    def factor_step(
        self, routing: Routing, s: int, kind: int, batch: tuple[Bits, ...]
    ) -> Callable[[Bits], list[Step]]:
        """What does $F_k$ on the last cells, the ancillas of factor s its own."""
        part = (self.forcing, *self.factors)[kind].with_controls(1)
        size, last, inner = self.cell_bitsize, len(routing.cells), routing.inner[s]
        cells = tuple(routing.cells[last - 1 - e].part(size) for e in range(max(kind, 1)))
        bits = part.resource_bitsize
        gradient = Bits("resource", bits, self.resource_bitsize - bits)
        wires: dict[str, Wire] = {"system": cells, "target": cells, "resource": gradient}
        wires |= {"phase_gradient": gradient, "selection": (), "batch": batch}
        wires |= {
            "ancilla": inner.part(part.ancilla_bitsize) if kind else (),
            "flag": inner.part(1),
        }
        return lambda control: [Step(part, {**wires, "ctrl": control})]
