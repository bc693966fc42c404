"""A circuit written out as a list of steps, for tests."""

from __future__ import annotations

import attrs
import pytest

from qres.bloqs.circuit import Circuit, registers
from qres.bloqs.steps import Step


@attrs.frozen(eq=False)
class Listed(Circuit):
    """Registers by name, the first one most significant, and steps in the order of time."""

    sizes: dict[str, int]
    listed: tuple[Step, ...]

    workspace = 0

    @property
    def signature(self):
        """Registers."""
        return registers(**self.sizes)

    def steps(self):
        """The list."""
        return self.listed


@pytest.fixture(scope="session")
def listed():
    """The class of such circuits."""
    return Listed
