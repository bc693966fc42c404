r"""An encoded linear system and one run of its solver: queries, gates, bits, precisions.

Shared by every algorithm whose quantum part is "solve, then read out". Gates of the circuits in
qres.bloqs: what a run asks beside its uses of $U_A$ and $U_b$, and which of them carry a control, is
the solver's own (`qres.algorithms.solvers.base.RunGates`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy

from qres.algorithms.access.width import angle_width
from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings.base import Encoding
from qres.algorithms.record import Unit
from qres.algorithms.solvers.base import Solver
from qres.algorithms.solvers.frame import as_encoded, encoded_condition_number
from qres.notation.formula import Formula, define
from qres.notation.named import ceil_log2, tree, widest
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

Definitions = tuple[tuple[str, Formula], ...]

NOISE = sympy.Float("1e-12")
"""Rounding of a computed probability: one that is 1 but for this is amplified by no round."""

LARGEST_EPS = sympy.Rational(1, 4)
"""A state is never asked to be worse than this, whatever the budget leaves: solvers end at 1."""

_CARD = derived("gates and registers of the circuits in qres.bloqs")
_LEVELS, _LIMIT = symbols("index_bits block_limit")
_QA, _QB = symbols("matrix_queries state_queries")
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
        angle_weight: error of what it encodes times $2^b$ when its angles have $b$ bits; of a
            vector relative to its norm.
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
        read_norm: norm of the vector that is read, in the units of an observable.
        idle_rows: equal rows that hold the vector beyond the first, None without a time register.
        has_exact_prob: whether the probability of the wanted block is known, not only bounded.
        segments: how often the system is solved and read out, one after the other.
        stretch: how many times the error of each of them counts in the result.
        readout_stretch: the same for read-outs.
        is_lifted: whether a block index tells the powers of the vector.
        branch_bits: 1 where a qubit tells the weights from their velocities.
        is_referenced: whether it has a reference beside it, see `with_reference`.
    """

    name: str
    matrix: Part
    source: Part
    solver: Solver
    read_norm: Any = 1
    idle_rows: Any = None
    has_exact_prob: bool = True
    segments: Any = 1
    stretch: Any = 1
    readout_stretch: Any = 1
    is_lifted: bool = False
    branch_bits: int = 0
    is_referenced: bool = False

    @property
    def width(self) -> Any:
        """Qubits of the index, that of the reference included."""
        return _WIDTH + int(self.is_referenced)

    @property
    def part_bits(self) -> Any:
        """Qubits that are zero in what is read: the block index and the branch."""
        blocks = ceil_log2(symbol("truncation_order")) if self.is_lifted else 0
        return blocks + self.branch_bits

    @property
    def is_exact(self) -> bool:
        """Whether a run is amplified exactly: its probability is known."""
        return self.has_exact_prob and self.solver.flag_kind == "proven"

    @property
    def query_rotations(self) -> Any:
        """Rotations of one use of U_A in a run."""
        return self.matrix.rotations(self.solver.gates.matrix_controls)

    @property
    def query_toffoli(self) -> Any:
        """Toffoli gates of one use of U_A in a run."""
        if self.is_referenced:
            return self.matrix.toffoli(self.solver.gates.matrix_controls)
        return symbol("query_toffoli")

    @property
    def held(self) -> Any:
        """Qubits held through a whole run; a reference has one in the index and an ancilla."""
        return symbol("held_qubits") + 2 * int(self.is_referenced)

    @property
    def flags(self) -> Any:
        """Qubits that are zero where a run has succeeded."""
        return self.matrix.ancillas + self.solver.qubits

    @property
    def row_bits(self) -> Any:
        """Qubits that tell the wanted rows: time, block index, branch."""
        return 0 if self.idle_rows is None else symbol("time_bits") + self.part_bits

    def reflection(self, controls: int) -> Any:
        """Toffoli gates of one reflection about the start: all registers of a run."""
        return self.width + self.flags - 2 + controls

    def sign(self, controls: int) -> Any:
        """Toffoli gates of the sign of what is wanted, told from the reference where there is one."""
        return self.flags + self.row_bits + int(self.is_referenced) - 2 + controls

    def run(self, controls: int) -> Unit:
        """Price of one solver run without restarts; some of its parts carry the control."""
        gates, matrix, source = self.solver.gates, self.matrix, self.source
        toffoli = _QA * self.query_toffoli + _QB * source.toffoli(0)
        rotations = _QA * self.query_rotations + _QB * source.rotations(0)
        if controls:
            matrices, states = gates.controlled_matrices, gates.controlled_states
            toffoli += matrices * (matrix.toffoli(1) - matrix.toffoli(0))
            toffoli += states * (source.toffoli(1) - source.toffoli(0))
            rotations += matrices * (matrix.rotations(1) - matrix.rotations(0))
            rotations += states * (source.rotations(1) - source.rotations(0))
        return Unit(
            toffoli=toffoli + gates.toffoli(self.width, matrix.ancillas, controls),
            rotations=rotations + gates.rotations(controls),
            qubits=self.qubits(controls),
            active=self.active(controls),
        )

    def qubits(self, controls: int) -> Any:
        """Qubits alive: registers and gradient, and the largest look-up or the longest ladder."""
        widths = self._matrix_width(controls), self.source.width(controls)
        return self.registers() + sympy.Max(*widths, self.ladder(controls)) + controls

    def registers(self, *bits: Any) -> Any:
        """Qubits held through a run, the phase gradient included; `bits` of further angles."""
        gradient = sympy.Max(*symbols("matrix_bits rhs_bits"), *bits)
        return self.held + gradient

    def ladder(self, controls: int) -> Any:
        """Qubits beside the registers while a phase about the start is joined."""
        return self.held - 1 + controls

    def marking(self, controls: int) -> Any:
        """Qubits beside the registers while the sign of what is wanted is made: ladder and carries."""
        return self.sign(controls) + int(self.idle_rows is not None)

    def _matrix_width(self, controls: int) -> Any:
        return self.matrix.width(max(controls, self.solver.gates.matrix_controls))

    def active(self, controls: int, *tables: Any, bits: tuple[Any, ...] = ()) -> Any:
        r"""Qubits at work at the busiest moment; registers beyond them are held and idle.

        That is the largest of: a look-up with its address; an addition of $b$ bits into the phase
        gradient with its carries, $3b$; a reflection about zero of all $q$ registers of a run with its
        ladder, $2q$. Junk of a look-up is written by every step of it and measured as soon as it is
        loaded, so it is never idle.

        Args:
            controls: 0 or 1.
            tables: widths of further look-ups.
            bits: of further angles.
        """
        widths = (self._matrix_width(controls), self.source.width(controls), *tables)
        reflected = 2 * (self.width + self.flags)
        added = 3 * sympy.Max(*symbols("matrix_bits rhs_bits"), *bits)
        return sympy.Max(*(with_address(width) for width in widths), added, reflected) + controls


