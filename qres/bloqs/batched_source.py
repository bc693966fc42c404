r"""Right-hand side of a lift of mini-batches: the powers of the vector of the batch of each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from qualtran import Signature
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt, is_symbolic

from qres.bloqs.batched_step import BatchOfStep
from qres.bloqs.circuit import Circuit, registers, require_numbers, uncontrolled
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, tally
from qres.bloqs.lift_routing import thermometer
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.steps import Bits, Step, Wire, backwards
from qres.errors import InputError


@attrs.frozen
class BatchedLiftedVector(Circuit):
    r"""Prepares $\sum_{t<T} |t\rangle \sum_{j=1}^{\mu} \beta_b^j |j\rangle |g_b\rangle^{\otimes j}$.

    Normalised, $b = b(t)$, $\beta_b = \eta\|F_0^b\|/\gamma$, $g_b$ the direction of $F_0^b$. The times by
    their weights $(\sum_j \beta_{b(t)}^{2j})^{1/2}$; the batch; the block index by a tree with a row for
    each batch; then as in `LiftedVector`: "$j \ge s$" for $s = 2..\mu$, $\max(\mu - 2, 0)$ gates, and the
    vector in the first cell and, under these, in the others. An outer control acts on both trees of
    weights and on the first vector: switched off, the block index stays that of $j = 1$.

    Args:
        times: tree over the steps, a single row.
        weights: tree over the block index, a row for each batch.
        vector: tree over a cell, a row for each batch.
        batch: the number of the batch.
        powers: $\mu$, always a number.
        truncation_order: $N \ge \mu$, always a number: cells and blocks that there are.

    Registers:
        ctrl: the control, if there is one.
        target: $N$ cells of $n$ qubits, the first uppermost.
        block: the block index, $\lceil\log_2 N\rceil$ qubits.
        time: $\lceil\log_2 T\rceil$ qubits.
        phase_gradient: that of the trees.
    """

    times: LoadedRotationTree = attrs.field(validator=uncontrolled)
    weights: LoadedRotationTree = attrs.field(validator=uncontrolled)
    vector: LoadedRotationTree = attrs.field(validator=uncontrolled)
    batch: BatchOfStep
    powers: int = attrs.field(converter=as_integer, validator=at_least(1))
    truncation_order: int = attrs.field(converter=as_integer, validator=at_least(1))

    def __attrs_post_init__(self) -> None:
        if is_symbolic(self.powers, self.truncation_order) or self.powers > self.truncation_order:
            raise InputError(
                f"BatchedLiftedVector.powers is {self.powers}; it must be a number, at most the"
                f" truncation order {self.truncation_order}"
            )
        found = (self.times.rows, self.weights.levels)
        if found != (1, ceil_log2(self.powers)):
            raise InputError(
                f"BatchedLiftedVector has {found[0]} rows of times and {found[1]} levels of weights;"
                f" it must have 1 and {ceil_log2(self.powers)}"
            )

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return largest([self.times.bits, self.weights.bits, self.vector.bits])

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(
            ctrl=self.num_controls,
            target=self.truncation_order * self.vector.levels,
            block=ceil_log2(self.truncation_order),
            time=self.times.levels,
            phase_gradient=self.resource_bitsize,
        )

    @property
    def products(self) -> SymbolicInt:
        """Products of bits of the block index in "j >= s"."""
        return self.powers - 1 - ceil_log2(self.powers)

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive, beside the batch and the bits "j >= s" with their products."""
        held = self.batch.bitsize
        cells = self.vector.workspace + held + self.powers - 1 + self.products
        others = [self.times.workspace, self.weights.workspace + held, self.batch.workspace]
        return largest([*others, cells])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Times, batch, weights, and the vector once for each power."""
        trees = (self.times, self.weights, self.vector)
        return tally(
            [
                *((tree.with_controls(self.num_controls), 1) for tree in trees),
                (self.vector.with_controls(1), self.powers - 1),
                (And(), self.products),
                (And().adjoint(), self.products),
                *self.batch.calls(),
            ]
        )

    def with_vectors(self, vectors: np.ndarray) -> BatchedLiftedVector:
        r"""The same circuit with the data of $\beta_b g_b$, one row for each batch.

        Raises:
            InputError: rows that do not fit.
        """
        sizes = np.linalg.norm(vectors, axis=1)[:, None] ** np.arange(1, self.powers + 1)
        count: Any = self.batch.steps
        steps = np.arange(count) % self.batch.n_batches
        return attrs.evolve(
            self,
            times=self.times.with_vectors(np.linalg.norm(sizes, axis=1)[steps][None, :]),
            weights=self.weights.with_vectors(sizes),
            vector=self.vector.with_vectors(vectors),
        )

    def steps(self) -> Sequence[Step]:
        """Times; batch; the block index; which powers there are, a vector for each; batch again."""
        require_numbers(self, self.batch.steps, self.batch.n_batches)
        time, block = Bits("time", self.times.levels), Bits("block", self.weights.levels)
        load, batch = self.batch.named(time)
        reach, bits = thermometer(block, self.powers, self.powers - 1)
        outer, size = self.num_controls, self.vector.levels
        cells = [
            Bits("target", size, (self.truncation_order - 1 - i) * size) for i in range(self.powers)
        ]
        controls = [(Bits("ctrl", 1), outer), *((bit, 1) for bit in bits.values())]
        return (
            self._tree(self.times, time.part(0), time, outer),
            *load,
            self._tree(self.weights, batch, block, outer),
            *reach,
            *(
                self._tree(self.vector, batch, cell, number, control)
                for cell, (control, number) in zip(cells, controls, strict=True)
            ),
            *backwards(reach),
            *backwards(load),
        )

    def _tree(
        self,
        tree: LoadedRotationTree,
        selection: Wire,
        target: Bits,
        controls: SymbolicInt,
        control: Bits | None = None,
    ) -> Step:
        gradient = Bits("phase_gradient", tree.bits, self.resource_bitsize - tree.bits)
        wires: dict[str, Wire] = {"ctrl": control or Bits("ctrl", 1), "target": target}
        wires |= {"selection": selection, "phase_gradient": gradient}
        return Step(tree.with_controls(controls), wires)
