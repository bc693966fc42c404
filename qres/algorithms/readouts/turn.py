"""One reflection of an amplification: plain where it is exact, with a phase where it is not."""

from __future__ import annotations

from typing import Any

from qres.algorithms.system import System


def turn(system: System, controls: int) -> tuple[Any, int]:
    """Return Toffoli gates and rotations of one reflection.

    A phase needs the whole ladder, one Toffoli more than the sign, and one rotation, which a
    control leaves alone because it is in the ladder.
    """
    phased = 0 if system.is_exact else 1
    return system.reflection(controls) + phased, phased
