"""Runs of a solver whose amplitudes are known exactly, and tests of them, for proofs of read-outs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from qres.bloqs.amplification import AmplifiedState
from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.dense_vector import DenseVector
from qres.bloqs.estimation import AmplitudeEstimation, WantedRows
from qres.bloqs.observable import ExpectationTest, HadamardTest, ReferenceState
from qres.bloqs.qsvt import InversionRun
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.steps import Bits, Step
from qres.verify.flatten import flatten
from qres.verify.gates import Program
from qres.verify.inversion import inversion_phases, minimax_polynomial
from qres.verify.listed import Listed
from qres.verify.simulate import State, run, start
from qres.verify.solved import read_flagged
from qres.verify.solver_runs import random_system

KAPPA = 3.0
BITS = 14
"""Bits of an angle of a known state."""

ROUNDING = 1e-9


def solver_run(
    matrix: np.ndarray, vector: np.ndarray, terms: int = 2, kappa: float = KAPPA
) -> InversionRun:
    """Return a run of a polynomial of degree `2 terms - 1` on a matrix of norm 1 at most."""
    coefficients = minimax_polynomial(kappa, terms)
    grid = np.outer(np.linspace(0, math.pi, 40 * terms), np.arange(1, 2 * terms, 2))
    largest = float(np.abs(np.cos(grid) @ coefficients).max())
    rows = tuple(tuple(float(entry) for entry in row) for row in matrix)
    encoding = DenseBlock(rows=rows, alpha=1.0, epsilon=0.0)
    return InversionRun(
        block_encoding=encoding,
        right_hand_side=DenseVector(tuple(float(entry) for entry in vector)),
        index_bitsize=encoding.system_bitsize,
        degree=2 * terms - 1,
        phases=inversion_phases(coefficients / (1.1 * largest)),
    )


def simulated(bloq: Any) -> tuple[Program, State]:
    """Return a circuit's program and its state, from zeros."""
    program = flatten(bloq, gradient="phase_gradient")
    first = next(iter(program.registers))
    return program, run(start(program, {first: np.array([0])}), program.gates)


def flagged(bloq: Any) -> np.ndarray:
    """Return the amplitudes of the index where all other qubits are zero."""
    return read_flagged(*simulated(bloq))


def outcomes(bloq: Any, register: str) -> np.ndarray:
    """Return the probabilities of all values of a register."""
    program, state = simulated(bloq)
    place = program.registers[register]
    return np.bincount(state.read((place,)), np.abs(state.amplitude) ** 2, 2 ** place[1])


def signed(run: Any, sign: Any) -> Listed:
    """Return the circuit of a run with a sign after it, whose registers are some of those of the run."""
    sizes = {register.name: register.bitsize for register in run.signature}
    parts = [
        Step(
            part,
            {register.name: Bits(register.name, register.bitsize) for register in part.signature},
        )
        for part in (run, sign)
    ]
    return Listed(sizes, tuple(parts))


def chance_of(run: Any, sign: Any) -> float:
    """Return the probability of what a sign is given to, in the state of a run."""
    return marked_share(simulated(run)[1], simulated(signed(run, sign))[1])


def marked_share(plain: State, signed: State) -> float:
    """Return the probability of what has another sign in the second state, 0 to 1."""
    first, second = (s.amplitude[np.argsort(s.index)] for s in (plain, signed))
    return float(np.sum(np.abs(first - second) ** 2) / 4 / np.sum(np.abs(first) ** 2))


def chance_within(estimation: AmplitudeEstimation, probability: float) -> float:
    r"""Return how likely an estimate is within the published bound of the true probability.

    The bound is $2\pi\sqrt{a(1-a)}/K + \pi^2/K^2$ with $K = M + 1$ points.
    """
    points = estimation.iterations + 1
    chances = outcomes(estimation, "phase")
    estimates = np.cos(np.pi * np.arange(len(chances)) / len(chances)) ** 2
    spread = 2 * math.pi * math.sqrt(probability * (1 - probability))
    bound = spread / points + (math.pi / points) ** 2
    return float(chances[np.abs(estimates - probability) <= bound + ROUNDING].sum())


def random_run(rng: np.random.Generator, rows: int) -> InversionRun:
    """Return a run on a random matrix."""
    return solver_run(*random_system(rng, rows, KAPPA))


def row_test(rng: np.random.Generator, rows: int) -> tuple[InversionRun, WantedRows, float]:
    """Return a run, the sign of its upper half of rows, and their probability."""
    return _read_rows(random_run(rng, rows))


def spread_test(rng: np.random.Generator) -> tuple[InversionRun, WantedRows, float]:
    """Return the same of two rows, with a solution in a direction that is uniformly random."""
    matrix, _ = random_system(rng, 2, KAPPA)
    angle = rng.uniform(0, 2 * math.pi)
    vector = matrix @ [math.cos(angle), math.sin(angle)]
    return _read_rows(solver_run(matrix, vector / np.linalg.norm(vector)))


def _read_rows(test: InversionRun) -> tuple[InversionRun, WantedRows, float]:
    bits: Any = test.index_bitsize
    first = max(1, 2**bits // 2)
    good = WantedRows(
        bits, test.ancilla_bitsize, test.own_bitsize, row_bitsize=bits, first_row=first
    )
    return test, good, float(np.sum(np.abs(flagged(test)[first:]) ** 2))


def overlap(rng: np.random.Generator) -> tuple[HadamardTest, float]:
    """Return a test of a run on 8 rows against a vector beside rows 1 to 3, and the chance of a 0."""
    vector = rng.normal(size=(1, 2))
    tree = LoadedRotationTree(1, 1, BITS, (0,), (0,)).with_vectors(vector)
    reference = ReferenceState(tree, 3, 2, first_row=1)
    state = random_run(rng, 8)
    known = np.kron([0, 1, 1, 1], vector[0]) / (np.linalg.norm(vector) * math.sqrt(3))
    # 3 = L: the superposition of rows has the phase (pi - phi)/2, sin(phi/2) = sqrt(4/3)/2
    phase = math.pi / 2 - math.asin(math.sqrt(4 / 3) / 2)
    overlap = np.vdot(known, flagged(state)).real
    return HadamardTest(state, reference, angle=phase), (1 + float(overlap)) / 2


def expectation(rng: np.random.Generator) -> tuple[ExpectationTest, float]:
    """Return a test of an operator on the upper half of the rows of a run, and the chance of a 0."""
    operator = rng.normal(size=(2, 2))
    operator /= 1.2 * np.linalg.norm(operator, 2)
    rows = tuple(tuple(float(entry) for entry in row) for row in operator)
    encoded, state = DenseBlock(rows=rows, alpha=1.0, epsilon=0.0), random_run(rng, 4)
    test = ExpectationTest(
        AmplifiedState(state, 0, phases=()), encoded, True, row_bitsize=2, first_row=2
    )
    read = flagged(state)[2:]
    return test, (1 + float(np.vdot(read, operator @ read).real)) / 2
