r"""An encoded linear system and one run of its solver: queries, gates, bits, precisions.

Shared by every algorithm whose quantum part is "solve, then read out". Gates of the circuits in qres.bloqs:
with $n_\tau$ index qubits, each use of $U_A$ brings one reflection on $n_\tau + 4$ qubits
($n_\tau + 2 + c$ Toffoli) and one rotation; in a controlled run every look-up and reflection carries
the control and every rotation counts twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy

from qres.algorithms.amplification import ROUNDS
from qres.algorithms.encodings.base import Encoding
from qres.algorithms.record import Unit
from qres.algorithms.solvers.base import Solver
from qres.notation.formula import Condition, Formula, define
from qres.notation.named import ceil_log2, tree, uniform_toffoli, widest
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
class System:
    """The linear system that is solved, as expressions.

    Args:
        name: of the algorithm, opens the names of its formulas.
        encoding: of the tabulated matrix.
        solver: the linear solver.
        scale: factor between the tabulated matrix and the system, `learning_rate` or 1.
        history_rotations: rotations of the linear combination per use of U_A.
        history_toffoli: Toffoli gates of the time shift per use of U_A.
        uniform_states: size of the uniform superposition in U_b, None for none.
        extra_ancillas: of the linear combination and its flag.
    """

    name: str
    encoding: Encoding
    solver: Solver
    scale: Any
    history_rotations: int = 0
    history_toffoli: Any = 0
    uniform_states: Any = None
    extra_ancillas: int = 0

    def matrix_toffoli(self, controls: int) -> Any:
        """Toffoli gates of one use of U_A; the plain price is a symbol, so it can be varied."""
        change = self.encoding.toffoli(controls) - self.encoding.toffoli(0) if controls else 0
        return symbol("query_toffoli") + change

    def rhs_toffoli(self, controls: int) -> Any:
        """Toffoli gates of one use of U_b."""
        prepared = tree(1, _LEVELS, symbol("rhs_bits"), controls, _LIMIT)
        if self.uniform_states is None:
            return prepared
        return prepared + uniform_toffoli(self.uniform_states)

    def rhs_rotations(self, controls: int) -> Any:
        """Rotations of one use of U_b: two where the superposition is no power of two."""
        if self.uniform_states is None:
            return 0
        needed = sympy.Min(1, uniform_toffoli(self.uniform_states))
        return 2 * (1 + controls) * needed

    def run(self, controls: int) -> Unit:
        """Price of one solver run without restarts."""
        per_query = self.matrix_toffoli(controls) + reflection(controls)
        rotations = (1 + controls) * (self.history_rotations + 1)
        return Unit(
            toffoli=_QA * per_query + _QB * self.rhs_toffoli(controls),
            rotations=_QA * rotations + _QB * self.rhs_rotations(controls),
            qubits=self.qubits(controls),
        )

    def qubits(self, controls: int) -> Any:
        """Qubits alive: registers, ancillas, phase gradient, and the largest look-up."""
        matrix_bits, rhs_bits = symbols("matrix_bits rhs_bits")
        table = widest(2 ** sympy.Max(_LEVELS - 1, 0), rhs_bits, controls, _LIMIT)
        alive = sympy.Max(self.encoding.width(controls), sympy.Min(1, _LEVELS) * table)
        return symbol("held_qubits") + sympy.Max(matrix_bits, rhs_bits) + alive + controls


def reflection(controls: int) -> Any:
    """Toffoli gates of one reflection about zero on the index and four more qubits."""
    return _WIDTH + 2 + controls


def circuit_definitions(system: System) -> Definitions:
    """Return bits, gate prices, queries of a run, and the rounds of its amplification."""
    name, solver = system.name, system.solver
    eps_matrix, eps_rhs, eps_solver = symbols("eps_matrix eps_rhs eps_solver")
    factor = system.encoding.angle_error * system.scale * symbol("alpha_matrix")
    given = {symbol("epsilon"): eps_solver}
    joint = sympy.Min(1, _PROB * symbol("flag_prob") * (1 + NOISE))
    amplified = ROUNDS.at(success_prob=joint)
    held = _WIDTH + system.extra_ancillas + system.encoding.ancillas + solver.qubits
    return (
        define(
            f"{name}.matrix_bits",
            "bits of a matrix angle",
            sympy.Max(1, ceil_log2(factor / eps_matrix)),
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
            system.encoding.toffoli(0) + system.history_toffoli,
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
