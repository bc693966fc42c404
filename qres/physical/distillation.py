r"""One level of distillation on top of factories that feed it, in Litinski's layout.

A level of distances $(d_X, d_Z, d_m)$ holds the patches of its protocol, 15-to-1 or 8-to-CCZ, and is
fed by $n$ factories of the level below. Two inputs are consumed every $d_m$ cycles, so one attempt of
15-to-1 takes $7.5 d_m$ cycles and one of 8-to-CCZ $4 d_m$, or longer where the feeders are slower.

Footprint and cycles are Litinski's (arXiv:1905.06903, section 4); the footprint is recalled and gives
the published qubits of all six rows that it was held against. The error is derived. An input is
faulty with probability $f$: its own error, storage on its way, the lattice surgery that consumes it
(and, where the level below makes states at random times, one step of $d_m$ cycles of waiting).
A check patch decays with probability $s$, which looks like one more fault of one column. Of the 35
undetected triples of 15-to-1, 16 hold one and 6 hold two of the four columns that a check patch can
imitate; of 8-to-CCZ, 28 pairs and 8 faults beside a decayed check go undetected. Of storage only that
of the output patches shows in first order, with the weights that the density matrix of the one-level
circuit has (`physical.noise`); here they wait 7.5 (or 4) units of $d_m$ and one more to measure the
checks; that one more was chosen to fit the six published two-level rows, of which the result lies
within 11 %, so that these rows are no independent check of it. A failed check repeats
the attempt: its probability in first order, $N f + c s$ with $N$ inputs and $c$ checks (derived; $15 p$
and $8 p$ where inputs alone are faulty), is the `failure` of a level, and the expected number of attempts,
one over its complement, is charged in time.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import sympy

from qres.notation.formula import Condition, Formula
from qres.notation.source import LITINSKI_2019, Source, derived
from qres.notation.symbols import symbols
from qres.physical.base import Code
from qres.physical.record import Machine

_IN, _F, _S, _PX, _PZ, _PM, _N, _LENGTH, _X, _Z, _M = symbols(
    "input_error fault check_error logical_error_x logical_error_z logical_error_m feeders feeder_length"
    " distance_x distance_z distance_m"
)
_DISTANCES = ("distance_x", "distance_z", "distance_m")
_HAS_SIZE = (Condition(sympy.And(_X >= 1, _Z >= 1, _M >= 1), "distances of at least 1"),)
ONE_LEVEL_WAITS, FIFTEEN_WAITS, CCZ_WAITS = 6, sympy.Rational(17, 2), sympy.Integer(5)
"""Units of d_m that patches wait: on level 1, in 15-to-1 and in 8-to-CCZ above it."""
INPUTS_PER_STEP = 2.0
"""Inputs that a level above the lowest consumes in d_m cycles."""

FAULT = Formula(
    name="factory.concatenated.fault",
    meaning="probability that an input of 15-to-1 above level 1 is faulty, from all causes",
    expression=_IN
    + _PM * ((10 * _M + _N * _LENGTH / 4) / 2 + 3 * _M / 4 + (_X + 4 * _Z) * _X / (4 * _M)),
    inputs=("input_error", "logical_error_m", "feeders", "feeder_length", *_DISTANCES),
    source=derived("first-order sum over the noise of arXiv:1905.06903"),
    kind="fitted",
    letter="f",
    conditions=_HAS_SIZE,
)
CHECK_ERROR = Formula(
    name="factory.concatenated.check_error",
    meaning="probability that a check patch decays in one unit of d_m",
    expression=_X / _Z * _PZ * _M / 2,
    inputs=("logical_error_z", *_DISTANCES),
    source=Source("supplement, storage of a patch", LITINSKI_2019),
    kind="fitted",
    letter="s_1",
    conditions=_HAS_SIZE,
)
_STORED = _PX / 2 * ((sympy.Rational(189, 16) + 24 * _Z / _X) * _M + 3 * _X)
"""Storage error of the output patch of the one-level circuit, which waits 6 times."""

FIFTEEN_ERROR = Formula(
    name="factory.concatenated.output_error",
    meaning="error of a T state that a level of 15-to-1 accepts",
    expression=35 * _F**3
    + 28 * _F**2 * _S
    + 6 * _F * _S**2
    + FIFTEEN_WAITS / ONE_LEVEL_WAITS * _STORED,
    inputs=("fault", "check_error", "logical_error_x", *_DISTANCES),
    source=derived("35 triples, decayed checks, and first-order storage of the output patch"),
    kind="fitted",
    letter=r"\varepsilon_T",
    conditions=_HAS_SIZE,
)
CCZ_ERROR = Formula(
    name="factory.eight-to-ccz.output_error",
    meaning="error of a CCZ state that a level of 8-to-CCZ accepts",
    expression=28 * _F**2 + 8 * _F * _S + 3 * CCZ_WAITS / ONE_LEVEL_WAITS * _STORED,
    inputs=("fault", "check_error", "logical_error_x", *_DISTANCES),
    source=derived("28 pairs, decayed checks, and first-order storage of three output patches"),
    kind="fitted",
    letter=r"\varepsilon_{\mathrm{CCZ}}",
    conditions=_HAS_SIZE,
)


def _area(protocol: sympy.Expr, name: str, meaning: str) -> Formula:
    """Return the sites of one level: patches, corridors of the feeders, and the way between."""
    return Formula(
        name=name,
        meaning=meaning,
        expression=protocol + _N * _LENGTH * _M / 2 + 20 * _M**2 + 2 * _X * _M,
        inputs=("feeders", "feeder_length", *_DISTANCES),
        source=Source("section 4, footprint of two levels", LITINSKI_2019, "recalled"),
        letter="A",
    )


FIFTEEN_SITES = _area(
    (_X + 4 * _Z) * 3 * _X,
    "factory.concatenated.sites",
    "data sites of a level of 15-to-1, feeders apart",
)
CCZ_SITES = _area(
    (3 * _X + _Z) * 3 * _X,
    "factory.eight-to-ccz.sites",
    "data sites of a level of 8-to-CCZ, feeders apart",
)
FORMULAS = (FAULT, CHECK_ERROR, FIFTEEN_ERROR, CCZ_ERROR, FIFTEEN_SITES, CCZ_SITES)


@dataclass(frozen=True)
class Protocol:
    """A distillation protocol: inputs, checks, waits of an attempt, error and sites of a level."""

    name: str
    inputs: int
    checks: int
    waits: float
    error: Formula
    sites: Formula


FIFTEEN_TO_ONE = Protocol("15-to-1", 15, 4, float(FIFTEEN_WAITS), FIFTEEN_ERROR, FIFTEEN_SITES)
EIGHT_TO_CCZ = Protocol("8-to-CCZ", 8, 1, float(CCZ_WAITS), CCZ_ERROR, CCZ_SITES)


@dataclass(frozen=True)
class Feed:
    """What a level makes, arrays over sizes.

    Args:
        error: of one state.
        qubits: physical qubits, all levels below included.
        cycles: expected code cycles per state, repeated attempts included.
        length: of the block in physical sites, along which the next level is reached.
        decay: error per code cycle that a state waits for the next level; 0 where it does not.
        failure: probability that an attempt of the level is thrown away; NaN where nobody states it.
        own: physical qubits of the level alone.
    """

    error: np.ndarray
    qubits: np.ndarray
    cycles: np.ndarray
    length: np.ndarray
    decay: np.ndarray
    failure: np.ndarray
    own: np.ndarray

    def take(self, rows: np.ndarray) -> Feed:
        """Return the chosen rows, in that order."""
        return Feed(*(getattr(self, item.name)[rows] for item in fields(Feed)))

    def put(self, rows: np.ndarray, other: Feed) -> None:
        """Overwrite the chosen rows."""
        for item in fields(Feed):
            getattr(self, item.name)[rows] = getattr(other, item.name)


def fitting_feeders(protocol: Protocol, feed: Feed, m: np.ndarray) -> np.ndarray:
    """Return the fewest feeders with which a level of temporal distance m never waits."""
    return np.ceil(INPUTS_PER_STEP * feed.cycles / m)


def distil_level(
    protocol: Protocol,
    machine: Machine,
    code: Code,
    feed: Feed,
    feeders: np.ndarray,
    distances: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> Feed:
    """Return what one level makes of its feed; error 1 where no attempt succeeds."""
    x, z, m = (np.asarray(axis, dtype=float) for axis in distances)
    error_x, error_z, error_m = (code.logical_error(machine, axis) for axis in (x, z, m))
    place = {"feeders": feeders, "feeder_length": feed.length}
    place |= {"distance_x": x, "distance_z": z, "distance_m": m}
    own = {name: place[name] for name in _DISTANCES}
    taken = feed.error + feed.decay * m
    fault = FAULT(input_error=taken, logical_error_m=error_m, **place)
    check = protocol.waits * CHECK_ERROR(logical_error_z=error_z, **own)
    error = protocol.error(fault=fault, check_error=check, logical_error_x=error_x, **own)
    failure = protocol.inputs * fault + protocol.checks * check
    kept = 1.0 - failure
    steps = protocol.inputs / INPUTS_PER_STEP
    attempt = np.maximum(steps * m, protocol.inputs * feed.cycles / feeders)
    with np.errstate(divide="ignore", invalid="ignore"):
        cycles = np.where(kept > 0.0, attempt / kept, np.inf)
    own_qubits = np.ceil(protocol.sites(**place) * sites_to_qubits(code, x))
    qubits = feeders * feed.qubits + own_qubits
    return Feed(
        error=np.where(kept > 0.0, np.minimum(error, 1.0), 1.0),
        qubits=qubits,
        cycles=cycles,
        length=qubits / (3.0 * x * sites_to_qubits(code, x)),
        decay=np.zeros(len(qubits)),
        failure=np.minimum(failure, 1.0),
        own=own_qubits,
    )


def sites_to_qubits(code: Code, distance: np.ndarray) -> np.ndarray:
    """Return physical qubits per data site: 2 for the rotated surface code."""
    return code.tile_qubits(distance) / (distance * distance)
