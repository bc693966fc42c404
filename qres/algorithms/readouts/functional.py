r"""Functionals of the solution: an overlap with a known state, for the linear and the loss observable.

A hundredth of the error goes to the angles of the known state (seven bits more each), the rest to the
amplitude.
"""

from __future__ import annotations

from typing import Any

import sympy

from qres.algorithms.readouts.base import Parts, Readout
from qres.algorithms.readouts.estimate import FOURIER
from qres.algorithms.readouts.norm import norm_definitions, norm_part, norm_stage
from qres.algorithms.readouts.observable import (
    FAILURES,
    READ_SHARE,
    ROUNDS,
    estimate_part,
    estimate_unit,
)
from qres.algorithms.readouts.reference import (
    hadamard_test,
    reference_definitions,
    rotations_beside,
)
from qres.algorithms.record import Stage
from qres.algorithms.system import Definitions, System, with_reference
from qres.notation.formula import define
from qres.notation.source import derived
from qres.notation.symbols import symbol


def functional_definitions(system: System, share: Any, levels: Any) -> Definitions:
    """Return split, bits of the reference, and the norm stage of a functional.

    Args:
        system: what is solved.
        share: error of the amplitude's observable, relative to its largest value.
        levels: qubits of the known state.
    """
    name, split = system.name, sympy.sqrt(1 + share) - 1
    source = derived("product of an amplitude and a norm, even split")
    return (
        *norm_definitions(system, split, estimates=1),
        define(f"{name}.eps_observable", "error but for the norm", split, source, kind="proven"),
        *reference_definitions(name, symbol("eps_observable"), levels),
    )


def overlap_stages(system: System, levels: Any, entries: Any = None) -> tuple[Stage, ...]:
    """Return the estimates of the overlap, and of the reference."""
    beside = with_reference(system)
    test = hadamard_test(beside, levels, beside.run(1), entries)
    estimate = Stage(
        name="observable",
        calls=symbol("observable_repeats"),
        unit=estimate_unit(beside, test, bits=(symbol("functional_bits"),)),
        kind="proven",
        source=ROUNDS.source,
        meaning="amplitude estimates of the overlap with the known state",
    )
    return estimate, norm_stage(system, estimates=1)


def overlap_parts(parts: Parts, levels: Any, entries: Any = None) -> list[tuple[Any, Any]]:
    """Return the circuits of both stages."""
    from qres.bloqs.observable import HadamardTest

    known, low = parts.reference(levels, entries)
    test = HadamardTest(parts.run, known, vector_low=low, reference_bitsize=1)
    return [estimate_part(test, parts.values), *norm_part(parts, estimates=1)]


def overlap_readout(levels: str, entries: Any = None, **own: Any) -> Readout:
    """Return the read-out of a functional by its overlap with a known state.

    Args:
        levels: symbol of the qubits that number the entries of the known state.
        entries: expression of how many are to be put in their places, see `reference`.
        own: further fields of `Readout`.
    """
    return Readout(
        modes=("direct",),
        stages=lambda system, mode: overlap_stages(system, symbol(levels), entries),
        parts=lambda parts, mode: overlap_parts(parts, parts.values[levels], entries),
        amplified=lambda mode: 0,
        has_plain=False,
        is_coherent=True,
        controls=1,
        is_referenced=True,
        rotations=rotations_beside,
        shares=(READ_SHARE,),
        failures=FAILURES,
        assumptions=(FOURIER,),
        **own,
    )
