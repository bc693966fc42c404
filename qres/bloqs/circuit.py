r"""What all bloqs here share: an own qubit count, a control, an adjoint of the same cost.

Qualtran's defaults are wrong or slow for them: its `QubitCount` decomposes, or falls back to the
largest callee (an under-count), its `Adjoint` turns a look-up into another table, and its
`Controlled` raises on an `And`.

**Qubits.** A bloq holds its registers throughout; beyond them it needs a `workspace`, what is alive in
it at the busiest moment: the largest look-up, a loaded word with the carries of its addition
($2b - 1$), or the ladder of a reflection. Registers held by an outer bloq count in every inner one.
That is never below the peak of the decomposition, and at most a few qubits above it.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NoReturn

import attrs
import sympy
from qualtran import (
    Bloq,
    BloqBuilder,
    CtrlSpec,
    DecomposeTypeError,
    QAny,
    QBit,
    QUInt,
    Register,
    Side,
    Signature,
)
from qualtran.bloqs.arithmetic import Add
from qualtran.bloqs.basic_gates import Rz
from qualtran.bloqs.block_encoding import BlockEncoding
from qualtran.bloqs.mcmt.specialized_ctrl import get_ctrl_system_1bit_cv_from_bloqs
from qualtran.bloqs.reflections.prepare_identity import PrepareIdentity
from qualtran.bloqs.state_preparation.black_box_prepare import BlackBoxPrepare
from qualtran.resource_counting import CostKey, QubitCount
from qualtran.symbolics import SymbolicFloat, SymbolicInt, is_symbolic

from qres.bloqs.integers import as_integer, at_least, numbers, require_integer
from qres.bloqs.steps import Step, backwards, compose
from qres.errors import InputError

ROTATION = Rz(sympy.Symbol("theta"))
"""One rotation by an angle that the circuit knows and the count does not need."""

ROUNDING = 1e-9
"""Relative difference allowed between a normalisation and what the data need."""


@attrs.frozen
class Circuit(Bloq, metaclass=abc.ABCMeta):
    r"""A bloq with its own qubit count, control and adjoint.

    Args:
        num_controls: controls, 0 or 1 (join more into one by an `And` outside).
        is_adjoint: whether it runs backwards; the gate counts are the same.
    """

    num_controls: SymbolicInt = attrs.field(
        default=0, kw_only=True, converter=as_integer, validator=at_least(0, 1)
    )
    is_adjoint: bool = attrs.field(default=False, kw_only=True)

    @property
    @abc.abstractmethod
    def workspace(self) -> SymbolicInt:
        """Qubits needed at the peak, beyond the registers that are held throughout."""

    @property
    def logical_qubits(self) -> SymbolicInt:
        """Qubits at the peak: registers held throughout and the workspace."""
        held = [reg.total_bits() for reg in self.signature if reg.side is Side.THRU]
        return as_integer(sum(held) + self.workspace)

    def steps(self) -> Sequence[Step]:
        """The circuit forwards, step by step; sizes must be numbers.

        Raises:
            DecomposeTypeError: a size is a symbol, or the circuit is known by its counts alone.
        """
        raise DecomposeTypeError(f"{type(self).__name__} is known by its counts alone")

    def sequence(self) -> Sequence[Step]:
        """The steps in the direction of this circuit."""
        return backwards(self.steps()) if self.is_adjoint else tuple(self.steps())

    def build_composite_bloq(self, bb: BloqBuilder, **soqs: Any) -> dict[str, Any]:
        """Decompose into `sequence`."""
        return compose(bb, self.signature, self.sequence(), soqs)

    def my_static_costs(self, cost_key: CostKey) -> Any:
        """Answer `QubitCount`; gates are counted from the call graph."""
        return self.logical_qubits if isinstance(cost_key, QubitCount) else NotImplemented

    def adjoint(self) -> Bloq:
        """The same circuit backwards."""
        return attrs.evolve(self, is_adjoint=not self.is_adjoint)

    def with_controls(self, num_controls: SymbolicInt) -> Any:
        """The same circuit with this many controls."""
        return attrs.evolve(self, num_controls=num_controls)

    def get_ctrl_system(self, ctrl_spec: CtrlSpec) -> Any:
        """Control by the own field; Qualtran's `Controlled` cannot control an `And`."""
        return get_ctrl_system_1bit_cv_from_bloqs(
            self,
            ctrl_spec=ctrl_spec,
            current_ctrl_bit=1 if self.num_controls == 1 else None,
            bloq_with_ctrl=self.with_controls(1),
            ctrl_reg_name="ctrl",
        )


@attrs.frozen
class BlockCircuit(Circuit, BlockEncoding):
    r"""A circuit that block-encodes a matrix; the signal state is $|0\rangle$."""

    @property
    def signature(self) -> Signature:
        """Registers: control, system, ancilla, and as resource the phase gradient."""
        return registers(
            ctrl=self.num_controls,
            system=self.system_bitsize,
            ancilla=self.ancilla_bitsize,
            resource=self.resource_bitsize,
        )

    @property
    def signal_state(self) -> BlackBoxPrepare:
        r"""The state of the ancillas that marks the block, $|0\rangle$."""
        return BlackBoxPrepare(PrepareIdentity.from_bitsizes([self.ancilla_bitsize]))


