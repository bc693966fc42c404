"""The lift of momentum: circuit, gate card and job, against dense matrices and hand counts.

Section numbers: the derivation of the training pipeline, 8, 12 and 14a.
"""

from __future__ import annotations

import functools
import itertools
import math
import random
from dataclasses import replace

import numpy as np
import pytest
import sympy
from qualtran.resource_counting import QECGatesCost, QubitCount, get_cost_value

import qres
from qres.algorithms.blocks import Blocks
from qres.algorithms.rules.momentum_lift import (
    momentum_lift_definitions,
    momentum_lift_matrix,
    momentum_lift_vector,
)
from qres.bloqs.momentum_lift import MomentumLift
from qres.errors import InputError
from qres.measurement.given import take_given
from qres.notation.formula import compile_exact
from qres.notation.symbols import symbol

RATE, BETA, GAMMA = 0.3, 0.6, 0.7


def put_in(expression, values):
    expression = sympy.sympify(expression)
    free = sorted(str(item) for item in expression.free_symbols)
    letters = tuple(symbol(name) for name in free)
    return compile_exact(letters, expression)(*(values[name] for name in free))


# ------------------------------------------------------------------ the circuit as matrices


def tensors_of(size, degree, seed):
    """F_0, F_1 symmetric, F_2, ... rescaled by gamma^(k-1)."""
    rng, found = np.random.default_rng(seed), []
    for k in range(degree + 1):
        tensor = rng.normal(size=(size,) * (k + 1))
        tensor = tensor + tensor.T if k == 1 else tensor
        found.append(GAMMA ** (k - 1) * tensor)
    return found


def free_of(sigma):
    return np.array([[1, -RATE * BETA / sigma], [0, BETA]])


def branched(tensors, sigma):
    """|w> F_k <0..0| on cells of a branch and an index."""
    size, found = len(tensors[0]), []
    for k, tensor in enumerate(tensors):
        whole = np.zeros((2, size) * (k + 1))
        for branch, weight in enumerate((RATE, -sigma)):
            whole[(branch, slice(None), *(0, slice(None)) * k)] = weight * tensor
        found.append(whole.reshape((2 * size,) * (k + 1)))
    return found


def lift_of(terms, free, order):
    """The blocks of the lift from its definition: Kronecker products of G_0, G_1, ..."""
    width = len(terms[0])
    plain = [term.reshape(width, -1) for term in terms]
    plain[1] = plain[1] + free
    blocks = {}
    for j in range(1, order + 1):
        for kinds in itertools.product(range(len(terms)), repeat=j):
            column = sum(kinds)
            if 1 <= column <= order:
                block = functools.reduce(np.kron, [plain[k] for k in kinds])
                blocks[j, column] = blocks.get((j, column), 0) + block
    return blocks


def circuit_block(terms, free, order, choose):
    """What the circuit encodes, flags at zero, and the sum of its weights."""
    width, top = len(terms[0]), np.linalg.norm(free, 2)
    norms = [np.linalg.norm(term) for term in terms]
    states = np.eye(width**order).reshape((width,) * order + (-1,))
    whole = np.zeros((order, width**order, order, width**order))
    total = 0.0
    for count in range(order + 1):
        for mask in itertools.combinations(range(1, order + 1), count):
            for kinds in itertools.product(range(len(terms)), repeat=count):
                missing = [None] * (order - count)
                spots, chosen = [*mask, *missing], [*kinds, *missing]
                moved, shift = choose(states, spots, chosen, terms, order)
                weight = top ** (order - count) * math.prod(norms[k] for k in kinds)
                total += weight
                for column in range(1, order + 1):  # blocks beyond N are flagged
                    j, state = column + shift, moved
                    if not max(mask, default=1) <= j <= order:
                        continue
                    for place in range(1, order + 1):  # A_1 where a cell is filled, else 1/norm
                        if place not in mask:
                            turned = np.tensordot(free, state, axes=(1, place - 1))
                            turned = np.moveaxis(turned, 0, place - 1)
                            state = (turned if place <= j else state) / top
                    whole[j - 1, :, column - 1, :] += weight * state.reshape(width**order, -1)
    return whole, total


