r"""An encoded linear system and one run of its solver: queries, gates, bits, precisions.

Shared by every algorithm whose quantum part is "solve, then read out". Gates of the circuits in qres.bloqs:
with $n_\tau$ index qubits and $q$ of the solver, each use of $U_A$ brings one reflection on
$n_\tau + q$ qubits ($n_\tau + q - 2 + c$ Toffoli) and one rotation; in a controlled run every look-up
and reflection carries the control and every rotation counts twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from qres.algorithms.amplification import ROUNDS
from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings.base import Encoding
from qres.algorithms.record import Unit
from qres.algorithms.solvers.base import Solver
from qres.notation.formula import Condition, Formula, define
from qres.notation.named import ceil_log2, tree, widest
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

Definitions = tuple[tuple[str, Formula], ...]

ROUNDING = 1e-9
NOISE = sympy.Float("1e-12")
"""Rounding of a computed probability: one that is 1 but for this is amplified by no round."""
CONTRADICTION = "kappa_eff >= 1; the normalisation lies below the norm, the numbers contradict"

_CARD = derived("gates and registers of the circuits in qres.bloqs")
_LEVELS, _LIMIT = symbols("index_bits block_limit")
_QA, _QB, _ROUNDS = symbols("matrix_queries state_queries rounds")
_PROB, _XI, _INVERSE = symbols("success_prob xi inverse_norm")
_WIDTH = symbol("index_width")


@dataclass(frozen=True, kw_only=True)
class Part:
    r"""A circuit that the solver uses, as expressions; `controls` is 0 or 1.

    Args:
        toffoli: (controls) to the Toffoli gates of one use.
        rotations: (controls) to the rotations of one use.
        width: (controls) to the qubits of its largest look-up.
        bloq: (values, blocks) to its circuit.
        ancillas: qubits beyond the index, held through a run.
        angle_weight: error of the encoded matrix times $2^b$ when its angles have $b$ bits; of the
            matrix only.
    """

    toffoli: Callable[[int], Any]
    rotations: Callable[[int], Any]
    width: Callable[[int], Any]
    bloq: Callable[[Mapping[str, Any], Blocks], Any]
    ancillas: Any = 0
    angle_weight: Any = 0


@dataclass(frozen=True, kw_only=True)
class System:
    """The linear system that is solved, as expressions.

    Args:
        name: of the algorithm, opens the names of its formulas.
        matrix: the encoded matrix, U_A.
        source: the prepared right-hand side, U_b.
        solver: the linear solver.
    """

    name: str
    matrix: Part
    source: Part
    solver: Solver

    def matrix_toffoli(self, controls: int) -> Any:
        """Toffoli gates of one use of U_A; the plain price is a symbol, so it can be varied."""
        change = self.matrix.toffoli(controls) - self.matrix.toffoli(0) if controls else 0
        return symbol("query_toffoli") + change

    def reflection(self, controls: int) -> Any:
        """Toffoli gates of one reflection about zero on the index and the solver's qubits."""
        return _WIDTH + self.solver.qubits - 2 + controls

    def run(self, controls: int) -> Unit:
        """Price of one solver run without restarts."""
        per_query = self.matrix_toffoli(controls) + self.reflection(controls)
        rotations = self.matrix.rotations(controls) + 1 + controls
        return Unit(
            toffoli=_QA * per_query + _QB * self.source.toffoli(controls),
            rotations=_QA * rotations + _QB * self.source.rotations(controls),
            qubits=self.qubits(controls),
        )

    def qubits(self, controls: int) -> Any:
        """Qubits alive: registers, ancillas, phase gradient, and the largest look-up."""
        matrix_bits, rhs_bits = symbols("matrix_bits rhs_bits")
        alive = sympy.Max(self.matrix.width(controls), self.source.width(controls))
        return symbol("held_qubits") + sympy.Max(matrix_bits, rhs_bits) + alive + controls


def encoded_matrix(encoding: Encoding) -> Part:
    """Return a tabulated matrix as it is."""
    return Part(
        toffoli=encoding.toffoli,
        rotations=lambda controls: 0,
        width=encoding.width,
        bloq=encoding.bloq,
        ancillas=encoding.ancillas,
        angle_weight=encoding.angle_error * symbol("alpha_matrix"),
    )