@attrs.frozen
class EncodingCircuit(BlockCircuit):
    r"""A circuit that block-encodes a matrix of known normalisation.

    Args:
        alpha: normalisation.
        epsilon: absolute error of `alpha` times the block, in units of the matrix.
    """

    alpha: SymbolicFloat = attrs.field(  # pyright: ignore
        kw_only=True, validator=numbers(least=0, is_open=True)
    )
    epsilon: SymbolicFloat = attrs.field(  # pyright: ignore
        kw_only=True, validator=numbers(least=0)
    )


def registers(*, sides: dict[str, Side] | None = None, **bitsizes: SymbolicInt) -> Signature:
    """Make a signature of registers of these sizes; empty ones are left out."""
    sides = sides or {}
    return _signature(
        tuple(
            (name, bitsize, type(bitsize), sides.get(name, Side.THRU))
            for name, bitsize in bitsizes.items()
            if is_symbolic(bitsize) or bitsize > 0
        )
    )


@lru_cache(maxsize=4096)
def _signature(sizes: tuple[tuple[str, SymbolicInt, type, Side], ...]) -> Signature:
    """Made once for many equal steps. The type tells 2 from sympy's 2, which are equal."""
    return Signature(
        [
            Register(name, QBit() if bitsize == 1 else QAny(bitsize), side=side)
            for name, bitsize, _, side in sizes
        ]
    )


def require_numbers(circuit: Bloq, *sizes: Any) -> None:
    """Refuse to decompose a circuit whose sizes are symbols."""
    if is_symbolic(*sizes):
        raise DecomposeTypeError(f"{type(circuit).__name__} has symbolic sizes")


def require_alpha(circuit: EncodingCircuit, exact: float, what: str) -> None:
    """Refuse a normalisation that is not that of the data, where the block is always data over this.

    Args:
        circuit: with its normalisation.
        exact: that of the data.
        what: names it.

    Raises:
        InputError: the normalisation is another, or a symbol.
    """
    if abs(_claimed(circuit) - exact) > ROUNDING * exact:
        _refuse_alpha(circuit, f"{exact:.12g}, {what}")


def require_alpha_of(circuit: EncodingCircuit, part: EncodingCircuit, what: str) -> None:
    """Refuse a normalisation that is not that of the part whose block a circuit hands on; symbols pass.

    Raises:
        InputError: the normalisation is another.
    """
    if not (_has_symbols(circuit.alpha) or _has_symbols(part.alpha)):
        require_alpha(circuit, float(part.alpha), f"that of its {what}")


def share_of_alpha(circuit: EncodingCircuit, least: float, what: str) -> float:
    """Return which share of its normalisation a circuit needs, by which its data are scaled: at most 1.

    Args:
        circuit: with its normalisation.
        least: what the data need.
        what: names it.

    Raises:
        InputError: the normalisation is smaller, or a symbol.
    """
    if least > _claimed(circuit) * (1 + ROUNDING):
        _refuse_alpha(circuit, f"at least {least:.12g}, {what}")
    return least / max(_claimed(circuit), least)


def _has_symbols(alpha: SymbolicFloat) -> bool:
    """A number of sympy's is symbolic to Qualtran, but it is known."""
    return bool(getattr(alpha, "free_symbols", ()))


def _claimed(circuit: EncodingCircuit) -> float:
    if _has_symbols(circuit.alpha):
        _refuse_alpha(circuit, "a number where there are data")
    return float(circuit.alpha)


def _refuse_alpha(circuit: EncodingCircuit, right: str) -> NoReturn:
    alpha = circuit.alpha if _has_symbols(circuit.alpha) else f"{float(circuit.alpha):.12g}"
    raise InputError(f"{type(circuit).__name__}.alpha is {alpha}; it must be {right}")


def uncontrolled(instance: Any, attribute: Any, value: Circuit) -> None:
    """Validate that a part has no control of its own: the bloq that holds it sets the control."""
    name = f"{type(instance).__name__}.{attribute.name}.num_controls"
    require_integer(name, value.num_controls, 0, 0)


def phase_addition(bits: SymbolicInt) -> Bloq:
    """An addition into the phase gradient, $b - 1$ Toffoli-like gates.

    Qualtran's `AddIntoPhaseGrad` books $b - 2$ without a circuit; its adder has one.
    """
    return Add(QUInt(bits), QUInt(bits))


def rotations(count: SymbolicInt, num_controls: SymbolicInt) -> Sequence[tuple[Bloq, SymbolicInt]]:
    """Calls of rotations; a controlled one is two and two CNOTs."""
    return [(ROTATION, count * (1 + num_controls))]
