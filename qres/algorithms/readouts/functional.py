r"""Functionals of the solution: an overlap with a known state, for the linear and the loss observable.

A hundredth of the error goes to the angles of the known state (seven bits more each), the rest to the
amplitude.
"""

from __future__ import annotations

from typing import Any

import sympy

from qres.algorithms.readouts.base import Parts, Readout
from qres.algorithms.readouts.norm import FOURIER, norm_definitions, norm_part, norm_stage
from qres.algorithms.readouts.observable import (
    FAILURES,
    READ_SHARE,
    ROUNDS,
    circuit_arguments,
    estimate_unit,
)
from qres.algorithms.readouts.reference import (
    reference_rotations,
    reference_toffoli,
    reference_width,
)
from qres.algorithms.record import Stage, Unit
from qres.algorithms.system import Definitions, System
from qres.notation.formula import define
from qres.notation.named import ceil_log2
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

REFERENCE_PART = sympy.Rational(1, 100)


def functional_definitions(system: System, share: Any, levels: Any) -> Definitions:
    """Return split, bits of the reference, and the norm stage of a functional.

    Args:
        system: what is solved.
        share: error of the amplitude's observable, relative to its largest value.
        levels: qubits of the known state.
    """
    name, split = system.name, sympy.sqrt(1 + share) - 1
    source = derived("product of an amplitude and a norm, even split")
    bits = ceil_log2(2 * sympy.pi * sympy.Max(levels, 1) / symbol("eps_reference"))
    return (
        *norm_definitions(system, split, estimates=1),
        define(f"{name}.eps_observable", "error but for the norm", split, source, kind="proven"),
        define(
            f"{name}.eps_reference",
            "error of the known state",
            REFERENCE_PART * symbol("eps_observable"),
            derived("a hundredth, so that its angles have seven bits more"),
        ),
        define(
            f"{name}.functional_bits",
            "bits of an angle of the known state",
            sympy.Max(1, bits),
            derived("gates and registers of the circuits in qres.bloqs"),
        ),
    )


def overlap_stages(system: System, levels: Any) -> tuple[Stage, ...]:
    """Return the estimates of the overlap, and of the reference row."""
    run = system.run(1)
    test = Unit(
        toffoli=run.toffoli + reference_toffoli(system, levels, 1),
        rotations=run.rotations + reference_rotations(system, 1),
        qubits=_qubits(system, levels),
    )
    estimate = Stage(
        name="observable",
        calls=symbol("observable_repeats"),
        unit=estimate_unit(system, test),
        kind="proven",
        source=ROUNDS.source,
        meaning="amplitude estimates of the overlap with the known state",
    )
    return estimate, norm_stage(system, estimates=1)


def _qubits(system: System, levels: Any) -> Any:
    """Qubits of a test: as `System.qubits`, the known state beside matrix and right-hand side."""
    bits = symbols("matrix_bits rhs_bits functional_bits")
    tables = (system.matrix.width(1), system.source.width(1), reference_width(levels, 1))
    return symbol("held_qubits") + sympy.Max(*bits) + sympy.Max(*tables) + 1


def overlap_parts(parts: Parts, levels: Any) -> list[tuple[Any, Any]]:
    """Return the circuits of both stages."""
    from qres.bloqs.observable import OverlapEstimation

    reference = parts.reference(levels)
    estimate = OverlapEstimation(parts.run, reference, *circuit_arguments(parts.values))
    return [(estimate, 1), norm_part(parts, estimates=1)]


def overlap_readout(levels: str, **own: Any) -> Readout:
    """Return the read-out of a functional by its overlap with a known state.

    Args:
        levels: symbol of the qubits of the known state.
        own: further fields of `Readout`.
    """
    return Readout(
        modes=("direct",),
        stages=lambda system, mode: overlap_stages(system, symbol(levels)),
        parts=lambda parts, mode: overlap_parts(parts, parts.values[levels]),
        amplified=lambda mode: 0,
        has_plain=False,
        is_coherent=True,
        controls=1,
        rotations=lambda system: reference_rotations(system, 1),
        shares=(READ_SHARE,),
        failures=FAILURES,
        assumptions=(FOURIER,),
        **own,
    )
