r"""Amplitude amplification of a solver run, by phases that fit its probability or a bound of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from qualtran import Signature
from qualtran.bloqs.basic_gates import XGate
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import Circuit, registers, require_numbers, uncontrolled
from qres.bloqs.conjunction import conjoin, wanted_rows
from qres.bloqs.integers import as_integer, at_least, numbers, tally
from qres.bloqs.linear_solver import LinearSolver
from qres.bloqs.reflection import PhasedReflection, require_angle
from qres.bloqs.steps import Bits, Step, backwards
from qres.bloqs.turn import Turn


@attrs.frozen
class WantedReflection(Circuit):
    r"""Gives $e^{i\phi}$ to a run that succeeded, in the rows that are wanted.

    Zeros in the flags and in a part of the row, and a row number of $w$ bits from some row on: $w - 1$
    gates compare, and one more joins the answer, as many as if the $w$ bits were to be zero.

    Args:
        flag_bitsize: qubits that must be zero, at least 1.
        row_bitsize: $w$; 0 if any row will do.
        first_row: first of the wanted rows, 0 (every row) to $2^w$; not needed to count.
        angle: $\phi$ in radians; not needed to count.
        part_bitsize: qubits below the row number that must be zero: block index and branch of a lift.

    Registers:
        ctrl: the control, if there is one.
        flags: the zeros.
        row: $w$ qubits, and below them those of the part.
    """

    flag_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    row_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    first_row: SymbolicInt = attrs.field(default=0, converter=as_integer, validator=at_least(0))
    angle: float | None = attrs.field(default=None, validator=numbers())
    part_bitsize: SymbolicInt = attrs.field(
        default=0, kw_only=True, converter=as_integer, validator=at_least(0)
    )

    @property
    def signature(self) -> Signature:
        """Registers."""
        rows = self.row_bitsize + self.part_bitsize
        return registers(ctrl=self.num_controls, flags=self.flag_bitsize, row=rows)

    @property
    def _counted(self) -> PhasedReflection:
        size = self.flag_bitsize + self.row_bitsize + self.part_bitsize
        return PhasedReflection(size, num_controls=self.num_controls)

    @property
    def workspace(self) -> SymbolicInt:
        """The ladder, which uses the qubits of look-ups that are not alive then."""
        return self._counted.workspace

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """As many gates as a phase about zero on all of these qubits."""
        return {self._counted: 1}

    def steps(self) -> Sequence[Step]:
        """Compare, join, turn, undo."""
        require_numbers(self, self.flag_bitsize, self.row_bitsize, self.part_bitsize)
        sizes = (self.row_bitsize, self.part_bitsize, 0)
        flags, row = Bits("flags", self.flag_bitsize), Bits("row", sizes[0] + sizes[1])
        found, wanted = wanted_rows(row, sizes, self.first_row)
        literals = [(Bits("ctrl", 1), 1)] * int(self.num_controls)
        literals += [(flags[i], 0) for i in range(flags.width)] + wanted
        flips = [Step(XGate(), {"q": bit}) for bit, value in literals if not value]
        joined, (end, _) = conjoin([(bit, 1) for bit, _ in literals], "ladder")
        turn = Step(Turn(require_angle(self, self.angle), "z"), {"target": end})
        return (*found, *flips, *joined, turn, *backwards((*found, *flips, *joined)))


@attrs.frozen
class AmplifiedState(Circuit):
    r"""$k$ rounds of amplitude amplification: $2k + 1$ runs (or adjoints), $2k$ reflections by phases.

    One circuit with two sets of phases (`qres.bloqs.chebyshev_filter`): those that bring a known
    probability to one, and those of the fixed-point sequence for all from a lower bound on. A
    control acts on the first run and on the reflections; without them the others cancel in pairs.

    Args:
        run: the run whose flagged part is amplified, without a control of its own.
        rounds: number of rounds $k$; 0 is the run itself.
        row_bitsize: uppermost qubits of the index that number the rows; 0 if every row is wanted.
        first_row: first of the wanted rows; not needed to count.
        part_bitsize: qubits below them that are zero in what is wanted.
        phases: $2k$ of them; not needed to count.

    Registers:
        ctrl: the control, if there is one; the others are those of the run.

    References:
        [Quantum Amplitude Amplification and Estimation](https://arxiv.org/abs/quant-ph/0005055).
        Brassard et al. (2000). Section 2.
        [Fixed-point quantum search with an optimal number of
        queries](https://arxiv.org/abs/1409.3305). Yoder, Low, Chuang (2014).
    """

    run: LinearSolver = attrs.field(validator=uncontrolled)
    rounds: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))
    row_bitsize: SymbolicInt = attrs.field(
        default=0, kw_only=True, converter=as_integer, validator=at_least(0)
    )
    first_row: SymbolicInt = attrs.field(
        default=0, kw_only=True, converter=as_integer, validator=at_least(0)
    )
    part_bitsize: SymbolicInt = attrs.field(
        default=0, kw_only=True, converter=as_integer, validator=at_least(0)
    )
    phases: tuple[float, ...] | None = attrs.field(
        default=None, kw_only=True, repr=False, validator=numbers()
    )

    @property
    def signature(self) -> Signature:
        """Registers of the run."""
        return self.run.with_controls(self.num_controls).signature

    @property
    def workspace(self) -> SymbolicInt:
        """That of a run; the ladders of its phases are not longer."""
        return self.run.with_controls(self.num_controls).workspace

    def _start(self, angle: float | None = None) -> PhasedReflection:
        size = self.run.reflection.bitsize
        return PhasedReflection(size, angle, num_controls=self.num_controls)

    def _wanted(self, angle: float | None = None) -> WantedReflection:
        return WantedReflection(
            self.run.flag_bitsize,
            self.row_bitsize,
            self.first_row,
            angle,
            part_bitsize=self.part_bitsize,
            num_controls=self.num_controls,
        )

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Runs, and two reflections a round."""
        first = self.run.with_controls(self.num_controls)
        reflections = [(self._start(), self.rounds), (self._wanted(), self.rounds)]
        return tally([(first, 1), (self.run, 2 * self.rounds), *reflections])

    def steps(self) -> Sequence[Step]:
        """A run, and in each round: turn what is wanted, run back, turn the start, run."""
        require_numbers(self, self.rounds, self.row_bitsize, self.part_bitsize)
        phases = require_angle(self, self.phases)
        first = self.run.with_controls(self.num_controls)
        control, index = Bits("ctrl", 1), Bits("index", self.run.index_bitsize)
        held = {reg.name: Bits(reg.name, reg.bitsize) for reg in first.signature}
        flags = (Bits("ancilla", self.run.ancilla_bitsize), Bits("solver", self.run.own_bitsize))
        rows: Any = self.row_bitsize + self.part_bitsize
        row = index.part(rows, index.width - rows)
        again, steps = Step(self.run, held), [Step(first, held)]
        for wanted, start in zip(phases[::2], phases[1::2], strict=True):
            wires = {"ctrl": control, "flags": flags, "row": row}
            about = {"ctrl": control, "target": (*flags, index)}
            steps += [Step(self._wanted(wanted), wires), again.adjoint()]
            steps += [Step(self._start(start), about), again]
        return tuple(steps)
