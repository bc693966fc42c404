r"""Right-hand side of a lifted history: the powers of one vector at every step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import numpy as np
from qualtran import Signature
from qualtran.bloqs.basic_gates import CNOT
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.circuit import Circuit, registers, require_numbers, rotations, uncontrolled
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, numbers, tally
from qres.bloqs.lift_routing import thermometer
from qres.bloqs.right_hand_side import UniformSuperposition
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.steps import Bits, Step, Wire, backwards
from qres.bloqs.turn import Turn
from qres.errors import InputError


@attrs.frozen
class LiftedVector(Circuit):
    r"""Prepares $\sum_{t<T} |t\rangle \sum_{j=1}^{\mu} \beta^j |j\rangle |b\rangle^{\otimes j}$, normalised.

    Beside the superposition of $T$ times: the weights on the $\lceil\log_2\mu\rceil$ qubits of the
    block index, one rotation a node of their tree, $2^{\lceil\log_2\mu\rceil} - 1$; "$j \ge s$" for
    $s = 2..\mu$, $\mu - 1 - \lceil\log_2\mu\rceil$ gates; the vector in the first cell, and in cell $s$
    under the control "$j \ge s$". An outer control acts on the first vector and on the rotations (two
    each): switched off, the block index stays that of $j = 1$.

    Args:
        vector: tree that prepares $b$, a single row, without a control of its own.
        n_steps: $T$.
        powers: $\mu$, always a number.
        truncation_order: $N \ge \mu$, always a number: cells and blocks that there are.
        beta: $\beta$; not needed to count.

    Registers:
        ctrl: the control, if there is one.
        target: $N$ cells of $n$ qubits, the first uppermost.
        block: the block index, $\lceil\log_2 N\rceil$ qubits.
        time: $\lceil\log_2 T\rceil$ qubits.
        phase_gradient: that of the tree.
    """

    vector: LoadedRotationTree = attrs.field(validator=uncontrolled)
    n_steps: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    powers: int = attrs.field(converter=as_integer, validator=at_least(1))
    truncation_order: int = attrs.field(converter=as_integer, validator=at_least(1))
    beta: float | None = attrs.field(default=None, kw_only=True, repr=False, validator=numbers())

    def __attrs_post_init__(self) -> None:
        if is_symbolic(self.powers, self.truncation_order) or self.powers > self.truncation_order:
            raise InputError(
                f"LiftedVector.powers is {self.powers}; it must be a number, at most the truncation"
                f" order {self.truncation_order}"
            )
        if self.vector.rows != 1:
            raise InputError(
                f"LiftedVector.vector has {self.vector.rows} rows; a right-hand side is one row"
            )

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.vector.resource_bitsize

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(
            ctrl=self.num_controls,
            target=self.truncation_order * self.vector.levels,
            block=ceil_log2(self.truncation_order),
            time=ceil_log2(self.n_steps),
            phase_gradient=self.resource_bitsize,
        )

    @property
    def products(self) -> SymbolicInt:
        """Products of bits of the block index in "j >= s"."""
        return self.powers - 1 - ceil_log2(self.powers)

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive and the bits "j >= s" with their products, or the times."""
        cells = self.vector.workspace + self.powers - 1 + self.products
        return largest([cells, UniformSuperposition(self.n_steps).workspace])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Times, weights, and the vector once for each power."""
        c, more = self.num_controls, self.powers - 1
        weights = 2 ** ceil_log2(self.powers) - 1
        return tally(
            [
                (UniformSuperposition(self.n_steps, num_controls=c), 1),
                (self.vector.with_controls(c), 1),
                (self.vector.with_controls(1), more),
                (And(), self.products),
                (And().adjoint(), self.products),
                *rotations(weights, c),
            ]
        )

    def with_vector(self, vector: np.ndarray) -> LiftedVector:
        r"""The same circuit with the data of $\beta b$.

        Args:
            vector: real, not zero, as long as there are weights.
        """
        beta = float(np.linalg.norm(vector))
        return attrs.evolve(self, vector=self.vector.with_vectors(vector[None, :]), beta=beta)

    def steps(self) -> Sequence[Step]:
        """Times, weights, which powers there are, a vector for each."""
        return self.branched()

    def branched(
        self,
        branches: int = 0,
        branch: Callable[[Bits, Bits, SymbolicInt], list[Step]] = lambda place, on, controls: [],
    ) -> Sequence[Step]:
        """The steps where a cell has more than its vector.

        Args:
            branches: qubits of a cell above its vector.
            branch: (those qubits, control, number of controls) to what is done with them.
        """
        require_numbers(self, self.n_steps, self.vector.levels)
        time, block = Bits("time", ceil_log2(self.n_steps)), Bits("block", ceil_log2(self.powers))
        times = UniformSuperposition(self.n_steps, num_controls=self.num_controls)
        reach, bits = thermometer(block, self.powers, self.powers - 1)
        steps = [Step(times, {"ctrl": Bits("ctrl", 1), "target": time}), *self._weights(block)]
        steps += reach
        size, width = self.vector.levels, self.vector.levels + branches
        controls = [(Bits("ctrl", 1), self.num_controls), *((bit, 1) for bit in bits.values())]
        for place, (control, count) in enumerate(controls):
            cell = Bits("target", width, (self.truncation_order - 1 - place) * width)
            steps.append(self._vector(cell.part(size), control, count))
            steps += branch(cell.part(branches, size), control, count)
        return (*steps, *backwards(reach))

    def _vector(self, cell: Bits, control: Bits, controls: SymbolicInt) -> Step:
        wires: dict[str, Wire] = {"ctrl": control, "target": cell, "selection": cell.part(0)}
        wires["phase_gradient"] = Bits("phase_gradient", self.resource_bitsize)
        return Step(self.vector.with_controls(controls), wires)

    def _weights(self, block: Bits) -> list[Step]:
        """Prepare the block index, bit by bit from the top."""
        beta, steps = self.beta or 0.0, []
        sizes = np.zeros(2**block.width)
        sizes[: self.powers] = beta ** np.arange(1, self.powers + 1)
        for level in range(block.width):
            halves = np.linalg.norm(sizes.reshape(2**level, 2, -1), axis=2)
            angles = 2 * np.arctan2(halves[:, 1], halves[:, 0])
            low = block.width - 1 - level
            steps += multiplexed(angles, block.part(level, low + 1), block[low], self.num_controls)
        return steps


def multiplexed(
    angles: np.ndarray, select: Bits, target: Bits, controls: SymbolicInt
) -> list[Step]:
    """Rotate by an angle for each value of some qubits: as many rotations as there are values.

    Args:
        angles: one for each value.
        select: the qubits that hold it.
        target: what is rotated.
        controls: 1 if register `ctrl` switches it off.
    """
    places = np.arange(len(angles))
    gray = places ^ places >> 1
    signs = [[(-1) ** int(value & word).bit_count() for value in places] for word in gray]
    parts, steps = np.asarray(signs) @ angles / len(angles), []
    for place, part in enumerate(parts.tolist()):
        turn = Turn(part).with_controls(controls)
        steps.append(Step(turn, {"ctrl": Bits("ctrl", 1), "target": target}))
        flips = int(gray[place] ^ gray[(place + 1) % len(gray)])
        if flips:
            bit = select[flips.bit_length() - 1]
            steps.append(Step(CNOT(), {"ctrl": bit, "target": target}))
    return steps
