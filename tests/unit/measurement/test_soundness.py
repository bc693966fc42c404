"""Derivatives that cannot be trusted: random, coupled, wrong, not finite."""

import pytest
import torch

from qres.errors import InputError
from qres.measurement.curvature import Curvature
from qres.measurement.measure import measure_module
from qres.measurement.soundness import check_products, is_wrong


def _square(output, y):
    return (output.squeeze(-1) - y).square().mean()


def _batch(seed=0, count=12):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 4, generator=generator, dtype=torch.float64)
    return x, torch.randn(count, generator=generator, dtype=torch.float64)


def _net(*middle):
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(4, 3), *middle, torch.nn.Tanh(), torch.nn.Linear(3, 1)
    ).double()


def _curvature(module, loss=_square):
    return Curvature(module, loss=loss, batches=[_batch()])


class SecondPassDiffers(torch.autograd.Function):
    """The identity, whose gradient is random from the second derivative on."""

    @staticmethod
    def forward(context, x):
        return x.clone()

    @staticmethod
    def backward(context, slope):
        return Noisy.apply(slope)


class Noisy(torch.autograd.Function):
    @staticmethod
    def forward(context, slope):
        return slope.clone()

    @staticmethod
    def backward(context, above):
        return above * torch.rand(())


class TwiceWrong(torch.autograd.Function):
    """The square of x, whose second derivative claims 3 for 2."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(context, slope):
        return WrongSlope.apply(context.saved_tensors[0], slope)


class WrongSlope(torch.autograd.Function):
    @staticmethod
    def forward(context, x, slope):
        context.save_for_backward(x, slope)
        return 2 * x * slope

    @staticmethod
    def backward(context, above):
        x, slope = context.saved_tensors
        return 3 * above * slope, 2 * above * x


class Layer(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def test_sound_networks_pass():
    for middle in ((), (torch.nn.GELU(),), (torch.nn.GroupNorm(1, 3),)):
        curvature = _curvature(_net(*middle))
        assert check_products(curvature, seed=0) == ()
        assert not is_wrong(curvature, 3)


def test_dropout_is_refused():
    module = _net(torch.nn.Dropout(0.5))
    with pytest.raises(InputError, match=r"differs from call to call \(dropout"):
        measure_module(module, loss=_square, batches=[_batch()], n_steps=2)
    assert check_products(_curvature(module.eval()), seed=0) == ()


def test_products_that_differ_where_the_loss_does_not_are_refused():
    curvature = _curvature(_net(Layer(SecondPassDiffers.apply)))
    with pytest.raises(InputError, match=r"the same product differs by .* when repeated") as caught:
        check_products(curvature, seed=0)
    assert "\n" not in str(caught.value)


def test_a_hessian_that_is_not_the_derivative_of_the_gradient_is_refused():
    with pytest.raises(InputError, match="not the derivative of the gradient"):
        check_products(_curvature(_net(Layer(TwiceWrong.apply))), seed=0)
    assert check_products(_curvature(_net(Layer(torch.square))), seed=0) == ()


def test_a_product_that_is_not_finite_is_refused():
    """The root of a square has the gradient 0 / 0 at zero, where the second layer's input lies."""
    module = _net(Layer(lambda x: (x - x).square().sum(dim=1, keepdim=True).sqrt() + x))
    with pytest.raises(InputError, match="not finite"):
        check_products(_curvature(module), seed=0)


def test_a_sum_is_not_blamed_on_batch_statistics_alone():
    ((code, text),) = check_products(
        _curvature(_net(), lambda o, y: _square(o, y) * len(y)), seed=0
    )
    assert code == "W-BATCH"
    assert "(a sum, or batch statistics" in text


def test_a_loss_that_takes_whole_batches_only_holds_for_these_batches():
    weights = torch.linspace(0.5, 1.5, len(_batch()[0]), dtype=torch.float64)
    loss = lambda o, y: (weights * (o.squeeze(-1) - y) ** 2).mean()  # noqa: E731
    ((code, _),) = check_products(_curvature(_net(), loss), seed=0)
    assert code == "W-BATCH"


def test_batch_statistics_couple_the_samples():
    module = _net(torch.nn.BatchNorm1d(3))
    ((code, text),) = check_products(_curvature(module), seed=0)
    assert code == "W-BATCH"
    assert "module.eval() fixes" in text
    assert check_products(_curvature(module.eval()), seed=0) == ()


@pytest.mark.parametrize("norm", [torch.nn.LayerNorm(3), torch.nn.BatchNorm1d(3)])
def test_third_derivatives_that_torch_gets_wrong_are_not_used(norm):
    """Torch 2.13.0 differentiates both wrongly the third time; the dense difference shows it."""
    module = _net(norm)
    assert is_wrong(_curvature(module), 2)
    found = measure_module(module, loss=_square, batches=[_batch()], n_steps=2)
    assert set(found.path_norms) == {1}
    assert "t3_injective" not in found.values
    texts = [text for code, text in found.warnings if code == "W-MODEL"]
    assert texts[-1] == "models of degree 2 were not measured: torch differentiates a layer wrongly"


def test_with_kinks_the_layers_are_looked_up():
    assert is_wrong(_curvature(_net(torch.nn.LayerNorm(3), torch.nn.ReLU())), 2)
    normed = _net(torch.nn.BatchNorm1d(3), torch.nn.ReLU())
    assert is_wrong(_curvature(normed), 2)
    assert not is_wrong(_curvature(normed.eval()), 2)
    assert not is_wrong(_curvature(_net(torch.nn.ReLU())), 3)


def test_a_loss_that_is_not_finite_is_refused():
    with pytest.raises(InputError, match="loss: nan at the given weights, must be finite"):
        _curvature(_net(), loss=lambda output, y: (output.squeeze(-1) - y).mean().log())


def test_an_operation_without_second_derivative_is_named():
    with pytest.raises(InputError, match=r"no second derivative of one of its op.*hardsigmoid"):
        check_products(_curvature(_net(torch.nn.Hardsigmoid())), seed=0)


class Applied(torch.nn.Module):
    """A function, not a layer that torch names."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


@pytest.mark.parametrize("function", [torch.relu, lambda x: torch.where(x > 0, x, 0.1 * x)])
def test_kinks_without_a_layer_are_assumed_and_warned_of(function):
    found = measure_module(
        _net(Applied(function)), loss=_square, batches=[_batch()], n_steps=2, learning_rate=0.1
    )
    assert found.values["eps_model"].kind == "assumed"
    assert found.values["t3_injective"].kind == "assumed"
    assert "kink_share" not in found.values  # its pieces are not counted
    assert "W-KINK" in dict(found.warnings)
