"""Gradient and Hessian against closed forms and finite differences."""

import numpy as np
import pytest
import torch

from qres.config.record import Architecture
from qres.errors import InputError
from qres.measurement import arithmetic
from qres.measurement.arithmetic import Arithmetic
from qres.measurement.curvature import Curvature
from qres.measurement.networks import build_network, find_loss


def _logistic_case():
    rng = np.random.default_rng(0)
    inputs, targets = rng.standard_normal((40, 4)), rng.integers(0, 2, 40)
    module = build_network(
        Architecture(kind="logistic"),
        n_features=4,
        n_classes=2,
        generator=torch.Generator().manual_seed(0),
    )
    batch = (torch.from_numpy(inputs), torch.from_numpy(targets))
    return module, inputs, targets, batch


def _mlp_case(activation="tanh"):
    generator = torch.Generator().manual_seed(1)
    architecture = Architecture(kind="mlp", hidden=(5,), activation=activation)
    module = build_network(architecture, n_features=3, n_classes=4, generator=generator)
    inputs = torch.randn(17, 3, dtype=torch.float64, generator=generator)
    targets = torch.randint(0, 4, (17,), generator=generator)
    return module, [(inputs[:10], targets[:10]), (inputs[10:], targets[10:])]


def test_logistic_hessian_is_x_d_x_over_n():
    module, inputs, targets, batch = _logistic_case()
    curvature = Curvature(module, loss=find_loss(2), batches=[batch], weight_decay=0.3)
    design = np.hstack([inputs, np.ones((40, 1))])
    weights = curvature.start
    chance = 1 / (1 + np.exp(-design @ weights))
    hessian = design.T @ np.diag(chance * (1 - chance)) @ design / 40 + 0.3 * np.eye(5)
    gradient = design.T @ (chance - targets) / 40 + 0.3 * weights
    np.testing.assert_allclose(curvature.dense(), hessian, rtol=0, atol=1e-14)
    np.testing.assert_allclose(curvature.gradient(weights), gradient, rtol=0, atol=1e-14)


@pytest.mark.parametrize("activation", ["tanh", "gelu", "softplus", "sigmoid"])
def test_product_equals_finite_difference_of_the_gradient(activation):
    module, batches = _mlp_case(activation)
    curvature = Curvature(module, loss=find_loss(4), batches=batches)
    start, step = curvature.start, 1e-5
    vector = np.random.default_rng(2).standard_normal(curvature.n_active)
    ahead, behind = (curvature.gradient(start + sign * step * vector) for sign in (1, -1))
    expected = (ahead - behind) / (2 * step)
    np.testing.assert_allclose(curvature.multiply(vector), expected, rtol=0, atol=1e-8)


def test_gradient_equals_finite_difference_of_the_loss():
    module, batches = _mlp_case()
    curvature = Curvature(module, loss=find_loss(4), batches=batches)
    start, step = curvature.start, 1e-6
    found = curvature.gradient(start)
    for index, unit in enumerate(np.eye(curvature.n_active)):
        slope = (curvature.loss(start + step * unit) - curvature.loss(start - step * unit)) / (
            2 * step
        )
        assert found[index] == pytest.approx(slope, abs=1e-8)


def test_batches_do_not_matter_and_neither_does_keeping_the_graph(monkeypatch):
    module, batches = _mlp_case()
    whole = [tuple(torch.cat(items) for items in zip(*batches, strict=True))]
    one = Curvature(module, loss=find_loss(4), batches=whole)
    two = Curvature(module, loss=find_loss(4), batches=batches)
    vector = np.ones(one.n_active)
    np.testing.assert_allclose(one.multiply(vector), two.multiply(vector), atol=1e-14)
    monkeypatch.setattr("qres.measurement.objective.KEPT_SAMPLES", 0)
    np.testing.assert_allclose(one.multiply(vector), two.multiply(vector), atol=1e-14)


