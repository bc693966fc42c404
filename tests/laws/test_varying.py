"""Lifts with a rate of their own for every step: bounds against dense matrices, and their limits."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import pytest

from qres.algorithms.carleman import varying
from qres.algorithms.carleman.certificate import LinearPart, bound_step
from qres.algorithms.carleman.choose import Dynamics, error_curves
from qres.algorithms.carleman.describe import describe_lift
from qres.algorithms.carleman.varying import bound_steps, describe_varying, window_norms

NUMBERS = "growth norm_l linv success_prob success_prob_low history_norm source_norm xi e_final"
NUMBERS = (*NUMBERS.split(), "truncation_apriori", "eps_truncation")


def draw(rng):
    """Random orders, spectrum, norms, path and padding."""
    order = int(rng.integers(1, 5))
    low = float(rng.uniform(-1, 0.5))
    norms = (float(rng.uniform(0.1, 2)), 0.0)
    if order > 1:
        norms += tuple(rng.uniform(0, 0.5, int(rng.integers(0, 3))).tolist())
    n_steps = int(rng.integers(1, 30))
    return {
        "lambda_min": low,
        "lambda_max": low + float(rng.uniform(0, 12)),
        "path": (0.0, *np.sort(rng.uniform(0, 1, n_steps)).tolist()),
        "truncation_order": order,
        "map_order": int(rng.integers(1, order + 1)),
        "rescaling": float(rng.uniform(0.3, 2)),
        "padding": int(rng.integers(0, n_steps + 1)),
    }, norms


@pytest.mark.parametrize("seed", range(60))
def test_one_rate_throughout_is_plain_descent(seed):
    """Breaking it means: a schedule that changes nothing changes a number."""
    rng = np.random.default_rng(seed)
    keys, norms = draw(rng)
    rate = float(rng.uniform(0.02, 0.2))
    plain = describe_lift(learning_rate=rate, norms_unfolding=norms, norms_injective=norms, **keys)
    rates = (rate,) * (len(keys["path"]) - 1)
    found = describe_varying(rates=rates, norms=norms, **keys)
    for name in NUMBERS:
        # a kept part that cancels is known to rounding of its terms
        rounding = 1e-14 * plain.e_final if name == "eps_truncation" else 0.0
        value = getattr(plain, name)
        assert getattr(found, name) == pytest.approx(value, rel=1e-10, abs=rounding + 1e-14), name


@pytest.mark.parametrize("seed", range(30))
def test_rates_that_end_at_zero_are_idle_rows(seed):
    """s steps and T - s rates of 0 are s steps with T - s more idle rows, of which fewer are read."""
    rng = np.random.default_rng(100 + seed)
    keys, norms = draw(rng)
    path, padding, more = keys.pop("path"), keys.pop("padding"), int(rng.integers(1, 6))
    rates = tuple(rng.uniform(0.02, 0.2, len(path) - 1).tolist())
    ends = {"rates": (*rates, *[0.0] * more), "path": (*path, *[path[-1]] * more)}
    long = describe_varying(norms=norms, padding=padding, **ends, **keys)
    short = describe_varying(norms=norms, padding=padding + more, rates=rates, path=path, **keys)
    for name in ("linv", "history_norm", "source_norm", "xi", "e_final", "truncation_apriori"):
        assert getattr(long, name) == pytest.approx(getattr(short, name), rel=1e-12), name
    read = (padding + 1) / (padding + more + 1)
    assert long.success_prob == pytest.approx(short.success_prob * read, rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_every_step_is_bounded_like_a_single_one(seed):
    """The array of all steps against `bound_step`, rate by rate."""
    rng = np.random.default_rng(200 + seed)
    keys, unfolding = draw(rng)
    injective = tuple(0.7 * norm for norm in unfolding)
    orders = (keys["truncation_order"], keys["map_order"])
    ends = (keys["lambda_min"], keys["lambda_max"])
    rates = tuple(rng.uniform(0.0, 0.4, 5).tolist())
    found = bound_steps(rates, *ends, unfolding, *orders, injective)
    for t, rate in enumerate(rates):
        linear = LinearPart(learning_rate=rate, lambda_min=ends[0], lambda_max=ends[1])
        one = bound_step(linear, unfolding, *orders, norms_injective=injective)
        assert found.m_hat[t] == pytest.approx(one.m_hat, rel=1e-12, abs=1e-13)
        width = one.residual.shape[1]
        assert found.residual[t, :, :width] == pytest.approx(one.residual, rel=1e-12, abs=1e-13)
        assert not found.residual[t, :, width:].any()
        assert found.growths[t] == linear.growth


# ------------------------------------------------------------------ against dense matrices


def kron(factors):
    found = np.ones((1, 1))
    for factor in factors:
        found = np.kron(found, factor)
    return found


def lift_step(rate, tensors, order, map_order, size):
    """Blocks (j, c) of one step: products with at most m factors eta F_k."""
    blocks = {}
    for j in range(1, order + 1):
        for kinds in itertools.product(range(-1, len(tensors)), repeat=j):
            c = sum(1 if k < 0 else k for k in kinds)
            if c <= order and sum(k >= 0 for k in kinds) <= map_order:
                parts = [np.eye(size) if k < 0 else rate * tensors[k] for k in kinds]
                blocks[j, c] = blocks.get((j, c), 0) + kron(parts)
    return blocks


def train(seed):
    """A random system of one or two weights, its rates, orders and true path."""
    rng = np.random.default_rng(300 + seed)
    size, order = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    n_steps = int(rng.integers(1, 9))
    rates = rng.uniform(0.02, 0.3, n_steps)
    if seed % 3 == 0:
        rates = np.sort(rates)[::-1]
    if seed % 3 == 1:
        rates = rates[0] * np.where(np.arange(n_steps) >= n_steps // 2, 0.1, 1)
    matrix = rng.normal(size=(size, size))
    hessian = matrix + matrix.T + rng.uniform(-0.5, 3) * np.eye(size)
    cubic = 0.3 * rng.normal(size=(size,) * 3)
    cubic = sum(np.transpose(cubic, turn) for turn in itertools.permutations(range(3))) / 6
    tensors = [0.5 * rng.normal(size=(size, 1)), -hessian, -cubic.reshape(size, -1) / 2]
    tensors = tensors[: 3 if order > 1 else 2]
    path = [np.zeros((size, 1))]
    for rate in rates:
        u = path[-1]
        path.append(u + rate * sum(f @ kron([u] * k) for k, f in enumerate(tensors)))
    lengths = [float(np.linalg.norm(u)) for u in path]
    gamma = max(lengths) * 2 ** rng.uniform(-1, 1) if order > 1 else 1.0
    keys = {"truncation_order": order, "map_order": int(rng.integers(1, order + 1))}
    keys |= {"rescaling": float(gamma), "padding": int(rng.integers(0, n_steps + 1))}
    keys |= {"rates": tuple(rates.tolist()), "path": tuple(lengths)}
    return keys, tensors, path


def solve(keys, tensors):
    """The dense history matrix, its right-hand side and solution by rows."""
    size, order, gamma = len(tensors[0]), keys["truncation_order"], keys["rescaling"]
    scaled = [tensor * gamma ** (k - 1) for k, tensor in enumerate(tensors)]
    ends = np.cumsum([0] + [size**j for j in range(1, order + 1)])
    dim, n_steps = ends[-1], len(keys["rates"])
    rows = n_steps + keys["padding"] + 1
    matrix, rhs = np.eye(rows * dim), np.zeros(rows * dim)
    for t in range(1, rows):
        here, before = t * dim, (t - 1) * dim
        if t > n_steps:
            matrix[here : here + dim, before:here] -= np.eye(dim)
            continue
        step = lift_step(keys["rates"][t - 1], scaled, order, keys["map_order"], size)
        for (j, c), block in step.items():
            place = slice(here + ends[j - 1], here + ends[j])
            if c == 0:
                rhs[place] += block[:, 0]
            else:
                matrix[place, before + ends[c - 1] : before + ends[c]] -= block
    return matrix, rhs, np.linalg.solve(matrix, rhs).reshape(rows, dim)


@functools.cache
def compare(seed):
    """The lift of a system, and what the dense matrices say."""
    keys, tensors, path = train(seed)
    assert max(keys["path"]) < 1e3, "a descent that diverges says nothing"
    eigenvalues = np.linalg.eigvalsh(-tensors[1])
    norms = (float(np.linalg.norm(tensors[0])), 0.0)
    norms += tuple(float(np.linalg.norm(tensor)) for tensor in tensors[2:])
    ends = {"lambda_min": float(eigenvalues[0]), "lambda_max": float(eigenvalues[-1])}
    lift = describe_varying(norms=norms, **ends, **keys)
    matrix, rhs, solution = solve(keys, tensors)
    size, n_steps = len(tensors[0]), len(keys["rates"])
    error = np.linalg.norm(solution[n_steps, :size] * keys["rescaling"] - path[-1][:, 0])
    values = np.linalg.svd(matrix, compute_uv=False)
    return keys, lift, values, rhs, solution, error, size


@pytest.mark.parametrize("seed", range(60))
def test_no_bound_is_violated(seed):
    """4.2, 4.4, 6, 8, 12 with eta_t. Breaking it means: a dense system does worse than is charged."""
    keys, lift, values, rhs, solution, error, size = compare(seed)
    n_steps = len(keys["rates"])
    assert 1 / values[-1] <= lift.linv * (1 + 1e-12)
    assert values[0] <= lift.norm_l * (1 + 1e-12)
    assert np.linalg.norm(rhs) == pytest.approx(lift.source_norm, rel=1e-12)
    assert error <= lift.e_final + 1e-12
    if keys["map_order"] == keys["truncation_order"]:
        assert error <= lift.truncation_apriori + 1e-12
    prob = np.sum(solution[n_steps:, :size] ** 2) / np.sum(solution**2)
    assert lift.success_prob_low <= prob * (1 + 1e-12)
    if keys["truncation_order"] == 1:
        assert lift.success_prob == pytest.approx(prob, rel=1e-11)
        assert lift.history_norm == pytest.approx(np.linalg.norm(solution), rel=1e-11)


def test_the_bounds_are_not_vacuous():
    """Breaking it means: the test above would pass with bounds many times too large."""
    found = [compare(seed) for seed in range(60)]
    inverse = [1 / values[-1] / lift.linv for _, lift, values, *_ in found]
    error = [item[-2] / item[1].e_final for item in found if item[1].e_final]
    assert len(found) > 50
    assert np.median(inverse) > 0.4
    assert max(inverse) > 0.8
    assert max(error) > 0.9


@pytest.mark.parametrize("seed", range(40))
def test_products_over_the_spectrum(seed):
    """Windows of |1 - eta_t lambda|, largest over a fine spectrum: bounded, and met below 2/(sum)."""
    rng = np.random.default_rng(seed)
    low = float(rng.uniform(-1, 0.5))
    high = low + float(rng.uniform(0.5, 10))
    rates = rng.uniform(0.0, 2.4 / (low + high), 12) if low + high > 0 else rng.uniform(0, 1, 12)
    steps = bound_steps(tuple(rates.tolist()), low, high, (0.0, 0.0), 1, 1, (0.0, 0.0))
    bounds = steps.windows[0]
    factors = np.abs(1 - np.outer(rates, np.linspace(low, high, 2001)))
    for width in range(1, 13):
        most = max(factors[b : b + width].prod(axis=0).max() for b in range(13 - width))
        assert most <= bounds[width] * (1 + 1e-12)
        if (rates * (low + high) <= 2).all():
            assert most == pytest.approx(bounds[width], rel=1e-12)


# ------------------------------------------------------------------ windows


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("shape", ["falling", "rising", "mixed"])
@pytest.mark.parametrize("limit", [0, 4000])
def test_windows_by_brute_force(size, shape, limit, monkeypatch):
    """Breaking it means: a window that is not looked at is larger than those that are."""
    rng = np.random.default_rng(size)
    steps = rng.uniform(0, 1.2 / size, (9, size, size))
    if shape != "mixed":
        steps = np.sort(steps, axis=0)
        steps = steps[::-1] if shape == "falling" else steps
    monkeypatch.setattr(varying, "ALL_WINDOWS", {True: limit, False: limit})
    monkeypatch.setattr(varying, "STARTS", 4)
    found, last = window_norms(steps)

    def norm(start, width):
        product = np.eye(size)
        for step in steps[start : start + width]:
            product = step @ product
        return np.linalg.norm(product, 2)

    for width in range(10):
        most = max(norm(start, width) for start in range(10 - width))
        assert last[width] == pytest.approx(norm(9 - width, width), rel=1e-12)
        if shape == "mixed" and not limit:
            assert most <= found[width] * (1 + 1e-12)
        else:
            assert most == pytest.approx(found[width], rel=1e-12)


@pytest.mark.parametrize("low", [0.3, 0.05])
def test_grouped_windows_are_close(low, monkeypatch):
    """Breaking it means: more steps than are looked at one by one cost many times too much."""
    rates = tuple(0.05 * (1 + math.cos(math.pi * t / 140)) for t in range(140))
    keys = {"lambda_min": low, "lambda_max": 8.0, "norms": (0.3, 0.0, 0.2), "rates": rates}
    keys |= {"path": tuple(np.linspace(0, 0.5, 141).tolist()), "rescaling": 0.5, "padding": 12}
    bound_steps.cache_clear()
    exact = describe_varying(truncation_order=3, map_order=2, **keys).linv
    monkeypatch.setattr(varying, "ALL_WINDOWS", {True: 0, False: 0})
    bound_steps.cache_clear()
    assert exact <= describe_varying(truncation_order=3, map_order=2, **keys).linv < 1.2 * exact


def test_the_inverse_by_its_definition():
    """max over b of the product of steps b+1 .. min(b+d, T), summed over d = 0..T+p."""
    growths, padding = [1.3, 0.4, 1.1, 0.9], 2
    steps = varying.Steps(np.array(growths)[:, None, None] * [[0, 1]], np.zeros((4, 1, 2)), None)
    rows = 4 + padding + 1
    total = sum(
        max(math.prod(growths[b : min(b + d, 4)]) for b in range(rows - d)) for d in range(rows)
    )
    assert steps.inverse(padding) == pytest.approx(total, rel=1e-14)


def test_overflow_is_infinite():
    keys = {"lambda_min": -5.0, "lambda_max": 1.0, "truncation_order": 2, "map_order": 2}
    keys |= {"rescaling": 1.0, "padding": 0, "norms": (1.0, 0.0, 5.0)}
    rates = tuple(1.0 + 0.001 * t for t in range(800))
    lift = describe_varying(rates=rates, path=(0.0,) + (1.0,) * 800, **keys)
    assert (lift.linv, lift.e_final, lift.truncation_apriori) == (math.inf,) * 3
    assert lift.success_prob_low == 0


def test_curves_of_a_schedule_are_those_of_its_descent():
    """`error_curves` with rates; of one rate throughout it is that without."""
    linear = LinearPart(learning_rate=0.2, lambda_min=-0.1, lambda_max=3.0)
    norms, path = (1.0, 0.0, 0.3), tuple(np.linspace(0, 0.8, 9).tolist())
    keys = {"linear": linear, "norms_unfolding": norms, "norms_injective": norms, "path": path}
    plain, same = Dynamics(**keys), Dynamics(**keys, rates=(0.2,) * 8)
    slower = Dynamics(**keys, rates=tuple(0.2 * 0.7**t for t in range(8)))
    for orders in ((3, 3), (3, 1), (2, 2)):
        for found, wanted in zip(
            error_curves(same, *orders), error_curves(plain, *orders), strict=True
        ):
            assert found == pytest.approx(wanted, rel=1e-12)
        pairs = zip(error_curves(slower, *orders), error_curves(plain, *orders), strict=True)
        assert all((found[2:] <= wanted[2:]).all() for found, wanted in pairs)
