r"""Every bound of the Carleman lift against the lift itself, built densely.

The lift of order N keeps, in row j, the Kronecker products of j factors out of $I$ and
$\eta F_0, \eta F_1, \dots$ with at most m factors that are not $I$; column 0 is forcing. It is
written down here position by position, from the recurrence alone: nothing of `qres` enters.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np
import pytest

from qres.algorithms.carleman.certificate import LinearPart, bound_step, certify, map_bounds
from qres.algorithms.carleman.describe import describe_lift, majorant_of
from qres.algorithms.carleman.history import linv_bound, norm_bound, success_prob_low
from qres.algorithms.carleman.majorant import truncation_bound
from qres.algorithms.carleman.momentum import momentum_blocks, propagator_norms, step_scale

SLACK = 1 + 1e-9
ORDERS = {1: 6, 2: 4, 3: 3}
"""Truncation order of the random systems by their number of parameters."""


@dataclass
class System:
    """u' = u + eta sum_k F_k u^(x)k; tensors[k] has shape (r, r^k) and is symmetric."""

    eta: float
    tensors: list[np.ndarray]
    start: np.ndarray
    n_steps: int

    @property
    def size(self):
        return len(self.start)

    def step(self, u):
        """One step of the recurrence itself."""
        return u + self.eta * sum(f @ power(u, k) for k, f in enumerate(self.tensors))

    def path(self):
        """u_0 .. u_T."""
        found = [self.start]
        for _ in range(self.n_steps):
            found.append(self.step(found[-1]))
        return np.array(found)

    def rescaled(self, gamma):
        """The same recurrence in u / gamma."""
        tensors = [gamma ** (k - 1.0) * f for k, f in enumerate(self.tensors)]
        return System(self.eta, tensors, self.start / gamma, self.n_steps)


def power(u, k):
    """u^(x)k."""
    return functools.reduce(np.kron, [u] * k, np.ones(1))


def lift_step(system, order, map_order):
    """(matrix on blocks 1..N, forcing): one step of the lift of order N, map order m."""
    r = system.size
    # rows[i][c]: products of the positions so far, i of them not I, acting on u^(x)c
    rows = {0: {0: np.ones((1, 1))}}
    blocks = {}
    for j in range(1, order + 1):
        after = {}
        for i, columns in rows.items():
            for c, matrix in columns.items():
                _add(after, i, c + 1, np.kron(matrix, np.eye(r)))
                if i < map_order:
                    for k, f in enumerate(system.tensors):
                        _add(after, i + 1, c + k, np.kron(matrix, system.eta * f))
        rows = after
        for columns in rows.values():
            for c, matrix in columns.items():
                blocks[j, c] = blocks.get((j, c), 0) + matrix
    ends = np.cumsum([0] + [r**j for j in range(1, order + 1)])
    matrix, forcing = np.zeros((ends[-1], ends[-1])), np.zeros(ends[-1])
    for (j, c), block in blocks.items():
        if c == 0:
            forcing[ends[j - 1] : ends[j]] = block[:, 0]
        elif c <= order:
            matrix[ends[j - 1] : ends[j], ends[c - 1] : ends[c]] = block
    return matrix, forcing


def _add(rows, i, c, matrix):
    columns = rows.setdefault(i, {})
    columns[c] = columns[c] + matrix if c in columns else matrix


def lifted(system, order, map_order):
    """y(0) .. y(T) of the truncated lift, all blocks in one row."""
    matrix, forcing = lift_step(system, order, map_order)
    y = [np.concatenate([power(system.start, j) for j in range(1, order + 1)])]
    for _ in range(system.n_steps):
        y.append(matrix @ y[-1] + forcing)
    return np.array(y)


def history_matrix(step, n_steps, padding):
    """L = I - sum_{t<=T} |t><t-1| (x) M - sum_{t>T} |t><t-1| (x) I."""
    size, rows = len(step), n_steps + padding + 1
    found = np.eye(rows * size)
    for t in range(1, rows):
        block = step if t <= n_steps else np.eye(size)
        found[t * size : (t + 1) * size, (t - 1) * size : t * size] = -block
    return found


