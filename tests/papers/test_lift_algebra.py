"""The circuit of the lift as matrices: does the sum over positions and factors encode it?

The sum over positions and factors is built move by move as `qres.bloqs.carleman_lift` describes it
and compared with the lift written down from its definition, Kronecker products truncated at N.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from qres.algorithms.lift import ALPHA
from qres.algorithms.lifted import lifted_matrix
from qres.bloqs.carleman_lift import LiftedMatrix
from qres.bloqs.factor_encoding import FactorTrees
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.notation.compiled import compile_exact
from qres.notation.symbols import symbol
from qres.verify.lift_problems import RATE, RESCALING, lifted_history, make_problem

ETA, GAMMA = 0.3, 0.7
CARDS = [(2, 2, 1, 2), (2, 2, 2, 2), (2, 3, 1, 2), (2, 3, 2, 2), (2, 3, 3, 2), (3, 2, 2, 2)]
CARDS += [(3, 3, 2, 2), (2, 4, 2, 2), (2, 3, 2, 3), (2, 3, 3, 3), (2, 4, 3, 3)]
"""Dimension, truncation order, map order, degree."""


def coefficients(size, seed, degree=2):
    """F_0, F_1 (symmetric), F_2, ... on n qubits, zero beyond the dimension."""
    rng, rows = np.random.default_rng(seed), 2 ** math.ceil(math.log2(size))
    found = []
    for order in range(degree + 1):
        whole = np.zeros((rows,) * (order + 1))
        small = rng.normal(size=(size,) * (order + 1))
        whole[(slice(size),) * (order + 1)] = small + small.T if order == 1 else small
        found.append(whole)
    return found


def weights(tensors):
    """Rescaled eta gamma^(k-1) norm_F(F_k), k = 0 first."""
    return [ETA * GAMMA ** (k - 1) * np.linalg.norm(f) for k, f in enumerate(tensors)]


# ------------------------------------------------------------------ the lift from its definition


def lift(tensors, order, most):
    """M_m on blocks 1..N, column 0 left out, as a dictionary of blocks."""
    rows, blocks = len(tensors[0]), {}
    plain = [ETA * GAMMA ** (k - 1) * f.reshape(rows, -1) for k, f in enumerate(tensors)]
    for j in range(1, order + 1):
        for kinds in itertools.product([None, *range(len(tensors))], repeat=j):
            column = sum(1 if k is None else k for k in kinds)
            if not 1 <= column <= order or sum(k is not None for k in kinds) > most:
                continue
            block = np.ones((1, 1))
            for k in kinds:
                block = np.kron(block, np.eye(rows) if k is None else plain[k])
            blocks[j, column] = blocks.get((j, column), 0) + block
    return blocks


def embedded(blocks, order, rows, codes):
    """The blocks on (block index, N cells), where cells beyond the block are empty."""
    whole = np.zeros((codes, rows**order, codes, rows**order))
    for (j, c), block in blocks.items():
        rest = (slice(None, None, rows ** (order - j)), slice(None, None, rows ** (order - c)))
        whole[j - 1, :, c - 1, :][rest] = block
    return whole


def test_the_lift_by_definition_is_that_of_the_proofs():
    """Two definitions, written apart."""
    problem = make_problem(np.random.default_rng(1), (2, 3, 2, 2, 1, 0))
    tensors = [f.reshape((2,) * (k + 1)) for k, f in enumerate(problem.tensors[0])]
    assert (ETA, GAMMA) == (RATE, RESCALING)
    expected = embedded(lift(tensors, 3, 2), 3, 2, 4).reshape(32, 32)
    step = np.eye(64) - lifted_history(problem)
    assert step[:32, 32:] == pytest.approx(expected, abs=1e-12)


# ------------------------------------------------------------------ the lift from its circuit


def mask_prob(mask, order, most, a):
    """Probability of a set of positions: one angle for each position and number so far."""

    def rest(place, so_far):
        return sum(math.comb(order - place, i) * a**i for i in range(most - so_far + 1))

    prob, so_far, angles = 1.0, 0, 0
    for place in range(1, order + 1):
        angles += min(place, most)
        if so_far == most:
            continue
        marked = a * rest(place, so_far + 1) / rest(place - 1, so_far) if so_far < most else 0
        prob *= marked if place in mask else 1 - marked
        so_far += place in mask
    return prob, angles


def circuit_block(tensors, order, most, choose):
    """What the select encodes, flags taken at zero, and the sum of the weights."""
    rows, codes = len(tensors[0]), 2 ** math.ceil(math.log2(order))
    a, norms = sum(weights(tensors)), weights(tensors)
    whole = np.zeros((codes, rows**order, codes, rows**order))
    total, states = 0.0, np.eye(rows**order).reshape((rows,) * order + (-1,))
    for count in range(most + 1):
        for mask in itertools.combinations(range(1, order + 1), count):
            for kinds in itertools.product(range(len(tensors)), repeat=count):
                missing = [None] * (most - count)
                state, shift = choose(states, [*mask, *missing], [*kinds, *missing], tensors, order)
                chance = mask_prob(mask, order, most, a)[0] * math.prod(norms[k] / a for k in kinds)
                total += chance
                for column in range(1, order + 1):  # blocks beyond N are flagged
                    j = column + shift
                    if max(mask, default=1) <= j <= order:
                        whole[j - 1, :, column - 1, :] += chance * state.reshape(rows**order, -1)
    assert total == pytest.approx(1, rel=1e-12)
    return whole


@pytest.mark.parametrize(("size", "order", "most", "degree"), CARDS)
def test_the_select_encodes_the_lift(choose, size, order, most, degree):
    """Breaking it means: alpha_M is not the sum of the weights, or moves and flags miss a block."""
    tensors = coefficients(size, size + order, degree)
    rows, codes = len(tensors[0]), 2 ** math.ceil(math.log2(order))
    a = sum(weights(tensors))
    alpha = sum(math.comb(order, i) * a**i for i in range(most + 1))
    block = alpha * circuit_block(tensors, order, most, choose)
    expected = embedded(lift(tensors, order, most), order, rows, codes)
    filled = [slice(None, None, rows ** (order - c)) for c in range(1, order + 1)]
    for c in range(1, order + 1):  # what comes from filled cells goes to filled cells, exactly
        found = block[:, :, c - 1, filled[c - 1]]
        assert found == pytest.approx(expected[:, :, c - 1, filled[c - 1]], abs=1e-12)
    charged = ALPHA(
        truncation_order=order, map_order=most, learning_rate=1.0, alphas=weights(tensors)
    )
    assert charged == pytest.approx(alpha, rel=1e-12)


@pytest.mark.parametrize(("size", "order", "most"), [(2, 2, 2), (2, 3, 2), (2, 3, 3)])
def test_blocks_on_unfilled_cells_are_not_larger(choose, size, order, most):
    """Cells beyond the block hold nothing; were they filled, no block may be larger than charged."""
    tensors, rows = coefficients(size, 5), 2
    a = sum(weights(tensors))
    alpha = sum(math.comb(order, i) * a**i for i in range(most + 1))
    block = alpha * circuit_block(tensors, order, most, choose)
    values = ETA * np.linalg.eigvalsh(tensors[1])
    norms = [n if k != 1 else 0 for k, n in enumerate(weights(tensors))]

    def kept(length, depth):
        """max of |sum_{i <= depth} e_i| over products of eigenvalues, 0 for a negative depth."""
        return max(
            abs(
                sum(
                    math.prod(chosen)
                    for i in range(depth + 1)
                    for chosen in itertools.combinations(point, i)
                )
            )
            for point in itertools.product(values, repeat=length)
        )

    for j, c in itertools.product(range(1, order + 1), repeat=2):
        bound = 0.0
        for s in range(min(j, most) + 1):
            power = np.polynomial.polynomial.polypow(norms, s) if s else np.ones(1)
            rest = c - (j - s)
            share = power[rest] if 0 <= rest < len(power) else 0
            bound += math.comb(j, s) * kept(j - s, most - s) * share
        found = np.linalg.norm(block[j - 1, :, c - 1, :], 2)
        assert found <= bound + 1e-12
    assert rows == len(tensors[0])


def test_the_history_keeps_idle_rows_and_leaves_nothing_beyond(choose):
    """alpha_L = 1 + alpha_M: the term without factors is the step of an idle row."""
    tensors, order, most, steps, last, times = coefficients(2, 3), 2, 2, 2, 3, 4
    rows, a = 2, sum(weights(tensors))
    alpha_map = sum(math.comb(order, i) * a**i for i in range(most + 1))
    full = circuit_block(tensors, order, most, choose).reshape(8, 8)
    alone = np.eye(8) / alpha_map
    shift = np.zeros((2, times, times))
    for t in range(last):  # a flag keeps the other times out, another one factors in idle rows
        shift[int(t < steps), t + 1, t] = 1
    weighted = np.kron(shift[1], full) + np.kron(shift[0], alone)
    history = (np.eye(8 * times) - alpha_map * weighted) / (1 + alpha_map)
    expected = np.eye(8 * times)
    valid = [0, 2, 4, 5, 6, 7]  # block 1 with its second cell empty, block 2
    step = embedded(lift(tensors, order, most), order, rows, 2).reshape(8, 8)
    for t in range(1, last + 1):
        expected[8 * t : 8 * t + 8, 8 * t - 8 : 8 * t] = -step if t <= steps else -np.eye(8)
    columns = [8 * t + v for t in range(times) for v in valid]
    found = (1 + alpha_map) * history[:, columns]
    assert found == pytest.approx(expected[:, columns], abs=1e-12)


# ------------------------------------------------------------------ angles


def put_in(expression, values):
    free = sorted(str(item) for item in expression.free_symbols)
    letters = tuple(symbol(name) for name in free)
    return compile_exact(letters, expression)(*(values[name] for name in free))


@pytest.mark.parametrize(("order", "most"), [(2, 1), (2, 2), (3, 2), (3, 3)])
@pytest.mark.parametrize("bits", [6, 9])
def test_rounded_angles_stay_within_the_angle_weight(order, most, bits):
    """Every angle of both trees of each F_k is cut to b bits, and F_0 turned by as much."""
    tensors = coefficients(2, 11)
    exact = embedded(lift(tensors, order, most), order, 2, order)
    off = embedded(lift([rough(f, bits) for f in tensors], order, most), order, 2, order)
    error = np.linalg.norm((exact - off).reshape(order * 2**order, -1), 2)
    values = {"index_bits": 1, "truncation_order": order, "map_order": most}
    values |= {"learning_rate": ETA, "rescaling": GAMMA, "factor_norm": sum(weights(tensors))}
    alphas = ("alpha_forcing", "alpha_matrix", "alpha_quadratic")
    values |= {name: np.linalg.norm(f) for name, f in zip(alphas, tensors, strict=True)}
    assert 0 < error <= put_in(lifted_matrix("frobenius", 2).angle_weight, values) * 2.0**-bits


def cut_state(vector, bits):
    """A tree of rotations with every angle at the b-bit value below."""
    state, unit = np.ones(1), math.tau * 2.0**-bits
    for level in range(len(vector).bit_length() - 1):
        parts = vector.reshape(2 ** (level + 1), -1)
        sizes = parts[:, 0] if parts.shape[1] == 1 else np.linalg.norm(parts, axis=1)
        pairs = zip(state, sizes[::2], sizes[1::2], strict=True)
        angles = [(x, math.floor(math.atan2(one, zero) / unit) * unit) for x, zero, one in pairs]
        state = np.array([x * f(angle) for x, angle in angles for f in (math.cos, math.sin)])
    return state


def rough(tensor, bits):
    """What the row-state encoding of a tensor holds when its angles have b bits."""
    norm, matrix = np.linalg.norm(tensor), tensor.reshape(len(tensor), -1)
    if tensor.ndim == 1:
        return norm * cut_state(tensor / norm, bits)
    norms = np.linalg.norm(matrix, axis=1)
    shares = cut_state(norms / norm, bits)
    rows = [cut_state(row / size, bits) for row, size in zip(matrix, norms, strict=True)]
    return norm * (shares[:, None] * np.array(rows)).reshape(tensor.shape)


@pytest.mark.parametrize(("order", "most", "degree"), [(2, 1, 2), (3, 2, 2), (4, 3, 3), (4, 4, 3)])
def test_the_circuit_has_as_many_exchanges_and_angles_as_the_moves(choose, order, most, degree):
    tree = LoadedRotationTree(1, 1, 4, (0,), (0,))
    rows = [LoadedRotationTree(2, k, 4, (0,) * k, (0,) * k) for k in range(1, degree + 1)]
    parts = [FactorTrees(row, tree, order=k, alpha=1, epsilon=0.1) for k, row in enumerate(rows, 1)]
    bloq = LiftedMatrix(tree, parts, order, most, 3, 5, 2, alpha=2, epsilon=0.1)
    tensors, nothing, tally = coefficients(2, 1, degree), [None] * most, []
    choose(np.ones((2,) * order + (1,)), nothing, nothing, tensors, order, tally)
    assert sum(bloq.exchanges) == len(tally)
    assert bloq.places == mask_prob((), order, most, 0.5)[1]
