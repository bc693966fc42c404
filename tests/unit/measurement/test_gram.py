"""The Gauss-Newton part against Jacobians written out, and kinks against a path counted by hand."""

import numpy as np
import pytest
import torch

from qres.config.record import Architecture
from qres.measurement import gram
from qres.measurement.curvature import Curvature
from qres.measurement.gram import measure_gram
from qres.measurement.kinks import KinkWatch
from qres.measurement.networks import build_network, find_loss


def _softmax_case(weight_decay=0.0):
    """Softmax regression, 3 features (and a bias), 4 classes, 11 samples in two batches."""
    generator = torch.Generator().manual_seed(1)
    module = build_network(
        Architecture(kind="logistic"), n_features=3, n_classes=4, generator=generator
    )
    inputs = torch.randn(11, 3, dtype=torch.float64, generator=generator)
    targets = torch.randint(0, 4, (11,), generator=generator)
    batches = [(inputs[:7], targets[:7]), (inputs[7:], targets[7:])]
    curvature = Curvature(module, loss=find_loss(4), batches=batches, weight_decay=weight_decay)
    return curvature, module, inputs.numpy()


def test_softmax_regression_by_hand():
    """J_b = I (x) (x_b, 1) and Q_b = diag(p) - p p^T; the network is linear, so nothing is lost."""
    curvature, module, inputs = _softmax_case()
    found = measure_gram(curvature, curvature.dense(), seed=0)
    design = np.hstack([inputs, np.ones((11, 1))])
    assert float(found["jacobian_frobenius"]) == pytest.approx(
        np.sqrt(4 * (design**2).sum()), rel=1e-13
    )
    logits = module(torch.from_numpy(inputs)).detach().numpy()
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    norms = [np.linalg.norm(np.diag(p) - np.outer(p, p), 2) for p in chances]
    assert float(found["output_hessian_norm"]) == pytest.approx(max(norms), rel=1e-12)
    assert found["n_outputs"].value == 4
    assert float(found["gram_dropped_norm"]) < 1e-15


def test_the_noise_of_softmax_regression_by_hand():
    """The gradient of sample b is (p_b - one-hot) (x) (x_b, 1); both batches are one population."""
    curvature, module, inputs = _softmax_case()
    design = np.hstack([inputs, np.ones((11, 1))])
    logits = module(torch.from_numpy(inputs)).detach().numpy()
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.concatenate([targets.numpy() for _, targets in curvature.batches])
    slopes = chances - np.eye(4)[labels]
    single = np.einsum("bc,bf->bcf", slopes, design).reshape(11, -1)
    trace = np.trace(np.cov(single, rowvar=False, bias=True))
    found = measure_gram(curvature, curvature.dense(), seed=0)
    assert float(found["gradient_noise"]) == pytest.approx(np.sqrt(trace), rel=1e-12)


def test_what_is_dropped_is_weight_decay_too():
    curvature, *_ = _softmax_case(weight_decay=0.25)
    found = measure_gram(curvature, curvature.dense(), seed=0)
    assert float(found["gram_dropped_norm"]) == pytest.approx(0.25, rel=1e-12)


