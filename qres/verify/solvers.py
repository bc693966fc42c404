r"""Solver circuits against their claims: solved to the promised error, with the promised gates.

The matrix is an exact unitary completion of $A/\alpha$ and the right-hand side an exact preparation,
so what is proven is the solver alone. Claimed are the error of the state, the probability of the
flag, and the uses of U_A; all gates are counted by formula, by call graph and by decomposition.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import attrs
import numpy as np
import sympy

from qres.algorithms.solvers import qsvt_cks, qsvt_minimax
from qres.algorithms.solvers.base import Solver, solver
from qres.bloqs.chebyshev_filter import chebyshev_phases, gap_stretch
from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.dense_vector import DenseVector
from qres.bloqs.reflection import PhasedReflection, ZeroFlag, ZeroReflection
from qres.errors import InputError, nearest
from qres.logical.circuit import count_bloq
from qres.notation.compiled import compile_exact
from qres.notation.symbols import symbol
from qres.verify.count import MATRICES, ROTATIONS, TOFFOLI, VECTORS, decomposed_counts
from qres.verify.flatten import flatten
from qres.verify.gates import Branch, Gate, Move, Phase
from qres.verify.inversion import cks_polynomial, inversion_phases, minimax_polynomial
from qres.verify.leaves import LEAVES, Places
from qres.verify.peak import counted_qubits
from qres.verify.simulate import run, start
from qres.verify.walk import walk_angles

SIZES = (2, 4, 8, 16)
KAPPAS = (2.0, 5.0, 10.0, 20.0, 50.0)
EPSILON = 0.01


@dataclass(frozen=True, kw_only=True)
class SolverProof:
    r"""One run of a solver on one matrix, claimed and found.

    Args:
        solver: its name.
        rows: of the matrix.
        kappa: condition number.
        epsilon: claimed error of the state, $2\sin(\frac12\arcsin\epsilon)$ at most.
        epsilon_found: distance of the flagged state from the solution.
        flag_prob: least probability of the flag that is claimed.
        flag_found: the one of the simulated run.
        model: uses of U_A by the published formula.
        rounding: uses by which whole numbers of steps may exceed it.
        formula: uses of U_A and of U_b, Toffoli gates and rotations by formula.
        call_graph: the same by call graph.
        circuit: the same by decomposition.
        qubits: claimed by the bloq and found, as in `Proof`.
    """

    solver: str
    rows: int
    kappa: float
    epsilon: float
    epsilon_found: float
    flag_prob: float
    flag_found: float
    model: float
    rounding: float
    formula: tuple[int, ...]
    call_graph: tuple[int, ...]
    circuit: tuple[int, ...]
    qubits: tuple[int, int]

    @property
    def encoding(self) -> str:
        """What was proven, as in the other tables."""
        return self.solver

    @property
    def fidelity(self) -> float:
        r"""Squared overlap of the flagged state with the solution, $(1 - d^2/2)^2$."""
        return (1 - self.epsilon_found**2 / 2) ** 2

    @property
    def is_solved(self) -> bool:
        """Whether error and flag are as claimed."""
        promised = 2 * math.sin(math.asin(self.epsilon) / 2) * (1 + 1e-9)
        flagged = self.flag_found >= self.flag_prob * (1 - 1e-9)
        return self.epsilon_found <= promised and flagged

    @property
    def is_within(self) -> bool:
        """Whether the uses of U_A are within the published model."""
        return self.circuit[0] <= self.model + self.rounding

    @property
    def is_equal(self) -> bool:
        """Whether everything is as claimed, all counts agree and the qubits are enough."""
        counts = {self.formula, self.call_graph, self.circuit}
        claimed, found = self.qubits
        return self.is_solved and self.is_within and len(counts) == 1 and found <= claimed


def random_system(
    rng: np.random.Generator, rows: int, kappa: float
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return a real matrix of norm 1 and this condition number, and a right-hand side of norm 1.

    Singular vectors are uniformly random, singular values uniform between the two ends.

    Raises:
        InputError: a condition number that is not above 1.
    """
    _require_kappa(kappa)
    left, right = (np.linalg.qr(rng.normal(size=(rows, rows)))[0] for _ in range(2))
    values = np.concatenate([[1, 1 / kappa], rng.uniform(1 / kappa, 1, rows - 2)])
    vector = rng.normal(size=rows)
    return left * values @ right.T, vector / np.linalg.norm(vector)


