"""Our convolutions and all their derivatives are torch's own."""

from contextlib import nullcontext

import pytest
import torch

from qres.measurement.layers import convolving

FORMS = [
    {"stride": 2, "padding": 1},
    {"padding": 1, "groups": 2, "bias": False},
    {"dilation": 2},
    {"stride": (1, 2), "padding": (0, 1)},
]


@pytest.fixture(autouse=True)
def _at_any_size(monkeypatch):
    monkeypatch.setattr("qres.measurement.layers.LARGE", 1)


def _derive(module, inputs, vectors, place):
    """Return the output, the gradient, and two derivatives of it along vectors, all at once."""
    inputs = inputs.clone().requires_grad_()
    points = [inputs, *module.parameters()]
    with place:
        found = module(inputs)
    slope = torch.autograd.grad((found**3).sum(), points, create_graph=True)
    rows = torch.stack([vectors[0], 2 * vectors[0]])
    batched = torch.autograd.grad(
        slope[0], points, rows, is_grads_batched=True, retain_graph=True, allow_unused=True
    )
    results = [found, *slope, *batched]
    for _ in range(2):
        along = sum((a * b).sum() for a, b in zip(slope, vectors, strict=True))
        slope = torch.autograd.grad(along, points, create_graph=True)
        results += slope
    return [result.detach() for result in results]


@pytest.mark.parametrize("form", FORMS)
def test_three_derivatives_are_those_of_torch(form):
    torch.manual_seed(0)
    module = torch.nn.Conv2d(4, 6, 3, **form).double()
    inputs = torch.randn(3, 4, 7, 8, dtype=torch.float64)
    vectors = [torch.randn_like(item) for item in (inputs, *module.parameters())]
    ours = _derive(module, inputs, vectors, convolving(module))
    theirs = _derive(module, inputs, vectors, nullcontext())
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-10)


def test_what_it_does_not_know_is_left_to_torch():
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3, padding="same"), torch.nn.Flatten(), torch.nn.Linear(18, 1)
    )
    inputs = torch.randn(2, 1, 3, 3)
    with convolving(module):
        torch.testing.assert_close(module(inputs), module(inputs))
    plain = module(inputs)
    with convolving(module):
        assert torch.equal(module(inputs), plain)
