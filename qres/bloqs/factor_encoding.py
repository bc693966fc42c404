r"""Block encodings of a rectangular matrix $F$, $r \times r^k$, on $k$ registers of $n$ qubits.

The $k$ registers name the column, the first the upper digit; afterwards the first names the row and
the others are empty. What is left in them is flagged: an `And` ladder over $(k-1) n$ qubits and the
control sets a flag that stays. As a square matrix the circuit encodes $F \otimes |0\ldots 0\rangle$.

A factor may stand beside others in a sum, so a switched-off one must be the identity. Loads then
add zero, diffusions that come twice on the same qubits cancel; an exchange of names, free in a
circuit that always runs, becomes controlled swaps, and a diffusion that comes once is controlled.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from qualtran import Bloq
from qualtran.bloqs.basic_gates import CNOT, Hadamard, TwoBitCSwap, XGate
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import EncodingCircuit, require_alpha, uncontrolled
from qres.bloqs.controlled_hadamard import ControlledHadamard
from qres.bloqs.integers import as_integer, at_least, largest, tally
from qres.bloqs.reflection import ZeroFlag
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.signed_addition import LoadedRotation
from qres.bloqs.steps import Bits, Step, Wire, exchange
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.bloqs.words import Words
from qres.errors import InputError

Calls = list[tuple[Bloq, SymbolicInt]]


@attrs.frozen
class FactorEncoding(EncodingCircuit):
    r"""What the encodings of an $r \times r^k$ matrix share: registers, and the flag of emptiness.

    Args:
        order: $k \ge 1$, always a number.

    Registers:
        ctrl: the control, if there is one.
        system: $k n$ qubits, the first register uppermost.
        ancilla: those of the encoding, and above them for $k > 1$ the flag.
        resource: the phase gradient.
    """

    order: int = attrs.field(kw_only=True, converter=as_integer, validator=at_least(1))

    @property
    @abc.abstractmethod
    def register_bitsize(self) -> SymbolicInt:
        """Qubits of one register, $n$."""

    @property
    @abc.abstractmethod
    def own_ancillas(self) -> SymbolicInt:
        """Ancillas beside the flag of emptiness."""

    @property
    def system_bitsize(self) -> SymbolicInt:
        """All registers of a column."""
        return self.order * self.register_bitsize

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Those of the encoding and the flag of emptiness."""
        return self.own_ancillas + (1 if self.order > 1 else 0)

    @property
    def first(self) -> Bits:
        """The first register."""
        n = self.register_bitsize
        return Bits("system", n, (self.order - 1) * n)

    @property
    def others(self) -> Bits:
        """The registers beyond the first."""
        return Bits("system", (self.order - 1) * self.register_bitsize)

    def emptiness(self) -> Calls:
        """What flags a register beyond the first that is not empty."""
        return [(self._leftovers(), 1)] if self.others.width != 0 else []

    def _leftovers(self) -> ZeroFlag:
        return ZeroFlag(self.others.width, num_controls=self.num_controls)

    def flag_leftovers(self) -> tuple[Step, ...]:
        """Flag a register beyond the first that is not empty: "on", but not "on and empty"."""
        if not self.others.width:
            return ()
        flag, ctrl = Bits("ancilla", 1, self.own_ancillas), Bits("ctrl", 1)
        wires = {"ctrl": ctrl, "target": self.others, "flag": flag}
        on = Step(CNOT(), {"ctrl": ctrl, "target": flag})
        return (
            on if self.num_controls else Step(XGate(), {"q": flag}),
            Step(self._leftovers(), wires),
        )

    def swaps(self) -> Calls:
        """The exchange of the row's register with the first; a change of names if it always runs."""
        return [(TwoBitCSwap(), self.register_bitsize)] if self.num_controls else []

    def exchange_row(self) -> tuple[Step, ...]:
        """Exchange the register of the row, the lowest ancillas, with the first."""
        row = Bits("ancilla", self.register_bitsize)
        return exchange(self.first, row, Bits("ctrl", 1) if self.num_controls else None)

    def diffusions(self, paired: SymbolicInt, single: SymbolicInt) -> Calls:
        """Hadamard gates, on qubits that have two of them and on those that have one."""
        if self.num_controls:
            return [(Hadamard(), 2 * paired), (ControlledHadamard(), single)]
        return [(Hadamard(), 2 * paired + single)]

    def diffuse(self, places: Sequence[Bits], *, is_single: bool) -> tuple[Step, ...]:
        """Hadamard gates; those that have no partner carry the control."""
        if is_single and self.num_controls:
            ctrl, gate = Bits("ctrl", 1), ControlledHadamard()
            return tuple(Step(gate, {"ctrl": ctrl, "target": place}) for place in places)
        return tuple(Step(Hadamard(), {"q": place}) for place in places)

    def turn_by(
        self,
        tables: Sequence[TableLookup | TableUncompute],
        selection: Wire,
        target: Bits,
        bits: SymbolicInt,
    ) -> tuple[Step, ...]:
        """Rotate a qubit by an angle from a table: load, add, unload."""
        angle, ctrl = Bits("angle", bits), Bits("ctrl", 1)
        place = {"selection": selection, "target": angle, "ctrl": ctrl}
        load = Step(tables[0], place, tables[1])
        gradient = Bits("resource", bits, self.resource_bitsize - bits)
        wires = {"target": target, "angle": angle, "phase_gradient": gradient}
        return (load, Step(LoadedRotation(bits), wires), load.adjoint())

    def take_tensor(self, tensor: np.ndarray, rows: Any) -> np.ndarray:
        r"""Return the matrix with $2^n$ places for each digit of a column.

        Raises:
            InputError: a matrix that is not $r \times r^k$, is zero, or has entries that are no
                numbers.
        """
        if tensor.shape != (rows, rows**self.order):
            raise InputError(
                f"tensor: expected {rows} x {rows**self.order}, found {' x '.join(map(str, tensor.shape))}"
            )
        if not np.all(np.isfinite(tensor)) or not np.any(tensor):
            raise InputError("tensor: expected finite entries, not all zero")
        digit: Any = 2**self.register_bitsize
        shape = (rows, *(digit,) * self.order)
        padded = np.zeros(shape)
        padded[(slice(None), *(slice(rows),) * self.order)] = tensor.reshape((rows,) * len(shape))
        return padded.reshape(rows, -1)

    def with_tensor(self, tensor: np.ndarray) -> Any:
        r"""Return the same circuit with the data of this matrix, $r \times r^k$.

        Raises:
            InputError: a matrix that does not fit.
        """
        raise NotImplementedError(f"{type(self).__name__} takes no data")


