"""The circuits of the gate card as matrices: does the block they encode have the charged size?

the derivation of the training pipeline, section 14a, says which circuit a query is. Here each is built with
numpy, register by register, at the number of angle bits that `qres` buys, and its block is compared
with what it stands for, and the gates of a history are worked out by hand. No circuit of `qres` is
used: a failure means that normalisation, ancillas, bits or gates that are charged are not those of a
circuit that encodes the matrix to the precision that the budget assumes.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy

import qres
from qres.algorithms.encodings.base import encoding
from qres.algorithms.history import history_matrix
from qres.notation.compiled import compile_exact
from qres.notation.symbols import symbol

RATE, STEPS, PADDING = 0.1, 5, 2


def estimate(hessian, encoding):
    """Numbers of a training run with this Hessian; the path does not matter here."""
    size = len(hessian)
    eigenvalues = np.linalg.eigvalsh(hessian)
    given = {
        "n_params": size,
        "n_active": size,
        "sparsity": int(max(1, np.count_nonzero(hessian, axis=1).max())),
        "max_entry": float(np.abs(hessian).max()),
        "frobenius_norm": float(np.linalg.norm(hessian)),
        "lambda_max": float(eigenvalues[-1]),
        "lambda_min": float(eigenvalues[0]),
        "grad_norm": 1.0,
        "eps_model": 0,
        "n_samples": 1,
    }
    algorithm = {
        "name": "carleman-gd",
        "n_steps": STEPS,
        "learning_rate": RATE,
        "padding": PADDING,
        "encoding": encoding,
        "readout": {"kind": "state"},
    }
    scenario = {"schema": "qres-model/1", "name": "card", "model": {"given": given}}
    scenario |= {"algorithm": algorithm, "error": {"total": 0.1, "fail_prob": 0.05}}
    scenario |= {"hardware": ["superconducting-1e-3"], "classical": {"device": "h200"}}
    return qres.estimate(qres.load(scenario)).priced.numbers


def make_pattern(seed, size, density):
    """A random symmetric matrix with empty and short rows, signed."""
    rng = np.random.default_rng(seed)
    kept = np.triu(rng.random((size, size)) < density)
    matrix = np.where(kept, rng.normal(size=(size, size)), 0)
    matrix = matrix + np.triu(matrix, 1).T
    matrix[0, 1] = matrix[1, 0] = 0.7  # never empty as a whole
    return matrix


def cut(angle, bits):
    """The b-bit angle at or below, in units of 2 pi 2^-b; the angle itself without bits."""
    return (
        angle if bits is None else math.floor(angle / (2 * math.pi) * 2**bits) * math.tau / 2**bits
    )


def rotate(angle):
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


# ------------------------------------------------------------------ tree of loaded rotations


def prepare(vector, levels, bits=None):
    """State of a tree of loaded rotations: one angle a node, signs in the last level."""
    values = np.zeros(2**levels)
    values[: len(vector)] = vector
    state = np.ones(1)
    for level in range(levels):
        parts = values.reshape(2 ** (level + 1), -1)
        is_last = level == levels - 1
        sizes = parts[:, 0] if is_last else np.linalg.norm(parts, axis=1)
        angles = [cut(math.atan2(sizes[2 * k + 1], sizes[2 * k]), bits) for k in range(2**level)]
        state = np.concatenate(
            [
                amplitude * rotate(angle)[:, 0]
                for amplitude, angle in zip(state, angles, strict=True)
            ]
        )
    return state


@pytest.mark.parametrize("size", [2, 3, 4, 7, 8, 13])
def test_tree_prepares_the_vector(size):
    """14a, tree. Breaking it means: n levels of 2^l angles do not prepare a signed vector."""
    vector = np.random.default_rng(size).normal(size=size)
    vector /= np.linalg.norm(vector)
    levels = math.ceil(math.log2(size))
    padded = np.append(vector, np.zeros(2**levels - size))
    assert prepare(vector, levels) == pytest.approx(padded, abs=1e-12)
    for bits in (3, 6, 12):
        error = np.linalg.norm(prepare(vector, levels, bits) - padded)
        assert error <= levels * 2 * math.pi * 2.0**-bits, "angles cost more than n 2 pi 2^-b"


# ------------------------------------------------------------------ frobenius


def frobenius_block(matrix, levels, bits=None):
    """alpha <i|U_1^dag U_2|j>: U_1 prepares row i beside |i>, U_2 the row norms beside |j>."""
    norms = np.linalg.norm(matrix, axis=1)
    weights = prepare(norms / np.linalg.norm(norms), levels, bits)
    rows = np.zeros((2**levels, 2**levels))
    for i, row in enumerate(matrix):
        if norms[i] > 0:
            rows[i] = prepare(row / norms[i], levels, bits)
    block = weights[:, None] * rows
    return np.linalg.norm(matrix) * block[: len(matrix), : len(matrix)]


@pytest.mark.parametrize(("size", "seed"), [(4, 0), (4, 1), (5, 2), (6, 3), (8, 4)])
def test_frobenius(size, seed):
    """Section 5 and 14a. Breaking it means: alpha = norm_F or b_A do not encode F_1 to eps_L."""
    matrix = make_pattern(seed, size, 0.6)
    numbers = estimate(matrix, "frobenius")
    assert numbers["alpha_matrix"] == pytest.approx(np.linalg.norm(matrix), rel=1e-12)
    levels = numbers["index_bits"]
    assert frobenius_block(matrix, levels) == pytest.approx(matrix, abs=1e-12)
    rounded = frobenius_block(matrix, levels, numbers["matrix_bits"])
    assert RATE * np.linalg.norm(rounded - matrix, 2) <= numbers["eps_matrix"]


# ------------------------------------------------------------------ sparse


def hadamard(qubits):
    gate = np.ones((1, 1))
    for _ in range(qubits):
        gate = np.kron(gate, np.array([[1, 1], [1, -1]]) / math.sqrt(2))
    return gate


def sparse_circuit(matrix, slot_bits, bits=None):
    """The sparse encoding on |row>|slot>|flag>, as a unitary; rows are padded to a power of two."""
    rows, slots = 2 ** math.ceil(math.log2(len(matrix))), 2**slot_bits
    columns = [np.flatnonzero(row).tolist() for row in matrix]
    columns += [[] for _ in range(rows - len(matrix))]
    largest = np.abs(matrix).max()
    turns = np.zeros((rows * slots * 2, rows * slots * 2))
    swap = np.zeros((rows * slots, rows * slots))
    for i in range(rows):
        for slot in range(slots):
            here = i * slots + slot
            entry, there = 0.0, here  # a padded slot holds zero and stays where it is
            if slot < len(columns[i]):
                j = columns[i][slot]
                entry, there = matrix[i, j], j * slots + columns[j].index(i)
            turns[2 * here : 2 * here + 2, 2 * here : 2 * here + 2] = rotate(
                cut(math.acos(entry / largest), bits)
            )
            swap[there, here] = 1
    assert np.array_equal(swap @ swap, np.eye(rows * slots)), "the slot map is no involution"
    diffuse = np.kron(np.kron(np.eye(rows), hadamard(slot_bits)), np.eye(2))
    return diffuse @ np.kron(swap, np.eye(2)) @ turns @ diffuse


def zero_block(unitary, size):
    """The block of the leading register where the other ancillas begin and end in zero."""
    step = len(unitary) // size
    return unitary[::step, ::step]


CARDS = [(4, 0, 0.5), (4, 1, 0.3), (4, 2, 0.8), (4, 3, 1.0), (6, 4, 0.3), (7, 5, 0.4), (8, 6, 0.2)]


@pytest.mark.parametrize(("size", "seed", "density"), CARDS)
def test_sparse(size, seed, density):
    """14a, sparse. Breaking it means: alpha = s' max or b_A do not encode F_1 to eps_L."""
    matrix = make_pattern(seed, size, density)
    numbers = estimate(matrix, "sparse")
    slot_bits = numbers["slot_bits"]
    assert numbers["slots"] == 2**slot_bits >= np.count_nonzero(matrix, axis=1).max()
    alpha = numbers["alpha_matrix"]
    assert alpha == pytest.approx(2**slot_bits * np.abs(matrix).max(), rel=1e-12)
    circuit = sparse_circuit(matrix, slot_bits)
    assert circuit @ circuit.T == pytest.approx(np.eye(len(circuit)), abs=1e-12)
    rows = 2 ** numbers["index_bits"]
    padded = np.zeros((rows, rows))
    padded[:size, :size] = matrix
    assert alpha * zero_block(circuit, rows) == pytest.approx(padded, abs=1e-12)
    rounded = alpha * zero_block(sparse_circuit(matrix, slot_bits, numbers["matrix_bits"]), rows)
    assert RATE * np.linalg.norm(rounded - padded, 2) <= numbers["eps_matrix"]


