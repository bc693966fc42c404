"""The two reflections of a round of amplification, with phases."""

from __future__ import annotations

from typing import Any

from qres.algorithms.system import System


def turn(system: System, controls: int) -> tuple[Any, int]:
    """Return Toffoli gates and rotations of the reflections about the start and the wanted state.

    A phase needs the whole ladder, one Toffoli more than the sign, and one rotation, which a
    control leaves alone because it is in the ladder.
    """
    about_wanted = system.flags + system.row_bits - 1 + controls
    return system.reflection(controls) + 1 + about_wanted, 2