@pytest.mark.parametrize("sigma", [0.1, 1.7])
@pytest.mark.parametrize(("size", "order", "degree"), [(1, 2, 2), (1, 3, 2), (1, 3, 3), (2, 2, 2)])
def test_the_circuit_encodes_the_lift(choose, size, order, degree, sigma):
    """14a. Breaking it means: A_1 sits on the wrong cells, or alpha_M is not the sum of weights."""
    tensors = tensors_of(size, degree, size + order)
    terms, free = branched(tensors, sigma), np.kron(free_of(sigma), np.eye(size))
    width = 2 * size
    block, total = circuit_block(terms, free, order, choose)
    for (j, c), expected in lift_of(terms, free, order).items():
        rows = slice(None, None, width ** (order - j))
        columns = slice(None, None, width ** (order - c))
        found = block[j - 1, :, c - 1, columns]
        assert found[rows] == pytest.approx(expected, abs=1e-12)
        found[rows] = 0
        assert not np.abs(found).max() > 1e-12, "what comes from filled cells goes to filled cells"
    weights = [math.hypot(RATE, sigma) * np.linalg.norm(tensor) for tensor in tensors]
    charged = qres.formula("momentum.lift_alpha")(
        truncation_order=order,
        learning_rate=RATE,
        momentum=BETA,
        velocity_scale=sigma,
        factor_norm=sum(weights),
    )
    assert charged == pytest.approx(total, rel=1e-12)


def test_without_momentum_the_normalisation_is_that_of_plain_descent():
    """17, law 6: beta = 0, sigma -> 0 leaves (1 + a)^N."""
    alpha = qres.formula("momentum.lift_alpha")
    keys = {"learning_rate": RATE, "momentum": 0.0, "velocity_scale": 1e-9, "factor_norm": 0.4}
    assert alpha(truncation_order=3, **keys) == pytest.approx(1.4**3, rel=1e-12)


# ------------------------------------------------------------------ the gate card

CARD = {"dim": 6, "index_bits": 3, "segment_steps": 5, "time_bits": 4, "block_limit": 63}
CARD |= {"padding": 5, "truncation_order": 3, "map_order": 3, "matrix_bits": 12, "rhs_bits": 12}
CARD |= {"slot_bits": 1, "t3_slot_bits": 2}


def test_gates_by_hand():
    """N = 3, q = 2, exact map: one spare cell, four in all.

    Exchanges: before the first factor 3; before the second 3, the third 2; fetching a second cell
    2 + 1 + 0; last sweep 1. Each moves one branch.
    """
    from qres.algorithms.lifted import lifted_matrix, lifted_vector

    moves = 3 + 3 + 2 + (2 + 1 + 0) + 1
    reads = 2 * 3  # two cells at most, three factors
    carries = 3 + (3 - 1) + 3  # m_l; j >= l, which the lift has, with not idle; x_l
    turns = 3  # x_l and b
    idle = 4 - 1  # one comparison of the time
    plain, branches = lifted_matrix("frobenius", 2), momentum_lift_matrix("frobenius", 2)
    extra = moves + reads + carries + turns + idle
    assert extra == 32
    for controls in (0, 1):
        found = put_in(branches.toffoli(controls), CARD) - put_in(plain.toffoli(controls), CARD)
        assert found == extra
        turned = put_in(branches.rotations(controls), CARD)
        assert turned - put_in(plain.rotations(controls), CARD) == 3 * (8 + 2)
    assert qres.formula("momentum.lift-2.toffoli")(truncation_order=3, time_bits=4) == extra
    # a branch of the spare cell; flags 6; turned ancillas 3
    assert put_in(branches.ancillas, CARD) - put_in(plain.ancillas, CARD) == 1 + 6 + 3
    source, vector = lifted_vector(), momentum_lift_vector()
    for controls in (0, 1):  # the first branch under the control, two under "j >= s"
        found = put_in(vector.rotations(controls), CARD)
        assert found - put_in(source.rotations(controls), CARD) == 1 + controls + 2 * 2
        assert put_in(vector.toffoli(controls), CARD) == put_in(source.toffoli(controls), CARD)


def test_normalisations_by_hand():
    """sigma = .4, eta = .3: scale .5; A_1 of beta = .6: norm((1, -.45), (0, .6))."""
    values = CARD | {"learning_rate": 0.3, "momentum": 0.6, "velocity_scale": 0.4}
    values |= {"rescaling": 0.5, "grad_norm": 2.0, "frobenius_norm": 8.0, "t3_frobenius": 6.0}
    values |= {"inverse_norm": 10.0}
    for key, formula in momentum_lift_definitions("card", "frobenius", 2):
        values[key] = formula(**{item: values[item] for item in formula.inputs})
    a = 0.5 * (2 / 0.5 + 8 + 0.5 * 3)
    top = np.linalg.norm([[1, -0.45], [0, 0.6]], 2)
    assert values["index_width"] == 4 + 2 + 3 * (3 + 1)
    assert values["factor_norm"] == pytest.approx(a, rel=1e-14)
    assert values["alpha_map"] == pytest.approx((top + a) ** 3, rel=1e-13)
    assert values["kappa_eff"] == pytest.approx(10 * (1 + (top + a) ** 3), rel=1e-13)
    # two trees of n (k n) levels for each F_k, and F_0: errors of each block times 2^b
    weight = put_in(momentum_lift_matrix("frobenius", 2).angle_weight, values)
    delta = 0.5 * 2 * math.pi * (3 * 2 / 0.5 + (3 + 3) * 8 + (6 + 3) * 0.5 * 3)
    assert weight == pytest.approx(3 * (top + a) ** 2 * delta, rel=1e-12)


