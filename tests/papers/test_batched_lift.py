"""Lifts of mini-batches: circuits, the lift itself, its bounds and its card, against dense twins.

Section numbers: the derivation of the training pipeline, 4, 6, 8, 12 and 14a.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from qualtran.resource_counting import QECGatesCost, QubitCount, get_cost_value

import qres
from qres.algorithms.blocks import Blocks
from qres.algorithms.descent.plan import dynamics, final_error
from qres.algorithms.descent.positions import segment_lifts
from qres.algorithms.lifted import lifted_definitions
from qres.algorithms.rules.base import rule_of
from qres.algorithms.rules.batched_history import batch_definitions
from qres.algorithms.rules.batched_lift import batched_lift_matrix, batched_lift_vector
from qres.bloqs.batched_lift import BatchedFactorTrees
from qres.bloqs.batched_source import BatchedLiftedVector
from qres.bloqs.batched_step import BatchOfStep
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.measurement.given import take_given
from qres.notation.compiled import compile_exact
from qres.notation.quantity import Quantity
from qres.notation.symbols import symbol

RATE, STEPS, PADDING, SIZE = 0.1, 7, 3, 2


# ------------------------------------------------------------------ gates: formula and circuit

WAYS = [
    pytest.param(name, degree, marks=[pytest.mark.slow] if degree > 2 else [])
    for name, degree in itertools.product(("frobenius", "sparse"), (2, 3))
]


def numbers(draw, name, degree):
    """Random sizes, and everything that the definitions make of them."""
    whole = {
        "dim": draw(st.integers(1, 20)),
        "n_batches": draw(st.integers(2, 9)),
        "truncation_order": draw(st.integers(2, 4)),
        "segment_steps": draw(st.integers(1, 300)),
        "padding": draw(st.integers(0, 300)),
        "matrix_bits": draw(st.integers(2, 40)),
        "rhs_bits": draw(st.integers(2, 40)),
        "matrix_queries": draw(st.integers(1, 10**9)),
        "state_queries": draw(st.integers(1, 10**9)),
        "block_limit": draw(st.sampled_from([-1, 0, 63])),
    }
    whole["time_bits"] = (whole["segment_steps"] + whole["padding"]).bit_length()
    whole["map_order"] = draw(st.integers(1, whole["truncation_order"]))
    whole["index_bits"] = (whole["dim"] - 1).bit_length()
    for key, power in (("sparsity", 1), ("t3_sparsity", 2), ("t4_sparsity", 3)):
        whole[key] = draw(st.integers(1, whole["dim"] ** power))
    sizes = "max_entry t3_max_entry t4_max_entry frobenius_norm t3_frobenius t4_frobenius"
    reals = {key: draw(st.floats(0.1, 10)) for key in sizes.split()}
    reals |= {key: draw(st.floats(0.1, 2)) for key in ("learning_rate", "rescaling", "grad_norm")}
    values = whole | reals | {"eps_matrix": 1e-3}
    for key, formula in (*batch_definitions("lift"), *lifted_definitions("lift", name, degree)):
        values[key] = formula(**{item: values[item] for item in formula.inputs})
    return values


def put_in(expression, values):
    expression = sympy.sympify(expression)
    free = sorted(str(item) for item in expression.free_symbols)
    compiled = compile_exact(tuple(symbol(key) for key in free), expression)
    return compiled(*(values[key] for key in free))


def circuits(parts, values):
    """The circuits of matrix and right-hand side, and their block exponents by name."""
    blocks = Blocks(values)
    return [part.bloq(values, blocks) for part in parts], blocks.exponents


def count(bloq):
    gates = get_cost_value(bloq, QECGatesCost(), costs_cache={})
    toffoli = gates.toffoli + gates.and_bloq + gates.cswap
    return toffoli, gates.t, gates.rotation, get_cost_value(bloq, QubitCount(), costs_cache={})


def parts_of(name, degree):
    return batched_lift_matrix(name, degree), batched_lift_vector()


@pytest.mark.parametrize(("name", "degree"), WAYS)
@settings(max_examples=3)
@given(data=st.data())
def test_the_formula_counts_the_circuit(name, degree, data):
    """Breaking it means: the printed formula prices another circuit."""
    values = data.draw(st.composite(numbers)(name, degree))
    parts = parts_of(name, degree)
    bloqs, _ = circuits(parts, values)
    assert bloqs[0].ancilla_bitsize == put_in(parts[0].ancillas, values)
    for part, plain in zip(parts, bloqs, strict=True):
        for controls in (0, 1):
            bloq = plain.with_controls(controls)
            gates = [put_in(item(controls), values) for item in (part.toffoli, part.rotations)]
            held = sum(register.total_bits() for register in bloq.signature)
            width = held + put_in(part.width(controls), values)
            assert list(count(bloq)) == [gates[0], 0, gates[1], width]


@pytest.mark.parametrize(("name", "degree"), WAYS)
@settings(max_examples=1)
@given(data=st.data())
def test_substituting_then_counting_equals_counting_then_substituting(name, degree, data):
    """Breaking it means: the symbolic circuit is not the concrete one."""
    concrete = {"index_bits", "block_limit", "slot_bits", "t3_slot_bits", "t4_slot_bits"}
    concrete |= {"truncation_order", "map_order", "step_bits"}
    wanted = st.composite(numbers)(name, degree)
    values = data.draw(wanted.filter(lambda v: v["dim"] > 8 and v["block_limit"] >= 0))
    parts = parts_of(name, degree)
    names = {key: item if key in concrete else symbol(key) for key, item in values.items()}
    letters, symbols = circuits(parts, names)
    bloqs, exponents = circuits(parts, values)
    assert symbols.keys() == exponents.keys()
    known = {item: sympy.Integer(exponents[key]) for key, item in symbols.items()}
    for lettered, bloq in zip(letters, bloqs, strict=True):
        costs = [sympy.sympify(cost) for cost in count(lettered.with_controls(1))]
        free = set().union(*(cost.free_symbols for cost in costs))
        known |= {item: sympy.sympify(values[str(item)]) for item in free - known.keys()}
        assert tuple(cost.xreplace(known) for cost in costs) == count(bloq.with_controls(1))
    assert {symbol("n_batches"), symbol("dim"), symbol("matrix_bits")} <= known.keys()


# ------------------------------------------------------------------ gates by hand

CARD = {"dim": 6, "index_bits": 3, "segment_steps": 5, "step_bits": 3, "time_bits": 4}
CARD |= {"block_limit": 63, "truncation_order": 3, "map_order": 2, "matrix_bits": 12}
CARD |= {"rhs_bits": 12, "slot_bits": 1, "t3_slot_bits": 2, "n_batches": 3, "batch_bits": 2}
"""The card of one matrix (test_lift_card) with three batches; r = 6, T = 5, N = 3, m = 2, q = 2."""

# One control, 11 gates an addition. Entries: look by K = 1, 2, 4 ..; unlook.
# 3: 3-2+1; 2+2-4+1 = 1. 6: 6-2+1; 3+2-4+1. 12: 12-2+1; 3+4-4+1.
TREE_OF_BATCHES = (2 + 1) + (5 + 2) + (11 + 4) + 3 * 11
SCALE = (2 + 1) + 11
PREP = TREE_OF_BATCHES + SCALE
# rows: a batch has 8 on 3 qubits, the last one 6: 2 * 8 + 6 = 22: 22-2+1; 6+4-4+1. 44: by pairs
# 22-2+1+12 = 33; 6+8-4+1. 88: by pairs 44-2+1+12 = 55; by eights 11+8-4+1.
ROW = (21 + 7) + (33 + 11) + (55 + 16)
# 176: by fours 44-2+1+36 = 79; by eights 22+8-4+1 = 27, by sixteens 11+16-4+1 = 24.
# 352: by fours 88-2+1+36 = 123; by sixteens 22+16-4+1. 704: by fours 176-2+1+36 = 211, by eights
# 88-2+1+84 = 171; by sixteens 44+16-4+1 = 57, by 32s 22+32-4+1 = 51.
ROW_PAIRS = ROW + (79 + 24) + (123 + 35) + (171 + 51)

FACTORS = {
    # rows, norms, scale, 3 swaps; for F_2 a ladder over 3 qubits and the control
    "frobenius": (
        ROW + 3 * 11 + TREE_OF_BATCHES + SCALE + 3,
        ROW_PAIRS + 6 * 11 + TREE_OF_BATCHES + SCALE + 3 + 3,
    ),
    # 22 * 2 values of 12 bits; 44 codes of 4 bits: by pairs 22-2+1+4 = 25, by fours 11-2+1+12 = 22.
    # 22 * 4 = 88 values; 22 * 2^4 = 352 codes of 7 bits: by fours 88-2+1+21 = 108, by eights
    # 44-2+1+49 = 92; 22+16-4+1. In both, moves are off in rows 6 and 7: 2 carries before and after,
    # one gate that joins the control. One Hadamard that is alone, the ladder.
    "sparse": (
        (33 + 11) + 11 + (22 + 11) + (2 + 2 + 1),
        (55 + 16) + 11 + (92 + 35) + (2 + 2 + 1) + 1 + 3,
    ),
}
ROUTING = 72
"""Of one matrix, test_lift_card: moves 42, places 5, kinds 4, block 8, flags 10, time 3."""
# 5 entries of 2 bits, no control: by K = 1 5-2 = 3, by pairs 3-2+2 = 3; unlook 5-3 = 2, 3-2 = 1
BATCH = 3 + 1


@pytest.mark.parametrize("name", FACTORS)
def test_toffoli_by_hand(name):
    """Breaking it means: a table has other rows, or the batch is loaded more than once."""
    linear, quadratic = FACTORS[name]
    expected = 2 * (PREP + linear + quadratic) + ROUTING + BATCH
    part = batched_lift_matrix(name, 2)
    assert put_in(part.toffoli(0), CARD) == expected
    assert put_in(part.toffoli(1), CARD) == expected + 1, "the control joins h"


def test_the_sums_of_the_card():
    assert (TREE_OF_BATCHES, SCALE, ROW, ROW_PAIRS) == (58, 14, 143, 626)
    assert FACTORS == {"frobenius": (251, 770), "sparse": (93, 218)}


def test_ancillas_width_and_right_hand_side_by_hand():
    part = batched_lift_matrix("frobenius", 2)
    # routing of one matrix 26; twice row register, emptiness, scale
    assert put_in(part.ancillas, CARD) == 26 + 2 * (3 + 1 + 1)
    assert put_in(part.rotations(0), CARD) == 2 * (1 + 5 + 2 * 2)
    # 704 entries of 12 bits by eights: 88 blocks; beside them the batch
    assert put_in(part.width(0), CARD) == 8 * 12 + 7 + 2
    source = batched_lift_vector()
    # no control: 3: 3-2; 2+2-4. 6: 6-2; 3+2-4. 12: 12-2; 3+4-4.
    plain = (1 + 0) + (4 + 1) + (10 + 3) + 3 * 11
    # 1, 2, 4 entries of the times: 0; 2-2, 0; 4-2, 0
    times = 0 + (0 + 0) + (2 + 0) + 3 * 11
    powers = (1 + 0) + 11
    assert put_in(source.toffoli(0), CARD) == times + powers + plain + TREE_OF_BATCHES + BATCH
    held = times + 0 + (0 + 0) + (1 + 0) + (1 + 1) + powers + (1 + 1) + 2 * TREE_OF_BATCHES + BATCH
    assert put_in(source.toffoli(1), CARD) == held
    assert put_in(source.angle_weight, CARD) == pytest.approx(2 * math.pi * (3 * 2 + 3 + 1))


# ------------------------------------------------------------------ dense lifts


@functools.cache
def make(seed, n_batches, strength=0.3):
    """Random symmetric F_0, F_1, F_2 of each batch, shapes (2,), (2, 2), (2, 2, 2)."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n_batches):
        forcing, root = 0.4 * rng.normal(size=SIZE), rng.normal(size=(SIZE, SIZE))
        hessian = root @ root.T - 0.2 * np.eye(SIZE)
        tensor = rng.normal(size=(SIZE,) * 3)
        third = sum(tensor.transpose(order) for order in itertools.permutations(range(3))) / 6
        found.append((forcing, -hessian, -strength * third / 2))
    return found