def prepared_vector() -> Part:
    """Return a tabulated vector as it is, one tree of loaded rotations."""
    return Part(
        toffoli=lambda controls: tree(1, _LEVELS, symbol("rhs_bits"), controls, _LIMIT),
        rotations=lambda controls: 0,
        width=vector_width,
        bloq=lambda values, blocks: blocks.tree("rhs", 1, values, values["rhs_bits"]),
    )


def vector_width(controls: int) -> Any:
    """Qubits of the largest look-up of a tabulated vector; none for a single entry."""
    table = widest(2 ** sympy.Max(_LEVELS - 1, 0), symbol("rhs_bits"), controls, _LIMIT)
    return sympy.Min(1, _LEVELS) * table


def circuit_definitions(system: System) -> Definitions:
    """Return bits, gate prices, queries of a run, and the rounds of its amplification."""
    name, solver = system.name, system.solver
    eps_matrix, eps_rhs, eps_solver = symbols("eps_matrix eps_rhs eps_solver")
    given = {symbol("epsilon"): eps_solver}
    joint = sympy.Min(1, _PROB * symbol("flag_prob") * (1 + NOISE))
    amplified = ROUNDS.at(success_prob=joint)
    held = _WIDTH + system.matrix.ancillas + solver.qubits
    return (
        define(
            f"{name}.matrix_bits",
            "bits of a matrix angle",
            sympy.Max(1, ceil_log2(system.matrix.angle_weight / eps_matrix)),
            _CARD,
        ),
        define(
            f"{name}.rhs_bits",
            "bits of a right-hand-side angle",
            sympy.Max(1, ceil_log2(2 * sympy.pi * sympy.Max(_LEVELS, 1) / eps_rhs)),
            _CARD,
        ),
        define(
            f"{name}.query_toffoli",
            "Toffoli gates of one use of the encoded matrix",
            system.matrix.toffoli(0),
            _CARD,
        ),
        define(f"{name}.held_qubits", "qubits held through a whole run", held, _CARD),
        define(
            f"{name}.matrix_queries",
            "uses of U_A in one run without restarts",
            sympy.ceiling(solver.run_queries.subs(given)),
            solver.matrix_queries.source,
            kind=solver.kind,
            bound=solver.matrix_queries.bound,
            conditions=(Condition(sympy.Ge(symbol("kappa_eff"), 1 - ROUNDING), CONTRADICTION),),
        ),
        define(
            f"{name}.state_queries",
            "uses of U_b in one run",
            solver.state_ratio * _QA,
            solver.state_queries.source,
            kind=solver.kind,
            bound=solver.state_queries.bound,
        ),
        define(
            f"{name}.flag_prob",
            "probability that one run flags success",
            sympy.sympify(solver.flag_prob).subs(given),
            solver.matrix_queries.source,
            kind=solver.flag_kind,
        ),
        define(
            f"{name}.rounds",
            "amplification rounds of the joint event: flag and wanted block",
            amplified,
            ROUNDS.source,
            kind="proven",
        ),
        define(
            f"{name}.invocations",
            "solver runs in one amplified state",
            2 * _ROUNDS + 1,
            ROUNDS.source,
            kind="proven",
        ),
    )


def precision_definitions(name: str, *, has_readout: bool) -> Definitions:
    r"""Return the precisions that the shares of the error budget become.

    With $c = 2/\sqrt{P}$: a state error of $\epsilon$ moves the wanted, normalised block by at most
    $c\,\epsilon$; an error $\epsilon_L$ of the matrix by $4 c \lVert L^{-1}\rVert \epsilon_L$, one of
    the right-hand side by $2 c\,\xi\,\epsilon_b$. Encoding splits its share over the last two.
    """
    root = sympy.sqrt(_PROB)
    encoding, solver, rotation = symbols("share_encoding share_solver share_rotation")
    readout = symbol("share_readout")
    state = (
        ("eps_solver", "error of the solver's state", solver * root / 2),
        ("eps_rotation", "synthesis error of one solver run", rotation * root / 2),
        ("eps_matrix", "absolute error of the matrix", encoding * root / (16 * _INVERSE)),
        ("eps_rhs", "error of the right-hand side", encoding * root / (8 * _XI)),
    )
    read = (
        ("eps_tomography", "error of the direction", sympy.sqrt(1 + readout) - 1),
        ("eps_norm", "error of each probability", sympy.sqrt(1 + readout) - 1),
    )
    source = derived("perturbation of the normalised block, even split")
    return tuple(
        define(f"{name}.{target}", meaning, expression, source, kind="proven")
        for target, meaning, expression in state + (read if has_readout else ())
    )
