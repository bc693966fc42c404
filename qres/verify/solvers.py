r"""Solver circuits against their claims: solved to the promised error, with the promised gates.

The matrix is an exact unitary completion of $A/\alpha$ and the right-hand side an exact preparation,
so what is proven is the solver alone. Claimed are the error of the state, the probability of the
flag, and the uses of U_A; all gates are counted by formula, by call graph and by decomposition.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from qres.algorithms.solvers.base import Solver, solver
from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.dense_vector import DenseVector
from qres.logical.circuit import count_bloq
from qres.notation.symbols import symbol
from qres.verify.count import MATRICES, ROTATIONS, TOFFOLI, VECTORS, decomposed_counts
from qres.verify.peak import counted_qubits
from qres.verify.solved import solved
from qres.verify.solver_runs import built_run, random_system

SIZES = (2, 4, 8, 16)
KAPPAS = (2.0, 5.0, 10.0, 20.0, 50.0)
EPSILON = 0.01

FEW = {"adiabatic-proven": ((4, 2.0),)}
"""Rows and condition numbers of the runs of a solver that are short enough, where not all are; of
this one a run has 2823 steps for each unit of the condition number, whatever the matrix."""


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
        model: uses of U_A by the published formula, restarts included where it has them.
        rounding: uses by which a run may exceed it, where it is no bound.
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


def prove_solvers(
    names: Sequence[str],
    *,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> Iterator[SolverProof]:
    """Prove these solvers on a random matrix of each size and condition number.

    Args:
        names: of solvers.
        seed: of the matrices.
        progress: called as progress(task, done, total).
    """
    cases = [(name, *case) for name in names for case in solver_cases(name)]
    for done, (name, size, kappa) in enumerate(cases):
        rng = np.random.default_rng([seed, size, int(100 * kappa)])
        yield prove_solver(name, *random_system(rng, size, kappa), kappa)
        if progress:
            progress("simulating solvers", done + 1, len(cases))


def solver_cases(name: str) -> tuple[tuple[int, float], ...]:
    """Return rows and condition number of every proof of a solver."""
    every = tuple((size, kappa) for size in SIZES for kappa in KAPPAS)
    return FEW.get(name, every)


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
    member, solution = solver(name), np.linalg.solve(matrix, vector)
    found, solution = solved(bloq), solution / np.linalg.norm(solution)
    size = float(np.linalg.norm(found))
    overlap = abs(np.vdot(found, solution)) / size
    return SolverProof(
        solver=name,
        rows=len(matrix),
        kappa=kappa,
        epsilon=epsilon,
        epsilon_found=math.sqrt(max(0.0, 2 - 2 * overlap)),
        flag_prob=_least(name, epsilon) * numbers["flag_prob"],
        flag_found=size**2,
        model=float(member.matrix_queries(kappa_eff=kappa, epsilon=epsilon)),
        rounding=_rounding(name, kappa, epsilon),
        formula=_formula(member, numbers, bloq),
        call_graph=_call_graph(bloq),
        circuit=_decomposition(bloq),
        qubits=counted_qubits(bloq),
    )


def _least(name: str, epsilon: float) -> float:
    """Flags of polynomials hold but for this factor."""
    return (1 - epsilon) ** 2 if name.startswith("qsvt") else 1.0


def _rounding(name: str, kappa: float, epsilon: float) -> float:
    """What is published for a known norm has a factor 1 + O(epsilon), and no whole steps."""
    return 4 + kappa * epsilon if name == "shortcut-known-norm" else 0.0


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
