"""Structured encodings as matrices, and the bounds on what is dropped, against dense algebra.

No circuit of `qres` is used: shifts are done index by index in two's complement, trees as amplitudes
of rounded angles. A failure means that the normalisation, the cuts or the bits that are charged do
not encode the matrix to the precision that the budget assumes.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from qres.algorithms.encodings.base import encoding
from qres.errors import InputError
from qres.measurement.diagonals import Diagonals, find_diagonals
from qres.notation.compiled import compile_exact
from qres.staircase import formula

# ------------------------------------------------------------------ angles, as the card rounds them


def prepare(vector, levels, bits=None):
    """Amplitudes of a tree of loaded rotations, signs in the last level."""
    values = np.zeros(2**levels)
    values[: len(vector)] = vector
    state = np.ones(1)
    for level in range(levels):
        parts = values.reshape(2 ** (level + 1), -1)
        sizes = parts[:, 0] if level == levels - 1 else np.linalg.norm(parts, axis=1)
        angles = np.arctan2(sizes[1::2], sizes[::2])
        if bits is not None:
            angles = np.floor(angles / math.tau * 2**bits) * math.tau / 2**bits
        state = np.stack([state * np.cos(angles), state * np.sin(angles)], axis=1).ravel()
    return state


def matrix_bits(name, alpha, eps, **numbers):
    """Bits that a member's `angle_error` buys for an absolute error of its matrix."""
    weight = encoding(name).angle_error
    free = tuple(sorted(weight.free_symbols, key=str))
    factor = compile_exact(free, weight)(*(numbers[str(item)] for item in free))
    return max(1, math.ceil(math.log2(factor * alpha / eps)))


# ------------------------------------------------------------------ constant diagonals


def shift(index, offset, cut, size):
    """In-place addition on the lowest `cut` qubits and a flag: the row, or None where flagged."""
    low = index & (2**cut - 1)
    total = (low - offset) % 2 ** (cut + 1)
    if total >> cut:
        return None
    row = (index >> cut << cut) + total
    return row if row < size and index < size else None


def banded_block(found, bits=None):
    """alpha times the block of the encoding by shifts."""
    levels = math.ceil(math.log2(len(found.offsets)))
    weights = np.abs(found.values) / np.sum(np.abs(found.values))
    right = prepare(np.sqrt(weights) * np.sign(found.values), levels, bits)
    left = prepare(np.sqrt(weights), levels, bits)
    block = np.zeros((found.dim, found.dim))
    for d, (offset, cut) in enumerate(zip(found.offsets, found.cuts, strict=True)):
        for column in range(found.dim):
            row = shift(column, offset, cut, found.dim)
            if row is not None:
                block[row, column] += left[d] * right[d]
    return np.sum(np.abs(found.values)) * block


def line(size, low=-1.0, middle=2.0, high=-1.0):
    return sp.diags([low, middle, high], [-1, 0, 1], shape=(size, size))


def grid(size):
    return sp.kron(line(size), sp.eye(size)) + sp.kron(sp.eye(size), line(size))


def cube(size):
    flat = sp.kron(grid(size), sp.eye(size))
    return flat + sp.kron(sp.eye(size**2), line(size))


SIZES = np.subtract.outer(np.arange(6), np.arange(6))
TOEPLITZ = np.where(SIZES >= 0, 0.5 ** np.abs(SIZES), -(0.25 ** np.abs(SIZES)))

MATRICES = {
    "line": (line(8), (3, 3, 3), 3),
    "upwind": (line(13, -1.5, 2.25, 0.5), (4, 4, 4), 4),
    "grid": (grid(4), (4, 2, 4, 2, 4), 6),
    "cube": (cube(4), (6, 4, 2, 6, 2, 4, 6), 12),
    "blocks": (sp.kron(sp.eye(3), line(4)), (2, 4, 2), 2),
    "toeplitz": (TOEPLITZ, (3,) * 11, 3),
}
"""Matrices, the exponents of their cuts, and the sum of the different ones."""