def symmetric(rng, r, k):
    """A random symmetric tensor of k + 1 indices as an r x r^k matrix."""
    tensor = rng.normal(size=(r,) * (k + 1))
    mean = sum(tensor.transpose(p) for p in itertools.permutations(range(k + 1)))
    return (mean / math.factorial(k + 1)).reshape(r, r**k)


def unfolding(f):
    return float(np.linalg.norm(f, 2))


def injective(f):
    """max over unit v of |v . F v^(x)k| of a symmetric tensor, from above.

    Two parameters: a trigonometric polynomial of degree n on a grid of spacing h is at most its
    largest value there over cos(n h / 2). Three: all maxima, by ascent from 300 starts.
    """
    r, width = f.shape
    k = round(math.log(width, r)) if r > 1 else 1
    if r == 1 or k < 2:
        return unfolding(f)
    if r == 2:
        angles = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
        grid = np.stack([np.cos(angles), np.sin(angles)])
        return float(np.abs(values(f, grid, k)).max()) / math.cos((k + 1) * np.pi / 2000)
    v = np.random.default_rng(1).normal(size=(3, 300))
    for _ in range(200):
        v /= np.linalg.norm(v, axis=0)
        # the shift makes every step climb |F(v, .., v)|
        v = np.sign(values(f, v, k)) * (f @ columns_of(v, k)) + k * unfolding(f) * v
    return float(np.abs(values(f, v / np.linalg.norm(v, axis=0), k)).max()) * SLACK


def columns_of(v, k):
    found = v
    for _ in range(k - 1):
        found = np.einsum("is,js->ijs", found, v).reshape(-1, v.shape[1])
    return found


def values(f, v, k):
    return np.einsum("is,is->s", v, f @ columns_of(v, k))


def random_system(seed):
    """One to three parameters, degree 2 or 3, forcing, growth above and below 1."""
    rng = np.random.default_rng(seed)
    r = 1 + seed % 3
    eta = rng.uniform(0.02, 0.3)
    eigenvalues = rng.uniform(-1.5, 6.0 if seed % 4 else 1 / eta, size=r)
    basis = np.linalg.qr(rng.normal(size=(r, r)))[0]
    tensors = [
        rng.normal(size=(r, 1)) * rng.uniform(0, 0.5) * (seed % 5 > 0),
        -basis @ np.diag(eigenvalues) @ basis.T,
        symmetric(rng, r, 2) * rng.uniform(0.1, 1.0),
    ]
    if r < 3 and seed % 2:
        tensors.append(symmetric(rng, r, 3) * rng.uniform(0.1, 0.5))
    start = rng.normal(size=r) * rng.uniform(0.05, 0.5) * (seed % 2 or seed % 5 == 0)
    return System(eta, tensors, start, int(rng.integers(2, 15)))


def linear_part(system):
    ends = np.linalg.eigvalsh(-system.tensors[1])
    return LinearPart(
        learning_rate=system.eta, lambda_min=float(ends[0]), lambda_max=float(ends[-1])
    )


def norms(system, norm):
    return tuple(norm(f) for f in system.tensors)


SYSTEMS = range(300)


def test_the_random_systems_cover_growth_and_forcing():
    growths = np.array([linear_part(random_system(seed)).growth for seed in SYSTEMS])
    forced = np.array([random_system(seed).tensors[0].any() for seed in SYSTEMS])
    assert (growths > 1).sum() > 60
    assert (growths < 1).sum() > 60
    assert (forced & (growths > 1)).sum() > 40
    assert (~forced).sum() > 40


@pytest.mark.parametrize(
    ("seeds", "enough"),
    [(SYSTEMS[:50], 40), pytest.param(SYSTEMS[50:], 210, marks=pytest.mark.slow)],
    ids=["first 50", "the others"],
)
def test_no_bound_is_violated_on_random_systems(seeds, enough):
    """4.2 with the true injective norm, 4.4 at every map order, all blocks, and P_low."""
    checked, sharpest = 0, 0.0
    for seed in seeds:
        system = random_system(seed)
        path = system.path()
        if not (np.abs(path) < 1e3).all():
            continue
        checked += 1
        sharpest = max(sharpest, check_system(system, path))
    assert checked > enough
    assert 0.9 < sharpest <= SLACK


