r"""Whole trainings: the lift solved by a solver circuit, held against gradient descent itself.

A loss of two weights, cubic or quartic, is trained for $T$ steps by a loop on its gradient. Its lift,
written densely from the definition, goes to a solver circuit as the exact unitary completion of
$L/\alpha_L$, with the $\alpha_L$ of the lift's own circuit and $\kappa = \alpha_L$ times the bound on
$\lVert L^{-1}\rVert$. The run is amplified, and the weights are read from its state.

**Budget.** With $e = \gamma e_1(T)$ the certificate of the truncation and $\epsilon$ the error of the
solver's state, claimed is $\lVert u - u_T\rVert \le e + (\lVert u_T\rVert + e)(\nu + \Sigma +
\nu\Sigma)$ for the weights $u$ that are read. $\Sigma = 2\epsilon/\sqrt{P}$ is the error of the
direction and $1 + \nu = (1 + \epsilon/\sqrt{P})/(1 - \epsilon/\sqrt{P_r})$ that of the norm; $P$ and
$P_r$ are lower bounds on the probabilities of block 1 and of the reference row. There is no error of
the model, nor of angles: losses are polynomials, matrix and right-hand side are exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qres.algorithms.amplification import FIXED_POINT
from qres.bloqs.amplification import AmplifiedState
from qres.bloqs.chebyshev_filter import chebyshev_phases, fixed_point_stretch
from qres.verify.lift_problems import RESCALING
from qres.verify.solved import solved
from qres.verify.solver_runs import built_run
from qres.verify.solvers import SolverProof, prove_solver
from qres.verify.tables import Row, table, text
from qres.verify.trainings import Loss, System, lifted_system

EPSILON = 0.01
"""Error of the solver's state."""

FAIL_PROB = 0.05
"""Of the amplification."""


@dataclass(frozen=True, kw_only=True)
class DescentProof:
    r"""One training by a circuit, claimed and found. Distances are in the units of the weights.

    Args:
        loss: `cubic` or `quartic`.
        truncation_order: $N$.
        steps: $T$.
        padding: $p$.
        qubits: of the lift, those of the time included.
        run: the solver's run before amplification.
        invocations: runs in the amplified state.
        success_prob: claimed probability that it ends in the rows that are wanted.
        success_found: the one of the simulated state.
        certificate: claimed error of the truncation.
        truncation: found: the solution of the dense lift against gradient descent.
        budget: claimed distance from gradient descent.
        distance: found: what is read from the circuit against gradient descent.
        moved: how far gradient descent moved.
    """

    loss: str
    truncation_order: int
    steps: int
    padding: int
    qubits: int
    run: SolverProof
    invocations: int
    success_prob: float
    success_found: float
    certificate: float
    truncation: float
    budget: float
    distance: float
    moved: float

    @property
    def encoding(self) -> str:
        """What is named where something differs."""
        return f"{self.loss} training by {self.run.solver}"

    @property
    def is_equal(self) -> bool:
        """Whether run, amplification, truncation and weights are as claimed."""
        is_amplified = self.success_found >= self.success_prob
        is_trained = self.truncation <= self.certificate and self.distance <= self.budget
        return self.run.is_equal and is_amplified and is_trained


def prove_descent(
    solver: str, loss: Loss, order: int, steps: int, padding: int, epsilon: float = EPSILON
) -> DescentProof:
    """Build, simulate and read one training.

    Args:
        solver: its name.
        loss: what is trained.
        order: $N$, at least 2.
        steps: $T$.
        padding: $p$.
        epsilon: of the solver's state.

    Raises:
        InputError: no circuit to simulate for that solver.
    """
    system, end = lifted_system(loss, order, steps, padding), loss.trained(steps)[-1]
    kappa = system.alpha * system.lift.linv
    given = (system.matrix / system.alpha, system.source / np.linalg.norm(system.source), kappa)
    run = prove_solver(solver, *given, epsilon)
    bloq = _amplified(built_run(solver, *given, epsilon)[0], system, run.flag_prob)
    state = solved(bloq)
    return DescentProof(
        loss=loss.name,
        truncation_order=order,
        steps=steps,
        padding=padding,
        qubits=(len(system.source) - 1).bit_length(),
        run=run,
        invocations=int(2 * bloq.rounds + 1),
        success_prob=1 - FAIL_PROB,
        success_found=float(np.linalg.norm(state[system.is_wanted]) ** 2),
        certificate=system.certificate,
        truncation=float(np.linalg.norm(system.weights(system.solution) - end)),
        budget=_budget(system, epsilon, float(np.linalg.norm(end))),
        distance=float(np.linalg.norm(system.weights(state) - end)),
        moved=float(np.linalg.norm(end)),
    )


