"""Encodings of the tensors of the lift as unitaries: is the block the tensor, and off the identity?

Each circuit is built with numpy, gate by gate as `qres.bloqs.factor_encoding` describes it, on k
registers of n qubits and its ancillas; nothing of the circuits of `qres` is used. Normalisation and
angle error are those that the pipeline charges.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from qres.algorithms.encodings.base import encoding
from qres.algorithms.encodings.factors import TENSORS
from qres.notation.compiled import compile_exact
from qres.notation.symbols import symbol


def make_tensor(seed, size, order, density):
    """A random matrix of size x size^order, columns numbered j_1 size^(order-1) + ...; row 1 empty."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(size, *[size] * order)) * (
        rng.random((size, *[size] * order)) < density
    )
    found[1] = 0
    found[0][(0,) * order] = -0.7  # never empty as a whole
    return found


def padded(tensor, levels):
    """The tensor with 2^n entries along each index, as a matrix of 2^n x 2^(kn)."""
    rows, order = 2**levels, tensor.ndim - 1
    whole = np.zeros((rows,) * (order + 1))
    whole[tuple(slice(len(tensor)) for _ in range(order + 1))] = tensor
    return whole.reshape(rows, -1)


def cut(angle, bits):
    """The b-bit angle at or below; the angle itself without bits."""
    return angle if bits is None else math.floor(angle / math.tau * 2**bits) * math.tau / 2**bits


def turn(angle):
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def diffusion(qubits):
    gate = np.ones((1, 1))
    for _ in range(qubits):
        gate = np.kron(gate, np.array([[1, 1], [1, -1]]) / math.sqrt(2))
    return gate


