r"""What is read against a reference: norms, wanted rows of a lift, the row of a loss. Circuits simulated.

A lift of order $N$, densely by definition as an exact unitary completion, is inverted by a polynomial
with the reference beside it. Its wanted rows are told by time and block index; probabilities are sums of
the simulated distribution where the circuit gives its sign.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.dense_vector import DenseVector
from qres.bloqs.estimation import WantedRows
from qres.bloqs.observable import HadamardTest, ReferenceState
from qres.bloqs.qsvt import InversionRun
from qres.bloqs.reference_row import ReferencedMatrix, ReferencedVector
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.sparse_state import SparseState
from qres.notation.named import tree, uncompute_block
from qres.verify.flatten import flatten
from qres.verify.inversion import inversion_phases, minimax_polynomial
from qres.verify.known_runs import BITS, chance_of, flagged, outcomes
from qres.verify.lift_problems import (
    RESCALING,
    Problem,
    lifted_history,
    lifted_source,
    make_problem,
    one_weight,
)
from qres.verify.peak import counted_qubits
from qres.verify.proofs import FORMS
from qres.verify.readouts import ReadoutProof, counted
from qres.verify.simulate import block

TERMS = 60
"""Of the polynomial; at these condition numbers it is off by less than `CLOSE`."""

CLOSE = 1e-6


@dataclass(frozen=True)
class Referenced:
    r"""A run of a lift with a reference beside it.

    Args:
        problem: the descent.
        run: the circuit.
        solution: of the lift alone, dense, not normalised.
        marked: norm of the reference's solution, $b_{\mathrm{ref}}/\sigma$.
        wanted: sizes of what tells the wanted rows, for `WantedRows`.
    """

    problem: Problem
    run: InversionRun
    solution: np.ndarray
    marked: float
    wanted: dict[str, int]

    @property
    def rows(self) -> np.ndarray:
        """The dense solution by time, block and cells."""
        problem = self.problem
        shape = (2**problem.time_bits, 2**problem.block_bits, -1)
        return self.solution.reshape(shape)

    @property
    def read(self) -> np.ndarray:
        """Block 1 of the last step, in its first cell, over the others."""
        return self.rows[self.problem.steps - 1, 0]


def referenced_lift(problem: Problem, terms: int = TERMS) -> Referenced:
    """Return the run of a problem by a polynomial of that many terms."""
    matrix, source = lifted_history(problem), lifted_source(problem)
    alpha = 1.02 * np.linalg.norm(matrix, 2)
    least = 1 / np.linalg.norm(np.linalg.inv(matrix), 2)
    solution = np.linalg.solve(matrix, source)
    width, shape = (len(matrix) - 1).bit_length(), (2**problem.time_bits, 2**problem.block_bits, -1)
    last = solution.reshape(shape)[problem.steps - 1, 0]
    marked = math.sqrt(problem.padding + 1) * float(np.linalg.norm(last))
    coefficients = minimax_polynomial(float(alpha / least), terms)
    grid = np.outer(np.linspace(0, math.pi, 40 * terms), np.arange(1, 2 * terms, 2))
    largest = float(np.abs(np.cos(grid) @ coefficients).max())
    rows = tuple(tuple(float(entry) for entry in row) for row in matrix / alpha)
    beside = ReferencedMatrix(
        DenseBlock(rows=rows, alpha=1.0, epsilon=0.0), width, angle=2 * math.acos(least / alpha)
    )
    vector = DenseVector(tuple(float(entry) for entry in source))
    angle = 2 * math.atan2(least * marked, float(np.linalg.norm(source)))
    run = InversionRun(
        block_encoding=beside,
        right_hand_side=ReferencedVector(vector, width, angle=angle),
        index_bitsize=width + 1,
        degree=2 * terms - 1,
        phases=inversion_phases(coefficients / (1.1 * largest)),
    )
    wanted = {"row_bitsize": problem.time_bits, "part_bitsize": problem.block_bits}
    return Referenced(problem, run, solution, marked, wanted)


def sign_of(
    found: Referenced, *, is_reference: bool, part_bitsize: int | None = None
) -> WantedRows:
    """Return the sign of the wanted rows, or of the reference.

    Args:
        found: the run.
        is_reference: whether of the reference.
        part_bitsize: qubits below the row that must be zero, where others than those of the lift.
    """
    run = found.run
    parts = found.wanted["part_bitsize"] if part_bitsize is None else part_bitsize
    return WantedRows(
        run.index_bitsize,
        run.ancilla_bitsize,
        run.own_bitsize,
        reference_bitsize=1,
        is_reference=is_reference,
        first_row=found.problem.steps - 1,
        row_bitsize=found.wanted["row_bitsize"],
        part_bitsize=parts,
    )


def prove_references(
    *, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[ReadoutProof]:
    """Prove references, what is read against them, and the row of a loss.

    Args:
        seed: of matrices and coefficients.
        progress: called as progress(task, done, total).
    """
    cases: list[Callable[[np.random.Generator], ReadoutProof]] = [
        *(partial(_beside, rows=rows, form=form) for rows in (2, 4) for form in FORMS),
        *(partial(_norm, make=make) for make in (one_step, lambda rng: one_weight(), two_weights)),
        _loss,
    ]
    for done, case in enumerate(cases):
        yield case(np.random.default_rng([seed, done]))
        if progress:
            progress("simulating references", done + 1, len(cases))


def one_step(rng: np.random.Generator) -> Problem:
    """Return the smallest lift with one step alone: every row but the first is wanted."""
    return replace(one_weight(), steps=1)


def two_weights(rng: np.random.Generator) -> Problem:
    """Return a lift of order 2 of two weights, two steps and an idle row."""
    problem = make_problem(rng, (2, 2, 2, 1, 2, 1))
    return replace(problem, tensors=tuple(tuple(0.5 * f for f in t) for t in problem.tensors))


def _beside(rng: np.random.Generator, rows: int, form: str) -> ReadoutProof:
    r"""$A \oplus \sigma I$ from an encoding of $A$; switched off it is the identity."""
    matrix = rng.normal(size=(rows, rows))
    matrix /= 1.3 * np.linalg.norm(matrix, 2)
    data = tuple(tuple(float(entry) for entry in row) for row in matrix)
    inner, width = DenseBlock(rows=data, alpha=1.0, epsilon=0.0), rows.bit_length() - 1
    bloq: Any = ReferencedMatrix(inner, width, angle=2 * math.acos(0.2))
    wanted = np.kron(np.diag([1, 0]), matrix) + np.kron(np.diag([0, 1]), 0.2 * np.eye(rows))
    controls, names = int(form == "controlled"), ["system"]
    if controls:
        bloq, names = bloq.with_controls(1), ["system", "ctrl"]
        wanted = np.kron(np.diag([0, 1]), wanted) + np.kron(np.diag([1, 0]), np.eye(2 * rows))
    if form == "adjoint":
        bloq, wanted = bloq.adjoint(), wanted.T
    # two rotations more, and one gate that joins the controls
    return ReadoutProof(
        quantity=f"reference, {form}",
        rows=rows,
        iterations=0,
        least=0,
        most=1e-9,
        found=float(np.linalg.norm(block(flatten(bloq), names) - wanted, 2)),
        counts=((controls, 2), *counted(bloq)),
        qubits=counted_qubits(bloq),
    )


def _norm(rng: np.random.Generator, make: Callable[[Any], Problem]) -> ReadoutProof:
    """Norm of block 1 of the last step: time and block index tell it, the reference gives the unit."""
    found = referenced_lift(make(rng))
    signs = [sign_of(found, is_reference=is_reference) for is_reference in (False, True)]
    chances = [chance_of(found.run, sign) for sign in signs]
    rows = found.problem.padding + 1
    flags, sizes = found.run.flag_bitsize, found.wanted
    # the flags, the qubit of the reference and of the block, the answer, one less and the CZ
    formula = (int(flags) + sizes["row_bitsize"] + sizes["part_bitsize"] - 1, 0)
    exact = float(np.linalg.norm(found.read))
    return ReadoutProof(
        quantity="norm in a lift",
        rows=len(found.solution),
        iterations=0,
        least=exact * (1 - CLOSE),
        most=exact * (1 + CLOSE),
        found=found.marked * math.sqrt(chances[0] / (rows * chances[1])),
        counts=(formula, *counted(signs[0])),
        qubits=counted_qubits(signs[0]),
    )


def loss_row(problem: Problem) -> tuple[list[int], list[float]]:
    r"""Return places in block index and three cells, and entries, of the loss as a row on the lift.

    $F_0, F_1, F_2$ are $-\nabla L$, $-H$ and $-T_3/2$.
    """
    tensors, size, cell = problem.tensors[0], problem.size, problem.cell_bits
    places, entries = [], []
    for block_index, (tensor, part) in enumerate(zip(tensors, (1, 1 / 2, 1 / 3), strict=True)):
        for at in np.ndindex(*(size,) * (block_index + 1)):
            cells = (*at, 0, 0)[:3]
            place = block_index
            for index in cells:
                place = place << cell | index
            places.append(place)
            value = tensor.reshape((size,) * (block_index + 1))[at]
            entries.append(-part * RESCALING ** (block_index + 1) * float(value))
    return places, entries


def loss_problem(rng: np.random.Generator) -> Problem:
    """Return a lift of order 3 of two weights, two steps and an idle row."""
    return make_problem(rng, (2, 3, 2, 2, 2, 1))


def loss_test(found: Referenced) -> HadamardTest:
    """Return the test of a run against the row of the loss, in its places."""
    problem = found.problem
    places, entries = loss_row(problem)
    levels = (len(entries) - 1).bit_length()
    undone = [uncompute_block(2**level, 0) for level in range(levels)]
    angles = LoadedRotationTree(1, levels, BITS, (0,) * levels, undone)
    bits = problem.block_bits + 3 * problem.cell_bits
    state = SparseState(angles, len(entries), bits, is_measured=False)
    known = ReferenceState(
        state.with_entries(places, entries),
        problem.padding + 1,
        problem.time_bits,
        first_row=problem.steps - 1,
    )
    low = found.run.index_bitsize - 1 - problem.time_bits - bits
    return HadamardTest(found.run, known, vector_low=low, reference_bitsize=1)


def _loss(rng: np.random.Generator) -> ReadoutProof:
    """Chance of a test against the row of the loss: each entry stands in its place of the lift."""
    found = referenced_lift(loss_problem(rng), terms=2)
    problem, test = found.problem, loss_test(found)
    places, entries = loss_row(problem)
    state = flagged(found.run)[: len(found.solution)].reshape(found.rows.shape)
    last = range(problem.steps - 1, problem.steps + problem.padding)
    read = sum(state[row].ravel()[places] @ np.array(entries) for row in last)
    overlap = float(np.real(read)) / (np.linalg.norm(entries) * math.sqrt(len(last)))
    known = test.reference.vector.with_controls(1)
    levels = known.tree.levels
    formula: Any = tree.scalar(1, levels, BITS, 1, 0) + 2 * (len(entries) - 1)
    # each level of the row's angles is off by 2 pi 2^-b
    error = math.pi * levels * 2.0**-BITS
    return ReadoutProof(
        quantity="loss in a lift",
        rows=len(found.solution),
        iterations=0,
        least=(1 + overlap) / 2 - error,
        most=(1 + overlap) / 2 + error,
        found=float(outcomes(test, "test")[0]),
        counts=((formula, 0), *counted(known)),
        qubits=counted_qubits(known),
    )
