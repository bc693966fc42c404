"""The stages and definitions of a descent by one lift: formulas, without a plan or a number."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import sympy

from qres.algorithms.gradients import tabulation
from qres.algorithms.readouts.base import Mode, Rule, find_readout
from qres.algorithms.readouts.stages import quantum_stages, readout_definitions
from qres.algorithms.record import Stage
from qres.algorithms.rules.equations import Equations
from qres.algorithms.solvers.base import solver
from qres.algorithms.system import (
    Definitions,
    System,
    circuit_definitions,
    precision_definitions,
    rotation_precision,
)
from qres.config.record import Readout as ReadoutSettings
from qres.notation.extremes import compared_by_sign
from qres.notation.formula import define
from qres.notation.named import ceil_log2
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

NAME = "carleman-gd"


@cache
@compared_by_sign()
def blueprint(
    encoding_name: str,
    solver_name: str,
    settings: ReadoutSettings,
    failure_rule: Rule,
    mode: Mode,
    degree: int,
    rule: Equations,
    *,
    is_plain: bool,
    is_known: bool,
) -> tuple[System, tuple[Stage, ...], Definitions]:
    """Return system, stages and definitions: the same for every position and every number."""
    matrix, source = rule.parts(encoding_name, degree)
    system = System(
        name=NAME,
        matrix=matrix,
        source=source,
        solver=solver(solver_name),
        read_norm=symbol("update_norm"),
        idle_rows=symbol("padding"),
        has_exact_prob=is_known and rule.has_exact_prob(degree),
        stretch=1 if is_plain else symbol("stretch"),
        readout_stretch=1 if is_plain else symbol("readout_stretch"),
        segments=symbol("segments"),
        is_lifted=degree > 1,
        branch_bits=rule.branch_bits,
    )
    member = find_readout(settings, failure_rule)
    stages = (
        tabulation(encoding_name, degree),
        *quantum_stages(system, member, mode),
        *(
            replace(stage, calls=symbol("segments") * stage.calls)
            for stage in member.reconstruction
        ),
    )
    definitions = (
        *_registers(),
        *rule.definitions(NAME, encoding_name, degree, is_plain=is_plain),
        *precision_definitions(system, member.root(system)),
        *circuit_definitions(system),
        *rotation_precision(system, member.root(system)),
        *readout_definitions(system, member, mode),
    )
    return system, stages, definitions


def _registers() -> Definitions:
    steps, padding, dim = symbols("segment_steps padding dim")
    card = derived("gates and registers of the circuits in qres.bloqs")
    segments = sympy.ceiling(symbol("n_steps") / steps)
    return (
        define(f"{NAME}.segments", "segments of the descent", segments, derived("definition")),
        define(f"{NAME}.dim", "weights that are read out", symbol("n_active"), card),
        define(f"{NAME}.index_bits", "qubits of the weight index", ceil_log2(dim), card),
        define(
            f"{NAME}.time_bits", "qubits of the time index", ceil_log2(steps + padding + 1), card
        ),
    )
