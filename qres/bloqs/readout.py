"""The job that puts all parts of a solution and its read-out together."""

from __future__ import annotations

import attrs
from qualtran import Bloq, Signature
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import Circuit
from qres.bloqs.integers import as_integer, at_least, largest, require_integer, tally


@attrs.frozen
class ReadoutJob(Circuit):
    r"""The whole job: each part as often as the read-out needs it, one after the other.

    For a state the part is one amplified state; for coherent tomography many, and the norm; for
    sampling plain copies, sign circuits, and the norm. Nothing survives from one part to the next,
    so the peak is that of the widest part.

    Args:
        parts: pairs of a bloq and how often it is called.
        ancilla_bitsize: qubits held throughout that no part declares.

    Registers:
        none: a job starts from nothing and ends in numbers.
    """

    parts: tuple[tuple[Circuit, SymbolicInt], ...] = attrs.field(
        converter=lambda parts: tuple((bloq, as_integer(count)) for bloq, count in parts)
    )
    ancilla_bitsize: SymbolicInt = attrs.field(
        default=0, converter=as_integer, validator=at_least(0)
    )

    def __attrs_post_init__(self) -> None:
        # it ends in measurements: there is nothing to control
        require_integer("ReadoutJob.num_controls", self.num_controls, 0, 0)
        for part, count in self.parts:
            require_integer(f"ReadoutJob count of {type(part).__name__}", count, 0)

    @property
    def signature(self) -> Signature:
        """No registers."""
        return Signature([])

    @property
    def workspace(self) -> SymbolicInt:
        """The widest part."""
        return largest([part.logical_qubits for part, _ in self.parts]) + self.ancilla_bitsize

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The parts."""
        calls: list[tuple[Bloq, SymbolicInt]] = list(self.parts)
        return tally(calls)