def ride(batches, turn=0):
    """u_t of the degree-2 model along the batches."""
    path = [np.zeros(SIZE)]
    for step in range(STEPS):
        forcing, linear, bent = batches[(turn + step) % len(batches)]
        u = path[-1]
        path.append(u + RATE * (forcing + linear @ u + np.einsum("ijk,j,k->i", bent, u, u)))
    return np.array(path)


def tensor_of(size):
    """A symmetric tensor of this norm, all entries alike."""
    return np.full((SIZE,) * 3, size / SIZE**1.5)


def norms_of(batches):
    """What is known of all batches together."""
    ends = [np.linalg.eigvalsh(-linear) for _, linear, _ in batches]
    found = {
        "frobenius_norm": max(float(np.linalg.norm(linear)) for _, linear, _ in batches),
        "max_entry": max(float(np.abs(linear).max()) for _, linear, _ in batches),
        "lambda_max": float(max(values[-1] for values in ends)),
        "lambda_min": float(min(values[0] for values in ends)),
        "t3_frobenius": max(2 * float(np.linalg.norm(bent)) for _, _, bent in batches),
        "largest_grad_norm": max(float(np.linalg.norm(forcing)) for forcing, _, _ in batches),
    }
    return {key: Quantity(value=value, kind="given") for key, value in found.items()}