def beyond(rows: SymbolicInt, index_bitsize: SymbolicInt) -> SymbolicInt:
    """Return 1 where a register names rows beyond the matrix, else 0."""
    return 1 - largest([1 - (2**index_bitsize - rows), 0])


@attrs.frozen
class FactorTrees(FactorEncoding):
    r"""Encodes $F$ by the states of its rows and the norms of its rows, $\alpha = \|F\|_F$.

    $\langle i| U_1^\dagger U_2 |j\rangle = (F_{ij}/\|F_i\|) (\|F_i\|/\|F\|_F)$: the norms are
    prepared in an ancilla register, the row is unprepared from the $k$ registers, and the ancilla
    takes the place of the first.

    Args:
        row_tree: one row of angles for each row of the matrix, $k n$ levels.
        norm_tree: a single row, $n$ levels.

    References:
        [Quantum recommendation systems](https://arxiv.org/abs/1603.08675). Kerenidis, Prakash
        (2016). Section 5.
    """

    row_tree: LoadedRotationTree = attrs.field(validator=uncontrolled)
    norm_tree: LoadedRotationTree = attrs.field(validator=uncontrolled)

    def __attrs_post_init__(self) -> None:
        levels = (self.order * self.norm_tree.levels, 1)
        if (self.row_tree.levels, self.norm_tree.rows) != levels:
            raise InputError(
                f"FactorTrees.row_tree has {self.row_tree.levels} levels and norm_tree "
                f"{self.norm_tree.rows} rows; they must have {levels[0]} and 1"
            )

    @property
    def register_bitsize(self) -> SymbolicInt:
        """Qubits of one register."""
        return self.norm_tree.levels

    @property
    def own_ancillas(self) -> SymbolicInt:
        """The register of the row."""
        return self.norm_tree.levels

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return largest([self.row_tree.bits, self.norm_tree.bits])

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive in either tree."""
        return largest([self.row_tree.workspace, self.norm_tree.workspace])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One tree and the adjoint of the other."""
        trees = [tree.with_controls(self.num_controls) for tree in (self.row_tree, self.norm_tree)]
        return tally([*((tree, 1) for tree in trees), *self.swaps(), *self.emptiness()])

    def _address(self) -> tuple[Bits, ...]:
        """Slices that name the matrix, where there are several."""
        return ()

    def with_tensor(self, tensor: np.ndarray) -> FactorTrees:
        r"""The same circuit with the angles of this matrix, $r \times r^k$.

        Raises:
            InputError: a matrix that does not fit, is zero, has entries that are no numbers, or
                another norm than `alpha`.
        """
        padded = self.take_tensor(tensor, self.row_tree.rows)
        require_alpha(self, float(np.linalg.norm(padded)), "the Frobenius norm of the tensor")
        norms = np.linalg.norm(padded, axis=1)[None, :]
        rows, norm = self.row_tree.with_vectors(padded), self.norm_tree.with_vectors(norms)
        return attrs.evolve(self, row_tree=rows, norm_tree=norm)

    def steps(self) -> Sequence[Step]:
        """Norms beside the column; the row away from the registers; the exchange; the flag."""
        row, system = Bits("ancilla", self.register_bitsize), Bits("system", self.system_bitsize)
        trees = [tree.with_controls(self.num_controls) for tree in (self.row_tree, self.norm_tree)]

        def wires(tree: LoadedRotationTree, selection: Wire, target: Bits) -> dict[str, Wire]:
            gradient = Bits("resource", tree.bits, self.resource_bitsize - tree.bits)
            named = {"selection": selection, "target": target, "ctrl": Bits("ctrl", 1)}
            return named | {"phase_gradient": gradient}

        load = Step(trees[1], wires(trees[1], self._address(), row))
        unload = Step(trees[0], wires(trees[0], (*self._address(), row), system)).adjoint()
        return (load, unload, *self.exchange_row(), *self.flag_leftovers())


def value_tables(
    entries: SymbolicInt,
    bitsize: SymbolicInt,
    blocks: tuple[SymbolicInt, SymbolicInt],
    num_controls: SymbolicInt,
    data: Words | None = None,
) -> list[TableLookup | TableUncompute]:
    """A look-up and the uncomputation of a table of as many entries."""
    c = num_controls
    return [
        TableLookup(entries, bitsize, blocks[0], num_controls=c, data=data),
        TableUncompute(entries, bitsize, blocks[1], num_controls=c, data=data),
    ]