def _require_kappa(kappa: float) -> None:
    if not 1 < kappa < math.inf:
        raise InputError(f"kappa is {kappa}; it must be a finite number above 1")


def provable_solvers(name: str | None = None) -> tuple[str, ...]:
    """Return that solver, or all whose runs can be simulated.

    Raises:
        InputError: there is no circuit to simulate for that name.
    """
    if name is not None and name not in _FILLED:
        raise InputError(f"verify: no circuit to simulate for '{name}'{nearest(name, _FILLED)}")
    return tuple(_FILLED) if name is None else (name,)


def prove_solvers(
    names: Sequence[str],
    *,
    seed: int = 0,
    kappas: Sequence[float] = KAPPAS,
    progress: Callable[[str, int, int], None] | None = None,
) -> Iterator[SolverProof]:
    """Prove these solvers on a random matrix of each size and condition number.

    Args:
        names: of solvers.
        seed: of the matrices.
        kappas: condition numbers.
        progress: called as progress(task, done, total).
    """
    cases = [(name, size, kappa) for size in SIZES for kappa in kappas for name in names]
    for done, (name, size, kappa) in enumerate(cases):
        rng = np.random.default_rng([seed, size, int(100 * kappa)])
        yield prove_solver(name, *random_system(rng, size, kappa), kappa)
        if progress:
            progress("simulating solvers", done + 1, len(cases))


def prove_solver(
    name: str, matrix: np.ndarray, vector: np.ndarray, kappa: float, epsilon: float = EPSILON
) -> SolverProof:
    r"""Build, simulate and count one run.

    Args:
        name: of the solver.
        matrix: $2^n$ rows, norm at most 1, norm of the inverse at most `kappa`.
        vector: right-hand side, of norm 1.
        kappa: $\kappa$.
        epsilon: of the state.

    Raises:
        InputError: no circuit to simulate for that name.
    """
    bloq, numbers = built_run(name, matrix, vector, kappa, epsilon)
    member, solution = solver(name), _solution(matrix, vector)
    found, solution = solved(bloq), solution / np.linalg.norm(solution)
    size = float(np.linalg.norm(found))
    overlap = abs(np.vdot(found, solution)) / size
    is_walk = name.startswith("adiabatic")
    published = float(member.matrix_queries(kappa_eff=kappa, epsilon=epsilon))
    if is_walk:  # at 1/2, and a filter for an evolution off by .8: sqrt(1 - .68^2)/.68 of the rest
        published = 2 * kappa * (1.84 / 0.5 + math.log(2 * 1.0783 / epsilon))
    return SolverProof(
        solver=name,
        rows=len(matrix),
        kappa=kappa,
        epsilon=epsilon,
        epsilon_found=math.sqrt(max(0.0, 2 - 2 * overlap)),
        flag_prob=_LEAST.get(name, 1.0) * numbers["flag_prob"],
        flag_found=size**2,
        model=published,
        rounding=10 if is_walk else 4 + kappa * epsilon,
        formula=_formula(member, numbers, bloq),
        call_graph=_call_graph(bloq),
        circuit=_decomposition(bloq),
        qubits=counted_qubits(bloq),
    )


def built_run(
    name: str, matrix: np.ndarray, vector: np.ndarray, kappa: float, epsilon: float
) -> tuple[Any, dict[str, Any]]:
    """Return one run with its angles, and what the pipeline would put into it and its formulas.

    The arguments are those of `prove_solver`.

    Raises:
        InputError: no circuit to simulate for that name, or a condition number that is not above 1.
    """
    _require_kappa(kappa)
    member = solver(provable_solvers(name)[0])
    norm = float(np.linalg.norm(_solution(matrix, vector)))
    numbers = _numbers(member, kappa, epsilon, kappa / norm)
    return _FILLED[name](_bloq(member, matrix, vector, numbers), kappa, epsilon, norm), numbers


