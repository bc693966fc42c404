r"""Products, tensor products and Hermitian dilations of block encodings, with the ledger of each.

Qualtran's own classes of these names report an error that does not follow from the definition
$\lVert A - \alpha \langle 0|U|0\rangle \rVert \le \epsilon$, and its product counts its factors wrongly
where they have ancillas. Sums are in `qres.bloqs.encoding_sum`.

Each use of a part has ancillas of its own. An encoding that is switched off leaves valid indices
alone, but it may change an index beyond the matrix, or a flag: with ancillas in common it could so
lower what another part has raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import sympy
from qualtran import Bloq
from qualtran.bloqs.basic_gates import CNOT, XGate
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicFloat, SymbolicInt, is_symbolic

from qres.bloqs.circuit import BlockCircuit, uncontrolled
from qres.bloqs.integers import as_integer, largest, tally
from qres.bloqs.steps import Bits, Step
from qres.errors import InputError


def several(instance: Any, attribute: Any, value: Sequence[BlockCircuit]) -> None:
    """Validate parts: at least two, none with a control of its own."""
    if len(value) < 2:
        name = f"{type(instance).__name__}.{attribute.name}"
        raise InputError(f"{name}: expected at least 2, found {len(value)}")
    for part in value:
        uncontrolled(instance, attribute, part)


def same_systems(instance: Any, attribute: Any, value: Sequence[BlockCircuit]) -> None:
    """Validate that all parts act on as many qubits."""
    sizes = [part.system_bitsize for part in value]
    if not is_symbolic(*sizes) and len(set(sizes)) > 1:
        name = f"{type(instance).__name__}.{attribute.name}"
        raise InputError(f"{name}: expected systems of one size, found {sizes} qubits")


@attrs.frozen
class ComposedEncoding(BlockCircuit):
    """An encoding made of others.

    Args:
        parts: the others, none with a control of its own.
    """

    parts: tuple[BlockCircuit, ...] = attrs.field(converter=tuple, validator=several)

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient; a part with fewer uses the upper ones."""
        return largest([part.resource_bitsize for part in self.parts])

    @property
    def parts_bitsize(self) -> SymbolicInt:
        """Ancillas of all parts."""
        return as_integer(sum(part.ancilla_bitsize for part in self.parts))

    @property
    def workspace(self) -> SymbolicInt:
        """The largest of the parts."""
        return largest([part.workspace for part in self.parts])

    def places(self) -> list[Bits]:
        """The ancillas of each part, the first one's lowest."""
        found, low = [], 0
        for part in self.parts:
            found.append(Bits("ancilla", part.ancilla_bitsize, low))
            low += part.ancilla_bitsize
        return found

    def on(self, part: BlockCircuit, system: Bits, ancilla: Bits, control: Bits) -> Step:
        """The step of a part, which has the control if its own field says so."""
        bits = part.resource_bitsize
        gradient = Bits("resource", bits, self.resource_bitsize - bits)
        named = {"ctrl": control, "system": system, "ancilla": ancilla, "resource": gradient}
        return Step(part, named)

    def _calls(self, num_controls: SymbolicInt) -> list[tuple[Bloq, SymbolicInt]]:
        return [(part.with_controls(num_controls), 1) for part in self.parts]


def error_of_product(parts: Sequence[BlockCircuit]) -> SymbolicFloat:
    r"""$\sum_i \epsilon_i \prod_{j \ne i} \alpha_j$, for factors of norm at most $\alpha_j$."""
    products = [
        sympy.prod([other.alpha for other in (*parts[:i], *parts[i + 1 :])])
        for i in range(len(parts))
    ]
    return sum(part.epsilon * rest for part, rest in zip(parts, products, strict=True))


@attrs.frozen
class EncodingProduct(ComposedEncoding):
    r"""Encodes $A_1 A_2 \cdots$, the last factor applied first.

    $\alpha = \prod \alpha_i$, $\epsilon = \sum_i \epsilon_i \prod_{j \ne i} \alpha_j$. Nothing stands
    between the factors; a control goes to each.

    Registers:
        ctrl: the control, if there is one.
        system: $n$ qubits.
        ancilla: those of the factors, the first one's lowest.
        resource: the phase gradient.

    References:
        [Quantum singular value transformation and beyond](https://arxiv.org/abs/1806.01838).
        Gilyén et al. (2018). Lemma 53.
    """

    parts: tuple[BlockCircuit, ...] = attrs.field(
        converter=tuple, validator=[several, same_systems]
    )

    @property
    def alpha(self) -> SymbolicFloat:
        """The product of the normalisations."""
        return sympy.prod([part.alpha for part in self.parts])

    @property
    def epsilon(self) -> SymbolicFloat:
        """By the rule of products."""
        return error_of_product(self.parts)

    @property
    def system_bitsize(self) -> SymbolicInt:
        """Qubits of an index."""
        return self.parts[0].system_bitsize

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Those of all factors."""
        return self.parts_bitsize

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Every factor once."""
        return tally(self._calls(self.num_controls))

    def _systems(self) -> list[Bits]:
        return [Bits("system", self.system_bitsize)] * len(self.parts)

    def steps(self) -> Sequence[Step]:
        """One factor after the other, from the last."""
        factors = [part.with_controls(self.num_controls) for part in self.parts]
        places = zip(factors, self._systems(), self.places(), strict=True)
        return [self.on(*place, Bits("ctrl", 1)) for place in places][::-1]