@pytest.mark.parametrize("name", MATRICES)
def test_shifts_encode_the_matrix(name):
    matrix, cuts, total = MATRICES[name]
    found = find_diagonals(sp.csr_array(matrix))
    assert isinstance(found, Diagonals)
    assert found.cuts == cuts
    values = {key: quantity.value for key, quantity in found.describe().items()}
    assert values["shift_bits"] == total
    dense = matrix.toarray() if sp.issparse(matrix) else matrix
    assert banded_block(found) == pytest.approx(dense, abs=1e-12)
    alpha, eps = values["diagonal_sum"], 1e-3
    assert alpha >= np.linalg.norm(dense, 2) * (1 - 1e-12)
    levels = math.ceil(math.log2(values["n_diagonals"]))
    bits = matrix_bits("computed", alpha, eps, slot_bits=levels)
    assert np.linalg.norm(banded_block(found, bits) - dense, 2) <= eps
    assert np.linalg.norm(banded_block(found, 3) - dense, 2) > eps


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (np.diag([2.0, 2.0, 2.0]), "only the main diagonal"),
        (np.diag([1.0, 2.0, 3.0]) + np.eye(3, k=1), "diagonal 0 is not constant"),
        (grid(3), "diagonal -1 has gaps"),  # lines of 3: no power of two
        (np.eye(4) + np.diag([1.0, 0, 0], k=1), "diagonal 1 has gaps"),
        (np.diag([1.0, 0, 1, 1]) + np.eye(4, k=1), "diagonal 0 has gaps"),
    ],
)
def test_what_does_not_follow_from_the_index_says_why(matrix, words):
    found = find_diagonals(sp.csr_array(matrix))
    assert isinstance(found, str)
    assert words in found


def test_the_poisson_row():
    """5 diagonals of a 16 x 16 grid: 4 + 4 * 1, against 8 slots times 4 by sparse access."""
    found = find_diagonals(sp.csr_array(grid(16)))
    assert isinstance(found, Diagonals)
    values = {key: quantity.value for key, quantity in found.describe().items()}
    # additions of 4 (cut at 16) and of 8 qubits
    expected = {"n_diagonals": 5, "diagonal_sum": 8.0, "shift_bits": 4 + 8, "n_cuts": 2}
    assert values == expected
    # 22 bits: 3 additions of 21 and a list of 4 (2 + 0), twice; 5 offsets (3 + 1); additions 12
    count = formula("encoding.computed.toffoli")(
        dim=256, index_bits=8, n_diagonals=5, slot_bits=3, shift_bits=12, n_cuts=2, matrix_bits=22
    )
    assert count == 2 * (63 + 2) + 4 + 12


# ------------------------------------------------------------------ Gauss-Newton


def gram_block(jacobian, blocks, bits=None):
    """alpha times the block: U_2^dag U_1 D U_1^dag U_2 with the column register projected."""
    samples, outputs = len(blocks), len(blocks[0])
    values, vectors = np.linalg.eigh(blocks)
    rows = np.concatenate(
        [
            v.T @ part
            for v, part in zip(vectors, jacobian.reshape(samples, outputs, -1), strict=True)
        ]
    )
    factor = values.ravel()
    norms = np.linalg.norm(rows, axis=1)
    levels = math.ceil(math.log2(rows.shape[1]))
    row_levels = math.ceil(math.log2(len(rows)))
    weights = prepare(norms / np.linalg.norm(norms), row_levels, bits)
    states = [prepare(row / norm, levels, bits) for row, norm in zip(rows, norms, strict=True)]
    half = (weights[: len(rows), None] * np.array(states))[:, : rows.shape[1]]
    angles = np.arccos(factor / np.max(np.abs(factor)))
    if bits is not None:
        angles = np.floor(angles / math.tau * 2**bits) * math.tau / 2**bits
    alpha = np.linalg.norm(jacobian) ** 2 * np.max(np.abs(factor)) / samples
    return alpha * half.T @ (np.cos(angles)[:, None] * half), alpha, (levels, row_levels)


@pytest.mark.parametrize("seed", range(4))
def test_gram_encodes_the_gauss_newton_part(seed):
    rng = np.random.default_rng(seed)
    samples, outputs, size = 3, 2, 5 + seed
    jacobian = rng.normal(size=(samples * outputs, size))
    blocks = rng.normal(size=(samples, outputs, outputs))
    blocks = blocks + blocks.transpose(0, 2, 1)
    dense = (
        sum(
            part.T @ block @ part
            for part, block in zip(jacobian.reshape(samples, outputs, size), blocks, strict=True)
        )
        / samples
    )
    found, alpha, (levels, row_levels) = gram_block(jacobian, blocks)
    assert found == pytest.approx(dense, abs=1e-12)
    largest = max(np.linalg.norm(block, 2) for block in blocks)
    defined = dict(encoding("gram").definitions("test"))["alpha_matrix"]
    given_values = {"n_samples": samples, "jacobian_frobenius": float(np.linalg.norm(jacobian))}
    assert defined(**given_values, output_hessian_norm=float(largest)) == pytest.approx(alpha)
    bits = matrix_bits("gram", alpha, 1e-2, index_bits=levels, sample_bits=row_levels)
    assert np.linalg.norm(gram_block(jacobian, blocks, bits)[0] - dense, 2) <= 1e-2
    assert np.linalg.norm(gram_block(jacobian, blocks, 4)[0] - dense, 2) > 1e-2