def test_dropped_part_of_a_deep_network():
    """One sample, out = w2 tanh(w1 x), loss out^2: H = 2 (J J^T + out * Hessian of out)."""
    module = torch.nn.Sequential(
        torch.nn.Linear(1, 1, bias=False), torch.nn.Tanh(), torch.nn.Linear(1, 1, bias=False)
    ).double()
    with torch.no_grad():
        module[0].weight.fill_(0.8)
        module[2].weight.fill_(-1.3)
    batch = (torch.tensor([[0.9]]), torch.zeros(1))
    curvature = Curvature(module, loss=lambda out, _: (out**2).mean(), batches=[batch])
    found = measure_gram(curvature, curvature.dense(), seed=0)
    x, (w1, w2) = 0.9, curvature.start
    x = float(np.float32(x))  # the batch was single precision
    h = np.tanh(w1 * x)
    slope, bend = (1 - h**2) * x, -2 * h * (1 - h**2) * x**2
    jacobian = np.array([w2 * slope, h])
    out_hessian = np.array([[w2 * bend, slope], [slope, 0.0]])
    assert float(found["jacobian_frobenius"]) == pytest.approx(np.linalg.norm(jacobian), rel=1e-12)
    assert float(found["output_hessian_norm"]) == pytest.approx(2.0, rel=1e-12)
    dropped = np.linalg.norm(2 * w2 * h * out_hessian, 2)
    assert float(found["gram_dropped_norm"]) == pytest.approx(dropped, rel=1e-12)
    full = 2 * (np.outer(jacobian, jacobian) + w2 * h * out_hessian)
    np.testing.assert_allclose(curvature.dense(), full, rtol=1e-12)


def test_coupled_samples_and_large_jacobians_are_left_out(monkeypatch):
    curvature, *_ = _softmax_case()
    monkeypatch.setattr(gram, "GRAM_NUMBERS", 16 * 4 * 11 - 1)
    assert measure_gram(curvature, curvature.dense(), seed=0) == {}
    monkeypatch.setattr(gram, "GRAM_NUMBERS", 16 * 4 * 11)
    assert measure_gram(curvature, curvature.dense(), seed=0)
    module = torch.nn.Linear(2, 1, dtype=torch.float64)
    batch = (torch.randn(6, 2, generator=torch.Generator().manual_seed(0)), torch.zeros(6))
    coupled = Curvature(module, loss=lambda out, _: out.mean() ** 2, batches=[batch])
    assert measure_gram(coupled, coupled.dense(), seed=0) == {}
    scalar = torch.nn.Sequential(module, torch.nn.Flatten(0), torch.nn.Softmax(0))
    pooled = Curvature(scalar, loss=lambda out, _: out[0] * out[1], batches=[batch])
    assert measure_gram(pooled, pooled.dense(), seed=0) == {}


def _relu(layer):
    """Two units w_i x on samples x = -1, 1, 2, then a fixed sum."""
    module = torch.nn.Sequential(torch.nn.Linear(1, 2, bias=False), layer).double()
    with torch.no_grad():
        module[0].weight.copy_(torch.tensor([[1.0], [-0.5]]))
    batch = (torch.tensor([[-1.0], [1.0], [2.0]]), torch.zeros(3))
    return Curvature(module, loss=lambda out, _: out.square().mean(), batches=[batch])


def test_kink_share_of_a_path_by_hand():
    """Six pairs: unit 1 changes sign with its weight (3 pairs), unit 2 does not."""
    curvature = _relu(torch.nn.ReLU())
    watch = KinkWatch(curvature)
    assert watch.share == 0
    watch.visit(np.array([0.2, -3.0]))
    assert watch.share == 0
    watch.visit(np.array([-0.1, -3.0]))
    assert watch.share == 3 / 6
    watch.visit(curvature.start)  # what has crossed and come back has crossed
    assert watch.share == 3 / 6
    assert not curvature.module[1]._forward_pre_hooks


def test_a_kinked_layer_that_never_runs_crosses_nothing():
    curvature = _relu(torch.nn.Tanh())
    curvature.module.spare = torch.nn.Sequential(torch.nn.ReLU())
    curvature.module.forward = lambda x: curvature.module[1](curvature.module[0](x)).sum(1)
    watch = KinkWatch(curvature)
    watch.visit(np.array([0.2, -3.0]))
    assert watch.share == 0


def test_both_kinks_of_relu6_count():
    """w1 = 4: pre-activations -4, 4, 8 against -1, 1, 2: one pair passes 6. w2 = -0.5 stays."""
    watch = KinkWatch(_relu(torch.nn.ReLU6()))
    watch.visit(np.array([4.0, -0.5]))
    assert watch.share == 1 / 6
