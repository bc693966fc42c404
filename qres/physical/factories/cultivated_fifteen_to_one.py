r"""Cultivated T states distilled by 15-to-1, one level or more (derived).

The lowest level is `cultivation` with its published error, qubits and rounds; the levels above are those
of `concatenated`. A state is ready at a random time and waits in its patch of distance 15 for at most
one step of the level above, $d_m$ cycles, each with the logical error of that distance: at a physical
error of 1e-3 this wait, not the cultivation, is most of the error that goes in. The patch counts as a
square of 15 sites along the corridor that reaches it.
"""

from __future__ import annotations

import numpy as np

from qres.physical.base import Code
from qres.physical.distillation import Feed
from qres.physical.factories.concatenated import Bottom, Concatenated
from qres.physical.factories.cultivation import MEMBER as CULTIVATION
from qres.physical.factories.cultivation import simulations
from qres.physical.record import Machine


def _grid(machine: Machine, code: Code) -> np.ndarray:
    """Return `(colour distance, row of the table, surface distance)` of every row."""
    sizes = CULTIVATION.grid(machine, code)
    return np.column_stack([sizes, simulations()[sizes[:, 1], 2].astype(int)])


def _cultivate(machine: Machine, code: Code, sizes: np.ndarray) -> Feed:
    """Return the rows of the table as a level that feeds another."""
    table = CULTIVATION.tabulate(machine, code, sizes[:, :2])
    side = sizes[:, 2].astype(float)
    decay = code.logical_error(machine, side)
    return Feed(
        table.error, table.qubits, table.cycles, side, decay, table.failure, own=table.qubits
    )


def _label(size: np.ndarray) -> str:
    return f"d1={size[0]} error={simulations()[size[1], 3]:.1e} "


CULTIVATED = Bottom(CULTIVATION.name, _grid, _cultivate, _label)

MEMBER = Concatenated(name="cultivated-fifteen-to-one", bottom=CULTIVATED)