_LEAST = {
    # flags of polynomials hold but for (1 - eps)^2
    "qsvt-minimax": (1 - EPSILON) ** 2,
    "qsvt-cks": (1 - EPSILON) ** 2,
}


def _solution(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    return np.linalg.solve(matrix, vector)


def _numbers(member: Solver, kappa: float, epsilon: float, xi: float) -> dict[str, Any]:
    """Return what the pipeline would put into the circuit and its formulas."""
    inputs = tuple(symbol(name) for name in ("kappa_eff", "epsilon", "xi"))

    def number(expression: Any) -> Any:
        return compile_exact(inputs, sympy.sympify(expression))(kappa, epsilon, xi)

    found = {name: int(number(expression)) for name, _, expression in member.gates.arguments}
    uses = math.ceil(number(member.run_queries))
    states = member.states_per_query * uses + member.states_per_run
    found |= {"matrix_queries": uses, "state_queries": states}
    return found | {"flag_prob": float(number(member.flag_prob))}


def _bloq(
    member: Solver, matrix: np.ndarray, vector: np.ndarray, numbers: Mapping[str, Any]
) -> Any:
    rows = tuple(tuple(float(entry) for entry in row) for row in matrix)
    block = DenseBlock(rows=rows, alpha=1.0, epsilon=0.0)
    source = DenseVector(tuple(float(entry) for entry in vector))
    assert member.gates.bloq is not None
    return member.gates.bloq(block, source, block.system_bitsize, numbers)


def _shortcut(bloq: Any, kappa: float, epsilon: float, norm: float) -> Any:
    count = 2**bloq.guess_bitsize
    norms = tuple(kappa ** ((place + 0.5) / count) for place in range(count))
    phases = chebyshev_phases(bloq.length, gap_stretch(1 / kappa))
    return attrs.evolve(bloq, norms=norms, phases=phases)


def _known_norm(bloq: Any, kappa: float, epsilon: float, norm: float) -> Any:
    return attrs.evolve(_shortcut(bloq, kappa, epsilon, norm), norms=(norm,))


def _adiabatic(bloq: Any, kappa: float, epsilon: float, norm: float) -> Any:
    phases = chebyshev_phases(bloq.filter_length, gap_stretch(1 / kappa))
    angles = walk_angles(bloq.walk_steps, kappa, is_published=bloq.is_published)
    return attrs.evolve(bloq, angles=angles, phases=phases)


def _minimax(bloq: Any, kappa: float, epsilon: float, norm: float) -> Any:
    return attrs.evolve(bloq, phases=_minimax_phases(kappa, epsilon, (bloq.degree + 1) // 2))


def _cks(bloq: Any, kappa: float, epsilon: float, norm: float) -> Any:
    return attrs.evolve(bloq, phases=_cks_phases(kappa, epsilon, (bloq.degree + 1) // 2))


@cache
def _minimax_phases(kappa: float, epsilon: float, terms: int) -> tuple[float, ...]:
    scale = qsvt_minimax.FORMULAS[1](kappa_eff=kappa, epsilon=epsilon)
    return inversion_phases(minimax_polynomial(kappa, terms) / (scale * kappa))


@cache
def _cks_phases(kappa: float, epsilon: float, terms: int) -> tuple[float, ...]:
    exponent = max(1, math.ceil(kappa**2 * math.log(kappa / epsilon)))
    scale = qsvt_cks.FORMULAS[1](kappa_eff=kappa, epsilon=epsilon)
    return inversion_phases(cks_polynomial(exponent, terms) / (scale * kappa))


def solved(bloq: Any) -> np.ndarray:
    """Return the flagged part of a run's state, by the index.

    Args:
        bloq: a run with its angles, without a control.

    Raises:
        RuntimeError: an ancilla is not zero where it ends.
    """
    program = flatten(bloq, leaves=_LEAVES | _dense_leaves())
    state = run(start(program, {"index": np.array([0])}), program.gates)
    place = (program.registers["index"],)
    row = state.read(place)
    is_flagged = state.written(place, np.zeros_like(row)) == 0
    found = np.zeros(2 ** place[0][1], dtype=complex)
    found[row[is_flagged]] = state.amplitude[is_flagged]
    return found


def _formula(member: Solver, numbers: Mapping[str, Any], bloq: Any) -> tuple[int, ...]:
    gates, known = member.gates, {symbol(name): value for name, value in numbers.items()}
    width, ancillas = bloq.index_bitsize, bloq.ancilla_bitsize
    prices = (gates.toffoli(width, ancillas, 0), gates.rotations(0))
    return (
        numbers["matrix_queries"],
        numbers["state_queries"],
        *(int(sympy.sympify(price).xreplace(known)) for price in prices),
    )


def _call_graph(bloq: Any) -> tuple[int, ...]:
    uses, states = 0, 0
    for part, count in bloq.call_graph(max_depth=1)[1].items():
        uses += count * isinstance(part, DenseBlock)
        states += count * isinstance(part, DenseVector)
    toffoli, _, rotations, *_ = count_bloq(bloq)
    return int(uses), int(states), toffoli, rotations


def _decomposition(bloq: Any) -> tuple[int, ...]:
    found = decomposed_counts(bloq)
    return found[MATRICES], found[VECTORS], found[TOFFOLI], found[ROTATIONS]


def _vector(bloq: DenseVector, places: Places) -> Gate:
    return Branch(places["target"], bloq.unitary(), places.get("ctrl", ()))


def _dense_leaves() -> dict[type, Callable[[Any, Places], Gate]]:
    """Dense matrices, each computed once: a run uses the same one thousands of times."""
    known: dict[tuple[int, bool], np.ndarray] = {}

    def leaf(data: str, *names: str) -> Callable[[Any, Places], Gate]:
        def gate(bloq: Any, places: Places) -> Gate:
            key = (id(getattr(bloq, data)), bloq.is_adjoint)
            if key not in known:
                known[key] = bloq.unitary()
            slot = tuple(piece for name in names for piece in places.get(name, ()))
            return Branch(slot, known[key], places.get("ctrl", ()))

        return gate

    return {
        DenseBlock: leaf("rows", "ancilla", "system"),
        DenseVector: leaf("entries", "target"),
    }


def _about_zero(bloq: Any, places: Places) -> tuple[Any, Callable[[Sequence[Any]], Any]]:
    slots = (places["target"], *((places["ctrl"],) if bloq.num_controls else ()))
    return slots, lambda v: (v[0] == 0) & (v[1] == 1 if bloq.num_controls else True)


def _reflection(bloq: ZeroReflection, places: Places) -> Gate:
    slots, is_zero = _about_zero(bloq, places)
    return Phase(slots, lambda v: np.where(is_zero(v), -1, 1))


def _phased(bloq: PhasedReflection, places: Places) -> Gate:
    slots, is_zero = _about_zero(bloq, places)
    half = (bloq.angle or 0.0) * (-0.5j if bloq.is_adjoint else 0.5j)
    return Phase(slots, lambda v: np.exp(np.where(is_zero(v), half, -half)))


def _flag(bloq: ZeroFlag, places: Places) -> Gate:
    slots, is_zero = _about_zero(bloq, places)
    return Move((*slots, places["flag"]), lambda v: [*v[:-1], v[-1] ^ is_zero(v)])


_LEAVES = LEAVES | {
    DenseVector: _vector,
    ZeroReflection: _reflection,
    PhasedReflection: _phased,
    ZeroFlag: _flag,
}
"""Reflections as what they do: their ladders are proven apart, and make simulations long."""


_FILLED: dict[str, Callable[[Any, float, float, float], Any]] = {
    "shortcut": _shortcut,
    "shortcut-known-norm": _known_norm,
    "adiabatic-empirical": _adiabatic,
    "qsvt-minimax": _minimax,
    "qsvt-cks": _cks,
}
"""Solver to what puts its angles into a circuit: (circuit, kappa, epsilon, norm of the solution)."""
