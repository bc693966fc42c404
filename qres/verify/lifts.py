r"""Lifts against their claims: the history of a lift and its right-hand side, densely by definition.

Plain, of mini-batches, of a schedule, and of momentum. Normalisation, angle error, gates and
ancillas are those that the pipeline charges; what is found comes from the circuit with data in its
tables. What goes in are filled cells: a circuit forwards leaves filled cells, exactly; backwards only
what it leaves in filled cells is claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from qres.algorithms.blocks import Blocks
from qres.algorithms.lifted import lifted_definitions, lifted_matrix, lifted_vector
from qres.algorithms.rules.batched_lift import (
    batched_encodings,
    batched_lift_matrix,
    batched_lift_vector,
)
from qres.algorithms.rules.momentum_lift import (
    momentum_lift_definitions,
    momentum_lift_matrix,
    momentum_lift_vector,
)
from qres.algorithms.rules.scheduled_history import scheduled_matrix, scheduled_vector
from qres.algorithms.system import Definitions, Part
from qres.logical.circuit import count_bloq
from qres.verify.count import ROTATIONS, TOFFOLI, decomposed_counts
from qres.verify.factors import amplitudes, put_in
from qres.verify.flatten import flatten
from qres.verify.gates import Program
from qres.verify.lift_problems import (
    BRANCHES,
    RATE,
    RESCALING,
    Problem,
    filled_states,
    lifted_history,
    lifted_source,
    make_problem,
    problem_values,
)
from qres.verify.peak import counted_qubits
from qres.verify.proofs import FORMS, Proof
from qres.verify.schedules import (
    random_rates,
    scheduled_matrix_data,
    scheduled_source_data,
    with_rates,
)

BITS = 10
"""Bits of an angle in the proofs."""

CHUNK = 16
"""Columns that are simulated together."""


@dataclass(frozen=True)
class Lift:
    """A kind of lift.

    Args:
        matrix: (encoding, degree) to what is charged for its history.
        source: the same for its right-hand side.
        definitions: (name, encoding, degree) to derived symbols.
        matrix_data: circuit and problem to the circuit with data.
        source_data: the same for the right-hand side.
    """

    matrix: Callable[[str, int], Part]
    source: Callable[[], Part]
    definitions: Callable[[str, str, int], Definitions]
    matrix_data: Callable[[Any, Problem], Any]
    source_data: Callable[[Any, Problem], Any]


def _stacks(problem: Problem) -> list[np.ndarray]:
    return [problem.stack(order) for order in range(problem.degree + 1)]


def _scaled(vectors: Any) -> Any:
    return RATE / RESCALING * vectors


LIFTS = {
    "lift": Lift(
        lifted_matrix,
        lifted_vector,
        lifted_definitions,
        lambda bloq, problem: bloq.with_data(problem.tensors[0], RATE, RESCALING),
        lambda bloq, problem: bloq.with_vector(_scaled(problem.tensors[0][0])),
    ),
    "batch lift": Lift(
        batched_lift_matrix,
        batched_lift_vector,
        lambda key, name, degree: lifted_definitions(key, batched_encodings(name, degree), degree),
        lambda bloq, problem: bloq.with_data(_stacks(problem), RATE, RESCALING),
        lambda bloq, problem: bloq.with_vectors(_scaled(problem.stack(0))),
    ),
    "rate lift": Lift(
        scheduled_matrix,
        lambda: scheduled_vector(2),
        lifted_definitions,
        scheduled_matrix_data,
        scheduled_source_data,
    ),
    "moment lift": Lift(
        momentum_lift_matrix,
        momentum_lift_vector,
        momentum_lift_definitions,
        lambda bloq, problem: bloq.with_data(problem.tensors[0], BRANCHES, RESCALING),
        lambda bloq, problem: bloq.with_vector(
            BRANCHES.scale / RESCALING * problem.tensors[0][0], BRANCHES
        ),
    ),
}
"""Name to kind of lift."""


@cache
def _matrix(title: str, name: str, degree: int) -> Part:
    """Made once for all forms and shapes, as is the next: their expressions take longest."""
    return LIFTS[title].matrix(name, degree)


@cache
def _definitions(title: str, name: str, degree: int) -> Definitions:
    return LIFTS[title].definitions("lift", name, degree)


def built_lift(
    title: str, name: str, problem: Problem, bits: int = BITS
) -> tuple[Any, Any, dict[str, Any]]:
    """Return the circuits of matrix and right-hand side with data, and the values put in.

    Args:
        title: of the lift.
        name: of the encoding of all factors.
        problem: its numbers.
        bits: of an angle.
    """
    lift, values = LIFTS[title], problem_values(problem, bits)
    for key, formula in _definitions(title, name, problem.degree):
        values[key] = formula(**{item: values[item] for item in formula.inputs})
    matrix = _matrix(title, name, problem.degree).bloq(values, Blocks(values))
    source = lift.source().bloq(values, Blocks(values))
    return lift.matrix_data(matrix, problem), lift.source_data(source, problem), values


def prove_lift(title: str, name: str, problem: Problem, kind: str, form: str) -> Proof:
    """Build, simulate and count the history of one lift.

    Args:
        title: of the lift.
        name: of the encoding of all factors.
        problem: its numbers.
        kind: what to call them.
        form: `plain`, `adjoint` or `controlled`.
    """
    bloq, _, values = built_lift(title, name, problem)
    controls, is_back = int(form == "controlled"), form == "adjoint"
    bloq = bloq.with_controls(controls)
    bloq = bloq.adjoint() if is_back else bloq
    program, states = flatten(bloq, gradient="resource"), filled_states(problem)
    exact = lifted_history(problem)
    target = exact[np.ix_(states, states)].T if is_back else exact[:, states]
    found = simulated(program, states, controls)
    idle = 0.0
    if controls:
        rest = simulated(program, states, 0)
        rest[states, range(len(states))] -= 1
        idle = float(np.linalg.norm(rest, 2))
    claim = (found[states] if is_back else found, target, idle)
    part = _matrix(title, name, problem.degree)
    names = {"encoding": f"{title} {name}", "matrix": kind, "form": form}
    return _proof(names, bloq, part, values, float(values["alpha"]), claim)


def prove_lift_source(title: str, problem: Problem, kind: str, form: str) -> Proof:
    """Build, simulate and count the right-hand side of one lift.

    The state may have a phase of its own; backwards what is claimed is that it goes to zeros.

    Args:
        title: of the lift.
        problem: its numbers.
        kind: what to call them.
        form: `plain`, `adjoint` or `controlled`.
    """
    _, bloq, values = built_lift(title, "frobenius", problem)
    controls, is_back = int(form == "controlled"), form == "adjoint"
    bloq = bloq.with_controls(controls)
    program = flatten(bloq.adjoint() if is_back else bloq, gradient="phase_gradient")
    size = sum(width for name, (_, width) in program.registers.items() if name in _INDEX)
    low = min((low for name, (low, _) in program.registers.items() if name in _INDEX), default=0)
    registers = {**program.registers, "system": (low, size)}
    whole = Program(registers, program.width, program.gates)
    columns = np.arange(2**size if is_back else 1)
    found = amplitudes(whole, {"system": columns, "ctrl": columns * 0 + controls})
    state = found[:1].conj().T if is_back else found
    rows = lifted_source(problem)[: 2**size, None]
    rows = rows / np.linalg.norm(rows)
    overlap = np.vdot(rows, state)
    names = {"encoding": f"{title} source", "matrix": kind, "form": form}
    claim = (state * abs(overlap) / overlap, rows, 0.0)
    return _proof(names, bloq, LIFTS[title].source(), values, 1.0, claim)


_INDEX = ("target", "block", "time")


def simulated(program: Program, states: np.ndarray, controls: int) -> np.ndarray:
    """Return the block on these columns, few at a time."""
    parts = [states[low : low + CHUNK] for low in range(0, len(states), CHUNK)]
    return np.hstack(
        [amplitudes(program, {"system": part, "ctrl": part * 0 + controls}) for part in parts]
    )


def _proof(
    names: dict[str, str],
    bloq: Any,
    part: Part,
    values: dict[str, Any],
    alpha: float,
    claim: tuple[np.ndarray, np.ndarray, float],
) -> Proof:
    """What is charged for a circuit beside what was found.

    Raises:
        RuntimeError: rotations or ancillas are not those that are charged.
    """
    found, target, idle = claim
    controls, counts = int(names["form"] == "controlled"), decomposed_counts(bloq)
    turns = int(put_in(part.rotations(controls), values))
    if counts[ROTATIONS] != turns or int(put_in(part.ancillas, values)) != getattr(
        bloq, "ancilla_bitsize", 0
    ):
        raise RuntimeError(f"{names}: rotations or ancillas of the circuit are not those charged")
    return Proof(
        **names,
        rows=values["dim"],
        alpha=alpha,
        alpha_found=float(np.vdot(found, target).real / np.vdot(found, found).real),
        epsilon=float(put_in(part.angle_weight, values)) * 2.0**-BITS,
        epsilon_found=float(np.linalg.norm(alpha * found - target, 2)) + alpha * idle,
        toffoli=int(put_in(part.toffoli(controls), values)),
        toffoli_call_graph=count_bloq(bloq)[0],
        toffoli_circuit=counts[TOFFOLI],
        qubits=counted_qubits(bloq),
    )


@dataclass(frozen=True)
class Case:
    """A lift to prove.

    Args:
        title: of the lift.
        encodings: of all factors.
        shape: weights, truncation order, map order, degree, steps, idle rows.
        kind: of `factors.TENSORS`.
        batches: how many.
    """

    title: str
    encodings: tuple[str, ...]
    shape: tuple[int, int, int, int, int, int]
    kind: str = "signed"
    batches: int = 1

    @property
    def problem_kind(self) -> str:
        """Orders of truncation and map, degree."""
        _, order, most, degree, _, _ = self.shape
        return f"N={order} m={most} q={degree}"

    def problem(self, rng: np.random.Generator) -> Problem:
        """Random numbers for it."""
        has_momentum = self.title == "moment lift"
        found = make_problem(
            rng, self.shape, self.kind, batches=self.batches, has_momentum=has_momentum
        )
        has_rates = self.title == "rate lift"
        return with_rates(found, random_rates(rng, found.steps)) if has_rates else found


_ALL = ("frobenius", "sparse", "dense")
CASES = (
    Case("lift", _ALL, (1, 2, 2, 2, 2, 1)),
    Case("lift", _ALL, (2, 2, 1, 2, 2, 1)),
    Case("lift", _ALL, (2, 2, 2, 2, 1, 0), "uneven rows"),
    Case("lift", _ALL, (3, 2, 1, 2, 1, 0), "constant"),
    Case("lift", ("frobenius",), (4, 2, 1, 2, 1, 0), "rank one"),
    Case("lift", ("frobenius",), (2, 2, 2, 2, 2, 1), "diagonal"),
    Case("lift", ("frobenius",), (2, 2, 1, 3, 1, 0)),
    Case("lift", ("frobenius",), (1, 3, 3, 2, 2, 0)),
    Case("lift", ("sparse",), (1, 3, 3, 3, 1, 0)),
    Case("lift", _ALL, (2, 3, 1, 2, 1, 1)),
    Case("lift", ("frobenius",), (2, 3, 2, 2, 1, 0)),
    Case("batch lift", ("frobenius", "sparse"), (2, 2, 2, 2, 2, 0), batches=2),
    Case("batch lift", ("frobenius", "sparse"), (2, 2, 1, 2, 3, 0), batches=3),
    Case("batch lift", ("sparse",), (3, 2, 1, 2, 3, 0), batches=3),
    Case("rate lift", _ALL, (1, 2, 2, 2, 2, 1)),
    Case("rate lift", _ALL, (2, 2, 1, 2, 2, 1)),
    Case("rate lift", ("frobenius",), (2, 2, 2, 2, 2, 0)),
    Case("rate lift", ("frobenius",), (1, 3, 3, 2, 2, 0)),
    Case("moment lift", _ALL, (1, 2, 2, 2, 2, 1)),
    Case("moment lift", ("frobenius",), (2, 2, 2, 2, 1, 0)),
)


def prove_lifts(
    *, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[Proof]:
    """Prove every kind of lift with its right-hand side, in every form.

    Args:
        seed: of the numbers.
        progress: called as progress(task, done, total).
    """
    rng = np.random.default_rng(seed)
    for done, case in enumerate(CASES):
        problem = case.problem(rng)
        for form in FORMS:
            for name in case.encodings:
                yield prove_lift(case.title, name, problem, case.problem_kind, form)
            yield prove_lift_source(case.title, problem, case.problem_kind, form)
        if progress:
            progress("simulating lifts", done + 1, len(CASES))
