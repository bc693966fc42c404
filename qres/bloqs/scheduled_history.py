r"""History of steps with rates of their own: one flag turned by a loaded angle, and weighted times.

The step that starts from row t is $M_t = I + \eta_t F$ (or its lift), encoded like that of the
largest rate $\eta$ with every factor $F$ damped by $\cos\theta_t = \eta_t/\eta$: a flag, 0 before
and after, is turned by $\theta_t$ and so keeps the amplitude $\cos\theta_t$. The angle is a table of
T entries, addressed by the low bits of the time, added to the phase gradient and erased while the
register still shows t. One factor or several:

- *One* ($\mu = 1$): the table is loaded under the control "the factor is there", and added once,
  $b - 1$ gates. Switched off, it turns by zero. In a history of one matrix this is the encoding of a
  step, `qres.bloqs.damped_step`; in a lift `ScheduledHistory` stands around it.
- *Several*: the table holds $\theta_t/2$ and is loaded without a control; each factor turns a flag of
  its own by $R(\theta/2)\,Z\,R(-\theta/2)\,Z$ with both Z controlled by "this factor is there", $R(\theta)$
  or nothing: two additions. The control is the parity of the bits that say where the factor
  sits, at most one of them set, so each Z is a few CZ.

Rows beyond T have no entry of their own; the history flags their factors away.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from qualtran import DecomposeTypeError, Signature
from qualtran.bloqs.basic_gates import CZ
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.carleman_lift import LiftedMatrix
from qres.bloqs.circuit import (
    Circuit,
    EncodingCircuit,
    registers,
    require_alpha_of,
    require_numbers,
    uncontrolled,
)
from qres.bloqs.damped_step import Blocks, rate_tables, rate_words, upper_gradient
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, tally
from qres.bloqs.lift_routing import Routing, thermometer
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.signed_addition import LoadedRotation
from qres.bloqs.steps import Bits, Step, Wire, backwards
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.bloqs.words import Words
from qres.errors import InputError


@attrs.frozen
class ScheduledHistory(EncodingCircuit):
    r"""Encodes $I - \sum_t |t\rangle\langle t-1| \otimes M_t$ of a lift from that of the largest rate.

    Args:
        history: with the largest rate, without a control of its own.
        n_steps: T, entries of the table.
        factors: $\mu$, the most factors of a step; always a number.
        bits: bits of an angle, b.
        blocks: block exponents of the look-up and of its uncomputation.
        angles: a word of b bits for each step, see the module; not needed to count.

    Registers:
        ctrl: the control, if there is one.
        system: that of the history.
        ancilla: those of the history, and above them a flag for each factor.
        resource: the phase gradient.
    """

    history: EncodingCircuit = attrs.field(validator=uncontrolled)
    n_steps: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    factors: int = attrs.field(converter=as_integer, validator=at_least(1))
    bits: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    blocks: Blocks
    angles: Words | None = attrs.field(default=None, kw_only=True, repr=False)

    def __attrs_post_init__(self) -> None:
        if is_symbolic(self.factors):
            raise InputError(f"ScheduledHistory.factors is {self.factors}; it must be a number")
        require_alpha_of(self, self.history, "history")
        self._tables()

    def _tables(self) -> tuple[TableLookup, TableUncompute]:
        """The tables; building them also checks the block exponents."""
        # an outer control needs none here: without it no factor is there
        controls = 1 if self.factors == 1 else 0
        return rate_tables(self.n_steps, self.bits, self.blocks, controls, self.angles)

    @property
    def system_bitsize(self) -> SymbolicInt:
        """That of the history."""
        return self.history.system_bitsize

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Those of the history, and the flags."""
        return self.history.ancilla_bitsize + self.factors

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return largest([self.history.resource_bitsize, self.bits])

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive, or a rate and its carries, and the control joined with the shift."""
        turn = LoadedRotation(self.bits).word_and_carries
        tables = largest([turn, *(table.workspace for table in self._tables())]) + self.num_controls
        return largest([self.history.with_controls(self.num_controls).workspace, tables])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The table, the turns of the flags, the history."""
        additions = 1 if self.factors == 1 else 2 * self.factors
        return tally(
            [
                (self.history.with_controls(self.num_controls), 1),
                *((table, 1) for table in self._tables()),
                (LoadedRotation(self.bits), additions),
            ]
        )

    def with_rates(self, rates: Sequence[float]) -> ScheduledHistory:
        """The same circuit with the angles of these rates, the largest of which is not damped.

        Raises:
            InputError: not one rate for each step, or rates that are no positive numbers.
        """
        share = 1.0 if self.factors == 1 else 0.5
        return attrs.evolve(self, angles=rate_words(rates, self.n_steps, self.bits, share))

    def steps(self) -> Sequence[Step]:
        """Those of the lift; the flags are turned when its factors are known to be there.

        Raises:
            DecomposeTypeError: the history is no lift, or its phase gradient is the smaller one.
        """
        require_numbers(self, self.n_steps, self.bits)
        if not isinstance(self.history, LiftedMatrix) or self.bits > self.history.resource_bitsize:
            raise DecomposeTypeError("ScheduledHistory: expected a lift with a gradient as large")
        lift = self.history.with_controls(self.num_controls)
        routing = Routing(lift)
        return lift.routed(
            routing,
            routing.weights(lift.weights),
            lambda s: self._damped(routing) if s == 1 else (),
        )

    def _damped(self, routing: Routing) -> list[Step]:
        """Load the angle, turn the flag of each factor that is there, erase the angle."""
        (look, unlook), angle = self._tables(), Bits("rate", self.bits)
        time = routing.time.part(ceil_log2(self.n_steps))
        wires = {"ctrl": routing.run[1], "selection": time, "target": angle}
        load, turn = Step(look, wires, unlook), LoadedRotation(self.bits)
        steps = [load]
        for s in range(1, self.factors + 1):
            flag = Bits("ancilla", 1, self.history.ancilla_bitsize + s - 1)
            wires = {"target": flag, "angle": angle}
            whole = Step(turn, wires | {"phase_gradient": upper_gradient(self, self.bits)})
            there = [
                Step(CZ(), {"q1": bit, "q2": flag})
                for (_, factor), bit in routing.sits.items()
                if factor == s
            ]
            several = (*there, whole.adjoint(), *there, whole)
            steps += several if self.factors > 1 else (whole,)
        return [*steps, load.adjoint()]