def check_system(system, path):
    """Fail where a bound is below what it bounds; return the largest error / E_N."""
    order, linear = ORDERS[system.size], linear_part(system)
    inner = norms(system, injective)
    lengths = np.linalg.norm(path, axis=1)
    gamma = max(float(lengths.max()), 0.1)
    phi, x = majorant_of(linear, inner), lengths / gamma
    outer, inner_scaled = (
        norms(system.rescaled(gamma), unfolding),
        tuple(gamma ** (k - 1.0) * f for k, f in enumerate(inner)),
    )
    exact = np.array(
        [np.concatenate([power(u / gamma, j) for j in range(1, order + 1)]) for u in path]
    )
    ends = np.cumsum([system.size**j for j in range(1, order)])
    for m in range(1, order + 1):
        y = lifted(system.rescaled(gamma), order, m)
        found = np.stack(
            [np.linalg.norm(part, axis=1) for part in np.split(y - exact, ends, axis=1)], axis=1
        )
        step = bound_step(linear, outer, order, m, norms_injective=inner_scaled)
        errors = certify(step, x)
        assert (found <= errors * SLACK + 1e-13).all(), m
        padding = 3
        weights = (y**2).sum(axis=1)
        read = (padding + 1) * (y[-1, : system.size] ** 2).sum()
        true = read / (weights[:-1].sum() + (padding + 1) * weights[-1])
        assert success_prob_low(x, errors, padding) <= true * SLACK
    bound = truncation_bound(phi, float(lengths[0]), order, system.n_steps)
    error = gamma * float(found[-1, 0])
    assert error <= bound * SLACK + 1e-13
    return (error - 1e-13) / bound if bound > 1e-9 else 0.0


def test_block_norms_and_history_norms_stay_below_their_bounds():
    """Section 6, m < N included. Breaking it means: kappa_eff is too small."""
    tightest = math.inf
    for seed in range(0, 120, 2):
        system = random_system(seed)
        order = min(3, ORDERS[system.size])
        linear, outer = linear_part(system), norms(system, unfolding)
        n_steps, padding = 5, seed % 4
        for m in range(1, order + 1):
            step = bound_step(linear, outer, order, m)
            matrix, forcing = lift_step(system, order, m)
            check_blocks(system, step, matrix, forcing, order)
            singular = np.linalg.svd(history_matrix(matrix, n_steps, padding), compute_uv=False)
            bound = linv_bound(step.map_bounds, n_steps, padding)
            assert singular[0] <= norm_bound(step.map_bounds, padding) * SLACK
            assert 1 / singular[-1] <= bound * SLACK
            tightest = min(tightest, bound * singular[-1])
    assert tightest < 1.5


def check_blocks(system, step, matrix, forcing, order):
    """Fail where a block is larger than its bound."""
    ends = [0, *np.cumsum([system.size**j for j in range(1, order + 1)])]
    for j in range(order):
        rows = slice(ends[j], ends[j + 1])
        assert np.linalg.norm(forcing[rows]) <= step.m_hat[j, 0] * SLACK
        for c in range(order):
            block = matrix[rows, ends[c] : ends[c + 1]]
            assert np.linalg.norm(block, 2) <= step.map_bounds[j, c] * SLACK + 1e-15


@pytest.mark.parametrize("map_order", [1, 2, 3, 4])
def test_one_parameter_blocks_are_met_exactly(map_order):
    """With one parameter and nothing negative, the bounds on the blocks are the blocks."""
    system = System(0.1, [np.array([[v]]) for v in (0.3, -2.0, 0.4, 0.2)], np.array([0.5]), 1)
    matrix, forcing = lift_step(system, 4, map_order)
    step = map_bounds(0.1, 2.0, 2.0, (0.3, 0.0, 0.4, 0.2), 4, map_order)
    assert step.map_bounds == pytest.approx(matrix, rel=1e-12, abs=1e-15)
    assert step.m_hat[:, 0] == pytest.approx(forcing, rel=1e-12)