def drawn(encoding, degree):
    """Random values and everything that the definitions make of them."""
    values = {"dim": random.randint(1, 40), "truncation_order": random.randint(2, 4)}
    values |= {"padding": random.randint(0, 3000), "segment_steps": random.randint(1, 3000)}
    values["time_bits"] = (values["padding"] + values["segment_steps"]).bit_length()
    values |= {"matrix_bits": random.randint(2, 40), "rhs_bits": random.randint(2, 40)}
    values |= {"block_limit": random.choice([0, 63]), "map_order": values["truncation_order"]}
    values |= {"index_bits": (values["dim"] - 1).bit_length(), "eps_matrix": 1e-3}
    for name, power in (("sparsity", 1), ("t3_sparsity", 2), ("t4_sparsity", 3)):
        values[name] = random.randint(1, values["dim"] ** power)
    reals = "max_entry t3_max_entry t4_max_entry frobenius_norm t3_frobenius t4_frobenius"
    reals += " learning_rate rescaling grad_norm velocity_scale inverse_norm"
    values |= {name: random.uniform(0.1, 2) for name in reals.split()}
    values["momentum"] = random.random()
    for name, formula in momentum_lift_definitions("lift", encoding, degree):
        values[name] = formula(**{key: values[key] for key in formula.inputs})
    return values


@pytest.mark.parametrize("degree", [2, 3])
@pytest.mark.parametrize("encoding", ["dense", "frobenius", "sparse"])
def test_formula_and_circuit_agree(encoding, degree):
    """Breaking it means: the printed formula prices another circuit."""
    random.seed(degree)
    for _ in range(4):
        values = drawn(encoding, degree)
        for part in (momentum_lift_matrix(encoding, degree), momentum_lift_vector()):
            circuit = part.bloq(values, Blocks(values))
            for controls in (0, 1):
                gates = get_cost_value(circuit.with_controls(controls), QECGatesCost())
                found = (gates.toffoli + gates.and_bloq + gates.cswap, gates.rotation, gates.t)
                toffoli = put_in(part.toffoli(controls), values)
                assert found == (toffoli, put_in(part.rotations(controls), values), 0)
        matrix = momentum_lift_matrix(encoding, degree)
        circuit = matrix.bloq(values, Blocks(values))
        assert circuit.ancilla_bitsize == put_in(matrix.ancillas, values)
        assert circuit.system_bitsize == values["index_width"]


def test_another_map_is_refused():
    values = drawn("frobenius", 2) | {"truncation_order": 3, "map_order": 2}
    with pytest.raises(InputError, match="map order 2; expected 3"):
        momentum_lift_matrix("frobenius", 2).bloq(values, Blocks(values))
    assert MomentumLift.__name__ == "MomentumLift"


# ------------------------------------------------------------------ whole jobs

STEPS = 6


