r"""Quantum random-access memory: a bucket brigade that is charged, and one that is assumed free.

The charged one is a tree over all $M$ cells, see `qres.notation.memory` for its gates and layers:
the look-up touches every cell, so its Toffoli count is linear in $M$ like that of a QROM, with
about twice the gates; what it buys is depth $O(\log M + b)$, for about $3M$ qubits.

The free one is the premise of proofs that call a query one step. Nobody has built such a memory, and
a memory of active components spends $M$ gates a query wherever they are booked (Jaques and Rattew),
so every number that rests on it is `assumed`.
"""

from __future__ import annotations

import sympy

from qres.algorithms.access.qrom import BLOCK_LIMITS
from qres.algorithms.record import Assumption
from qres.notation.formula import Condition, Formula
from qres.notation.memory import FREE
from qres.notation.named import ceil_log2, look
from qres.notation.quantity import Quantity
from qres.notation.source import GLM_2008, HANN_2021, Source, derived
from qres.notation.symbols import symbols

FREE_TEXT = "QRAM assumed free: no gate, no qubit and no time is charged for reading the tables"

_ENTRIES, _BITS = symbols("entries bitsize")
_LEVELS = sympy.Min(1, _ENTRIES - 1)
_NOT_EMPTY = (Condition(sympy.Ge(_ENTRIES, 1), "entries >= 1"),)
_TREE = Source("bucket brigade; gates of the two-level tree counted here", HANN_2021, "recalled")

QRAM_TOFFOLI = Formula(
    name="access.qram.toffoli",
    meaning="Toffoli gates of a bucket-brigade look-up, any word size: all cells are touched",
    expression=sympy.Max(0, 2 * _ENTRIES - 3 - ceil_log2(_ENTRIES)),
    inputs=("entries", "bitsize"),
    source=_TREE,
    unit="Toffoli",
    defaults={"bitsize": 1},
    conditions=_NOT_EMPTY,
)

QRAM_DEPTH = Formula(
    name="access.qram.depth",
    meaning="layers of a bucket-brigade look-up: address and token down, words up, all back",
    expression=_LEVELS * (7 * ceil_log2(_ENTRIES) + 2 * _BITS - 6),
    inputs=("entries", "bitsize"),
    source=_TREE,
    unit="layers",
    conditions=_NOT_EMPTY,
)

QRAM_QUBITS = Formula(
    name="access.qram.qubits",
    meaning="qubits of a bucket brigade: routers, wires, and the word that is read",
    expression=3 * (_ENTRIES - 1) + _BITS,
    inputs=("entries", "bitsize"),
    source=Source("bucket brigade; routers and wires counted here", GLM_2008, "recalled"),
    unit="qubits",
    conditions=_NOT_EMPTY,
)

QRAM_FREE_TOFFOLI = Formula(
    name="access.qram-free.toffoli",
    meaning="Toffoli gates of a look-up in a memory that is assumed free: none, on a premise",
    expression=look(_ENTRIES, _BITS, 0, FREE),
    inputs=("entries", "bitsize"),
    source=derived("the premise that a query is one step and costs nothing; nobody has shown it"),
    kind="assumed",
    bound="lower",
    unit="Toffoli",
    conditions=_NOT_EMPTY,
)

FORMULAS = (QRAM_TOFFOLI, QRAM_DEPTH, QRAM_QUBITS, QRAM_FREE_TOFFOLI)


def access_assumptions(name: str) -> tuple[Assumption, ...]:
    """Return what a data access rests on without proof, by its name in `algorithm.data_access`."""
    if name != "qram-free":
        return ()
    return (Assumption(text=FREE_TEXT, factor=None, favours="quantum"),)


def access_warnings(name: str) -> tuple[tuple[str, str], ...]:
    """Return the warnings of a data access."""
    if name != "qram-free":
        return ()
    return (("W-QRAM", f"{FREE_TEXT}; nobody has built such a memory"),)


def access_limit(name: str) -> Quantity:
    """Return the code `block_limit` of a data access; a free memory makes the job `assumed`."""
    kind = "assumed" if name == "qram-free" else "exact"
    return Quantity(value=BLOCK_LIMITS[name], kind=kind, source=f"data access {name}")