def with_address(width: Any) -> Any:
    r"""Return the qubits of look-ups with their addresses, $\lceil\log_2 M\rceil$ for $M$ entries."""
    return sympy.sympify(width).replace(
        widest, lambda entries, *rest: widest(entries, *rest) + ceil_log2(sympy.Max(1, entries))
    )


def with_reference(system: System) -> System:
    r"""Return the system with a reference beside it, $A \oplus \sigma I$ and $b \oplus b_{\mathrm{ref}}$.

    From the circuits of `qres.bloqs.reference_row`: U_A gets a control, joined with an outer one by
    one gate, and two rotations of a further ancilla; U_b one rotation. With
    $\sigma = 1/\lVert A^{-1}\rVert$ the condition number is what it was.
    """
    matrix, source = system.matrix, system.source

    beside = replace(
        matrix,
        toffoli=lambda controls: matrix.toffoli(1) + controls,
        rotations=lambda controls: matrix.rotations(1) + 2,
        width=lambda controls: matrix.width(1) + controls,
        ancillas=matrix.ancillas + 1,
    )
    told = replace(source, rotations=lambda controls: source.rotations(controls) + 1 + controls)
    return replace(system, matrix=beside, source=told, is_referenced=True)


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
        angle_weight=2 * sympy.pi * sympy.Max(_LEVELS, 1),
    )


