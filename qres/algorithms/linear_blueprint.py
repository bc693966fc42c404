r"""The stages and definitions of a linear system that is solved and read out, without a number."""

from __future__ import annotations

from qres.algorithms.base import Choice
from qres.algorithms.encodings.base import Encoding, encoding
from qres.algorithms.readouts.base import Readout, find_readout
from qres.algorithms.readouts.stages import quantum_stages, readout_definitions
from qres.algorithms.record import Stage
from qres.algorithms.solvers.base import solver
from qres.algorithms.solvers.frame import condition_number
from qres.algorithms.system import (
    Definitions,
    System,
    circuit_definitions,
    encoded_matrix,
    precision_definitions,
    prepared_vector,
    rotation_precision,
)
from qres.config.record import Readout as ReadoutSettings
from qres.notation.extremes import compared_by_sign
from qres.notation.formula import define
from qres.notation.named import ceil_log2
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

NAME = "linear-system"


@compared_by_sign()
def blueprint(
    choice: Choice, settings: ReadoutSettings, *, is_known: bool = True
) -> tuple[System, tuple[Stage, ...], Definitions]:
    """Return system, stages and definitions of one choice: the same for every number.

    Args:
        choice: encoding, solver, mode and rule are read.
        settings: of the read-out.
        is_known: whether the norm of the solution is, and with it the probability of a run.
    """
    member = find_readout(settings, choice.rule)
    system = System(
        name=NAME,
        matrix=encoded_matrix(encoding(choice.encoding)),
        source=prepared_vector(),
        solver=solver(choice.solver),
        read_norm=symbol("solution_overlap") * symbol("inverse_norm"),
        has_exact_prob=is_known,
    )
    stages = quantum_stages(system, member, choice.mode) + member.reconstruction
    return system, stages, _definitions(system, encoding(choice.encoding), member, choice)


def _definitions(system: System, chosen: Encoding, member: Readout, choice: Choice) -> Definitions:
    dim = symbol("dim")
    smallest, overlap = symbols("smallest_singular_value solution_overlap")
    source = derived("definition")
    return (
        define(f"{NAME}.index_bits", "qubits of the index", ceil_log2(dim), source),
        define(f"{NAME}.index_width", "qubits of the index", symbol("index_bits"), source),
        *chosen.definitions(NAME),
        define(f"{NAME}.alpha", "normalisation of the matrix", symbol("alpha_matrix"), source),
        define(f"{NAME}.inverse_norm", "norm of the inverse", 1 / smallest, source),
        condition_number(NAME),
        define(f"{NAME}.xi", "norm(A^-1) norm(b) / norm(x)", 1 / overlap, source),
        *precision_definitions(system, member.root(system)),
        *circuit_definitions(system),
        *rotation_precision(system, member.root(system)),
        *readout_definitions(system, member, choice.mode),
    )