def _amplified(single: Any, system: System, flag_prob: float) -> AmplifiedState:
    """The run amplified by the sequence for all probabilities from the claimed bound on."""
    least = flag_prob * system.lift.success_prob_low
    length = int(FIXED_POINT(success_prob=least, fail_prob=FAIL_PROB))
    phases = chebyshev_phases(length, fixed_point_stretch(length, FAIL_PROB))
    problem = system.problem
    return AmplifiedState(
        single,
        length // 2,
        row_bitsize=problem.time_bits,
        part_bitsize=problem.block_bits,
        first_row=problem.steps - 1,
        phases=phases,
    )


def _budget(system: System, epsilon: float, moved: float) -> float:
    """The budget of this module's text; bounds on the probabilities from those on the lift."""
    error, rows = system.certificate, system.problem.padding + 1
    reference = float(system.source[system.reference]) ** 2
    least = rows * max(0.0, (moved - error) / RESCALING) ** 2
    most = rows * ((moved + error) / RESCALING) ** 2
    others = least * (1 / system.lift.success_prob_low - 1) + reference
    read = math.sqrt(least / (least + others))
    marked = math.sqrt(reference / (most + others))
    norm = (1 + epsilon / read) / (1 - epsilon / marked) - 1
    direction = 2 * epsilon / read
    return error + (moved + error) * (norm + direction + norm * direction)


_CURVATURE = np.array([[0.9, 0.2], [0.2, 0.6]])

CUBIC = Loss(2, _CURVATURE, np.array([[0.5, -0.3], [0.2, 0.5]]), np.array([0.4, 0.3]))
QUARTIC = Loss(3, _CURVATURE, np.array([[0.6, -0.3], [0.2, 0.6]]), np.array([0.5, -0.4]))

CASES: tuple[tuple[str, Loss, int, int, int], ...] = (
    ("shortcut-known-norm", CUBIC, 2, 4, 0),
    ("adiabatic-empirical", CUBIC, 2, 4, 0),
    ("qsvt-cks", CUBIC, 2, 4, 0),
    ("qsvt-minimax", CUBIC, 2, 8, 0),
    ("shortcut", CUBIC, 3, 4, 0),
    ("shortcut-known-norm", CUBIC, 3, 8, 0),
    ("shortcut-known-norm", QUARTIC, 3, 4, 3),
    ("qsvt-minimax", QUARTIC, 3, 4, 0),
    ("shortcut-known-norm", QUARTIC, 3, 8, 0),
)
"""Solver, loss, N, T, p of what is proven."""


def prove_descents(
    *, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[DescentProof]:
    """Prove the trainings of `CASES`.

    Args:
        seed: not used, nothing here is random.
        progress: called as progress(task, done, total).
    """
    for done, case in enumerate(CASES):
        yield prove_descent(*case)
        if progress:
            progress("training by circuits", done + 1, len(CASES))


_HEAD = (
    f"  {'solver':<20}{'runs':>5}{'uses':>7}{'most':>7}{'error':>8}{'found':>8}"
    f"{'distance':>9}{'found':>8}{'moved':>6}"
)
_TITLE = "Trainings of two weights by a solver circuit, held against gradient descent itself"
_MEANING = (
    "uses of U_A in one run, and the most by the published model and whole steps; error of its state"
    " and distance of the weights from those of gradient descent, claimed and found"
)


def descents_text(proofs: Sequence[DescentProof]) -> str:
    """Return a table of trainings; where claimed and found differ a row says so."""
    rows = sorted(proofs, key=_training)
    return "\n".join([*text(_TITLE), *text(_MEANING), *table(_HEAD, map(_row, rows))])


def _training(proof: DescentProof) -> tuple[Any, ...]:
    return proof.loss, proof.truncation_order, proof.steps, proof.padding


def _row(proof: DescentProof) -> Row:
    run = proof.run
    cells = (
        f"  {run.solver:<20}{proof.invocations:>5}{run.circuit[0]:>7,}"
        f"{math.floor(run.model + run.rounding):>7,}{run.epsilon:>8.1e}{run.epsilon_found:>8.1e}"
        f"{proof.budget:>9.1e}{proof.distance:>8.1e}{proof.moved:>6.2g}"
    )
    name = (
        f"{proof.loss}, N = {proof.truncation_order}, T = {proof.steps}, p = {proof.padding},"
        f" {proof.qubits} qubits"
    )
    return Row(cells, proof.is_equal, name)
