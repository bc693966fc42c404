"""Solvers on encodings of few bits: off by what was claimed, and built for the matrix as it is encoded."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from qres.bloqs.factor_tables import FactorSlots
from qres.verify.encoded_runs import (
    CASES,
    prove_encoded,
    run_through,
    shares,
    system_for,
    turned,
)
from qres.verify.flatten import flatten
from qres.verify.proofs import encoded
from qres.verify.simulate import block
from qres.verify.solved import solved
from qres.verify.solver_runs import random_system


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_errors_of_angles_and_of_the_solver_are_within_both_claims(case):
    proof = prove_encoded(*case)
    assert proof.is_equal
    assert not replace(proof, epsilon=proof.epsilon_found / 2).is_equal


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_other_matrices_too(case):
    assert all(prove_encoded(*case, seed=seed).is_equal for seed in range(1, 9))


def test_the_arrow_goes_by_its_own_rows_and_columns():
    """Two in a row, four in a column: sqrt(2 * 4) in place of 4 times the largest entry."""
    matrix, _, kind = system_for("sparse-rectangular", np.random.default_rng(0), 4)
    made = encoded("sparse-rectangular", matrix, bits=8)
    assert (kind, type(made.bloq)) == ("arrow", FactorSlots)
    assert [int((matrix != 0).sum(axis=axis).max()) for axis in (1, 0)] == [2, 4]
    assert made.bloq.alpha == pytest.approx(8**0.5 * np.abs(matrix).max(), rel=1e-14)
    assert "sparse-rectangular" in {case[0] for case in CASES}


def apart(found, wanted):
    """Distance of the normalised vectors, up to one phase."""
    overlap = abs(np.vdot(found, wanted)) / np.linalg.norm(found) / np.linalg.norm(wanted)
    return math.sqrt(max(0.0, 2 - 2 * overlap))


def test_a_solver_for_the_matrix_itself_misses_the_one_that_is_encoded():
    """Six bits: the smallest singular value is 6 % below that of the matrix.

    The error of the polynomial there is multiplied by cosh(sqrt(2 x .06) ln(2.8/1e-4)) = cosh 3.6 = 17,
    relative to 1/x from 1e-4/2.8 to 6e-4. Breaking it means: a solver need not be built for kappa'.
    """
    matrix, _ = random_system(np.random.default_rng(10), 2, 1.6)
    made, epsilon = encoded("dense", matrix, bits=6), 1e-4
    kappa, wider, sine = shares(made)
    assert wider == pytest.approx(kappa / (1 - sine), rel=1e-12)
    held = made.bloq.alpha * block(flatten(made.bloq, gradient="resource"), ["system"]).real
    assert np.linalg.norm(held - matrix, 2) <= made.bloq.epsilon
    left, values, _ = np.linalg.svd(held)
    assert 1 / wider < values[-1] / made.bloq.alpha < 0.95 / kappa
    vector = left @ values / np.linalg.norm(values)  # both singular vectors in the solution alike
    runs = [
        run_through(made, vector, "qsvt-minimax", built, epsilon)[0] for built in (kappa, wider)
    ]
    plain, safe = (solved(gates) for gates in runs)
    assert apart(plain, np.linalg.solve(held, vector)) > 3 * turned(epsilon)
    assert apart(safe, np.linalg.solve(held, vector)) < turned(epsilon)
    off = apart(safe, np.linalg.solve(matrix, vector))
    assert 100 * turned(epsilon) < off <= turned(sine) + turned(epsilon)
    # the flag: 1/(C kappa') of the norm of the solution, |b| = 1, within 1 +- epsilon
    scale = np.linalg.norm(safe) / np.linalg.norm(np.linalg.solve(held / made.bloq.alpha, vector))
    one = solved(run_through(made, left[:, 0], "qsvt-minimax", wider, epsilon)[0])
    again = np.linalg.norm(one) * values[0] / made.bloq.alpha
    assert scale == pytest.approx(again, rel=2 * epsilon)
