r"""Look-up tables: plain QROM, and QROAM with clean ancillas, in two counting conventions.

Qualtran's circuit convention is used throughout the stages; the convention of Berry et al.
(arXiv:1902.02134) is printed for comparison with papers. Never add a look-up of one to an
uncomputation of the other.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import sympy

from qres.algorithms.access import plain
from qres.errors import InputError
from qres.notation.formula import Condition, Formula
from qres.notation.memory import BRIGADE, FREE
from qres.notation.named import (
    UNLIMITED,
    look,
    lookup_at,
    lookup_block,
    uncompute_at,
    unlook,
)
from qres.notation.source import BERRY_2019, QUALTRAN, Source
from qres.notation.symbols import symbols

BLOCK_LIMITS = {"qrom": 0, "qroam": UNLIMITED, "qram": BRIGADE, "qram-free": FREE}
"""Largest block exponent by `algorithm.data_access`, or the code of a memory without blocks."""

_ENTRIES, _BITS, _BLOCK = symbols("entries bitsize block")
_SOURCE = Source("Qualtran's circuits QROM, QROAMClean and QROAMCleanAdjoint", QUALTRAN)
_BLOCK_COUNT = sympy.ceiling(_ENTRIES / _BLOCK)
_NOT_EMPTY = (Condition(sympy.Ge(_ENTRIES, 1), "entries >= 1"),)


def _exponent(block: int, entries: int) -> int:
    if block < 1 or block & (block - 1) or block > max(1, entries):
        raise InputError(f"block: expected a power of two up to {entries}, found {block}")
    return block.bit_length() - 1


def _scalars_or_arrays(block: Any, entries: Any, searched: Any, fixed: Any) -> Any:
    """Call `searched()` without a block, `fixed(exponent)` with one (scalars only)."""
    if block is None:
        return searched()
    if isinstance(block, np.ndarray) or isinstance(entries, np.ndarray):
        raise InputError("block: a fixed block takes scalars only; leave it out for arrays")
    return fixed(_exponent(block, entries))


def _qroam_toffoli(entries: Any, bitsize: Any, block: Any = None) -> Any:
    function = look.array if _is_array(entries, bitsize) else look.scalar
    return _scalars_or_arrays(
        block,
        entries,
        lambda: function(entries, bitsize, 0),
        lambda exponent: lookup_at(entries, bitsize, 0, exponent),
    )


def _qroam_ancillas(entries: Any, bitsize: Any, block: Any = None) -> Any:
    if _is_array(entries, bitsize):
        pairs = np.broadcast(np.asarray(entries, float), np.asarray(bitsize, float))
        flat = [_qroam_ancillas(int(m), int(b), block) for m, b in pairs]
        return np.reshape(np.array(flat, dtype=float), pairs.shape)
    exponent = lookup_block(entries, bitsize, 0) if block is None else _exponent(block, entries)
    blocks = -(-entries >> exponent)
    return ((1 << exponent) - 1) * bitsize + max(0, (blocks - 1).bit_length())


def _adjoint_toffoli(entries: Any, bitsize: Any = 1, block: Any = None) -> Any:
    function = unlook.array if _is_array(entries) else unlook.scalar
    return _scalars_or_arrays(
        block,
        entries,
        lambda: function(entries, 0),
        lambda exponent: uncompute_at(entries, 0, exponent),
    )


def _berry_toffoli(entries: Any, bitsize: Any, block: Any = None) -> Any:
    if _is_array(entries, bitsize):
        pairs = np.broadcast(np.asarray(entries, float), np.asarray(bitsize, float))
        flat = [_berry_toffoli(int(m), int(b), block) for m, b in pairs]
        return np.reshape(np.array(flat, dtype=float), pairs.shape)
    top = max(0, math.ceil(entries - 1).bit_length())
    exponents = range(top + 1) if block is None else (_exponent(block, entries),)
    return min(-(-entries >> k) + ((1 << k) - 1) * bitsize for k in exponents)


def _is_array(*values: Any) -> bool:
    return any(isinstance(value, np.ndarray) for value in values)


QROM_TOFFOLI = Formula(
    name="access.qrom.toffoli",
    meaning="Toffoli gates of a plain QROM look-up by unary iteration, any word size",
    expression=sympy.Max(0, _ENTRIES - 2),
    inputs=("entries", "bitsize"),
    source=_SOURCE,
    unit="Toffoli",
    defaults={"bitsize": 1},
    conditions=_NOT_EMPTY,
)

QROAM_TOFFOLI = Formula(
    name="access.qroam.toffoli",
    meaning="Toffoli gates of a QROAM look-up with clean ancillas, best power-of-two block",
    expression=sympy.Max(0, _BLOCK_COUNT - 2) + (_BLOCK - 1) * _BITS,
    inputs=("entries", "bitsize", "block"),
    source=_SOURCE,
    unit="Toffoli",
    defaults={"block": None},
    conditions=_NOT_EMPTY,
    evaluator=_qroam_toffoli,
    plain=plain.qroam_toffoli,
)

QROAM_ANCILLAS = Formula(
    name="access.qroam.ancillas",
    meaning="clean ancillas of that look-up: junk words and unary iteration",
    expression=(_BLOCK - 1) * _BITS + sympy.ceiling(sympy.log(_BLOCK_COUNT, 2)),
    inputs=("entries", "bitsize", "block"),
    source=_SOURCE,
    unit="qubits",
    defaults={"block": None},
    conditions=_NOT_EMPTY,
    evaluator=_qroam_ancillas,
    plain=plain.qroam_ancillas,
)

QROAM_ADJOINT_TOFFOLI = Formula(
    name="access.qroam-adjoint.toffoli",
    meaning="Toffoli gates of the measurement-based uncomputation of a look-up, any word size",
    expression=sympy.Max(0, _BLOCK_COUNT + _BLOCK - 4),
    inputs=("entries", "bitsize", "block"),
    source=_SOURCE,
    unit="Toffoli",
    defaults={"bitsize": 1, "block": None},
    conditions=_NOT_EMPTY,
    evaluator=_adjoint_toffoli,
    plain=plain.adjoint_toffoli,
)

QROAM_BERRY_TOFFOLI = Formula(
    name="access.qroam-berry.toffoli",
    meaning="Toffoli gates of a QROAM look-up in the convention of Berry et al.",
    expression=_BLOCK_COUNT + (_BLOCK - 1) * _BITS,
    inputs=("entries", "bitsize", "block"),
    source=Source("Appendix C", BERRY_2019),
    unit="Toffoli",
    defaults={"block": None},
    conditions=_NOT_EMPTY,
    evaluator=_berry_toffoli,
    plain=plain.berry_toffoli,
)

FORMULAS = (
    QROM_TOFFOLI,
    QROAM_TOFFOLI,
    QROAM_ANCILLAS,
    QROAM_ADJOINT_TOFFOLI,
    QROAM_BERRY_TOFFOLI,
)
