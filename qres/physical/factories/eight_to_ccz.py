r"""Factories that end in 8-to-CCZ, above one or more levels of 15-to-1 (derived).

The levels are those of `physical.distillation`. Two published rows (Litinski, arXiv:1905.06903,
table 1) have this shape; footprint and cycles are theirs, the error lies within 11 % of theirs.

T gates are made in pairs from a CCZ state by catalysis, priced as Gidney and Fowler's (arXiv:1812.01238)
at the distance $d_X$ of the last level: a pair fails with $1000\,p_L(d_X)$ more than the CCZ that it takes
(the unit cells that `ccz2t` charges for CCZ and catalysis alike, here for the catalysis alone), takes one
step of $d_X$ cycles more, and the last level takes as much room as theirs, 32 tiles, where its own is
smaller: in their layout the same floor holds the factory with catalysis and without. What is left out: a
catalyst that is lost is not made anew, and the faults of the two T of a pair count as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy

from qres.notation.formula import Formula
from qres.notation.source import GIDNEY_FOWLER, Source
from qres.notation.symbols import symbols
from qres.physical.base import Catalysis, Code, FactoryTable
from qres.physical.distillation import EIGHT_TO_CCZ, Feed
from qres.physical.factories.ccz2t import FLOOR_TILES, LEVEL_2_CELLS
from qres.physical.factories.concatenated import (
    DISTILLED,
    Bottom,
    level_labels,
    tabulate_levels,
)
from qres.physical.listed import listed
from qres.physical.record import Machine

_PX, _X = symbols("logical_error_x distance_x")
CATALYSIS_ERROR = Formula(
    name="factory.eight-to-ccz.catalysis_error",
    meaning="error of the catalysis that turns a CCZ into a pair of T",
    expression=LEVEL_2_CELLS * _PX,
    inputs=("logical_error_x",),
    source=Source("section 3 and the spreadsheet, unit cells of the catalysis", GIDNEY_FOWLER),
    kind="fitted",
    bound="upper",
    letter=r"\varepsilon_{\mathrm{cat}}",
)
CATALYSIS_CYCLES = Formula(
    name="factory.eight-to-ccz.catalysis_cycles",
    meaning="cycles of the catalysis that turns a CCZ into a pair of T",
    expression=sympy.Integer(1) * _X,
    inputs=("distance_x",),
    source=Source("section 3 and the spreadsheet, one round a pair of T", GIDNEY_FOWLER),
    kind="fitted",
    unit="cycles",
    letter=r"n_{\mathrm{cat}}",
)
FORMULAS = (CATALYSIS_ERROR, CATALYSIS_CYCLES)


@dataclass(frozen=True)
class EightToCcz:
    """The generated factories that end in 8-to-CCZ; a size is that of `concatenated`."""

    name: str = "eight-to-ccz"
    unit: str = "CCZ, catalysed as in eight-to-ccz"
    bottom: Bottom = DISTILLED
    charges_discards: bool = True

    @property
    def rests_on(self) -> tuple[str, ...]:
        """Names of the factories whose formulas it uses."""
        return (self.bottom.name, "concatenated", "eight-to-ccz")

    def states(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return CCZ states: one per Toffoli, one per pair of T."""
        return toffoli + np.ceil(t / 2)

    def work(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return CCZ states; what a pair of T adds is the `catalysis` of a table."""
        return self.states(toffoli, t)

    def grid(self, machine: Machine, code: Code) -> np.ndarray:
        """Return the listed sizes, the same for every machine."""
        return listed(self.name)

    def tabulate(self, machine: Machine, code: Code, sizes: np.ndarray) -> FactoryTable:
        """Evaluate each size level by level."""
        sizes = np.asarray(sizes)
        feed = tabulate_levels(machine, code, sizes, self.bottom, EIGHT_TO_CCZ)
        return FactoryTable(
            labels=level_labels(self.name, sizes, self.bottom),
            error=feed.error,
            qubits=feed.qubits,
            cycles=feed.cycles,
            failure=feed.failure,
            catalysis=catalysis(machine, code, last_distance(sizes), feed),
        )


def last_distance(sizes: np.ndarray) -> np.ndarray:
    """Return the distance $d_X$ of the last level of each size."""
    last = 3 + 4 * ((sizes[:, 3::4] > 0).sum(axis=1) - 1)
    return sizes[np.arange(len(sizes)), last + 1].astype(float)


def catalysis(machine: Machine, code: Code, distance: np.ndarray, feed: Feed) -> Catalysis:
    """Return what a pair of T adds to a CCZ of these factories."""
    return Catalysis(
        error=CATALYSIS_ERROR(logical_error_x=code.logical_error(machine, distance)),
        qubits=np.maximum(FLOOR_TILES * code.tile_qubits(distance) - feed.own, 0.0),
        cycles=CATALYSIS_CYCLES(distance_x=distance),
    )


MEMBER = EightToCcz()