@functools.cache
def train(seed, **algorithm):
    """A training of two weights with a third derivative: H, T3, gradient, path, scenario, known."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(2, 2))
    hessian = (matrix + matrix.T) / 2 + np.eye(2)
    raw = rng.normal(size=(2, 2, 2))
    cubic = 0.05 * sum(raw.transpose(way) for way in itertools.permutations(range(3)))
    gradient, u, v = 0.1 * rng.normal(size=2), np.zeros(2), np.zeros(2)
    path = [(u, v)]
    for _ in range(STEPS):
        slope = gradient + hessian @ u + cubic.reshape(2, 4) @ np.kron(u, u) / 2
        v = BETA * v + slope
        u = u - RATE * v
        path.append((u, v))
    values = np.linalg.eigvalsh(hessian)
    t3 = float(np.linalg.norm(cubic))
    given = {
        "n_params": 2,
        "n_active": 2,
        "sparsity": 2,
        "max_entry": float(np.abs(hessian).max()),
        "frobenius_norm": float(np.linalg.norm(hessian)),
        "lambda_max": float(values[-1]),
        "lambda_min": float(values[0]),
        "grad_norm": float(np.linalg.norm(gradient)),
        "update_norms": [float(np.linalg.norm(u)) for u, _ in path],
        "eps_model": 0,
        "n_samples": 1,
        "t3_frobenius": t3,
        "t3_unfolding": t3,
        "t3_injective": t3,
        "t3_max_entry": float(np.abs(cubic).max()),
    }
    keys = {"name": "carleman-gd", "n_steps": STEPS, "learning_rate": RATE, "padding": 2}
    keys |= {"degree": 2, "optimizer": {"momentum": BETA}, "encoding": "frobenius"}
    scenario = {"schema": "qres-model/1", "name": "dense", "model": {"given": given}}
    scenario |= {"algorithm": keys | algorithm, "error": {"total": 0.2, "fail_prob": 0.05}}
    checked = qres.load(scenario)
    speeds = tuple(float(np.linalg.norm(v)) for _, v in path)
    known = replace(take_given(checked.model, checked.algorithm), velocity_norms={2: speeds})
    return hessian, cubic, gradient, path, checked, known


@functools.cache
def estimated(seed, order):
    *_, checked, known = train(seed, truncation_order=order)
    return qres.estimate(checked, measurement=known)


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_norms_of_the_system(seed, order):
    """6, 8, 12. Breaking it means: a norm that the cost rests on is not that of L, x or b."""
    hessian, cubic, gradient, path, *_ = train(seed, truncation_order=order)
    report = estimated(seed, order)
    numbers = report.priced.numbers
    sigma, gamma = numbers["velocity_scale"], numbers["rescaling"]
    tensors = [-gradient / gamma, -hessian, -gamma * cubic / 2]
    terms, free = branched(tensors, sigma), np.kron(free_of(sigma), np.eye(2))
    blocks = lift_of(terms, free, order)
    edges = np.cumsum([0, *(4**j for j in range(1, order + 1))])
    step, rhs = np.zeros((edges[-1], edges[-1])), np.zeros(edges[-1])
    for (j, c), block in blocks.items():
        step[edges[j - 1] : edges[j], edges[c - 1] : edges[c]] = block
    for j in range(1, order + 1):
        rhs[edges[j - 1] : edges[j]] = functools.reduce(np.kron, [terms[0]] * j)
    rows, size = STEPS + 2 + 1, len(step)
    matrix = np.eye(rows * size)
    for t in range(1, rows):
        block = step if t <= STEPS else np.eye(size)
        matrix[t * size : (t + 1) * size, (t - 1) * size : t * size] = -block
    source = np.zeros((rows, size))
    source[1 : STEPS + 1] = rhs
    solution = np.linalg.solve(matrix, source.ravel()).reshape(rows, size)
    wanted = np.sum(solution[STEPS:, :2] ** 2) / np.sum(solution**2)
    assert "certified from below" in report.job.values["success_prob"].method
    assert numbers["success_prob"] <= wanted * (1 + 1e-12)
    assert numbers["success_prob"] >= wanted / 3
    values = np.linalg.svd(matrix, compute_uv=False)
    assert 1 / values[-1] <= numbers["inverse_norm"] * (1 + 1e-12)
    assert numbers["inverse_norm"] <= 20 / values[-1]
    assert values[0] <= numbers["alpha"] * (1 + 1e-12)
    exact = [np.concatenate([u, sigma * v]) / gamma for u, v in path]
    exact += [exact[-1]] * 2
    lifted = [sum(np.dot(x, x) ** j for j in range(1, order + 1)) for x in exact]
    xi = numbers["inverse_norm"] * np.linalg.norm(source) / math.sqrt(sum(lifted))
    assert numbers["xi"] == pytest.approx(xi, rel=1e-12)
    off = np.linalg.norm(gamma * solution[STEPS, :2] - path[-1][0])
    shares = {share.name: share.decided for share in report.job.shares}
    assert off <= shares["eps_truncation"] * np.linalg.norm(path[-1][0]) * (1 + 1e-9)
    assert report.agreement.status == "exact"
    assert get_cost_value(report.job.bloq(), QubitCount()) == report.priced.logical.logical_qubits


def test_what_a_lift_with_momentum_cannot_do_is_infeasible():
    *_, checked, known = train(0, truncation_order=3)
    report = qres.estimate(checked, measurement=known, algorithm__map=1)
    assert report.failure == ("map", "momentum is priced with the exact map: use map: exact")


def test_a_velocity_that_is_not_known_makes_it_dearer():
    """Breaking it means: bounds on v_t are taken for v_t."""
    *_, checked, _ = train(1, truncation_order=2)
    loose, tight = qres.estimate(checked).priced, estimated(1, 2).priced
    assert loose.logical.toffoli > tight.logical.toffoli
