"""A circuit written out as its steps, for what is put together from circuits only to be simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from qualtran import Signature
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import Circuit, registers
from qres.bloqs.steps import Step


@attrs.frozen(eq=False)
class Listed(Circuit):
    """Steps in the order of time, on registers by name.

    Args:
        sizes: names to qubits, the first one most significant.
        listed: the steps.
    """

    sizes: Mapping[str, Any]
    listed: tuple[Step, ...]

    @property
    def workspace(self) -> SymbolicInt:
        """None of its own."""
        return 0

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(**self.sizes)

    def steps(self) -> Sequence[Step]:
        """The list."""
        return self.listed
