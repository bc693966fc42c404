"""Qubits of a loaded angle, apart from the look-ups themselves: whatever prints a width reads it."""

from __future__ import annotations

from typing import Any

import sympy

from qres.notation.named import widest


def angle_width(entries: Any, bits: Any, controls: Any, limit: Any) -> Any:
    r"""Return the qubits of an angle that is looked up and added to the phase gradient.

    The widest moment is the look-up, or with small tables the addition: the word and its carries,
    $2b - 1$.
    """
    return sympy.Max(widest(entries, bits, controls, limit), 2 * bits - 1)