def scenario_of(seed, n_batches, **choices):
    """A scenario of typed numbers, and the measurement of these batches."""
    batches = make(seed, n_batches)
    path = ride(batches)
    order = [float(np.linalg.norm(batches[t % n_batches][0])) for t in range(STEPS)]
    known = norms_of(batches)
    typed = {
        "n_params": SIZE,
        "n_active": SIZE,
        **{key: known[key].value for key in ("max_entry", "lambda_max", "lambda_min")},
        "frobenius_norm": known["frobenius_norm"].value,
        "grad_norm": float(np.sqrt(np.mean(np.square(order)))),
        "update_norms": np.linalg.norm(path, axis=1).tolist(),
        "eps_model": 0,
        "n_samples": 60,
    }
    algorithm = {"name": "carleman-gd", "n_steps": STEPS, "learning_rate": RATE, "degree": 2}
    algorithm |= {"padding": PADDING, "encoding": "frobenius"} | choices
    algorithm |= {"optimizer": {"kind": "sgd", "n_batches": n_batches}}
    raw = {"schema": "qres-model/1", "name": "dense", "model": {"given": typed}}
    scenario = qres.load(raw | {"algorithm": algorithm})
    measurement = take_given(scenario.model, scenario.algorithm)
    return scenario, replace(measurement, values={**measurement.values, **known})


