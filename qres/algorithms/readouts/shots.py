r"""Logical faults per shot: a sample that a fault has spoilt is one sample, not the run.

A fault in a shot with probability $p$ leaves the others untouched, so the frequencies are those of a
distribution $q$ with total-variation distance at most $p$ from the right one, and the amplitudes
$\sqrt q$ are off by at most $\sqrt{2p}$ in $l_2$ norm:
$\sum(\sqrt{\pi_i} - \sqrt{q_i})^2 \le \sum|\pi_i - q_i| \le 2p$. Plain states and sign circuits
are each allowed half of `part` of the error of the direction, $\sqrt{2p} = \epsilon/2$.

Faults come evenly over the gates. With $G_c, G_\pm, G_n$ gates in plain states, sign circuits and
norm, $N = (G_c + G_\pm + G_n)\,/\,((G_c + G_\pm)/(c\,p) + G_n/\delta_r)$ expected faults in all
leave at most $p$ on average in each of the $c$ shots of either family and at most $\delta_r$ in the
norm. $N$ may exceed 1: it is what the machine's faults must not exceed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy

from qres.algorithms.record import Stage, Unit
from qres.algorithms.system import Definitions, System
from qres.notation.formula import define
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

SHOT_PART = sympy.Rational(1, 32)
"""Part of the error of the direction that goes to spoilt shots: 6 % more samples."""

_SOURCE = derived("amplitudes of two distributions, total-variation distance p")


def shot_definitions(
    system: System,
    epsilon: Any,
    plain: Iterable[Stage],
    signs: Iterable[Stage],
    norm: Iterable[Stage],
) -> Definitions:
    """Return what one shot may fail with, and the faults that the whole run may have.

    Args:
        system: what is solved.
        epsilon: error of the direction that spoilt shots may make.
        plain: stages of the plain states.
        signs: stages of the sign circuits.
        norm: stages of the norm.
    """
    name = system.name
    plain_gates, sign_gates, norm_gates = symbols("plain_magic sign_magic norm_magic")
    shots = symbol("copies") * symbol("fail_shot")
    whole = plain_gates + sign_gates + norm_gates
    load = (plain_gates + sign_gates) / shots + norm_gates * system.segments / symbol("fail_run")
    counted = (("plain_magic", plain), ("sign_magic", signs), ("norm_magic", norm))
    return (
        define(
            f"{name}.fail_shot",
            "probability of a logical fault in one shot",
            (epsilon / 2) ** 2 / 2,
            _SOURCE,
            kind="proven",
        ),
        *(
            define(
                f"{name}.{target}",
                "Toffoli and T gates, synthesis included",
                _gates(stages),
                derived("sum over the stages"),
            )
            for target, stages in counted
        ),
        define(
            f"{name}.fail_logical",
            "expected logical faults of the whole run; may exceed 1",
            system.segments * whole / load,
            derived("faults come evenly over the gates"),
            kind="proven",
        ),
    )


def _gates(stages: Iterable[Stage]) -> Any:
    units = [(stage.calls, stage.unit) for stage in stages]
    return sympy.Add(
        *(
            calls * (unit.toffoli + symbol("synthesis_t") * unit.rotations)
            for calls, unit in units
            if isinstance(unit, Unit)
        )
    )
