"""The lift of momentum against dense linear algebra: powers, errors, what a segment carries on."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import pytest

from qres.algorithms.carleman.certificate import LinearPart, bound_step, certify
from qres.algorithms.carleman.choose import Dynamics, error_curves
from qres.algorithms.carleman.history import linv_bound, spectral_norms, sum_of_windows
from qres.algorithms.carleman.horizon import momentum_dynamics
from qres.algorithms.carleman.kernels import carry_bound, kernels, lift_powers

BETAS = (0.0, 0.3, 0.6, 0.9)


def power(vector, times):
    return functools.reduce(np.kron, [vector] * times, np.ones(1))


class System:
    """A random training of one or two weights, and its lift of (u, sigma v) written down."""

    def __init__(self, seed, order, strength=0.3):
        rng = np.random.default_rng(seed)
        self.size, self.order, self.beta = 1 + seed % 2, order, BETAS[seed % 4]
        self.n_steps, degree = int(rng.integers(2, 15)), 2 + seed // 2 % 2
        self.rate = 10 ** rng.uniform(-1.5, -0.3)
        self.sigma = self.rate * 2.0 ** rng.integers(-2, 5)
        top = 2.0 if seed % 3 else (2 + 1.8 * self.beta) / self.rate
        values = rng.uniform(-0.4, top, self.size)
        basis = np.linalg.qr(rng.normal(size=(self.size, self.size)))[0]
        self.ends = (float(values.min()), float(values.max()))
        self.tensors = [rng.uniform(0, 1) * rng.normal(size=self.size)]
        self.tensors.append(-basis @ np.diag(values) @ basis.T)
        for k in range(2, degree + 1):
            raw = rng.normal(size=(self.size,) * (k + 1))
            ways = list(itertools.permutations(range(k + 1)))
            self.tensors.append(strength / k * sum(raw.transpose(way) for way in ways) / len(ways))
        self._follow()
        while not max(self.updates) < 20:  # so strong that it diverges
            self.tensors[2:] = [tensor / 2 for tensor in self.tensors[2:]]
            self._follow()
        self.norms = tuple(float(np.linalg.norm(tensor)) for tensor in self.tensors)
        self._lift()

    def _follow(self):
        u, v = np.zeros(self.size), np.zeros(self.size)
        self.path = [(u, v)]
        self.updates = self.speeds = (math.inf,)
        for _ in range(self.n_steps):
            terms = [f.reshape(self.size, -1) @ power(u, k) for k, f in enumerate(self.tensors)]
            v = self.beta * v - sum(terms)
            u = u - self.rate * v
            if not np.abs(u).max() < 1e3:
                return
            self.path.append((u, v))
        self.updates = tuple(float(np.linalg.norm(u)) for u, _ in self.path)
        self.speeds = tuple(float(np.linalg.norm(v)) for _, v in self.path)

    def _lift(self):
        one, width = np.eye(self.size), 2 * self.size
        read = np.hstack([one, 0 * one])
        push = np.array([[self.rate], [-self.sigma]])
        blocks = []
        for k, tensor in enumerate(self.tensors):
            seen = functools.reduce(np.kron, [read] * k, np.ones((1, 1)))
            blocks.append(np.kron(push, tensor.reshape(self.size, -1) @ seen))
        ratio = self.rate * self.beta / self.sigma
        blocks[1] = blocks[1] + np.kron([[1, -ratio], [0, self.beta]], one)
        sizes = [width**j for j in range(1, self.order + 1)]
        edges = np.cumsum([0, *sizes])
        self.slots = [slice(*pair) for pair in itertools.pairwise(edges)]
        self.step, self.forcing = np.zeros((edges[-1], edges[-1])), np.zeros(edges[-1])
        for j in range(1, self.order + 1):
            for kinds in itertools.product(range(len(blocks)), repeat=j):
                column = sum(kinds)
                if column > self.order:
                    continue
                block = functools.reduce(np.kron, [blocks[k] for k in kinds])
                if column:
                    self.step[self.slots[j - 1], self.slots[column - 1]] += block
                else:
                    self.forcing[self.slots[j - 1]] += block[:, 0]

    def kernels(self, sigma):
        return kernels(*self.ends, self.rate, self.n_steps, self.beta, sigma)

    def dynamics(self, sigma):
        return momentum_dynamics(
            *self.ends, self.rate, self.beta, sigma, self.norms, self.updates, self.speeds
        )

    def truncated(self):
        """The lift at every step."""
        y = [np.zeros(len(self.step))]
        for _ in range(self.n_steps):
            y.append(self.step @ y[-1] + self.forcing)
        return y


SYSTEMS = [(seed, order) for seed in range(32) for order in (1, 2)]
SYSTEMS += [(seed, 3) for seed in range(0, 32, 2)]  # of one weight


@functools.cache
def system(seed, order):
    return System(seed, order)


@pytest.mark.parametrize(("seed", "order"), SYSTEMS)
def test_powers_of_the_lift_are_bounded(seed, order):
    """Breaking it means: the condition number of the lift of momentum is understated."""
    one = system(seed, order)
    bounds, exact = lift_powers(one.kernels(one.sigma), one.norms, order), np.eye(len(one.step))
    for bound in bounds:
        for j, c in itertools.product(range(order), repeat=2):
            found = np.linalg.norm(exact[one.slots[j], one.slots[c]], 2)
            assert found <= bound[j, c] * (1 + 1e-9) + 1e-13
        exact = one.step @ exact


@pytest.mark.parametrize(("seed", "order"), SYSTEMS)
def test_errors_of_the_truncated_lift_are_bounded(seed, order):
    """Breaking it means: a certificate, or the majorant, is no bound on the error of u or a block."""
    one = system(seed, order)
    states = one.truncated()
    error = np.linalg.norm(states[-1][: one.size] - one.path[-1][0])
    for curve in error_curves(one.dynamics(0.0), order, order):
        assert error <= curve[-1] * (1 + 1e-9) + 1e-13
    model = one.dynamics(one.sigma)
    step = bound_step(model.linear, model.norms_unfolding, order, order)
    errors = certify(step, np.array(model.path))
    for t, (u, v) in enumerate(one.path):
        state = np.concatenate([u, one.sigma * v])
        for j, slot in enumerate(one.slots, start=1):
            off = np.linalg.norm(states[t][slot] - power(state, j))
            assert off <= errors[t, j - 1] * (1 + 1e-9) + 1e-12


def test_the_bounds_are_worth_something():
    """Medians over all systems: within a factor of 2 and 10. Breaking it means: a bound is idle."""
    powers, errors, gains = [], [], []
    for seed, order in SYSTEMS:
        one = system(seed, order)
        last = np.linalg.matrix_power(one.step, one.n_steps)
        found = spectral_norms(lift_powers(one.kernels(one.sigma), one.norms, order))
        powers.append(found[-1] / np.linalg.norm(last, 2))
        off = np.linalg.norm(one.truncated()[-1][: one.size] - one.path[-1][0])
        best = min(curve[-1] for curve in error_curves(one.dynamics(0.0), order, order))
        if off > 1e-10:
            errors.append(best / off)
        if one.beta == 0.9:
            # the sheet's majorant: the norm of one step in the plain inner product
            block = one.step[one.slots[0], one.slots[0]]
            norms = (one.norms[0], 0.0, *one.norms[2:])
            linear = LinearPart(
                learning_rate=one.rate,
                lambda_min=0,
                lambda_max=0,
                block_norm=float(np.linalg.norm(block, 2)),
                step_scale=math.hypot(one.rate, one.sigma),
            )
            lengths = [
                np.hypot(u, one.sigma * v) for u, v in zip(one.updates, one.speeds, strict=True)
            ]
            plain = error_curves(Dynamics(linear, norms, norms, tuple(lengths)), order, order)
            gains.append(min(curve[-1] for curve in plain) / best)
    assert np.median(powers) < 2
    assert np.median(errors) < 10
    assert np.median(gains) > 10


@pytest.mark.parametrize("sigma", [0.01, 0.4, 5.0])
def test_a_long_lift_is_the_two_line_recurrence(sigma):
    """Law 6: order N >= q^T is exact, for any sigma. q = 2, T = 2, N = 4, one weight."""
    one = System(0, 4)
    one.beta, one.sigma, one.n_steps = 0.6, sigma, 2
    one.tensors = one.tensors[:3]
    one._follow()
    one._lift()
    u, v = one.path[-1]
    found = one.truncated()[-1][:2]
    assert found == pytest.approx(np.array([u[0], sigma * v[0]]), rel=1e-13, abs=1e-15)


def test_without_momentum_it_is_plain_descent():
    """Law 6: beta = 0, sigma -> 0: certificate, majorant and inverse are those of plain descent.

    Between Chebyshev nodes 2 % are added to a polynomial's largest value at the last step.
    """
    low, high, rate, steps, order = -0.3, 4.0, 0.2, 12, 3
    norms, path = (0.4, 0.0, 0.3), tuple(0.05 * t for t in range(steps + 1))
    plain = Dynamics(
        LinearPart(learning_rate=rate, lambda_min=low, lambda_max=high), norms, norms, path
    )
    moved = momentum_dynamics(low, high, rate, 0.0, 0.0, norms, path, (0.0,) * (steps + 1))
    for mine, other in zip(error_curves(moved, 3, 3), error_curves(plain, 3, 3), strict=True):
        assert other[-1] <= mine[-1] * (1 + 1e-12)
        assert mine[-1] == pytest.approx(other[-1], rel=0.15)
    bounds = lift_powers(kernels(low, high, rate, steps, 0.0, 1e-9), norms, order)
    step = bound_step(plain.linear, norms, order, order)
    inverse = linv_bound(step.map_bounds, steps, 2)
    found = sum_of_windows(spectral_norms(bounds), 2)
    assert inverse <= found * (1 + 1e-6)
    assert found == pytest.approx(inverse, rel=0.1)


@pytest.mark.parametrize("beta", [0.3, 0.9])
@pytest.mark.parametrize("n_steps", [1, 2, 9, 40])
def test_what_a_segment_carries_on(beta, n_steps):
    """The corner of the power, over the interval; M^2 by hand: (1 - eta l)^2 - eta beta l."""
    low, high, rate = -0.2, 9.0, 0.3
    fine, corner = np.linspace(low, high, 20_001), []
    for value in fine:
        block = np.array([[1 - rate * value, -rate * beta], [value, beta]])
        corner.append(abs(np.linalg.matrix_power(block, n_steps)[0, 0]))
    if n_steps == 2:
        assert corner == pytest.approx(abs((1 - rate * fine) ** 2 - rate * beta * fine), abs=1e-12)
    found = carry_bound(low, high, rate, n_steps, beta)
    assert max(corner) <= found * (1 + 1e-12)
    assert found <= 1.03 * max(corner)


def test_without_momentum_a_segment_carries_on_a_power():
    assert carry_bound(-0.5, 1.0, 0.2, 6, 0.0) == pytest.approx(1.1**6, rel=0.03)
    assert carry_bound(-0.5, 1.0, 0.2, 6, 0.0) >= 1.1**6


def test_many_steps_are_bounded_by_windows(monkeypatch):
    """Breaking it means: kernels or powers beyond the window lie below those of every step."""
    from qres.algorithms.carleman import kernels as module

    keys = (-0.1, 5.0, 0.1, 40, 0.8)
    near, seen = (module.kernels.__wrapped__(*keys, sigma) for sigma in (0.3, 0.0))
    powers = lift_powers(near, (0.2, 0.0, 0.05), 2)
    monkeypatch.setattr(module, "WINDOW", 15)
    for sigma, exact in ((0.3, near), (0.0, seen)):
        far = module.kernels.__wrapped__(*keys, sigma)
        for name in ("push", "update", "velocity"):
            assert (getattr(far, name) >= getattr(exact, name) / 1.021).all()
    assert (lift_powers(near, (0.2, 0.0, 0.05), 2) >= powers * (1 - 1e-12)).all()