@functools.cache
def report_of(seed, n_batches, **choices):
    scenario, measurement = scenario_of(seed, n_batches, **choices)
    return qres.estimate(scenario, measurement=measurement)


def lift(batch, gamma, order, most):
    """M_m on blocks 1..N as a matrix, and its column 0, from the definition."""
    plain = [RATE * gamma ** (k - 1) * tensor.reshape(SIZE, -1) for k, tensor in enumerate(batch)]
    sizes = [SIZE**j for j in range(1, order + 1)]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    matrix, first = np.zeros((starts[-1], starts[-1])), np.zeros(starts[-1])
    for j in range(1, order + 1):
        rows = slice(starts[j - 1], starts[j])
        for kinds in itertools.product([None, 0, 1, 2], repeat=j):
            column = sum(1 if kind is None else kind for kind in kinds)
            if column > order or sum(kind is not None for kind in kinds) > most:
                continue
            block = np.ones((1, 1))
            for kind in kinds:
                block = np.kron(
                    block, np.eye(SIZE) if kind is None else plain[kind].reshape(SIZE, -1)
                )
            if column == 0:
                first[rows] += block[:, 0]
            else:
                matrix[rows, starts[column - 1] : starts[column]] += block
    return matrix, first


def system_of(batches, gamma, order, most):
    """L and b of T steps and p idle rows."""
    steps = [lift(batches[t % len(batches)], gamma, order, most) for t in range(STEPS)]
    width, rows = len(steps[0][1]), STEPS + PADDING + 1
    matrix, rhs = np.eye(rows * width), np.zeros((rows, width))
    for t in range(1, rows):
        block = steps[t - 1][0] if t <= STEPS else np.eye(width)
        matrix[t * width : (t + 1) * width, (t - 1) * width : t * width] = -block
        if t <= STEPS:
            rhs[t] = steps[t - 1][1]
    return matrix, rhs


