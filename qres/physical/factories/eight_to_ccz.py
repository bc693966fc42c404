r"""Factories that end in 8-to-CCZ, above one or more levels of 15-to-1 (derived).

The levels are those of `physical.distillation`. Two published rows (Litinski, arXiv:1905.06903,
table 1) have this shape; footprint and cycles are theirs, the error lies within 11 % of theirs. T
gates are made in pairs from a CCZ state by catalysis, as in `ccz2t`, which takes one logical step
more: half of what a CCZ takes here ($d_X \approx 2 d_m$ against $4 d_m$ cycles).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qres.physical.base import Code, FactoryTable
from qres.physical.distillation import EIGHT_TO_CCZ
from qres.physical.factories.concatenated import DISTILLED, Bottom, listed, tabulate_levels
from qres.physical.record import Machine

CATALYSIS = 0.5
"""Work of the catalysis that turns a CCZ into two T, in units of one CCZ."""


@dataclass(frozen=True)
class EightToCcz:
    """The generated factories that end in 8-to-CCZ; a size is that of `concatenated`."""

    name: str = "eight-to-ccz"
    unit: str = "CCZ, catalysed as in eight-to-ccz"
    bottom: Bottom = DISTILLED

    @property
    def rests_on(self) -> tuple[str, ...]:
        """Names of the factories whose formulas it uses."""
        return (self.bottom.name, "concatenated", "eight-to-ccz")

    def states(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return CCZ states: one per Toffoli, one per pair of T."""
        return toffoli + np.ceil(t / 2)

    def work(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return CCZ states, half of one more for each pair of T."""
        return self.states(toffoli, t) + CATALYSIS * np.ceil(t / 2)

    def grid(self, machine: Machine, code: Code) -> np.ndarray:
        """Return the listed sizes, the same for every machine."""
        return listed(self.name)

    def tabulate(self, machine: Machine, code: Code, sizes: np.ndarray) -> FactoryTable:
        """Evaluate each size level by level."""
        sizes = np.asarray(sizes)
        return tabulate_levels(self.name, machine, code, sizes, self.bottom, EIGHT_TO_CCZ)


MEMBER = EightToCcz()