def test_the_first_order_map_is_one_euler_step():
    """M = I + eta A, A_j^(j+k-1) = sum_i I (x) .. F_k .. (x) I."""
    system = random_system(7)
    order, r = 3, system.size
    matrix, forcing = lift_step(system, order, 1)
    ends = np.cumsum([0] + [r**j for j in range(1, order + 1)])
    euler, constant = np.eye(ends[-1]), np.zeros(ends[-1])
    for j in range(1, order + 1):
        rows = slice(ends[j - 1], ends[j])
        for i, (k, f) in itertools.product(range(j), enumerate(system.tensors)):
            c = j + k - 1
            block = np.kron(np.kron(np.eye(r**i), f), np.eye(r ** (j - 1 - i)))
            if c == 0:
                constant[rows] += system.eta * block[:, 0]
            elif c <= order:
                euler[rows, ends[c - 1] : ends[c]] += system.eta * block
    assert matrix == pytest.approx(euler, abs=1e-14)
    assert forcing == pytest.approx(constant, abs=1e-14)


def test_without_forcing_the_exact_lift_is_the_taylor_part():
    """4.1: the part of degree <= N in u_0; all of it for N >= q^T."""
    system = random_system(16)
    system = System(
        system.eta, [0 * system.tensors[0], *system.tensors[1:3]], np.array([0.4, -0.7]), 2
    )
    scales = np.linspace(-1, 1, 5)

    def final(scale):
        return System(system.eta, system.tensors, scale * system.start, 2).path()[-1]

    # u_2(s u_0) is a polynomial of degree 4 in s: five points determine it
    taylor = np.linalg.solve(
        np.vander(scales, increasing=True), np.array([final(s) for s in scales])
    )
    for order in (1, 2, 3, 4):
        y = lifted(system, order, order)[-1, :2]
        assert y == pytest.approx(taylor[: order + 1].sum(axis=0), abs=1e-13)
    assert y == pytest.approx(final(1.0), abs=1e-13)


def test_all_map_orders_agree_at_truncation_order_one():
    system = random_system(7)
    linear, outer = linear_part(system), norms(system, unfolding)
    assert bound_step(linear, outer, 1, 1).m_hat[0].tolist() == pytest.approx(
        [system.eta * outer[0], linear.growth], rel=1e-14
    )


def test_rescaling_changes_no_error_but_the_conditioning():
    system = random_system(13)
    lengths = np.linalg.norm(system.path(), axis=1)
    linear = linear_part(system)
    found = [
        describe_lift(
            learning_rate=linear.learning_rate,
            lambda_min=linear.lambda_min,
            lambda_max=linear.lambda_max,
            norms_unfolding=norms(system, unfolding),
            norms_injective=norms(system, injective),
            path=lengths,
            truncation_order=4,
            map_order=2,
            rescaling=gamma,
            padding=3,
        )
        for gamma in (0.2, 0.5, 1.7)
    ]
    for other in found[1:]:
        for name in ("e_final", "truncation_apriori", "eps_truncation", "eps_map", "growth"):
            assert getattr(other, name) == pytest.approx(getattr(found[0], name), rel=1e-10)
    for name in ("linv", "success_prob", "norm_l", "source_norm"):
        assert len({round(getattr(item, name), 6) for item in found}) == 3


# ------------------------------------------------------------------ momentum


def momentum_system(eigenvalues, quadratic, eta, beta, sigma, start):
    """The recurrence of (u, sigma v), parameters first."""
    r = len(eigenvalues)
    blocks = momentum_blocks(eigenvalues, eta, beta, sigma)
    step = np.block([[np.diag(blocks[:, i, j]) for j in (0, 1)] for i in (0, 1)])
    spread = np.zeros((2 * r, (2 * r) ** 2))
    for i, j in itertools.product(range(r), repeat=2):
        column = quadratic[:, i * r + j]
        spread[:, i * 2 * r + j] = np.concatenate([eta * column, -sigma * column])
    tensors = [np.zeros((2 * r, 1)), step - np.eye(2 * r), spread]
    return System(1.0, tensors, np.concatenate([start, np.zeros(r)]), 2)