# ------------------------------------------------------------------ right-hand side


@pytest.mark.parametrize("size", [2, 3, 6, 8, 11])
def test_right_hand_side(size):
    """14a. Breaking it means: b_b bits do not prepare F_0 to eps_b."""
    numbers = estimate(make_pattern(size, size, 0.5), "frobenius")
    gradient = np.random.default_rng(size).normal(size=size)
    gradient /= np.linalg.norm(gradient)
    levels = numbers["index_bits"]
    exact, cheap = prepare(gradient, levels), prepare(gradient, levels, numbers["rhs_bits"])
    assert np.linalg.norm(exact - cheap) <= numbers["eps_rhs"]


# ------------------------------------------------------------------ history matrix


def flagged_shift(time_bits, last, kept):
    """|t> -> |t+1> on |time>|flag>: rows that may not be reached raise the flag.

    `kept` says from which times the step counts; the addition is cyclic, so the wrap, and whatever
    starts beyond the last row, has to be flagged too.
    """
    size = 2**time_bits
    shift = np.zeros((2 * size, 2 * size))
    for t in range(size):
        raised = not (t < last and kept(t))
        for flag in range(2):
            shift[2 * ((t + 1) % size) + (flag ^ raised), 2 * t + flag] = 1
    return shift


CARD = {"dim": 6, "index_bits": 3, "time_bits": 4, "matrix_bits": 12, "block_limit": 63}
CARD |= {"sparsity": 3, "slot_bits": 2, "slots": 4, "is_full": 0}
"""Six weights, eleven rows (tau = 4), angles of 12 bits; three entries a row for `sparse`."""