@attrs.frozen
class EncodingTensor(EncodingProduct):
    r"""Encodes $A_1 \otimes A_2 \otimes \cdots$; the first factor holds the uppermost qubits.

    Normalisation, error and ancillas are those of a product.

    Registers:
        ctrl: the control, if there is one.
        system: those of the factors.
        ancilla: those of the factors, the first one's lowest.
        resource: the phase gradient.

    References:
        [Approximate quantum circuit synthesis using
        block-encodings](https://arxiv.org/abs/2007.01417). Camps, Van Beeumen (2020); recalled.
    """

    parts: tuple[BlockCircuit, ...] = attrs.field(converter=tuple, validator=several)

    @property
    def system_bitsize(self) -> SymbolicInt:
        """Qubits of all factors."""
        return as_integer(sum(part.system_bitsize for part in self.parts))

    def _systems(self) -> list[Bits]:
        found, high = [], self.system_bitsize
        for part in self.parts:
            high -= part.system_bitsize
            found.append(Bits("system", part.system_bitsize, high))
        return found


@attrs.frozen
class HermitianDilation(BlockCircuit):
    r"""Encodes $\begin{pmatrix} 0 & A \\ A^\dagger & 0 \end{pmatrix}$ with the ledger of $A$.

    $|0\rangle\langle 1| \otimes U + |1\rangle\langle 0| \otimes U^\dagger$: the encoding where the
    uppermost qubit is 1, a flip of it, and the adjoint where it is 1 now. A control is joined with it
    by one `And`, which the flip turns into that of the other half.

    Args:
        part: the encoding of $A$, without a control of its own.

    Registers:
        ctrl: the control, if there is one.
        system: $n$ qubits, and above them which half.
        ancilla: those of the part, and above them those of its adjoint.
        resource: the phase gradient.
    """

    part: BlockCircuit = attrs.field(validator=uncontrolled)

    @property
    def alpha(self) -> SymbolicFloat:
        """That of the part."""
        return self.part.alpha

    @property
    def epsilon(self) -> SymbolicFloat:
        """That of the part."""
        return self.part.epsilon

    @property
    def system_bitsize(self) -> SymbolicInt:
        """Qubits of an index, and one for the half."""
        return self.part.system_bitsize + 1

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Those of the part and of its adjoint."""
        return 2 * self.part.ancilla_bitsize

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.part.resource_bitsize

    @property
    def workspace(self) -> SymbolicInt:
        """That of the part, and the product of control and half."""
        return self.part.with_controls(1).workspace + self.num_controls

    def _halves(self) -> tuple[Bloq, Bloq]:
        part = self.part.with_controls(1)
        return part, part.adjoint()

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The part and its adjoint, both controlled; one `And` under a control."""
        joins = [(gate, self.num_controls) for gate in (And(), And().adjoint())]
        return tally([*((half, 1) for half in self._halves()), *joins, (CNOT(), 1)])

    def steps(self) -> Sequence[Step]:
        """The part on one half, the halves exchanged, the adjoint on what is the other half now."""
        size, control = self.part.system_bitsize, Bits("ctrl", 1)
        side, here = Bits("system", 1, size), Bits("here", 1)
        on = here if self.num_controls else side
        named = {"ctrl": on, "system": Bits("system", size)}
        named |= {"resource": Bits("resource", self.resource_bitsize)}
        held = self.part.ancilla_bitsize
        first, second = (
            Step(half, named | {"ancilla": Bits("ancilla", held, place * held)})
            for place, half in enumerate(self._halves())
        )
        if not self.num_controls:
            return (first, Step(XGate(), {"q": side}), second)
        wires = {"ctrl": (control, side), "target": here}
        flips = [Step(CNOT(), {"ctrl": control, "target": place}) for place in (side, here)]
        done = Step(And().adjoint(), wires)
        return (Step(And(), wires), first, *flips, second, done)