def bounds_of(seed, n_batches, order, most, batches=None, charged=None):
    """Certified error and lift at a fixed rescaling; the norms are those of `charged`, else of all."""
    scenario, measurement = scenario_of(seed, n_batches, truncation_order=order, map=most)
    if batches is not None:
        known = {**measurement.values, **norms_of(charged or batches)}
        path = tuple(np.linalg.norm(ride(batches), axis=1).tolist())
        measurement = replace(measurement, values=known, update_norms=path, path_norms={1: path})
    parameters = scenario.algorithm
    (plan,) = rule_of(parameters, measurement).plans(parameters, measurement, scenario.error)
    gamma = 4 * max(measurement.update_norms)
    (lifted,) = segment_lifts(plan, (most, gamma, PADDING))
    (segment,) = plan.cut.segments
    return final_error(dynamics(segment, plan.cut, 2), order, most), lifted, gamma


@pytest.mark.parametrize(("order", "most"), [(2, 1), (2, 2), (3, 2), (3, 3)])
@pytest.mark.parametrize("n_batches", [2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_bounds_hold_along_the_batches(seed, n_batches, order, most):
    """4.4, 6, 8. Breaking it means: a bound of one batch is charged for all, or none holds."""
    certified, lifted, gamma = bounds_of(seed, n_batches, order, most)
    matrix, rhs = system_of(make(seed, n_batches), gamma, order, most)
    solution = np.linalg.solve(matrix, rhs.ravel()).reshape(rhs.shape)
    path = ride(make(seed, n_batches))
    error = float(np.linalg.norm(gamma * solution[STEPS, :SIZE] - path[-1]))
    assert 0 < error <= certified * (1 + 1e-12)
    assert certified < np.linalg.norm(path[-1]) / 2, "vacuous"
    values = np.linalg.svd(matrix, compute_uv=False)
    assert 1 / values[-1] <= lifted.linv * (1 + 1e-12)
    assert lifted.linv < 25 / values[-1], "vacuous"
    assert values[0] <= lifted.norm_l * (1 + 1e-12)
    weights = np.sum(solution**2, axis=1)
    prob = np.sum(solution[STEPS:, :SIZE] ** 2) / weights.sum()
    assert 0 < lifted.success_prob_low <= prob * (1 + 1e-12)
    assert np.linalg.norm(rhs) <= lifted.source_norm * (1 + 1e-12)


def test_the_certificate_is_sharp_where_all_batches_push_alike():
    """Breaking it means: outer values are far above what the steps can do."""
    batches = [(np.full(SIZE, x), -x * np.full((SIZE, SIZE), 0.5), tensor_of(x)) for x in (1, 0.95)]
    certified, _, gamma = bounds_of(0, 2, 2, 2, batches=batches)
    matrix, rhs = system_of(batches, gamma, 2, 2)
    solution = np.linalg.solve(matrix, rhs.ravel()).reshape(rhs.shape)
    error = np.linalg.norm(gamma * solution[STEPS, :SIZE] - ride(batches)[-1])
    assert error <= certified < 1.5 * error


def test_one_batch_alone_would_bound_nothing():
    """Breaking it means: the test above does not see whose norms are charged."""
    calm, wild = [
        (np.full(SIZE, scale), scale * np.eye(SIZE), scale * tensor_of(1)) for scale in (0.1, 3)
    ]
    both = [calm, wild]
    _, lifted, gamma = bounds_of(0, 2, 3, 3, batches=both)
    _, tame, _ = bounds_of(0, 2, 3, 3, batches=both, charged=[calm])
    matrix, rhs = system_of(both, gamma, 3, 3)
    inverse = 1 / np.linalg.svd(matrix, compute_uv=False)[-1]
    assert tame.linv < inverse <= lifted.linv
    assert tame.source_norm < np.linalg.norm(rhs) <= lifted.source_norm


# ------------------------------------------------------------------ the circuits, dense


def prepare(vector, bits=None):
    """State of a tree of loaded rotations, angles cut to b bits."""
    state, levels = np.ones(1), round(math.log2(len(vector)))
    for level in range(levels):
        parts = vector.reshape(2 ** (level + 1), -1)
        sizes = parts[:, 0] if level == levels - 1 else np.linalg.norm(parts, axis=1)
        pairs = zip(state, sizes[::2], sizes[1::2], strict=True)
        angles = [(x, cut(math.atan2(one, zero), bits)) for x, zero, one in pairs]
        state = np.array([x * f(angle) for x, angle in angles for f in (math.cos, math.sin)])
    return state


def cut(angle, bits):
    return angle if bits is None else math.floor(angle / math.tau * 2**bits) * math.tau / 2**bits


def encode(tensor, alpha, bits=None):
    """The block of one F_k of one batch over the common alpha: row states, norms, the flag."""
    whole, matrix = np.linalg.norm(tensor), tensor.reshape(SIZE, -1)
    scale = math.cos(cut(math.acos(min(1.0, whole / alpha)), bits))
    if tensor.ndim == 1:
        return scale * prepare(tensor / whole, bits)
    norms = np.linalg.norm(matrix, axis=1)
    rows = [prepare(row / norm, bits) for row, norm in zip(matrix, norms, strict=True)]
    return scale * (prepare(norms / whole, bits)[:, None] * np.array(rows)).reshape(tensor.shape)


def alphas_of(batches):
    return [max(np.linalg.norm(batch[k]) for batch in batches) for k in range(3)]


@pytest.mark.parametrize("n_batches", [2, 3])
@pytest.mark.parametrize(("order", "most"), [(2, 1), (2, 2), (3, 2)])
def test_the_sum_over_positions_encodes_the_history(n_batches, order, most):
    """12, 14a. Breaking it means: alpha_L does not encode L, or a table holds another batch.

    Weights are those of the largest batch; a smaller factor is scaled down by its flag. The row
    that a step starts from names the batch; idle rows are flagged away.
    """
    report = report_of(3, n_batches, truncation_order=order, map=most)
    numbers, batches = report.priced.numbers, make(3, n_batches)
    gamma, alphas = numbers["rescaling"], alphas_of(batches)
    names = ("alpha_forcing", "alpha_matrix", "alpha_quadratic")
    assert [numbers[name] for name in names] == pytest.approx(alphas, rel=1e-12)
    weights = [RATE * gamma ** (k - 1) * alpha for k, alpha in enumerate(alphas)]
    a = sum(weights)
    total = sum(math.comb(order, i) * a**i for i in range(most + 1))
    assert numbers["alpha_map"] == pytest.approx(total, rel=1e-12)
    assert numbers["alpha"] == pytest.approx(1 + total, rel=1e-12)
    exact, _ = system_of(batches, gamma, order, most)
    for bits in (None, int(numbers["matrix_bits"])):
        held = [
            tuple(alpha * encode(f, alpha, bits) for f, alpha in zip(batch, alphas, strict=True))
            for batch in batches
        ]
        # a sum over positions and kinds with these weights is the lift of what is encoded
        found, _ = system_of(held, gamma, order, most)
        if bits is None:
            assert found == pytest.approx(exact, abs=1e-12)
        else:
            error = np.linalg.norm(found - exact, 2)
            assert 0 < error <= numbers["eps_matrix"]


@pytest.mark.parametrize("n_batches", [2, 3])
@pytest.mark.parametrize(("order", "most"), [(2, 1), (2, 2), (3, 3)])
def test_the_right_hand_side_is_that_of_the_batches(n_batches, order, most):
    """3. Breaking it means: a power, a step or a batch has another weight, or b_b is too small."""
    numbers = report_of(3, n_batches, truncation_order=order, map=most).priced.numbers
    batches, gamma = make(3, n_batches), numbers["rescaling"]
    _, rhs = system_of(batches, gamma, order, most)
    betas = [RATE * np.linalg.norm(batch[0]) / gamma for batch in batches]
    shares = [np.array([beta ** (j + 1) for j in range(most)]) for beta in betas]
    for bits in (None, int(numbers["rhs_bits"])):
        lengths = [np.linalg.norm(shares[t % n_batches]) if t < STEPS else 0 for t in range(8)]
        times = prepare(np.array(lengths) / np.linalg.norm(lengths), bits)
        state = np.zeros_like(rhs)
        for t in range(STEPS):
            share = np.pad(shares[t % n_batches], (0, 2 ** (most - 1).bit_length() - most))
            powers = prepare(share / np.linalg.norm(share), bits)
            vector = prepare(
                batches[t % n_batches][0] / np.linalg.norm(batches[t % n_batches][0]), bits
            )
            place, block = 0, np.ones(1)
            for j in range(most):
                block = np.kron(block, vector)
                state[t + 1, place : place + len(block)] = times[t] * powers[j] * block
                place += len(block)
        error = np.linalg.norm(state - rhs / np.linalg.norm(rhs))
        assert error < 1e-12 if bits is None else 0 < error <= numbers["eps_rhs"]


@pytest.mark.parametrize("name", ["frobenius", "sparse"])
@pytest.mark.parametrize("n_batches", [2, 3])
def test_a_whole_job_agrees_with_its_circuit(n_batches, name):
    """Breaking it means: the job hands the circuit other numbers than the formulas read."""
    choices = {"truncation_order": 2, "encoding": name, "readout": {"kind": "state"}}
    scenario, measurement = scenario_of(2, n_batches, **choices)
    third = {"t3_sparsity": 4, "t3_max_entry": 0.7, "sparsity": 2}
    typed = {key: Quantity(value=value, kind="given") for key, value in third.items()}
    measurement = replace(measurement, values={**measurement.values, **typed})
    report = qres.estimate(scenario, measurement=measurement)
    assert report.agreement.status == "exact"
    assert report.job.choices["n_batches"] == n_batches
    assert "frozen" in dict(report.warnings)["W-MIXTURE"]
    cost = report.priced.logical
    toffoli, _, rotations, qubits = count(report.job.bloq())
    assert (toffoli, rotations, qubits) == (cost.toffoli, cost.rotations, cost.logical_qubits)


def test_bad_circuits_are_refused():
    short, row = (LoadedRotationTree(6, n, 5, (0,) * n, (0,) * n) for n in (1, 3))
    with pytest.raises(qres.InputError, match="it must have 2"):
        BatchedFactorTrees(row, short, scale_blocks=(0, 0), order=2, alpha=1.0, epsilon=0.1)
    times = LoadedRotationTree(1, 1, 5, (0,), (0,))
    with pytest.raises(qres.InputError, match="it must have 1 and 2"):
        BatchedLiftedVector(times, short, row, BatchOfStep(2, 6, (0, 0)), 3, 3)


NETWORK = {
    "architecture": {"kind": "logistic"},
    "dataset": {"kind": "breast-cancer"},
    "train": {"epochs": 1, "learning_rate": 0.1, "batch_size": 64, "seed": 0},
    "prune": {"fraction": 0.8},
}


@pytest.mark.parametrize(
    ("degree", "steps"),
    [
        (1, 4),
        (2, 12),
        pytest.param(2, 4, marks=pytest.mark.slow),
        pytest.param(3, 12, marks=pytest.mark.slow),
    ],
)
def test_from_a_network_to_a_price(degree, steps, tmp_path, monkeypatch):
    """Breaking it means: what is measured of the batches does not reach the job."""
    monkeypatch.setenv("QRES_CACHE", str(tmp_path))
    algorithm = {"name": "carleman-gd", "n_steps": 12, "learning_rate": 0.5, "degree": degree}
    algorithm |= {"segment_steps": steps, "optimizer": {"kind": "sgd", "n_batches": 3}}
    algorithm |= {"encoding": "frobenius", "solver": "shortcut"}
    raw = {"schema": "qres-model/1", "name": "small", "model": {"network": NETWORK}}
    scenario = qres.load(raw | {"algorithm": algorithm, "error": {"total": 0.3}})
    measurement = qres.measure(scenario)
    report = qres.estimate(scenario, measurement=measurement)
    assert report.failure is None
    assert report.agreement.status == "exact"
    assert report.job.choices["segments"] == 12 // steps
    assert set(measurement.path_norms) == {1, 2, 3}
    cut = next(found for found in measurement.segmentations if found[0].n_steps == steps)
    assert [segment.start_step for segment in cut] == list(range(0, 12, steps))
    # above degree 1 all batches share the largest gradient, at degree 1 only the norm of b counts
    name = "largest_grad_norm" if degree > 1 else "grad_norm"
    if degree > 1 or steps == 12:
        worst = max(float(segment.values[name]) for segment in cut)
        assert report.priced.numbers["grad_norm"] == pytest.approx(worst, rel=1e-12)
    kinds = {
        report.job.values[key].kind
        for key in ("inverse_norm", "update_norm")
        if key in report.job.values
    }
    assert kinds <= {"measured"}
    table = report.table()
    assert "3 batches in a fixed order" in table
