r"""Both norms of the third derivative, and those of the fourth, where they follow by hand.

* $L = \frac12\theta^T A\theta$: no third derivative.
* $L = \frac16\sum_i a_i\theta_i^3$: $T_3$ is diagonal; injective and unfolding norm $\max|a_i|$.
* $L = \frac14|\theta|^4$: $T_3 = 2(\theta_i\delta_{jk} + \theta_j\delta_{ik} + \theta_k\delta_{ij})$, so
  $T_3(v,v,v) = 6\,\theta\cdot v \le 6|\theta|$; its unfolding has the Gram matrix
  $4((r+6)\theta\theta^T + 2|\theta|^2 I)$, norm $2|\theta|\sqrt{r+8}$; $T_4(v,v,v,v) = 6$ and
  $\|T_4\|_F = 2\sqrt{3r^2+6r}$.
* Two-layer linear network, one input and output, h hidden units,
  $L = \frac12(u\cdot w - y)^2$ at $u = w = \theta$: with $s' = \theta\cdot(p+q)$, $s'' = 2p\cdot q$ along
  $(p, q)$, $T_3(z,z,z) = 3s's'' = 6\,(\theta\cdot(p+q))(p\cdot q) \le 3\sqrt2|\theta|$ (p = q along
  $\theta$). $T_3 = g_iJ_{jk} + g_jJ_{ik} + g_kJ_{ij}$, $g = (\theta,\theta)$, J the exchange of u and w,
  $J^2 = I$, $Jg = g$, so the Gram matrix is $(r+6)gg^T + 2|g|^2I$ with r = 2h: norm $|g|\sqrt{r+8}$.
  $T_4(z,z,z,z) = 3s''^2 = 12(p\cdot q)^2 \le 3$.
"""

import math

import numpy as np
import pytest
import torch

from qres.measurement import tensors
from qres.measurement.curvature import Curvature
from qres.measurement.tensors import Effort, measure_tensors


class _Weights(torch.nn.Module):
    def __init__(self, start):
        super().__init__()
        self.weights = torch.nn.Parameter(torch.from_numpy(np.asarray(start, dtype=np.float64)))

    def forward(self, inputs):
        return self.weights


def _measure(start, loss, order=4, seed=0):
    batch = (torch.zeros(1, 1, dtype=torch.float64), torch.zeros(1))
    curvature = Curvature(
        _Weights(start), loss=lambda weights, _: loss(weights), batches=[batch], weight_decay=0.7
    )
    effort = Effort(n_probes=8, is_kinked=False, rng=np.random.default_rng(seed))
    found = measure_tensors(curvature, effort, order=order)
    return {name: float(quantity) for name, quantity in found.items()}


def test_quadratic_loss_has_none():
    matrix = torch.from_numpy(np.random.default_rng(0).standard_normal((7, 7)))
    found = _measure(np.ones(7), lambda weights: weights @ matrix @ weights / 2)
    assert set(found.values()) == {0.0}
    assert {"t3_injective", "t3_unfolding", "t4_injective"} <= set(found)


def test_cubic_loss():
    factors = np.array([1.0, -4.0, 2.0, 0.5, 3.0])
    scale = torch.from_numpy(factors)
    found = _measure(np.ones(5), lambda weights: (scale * weights**3).sum() / 6)
    assert found["t3_injective"] == pytest.approx(4, rel=1e-9)
    assert found["t3_unfolding"] == pytest.approx(4, rel=1e-12)
    assert found["t3_frobenius"] == pytest.approx(math.sqrt(30.25), rel=1e-12)
    assert found["t3_sparsity"] == 1
    assert found["t4_injective"] == found["t4_frobenius"] == 0


def _quartic(weights):
    return (weights @ weights) ** 2 / 4


def _check_quartic(found, r, length):
    assert found["t3_injective"] == pytest.approx(6 * length, rel=1e-9)
    assert found["t3_unfolding"] == pytest.approx(2 * length * math.sqrt(r + 8), rel=1e-12)
    assert found["t3_frobenius"] == pytest.approx(2 * length * math.sqrt(3 * r + 6), rel=1e-12)


def test_quartic_loss():
    start = np.array([1.0, -2.0, 2.0, 0.0])
    found = _measure(start, _quartic)
    _check_quartic(found, 4, 3)
    assert found["t4_injective"] == pytest.approx(6, rel=1e-9)
    assert found["t4_frobenius"] == pytest.approx(2 * math.sqrt(3 * 16 + 24), rel=1e-12)


def _linear_network(weights):
    first, second = weights.split(len(weights) // 2)
    return (first @ second - 0.3) ** 2 / 2


def _check_linear(found, r, length):
    assert found["t3_injective"] == pytest.approx(3 * math.sqrt(2) * length, rel=1e-8)
    assert found["t3_unfolding"] == pytest.approx(
        math.sqrt(2) * length * math.sqrt(r + 8), rel=1e-12
    )


def test_two_layer_linear_network():
    found = _measure([1.0, 1.0], _linear_network)
    _check_linear(found, 2, 1)
    assert found["t3_unfolding"] == pytest.approx(math.sqrt(20), rel=1e-12)
    assert found["t3_frobenius"] == pytest.approx(math.sqrt(24), rel=1e-12)
    assert found["t4_injective"] == pytest.approx(3, rel=1e-9)
    theta = np.array([0.5, -1.0, 0.5])
    found = _measure([*theta, *theta], _linear_network)
    _check_linear(found, 6, math.sqrt(1.5))


@pytest.mark.slow
def test_sixty_parameters():
    theta = np.random.default_rng(0).standard_normal(30)
    found = _measure([*theta, *theta], _linear_network, order=3)
    _check_linear(found, 60, np.linalg.norm(theta))
    start = np.random.default_rng(1).standard_normal(60)
    _check_quartic(_measure(start, _quartic, order=3), 60, np.linalg.norm(start))


@pytest.mark.slow
def test_sampled_norms_of_sixty_parameters(monkeypatch):
    monkeypatch.setattr(tensors, "THIRD_DIM", 0)
    theta = np.random.default_rng(0).standard_normal(30)
    length = np.linalg.norm(theta)
    found = _measure([*theta, *theta], _linear_network, order=3)
    assert found["t3_injective"] == pytest.approx(3 * math.sqrt(2) * length, rel=1e-6)
    assert found["t3_unfolding"] == pytest.approx(math.sqrt(2) * length * math.sqrt(68), rel=0.02)