def test_mask_is_respected():
    module, batches = _mlp_case()
    full = Curvature(module, loss=find_loss(4), batches=batches)
    mask = {name: torch.zeros_like(p, dtype=torch.bool) for name, p in module.named_parameters()}
    mask["hidden1.weight"][2, 1] = True
    mask["output.bias"][:] = True
    part = Curvature(module, loss=find_loss(4), batches=batches, mask=mask)
    assert part.n_active == 5
    assert part.n_params == full.n_params == 44
    positions = [2 * 3 + 1, *range(40, 44)]
    np.testing.assert_allclose(part.start, full.start[positions])
    np.testing.assert_allclose(part.dense(), full.dense()[np.ix_(positions, positions)], atol=1e-15)


def test_single_precision_module_is_measured_in_double():
    module, batches = _mlp_case()
    expected = Curvature(module, loss=find_loss(4), batches=batches).dense()
    single = [(x.float(), y) for x, y in batches]
    found = Curvature(module.float(), loss=find_loss(4), batches=single).dense()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert next(module.parameters()).dtype is torch.float32


def test_linear_loss_has_no_curvature():
    module = torch.nn.Linear(2, 1)
    batch = (torch.ones(3, 2), torch.zeros(3))
    curvature = Curvature(module, loss=lambda output, _: output.mean(), batches=[batch])
    assert not np.any(curvature.dense())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mask": {"nothing": torch.ones(1)}}, "no parameter 'nothing'"),
        ({"mask": {"0.weight": torch.ones(1)}}, "has shape"),
        ({"batches": []}, "no sample"),
        ({"batches": [1]}, "pair"),
        ({"batches": [(torch.ones(4, 9), torch.zeros(4))]}, "do not fit"),
        ({"loss": lambda output, _: output.squeeze()}, "one number"),
        ({"loss": lambda output, _: output.mean() * float("nan")}, "finite"),
        ({"loss": lambda output, _: output.detach().mean()}, "does not depend on the weights"),
    ],
)
def test_bad_input_is_one_line(change, message):
    module = torch.nn.Sequential(torch.nn.Linear(2, 1))
    usual = {
        "loss": lambda output, target: ((output.squeeze(-1) - target) ** 2).mean(),
        "batches": [(torch.ones(4, 2), torch.zeros(4))],
    }
    with pytest.raises(InputError, match=message) as caught:
        Curvature(module, **(usual | change))
    assert "\n" not in str(caught.value)


class Counting(torch.nn.Linear):
    """Remembers the most samples that it was ever given at once."""

    most = 0

    def forward(self, x):
        self.most = max(self.most, len(x))
        return super().forward(x)


@pytest.mark.parametrize("is_asked", [True, False])
def test_no_more_samples_go_through_than_fit(monkeypatch, is_asked):
    """Asked for, 5 at a time; else by 4 GiB, of which a graph of this one has 2^16 here.

    A sample of 64 numbers in double precision is 512 bytes, so that fewer than 128 fit.
    """
    monkeypatch.setattr(arithmetic, "GRAPH_BYTES", 2**16)
    module, batch = Counting(64, 300), (torch.randn(1000, 64), torch.zeros(1000))
    settings = Arithmetic(micro_batch=5 if is_asked else None)
    assert 64 * 300 * 1000 > arithmetic.SMALL_WORK > 64 * 300  # neither many numbers nor weights
    curvature = Curvature(
        module, loss=lambda o, _: (o**2).mean(), batches=[batch], arithmetic=settings
    )
    curvature.multiply(np.ones(curvature.n_active))
    assert 0 < module.most <= (5 if is_asked else 128)


def test_dropout_and_nan_weights_are_refused():
    # rows that differ: among equal rows two masks with as many ones give the same loss
    batch = (torch.linspace(1, 2, 128).reshape(64, 2), torch.zeros(64))
    loss = lambda output, target: ((output.squeeze(-1) - target) ** 2).mean()  # noqa: E731
    module = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Dropout(0.5))
    with torch.no_grad():
        module[0].weight.fill_(1.0)
    with pytest.raises(InputError, match="eval"):
        Curvature(module, loss=loss, batches=[batch])
    Curvature(module.eval(), loss=loss, batches=[batch])
    with torch.no_grad():
        module[0].bias.fill_(float("nan"))
    with pytest.raises(InputError, match="NaN"):
        Curvature(module, loss=loss, batches=[batch])
