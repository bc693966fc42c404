r"""Linear combinations of block encodings with real weights, numbers or symbols."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import sympy
from qualtran import Signature
from qualtran.bloqs.basic_gates import CNOT, XGate, ZGate
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicFloat, SymbolicInt, is_symbolic

from qres.bloqs.algebra import ComposedEncoding, same_systems, several
from qres.bloqs.circuit import BlockCircuit, Circuit, registers, require_numbers
from qres.bloqs.integers import at_least, numbers, tally
from qres.bloqs.multiplexed_turn import MultiplexedTurn
from qres.bloqs.steps import Bits, Step
from qres.bloqs.unary_iteration import visit
from qres.errors import InputError


@attrs.frozen
class WeightState(Circuit):
    r"""Prepares a few amplitudes $\ge 0$ from $|0\rangle$ by $2^k - 1$ rotations and CNOTs.

    Args:
        bitsize: $k$; always a number.
        amplitudes: at most $2^k$, of any norm; not needed to count.

    Registers:
        target: $k$ qubits.
    """

    bitsize: int = attrs.field(validator=at_least(1))
    amplitudes: tuple[float, ...] | None = attrs.field(
        default=None, repr=False, validator=numbers()
    )

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(target=self.bitsize)

    @property
    def workspace(self) -> SymbolicInt:
        """None."""
        return 0

    def _turns(self) -> list[MultiplexedTurn]:
        if self.amplitudes is None:
            return [MultiplexedTurn(level) for level in range(self.bitsize)]
        padded = np.zeros(2**self.bitsize)
        padded[: len(self.amplitudes)] = self.amplitudes
        found = []
        for level in range(self.bitsize):
            sizes = np.linalg.norm(padded.reshape(2**level, 2, -1), axis=2)
            angles = 2 * np.arctan2(sizes[:, 1], sizes[:, 0])
            found.append(MultiplexedTurn(level, tuple(float(angle) for angle in angles)))
        return found

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """One rotation for each choice of the qubits before."""
        return tally([(turn, 1) for turn in self._turns()])

    def steps(self) -> Sequence[Step]:
        """Qubit by qubit from the top."""
        target, found = Bits("target", self.bitsize), []
        for level, turn in enumerate(self._turns()):
            low = self.bitsize - level
            wires = {"selection": target.part(level, low), "target": target[low - 1]}
            found.append(Step(turn, wires))
        return tuple(found)


@attrs.frozen
class EncodingSum(ComposedEncoding):
    r"""Encodes $\sum_i w_i A_i$ with $\alpha = \sum_i |w_i| \alpha_i$, $\epsilon = \sum_i |w_i| \epsilon_i$.

    Between amplitudes $\sqrt{|w_i| \alpha_i/\alpha}$ and their adjoint a unary iteration over the $m$
    parts, $m - 2 + c$ `And` gates, gives each its control; a Z on it is the sign of a negative weight.
    A control acts on the iteration alone: switched off, the amplitudes cancel. $2 (2^k - 1)$
    rotations, $k = \lceil \log_2 m \rceil$, whatever the weights are.

    Args:
        parts: encodings of $A_i$, at least two.
        weights: $w_i$, real numbers or symbols, not all zero.

    Registers:
        ctrl: the control, if there is one.
        system: $n$ qubits.
        ancilla: those of the parts, the first one's lowest, and above them $k$ for the number of a part.
        resource: the phase gradient.

    References:
        [Quantum singular value transformation and beyond](https://arxiv.org/abs/1806.01838).
        Gilyén et al. (2018). Lemma 52.
    """

    parts: tuple[BlockCircuit, ...] = attrs.field(
        converter=tuple, validator=[several, same_systems]
    )
    weights: tuple[SymbolicFloat, ...] = attrs.field(converter=tuple)

    @weights.validator  # pyright: ignore
    def _check_weights(self, attribute: Any, value: tuple[Any, ...]) -> None:
        numbers = [weight for weight in value if not is_symbolic(weight)]
        is_real = all(np.isrealobj(weight) and np.isfinite(weight) for weight in numbers)
        if len(value) != len(self.parts) or not is_real:
            expected = f"{len(self.parts)} finite real numbers or symbols"
            raise InputError(f"EncodingSum.weights: expected {expected}, found {value}")
        if len(numbers) == len(value) and not any(numbers):
            raise InputError("EncodingSum.weights: expected one that is not zero")

    @property
    def alpha(self) -> SymbolicFloat:
        """The sum of the normalisations, weighted."""
        return sum(abs(w) * part.alpha for w, part in self._terms())

    @property
    def epsilon(self) -> SymbolicFloat:
        """The sum of the errors, weighted."""
        return sum(abs(w) * part.epsilon for w, part in self._terms())

    def _terms(self) -> list[tuple[Any, BlockCircuit]]:
        return list(zip(self.weights, self.parts, strict=True))

    @property
    def system_bitsize(self) -> SymbolicInt:
        """Qubits of an index."""
        return self.parts[0].system_bitsize

    @property
    def choice_bitsize(self) -> int:
        """Qubits that number the parts."""
        return (len(self.parts) - 1).bit_length()

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Ancillas of the parts, and the number of a part."""
        return self.parts_bitsize + self.choice_bitsize

    @property
    def workspace(self) -> SymbolicInt:
        """The largest of the parts, beside the ladder of the iteration."""
        ladder = self.choice_bitsize - 1 + self.num_controls
        return super().workspace + ladder

    def _amplitudes(self) -> WeightState:
        squares = [abs(w) * part.alpha for w, part in self._terms()]
        if is_symbolic(*squares):
            return WeightState(self.choice_bitsize)
        return WeightState(self.choice_bitsize, tuple(float(np.sqrt(float(x))) for x in squares))

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Every part once, controlled; the iteration; the amplitudes twice."""
        gates = len(self.parts) - 2 + self.num_controls
        prepared = self._amplitudes()
        return tally(
            [
                *self._calls(1),
                (And(), gates),
                (And().adjoint(), gates),
                (CNOT(), gates),
                (XGate(), 2 * (1 - self.num_controls)),
                (ZGate(), sum(bool(sympy.sympify(w).is_negative) for w in self.weights)),
                (prepared, 1),
                (prepared.adjoint(), 1),
            ]
        )

    def steps(self) -> Sequence[Step]:
        """Amplitudes; each part under its control; amplitudes backwards."""
        require_numbers(self, self.num_controls, *self.weights)
        choice = Bits("ancilla", self.choice_bitsize, self.parts_bitsize)
        weigh = Step(self._amplitudes(), {"target": choice})
        control = Bits("ctrl", 1) if self.num_controls else None
        members = dict(enumerate(zip(self.weights, self.parts, self.places(), strict=True)))
        return (weigh, *visit(members, choice, control, self._term), weigh.adjoint())

    def _term(self, term: tuple[float, BlockCircuit, Bits], here: Bits) -> tuple[Step, ...]:
        weight, part, ancilla = term
        sign = (Step(ZGate(), {"q": here}),) if weight < 0 else ()
        system = Bits("system", self.system_bitsize)
        return (*sign, self.on(part.with_controls(1), system, ancilla, here))