def put_in(expression):
    free = sorted(str(item) for item in sympy.sympify(expression).free_symbols)
    letters = tuple(symbol(name) for name in free)
    return compile_exact(letters, sympy.sympify(expression))(*(CARD[name] for name in free))


@pytest.mark.parametrize(
    ("name", "step", "alive"),
    [
        # rows of 6: 6-2+1, by pairs 3+2-4+1; 12: 12-2+1, by fours 3+4-4+1; 24: 24-2+1, by fours
        # 6+4-4+1. Norms 1: 0, 0. 2: 1, 0. 4: 3, by pairs 2+2-4+1. Additions 6 x 11, swaps 3. Alive:
        # a word of 12 that is added, with 11 carries; its look-up, one by one, has 5 of unary iteration.
        ("frobenius", (5 + 2 + 11 + 4 + 23 + 7) + (1 + 3 + 1) + 6 * 11 + 3, 12 + 11),
        # 24 entries, angles as above and an addition; moves of 5 bits: by pairs 12-2+1+5, 7 as before
        ("sparse", (23 + 7 + 11) + (16 + 7), 12 + 11),
        # 48 entries: by pairs 24-2+1+12, by eights 6+8-4+1 = by fours 12+4-4+1; swaps 3; as six is not
        # eight, a comparison of 3. Alive: two words of 12 and 5.
        ("dense", (35 + 11 + 11) + 3 + 3, 24 + 5),
    ],
)
def test_history_gates_by_hand(name, step, alive):
    """14a. Breaking it means: the step, who acts, where, or the shift is priced as another circuit.

    The step is one of three terms, so it stands under one control whatever the outer one: who acts 1.
    Nothing leaves the last row and no step is in an idle one: the carries of one addition, 4. The
    shift: 3. An outer control is joined with the choice of the shift: 1, and 1 to erase who acts.
    Weights: two rotations before, two after; none of them has a control.
    """
    part = history_matrix(encoding(name))
    assert put_in(part.toffoli(0)) == step + 1 + 4 + 3
    assert put_in(part.toffoli(1)) == step + 1 + 4 + 3 + 2
    assert part.rotations(0) == part.rotations(1) == 4
    assert put_in(part.width(0)) == put_in(part.width(1)) == alive + 1
    own = {"frobenius": 3, "sparse": 2 + 1, "dense": 3 + 1 + 1}[name]
    assert put_in(part.ancillas) == 2 + 1 + own


def test_history_matrix():
    """14a, three-term LCU. Breaking it means: alpha_L = 2 + a does not encode L.

    Registers: LCU (weights 1, 1 and a), time, flag, row, slot, rotated flag.
    """
    matrix = make_pattern(7, 4, 0.6)
    numbers = estimate(matrix, "sparse")
    last, rows = STEPS + PADDING, 2 ** numbers["time_bits"]
    weight = RATE * numbers["alpha_matrix"]
    weights = np.array([1, 1, weight])
    assert numbers["alpha"] == pytest.approx(weights.sum(), rel=1e-12)
    step = sparse_circuit(matrix, numbers["slot_bits"])
    idle = np.eye(len(step))
    # F_1 = -H: the sign of the last two terms is that of L = I - shift - a shift F_1/alpha.
    terms = (
        np.kron(np.eye(2 * rows), idle),
        -np.kron(flagged_shift(numbers["time_bits"], last, lambda t: True), idle),
        np.kron(flagged_shift(numbers["time_bits"], last, lambda t: t < STEPS), step),
    )
    # <0|PREP^dag SELECT PREP|0> is the weighted mean of the terms.
    mean = sum(w * term for w, term in zip(weights / weights.sum(), terms, strict=True))
    block = mean.reshape(rows, 2, 4, len(step) // 4, rows, 2, 4, len(step) // 4)
    block = numbers["alpha"] * block[:, 0, :, 0, :, 0, :, 0].reshape(4 * rows, 4 * rows)
    expected = np.eye(4 * rows)
    for t in range(1, last + 1):
        move = np.eye(4) - RATE * matrix if t <= STEPS else np.eye(4)
        expected[4 * t : 4 * t + 4, 4 * t - 4 : 4 * t] = -move
    assert block == pytest.approx(expected, abs=1e-12)
    assert np.linalg.norm(block, 2) <= numbers["alpha"]
