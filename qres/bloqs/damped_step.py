r"""An encoding damped by the learning rate of its step: one flag turned by a loaded angle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from qualtran import Signature
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import (
    EncodingCircuit,
    registers,
    require_alpha_of,
    require_numbers,
    uncontrolled,
)
from qres.bloqs.integers import as_integer, at_least, ceil_log2, largest, tally
from qres.bloqs.qram import Memory
from qres.bloqs.signed_addition import LoadedRotation
from qres.bloqs.steps import Bits, Step
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.bloqs.words import Words
from qres.errors import InputError

Blocks = tuple[SymbolicInt | Memory, SymbolicInt | Memory]
"""Block exponents of a look-up and of its uncomputation."""


@attrs.frozen
class DampedStep(EncodingCircuit):
    r"""Encodes $\cos\theta_t F$ from an encoding of $F$, with the step $t$ in a register.

    Args:
        step: encoding of $F$, without a control of its own.
        n_steps: T, entries of the table.
        bits: bits of an angle, b.
        blocks: block exponents of the look-up and of its uncomputation.
        angles: a word of b bits for each step; not needed to count.
        alpha: that of the step.

    Registers:
        ctrl: the control, if there is one.
        system: that of the step.
        ancilla: those of the step, and the flag above.
        resource: the phase gradient.
        time: the step, $\lceil\log_2 T\rceil$ qubits.
    """

    step: EncodingCircuit = attrs.field(validator=uncontrolled)
    n_steps: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    bits: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))
    blocks: Blocks
    angles: Words | None = attrs.field(default=None, kw_only=True, repr=False)

    def __attrs_post_init__(self) -> None:
        require_alpha_of(self, self.step, "step")
        self._tables()

    def _tables(self) -> tuple[TableLookup, TableUncompute]:
        """The tables; building them also checks the block exponents."""
        return rate_tables(self.n_steps, self.bits, self.blocks, self.num_controls, self.angles)

    @property
    def signature(self) -> Signature:
        """Registers of the step, and the time."""
        return with_register(super().signature, time=ceil_log2(self.n_steps))

    @property
    def system_bitsize(self) -> SymbolicInt:
        """That of the step."""
        return self.step.system_bitsize

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Those of the step, and the flag."""
        return self.step.ancilla_bitsize + 1

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return largest([self.step.resource_bitsize, self.bits])

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive, or the rate and the carries while it is added."""
        parts = (self.step.with_controls(self.num_controls), *self._tables())
        turn = LoadedRotation(self.bits).word_and_carries
        return largest([turn, *(part.workspace for part in parts)])

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The table, the turn of the flag, the step."""
        step = self.step.with_controls(self.num_controls)
        tables = [(table, 1) for table in self._tables()]
        return tally([(step, 1), *tables, (LoadedRotation(self.bits), 1)])

    def with_rates(self, rates: Sequence[float]) -> DampedStep:
        """The same circuit with the angles of these rates, the largest of which is not damped.

        Raises:
            InputError: not one rate for each step, or rates that are no positive numbers.
        """
        angles = rate_words(rates, self.n_steps, self.bits)
        return attrs.evolve(self, angles=angles)

    def steps(self) -> Sequence[Step]:
        """Load the angle, turn the flag, erase the angle; the step beside it."""
        require_numbers(self, self.n_steps, self.bits, self.num_controls)
        look, unlook = self._tables()
        control, angle = Bits("ctrl", 1), Bits("angle", self.bits)
        time, flag = Bits("time", ceil_log2(self.n_steps)), self.step.ancilla_bitsize
        load = Step(look, {"ctrl": control, "selection": time, "target": angle}, unlook)
        wires = {"target": Bits("ancilla", 1, flag), "angle": angle}
        wires |= {"phase_gradient": upper_gradient(self, self.bits)}
        inner = {"ctrl": control, "system": Bits("system", self.system_bitsize)}
        inner |= {"ancilla": Bits("ancilla", flag)}
        inner |= {"resource": upper_gradient(self, self.step.resource_bitsize)}
        step = Step(self.step.with_controls(self.num_controls), inner)
        return (load, Step(LoadedRotation(self.bits), wires), load.adjoint(), step)


def with_register(signature: Signature, **sizes: Any) -> Signature:
    """Return the signature with one more register or several; empty ones are left out."""
    return Signature([*signature, *registers(**sizes)])


def upper_gradient(circuit: EncodingCircuit, bits: SymbolicInt) -> Bits:
    """The part of a circuit's phase gradient that is one of fewer bits."""
    return Bits("resource", bits, circuit.resource_bitsize - bits)


def rate_tables(
    steps: SymbolicInt, bits: SymbolicInt, blocks: Blocks, controls: Any, data: Words | None
) -> tuple[TableLookup, TableUncompute]:
    """Return the table of the angle of each step and its uncomputation."""
    look, unlook = blocks
    return (
        TableLookup(steps, bits, look, num_controls=controls, data=data),
        TableUncompute(steps, bits, unlook, num_controls=controls, data=data),
    )


def rate_words(
    rates: Sequence[float], n_steps: SymbolicInt, bits: SymbolicInt, share: float = 1.0
) -> Words:
    r"""Return $\arccos(\eta_t/\max\eta)$ of each step, or a share of it, in b bits.

    Raises:
        InputError: not one rate for each step, or rates that are no positive numbers.
    """
    found = np.asarray(rates, float)
    if found.shape != (n_steps,) or not np.all(found > 0) or not np.all(np.isfinite(found)):
        raise InputError(f"rates: expected {n_steps} positive numbers, found {rates}")
    turns = share * np.arccos(found / found.max()) / (2 * np.pi)
    return tuple(int(word) for word in np.rint(turns * 2**bits))