def tree_unitary(vector, bits):
    """A tree of loaded rotations as a matrix: one angle a node, signs in the last level."""
    size = len(vector)
    levels, unitary = size.bit_length() - 1, np.eye(size)
    for level in range(levels):
        parts = vector.reshape(2 ** (level + 1), -1)
        sizes = parts[:, 0] if level == levels - 1 else np.linalg.norm(parts, axis=1)
        step = np.zeros((size, size))
        rest = np.eye(size // 2 ** (level + 1))
        for node in range(2**level):
            gate = turn(cut(math.atan2(sizes[2 * node + 1], sizes[2 * node]), bits))
            here = slice(node * size // 2**level, (node + 1) * size // 2**level)
            step[here, here] = np.kron(gate, rest)
        unitary = step @ unitary
    return unitary


def exchanged(state, levels):
    """Swap the first register with the ancilla register behind all of them."""
    rows = 2**levels
    return state.reshape(rows, -1, rows, state.shape[1]).swapaxes(0, 2).reshape(state.shape)


def frobenius_circuit(matrix, levels, bits, is_on):
    """Registers: column, ancilla register of the row. Off, every load is zero."""
    rows, columns = matrix.shape
    state = np.eye(rows * columns)[:, ::rows]
    if not is_on:
        return state
    norms = np.linalg.norm(matrix, axis=1)
    state = np.kron(np.eye(columns), tree_unitary(norms / np.linalg.norm(norms), bits)) @ state
    state = state.reshape(columns, rows, columns)
    for i in range(rows):
        vector = matrix[i] / norms[i] if norms[i] > 0 else np.eye(columns)[0]
        state[:, i] = tree_unitary(vector, bits).T @ state[:, i]
    return exchanged(state.reshape(-1, columns), levels)


def dense_circuit(matrix, levels, bits, is_on):
    """Registers: flag, column, ancilla register of the row; all of the ancillas begin in zero."""
    rows, columns = matrix.shape
    half = np.kron(np.eye(columns), diffusion(levels)) @ np.eye(rows * columns)[:, ::rows]
    flags = [half, np.zeros_like(half)]
    if is_on:
        largest = np.abs(matrix).max()
        angles = [cut(math.acos(entry / largest), bits) for entry in matrix.T.ravel()]
        turns = np.array([turn(angle)[:, 0] for angle in angles])
        flags = [exchanged(turns[:, f, None] * half, levels) for f in (0, 1)]
        others = np.kron(diffusion(columns.bit_length() - 1 - levels), np.eye(rows))
        flags = [np.kron(np.eye(rows), others) @ part for part in flags]
    return np.concatenate([np.kron(np.eye(columns), diffusion(levels)) @ part for part in flags])


def slots_of(matrix):
    """Non-zeros as (row, slot in row, column, slot in column)."""
    kept = matrix != 0
    in_row, in_column = kept.cumsum(axis=1) - 1, kept.cumsum(axis=0) - 1
    return [(i, in_row[i, j], j, in_column[i, j]) for i, j in np.argwhere(kept)]


def permutation(places, size):
    """Complete a partial map of codes to a permutation: the others stay, or fill what is left."""
    found = np.arange(size)
    for source, target in places.items():
        found[source] = target
    free = sorted(set(places) - set(places.values()))
    for source, target in zip(sorted(set(places.values()) - set(places)), free, strict=True):
        found[source] = target
    assert sorted(found) == list(range(size))
    return found


def sparse_circuit(matrix, levels, bits, is_on):
    """Registers: flag, code; a code is the first register, the others, the spare bits."""
    rows, columns = matrix.shape
    entries = slots_of(matrix)
    rho, sigma = (int(max(entry[k] for entry in entries)).bit_length() for k in (1, 3))
    others = columns.bit_length() - 1 - levels
    beta = max(others + sigma, rho)
    spare = beta - others
    begin = np.kron(np.eye(2 ** (levels + beta - sigma)), diffusion(sigma))
    state = begin @ np.eye(rows * 2**beta)[:, :: 2**spare]
    flags = [state, np.zeros_like(state)]
    if is_on:
        moves = {(j << spare) | t: (i << beta) | s for i, s, j, t in entries}
        moved = np.zeros_like(state)
        moved[permutation(moves, rows * 2**beta)] = state
        largest = np.abs(matrix).max()
        table = np.zeros((rows, 2**rho))  # r s' entries: the bits beyond the slot are not looked at
        for i, s, j, _ in entries:
            table[i, s] = matrix[i, j]
        values = np.tile(table, 2 ** (beta - rho)).ravel()
        turns = np.array([turn(cut(math.acos(v / largest), bits))[:, 0] for v in values])
        flags = [turns[:, f, None] * moved for f in (0, 1)]
    end = np.kron(np.eye(2 ** (levels + beta - rho)), diffusion(rho)) if is_on else begin
    return np.concatenate([end @ part for part in flags]), (rho, sigma, spare)


def charged(name, order, matrix, **extra):
    """Normalisation and angle error that the pipeline charges for this tensor."""
    tensor = TENSORS[order]
    factor = encoding(name).factor(order)
    values = {"index_bits": matrix.shape[0].bit_length() - 1, **extra}
    values[tensor.max_entry] = np.abs(matrix).max() * tensor.divisor
    values[tensor.frobenius] = np.linalg.norm(matrix) * tensor.divisor
    for key, formula in factor.definitions("card"):
        values[key] = formula(**{item: values[item] for item in formula.inputs})
    letters = tuple(factor.angle_error.free_symbols)
    error = compile_exact(letters, factor.angle_error)(*(values[str(item)] for item in letters))
    assert all(symbol(need) for need in factor.needs)
    return values[tensor.alpha], error


def block_of(state, rows, columns):
    """Amplitudes of (row in the first register, everything else zero)."""
    return state[: rows * columns].reshape(rows, -1, columns)[:, 0]


CASES = [(3, 1, 0.8), (5, 1, 0.5), (2, 2, 1.0), (3, 2, 0.5), (4, 2, 0.3), (5, 2, 0.1), (2, 3, 0.6)]
CIRCUITS = {"frobenius": frobenius_circuit, "dense": dense_circuit}


@pytest.mark.parametrize("name", CIRCUITS)
@pytest.mark.parametrize(("size", "order", "density"), CASES)
def test_trees_and_tables(name, size, order, density):
    """Breaking it means: alpha or f_k do not encode F_k, or a switched-off factor does something."""
    levels = math.ceil(math.log2(size))
    matrix = padded(make_tensor(size, size, order, density), levels)
    rows, columns = matrix.shape
    alpha, error = charged(name, order, matrix, dim=size, sparsity=size)
    state = CIRCUITS[name](matrix, levels, None, True)
    assert state.T @ state == pytest.approx(np.eye(columns), abs=1e-12)
    assert alpha * block_of(state, rows, columns) == pytest.approx(matrix, abs=1e-12)
    for bits in (5, 9):
        rough = alpha * block_of(CIRCUITS[name](matrix, levels, bits, True), rows, columns)
        off = np.linalg.norm(rough - matrix, 2)
        assert 0 < off <= error * 2.0**-bits * alpha
    idle = CIRCUITS[name](matrix, levels, None, False)
    kept = idle[: rows * columns].reshape(columns, rows, columns)
    assert kept[:, 0] == pytest.approx(np.eye(columns), abs=1e-12)


@pytest.mark.parametrize(("size", "order", "density"), CASES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_sparse(size, order, density, seed):
    """The same for slots, short and empty rows and columns included."""
    levels = math.ceil(math.log2(size))
    matrix = padded(make_tensor(seed, size, order, density), levels)
    check_sparse(matrix, levels, size, order)


def test_sparse_with_one_full_row():
    """More slots in a row than the registers of a column have room for: the code is wider."""
    tensor = np.zeros((3, 3, 3))
    tensor[2] = np.arange(1, 10).reshape(3, 3)
    slots = check_sparse(padded(tensor, 2), 2, 3, 2)
    assert slots == (4, 0, 2)


def check_sparse(matrix, levels, size, order):
    rows, columns = matrix.shape
    state, slots = sparse_circuit(matrix, levels, None, True)
    most = {"sparsity": int((matrix != 0).sum(axis=0).max())}
    most[TENSORS[order].sparsity] = int((matrix != 0).sum(axis=1).max())
    if order == 1:  # one number for rows and columns of a symmetric pattern
        most["sparsity"] = max(2 ** slots[0], 2 ** slots[1])
        alpha = math.sqrt(2 ** (slots[0] + slots[1])) * np.abs(matrix).max()
        _, error = charged("sparse", order, matrix, dim=size, **most)
    else:
        alpha, error = charged("sparse", order, matrix, dim=size, **most)
    assert state.T @ state == pytest.approx(np.eye(columns), abs=1e-12)
    half = len(state) // 2
    block = state[:half].reshape(rows, -1, columns)[:, 0]
    assert alpha * block == pytest.approx(matrix, abs=1e-12)
    rough = sparse_circuit(matrix, levels, 7, True)[0][:half].reshape(rows, -1, columns)[:, 0]
    assert np.linalg.norm(alpha * rough - matrix, 2) <= error * 2.0**-7 * alpha
    idle = sparse_circuit(matrix, levels, None, False)[0]
    assert idle[:half][:: 2 ** slots[2]] == pytest.approx(np.eye(columns), abs=1e-12)
    return slots