@pytest.mark.parametrize("sigma", [0.01, 0.1, 1.0, 7.0])
def test_the_momentum_lift_is_the_two_line_recurrence(sigma):
    """N = q^T is exact, so block 1 is (u_2, sigma v_2) whatever sigma."""
    rng = np.random.default_rng(5)
    eigenvalues, quadratic = np.array([0.7, -0.3]), symmetric(rng, 2, 2)
    u, v = np.array([0.3, -0.4]), np.zeros(2)
    system = momentum_system(eigenvalues, quadratic, 0.1, 0.9, sigma, u)
    for _ in range(2):
        v = 0.9 * v + eigenvalues * u - quadratic @ np.kron(u, u)
        u = u - 0.1 * v
    found = lifted(system, 4, 4)[-1, :4]
    assert found == pytest.approx(np.concatenate([u, sigma * v]), abs=1e-13)
    assert unfolding(system.tensors[2]) == pytest.approx(
        step_scale(0.1, sigma) * unfolding(quadratic), rel=1e-12
    )


def test_momentum_propagators_are_those_of_the_dense_step():
    eigenvalues = np.array([-0.1, 0.4, 3.0, 12.0])
    blocks = momentum_blocks(eigenvalues, 0.1, 0.5, 0.3)
    step = np.block([[np.diag(blocks[:, i, j]) for j in (0, 1)] for i in (0, 1)])
    dense = [np.linalg.norm(np.linalg.matrix_power(step, t), 2) for t in range(31)]
    found = propagator_norms(eigenvalues, 0.1, 30, 0.5, 0.3)
    assert found == pytest.approx(np.array(dense), rel=1e-12)


def test_momentum_certificates_hold_for_the_read_part():
    """block_norm and step_scale in place of g and eta: exact map, errors and P_low."""
    rng = np.random.default_rng(8)
    eigenvalues, quadratic = np.array([1.5, 0.2]), 0.3 * symmetric(rng, 2, 2)
    system = momentum_system(eigenvalues, quadratic, 0.1, 0.5, 0.2, np.array([0.3, -0.2]))
    system.n_steps = 8
    path = system.path()
    lengths = np.linalg.norm(path, axis=1)
    block = float(np.linalg.norm(np.eye(4) + system.tensors[1], 2))
    gamma, padding = 0.4, 2
    found = describe_lift(
        learning_rate=0.1,
        lambda_min=0.2,
        lambda_max=1.5,
        norms_unfolding=(0.0, 0.0, unfolding(quadratic)),
        norms_injective=(0.0, 0.0, injective(quadratic)),
        path=lengths,
        truncation_order=3,
        map_order=3,
        rescaling=gamma,
        padding=padding,
        block_norm=block,
        step_scale=step_scale(0.1, 0.2),
        read_norm=float(np.linalg.norm(path[-1, :2])),
    )
    y = lifted(system.rescaled(gamma), 3, 3)
    assert gamma * np.linalg.norm(y[-1, :4] - path[-1] / gamma) <= found.e_final
    weights = (y**2).sum(axis=1)
    whole = weights[:-1].sum() + (padding + 1) * weights[-1]
    true = (padding + 1) * (y[-1, :2] ** 2).sum() / whole
    assert 0 < found.success_prob_low <= true
    assert found.success_prob == pytest.approx(true, rel=0.02)
    singular = np.linalg.svd(
        history_matrix(lift_step(system.rescaled(gamma), 3, 3)[0], 8, padding), compute_uv=False
    )
    assert 1 / singular[-1] <= found.linv
    assert singular[0] <= found.norm_l


def test_the_dropped_part_of_the_dense_map_is_within_the_residual():
    """One step from an exact lift: what m factors leave out is at most rho(x)."""
    for seed in (4, 7, 11):
        system = random_system(seed)
        order = ORDERS[system.size]
        u = np.full(system.size, 0.6 / math.sqrt(system.size))
        start = np.concatenate([power(u, j) for j in range(1, order + 1)])
        after = np.concatenate([power(system.step(u), j) for j in range(1, order + 1)])
        ends = np.cumsum([system.size**j for j in range(1, order)])
        for m in range(1, order + 1):
            matrix, forcing = lift_step(system, order, m)
            gaps = [np.linalg.norm(p) for p in np.split(matrix @ start + forcing - after, ends)]
            step = bound_step(
                linear_part(system),
                norms(system, unfolding),
                order,
                m,
                norms_injective=norms(system, injective),
            )
            assert (np.array(gaps) <= step.rho(np.array([0.6]))[0] * SLACK + 1e-14).all()