def vector_width(controls: int) -> Any:
    """Qubits of the largest look-up of a tabulated vector; none for a single entry."""
    table = angle_width(2 ** sympy.Max(_LEVELS - 1, 0), symbol("rhs_bits"), controls, _LIMIT)
    return sympy.Min(1, _LEVELS) * table


def circuit_definitions(system: System) -> Definitions:
    """Return bits, gate prices, and queries of a run."""
    name, solver = system.name, system.solver
    eps_matrix, eps_rhs = symbols("eps_matrix eps_rhs")
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
            sympy.Max(1, ceil_log2(system.source.angle_weight / eps_rhs)),
            _CARD,
        ),
        define(
            f"{name}.query_toffoli",
            "Toffoli gates of one use of the encoded matrix",
            system.matrix.toffoli(solver.gates.matrix_controls),
            _CARD,
        ),
        encoded_condition_number(name),
        *_arguments(name, solver),
        define(f"{name}.held_qubits", "qubits held through a whole run", held, _CARD),
        define(
            f"{name}.matrix_queries",
            "uses of U_A in one run without restarts",
            sympy.ceiling(as_encoded(solver.run_queries)),
            solver.run_source or solver.matrix_queries.source,
            kind=solver.kind,
            bound=solver.matrix_queries.bound,
        ),
        define(
            f"{name}.state_queries",
            "uses of U_b in one run",
            solver.state_queries_of(_QA),
            solver.state_queries.source,
            kind=solver.kind,
            bound=solver.state_queries.bound,
        ),
        define(
            f"{name}.flag_prob",
            "probability that one run flags success",
            as_encoded(solver.flag_prob),
            solver.flag_source or solver.matrix_queries.source,
            kind=solver.flag_kind,
        ),
    )


def _arguments(name: str, solver: Solver) -> Definitions:
    """Return the whole numbers that the circuit of a run is built from."""
    source = solver.run_source or solver.matrix_queries.source
    return tuple(
        define(
            f"{name}.{item}",
            meaning,
            as_encoded(expression),
            source,
            kind=solver.kind,
            bound=solver.matrix_queries.bound,
        )
        for item, meaning, expression in solver.gates.arguments
    )


def precision_definitions(system: System, root: Any = None) -> Definitions:
    r"""Return the precisions that the shares of the error budget become.

    With $c = 2/\sqrt{P}$: a state error of $\epsilon$ moves the wanted, normalised block by at most
    $c\,\epsilon$; an error $\epsilon_L$ of the matrix by $4 c \lVert L^{-1}\rVert \epsilon_L$, one of
    the right-hand side by $2 c\,\xi\,\epsilon_b$. Encoding splits its share over the last two. That is
    the direction; a read-out of the norm as well has its own root.

    Args:
        system: what is solved.
        root: what the read-out has in place of $\sqrt P$, see `readouts.base`.
    """
    name, root = system.name, _root(system, root)
    encoding, solver = symbols("share_encoding share_solver")
    state = (
        ("eps_solver", "error of the solver's state", sympy.Min(LARGEST_EPS, solver * root / 2)),
        ("eps_matrix", "absolute error of the matrix", encoding * root / (16 * _INVERSE)),
        ("eps_rhs", "error of the right-hand side", encoding * root / (8 * _XI)),
    )
    source = derived("perturbation of the normalised block, even split")
    return tuple(
        define(f"{name}.{target}", meaning, expression, source, kind="proven")
        for target, meaning, expression in state
    )


def rotation_precision(system: System, root: Any = None) -> Definitions:
    r"""Return the synthesis error of one run.

    A rotation that is off acts on the whole run, of which the flag keeps a part of norm $\sqrt{p}$:
    an error $e$ of the run moves the wanted, normalised block by at most $2e/\sqrt{P p}$.

    Args:
        system: what is solved.
        root: as for `precision_definitions`.
    """
    share, flag = symbols("share_rotation flag_prob")
    kept = _root(system, root) * sympy.sqrt(flag)
    return (
        define(
            f"{system.name}.eps_rotation",
            "synthesis error of one run",
            sympy.Min(LARGEST_EPS, share * kept / 2),
            derived("perturbation of the flagged and normalised block, even split"),
            kind="proven",
        ),
    )


def _root(system: System, root: Any) -> Any:
    return (sympy.sqrt(_PROB) if root is None else root) / system.stretch