@attrs.frozen
class ScheduledVector(Circuit):
    r"""Prepares $\sum_{t<T} |t\rangle \sum_{j=1}^{\mu} \beta_t^j |j\rangle |b\rangle^{\otimes j}$.

    Normalised. Times and block index are one vector of loaded rotations. The rest is as in
    `LiftedVector`: "$j \ge s$" for $s = 2..\mu$, $\mu - 1 - \lceil\log_2\mu\rceil$ gates, and the
    vector in the first cell and, under these, in the others. An outer control acts on the weights
    and on the first vector: switched off, the block index stays that of $j = 1$.

    Args:
        weights: tree over times and block index, a single row.
        vector: tree that prepares $b$, a single row.
        powers: $\mu$, always a number.
        truncation_order: $N \ge \mu$, always a number: cells and blocks that there are.

    Registers:
        ctrl: the control, if there is one.
        target: $N$ cells of $n$ qubits, the first uppermost.
        block: the block index, $\lceil\log_2 N\rceil$ qubits.
        time: $\lceil\log_2 T\rceil$ qubits.
        phase_gradient: that of the trees.
    """

    weights: LoadedRotationTree = attrs.field(validator=uncontrolled)
    vector: LoadedRotationTree = attrs.field(validator=uncontrolled)
    powers: int = attrs.field(default=1, converter=as_integer, validator=at_least(1))
    truncation_order: int = attrs.field(default=1, converter=as_integer, validator=at_least(1))

    def __attrs_post_init__(self) -> None:
        if is_symbolic(self.powers, self.truncation_order) or self.powers > self.truncation_order:
            raise InputError(
                f"ScheduledVector.powers is {self.powers}; it must be a number, at most the"
                f" truncation order {self.truncation_order}"
            )
        rows = (self.weights.rows, self.vector.rows)
        if rows != (1, 1):
            raise InputError(
                f"ScheduledVector has trees of {rows[0]} and {rows[1]} rows; expected 1"
            )

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return largest([self.weights.bits, self.vector.bits])

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(
            ctrl=self.num_controls,
            target=self.truncation_order * self.vector.levels,
            block=ceil_log2(self.truncation_order),
            time=self.weights.levels - ceil_log2(self.powers),
            phase_gradient=self.resource_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive and the bits "j >= s" with their products."""
        bits = self.powers - 1 + self.products
        return largest([self.weights.workspace, self.vector.workspace]) + bits

    @property
    def products(self) -> SymbolicInt:
        """Products of bits of the block index in "j >= s"."""
        return self.powers - 1 - ceil_log2(self.powers)

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Weights, and the vector once for each power."""
        c, gates = self.num_controls, self.products
        return tally(
            [
                (self.weights.with_controls(c), 1),
                (self.vector.with_controls(c), 1),
                (self.vector.with_controls(1), self.powers - 1),
                (And(), gates),
                (And().adjoint(), gates),
            ]
        )

    def steps(self) -> Sequence[Step]:
        """The weights; which powers there are; the vector for each of them."""
        require_numbers(self, self.num_controls, self.weights.bits, self.vector.bits)
        block = Bits("block", ceil_log2(self.powers))
        time, size = Bits("time", self.weights.levels - block.width), self.vector.levels
        reach, bits = thermometer(block, self.powers, self.powers - 1)
        steps = [
            self._tree(self.weights, (time, block), Bits("ctrl", 1), self.num_controls),
            *reach,
        ]
        controls = [(Bits("ctrl", 1), self.num_controls), *((bit, 1) for bit in bits.values())]
        for place, (control, count) in enumerate(controls):
            cell = Bits("target", size, (self.truncation_order - 1 - place) * size)
            steps.append(self._tree(self.vector, cell, control, count))
        return (*steps, *backwards(reach))

    def _tree(
        self, tree: LoadedRotationTree, target: Wire, control: Bits, controls: SymbolicInt
    ) -> Step:
        gradient = Bits("phase_gradient", tree.bits, self.resource_bitsize - tree.bits)
        wires: dict[str, Wire] = {"ctrl": control, "target": target, "selection": ()}
        return Step(tree.with_controls(controls), wires | {"phase_gradient": gradient})
