"""What torch 2.13 cannot differentiate twice: if one of these fails, it has changed.

Layers that it differentiates wrongly the third time are in `test_soundness`.
"""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from qres.measurement.curvature import Curvature


def second_derivative():
    """Of the square of an attention, in some direction."""
    start = torch.randn(1, 1, 3, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    loss = scaled_dot_product_attention(start, start, start).square().sum()
    (slope,) = torch.autograd.grad(loss, start, create_graph=True)
    return torch.autograd.grad(slope.sum(), start)[0]


class Fused(torch.nn.Module):
    """One head of torch's own attention, and a mean over the rows."""

    def __init__(self):
        super().__init__()
        self.project = torch.nn.Linear(3, 12)

    def attend(self, query, key, value):
        return scaled_dot_product_attention(query, key, value)

    def forward(self, rows):
        return self.attend(*self.project(rows).unsqueeze(1).chunk(3, dim=-1)).mean((1, 2))


class WrittenOut(Fused):
    """The same by its definition, softmax(q k^T / sqrt 4) v."""

    def attend(self, query, key, value):
        return (query @ key.mT / 2).softmax(dim=-1) @ value


def measured(kind):
    generator = torch.Generator().manual_seed(1)
    torch.manual_seed(0)
    module = kind().double()
    batch = tuple(
        torch.randn(n, generator=generator, dtype=torch.float64) for n in [(6, 5, 3), (6, 4)]
    )
    curvature = Curvature(module, loss=torch.nn.functional.mse_loss, batches=[batch])
    direction = torch.linspace(-1, 1, curvature.n_active, dtype=torch.float64)
    return curvature.apply(direction).tolist()


def test_a_network_with_fused_attention_is_measured_as_if_written_out():
    assert measured(Fused) == pytest.approx(measured(WrittenOut), rel=1e-9)


def test_fused_attention_has_no_second_derivative():
    """Mended: `Objective.output` need not ask for the written-out one."""
    with pytest.raises(RuntimeError, match=r"flash_attention.* is not implemented"):
        second_derivative()


def test_written_out_it_has_one():
    """Of a head of one row the softmax is 1: what is left of the square is 2 for each number."""
    with sdpa_kernel(SDPBackend.MATH):
        assert torch.isfinite(second_derivative()).all()
        lone = torch.ones(1, 1, 1, 4, requires_grad=True)
        loss = scaled_dot_product_attention(lone, lone, lone).square().sum()
        (slope,) = torch.autograd.grad(loss, lone, create_graph=True)
        (found,) = torch.autograd.grad(slope.sum(), lone)
    assert found.flatten().tolist() == [2.0] * 4
