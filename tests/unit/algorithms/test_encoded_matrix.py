"""The solver is built for the matrix as it is encoded, not as it was measured."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from qres.algorithms.solvers.frame import as_encoded
from qres.notation.compiled import compile_array
from qres.notation.inversion import minimax_terms
from qres.notation.symbols import symbol, symbols

KAPPA, EPSILON = 8.0, 0.01


def best_polynomial(kappa, terms):
    """Return the odd polynomial of degree 2n - 1 nearest to 1/x on [1/kappa, 1], by linear programming."""
    grid = np.unique(np.concatenate([np.geomspace(1 / kappa, 1, 1500), [1 / kappa, 1]]))
    powers = np.polynomial.chebyshev.chebvander(grid, 2 * terms - 1)[:, 1::2]
    ones = np.ones((len(grid), 1))
    rows = np.block([[powers, -ones], [-powers, -ones]])
    limits = np.concatenate([1 / grid, -1 / grid])
    goal = np.zeros(terms + 1)
    goal[-1] = 1
    found = linprog(goal, A_ub=rows, b_ub=limits, bounds=[(None, None)] * (terms + 1))
    coefficients = np.zeros(2 * terms)
    coefficients[1::2] = found.x[:-1]
    return np.polynomial.Chebyshev(coefficients)


def test_a_polynomial_for_the_measured_matrix_misses_the_encoded_one():
    """What the enlarged condition number is for: an error of a hundredth of the smallest value.

    d = .01: the error grows by about cosh(sqrt(.02) ln 800) = cosh .9453 = 1.48.
    """
    shift = 0.01
    smallest = (1 - shift) / KAPPA
    terms = int(minimax_terms.scalar(KAPPA, EPSILON))
    plain = best_polynomial(KAPPA, terms)
    assert abs(plain(1 / KAPPA) - KAPPA) <= EPSILON * (1 + 1e-6)
    assert abs(plain(smallest) - 1 / smallest) > 1.3 * EPSILON
    encoded = KAPPA / (1 - shift)
    wider = best_polynomial(encoded, int(minimax_terms.scalar(encoded, EPSILON)))
    assert abs(wider(smallest) - 1 / smallest) <= EPSILON * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_no_error_of_the_encoding_leaves_the_condition_number(seed):
    """Dense: a random error, and the worst one, against sigma and x of the matrix itself."""
    rng = np.random.default_rng(seed)
    matrix, rhs = rng.normal(size=(5, 5)), rng.normal(size=5)
    left, values, right = np.linalg.svd(matrix)
    inverse, alpha = 1 / values[-1], 2 * values[0]
    solution = np.linalg.solve(matrix, rhs)
    error = 0.05 / inverse
    at = {
        "kappa_eff": alpha * inverse,
        "kappa_encoded": alpha * inverse / (1 - inverse * error),
        "xi": inverse * np.linalg.norm(rhs) / np.linalg.norm(solution),
        "eps_solver": 0.01,
    }
    names = tuple(symbol(name) for name in at)
    seen = [
        float(compile_array(names, as_encoded(item))(*at.values()))
        for item in symbols("kappa_eff xi")
    ]
    worst = -error * np.outer(left[:, -1], right[-1])
    other = rng.normal(size=(5, 5))
    for moved in (worst, error * other / np.linalg.norm(other, 2)):
        smallest = np.linalg.svd(matrix + moved, compute_uv=False)[-1]
        assert alpha / smallest <= seen[0] * (1 + 1e-9)
    assert alpha / np.linalg.svd(matrix + worst)[1][-1] == pytest.approx(seen[0], rel=1e-9)
    # a polynomial within 1/(C kappa') of 1/x leaves the norm of the solution over C kappa' norm(b)
    norm = alpha * np.linalg.norm(solution) / np.linalg.norm(rhs) / seen[0]
    assert 1 / seen[1] == pytest.approx(norm, rel=1e-9)