# ------------------------------------------------------------------ what is dropped


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    seed=st.integers(0, 10**6),
    size=st.integers(1, 8),
    steps=st.integers(1, 40),
    part=st.floats(1e-4, 1.0),
    rate=st.floats(1e-2, 1.5),
)
def test_the_change_of_the_update_never_exceeds_its_bound(seed, size, steps, part, rate):
    rng = np.random.default_rng(seed)
    hessian, dropped = (matrix + matrix.T for matrix in rng.normal(size=(2, size, size)))
    dropped = part * dropped
    push = rng.normal(size=size)
    exact, other, norms = np.zeros(size), np.zeros(size), [0.0]
    for _ in range(steps):
        exact = exact - rate * (hessian @ exact + push)
        other = other - rate * ((hessian - dropped) @ other + push)
        norms.append(float(np.linalg.norm(exact)))
    bound = formula("encoding.threshold_error")(
        learning_rate=rate,
        growth=float(np.max(np.abs(1 - rate * np.linalg.eigvalsh(hessian)))),
        dropped_norm=float(np.linalg.norm(dropped, 2)),
        update_norms=norms,
    )
    assert np.linalg.norm(other - exact) <= bound * norms[-1] * (1 + 1e-9)


def test_the_bound_is_reached_by_one_weight():
    # h = 1, eta = 0.5, E = -0.4: u = 0, -0.5, -0.75; thresholded h = 1.4: -0.5, -0.65
    found = formula("encoding.threshold_error")(
        learning_rate=0.5, growth=0.5, dropped_norm=0.4, update_norms=[0, 0.5, 0.75]
    )
    assert found == pytest.approx(0.5 * 0.4 * 0.5 / 0.75)
    assert found == pytest.approx((0.75 - 0.65) / 0.75)
    # three steps: the first error is stretched by g~ = 0.5 + 0.2
    found = formula("encoding.threshold_error")(
        learning_rate=0.5, growth=0.5, dropped_norm=0.4, update_norms=[0, 0.5, 0.75, 0.875]
    )
    assert found == pytest.approx((0.7 * 0.2 * 0.5 + 0.2 * 0.75) / 0.875)


def test_nothing_dropped_changes_nothing():
    at = {"learning_rate": 0.5, "growth": 2.0, "update_norms": [0, 1.0, 2.0]}
    assert formula("encoding.threshold_error")(dropped_norm=0, **at) == 0
    with pytest.raises(InputError, match="the last one > 0"):
        formula("encoding.threshold_error")(
            learning_rate=0.5, growth=1.0, dropped_norm=0.1, update_norms=[0, 0]
        )


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 10**6), size=st.integers(1, 8), rho=st.floats(1e-3, 0.99))
def test_the_change_of_the_solution_never_exceeds_its_bound(seed, size, rho):
    rng = np.random.default_rng(seed)
    matrix, dropped = rng.normal(size=(2, size, size))
    inverse = np.linalg.norm(np.linalg.inv(matrix), 2)
    dropped = dropped * rho / inverse / np.linalg.norm(dropped, 2)
    rhs = rng.normal(size=size)
    exact = np.linalg.solve(matrix, rhs)
    change = np.linalg.norm(np.linalg.solve(matrix - dropped, rhs) - exact)
    bound = formula("encoding.threshold_solution_error")(perturbation=rho)
    assert change <= bound * np.linalg.norm(exact) * (1 + 1e-6)


def test_the_solution_bound_is_reached_by_one_unknown():
    # a = 1, E = 0.5: x = b, with the rest 0.5 dropped x = 2 b
    assert formula("encoding.threshold_solution_error")(perturbation=0.5) == 1
    with pytest.raises(InputError, match="perturbation"):
        formula("encoding.threshold_solution_error")(perturbation=1)
